"""The tables of one folder as the rules of `check` see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..schema.encodings import Offence
from ..schema.reading import Sheet


@dataclass(frozen=True)
class Pack:
    """The tables of one folder, as far as they could be read."""

    folder: Path
    sheets: dict[str, Sheet]

    def frame(self, table: str, *columns: str) -> pd.DataFrame | None:
        """The typed rows, if the table was read and has these columns."""
        sheet = self.sheets.get(table)
        if sheet is None or not sheet.whole or not set(columns) <= set(sheet.frame.columns):
            return None
        return sheet.frame

    def known(self, table: str, column: str) -> set[str] | None:
        """Every value of a key column, with the cells of rows that could not be placed."""
        frame = self.frame(table, column)
        if frame is None:
            return None
        return {str(value) for value in frame[column].dropna()} | self.sheets[table].stray

    def offence(self, table: str, line, column: str, problem: str, remedy: str) -> Offence:
        cells = self.sheets[table].cells
        value = cells.at[line, column] if column in cells.columns else ""
        return Offence(table, int(line), column, str(value)[:80], problem, remedy)


Rule = Callable[[Pack], Iterator[Offence]]


def rows(frame: pd.DataFrame) -> Iterator[tuple[int, dict]]:
    """(line, cells) of each row."""
    return iter(frame.to_dict("index").items())


def repeats(pack, name, frame, key, column, what="repeats", remedy=None) -> Iterator[Offence]:
    twice = frame.duplicated(list(key), keep=False)
    if not twice.any():
        return
    double = frame[twice]
    for values, group in double.groupby(list(key), sort=False):
        lines = list(group.index)
        for line in lines:
            others = ", ".join(str(other) for other in lines[:10] if other != line)
            named = ", ".join(
                f"{v:%Y-%m-%d}" if isinstance(v, pd.Timestamp) else str(v) for v in values
            )
            yield Offence(
                name,
                int(line),
                column,
                named[:80],
                f"{what} line {others}",
                remedy or f"keep one row for each {', '.join(key)}",
            )
