"""A small, clean set of tables for a made-up district, to be broken; and tables of cases."""

import csv
import io
import shutil
from pathlib import Path

import pandas as pd


def cases(name):
    """Return a table of ``tests/cases``, all cells as they are written."""
    path = Path(__file__).with_name("cases") / f"{name}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def contents(folder):
    """Return the tables of a folder as bytes, by file."""
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def write(folder):
    """Copy the clean tables to a new folder; return the folder."""
    return shutil.copytree(Path(__file__).with_suffix(""), folder)


def rows(folder, table):
    """Return [(line in the file, row as dict)], by the csv module."""
    text = (folder / f"{table}.csv").read_text(encoding="utf-8")
    reader = csv.DictReader(io.StringIO(text))
    found, line = [], 2
    for row in reader:
        found.append((line, row))
        line = reader.line_num + 1
    return found


def save(folder, table, records, header=None):
    """Write rows (dicts) under a header, by default the one that they have."""
    out = io.StringIO()
    how = {"extrasaction": "ignore", "lineterminator": "\n"}
    writer = csv.DictWriter(out, header or list(records[0]), **how)
    writer.writeheader()
    writer.writerows(records)
    (folder / f"{table}.csv").write_text(out.getvalue(), encoding="utf-8", newline="\n")


def _first(found, where):
    """Return line and row of the first that has a cell (text) or certain cells (dict)."""
    if isinstance(where, str):
        return next(one for one in found if where in one[1].values())
    return next(one for one in found if where.items() <= one[1].items())


def change(folder, table, where, **cells):
    """Set cells of the first row that matches `where`; return its line in the file."""
    found = rows(folder, table)
    line, record = _first(found, where)
    record.update(cells)
    save(folder, table, [row for _, row in found])
    return line


def append(folder, table, like, **cells):
    """Add a copy of the first row that matches `like`, changed; return its line in the file."""
    found = rows(folder, table)
    save(folder, table, [*(row for _, row in found), _first(found, like)[1] | cells])
    return rows(folder, table)[-1][0]
