"""Hourly archives and days of the national real-time publication to the tables of ``data/air``.

National days are a station's 24-hour means as published (``o3_8h`` the day's maximum). They fill,
pollutant by pollutant, station-days that are not valid; a district day with any of them is the mean
of its valid station-days. ``national`` marks such a day, ``national_pm25`` ... its values.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import pandas as pd

from ..words import error, joined, word
from .archive import read_wide
from .days import DAY_COLUMNS, daily, with_validity
from .layouts import DAY_VALUES, POLLUTANTS, canonical, unreadable
from .periods import INDICATORS, annual, monthly

VALUES = list(DAY_VALUES)
MARKS = [f"national_{column}" for column in VALUES]


def run_hourly(files, stations, name, out, *, progress=None, warn=None):
    """Compute the tables of one district from its hourly files, and write them into a folder.

    `files` are as for `read_archive`, with national days (``national_daily.csv``) among them;
    `name` is the district's, by default its stations. Called are ``progress(done, total, text)``
    and, with a line for each kind of defect, ``warn(text)``. Returns the paths of the tables.
    """
    wide = read_wide(files, stations=stations, progress=progress)
    if not wide.hours.num_rows:
        tell(wide.defects, warn)
        raise error("error.no_hour")
    tables = compute(wide, name)
    tell(tables["defects"], warn)
    first = ["date", "scope", *VALUES, "aqi", "primary"]
    others = tables["daily"].columns.difference(first, sort=False)
    tables["daily"] = tables["daily"][[*first, *others]]
    return write(tables, out)


def compute(wide, name=None) -> dict[str, pd.DataFrame]:
    """Compute the tables of one district from what `read_wide` returned."""
    days, stationwise = daily(wide.hours, name=name), daily(wide.hours, by="station")
    defects = wide.defects
    if wide.national:
        rows = national_days(pd.concat(wide.national), stationwise["station"].unique())
        if len(rows):
            days, stationwise, alone = merge_national(days, stationwise, rows)
            what = {"rule": "national_one_station", "action": "kept", "count": 1, "value": ""}
            alone = alone.assign(date=alone["date"].dt.strftime("%Y-%m-%d"), **what)
            alone = alone.reindex(columns=defects.columns)
            defects = pd.concat([defects, alone], ignore_index=True).astype({"hour": "Int64"})
    years, months = annual(days), monthly(days)
    for table in (years, months):
        table["source_id"] = source_ids(table, wide.uci_months, wide.networks)
    tables = {"annual": years, "monthly": months, "daily": days, "station_daily": stationwise}
    tables = {n: t.drop(columns=MARKS, errors="ignore") for n, t in tables.items()}
    return tables | {"defects": defects}


def national_days(national: pd.DataFrame, stations=None) -> pd.DataFrame:
    """Return the rows that may fill: date, station, pollutants, file; a station-day once."""
    frame = national.assign(station=national["station"].map(canonical))
    try:
        frame["date"] = pd.to_datetime(frame["date"].astype(str)).astype("datetime64[s]")
    except ValueError as problem:
        raise unreadable(problem) from None
    if "use" in frame:
        frame = frame[frame["use"] == "fill"]
    if stations is not None:
        frame = frame[frame["station"].isin(stations)]
    frame = frame.dropna(subset=VALUES, how="all").drop_duplicates(["date", "station"])
    return frame.reindex(columns=["date", "station", *VALUES, "file"])


def merge_national(days: pd.DataFrame, stationwise: pd.DataFrame, national: pd.DataFrame):
    """Fill days and station-days with national ones; tell which rest on one station alone."""
    keys = ["date", "station"]
    both = pd.concat([stationwise[keys], national[keys]])
    stations = sorted(both["station"].unique())
    dates = pd.date_range(both["date"].min(), both["date"].max(), unit="s")
    grid = pd.MultiIndex.from_product([dates, stations], names=keys)
    own = stationwise.set_index(keys).reindex(grid)
    national = national.set_index(keys).reindex(grid)
    other = national[VALUES].astype("float64")
    fills = own[VALUES].isna() & other.notna()
    whole = _filled(own, other, fills)
    by_date = whole.groupby(level="date")
    area_fills = fills.groupby(level="date").any()
    area = days.set_index("date").reindex(dates).rename_axis("date")
    area = _filled(area, by_date[[*VALUES, "pm10_reported"]].mean(), area_fills)
    area = with_validity(area.reset_index().assign(scope=days["scope"].iloc[0]))
    # where a filled value is the only one of its date
    alone = fills & (by_date[VALUES].transform("count") == 1) & (len(stations) > 1)
    alone = alone.rename_axis(columns="pollutant").stack()
    alone = alone[alone].reset_index("pollutant").join(national["file"]).reset_index()
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


def source_ids(rows: pd.DataFrame, uci_months: set[tuple], networks: set[str]) -> list[str]:
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


def tell(defects: pd.DataFrame, warn) -> None:
    """Say in a line for each kind of defect how many there are, and name files that a header costs."""
    if warn:
        for (rule, action), part in defects.groupby(["rule", "action"]):
            text = word(f"defect.{rule}")
            if rule == "station_twice_differs":
                names = part["file"].unique()
                text += f" ({joined(names[:5])}{'…' if len(names) > 5 else ''})"
            warn(word(f"cli.{action}", rule=text, n=part["count"].sum()))


@contextlib.contextmanager
def new_folder(out):
    """Give a folder to write into; all that is in it at the end moves to `out`, or nothing."""
    out = Path(out)
    is_made = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as new:
            yield Path(new)
            for path in list(Path(new).iterdir()):
                if path.is_dir() and (out / path.name).exists():
                    os.replace(out / path.name, Path(new, f"{path.name}-old"))
                os.replace(path, out / path.name)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise error("error.cannot_write", path=out, reason=reason) from problem
    finally:
        if is_made:
            with contextlib.suppress(OSError):  # not empty: what was written is there
                out.rmdir()


def write(tables: dict[str, pd.DataFrame], out) -> dict[str, Path]:
    """Write frames as csv with four decimals at most, all of them or none."""
    with new_folder(out) as folder:
        for name, frame in tables.items():
            frame = frame.assign(**frame.select_dtypes("floating").round(9).round(4))
            for column in frame.select_dtypes("bool"):
                frame[column] = frame[column].map({True: "true", False: "false"})
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
                frame.to_csv(file, index=False, lineterminator="\n")
                file.flush()
                os.fsync(file.fileno())
    return {name: Path(out, f"{name}.csv") for name in tables}
