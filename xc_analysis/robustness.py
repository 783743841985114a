"""How far a verdict holds: what each choice moves, what past fans were worth, the next plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import nan

import numpy as np
import pandas as pd

from .assessment import judge, registered_assessment, table_2
from .errors import InputError
from .fits import exceptional_years, fit, fit_setting, last_year, registered, setting_series
from .observations import CITY, HOME, resolve_indicator
from .tables import load
from .targets import PLAN, assumptions, number, read_target, read_values, readings, whole_year
from .targets import target as plan_target
from .words import error, message, word

AIR = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_day_ratio")
_NUMBERS = ("median", "lower_80", "upper_80", "lower_95", "upper_95")


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
    aim = plan_target(name, scope=scope) if target is None else read_target(target)
    year = whole_year(as_of or aim.base_year or last_year(), "as_of")
    setting = fit_setting(name, as_of=year, scope=scope)
    series = setting_series(setting)
    rows = []
    for choice, told, row_id, change in _choices(series, aim, setting):
        row = {"choice": choice, "setting": told, "assumption": row_id}
        row["what"] = _what(choice, told, setting)
        rows.append(row | _outcome(series, aim, setting, year, change))
    frame = pd.DataFrame(rows)
    decided = (frame["verdict"] != "") & (frame["verdict"] != frame["verdict"].iloc[0])
    frame.insert(frame.columns.get_loc("note"), "moves", decided)
    frame.attrs = {"indicator": name, "scope": setting.scope, "as_of": year}
    return frame


def _choices(series, aim, setting):
    """List (choice, setting told, row of the register, change) for each row of the table."""
    first, last = setting.window
    where = setting.plan, setting.scope, setting.indicator
    fit_id, prior_id = setting.ids["fit"], setting.ids["prior_sd"]
    out = [("registered", f"{first}-{last} {setting.method}", fit_id, {})]
    for start in (first + 1, first + 2):
        out.append(("window", f"{start}-{last}", fit_id, {"window": (start, last)}))
    odd = registered("exceptional_year", *where)
    for year in exceptional_years(*where):
        if first <= year <= last:
            out.append(("without", str(year), odd["id"], {"exclude": (year,)}))
    for method in ("loglinear", "damped", "last"):
        row_id = "plateau_air" if method == "last" else fit_id
        out.append(("method", method, row_id, {"method": method}))
    out.append(("prior", "mirrored", "path_prior", {"prior": "mirrored"}))
    own = setting.prior_sd or number(series.attrs.get("prior_sd"))
    for factor in (2.0, 0.5) if own == own else ():
        out.append(("prior_sd", f"{own * factor:g}", prior_id, {"prior_sd": own * factor}))
    if series.attrs.get("source") == "station":
        for name, value in (("basis", "new"), ("source", "published")):
            row_id = "basis" if name == "basis" else fit_id
            out.append((name, value, row_id, {"series": {name: value}}))
    if aim.value is None:
        for row_id, text in readings(setting.indicator, plan=aim.plan or PLAN).items():
            if text != aim.reading:
                out.append(("reading", text, row_id, {"reading": text}))
    return out


def _what(choice, told, setting):
    """Tell a choice in words, as a message."""
    method = message(f"method.{told if choice == 'method' else setting.method}")
    window = "–".join(map(str, setting.window))
    shown = told.replace("-", "–") if choice == "window" else told
    shown = shown.replace("<=", "≤").replace(">=", "≥")
    return message(f"choice.{choice}", setting=shown, method=method, window=window)


def _outcome(series, aim, setting, year, change):
    """Return one row: the projection under a changed choice and the verdict it gives."""
    row = {"n": 0} | dict.fromkeys((*_NUMBERS, "p_meet"), nan) | {"verdict": "", "note": ""}
    change = dict(change)
    other = change.pop("series", None)
    if other:
        series = setting_series(setting, **other)
        if series.attrs.get("source") != other.get("source", series.attrs.get("source")):
            return row | {"note": word("sensitivity.no_series")}
    if "reading" in change:
        aim = replace(aim, reading=change.pop("reading"))
    aim = aim.read or aim
    fan = None
    try:
        ends = {"to": aim.year, "base_year": aim.base_year}
        fan = fit(series, setting, as_of=year, **ends, **change)
    except InputError as refusal:
        row["note"] = str(refusal)
    one = judge(series, aim, year, setting, fan if change else None)
    row |= {"n": one.n, "p_meet": one.p_meet, "verdict": one.verdict}
    if fan is None and change and one.rule in (10, 11):
        return row | {"p_meet": nan, "verdict": ""}
    if one.rule == 10 and change and one.key == "span":
        row["verdict"] = ""  # a span is over the models: no single choice gives it
    if fan is not None and aim.year in fan.frame.index:
        row |= fan.frame.loc[aim.year, list(_NUMBERS)].to_dict()
    return row


def assumption_effects(*, as_of=None) -> pd.DataFrame:
    """Tell for each assumption and row of Table 2 the verdict now and what alternatives give.

    Only where there is a probability or the verdict moves; ``alternatives`` is a tuple of
    (choice, setting, what, verdict, p).
    """
    register = {row["id"]: row for row in assumptions()}
    rows = []
    for name in table_2()["indicator"]:
        table = sensitivity(name, as_of=as_of)
        other = table.iloc[1:]
        for row_id, part in other[other["verdict"] != ""].groupby("assumption", sort=False):
            if row_id in register and (part["moves"].any() or part["p_meet"].notna().any()):
                named = ("id", "why_zh", "why_en", "quality", "impact")
                cells = part[["choice", "setting", "what", "verdict", "p_meet"]]
                row = {k: register[row_id][k] for k in named} | {"indicator": name}
                row |= table.iloc[0][["setting", "verdict"]].to_dict()
                row["moves"] = bool(part["moves"].any())
                row["alternatives"] = tuple(cells.itertuples(index=False, name=None))
                rows.append(row)
    rows.sort(key=lambda row: (not row["moves"], "RAG".index(row["impact"])))
    return pd.DataFrame(rows)


# --- what past projections were worth ---------------------------------------------------------


@dataclass(frozen=True)
class Hindcast:
    """Projections from past origins beside what came, and how often the bands held.

    ``coverage`` has a row for each area, with standard errors clustered by indicator, since
    points of one series overlap.
    """

    frame: pd.DataFrame
    coverage: pd.DataFrame

    def _repr_html_(self):
        return self.coverage._repr_html_()


def hindcast(
    indicators=AIR, *, scopes=(HOME, CITY), origins=(2018, 2019, 2020), width=6, horizon=5
) -> Hindcast:
    """Project from past origins with the registered method, and compare with what came.

    Parameters
    ----------
    indicators, scopes : iterable of str
        Default: air quality, of the district and of the city.
    origins, width, horizon : iterable of int, int, int
        Last year of each fit, after which nothing enters; years of each fit; years ahead.

    Returns
    -------
    Hindcast
        Only whole years with a value are outturns: an estimate, a bound or a part of a year is
        none. A fit that cannot be made leaves no row.

    Raises
    ------
    InputError
        If no origin has a fit with a later value.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> len(xc.hindcast(["pm25"], scopes=["北京市"], origins=[2020]).frame)
    5
    """
    rows = []
    for scope, indicator, origin in product(scopes, indicators, origins):
        rows += _hindcast_rows(indicator, scope, whole_year(origin, "origin"), width, horizon)
    if not rows:
        raise error("error.hindcast_empty")
    frame = pd.DataFrame(rows)
    return Hindcast(frame, clustered_coverage(frame))


def _hindcast_rows(indicator, scope, origin, width, horizon):
    setting = fit_setting(indicator, as_of=origin, scope=scope)
    setting = replace(setting, window=(origin - width + 1, origin), to=origin + horizon)
    series = setting_series(setting)
    try:
        fan = fit(series, setting, as_of=origin)
    except InputError:
        return []
    values = read_values(series)
    n = sum(v.counted and origin - width < v.year <= origin for v in values)
    rows = []
    for came in values:
        if came.counted and came.year in fan.frame.index:
            row = {"scope": scope, "indicator": setting.indicator, "origin": origin}
            row |= {"year": came.year, "horizon": came.year - origin, "n": n}
            row |= {"method": fan.method} | fan.frame.loc[came.year, list(_NUMBERS)].to_dict()
            row |= {"outturn": came.value, "outturn_status": came.status}
            for level in ("80", "95"):
                inside = row[f"lower_{level}"] <= came.value <= row[f"upper_{level}"]
                row[f"inside_{level}"] = bool(inside)
            rows.append(row | {"error": row["median"] - came.value})
    return rows


def clustered_coverage(frame, by="scope") -> pd.DataFrame:
    """Pool how often the bands held, with standard errors clustered by indicator."""
    rows = []
    for key, part in frame.groupby(by, sort=False):
        row = {by: key, "points": len(part), "indicators": part["indicator"].nunique()}
        for level in ("80", "95"):
            inside = part[f"inside_{level}"].astype(float)
            row[f"coverage_{level}"] = float(inside.mean())
            sums = (inside - inside.mean()).groupby(part["indicator"]).sum() / len(part)
            k = len(sums)
            row[f"se_{level}"] = nan if k < 2 else float(np.sqrt(k / (k - 1) * (sums**2).sum()))
        rows.append(row)
    return pd.DataFrame(rows)


# --- the next plan ----------------------------------------------------------------------------


def next_plan(indicators=None, *, as_of=None) -> pd.DataFrame:
    """Compare candidate targets for 2030 with the pace on record and the projection.

    Parameters
    ----------
    indicators : iterable of str, optional
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
    >>> xc.next_plan(["pm25"])["target"].tolist()
    [30.0, 25.0]
    """
    year = last_year() if as_of is None else whole_year(as_of, "as_of")
    plan = fit_setting("pm25", as_of=year).plan
    rows = load("targets")
    rows = rows[(rows["plan"] == plan) & (rows["scope"] == HOME) & rows["value"].notna()]
    if indicators is not None:
        names = [resolve_indicator(i)["indicator"] for i in indicators]
        for name in names:
            if name not in set(rows["indicator"]):
                raise error("error.no_target", indicator=name, scope=HOME, known=plan)
        rows = rows[rows["indicator"].isin(names)]
    frame = pd.DataFrame([_candidate(read_target(row), year) for _, row in rows.iterrows()])
    frame.attrs = {"as_of": year, "plan": plan}
    return frame


def _candidate(aim, year):
    one = registered_assessment(aim.indicator, aim, as_of=year)
    first, last = fit_setting(aim.indicator, as_of=year).window
    values = read_values(one.data, until=last)
    fitted = [v for v in values if v.year >= first and v.value == v.value]
    rate_past, fan = nan, one.projection
    if len(fitted) > 1:
        span = fitted[-1].year - fitted[0].year
        rate_past = _rate(fitted[0].value, fitted[-1].value, span)
    met = {"maintenance": True, "met": True, "open": None, "no_value": None}
    return {
        **{name: getattr(aim, name) for name in ("indicator", "target_id", "comparator")},
        "target": aim.value,
        "target_year": aim.year,
        **{name: getattr(one, name) for name in ("latest", "latest_year", "latest_status")},
        "already_met": met.get(one.key, False),
        "pace_needed": one.pace_needed,
        "pace_past": one.pace_past,
        "rate_needed": _rate(one.latest, aim.value, aim.year - (one.latest_year or aim.year)),
        "rate_past": rate_past,
        **{name: nan if fan is None else fan.frame.loc[aim.year, name] for name in _NUMBERS[:3]},
        **{name: getattr(one, name) for name in ("p_meet", "verdict", "grade", "why")},
    }


def _rate(start, end, years):
    """Return per cent a year at a constant rate; NaN where there is none."""
    if not (start > 0 and end > 0 and years > 0):
        return nan
    return 100 * ((end / start) ** (1 / years) - 1)
