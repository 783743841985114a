"""The files of an archive as bytes: folders, zips (one within another too), gz, plain csv.

Nothing is written to disk; sizes are bounded; what cannot be used is noted, not raised.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..words import error

#: A daily file has 0.02 MB, the largest UCI file 3 MB: what is far larger is not this archive.
FILE_LIMIT = 256 * 2**20
ZIP_LIMIT = 4 * 2**30
CSV = (".csv", ".csv.gz", ".txt", ".tsv")
#: What zipfile and gzip raise on damaged and locked files.
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, zlib.error)


def existing(paths) -> list[Path]:
    """Return one path or several as a list, each of which exists."""
    single = isinstance(paths, (str, os.PathLike))
    try:
        paths = [Path(p) for p in ([paths] if single else paths)]
    except TypeError:
        raise error("error.archive_no_path", value=repr(paths)[:60]) from None
    for path in paths:
        if not path.exists():
            raise error("error.archive_absent", path=path)
    if not paths:
        raise error("error.archive_none")
    return paths


def walk(paths: list[Path]):
    """Yield every file below the paths with its label, folders in order of names."""
    for path in paths:
        if not path.is_dir():
            yield path, path.name
            continue
        for folder, below, names in os.walk(path):
            below.sort()
            for file in (Path(folder, name) for name in sorted(names)):
                yield file, file.relative_to(path).as_posix()


def labels(paths: list[Path]):
    """Yield the name of every file below the paths, those within a zip too."""
    for path, label in walk(paths):
        members = []
        if path.suffix.lower() == ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    members = archive.namelist()
            except _BROKEN:
                pass
        yield from members or [label]


def each(paths: list[Path], note, progress=None):
    """Yield label and content of every csv within the paths, noting what is passed over."""
    total = sum(1 for _ in labels(paths)) if progress else 0
    for done, (label, data) in enumerate(_contents(paths, note), 1):
        yield label, data
        if progress and done % 20 == 0:
            progress(min(done, total), total, label)
    if progress:
        progress(total, total, "")


def _contents(paths, note):
    for path, label in walk(paths):
        name = path.name.lower()
        try:
            if name.endswith(".zip"):
                with open(path, "rb") as handle:
                    yield from _members(handle, label, note, depth=0)
            elif not name.endswith(CSV):
                note(label, "not_csv", "skipped")
            elif path.stat().st_size > FILE_LIMIT:
                note(label, "too_large", "skipped", value=f"{path.stat().st_size >> 20} MB")
            else:
                yield from _unpacked(label, path.read_bytes(), note, gz=name.endswith(".gz"))
        except OSError as problem:
            note(label, "unreadable", "skipped", value=problem.strerror or str(problem))


def _unpacked(label: str, data: bytes, note, *, gz: bool):
    """Yield a file's label and content, unpacked where it is a gz."""
    if gz:
        try:
            with gzip.open(io.BytesIO(data)) as handle:
                data = handle.read(FILE_LIMIT + 1)
        except _BROKEN:
            note(label, "damaged_gz", "skipped")
            return
    if len(data) > FILE_LIMIT:
        note(label, "too_large", "skipped")
    else:
        yield label, data


def _members(handle, label: str, note, depth: int):
    try:
        archive = zipfile.ZipFile(handle)
    except _BROKEN:
        note(label, "damaged_zip", "skipped")
        return
    room = ZIP_LIMIT
    for info in archive.infolist():
        name, where = info.filename, f"{label}:{info.filename}"
        inner = depth == 0 and name.lower().endswith(".zip")
        if info.is_dir():
            continue
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name[:3]:
            note(where, "outside_zip", "skipped")
        elif not (inner or name.lower().endswith(CSV)):
            note(where, "not_csv", "skipped")
        elif info.file_size > min(FILE_LIMIT, room):
            # zipfile never reads beyond the size a member states: stating less cannot help it
            note(where, "too_large", "skipped", value=f"{info.file_size >> 20} MB")
        else:
            try:
                data = archive.read(info)
            except _BROKEN:
                note(where, "damaged_member", "skipped")
                continue
            room -= len(data)
            if inner:
                yield from _members(io.BytesIO(data), where, note, depth + 1)
            else:
                gz = name.lower().endswith(".gz")
                short = PurePosixPath(name).name if depth == 0 else where
                for _, content in _unpacked(where, data, note, gz=gz):
                    yield short, content
