"""Small exact calculations of the themed notebooks: decibels, shares, hectares, paces, ratios.

Nothing here is a model. Each function is one line of arithmetic that a reader could redo by hand,
together with the range that printed rounding leaves and the cases in which it must be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError

# ---- decibels ----------------------------------------------------------------------------------


def energy_ratio(decibels):
    """Ratio of sound energies that a difference of levels stands for: ``10 ** (d / 10)``.

    Parameters
    ----------
    decibels : float or array
        Difference of two equivalent levels in dB.
    """
    return 10.0 ** (np.asarray(decibels, dtype=float) / 10.0)


def decibels(ratio):
    """Difference of levels in dB of two sound energies: ``10 * log10(ratio)``.

    Raises
    ------
    InputError
        If the ratio is not positive.
    """
    ratio = np.asarray(ratio, dtype=float)
    if not (ratio > 0).all():
        raise InputError(f"decibels: ratio {ratio.min():g} has no level; give one above 0")
    return 10.0 * np.log10(ratio)


@dataclass(frozen=True)
class Margin:
    """Distance of a printed level to a limit, in dB, and the same as energy.

    ``low`` and ``high`` are the ends that rounding of the printed level leaves; ``growth`` is the
    rise of sound energy (0.096 is 9.6 %) that uses the margin up.
    """

    level: float
    limit: float
    margin: float
    low: float
    high: float
    energy: float
    growth: float
    growth_low: float
    growth_high: float


def noise_margin(level: float, limit: float, *, half: float = 0.05) -> Margin:
    """How far a mean level lies below its limit, and what that is worth as energy.

    Parameters
    ----------
    level, limit : float
        dB(A). A level above the limit gives a negative margin.
    half : float
        Half of the last printed digit of the level, in dB.

    Notes
    -----
    With speed, mix and surface unchanged, the equivalent level of a road rises with
    ``10 log10`` of its traffic; ``growth`` is then also the rise of traffic that alone would use
    the margin up. Arithmetic, not a forecast.
    """
    gap = float(limit) - float(level)
    ends = gap - half, gap + half
    energy, low, high = (float(energy_ratio(d)) for d in (gap, *ends))
    return Margin(
        float(level), float(limit), gap, *ends, energy, energy - 1.0, low - 1.0, high - 1.0
    )


# ---- shares of a few units ---------------------------------------------------------------------


def counts_of(shares: Iterable[float], n: int, *, half: float = 0.05) -> tuple[int, ...]:
    """Whole numbers of units behind printed percentages of ``n`` units.

    Parameters
    ----------
    shares : iterable of float
        Percentages as printed.
    n : int
        Units they are shares of.
    half : float
        Half of the last printed digit, in points.

    Raises
    ------
    InputError
        If a percentage is the share of no whole number of units, within rounding.
    """
    counts = []
    for share in shares:
        k = round(share * n / 100)
        if abs(100 * k / n - share) > half + 1e-9:
            raise InputError(
                f"counts_of: {share:g} % is no whole number of {n} units; the base is another one"
            )
        counts.append(int(k))
    return tuple(counts)


def bases_allowing(share: float, up_to: int, *, half: float = 0.5) -> tuple[int, ...]:
    """Numbers of units, 1 to ``up_to``, of which some whole number is ``share`` per cent.

    Parameters
    ----------
    share, half : float
        A printed percentage and half of its last digit (or of its range), in points.
    up_to : int
    """
    n = np.arange(1, int(up_to) + 1)
    k = np.round(share * n / 100)
    return tuple(int(i) for i in n[np.abs(100 * k / n - share) <= half + 1e-9])


# ---- areas, sums, paces ------------------------------------------------------------------------


def hectares_of(points: float, area_km2: float) -> float:
    """Hectares that percentage points of an area amount to: 1 point of 1 km² is 1 ha.

    Parameters
    ----------
    points : float
        Percentage points of the area.
    area_km2 : float
        The area in km².

    Raises
    ------
    InputError
        If the area is not positive.
    """
    if not area_km2 > 0:
        raise InputError(f"hectares_of: area {area_km2} km²; give the district's area, above 0")
    return float(points) * float(area_km2)


def yearly(total: float, first: int, last: int) -> float:
    """Mean of a sum over the years ``first`` to ``last``, both counted.

    Raises
    ------
    InputError
        If the last year is before the first.
    """
    if last < first:
        raise InputError(f"yearly: {first}..{last} is no span of years; put the earlier one first")
    return float(total) / (last - first + 1)


def yearly_change(percent: float, years: float) -> float:
    """The change a year, in %, that compounds to ``percent`` over ``years``.

    Raises
    ------
    InputError
        If the change is -100 % or beyond, or the span is not positive.
    """
    if percent <= -100 or years <= 0:
        raise InputError(f"yearly_change: {percent:g} % over {years:g} years has no yearly rate")
    return 100.0 * ((1.0 + percent / 100.0) ** (1.0 / years) - 1.0)


def paces(series: pd.DataFrame, *, target: float, year: int) -> pd.DataFrame:
    """Units a year between the values of a series, and from the last one to a target.

    Parameters
    ----------
    series : DataFrame
        Index year, column value; values that are missing (bounds) are passed over.
    target : float
        In the unit of the series.
    year : int
        Target year, after the last value.

    Returns
    -------
    DataFrame
        first, last, change, per_year, kind ("seen", "needed").

    Raises
    ------
    InputError
        No value, or a target year that is not after the last one.
    """
    known = series["value"].dropna().sort_index()
    if known.empty or year <= known.index[-1]:
        raise InputError(f"paces: no value before {year}; give a later target year or a value")
    steps = [*known.items(), (year, float(target))]
    rows = []
    for (y0, v0), (y1, v1) in zip(steps[:-1], steps[1:], strict=True):
        kind = "needed" if y1 == year else "seen"
        rows.append((int(y0), int(y1), v1 - v0, (v1 - v0) / (y1 - y0), kind))
    return pd.DataFrame(rows, columns=["first", "last", "change", "per_year", "kind"])


# ---- what may be divided by what ---------------------------------------------------------------

# Reasons, in the order in which they are looked for.
REASONS = {
    "unknown": ("至少一方没有数值，只知范围", "one of the two is known only within bounds"),
    "scope": ("两者不属同一地区", "the two are of different areas"),
    "not_amount": (
        "变化率、比例、位次、人均值不是数量，不能作分子或分母",
        "a change, share, rank or ratio is no amount",
    ),
    "period": ("年份或时段不同", "the years or periods differ"),
    "same": ("同一量、同一时段", "the same quantity of the same period"),
    "revision": (
        "口径不同（普查修订或统计基数改变），不能跨口径相除",
        "the bases differ (census revision or another base): no ratio across them",
    ),
    "superseded": (
        "人口为第七次普查前的数，已被普查修订，且为年末数而非年均数",
        "the population predates the 2020 census, which revised it, and is a year-end count",
    ),
    "plain": ("同年、同区、均为数量", "same year, same area, both amounts"),
    "nominal": (
        "口径相同；现价之比，不是实际增长",
        "one basis; a ratio at current prices, not real growth",
    ),
    "boundary": (
        "可除，但核算边界或基数未说明：只是算术，不与别处相比",
        "arithmetic only: the accounting boundary or base is not stated, so compare with nothing",
    ),
    "one_basis": ("同一量，口径相同", "one quantity on one basis"),
}
_SUPERSEDED = ("before-census-2020",)
_VAGUE = ("unstated", "unknown")
_NOT_AMOUNTS = ("%", "pp", "rank", "index")
_SAME_UNIT = {"10⁴t / 10⁸ yuan": "t/10⁴ yuan"}


@dataclass(frozen=True)
class Verdict:
    """May one row be divided by another: ``allowed`` is "yes", "conditional" or "no"."""

    allowed: str
    code: str

    @property
    def reason_zh(self) -> str:
        return REASONS[self.code][0]

    @property
    def reason_en(self) -> str:
        return REASONS[self.code][1]


def may_divide(numerator: Mapping, denominator: Mapping) -> Verdict:
    """Whether one observation may be divided by another, and why (not).

    Parameters
    ----------
    numerator, denominator : mapping
        Rows of ``observations``: scope, indicator, statistic, year, period, value, unit, basis.

    Returns
    -------
    Verdict

    Notes
    -----
    Of different indicators a ratio is an intensity: both must be amounts of the same area and
    period. Of one indicator it is a growth factor: the periods differ, the basis may not.
    """
    a, b = numerator, denominator
    growth = a["indicator"] == b["indicator"]
    vague = any(word in str(r["basis"]) for r in (a, b) for word in _VAGUE)
    if not (_known(a) and _known(b)):
        return Verdict("no", "unknown")
    if a["scope"] != b["scope"]:
        return Verdict("no", "scope")
    if any(r["unit"] in _NOT_AMOUNTS or _is_ratio(r) for r in (a, b)):
        return Verdict("no", "not_amount")
    when = [(int(r["year"]), str(r["period"])) for r in (a, b)]
    if not growth:
        if when[0] != when[1]:
            return Verdict("no", "period")
        if b["basis"] in _SUPERSEDED or a["basis"] in _SUPERSEDED:
            return Verdict("no", "superseded")
        return Verdict("conditional", "boundary") if vague else Verdict("yes", "plain")
    if a["basis"] != b["basis"]:
        return Verdict("no", "revision")
    if when[0] == when[1]:
        return Verdict("no", "same")
    if (when[0][1] == "annual") != (when[1][1] == "annual"):
        return Verdict("no", "period")
    if "yuan" in str(a["unit"]):
        return Verdict("conditional", "nominal")
    if vague:
        return Verdict("conditional", "boundary")
    if a["basis"] in _SUPERSEDED:
        return Verdict("no", "superseded")
    return Verdict("yes", "one_basis")


def divide(numerator: Mapping, denominator: Mapping) -> float:
    """The ratio of two observations, in the ratio of their units.

    Raises
    ------
    InputError
        Where `may_divide` refuses; the message gives the reason.
    """
    verdict = may_divide(numerator, denominator)
    if verdict.allowed == "no":
        pair = f"{numerator['obs_id']} / {denominator['obs_id']}"
        raise InputError(f"divide: {pair}: {verdict.reason_en} / {verdict.reason_zh}")
    return float(numerator["value"]) / float(denominator["value"])


def ratio_table(observations: pd.DataFrame, pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Ratios of pairs of observations; an invalid one has a reason in place of a number.

    Parameters
    ----------
    observations : DataFrame
        The table ``observations``.
    pairs : iterable of (str, str)
        obs_ids of numerator and denominator.

    Returns
    -------
    DataFrame
        numerator, denominator (obs_ids), numerator_value, denominator_value, ratio (NaN where
        refused), unit, allowed, code, reason_zh, reason_en, source_id.
    """
    table = observations.set_index("obs_id", drop=False)
    rows = []
    for top, bottom in pairs:
        for obs_id in (top, bottom):
            if obs_id not in table.index:
                raise InputError(f"ratio_table: {obs_id!r} is no obs_id of observations.csv")
        a, b = table.loc[top].to_dict(), table.loc[bottom].to_dict()
        verdict = may_divide(a, b)
        refused = verdict.allowed == "no"
        unit = "1" if a["indicator"] == b["indicator"] else f"{a['unit']} / {b['unit']}"
        rows.append({
            "numerator": top, "denominator": bottom,
            "numerator_value": a["value"], "denominator_value": b["value"],
            "ratio": np.nan if refused else divide(a, b),
            "unit": "" if refused else _SAME_UNIT.get(unit, unit),
            "allowed": verdict.allowed, "code": verdict.code,
            "reason_zh": verdict.reason_zh, "reason_en": verdict.reason_en,
            "source_id": ";".join(dict.fromkeys([a["source_id"], b["source_id"]])),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _known(row: Mapping) -> bool:
    return row["value"] is not None and bool(np.isfinite(float(row["value"])))


def _is_ratio(row: Mapping) -> bool:
    """A change, a share, a rank or a value per unit of something, by its statistic."""
    words = str(row["statistic"]).split(",")[0].split()
    return words[:1] in (["change"], ["share"], ["rank"], ["ratio"]) or "/" in str(row["unit"])
