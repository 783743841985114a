"""What a projection is given: options, years, bounds and values, refused where they are none."""

from __future__ import annotations

import numpy as np

from xc_analysis.errors import InputError
from xc_analysis.fits.models import MODELS

SCALES = ("log", "logit", "identity", "count")


def check_options(method, scale, levels, phi, prior_sd, name):
    if method not in MODELS:
        raise InputError(f"{name}: method {method!r} is unknown; use one of {', '.join(MODELS)}")
    if scale not in SCALES:
        raise InputError(f"{name}: scale {scale!r} is unknown; use one of {', '.join(SCALES)}")
    if np.ndim(levels) != 1:
        raise InputError(f"{name}: levels {levels!r} is no list; give (0.8, 0.95)")
    for level in levels:
        if not 0 < _float(level) < 1:
            raise InputError(f"{name}: level {level!r} is not between 0 and 1; give 0.8 for 80 %")
    if not 0 < _float(phi) <= 1:
        raise InputError(f"{name}: phi {phi!r} is not above 0 and at most 1; 0.85 is usual")
    if prior_sd is not None and not 0 < _float(prior_sd) < np.inf:
        raise InputError(f"{name}: prior_sd {prior_sd!r} is not positive; correct the assumption")


def _float(x):
    """A number, or NaN, which lies within no limits."""
    try:
        return float(x)
    except (TypeError, ValueError):
        return np.nan


def whole_years(years, name):
    """Years as integers, or an error: none is cut to the year before."""
    try:
        given = np.atleast_1d(np.asarray(years, dtype=float))
    except (TypeError, ValueError):
        given = np.array([np.nan])
    if not (given == np.round(given)).all():
        raise InputError(f"{name}: years {years!r} are not all whole; give years such as 2030")
    return given.astype(np.int64)


def bounds_of(scale, floor, ceiling, name):
    for bound in (floor, ceiling):
        if bound is not None and np.isnan(_float(bound)):
            raise InputError(f"{name}: bound {bound!r} is not a number; correct it")
    if scale == "logit":
        floor = 0.0 if floor is None else float(floor)
        ceiling = 100.0 if ceiling is None else float(ceiling)
    if floor is not None and ceiling is not None and not floor < ceiling:
        raise InputError(f"{name}: floor {floor} is not below ceiling {ceiling}; correct them")
    return floor, ceiling


def check_domain(values, years, scale, method, floor, ceiling, name):
    """Raise when a value does not exist on the scale of the fit; values (..., n)."""
    outside = np.zeros(values.shape, dtype=bool)
    if scale == "log":
        bad, what = values <= 0, "is not positive, and a log scale needs values above 0"
        remedy = "use scale 'count' or 'identity', or exclude the year"
    elif scale == "count":
        bad, what = values < 0, "is negative, and a count cannot be"
        remedy = "correct it or use scale 'identity'"
    elif scale == "logit":
        bad = (values <= floor) | (values >= ceiling)
        what = f"is not strictly between {floor:g} and {ceiling:g}, as a logit scale needs"
        remedy = "at a bound show the remaining gap (required_path), or use scale 'identity'"
    else:
        bad, what, remedy = outside, "", ""
    if floor is not None:
        outside = outside | (values < floor)
    if ceiling is not None:
        outside = outside | (values > ceiling)
    if not bad.any() and outside.any():
        ends = [f"below {floor:g}" if floor is not None else "",
                f"above {ceiling:g}" if ceiling is not None else ""]  # fmt: skip
        bad, what = outside, f"lies {' or '.join(filter(None, ends))}"
        remedy = "correct the value or the bounds"
    if bad.any():
        row = np.argwhere(bad)[0]
        year, value = years[row[-1]], values[tuple(row)]
        raise InputError(f"{name}: value {value:g} of {year} {what}; {remedy}")
    if method == "count" and not (values.sum(axis=-1) > 0).all():
        raise InputError(f"{name}: every count is 0, no rate can be fitted; use method 'blend'")


def check_count(n, method, name):
    need = MODELS[method].fewest
    if n < need:
        raise InputError(
            f"{name}: {n} usable point(s), method '{method}' needs {need}; "
            "widen the window or use another method"
        )


def horizons(to, last_year, name):
    """Target years, sorted: every year up to one given, or those listed."""
    try:
        years = np.asarray(to, dtype=float)
    except (TypeError, ValueError):
        years = np.array([np.nan])
    if not years.size or not (years == np.round(years)).all():
        raise InputError(f"{name}: target year {to!r} is not a whole year; give one such as 2030")
    first = years.min()
    if first <= last_year:
        raise InputError(
            f"{name}: target year {first:.0f} is not after the last observation ({last_year}); "
            "give a later year or end the window earlier"
        )
    if years.ndim == 0:
        return np.arange(last_year + 1, int(years) + 1)
    return np.unique(years).astype(np.int64)
