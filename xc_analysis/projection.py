"""Projections of short annual series, with prediction intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xc_analysis.errors import InputError
from xc_analysis.fits import fitting
from xc_analysis.fits.checks import (
    SCALES,
    bounds_of,
    check_count,
    check_domain,
    check_options,
    horizons,
    whole_years,
)
from xc_analysis.fits.models import MODELS, scale_of
from xc_analysis.fits.pathway import RequiredPath, ShareAtBound, required_path, share_at_bound
from xc_analysis.fits.points import check_finite, check_years, points
from xc_analysis.fits.projected import Projection, Projections

__all__ = [
    "METHODS",
    "SCALES",
    "Projection",
    "Projections",
    "RequiredPath",
    "ShareAtBound",
    "project",
    "project_array",
    "project_many",
    "required_path",
    "share_at_bound",
]

METHODS = tuple(MODELS)
PHI = 0.85
COARSE = 0.05  # rounding beyond this share of a value calls for the censored fit
_ROWS = 2000  # series fitted at once: what a processor's cache holds
_LINE_ON_LINE = 1e-9  # sd that stands for none, so that no interval has zero width


def _days(years):
    """Days of calendar years."""
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    return 365.0 + leap


def project_array(
    values,
    years,
    to,
    *,
    method="blend",
    levels=(0.8, 0.95),
    scale="log",
    prior_sd=None,
    phi=PHI,
    floor=None,
    ceiling=None,
    rounding=0.0,
    bounds=None,
    indicator="series",
    unit="",
    warnings=(),
) -> Projection:
    """:func:`project` for plain arrays: `values` (n,) of `years` (n,), in any order.

    The core without pandas, for loops over windows and methods. `bounds` (n, 2) are the ends
    between which rounded values lie, in place of one `rounding` for all; the rest as there.
    """
    values, years = np.asarray(values, dtype=float), np.asarray(years, dtype=np.int64)
    if values.ndim != 1 or values.shape != years.shape:
        raise InputError(
            f"{indicator}: {values.size} values for {years.size} years; give one value a year"
        )
    check_options(method, scale, levels, phi, prior_sd, indicator)
    order = np.argsort(years, kind="stable")
    values, years = values[order], years[order]
    check_count(years.size, method, indicator)
    check_years(years, indicator)
    check_finite(years, values, indicator)
    scale = scale_of(method, scale)
    floor, ceiling = bounds_of(scale, floor, ceiling, indicator)
    check_domain(values, years, scale, method, floor, ceiling, indicator)
    target_years = horizons(to, int(years[-1]), indicator)

    model, warnings = MODELS[method], list(warnings)
    if "prior_sd" not in model.uses:
        prior_sd = None
    elif prior_sd is None:
        prior_sd = fitting.PRIOR_SD.get(scale)
        if prior_sd is None:
            prior_sd = fitting.default_prior(values, scale)
            warnings.append(
                f"no prior_sd given for the {scale} scale; {prior_sd:.3g} taken, a guess / "
                f"{scale} 尺度未给出先验标准差，暂取 {prior_sd:.3g}，仅为猜测"
            )
    t = (years - years[-1]).astype(float)
    z, blur = fitting.forward(values, scale, floor, ceiling), 0.0
    if rounding and bounds is None:
        bounds = np.column_stack([values - rounding / 2, values + rounding / 2])
    elif bounds is not None:
        bounds = np.asarray(bounds, dtype=float)[order]
    censored = bounds is not None and scale != "count"
    if censored:
        z, blur = _censored(bounds, values, t, scale, floor, ceiling, prior_sd)
    fit = model.fit(
        z[None, :],
        t,
        target_years - years[-1],
        prior_sd=prior_sd,
        phi=phi,
        scale=scale,
        blur=blur,
        exposure=_days(years),
        future_exposure=_days(target_years),
    )
    sd = np.sqrt(fit.variance[0])
    if not (sd > 0).all():
        warnings.append(
            "the points lie on the line exactly, the interval says nothing / "
            "各点恰好落在直线上，区间没有意义"
        )
    out = Projection(
        method=method,
        scale=scale,
        indicator=indicator,
        unit=unit,
        years=years,
        values=values,
        target_years=target_years,
        centre=fit.centre[0],
        sd=np.maximum(sd, _LINE_ON_LINE * (1 + np.abs(fit.centre[0]))),
        df=fit.df,
        s=float(fit.s[0]),
        phi=phi if "phi" in model.uses else None,
        prior_sd=prior_sd,
        floor=floor,
        ceiling=ceiling,
        levels=tuple(levels),
        members={k: (w, m[0]) for k, (w, m) in fit.members.items()},
        censored=censored,
    )
    return replace(out, warnings=(*warnings, *_beyond(out)))


def _censored(bounds, values, t, scale, floor, ceiling, prior_sd):
    """Expected values on the scale of the fit and their variance, given the rounding."""
    lower, upper = bounds[:, 0], bounds[:, 1]
    # A rounding interval that reaches over a bound ends close to it, not beyond.
    if scale == "log":
        lower = np.maximum(lower, values / 20)
    if scale == "logit":
        lower = np.maximum(lower, floor + (values - floor) / 20)
        upper = np.minimum(upper, ceiling - (ceiling - values) / 20)
    ends = (fitting.forward(y, scale, floor, ceiling) for y in (lower, upper))
    if prior_sd is None:
        return fitting.censored(*ends, t, prior_sd=0.0, prior_weight=0)
    return fitting.censored(*ends, t, prior_sd=prior_sd)


def _beyond(p):
    """Warning when a straight line leaves the range that the series can have."""
    if p.method != "linear":
        return ()
    low = p.floor if p.floor is not None else (0.0 if (p.values > 0).all() else -np.inf)
    high = np.inf if p.ceiling is None else p.ceiling
    out = (p.centre < low) | (p.centre > high)
    if not out.any():
        return ()
    year, reached = int(p.target_years[out][0]), p.centre[-1]
    return (
        f"the straight line leaves the possible range from {year} on ({reached:.3g} in "
        f"{p.target_years[-1]}): comparison only / 直线自 {year} 年起超出可能范围，仅作对照",
    )


def project(
    s,
    to,
    *,
    method="blend",
    levels=(0.8, 0.95),
    scale=None,
    prior_sd=None,
    phi=PHI,
    floor=None,
    ceiling=None,
    rounding=None,
    window=None,
    exclude=(),
) -> Projection:
    """Project one annual series to a target year.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        Indexed by year, any order, gaps allowed. Of a frame (:func:`xc_analysis.series`) only
        printed, derived and computed values of whole years are fitted; what is left out is
        listed in ``warnings``. ``s.attrs`` supply scale, prior_sd, floor, ceiling, unit and
        indicator unless given here.
    to : int or sequence of int
        Every year after the last observation up to this one, or exactly the years listed.
    method : str
        One of ``METHODS``. "blend" (default), "shrunk", "decay", "plateau", "damped", "drift",
        "last", "last_two", "loglinear", "count"; "linear" only as a comparison.
    levels : sequence of float
        Central prediction intervals.
    scale : {"log", "logit", "identity", "count"}
        Scale of the fit; default that of the series, else "log". "linear" is always on the
        identity scale, "count" on ln(y + 0.5), "loglinear" on the series' own scale unless
        that is the identity, then log.
    prior_sd : float, optional
        Residual sd on the scale of the fit, worth four degrees of freedom. Default: that of
        the series, else 0.08 (log) or 0.55 (count); on the other scales a guess with a warning.
    phi : float
        Share of the slope that remains after a year, for "damped", "blend" and "shrunk".
    floor, ceiling : float, optional
        Physical range; of a logit scale 0 and 100 unless given.
    rounding : float, optional
        Step to which all values were rounded: fits the interval-censored likelihood. Default:
        that likelihood where a frame's printed values are coarser than 5 % of themselves;
        0 switches it off.
    window : tuple of int, optional
        First and last year to fit, inclusive.
    exclude : iterable of int
        Years to leave out.

    Returns
    -------
    Projection

    Raises
    ------
    InputError
        Too few points for the method, a value that is not finite, not positive (log) or not
        inside the bounds (logit), repeated years, mixed units, a target year that is not
        after the last observation, an unknown method, scale or level.

    Notes
    -----
    Each model gives a Student t on the scale of the fit; formulas in
    :mod:`xc_analysis.fits.models`. Interval ends are its quantiles transformed back, so the centre
    is a median.
    """
    data = points(s, window=window, exclude=exclude)
    attrs = data.attrs
    scale = scale or _text(attrs.get("scale")) or "log"
    bounds, warnings = None, list(data.warnings)
    if rounding is None and scale in ("log", "logit"):
        coarse = np.ptp(data.bounds, axis=1) > COARSE * np.abs(data.values)
        if coarse.any():
            bounds = data.bounds
            listed = ", ".join(str(y) for y in data.years[coarse])
            warnings.append(
                f"rounding exceeds 5 % of the value in {listed}: interval-censored fit / "
                f"{listed} 的修约超过数值的 5 %，采用区间删失拟合"
            )
    return project_array(
        data.values,
        data.years,
        to,
        method=method,
        levels=levels,
        scale=scale,
        prior_sd=_number(attrs.get("prior_sd")) if prior_sd is None else prior_sd,
        phi=phi,
        floor=_number(attrs.get("floor")) if floor is None else floor,
        ceiling=_number(attrs.get("ceiling")) if ceiling is None else ceiling,
        rounding=rounding or 0.0,
        bounds=bounds,
        indicator=data.indicator,
        unit=data.unit,
        warnings=warnings,
    )


def _text(x):
    return x if isinstance(x, str) and x else None


def _number(x):
    """A finite float, or None for anything empty."""
    try:
        x = float(x)
    except (TypeError, ValueError):
        return None
    return x if np.isfinite(x) else None


def project_many(
    values,
    years,
    target_years,
    *,
    method="blend",
    scale="log",
    prior_sd=0.08,
    levels=(0.8, 0.95),
    phi=PHI,
    floor=None,
    ceiling=None,
) -> Projections:
    """Project many series that share their years.

    Parameters
    ----------
    values : array_like, shape (k, n)
        One series a row, finite.
    years : array_like of int, shape (n,)
        Real years, any order, gaps allowed.
    target_years : int or array_like of int, shape (h,)
        Exactly these years, each after the last observation; the result keeps their order.
    method, scale, prior_sd, levels, phi, floor, ceiling
        As in :func:`project`; ``prior_sd`` is taken as given on every scale.

    Returns
    -------
    Projections
        ``.median`` (k, h), ``.lower[level]`` and ``.upper[level]`` (k, h).

    Raises
    ------
    InputError
        As :func:`project`.
    """
    name = "project_many"
    check_options(method, scale, levels, phi, prior_sd, name)
    years = whole_years(years, name)
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name}: a value is not a number; correct or drop its row") from None
    if values.ndim != 2 or values.shape[1] != years.size:
        raise InputError(
            f"{name}: values have shape {values.shape}, years {years.size}; give (series, years)"
        )
    order = np.argsort(years, kind="stable")
    if (order != np.arange(order.size)).any():
        values, years = values[:, order], years[order]
    check_count(years.size, method, name)
    check_years(years, name)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise InputError(f"{name}: row {row} holds a value that is not finite; drop or correct it")
    scale = scale_of(method, scale)
    floor, ceiling = bounds_of(scale, floor, ceiling, name)
    check_domain(values, years, scale, method, floor, ceiling, name)
    target_years = whole_years(target_years, name)
    horizons(target_years, int(years[-1]), name)
    z, t, h = fitting.forward(values, scale, floor, ceiling), years - years[-1], target_years
    options = {
        "prior_sd": prior_sd,
        "phi": phi,
        "scale": scale,
        "exposure": _days(years),
        "future_exposure": _days(target_years),
    }
    fits = [
        MODELS[method].fit(z[i : i + _ROWS], t.astype(float), h - years[-1], **options)
        for i in range(0, max(len(z), 1), _ROWS)
    ]
    centre, variance = (np.vstack([f[k] for f in fits]) for k in (0, 1))
    s, df = np.concatenate([f.s for f in fits])[:, None], fits[0].df
    sd = np.maximum(np.sqrt(variance), _LINE_ON_LINE * (1 + np.abs(centre)))
    lower, upper = {}, {}
    for level in levels:
        half = fitting.t_quantile(df, level) * sd
        lower[level], upper[level] = fitting.ends(centre, half, scale, floor, ceiling, s)
    median = fitting.backward(centre, scale, floor, ceiling)
    return Projections(median, lower, upper, centre, sd, df)
