"""The bytes of a file, what they seem to be, and their text; nothing raises.

Whatever is wrong becomes a problem with its remedy, or an `Offence`.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64_000_000
WHOLE_FILE, HEADER, ROW = "(file)", "(header)", "(row)"


@dataclass(frozen=True)
class Offence:
    """One thing that is wrong: where, what, and what to do. `fatal` stops `load` as well."""

    table: str
    line: int
    column: str
    value: str
    problem: str
    remedy: str
    fatal: bool = False


def read_bytes(path: Path, *, within: Path | None = None) -> bytes | tuple[str, str]:
    """The file's bytes, or (problem, remedy) where it is not a readable regular file."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return "is a folder", "put the csv file in its place"
        if not stat.S_ISREG(status.st_mode):
            return "is not a regular file", "put the csv file in its place"
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            return "is a link that leads out of the folder", "put the file itself there"
        if status.st_size > MAX_BYTES:
            return (
                f"is {status.st_size / 1e6:.0f} MB, more than the {MAX_BYTES / 1e6:.0f} MB allowed",
                "put the right file in its place, or split it",
            )
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return "is missing", "restore it, or create it with the header line only"
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"cannot be read ({reason})", "make it a readable file"
    return data[:MAX_BYTES]


def _magic(data: bytes) -> str | None:
    for start, kind in (
        (b"PK\x03\x04", "an Excel workbook or a zip archive"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"),
        (b"\x1f\x8b", "a gzip file"),
        (b"%PDF", "a PDF"),
        (b"PAR1", "a parquet file"),
        (b"\x89PNG", "a picture"),
        (b"SQLite format 3", "a database"),
    ):
        if data.startswith(start):
            return kind
    start = data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a web page"
    return None


def guess_encoding(data: bytes) -> str | None:
    """The encoding that bytes seem to be in; None where nothing fits.

    Notes
    -----
    Byte order marks decide; then the share of zero bytes (UTF-16 without a mark); then which
    of GB18030 and Big5 yields more frequent characters, if most are; last Windows-1252.
    """
    for mark, name in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return name
    sample = data[:100_000]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if even + odd > len(sample) / 10:
        return "utf-16-be" if even > odd else "utf-16-le"
    scores = {}
    for name in _FREQUENT:
        try:
            beyond = [c for c in data.decode(name)[:200_000] if ord(c) > 127]
        except UnicodeDecodeError:
            continue
        scores[name] = sum(_is_frequent(c, name) for c in beyond) / max(1, len(beyond))
    best = max(scores, key=scores.get, default=None)
    if best and scores[best] >= 0.6:
        return best
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return "cp1252"


# codec that tells a character's rank, and the lead bytes of punctuation and frequent characters
_FREQUENT = {"gb18030": ("gb2312", 0xA1, 0xD7), "big5": ("big5", 0xA1, 0xC6)}


def _is_frequent(character: str, name: str) -> bool:
    codec, first, last = _FREQUENT[name]
    try:
        return first <= character.encode(codec)[0] <= last
    except UnicodeEncodeError:
        return False


_ENCODING_NAMES = {
    "gb18030": "GBK / GB18030",
    "big5": "Big5",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    None: "no encoding that is known",
}


def _recipe(encoding: str | None) -> str:
    return f" (iconv -f {encoding.upper()} -t UTF-8)" if encoding else ""


def decode(table: str, data: bytes) -> tuple[str | None, list[Offence]]:
    """The text of a file and what is wrong with its encoding; no text if it is not text."""

    def offence(line, value, problem, remedy, fatal=True):
        return Offence(table, line, WHOLE_FILE, value, problem, remedy, fatal)

    kind = _magic(data)
    if kind:
        return None, [
            offence(
                1,
                "",
                f"is {kind}, not a csv table",
                "packs are UTF-8 csv only: save the sheet as that; figures of your own come in by"
                " `xc import`",
            )
        ]
    found = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        found.append(
            offence(
                1, "", "begins with a byte order mark", "save as UTF-8 without BOM", fatal=False
            )
        )
    try:
        return data.decode("utf-8"), found
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.start + 4].hex(" ")
    loose = data.decode("utf-8", errors="replace")
    broken = loose.count("�")
    encoding = guess_encoding(data)
    sound = sum(ord(c) > 127 for c in loose) - broken
    if (encoding or "").startswith("utf-") or (broken > 3 and broken > sound / 20) or not sound:
        found.append(
            offence(
                line,
                bad,
                f"is not UTF-8; it seems to be {_ENCODING_NAMES[encoding]}",
                f"packs are UTF-8 csv only: save it as UTF-8{_recipe(encoding)}; figures of your own"
                " come in by `xc import`, which decodes them",
            )
        )
        return (
            (data.decode(encoding, errors="replace").lstrip("\ufeff"), found)
            if encoding
            else (
                None,
                found,
            )
        )
    found.append(
        offence(
            line,
            bad,
            f"holds {broken} damaged byte(s) in text that is otherwise UTF-8",
            "restore the characters marked in the cells named below",
        )
    )
    return loose, found
