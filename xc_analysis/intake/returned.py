"""Workbooks that come back from people: cells with their places, refusals, and one atomic write."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..packs.newpack import as_csv
from ..tables import check


@dataclass(frozen=True)
class Cell:
    """One cell: file, sheet and address, and what it holds as text."""

    file: str
    sheet: str
    address: str
    text: str
    formula: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}: {self.sheet}!{self.address}"


@dataclass(frozen=True)
class Refused:
    """A cell that cannot be taken: where, why, and what to do."""

    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}: {self.remedy}"


@dataclass(frozen=True)
class Returned:
    """A workbook read back: rows of cells by sheet, and what was kept when it was written."""

    file: str
    rows: Mapping[str, list[dict[str, Cell]]]
    kept: Mapping[str, str]

    def base(self, key: str) -> dict[str, str]:
        return json.loads(self.kept[key]) if key in self.kept else {}


def read_workbook(path: Path | str, *, kind: str, heads: Mapping[str, str]) -> Returned:
    """Read a workbook that ``xc`` wrote and a person filled in.

    Parameters
    ----------
    path : path
    kind : str
        What it must be: "review" or "evaluation".
    heads : mapping of str to str
        Heads as shown, to column names.

    Returns
    -------
    Returned

    Raises
    ------
    InputError
        If it is no such workbook.
    """
    from openpyxl import load_workbook

    path = Path(path)
    try:
        book = load_workbook(path, data_only=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the workbook that was sent out") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: cannot be read as an xlsx workbook ({error}); save it as .xlsx and try again"
        ) from None
    kept = {}
    if "_xc" in book.sheetnames:
        for row in book["_xc"].iter_rows(values_only=True):
            if row and row[0] is not None:
                kept[str(row[0])] = "" if len(row) < 2 or row[1] is None else str(row[1])
    if kept.get("kind") != kind:
        raise InputError(
            f"{path}: is not a workbook of xc {kind} (its hidden sheet _xc is missing or another's);"
            " fill in the file that was sent out"
        )
    rows = {}
    for page in book.worksheets:
        if page.title != "_xc":
            rows[page.title] = _rows(path.name, page, heads)
    return Returned(path.name, rows, kept)


def _rows(file: str, page, heads: Mapping[str, str]) -> list[dict[str, Cell]]:
    names: dict[int, str] = {}
    out = []
    for line in page.iter_rows():
        texts = [_text(cell.value) for cell in line]
        if not names:
            found = {i: heads.get(t, t) for i, t in enumerate(texts) if t}
            if "id" in found.values():
                names = found
            continue
        if any(texts):
            out.append(
                {
                    name: Cell(file, page.title, line[i].coordinate, texts[i],
                               line[i].data_type == "f")
                    for i, name in names.items() if i < len(line)
                }
            )  # fmt: skip
    return out


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, (dt.datetime, dt.date)):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value).strip()


def offences_after(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, list]:
    """A copy of a folder of tables with files replaced, and what `check` says of it alone.

    The caller removes the copy's parent. What is said comes as rows of `check`.
    """
    columns = ["table", "column", "value", "problem", "remedy"]
    parent = Path(tempfile.mkdtemp(prefix="xc-trial-"))
    trial = parent / "data"
    shutil.copytree(folder, trial, ignore=shutil.ignore_patterns(".*"))
    for name, content in files.items():
        (trial / f"{name}.csv").write_bytes(content)
    old = {tuple(row) for row in check(folder)[columns].itertuples(index=False)}
    found = [
        row
        for row in check(trial).itertuples(index=False)
        if (row.table, row.column, row.value, row.problem, row.remedy) not in old
    ]
    return trial, found


def records(raw: bytes) -> list[tuple[int, bytes]]:
    """The records of a csv file, header first, as they stand: line each begins at, and bytes."""
    out: list[tuple[int, bytes]] = []
    part, begin = b"", 1
    for number, line in enumerate(raw.splitlines(keepends=True), 1):
        part += line
        if part.count(b'"') % 2 == 0:  # no quoted cell is open
            out.append((begin, part))
            part, begin = b"", number + 1
    return [*out, (begin, part)] if part else out


def rewritten(raw: bytes, columns, old: Sequence[Mapping], new: Sequence[Mapping]) -> bytes:
    """A table's file with changed rows written anew; every other row keeps its bytes.

    Parameters
    ----------
    raw : bytes
        The file as it is, UTF-8.
    columns : sequence of str
    old, new : sequence of mapping
        Its rows before and after, in the file's order.
    """
    kept = records(raw)
    if len(kept) != len(old) + 1 or len(old) != len(new):
        return as_csv(columns, new)  # blank lines: rows cannot be told by place
    out = [kept[0][1]]
    for (_, line), before, after in zip(kept[1:], old, new, strict=True):
        if before == after:
            out.append(line)
        else:
            end = b"\r\n" if kept[0][1].endswith(b"\r\n") else b"\n"
            out.append(as_csv(columns, [after]).split(b"\n", 1)[1].rstrip(b"\n") + end)
    return b"".join(out)
