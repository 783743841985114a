"""Do derived figures follow from what they name? Rules over observations and statements.

A derivation is arithmetic over obs_ids. Rounding convention: an observation counts with its
lower and upper where it has them, else with its printed value and half a unit of its last digit
(whole counts are exact); in the text of a derivation a number with a decimal point is a printed
figure, a whole number exact. A derived row's own lower and upper are that range.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ..errors import InputError
from ..packs.packs import rows
from .encodings import Offence
from .expressions import Range, evaluate, evaluate_range, names
from .reading import near
from .schemas import TABLES

# units in which a whole figure is a count and carries no rounding
COUNTED = ("d", "count", "rank")
_SLACK = 1e-9
_NEEDED = ("obs_id", "value", "lower", "upper", "unit", "status", "derivation")


@dataclass(frozen=True)
class Figure:
    """A figure as others may build on it."""

    line: int
    value: float
    range: Range
    period: str | None
    year: int | None


def half_unit(text: str) -> float:
    """Half a unit of the last digit of a number as written."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def _figures(pack) -> dict[str, Figure]:
    frame = pack.frame("observations", *_NEEDED)
    cells = pack.sheets["observations"].cells
    found: dict[str, Figure] = {}
    for line, row in rows(frame.dropna(subset=["obs_id"])):
        value, lower, upper = row["value"], row["lower"], row["upper"]
        if math.isnan(lower) and math.isnan(upper):
            exact = row["status"] != "printed" or (
                row["unit"] in COUNTED and float(value).is_integer()
            )
            half = 0.0 if exact else half_unit(cells.at[line, "value"])
            span = (value - half, value + half)
        else:
            span = (
                -math.inf if math.isnan(lower) else lower,
                math.inf if math.isnan(upper) else upper,
            )
        year = None if "year" not in row or pd.isna(row["year"]) else int(row["year"])
        period = row.get("period")
        found.setdefault(
            row["obs_id"],
            Figure(int(line), value, span, None if pd.isna(period) else period, year),
        )
    return found


def derivations_recompute(pack) -> Iterator[Offence]:
    """Every derivation parses, names what exists, runs in no circle and gives the row's figures."""
    frame = pack.frame("observations", *_NEEDED)
    if frame is None:
        return
    figures = _figures(pack)
    known = set(figures) | pack.sheets["observations"].stray
    uses: dict[str, tuple[str, ...]] = {}
    sound: dict[int, dict] = {}
    for line, row in rows(frame.dropna(subset=["derivation"])):
        try:
            named = names(row["derivation"])
        except InputError as error:
            yield _offence(pack, line, "derivation", str(error), "correct the expression")
            continue
        strangers = [name for name in named if name not in known]
        for name in strangers:
            yield _offence(
                pack,
                line,
                "derivation",
                f"names {name!r}, which is no obs_id{near(name, known)}",
                "use an obs_id of observations.csv",
            )
        if not named and row["status"] != "bound":
            problem, remedy = "names no observation", "name the obs_ids that it rests on"
            yield _offence(pack, line, "derivation", problem, remedy)
            continue
        if not pd.isna(row["obs_id"]):
            uses[row["obs_id"]] = named
        if not strangers and all(name in figures for name in named):
            sound[line] = row
    circles = _circles(uses)
    limits = _limits(pack)
    for line, row in sound.items():
        circle = circles.get(row["obs_id"])
        if circle:
            path = " -> ".join((*circle, circle[0]))
            shown = path if len(path) <= 200 else path[:197] + "..."
            yield _offence(
                pack,
                line,
                "derivation",
                f"runs in a circle: {shown}",
                "derive it from a printed row",
            )
        else:
            yield from _recomputes(pack, line, row, figures, limits)
            yield from _whole_years(pack, line, row, figures)


def _offence(pack, line, column, problem, remedy) -> Offence:
    return pack.offence("observations", line, column, problem, remedy)


def _circles(uses: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The circle that each name lies on, for names that lie on one. No recursion."""
    on_circle: dict[str, tuple[str, ...]] = {}
    done: set[str] = set()
    for start in uses:
        if start in done:
            continue
        path, place = [start], {start: 0}
        branches = [iter(uses[start])]
        while path:
            step = next(branches[-1], None)
            if step is None:
                done.add(path[-1])
                del place[path.pop()]
                branches.pop()
            elif step in place:
                circle = tuple(path[place[step] :])
                for position, name in enumerate(circle):
                    on_circle.setdefault(name, circle[position:] + circle[:position])
            elif step in uses and step not in done:
                place[step] = len(path)
                path.append(step)
                branches.append(iter(uses[step]))
    return on_circle


def _recomputes(pack, line, row, figures, limits) -> Iterator[Offence]:
    text = row["derivation"]
    cells = pack.sheets["observations"].cells
    bound = row["status"] == "bound"
    try:
        low, high = evaluate_range(text, lambda n: figures[n].range, literals="printed")
        value = math.nan if bound else evaluate(text, lambda n: figures[n].value)
    except InputError as error:
        yield _offence(pack, line, "derivation", str(error), "correct the expression or its rows")
        return
    if bound:
        ends = [row[name] for name in ("lower", "upper") if not math.isnan(row[name])]
        slack = max((2 * half_unit(cells.at[line, n]) for n in ("lower", "upper")), default=0)
        if ends and not any(low - slack <= end <= high + slack for end in ends):
            yield _offence(
                pack,
                line,
                "derivation",
                f"gives {_number(low, high)}, which is neither lower nor upper",
                "correct the limit or the derivation",
            )
        return
    if not math.isnan(row["value"]):
        half = half_unit(cells.at[line, "value"])
        if abs(row["value"] - value) > half * (1 + 1e-6) + _SLACK * abs(value):
            yield _offence(
                pack,
                line,
                "value",
                f"{text} gives {value:.6g}, not {cells.at[line, 'value']}",
                "correct the value, the derivation or the rows it names",
            )
    if row["status"] != "derived":
        return
    floor, ceiling = limits.get(row.get("indicator"), (-math.inf, math.inf))
    low, high = max(low, floor), min(high, ceiling)
    for name, end in (("lower", low), ("upper", high)):
        if math.isnan(row[name]):
            if cells.at[line, name] == "":
                yield _offence(
                    pack,
                    line,
                    name,
                    "a derived row carries its range",
                    f"rounding allows {end:.6g}",
                )
        elif abs(row[name] - end) > 2 * half_unit(cells.at[line, name]) * (1 + 1e-6):
            yield _offence(
                pack,
                line,
                name,
                f"rounding allows {low:.6g} to {high:.6g}",
                f"write {end:.6g} in {name}, or correct the derivation",
            )


def _limits(pack) -> dict[str, Range]:
    """Floor and ceiling of each indicator, infinite where there is none."""
    register = pack.frame("indicators", "indicator", "floor", "ceiling")
    if register is None:
        return {}
    return {
        row.indicator: (
            -math.inf if math.isnan(row.floor) else row.floor,
            math.inf if math.isnan(row.ceiling) else row.ceiling,
        )
        for row in register.itertuples()
    }


def _number(low: float, high: float) -> str:
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"


def _whole_years(pack, line, row, figures) -> Iterator[Offence]:
    """A part of a year enters an annual figure only together with the rest of the year."""
    if row.get("period") != "annual" or pd.isna(row.get("year")):
        return
    months: dict[int, set[int]] = {}
    parts = []
    for name in names(row["derivation"]):
        figure = figures[name]
        covered = _months(figure.period)
        if covered and figure.year is not None:
            months.setdefault(figure.year, set()).update(covered)
            parts.append((name, figure))
    for name, figure in parts:
        if len(months[figure.year]) < 12:
            yield _offence(
                pack,
                line,
                "derivation",
                f"{name} covers {figure.period} only: a part-year never enters an annual series",
                "derive it from whole years, or give the row the part's period",
            )


def _months(period: str | None) -> set[int]:
    """Months of a part-year period; nothing for `annual` and spans of years."""
    if period is None or period == "annual" or "-" not in period:
        return set()
    rest = period[5:]
    if rest[0] in "HQ":
        size = 6 if rest[0] == "H" else 3
        return set(range(size * (int(rest[1]) - 1) + 1, size * int(rest[1]) + 1))
    first = int(rest[:2])
    return set(range(first, int(rest[-2:]) + 1)) if ".." in rest else {first}


def statements_can_be_recomputed(pack) -> Iterator[Offence]:
    """Recomputations parse and name what exists; what is independent can be judged."""
    frame = pack.frame("statements", "statement_id", "claim", "recompute", "tolerance", "value")
    if frame is None:
        return

    def at(line, column, problem, remedy):
        return pack.offence("statements", line, column, problem, remedy)

    known = {
        "printed": pack.known("statements", "statement_id"),
        "station": pack.known("indicators", "indicator"),
        "published": pack.known("indicators", "indicator"),
        "obs": pack.known("observations", "obs_id"),
    }
    cells = pack.sheets["statements"].cells
    for line, row in rows(frame):
        needed = {"independent": ("recompute", "value", "tolerance"), "implies": ("recompute",)}
        for name in needed.get(row["claim"], ()):
            if cells.at[line, name] == "":
                yield at(line, name, f"a statement that is {row['claim']} needs it", "fill it in")
        if pd.isna(row["recompute"]):
            continue
        try:
            named = names(row["recompute"])
        except InputError as error:
            yield at(line, "recompute", str(error), "correct the expression")
            continue
        for name in named:
            problem = _stranger(name, known)
            if problem:
                yield at(line, "recompute", problem, "name a figure that the tables hold")


def _stranger(name: str, known: dict[str, set[str] | None]) -> str | None:
    kind, _, rest = name.partition(".")
    if kind == "count":
        table, _, column = rest.partition(".")
        column = column.partition(".")[0]
        if table not in TABLES or column not in TABLES[table].names:
            return f"names {name!r}: there is no column {column!r} of a table {table!r}"
        return None
    if not rest:
        rest, kind = name, "obs"
    elif kind not in known:
        return f"names {name!r}: {kind!r} is neither station, published, printed nor count"
    if kind in ("station", "published"):
        rest, _, year = rest.rpartition(".")
        if not (len(year) == 4 and year.isdigit()):
            return f"names {name!r}, which does not end in a year"
    if known[kind] is not None and rest not in known[kind]:
        return f"names {name!r}: {rest!r} is unknown{near(rest, known[kind])}"
    return None
