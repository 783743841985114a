"""Recognised arithmetic of progress toward a target, side by side: shown, never deciding.

Every method is kept to its own definition and refuses where that does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xc_analysis.errors import InputError

LOWER, HIGHER = "lower", "higher"


@dataclass(frozen=True)
class Measure:
    """One method's number and category, or the reason why it has none."""

    method: str
    method_zh: str
    value: float
    category: str
    category_zh: str
    refused: str
    refused_zh: str
    source: str


_SOURCES = {
    "elapsed": (
        "progress against elapsed time",
        "序时进度",
        "practice of plan evaluation in China (序时进度), no single document",
    ),
    "eurostat": (
        "ratio of actual to required growth",
        "实际与所需增长率之比",
        "Eurostat, Sustainable development in the European Union: monitoring report, method for "
        "indicators with a quantitative target; Open SDG, Progress measurement methodology, "
        "method 2",
    ),
    "un": (
        "UN Progress Chart 2023",
        "联合国进展图 2023",
        "UN Statistics Division, SDG Progress Chart 2023, technical note",
    ),
    "escap": (
        "anticipated progress",
        "预期进展指数",
        "ESCAP, Asia and the Pacific SDG Progress Report, technical notes; Bidarbakht Nia, "
        "SD/WP/05/2017",
    ),
    "sdsn": (
        "SDSN trend arrow",
        "SDSN 趋势箭头",
        "Sustainable Development Report 2023, annex A, methods summary",
    ),
}


class _Refuse(Exception):
    """A method does not apply; holds the reason in both languages."""


def _band(value, cuts):
    """First category whose lower cut-off `value` reaches."""
    for cut, en, zh in cuts:
        if value >= cut:
            return en, zh
    raise AssertionError("the last cut-off is minus infinity")


def _direction(better):
    if better not in (LOWER, HIGHER):
        raise InputError(f"better must be 'lower' or 'higher', not {better!r}")
    return -1.0 if better == LOWER else 1.0


def _check_positive(**values):
    for name, value in values.items():
        if not value > 0:
            raise _Refuse(
                f"the {name} is {value:g}: a compound rate needs values above zero",
                f"{'基准值' if name == 'baseline' else '目标值' if name == 'target' else '现值'}"
                f"为 {value:g}，复合增长率要求大于零",
            )


def progress(base, latest, target):
    """Share of the way from base to target that has been covered: (y_t - y_b)/(y* - y_b).

    NaN when base and target coincide.
    """
    return (latest - base) / (target - base) if target != base else float("nan")


def elapsed(base_year, latest_year, target_year):
    """Share of the plan's time that has passed: (t - b)/(T - b); NaN if there is none."""
    span = target_year - base_year
    return (latest_year - base_year) / span if span else float("nan")


def compound_rate(start, end, years):
    """Compound growth a year, as a share; NaN where it does not exist."""
    if not (start > 0 and end > 0 and years > 0):
        return float("nan")
    return float((end / start) ** (1 / years) - 1)


def growth_ratio(base, latest, target, base_year, latest_year, target_year):
    """Actual over required compound growth; both from the base year."""
    actual = compound_rate(base, latest, latest_year - base_year)
    required = compound_rate(base, target, target_year - base_year)
    return actual / required if required else float("nan")


def _elapsed(f):
    p, e = progress(f.base, f.latest, f.target), elapsed(f.base_year, f.latest_year, f.target_year)
    late = ("behind time", "慢于序时进度") if p < e else ("on time or ahead", "达到序时进度")
    return p, late


def _eurostat(f):
    _check_positive(baseline=f.base, latest=f.latest, target=f.target)
    value = growth_ratio(f.base, f.latest, f.target, f.base_year, f.latest_year, f.target_year)
    cuts = (
        (0.95, "significant progress", "显著进展"),
        (0.60, "moderate progress", "中等进展"),
        (0.0, "insufficient progress", "进展不足"),
        (-np.inf, "movement away", "背离目标"),
    )
    return value, _band(value, cuts)


def _un(f):
    _check_positive(baseline=f.base, latest=f.latest)
    rate = compound_rate(f.base, f.latest, f.latest_year - f.base_year)
    expected = f.latest * (1 + rate) ** (f.target_year - f.latest_year)
    value = (expected - f.base) / (f.target - f.base)
    cuts = (
        (0.95, "on track or target met", "按期或已达标"),
        (0.10, "fair progress, acceleration needed", "有进展但需加速"),
        (-np.inf, "stagnation or regression", "停滞或倒退"),
    )
    return value, _band(value, cuts)


def _escap(f):
    """Line weighted by recency, carried to the target year; share of the way it covers.

    The published notes say that weights grow with how recent a value is; here they are
    proportional to the position in time, 1 for the first year.
    """
    t = f.years - f.years[0] + 1.0
    w = t / t.sum()
    mean_t, mean_y = w @ t, w @ f.values
    d = t - mean_t
    slope = (w * d) @ (f.values - mean_y) / ((w * d) @ d)
    predicted = mean_y + slope * (f.target_year - f.years[0] + 1.0 - mean_t)
    value = (predicted - f.base) / (f.target - f.base)
    cuts = (
        (0.90, "maintain progress", "保持进度"),
        (0.0, "accelerate progress", "需加快"),
        (-np.inf, "reverse trend", "需扭转趋势"),
    )
    return value, _band(value, cuts)


def _sdsn(f, recent=4):
    """Linear pace of the most recent (usually four) years over the pace the target needs."""
    inside = f.years >= f.latest_year - recent
    first = int(np.flatnonzero(inside)[0])
    if f.years[first] == f.latest_year:
        raise _Refuse(
            f"no second value in the {recent} years to {f.latest_year}",
            f"{f.latest_year} 年以前 {recent} 年内没有第二个值",
        )
    actual = (f.latest - f.values[first]) / (f.latest_year - f.years[first])
    value = actual / ((f.target - f.base) / (f.target_year - f.base_year))
    cuts = (
        (1.0, "on track", "按期"),
        (0.5, "moderately improving", "中等改善"),
        (0.0, "stagnating", "停滞"),
        (-np.inf, "decreasing", "恶化"),
    )
    return value, _band(value, cuts)


_METHODS = {
    "elapsed": _elapsed,
    "eurostat": _eurostat,
    "un": _un,
    "escap": _escap,
    "sdsn": _sdsn,
}


@dataclass(frozen=True)
class _Facts:
    years: np.ndarray
    values: np.ndarray
    base: float
    base_year: int
    latest: float
    latest_year: int
    target: float
    target_year: int
    better: str


def _common_refusal(f):
    """Reasons that hold for every method."""
    sign = _direction(f.better)
    if sign * (f.target - f.base) <= 0:
        raise _Refuse(
            f"the baseline {f.base:g} already meets the target: maintenance has no progress",
            f"基准值 {f.base:g} 已满足目标：属维持，没有进度可算",
        )
    if f.latest_year <= f.base_year:
        raise _Refuse(
            f"no value after the base year {f.base_year}",
            f"基准年 {f.base_year} 之后没有数值",
        )
    if f.target_year <= f.base_year:
        raise _Refuse("the target year is not after the base year", "目标年不晚于基准年")


def progress_measures(years, values, *, base_year, target, target_year, better) -> list[Measure]:
    """The recognised progress measures of one series, each with its refusals.

    Parameters
    ----------
    years, values : array_like, shape (n,)
        The series, one value a year, in order; nothing after the year of assessment.
    base_year : int
        The plan's base year; where it has no value the nearest earlier year, else the first.
    target : float
        Value to reach, in the unit of the series.
    target_year : int
        Year by which it is to be reached.
    better : {"lower", "higher"}
        Direction of improvement.

    Returns
    -------
    list of Measure
        Time elapsed (P against E), Eurostat and Open SDG (cut-offs 0.95, 0.60, 0), UN Progress
        Chart 2023 (0.95, 0.10), ESCAP anticipated progress, SDSN arrow.

    Notes
    -----
    Each names its document in ``source``. None substitutes a small number for a zero: it
    refuses, and says why.
    """
    years = np.asarray(years, dtype=np.int64)
    values = np.asarray(values, dtype=float)
    _direction(better)
    if not years.size:
        return [
            Measure(en, zh, float("nan"), "", "", "no value", "没有数值", source)
            for en, zh, source in _SOURCES.values()
        ]
    at = base_position(years, base_year)
    f = _Facts(
        years,
        values,
        float(values[at]),
        int(years[at]),
        float(values[-1]),
        int(years[-1]),
        float(target),
        int(target_year),
        better,
    )
    out = []
    for key, method in _METHODS.items():
        en, zh, source = _SOURCES[key]
        try:
            _common_refusal(f)
            value, (category, category_zh) = method(f)
            out.append(Measure(en, zh, float(value), category, category_zh, "", "", source))
        except _Refuse as refusal:
            out.append(Measure(en, zh, float("nan"), "", "", *refusal.args, source))
    return out


def base_position(years, base_year):
    """Position of the base year's value: that year, else the nearest earlier, else the first."""
    if base_year is None:
        return 0
    return max(int(np.searchsorted(years, base_year, side="right")) - 1, 0)


def progress_table(measures):
    """DataFrame of measures: method, value, category, refused, source and their Chinese."""
    import pandas as pd

    columns = list(Measure.__dataclass_fields__)
    return pd.DataFrame([[getattr(m, c) for c in columns] for m in measures], columns=columns)
