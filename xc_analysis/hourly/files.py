"""The files of an archive as bytes: folders, zips (one within another too), gz, plain csv.

Nothing is written to disk; sizes are bounded; what cannot be used is noted, not raised.
"""

import contextlib
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
    is_one = isinstance(paths, (str, os.PathLike))
    paths = [Path(p) for p in ([paths] if is_one else paths)]
    for path in paths:
        if not path.exists():
            raise error("error.archive_absent", path=path)
    return paths


def walk(paths: list[Path]):
    """Yield every file below the paths with its label, folders in order of names."""
    for path in paths:
        if not path.is_dir():
            yield path, path.name
        for folder, below, names in os.walk(path):
            below.sort()
            for file in (Path(folder, name) for name in sorted(names)):
                yield file, file.relative_to(path).as_posix()


def labels(paths: list[Path]):
    """Yield the name of every file below the paths, those within a zip too."""
    for path, label in walk(paths):
        members = []
        if label.lower().endswith(".zip"):
            with contextlib.suppress(*_BROKEN), zipfile.ZipFile(path) as archive:
                members = archive.namelist()
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
        try:
            if label.lower().endswith(".zip"):
                with open(path, "rb") as handle:
                    yield from _members(handle, label, note)
            elif _is_usable(label, path.stat().st_size, FILE_LIMIT, note):
                yield from _unpacked(label, path.read_bytes(), note)
        except OSError as problem:
            note(label, "unreadable", "skipped", value=problem.strerror or str(problem))


def _is_usable(label: str, size: int, limit: int, note, kinds=CSV) -> bool:
    if not label.lower().endswith(kinds):
        note(label, "not_csv", "skipped")
    elif size > limit:
        note(label, "too_large", "skipped", value=f"{size >> 20} MB")
    else:
        return True
    return False


def _unpacked(label: str, data: bytes, note):
    if label.lower().endswith(".gz"):
        try:
            with gzip.open(io.BytesIO(data)) as handle:
                data = handle.read(FILE_LIMIT + 1)
        except _BROKEN:
            note(label, "damaged_gz", "skipped")
            return
    if _is_usable(label, len(data), FILE_LIMIT, note):
        yield label, data


def _members(handle, label: str, note, kinds=(*CSV, ".zip")):
    try:
        archive = zipfile.ZipFile(handle)
    except _BROKEN:
        note(label, "damaged_zip", "skipped")
        return
    room = ZIP_LIMIT
    for info in archive.infolist():
        name, where = info.filename, f"{label}:{info.filename}"
        if info.is_dir():
            continue
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name[:3]:
            note(where, "outside_zip", "skipped")
            continue
        # zipfile never reads beyond the size a member states: stating less cannot help it
        if not _is_usable(where, info.file_size, min(FILE_LIMIT, room), note, kinds):
            continue
        try:
            data = archive.read(info)
        except _BROKEN:
            note(where, "damaged_member", "skipped")
            continue
        room -= len(data)
        if name.lower().endswith(".zip"):
            yield from _members(io.BytesIO(data), where, note, kinds=CSV)
        else:
            for _, content in _unpacked(where, data, note):
                # the members of a zip go by their names, those of a zip within it by the way there
                yield (where if kinds == CSV else PurePosixPath(name).name), content
