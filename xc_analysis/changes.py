"""Change tables whole or not at all, keep a copy of what was there, and put it back.

Each change is a folder ``.xc/NNNN`` of the data folder with the tables from before it. It is called
``NNNN.open`` while tables take their place, in an import as in an undo: what a killed run leaves
open is put back as it was by the next command.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import InputError
from .tables import data_dir, read_text
from .words import error, word

#: The order in which tables are put in place, so that nothing refers to what is not there yet.
ORDER = ("publishers", "sources", "assumptions", "observations", "projects", "targets")
PATIENCE = 10.0  # seconds to wait for another command


def edit_table(path: Path, edits: dict[str, dict]) -> bytes:
    """Return a table with cells changed by key, its first column; a new key adds a row."""
    text, _ = read_text(path)
    names, *rows = (row for row in csv.reader(io.StringIO(text, newline="")) if row)
    known = {row[0] for row in rows}
    rows = [dict(zip(names, row, strict=True)) | edits.get(row[0], {}) for row in rows]
    rows += [{names[0]: key} | cells for key, cells in edits.items() if key not in known]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n" if "\r\n" in text else "\n")
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return out.getvalue().encode("utf-8")


def undo() -> str:
    """Take back the last import or review that was written; return what was done."""
    folder = data_dir().resolve()
    with held() as was_open:
        if was_open:
            return word("import.undo_finished")
        entries = _entries(folder)
        if not entries:
            raise error("import.nothing_to_undo", path=folder)
        try:
            told = json.loads((entries[-1] / "change.json").read_text(encoding="utf-8"))
            after = {name: told["after"][name] for name in ORDER if name in told["after"]}
        except (OSError, ValueError, KeyError, TypeError):
            raise error("import.history_damaged", path=entries[-1]) from None
        for name, digest in after.items():
            if _digest((folder / f"{name}.csv").read_bytes()) != digest:
                copy = entries[-1] / "before" / f"{name}.csv"
                raise error("import.changed_since", table=name, copy=copy)
        try:
            os.rename(entries[-1], entries[-1].with_suffix(".open"))
            _put_back(folder)
        except OSError as fault:
            raise cannot_write(folder, fault) from None
    return word("import.undone", what=told["what"], when=told["when"])


@contextlib.contextmanager
def held() -> Iterator[bool]:
    """Hold the data folder for one command that writes; put back first what a killed one left.

    The lock is on the folder itself: it leaves no file and ends with the process.
    """
    folder = data_dir().resolve()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError, PermissionError):  # a system without such locks
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            _lock(handle, folder)
        try:
            was_open = _put_back(folder)
        except OSError as fault:
            raise cannot_write(folder, fault) from None
        yield was_open


def _lock(handle: int, folder: Path) -> None:
    import fcntl

    until = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise error("import.busy", path=folder) from None
            time.sleep(0.05)
        except OSError:  # a file system without locks
            return None


def commit(folder: Path, files: dict[str, bytes], what: str) -> None:
    """Replace tables: all of them or none; the copies are on the disk before any is touched."""
    root = folder / ".xc"
    draft = root / f"{os.getpid()}.new"
    try:
        place = root / f"{len(_entries(folder)) + 1:04d}"
        for part in ("before", "after"):
            (draft / part).mkdir(parents=True)
        for name, new in files.items():
            old = folder / f"{name}.csv"
            write_file(draft / "before" / old.name, old.read_bytes())
            write_file(draft / "after" / old.name, new)
            for part in ("before", "after"):
                shutil.copymode(old, draft / part / old.name)
        told = {"what": what, "when": time.strftime("%Y-%m-%d %H:%M")}
        told["after"] = {name: _digest(new) for name, new in files.items()}
        write_file(draft / "change.json", json.dumps(told, ensure_ascii=False).encode())
        os.rename(draft, place.with_suffix(".open"))
        _put(folder, place.with_suffix(".open") / "after", ORDER)
        os.rename(place.with_suffix(".open"), place)
    except OSError as fault:
        with contextlib.suppress(OSError):  # else the next command does it
            _put_back(folder)
        raise cannot_write(folder, fault) from None


def _put(folder: Path, part: Path, order) -> None:
    """Move tables to their place; what is moved already stays, so that it may be repeated."""
    for name in order:
        if (part / f"{name}.csv").exists():
            os.replace(part / f"{name}.csv", folder / f"{name}.csv")


def _put_back(folder: Path) -> bool:
    """Put back what was there before a change that is open; tell whether there was one."""
    root, was_open = folder / ".xc", False
    if root.is_symlink():
        raise error("import.history_link", path=root)
    for entry in root.glob("*.open"):
        _put(folder, entry / "before", reversed(ORDER))  # what refers goes first
        was_open = True
    for left in (*root.glob("*.open"), *root.glob("*.new")):
        shutil.rmtree(left)
    with contextlib.suppress(OSError):  # other changes are kept there, or there is none
        root.rmdir()
    return was_open


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / ".xc").glob("[0-9]*") if not path.suffix)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_file(path: Path, content: bytes) -> None:
    """Write new bytes through to the disk."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def cannot_write(path, fault) -> InputError:
    """Return the error of a path that cannot be written, in one line."""
    reason = getattr(fault, "strerror", None) or str(fault).split("\n")[0][:120]
    return error("import.cannot_write", path=path, reason=reason)
