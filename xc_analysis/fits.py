"""What the register sets for a fit, and the one projection of an indicator that this gives.

``assumptions.csv`` holds one fit per plan; in force is the last plan whose base year is reached.
A window up to that year grows with the record until the next plan's; one that ends earlier stays.
"""

from collections import namedtuple

import pandas as pd

from . import evidence
from .errors import InputError
from .observations import COLUMNS, resolve_indicator, resolve_scope
from .projections import Projection, project
from .tables import load
from .targets import Value, assumptions, plan_years, read_values, whole_year
from .trends import registered_attrs
from .words import error

#: A count of days and its ratio are one fit and share its setting.
ONE_FIT = {"good_days": "good_day_ratio", "heavy_days": "heavy_day_ratio"}


_SETTING = "indicator scope plan source basis partial dust window method prior_sd to ids"
#: What the register sets for one fit; ``ids`` names the rows it came from.
Setting = namedtuple("Setting", _SETTING)


def projection(indicator, *, as_of=None, scope=None) -> Projection:
    """Return the one registered projection of an indicator at a time of knowledge.

    Parameters
    ----------
    indicator : str
        Id, Chinese or English name.
    as_of : int, optional
        Last year used, by default the last on record: 2020 gives the fit of 2015-2020 to 2025,
        2025 that of 2018-2025 to 2030. Between them the earlier window grows year by year.
    scope : str, optional
        Default: the district.

    Returns
    -------
    Projection

    Raises
    ------
    InputError
        If the indicator has fewer than two usable values up to then.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.projection("pm25", as_of=2020).years.tolist()
    [2015, 2016, 2017, 2018, 2019, 2020]
    """
    year = last_year() if as_of is None else whole_year(as_of, "as_of")
    setting = fit_setting(indicator, as_of=year, scope=scope)
    return fit(setting_series(setting), setting, as_of=year)


def fit_setting(indicator, *, as_of=None, scope=None) -> Setting:
    """Return what the register sets for the fit of an indicator at a time of knowledge."""
    name, area = resolve_indicator(indicator)["indicator"], resolve_scope(scope)
    year = last_year() if as_of is None else whole_year(as_of, "as_of")
    plans = sorted({(*plan_years(r["plan"]), r["plan"]) for r in assumptions() if r["fit_from"]})
    reached = [plan for plan in plans if plan[0] <= year]
    base, target_year, plan = reached[-1] if reached else plans[0]
    where = (plan, area, ONE_FIT.get(name, name))
    row, prior = registered(None, *where), registered("prior_sd", *where)
    if row is None:
        raise error("error.no_fit", indicator=name, plan=plan)
    options = {"basis": "raw", "partial": "estimate", "dust": "off"}
    for parameter, usual in options.items():
        found = registered(parameter, *where) or {"value": usual}
        options[parameter] = row.get(parameter) or found["value"]
    options |= {"source": row["source"], "method": row["method"]}
    options["ids"] = {"fit": row["id"], "prior_sd": prior["id"] if prior else ""}
    options["prior_sd"] = prior and float(prior["value"])
    last = year if row["fit_to"] >= base else min(int(row["fit_to"]), year)
    window, to = (int(row["fit_from"]), last), max(target_year, year + 1)
    return Setting(name, area, plan, window=window, to=to, **options)


def registered(parameter, plan, scope, indicator) -> dict | None:
    """Return the row of a parameter, None for a fit, that holds for the keys; None without one."""
    # an empty key holds for all; the area goes before the indicator, that before the plan
    wanted = {"scope": scope, "indicator": indicator, "plan": plan}
    rows = [row for row in assumptions() if row["parameter"] == parameter]
    rows = [row for row in rows if all(row[key] in (None, wanted[key]) for key in wanted)]
    return max(rows, key=lambda row: [row[key] is not None for key in wanted], default=None)


def setting_series(setting, **changes) -> pd.DataFrame:
    """Return the series that a setting names; empty where nothing is known."""
    asked = {name: getattr(setting, name) for name in ("source", "partial", "basis", "dust")}
    asked |= {"scope": setting.scope} | changes
    for source in dict.fromkeys((asked["source"], None)):
        try:
            return evidence.series(setting.indicator, **(asked | {"source": source}))
        except InputError:
            # the register asks for station records of an area that has none, or for nothing
            continue
    frame = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], dtype="int64", name="year"))
    named = {"indicator": setting.indicator, "scope": setting.scope, "source": ""}
    frame.attrs = registered_attrs(named, setting.indicator)
    return frame


def fit(series, setting=None, *, as_of=None, to=None, base_year=None, **changes) -> Projection:
    """Project what is known by `as_of`, within one boundary, as a setting or changes of it say."""
    known = series if as_of is None else series[series.index <= as_of]
    values = read_values(known)
    outside = {v.year for v in values} - {v.year for v in same_boundary(values, base_year)}
    known = known[~known.index.isin(outside)]
    known.attrs = dict(series.attrs)
    options = {}
    if setting is not None:
        options = {"method": setting.method, "window": setting.window, "prior_sd": setting.prior_sd}
        to = max(to or 0, setting.to)
    return project(known, to, **(options | changes))


def same_boundary(values, base_year=None) -> list[Value]:
    """Leave out the years of another area, network or denominator than the base or last year's."""
    named = [v for v in values if v.basis]
    anchor = next((v for v in named if v.year == base_year), named[-1] if named else None)
    # states of measurement are no boundaries: they stay, and a change is flagged
    states = ("ref-", "restated")
    bounds = {v.basis: "" if v.basis.startswith(states) else v.basis for v in named}
    return [v for v in values if not v.basis or bounds[v.basis] == bounds[anchor.basis]]


def last_year() -> int:
    """Return the last year with annual values, of the station record or of any source."""
    rows = load("observations")
    annual = rows[(rows["period"] == "annual") & rows["use"]]
    return int(max(load("air/annual")["year"].max(), annual["year"].max()))


def exceptional_years(plan, scope, indicator) -> tuple[int, ...]:
    """Return the years that the register calls exceptional."""
    row = registered("exceptional_year", plan, scope, indicator)
    return () if row is None else tuple(int(y) for y in str(row["value"]).split())
