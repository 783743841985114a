"""A change tried out on a copy of the pack, and what the pack's rules say of it."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import tempfile
from pathlib import Path

from ..packs.newpack import cells_of
from ..tables import check, format_offence
from .cells import refuse
from .entries import Refusal
from .texts import in_chinese


@contextlib.contextmanager
def working_copy(folder: Path):
    """A copy of a pack that goes with the run, and with the next one if this is killed."""
    for left in Path(tempfile.gettempdir()).glob("xc-import-*-*"):
        number = left.name.split("-")[2]
        with contextlib.suppress(OSError):
            if number.isdigit() and left.stat().st_uid == os.getuid() and not _runs(int(number)):
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"xc-import-{os.getpid()}-") as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
        yield copy


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def no_room(error: OSError) -> str:
    """One line for a working copy that could not be written, however many of its files failed."""
    why = error.strerror
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        why = str(error.args[0][0][2]).split("] ")[-1].split(": ")[0]
    try:
        place = tempfile.gettempdir()
    except OSError:
        place = "TMPDIR"
    return (
        f"{place}: 写不了数据包的工作副本（{why or error}）；腾出空间，或用环境变量 TMPDIR 换一个文件夹 · the working copy"
        f" of the pack cannot be written ({why or error}): make room there, or name another folder by TMPDIR"
    )


def new_offences(before: Path, after: Path, origin: dict, path: Path):
    """What `check` says of the copy and not of the pack, told at the cell it comes from.

    Each with the figures that it refuses; a source that is refused refuses all of its figures.
    """
    columns = ["table", "column", "value", "problem", "remedy"]
    now = check(after)
    if not len(now):
        return []
    old = {tuple(row) for row in check(before)[columns].itertuples(index=False)}
    lines = {name: _ids_of(after / f"{name}.csv", key) for name, key in _KEYS.items()}
    rows = {name: cells_of(name, after).set_index(key) for name, key in _KEYS.items()}
    found, seen = [], set()
    for row in now.itertuples(index=False):
        if (row.table, row.column, row.value, row.problem, row.remedy) in old:
            continue
        key = lines.get(row.table, {}).get(row.line, "")
        figure = origin.get((row.table, key))
        figures = [figure] if figure else []
        if figure and row.table == "sources":
            used = rows["observations"]["source_id"]
            figures = [f for (t, i), f in origin.items()
                       if t == "observations" and used.get(i) == key] or figures  # fmt: skip
        where = f"{path.name} ({format_offence(row).split(': ')[0]})"
        problem = (
            in_chinese(row.problem) or f"写入后不合数据包的规则（{row.column}: {row.problem}）"
        )
        remedy = in_chinese(row.remedy) or f"按此改正（{row.remedy}）"
        words = refuse(problem, row.problem, remedy, row.remedy)
        if not figures:
            found.append((Refusal(where, f"{row.column} {row.value}".strip()[:60], words), []))
        for f in figures:
            if f.place not in seen:
                seen.add(f.place)
                found.append((Refusal(f.place, f.content, words), [f]))
    return found


_KEYS = {"observations": "obs_id", "sources": "source_id"}


def _ids_of(path: Path, key: str) -> dict[int, str]:
    """The id of the row that begins in each line of a table."""
    reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    at, line, out = next(reader).index(key), reader.line_num, {}
    for row in reader:
        if row:
            out[line + 1] = row[at]
        line = reader.line_num
    return out
