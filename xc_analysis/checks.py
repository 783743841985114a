"""Find everything that is wrong with the tables of a folder, in one run; raise nothing.

A rule looks only at what could be read: the reader has reported a table or column that is missing;
it counts as empty. In rows an empty or unreadable cell is NaN, which fails every comparison.
"""

import contextlib
import math
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from . import tables
from .derivation import evaluate, half_unit, names
from .errors import InputError
from .tables import Offence, Sheet, data_dir, near, offence, read_bytes, read_sheet, table_names
from .words import Message, message

QUANTITY = ("value", "lower", "upper")
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")

_TABLE_FILES = {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".json"}


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
        What concerns no single column stands under ``(file)``, ``(header)`` or ``(row)``. Bad
        input raises nothing; problem and remedy are in the language in force.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.check().columns.tolist()
    ['table', 'line', 'column', 'value', 'problem', 'remedy']
    """
    try:
        found = _offences(data_dir(data))
    except InputError as fault:
        said = fault.args[0].values
        found = [("", 1, "(file)", said["place"], said["problem"], said["remedy"])]
    order = {name: position for position, name in enumerate(table_names())}
    found.sort(key=lambda offence: (order.get(offence[0], len(order)), *offence[:2]))
    rows = [[str(part) for part in offence[:6]] for offence in found]
    frame = pd.DataFrame(rows, columns=Offence._fields[:6], dtype="str").drop_duplicates()
    return frame.astype({"line": "int64"}).reset_index(drop=True)


def format_offence(row, *, data: str | os.PathLike | None = None) -> str:
    """Format a row of `check`'s frame as one line, ``file:line: column: problem: remedy``."""
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


def _offences(folder: Path) -> list[Offence]:
    found: list[Offence] = []
    sheets: dict[str, Sheet] = {}
    for table in table_names():
        content = read_bytes(folder / f"{table}.csv", within=folder)
        if isinstance(content, Message):
            found.append(offence(table, 1, "(file)", "", content.key, **content.values))
        else:
            sheets[table] = read_sheet(table, content)
            found += sheets[table].offences
    pack = Pack(folder, sheets)
    for rule in RULES:
        try:
            found += rule(pack)
        except Exception as fault:  # a rule that fails must not hide what the others find
            said = {"rule": rule.__name__, "fault": f"{type(fault).__name__}: {fault}"}
            found.append(offence("", 1, "(file)", rule.__name__, "check.rule_failed", **said))
    return found


class Row(dict):
    """The typed cells of a row, NaN where one is empty or unreadable."""

    def __init__(self, sheet: Sheet, line: int, cells: dict):
        super().__init__(cells)
        self.sheet, self.line = sheet, line

    def text(self, column: str) -> str | None:
        """Return a cell as it stands in the file, None where the file lacks the column."""
        return self.sheet.cells.at[self.line, column]

    def reads(self, column: str) -> bool:
        """Tell whether a cell is filled and readable."""
        return self[column] == self[column]

    def wrong(self, column: str, key: str, /, **values) -> Offence:
        """Build the offence of a cell; its text may name the cells of the row."""
        said = {**self, "column": column, **values}
        return offence(self.sheet.table, self.line, column, self.text(column) or "", key, **said)


@lru_cache(maxsize=64)
def _rows(sheet: Sheet) -> dict[int, Row]:
    cells = sheet.frame.astype(object).where(sheet.frame.notna(), math.nan)
    return {line: Row(sheet, line, row) for line, row in cells.to_dict("index").items()}


def flag(sheet: Sheet, column: str, wrong: pd.Series, key: str, /, **values) -> Iterator[Offence]:
    """Yield the offence of a column in each row that is wrong; a value may be one by row."""
    for line in wrong.index[wrong.fillna(False).astype(bool)]:
        said = {k: v.at[line] if isinstance(v, pd.Series) else v for k, v in values.items()}
        yield _rows(sheet)[line].wrong(column, key, **said)


class Pack:
    """The tables of one folder, as far as they could be read."""

    def __init__(self, folder: Path, sheets: dict[str, Sheet]):
        self.folder, self.sheets = folder, sheets

    def __getitem__(self, table: str) -> Sheet:
        return self.sheets.get(table) or read_sheet(table, b"")

    def rows(self, table: str, *columns: str) -> list[Row]:
        """Return the rows of a table; none if its file lacks one of the columns."""
        sheet = self[table]
        return list(_rows(sheet).values()) if set(columns) <= set(sheet.places) else []

    def known(self, table: str, column: str) -> set[str] | None:
        """Return all values of a column and what may be one; None where that cannot be told."""
        sheet = self[table]
        if column not in sheet.places:
            return None
        return {str(value) for value in sheet.frame[column].dropna()} | sheet.stray


def _check_cells_and_keys(pack: Pack) -> Iterator[Offence]:
    for sheet in pack.sheets.values():
        yield from _misfits(sheet)


@lru_cache(maxsize=64)
def _misfits(sheet: Sheet) -> tuple[Offence, ...]:
    """Find empty required cells, words outside a vocabulary, numbers outside a range, twins."""
    found, shape = [], sheet.schema
    for name, field in sheet.fields.items():
        limits, typed = field.get("constraints", {}), sheet.frame[name]
        # the reader has named what is no whole number and no truth value
        if limits.get("required") and field["type"] not in ("integer", "boolean"):
            found += flag(sheet, name, sheet.cells[name] == "", "check.empty")
        words = limits.get("enum", ())
        strangers = sorted(set(typed.dropna()) - set(words)) if words else ()
        for value in strangers:
            said = {"word": value[:80], "near": near(value, words), "words": ", ".join(words)}
            found += flag(sheet, name, typed == value, "check.vocabulary", **said)
        ends = (("check.below", "minimum", typed.lt), ("check.above", "maximum", typed.gt))
        for key, end, is_beyond in ends:
            if end in limits:
                found += flag(sheet, name, is_beyond(limits[end]), key, limit=limits[end])
    keys = [shape.get("primaryKey", []), *shape.get("uniqueKeys", [])]
    keys += [[n] for n, f in sheet.fields.items() if f.get("constraints", {}).get("unique")]
    for key in {tuple(key): key for key in keys if key}.values():
        filled = sheet.frame.dropna(subset=key)
        found += _repeats(sheet, filled, key, ", ".join(key), "check.repeats")
    return tuple(found)


def _repeats(sheet: Sheet, frame, shared: list[str], column, key) -> Iterator[Offence]:
    """Yield every row that shares these columns with another."""
    if not set(shared) <= set(sheet.places):
        return
    for cells, group in frame[frame.duplicated(shared, keep=False)].groupby(shared):
        named = ", ".join(str(cell).removesuffix(" 00:00:00") for cell in cells)
        for line in group.index:
            others = ", ".join(str(other) for other in group.index[:10] if other != line)
            said = {"lines": others, "columns": ", ".join(shared)}
            yield offence(sheet.table, line, column, named, key, **said)


def _check_references(pack: Pack) -> Iterator[Offence]:
    """Find ids, plans and areas that the tables they refer to do not hold."""
    for table, sheet in pack.sheets.items():
        joined = [name for name, field in sheet.fields.items() if field.get("form") == "ids"]
        references = [(name, ["sources"], "source_id") for name in joined]
        for foreign in sheet.schema.get("foreignKeys", ()):
            other = foreign["reference"]["resource"].replace("air-", "air/")
            references.append((foreign["fields"][0], [other], foreign["reference"]["fields"][0]))
        if table == "assumptions":
            references.append(("plan", ["targets"], "plan"))
            references.append(("scope", ["observations", "targets", "air/annual"], "scope"))
        for column, others, key in references:
            known = [pack.known(other, key) for other in others]
            if None in known:
                continue
            known, cells = set().union(*known), sheet.frame[column].dropna()
            cells = cells.str.split(";").explode() if column in joined else cells
            wrong = "check.unknown_word" if key in ("plan", "scope") else "check.no_reference"
            for line, value in cells[~cells.isin(known)].items():
                said = {"cell": value[:80], "near": near(value, known), "column": column}
                said |= {"other": others[0], "tables": ", ".join(others), "key": key}
                yield offence(table, line, column, value, wrong, **said)


def _check_links(pack: Pack) -> Iterator[Offence]:
    """Find addresses on hosts that are not the publisher's."""
    rows = pack.rows("publishers", "publisher", "hosts")
    hosts = {row["publisher"]: str(row["hosts"]).split(";") for row in rows}
    for row in pack.rows("sources"):
        publisher = row["publisher"]
        if not row.reads("url") or publisher in pack["publishers"].stray or publisher not in hosts:
            continue
        try:
            parts = urlsplit(row["url"])
            host, odd = parts.hostname or "", "@" in parts.netloc or parts.port is not None
        except ValueError:
            host, odd = "", True
        if odd or "\\" in row["url"] or not row["url"].isascii():
            yield row.wrong("url", "check.odd_address")
        elif host not in hosts[publisher]:
            yield row.wrong("url", "check.foreign_host", host=host[:80])


def _check_folder(pack: Pack) -> Iterator[Offence]:
    """Find files that are no tables of the project."""
    expected = {f"{table}.csv" for table in table_names()} | {"datapackage.json"}
    for path in sorted([*pack.folder.glob("*"), *pack.folder.glob("air/*")]):
        name = path.relative_to(pack.folder).as_posix()
        is_table = not path.name.startswith(".") and path.suffix.lower() in _TABLE_FILES
        if is_table and name not in expected:
            yield offence(name, 1, "(file)", name, "check.no_table", near=near(name, expected))


def _check_rows(pack: Pack) -> Iterator[Offence]:
    """Find cells that the other cells of their row, or the register, contradict."""
    for sheet in pack.sheets.values():
        yield from _row_faults(sheet, pack["indicators"])


@lru_cache(maxsize=64)
def _row_faults(sheet: Sheet, indicators: Sheet) -> tuple[Offence, ...]:
    """Apply the rules of ``datapackage.json`` that speak of a table or of its kind."""
    # Their expressions name typed columns, those of the row's indicator in the register as
    # of_..., and of the cell itself: @cell as typed, @half half a unit of its last digit,
    # @empty, @full; @texts are all cells as written.
    # a column that the schema does not know may have a name that no expression can hold
    frame, kinds, found = sheet.frame[[*sheet.fields]], [sheet.table], []
    if "indicator" in frame:
        register = indicators.frame.dropna(subset="indicator").drop_duplicates("indicator")
        register = register.set_index("indicator").reindex(frame["indicator"])
        frame = frame.join(register.set_axis(frame.index).add_prefix("of_"))
    if "value" in frame and frame["value"].dtype == float:
        kinds += ["figures"] if "indicator" in frame else []
        kinds += ["ranges"] if "lower" in frame else []
    if "capture" in frame:
        kinds.append("periods")
        first = frame["year"] * 10000 + frame.get("month", 1) * 100 + 1
        first = pd.to_datetime(first.astype(str), format="%Y%m%d", errors="coerce")
        leap = first.dt.is_leap_year.astype(float).where(first.notna())
        days = first.dt.days_in_month if "month" in frame else 365 + leap
        share = frame["valid_days"] / days
        off = (frame["capture"] - share).abs().where(share.between(0, 1))
        frame = frame.assign(of_days=days, share=share, off=off)
    # a missing whole number or truth value then fails every comparison, as others do
    nullable = {name: "float" for name in frame.select_dtypes(["Int64", "boolean"])}
    frame = frame.astype(nullable)
    said = {name: frame[name] for name in frame if name not in sheet.fields}
    for rule in (rule for rule in tables.package()["rules"] if rule["table"] in kinds):
        expression = rule["wrong"]
        for column in [name for name in rule["columns"].split() if name in sheet.places]:
            text, cell = sheet.cells[column], frame[column]
            at = {"cell": cell, "empty": text == "", "full": text != "", "texts": sheet.cells}
            at["known"] = frame["of_unit"].notna() if "of_unit" in frame else None
            at["half"] = text.map(half_unit).astype(float) if "@half" in expression else None
            wrong = frame.eval(expression, engine="python", local_dict=at)
            found += flag(sheet, column, wrong, rule["problem"], figure=cell, **said)
    return tuple(found)


def _check_plan_rows(pack: Pack) -> Iterator[Offence]:
    """Find rows of Table 2 that no indicator carries."""
    numbers = {int(row["plan_row"]) for row in pack.rows("indicators") if row["plan_row"] > 0}
    if max(numbers, default=0) < 100:
        for gap in sorted(set(range(1, max(numbers, default=0))) - numbers):
            yield offence("indicators", 1, "plan_row", gap, "check.plan_row_gap", number=gap)


def _check_statistics(pack: Pack) -> Iterator[Offence]:
    """Find indicators whose every used annual figure is of another statistic."""
    seen = defaultdict(set)
    for row in pack.rows("observations", "statistic"):
        if row["use"] is True and row["period"] == "annual":
            seen[row["indicator"]].add(str(row["statistic"]))
    for row in pack.rows("indicators"):
        found = seen[row["indicator"]]
        if found and row.text("statistic") and row["statistic"] not in found:
            listed = ", ".join(sorted(found)[:3])
            yield row.wrong("statistic", "check.other_statistic", found=listed)


def _check_twins(pack: Pack) -> Iterator[Offence]:
    """Find figures of one period that are used side by side, and assumptions set twice."""
    sheet, key = pack["observations"], ["scope", "indicator", "statistic", "year", "period"]
    used = sheet.frame[sheet.frame["use"].fillna(False).astype(bool)].dropna(subset=key)
    yield from _repeats(sheet, used, key, "use", "check.used_twice")
    sheet, key = pack["assumptions"], ["plan", "scope", "indicator", "parameter"]
    same = sheet.frame[sheet.frame["parameter"] != "reading"]
    same = same.assign(**{name: same[name].fillna("") for name in key})
    yield from _repeats(sheet, same, key, "indicator", "check.set_twice")


def _extent(period: str) -> tuple[int, int, set[int]] | None:
    """Return year and month in which a period ends, and the months that a part of a year covers."""
    year, _, part = period.partition("-")
    if not part:
        return (int(year[-4:]), 12, set()) if ".." in year else None
    if part[0] in "HQ":
        length = 6 if part[0] == "H" else 3
        last = length * int(part[1])
        first = last - length + 1
    else:
        start, _, end = part.partition("..")
        first, last = int(start[:2]), int((end or start)[:2])
    return int(year), last, set(range(first, last + 1))


def _check_periods(pack: Pack) -> Iterator[Offence]:
    """Find figures known before their period was over, and parts of a year as years."""
    # A used annual figure needs a source of the year's last days or later. Where the source has no
    # date, the other figures that it gives for that year tell how far it reaches.
    rows = pack.rows("sources")
    dates = {row["source_id"]: row["published"] for row in rows if row.reads("published")}
    newest = max((int(date[:4]) for date in dates.values()), default=9999)
    rows = pack.rows("observations", "source_id", "status", "use")
    rows = [row for row in rows if row.reads("year") and row.reads("period")]
    ends = [(extent := _extent(row["period"])) and extent[:2] for row in rows]
    reach: dict[tuple, tuple[int, int]] = {}
    for row, end in zip(rows, ends, strict=True):
        if end and end[0] == row["year"]:
            key = row["source_id"], row["year"]
            reach[key] = max(end, reach.get(key, end))
    for row, end in zip(rows, ends, strict=True):
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
    named = [row for table in tables for row in pack.rows(table) if row.reads("scope")]
    counts = Counter(row["scope"] for row in named)
    # without blanks, width and the suffix of their kind
    plain = {name: unicodedata.normalize("NFKC", name) for name in counts}
    bare = {name: re.sub(r"\s|[区市县]$", "", text) for name, text in plain.items()}
    usual = {bare[name]: name for name in sorted(counts, key=counts.get)}
    for row in named:
        if row["scope"] != usual[bare[row["scope"]]]:
            yield row.wrong("scope", "check.other_name", usual=usual[bare[row["scope"]]])


def _span(row: Row) -> tuple[float, float, float]:
    """Return an observation with its range: its own, else what its last digit allows."""
    value, lower, upper = (row[name] for name in QUANTITY)
    if math.isnan(lower) and math.isnan(upper):
        # a whole figure in one of these units is a count and carries no rounding
        count = row["unit"] in ("d", "count", "rank") and float(value).is_integer()
        half = half_unit(row.text("value")) if row["status"] == "printed" and not count else 0.0
        lower, upper = value - half, value + half
    lower = -math.inf if math.isnan(lower) else lower
    return value, lower, math.inf if math.isnan(upper) else upper


def _check_derivations(pack: Pack) -> Iterator[Offence]:
    """Recompute every derivation, its value and its range."""
    needed = ("obs_id", *QUANTITY, "unit", "status", "derivation", "period")
    rows = pack.rows("observations", *needed)
    figures = {row["obs_id"]: row for row in reversed(rows)}
    known = set(figures) | pack["observations"].stray
    circles = _circles(rows)
    register = {row["indicator"]: row for row in reversed(pack.rows("indicators"))}
    for row in [row for row in rows if row.reads("derivation")]:
        try:
            named = names(row["derivation"])
            for name in named:
                if name not in known:
                    said = {"name": name[:80], "near": near(name, known)}
                    yield row.wrong("derivation", "check.no_obs_id", **said)
            if not named and row["status"] != "bound":
                yield row.wrong("derivation", "check.names_nothing")
            elif not set(named) <= set(figures):
                continue
            elif row["obs_id"] in circles:
                yield row.wrong("derivation", "check.circle", path=circles[row["obs_id"]])
            else:
                result = evaluate(row["derivation"], lambda name: _span(figures[name]))
                yield from _compare(row, *result, register.get(row["indicator"], {}))
                yield from _whole_years(row, [figures[name] for name in named])
        except InputError as fault:
            yield row.wrong("derivation", "check.expression", fault=fault.args[0])


def _circles(rows: list[Row]) -> dict[str, str]:
    """Return the circle of derivations that an observation lies on, for those that lie on one."""
    uses: dict[str, tuple[str, ...]] = {}
    for row in rows:
        with contextlib.suppress(InputError):
            uses[row["obs_id"]] = names(row["derivation"]) if row.reads("derivation") else ()
    found: dict[str, str] = {}
    while True:
        try:
            TopologicalSorter({n: uses[n] for n in uses if n not in found}).prepare()
            return found
        except CycleError as fault:
            # the sorter walks from what is used to what uses it
            circle = fault.args[1][:0:-1]
            for at, name in enumerate(circle):
                turned = (circle * 2)[at : at + min(10, len(circle))]
                found[name] = " -> ".join(turned + [name if len(circle) <= 10 else "..."])


def _compare(row: Row, value: float, low: float, high: float, register) -> Iterator[Offence]:
    digit = {name: 2 * half_unit(row.text(name)) * (1 + 1e-6) for name in QUANTITY}
    if row["status"] == "bound":
        ends = [row[name] for name in ("lower", "upper") if row.reads(name)]
        slack = max(digit["lower"], digit["upper"])
        if ends and not any(low - slack <= end <= high + slack for end in ends):
            yield row.wrong("derivation", "check.bound_differs", low=low, high=high)
    elif math.isnan(value):
        yield row.wrong("derivation", "check.derived_from_bound")
    elif abs(row["value"] - value) > digit["value"] / 2 + 1e-9 * abs(value):
        said = {"result": value, "given": row.text("value")}
        yield row.wrong("value", "check.derivation_differs", **said)
    if row["status"] == "derived" and not math.isnan(value):
        low = float(np.fmax(low, register.get("floor", math.nan)))
        high = float(np.fmin(high, register.get("ceiling", math.nan)))
        for name, end in (("lower", low), ("upper", high)):
            if not row.text(name):
                yield row.wrong(name, "check.no_range", end=end)
            elif abs(row[name] - end) > digit[name]:
                yield row.wrong(name, "check.range_differs", low=low, high=high, end=end)


def _whole_years(row: Row, used: list[Row]) -> Iterator[Offence]:
    """Find parts of a year in an annual figure without the rest of the year."""
    months: dict[int, set[int]] = defaultdict(set)
    extents = [(figure, _extent(figure["period"])) for figure in used if figure.reads("period")]
    parts = [(figure, *extent) for figure, extent in extents if extent and extent[2]]
    for _, year, _, covered in parts:
        months[year] |= covered
    for figure, year, _, _ in parts:
        if row["period"] == "annual" and len(months[year]) < 12:
            said = {"name": figure["obs_id"], "part": figure["period"]}
            yield row.wrong("derivation", "check.part_year", **said)


def _check_statements(pack: Pack) -> Iterator[Offence]:
    """Find statements that cannot be recomputed."""
    known = {kind: pack.known("indicators", "indicator") for kind in ("station", "published")}
    known["printed"] = pack.known("statements", "statement_id")
    known["obs"] = pack.known("observations", "obs_id")
    for row in pack.rows("statements"):
        try:
            named = names(row["recompute"]) if row.reads("recompute") else ()
        except InputError as fault:
            yield row.wrong("recompute", "check.expression", fault=fault.args[0])
            continue
        for name in named:
            kind, rest = name.split(".", 1) if "." in name else ("obs", name)
            wrong, is_dated = None, kind in ("station", "published")
            rest, _, year = rest.rpartition(".") if is_dated else (rest, "", "")
            if kind not in known:
                wrong = message("check.no_such_kind", kind=kind)
            elif is_dated and not re.fullmatch("[0-9]{4}", year):
                wrong = message("check.no_year")
            elif known[kind] is not None and rest not in known[kind]:
                wrong = message("check.is_unknown", name=rest, near=near(rest, known[kind]))
            if wrong:
                yield row.wrong("recompute", "check.no_figure", name=name[:80], fault=wrong)


def _check_readings(pack: Pack) -> Iterator[Offence]:
    """Find targets whose reading is none of their indicator."""
    rows = pack.rows("assumptions", "parameter", "indicator")
    readings = {row["id"]: row for row in rows if row.reads("id")}
    for row in pack.rows("targets", "indicator"):
        reading, wanted = readings.get(row["reading"]), ("reading", row["indicator"])
        if reading and (reading["parameter"], reading["indicator"]) != wanted:
            yield row.wrong("reading", "check.no_reading")


def _check_parameters(pack: Pack) -> Iterator[Offence]:
    """Find parameters that cannot be used."""
    for row in pack.rows("assumptions", "indicator", "parameter", "value", "reading"):
        parameter, value = row["parameter"], row["value"]
        # `basis` and `partial` take the words of the columns of their name
        limits = row.sheet.fields.get(parameter, {}).get("constraints", {})
        words = ["end", "start"] if parameter == "hour_label" else limits.get("enum")
        if row.reads("value"):
            number = re.fullmatch(r"[0-9]{1,2}(?:\.[0-9]{1,12})?", value)
            if parameter == "prior_sd" and not (number and 0 < float(value) <= 10):
                yield row.wrong("value", "check.parameter_number", most=10)
            elif words and value not in words:
                yield row.wrong("value", "check.parameter_word", words=", ".join(words))
        match = re.fullmatch(r"(?:<=|>=|<|>|=) (-?[0-9]+(?:\.[0-9]+)?)", str(row["reading"]))
        if parameter == "reading" and not match:
            yield row.wrong("reading", "check.reading_form")
        elif parameter == "reading" and row.reads("value") and match[1] != value:
            yield row.wrong("value", "check.reading_differs")


def _check_air(pack: Pack) -> Iterator[Offence]:
    """Compare annual and monthly values with what the daily table gives."""
    for table, again in _from_days(pack["air/daily"]).items():
        sheet, keys = pack[table], again.index.names
        frame = sheet.frame.dropna(subset=keys)
        for at, name in enumerate(keys[:2]):
            frame = frame[frame[name].isin(again.index.levels[at])]
        of = again.reindex(pd.MultiIndex.from_frame(frame[keys])).set_axis(frame.index)
        days, known = (of[n].fillna(0).astype(int) for n in ("valid_days", "known_exceedances"))
        wrong = frame["valid_days"] != days
        yield from flag(sheet, "valid_days", wrong, "check.valid_days", counted=days)
        wrong = frame["indicator"].str.contains("_day") & (frame["known_exceedances"] != known)
        yield from flag(sheet, "known_exceedances", wrong, "check.exceedances", counted=known)
        half = sheet.cells["value"][frame.index].fillna("").map(half_unit).astype(float)
        wrong = (frame["value"] - of["value"]).abs() > half + 1e-4 * of["value"].abs().clip(1)
        yield from flag(sheet, "value", wrong, "check.days_give", result=of["value"])
        # nationally published days do not tell how many hours stand behind them
        has_national = (frame["national_days"] > 0).fillna(False).astype(bool)
        is_strict = of["completeness"] == "strict"
        earned = of["completeness"].mask(is_strict & has_national, "adequate")
        wrong = earned.notna() & frame["completeness"].notna() & (frame["completeness"] != earned)
        said = {"earned": earned, "least": of["least"], "valid_days": days}
        yield from flag(sheet, "completeness", wrong & of["least"].notna(), "check.earned", **said)


@lru_cache(maxsize=8)
def _from_days(sheet: Sheet) -> dict[str, pd.DataFrame]:
    """Compute years and months of the daily table anew, by the code that writes them."""
    from .hourly import annual, monthly

    days = sheet.frame.dropna(subset=["date", "scope"]).drop_duplicates(["date", "scope"])
    if days.empty or not {"aqi", "known_exceedance", *POLLUTANTS} <= set(sheet.places):
        return {}
    # which pollutants of a day are national, the table of days does not tell
    days, key = days.assign(national=False), ["scope", "indicator", "year"]
    years, months = annual(days), monthly(days)
    poorest = months.groupby(key)["valid_days"].agg(["min", "size"])
    years = years.join(poorest["min"].where(poorest["size"] == 12, 0).rename("least"), on=key)
    months = months.assign(least=math.nan).set_index([*key, "month"])
    return {"air/annual": years.set_index(key), "air/monthly": months}


def _check_daily(pack: Pack) -> Iterator[Offence]:
    """Compute each day's index anew; find primary pollutants that are none."""
    from .hourly.aqi import sub_index

    for sheet in (pack["air/daily"], pack["air/station_daily"]):
        frame = sheet.frame
        if {"aqi", "primary", *POLLUTANTS} <= set(sheet.places):
            parts = [sub_index(frame[name], name) for name in POLLUTANTS]
            index = pd.Series(np.fmax.reduce([np.zeros(len(frame)), *parts]), frame.index)
            # rounding of the stored concentrations may move an index by three points
            wrong = (frame["aqi"].astype(float) - index).abs() > 3
            yield from flag(sheet, "aqi", wrong, "check.index_differs", result=index)
            named = frame["primary"].dropna()
            wrong = ~named.str.split("+").map(set(POLLUTANTS).issuperset).astype(bool)
            said = {"primary": named.str[:80], "words": ", ".join(POLLUTANTS)}
            yield from flag(sheet, "primary", wrong, "check.primary", **said)


def _check_stations(pack: Pack) -> Iterator[Offence]:
    """Find days of the district far from its stations' days."""
    sheet, stations = pack["air/daily"], pack["air/station_daily"]
    daily, there = sheet.frame, set(sheet.places) & set(stations.places)
    if not {"date", *POLLUTANTS} <= there or daily["scope"].nunique() != 1:
        return
    stations = stations.frame.dropna(subset=["date"])
    columns = [name for name in (*POLLUTANTS, "pm10_reported") if name in there]
    ends = stations.groupby("date")[columns].agg(["min", "max", "count"])
    for name in columns:
        seen = ends[name].reindex(daily["date"]).set_axis(daily.index)
        # so far may hours missing at one station carry the district beyond its stations' days
        slack = 0.35 * seen["max"] + (0.5 if name == "co" else 5)
        outside = (daily[name] < seen["min"] - slack) | (daily[name] > seen["max"] + slack)
        outside &= seen["count"] == stations["station"].nunique()
        said = {"low": seen["min"], "high": seen["max"]}
        yield from flag(sheet, name, outside, "check.stations_report", **said)


RULES = tuple(rule for name, rule in list(globals().items()) if name.startswith("_check_"))
