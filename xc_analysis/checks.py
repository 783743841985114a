"""Find everything that is wrong with the tables of a folder, in one run; raise nothing.

A rule looks only at what could be read: a table or a column that is missing has been reported
by the reader already and is passed over in silence. In rows an empty or unreadable cell is NaN,
which fails every comparison.
"""

from __future__ import annotations

import calendar
import math
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from .derivation import evaluate, half_unit, names
from .errors import InputError
from .tables import (
    WHOLE_FILE,
    Offence,
    Sheet,
    find_folder,
    near,
    offence,
    read_bytes,
    read_sheet,
    schema,
    table_names,
)
from .words import Message, message

COLUMNS = ("table", "line", "column", "value", "problem", "remedy")
QUANTITY = ("value", "lower", "upper")
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")

_TABLE_FILES = {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".json"}
# near words are looked for, and circles followed, so often only
_HINTS = 50


def check(data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Check the tables of a folder against their schema and against each other.

    Parameters
    ----------
    data : path, optional
        Folder of the tables; default as `xc_analysis.tables.data_dir`.

    Returns
    -------
    pandas.DataFrame
        One row for each offence, in order of table and line: ``table``, ``line`` (of the file,
        its header being line 1), ``column``, ``value``, ``problem``, ``remedy``. Empty is clean.
        What concerns no single column stands under ``(file)``, ``(header)`` or ``(row)``.

    Notes
    -----
    Bad input raises nothing. Problem and remedy are in the language in force.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.check().columns.tolist()
    ['table', 'line', 'column', 'value', 'problem', 'remedy']
    """
    folder, fault = find_folder(data)
    if fault:
        said = message(fault), message(f"{fault}.fix")
        found = [Offence("", 1, WHOLE_FILE, str(folder), *said)]
    else:
        found = _offences(folder)
    order = {name: position for position, name in enumerate(table_names())}
    found.sort(key=lambda o: (order.get(o.table, len(order)), o.table, o.line))
    rows = [[str(getattr(offence, name)) for name in COLUMNS] for offence in found]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype="str").drop_duplicates()
    return frame.astype({"line": "int64"}).reset_index(drop=True)


def format_offence(row, *, data: str | os.PathLike | None = None) -> str:
    """Format a row of `check`'s frame as one line, ``file:line: column: problem: remedy``.

    Examples
    --------
    >>> from xc_analysis.checks import format_offence
    >>> row = {"table": "targets", "line": 3, "column": "value", "problem": "a", "remedy": "b"}
    >>> format_offence(row)
    'targets.csv:3: value: a: b'
    """
    if hasattr(row, "_asdict"):
        row = row._asdict()
    file = f"{row['table']}.csv" if row["table"] in table_names() else row["table"]
    if not file:
        # without a table it is the folder itself that is wrong
        file = row["value"]
    elif data is not None:
        file = Path(data) / file
    parts = (f"{file}:{row['line']}", row["column"], row["problem"], row["remedy"])
    return ": ".join(" ".join(str(part).split()) for part in parts)


class Row(dict):
    """The typed cells of a row, NaN where one is empty or unreadable."""

    def __init__(self, sheet: Sheet, line: int, cells: dict):
        super().__init__({k: math.nan if pd.isna(v) else v for k, v in cells.items()})
        self.sheet, self.line = sheet, line

    def text(self, column: str) -> str:
        """Return a cell as it stands in the file."""
        return self.sheet.cells.at[self.line, column]

    def has(self, column: str) -> bool:
        """Tell whether a cell is filled, readable or not."""
        return self.text(column) != ""

    def lacks(self, column: str) -> bool:
        """Tell whether a cell is empty."""
        return not self.has(column)

    def reads(self, column: str) -> bool:
        """Tell whether a cell is filled and readable."""
        return self[column] == self[column]

    def wrong(self, column: str, key: str, /, **values) -> Offence:
        """Build the offence of a cell; its text may name the cells of the row."""
        value = self.text(column) if column in self.sheet.cells else ""
        said = {**self, "column": column, **values}
        return offence(self.sheet.table, self.line, column, value, key, **said)


class Pack:
    """The tables of one folder, as far as they could be read."""

    def __init__(self, folder: Path, sheets: dict[str, Sheet]):
        self.folder, self.sheets = folder, sheets
        self.hints: dict[str, Message | str] = {}

    def frame(self, table: str, *columns: str) -> pd.DataFrame | None:
        """Return the typed rows, if the table was read and has these columns."""
        sheet = self.sheets.get(table)
        if sheet is None or not sheet.whole or not set(columns) <= set(sheet.frame.columns):
            return None
        return sheet.frame

    def rows(self, table: str, *columns: str) -> list[Row]:
        """Return the rows; none if the table lacks one of the columns."""
        frame = self.frame(table, *columns)
        return [] if frame is None else _rows(self.sheets[table])

    @cached_property
    def register(self) -> dict[str, Row]:
        """The register of indicators."""
        return {row["indicator"]: row for row in reversed(self.rows("indicators", "indicator"))}

    def known(self, table: str, column: str) -> set[str] | None:
        """Return every value of a column, with the cells of rows that could not be placed."""
        frame = self.frame(table, column)
        if frame is None:
            return None
        return {str(value) for value in frame[column].dropna()} | self.sheets[table].stray

    def near(self, word: str, known) -> Message | str:
        """Suggest near words; for so many words only, since a table may hold strangers only."""
        if word not in self.hints and len(self.hints) < _HINTS:
            self.hints[word] = near(word, known)
        return self.hints.get(word, "")


@lru_cache(maxsize=64)
def _rows(sheet: Sheet) -> list[Row]:
    return [Row(sheet, line, cells) for line, cells in sheet.frame.to_dict("index").items()]


def _offences(folder: Path) -> list[Offence]:
    found: list[Offence] = []
    sheets: dict[str, Sheet] = {}
    for table in table_names():
        content = read_bytes(folder / f"{table}.csv", within=folder)
        if isinstance(content, Message):
            found.append(offence(table, 1, WHOLE_FILE, "", content.key, **content.values))
        else:
            sheets[table] = read_sheet(table, content)
            found += sheets[table].offences
    pack = Pack(folder, sheets)
    for rule in RULES:
        try:
            found += rule(pack)
        except Exception as fault:  # a rule that fails must not hide what the others find
            said = {"rule": rule.__name__, "fault": f"{type(fault).__name__}: {fault}"}
            found.append(offence("", 1, WHOLE_FILE, rule.__name__, "check.rule_failed", **said))
    return found


# ---- cells, keys and references -------------------------------------------------------------


def _check_cells_and_keys(pack: Pack) -> Iterator[Offence]:
    """Find what a file's own schema excludes."""
    for sheet in pack.sheets.values():
        yield from (*_misfits(sheet), *_repeated_keys(sheet))


@lru_cache(maxsize=64)
def _misfits(sheet: Sheet) -> tuple[Offence, ...]:
    """Find empty required cells, words outside a vocabulary, numbers outside a range."""
    found = []

    def note(column, wrong, key, /, **values):
        for line in sheet.frame.index[wrong.fillna(False).astype(bool)]:
            cell = sheet.cells.at[line, column]
            found.append(offence(sheet.table, line, column, cell, key, **values))

    for field in schema(sheet.table)["fields"]:
        name, limits = field["name"], field.get("constraints", {})
        if name not in sheet.frame:
            continue
        typed = sheet.frame[name]
        # the reader has named what is no whole number and no truth value
        if limits.get("required") and field["type"] not in ("integer", "boolean"):
            note(name, sheet.cells[name] == "", "check.empty")
        words = limits.get("enum", ())
        strangers = sorted(set(typed.dropna()) - set(words)) if words else ()
        for number, value in enumerate(strangers):
            hint = near(value, words) if number < _HINTS else ""
            said = {"word": value[:80], "near": hint, "words": ", ".join(words)}
            note(name, typed == value, "check.vocabulary", **said)
        if "minimum" in limits:
            note(name, typed < limits["minimum"], "check.below", limit=limits["minimum"])
        if "maximum" in limits:
            note(name, typed > limits["maximum"], "check.above", limit=limits["maximum"])
    return tuple(found)


@lru_cache(maxsize=64)
def _repeated_keys(sheet: Sheet) -> tuple[Offence, ...]:
    shape = schema(sheet.table)
    keys = [shape.get("primaryKey", []), *shape.get("uniqueKeys", [])]
    single = [[f["name"]] for f in shape["fields"] if f.get("constraints", {}).get("unique")]
    found = []
    for key in keys + [key for key in single if key not in keys]:
        if key and sheet.whole and set(key) <= set(sheet.frame):
            filled = sheet.frame.dropna(subset=key)
            found += _repeats(sheet.table, filled, key, ", ".join(key), "check.repeats")
    return tuple(found)


def _repeats(table, frame, shared, column, key) -> Iterator[Offence]:
    """Yield every row that shares these columns with another."""
    for cells, group in frame[frame.duplicated(shared, keep=False)].groupby(shared):
        named = ", ".join(str(cell).removesuffix(" 00:00:00") for cell in cells)
        for line in group.index:
            others = ", ".join(str(other) for other in group.index[:10] if other != line)
            said = {"lines": others, "columns": ", ".join(shared)}
            yield offence(table, line, column, named, key, **said)


def _check_references(pack: Pack) -> Iterator[Offence]:
    """Find ids that the table they refer to does not hold."""
    for table in pack.sheets:
        for column, other, key, joined in _references(table):
            known, frame = pack.known(other, key), pack.frame(table, column)
            if known is None or frame is None:
                continue
            cells = frame[column].dropna()
            cells = cells.str.split(";").explode() if joined else cells
            for line, value in cells[~cells.isin(known)].items():
                said = {"cell": value[:80], "near": pack.near(value, known)}
                said |= {"other": other, "key": key}
                yield offence(table, line, column, value, "check.no_reference", **said)


def _references(table: str) -> Iterator[tuple[str, str, str, bool]]:
    """Yield column, table and key referred to, and whether a cell joins several by `;`."""
    shape = schema(table)
    for foreign in shape.get("foreignKeys", ()):
        other = foreign["reference"]["resource"].replace("air-", "air/") or table
        yield foreign["fields"][0], other, foreign["reference"]["fields"][0], False
    for field in shape["fields"]:
        if field.get("form") == "ids":
            yield field["name"], "sources", "source_id", True


def _check_figures(pack: Pack) -> Iterator[Offence]:
    """Compare units and values with the indicator's unit, floor and ceiling."""
    for table in pack.sheets:
        frame = pack.frame(table, "indicator", "value")
        if frame is None or table in ("left_out", "assumptions"):
            continue
        for row in pack.rows(table):
            register = pack.register.get(row["indicator"], {})
            wanted = register.get("unit")
            if wanted and "unit" in row and row.reads("unit") and row["unit"] != wanted:
                yield row.wrong("unit", "check.unit", wanted=wanted)
            floor, ceiling = register.get("floor", math.nan), register.get("ceiling", math.nan)
            for column in QUANTITY:
                figure = row.get(column, math.nan)
                if figure < floor:
                    yield row.wrong(column, "check.floor", figure=figure, limit=floor)
                elif figure > ceiling:
                    yield row.wrong(column, "check.ceiling", figure=figure, limit=ceiling)


def _check_links(pack: Pack) -> Iterator[Offence]:
    """Find addresses on hosts that are not the publisher's."""
    publishers = pack.rows("publishers", "publisher", "hosts")
    hosts = {row["publisher"]: str(row["hosts"]).split(";") for row in publishers}
    stray = pack.sheets["publishers"].stray if publishers else ()
    for row in pack.rows("sources", "publisher", "url"):
        if not row.reads("url") or row["publisher"] not in hosts or row["publisher"] in stray:
            continue
        try:
            parts = urlsplit(row["url"])
            host, odd = parts.hostname or "", "@" in parts.netloc or parts.port is not None
        except ValueError:
            host, odd = "", True
        if odd or "\\" in row["url"] or not row["url"].isascii():
            yield row.wrong("url", "check.odd_address")
        elif host not in hosts[row["publisher"]]:
            yield row.wrong("url", "check.foreign_host", host=host[:80])


def _check_folder(pack: Pack) -> Iterator[Offence]:
    """Find files that are no tables of the project."""
    expected = {f"{table}.csv" for table in table_names()} | {"datapackage.json"}
    for path in sorted([*pack.folder.glob("*"), *pack.folder.glob("air/*")]):
        name = path.relative_to(pack.folder).as_posix()
        if path.name.startswith(".") or path.suffix.lower() not in _TABLE_FILES:
            continue
        if name not in expected:
            hint = near(name, expected)
            yield offence(name, 1, WHOLE_FILE, name, "check.no_table", near=hint)


# ---- what one row, or one table, must hold --------------------------------------------------


def _check_ranges(pack: Pack) -> Iterator[Offence]:
    """Find values outside their own range."""
    for table in pack.sheets:
        for row in pack.rows(table, *QUANTITY):
            if row["lower"] > row["upper"]:
                yield row.wrong("lower", "check.lower_above_upper")
            elif row["value"] < row["lower"]:
                yield row.wrong("value", "check.outside", end="lower", limit=row["lower"])
            elif row["value"] > row["upper"]:
                yield row.wrong("value", "check.outside", end="upper", limit=row["upper"])


def _check_dates(pack: Pack) -> Iterator[Offence]:
    """Find dates that run backwards."""
    for table, first, second, key in (
        ("sources", "published", "accessed", "check.read_before"),
        ("standards", "valid_from", "valid_to", "check.ends_before"),
    ):
        for row in pack.rows(table, first, second):
            # a source's date may stop at the year or the month
            early, late = str(row[first])[:10], str(row[second])[:10]
            shared = min(len(early), len(late))
            if row.reads(first) and row.reads(second) and late[:shared] < early[:shared]:
                yield row.wrong(second, key)


# table, column, its words beside which cells must be filled, those cells, key
_FILLED = (
    ("indicators", "scale", "logit", "floor ceiling", "check.logit_needs"),
    ("observations", "status", "printed derived computed estimated", "value", "check.needs_value"),
    ("observations", "status", "estimated", "lower upper", "check.needs_interval"),
    ("observations", "status", "derived bound", "derivation", "check.needs_derivation"),
    ("observations", "status", "computed estimated", "derivation", "check.needs_derivation"),
    ("statements", "claim", "independent", "recompute value tolerance", "check.claim_needs"),
    ("statements", "claim", "implies", "recompute", "check.claim_needs"),
    ("targets", "kind", "level change", "comparator value", "check.target_needs"),
    ("assumptions", "decision", "accepted changed rejected", "reviewer", "check.decision_needs"),
    ("assumptions", "decision", "accepted changed rejected", "reviewed_on", "check.decision_needs"),
    ("projects", "kind", "project", "table_row", "check.project_row"),
    ("projects", "timing", "dated", "due_year", "check.due_year"),
)
# the same, of cells that must be empty
_EMPTY = (
    ("observations", "status", "bound", "value", "check.bound_has_value"),
    ("observations", "status", "printed", "derivation", "check.printed_derivation"),
    ("targets", "kind", "delegated qualitative", "comparator value", "check.target_has_none"),
)


def _check_filled(pack: Pack) -> Iterator[Offence]:
    """Find cells that a word in another column asks to be filled or empty."""
    for rules, is_wrong in ((_FILLED, Row.lacks), (_EMPTY, Row.has)):
        for table, column, words, cells, key in rules:
            for cell in cells.split():
                for row in pack.rows(table, column, cell):
                    if row[column] in words.split() and is_wrong(row, cell):
                        yield row.wrong(cell, key)


def _check_register(pack: Pack) -> Iterator[Offence]:
    """Find indicators without the bounds or the direction that their use needs."""
    numbers = set()
    for row in pack.rows("indicators", "scale", "floor", "ceiling", "plan_row", "better"):
        scale, floor = row["scale"], row["floor"]
        if floor >= row["ceiling"]:
            yield row.wrong("floor", "check.floor_above_ceiling")
        if scale in ("log", "count", "share") and not floor >= 0:
            yield row.wrong("floor", "check.scale_needs_floor")
        elif (
            scale == "identity" and row.lacks("floor") and "change" not in str(row.get("statistic"))
        ):
            yield row.wrong("floor", "check.level_needs_floor")
        if row["plan_row"] > 0:
            numbers.add(int(row["plan_row"]))
            if row.lacks("better"):
                yield row.wrong("better", "check.no_direction")
        if row.get("prior_sd") == 0:
            yield row.wrong("prior_sd", "check.no_scatter")
    if max(numbers, default=0) < 100:
        for gap in sorted(set(range(1, max(numbers, default=0))) - numbers):
            yield offence("indicators", 1, "plan_row", gap, "check.plan_row_gap", number=gap)


def _check_statistics(pack: Pack) -> Iterator[Offence]:
    """Find indicators whose every used annual figure is of another statistic."""
    seen = defaultdict(set)
    for row in pack.rows("observations", "indicator", "statistic", "period", "use"):
        if row["use"] is True and row["period"] == "annual":
            seen[row["indicator"]].add(str(row["statistic"]))
    for row in pack.rows("indicators", "indicator", "statistic"):
        found = seen.get(row["indicator"])
        if found and row.has("statistic") and row["statistic"] not in found:
            listed = ", ".join(sorted(found)[:3])
            yield row.wrong("statistic", "check.other_statistic", found=listed)


def _check_use(pack: Pack) -> Iterator[Offence]:
    """Find bounds without a limit, figures left out without a reason, and several used alike."""
    for row in pack.rows("observations", "status", "lower", "upper"):
        if row["status"] == "bound" and row.lacks("lower") and row.lacks("upper"):
            yield row.wrong("lower", "check.bound_needs_limit")
    for row in pack.rows("observations", "use", "note_zh"):
        if row["use"] is False and row.lacks("note_zh"):
            yield row.wrong("note_zh", "check.unused_without_reason")
    key = ["scope", "indicator", "statistic", "year", "period"]
    frame = pack.frame("observations", *key, "use")
    if frame is not None:
        used = frame[frame["use"].fillna(False).astype(bool)].dropna(subset=key)
        yield from _repeats("observations", used, key, "use", "check.used_twice")


def _last_month(period: str) -> tuple[int, int] | None:
    """Return (year, month) in which a period of the observations ends; None for `annual`."""
    if period == "annual":
        return None
    if ".." in period and "-" not in period:
        return int(period[-4:]), 12
    year, rest = int(period[:4]), period[5:]
    if rest[0] in "HQ":
        return year, (6 if rest[0] == "H" else 3) * int(rest[1])
    return year, int(rest[-2:] if ".." in rest else rest[:2])


def _check_periods(pack: Pack) -> Iterator[Offence]:
    """Find figures known before their period was over, and parts of a year as years.

    A used annual figure needs a source of the year's last days or later. Where the source has no
    date, the other figures that it gives for that year tell how far it reaches.
    """
    rows = pack.rows("sources", "source_id", "published")
    dates = {row["source_id"]: row["published"] for row in rows if row.reads("published")}
    newest = max((int(date[:4]) for date in dates.values()), default=9999)
    rows = pack.rows("observations", "year", "period", "source_id", "status", "use")
    rows = [row for row in rows if row.reads("year") and row.reads("period")]
    dated = [(row, _last_month(row["period"])) for row in rows]
    reach: dict[tuple, tuple[int, int]] = {}
    for row, end in dated:
        if end and end[0] == row["year"]:
            key = row["source_id"], row["year"]
            reach[key] = max(end, reach.get(key, end))
    for row, end in dated:
        year, date = int(row["year"]), dates.get(row["source_id"])
        annual = end is None and row["use"] is True
        if end and end[0] != year:
            yield row.wrong("year", "check.other_year", end=end[0])
        elif row["status"] in ("computed", "estimated"):
            continue
        elif date is None and year > newest:
            yield row.wrong("year", "check.beyond_sources", newest=newest)
        elif date is None:
            known = reach.get((row["source_id"], year), (year, 12))
            if annual and known < (year, 12):
                yield row.wrong("period", "check.undated_part", month=known[1])
        elif annual and str(year) <= date[:4] and date < f"{year}-12-28":
            yield row.wrong("period", "check.year_not_over", date=date)
        else:
            known = tuple(int(part) for part in date.split("-")[:2])
            if (end or (year, 12))[: len(known)] > known:
                yield row.wrong("period", "check.not_over", date=date)


def _check_scopes(pack: Pack) -> Iterator[Offence]:
    """Find areas that are written in two ways."""
    tables = ("observations", "targets", "statements", "assumptions", "air/annual", "air/monthly")
    named = [row for table in tables for row in pack.rows(table, "scope") if row.reads("scope")]
    counts = Counter(row["scope"] for row in named)
    usual = {_bare(scope): scope for scope in sorted(counts, key=counts.get)}
    for row in named:
        if row["scope"] != usual[_bare(row["scope"])]:
            yield row.wrong("scope", "check.other_name", usual=usual[_bare(row["scope"])])


def _bare(scope: str) -> str:
    """Strip a scope's name of blanks, width and the suffix of its kind."""
    return re.sub(r"\s|[区市县]$", "", unicodedata.normalize("NFKC", scope))


# ---- derivations and statements -------------------------------------------------------------


def _span(row: Row) -> tuple[float, float, float]:
    """Return an observation with its range: its own, else what its last digit allows."""
    value, lower, upper = (row[name] for name in QUANTITY)
    if math.isnan(lower) and math.isnan(upper):
        # a whole figure in one of these units is a count and carries no rounding
        count = row["unit"] in ("d", "count", "rank") and float(value).is_integer()
        rounded = row["status"] == "printed" and not count
        half = half_unit(row.text("value")) if rounded else 0.0
        lower, upper = value - half, value + half
    lower = -math.inf if math.isnan(lower) else lower
    return value, lower, math.inf if math.isnan(upper) else upper


def _check_derivations(pack: Pack) -> Iterator[Offence]:
    """Recompute every derivation, its value and its range."""
    rows = pack.rows("observations", "obs_id", *QUANTITY, "unit", "status", "derivation", "period")
    figures = {row["obs_id"]: row for row in reversed(rows)}
    known = set(figures) | (pack.sheets["observations"].stray if rows else set())
    uses: dict[str, tuple[str, ...]] = {}
    sound: list[tuple[Row, tuple[str, ...]]] = []
    for row in rows:
        if not row.reads("derivation"):
            continue
        try:
            named = names(row["derivation"])
        except InputError as fault:
            yield row.wrong("derivation", "check.expression", fault=fault.args[0])
            continue
        for name in named:
            if name not in known:
                hint = pack.near(name, known)
                yield row.wrong("derivation", "check.no_obs_id", name=name[:80], near=hint)
        if not named and row["status"] != "bound":
            yield row.wrong("derivation", "check.names_nothing")
            continue
        uses[row["obs_id"]] = named
        if all(name in figures for name in named):
            sound.append((row, named))
    circles = _circles(uses)
    for row, named in sound:
        circle = circles.get(row["obs_id"])
        if circle:
            yield row.wrong("derivation", "check.circle", path=circle)
        else:
            yield from _recompute(row, figures, pack.register.get(row["indicator"], {}))
            yield from _whole_years(row, [figures[name] for name in named])


def _circles(uses: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the circle that each name lies on, for names that lie on one."""
    found: dict[str, str] = {}
    for _ in range(_HINTS):
        try:
            TopologicalSorter({n: uses[n] for n in uses if n not in found}).prepare()
        except CycleError as fault:
            # the sorter walks from what is used to what uses it
            circle = fault.args[1][:0:-1]
            for at, name in enumerate(circle):
                turned = [*circle[at : at + 10], *circle[: max(0, min(at, at + 10 - len(circle)))]]
                found[name] = " -> ".join(turned + [name if len(circle) <= 10 else "..."])
        else:
            break
    return found


def _recompute(row: Row, figures: dict[str, Row], register: dict) -> Iterator[Offence]:
    def digit(column):
        return 2 * half_unit(row.text(column)) * (1 + 1e-6)

    try:
        value, low, high = evaluate(row["derivation"], lambda name: _span(figures[name]))
    except InputError as fault:
        yield row.wrong("derivation", "check.expression", fault=fault.args[0])
        return
    if row["status"] == "bound":
        ends = [row[name] for name in ("lower", "upper") if not math.isnan(row[name])]
        slack = max(digit("lower"), digit("upper"))
        if ends and not any(low - slack <= end <= high + slack for end in ends):
            yield row.wrong("derivation", "check.bound_differs", low=low, high=high)
        return
    if math.isnan(value):
        yield row.wrong("derivation", "check.derived_from_bound")
        return
    if abs(row["value"] - value) > digit("value") / 2 + 1e-9 * abs(value):
        given = row.text("value")
        yield row.wrong("value", "check.derivation_differs", result=value, given=given)
    if row["status"] != "derived":
        return
    low = float(np.fmax(low, register.get("floor", math.nan)))
    high = float(np.fmin(high, register.get("ceiling", math.nan)))
    for name, end in (("lower", low), ("upper", high)):
        if not row.has(name):
            yield row.wrong(name, "check.no_range", end=end)
        elif abs(row[name] - end) > digit(name):
            yield row.wrong(name, "check.range_differs", low=low, high=high, end=end)


def _whole_years(row: Row, used: list[Row]) -> Iterator[Offence]:
    """Find parts of a year in an annual figure without the rest of the year."""
    if row["period"] != "annual":
        return
    months: dict[str, set[int]] = defaultdict(set)
    parts = [(figure, _months(figure["period"])) for figure in used]
    for figure, covered in parts:
        months[figure["period"][:4] if covered else ""] |= covered
    for figure, covered in parts:
        if covered and len(months[figure["period"][:4]]) < 12:
            said = {"name": figure["obs_id"], "part": figure["period"]}
            yield row.wrong("derivation", "check.part_year", **said)


def _months(period: str | float) -> set[int]:
    """Return the months of a part of a year; none for `annual` and spans of years."""
    if not isinstance(period, str) or "-" not in period:
        return set()
    last, rest = _last_month(period)[1], period[5:]
    if rest[0] in "HQ":
        return set(range(last - (5 if rest[0] == "H" else 2), last + 1))
    return set(range(int(rest[:2]), last + 1))


def _check_statements(pack: Pack) -> Iterator[Offence]:
    """Find statements that cannot be recomputed."""
    known = {
        "printed": pack.known("statements", "statement_id"),
        "station": pack.known("indicators", "indicator"),
        "published": pack.known("indicators", "indicator"),
        "obs": pack.known("observations", "obs_id"),
    }
    for row in pack.rows("statements", "statement_id", "recompute"):
        if not row.reads("recompute"):
            continue
        try:
            faults = [(name, _stranger(pack, name, known)) for name in names(row["recompute"])]
        except InputError as fault:
            yield row.wrong("recompute", "check.expression", fault=fault.args[0])
            continue
        for name, fault in faults:
            if fault:
                yield row.wrong("recompute", "check.no_figure", name=name[:80], fault=fault)


def _stranger(pack: Pack, name: str, known: dict[str, set[str] | None]) -> Message | None:
    """Say what is wrong with a name in a recomputation."""
    kind, _, rest = name.partition(".")
    if not rest:
        kind, rest = "obs", name
    elif kind not in known:
        return message("check.no_such_kind", kind=kind)
    if kind in ("station", "published"):
        rest, _, year = rest.rpartition(".")
        if not (len(year) == 4 and year.isdigit()):
            return message("check.no_year")
    if known[kind] is not None and rest not in known[kind]:
        return message("check.is_unknown", name=rest, near=pack.near(rest, known[kind]))
    return None


# ---- targets, assumptions, projects ---------------------------------------------------------


def _check_targets(pack: Pack) -> Iterator[Offence]:
    """Find targets that contradict the register."""
    against = {("lower", ">"), ("lower", ">="), ("higher", "<"), ("higher", "<=")}
    readings = {row["id"]: row for row in pack.rows("assumptions", "id", "parameter", "indicator")}
    needed = ("comparator", "base_year", "target_year", "plan_row", "reading")
    for row in pack.rows("targets", "indicator", *needed):
        if row["base_year"] >= row["target_year"]:
            yield row.wrong("base_year", "check.base_year")
        register = pack.register.get(row["indicator"])
        if register and row.has("plan_row") and row["plan_row"] != register.get("plan_row"):
            yield row.wrong("plan_row", "check.other_plan_row")
        better = register.get("better") if register else None
        if (better, row["comparator"]) in against:
            yield row.wrong("comparator", "check.wrong_direction", better=better)
        reading = readings.get(row["reading"])
        wanted = ("reading", row["indicator"])
        if reading and (reading["parameter"], reading["indicator"]) != wanted:
            yield row.wrong("reading", "check.no_reading")


def _check_subjects(pack: Pack) -> Iterator[Offence]:
    """Find assumptions about unknown plans and areas."""
    for column, tables in (
        ("plan", ("targets",)),
        ("scope", ("observations", "targets", "air/annual")),
    ):
        known = [pack.known(table, column) for table in tables]
        if None in known:
            continue
        known = set().union(*known)
        for row in pack.rows("assumptions", column):
            if row.reads(column) and row[column] not in known:
                said = {"word": row[column][:80], "near": pack.near(row[column], known)}
                yield row.wrong(column, "check.unknown_word", tables=", ".join(tables), **said)


_WORDS_OF = {
    "hour_label": ("end", "start"),
    "basis": ("raw", "old", "new"),
    "partial": ("estimate", "observed", "drop"),
}


def _check_assumptions(pack: Pack) -> Iterator[Offence]:
    """Find assumptions that cannot be used."""
    key = ["plan", "scope", "indicator", "parameter"]
    for row in pack.rows("assumptions", *key, "fit_from", "fit_to", "method", "value", "reading"):
        if row["fit_from"] > row["fit_to"]:
            yield row.wrong("fit_from", "check.window")
        parameter, value = row["parameter"], row["value"]
        for name in ("fit_from", "fit_to", "method") if row.lacks("parameter") else ():
            if row.lacks(name):
                yield row.wrong(name, "check.fit_needs")
        if row.has("parameter") and row.lacks("value"):
            yield row.wrong("value", "check.parameter_empty")
        elif parameter == "prior_sd" and not _is_scatter(value):
            yield row.wrong("value", "check.parameter_number", most=10)
        elif value not in _WORDS_OF.get(parameter, (value,)):
            yield row.wrong("value", "check.parameter_word", words=", ".join(_WORDS_OF[parameter]))
        match = re.fullmatch(r"(?:<=|>=|<|>|=) (-?[0-9]+(?:\.[0-9]+)?)", str(row["reading"]))
        if parameter == "reading" and not match:
            yield row.wrong("reading", "check.reading_form")
        elif parameter == "reading" and row.has("value") and match[1] != value:
            yield row.wrong("value", "check.reading_differs")
    frame = pack.frame("assumptions", *key)
    if frame is not None:
        same = frame[frame["parameter"] != "reading"]
        same = same.assign(**{name: same[name].fillna("") for name in key})
        yield from _repeats("assumptions", same, key, "indicator", "check.set_twice")


def _is_scatter(text: str) -> bool:
    """Tell whether a text is a number above 0 and at most 10."""
    return bool(re.fullmatch(r"[0-9]{1,2}(?:\.[0-9]{1,12})?", str(text))) and 0 < float(text) <= 10


# ---- computed air ---------------------------------------------------------------------------

# HJ 633-2012: index, and the concentration at each of its ends
_INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
_BREAKPOINTS = {
    "pm25": (0, 35, 75, 115, 150, 250, 350, 500),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3_8h": (0, 100, 160, 215, 265, 800),
}
_OF_THE_INDEX = ("good_days", "heavy_days", "severe_days", "good_day_ratio", "heavy_day_ratio")
# index points that rounding of the stored concentrations may move
_INDEX_SLACK = 3
# how far hours missing at one station may carry the district beyond its stations' days
_STATION_SLACK, _STATION_LEAST = 0.35, {"co": 0.5}


def _check_air_days(pack: Pack) -> Iterator[Offence]:
    """Compare days, valid days, capture and value of each computed period."""
    for table in ("air/annual", "air/monthly", "air/areas_annual"):
        for row in pack.rows(table, "year", "valid_days", "days", "value", "capture"):
            length, valid = _days_in(row), row["valid_days"]
            if not length or not row.has("days") or not valid >= 0:
                continue
            if row["days"] != length:
                yield row.wrong("days", "check.days_in_period", length=length)
                continue
            if valid > length:
                yield row.wrong("valid_days", "check.too_many_valid")
                continue
            if valid > 0 and not row.has("value"):
                yield row.wrong("value", "check.valid_without_value")
            share = valid / length
            if abs(row["capture"] - share) > half_unit(row.text("capture")) + 1e-6:
                yield row.wrong("capture", "check.capture", share=share)


def _days_in(row: Row) -> int | None:
    """Return the days of a row's month, or of its year where it has none."""
    year, month = row["year"], row.get("month")
    if not 1 <= year <= 9999:
        return None
    if month is None:
        return 365 + calendar.isleap(int(year))
    return calendar.monthrange(int(year), int(month))[1] if 1 <= month <= 12 else None


def _check_air_values(pack: Pack) -> Iterator[Offence]:
    """Recompute annual and monthly values from the daily table."""
    needed = ("date", "scope", "aqi", "known_exceedance", "o3_windows", *POLLUTANTS)
    daily = pack.frame("air/daily", *needed)
    if daily is None or daily.empty:
        return
    daily = daily.dropna(subset=["date", "scope"]).drop_duplicates(["date", "scope"])
    daily = daily.assign(year=daily["date"].dt.year, month=daily["date"].dt.month)
    scopes = set(daily["scope"])
    for table, keys in (("air/annual", ["year"]), ("air/monthly", ["year", "month"])):
        groups = dict(iter(daily.groupby(["scope", *keys])))
        for row in pack.rows(table, "scope", "indicator", *keys, "value", "valid_days"):
            if row["scope"] not in scopes or not all(row[key] > 0 for key in keys):
                continue
            days = groups.get((row["scope"], *(row[key] for key in keys)), daily[:0])
            value, valid = _statistic(row["indicator"], days, row.get("completeness"))
            if valid and row.reads("valid_days") and row["valid_days"] not in valid:
                yield row.wrong("valid_days", "check.valid_days", counted=max(valid))
            known = row.get("known_exceedances", math.nan)
            counted = int(days["known_exceedance"].fillna(False).sum())
            if row["indicator"] in _OF_THE_INDEX and not (known == counted or math.isnan(known)):
                yield row.wrong("known_exceedances", "check.exceedances", counted=counted)
            slack = half_unit(row.text("value")) + 1e-4 * max(1, abs(value))
            if abs(row["value"] - value) > slack:
                yield row.wrong("value", "check.days_give", result=value)


def _statistic(indicator: str, days: pd.DataFrame, completeness) -> tuple[float, set[int]]:
    """Return what an indicator is over these days, and the numbers of valid days allowed."""
    extra = days["known_exceedance"].fillna(False).to_numpy(dtype=bool)
    index = _floats(days["aqi"])
    whole = index[~np.isnan(index) & ~extra]
    above = {"heavy_days": 200, "severe_days": 300}.get(indicator)
    if above:
        # a known exceedance counts here, and in no ratio and no number of good days
        worst = _air_index(days[extra])
        return float(np.sum(whole > above) + np.sum(worst > above)), {len(whole)}
    if indicator in ("good_days", "good_day_ratio", "heavy_day_ratio"):
        good = whole > 200 if indicator == "heavy_day_ratio" else whole <= 100
        factor = 1 if indicator == "good_days" else 100 / max(1, len(whole))
        return (factor * float(np.sum(good)) if len(whole) else math.nan), {len(whole)}
    column = {"o3_8h_mean": "o3_8h", "o3_8h_p90": "o3_8h", "co_p95": "co"}.get(indicator, indicator)
    if column not in POLLUTANTS:
        return math.nan, set()
    values = _floats(days[column])
    few = (column == "o3_8h") & (_floats(days["o3_windows"]) < 14)
    valid = {int(np.sum(~np.isnan(values))), int(np.sum(~np.isnan(values) & ~few))}
    # HJ 663 admits a day of few windows that exceeds 160; a partial year leaves it out
    values = values[~np.isnan(values) & ~(few & (completeness == "partial"))]
    if not len(values):
        return math.nan, valid
    percent = {"o3_8h_p90": 90, "co_p95": 95}.get(indicator)
    return float(np.percentile(values, percent) if percent else np.mean(values)), valid


def _floats(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=float, na_value=np.nan)


def _air_index(days: pd.DataFrame) -> np.ndarray:
    """Return the index of each day's concentrations, of those that are there."""
    highest = np.zeros(len(days))
    for pollutant, ends in _BREAKPOINTS.items():
        rounded = np.round(_floats(days[pollutant]), 1 if pollutant == "co" else 0)
        sub_index = np.ceil(np.round(np.interp(rounded, ends, _INDEX[: len(ends)]), 6))
        highest = np.fmax(highest, sub_index)
    return highest


def _check_computed(pack: Pack) -> Iterator[Offence]:
    """Find computed air among the observations."""
    computed = pack.known("air/annual", "indicator") or set()
    for row in pack.rows("observations", "indicator", "status"):
        if row["status"] == "computed" and row["indicator"] in computed:
            yield row.wrong("status", "check.computed_air")


def _check_completeness(pack: Pack) -> Iterator[Offence]:
    """Recompute the class of each year from valid days (HJ 663, and ours)."""
    key = ("scope", "indicator", "year")
    months: dict[tuple, dict[int, int]] = defaultdict(dict)
    for row in pack.rows("air/monthly", *key, "month", "valid_days"):
        months[tuple(row[name] for name in key)][row["month"]] = row["valid_days"]
    for row in pack.rows("air/annual", *key, "valid_days", "completeness"):
        found, length = months.get(tuple(row[name] for name in key)), _days_in(row)
        if not found or not length or not row.reads("completeness"):
            continue
        least = [found.get(month, 0) for month in range(1, 13)]
        full = all(days >= (25 if month == 2 else 27) for month, days in enumerate(least, 1))
        # nationally published days do not tell how many hours stand behind them
        if row["valid_days"] >= 324 and full and not row.get("national_days", 0) > 0:
            earned = "strict"
        elif row["valid_days"] >= 0.85 * length and min(least) >= 15:
            earned = "adequate"
        else:
            earned = "partial"
        if row["completeness"] != earned:
            yield row.wrong("completeness", "check.earned", least=min(least), earned=earned)


def _check_daily(pack: Pack) -> Iterator[Offence]:
    """Recompute each day's index; find primary pollutants that are none."""
    for table in ("air/daily", "air/station_daily"):
        frame = pack.frame(table, "aqi", "primary", *POLLUTANTS)
        if frame is None or frame.empty:
            continue
        cells, index = pack.sheets[table].cells, pd.Series(_air_index(frame), frame.index)
        for line in frame.index[np.abs(_floats(frame["aqi"]) - index) > _INDEX_SLACK]:
            given, result = cells.at[line, "aqi"], index[line]
            yield offence(table, line, "aqi", given, "check.index_differs", result=result)
        for line, primary in frame["primary"].dropna().items():
            if not set(primary.split("+")) <= set(POLLUTANTS):
                said = {"primary": primary[:80], "words": ", ".join(POLLUTANTS)}
                yield offence(table, line, "primary", primary, "check.primary", **said)


def _check_stations(pack: Pack) -> Iterator[Offence]:
    """Find days of the district far from its stations' days."""
    daily = pack.frame("air/daily", "date", "scope", *POLLUTANTS)
    stations = pack.frame("air/station_daily", "date", "station", *POLLUTANTS)
    if daily is None or stations is None or daily["scope"].nunique() != 1:
        return
    number = stations["station"].nunique()
    both = set(daily) & set(stations)
    columns = [name for name in (*POLLUTANTS, "pm10_reported") if name in both]
    ends = stations.dropna(subset=["date"]).groupby("date")[columns].agg(["min", "max", "count"])
    for name in columns:
        seen = ends[name].reindex(daily["date"]).set_axis(daily.index)
        slack = _STATION_SLACK * seen["max"] + _STATION_LEAST.get(name, 5)
        outside = (daily[name] < seen["min"] - slack) | (daily[name] > seen["max"] + slack)
        for line in daily.index[outside & (seen["count"] == number)]:
            given = pack.sheets["air/daily"].cells.at[line, name]
            said = {"low": seen.at[line, "min"], "high": seen.at[line, "max"]}
            yield offence("air/daily", line, name, given, "check.stations_report", **said)


RULES: tuple[Callable[[Pack], Iterator[Offence]], ...] = tuple(
    rule for name, rule in list(globals().items()) if name.startswith("_check_")
)
