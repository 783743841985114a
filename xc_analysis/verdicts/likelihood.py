"""The projection that a verdict rests on, chosen and written out as a formula."""

from __future__ import annotations

import numpy as np

from xc_analysis.errors import InputError
from xc_analysis.projection import project, project_array
from xc_analysis.verdicts.flags import finite

_TRANSFORM = {"log": "ln {0}", "count": "ln({0} + 0.5)", "logit": "logit {0}", "identity": "{0}"}


def projection_for(case, aim):
    """Projection to judge by, those it was chosen from, and why there is none."""
    if case.projection is not None:
        if aim.target_year not in case.projection.target_years:
            raise InputError(
                f"{case.name}: the projection does not reach the target year "
                f"{aim.target_year}; project to it"
            )
        return case.projection, {}, ""
    made, refusal = {}, ""
    for label, drop in (("all points", False), ("without the exceptional last year", True)):
        if drop and not (case.fit.years.size and int(case.fit.years[-1]) in case.exceptional):
            continue
        try:
            made[label] = _made(case, aim, drop)
        except InputError as error:
            refusal = refusal or str(error)
    if not made:
        return None, {}, refusal
    chosen = max(made, key=lambda label: _width(made[label]))
    return made[chosen], made if len(made) > 1 else {}, ""


def _made(case, aim, drop):
    """Project the points of the fit, or all but the last of them."""
    fit, options = case.fit, case.options
    attrs = case.attrs
    floor, ceiling = finite(attrs.get("floor")), finite(attrs.get("ceiling"))
    if getattr(case.s, "ndim", 1) == 2:
        gone = set(case.seen.years.tolist()) - set(fit.years[: fit.years.size - drop].tolist())
        return project(case.s, aim.target_year, window=(None, case.end), exclude=gone, **options)
    size = fit.years.size - drop
    return project_array(
        fit.values[:size],
        fit.years[:size],
        np.arange(fit.years[size - 1] + 1, aim.target_year + 1),
        floor=floor,
        ceiling=ceiling,
        indicator=case.name,
        unit=fit.unit,
        warnings=fit.warnings,
        **options,
    )


def _width(projection):
    lower, upper = projection.interval(projection.levels[0])
    return float(upper[-1] - lower[-1])


def projection_parts(case, parts, projection, alternatives, p):
    """Components that a projection adds."""
    aim = case.aim
    at = int(np.flatnonzero(projection.target_years == aim.target_year)[0])
    parts = parts | {
        "median": float(projection.median[at]),
        "centre": float(projection.centre[at]),
        "sd": float(projection.sd[at]),
        "df": projection.df,
        "method": projection.method,
        "scale": projection.scale,
        "window": projection.window,
        "prior_sd": projection.prior_sd,
        "phi": projection.phi,
        "warnings": projection.warnings,
        "formula": _formula(projection, aim, at, p),
    }
    for level in projection.levels:
        lower, upper = projection.interval(level)
        parts[f"lower_{100 * level:.10g}"] = float(lower[at])
        parts[f"upper_{100 * level:.10g}"] = float(upper[at])
    for label, other in alternatives.items():
        parts[f"p_meet {label}"] = other.p_meet(aim.comparator, aim.value, aim.target_year)
    if alternatives:
        parts["shown"] = next(k for k, v in alternatives.items() if v is projection)
    return parts


def _formula(projection, aim, at, p):
    if not np.isfinite(p):
        return ""
    z = _TRANSFORM[projection.scale].format(f"{aim.value:g}")
    head = f"T{projection.df:g}(({z} - {projection.centre[at]:.4g}) / {projection.sd[at]:.4g})"
    if aim.comparator[0] == ">":
        head = f"1 - {head}"
    first, last = projection.window
    return (
        f"P(meet) = {head} = {p:.3f}; {projection.method}, {projection.scale} scale, "
        f"n = {projection.n} ({first}-{last})"
    )
