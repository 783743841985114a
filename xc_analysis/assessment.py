"""Verdicts: one series against one target by the eleven rules, and the plan's 14 rows.

``as_of`` is the year up to which values are known. The first rule that matches decides; what
stands beside every verdict (grade, flags, margin, pace, progress) decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf, isfinite, nan

import numpy as np
import pandas as pd

from .errors import InputError
from .fits import (
    exceptional_years,
    fit,
    fit_setting,
    last_year,
    prior_is_guess,
    same_boundary,
    setting_series,
)
from .observations import HOME, stamp
from .projections import Projection
from .tables import load
from .targets import (
    PLAN,
    Target,
    Value,
    margin_of,
    number,
    published_base,
    read_target,
    read_values,
    shown_sign,
    target,
    text_of,
    whole_year,
)
from .trends import annual_frame, as_years, refuse_years, registered_attrs, repeated
from .words import Message, error, has_word, html_table, message, word

# English terms, in which tables and tests speak; readers see the words of the same keys
VERDICTS = {
    "no_target": "cannot be judged",
    "words_only": "cannot be judged",
    "no_base": "cannot be judged",
    "no_value": "cannot be judged",
    "met": "met",
    "not_met": "not met",
    "met_provisional": "met (provisional)",
    "not_met_provisional": "not met (provisional)",
    "open_provisional": "open (provisional)",
    "no_value_for_target_year": "no value for the target year",
    "open": "open",
    "maintenance": "maintenance",
    "gap": "gap",
    "too_far": "too far to say",
    "very_likely": "very likely",
    "likely": "likely",
    "about_even": "about even",
    "unlikely": "unlikely",
    "very_unlikely": "very unlikely",
}
# lower end of each band of P(meet); the end belongs to the band
BANDS = (
    (0.90, "very_likely"),
    (0.66, "likely"),
    (0.33, "about_even"),
    (0.10, "unlikely"),
    (0.0, "very_unlikely"),
)
HORIZON = 5  # years beyond the last value for which a probability is told
ROUNDING = 0.05  # share of the level beyond which rounding is flagged
_SPAN_METHODS = ("paths", "loglinear", "damped", "last")


@dataclass(frozen=True)
class Assessment:
    """A verdict with everything that led to it.

    ``verdict`` is an English term, ``key`` its key in ``words.csv`` (``verdict.<key>``),
    ``rule`` the number of the rule that decided. ``p_meet`` is NaN where there is no
    probability; with two values ``p_span`` holds the lowest and the highest over the models.
    ``margin`` is positive on the side that meets the target. A delegated target, or one in
    words, is judged in ``under_reading`` only. Paces are in units a year; ``progress`` is
    序时进度, or NaN with the reason in ``progress_refused``.
    """

    verdict: str
    key: str
    rule: int
    target: Target
    as_of: int
    p_meet: float
    p_span: tuple[float, float] | None
    margin: float
    latest: float
    latest_year: int | None
    latest_status: str
    outturn: float
    outturn_lower: float
    outturn_upper: float
    outturn_status: str
    n: int
    grade: str
    flags: tuple[Message, ...]
    why: Message
    pace_needed: float
    pace_past: float
    progress: float
    progress_refused: Message | None
    projection: Projection | None = field(repr=False)
    under_reading: Assessment | None = field(repr=False)
    data: pd.DataFrame = field(repr=False)

    def label(self, lang=None) -> str:
        """Return the verdict in a language; default the one in force."""
        unit = _unit_of(self.data.attrs, self.target)
        ends = {"margin": _difference(self.margin, unit), "gap": _difference(-self.margin, unit)}
        ends |= _span_words(self.p_span) if self.p_span else {}
        return word(f"verdict.{self.key}", lang, year=self.target.year, **ends)

    @property
    def frame(self) -> pd.DataFrame:
        """The verdict and its numbers as one row."""
        hidden = ("target", "projection", "under_reading", "data", "progress_refused")
        row = {k: v for k, v in self.__dict__.items() if k not in hidden}
        row |= {"flags": flag_codes(self.flags), "why": str(self.why)}
        named = {"indicator": self.target.indicator, "target": self.target.text}
        return pd.DataFrame([named | {"target_year": self.target.year} | row])

    def plot(self, ax=None):
        """Draw the series with its target, and the projection where there is one."""
        from . import plots

        shown = self.under_reading or self
        if shown.projection is None:
            return plots.plot_series(self.data, target=shown.target, ax=ax)
        return plots.plot_projection(shown.projection, target=shown.target, ax=ax)

    def _repr_html_(self):
        shown = self.under_reading or self
        rows = [(word("column.verdict"), self.label())]
        if self.under_reading:
            rows.append((word("column.why"), self.why))
            rows.append((word("column.reading"), self.target.reading))
            rows.append((word("column.verdict_under_reading"), shown.label()))
        rows.append((word("column.why"), shown.why))
        if shown.p_meet == shown.p_meet:
            rows.append((word("column.p_meet"), f"{shown.p_meet:.2f}"))
        rows.append((word("column.grade"), f"{self.grade} (n = {self.n})"))
        if shown.flags:
            rows.append((word("column.flags"), "; ".join(map(str, shown.flags))))
        return html_table(rows)


def assess(data, target, *, year=None, as_of=None) -> Assessment:
    """Judge a series or a projection against a target by the eleven rules.

    Parameters
    ----------
    data : pandas.Series, pandas.DataFrame or Projection
        By year. A series of `xc_analysis.series` is fitted as the register says, any other whole.
    target : Target, mapping, pandas.Series or str
        A `Target`, a row of the table ``targets``, or a level such as ``"<= 35"`` with `year`.
    year, as_of : int, optional
        Target year of a level given as text; last year used, by default the last on record, or
        the data's own where it is not from the register.

    Returns
    -------
    Assessment

    Raises
    ------
    InputError
        If the target cannot be read, its indicator or unit is another than the series', or a
        projection does not reach the target year.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.assess(xc.series("traffic_noise"), xc.target("traffic_noise"), as_of=2020).verdict
    'maintenance'
    """
    aim = read_target(target, year=year)
    fan = data if isinstance(data, Projection) else None
    frame = _as_frame(data) if fan is None else _frame_of(fan)
    attrs = frame.attrs
    known = fan is None and all(attrs.get(k) for k in ("indicator", "scope", "source"))
    if as_of is None:
        own = int(frame.index.max()) if len(frame) else aim.year - 1
        as_of = max(own, last_year()) if known else own
    as_of = whole_year(as_of, "as_of")
    setting = None
    if known:
        setting = fit_setting(attrs["indicator"], as_of=as_of, scope=attrs["scope"])
    return judge(frame, aim, as_of, setting, fan)


def judge(frame, aim, as_of, setting=None, fan=None, *, by_reading=False) -> Assessment:
    """Apply the first rule that matches; a target without a number also through its reading.

    The projection is `fan`, else one made with the register's `setting`, else of the whole series.
    """
    indicator = frame.attrs.get("indicator") or aim.indicator
    frame.attrs = registered_attrs(frame.attrs, indicator)
    _check_match(aim, frame.attrs)
    fill = {k: str(frame.attrs.get(k) or "") for k in ("indicator", "scope", "unit")}
    aim = replace(aim, **{k: v for k, v in fill.items() if not getattr(aim, k)})
    result = _apply_rules(_Case(frame, aim, as_of, setting, fan, by_reading))
    if result.rule == 1 and aim.read is not None:
        under = judge(frame, aim.read, as_of, setting, fan, by_reading=True)
        result = replace(result, under_reading=under)
    return result


class _Case:
    """One series against one target at one time of knowledge."""

    def __init__(self, frame, aim, as_of, setting, fan, by_reading):
        self.frame, self.aim, self.as_of = frame, aim, as_of
        self.setting, self.fan, self.by_reading = setting, fan, by_reading
        self.attrs = frame.attrs
        self.unit = _unit_of(frame.attrs, aim)
        self.values = same_boundary(read_values(frame, until=as_of), aim.base_year)
        self.base = next((v for v in self.values if v.year == aim.base_year), None)
        self.level = _level_of(aim, self.base, self.attrs)
        self.latest = self.values[-1] if self.values else None
        self.number = next((v for v in reversed(self.values) if v.value == v.value), None)
        self.outturn = next((v for v in self.values if v.year == aim.year), None)
        first, last = (-inf, inf) if setting is None else setting.window
        if fan is not None:
            first, last = fan.years[0], fan.years[-1]
        self.fitted = [v for v in self.values if first <= v.year <= last and v.status != "bound"]
        self.n = sum(v.counted for v in self.fitted)

    @property
    def seen(self):
        """The value a verdict speaks of: that of the target year once it is over, or the latest."""
        over = self.as_of >= self.aim.year and self.outturn is not None
        return self.outturn if over else self.latest

    @property
    def too_far(self) -> bool:
        """Whether the target year lies too far beyond the last value for a probability."""
        return self.aim.year - self.latest.year > HORIZON

    def at_bound(self, value) -> bool:
        """Tell whether a value is the floor or the ceiling of the indicator."""
        return any(value == number(self.attrs.get(end)) for end in ("floor", "ceiling"))

    def project(self, **changes):
        """Return the projection to the target year and None, or None and why there is none."""
        if self.fan is not None and not changes:
            if self.aim.year not in self.fan.target_years:
                raise error("error.projection_year", year=self.aim.year)
            return self.fan, None
        years = {"to": self.aim.year, "base_year": self.aim.base_year}
        try:
            return fit(self.frame, self.setting, as_of=self.as_of, **years, **changes), None
        except InputError as refusal:
            return None, refusal

    def chance(self, fan) -> float:
        """Return P(meet), NaN where none may be told."""
        if fan is None or self.too_far or self.level.comparator == "=":
            return nan
        return float(fan.p_meet(self.level.comparator, self.level.value, self.aim.year))


# --- the rules --------------------------------------------------------------------------------


def _apply_rules(case) -> Assessment:
    """Go through the eleven rules (docs/methods.md, 6); the first match decides."""
    aim, level, latest, outturn = case.aim, case.level, case.latest, case.outturn
    if aim.kind == "qualitative":
        return _result(case, 1, "words_only")
    if aim.kind == "delegated":
        return _result(case, 1, "no_target", "no_target" if latest else "no_target_no_value")
    if level is None:
        return _result(case, 2, "no_base", year=aim.base_year)
    if case.as_of >= aim.year:
        if outturn is None:
            short = "no_outturn_short" if _margin(level, latest) < 0 else "no_outturn"
            return _result(
                case, 5, "no_value_for_target_year", short if latest else "no_value_at_all"
            )
        met = outturn.meets(level)
        # only the level of a change can rest on an estimate
        known = level.lower is None or case.base.status in ("printed", "computed", "derived")
        if met is not None and outturn.firm and known:
            return _result(case, 3, "met" if met else "not_met", "outturn")
        key = {True: "met", False: "not_met", None: "open"}[met]
        status = message(f"status_short.{outturn.status}")
        return _result(case, 4, f"{key}_provisional", "outturn_range", status=status)
    if latest is None:
        return _result(case, 6, "no_value")
    met = latest.meets(level)
    if met is None:
        return _result(case, 7, "open")
    if met:
        return _maintenance(case)
    if case.at_bound(level.value) or level.comparator == "=":
        return _result(case, 9, "gap")
    if case.n < 2:
        return _result(case, 10, "gap", "one_value")
    if case.too_far:
        return _result(case, 10 if case.n == 2 else 11, "too_far")
    return _span(case) if case.n == 2 else _probability(case)


def _maintenance(case):
    fan, p = None, nan
    bounded = case.at_bound(case.latest.value) or case.at_bound(case.level.value)
    if case.n >= 3 and not bounded and not case.too_far:
        fan, _ = case.project()
        p = case.chance(fan)
    if p != p:
        return _result(case, 8, "maintenance")
    return _result(case, 8, "maintenance", "maintenance_p", p=p, fan=fan)


def _span(case):
    fans = [case.fan] if case.fan is not None else []
    fans += [case.project(method=method)[0] for method in _SPAN_METHODS]
    chances = [p for p in map(case.chance, fans) if p == p]
    if not chances:
        return _result(case, 10, "gap")
    span = min(chances), max(chances)
    ends = {"p_low": _chance(span[0]), "p_high": _chance(span[1])} | _span_words(span)
    return _result(case, 10, "span", fan=case.project()[0], span=span, **ends)


def _probability(case):
    fan, refusal = case.project()
    p = case.chance(fan)
    if p != p:
        return _result(case, 11, "gap", "refused", fan=fan, reason=refusal or "–")
    at = int(np.flatnonzero(fan.target_years == case.aim.year)[0])
    usual = number(case.attrs.get("decimals"))
    places = 1 if usual != usual else int(usual) + 1
    ends = zip(("median", "lower", "upper"), (fan.median, *fan.interval(0.8)), strict=True)
    told = {name: f"{values[at]:.{places}f}" for name, values in ends}
    told["median"] = _amount(told["median"], case.unit)
    told |= {"method": message(f"method.{fan.method}")}
    told |= {"first": int(fan.years[0]), "last": int(fan.years[-1])}
    return _result(case, 11, band(p), "likelihood", p=p, fan=fan, **told)


def band(p) -> str:
    """Return the key of the band that holds a probability, lower end inclusive."""
    if not 0.0 <= p <= 1.0:
        raise error("error.probability", p=p)
    return next(key for cut, key in BANDS if p >= cut)


# --- what stands beside a verdict -------------------------------------------------------------

_NOTHING = Value(None, nan, nan, nan, "", 0)


def _result(case, rule, key, why=None, *, p=nan, fan=None, span=None, **told):
    """Fill an `Assessment`; `why` is the key of the reason, by default the verdict's."""
    latest, outturn = case.number or _NOTHING, case.outturn or _NOTHING
    needed, past = _paces(case)
    progress, refused = schedule_progress(case.base, case.number, case.level)
    verdict = VERDICTS.get(key)
    if span:
        low, high = (VERDICTS[band(end)] for end in span)
        verdict = f"{low} to {high}" if low != high else f"{low} (every model)"
    return Assessment(
        verdict=verdict,
        key=key,
        rule=rule,
        target=case.aim,
        as_of=case.as_of,
        p_meet=p,
        p_span=span,
        margin=_margin(case.level, case.seen),
        latest=latest.value,
        latest_year=latest.year,
        latest_status=latest.status,
        outturn=outturn.value,
        outturn_lower=outturn.lower,
        outturn_upper=outturn.upper,
        outturn_status=outturn.status,
        n=case.n,
        grade=_grade(case),
        flags=_flags(case, p, fan, span),
        why=message(f"why.{why or key}", **(_reason_words(case, p, needed) | told)),
        pace_needed=needed,
        pace_past=past,
        progress=progress,
        progress_refused=refused,
        projection=fan,
        under_reading=None,
        data=case.frame,
    )


def _margin(level, v):
    if level is None or level.value is None or v is None:
        return nan
    if v.value == v.value:
        return margin_of(v.value, level, v.decimals)
    # a bound is told by its end on the far side of the target, or by the only one it has
    ends = (v.upper, v.lower) if level.comparator[0] == "<" else (v.lower, v.upper)
    return margin_of(next(end for end in ends if isfinite(end)), level)


def _paces(case):
    """Return the change a year that the target asks for, and that of the fitted years."""
    needed = past = nan
    if case.number is not None and case.level is not None and case.level.value is not None:
        ahead = case.aim.year - case.number.year
        needed = (case.level.value - case.number.value) / ahead if ahead > 0 else nan
    if len(case.fitted) > 1:
        first, last = case.fitted[0], case.fitted[-1]
        past = (last.value - first.value) / (last.year - first.year)
    return needed, past


def schedule_progress(base, latest, level) -> tuple[float, Message | None]:
    """Return 序时进度 of two `Value`, share of the way over share of the time, or why there is none.

    That is ((v - base) / (target - base)) / ((t - t0) / (T - t0)).
    """
    if level is None or level.value is None:
        return nan, message("progress.no_number")
    if base is None or base.value != base.value:
        return nan, message("progress.no_base")
    if level.met_by(base.value, decimals=base.decimals) or base.value == level.value:
        return nan, message("progress.met_at_base")
    if latest is None or latest.year <= base.year:
        return nan, message("progress.no_later_value")
    if base.basis and latest.basis and base.basis != latest.basis:
        return nan, message("progress.boundary")
    way = (latest.value - base.value) / (level.value - base.value)
    return way * (level.year - base.year) / (latest.year - base.year), None


def _grade(case):
    """Grade the fit: A n >= 6 with station records, B n >= 6, C 3-5, D 2, E below."""
    if case.n < 6:
        return "E" if case.n < 2 else "D" if case.n == 2 else "C"
    computed = any(v.status == "computed" for v in case.fitted)
    return "A" if computed or case.attrs.get("source") == "station" else "B"


def _flags(case, p, fan, span):
    """List what a reader must know beside the verdict."""
    attrs, aim = case.attrs, case.aim
    plan = case.setting.plan if case.setting is not None else aim.plan or PLAN
    where = plan, aim.scope, aim.indicator
    years = [v.year for v in case.fitted]
    last = years[-1] if years else None
    mirrored = nan
    if p == p and case.fan is None and fan.method == "paths":
        mirrored = case.chance(case.project(prior="mirrored")[0])
    found = {
        "basis": len({v.basis for v in case.fitted if v.basis}) > 1,
        "exceptional": len(years) > 1 and last in exceptional_years(*where),
        "reading": case.by_reading,
        "prior": (p == p or span) and prior_is_guess(*where),
        "rounding": any(_rounding_share(v, attrs) > ROUNDING for v in case.fitted),
        "conflict": _sources_conflict(aim, [*years, aim.year], case.as_of),
        "two_values": case.n == 2,
        "direction": mirrored == mirrored and band(mirrored) != band(p),
    }
    return tuple(message(f"flag.{key}", year=last) for key, holds in found.items() if holds)


def flag_codes(flags) -> str:
    """Return flags as codes joined by ``;``."""
    return ";".join(dict.fromkeys(flag.key.removeprefix("flag.") for flag in flags))


def _rounding_share(v, attrs):
    """Return the printed step over the level; 0 where values are computed or counted."""
    if attrs.get("scale") in ("count", "share") or not v.value or v.value != v.value:
        return 0.0
    if v.status == "printed":
        return 10.0**-v.decimals / abs(v.value)
    return (v.upper - v.lower) / abs(v.value) if v.status == "derived" else 0.0


def _sources_conflict(aim, years, as_of):
    """Tell whether sources print different values for a year that the verdict uses."""
    found = _conflicts(stamp("observations")).get((aim.indicator, aim.scope), ())
    return any(year in years and year <= as_of for year in found)


@lru_cache(maxsize=8)
def _conflicts(_stamp):
    """Years in which sources differ, by indicator and area."""
    rows = load("observations")
    rows = rows[rows["period"] == "annual"]
    values = rows.groupby(["indicator", "scope", "statistic", "year"])["value"].nunique()
    out = {}
    for indicator, scope, _, year in values[values > 1].index:
        out.setdefault((indicator, scope), set()).add(year)
    return out


# --- targets against series -------------------------------------------------------------------


def _level_of(aim, base, attrs):
    """Return the level that a target asks for; None for a change without its base value."""
    if aim.kind != "change":
        return aim
    if _holds_changes(aim, attrs):
        return replace(aim, kind="level")
    if base is None or base.value != base.value:
        return None

    def level(x):
        # 40 less 18 % is 32.8, not 32.800000000000004
        return round(x * (1 + aim.value / 100) if aim.unit == "%" else x + aim.value, 9)

    ends = {"lower": None, "upper": None}
    if base.lower < base.upper:
        ends = {"lower": level(base.lower), "upper": level(base.upper)}
    unit = str(attrs.get("unit") or "")
    return replace(aim, kind="level", value=level(base.value), unit=unit, **ends)


def _holds_changes(aim, attrs):
    """Tell whether the series holds changes itself, so that the target's number is its own."""
    name = aim.indicator or str(attrs.get("indicator") or "")
    return str(attrs.get("statistic") or "").startswith("change") or name.endswith("_change")


def _check_match(aim, attrs):
    """Refuse a target of another indicator or unit than the series'."""
    indicator, unit = str(attrs.get("indicator") or ""), str(attrs.get("unit") or "")
    if aim.indicator and indicator and aim.indicator != indicator:
        raise error("error.other_indicator", target=aim.indicator, series=indicator)
    of_level = aim.kind == "change" and not _holds_changes(aim, attrs)
    if of_level and aim.base_year is None:
        raise error("error.change_base_year", indicator=aim.indicator or indicator)
    if of_level and aim.unit == unit == "%":
        raise error("error.change_ambiguous", indicator=aim.indicator or indicator)
    free = ("", "%", "pp") if of_level else ("",)
    if aim.unit not in free and unit and aim.unit != unit:
        raise error("error.other_unit", target=aim.unit, series=unit)


def _as_frame(data):
    """Read a series by year, as a trend or a projection reads it."""
    name, frame, _ = annual_frame(data)
    years = as_years(frame.index, "error.years_not_whole", name=name)
    refuse_years(repeated(years), "error.repeated_years", name)
    frame = frame.set_axis(pd.Index(years, name="year")).sort_index()
    frame.attrs = dict(data.attrs)
    return frame


def _frame_of(fan):
    """Return the values behind a projection, with what it kept of their evidence."""
    frame = fan.data.copy()
    own = {
        name: getattr(fan, name) for name in ("indicator", "scale", "floor", "ceiling", "better")
    }
    frame.attrs = fan.data.attrs | own
    return frame


# --- the scorecard ----------------------------------------------------------------------------


def scorecard(*, as_of=None) -> pd.DataFrame:
    """Judge the 14 rows of the plan's Table 2 with what was known by a year.

    Parameters
    ----------
    as_of : int, optional
        Last year used. Default: the last year on record.

    Returns
    -------
    pandas.DataFrame
        One row per line of Table 2, in the plan's own words. ``base`` is the published value of
        the base year or the nearest before it; ``flags`` are codes joined by ``;``, those of the
        reading included; where ``p_meet`` is NaN there is no probability.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.scorecard(as_of=2020).set_index("indicator").loc["traffic_noise", "verdict"]
    'maintenance'
    """
    year = last_year() if as_of is None else whole_year(as_of, "as_of")
    lines = table_2().to_dict("records")
    rows = [_card_row(line, registered_assessment(line["indicator"], as_of=year)) for line in lines]
    whole = dict.fromkeys(("base_year", "latest_year"), "Int64")
    frame = pd.DataFrame(rows).astype(whole)
    frame.attrs = {"as_of": year, "scope": HOME, "plan": PLAN}
    return frame


def table_2() -> pd.DataFrame:
    """Return the indicators of the plan's Table 2, in its order."""
    lines = load("indicators")
    return lines[lines["plan_row"].notna()].sort_values("plan_row")


def registered_assessment(indicator, aim=None, *, as_of=None, scope=None) -> Assessment:
    """Judge an indicator as the register has it: series, projection and (by default) target."""
    year = last_year() if as_of is None else whole_year(as_of, "as_of")
    aim = target(indicator, scope=scope) if aim is None else aim
    setting = fit_setting(indicator, as_of=year, scope=scope)
    return judge(setting_series(setting), aim, year, setting)


def _card_row(line, one):
    aim, read = one.target, one.under_reading
    base_year, base = published_base(line, HOME, min(aim.base_year or one.as_of, one.as_of))
    own = {key: text_of(line, f"plan_{key}") or line[key] for key in ("name_zh", "name_en")}
    own["unit"] = text_of(line, "plan_unit_zh") or line["unit"]
    latest = ("latest", "latest_year", "latest_status")
    outturn = ("outturn", "outturn_lower", "outturn_upper", "outturn_status")
    return {
        "plan_row": int(line["plan_row"]),
        "indicator": line["indicator"],
        **own,
        "category": text_of(line, "plan_category_zh"),
        "attribute": aim.binding,
        "kind": aim.kind,
        "base": base,
        "base_year": base_year,
        **{name: getattr(one, name) for name in latest},
        "target_year": aim.year,
        **{name: getattr(one, name) for name in outturn},
        "comparator": aim.comparator or "",
        "target": nan if aim.value is None else aim.value,
        "verdict": one.verdict,
        "p_meet": one.p_meet,
        "reading": aim.reading,
        "verdict_under_reading": read.verdict if read else "",
        "p_under_reading": read.p_meet if read else nan,
        "grade": one.grade,
        "flags": flag_codes(one.flags + (read.flags if read else ())),
        "why_zh": one.why.render("zh"),
        "why_en": one.why.render("en"),
    }


# --- words ------------------------------------------------------------------------------------


def _reason_words(case, p, pace):
    """Return what reasons may say of a case; each takes the words that it needs."""
    aim, level, seen, unit = case.aim, case.level, case.seen, case.unit
    scope = aim.scope or HOME
    told = {"year": aim.year, "target_year": aim.year, "horizon": HORIZON, "n": case.n}
    told["scope"] = message(f"area.{scope}") if has_word(f"area.{scope}") else scope
    if seen is None or level is None or level.value is None:
        return told
    margin = _margin(level, seen)
    asked = {"sign": shown_sign(level.comparator), "amount": _amount(f"{level.value:.6g}", unit)}
    told |= {"value": _value_words(case, seen), "asked": message("asked", **asked)}
    told |= {"latest": told["value"], "latest_year": seen.year}
    told |= {"margin": _difference(margin, unit), "gap": _difference(-margin, unit)}
    told |= {"pace": _difference(pace, unit, "+.2g"), "p": _chance(p) if p == p else ""}
    # the limit of a mean has daily percentiles beside it, which nobody judges here
    mean = case.attrs.get("statistic") == "mean" and unit in ("µg/m³", "mg/m³")
    told["note"] = message("why.annual_mean") if mean and seen.meets(level) else ""
    return told


def _unit_of(attrs, aim):
    # the per cent of a change is no unit of the level it asks for
    return str(attrs.get("unit") or ("" if aim.kind == "change" else aim.unit))


def _amount(text, unit):
    """Tell a number with its unit as a message, so that it follows the language."""
    if not unit:
        return text
    named = message(f"unit.{unit}") if has_word(f"unit.{unit}") else unit
    return message("amount", value=text, unit=named)


def _difference(value, unit, form=".3f"):
    """Tell a difference of two values; one of per cents is in percentage points."""
    text = "–" if value != value else f"{value:{form}}"
    text = text.rstrip("0").rstrip(".") if form == ".3f" else text
    return _amount(text, "pp" if unit == "%" else unit)


def _value_words(case, v):
    """Tell a value with its unit, and its range where it has one beyond its rounding."""
    unit, attrs, low, high = case.unit, case.attrs, v.lower, v.upper
    if v.status == "bound":
        if low in (-inf, number(attrs.get("floor"))):
            return _amount(f"≤ {high:.6g}", unit)
        if high in (inf, number(attrs.get("ceiling"))):
            return _amount(f"≥ {low:.6g}", unit)
        return _amount(message("range", low=f"{low:.6g}", high=f"{high:.6g}"), unit)
    text = f"{v.value:.{v.decimals}f}"
    if v.firm or v.status == "draft" or not (isfinite(low) and isfinite(high)):
        return _amount(text, unit)
    ends = message("range", low=f"{low:.{v.decimals}f}", high=f"{high:.{v.decimals}f}")
    return message("with_range", amount=_amount(text, unit), range=ends)


def _chance(p):
    """Tell a probability with two decimals, three where two would tell another band."""
    return f"{p:.2f}" if band(min(round(p, 2), 1.0)) == band(p) else f"{p:.3f}"


def _span_words(span):
    low, high = (message(f"verdict.{band(p)}") for p in span)
    return {"low": low, "high": high}
