"""What a target asks for: the path to it, and shares that sit at their bound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xc_analysis.errors import InputError
from xc_analysis.fits.points import points


@dataclass(frozen=True)
class RequiredPath:
    """Pace from the last value to a target.

    ``per_year`` in units a year on a straight line, ``rate`` as a share a year at a constant
    rate (-0.05 is 5 % less every year; NaN where a value or the target is not positive),
    ``gap`` the whole way in units (target less last value).
    """

    indicator: str
    unit: str
    last_year: int
    last_value: float
    target_year: int
    target: float
    gap: float
    per_year: float
    rate: float

    @cached_property
    def frame(self):
        """DataFrame by year from the last observation on: linear, log."""
        import pandas as pd

        ahead = np.arange(self.target_year - self.last_year + 1)
        with np.errstate(invalid="ignore"):
            steady = self.last_value * (1 + self.rate) ** ahead
        return pd.DataFrame(
            {"linear": self.last_value + self.per_year * ahead, "log": steady},
            index=pd.Index(self.last_year + ahead, name="year"),
        )


def required_path(s, value, year, *, window=None, exclude=()) -> RequiredPath:
    """Pace needed from the last observation to reach `value` in `year`.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        Indexed by year, as for :func:`xc_analysis.project`; one usable value is enough.
    value : float
        Target, in the unit of the series.
    year : int
        Target year, after the last observation.
    window, exclude
        As for :func:`xc_analysis.project`.

    Returns
    -------
    RequiredPath

    Raises
    ------
    InputError
        No usable value, a target that is not finite, a target year not after the data.
    """
    data = points(s, window=window, exclude=exclude)
    if not data.years.size:
        raise InputError(f"{data.indicator}: no usable value to start from; add one")
    last_year, last = int(data.years[-1]), float(data.values[-1])
    if not np.isfinite(value):
        raise InputError(f"{data.indicator}: target {value} is not a finite number; correct it")
    if year <= last_year:
        raise InputError(
            f"{data.indicator}: target year {year} is not after the last observation "
            f"({last_year}); give a later year or end the window earlier"
        )
    span = int(year) - last_year
    rate = (value / last) ** (1 / span) - 1 if last > 0 and value > 0 else float("nan")
    return RequiredPath(
        data.indicator,
        data.unit,
        last_year,
        last,
        int(year),
        float(value),
        float(value) - last,
        (float(value) - last) / span,
        rate,
    )


@dataclass(frozen=True)
class ShareAtBound:
    """What k successes of n say: median and range of the share, chance that all of the next
    pass, and the rule-of-three bound (NaN unless all or none passed)."""

    passed: int
    n: int
    median: float
    low: float
    high: float
    p_all_next: float
    rule_of_three: float


def share_at_bound(k, n, future, *, level=0.95) -> ShareAtBound:
    """Share of units that pass, where a percentage sits at 0 or 100 and has no trend.

    Parameters
    ----------
    k, n : int
        Units that passed, and units examined.
    future : int
        Units examined next time.
    level : float
        Level of the range.

    Returns
    -------
    ShareAtBound
        Shares between 0 and 1. ``p_all_next`` is the Beta-binomial probability that all of the
        next `future` units pass; ``rule_of_three`` the 95 % bound 1 - 3/n (all passed) or
        3/n (none passed), 0 or 1 where n is below 3.

    Raises
    ------
    InputError
        Counts that are no counts: n or future below 1, k outside 0 to n.

    Notes
    -----
    Jeffreys' prior Beta(1/2, 1/2); units are taken to pass independently, which sections of
    one river are not: read it as the most that so few can say.
    """
    from scipy.special import betaincinv, betaln

    if not (n >= 1 and future >= 1 and 0 <= k <= n):
        raise InputError(
            f"share_at_bound: {k} of {n} units, {future} next; need 0 <= k <= n and both above 0"
        )
    a, b = k + 0.5, n - k + 0.5
    tail = (1 - level) / 2
    rule = float("nan")
    if k == n:
        rule = max(0.0, 1 - 3 / n)
    elif k == 0:
        rule = min(1.0, 3 / n)
    return ShareAtBound(
        int(k),
        int(n),
        float(betaincinv(a, b, 0.5)),
        float(betaincinv(a, b, tail)),
        float(betaincinv(a, b, 1 - tail)),
        float(np.exp(betaln(a + future, b) - betaln(a, b))),
        rule,
    )
