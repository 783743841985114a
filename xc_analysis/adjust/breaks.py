"""What each break amounts to: raw, adjusted, difference, and what the publications show of it.

Tables for readers, made from series, days and published figures; the adjustments themselves are in
:mod:`xc_analysis.comparability`, :mod:`xc_analysis.adjust.dust` and :mod:`xc_analysis.adjust.partial`.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from .. import tables
from ..comparability import CHANGE, GASES, convert, days_on, state_factors
from ..errors import Empty
from ..evidence import series
from . import dust as dust_rule
from .partial import FULL_MONTH, column_of, statistic_values

#: A span counts as covered with at least this share of its days.
COVERED = 0.85
#: How near a computed value should come to a published one beyond the latter's rounding.
TOLERANCE = {"heavy_days": 1.0, "good_days": 1.0, "good_day_ratio": 0.5, "co_p95": 0.1}


def span(period: str, year: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a period of ``observations``.

    Parameters
    ----------
    period : str
        ``annual``, ``2020-09``, ``2020-01..09``, ``2018-H1``, ``2018-Q3``, ``2016..2020`` or a day.
    year : int
        Of the row.

    Returns
    -------
    tuple of Timestamp

    Examples
    --------
    >>> [f"{day:%m-%d}" for day in span("2020-01..02", 2020)]
    ['01-01', '02-29']
    """
    if period == "annual":
        first, last = f"{year}-01", f"{year}-12"
    elif "-" not in period:
        first, last = f"{period[:4]}-01", f"{period[-4:]}-12"
    else:
        of, _, rest = period.partition("-")
        if rest[0] in "HQ":
            size = 6 if rest[0] == "H" else 3
            end = size * int(rest[1])
            first, last = f"{of}-{end - size + 1:02d}", f"{of}-{end:02d}"
        elif ".." in rest:
            first, last = f"{of}-{rest[:2]}", f"{of}-{rest[-2:]}"
        elif len(rest) > 2:
            return pd.Timestamp(period), pd.Timestamp(period)
        else:
            first = last = period
    return pd.Timestamp(first), pd.Period(last, freq="M").end_time.normalize()


# ------------------------------------------------------------------------------ reference state


def share_of_state(
    first: int,
    last: int,
    *,
    scope: str,
    indicators=("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "heavy_days"),
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """How much of a change between two years is only the change of reference state.

    Parameters
    ----------
    first, last : int
        Years on both sides of it.
    scope : str
        A district with a station record.
    indicators : iterable of str
        Those of them with a value in both years are shown.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        Index indicator: ``first_raw``, ``last_raw``, ``first_new``, ``last_new`` (both years on the
        new state), ``raw_percent``, ``new_percent`` (change of each), ``points`` (their difference)
        and ``share``. The share is 1 - new/raw change, taken on logarithms for concentrations,
        where it does not depend on the state chosen, and on the days themselves for counts. It is
        positive where part of a fall is only the change of state.
    """
    rows = {}
    for indicator in indicators:
        raw, new = (
            series(indicator, scope=scope, source="station", basis=basis, data=data)["value"]
            for basis in ("raw", "new")
        )
        if not {first, last} <= set(raw.dropna().index):
            continue
        ends = [float(s[year]) for s in (raw, new) for year in (first, last)]
        relative = [100 * (ends[1] / ends[0] - 1), 100 * (ends[3] / ends[2] - 1)]
        counted = column_of(indicator)[1] in ("good", "heavy", "severe")
        changes = (
            (ends[1] - ends[0], ends[3] - ends[2])
            if counted
            else (np.log(ends[1] / ends[0]), np.log(ends[3] / ends[2]))
        )
        rows[indicator] = {
            **dict(zip(("first_raw", "last_raw", "first_new", "last_new"), ends, strict=True)),
            "raw_percent": relative[0],
            "new_percent": relative[1],
            "points": relative[0] - relative[1],
            "share": 1 - changes[1] / changes[0] if changes[0] else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("indicator")


def side_by_side(
    indicator: str,
    to: int,
    *,
    scope: str,
    window: tuple[int, int],
    method: str = "blend",
    choices=({"basis": "raw"}, {"basis": "old"}, {"basis": "new"}),
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Trend and projection of one indicator under several choices.

    Parameters
    ----------
    indicator : str
        Canonical id.
    to : int
        Year projected.
    scope : str
        A district with a station record.
    window : tuple of int
        First and last year fitted.
    method : str
        Of :func:`xc_analysis.projection.project`.
    choices : iterable of dict
        Arguments for :func:`xc_analysis.series`: ``basis``, ``dust``.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per choice: basis, dust, n, slope, slope_low, slope_high, p, verdict, then median,
        lower_80, upper_80, lower_95, upper_95 of year `to`. A projection from the old state is a
        value on the old state.
    """
    from ..projection import project
    from ..trend import trend

    rows = []
    for choice in choices:
        s = series(indicator, scope=scope, source="station", data=data, **choice)
        found = trend(s, window=window)
        ahead = project(s, to, method=method, window=window).frame.loc[to]
        rows.append(
            {"basis": choice.get("basis", "raw"), "dust": choice.get("dust", "off"), "n": found.n,
             "slope": found.slope, "slope_low": found.low, "slope_high": found.high, "p": found.p,
             "verdict": found.verdict, **ahead.to_dict()}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _published(scope: str, indicators, data) -> pd.DataFrame:
    """Published values (no bounds) with their statistic the indicator's, and their days."""
    seen = tables.load("observations", data=data)
    statistic = tables.load("indicators", data=data).set_index("indicator")["statistic"]
    seen = seen[
        (seen["scope"] == scope)
        & seen["indicator"].isin(list(indicators))
        & (seen["statistic"] == seen["indicator"].map(statistic))
        & seen["value"].notna()
        & ~seen["period"].str.fullmatch(r"\d{4}\.\.\d{4}").fillna(False).astype(bool)
    ].copy()
    ends = [span(row.period, int(row.year)) for row in seen.itertuples()]
    return seen.assign(first=[e[0] for e in ends], last=[e[1] for e in ends])


def _rounding(row) -> tuple[float, float]:
    if np.isfinite(row.lower) and np.isfinite(row.upper):
        return row.lower, row.upper
    places = getattr(row, "decimals", 0)
    half = 0.5 * 10.0 ** -(0 if pd.isna(places) else places)
    return row.value - half, row.value + half


def published_state(
    *,
    scope: str,
    indicators=("pm25", "no2", "so2", "o3_8h_p90", "heavy_days", "good_day_ratio"),
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Do published values match the record as it stands, or as converted?

    Parameters
    ----------
    scope : str
        A district with daily values.
    indicators : iterable of str
        PM10 is left out by default: what stands in for its withheld hours moves it more.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per published value whose span the record covers to 85 % or more: indicator, period,
        when (before, across or after `CHANGE`), published, low, high (what rounding allows), days,
        of, recorded, converted, error_recorded, error_converted (computed - published), fits
        ("recorded", "converted", "both", "neither": within the rounding and 1 unit more), obs_id,
        source_id. ``converted`` applies the factor to the days before the change; for a span wholly
        after it, to all days, as would be right had the archive kept the old state.
    """
    recorded = days_on("raw", scope=scope, data=data)
    converted = days_on("new", scope=scope, data=data)
    forced = convert(recorded, "new", state_factors(data=data), given="old")
    seen = _published(scope, indicators, data)
    seen = seen[seen["use"]]
    rows = []
    for row in seen.itertuples():
        when = "before" if row.last < CHANGE else "after" if row.first >= CHANGE else "across"
        column, statistic = column_of(row.indicator)
        inside = recorded["date"].between(row.first, row.last)
        values = [
            statistic_values(frame.loc[inside, column].dropna().to_numpy(float), statistic)
            for frame in (recorded, forced if when == "after" else converted)
        ]
        days, of = int(recorded.loc[inside, column].notna().sum()), (row.last - row.first).days + 1
        if days < COVERED * of:
            continue
        low, high = _rounding(row)
        slack = TOLERANCE.get(row.indicator, 1.0)
        near = [low - slack <= value <= high + slack for value in values]
        fits = {(True, True): "both", (True, False): "recorded", (False, True): "converted"}
        rows.append(
            {"indicator": row.indicator, "period": row.period, "year": int(row.year), "when": when,
             "published": row.value, "low": low, "high": high, "days": days, "of": of,
             "recorded": values[0], "converted": values[1],
             "error_recorded": values[0] - row.value, "error_converted": values[1] - row.value,
             "fits": fits.get(tuple(near), "neither"), "basis": row.basis, "status": row.status,
             "obs_id": row.obs_id, "source_id": row.source_id}
        )  # fmt: skip
    out = pd.DataFrame(rows)
    return out.sort_values(["indicator", "year", "period"], ignore_index=True) if len(out) else out


def restated(city: str, *, scope: str, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Bases of 2018 that were printed twice: when the year ran, and in year-on-year figures of 2019.

    Parameters
    ----------
    city : str
        Whose published values.
    scope : str
        The district whose days weigh the particulates' monthly factors (by concentration).
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        indicator, period, printed, restated, ratio, ratio_low, ratio_high (what the rounding of
        both allows), factor (expected of a conversion), fits ("conversion", "no change", "both",
        "neither"), source_id (both).
    """
    seen = _published(city, ("pm25", "pm10", "no2", "so2"), data)
    late = seen[seen["basis"].str.startswith("restated")]
    factors, days = state_factors(data=data), days_on("raw", scope=scope, data=data)
    rows = []
    for row in late.itertuples():
        first = seen[
            (seen["indicator"] == row.indicator)
            & (seen["period"] == row.period)
            & ~seen["basis"].str.startswith("restated")
        ]
        if first.empty:
            continue
        earlier = next(first.sort_values("use", ascending=False).itertuples())
        old, new = _rounding(earlier), _rounding(row)
        low, high = new[0] / old[1], new[1] / old[0]
        if row.indicator in GASES:
            factor = factors["gas"].iloc[0]
        else:
            part = days[days["date"].between(row.first, row.last)].dropna(subset=[row.indicator])
            by_day = part["date"].dt.month.map(factors["particulate"])
            factor = float(np.average(by_day, weights=part[row.indicator]))
        fits = {(True, True): "both", (True, False): "conversion", (False, True): "no change"}
        rows.append(
            {"indicator": row.indicator, "period": row.period, "printed": earlier.value,
             "restated": row.value, "ratio": row.value / earlier.value, "ratio_low": low,
             "ratio_high": high, "factor": factor,
             "fits": fits.get((low <= factor <= high, low <= 1 <= high), "neither"),
             "source_id": f"{earlier.source_id};{row.source_id}"}
        )  # fmt: skip
    return pd.DataFrame(rows)


def city_months(
    city: str,
    *,
    scope: str,
    indicator: str = "pm25",
    years: tuple[int, int] = (2016, 2020),
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """The city's published months over the district's, before and after the change.

    If the months printed before it were on the old state, their ratio to the record as it stands is
    the same before and after; if they had been on the new one, their ratio to the converted record
    would be.

    Parameters
    ----------
    city, scope : str
        Whose published months; whose days.
    indicator : str
        A mean.
    years : tuple of int
        First and last year looked at.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        Index "recorded", "converted": before, after (mean of ln city/district), difference, low,
        high (95 %, Welch), spread_before (standard deviation), months_before, months_after.
    """
    from scipy.special import stdtrit

    seen = _published(city, [indicator], data)
    month = seen["period"].str.fullmatch(r"\d{4}-\d{2}").fillna(False).astype(bool)
    fresh = ~seen["basis"].str.startswith("restated")
    seen = seen[month & fresh & seen["use"] & seen["year"].between(*years)]
    rows = {}
    for name, basis in (("recorded", "raw"), ("converted", "new")):
        daily = days_on(basis, scope=scope, data=data)
        logs: dict[bool, list[float]] = {True: [], False: []}
        for row in seen.itertuples():
            values = daily.loc[daily["date"].between(row.first, row.last), indicator].dropna()
            if len(values) >= FULL_MONTH:
                logs[row.last < CHANGE].append(np.log(row.value / values.mean()))
        before, after = logs[True], logs[False]
        if min(len(before), len(after)) < 3:
            raise Empty(
                f"改变前后两侧公布的{city} {indicator} 月值不足三个，比不出来 · {city}: fewer than three"
                f" published months of {indicator} on a side of"
                f" {CHANGE:%Y-%m-%d}: nothing can be told from them"
            )
        parts = [np.var(x, ddof=1) / len(x) for x in (before, after)]
        df = sum(parts) ** 2 / sum(
            p**2 / (len(x) - 1) for p, x in zip(parts, (before, after), strict=True)
        )
        difference = np.mean(before) - np.mean(after)
        half = stdtrit(df, 0.975) * np.sqrt(sum(parts))
        rows[name] = {
            "before": np.mean(before), "after": np.mean(after), "difference": difference,
            "low": difference - half, "high": difference + half,
            "spread_before": np.std(before, ddof=1),
            "months_before": len(before), "months_after": len(after),
        }  # fmt: skip
    out = pd.DataFrame.from_dict(rows, orient="index").rename_axis("record")
    return out.astype({"months_before": int, "months_after": int})


# ----------------------------------------------------------------------------------------- dust


def dust_check(
    *, scope: str, since: int = dust_rule.LEFT_OUT_SINCE, data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """Published PM2.5 and PM10 beside the record with and without the stand-in's dust days.

    Parameters
    ----------
    scope : str
        A district with daily values.
    since : int
        First year; official evaluation leaves sandstorms out from 2017 on.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per published value: indicator, period, published, days, of, dust_days, kept, less
        (the record with and without them), reported (PM10 as reported, dust kept), error_kept,
        error_less, source_id. ``of`` tells how much of the span the record lacks.
    """
    daily = days_on("raw", scope=scope, data=data)
    dusty = dust_rule.dust_days(daily)
    seen = _published(scope, ["pm25", "pm10"], data)
    rows = []
    for row in seen[seen["use"] & (seen["year"] >= since)].itertuples():
        inside = daily["date"].between(row.first, row.last)
        part = daily.loc[inside, row.indicator]
        kept, less = part.mean(), part[~dusty[inside]].mean()
        reported = daily.loc[inside, "pm10_reported"].mean() if row.indicator == "pm10" else np.nan
        rows.append(
            {"indicator": row.indicator, "period": row.period, "year": int(row.year),
             "published": row.value, "days": int(part.notna().sum()),
             "of": (row.last - row.first).days + 1, "dust_days": int(dusty[inside].sum()),
             "kept": kept, "less": less, "reported": reported, "error_kept": kept - row.value,
             "error_less": less - row.value, "source_id": row.source_id}
        )  # fmt: skip
    out = pd.DataFrame(rows)
    return out.sort_values(["indicator", "year", "period"], ignore_index=True) if len(out) else out


# ------------------------------------------------------------------------------- other readings


def readings(*, scope: str, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Annual values under the other readings of the record, beside the ones used.

    Parameters
    ----------
    scope : str
        A district.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        indicator, year, reading (``label-start``, ``pm10-reported``), value, other, difference
        (other - value), valid_days, other_days.
    """
    key = ["scope", "indicator", "year"]
    used = tables.load("air/annual", data=data)[[*key, "value", "valid_days"]]
    other = tables.load("air/readings", data=data).rename(
        columns={"value": "other", "valid_days": "other_days"}
    )
    out = other.merge(used, on=key, validate="many_to_one")
    out = out[out["scope"] == scope].assign(difference=lambda x: x["other"] - x["value"])
    columns = ["indicator", "year", "reading", "value", "other", "difference"]
    return out[[*columns, "valid_days", "other_days"]].reset_index(drop=True)
