"""The air quality index of a day (HJ 633-2012), as ibis expressions.

Concentrations are rounded half to even to the printed precision (whole µg/m³; CO to 0.1 mg/m³)
before the index; sub-indices are rounded up; the index is the largest of them. A day has an index
when PM2.5 and O3 are valid, or when a valid pollutant alone is past 100 (a known exceedance).
HJ 633-2026 changed the breakpoints from March 2026: this module holds the earlier ones.
"""

from __future__ import annotations

INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
#: Upper ends of 24 h means (O3: largest 8 h mean), µg/m³, CO mg/m³. O3 ends at 800: above it the
#: index of the hourly value holds by convention, 300.
BREAKPOINTS = {
    "pm25": (0, 35, 75, 115, 150, 250, 350, 500),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3_8h": (0, 100, 160, 215, 265, 800),
}
_DECIMALS = {"co": 1}


def half_even(x, decimals: int = 0):
    """Round half to even, on any ibis backend.

    Parameters
    ----------
    x : ibis column
        Numbers of at most about nine digits before the point.
    decimals : int
        Digits after the point.

    Returns
    -------
    ibis column
        In units of the last digit kept: 1.25 with one decimal gives 12.

    Notes
    -----
    The sixth digit after the point is settled first, so that a mean of 34.5 counts as 34.5 in
    whatever order its hours were added.
    """
    import ibis

    y = (x * 10**decimals).round(6) + 0.5
    up = y.floor().cast("float64")
    return up - ibis.ifelse(y == up, up % 2, 0.0)


def sub_index(c, pollutant: str, breakpoints=BREAKPOINTS):
    """Sub-index (IAQI) of a day's rounded concentration.

    Parameters
    ----------
    c : ibis column
        Daily mean, for ``o3_8h`` the day's largest 8 h mean, in whole µg/m³, CO in whole
        0.1 mg/m³, as :func:`half_even` gives it.
    pollutant : str
        Key of `breakpoints`.
    breakpoints : dict
        Upper ends by pollutant, as `BREAKPOINTS`.

    Returns
    -------
    ibis column
        Whole number as float64, null where `c` is null.
    """
    import ibis

    ends = [b * 10 ** _DECIMALS.get(pollutant, 0) for b in breakpoints[pollutant]]
    branches = []
    for lo, hi, i_lo, i_hi in zip(ends, ends[1:], INDEX, INDEX[1:], strict=False):
        slope = (i_hi - i_lo) / (hi - lo)
        branches.append((c <= hi, c * slope + (i_lo - lo * slope)))
    line = ibis.cases(*branches, (c.notnull(), ibis.literal(float(INDEX[len(ends) - 1]))))
    # A whole index may come out a hair above itself: settle that before rounding up.
    return line.round(6).ceil().cast("float64")


def with_aqi(days, breakpoints=BREAKPOINTS):
    """Add ``aqi`` and ``primary`` to a table of days.

    Parameters
    ----------
    days : ibis table
        One row a day with the columns of `BREAKPOINTS`, null where not valid.
    breakpoints : dict
        Upper ends by pollutant, as `BREAKPOINTS`.

    Returns
    -------
    ibis table
        With ``aqi`` (null where the day has none) and ``primary``: above 50 the pollutant or
        pollutants (joined by ``+``) whose sub-index is the index; null at 50 and below.
    """
    import ibis

    rounded = {f"_c_{p}": half_even(days[p], _DECIMALS.get(p, 0)) for p in breakpoints}
    # The alias keeps the rounding a step of its own: woven into every branch, SQL would explode.
    days = days.mutate(**rounded).alias("rounded")
    indices = {f"_{p}": sub_index(days[f"_c_{p}"], p, breakpoints) for p in breakpoints}
    days = days.mutate(**indices)
    largest = ibis.greatest(*(days[c].fill_null(-1.0) for c in indices))
    days = days.mutate(
        aqi=ibis.cases(
            ((days.pm25.notnull() & days.o3_8h.notnull()) | (largest > 100), largest),
        ).cast("int64")
    )
    named = ibis.literal("")
    for column in indices:
        named = named.concat(ibis.ifelse(days[column] == days.aqi, "+" + column[1:], ""))
    days = days.mutate(primary=ibis.cases((days.aqi > 50, named.substr(1))))
    return days.drop(*rounded, *indices)
