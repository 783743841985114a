"""The files of an archive, as bytes: folders, zips (one zip within a zip too), gz, plain csv.

Nothing is ever written to disk; sizes are bounded; what cannot be used is noted, not raised.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..errors import InputError

#: A daily file has 0.02 MB and the largest UCI file 3 MB: what is far larger is not this archive.
FILE_LIMIT = 256 * 2**20
ZIP_LIMIT = 4 * 2**30

_BROKEN = (
    zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError,
    zlib.error,
)  # fmt: skip


def existing(paths) -> list[Path]:
    """One path or several, as a list.

    Raises
    ------
    InputError
        None given, or one that does not exist.
    """
    try:
        paths = [Path(p) for p in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    except TypeError:
        raise InputError(f"archive {paths!r} is no path; give a zip, a folder or a csv") from None
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; give a zip, a folder or a csv")
    if not paths:
        raise InputError("no archive given; give a zip, a folder or a csv")
    return paths


def count(paths: list[Path]) -> int:
    """How many files :func:`each` has to look at."""
    total = 0
    for path, _ in _walk(paths):
        total += 1
        if path.suffix.lower() == ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    total += len(archive.namelist()) - 1
            except _BROKEN:
                continue
    return total


def each(paths: list[Path], note):
    """Every csv within the paths, in order.

    Parameters
    ----------
    paths : list of Path
    note : callable
        ``note(file, rule, action)`` for whatever is passed over.

    Yields
    ------
    (str, bytes)
        A label (path within the folder given, or name of the zip's member) and the content.
    """
    for path, label in _walk(paths):
        kind = path.name.lower()
        try:
            if kind.endswith(".zip"):
                with open(path, "rb") as handle:
                    yield from _members(handle, label, note, depth=0)
            elif not _is_csv(kind):
                note(label, "not a csv or zip", "skipped")
            elif path.stat().st_size > FILE_LIMIT:
                note(label, f"larger than {FILE_LIMIT >> 20} MB", "skipped")
            else:
                data = path.read_bytes()
                data = _gunzip(label, data, note) if kind.endswith(".gz") else data
                if data is not None:
                    yield label, data
        except OSError as error:
            note(label, f"cannot be read ({error.strerror or error})", "skipped")


def _walk(paths: list[Path]):
    for path in paths:
        if path.is_dir():
            for folder, below, names in os.walk(path):
                below.sort()
                for name in sorted(names):
                    yield Path(folder, name), Path(folder, name).relative_to(path).as_posix()
        else:
            yield path, path.name


def _is_csv(name: str) -> bool:
    return name.lower().endswith((".csv", ".csv.gz"))


def _gunzip(label: str, data: bytes, note) -> bytes | None:
    try:
        with gzip.open(io.BytesIO(data)) as handle:
            out = handle.read(FILE_LIMIT + 1)
    except _BROKEN:
        note(label, "damaged gz", "skipped")
        return None
    if len(out) > FILE_LIMIT:
        note(label, f"unpacks to more than {FILE_LIMIT >> 20} MB", "skipped")
        return None
    return out


def _members(handle, label: str, note, depth: int):
    try:
        archive = zipfile.ZipFile(handle)
        infos = archive.infolist()
    except _BROKEN:
        note(label, "damaged zip", "skipped")
        return
    room = ZIP_LIMIT
    for info in infos:
        name, where = info.filename, f"{label}:{info.filename}"
        if info.is_dir():
            continue
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name[:3]:
            note(where, "path outside the zip", "skipped")
            continue
        inner = depth == 0 and name.lower().endswith(".zip")
        if not (_is_csv(name) or inner):
            note(where, "not a csv", "skipped")
            continue
        limit = min(FILE_LIMIT, room)
        if info.file_size > limit:
            # zipfile never reads past the size a member states, so stating less cannot help it.
            note(where, f"unpacks to {info.file_size >> 20} MB, over the limit", "skipped")
            continue
        try:
            data = _inflate(handle, info) or archive.read(info)
        except _BROKEN:
            note(where, "damaged or locked member", "skipped")
            continue
        room -= len(data)
        if inner:
            yield from _members(io.BytesIO(data), where, note, depth + 1)
            continue
        if name.lower().endswith(".gz"):
            data = _gunzip(where, data, note)
        if data is not None:
            yield PurePosixPath(name).name if depth == 0 else where, data


def _inflate(handle, info: zipfile.ZipInfo) -> bytes | None:
    """A deflated member without the ceremony of a file object; None where that will not do.

    Half the time of reading thousands of small members goes into that ceremony.
    """
    if info.compress_type != zipfile.ZIP_DEFLATED or info.flag_bits & 0x1:
        return None
    handle.seek(info.header_offset)
    start = handle.read(30)
    if len(start) < 30 or start[:4] != b"PK\x03\x04":
        return None
    handle.seek(int.from_bytes(start[26:28], "little") + int.from_bytes(start[28:30], "little"), 1)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(handle.read(info.compress_size), info.file_size + 1)
    whole = len(data) == info.file_size and zlib.crc32(data) == info.CRC
    return data if whole else None
