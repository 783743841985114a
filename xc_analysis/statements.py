"""Every number that the plan prints about the past, recomputed and judged."""

from __future__ import annotations

import math
import os

import pandas as pd

from . import tables
from .drawing.palette import UNITS
from .errors import InputError
from .schema import expressions

VERDICTS = ("agrees", "differs", "implies", "cannot tell", "left out")
VERDICTS_ZH = ("相符", "不符", "推得", "无法判断", "未判")
_SETTLED = {"cannot_tell": "cannot tell", "left_out": "left out", "unevenness": "left out"}
_SPACES = "station.<indicator>.<year>, published.<indicator>.<year>, printed.<statement_id>, \
count.<table>.<column>[.<value>], or an obs_id"


def statements(data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Every number that the plan prints about the past or the present, with its verdict.

    Parameters
    ----------
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    pandas.DataFrame
        One row per statement, in the plan's order: ``statement`` and ``statement_en`` (what is
        said), ``printed`` (as the plan has it, with its unit), ``printed_en``, ``recomputed`` and
        ``recomputed_unit``, ``difference`` (recomputed less printed) and ``tolerance`` (both only
        where the two may be compared), ``verdict`` (one of `VERDICTS`) and ``verdict_zh``,
        ``why`` (both languages) with ``why_zh`` and ``why_en``; and the table's own
        ``statement_id``, ``chapter``, ``chapter_en``, ``locator``, ``claim``, ``kind``, ``unit``, ``year``,
        ``comparator``, ``value``, ``recompute``, ``obs_id``.

    Raises
    ------
    InputError
        If a statement cannot be recomputed as it says: it names what does not exist or has no
        value, or its expression is none. The message names the statement.

    Notes
    -----
    A printed figure is met within half a unit of its last printed digit (a count exactly) plus
    the row's ``tolerance``, which says how far a computation from station records may be off.
    A statement of the form "below 10" is met if the recomputed value lies on the side it names.
    A statement that defines another number *implies* it and can never agree. A station year with
    a partial record settles nothing.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.statements().groupby("verdict").size()["cannot tell"] > 0
    True
    """
    table = tables.load("statements", data=data).astype(object)
    table = table.where(table.notna(), None)
    rows = [
        _judged(row, line, _Figures(data, table, row, line))
        for line, row in enumerate(table.to_dict("records"), 2)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = (
    "statement_id", "chapter", "chapter_en", "locator", "statement", "statement_en", "printed", "printed_en", "recomputed",
    "recomputed_unit", "difference", "tolerance", "verdict", "verdict_zh", "why", "why_zh",
    "why_en", "claim", "kind", "unit", "year", "comparator", "value", "recompute", "obs_id",
)  # fmt: skip


def _judged(row: dict, line: int, figures: _Figures) -> dict:
    recomputed = figures.evaluate(row["recompute"]) if row["recompute"] else math.nan
    difference = allowed = math.nan
    claim = row["claim"]
    if claim == "implies":
        verdict = "implies"
    elif claim in _SETTLED:
        verdict = _SETTLED[claim]
    elif claim != "independent":
        raise _refused(
            row, line, f"claim {claim!r} is unknown", "use independent, implies, cannot_tell, "
            "unevenness or left_out",
        )  # fmt: skip
    elif row["value"] is None or not row["recompute"]:
        raise _refused(
            row, line, "an independent claim needs a value and a recompute cell", "fill both, or"
            " set claim to cannot_tell",
        )  # fmt: skip
    elif figures.partial:
        verdict = "cannot tell"
    else:
        difference = recomputed - row["value"]
        allowed = (row["tolerance"] or 0.0) + _half_unit(row)
        verdict = "agrees" if _met(row, recomputed, allowed) else "differs"
    zh, en = _why(row, verdict, recomputed, difference, allowed, figures.partial)
    return {
        **{name: row.get(name) for name in _COLUMNS if name in row},
        "statement": row["subject_zh"],
        "statement_en": row["subject_en"],
        "printed": _shown(row, "zh"),
        "printed_en": _shown(row, "en"),
        "recomputed": recomputed,
        "recomputed_unit": row["recomputed_unit"] if row["recompute"] else None,
        "difference": difference,
        "tolerance": allowed,
        "verdict": verdict,
        "verdict_zh": VERDICTS_ZH[VERDICTS.index(verdict)],
        "why": f"{zh} / {en}",
        "why_zh": zh,
        "why_en": en,
    }


def _half_unit(row: dict) -> float:
    """Half a unit of the last digit printed; nothing for counts and for bounds."""
    if row["comparator"] or _counted(row):
        return 0.0
    return 0.5 * 10.0 ** -_decimals(row)


def _counted(row: dict) -> bool:
    return row["kind"] == "count" or row["unit"] == "count"


def _decimals(row: dict) -> int:
    text = row["printed"] or ""
    if not text.replace(".", "", 1).isdigit():
        text = format(row["value"], "g") if row["value"] is not None else ""
    return len(text.partition(".")[2])


def _met(row: dict, recomputed: float, allowed: float) -> bool:
    value, slack = row["value"], allowed + 1e-9 * max(1.0, abs(row["value"]))
    comparator = row["comparator"]
    if comparator in ("<", "<="):
        return (
            recomputed < value if comparator == "<" and not allowed else recomputed <= value + slack
        )
    if comparator in (">", ">="):
        return (
            recomputed > value if comparator == ">" and not allowed else recomputed >= value - slack
        )
    return abs(recomputed - value) <= slack


def _shown(row: dict, lang: str) -> str:
    """The printed figure with its comparator and unit; words stay words."""
    text = row["printed"] or ""
    if not text.replace(".", "", 1).isdigit():
        return text
    sign = {"<=": "≤", ">=": "≥"}.get(row["comparator"], row["comparator"] or "")
    return sign + _with_unit(text, row["unit"], lang)


def _why(row, verdict, recomputed, difference, allowed, partial) -> tuple[str, str]:
    """The reason in both languages: the arithmetic, what is missing, or why it is not judged."""
    missing_zh, missing_en = row["missing_zh"] or "", row["missing_en"] or ""
    decimals = max(_decimals(row) + (verdict in ("agrees", "differs")), int(not _counted(row)))
    unit, figure = row["recomputed_unit"], _number(recomputed, decimals)
    value, value_en = _with_unit(figure, unit, "zh"), _with_unit(figure, unit, "en")
    if verdict in ("agrees", "differs") and row["comparator"]:
        limit = f"{row['comparator']} {row['value']:g}"
        zh, en = f"复算{value}，对照 {limit}", f"recomputed {value_en}, against {limit}"
    elif verdict in ("agrees", "differs"):
        gap, room = _number(difference, decimals, sign=True), _number(allowed, decimals)
        inside = ("未超出", "within") if verdict == "agrees" else ("超出", "outside")
        zh = f"复算{value}，相差{gap}，{inside[0]}容差{room}"
        en = f"recomputed {value_en}, off by {gap}, {inside[1]} the tolerance {room}"
    elif verdict == "implies":
        zh, en = (
            f"只推得{value}，自身不能作证",
            f"only defines {value_en}; it is no evidence for itself",
        )
    elif partial:
        zh = f"{partial}年站点记录不全，不足为凭"
        en = f"the station record of {partial} is partial and settles nothing"
    elif verdict == "cannot tell":
        zh, en = f"缺：{missing_zh}", f"missing: {missing_en}"
    elif row["claim"] == "unevenness":
        zh, en = f"列出，不判：{missing_zh}", f"listed, not judged: {missing_en}"
    else:
        zh, en = f"未列入：{missing_zh}", f"left out: {missing_en}"
    if row["note_zh"] or row["note_en"]:
        zh, en = f"{zh}；{row['note_zh']}", f"{en}; {row['note_en']}"
    return zh, en


def _with_unit(text: str, unit: str | None, lang: str) -> str:
    if not text or unit in (None, "", "count", "rank", "index"):
        return text
    named = UNITS.get(unit, (unit, unit))[lang == "en"]
    joint = "" if unit == "%" or not named[0].isascii() else "×" if named[0] == "1" else " "
    return f"{text}{joint}{named}"


def _number(value: float, decimals: int, *, sign: bool = False) -> str:
    if math.isnan(value):
        return ""
    if value == int(value):
        decimals = 0
    elif round(abs(value), decimals) == 0:
        return f"{value:{'+' if sign else ''}.1g}".replace("-", "−")
    return f"{value:{'+' if sign and value else ''},.{decimals}f}".replace("-", "−")


def _refused(row: dict, line: int, problem: str, remedy: str) -> InputError:
    return InputError(
        f"statements.csv:{line}: statement {row['statement_id']!r}: {problem}: {remedy}"
    )


class _Figures:
    """What one statement's expression may name, looked up in the tables of one folder."""

    def __init__(self, data, table: pd.DataFrame, row: dict, line: int):
        self.data, self.table, self.row, self.line = data, table, row, line
        self.partial = ""

    def evaluate(self, text: str) -> float:
        try:
            return expressions.evaluate(text, self.lookup)
        except InputError as error:
            if str(error).startswith("statements.csv:"):
                raise
            raise self.refused(str(error), f"correct its recompute cell ({_SPACES})") from None

    def refused(self, problem: str, remedy: str) -> InputError:
        return _refused(self.row, self.line, problem, remedy)

    def lookup(self, name: str) -> float:
        space, _, rest = name.partition(".")
        if not rest:
            return self._observation(name)
        if space in ("station", "published"):
            indicator, _, year = rest.partition(".")
            if not year.isdigit():
                raise self.refused(f"{name!r} has no year", f"write {space}.<indicator>.<year>")
            return getattr(self, f"_{space}")(name, indicator, int(year))
        if space == "printed":
            return self._printed(name, rest)
        if space == "count" and "." in rest:
            return self._count(name, rest)
        raise self.refused(f"{name!r} names nothing known", f"use {_SPACES}")

    def _load(self, table: str) -> pd.DataFrame:
        try:
            return tables.load(table, data=self.data)
        except InputError as error:
            raise self.refused(f"{table}.csv is needed ({error})", "put the table right") from None

    def _value(self, name: str, found: pd.DataFrame, where: str, column: str = "value") -> float:
        if found.empty:
            raise self.refused(f"{name!r} is not in {where}", "add the row, or correct the name")
        if len(found) > 1:
            raise self.refused(f"{name!r} fits {len(found)} rows of {where}", "name one by its id")
        value = found.iloc[0][column]
        if pd.isna(value):
            raise self.refused(f"{name!r} has no value in {where}", "name a row with a value")
        return float(value)

    def _observation(self, name: str) -> float:
        table = self._load("observations")
        return self._value(name, table[table["obs_id"] == name], "observations.csv")

    def _station(self, name: str, indicator: str, year: int) -> float:
        table = self._load("air/annual")
        found = table[
            (table["scope"] == self.row["scope"])
            & (table["indicator"] == indicator)
            & (table["year"] == year)
        ]
        value = self._value(name, found, "air/annual.csv")
        if found.iloc[0]["completeness"] == "partial":
            self.partial = str(year)
        return value

    def _published(self, name: str, indicator: str, year: int) -> float:
        table = self._load("observations")
        found = table[
            table["use"]
            & (table["scope"] == self.row["scope"])
            & (table["indicator"] == indicator)
            & (table["year"] == year)
        ]
        for column, wanted in (("period", "annual"), ("statistic", self._statistic(indicator))):
            narrower = found[found[column] == wanted]
            found = narrower if len(narrower) else found
        return self._value(name, found, "observations.csv")

    def _statistic(self, indicator: str) -> str:
        register = self._load("indicators").set_index("indicator")["statistic"]
        return register.get(indicator, "")

    def _printed(self, name: str, other: str) -> float:
        if other == self.row["statement_id"] and self.row["claim"] == "independent":
            raise self.refused(
                "an independent claim rests on its own figure", "name another source"
            )
        found = self.table[self.table["statement_id"] == other]
        return self._value(name, found, "statements.csv")

    def _count(self, name: str, rest: str) -> float:
        table, column, *wanted = rest.split(".", 2)
        cells = self._load(table)
        if column not in cells:
            raise self.refused(f"{name!r}: {table}.csv has no such column", "correct the name")
        cells = cells[column].dropna()
        return float(cells.astype(str).eq(wanted[0]).sum() if wanted else len(cells))
