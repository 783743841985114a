"""What an audience may see: a copy of the tables without the rows that are not for it.

What rests on a withheld row goes with it: what is derived from it, statements and outturns that
name it, the days and hours of a year that is a draft, sources that nothing else cites. A verdict
that a withheld row would move is not given (`verdicts.withheld`): it would say other than what is known.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError
from ..schema.schemas import TABLES
from ..verdicts.withheld import WITHHELD
from .summary import AUDIENCES

# of projects: the cell that names an observation, and the cells that repeat its value
_COPIES = {
    "baseline_obs": ("baseline", "baseline_bound", "baseline_year"),
    "outturn_obs": ("outturn", "outturn_bound", "outturn_year"),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@contextmanager
def restricted(data: Path, audience: str) -> Iterator[tuple[Path, dict[str, int]]]:
    """The tables as an audience may see them, for as long as the block lasts.

    Parameters
    ----------
    data : Path
        Folder of the tables.
    audience : {"public", "internal"}
        "internal" sees every row, drafts among them, and gets the folder itself.

    Yields
    ------
    tuple
        The folder to read, and how many rows of each table were withheld.

    Raises
    ------
    InputError
        For another audience.
    """
    if audience not in AUDIENCES:
        raise InputError(f"--audience {audience!r}: give public or internal")
    if audience == "internal":
        yield Path(data), {}
        return
    with tempfile.TemporaryDirectory(prefix="xc-public-") as folder:
        copy = Path(folder) / Path(data).name
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns(".*"))
        yield copy, _restrict(copy, AUDIENCES[audience])


def _restrict(folder: Path, allowed: tuple[str, ...]) -> dict[str, int]:
    """Take out of a folder what may not be seen; an unreadable flag is not public."""
    withheld: dict[str, int] = {}
    gone: list[dict] = []

    def drop(table: str, unseen: Callable[[dict], bool]) -> None:
        lost = _filter(folder / f"{table}.csv", unseen)
        if lost:
            withheld[table] = withheld.get(table, 0) + len(lost)
            gone.extend(row | {"_table": table} for row in lost)

    for table in TABLES.values():
        if "release" in table.names:
            drop(table.name, lambda row: row.get("release") not in allowed)
    hidden = {row["obs_id"] for row in gone if row["_table"] == "observations"}
    while hidden:
        known = len(hidden)
        drop(
            "observations",
            lambda row, lost=frozenset(hidden): bool(lost & _words(row, "derivation")),
        )
        hidden |= {row["obs_id"] for row in gone if row["_table"] == "observations"}
        if len(hidden) == known:
            break
    drop("statements", lambda row: bool(hidden & _words(row, "recompute", "obs_id")))
    _blank_copies(folder / "projects.csv", hidden)
    years = {(r.get("scope"), r.get("year")) for r in gone if r["_table"] == "air/annual"}
    alone = {year for _, year in years}

    def unseen_day(row: dict) -> bool:
        year = row.get("year") or (row.get("date") or "")[:4]
        return (row["scope"], year) in years if row.get("scope") else year in alone

    for table in ("daily", "station_daily", "hour_profile", "readings", "weather_daily", "defects"):
        drop(f"air/{table}", unseen_day)
    cited = {row["source_id"] for row in gone if row.get("source_id")}
    cited -= _still_cited(folder)
    drop("sources", lambda row: row["source_id"] in cited)
    (folder / WITHHELD).write_text(json.dumps(_years_of(gone)), encoding="utf-8")
    return withheld


def _years_of(gone: list[dict]) -> list[list]:
    """(scope, indicator, year) of annual rows with a value or an end, as a verdict would use."""
    found = set()
    for row in gone:
        annual = row["_table"] == "air/annual" or (
            row["_table"] == "observations"
            and row.get("period") == "annual"
            and row.get("use") == "true"
        )
        if annual and any(row.get(c) for c in ("value", "lower", "upper")):
            found.add((row["scope"], row["indicator"], int(row["year"])))
    return [list(one) for one in sorted(found)]


def _words(row: dict, *columns: str) -> set[str]:
    return {word for c in columns for word in _NAME.findall(row.get(c) or "")}


def _read(path: Path) -> tuple[list[str], list[dict]]:
    if not path.is_file():
        return [], []
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    rows = list(reader)
    return list(reader.fieldnames or ()), rows


def _write(path: Path, columns: list[str], rows: list[dict]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")


def _filter(path: Path, unseen: Callable[[dict], bool]) -> list[dict]:
    """Take rows out of a file; those taken out."""
    columns, rows = _read(path)
    lost = [row for row in rows if unseen(row)]
    if lost:
        _write(path, columns, [row for row in rows if not unseen(row)])
    return lost


def _blank_copies(path: Path, hidden: set[str]) -> None:
    """A project that repeats the value of a withheld row loses the value, not its line."""
    columns, rows = _read(path)
    touched = False
    for row in rows:
        for name, copies in _COPIES.items():
            if hidden & _words(row, name):
                row.update(dict.fromkeys((name, *copies), ""))
                touched = True
    if touched:
        _write(path, columns, rows)


def _still_cited(folder: Path) -> set[str]:
    """Sources that the rows left over name."""
    cited = set()
    for name in TABLES:
        if name == "sources":
            continue
        columns, rows = _read(folder / f"{name}.csv")
        if "source_id" in columns:
            cited |= {i.strip() for row in rows for i in (row["source_id"] or "").split(";")}
    return cited


WORDS = {
    "observations": ("观测", "observations"),
    "projects": ("任务与项目", "tasks and projects"),
    "statements": ("规划数字", "numbers of the plan"),
    "sources": ("来源", "sources"),
    "evaluations": ("评估填报", "answers to evaluations"),
}


def withheld_words(withheld: dict[str, int], lang: str) -> str:
    """What was withheld, counted by table, in words; "" where nothing was."""
    at = 0 if lang == "zh" else 1
    air = sum(n for name, n in withheld.items() if name.startswith("air/"))
    told = {WORDS[name][at]: n for name, n in withheld.items() if name in WORDS}
    if air:
        told[("空气计算值", "computed air")[at]] = air
    joint, gap = (("、", " "), (", ", " "))[at]
    return joint.join(f"{word}{gap}{n:,}" for word, n in told.items())
