"""The result of a projection: a Student t for each year and everything that led to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from xc_analysis.errors import InputError
from xc_analysis.fits import fitting


def level_name(level):
    """``80`` for 0.8, ``97.5`` for 0.975: the part of a column name."""
    return f"{100 * level:.10g}"


@dataclass(frozen=True)
class Projection:
    """A projection and everything that led to it.

    ``centre`` and ``sd`` describe, for each of ``target_years``, a Student t with ``df``
    degrees of freedom on ``scale``; all else follows from them. ``s`` is the residual sd on
    that scale, ``members`` maps a member's name to its weight and its centres, ``phi`` and
    ``prior_sd`` are None where the method does not use them.
    """

    method: str
    scale: str
    indicator: str
    unit: str
    years: np.ndarray
    values: np.ndarray
    target_years: np.ndarray
    centre: np.ndarray
    sd: np.ndarray
    df: float
    s: float
    phi: float | None
    prior_sd: float | None
    floor: float | None
    ceiling: float | None
    levels: tuple[float, ...]
    members: dict = field(repr=False)
    censored: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of points fitted."""
        return self.years.size

    @property
    def window(self) -> tuple[int, int]:
        """First and last year fitted."""
        return int(self.years[0]), int(self.years[-1])

    @cached_property
    def median(self) -> np.ndarray:
        """Median of each target year, in the unit of the series."""
        return fitting.backward(self.centre, self.scale, self.floor, self.ceiling)

    def interval(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the central interval of each target year."""
        half = fitting.t_quantile(self.df, level) * self.sd
        return fitting.ends(self.centre, half, self.scale, self.floor, self.ceiling, self.s)

    @cached_property
    def frame(self):
        """DataFrame by year: median, lower_80, upper_80, ..."""
        import pandas as pd

        columns = {"median": self.median}
        for level in self.levels:
            ends = self.interval(level)
            columns[f"lower_{level_name(level)}"], columns[f"upper_{level_name(level)}"] = ends
        frame = pd.DataFrame(columns, index=pd.Index(self.target_years, name="year"))
        frame.attrs = {"indicator": self.indicator, "unit": self.unit, "method": self.method}
        return frame

    def _at(self, year):
        if year is None:
            return self.target_years.size - 1
        where = np.flatnonzero(self.target_years == year)
        if not where.size:
            raise InputError(
                f"{self.indicator}: {year} is not among the projected years "
                f"{self.target_years[0]}-{self.target_years[-1]}; project to it first"
            )
        return int(where[0])

    def p_below(self, x, year=None, *, strict=False) -> float:
        """Probability of a value of at most `x` (below `x` if `strict`) in `year`.

        From the Student t on the scale of the fit; `year` defaults to the last projected one.
        What the t leaves beyond a bound that clips (not a logit's) counts as at the bound.
        """
        from scipy.special import stdtr

        at = self._at(year)
        low, high = self.floor, self.ceiling
        if self.scale in ("log", "count"):
            low = max(0.0, low or 0.0)
        if low is not None and (x < low or (strict and x == low)):
            return 0.0
        if high is not None and (x > high or (not strict and x == high)):
            return 1.0
        with np.errstate(divide="ignore"):
            z = fitting.forward(np.float64(x), self.scale, low, high)
        return float(stdtr(self.df, (z - self.centre[at]) / self.sd[at]))

    def p_meet(self, comparator, value, year=None) -> float:
        """Probability that a year's value meets a target: ``comparator`` one of < <= > >= =.

        NaN for "=", which has none on a continuous scale, and for a target at a bound of a
        logit scale, where the rounding convention would be the verdict (show the gap, see
        :func:`required_path`).
        """
        if comparator not in ("<", "<=", ">", ">=", "="):
            raise InputError(
                f"{self.indicator}: comparator {comparator!r} is unknown; use <, <=, >, >= or ="
            )
        if comparator == "=" or (self.scale == "logit" and value in (self.floor, self.ceiling)):
            return float("nan")
        if comparator in ("<", "<="):
            return self.p_below(value, year, strict=comparator == "<")
        return 1.0 - self.p_below(value, year, strict=comparator == ">=")

    def describe(self, lang="en") -> str:
        """What led to this result, one fact a line: "en", "zh" or "both"."""
        from xc_analysis.fits.describe import projection_text

        return projection_text(self, lang)


@dataclass(frozen=True)
class Projections:
    """Arrays of :func:`project_many`: median (k, h); ``lower[level]``, ``upper[level]`` too.

    ``centre`` and ``sd`` are on the scale of the fit, where the t has ``df`` degrees.
    """

    median: np.ndarray
    lower: dict
    upper: dict
    centre: np.ndarray = field(repr=False)
    sd: np.ndarray = field(repr=False)
    df: float
