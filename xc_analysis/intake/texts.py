"""Words that a file brings with its figures: sources, places, dates, remarks."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

_MAX_TEXT = 300


def text_of(content) -> str:
    """A cell's text on one line, without signs that cannot be seen."""
    if isinstance(content, (datetime, date)):
        return f"{content:%Y-%m-%d}"
    if isinstance(content, float) and content == int(content):
        content = int(content)
    text = unicodedata.normalize("NFC", str(content if content is not None else ""))
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C" or c in "\t\n")
    return re.sub(r"\s+", " ", text).strip()


def text_fault(text: str) -> tuple[str, ...] | None:
    """Why a text may not go into a table: reason and remedy in both languages."""
    if len(text) > _MAX_TEXT:
        return ("太长", f"has {len(text)} characters", "写短些", f"keep it below {_MAX_TEXT}")
    if text[:1] in tuple("=+-@"):
        return (
            f"以 {text[0]} 开头，表格软件会当作公式", f"begins with {text[0]}, which spreadsheets take"
            " for a formula", "去掉开头的符号", "drop the sign",
        )  # fmt: skip
    if re.search(r"://|\bwww\.|\b(?:javascript|data|file|mailto):", text, re.IGNORECASE):
        return (
            "含网址", "holds an address", "用文字写明出处", "name the source in words",
        )  # fmt: skip
    return None


def day_of(content) -> str | None:
    """A date as the tables hold it; empty if none, None if it is no date."""
    if isinstance(content, (datetime, date)):
        return f"{content:%Y-%m-%d}"
    text = text_of(content)
    if not text:
        return ""
    parts = re.fullmatch(
        r"([12]\d{3})(?:[-/.年]\s?(\d{1,2}))?(?:[-/.月]\s?(\d{1,2}))?[年月日]?", text
    )
    if not parts:
        return None
    numbers = [int(p) for p in parts.groups() if p]
    try:
        date(*(numbers + [1, 1])[:3])
    except ValueError:
        return None
    return "-".join(f"{n:02d}" for n in numbers)
