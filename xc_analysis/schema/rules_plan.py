"""What must hold of targets, assumptions and projects."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from ..packs.packs import Pack, repeats, rows
from .encodings import Offence
from .reading import near
from .schemas import TABLES


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
    yield from repeats(pack, "assumptions", same, key, "indicator", "sets the same as", remedy)


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
