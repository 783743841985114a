"""The branches of METHODS 4: from one series and one target to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from xc_analysis.fits.points import Points
from xc_analysis.projection import Projection
from xc_analysis.verdicts.arithmetic import (
    base_position,
    compound_rate,
    elapsed,
    growth_ratio,
    progress,
    progress_measures,
    progress_table,
)
from xc_analysis.verdicts.flags import (
    annual_mean_note,
    bound_text,
    finite,
    flags_of,
    grade,
    provisional_range,
    what_is_missing,
)
from xc_analysis.verdicts.likelihood import projection_for, projection_parts
from xc_analysis.verdicts.targets import (
    CANNOT,
    CANNOT_ZH,
    Target,
    as_compared,
    band,
    meets,
    written_decimals,
)

NAN = float("nan")


@dataclass(frozen=True)
class Assessment:
    """A verdict and its components.

    ``verdict`` is one of: "cannot be judged"; a band of P(meet) from "very likely" to "very
    unlikely"; "maintenance: " and such a band, or "maintenance: by margin alone"; "gap only,
    no probability" (a target at the bound of a percentage); "met" or "not met" once the target
    year has a value, with " (provisional)" where that value is an estimate or a bound.
    ``branch`` names the branch of METHODS 4 taken. ``margin`` is positive on the side that
    meets the target. A delegated target never passes or fails: its reading, if it has one,
    is judged in ``under_reading`` and the ``*_under_reading`` fields only.
    """

    verdict: str
    verdict_zh: str
    branch: str
    target: str
    kind: str
    band: str
    p_meet: float
    p_breach: float
    margin: float
    baseline: float
    baseline_year: int | None
    latest: float
    latest_year: int | None
    n: int
    grade: str
    flags: tuple[str, ...]
    flags_en: tuple[str, ...]
    flags_zh: tuple[str, ...]
    why: str
    why_zh: str
    missing: str
    missing_zh: str
    reading: str
    under_reading: Assessment | None
    projection: Projection | None = field(repr=False)
    components: dict = field(repr=False)
    points: Points = field(repr=False)
    aim: Target | None = field(repr=False)

    @property
    def verdict_under_reading(self) -> str:
        """Verdict under the reading of a delegated or qualitative target; empty without one."""
        return self.under_reading.verdict if self.under_reading else ""

    @property
    def p_under_reading(self) -> float:
        """P(meet) under the reading; NaN without one."""
        return self.under_reading.p_meet if self.under_reading else NAN

    @cached_property
    def p_trend(self) -> float:
        """Exact two-sided Mann-Kendall p of the points used; NaN below two points."""
        from xc_analysis.trend import mann_kendall

        if self.points.years.size < 2:
            return NAN
        return float(mann_kendall(self.points.values, self.points.years).p)

    @cached_property
    def arithmetic(self):
        """DataFrame of the recognised progress measures, each with its refusal or source."""
        return self.arithmetic_from(None if self.aim is None else self.aim.base_year)

    def arithmetic_from(self, base_year):
        """The measures from another base year; None takes the first value of the fit."""
        if self.aim is None:
            return progress_table([])
        return progress_table(
            progress_measures(
                self.points.years,
                self.points.values,
                base_year=base_year,
                target=self.aim.value,
                target_year=self.aim.target_year,
                better=self.components["better"],
            )
        )

    @property
    def formula(self) -> str:
        """Arithmetic behind P(meet), with its numbers."""
        return self.components.get("formula", "")


@dataclass(frozen=True)
class Case:
    """Everything a branch may look at."""

    s: object
    aim: Target
    attrs: dict
    name: str
    seen: Points
    fit: Points
    window: tuple
    end: int
    projection: Projection | None
    options: dict
    exceptional: tuple[int, ...]
    passing: tuple | None
    conflict: bool
    by_reading: bool = False


def _better(case, latest):
    comparator = case.aim.comparator
    if comparator != "=":
        return "lower" if comparator[0] == "<" else "higher"
    if case.attrs.get("better") in ("lower", "higher"):
        return case.attrs["better"]
    return "lower" if latest is not None and latest > case.aim.value else "higher"


def _places(case, year):
    """Decimals at which a value counts: as written; a computed one at most a digit finer.

    A computed value has no printed precision of its own. It counts at one digit more than
    the indicator prints, so that floating-point digits decide nothing.
    """
    value = float(case.seen.values[case.seen.years == year][0])
    written = written_decimals(value)
    printed = finite(case.attrs.get("decimals"))
    if printed is None:
        return min(written, 9)
    if getattr(case.s, "ndim", 1) == 2 and "status" in case.s.columns:
        if str(case.s.loc[year, "status"]) == "printed":
            return written
    return min(written, int(printed) + 1)


def judge(case) -> Assessment:
    aim, seen, fit = case.aim, case.seen, case.fit
    n = int(fit.years.size)
    latest = float(seen.values[-1]) if seen.years.size else None
    latest_year = int(seen.years[-1]) if seen.years.size else None
    at = base_position(seen.years, aim.base_year) if seen.years.size else None
    flags = flags_of(case)
    common = {
        "target": aim.text,
        "kind": aim.kind,
        "baseline": NAN if at is None else float(seen.values[at]),
        "baseline_year": None if at is None else int(seen.years[at]),
        "latest": NAN if latest is None else latest,
        "latest_year": latest_year,
        "n": n,
        "grade": grade(case, n),
        "flags": tuple(code for code, _, _ in flags),
        "flags_en": tuple(en for _, en, _ in flags),
        "flags_zh": tuple(zh for _, _, zh in flags),
        "reading": aim.reading if case.by_reading else "",
        "under_reading": None,
        "points": fit,
    }
    if aim.value is None:
        return _cannot(common, case, aim.kind, *what_is_missing(case, latest))
    provisional = provisional_range(case)
    if latest is None and provisional is None:
        en = f"a value of {case.attrs.get('name_en') or case.name}"
        bound = bound_text(case)
        return _cannot(common, case, "no value", en + bound[0], f"该指标的数值{bound[1]}")
    better = _better(case, latest)
    common["aim"] = aim
    parts = _components(case, latest, latest_year, at, better)
    if latest_year == aim.target_year:
        return _outturn(common, case, parts)
    if provisional is not None:
        return _outturn_of_range(common, case, parts, provisional)
    met = meets(latest, aim.comparator, aim.value, decimals=_places(case, latest_year))
    if met:
        return _maintenance(common, case, parts)
    if seen.years.size == 1:
        return _cannot(
            common,
            case,
            "one value",
            f"a second comparable value: one value ({latest:g} in {latest_year}) does not meet "
            "the target and tells no direction",
            f"第二个可比数值：仅有一个值（{latest_year} 年 {latest:g}），未达目标，也无从判断走向",
            parts,
        )
    return _to_be_reached(common, case, parts)


def _cannot(common, case, branch, missing, missing_zh, parts=None):
    common.setdefault("aim", None)
    return Assessment(
        verdict=CANNOT,
        verdict_zh=CANNOT_ZH,
        branch=branch,
        band="",
        p_meet=NAN,
        p_breach=NAN,
        margin=NAN if parts is None else parts["margin"],
        why=f"missing: {missing}",
        why_zh=f"缺少：{missing_zh}",
        missing=missing,
        missing_zh=missing_zh,
        projection=None,
        components=parts or {},
        **common,
    )


def _assessment(common, parts, verdict, branch, why, **more):
    values = {"band": "", "p_meet": NAN, "p_breach": NAN, "projection": None}
    values.update(more)
    return Assessment(
        verdict=verdict[0],
        verdict_zh=verdict[1],
        branch=branch,
        margin=parts["margin"],
        why=why[0],
        why_zh=why[1],
        missing="",
        missing_zh="",
        components=parts,
        **values,
        **common,
    )


def _components(case, latest, latest_year, at, better):
    """Margin, progress and paces: the arithmetic every branch shows."""
    aim, seen, fit = case.aim, case.seen, case.fit
    parts = {"better": better, "target_value": aim.value, "target_year": aim.target_year}
    if latest is None:
        return parts | {"margin": NAN}
    sign = 1.0 if better == "lower" else -1.0
    seen_as = latest  # strict comparators take it unrounded, the others as they compare it
    if aim.comparator not in ("<", ">"):
        seen_as = as_compared(latest, aim.value, _places(case, latest_year))
    parts["margin"] = sign * (aim.value - seen_as) + 0.0  # no negative zero
    base, base_year = float(seen.values[at]), int(seen.years[at])
    parts["progress"] = progress(base, latest, aim.value)
    parts["elapsed"] = elapsed(base_year, latest_year, aim.target_year)
    ahead = aim.target_year - latest_year
    parts["required_per_year"] = (aim.value - latest) / ahead if ahead else NAN
    parts["required_rate"] = 100 * compound_rate(latest, aim.value, ahead)
    if fit.years.size > 1:
        span = int(fit.years[-1] - fit.years[0])
        first, last = float(fit.values[0]), float(fit.values[-1])
        parts["past_per_year"] = (last - first) / span
        parts["past_rate"] = 100 * compound_rate(first, last, span)
    parts["growth_ratio"] = growth_ratio(
        base, latest, aim.value, base_year, latest_year, aim.target_year
    )
    return parts


def _outturn(common, case, parts):
    aim, value = case.aim, common["latest"]
    met = meets(value, aim.comparator, aim.value, decimals=_places(case, common["latest_year"]))
    note = annual_mean_note(case) if met else ("", "")
    verdict = ("met", "已达到") if met else ("not met", "未达到")
    why = (
        f"{value:g} in the target year {aim.target_year} against {aim.text}{note[0]}",
        f"目标年 {aim.target_year} 为 {value:g}，目标 {aim.text}{note[1]}",
    )
    return _assessment(common, parts, verdict, "outturn", why)


def _outturn_of_range(common, case, parts, ends):
    """The target year is an estimate or a bound: met only if its whole range meets."""
    aim = case.aim
    low, high = (
        meets(e, aim.comparator, aim.value, decimals=9)
        if np.isfinite(e)
        else _meets_at_infinity(e, aim.comparator)
        for e in ends
    )
    if low and high:
        verdict = "met (provisional)", "已达到（暂定）"
    elif not low and not high and not (aim.comparator == "=" and ends[0] < aim.value < ends[1]):
        verdict = "not met (provisional)", "未达到（暂定）"
    else:
        verdict = "open (provisional)", "难以断定（暂定）"
    span = " to ".join("?" if not np.isfinite(e) else f"{e:.4g}" for e in ends)
    why = (
        f"{aim.target_year} is not a whole measured year; its range {span} against {aim.text}",
        f"{aim.target_year} 年没有完整实测值，其区间为 {span}，目标 {aim.text}",
    )
    parts = parts | {"outturn_lower": ends[0], "outturn_upper": ends[1]}
    return _assessment(common, parts, verdict, "outturn", why)


def _meets_at_infinity(end, comparator):
    return comparator[0] == ("<" if end < 0 else ">")


def _share_text(case, parts):
    """k of n at a bound: Beta-binomial beside the margin."""
    if case.passing is None:
        return parts, ("", "")
    from xc_analysis.projection import share_at_bound

    share = share_at_bound(*case.passing)
    k, n, future = case.passing
    return (
        parts | {"passing": share},
        (
            f"; {k} of {n} units met it, next {future}",
            f"；{n} 个单元中 {k} 个达标，其后 {future} 个",
        ),
    )


def _maintenance(common, case, parts):
    """Latest value meets the target: margin, and P(breach) where there are two values."""
    aim = case.aim
    unit = case.fit.unit or aim.unit
    parts, share = _share_text(case, parts)
    note = annual_mean_note(case)
    words = (
        f"{common['latest']:g} ({common['latest_year']}) meets {aim.text} with a margin of "
        f"{parts['margin']:.4g} {unit}{note[0]}{share[0]}",
        f"{common['latest_year']} 年 {common['latest']:g} 已满足 {aim.text}，余量 "
        f"{parts['margin']:.4g} {unit}{note[1]}{share[1]}",
    )
    if (sd := case.options["prior_sd"]) and case.options["scale"] == "identity":
        parts = parts | {"margin_in_prior_sd": parts["margin"] / sd}
    alone = ("maintenance: by margin alone", "维持：仅凭余量")
    if case.fit.years.size < 2:
        return _assessment(common, parts, alone, "maintenance", words)
    projection, alternatives, refusal = projection_for(case, aim)
    p = NAN if projection is None else projection.p_meet(aim.comparator, aim.value, aim.target_year)
    if projection is not None:
        parts = projection_parts(case, parts, projection, alternatives, p)
    if not np.isfinite(p):
        parts = parts | {"no_probability": refusal or "target at a bound of the scale"}
        return _assessment(common, parts, alone, "maintenance", words, projection=projection)
    en, zh = band(p)
    words = (
        f"{words[0]}; P(breach by {aim.target_year}) {1 - p:.2f}",
        f"{words[1]}；{aim.target_year} 年突破目标的概率 {1 - p:.2f}",
    )
    return _assessment(
        common,
        parts,
        (f"maintenance: {en}", f"维持：{zh}"),
        "maintenance",
        words,
        band=en,
        p_meet=p,
        p_breach=1 - p,
        projection=projection,
    )


def _at_bound(case):
    """Is the target one that no continuous scale gives a probability: "=" or a bound?"""
    ends = finite(case.attrs.get("floor")), finite(case.attrs.get("ceiling"))
    return case.aim.comparator == "=" or case.aim.value in ends


def _to_be_reached(common, case, parts):
    aim = case.aim
    unit = case.fit.unit or aim.unit
    if case.fit.years.size < 2:
        return _cannot(
            common,
            case,
            "one value",
            f"a second value inside the window of the fit of {case.name}",
            "拟合时段内的第二个数值",
            parts,
        )
    projection, alternatives, refusal = projection_for(case, aim)
    p = NAN if projection is None else projection.p_meet(aim.comparator, aim.value, aim.target_year)
    if projection is not None:
        parts = projection_parts(case, parts, projection, alternatives, p)
    if not np.isfinite(p) and not _at_bound(case):
        return _cannot(common, case, "no projection", refusal, f"可用的推算（{refusal}）", parts)
    if not np.isfinite(p):
        parts, share = _share_text(case, parts)
        parts = parts | {"no_probability": refusal or "target at a bound of the scale"}
        gap, pace = abs(parts["margin"]), abs(parts["required_per_year"])
        past = parts.get("past_per_year", NAN)
        why = (
            f"gap of {gap:.4g} {unit} to {aim.text}; needs {pace:.3g} {unit} a year, the record "
            f"made {past:.3g}{share[0]}",
            f"距 {aim.text} 尚差 {gap:.4g} {unit}，每年需 {pace:.3g} {unit}，"
            f"以往每年 {past:.3g}{share[1]}",
        )
        verdict = ("gap only, no probability", "只列差距，不给概率")
        return _assessment(common, parts, verdict, "to be reached", why, projection=projection)
    en, zh = band(p)
    note = annual_mean_note(case)
    why = (
        f"P(meet {aim.text} in {aim.target_year}) {p:.2f}: median {parts['median']:.4g} {unit}"
        f"{note[0]}",
        f"{aim.target_year} 年满足 {aim.text} 的概率 {p:.2f}：中位数 {parts['median']:.4g} {unit}"
        f"{note[1]}",
    )
    return _assessment(
        common,
        parts,
        (en, zh),
        "to be reached",
        why,
        band=en,
        p_meet=p,
        p_breach=1 - p,
        projection=projection,
    )
