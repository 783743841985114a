"""What a series offers a fit: which rows count, which are left out, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from xc_analysis.errors import InputError

FITTED = ("printed", "derived", "computed")

_WHY = {
    "bound": ("a bound, not a value", "仅为上下限"),
    "estimated": ("an estimate of a partial year", "部分年份的估计值"),
    "partial": ("a partial year", "部分年份"),
    "missing": ("no value", "缺值"),
}


@dataclass(frozen=True)
class Points:
    """Years and values that enter a fit, in order of year, with what was left out."""

    years: np.ndarray
    values: np.ndarray
    bounds: np.ndarray  # (n, 2): between which a rounded value lies; both ends equal if exact
    indicator: str
    unit: str
    attrs: dict = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def _years(index, name):
    """Whole years from an index of integers, integral floats, dates or periods."""
    raw = getattr(index, "year", None)
    if raw is None or np.ndim(raw) == 0:
        raw = index
    try:
        years = np.asarray(raw, dtype=float)
    except (TypeError, ValueError):
        years = np.array([np.nan])
    if years.size and not (np.isfinite(years).all() and (years == np.round(years)).all()):
        raise InputError(f"{name}: the index must hold whole years; set it to the year column")
    return years.astype(np.int64)


def _one_of(frame, column):
    """The distinct non-empty entries of a column, as text."""
    return [str(v) for v in frame[column].dropna().unique() if str(v)]


def check_years(years, name):
    """Raise when a year occurs twice; `years` sorted, int[n]."""
    twice = np.unique(years[1:][np.diff(years) == 0])
    if twice.size:
        listed = ", ".join(str(y) for y in twice)
        raise InputError(f"{name}: year {listed} occurs more than once; keep one row a year")


def check_finite(years, values, name):
    """Raise when a value is not finite, naming its year."""
    bad = ~np.isfinite(values)
    if bad.any():
        listed = ", ".join(f"{y}" for y in years[bad])
        raise InputError(
            f"{name}: value of {listed} is not a finite number; correct it or exclude the year"
        )


def _decimals(value):
    """Decimals that a value shows: 13.5 has one, 40.0 none."""
    text = f"{value:.10f}".rstrip("0")
    return len(text.partition(".")[2])


def _rounding(frame, values, attrs):
    """Ends (n, 2) between which each value lies, from its printed digits or its own range.

    A printed value is rounded to the indicator's decimals, or finer where it shows more; a
    derived one carries ``lower`` and ``upper``; a computed one is exact.
    """
    bounds = np.column_stack([values, values])
    if "status" not in frame.columns:
        return bounds
    status = np.asarray(frame["status"].astype(object))
    decimals = attrs.get("decimals")
    if decimals is not None and np.isfinite(float(decimals)):
        for i in np.flatnonzero((status == "printed") & np.isfinite(values)):
            half = 0.5 * 10.0 ** -max(int(decimals), _decimals(values[i]))
            bounds[i] = values[i] - half, values[i] + half
    if {"lower", "upper"} <= set(frame.columns):
        ends = np.array(frame[["lower", "upper"]], dtype=float)
        own = (status == "derived") & np.isfinite(ends).all(axis=1)
        own &= (ends[:, 0] <= values) & (values <= ends[:, 1])
        bounds[own] = ends[own]
    return bounds


def points(s, *, window=None, exclude=(), name=None) -> Points:
    """Rows of a series that a fit may use.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        Indexed by year. A frame has a column ``value`` and may have ``status``,
        ``completeness``, ``basis``, ``unit``.
    window : tuple of int, optional
        First and last year to use, inclusive; either may be None.
    exclude : iterable of int
        Years to leave out.
    name : str, optional
        Indicator named in messages; default ``s.attrs["indicator"]`` or ``s.name``.

    Returns
    -------
    Points

    Raises
    ------
    InputError
        Repeated years, a value that is not finite, more than one unit.
    """
    attrs = dict(getattr(s, "attrs", {}) or {})
    is_frame = getattr(s, "ndim", 0) == 2
    name = str(name or attrs.get("indicator") or getattr(s, "name", None) or "series")
    if not (hasattr(s, "index") and hasattr(s, "ndim")):
        raise InputError(f"{name}: give a Series or frame indexed by year")
    if is_frame and "value" not in s.columns:
        raise InputError(f"{name}: the frame has no column 'value'; rename the one that holds it")

    years = _years(s.index, name)
    column = s["value"] if is_frame else s
    try:
        values = column.to_numpy(dtype=float, na_value=np.nan).copy()
    except (TypeError, ValueError):
        raise InputError(f"{name}: a value is not a number; correct it in the table") from None

    keep = np.ones(years.size, dtype=bool)
    if window is not None:
        first, last = window
        keep &= (years >= (-np.inf if first is None else first)) & (
            years <= (np.inf if last is None else last)
        )
    if len(exclude := tuple(exclude)):
        keep &= ~np.isin(years, exclude)

    reason = np.full(years.size, "", dtype=object)
    reason[np.isnan(values)] = "missing"
    if is_frame and "completeness" in s.columns:
        reason[np.asarray(s["completeness"].eq("partial").fillna(False), dtype=bool)] = "partial"
    if is_frame and "status" in s.columns:
        status = np.asarray(s["status"].astype(object).where(s["status"].notna(), ""), dtype=object)
        other = ~np.isin(status.astype(str), FITTED) & (status != "")
        reason[other] = status[other]
    warnings = []
    for why in dict.fromkeys(reason[keep & (reason != "")]):
        gone = ", ".join(str(y) for y in np.sort(years[keep & (reason == why)]))
        en, zh = _WHY.get(why, (f"status {why}", f"状态为 {why}"))
        warnings.append(f"left out {gone}: {en} / 未参与拟合 {gone}：{zh}")
    keep &= reason == ""

    unit, bounds = str(attrs.get("unit") or ""), np.column_stack([values, values])
    if is_frame:
        bounds = _rounding(s, values, attrs)
        used = s[keep]
        if "unit" in s.columns and len(units := _one_of(used, "unit")):
            if len(units) > 1:
                raise InputError(
                    f"{name}: units {', '.join(units)} in one series; convert to one unit"
                )
            unit = units[0]
        if "basis" in s.columns and len(bases := _one_of(used, "basis")) > 1:
            listed = ", ".join(bases)
            warnings.append(f"basis changes inside the window: {listed} / 窗口内口径变化：{listed}")

    order = np.argsort(years[keep], kind="stable")
    years, values, bounds = years[keep][order], values[keep][order], bounds[keep][order]
    check_years(years, name)
    check_finite(years, values, name)
    return Points(years, values, bounds, name, unit, attrs, tuple(warnings))
