"""The only reader of `data/`: `load` for one table, `check` for everything that can be wrong."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from pathlib import Path

import pandas as pd

from .errors import InputError
from .schema.encodings import WHOLE_FILE, Offence, read_bytes
from .schema.reading import Sheet, near, read_sheet
from .schema.schemas import TABLES, Table

OFFENCE_COLUMNS = ("table", "line", "column", "value", "problem", "remedy")
_KEEP = 64
_sheets: OrderedDict[tuple[str, bytes], Sheet] = OrderedDict()


def data_dir(data: str | os.PathLike | None = None) -> Path:
    """The folder that holds the tables.

    Parameters
    ----------
    data : path, optional
        A folder. Default: ``$XC_DATA``, else the project's own ``data``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If there is no such folder.
    """
    chosen = data if data is not None else os.environ.get("XC_DATA") or None
    folder = Path(chosen) if chosen is not None else Path(__file__).resolve().parents[1] / "data"
    try:
        exists = folder.is_dir()
    except (OSError, ValueError):
        exists = False
    if not exists:
        what = "is not a folder" if _there(folder) else "does not exist"
        raise InputError(
            f"{folder}: data folder {what}: give a folder that holds the tables, or unset XC_DATA"
        )
    return folder


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def load(table: str, *, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """One table, with the types that the data dictionary states.

    Parameters
    ----------
    table : str
        A name such as ``"observations"`` or ``"air/annual"``.
    data : path, optional
        Folder of the tables; default as `data_dir`.

    Returns
    -------
    pandas.DataFrame
        A fresh copy. Whole numbers are ``int64`` (``Int64`` where a cell may be empty), numbers
        ``float64``, ``true``/``false`` ``bool``, days ``datetime64``, all else text; an empty
        cell is a missing value. Columns that the dictionary does not know come as text.

    Raises
    ------
    InputError
        If the table is unknown, its file is missing or cannot be read as what it should be. The
        message names the file, the line and the cell.
    """
    if table not in TABLES:
        raise InputError(
            f"table {str(table)!r} is unknown{near(str(table), TABLES)}: use one of"
            f" {', '.join(TABLES)}"
        )
    folder = data_dir(data)
    path = folder / TABLES[table].path
    found = read_bytes(path, within=folder)
    if isinstance(found, tuple):
        raise InputError(f"{path}: {found[0]}: {found[1]}")
    sheet = _sheet(TABLES[table], found)
    fatal = next((offence for offence in sheet.offences if offence.fatal), None)
    if fatal:
        raise InputError(format_offence(fatal, data=folder))
    frame = sheet.frame.reset_index(drop=True)
    whole = {
        column.name: {"integer": "int64", "boolean": "bool"}[column.kind]
        for column in TABLES[table].columns
        if column.required and column.kind in ("integer", "boolean")
    }
    return frame.astype(whole)


def _sheet(table: Table, data: bytes) -> Sheet:
    """A file as read; the same bytes are parsed once (never handed out without copying)."""
    key = (table.name, hashlib.blake2b(data, digest_size=16).digest())
    if key in _sheets:
        _sheets.move_to_end(key)
        return _sheets[key]
    sheet = read_sheet(table, data)
    _sheets[key] = sheet
    while len(_sheets) > _KEEP:
        _sheets.popitem(last=False)
    return sheet


def check(data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Everything that is wrong with the tables in a folder. Never raises on bad input.

    Parameters
    ----------
    data : path, optional
        Folder of the tables; default as `data_dir`.

    Returns
    -------
    pandas.DataFrame
        One row per offence, in order of table and line: ``table``, ``line`` (of the file, its
        header being line 1), ``column``, ``value``, ``problem``, ``remedy``. Empty is clean.
        What concerns no single column stands under ``(file)``, ``(header)`` or ``(row)``.

    Notes
    -----
    Cells are checked against the pandera schemas made from `schemas.TABLES`; relations between
    rows and tables by the functions in `rules.RULES`.
    """
    from .schema.rules import offences

    try:
        folder = data_dir(data)
    except InputError as error:
        place, problem, remedy = str(error).rsplit(": ", 2)
        found = [Offence("", 1, WHOLE_FILE, place, problem, remedy)]
    else:
        found = offences(folder, _sheet)
        if found:
            found = [*_cut_off(folder), *found]
    order = {name: position for position, name in enumerate(TABLES)}
    found = sorted(
        dict.fromkeys(found), key=lambda o: (order.get(o.table, len(order)), o.table, o.line)
    )
    rows = [[getattr(offence, name) for name in OFFENCE_COLUMNS] for offence in found]
    frame = pd.DataFrame(rows, columns=list(OFFENCE_COLUMNS))
    return frame.astype({name: "int64" if name == "line" else "str" for name in OFFENCE_COLUMNS})


def _cut_off(folder: Path) -> list[Offence]:
    """A change of the pack that was cut off midway: what else is wrong may be its doing."""
    from .packs.localpack import history

    try:
        entries = history(folder)
    except InputError as error:
        place, problem, remedy = str(error).rsplit(": ", 2)
        return [Offence("", 1, WHOLE_FILE, place, problem, remedy)]
    if not entries or entries[-1].done:
        return []
    problem = f"change {entries[-1].number} was cut off midway · 第 {entries[-1].number} 次改动中断"
    remedy = "the next `xc import` or `xc undo` finishes it first; then check again · 下次导入或撤销会先补完"
    return [Offence("", 1, WHOLE_FILE, str(entries[-1].folder), problem, remedy)]


def format_offence(row, *, data: str | os.PathLike | None = None) -> str:
    """One line for one offence: ``file:line: column: what is wrong: what to do``.

    Parameters
    ----------
    row : Offence, Series, namedtuple or mapping
        A row of `check`'s frame.
    data : path, optional
        Folder put before the file's name; default none.

    Returns
    -------
    str
    """
    if isinstance(row, pd.Series):
        row = row.to_dict()
    get = row.get if isinstance(row, dict) else lambda name: getattr(row, name)
    table = get("table")
    file = f"{table}.csv" if table in TABLES else table
    # without a table it is the folder itself that is wrong
    place = str(get("value")) if not file else str(Path(data) / file) if data is not None else file
    parts = (f"{place}:{get('line')}", get("column"), get("problem"), get("remedy"))
    return ": ".join(" ".join(str(part).split()) for part in parts)
