"""What must hold within and between tables; each rule yields offences and raises nothing.

`RULES` is what `tables.check` applies. A rule looks only at what could be read: a table or a
column that is missing has been reported already and is passed over in silence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from ..packs.packs import Pack, Rule, repeats, rows
from . import derivations, rules_air, rules_evidence, rules_plan
from .encodings import WHOLE_FILE, Offence, read_bytes
from .reading import Sheet, near
from .schemas import TABLES, pandera_schema

_TABLE_FILES = {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".json"}
_BESIDE_TABLES = {"datapackage.json"}
_VALUES = ("value", "lower", "upper")
# near words are looked for so often only: a table of strangers needs no hint for each
_HINTS = 50
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
            yield from repeats(pack, name, frame.dropna(subset=list(key)), key, ", ".join(key))


def references_exist(pack: Pack) -> Iterator[Offence]:
    hints: dict[tuple, str] = {}
    for name, table in TABLES.items():
        for column in table.columns:
            frame = pack.frame(name, column.name)
            if not column.foreign or frame is None:
                continue
            known = pack.known(*column.foreign)
            if known is None:
                continue
            for line, value in frame[column.name].dropna().items():
                if value in known:
                    continue
                if len(hints) < _HINTS:
                    hints.setdefault((column.foreign, value), near(value, known))
                hint = hints.get((column.foreign, value), "")
                yield pack.offence(
                    name,
                    line,
                    column.name,
                    f"{value!r} is not in {column.foreign[0]}.csv{hint}",
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


RULES: tuple[Rule, ...] = (
    cells_fit_their_columns,
    keys_are_unique,
    references_exist,
    units_are_the_indicators,
    values_are_possible,
    rules_evidence.observations_say_how_they_came,
    rules_evidence.one_row_is_used,
    rules_evidence.periods_match_years,
    rules_evidence.nothing_is_known_before_it_is_over,
    derivations.derivations_recompute,
    derivations.statements_can_be_recomputed,
    rules_plan.targets_are_complete,
    rules_evidence.places_have_one_name,
    rules_plan.assumptions_speak_of_what_is_known,
    rules_evidence.register_is_consistent,
    rules_evidence.series_take_the_registers_statistic,
    rules_plan.assumptions_can_be_used,
    links_belong_to_publishers,
    dates_run_forward,
    rules_plan.projects_are_complete,
    rules_air.air_days_add_up,
    rules_air.air_follows_from_days,
    rules_air.computed_air_lies_in_air,
    rules_air.air_classes_are_earned,
    rules_air.days_agree_with_themselves,
    rules_air.district_lies_among_its_stations,
    folder_holds_tables_only,
)


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
    for rule in RULES:
        try:
            for offence in rule(pack):
                found.append(offence)
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
