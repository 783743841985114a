"""Past projections against what came: scores per point, and pooled with their uncertainty."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xc_analysis.errors import InputError
from xc_analysis.fits.fitting import backward
from xc_analysis.fits.points import points
from xc_analysis.projection import METHODS, project
from xc_analysis.tables import load
from xc_analysis.verdicts import register
from xc_analysis.verdicts.scorecard import known_series

LEVELS = (0.8, 0.95)
WIDTH = 6
_QUANTILES = np.arange(1, 100) / 100
COLUMNS = (
    *("scope", "indicator", "source", "method", "origin", "year", "horizon", "n"),
    *("fit_from", "fit_to", "scale", "prior_sd", "prediction"),
    *("lower_80", "upper_80", "lower_95", "upper_95", "outturn", "outturn_status"),
    *("error", "scaled_error", "error_pct", "inside_80", "inside_95", "is_80", "is_95"),
    *("is_80_pct", "is_95_pct", "crps", "crps_pct", "crps_scale", "pit", "note"),
)


def interval_score(lower, upper, y, level):
    """Interval score of a central interval: width plus 2/alpha times what lies outside.

    Notes
    -----
    Gneiting and Raftery 2007, JASA 102, 359-378, section 6.2; alpha = 1 - level. Lower is
    better.
    """
    alpha = 1 - level
    miss = np.maximum(lower - y, 0) + np.maximum(y - upper, 0)
    return (upper - lower) + 2 / alpha * miss


def crps_t(y, df, centre, sd):
    """CRPS of a Student t with location and scale, in closed form; df > 1.

    Notes
    -----
    Jordan, Krueger and Lerch 2019, Journal of Statistical Software 90(12), appendix A.
    """
    from scipy.special import betaln, gammaln, stdtr

    z = (y - centre) / sd
    log_density = (
        gammaln((df + 1) / 2)
        - gammaln(df / 2)
        - 0.5 * np.log(df * np.pi)
        - (df + 1) / 2 * np.log1p(z**2 / df)
    )
    ratio = np.exp(betaln(0.5, df - 0.5) - 2 * betaln(0.5, df / 2))
    return sd * (
        z * (2 * stdtr(df, z) - 1)
        + 2 * np.exp(log_density) * (df + z**2) / (df - 1)
        - 2 * np.sqrt(df) / (df - 1) * ratio
    )


def crps_of_quantiles(y, quantiles, levels=_QUANTILES):
    """Twice the mean quantile score over `levels`: CRPS but for the outermost percent.

    A Student t on a log scale has no mean and so no finite CRPS in its units; over the 1st to
    99th percentile the score is finite, and methods on different scales compare.

    Parameters
    ----------
    y : float
    quantiles : ndarray, shape (m,)
        Quantiles of the forecast at `levels`.
    """
    gap = y - quantiles
    return float(2 * np.mean(np.where(gap >= 0, levels * gap, (levels - 1) * gap)))


def mase_scale(values):
    """Mean absolute step between neighbouring values of the fit; NaN if there is none."""
    steps = np.abs(np.diff(values))
    scale = float(steps.mean()) if steps.size else 0.0
    return scale if scale > 0 else float("nan")


def hindcast(
    *,
    scope,
    origins,
    horizon=5,
    methods,
    data=None,
    plan=None,
    indicators=None,
    source=None,
    width=WIDTH,
    prior_sd=None,
    scale=None,
) -> pd.DataFrame:
    """Project from past origins with what was known then, and score against what came.

    Parameters
    ----------
    scope : str
    origins : iterable of int
        Last year of each fit; nothing after it enters.
    horizon : int
        Years ahead.
    methods : iterable of str
    data : path, optional
    plan : str, optional
        Plan whose rows of the register set sources and priors. Default: any.
    indicators : iterable of str, optional
        Default: every indicator of the register of assumptions for this scope whose series
        has at least three values up to the last origin and one after the first.
    source : {"station", "published"}, optional
        Default: the register's.
    width : int
        Years of the fit, the origin included.
    prior_sd, scale : optional
        For all indicators; default the register's. A prior must not come from the outturn
        that is scored.

    Returns
    -------
    pandas.DataFrame
        One row per indicator, method, origin and year: prediction, 80 and 95 % interval,
        outturn with its status, and scores. ``scaled_error`` is |error| over the mean absolute
        step inside the fit (MASE), ``is_*`` the interval score and ``crps`` in units, their
        ``*_pct`` in % of the first value of the fit; ``crps_scale`` the closed form on the
        fit's scale; ``pit`` the forecast probability below the outturn. A year without a
        whole measured value keeps its row without scores; one that is estimated is scored
        and says so.

    Raises
    ------
    InputError
        No origin, method or series.
    """
    origins, methods = [int(o) for o in origins], list(methods)
    if not origins or not methods:
        raise InputError("hindcast: give at least one origin and one method")
    unknown = [m for m in methods if m not in METHODS]
    if unknown:
        raise InputError(
            f"hindcast: method {unknown[0]!r} is unknown; use one of {', '.join(METHODS)}"
        )
    if horizon < 1:
        raise InputError(f"hindcast: horizon {horizon} is not a year ahead; give 1 or more")
    tables = {
        "assumptions": load("assumptions", data=data),
        "observations": load("observations", data=data),
        "air": load("air/annual", data=data),
    }
    chosen = list(indicators) if indicators is not None else _listed(tables, scope, plan)
    rows = []
    for indicator in chosen:
        settings = register.fit_settings(
            tables["assumptions"], plan=plan, scope=scope, indicator=indicator
        )
        if source is not None:
            settings["source"] = source
        frame = known_series(indicator, scope, settings, tables, data)
        if source is not None and frame.attrs.get("source") != source:
            continue
        if indicators is None and not _worth_it(frame, origins):
            continue
        options = {
            "prior_sd": settings["prior_sd"] if prior_sd is None else prior_sd,
            "scale": scale,
        }
        if settings["phi"] is not None:
            options["phi"] = settings["phi"]
        for origin in origins:
            for method in methods:
                rows += score_origin(
                    frame, origin, horizon=horizon, method=method, width=width, **options
                )
    if not rows:
        raise InputError(f"hindcast: no series of {scope} reaches beyond its origins")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _listed(tables, scope, plan):
    """Indicators with a fit row for the scope, in the order of the register."""
    table = tables["assumptions"]
    fits = table[table["parameter"].isna() & table["indicator"].notna()]
    keys = {"scope": scope} if plan is None else {"scope": scope, "plan": plan}
    rows = register.matching(fits, **keys)
    own = rows[rows["scope"].notna()]
    listed = set((own if len(own) else rows)["indicator"])
    return [i for i in fits["indicator"].drop_duplicates() if i in listed]


def _worth_it(frame, origins):
    years = points(frame).years
    before = (years <= max(origins)).sum()
    return before >= 3 and bool((years > min(origins)).any()) and bool(frame.attrs.get("scale"))


def score_origin(s, origin, *, horizon=5, method="blend", width=WIDTH, **options) -> list[dict]:
    """Rows of :func:`hindcast` for one series, origin and method.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
    origin, horizon, method, width
        As in :func:`hindcast`.
    **options
        Further arguments of :func:`xc_analysis.project`.
    """
    window = (origin - width + 1, origin)
    years = np.arange(origin + 1, origin + horizon + 1)
    attrs = getattr(s, "attrs", {}) or {}
    known = _outturns(s, years)
    head = {
        "scope": attrs.get("scope", ""),
        "indicator": attrs.get("indicator", ""),
        "source": attrs.get("source", ""),
        "method": method,
        "origin": origin,
    }
    try:
        projection = project(s, years, method=method, levels=LEVELS, window=window, **options)
    except InputError as error:
        return [
            _blank() | head | {"year": int(y), "horizon": int(y - origin), "note": str(error)}
            for y in years
        ]
    head |= {
        "n": projection.n,
        "fit_from": projection.window[0],
        "fit_to": projection.window[1],
        "scale": projection.scale,
        "prior_sd": projection.prior_sd,
        "note": "",
    }
    ends = {level: projection.interval(level) for level in LEVELS}
    rows = []
    for at, year in enumerate(years):
        row = _blank() | head | {"year": int(year), "horizon": int(year - origin)}
        row["prediction"] = float(projection.median[at])
        for level in LEVELS:
            row[f"lower_{100 * level:g}"] = float(ends[level][0][at])
            row[f"upper_{100 * level:g}"] = float(ends[level][1][at])
        if int(year) in known:
            row["outturn"], row["outturn_status"] = known[int(year)]
            row |= _scores(projection, at, row)
        rows.append(row)
    return rows


def _blank():
    text = ("scope", "indicator", "source", "method", "scale", "outturn_status", "note")
    return {name: "" if name in text else float("nan") for name in COLUMNS}


def _outturns(s, years):
    """Value and status of the years that have one: year -> (value, status)."""
    out = {}
    frame = s if getattr(s, "ndim", 1) == 2 else None
    column = s if frame is None else frame["value"]
    for year in years:
        if year in column.index and pd.notna(column.loc[year]):
            status = (
                "" if frame is None or "status" not in frame else str(frame.loc[year, "status"])
            )
            if frame is not None and "completeness" in frame and status == "computed":
                if frame.loc[year, "completeness"] == "partial":
                    continue
            out[int(year)] = float(column.loc[year]), status
    return out


def _scores(projection, at, row):
    """Scores of one point from its forecast distribution."""
    from scipy.special import stdtrit

    y, first = row["outturn"], float(projection.values[0])
    centre, sd = float(projection.centre[at]), float(projection.sd[at])
    bounds = (projection.scale, projection.floor, projection.ceiling)
    quantiles = backward(centre + sd * stdtrit(projection.df, _QUANTILES), *bounds)
    out = {
        "error": row["prediction"] - y,
        "scaled_error": abs(row["prediction"] - y) / mase_scale(projection.values),
        "error_pct": 100 * (row["prediction"] - y) / y if y else float("nan"),
        "crps": crps_of_quantiles(y, quantiles),
        "crps_scale": _crps_on_scale(projection, y, centre, sd),
        "pit": projection.p_below(y, row["year"]),
    }
    out["crps_pct"] = 100 * out["crps"] / first if first else float("nan")
    for level in LEVELS:
        name = f"{100 * level:g}"
        low, high = row[f"lower_{name}"], row[f"upper_{name}"]
        out[f"inside_{name}"] = float(low <= y <= high)
        out[f"is_{name}"] = float(interval_score(low, high, y, level))
        out[f"is_{name}_pct"] = 100 * out[f"is_{name}"] / first if first else float("nan")
    return out


def _crps_on_scale(projection, y, centre, sd):
    """Closed-form CRPS on the scale of the fit; NaN where the outturn has no place on it."""
    from xc_analysis.fits.fitting import forward

    floor, ceiling, scale = projection.floor, projection.ceiling, projection.scale
    outside = (scale == "log" and y <= 0) or (scale == "count" and y < 0)
    if scale == "logit":
        outside = not floor < y < ceiling
    if outside or projection.df <= 1:
        return float("nan")
    return float(crps_t(float(forward(y, scale, floor, ceiling)), projection.df, centre, sd))


_POOLED = {
    "mase": "scaled_error",
    "coverage_80": "inside_80",
    "coverage_95": "inside_95",
    "is_80_pct": "is_80_pct",
    "is_95_pct": "is_95_pct",
    "crps_pct": "crps_pct",
}


def calibration(scored, *, by=("method",), estimated=False) -> pd.DataFrame:
    """Scores of :func:`hindcast` pooled, with the uncertainty that so few clusters leave.

    Parameters
    ----------
    scored : pandas.DataFrame
    by : sequence of str
        Columns to pool within.
    estimated : bool
        Count years whose outturn is itself an estimate.

    Returns
    -------
    pandas.DataFrame
        Per group: ``n`` points, ``series`` and ``origins`` counted; ``mase, coverage_80,
        coverage_95, is_80_pct, is_95_pct, crps_pct``, each with ``*_se`` and the 95 % range
        ``*_low`` to ``*_high``. Points of one series overlap between origins, and one bad year
        hits every series: errors are clustered both ways (:func:`clustered_se`). The range
        takes Student's t with one degree of freedom less than the more numerous clusters;
        with a handful of them it is itself a rough guide.

    Raises
    ------
    InputError
        Nothing scored.
    """
    from scipy.special import stdtrit

    use = scored[scored["outturn"].notna() & scored["prediction"].notna()]
    if not estimated:
        use = use[use["outturn_status"] != "estimated"]
    if use.empty:
        raise InputError("calibration: no scored point; use origins with later whole years")
    rows = []
    for key, group in use.groupby(list(by), sort=False):
        key = key if isinstance(key, tuple) else (key,)
        row = dict(zip(by, key, strict=True))
        clusters = [
            group["scope"].astype(str) + "/" + group["indicator"].astype(str),
            group["origin"],
        ]
        row |= {
            "n": len(group),
            "series": clusters[0].nunique(),
            "origins": clusters[1].nunique(),
        }
        quantile = stdtrit(max(row["series"], row["origins"], 2) - 1, 0.975)
        for name, column in _POOLED.items():
            there = group[column].notna().to_numpy()
            values = group[column].to_numpy()[there]
            value = float(values.mean()) if values.size else float("nan")
            se = clustered_se(values, *(c.to_numpy()[there] for c in clusters))
            row[name], row[f"{name}_se"] = value, se
            row[f"{name}_low"] = max(0.0, value - quantile * se)
            top = 1.0 if name.startswith("coverage") else np.inf
            row[f"{name}_high"] = min(top, value + quantile * se)
        rows.append(row)
    return pd.DataFrame(rows)


def clustered_se(values, *clusterings):
    """Standard error of a mean whose points fall into clusters, of one kind or of two.

    Parameters
    ----------
    values : array_like, shape (n,)
    *clusterings : array_like, shape (n,)
        Labels; two of them are allowed to cross.

    Returns
    -------
    float
        NaN where no clustering has two clusters.

    Notes
    -----
    Cameron, Gelbach and Miller 2011, JBES 29, 238-249: variances of the single clusterings
    less that of their intersection, never below the larger single one; each with the factor
    K / (K - 1).
    """
    values = np.asarray(values, dtype=float)
    off = (values - values.mean()) / values.size
    single = []
    for labels in clusterings:
        single.append(_cluster_variance(off, pd.factorize(np.asarray(labels))[0]))
    single = [v for v in single if np.isfinite(v)]
    if not single:
        return float("nan")
    variance = max(single)
    if len(single) == 2:
        codes = [pd.factorize(np.asarray(labels))[0] for labels in clusterings]
        both = _cluster_variance(off, codes[0] * (codes[1].max() + 1) + codes[1])
        variance = max(variance, sum(single) - both)
    return float(np.sqrt(variance))


def _cluster_variance(off, codes):
    sums = np.bincount(codes, weights=off)
    k = np.unique(codes).size
    return float("nan") if k < 2 else float(k / (k - 1) * (sums**2).sum())
