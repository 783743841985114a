"""Verdicts by the eleven rules: one series, the plan's 14 rows; how far they hold, the next plan.

``as_of`` is the year up to which values are known. The first rule that matches decides; what
stands beside every verdict (grade, flags, margin, pace, progress) decides nothing.
"""

from collections import namedtuple
from dataclasses import dataclass, field, replace
from itertools import product
from math import inf, isfinite, nan

import numpy as np
import pandas as pd

from . import fits, targets
from .errors import InputError
from .observations import CITY, HOME, kept, resolve_indicator
from .projections import METHODS, OF_DAYS, Projection
from .tables import load
from .targets import FIRM, PLAN, Target, Value, margin_of, number, read_target, text_of, whole_year
from .trends import annual_frame, as_years, refuse_years, registered_attrs, repeated
from .words import Message, clauses, difference_unit, error, has_word, html_table, message, word

# lower end of each band of P(meet); the end belongs to the band
_CHANCES = ("very_likely", "likely", "about_even", "unlikely", "very_unlikely")
BANDS = tuple(zip((0.90, 0.66, 0.33, 0.10, 0.0), _CHANCES, strict=True))
# English terms, in which tables and tests speak; readers see the words of the same keys
VERDICTS = {
    **dict.fromkeys(("no_target", "words_only", "no_base", "no_value"), "cannot be judged"),
    **{key: key.replace("_", " ") for key in ("met", "not_met", "open", "maintenance", "gap")},
    **{key: key.replace("_", " ") for key in _CHANCES},
    "met_provisional": "met (provisional)",
    "not_met_provisional": "not met (provisional)",
    "open_provisional": "open (provisional)",
    "no_value_for_target_year": "no value for the target year",
    "too_far": "too far to say",
}
_CARD = (
    "plan_row indicator name_zh name_en unit category attribute kind base base_year latest "
    "latest_year latest_status target_year outturn outturn_lower outturn_upper outturn_status "
    "comparator target verdict p_meet reading verdict_under_reading p_under_reading grade flags "
    "why_zh why_en"
).split()
HORIZON = 5  # years beyond the last value for which a probability is told
ROUNDING = 0.05  # share of the level beyond which rounding is flagged
_NOTHING = Value(None, nan, nan, nan, "", 0, "")
AIR = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_day_ratio")
_CANDIDATE = (
    "indicator target_id comparator target target_year latest latest_year latest_status "
    "already_met pace_needed pace_past rate_needed rate_past median lower_80 upper_80 p_meet "
    "verdict grade why"
).split()
_NUMBERS = ["median", "lower_80", "upper_80", "lower_95", "upper_95"]


@dataclass(frozen=True)
class Assessment:
    """A verdict with everything that led to it.

    ``verdict`` is an English term, ``key`` its key in ``words.csv`` (``verdict.<key>``), ``rule``
    the rule that decided. ``p_meet`` is NaN where there is no probability; with two values
    ``p_span`` holds the lowest and the highest of the models. ``margin`` is positive where the
    target is met. A target delegated or in words is judged in ``under_reading`` only. Paces are in
    units a year; ``progress`` (序时进度) is NaN without a number to reach, a base that misses it
    or a later value, and where the boundary has changed.
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
    projection: Projection | None = field(repr=False)
    under_reading: "Assessment | None" = field(repr=False)
    data: pd.DataFrame = field(repr=False)

    def label(self, lang=None) -> str:
        """Return the verdict in a language; default the one in force."""
        return word(f"verdict.{self.key}", lang, **self.why.values)

    @property
    def frame(self) -> pd.DataFrame:
        """The verdict and its numbers as one row."""
        aim, hidden = self.target, ("target", "projection", "under_reading", "data")
        row = {"indicator": aim.indicator, "target": aim.text, "target_year": aim.year}
        row |= {k: v for k, v in vars(self).items() if k not in hidden}
        return pd.DataFrame([row | {"flags": flag_codes(self.flags), "why": str(self.why)}])

    def plot(self, ax=None):
        """Draw the series with its target, and the projection where there is one."""
        from . import plots

        shown = self.under_reading or self
        if shown.projection is None:
            return plots.plot_series(self.data, target=shown.target, ax=ax)
        return plots.plot_projection(shown.projection, target=shown.target, ax=ax)

    def _repr_html_(self):
        shown = self.under_reading or self
        rows = [("verdict", self.label())]
        if self.under_reading:
            rows += [("why", self.why), ("reading", shown.target.text)]
            rows += [("verdict_under_reading", shown.label())]
        rows += [("why", shown.why)]
        if shown.p_meet == shown.p_meet:
            rows += [("p_meet", chance(shown.p_meet))]
        rows += [("grade", f"{self.grade} (n = {self.n})")]
        if shown.flags:
            rows += [("flags", clauses(shown.flags))]
        rows = [(word(f"column.{name}"), text) for name, text in rows]
        return html_table(rows, notes=self.target.notes)


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
        If the target cannot be read or has another indicator or unit, or a projection ends before.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.assess(xc.series("traffic_noise"), xc.target("traffic_noise"), as_of=2020).verdict
    'maintenance'
    """
    aim = read_target(target, year=year)
    fan = data if isinstance(data, Projection) else None
    if fan is None:
        name, frame, _ = annual_frame(data)
        years = as_years(frame.index, "error.years_not_whole", name=name)
        refuse_years(repeated(years), "error.repeated_years", name)
        frame = frame.set_axis(pd.Index(years, name="year")).sort_index()
        frame.attrs = dict(data.attrs)
    else:
        frame, kept = fan.data.copy(), ("scale", "floor", "ceiling", "better")
        frame.attrs = fan.data.attrs | {name: getattr(fan, name) for name in kept}
    indicator, scope, source = (frame.attrs.get(k) for k in ("indicator", "scope", "source"))
    registered = fan is None and indicator and scope and source
    last = int(frame.index.max()) if len(frame) else aim.year - 1
    last = max(last, fits.last_year()) if registered else last
    as_of = whole_year(last if as_of is None else as_of, "as_of")
    setting = fits.fit_setting(indicator, as_of=as_of, scope=scope) if registered else None
    return judge(frame, aim, as_of, setting, fan)


def judge(frame, aim, as_of, setting=None, fan=None, *, by_reading=False) -> Assessment:
    """Apply the first rule that matches; a target without a number also through its reading."""
    # the projection is `fan`, else one made with the register's `setting`, else of the whole series
    frame.attrs = registered_attrs(frame.attrs, frame.attrs.get("indicator") or aim.indicator)
    told = {k: str(frame.attrs.get(k) or "") for k in ("indicator", "scope", "unit", "statistic")}
    indicator, unit, name = told["indicator"], told["unit"], aim.indicator or told["indicator"]
    if indicator and name != indicator:
        raise error("error.other_indicator", target=name, series=indicator)
    # of a series that holds changes itself the target's number is its own
    holds_changes = told.pop("statistic").startswith("change") or name.endswith("_change")
    of_base = aim.kind == "change" and not holds_changes
    if of_base and aim.base_year is None:
        raise error("error.change_base_year", indicator=name)
    if of_base and aim.unit == unit == "%":
        raise error("error.change_ambiguous", indicator=name)
    if unit and aim.unit not in ("", unit, *(("%", "pp") if of_base else ())):
        raise error("error.other_unit", target=aim.unit, series=unit)
    aim = replace(aim, **{k: getattr(aim, k) or v for k, v in told.items()})
    result = _apply_rules(_Case(frame, aim, as_of, setting, fan, by_reading, of_base))
    if result.rule == 1 and aim.read is not None:
        under = judge(frame, aim.read, as_of, setting, fan, by_reading=True)
        result = replace(result, under_reading=under)
    return result


class _Case:
    """One series against one target at one time of knowledge."""

    def __init__(self, frame, aim, as_of, setting, fan, by_reading, of_base):
        self.frame, self.aim, self.as_of = frame, aim, as_of
        self.setting, self.fan, self.by_reading = setting, fan, by_reading
        self.attrs, self.refusal = frame.attrs, None
        # the per cent of a change is no unit of the level it asks for
        self.unit = str(frame.attrs.get("unit") or ("" if aim.kind == "change" else aim.unit))
        self.values = fits.same_boundary(targets.read_values(frame, until=as_of), aim.base_year)
        by_year = {v.year: v for v in self.values}
        self.base, self.outturn = by_year.get(aim.base_year), by_year.get(aim.year)
        self.level = self.changed_base() if of_base else replace(aim, kind="level")
        self.latest = self.values[-1] if self.values else None
        self.number = next((v for v in reversed(self.values) if v.value == v.value), None)
        # the value a verdict speaks of
        self.seen = self.latest if as_of < aim.year else self.outturn or self.latest
        first, last = (-inf, inf) if setting is None else setting.window
        if fan is not None:
            first, last = fan.years[0], fan.years[-1]
        self.fitted = [v for v in self.values if first <= v.year <= last and v.status != "bound"]
        self.n = sum(v.status not in targets.NOT_COUNTED for v in self.fitted)
        self.too_far = self.latest is not None and aim.year - self.latest.year > HORIZON

    def changed_base(self):
        """Return the level that a change asks for; None without its base value."""
        aim, base = self.aim, self.base
        if base is None or base.value != base.value:
            return None
        factor, step = (1 + aim.value / 100, 0) if aim.unit == "%" else (1, aim.value)
        # 40 less 18 % is 32.8, not 32.800000000000004
        value, *ends = (round(x * factor + step, 9) for x in (base.value, base.lower, base.upper))
        low, high = ends if base.lower < base.upper else (None, None)
        return replace(aim, kind="level", unit=self.unit, value=value, lower=low, upper=high)

    def at_bound(self, value) -> bool:
        return any(value == number(self.attrs.get(end)) for end in ("floor", "ceiling"))

    def project(self, **changes):
        """Return the projection to the target year; None, the refusal kept, if there is none."""
        if self.fan is not None and not changes:
            if self.aim.year not in self.fan.target_years:
                raise error("error.projection_year", year=self.aim.year)
            return self.fan
        years = {"as_of": self.as_of, "to": self.aim.year, "base_year": self.aim.base_year}
        try:
            return fits.fit(self.frame, self.setting, **years, **changes)
        except InputError as refusal:
            self.refusal = refusal
            return None

    def chance(self, fan) -> float:
        """Return P(meet), NaN where none may be told."""
        if fan is None or self.too_far or self.level.comparator == "=":
            return nan
        return float(fan.p_meet(self.level.comparator, self.level.value, self.aim.year))


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
            why = "no_outturn_short" if _margin(level, latest) < 0 else "no_outturn"
            why = why if latest else "no_value_at_all"
            return _result(case, 5, "no_value_for_target_year", why)
        met = outturn.meets(level)
        # only the level of a change can rest on an estimate
        known = level.lower is None or case.base.status in (*FIRM, "derived")
        if met is not None and outturn.status in FIRM and known:
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
        bounded = case.at_bound(latest.value) or case.at_bound(level.value)
        fan = case.project() if case.n >= 3 and not bounded and not case.too_far else None
        p = case.chance(fan)
        why = "maintenance_p" if p == p else "maintenance"
        return _result(case, 8, "maintenance", why, p=p, fan=fan if p == p else None)
    if case.at_bound(level.value) or level.comparator == "=":
        return _result(case, 9, "gap")
    if case.n < 2:
        return _result(case, 10, "gap", "one_value")
    if case.too_far:
        return _result(case, 10 if case.n == 2 else 11, "too_far")
    if case.n == 2:
        return _span(case)
    fan = case.project()
    p = case.chance(fan)
    if p != p:
        return _result(case, 11, "gap", "refused", fan=fan, reason=case.refusal or "–")
    at, usual = fan.target_years == case.aim.year, number(case.attrs.get("decimals"))
    form = ".1f" if usual != usual else f".{int(usual) + 1}f"
    median, lower, upper = (f"{ends[at][0]:{form}}" for ends in (fan.median, *fan.interval(0.8)))
    told = {"median": _amount(median, case.unit), "lower": lower, "upper": upper}
    told |= {"first": int(fan.years[0]), "last": int(fan.years[-1])}
    told["method"] = message(f"method.{fan.method}")
    return _result(case, 11, band(p), "likelihood", p=p, fan=fan, **told)


def _span(case):
    fans = [case.fan, *(case.project(method=method) for method in METHODS if method != "linear")]
    chances = [p for p in map(case.chance, fans) if p == p]
    if not chances:
        return _result(case, 10, "gap")
    span = min(chances), max(chances)
    low, high = (message(f"verdict.{band(p)}") for p in span)
    told = {"p_low": chance(span[0]), "p_high": chance(span[1]), "low": low, "high": high}
    return _result(case, 10, "span", fan=case.project(), span=span, **told)


def band(p) -> str:
    """Return the key of the band that holds a probability, lower end inclusive."""
    return next(key for cut, key in BANDS if p >= cut)


def _result(case, rule, key, why=None, *, p=nan, fan=None, span=None, **told):
    """Fill an `Assessment`; `why` is the key of the reason, by default the verdict's."""
    latest, outturn = case.number or _NOTHING, case.outturn or _NOTHING
    verdict, paces = VERDICTS.get(key), _paces(case)
    if span:
        low, high = (VERDICTS[band(end)] for end in span)
        verdict = f"{low} to {high}" if low != high else f"{low} (every model)"
    told = _reason_words(case, p, paces["pace_needed"]) | told
    # A from six values on with station records, B without, C from three, D two, E below
    computed = any(v.status == "computed" for v in case.fitted)
    best = "A" if computed or case.attrs.get("source") == "station" else "B"
    grade = ("E", "E", "D", "C", "C", "C", best)[min(case.n, 6)]
    shown = {"verdict": verdict, "key": key, "rule": rule, "p_meet": p, "p_span": span}
    shown |= {"target": case.aim, "as_of": case.as_of, "n": case.n, "grade": grade}
    shown |= {"margin": _margin(case.level, case.seen), "flags": _flags(case, p, fan, span)}
    shown |= {"latest": latest.value, "latest_year": latest.year, "latest_status": latest.status}
    shown |= {"outturn": outturn.value, "outturn_status": outturn.status}
    shown |= {"outturn_lower": outturn.lower, "outturn_upper": outturn.upper}
    shown |= {"projection": fan, "under_reading": None, "data": case.frame}
    return Assessment(why=message(f"why.{why or key}", **told), **shown, **paces)


def _margin(level, v):
    if level is None or level.value is None or v is None:
        return nan
    if v.value == v.value:
        return margin_of(v.value, level, v.decimals)
    # a bound is told by its end on the far side of the target, or by the only one it has
    ends = (v.upper, v.lower) if level.comparator[0] == "<" else (v.lower, v.upper)
    return margin_of(next(end for end in ends if isfinite(end)), level)


def _paces(case):
    """Return the pace that the target asks for, that of the fitted years, and 序时进度."""
    base, latest, level, end = case.base, case.number, case.level, case.aim.year
    paces = {"pace_needed": nan, "pace_past": nan, "progress": nan}
    if len(case.fitted) > 1:
        first, last = case.fitted[0], case.fitted[-1]
        paces["pace_past"] = (last.value - first.value) / (last.year - first.year)
    if latest is None or level is None or level.value is None:
        return paces
    if end > latest.year:
        paces["pace_needed"] = (level.value - latest.value) / (end - latest.year)
    if base is None or base.value != base.value or latest.year <= base.year:
        return paces
    met = level.met_by(base.value, decimals=base.decimals) or base.value == level.value
    if not met and (base.basis == latest.basis or not (base.basis and latest.basis)):
        way = (latest.value - base.value) / (level.value - base.value)
        paces["progress"] = way * (end - base.year) / (latest.year - base.year)
    return paces


def _flags(case, p, fan, span):
    aim, years = case.aim, [v.year for v in case.fitted]
    plan = case.setting.plan if case.setting is not None else aim.plan or PLAN
    where = plan, aim.scope, aim.indicator
    last = years[-1] if years else None
    mirrored = nan
    if p == p and case.fan is None and fan.method == "paths":
        mirrored = case.chance(case.project(prior="mirrored"))
    used = {(aim.indicator, aim.scope, year) for year in (*years, aim.year) if year <= case.as_of}
    # rounding may be a large share of a value; of what was computed or counted it is none
    is_counted = case.attrs.get("scale") in OF_DAYS
    known = [] if is_counted else [v for v in case.fitted if v.value]
    steps = [{"printed": 10.0**-v.decimals, "derived": v.upper - v.lower} for v in known]
    shares = [s.get(v.status, 0.0) / abs(v.value) for v, s in zip(known, steps, strict=True)]
    prior = fits.registered("prior_sd", *where[:2], fits.ONE_FIT.get(aim.indicator, aim.indicator))
    guessed = prior is None or prior["quality"] == "R"
    found = {
        "basis": len({v.basis for v in case.fitted if v.basis}) > 1,
        "exceptional": len(years) > 1 and last in fits.exceptional_years(*where),
        "reading": case.by_reading,
        "prior": (p == p or span) and guessed,
        "rounding": any(share > ROUNDING for share in shares),
        "conflict": not used.isdisjoint(_conflicts()),
        "two_values": case.n == 2,
        "direction": mirrored == mirrored and band(mirrored) != band(p),
    }
    return tuple(message(f"flag.{key}", year=last) for key, holds in found.items() if holds)


def flag_codes(flags) -> str:
    """Return flags as codes joined by ``;``."""
    return ";".join(dict.fromkeys(flag.key.removeprefix("flag.") for flag in flags))


@kept("observations")
def _conflicts():
    """Return indicator, area and year of what sources print different values for."""
    rows = load("observations").query("period == 'annual'")
    values = rows.groupby(["indicator", "scope", "year", "statistic"])["value"].nunique()
    return {key[:3] for key in values.index[values > 1]}


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
    year = fits.last_year() if as_of is None else whole_year(as_of, "as_of")
    rows = []
    for line in table_2().to_dict("records"):
        one = registered_assessment(line["indicator"], as_of=year)
        aim, read = one.target, one.under_reading
        base_year, base = targets.published_base(line, HOME, min(aim.base_year or year, year))
        row = line | vars(aim) | vars(one)
        row |= {name: text_of(line, f"plan_{name}") or row[name] for name in ("name_zh", "name_en")}
        row |= {"unit": text_of(line, "plan_unit_zh") or line["unit"], "attribute": aim.binding}
        row |= {"category": text_of(line, "plan_category_zh"), "base": base, "base_year": base_year}
        row |= {"target_year": aim.year, "comparator": aim.comparator or "", "target": aim.value}
        row["verdict_under_reading"] = read.verdict if read else ""
        row["p_under_reading"] = read.p_meet if read else nan
        row["flags"] = flag_codes(one.flags + (read.flags if read else ()))
        rows.append(row | {f"why_{lang}": one.why.render(lang) for lang in ("zh", "en")})
    types = dict.fromkeys(("base_year", "latest_year"), "Int64")
    frame = pd.DataFrame(rows)[_CARD].astype(types | {"plan_row": int, "target": float})
    frame.attrs = {"as_of": year, "scope": HOME, "plan": PLAN}
    return frame


def table_2() -> pd.DataFrame:
    """Return the indicators of the plan's Table 2, in its order."""
    lines = load("indicators")
    return lines[lines["plan_row"].notna()].sort_values("plan_row")


def registered_assessment(indicator, aim=None, *, as_of=None, scope=None) -> Assessment:
    """Judge an indicator as the register has it: series, projection and (by default) target."""
    year = fits.last_year() if as_of is None else whole_year(as_of, "as_of")
    aim = targets.target(indicator, scope=scope) if aim is None else aim
    setting = fits.fit_setting(indicator, as_of=year, scope=scope)
    return judge(fits.setting_series(setting), aim, year, setting)


def _reason_words(case, p, pace):
    """Return what reasons may say of a case; each takes the words that it needs."""
    aim, level, seen, unit = case.aim, case.level, case.seen, case.unit
    scope = aim.scope or HOME
    told = {"year": aim.year, "target_year": aim.year, "horizon": HORIZON, "n": case.n}
    told["scope"] = message(f"area.{scope}") if has_word(f"area.{scope}") else scope
    if seen is None or level is None or level.value is None:
        return told
    margin, value = _margin(level, seen), _value_words(case, seen)
    limit = _amount(f"{level.value:.6g}", unit)
    # the limit of a mean has daily percentiles beside it, which nobody judges here
    mean = case.attrs.get("statistic") == "mean" and unit in ("µg/m³", "mg/m³")
    told["asked"] = message("asked", sign=targets.shown_sign(level.comparator), amount=limit)
    told |= {"value": value, "latest": value, "latest_year": seen.year}
    told |= {"margin": _difference(margin, unit), "gap": _difference(-margin, unit)}
    told |= {"pace": _difference(pace, unit, "+.2g"), "p": chance(p)}
    told["note"] = message("why.annual_mean") if mean and seen.meets(level) else ""
    return told


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
    return _amount(text, difference_unit(unit, text))


def _value_words(case, v):
    """Tell a value with its unit, and its range where it has one beyond its rounding."""
    unit, attrs, ends = case.unit, case.attrs, (v.lower, v.upper)
    if v.status == "bound":
        low, high = (f"{end:.6g}" for end in ends)
        if v.lower in (-inf, number(attrs.get("floor"))):
            return _amount(f"≤ {high}", unit)
        if v.upper in (inf, number(attrs.get("ceiling"))):
            return _amount(f"≥ {low}", unit)
        return _amount(message("range", low=low, high=high), unit)
    amount = _amount(f"{v.value:.{v.decimals}f}", unit)
    if v.status in (*FIRM, "draft") or not all(map(isfinite, ends)):
        return amount
    # the range of a rounding has a digit more than the value: 34.5 to 35.5
    finer = max(map(targets.shown_decimals, ends)) == v.decimals + 1
    low, high = (f"{end:.{v.decimals + finer}f}" for end in ends)
    return message("with_range", amount=amount, range=message("range", low=low, high=high))


def chance(p) -> str:
    """Tell a probability, none as certain: two decimals, three where two are of another band."""
    if not 0.005 <= p < 0.995:
        return ">0.99" if p > 0.5 else "<0.01" if p < 0.5 else "–"
    return f"{p:.2f}" if band(round(p, 2)) == band(p) else f"{p:.3f}"


def sensitivity(indicator, target=None, *, as_of=None, scope=None) -> pd.DataFrame:
    """Show how a verdict moves with each choice behind it, one choice at a time.

    Parameters
    ----------
    indicator : str
    target, scope : optional
        Default: the plan's, the district. A target without a number is judged by its reading.
    as_of : int, optional
        Default: the target's base year, when there still was something to project.

    Returns
    -------
    pandas.DataFrame
        First row: as registered. Columns ``choice, setting, assumption`` (the register's row that
        the choice replaces), ``what`` (in words), ``n, median, lower_80, upper_80, lower_95,
        upper_95, p_meet, verdict, moves, note`` (why there is no fit).

    Raises
    ------
    InputError
        If the indicator has no target.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.sensitivity("pm25").loc[0, "choice"]
    'registered'
    """
    name = resolve_indicator(indicator)["indicator"]
    aim = targets.target(name, scope=scope) if target is None else read_target(target)
    year = whole_year(as_of or aim.base_year or fits.last_year(), "as_of")
    setting = fits.fit_setting(name, as_of=year, scope=scope)
    series = fits.setting_series(setting)
    window, rows = "–".join(map(str, setting.window)), []
    for choice, told, row_id, change in _choices(series, aim, setting):
        method = message(f"method.{told if choice == 'method' else setting.method}")
        shown = told.replace("-", "–") if choice == "window" else told
        if choice == "reading":
            sign, level = told.split()
            shown = message("asked", sign=targets.shown_sign(sign), amount=level)
        row = {"choice": choice, "setting": told, "assumption": row_id}
        row["what"] = message(f"choice.{choice}", setting=shown, method=method, window=window)
        rows.append(row | _outcome(series, aim, setting, year, **change))
    frame = pd.DataFrame(rows)
    moves = (frame["verdict"] != "") & (frame["verdict"] != frame["verdict"].iloc[0])
    frame.insert(frame.columns.get_loc("note"), "moves", moves)
    frame.attrs = {"indicator": name, "scope": setting.scope, "as_of": year}
    return frame


def _choices(series, aim, setting):
    """Yield choice, setting told, row of the register and change for each row of the table."""
    first, last = setting.window
    where = setting.plan, setting.scope, setting.indicator
    fit_id, prior_id = setting.ids["fit"], setting.ids["prior_sd"]
    yield "registered", f"{first}-{last} {setting.method}", fit_id, {}
    for start in (first + 1, first + 2):
        yield "window", f"{start}-{last}", fit_id, {"window": (start, last)}
    for year in fits.exceptional_years(*where):
        if first <= year <= last:
            odd = fits.registered("exceptional_year", *where)
            yield "without", str(year), odd["id"], {"exclude": (year,)}
    for method, row_id in (("loglinear", fit_id), ("damped", fit_id), ("last", "plateau_air")):
        yield "method", method, row_id, {"method": method}
    yield "prior", "mirrored", "path_prior", {"prior": "mirrored"}
    own = setting.prior_sd or number(series.attrs.get("prior_sd"))
    for prior_sd in (own * 2, own / 2) if own == own else ():
        yield "prior_sd", f"{prior_sd:g}", prior_id, {"prior_sd": prior_sd}
    if series.attrs.get("source") == "station":
        yield "basis", "new", "basis", {"other": {"basis": "new"}}
        yield "source", "published", fit_id, {"other": {"source": "published"}}
    for row in targets.assumptions() if aim.value is None else ():
        own = (row["parameter"], row["indicator"]) == ("reading", setting.indicator)
        if own and row["plan"] in (None, aim.plan or PLAN) and row["reading"] != aim.reading:
            yield "reading", row["reading"], row["id"], {"reading": row["reading"]}


def _outcome(series, aim, setting, year, *, other=None, reading=None, **change):
    """Return one row: the projection under a changed choice and the verdict it gives."""
    row = {"n": 0} | dict.fromkeys((*_NUMBERS, "p_meet"), nan) | {"verdict": "", "note": ""}
    if other:
        source = other.get("source", series.attrs["source"])
        series = fits.setting_series(setting, **other)
        if series.attrs.get("source") != source:
            return row | {"note": word("sensitivity.no_series")}
    aim = replace(aim, reading=reading) if reading else aim
    aim, fan = aim.read or aim, None
    try:
        ends = {"to": aim.year, "base_year": aim.base_year}
        fan = fits.fit(series, setting, as_of=year, **ends, **change)
    except InputError as refusal:
        row["note"] = str(refusal)
    one = judge(series, aim, year, setting, fan if change else None)
    row |= {"n": one.n, "p_meet": one.p_meet, "verdict": one.verdict}
    if fan is None and change and one.rule in (10, 11):
        return row | {"p_meet": nan, "verdict": ""}
    if change and one.key == "span":
        row["verdict"] = ""  # a span is over the models: no single choice gives it
    if fan is not None and aim.year in fan.frame.index:
        row |= fan.frame.loc[aim.year, _NUMBERS].to_dict()
    return row


def assumption_effects(*, as_of=None) -> pd.DataFrame:
    """Tell for each assumption and row of Table 2 the verdict now and what alternatives give."""
    register = {row["id"]: row for row in targets.assumptions()}
    rows = []
    for name in table_2()["indicator"]:
        table = sensitivity(name, as_of=as_of)
        now, other = table.iloc[0], table.iloc[1:].query("verdict != ''")
        for row_id, part in other.groupby("assumption", sort=False):
            moves = bool(part["moves"].any())
            if row_id in register and (moves or part["p_meet"].notna().any()):
                named = ("id", "why_zh", "why_en", "quality", "impact")
                row = {k: register[row_id][k] for k in named} | {"indicator": name}
                row |= {"setting": now["setting"], "verdict": now["verdict"], "moves": moves}
                cells = part[["choice", "setting", "what", "verdict", "p_meet"]]
                row["alternatives"] = tuple(cells.itertuples(index=False, name=None))
                rows.append(row)
    rows.sort(key=lambda row: (not row["moves"], "RAG".index(row["impact"])))
    return pd.DataFrame(rows)


class Hindcast(namedtuple("Hindcast", "frame coverage")):
    """Projections from past origins beside what came, and how often their bands held by area."""

    def _repr_html_(self):
        return self.coverage._repr_html_()


def hindcast(
    indicators=AIR, *, scopes=(HOME, CITY), origins=(2018, 2019, 2020), width=6, horizon=5
) -> Hindcast:
    """Project from past origins with the registered method, and compare with what came.

    Parameters
    ----------
    indicators, scopes : str or iterable of str
        Default: air quality, of the district and of the city.
    origins, width, horizon : int or iterable of int, int, int
        Last year of each fit, after which nothing enters; years of each fit; years ahead.

    Returns
    -------
    Hindcast
        ``frame``, and ``coverage`` by area, its standard errors clustered by indicator. Only whole
        years with a value are outturns; a fit that cannot be made leaves no row.

    Raises
    ------
    InputError
        If no origin has a fit with a later value.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> len(xc.hindcast("pm25", scopes="北京市", origins=2020).frame)
    5
    """
    rows, asked = [], (np.atleast_1d(one).tolist() for one in (scopes, indicators, origins))
    for scope, indicator, origin in product(*asked):
        origin = whole_year(origin, "origin")
        setting = fits.fit_setting(indicator, as_of=origin, scope=scope)
        setting = setting._replace(window=(origin - width + 1, origin), to=origin + horizon)
        series = fits.setting_series(setting)
        try:
            fan = fits.fit(series, setting, as_of=origin)
        except InputError:
            continue
        own = {"scope": scope, "indicator": setting.indicator, "origin": origin}
        for came in targets.read_values(series):
            if came.status not in targets.NOT_COUNTED and came.year in fan.frame.index:
                row = own | {"year": came.year, "horizon": came.year - origin, "n": fan.n}
                row |= {"method": fan.method} | fan.frame.loc[came.year, _NUMBERS].to_dict()
                rows.append(row | {"outturn": came.value, "outturn_status": came.status})
    if not rows:
        raise error("error.hindcast_empty")
    frame = pd.DataFrame(rows)
    for level in ("80", "95"):
        ends = frame[f"lower_{level}"], frame[f"upper_{level}"]
        frame[f"inside_{level}"] = frame["outturn"].between(*ends)
    frame["error"] = frame["median"] - frame["outturn"]
    return Hindcast(frame, clustered_coverage(frame))


def clustered_coverage(frame) -> pd.DataFrame:
    """Pool how often the bands held in each area, with standard errors clustered by indicator."""
    rows = []
    for scope, part in frame.groupby("scope", sort=False):
        row = {"scope": scope, "points": len(part), "indicators": part["indicator"].nunique()}
        for level in ("80", "95"):
            inside = part[f"inside_{level}"].astype(float)
            row[f"coverage_{level}"] = float(inside.mean())
            sums = (inside - inside.mean()).groupby(part["indicator"]).sum() / len(part)
            k = len(sums)
            row[f"se_{level}"] = nan if k < 2 else (k / (k - 1) * float((sums**2).sum())) ** 0.5
        rows.append(row)
    return pd.DataFrame(rows)


def next_plan(indicators=None, *, as_of=None) -> pd.DataFrame:
    """Compare candidate targets for 2030 with the pace on record and the projection.

    Parameters
    ----------
    indicators : str or iterable of str, optional
        Default: every one with a candidate in the table ``targets``.
    as_of : int, optional
        Default: the last year on record.

    Returns
    -------
    pandas.DataFrame
        One row per candidate, for analysis only: no document has adopted them. ``already_met``
        is by the whole range of the latest value, None where it spans the target; paces are in
        units a year, rates in % a year, compound.

    Raises
    ------
    InputError
        If an indicator has no candidate.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.next_plan("pm25")["target"].tolist()
    [30.0, 25.0]
    """
    year = fits.last_year() if as_of is None else whole_year(as_of, "as_of")
    plan = fits.fit_setting("pm25", as_of=year).plan
    rows = load("targets").query("plan == @plan and scope == @HOME and value.notna()")
    if indicators is not None:
        names = [resolve_indicator(i)["indicator"] for i in np.atleast_1d(indicators)]
        missing = [name for name in names if name not in set(rows["indicator"])]
        if missing:
            raise error("error.no_target", indicator=missing[0], scope=HOME, known=plan)
        rows = rows[rows["indicator"].isin(names)]
    met, found = {"maintenance": True, "met": True, "open": None, "no_value": None}, []
    for aim in (read_target(row) for _, row in rows.iterrows()):
        one = registered_assessment(aim.indicator, aim, as_of=year)
        first, last = fits.fit_setting(aim.indicator, as_of=year).window
        past = [v for v in targets.read_values(one.data, until=last) if v.year >= first]
        past = [v for v in past if v.value == v.value]
        row = vars(aim) | vars(one) | {"target": aim.value, "target_year": aim.year}
        row["already_met"] = met.get(one.key, False)
        row["rate_needed"] = _rate(one.latest, aim.value, aim.year - (one.latest_year or aim.year))
        row["rate_past"] = nan
        if past:
            row["rate_past"] = _rate(past[0].value, past[-1].value, past[-1].year - past[0].year)
        fan = one.projection
        row |= dict.fromkeys(_NUMBERS, nan) if fan is None else fan.frame.loc[aim.year].to_dict()
        found.append({name: row[name] for name in _CANDIDATE})
    frame = pd.DataFrame(found)
    frame.attrs = {"as_of": year, "plan": plan}
    return frame


def _rate(start, end, years):
    """Return per cent a year at a constant rate; NaN where there is none."""
    if not (start > 0 and end > 0 and years > 0):
        return nan
    return 100 * ((end / start) ** (1 / years) - 1)
