"""Days of the national real-time publication, where the archive lacks a file.

They are a station's 24-hour means as published (``o3_8h`` the day's maximum); hours behind them
are not known. The rule of merging, pollutant by pollutant:

- The archive's hours win: a national value fills only a station-day that is not valid, and only
  where its row is there to fill (``use`` = fill; the others serve to compare).
- A district day for which any station was filled is the mean of the valid station-days, for ozone
  of their daily maxima; one station alone is used, and counted.
- Every other district day stays the hourly mean.

Such a day is marked ``national``, which of its values are by ``national_pm25`` and so on.
"""

from __future__ import annotations

import pandas as pd

from .days import DAY_COLUMNS, with_validity
from .layouts import DAY_VALUES, POLLUTANTS, unreadable
from .names import canonical
from .periods import INDICATORS

VALUES = list(DAY_VALUES)
MARKS = [f"national_{column}" for column in VALUES]


def tidy(national: pd.DataFrame, stations=None) -> pd.DataFrame:
    """Return the rows that may fill: date, station, pollutants; a station-day once."""
    frame = national.assign(station=national["station"].map(canonical))
    try:
        frame["date"] = pd.to_datetime(frame["date"].astype(str)).astype("datetime64[s]")
    except ValueError as problem:
        raise unreadable(problem) from None
    if "use" in frame:
        frame = frame[frame["use"] == "fill"]
    if stations is not None:
        frame = frame[frame["station"].isin(stations)]
    frame = frame.dropna(subset=VALUES, how="all")
    return frame.drop_duplicates(["date", "station"])[["date", "station", *VALUES]]


def merge(days: pd.DataFrame, stationwise: pd.DataFrame, national: pd.DataFrame):
    """Fill days and station-days with national ones; tell which rest on one station alone."""
    keys = ["date", "station"]
    both = pd.concat([stationwise[keys], national[keys]])
    stations = sorted(both["station"].unique())
    dates = pd.date_range(both["date"].min(), both["date"].max(), unit="s")
    grid = pd.MultiIndex.from_product([dates, stations], names=keys)
    own = stationwise.set_index(keys).reindex(grid)
    other = national.set_index(keys)[VALUES].reindex(grid).astype("float64")
    fills = own[VALUES].isna() & other.notna()
    whole = _filled(own, other, fills)
    by_date = whole.groupby(level="date")
    area_fills = fills.groupby(level="date").any()
    area = days.set_index("date").reindex(dates).rename_axis("date")
    area = _filled(area, by_date[[*VALUES, "pm10_reported"]].mean(), area_fills)
    alone = ((by_date[VALUES].count() == 1) & area_fills & (len(stations) > 1)).stack()
    alone = alone[alone].index.to_frame(index=False, name=["date", "pollutant"])
    area = with_validity(area.reset_index().assign(scope=days["scope"].iloc[0]))
    whole = with_validity(whole.reset_index())
    # a station has rows from its first day to its last, as before
    last = whole[whole[VALUES].notna().any(axis=1)].groupby("station")["date"].max()
    first = stationwise.groupby("station")["date"].min()
    spans = whole["station"].map(first), whole["station"].map(last)
    whole = whole[whole["date"].between(*spans)].sort_values(["station", "date"], ignore_index=True)
    columns = [*DAY_COLUMNS, *MARKS]
    return area[["date", "scope", *columns]], whole[["date", "station", *columns]], alone


def _filled(own: pd.DataFrame, other: pd.DataFrame, fills: pd.DataFrame) -> pd.DataFrame:
    """Put other values in where they fill, with marks; validity and index come after."""
    out = own.drop(columns=["aqi", "primary", "known_exceedance", "national"])
    out[VALUES] = own[VALUES].where(~fills, other[VALUES])
    out[MARKS] = fills.to_numpy()
    # as published, PM10 is as reported
    reported = other.get("pm10_reported", other["pm10"])
    out["pm10_reported"] = own["pm10_reported"].where(~fills["pm10"], reported)
    windows = own["o3_windows"].astype("float64").fillna(0.0)
    out["o3_windows"] = windows.mask(fills["o3_8h"]).astype("Int64")
    out["national"] = fills.any(axis=1)
    return out


def sources(rows: pd.DataFrame, uci_months: set[tuple], networks: set[str]) -> list[str]:
    """Name the sources of months or years, joined by ``;``."""
    filled = {(pollutant, year, month) for _, pollutant, year, month in uci_months}
    filled |= {(pollutant, year, None) for pollutant, year, _ in filled}
    out = []
    for row in rows.itertuples():
        column, month = INDICATORS[row.indicator][0], getattr(row, "month", None)
        pollutants = POLLUTANTS if column == "aqi" else [column.removesuffix("_8h")]
        parts = ["uci-501"] if any((p, row.year, month) in filled for p in pollutants) else []
        parts += ["cnemc-daily"] if row.national_days else []
        # the archive begins in December 2013
        if not parts or (row.year, month or 12) >= (2013, 12):
            parts = [*sorted(networks), *parts]
        out.append(";".join(parts))
    return out
