"""Setting a target: what range the record supports, and what a candidate would have asked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xc_analysis.errors import InputError
from xc_analysis.fits.fitting import backward
from xc_analysis.fits.points import points
from xc_analysis.verdicts.arithmetic import compound_rate
from xc_analysis.verdicts.targets import BANDS, band, read_target

PROBABILITIES = tuple(sorted({cut for cut, _, _ in BANDS if cut} | {0.5}, reverse=True))


def supported_targets(
    projection, *, better, probabilities=PROBABILITIES, year=None
) -> pd.DataFrame:
    """Values that a projection meets with given probabilities: the inverse of ``p_meet``.

    Parameters
    ----------
    projection : Projection
    better : {"lower", "higher"}
        Direction of improvement.
    probabilities : iterable of float
        Between 0 and 1, both excluded. Default: the ends of the bands, and one half.
    year : int, optional
        Default: the last projected year.

    Returns
    -------
    pandas.DataFrame
        ``probability``, ``target`` (in the unit of the series), ``band`` and ``band_zh`` of a
        target set exactly there. A target on the easier side of it is met with more.

    Raises
    ------
    InputError
        An unknown direction, a probability outside (0, 1), a year that is not projected.
    """
    from scipy.special import stdtrit

    if better not in ("lower", "higher"):
        raise InputError(f"{projection.indicator}: better must be 'lower' or 'higher'")
    chances = np.asarray(list(probabilities), dtype=float)
    if not ((chances > 0) & (chances < 1)).all():
        raise InputError(f"{projection.indicator}: probabilities must lie between 0 and 1")
    year = int(projection.target_years[-1]) if year is None else int(year)
    where = np.flatnonzero(projection.target_years == year)
    if not where.size:
        raise InputError(f"{projection.indicator}: {year} is not projected; project to it")
    at = int(where[0])
    quantile = chances if better == "lower" else 1 - chances
    z = projection.centre[at] + projection.sd[at] * stdtrit(projection.df, quantile)
    values = backward(z, projection.scale, projection.floor, projection.ceiling)
    words = [band(p) for p in chances]
    return pd.DataFrame(
        {
            "year": year,
            "probability": chances,
            "target": values,
            "band": [en for en, _ in words],
            "band_zh": [zh for _, zh in words],
        }
    )


def asked_of_the_past(s, candidates, *, span=5) -> pd.DataFrame:
    """What each candidate target would have asked of the years just past.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        One value a year; partial years and bounds do not count.
    candidates : iterable of mapping, Series or Target, or DataFrame
        Rows of the table ``targets`` with a value.
    span : int
        Years looked back. The value of that year, else the nearest one before the latest.

    Returns
    -------
    pandas.DataFrame
        Per candidate: ``target``, ``comparator``, ``target_year``; ``needed_per_year`` (units)
        and ``needed_rate`` (% a year, compound) from the latest value on; ``past_per_year``
        and ``past_rate`` over the years looked back; ``pace`` the needed over the past change
        a year; ``would_have_been`` the latest year's value had the needed rate held from
        ``past_year`` on; ``latest``, and ``already_met``.

    Raises
    ------
    InputError
        Fewer than two values, a candidate without value, a target year that has passed.
    """
    from xc_analysis.verdicts.targets import meets

    data = points(s)
    if data.years.size < 2:
        raise InputError(f"{data.indicator}: one value has no past pace; two are needed")
    latest, last = float(data.values[-1]), int(data.years[-1])
    earlier = np.flatnonzero(data.years <= last - span)
    first = int(earlier[-1]) if earlier.size else 0
    past, past_year = float(data.values[first]), int(data.years[first])
    back = last - past_year
    if isinstance(candidates, pd.DataFrame):
        candidates = [row for _, row in candidates.iterrows()]
    rows = []
    for candidate in candidates:
        aim = read_target(candidate)
        if aim.value is None:
            raise InputError(f"{data.indicator}: a candidate target needs a value")
        ahead = aim.target_year - last
        if ahead <= 0:
            raise InputError(
                f"{data.indicator}: candidate for {aim.target_year} does not lie after the "
                f"latest value ({last})"
            )
        needed, rate = (aim.value - latest) / ahead, compound_rate(latest, aim.value, ahead)
        change = (latest - past) / back
        rows.append(
            {
                "target": aim.value,
                "comparator": aim.comparator,
                "target_year": aim.target_year,
                "latest": latest,
                "latest_year": last,
                "already_met": meets(latest, aim.comparator, aim.value),
                "needed_per_year": needed,
                "needed_rate": 100 * rate,
                "past_year": past_year,
                "past": past,
                "past_per_year": change,
                "past_rate": 100 * compound_rate(past, latest, back),
                "pace": needed / change if change else float("nan"),
                "would_have_been": past * (1 + rate) ** back,
            }
        )
    return pd.DataFrame(rows)
