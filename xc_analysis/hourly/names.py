"""Station names: one canonical name each, that before the archive's renaming on 2021-01-23.

UCI writes stations in pinyin, the national network gives codes; ``stations.csv`` holds them all,
with their places in the headers of the two times. A new name that could belong to more than one
old station (通州永顺 or 通州东关 for 通州) stays its own.
"""

import csv
import re
from pathlib import Path

from ..words import error

with Path(__file__).with_name("stations.csv").open(encoding="utf-8") as _file:
    _STATIONS = list(csv.DictReader(_file))
_NAMES = ("before_2021", "since_2021", "uci")
_ALIAS = {row[c].lower(): row["name"] for row in _STATIONS for c in (*_NAMES, "code") if row[c]}
#: Names that a header may hold; codes are no mark of one read rightly.
_KNOWN = {row[c] for row in _STATIONS for c in _NAMES if row[c]}
_CODECS = ("gb18030", "cp1252", "latin-1")


def header_of(time: str) -> list[str]:
    """Return the stations of the archive's headers, "before" or "since" 2021, in their order."""
    rows = [row for row in _STATIONS if row[f"place_{time}"]]
    return [row[f"{time}_2021"] for row in sorted(rows, key=lambda row: int(row[f"place_{time}"]))]


def canonical(name: str) -> str:
    """Return the one name used for a station; a name not known comes back as it is."""
    name = str(name).strip().strip('"').strip().replace("（", "(").replace("）", ")")
    return _ALIAS.get(name.lower(), name)


def chosen(stations) -> list[str] | None:
    """Return the canonical names of the stations asked for; None for all."""
    if stations is None:
        return None
    stations = [stations] if isinstance(stations, str) else stations
    names = dict.fromkeys(canonical(s) for s in stations if str(s).strip())
    if not names:
        raise error("error.stations_empty")
    return list(names)


def looks_misread(names: list[str]) -> bool:
    """Tell whether station names show the marks of a misread encoding."""
    text = "".join(names)
    if any(canonical(n) in _KNOWN for n in names) or (text.isascii() and "?" not in text):
        return False
    has_lost = any(c in "?\ufffd" or 0xE000 <= ord(c) < 0xF900 for c in text)
    # "€" amid Chinese is the byte 0x80, read as code page 936
    has_euro = "€" in text and any(ord(c) > 0x2E80 for c in text)
    return has_lost or has_euro or any(_decoded(text, codec) for codec in _CODECS)


def repair(header: str, width: int, headers: list[str]) -> list[str] | None:
    """Return the `width` station names of a misread header, or None where it cannot be told."""
    # One distributed file has a header whose UTF-8 bytes were read as GBK and saved again, which
    # loses bytes ("?") and swallows commas. What is left of them has to fit a known header: that
    # of another file (`headers`, nearest first) or one of the two built in.
    text = header.rstrip(",").strip()
    names = [_decoded(text, codec).split(",") for codec in _CODECS]
    names = [own for own in names if set(own) & _KNOWN]
    if not names:
        known = [h.rstrip(",").split(",") for h in headers]
        known += [header_of("since"), header_of("before")]
        names = [own for own in known if len(own) <= width and _may_be(text, ",".join(own))]
    if not names:
        fits = [[name for name in _KNOWN | {""} if _may_be(t, name)] for t in text.split(",")]
        names = [[own[0] for own in fits]] if all(len(own) == 1 for own in fits) else [[]]
    is_told = len(names[0]) <= width and any(names[0])
    return names[0] + [""] * (width - len(names[0])) if is_told else None


def _decoded(text: str, codec: str) -> str:
    try:
        return text.encode(codec).decode("utf-8")
    except UnicodeError:
        return ""


def _may_be(misread: str, text: str) -> bool:
    """Tell whether a once misread text can have come from another."""
    pattern = b""
    for char in misread:
        if char in "?\ufffd":
            # code page 936 writes one mark for a broken pair and may swallow the byte after it
            pattern += rb"[\x80-\xff]{1,2}[,()\x80-\xff]?"
        else:
            pattern += re.escape(b"\x80" if char == "€" else char.encode("gb18030", "replace"))
    return bool(re.fullmatch(pattern, text.encode()))
