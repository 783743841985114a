"""What must hold within and between tables; each rule yields offences and raises nothing.

`_rules` lists what `tables.check` applies. A rule looks only at what could be read: a
table or a column that is missing has been reported already and is passed over in silence.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from .reading import WHOLE_FILE, Offence, Sheet, near, read_bytes
from .schemas import TABLES, pandera_schema

_TABLE_FILES = {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".json"}
_BESIDE_TABLES = {"datapackage.json"}
_VALUES = ("value", "lower", "upper")


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


def offences(folder: Path, reader) -> list[Offence]:
    """All offences of the tables in a folder; `reader` makes a `Sheet` of a table's bytes."""
    found: list[Offence] = []
    sheets: dict[str, Sheet] = {}
    for name, table in TABLES.items():
        data = read_bytes(folder / table.path, within=folder)
        if isinstance(data, tuple):
            if not (table.optional and not (folder / table.path).exists()):
                found.append(Offence(name, 1, WHOLE_FILE, "", *data))
            continue
        sheets[name] = reader(table, data)
        found += sheets[name].offences
    pack = Pack(folder, sheets)
    seen = {(offence.table, offence.line, offence.column) for offence in found}
    for rule in _rules():
        try:
            found += list(rule(pack))
        except Exception as error:  # a rule that fails must not hide what the others find
            found.append(
                Offence(
                    "",
                    1,
                    WHOLE_FILE,
                    rule.__name__,
                    f"rule {rule.__name__} could not be applied ({type(error).__name__}: {error})",
                    "correct the other offences first; if it stays, report it",
                )
            )
    return [o for o in found if not (o.problem == _EMPTY and o.remedy == _FILL and _key(o) in seen)]


def _key(offence: Offence) -> tuple[str, int, str]:
    return offence.table, offence.line, offence.column


_EMPTY, _FILL = "is empty", "fill it in"


def cells_fit_their_columns(pack: Pack) -> Iterator[Offence]:
    """Required cells, vocabularies and ranges, by the pandera schemas."""
    for sheet in pack.sheets.values():
        yield from _misfits(sheet)


@lru_cache(maxsize=64)
def _misfits(sheet: Sheet) -> tuple[Offence, ...]:
    from pandera.errors import SchemaErrors

    try:
        pandera_schema(sheet.table).validate(sheet.frame, lazy=True)
    except SchemaErrors as failure:
        cases = failure.failure_cases
    else:
        return ()
    found = []
    for case in cases.itertuples():
        column = TABLES[sheet.table].column(case.column)
        if case.check == "not_nullable":
            problem, remedy = _EMPTY, _FILL
        elif case.check == "values":
            word = str(case.failure_case)
            problem = f"{word!r} is not one of the words allowed{near(word, column.values)}"
            remedy = f"use {', '.join(column.values)}"
        else:
            side, limit = ("below", column.low) if case.check == "low" else ("above", column.high)
            problem = f"{case.failure_case:g} is {side} {limit:g}, the limit of this column"
            remedy = "correct the figure"
        value = sheet.cells.at[case.index, column.name][:80]
        found.append(Offence(sheet.table, int(case.index), column.name, value, problem, remedy))
    return tuple(found)


def keys_are_unique(pack: Pack) -> Iterator[Offence]:
    for name, table in TABLES.items():
        for key in (table.key, *table.unique):
            frame = pack.frame(name, *key)
            if frame is None or not key:
                continue
            yield from _repeats(pack, name, frame.dropna(subset=list(key)), key, ", ".join(key))


def _repeats(pack, name, frame, key, column, what="repeats", remedy=None) -> Iterator[Offence]:
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


def references_exist(pack: Pack) -> Iterator[Offence]:
    for name, table in TABLES.items():
        for column in table.columns:
            frame = pack.frame(name, column.name)
            if not column.foreign or frame is None:
                continue
            known = pack.known(*column.foreign)
            if known is None:
                continue
            for line, value in frame[column.name].dropna().items():
                if value not in known:
                    yield pack.offence(
                        name,
                        line,
                        column.name,
                        f"{value!r} is not in {column.foreign[0]}.csv{near(value, known)}",
                        f"use a {column.foreign[1]} of {column.foreign[0]}.csv, or add it there",
                    )


def units_are_the_indicators(pack: Pack) -> Iterator[Offence]:
    register = pack.frame("indicators", "indicator", "unit")
    if register is None:
        return
    units = register.drop_duplicates("indicator").set_index("indicator")["unit"]
    for name in TABLES:
        frame = pack.frame(name, "indicator", "unit", "value") if name != "projects" else None
        if frame is None or name == "left_out":
            continue
        wanted = frame["indicator"].map(units)
        wrong = frame[wanted.notna() & frame["unit"].notna() & (frame["unit"] != wanted)]
        for line, row in rows(wrong):
            yield pack.offence(
                name,
                line,
                "unit",
                f"unit {row['unit']!r} is not {wanted[line]!r}, the unit of {row['indicator']}",
                f"convert the figure to {wanted[line]} and write that unit",
            )


def values_are_possible(pack: Pack) -> Iterator[Offence]:
    """No value outside its indicator's floor and ceiling; lower <= value <= upper."""
    register = pack.frame("indicators", "indicator", "floor", "ceiling")
    if register is not None:
        register = register.drop_duplicates("indicator").set_index("indicator")
    for name in ("observations", "targets", "air/annual", "air/monthly"):
        frame = pack.frame(name, "indicator", "value")
        if frame is None:
            continue
        columns = [column for column in _VALUES if column in frame]
        for column in columns if register is not None else ():
            for side, limit in (("below", "floor"), ("above", "ceiling")):
                limits = frame["indicator"].map(register[limit].to_dict()).astype("float64")
                beyond = frame[column] < limits if side == "below" else frame[column] > limits
                for line in frame.index[beyond]:
                    yield pack.offence(
                        name,
                        line,
                        column,
                        f"{frame.at[line, column]:g} is {side} {limits[line]:g}, the {limit} of"
                        f" {frame.at[line, 'indicator']}",
                        "correct the figure, or the register if it is possible",
                    )
        if len(columns) < 3:
            continue
        for line in frame.index[frame["lower"] > frame["upper"]]:
            yield pack.offence(
                name, line, "lower", "lower is above upper", "put the smaller number in lower"
            )
        sound = ~(frame["lower"] > frame["upper"])
        for column, outside in (
            ("lower", frame["value"] < frame["lower"]),
            ("upper", frame["value"] > frame["upper"]),
        ):
            for line in frame.index[outside & sound]:
                yield pack.offence(
                    name,
                    line,
                    "value",
                    f"value lies outside its own range ({column} is {frame.at[line, column]:g})",
                    "correct value, lower or upper",
                )


def observations_say_how_they_came(pack: Pack) -> Iterator[Offence]:
    """What each status needs: values, ranges, derivations."""
    frame = pack.frame("observations", "status", *_VALUES, "derivation")
    if frame is None:
        return
    cells = pack.sheets["observations"].cells
    for line, row in rows(frame):
        status = row["status"]
        has = {name: cells.at[line, name] != "" for name in (*_VALUES, "derivation")}
        if status == "bound":
            if has["value"]:
                problem, remedy = (
                    "a bound has no value",
                    "clear it; the limit goes in lower or upper",
                )
                yield pack.offence("observations", line, "value", problem, remedy)
            if not has["lower"] and not has["upper"]:
                problem, remedy = "a bound needs a limit", "give lower, upper or both"
                yield pack.offence("observations", line, "lower", problem, remedy)
        elif status in ("printed", "derived", "computed", "estimated") and not has["value"]:
            problem, remedy = f"a {status} row needs its value", "fill it in, or make it a bound"
            yield pack.offence("observations", line, "value", problem, remedy)
        if status == "estimated":
            for name in ("lower", "upper"):
                if not has[name]:
                    problem, remedy = "an estimate needs its interval", f"give {name}"
                    yield pack.offence("observations", line, name, problem, remedy)
        if status == "printed" and has["derivation"]:
            problem = "a printed figure has no derivation"
            yield pack.offence(
                "observations", line, "derivation", problem, "clear it, or make the row derived"
            )
        if row.get("use") is False and pd.isna(row.get("note", "")):
            problem, remedy = "an unused row says why it is not used", "write the reason"
            yield pack.offence("observations", line, "note", problem, remedy)
        if status in ("derived", "computed", "estimated") and not has["derivation"]:
            yield pack.offence(
                "observations",
                line,
                "derivation",
                f"a {status} row must show how it was reached",
                "write it in + - * / over obs_ids and plain numbers",
            )


def one_row_is_used(pack: Pack) -> Iterator[Offence]:
    key = ("scope", "indicator", "statistic", "year", "period")
    frame = pack.frame("observations", *key, "use")
    if frame is None:
        return
    used = frame[frame["use"].fillna(False).astype(bool)].dropna(subset=list(key))
    remedy = "keep `use` true on one row of this series and period; say why in note"
    yield from _repeats(pack, "observations", used, key, "use", "`use` is true here and in", remedy)


def _last_month(period: str) -> tuple[int, int] | None:
    """(year, month) in which a period of the observations ends; None for `annual`."""
    if period == "annual":
        return None
    if ".." in period and "-" not in period:
        return int(period[-4:]), 12
    year, rest = int(period[:4]), period[5:]
    if rest.startswith("H"):
        return year, 6 * int(rest[1])
    if rest.startswith("Q"):
        return year, 3 * int(rest[1])
    return year, int(rest[-2:] if ".." in rest else rest[:2])


def periods_match_years(pack: Pack) -> Iterator[Offence]:
    """The year is the period's last; nothing is known before it is over."""
    frame = pack.frame("observations", "year", "period")
    if frame is None:
        return
    published = {}
    newest = None
    sources = pack.frame("sources", "source_id", "published")
    if sources is not None and {"source_id", "status"} <= set(frame.columns):
        newest = sources["published"].dropna().str[:4].astype("int64").max()
        published = sources.drop_duplicates("source_id").set_index("source_id")["published"]
        published = published.dropna().to_dict()
    for line, row in rows(frame):
        if pd.isna(row["year"]) or pd.isna(row["period"]):
            continue
        year, period = int(row["year"]), row["period"]
        end = _last_month(period)
        if end and end[0] != year:
            yield pack.offence(
                "observations",
                line,
                "year",
                f"year {year} is not that of period {period}, which ends in {end[0]}",
                f"write {end[0]}, or correct the period",
            )
            continue
        date = published.get(row.get("source_id"))
        if date is None and year > (newest or year):
            problem = f"year {year} lies beyond every source, the newest being of {newest}"
            remedy = "correct the year, or give its source the date of publication"
            yield pack.offence("observations", line, "year", problem, remedy)
        if date is None or row["status"] in ("computed", "estimated"):
            continue
        if (
            end is None
            and row.get("use") is True
            and date < f"{year}-12-28"
            and date[:4] >= str(year)
        ):
            problem = f"its source was published {date}, before the year {year} was over"
            remedy = "write the part of the year that it covers: it is no annual figure"
            yield pack.offence("observations", line, "period", problem, remedy)
            continue
        known = tuple(int(part) for part in date.split("-")[:2])
        if (end or (year, 12))[: len(known)] > known:
            problem = f"its source was published {date}, before {year} ({period}) was over"
            remedy = "correct the year, the period or the source"
            yield pack.offence("observations", line, "period", problem, remedy)


def targets_are_complete(pack: Pack) -> Iterator[Offence]:
    frame = pack.frame("targets", "kind", "comparator", "value", "base_year", "target_year")
    if frame is None:
        return
    cells = pack.sheets["targets"].cells
    for line, row in rows(frame):
        for name in ("comparator", "value"):
            filled = cells.at[line, name] != ""
            if row["kind"] in ("delegated", "qualitative") and filled:
                problem, remedy = f"a {row['kind']} target has none of its own", "clear it"
                yield pack.offence("targets", line, name, problem, remedy)
            elif row["kind"] in ("level", "change") and not filled:
                problem, remedy = f"a {row['kind']} target needs it", "fill it in"
                yield pack.offence("targets", line, name, problem, remedy)
    for line in frame.index[(frame["base_year"] >= frame["target_year"]).fillna(False)]:
        problem = f"base year is not before target year {frame.at[line, 'target_year']}"
        yield pack.offence("targets", line, "base_year", problem, "correct one of the years")
    yield from _plan_rows_agree(pack)
    yield from _directions_agree(pack)
    readings = pack.frame("assumptions", "id", "parameter", "indicator")
    if readings is None or not {"reading", "indicator"} <= set(frame.columns):
        return
    readings = readings.drop_duplicates("id").set_index("id")
    for line, row in rows(frame[frame["reading"].isin(readings.index)]):
        reading = readings.loc[row["reading"]]
        if reading["parameter"] != "reading" or reading["indicator"] != row["indicator"]:
            yield pack.offence(
                "targets",
                line,
                "reading",
                f"assumption {row['reading']} is not a reading of {row['indicator']}",
                "name a row with parameter `reading` and the same indicator",
            )


def _plan_rows_agree(pack: Pack) -> Iterator[Offence]:
    register = pack.frame("indicators", "indicator", "plan_row")
    frame = pack.frame("targets", "indicator", "plan_row")
    if register is None or frame is None:
        return
    numbers = register.drop_duplicates("indicator").set_index("indicator")["plan_row"]
    wanted = frame["indicator"].map(numbers)
    wrong = frame["plan_row"].notna() & frame["indicator"].isin(numbers.index)
    wrong &= ~(frame["plan_row"] == wanted).fillna(False).astype(bool)
    for line in frame.index[wrong]:
        yield pack.offence(
            "targets",
            line,
            "plan_row",
            f"the register gives {frame.at[line, 'indicator']} another row of Table 2"
            f" ({'none' if pd.isna(wanted[line]) else wanted[line]})",
            "make the two agree",
        )


def _directions_agree(pack: Pack) -> Iterator[Offence]:
    """`>=` bounds what should fall, or `<=` what should rise: one of the two is a slip."""
    register = pack.frame("indicators", "indicator", "better")
    frame = pack.frame("targets", "indicator", "comparator")
    if register is None or frame is None:
        return
    better = register.drop_duplicates("indicator").set_index("indicator")["better"].to_dict()
    against = {"lower": (">", ">="), "higher": ("<", "<=")}
    for line, row in rows(frame):
        direction = better.get(row["indicator"])
        if row["comparator"] in against.get(direction, ()):
            problem = f"{row['comparator']} does not fit {row['indicator']}: {direction} is better"
            yield pack.offence("targets", line, "comparator", problem, "turn one of them round")


def places_have_one_name(pack: Pack) -> Iterator[Offence]:
    """A scope is written in one way everywhere; what an assumption speaks of is known."""
    tables = ("observations", "targets", "statements", "assumptions", "air/annual", "air/monthly")
    seen = {name: pack.frame(name, "scope") for name in tables}
    counts: dict[str, int] = {}
    for frame in seen.values():
        if frame is not None:
            for scope in frame["scope"].dropna():
                counts[scope] = counts.get(scope, 0) + 1
    common: dict[str, str] = {}
    for scope in sorted(counts, key=counts.get):
        common[_bare(scope)] = scope
    for name, frame in seen.items():
        if frame is None:
            continue
        for line, scope in frame["scope"].dropna().items():
            usual = common[_bare(scope)]
            if scope != usual:
                problem = f"scope {scope!r} is written {usual!r} elsewhere"
                yield pack.offence(name, line, "scope", problem, f"write {usual}")


def _bare(scope: str) -> str:
    """A scope's name without blanks, width and the suffix of its kind."""
    return re.sub(r"\s|[区市县]$", "", unicodedata.normalize("NFKC", scope))


def assumptions_speak_of_what_is_known(pack: Pack) -> Iterator[Offence]:
    for column, tables in (
        ("plan", ("targets",)),
        ("scope", ("observations", "targets", "air/annual")),
    ):
        known = [pack.known(name, column) for name in tables]
        frame = pack.frame("assumptions", column)
        if frame is None or None in known:
            continue
        known = set().union(*known)
        for line, value in frame[column].dropna().items():
            if value not in known:
                yield pack.offence(
                    "assumptions",
                    line,
                    column,
                    f"{value!r} is in none of {', '.join(tables)}{near(value, known)}",
                    f"write the {column} as the tables have it, or leave it empty for every one",
                )


def register_is_consistent(pack: Pack) -> Iterator[Offence]:
    frame = pack.frame("indicators", "scale", "floor", "ceiling", "prior_sd", "plan_row", "better")
    if frame is None:
        return
    for line, row in rows(frame):
        if row["floor"] >= row["ceiling"]:
            problem, remedy = "floor is not below ceiling", "correct one of them"
            yield pack.offence("indicators", line, "floor", problem, remedy)
        for name in ("floor", "ceiling"):
            if row["scale"] == "logit" and pd.isna(row[name]):
                problem = f"the logit scale needs a {name}"
                yield pack.offence("indicators", line, name, problem, "give it, or another scale")
        if row["scale"] in ("log", "count") and not row["floor"] >= 0:
            problem = f"the {row['scale']} scale needs a floor of 0 or more"
            yield pack.offence("indicators", line, "floor", problem, "give it, or another scale")
        if pd.notna(row["plan_row"]) and pd.isna(row["better"]):
            problem = "an indicator of the plan needs a direction"
            yield pack.offence("indicators", line, "better", problem, "write lower or higher")
        if row["prior_sd"] == 0:
            problem, remedy = "a prior scatter of 0 claims certainty", "give one above 0, or none"
            yield pack.offence("indicators", line, "prior_sd", problem, remedy)
    numbers = {int(number) for number in frame["plan_row"].dropna()}
    last = max(numbers, default=0)
    gaps = sorted(set(range(1, last + 1)) - numbers) if last < 100 else []
    for gap in gaps:
        yield Offence(
            "indicators",
            1,
            "plan_row",
            str(gap),
            f"no indicator carries row {gap} of Table 2",
            "give the row its number, or restore it",
        )


def series_take_the_registers_statistic(pack: Pack) -> Iterator[Offence]:
    """An indicator whose every used annual figure is of another statistic has an empty series."""
    register = pack.frame("indicators", "indicator", "statistic")
    seen = pack.frame("observations", "indicator", "statistic", "period", "use")
    if register is None or seen is None:
        return
    seen = seen[seen["use"].fillna(False).astype(bool) & (seen["period"] == "annual")]
    statistics = seen.groupby("indicator")["statistic"].agg(set).to_dict()
    for line, row in rows(register):
        found = {str(name) for name in statistics.get(row["indicator"], ())}
        if found and not pd.isna(row["statistic"]) and row["statistic"] not in found:
            yield pack.offence(
                "indicators",
                line,
                "statistic",
                f"no used annual figure of {row['indicator']} has this statistic"
                f" ({', '.join(sorted(found)[:3])})",
                "write the statistic of the series, in one wording",
            )


def assumptions_can_be_used(pack: Pack) -> Iterator[Offence]:
    table = TABLES["assumptions"]
    frame = pack.frame("assumptions", *table.names)
    if frame is None:
        return

    def at(line, column, problem, remedy):
        return pack.offence("assumptions", line, column, problem, remedy)

    for line in frame.index[(frame["fit_from"] > frame["fit_to"]).fillna(False)]:
        yield at(line, "fit_from", "the window ends before it begins", "put the earlier first")
    fits = frame["parameter"].isna()
    for line, row in rows(frame):
        if fits[line]:
            for name in ("fit_from", "fit_to", "method", "source", "basis", "partial"):
                if pack.sheets["assumptions"].cells.at[line, name] == "":
                    yield at(line, name, "a row that sets a fit needs it", "fill it in")
        elif pd.isna(row["value"]):
            yield at(line, "value", f"parameter {row['parameter']} has no value", "fill it in")
        else:
            fault = _parameter_fault(row["parameter"], row["value"])
            if fault:
                yield at(line, "value", *fault)
        if row["parameter"] == "reading":
            match = re.fullmatch(r"(<=|>=|<|>|=) (-?[0-9]+(?:\.[0-9]+)?)", str(row["reading"]))
            if not match:
                problem = "a reading is a comparator and a number"
                yield at(line, "reading", problem, "write it like `<= 35`")
            elif match[2] != row["value"] and not pd.isna(row["value"]):
                yield at(line, "value", "differs from the number in reading", "make the two agree")
        if row["decision"] in ("accepted", "changed", "rejected"):
            for name in ("reviewer", "reviewed_on"):
                if pd.isna(row[name]):
                    yield at(line, name, "a decision needs its reviewer and date", "fill it in")
    same = frame[frame["parameter"] != "reading"]
    same = same.assign(
        **{n: same[n].fillna("") for n in ("plan", "scope", "indicator", "parameter")}
    )
    key = ("plan", "scope", "indicator", "parameter")
    remedy = "keep one row for each plan, scope, indicator and parameter"
    yield from _repeats(pack, "assumptions", same, key, "indicator", "sets the same as", remedy)


def _parameter_fault(parameter: str, value: str) -> tuple[str, str] | None:
    numbers = {"phi": (0, 1), "prior_sd": (0, 10)}
    if parameter in numbers:
        low, high = numbers[parameter]
        plain = re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,12})?", value)
        if not plain or not low < float(value) <= high:
            return f"{parameter} is {value!r}", f"give a number above {low} and at most {high}"
    words = {
        "hour_label": ("end", "start"),
        "basis": ("raw", "old", "new"),
        "partial": ("estimate", "observed", "drop"),
    }
    if parameter in words and value not in words[parameter]:
        return f"{parameter} is {value!r}", f"use {', '.join(words[parameter])}"
    return None


def links_belong_to_publishers(pack: Pack) -> Iterator[Offence]:
    frame = pack.frame("sources", "publisher", "url")
    register = pack.frame("publishers", "publisher", "hosts")
    if frame is None or register is None:
        return
    hosts = {
        row.publisher: set() if pd.isna(row.hosts) else set(row.hosts.split(";"))
        for row in register.itertuples()
    }
    stray = pack.sheets["publishers"].stray
    for line, row in rows(frame.dropna(subset=["publisher", "url"])):
        if row["publisher"] not in hosts or row["publisher"] in stray:
            continue
        try:
            parts = urlsplit(row["url"])
            host, odd = parts.hostname or "", "@" in parts.netloc or parts.port is not None
        except ValueError:
            host, odd = "", True
        if odd or "\\" in row["url"] or not row["url"].isascii():
            problem = "address holds a user, a port or odd characters"
            yield pack.offence("sources", line, "url", problem, "write the plain address or none")
        elif host not in hosts[row["publisher"]]:
            yield pack.offence(
                "sources",
                line,
                "url",
                f"host {host!r} does not belong to {row['publisher']}",
                "name the mirror in words (via) and clear the address, or add the host to"
                " publishers.csv if it is the publisher's own",
            )


def dates_run_forward(pack: Pack) -> Iterator[Offence]:
    pairs = (
        ("sources", "published", "accessed", "was read before it was published"),
        ("standards", "valid_from", "valid_to", "ends before it begins"),
    )
    for table, first, second, problem in pairs:
        frame = pack.frame(table, first, second)
        if frame is None:
            continue
        for line, row in rows(frame.dropna(subset=[first, second])):
            early, late = str(row[first])[:10], str(row[second])[:10]
            shared = min(len(early), len(late))
            if late[:shared] < early[:shared]:
                yield pack.offence(table, line, second, problem, "correct one of the dates")


def projects_are_complete(pack: Pack) -> Iterator[Offence]:
    frame = pack.frame("projects", "kind", "table_row", "timing", "due_year")
    if frame is None:
        return
    cells = pack.sheets["projects"].cells
    for line, row in rows(frame):
        for needed, name, why in (
            (row["kind"] == "project", "table_row", "a project of Table 3 needs its row"),
            (row["timing"] == "dated", "due_year", "a dated task needs the year it is due"),
        ):
            if needed and cells.at[line, name] == "":
                yield pack.offence("projects", line, name, why, "fill it in")


def folder_holds_tables_only(pack: Pack) -> Iterator[Offence]:
    expected = {table.path for table in TABLES.values()} | _BESIDE_TABLES
    for folder in (pack.folder, pack.folder / "air"):
        try:
            names = sorted(path.name for path in itertools.islice(folder.iterdir(), 10_000))
        except OSError:
            continue
        for name in names:
            path = name if folder == pack.folder else f"air/{name}"
            suffix = Path(name).suffix.lower()
            if name.startswith(".") or suffix not in _TABLE_FILES or path in expected:
                continue
            yield Offence(
                path,
                1,
                WHOLE_FILE,
                path,
                f"is not a table of the pack{near(path, expected)}",
                "rename or remove it; packs hold UTF-8 csv tables only",
            )


def _rules() -> tuple[Rule, ...]:
    # these build on this module, so they are imported when it is whole
    from . import rules_air
    from .derivations import derivations_recompute, statements_can_be_recomputed

    return (
        cells_fit_their_columns,
        keys_are_unique,
        references_exist,
        units_are_the_indicators,
        values_are_possible,
        observations_say_how_they_came,
        one_row_is_used,
        periods_match_years,
        derivations_recompute,
        statements_can_be_recomputed,
        targets_are_complete,
        places_have_one_name,
        assumptions_speak_of_what_is_known,
        register_is_consistent,
        series_take_the_registers_statistic,
        assumptions_can_be_used,
        links_belong_to_publishers,
        dates_run_forward,
        projects_are_complete,
        rules_air.air_days_add_up,
        rules_air.air_follows_from_days,
        rules_air.computed_air_lies_in_air,
        rules_air.air_classes_are_earned,
        rules_air.days_agree_with_themselves,
        rules_air.district_lies_among_its_stations,
        folder_holds_tables_only,
    )
