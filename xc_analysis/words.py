"""Every label, verdict, unit and message, in Chinese and in English, from ``words.csv``."""

import csv
import locale
import os
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

from .errors import InputError

LANGUAGES = ("zh", "en")

_language: str | None = None


def language() -> str:
    """Return the language in force: as set, as ``$XC_LANG``, the locale's; Chinese when in doubt."""
    asked = _language or os.environ.get("XC_LANG", "").lower()[:2]
    if asked in LANGUAGES:
        return asked
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    # the plain C locale says nothing of a language, though Python calls it English
    chosen = next(filter(None, named), "") or locale.getlocale()[0] or ""
    return "en" if chosen.lower().startswith("en") else "zh"


def use_language(lang: str | None) -> str | None:
    """Set the language of labels, messages and charts; return the one set before, if any.

    Parameters
    ----------
    lang : {"zh", "en"} or None
        None follows the environment: ``XC_LANG``, else its locale, Chinese when in doubt.

    Raises
    ------
    InputError
        For any other language.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> before = xc.use_language("zh")
    >>> xc.use_language("en")
    'zh'
    """
    global _language
    if lang is not None and lang not in LANGUAGES:
        raise error("error.language", lang=lang)
    before, _language = _language, lang
    return before


def tr(zh: str, en: str) -> str:
    """Return the one of two texts that is in the language in force.

    Parameters
    ----------
    zh, en : str
        A label or sentence in Chinese and in English.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> before = xc.use_language("en")
    >>> xc.tr("噪声", "noise")
    'noise'
    """
    return zh if language() == "zh" else en


@cache
def _table() -> dict[str, dict[str, str]]:
    with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


def has_word(key: str) -> bool:
    """Tell whether ``words.csv`` holds a key."""
    return key in _table()


def word(key: str, lang: str | None = None, /, **values) -> str:
    """Return the text of a key, its ``{fields}`` filled, messages among them in its language."""
    lang = lang or language()
    filled = {k: v.render(lang) if isinstance(v, Message) else v for k, v in values.items()}
    return _table()[key][lang].format(**filled)


def named(family: str, key, lang: str | None = None) -> str:
    """Return the word of a key of a family, such as ``unit``; the key where there is none."""
    return word(f"{family}.{key}", lang) if has_word(f"{family}.{key}") else str(key)


def unit_name(unit: str | None, lang: str | None = None) -> str:
    """Return a table's unit as a reader of the language expects it; nothing for none."""
    return named("unit", unit, lang) if isinstance(unit, str) else ""


def difference_unit(unit: str | None, text: str = "") -> str | None:
    """Return the unit of a difference or a slope: of per cents percentage points, or one."""
    return unit if unit != "%" else "one_pp" if text == "1" else "pp"


def area_name(scope: str, lang: str | None = None) -> str:
    """Return an area's name in a language."""
    return named("area", scope, lang)


def joined(parts) -> str:
    """Join texts by the comma of the language in force."""
    return tr("、", ", ").join(map(str, parts))


def clauses(parts, lang: str | None = None) -> str:
    """Join what is not empty of some clauses by the semicolon of a language."""
    return word("semicolon", lang).join(map(str, filter(None, parts)))


def amount(text: str, unit: str, lang: str | None = None) -> str:
    """Join a number and the name of its unit; in Chinese they stand close."""
    return word("amount", lang, value=text, unit=unit) if unit else text


@dataclass(frozen=True)
class Message:
    """A key of ``words.csv`` with its values: a sentence that has not chosen its language."""

    key: str
    values: dict = field(default_factory=dict)

    def render(self, lang: str | None = None) -> str:
        """Return the sentence in a language; default the one in force."""
        return word(self.key, lang, **self.values)

    __str__ = render


def message(key: str, /, **values) -> Message:
    """Build a `Message`; it becomes a sentence when it is shown."""
    return Message(key, values)


def error(key: str, /, **values) -> InputError:
    """Build an `InputError` whose text is a key of ``words.csv`` in the language in force."""
    return InputError(Message(key, values))


def html_table(rows, title: str = "", notes=()) -> str:
    """Lay out a result as one small html table: title, rows of a head and cells, notes beneath."""
    width = max((len(row) for row in rows), default=1)
    left = "style='text-align:left'"
    lines = [f"<caption {left}>{escape(str(title))}</caption>"] if title else []
    for head, *cells in rows:
        shown = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
        lines.append(f"<tr><th {left}>{escape(str(head))}</th>{shown}</tr>")
    for note in notes:
        lines.append(f"<tr><td colspan='{width}' {left}>{escape(str(note))}</td></tr>")
    return f"<table class='xc-result'>{''.join(lines)}</table>"
