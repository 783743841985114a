"""What a target asks for: read it, resolve its reading, compare a value with it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from math import inf, isfinite, nan

import pandas as pd

from .evidence import series
from .observations import HOME, resolve_indicator, resolve_scope, stamp
from .tables import load
from .trends import as_years, number, shown_decimals
from .words import error, has_word, html_table, word

PLAN = "十四五"
COMPARATORS = ("<", "<=", ">", ">=", "=")
STATUSES = ("printed", "derived", "computed", "estimated", "bound", "draft", "partial")
KINDS = ("level", "change", "qualitative", "delegated")

_SIGNS = {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">", "＝": "=", "==": "="}
_LEVEL = re.compile(r"^\s*(<=|>=|==|<|>|=|≤|≥|＜|＞|＝)?\s*([-−+]?\d+(?:\.\d+)?)\s*\S*\s*$")


@dataclass(frozen=True)
class Target:
    """A target of one indicator for one year.

    ``value`` is None for a delegated target (达到市级要求) and for one in words; ``reading`` is
    then what the register reads it as (``<= 35``), and `read` the level this makes. ``lower`` and
    ``upper`` are set where a change counted from a base with a range asks for a range.
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

    @property
    def read(self) -> Target | None:
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
        number = f"{self.value:+.10g}" if self.kind == "change" else f"{self.value:.10g}"
        return f"{shown_sign(self.comparator)} {number} {unit_text(self.unit)}".strip()

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
        latest = [v for v in read_values(data) if v.value == v.value]
        return margin_of(latest[-1].value, self, latest[-1].decimals) if latest else nan

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
        asked = self.text or word(f"target_kind.{self.kind}")
        rows = [
            (word("column.indicator"), self.indicator),
            (word("column.target"), asked),
            (word("column.target_year"), self.year),
            (word("column.plan"), word(f"plan.{self.plan}") if self.plan else ""),
            (word("column.attribute"), word(f"attribute.{self.binding}") if self.binding else ""),
            (word("column.reading"), self.reading),
        ]
        return html_table([row for row in rows if row[1]])


@dataclass(frozen=True)
class Value:
    """One year of a series as a verdict sees it; the range is NaN where the value stands alone."""

    year: int
    value: float
    lower: float
    upper: float
    status: str
    decimals: int
    basis: str = ""

    @property
    def firm(self) -> bool:
        """Whether it decides the target year without 暂定."""
        return self.status in ("printed", "computed")

    @property
    def counted(self) -> bool:
        """Whether it counts in n."""
        return self.status not in ("estimated", "bound")

    def meets(self, level) -> bool | None:
        """Tell whether the whole range meets a level (True), misses it (False), or neither."""
        exact = self.lower != self.lower
        low, high = (self.value, self.value) if exact else (self.lower, self.upper)
        if level.comparator == "=" and low < high:
            return None if low <= level.value <= high else False
        ends = [level.value if end is None else end for end in (level.lower, level.upper)]
        if level.comparator[0] == ">":
            (best, worst), (hardest, easiest) = (high, low), (ends[1], ends[0])
        else:
            (best, worst), (hardest, easiest) = (low, high), ends
        places = self.decimals if exact else 9
        if _end_meets(worst, level.comparator, hardest, places):
            return True
        return None if _end_meets(best, level.comparator, easiest, places) else False


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
    if value is not None:
        return _own_target(line, value, year, plan, area)
    there = table[(table["indicator"] == name) & (table["scope"] == area)]
    rows = there
    if year is not None:
        rows = rows[rows["target_year"] == whole_year(year, "year")]
    if plan is not None:
        rows = rows[rows["plan"] == str(plan)]
    elif year is None or (rows["plan"] == PLAN).any():
        rows = rows[rows["plan"] == PLAN]
    if rows.empty:
        known = "; ".join(f"{r.plan} {r.target_year}" for r in there.itertuples()) or "–"
        raise error("error.no_target", indicator=name, scope=area, known=known)
    # the plan's own table before its text, where both speak of the indicator
    found = read_target(rows.sort_values("plan_row", na_position="last", kind="stable").iloc[0])
    if found.base_year is not None:
        year, base = published_base(line, area, found.base_year)
        found = replace(found, base_value=base if year == found.base_year else None)
    if reading is None:
        return found
    return replace(found, reading=_as_reading(reading) if reading else "", reading_id="")


def _own_target(line, value, year, plan, area):
    comparator, number = parse_level(value)
    if comparator is None:
        comparator = {"lower": "<=", "higher": ">="}.get(text_of(line, "better"))
    if comparator is None:
        raise error("error.target_comparator", indicator=line["indicator"], value=value)
    base_year, target_year = plan_years(plan or PLAN)
    year = target_year if year is None else whole_year(year, "year")
    base_year = base_year if base_year < year else None
    own = {"unit": text_of(line, "unit"), "scope": area, "plan": plan or ""}
    return Target(line["indicator"], "level", year, comparator, number, base_year=base_year, **own)


def read_target(row, *, year=None) -> Target:
    """Read a `Target`, a row of the table ``targets``, or a level such as ``"<= 35"``."""
    if isinstance(row, Target):
        return row if year is None else replace(row, year=whole_year(year, "year"))
    if isinstance(row, str):
        comparator, value = parse_level(row)
        row = {"kind": "level", "comparator": comparator, "value": value}
    if getattr(row, "ndim", 1) == 2 and len(row) == 1:
        row = row.iloc[0]
    if not hasattr(row, "get") or getattr(row, "ndim", 1) == 2:
        raise error("error.target_form")
    name, value = text_of(row, "indicator"), _number(row, "value")
    kind = text_of(row, "kind") or ("delegated" if value is None else "level")
    if kind not in KINDS:
        raise error("error.target_kind", indicator=name, kind=kind)
    comparator = _SIGNS.get(text_of(row, "comparator"), text_of(row, "comparator"))
    if kind == "delegated" and value is not None:
        kind = "level"  # a number handed down makes the row an ordinary one
    if kind in ("delegated", "qualitative"):
        comparator = value = None
    elif value is None or comparator not in COMPARATORS:
        raise error("error.target_level", indicator=name, kind=kind)
    when = next((y for y in (year, cell(row, "target_year"), cell(row, "year")) if y), None)
    if when is None:
        raise error("error.target_year", target=name or f"{comparator} {value:g}")
    base_year = cell(row, "base_year")
    reading_id, reading = _registered_reading(text_of(row, "reading"))
    return Target(
        indicator=name,
        kind=kind,
        year=whole_year(when, "target_year"),
        comparator=comparator,
        value=value,
        base_year=None if base_year is None else whole_year(base_year, "base_year"),
        base_value=_number(row, "base_value"),
        reading=reading,
        reading_id=reading_id,
        **{k: text_of(row, k) for k in ("unit", "scope", "plan", "target_id", "binding")},
    )


# --- the register -----------------------------------------------------------------------------


def assumptions() -> tuple[dict, ...]:
    """Return the rows of the register of assumptions, read anew when the file changes."""
    return _assumptions(stamp("assumptions"))


@lru_cache(maxsize=8)
def _assumptions(_stamp):
    rows = load("assumptions").to_dict("records")
    return tuple({k: None if pd.isna(v) else v for k, v in row.items()} for row in rows)


def plan_years(plan=PLAN) -> tuple[int, int]:
    """Return the base year and the target year of a plan: those most of its targets have."""
    found = _plan_years(stamp("targets")).get(str(plan))
    if found is None:
        known = "、".join(_plan_years(stamp("targets")))
        raise error("error.no_plan", plan=plan, plans=known)
    return found


@lru_cache(maxsize=8)
def _plan_years(_stamp):
    rows = load("targets")
    out = {}
    for plan, part in rows[rows["base_year"].notna()].groupby("plan", sort=False):
        own = part[part["scope"] == HOME]
        years = (part if own.empty else own)[["base_year", "target_year"]].mode().iloc[0]
        out[plan] = int(years.iloc[0]), int(years.iloc[1])
    return out


def published_base(line, scope, until) -> tuple[int | None, float]:
    """Return year and value last published up to a year; a plan sets its targets against it."""
    rows = load("observations")
    rows = rows[(rows["indicator"] == line["indicator"]) & (rows["scope"] == scope)]
    rows = rows[(rows["period"] == "annual") & rows["use"] & rows["value"].notna()]
    rows = rows[(rows["statistic"] == line["statistic"]) & (rows["year"] <= until)]
    if rows.empty:
        return None, nan
    last = rows.sort_values("year").iloc[-1]
    return int(last["year"]), float(last["value"])


def readings(indicator, *, plan=PLAN) -> dict[str, str]:
    """Return the readings the register offers for an indicator: assumption id -> level."""
    return {
        row["id"]: row["reading"]
        for row in assumptions()
        if row["parameter"] == "reading"
        and row["indicator"] == indicator
        and row["plan"] in (None, plan)
    }


def _registered_reading(text):
    """Find the id and the level behind a target's cell: an id of the register, or a level."""
    if not text:
        return "", ""
    for row in assumptions():
        if row["id"] == text:
            return text, str(row["reading"])
    if not _LEVEL.match(text):
        raise error("error.reading_unknown", reading=text)
    return "", _as_reading(text)


def _as_reading(text):
    comparator, number = parse_level(text)
    if comparator is None:
        raise error("error.target_reading", reading=text)
    return f"{comparator} {number:.10g}"


def parse_level(text) -> tuple[str | None, float]:
    """Read a comparator and a number; the comparator is None where there is none."""
    found = _LEVEL.match(str(text))
    if not found:
        raise error("error.target_reading", reading=text)
    return _SIGNS.get(found[1], found[1]), float(found[2].replace("−", "-"))


# --- comparing --------------------------------------------------------------------------------


def as_compared(value, level, decimals=None) -> float:
    """Round a value half to even to the finer of its own and the level's precision."""
    places = shown_decimals(value) if decimals is None else decimals
    step = Decimal(1).scaleb(-max(places, shown_decimals(level)))
    return float(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_EVEN))


def meets(value, comparator, level, *, decimals=None) -> bool:
    """Compare a value with a level as `Target.met_by` does."""
    if comparator not in COMPARATORS:
        raise error("error.comparator", comparator=comparator)
    if comparator in ("<", ">"):
        return bool(value < level if comparator == "<" else value > level)
    seen = as_compared(value, level, decimals)
    return bool({"<=": seen <= level, ">=": seen >= level, "=": seen == level}[comparator])


def margin_of(value, level, decimals=None) -> float:
    """Return the distance of a value to a level, positive on the side that meets it."""
    if level.comparator not in ("<", ">"):
        value = as_compared(value, level.value, decimals)
    gap = level.value - value
    gap = -abs(gap) if level.comparator == "=" else gap if level.comparator[0] == "<" else -gap
    return round(gap, 9) + 0.0  # no negative zero


def _end_meets(end, comparator, level, places):
    if isfinite(end):
        return meets(end, comparator, level, decimals=places)
    return comparator[0] == ("<" if end < 0 else ">")


# --- the years of a series --------------------------------------------------------------------


def read_values(data, *, until=None) -> list[Value]:
    """Read the years of a series as verdicts see them, oldest first.

    An observed part of a year and an empty row are no value. An estimate carries its interval,
    a bound is a one-sided range, a draft or a derived value without a range has its rounding;
    counts of days have none.
    """
    frame = data.to_frame("value") if data.ndim == 1 else data
    rows = zip(frame.index, frame.to_dict("records"), strict=True)
    kept = [(int(year), row) for year, row in rows if until is None or int(year) <= until]
    found = [_read_value(year, row, data.attrs) for year, row in kept]
    return sorted((v for v in found if v is not None), key=lambda v: v.year)


def _read_value(year, row, attrs):
    value, lower, upper = (number(row.get(k)) for k in ("value", "lower", "upper"))
    # in a frame of evidence a row without status is a number without evidence
    status = text_of(row, "status") or ("draft" if "status" in row else "printed")
    ranged = lower == lower or upper == upper
    partial = status == "partial" or text_of(row, "completeness") == "partial"
    if (partial and status != "estimated") or (value != value and not ranged):
        return None
    if status not in STATUSES:
        return None  # a trend or a projection leaves it out too, and says so
    if "source_id" in row and not text_of(row, "source_id") and status in ("printed", "computed"):
        status = "draft"
    if value != value:
        status = "bound"
    elif text_of(row, "release") == "draft" and status != "estimated":
        status = "draft"
    decimals = 0 if value != value else _decimals_known(value, status, attrs)
    if status in ("estimated", "bound"):
        lower, upper = (-inf if lower != lower else lower), (inf if upper != upper else upper)
    elif ranged:
        lower, upper = (value if lower != lower else lower), (value if upper != upper else upper)
    elif status in ("draft", "derived"):
        half = 0.0 if attrs.get("scale") == "count" else 0.5 * 10.0**-decimals
        lower, upper = round(value - half, 12), round(value + half, 12)
    if lower == upper and status in ("printed", "computed"):
        lower = upper = nan
    floor, ceiling = number(attrs.get("floor")), number(attrs.get("ceiling"))
    lower = max(lower, floor) if floor == floor else lower
    upper = min(upper, ceiling) if ceiling == ceiling else upper
    return Value(year, value, lower, upper, status, decimals, text_of(row, "basis"))


def _decimals_known(value, status, attrs):
    """Return the decimals to which a value counts: as printed, a computed one a digit finer."""
    written, usual = min(shown_decimals(value), 9), number(attrs.get("decimals"))
    if usual != usual:
        return written
    # digits beyond one more than the indicator prints come from arithmetic and decide nothing
    known = max(written, int(usual))
    return known if status == "printed" else min(known, int(usual) + 1)


# --- cells and words --------------------------------------------------------------------------


def cell(row, key):
    """Return a cell of a row; None where it is absent or empty."""
    value = row.get(key)
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None or pd.isna(value) else value


def text_of(row, key) -> str:
    """Return a cell as text, empty where it is absent."""
    value = cell(row, key)
    return "" if value is None else str(value)


def _number(row, key):
    value = cell(row, key)
    if value is not None and number(value) != number(value):
        name = text_of(row, "indicator")
        raise error("error.target_number", indicator=name, column=key, value=value)
    return None if value is None else number(value)


def whole_year(value, name) -> int:
    """Return a year as an int, or raise for what is no whole year."""
    return int(as_years(value, "error.whole_year", name=name, value=value)[0])


def shown_sign(comparator) -> str:
    """Return a comparator as it is shown."""
    return {"<=": "≤", ">=": "≥"}.get(comparator, comparator)


def unit_text(unit) -> str:
    """Return the display form of a unit in the language in force."""
    return word(f"unit.{unit}") if unit and has_word(f"unit.{unit}") else unit
