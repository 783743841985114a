"""How far a verdict holds: what each choice moves, what past fans were worth, the next plan."""

from collections import namedtuple
from dataclasses import replace
from itertools import product
from math import nan

import numpy as np
import pandas as pd

from . import fits, targets
from .assessment import judge, registered_assessment, table_2
from .errors import InputError
from .observations import CITY, HOME, resolve_indicator
from .tables import load
from .targets import NOT_COUNTED, PLAN, assumptions, number, read_target, read_values, whole_year
from .words import error, message, word

AIR = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_day_ratio")
_CANDIDATE = (
    "indicator target_id comparator target target_year latest latest_year latest_status "
    "already_met pace_needed pace_past rate_needed rate_past median lower_80 upper_80 p_meet "
    "verdict grade why"
).split()
_NUMBERS = ["median", "lower_80", "upper_80", "lower_95", "upper_95"]


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
        shown = shown.replace("<=", "≤").replace(">=", "≥")
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
    for row in assumptions() if aim.value is None else ():
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
    register = {row["id"]: row for row in assumptions()}
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
    """Projections from past origins beside what came, and how often the bands held.

    ``coverage``, by area, has standard errors clustered by indicator: points of a series overlap.
    """

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
        Only whole years with a value are outturns: an estimate, a bound or a part of a year is
        none. A fit that cannot be made leaves no row.

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
        for came in read_values(series):
            if came.status not in NOT_COUNTED and came.year in fan.frame.index:
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
    frame = pd.DataFrame([_candidate(read_target(row), year) for _, row in rows.iterrows()])
    frame.attrs = {"as_of": year, "plan": plan}
    return frame


def _candidate(aim, year):
    one = registered_assessment(aim.indicator, aim, as_of=year)
    first, last = fits.fit_setting(aim.indicator, as_of=year).window
    fitted = [v for v in read_values(one.data, until=last) if v.year >= first]
    fitted = [v for v in fitted if v.value == v.value]
    row = vars(aim) | vars(one) | {"target": aim.value, "target_year": aim.year}
    met = {"maintenance": True, "met": True, "open": None, "no_value": None}
    row["already_met"] = met.get(one.key, False)
    row["rate_needed"] = _rate(one.latest, aim.value, aim.year - (one.latest_year or aim.year))
    row["rate_past"] = nan
    if fitted:
        start, end = fitted[0], fitted[-1]
        row["rate_past"] = _rate(start.value, end.value, end.year - start.year)
    fan = one.projection
    row |= dict.fromkeys(_NUMBERS, nan) if fan is None else fan.frame.loc[aim.year].to_dict()
    return {name: row[name] for name in _CANDIDATE}


def _rate(start, end, years):
    """Return per cent a year at a constant rate; NaN where there is none."""
    if not (start > 0 and end > 0 and years > 0):
        return nan
    return 100 * ((end / start) ** (1 / years) - 1)
