"""What a view of the explorer hands to its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

# mm: what 1280 and 390 pixels of screen, and half of 1280, show at a readable size
WIDE, NARROW, HALF = 174.0, 84.0, 108.0


@dataclass(frozen=True)
class Picture:
    """A figure to be drawn at a width in mm, and the points a reader may ask about.

    ``points`` are (x, y) in data units of the first axes, each with its pairs of words. Pictures
    with the same ``key`` are the same picture.
    """

    key: tuple
    draw: Callable
    points: Callable = tuple
    title: str = ""
    alt: str = ""
    fixed: bool = False  # the same width on a narrow screen, to be scrolled


@dataclass(frozen=True)
class Shown:
    """One view of one state, in the language in force."""

    title: str
    answer: str
    pictures: list[Picture]
    tables: list[str]
    stem: str
    data: object
    sources: list[str]
    judged: tuple = field(default=(), repr=False)
