"""What the explorer shows, as one value that an address holds and gives back, strictly read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote

from ..errors import InputError
from ..fits import last_year
from ..observations import HOME, resolve_indicator, resolve_scope
from ..targets import parse_level
from ..words import LANGUAGES, Message, error, message

VIEWS = ("target", "compare", "choices", "series", "months", "table")
METHODS = ("paths", "loglinear", "damped", "last", "linear")
LONGEST = 2000  # characters of an address; nothing the panel writes comes near
YEARS = (1990, 2060)
FIRST_KNOWN = 2016  # the register's first window starts in 2015 and takes two years
PRIORS = (0.001, 5.0)


@dataclass(frozen=True)
class Choice:
    """What a fit rests on and a reader may move; None is what the register sets."""

    fit: tuple[int, int] | None = None
    without: tuple[int, ...] = ()
    method: str | None = None
    prior: float | None = None
    source: str | None = None
    basis: str | None = None
    partial: str | None = None
    reading: str | None = None


@dataclass(frozen=True)
class State:
    """One page; ``a`` is the setting of every view, ``b`` the other one of a comparison."""

    view: str = "target"
    lang: str = ""
    indicator: str = "pm25"
    areas: tuple[str, ...] = (HOME,)
    freq: str = "annual"
    years: tuple[int, int] | None = None
    known: int = 2020
    a: Choice = Choice()
    b: Choice = Choice(without=(2020,))


def _one_of(*options):
    def read(text: str) -> str:
        if text not in options:
            raise error("page.not_one_of", options=", ".join(options))
        return text

    return read


def read_year(text: str) -> int:
    """Read a year in Arabic digits."""
    if not re.fullmatch("[0-9]{4}", text) or not YEARS[0] <= int(text) <= YEARS[1]:
        raise error("page.no_year", first=YEARS[0], last=YEARS[1])
    return int(text)


def read_span(text: str) -> tuple[int, int]:
    """Read two years such as ``2015-2020``, the first before the second."""
    ends = text.split("-")
    if len(ends) != 2:
        raise error("page.no_span")
    first, last = map(read_year, ends)
    if first >= last:
        raise error("page.no_span")
    return first, last


def read_prior(text: str) -> float:
    """Read a scatter from year to year."""
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?", text) or not (
        PRIORS[0] <= float(text) <= PRIORS[1]
    ):
        raise error("page.no_prior", least=PRIORS[0], most=PRIORS[1])
    return float(text)


def read_reading(text: str) -> str:
    """Read a level such as ``<= 35`` that stands for a target without a number."""
    comparator, value = parse_level(text[:40])
    if comparator is None:
        raise error("error.target_reading", reading=text[:40])
    return f"{comparator} {value:.10g}"


def _read_known(text: str) -> int:
    year = read_year(text)
    if not FIRST_KNOWN <= year <= last_year():
        raise error("page.no_year", first=FIRST_KNOWN, last=last_year())
    return year


def _listed(read):
    def read_all(text: str) -> tuple:
        return tuple(dict.fromkeys(read(part) for part in text.split(",") if part))

    return read_all


# key of the address: (field of State, reader)
_PAGE = {
    "view": ("view", _one_of(*VIEWS)),
    "lang": ("lang", _one_of(*LANGUAGES)),
    "indicator": ("indicator", lambda text: str(resolve_indicator(text)["indicator"])),
    "areas": ("areas", _listed(resolve_scope)),
    "freq": ("freq", _one_of("annual", "monthly")),
    "years": ("years", read_span),
    "known": ("known", _read_known),
}
_CHOICE = {
    "fit": read_span,
    "without": _listed(read_year),
    "method": _one_of(*METHODS),
    "prior": read_prior,
    "source": _one_of("station", "published"),
    "basis": _one_of("raw", "old", "new"),
    "partial": _one_of("estimate", "observed", "drop"),
    "reading": read_reading,
}
KEYS = (*_PAGE, *_CHOICE, *(f"b_{key}" for key in _CHOICE))


def read_address(query: str, lang: str = "") -> tuple[State, list[Message]]:
    """Read what an address asks for; what is not understood is named and its default taken."""
    state, problems = State(lang=lang), []
    if len(query) > LONGEST:
        return state, [message("page.too_long", most=LONGEST)]
    seen = set()
    for key, text in parse_qsl(query.lstrip("?"), keep_blank_values=True, max_num_fields=200):
        if key == "token":  # the server's, not the panel's
            continue
        if key in seen or key not in KEYS:
            problems.append(message("page.unknown_key", key=key[:40], keys=", ".join(KEYS)))
            continue
        seen.add(key)
        try:
            state = with_text(state, key, text)
        except InputError as refused:
            problems.append(message("page.odd", key=key, text=text[:60], reason=refused.args[0]))
    return state, problems


def with_text(state: State, key: str, text: str) -> State:
    """Return the state with one entry of an address, or raise `InputError`."""
    if key in _PAGE:
        name, read = _PAGE[key]
        value = read(text)
        return replace(state, **{name: value or getattr(State(), name)})
    side = "b" if key.startswith("b_") else "a"
    name = key.removeprefix("b_")
    return with_choice(state, side, name, _CHOICE[name](text))


def with_choice(state: State, side: str, name: str, value) -> State:
    """Return the state with one part of its setting a or b replaced."""
    return replace(state, **{side: replace(getattr(state, side), **{name: value})})


def write_address(state: State) -> str:
    """Write the query that `read_address` turns into the same state; defaults are left out."""
    pairs, usual = [], State()
    for key, (name, _) in _PAGE.items():
        if getattr(state, name) != getattr(usual, name):
            pairs.append((key, getattr(state, name)))
    for side, prefix in (("a", ""), ("b", "b_")):
        for name in _CHOICE:
            value = getattr(getattr(state, side), name)
            if value != getattr(getattr(usual, side), name):
                pairs.append((prefix + name, value))
    return "&".join(f"{key}={quote(_text(key, value), safe=',-')}" for key, value in pairs)


def _text(key: str, value) -> str:
    if isinstance(value, tuple):
        return ("-" if key.endswith(("fit", "years")) else ",").join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
