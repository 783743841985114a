"""Verdict of one series against one target, with every component that led to it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from xc_analysis.errors import InputError
from xc_analysis.fits.points import points
from xc_analysis.projection import PHI, project
from xc_analysis.verdicts.flags import finite, word
from xc_analysis.verdicts.register import known_exceptional
from xc_analysis.verdicts.targets import CANNOT, as_level, read_by, read_target
from xc_analysis.verdicts.verdict import Assessment, Case, judge


def assess(
    s,
    target,
    *,
    projection=None,
    method="blend",
    window=None,
    exclude=(),
    as_of=None,
    exceptional=None,
    phi=PHI,
    prior_sd=None,
    scale=None,
    passing=None,
    conflict=False,
) -> Assessment:
    """Judge a series against a target by the branches of METHODS 4.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        One value a year, or a frame of :func:`xc_analysis.series`.
    target : mapping, pandas.Series or Target
        A row of the table ``targets``; ``reading`` may hold a comparator and number such as
        ``<= 35``.
    projection : Projection, optional
        Used as it is; must reach the target year. Default: made here from `method`, `window`,
        `phi`, `prior_sd` and `scale`.
    window : tuple of int, optional
        First and last year of the fit, inclusive. The latest value may lie after it.
    exclude : iterable of int
        Years left out of the fit.
    as_of : int, optional
        Nothing after this year is used.
    exceptional : iterable of int, optional
        Exceptional years: where one is the last point of the fit, the series is projected with
        and without it and the wider interval is shown. Default: those of the register of
        assumptions; ``()`` for none.
    passing : tuple of int, optional
        (k, n, future): k of n units met a share at its bound, `future` units are next.
    conflict : bool
        Sources conflict on a value used.

    Returns
    -------
    Assessment

    Raises
    ------
    InputError
        A target that cannot be read, units that differ, a target year before the data, a
        projection that does not reach the target year, a change without its base year.

    Notes
    -----
    A change of a level series is judged as the level that it asks for, from the value of its
    base year. Branches in order: delegated, or qualitative without a reading; no value; the target year
    has a value (judged directly, no probability); latest value meets the target
    (maintenance); one value that does not; to be reached.
    """
    aim = read_target(target)
    attrs = dict(getattr(s, "attrs", {}) or {})
    name = aim.indicator or str(attrs.get("indicator") or "series")
    _check_match(aim, attrs, name)
    end = aim.target_year if as_of is None else min(_whole(as_of, name), aim.target_year)
    seen = points(s, window=(None, end))
    aim = _level_of(aim, attrs, seen)
    if projection is None and (window is not None or len(tuple(exclude))):
        first, last = window or (None, None)
        fit = points(s, window=(first, end if last is None else min(last, end)), exclude=exclude)
    else:
        fit = seen
    if not seen.years.size and aim.target_year < _first_year(s, aim.target_year):
        raise InputError(
            f"{name}: target year {aim.target_year} lies before the data; check the target's year"
        )
    case = Case(
        s=s,
        aim=aim,
        attrs=attrs,
        name=name,
        seen=seen,
        fit=fit,
        window=window or (None, None),
        end=end,
        projection=projection,
        options={
            "method": method,
            "phi": phi,
            "prior_sd": prior_sd if prior_sd is not None else finite(attrs.get("prior_sd")),
            "scale": scale or word(attrs.get("scale")) or "log",
        },
        exceptional=_exceptional(exceptional, aim, attrs, fit),
        passing=passing,
        conflict=conflict,
    )
    read = read_by(aim, aim.reading) if aim.kind in ("delegated", "qualitative") else None
    if read is None:
        return judge(case)
    under = judge(replace(case, aim=read, by_reading=True))
    if aim.kind == "qualitative":
        return replace(under, kind=aim.kind, reading=aim.reading, under_reading=under)
    return replace(judge(case), reading=aim.reading, under_reading=under)


def sensitivity(
    s,
    target,
    *,
    windows,
    methods,
    readings=None,
    phis=(PHI,),
    prior_sds=(None,),
    excludes=((),),
    exceptional=None,
    as_of=None,
):
    """How a verdict moves with the choices behind it: one row per combination.

    Parameters
    ----------
    s : pandas.Series, pandas.DataFrame or mapping
        One series, or several by label (computed and published, one basis and another).
    target : mapping, pandas.Series or Target
    windows : iterable of (int, int)
        First and last year of the fit, either may be None.
    methods : iterable of str
        Names of projection methods.
    readings : iterable of str or mapping, optional
        Ways to read the target, as comparator and number (``<= 35``), or label -> reading.
        Default: the target as it is.
    phis, prior_sds : iterable of float
        Damping and prior sd; a prior of None is the series' own.
    excludes : iterable of iterable of int
        Years left out of the fit, such as ``((), (2020,))``.
    exceptional : iterable of int, optional
        As in :func:`assess`.
    as_of : int, optional
        Nothing after this year is used. Default: the end of each window, so that a row
        knows nothing that its window does not hold.

    Returns
    -------
    pandas.DataFrame
        Columns ``series, window, method, phi, prior_sd, excluded, reading, n, median,
        lower_80, upper_80, lower_95, upper_95, p_meet, verdict, p_under_reading,
        verdict_under_reading, moved, note``. The first value of each choice is the reference;
        ``moved`` names the choices that differ from it. ``verdict`` of a delegated target
        stays "cannot be judged"; a combination that cannot be fitted keeps its row, the
        reason in ``note``.

    Raises
    ------
    InputError
        No series, window or method given; a target that cannot be read.
    """
    import pandas as pd

    many = s if isinstance(s, dict) else {"": s}
    if readings is None:
        readings = {"": ""}
    elif not isinstance(readings, dict):
        readings = {r: r for r in readings}
    choices = {
        "series": list(many),
        "window": [tuple(w) for w in windows],
        "method": list(methods),
        "phi": list(phis),
        "prior_sd": list(prior_sds),
        "excluded": [tuple(e) for e in excludes],
        "reading": list(readings),
    }
    for name, values in choices.items():
        if not values:
            raise InputError(f"sensitivity: no {name} given; give at least one")
    aim = read_target(target)
    rows = []
    for combination in product(*choices.values()):
        pick = dict(zip(choices, combination, strict=True))
        moved = [f"{k} {_words(v)}" for k, v in pick.items() if v != choices[k][0]]
        rows.append(
            _one(many[pick["series"]], aim, readings, pick, as_of, exceptional, "; ".join(moved))
        )
    return pd.DataFrame(rows)


def _words(value):
    if isinstance(value, tuple):
        ends = ["" if v is None else str(v) for v in value]
        return "-".join(ends) if ends else "none"
    return "own" if value is None else str(value)


_EMPTY = {name: float("nan") for name in ("median", "lower_80", "upper_80", "lower_95", "upper_95")}


def _one(s, aim, readings, pick, as_of, exceptional, moved):
    """One row of the sensitivity table."""
    text = readings[pick["reading"]]
    read = aim
    if text:
        read = read_by(aim, text)
        if read is None:
            raise InputError(f"sensitivity: reading {text!r} holds no comparator and number")
    kind = aim.kind
    delegated = kind in ("delegated", "qualitative") and bool(text)
    options = {k: pick[k] for k in ("window", "method", "phi", "prior_sd")}
    options["exceptional"] = exceptional
    row = {k: v for k, v in pick.items() if k not in ("window", "excluded")}
    row = {"window": _words(pick["window"]), "excluded": _words(pick["excluded"])} | row
    row |= {"n": 0} | _EMPTY
    if as_of is None:
        as_of = pick["window"][1]
    try:
        a = assess(s, read, exclude=pick["excluded"], as_of=as_of, **options)
        fan = a.projection or _fan(s, aim, pick, as_of)
        note = a.missing or a.components.get("no_probability", "")
    except InputError as error:
        a, fan, note = None, None, str(error)
    verdict, p = (CANNOT, float("nan")) if a is None else (a.verdict, a.p_meet)
    row |= {
        "p_meet": float("nan") if delegated else p,
        "verdict": CANNOT if delegated else verdict,
        "p_under_reading": p if delegated else float("nan"),
        "verdict_under_reading": verdict if delegated else "",
        "moved": moved,
        "note": note,
    }
    if a is not None:
        row["n"] = a.n
    if fan is not None:
        row["median"] = float(fan.median[-1])
        for level in fan.levels:
            lower, upper = fan.interval(level)
            row[f"lower_{100 * level:.10g}"] = float(lower[-1])
            row[f"upper_{100 * level:.10g}"] = float(upper[-1])
    return {name: row[name] for name in SENSITIVITY}


SENSITIVITY = (
    *("series", "window", "method", "phi", "prior_sd", "excluded", "reading", "n"),
    *("median", "lower_80", "upper_80", "lower_95", "upper_95", "p_meet", "verdict"),
    *("p_under_reading", "verdict_under_reading", "moved", "note"),
)


def _fan(s, aim, pick, as_of):
    """Projection of a series whose target has no number; None where none can be made."""
    first, last = pick["window"]
    last = min(x for x in (last, as_of, aim.target_year - 1) if x is not None)
    try:
        return project(
            s,
            aim.target_year,
            method=pick["method"],
            phi=pick["phi"],
            prior_sd=pick["prior_sd"],
            window=(first, last),
            exclude=pick["excluded"],
        )
    except InputError:
        return None


def _first_year(s, default):
    return int(min(s.index)) if len(s) else default


def _check_match(aim, attrs, name):
    unit, indicator = str(attrs.get("unit") or ""), str(attrs.get("indicator") or "")
    of_level = aim.kind == "change" and not _is_change(aim, attrs)
    if aim.unit and unit and aim.unit != unit and not of_level:
        raise InputError(
            f"{name}: target in {aim.unit}, series in {unit}; convert one of them first"
        )
    if aim.indicator and indicator and aim.indicator != indicator:
        raise InputError(
            f"{name}: the series holds {indicator}; give the series of the target's indicator"
        )


def _is_change(aim, attrs):
    """Does the series hold changes itself, by its statistic or the name of its indicator?"""
    statistic = str(attrs.get("statistic") or "")
    indicator = aim.indicator or str(attrs.get("indicator") or "")
    return statistic.startswith("change") or indicator.endswith("_change")


def _level_of(aim, attrs, seen):
    base = seen.values[seen.years == aim.base_year]
    return as_level(
        aim,
        base=float(base[0]) if base.size else None,
        unit=str(seen.unit or attrs.get("unit") or ""),
        is_change=_is_change(aim, attrs),
    )


def _whole(year, name):
    try:
        if int(year) == float(year):
            return int(year)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"{name}: as_of {year!r} is not a whole year")


def _exceptional(given, aim, attrs, fit):
    """Exceptional years: as given, else as the register of assumptions has them."""
    if given is not None:
        return tuple(int(y) for y in given)
    if fit.years.size < 2:
        return ()
    return known_exceptional(
        plan=aim.plan,
        scope=aim.scope or str(attrs.get("scope") or ""),
        indicator=aim.indicator or str(attrs.get("indicator") or ""),
    )


_ELSEWHERE = {
    "scorecard": "verdicts.scorecard",
    "hindcast": "verdicts.hindcast",
    "calibration": "verdicts.hindcast",
    "supported_targets": "verdicts.backcast",
    "asked_of_the_past": "verdicts.backcast",
}


def __getattr__(name):
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"xc_analysis.{_ELSEWHERE[name]}"), name)
