"""Change tables whole or not at all, keep a copy of what was there, and put it back.

A change is a folder ``.xc/NNNN`` with the tables from before it, ``NNNN.open`` while tables take
their place or go back: what a killed run leaves open, the next command puts back as it was.
"""

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
    end = "\r\n" if "\r\n" in text else "\n"
    writer = csv.DictWriter(out, names, restval="", extrasaction="ignore", lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def undo() -> str:
    """Take back the last import or review that was written; return what was done."""
    folder = data_dir().resolve()
    with held() as was_open:
        if was_open:
            return word("import.undo_finished")
        if not (entries := _entries(folder)):
            raise error("import.nothing_to_undo", path=folder)
        last = entries[-1]
        try:
            told = json.loads((last / "change.json").read_text(encoding="utf-8"))
            after = {name: told["after"][name] for name in ORDER if name in told["after"]}
        except (OSError, ValueError, KeyError, TypeError):
            raise error("import.history_damaged", path=last) from None
        for name, digest in after.items():
            if hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest() != digest:
                copy = last / "before" / f"{name}.csv"
                raise error("import.changed_since", table=name, copy=copy)
        with writing(folder):
            os.rename(last, last.with_suffix(".open"))
            _put_back(folder)
    return word("import.undone", what=told["what"], when=told["when"])


@contextlib.contextmanager
def held() -> Iterator[bool]:
    """Hold the data folder for one command that writes; put back first what a killed one left."""
    folder = data_dir().resolve()
    # the lock is on the folder itself: it leaves no file and ends with the process
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError, OSError):  # a system or a disk without such locks
            import fcntl

            handle, until = os.open(folder, os.O_RDONLY), time.monotonic() + PATIENCE
            stack.callback(os.close, handle)
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise error("import.busy", path=folder) from None
                    time.sleep(0.05)
        with writing(folder):
            was_open = _put_back(folder)
        yield was_open


def commit(folder: Path, files: dict[str, bytes], what: str) -> None:
    """Replace tables: all of them or none; the copies are on the disk before any is touched."""
    root = folder / ".xc"
    draft, place = root / f"{os.getpid()}.new", root / f"{len(_entries(folder)) + 1:04d}"
    told = {"what": what, "when": time.strftime("%Y-%m-%d %H:%M")}
    told["after"] = {name: hashlib.sha256(new).hexdigest() for name, new in files.items()}
    try:
        with writing(folder):
            for part in ("before", "after"):
                (draft / part).mkdir(parents=True)
            for name, new in files.items():
                old = folder / f"{name}.csv"
                for part, content in (("before", old.read_bytes()), ("after", new)):
                    write_file(draft / part / old.name, content)
                    shutil.copymode(old, draft / part / old.name)
            write_file(draft / "change.json", json.dumps(told, ensure_ascii=False).encode())
            os.rename(draft, place.with_suffix(".open"))
            _put(folder, place.with_suffix(".open") / "after", ORDER)
            os.rename(place.with_suffix(".open"), place)
    except InputError:
        with contextlib.suppress(OSError):  # else the next command does it
            _put_back(folder)
        raise


def _put(folder: Path, part: Path, order) -> None:
    """Move tables to their place; what is moved already stays, so that it may be repeated."""
    for name in order:
        if (part / f"{name}.csv").exists():
            os.replace(part / f"{name}.csv", folder / f"{name}.csv")


def _put_back(folder: Path) -> bool:
    """Put back what was there before a change that is open; tell whether there was one."""
    root = folder / ".xc"
    if root.is_symlink():
        raise error("import.history_link", path=root)
    opened = list(root.glob("*.open"))
    for entry in opened:
        _put(folder, entry / "before", reversed(ORDER))  # what refers goes first
    for left in (*opened, *root.glob("*.new")):
        shutil.rmtree(left)
    with contextlib.suppress(OSError):  # other changes are kept there, or there is none
        root.rmdir()
    return bool(opened)


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / ".xc").glob("[0-9]*") if not path.suffix)


def write_file(path: Path, content: bytes) -> None:
    """Write new bytes through to the disk."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def writing(path) -> Iterator[None]:
    """Turn whatever keeps a path from being written into an error of one line."""
    try:
        yield
    except OSError as fault:
        reason = fault.strerror or str(fault).split("\n")[0][:120]
        raise error("import.cannot_write", path=path, reason=reason) from None
