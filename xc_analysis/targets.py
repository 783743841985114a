"""What a target asks for: read it, resolve its reading, compare a value with it."""

import re
from collections import namedtuple
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from itertools import product
from math import inf, isfinite, nan
from operator import attrgetter, eq, ge, gt, le, lt

import pandas as pd

from .evidence import series
from .observations import kept, published_rows, resolve_indicator, resolve_scope
from .tables import load
from .trends import as_years, number, shown_decimals
from .words import Message, amount, clauses, error, html_table, joined, message, unit_name, word

PLAN = "十四五"
COMPARATORS = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq}
FIRM = ("printed", "computed")  # statuses that decide the target year without 暂定
NOT_COUNTED = ("estimated", "bound")  # statuses that do not count in n

_STATUSES = (*FIRM, *NOT_COUNTED, "derived", "draft")
_SIGNS = {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">", "＝": "=", "==": "="}
_LEVEL = re.compile(r"^\s*(<=|>=|==|<|>|=|≤|≥|＜|＞|＝)?\s*([-−+]?\d+(?:\.\d+)?)\s*\S*\s*$")


@dataclass(frozen=True)
class Target:
    """A target of one indicator for one year.

    ``value`` is None for a delegated target (达到市级要求) and for one in words; ``reading`` is
    then what the register reads it as (``<= 35``), and `read` the level of that. A change from a
    base with a range sets ``lower`` and ``upper``; ``others`` are rows asked for as much.
    """

    indicator: str
    kind: str
    year: int
    comparator: str | None = None
    value: float | None = None
    unit: str = ""
    scope: str = ""
    plan: str = ""
    base_year: int | None = None
    base_value: float | None = None
    reading: str = ""
    reading_id: str = ""
    target_id: str = ""
    binding: str = ""
    lower: float | None = None
    upper: float | None = None
    others: tuple[str, ...] = ()

    @property
    def read(self) -> "Target | None":
        """The level target that the reading makes of this one; None without a reading."""
        if self.kind not in ("delegated", "qualitative") or not self.reading:
            return None
        comparator, value = parse_level(self.reading)
        return replace(self, kind="level", comparator=comparator, value=value)

    @property
    def text(self) -> str:
        """Comparator, number and unit; empty for a target without a number."""
        if self.value is None:
            return ""
        sign = "+" if self.kind == "change" else ""
        return shown_level(self.comparator, f"{self.value:{sign}.10g}", self.unit)

    @property
    def notes(self) -> list[Message]:
        """Which row of the register was taken, where another was asked for as much."""
        told = {"taken": self.target_id, "others": ", ".join(self.others)}
        return [message("target.taken", **told)] if self.others else []

    def met_by(self, value, *, decimals=None) -> bool:
        """Tell whether a value meets the target; one without a number is refused.

        Compared at the finer of the two printed precisions, half to even: 34.6 meets ``<= 35``
        and 35.4 does not. Strict comparators take the value unrounded. `decimals` are those to
        which the value is known, by default as it is written.
        """
        self._need_number()
        return meets(value, self.comparator, self.value, decimals=decimals)

    def margin(self, data) -> float:
        """Return the distance to the target, positive on the side that meets it.

        `data` is a value, or a series, whose latest value counts (NaN where it holds none).
        """
        self._need_number()
        if not hasattr(data, "index"):
            return margin_of(float(data), self)
        known = [v for v in read_values(data) if v.value == v.value]
        return margin_of(known[-1].value, self, known[-1].decimals) if known else nan

    def _need_number(self):
        if self.value is None or self.kind == "change":
            raise error("error.target_without_number", indicator=self.indicator, year=self.year)

    @property
    def frame(self) -> pd.DataFrame:
        """The target as one row."""
        return pd.DataFrame([asdict(self)])

    def plot(self, ax=None):
        """Draw the target beside its series."""
        from . import plots

        return plots.plot_series(series(self.indicator, scope=self.scope), target=self, ax=ax)

    def _repr_html_(self):
        rows = [
            (word("column.indicator"), self.indicator),
            (word("column.target"), self.text or word(f"target_kind.{self.kind}")),
            (word("column.target_year"), self.year),
            (word("column.plan"), word(f"plan.{self.plan}") if self.plan else ""),
            (word("column.attribute"), word(f"attribute.{self.binding}") if self.binding else ""),
            (word("column.reading"), (self.read or self).text if self.reading else ""),
        ]
        return html_table([row for row in rows if row[1]], notes=self.notes)


class Value(namedtuple("Value", "year value lower upper status decimals basis")):
    """One year of a series as a verdict sees it; the range is NaN where the value stands alone."""

    def meets(self, level) -> bool | None:
        """Tell whether the whole range meets a level (True), misses it (False), or neither."""
        exact = self.lower != self.lower
        low, high = (self.value, self.value) if exact else (self.lower, self.upper)
        if level.comparator == "=" and low < high:
            return None if low <= level.value <= high else False
        asked = [level.value if end is None else end for end in (level.lower, level.upper)]
        places = self.decimals if exact else 9
        pairs = product((low, high), asked)
        each = {meets(end, level.comparator, limit, decimals=places) for end, limit in pairs}
        return each.pop() if len(each) == 1 else None


def target(indicator, value=None, *, year=None, plan=None, reading=None, scope=None) -> Target:
    """Read a target from the register, or make one of your own.

    Parameters
    ----------
    indicator : str
        Id, Chinese or English name.
    value : str or float, optional
        A level such as ``"<= 30"``; a bare number takes the comparator of the indicator's
        direction. Default: the row of the table ``targets``.
    year, plan, scope : optional
        Target year, by default the plan's; 十四五 (default), 十五五, 2035; default the district.
    reading : str, optional
        How to read a target without a number, as ``"<= 35"``; ``""`` for none. Default: the
        register's reading.

    Returns
    -------
    Target
        Of several rows that match, that of the plan's own table, else the first; ``others``
        names those asked for as much.

    Raises
    ------
    InputError
        If no row matches, or a level cannot be read.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.target("pm25").reading
    '<= 35'
    >>> xc.target("pm25", "<= 30", year=2026).met_by(29.9)
    True
    """
    line, table = resolve_indicator(indicator), load("targets")
    name = line["indicator"]
    # a target may speak of an area that no series knows
    area = scope if scope in set(table["scope"]) else resolve_scope(scope)
    year = None if year is None else whole_year(year, "year")
    if value is not None:
        comparator, level = parse_level(value)
        usual = {"lower": "<=", "higher": ">="}.get(text_of(line, "better"))
        base_year, target_year = plan_years(plan or PLAN)
        year = year or target_year
        row = {"indicator": name, "kind": "level", "target_year": year, "scope": area, "plan": plan}
        row |= {"comparator": comparator or usual, "value": level, "unit": line["unit"]}
        return read_target(row | {"base_year": base_year if base_year < year else None})
    rows = known = table[(table["indicator"] == name) & (table["scope"] == area)]
    if year is not None:
        rows = rows[rows["target_year"] == year]
    if plan is None and (year is None or (rows["plan"] == PLAN).any()):
        plan = PLAN
    if plan is not None:
        rows = rows[rows["plan"] == str(plan)]
    if rows.empty:
        listed = clauses(f"{r.plan} {r.target_year}" for r in known.itertuples()) or "–"
        raise error("error.no_target", indicator=name, scope=area, known=listed)
    # the plan's own table before its text, where both speak of the indicator
    rows = rows.sort_values("plan_row", na_position="last", kind="stable")
    in_text = rows["plan_row"].isna()
    others = rows.loc[in_text == in_text.iloc[0], "target_id"].iloc[1:]
    made = replace(read_target(rows.iloc[0]), others=tuple(others))
    if made.base_year is not None:
        base_year, base = published_base(line, area, made.base_year)
        made = replace(made, base_value=base if base_year == made.base_year else None)
    if reading is None:
        return made
    return replace(made, reading=_as_reading(reading), reading_id="")


def read_target(row, *, year=None) -> Target:
    """Read a `Target`, a row of the table ``targets``, or a level such as ``"<= 35"``."""
    if isinstance(row, Target):
        return row if year is None else replace(row, year=whole_year(year, "year"))
    if isinstance(row, str):
        comparator, value = parse_level(row)
        row = {"kind": "level", "comparator": comparator, "value": value}
    if isinstance(row, pd.DataFrame):
        row = row.squeeze(axis="index")  # a filter of the table that leaves one row
    if not hasattr(row, "get") or isinstance(row, pd.DataFrame):
        raise error("error.target_form")
    names = ("indicator", "unit", "scope", "plan", "target_id", "binding")
    own = {name: text_of(row, name) for name in names}
    name, value = own["indicator"], number(row.get("value"))
    kind = text_of(row, "kind") or ("level" if text_of(row, "value") else "delegated")
    if kind not in ("level", "change", "qualitative", "delegated"):
        raise error("error.target_kind", indicator=name, kind=kind)
    comparator = _SIGNS.get(text_of(row, "comparator"), text_of(row, "comparator"))
    if kind == "delegated" and value == value:
        kind = "level"  # a number handed down makes the row an ordinary one
    if kind in ("delegated", "qualitative"):
        comparator = value = None
    elif value != value or comparator not in COMPARATORS:
        raise error("error.target_level", indicator=name, kind=kind)
    year = year or text_of(row, "target_year") or text_of(row, "year")
    if not year:
        raise error("error.target_year", target=name or f"{comparator} {value:g}")
    base_year, base = text_of(row, "base_year"), number(row.get("base_value"))
    reading = text_of(row, "reading")
    registered = {row["id"]: str(row["reading"]) for row in assumptions()}
    own |= {"kind": kind, "comparator": comparator, "value": value}
    own |= {"year": whole_year(year, "target_year"), "base_value": base if base == base else None}
    own["base_year"] = whole_year(base_year, "base_year") if base_year else None
    own["reading"] = registered.get(reading) or _as_reading(reading)
    return Target(reading_id=reading if reading in registered else "", **own)


@kept("assumptions")
def assumptions() -> tuple[dict, ...]:
    """Return the rows of the register of assumptions."""
    rows = load("assumptions").astype(object)
    return tuple(rows.where(rows.notna(), None).to_dict("records"))


@kept("targets")
def plan_years(plan=PLAN) -> tuple[int, int]:
    """Return the base year and the target year of a plan: those most of its targets have."""
    rows = load("targets").dropna(subset="base_year").groupby("plan", sort=False)
    most = rows[["base_year", "target_year"]].agg(lambda years: years.mode().iloc[0])
    if str(plan) not in most.index:
        raise error("error.no_plan", plan=plan, plans=joined(most.index))
    return tuple(most.loc[str(plan)].astype(int))


def published_base(line, scope, until) -> tuple[int | None, float]:
    """Return year and value last published up to a year; a plan sets its targets against it."""
    rows = published_rows(line, scope).dropna(subset="value")
    rows = rows[(rows.index <= until) & (rows["basis"] != "plan-total")]
    return (int(rows.index[-1]), float(rows["value"].iloc[-1])) if len(rows) else (None, nan)


def _as_reading(text):
    if not text:
        return ""
    comparator, level = parse_level(text)
    if comparator is None:
        raise error("error.target_reading", reading=text)
    return f"{comparator} {level:.10g}"


def parse_level(text) -> tuple[str | None, float]:
    """Read a comparator and a number; the comparator is None where there is none."""
    match = _LEVEL.match(str(text))
    if not match:
        raise error("error.target_reading", reading=text)
    return _SIGNS.get(match[1], match[1]), float(match[2].replace("−", "-"))


def as_compared(value, level, decimals=None) -> float:
    """Round a value half to even to the finer of its own and the level's precision."""
    if not isfinite(value):
        return value
    places = shown_decimals(value) if decimals is None else decimals
    return float(round(Decimal(repr(float(value))), max(places, shown_decimals(level))))


def meets(value, comparator, level, *, decimals=None) -> bool:
    """Compare a value with a level as `Target.met_by` does."""
    strict = comparator in ("<", ">")
    value = value if strict else as_compared(value, level, decimals)
    return bool(COMPARATORS[comparator](value, level))


def margin_of(value, level, decimals=None) -> float:
    """Return the distance of a value to a level, positive on the side that meets it."""
    if level.comparator not in ("<", ">"):
        value = as_compared(value, level.value, decimals)
    gap = level.value - value
    gap = -abs(gap) if level.comparator == "=" else gap if level.comparator[0] == "<" else -gap
    return round(gap, 9) + 0.0  # no negative zero


def read_values(data, *, until=inf) -> list[Value]:
    """Read the years of a series as verdicts see them, oldest first."""
    # An estimate carries its interval, a bound is a one-sided range, a draft or a derived value
    # without a range has its rounding; counts of days have none.
    frame, values = data.to_frame("value") if data.ndim == 1 else data, []
    floor, ceiling, scale, usual = map(data.attrs.get, ("floor", "ceiling", "scale", "decimals"))
    for year, row in zip(frame.index, frame.to_dict("records"), strict=True):
        value, *ends = (number(row.get(name)) for name in ("value", "lower", "upper"))
        ranged = any(end == end for end in ends)
        # in a frame of evidence a row without status or source is a number without evidence
        status = text_of(row, "status") or ("draft" if "status" in row else "printed")
        sourced = "source_id" not in row or text_of(row, "source_id")
        draft = text_of(row, "release") == "draft"
        partial = text_of(row, "completeness") == "partial" and status != "estimated"
        # these and empty rows a trend or a projection leaves out too, and says so
        if year > until or partial or status not in _STATUSES or not (value == value or ranged):
            continue
        if value != value:
            status = "bound"
        elif (draft and status != "estimated") or (status in FIRM and not sourced):
            status = "draft"
        # digits beyond one more than the indicator prints come of arithmetic and decide nothing
        decimals = min(shown_decimals(value), 9)
        if number(usual) == number(usual):
            finest = 9 if status == "printed" else int(usual) + 1
            decimals = min(max(decimals, int(usual)), finest)
        half = 0.0 if scale == "count" else 0.5 * 10.0**-decimals
        if status in NOT_COUNTED:
            known = (-inf, inf)
        elif ranged:
            known = (value, value)
        else:
            known = (round(value - half, 12), round(value + half, 12))
        lower, upper = (b if a != a else a for a, b in zip(ends, known, strict=True))
        if status in FIRM and (lower == upper or not ranged):
            lower = upper = nan
        # an end that is NaN stays, and a limit that is NaN limits nothing
        lower, upper = max(lower, number(floor)), min(upper, number(ceiling))
        basis = text_of(row, "basis")
        values.append(Value(int(year), value, lower, upper, status, decimals, basis))
    return sorted(values, key=attrgetter("year"))


def text_of(row, key) -> str:
    """Return a cell as text, empty where it is absent."""
    value = row.get(key)
    return "" if value is None or pd.isna(value) else str(value).strip()


def whole_year(value, name) -> int:
    """Return a year as an int, or raise for what is no whole year."""
    return int(as_years(value, "error.whole_year", name=name, value=value)[0])


def shown_sign(comparator) -> str:
    """Return a comparator as it is shown."""
    return {"<=": "≤", ">=": "≥"}.get(comparator, comparator)


def shown_level(comparator, text: str, unit: str = "") -> str:
    """Write a level with its sign and unit; in Chinese they stand close."""
    return word("asked", sign=shown_sign(comparator), amount=amount(text, unit_name(unit)))
