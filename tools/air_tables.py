"""Write all tables of data/air that need the hourly archive.

    python tools/air_tables.py ARCHIVE [--out data/air]

ARCHIVE is a folder with the yearly zips and the UCI files. National days come from
``national_daily.csv`` in the output folder. Written are annual, monthly, daily, station_daily and
defects of the district (as `xc hourly` does), and further: areas_annual and stations_annual (every
area and station of Beijing, archive only), readings (the record read otherwise), hour_profile and
weather_daily. stations.csv, national_daily.csv and deletions.csv are kept as they are.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily
from xc_analysis.hourly.archive import read_wide
from xc_analysis.hourly.layouts import POLLUTANTS
from xc_analysis.hourly.run import compute, write

ROOT = Path(__file__).resolve().parents[1]
NAME, CITY, STATIONS = "西城区", "北京市", ("官园", "万寿西宫")
#: The city's figure is that of its state stations (the national network's 1001A to 1012A) without
#: the background station 定陵.
STATE_STATIONS = (
    "万寿西宫,东四,天坛,农展馆,官园,万柳,顺义,顺义新城,怀柔,昌平,奥体中心,古城"
).split(",")
READINGS = {"label-start": {"hour_label": "start"}, "pm10-reported": {"pm10": "reported"}}
BY_STATION = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_days")


def areas_annual(hours: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Compute the annual values of every district with urban stations, and of the city.

    District mean hourly first, over the urban stations that report, archive only, as for the
    district itself. 北京市 is the mean of `STATE_STATIONS`.
    """
    urban = places[places["kind"] == "urban"]
    areas = {d: part["station"].tolist() for d, part in urban.groupby("district", sort=False)}
    parts = []
    for area, stations in {**areas, CITY: list(STATE_STATIONS)}.items():
        own = hours[hours["station"].isin(stations)]
        parts.append(annual(daily(own, name=area)).assign(source_id="archive-hourly"))
    return pd.concat(parts, ignore_index=True)


def stations_annual(hours: pd.DataFrame) -> pd.DataFrame:
    """Compute the annual values of every station, archive only, to two decimals."""
    out = annual(daily(hours, by="station")).rename(columns={"scope": "station"})
    out = out[out["indicator"].isin(BY_STATION) & out["value"].notna()]
    numbers = ["value", "lower", "upper"]
    out[numbers] = out[numbers].round(9).round(2)
    columns = ["station", "indicator", "year", *numbers, "valid_days", "completeness"]
    return out[[*columns, "basis", "release"]]


def readings(hours: pd.DataFrame) -> pd.DataFrame:
    """Compute the district's annual values under the other readings of the record."""
    parts = []
    for name, options in READINGS.items():
        days = daily(hours, stations=STATIONS, name=NAME, **options)
        parts.append(annual(days).assign(reading=name))
    out = pd.concat(parts, ignore_index=True)
    return out[["scope", "indicator", "year", "reading", "value", "valid_days"]]


def hour_profile(hours: pd.DataFrame) -> pd.DataFrame:
    """Compute the district's mean of each hour of the day (1 to 24), by month and year."""
    hours = hours.assign(pm10=hours["pm10"].fillna(hours["pm25"]))
    hours["clock"] = hours["time"] - pd.Timedelta(hours=1)
    mean = hours.groupby("clock")[list(POLLUTANTS)].mean()
    clock = mean.index
    mean = mean.assign(scope=NAME, year=clock.year, month=clock.month, hour=clock.hour + 1)
    groups = mean.groupby(["scope", "year", "month", "hour"])
    return groups[list(POLLUTANTS)].mean().assign(n=groups.size()).reset_index()


def weather_daily(weather: pd.DataFrame) -> pd.DataFrame:
    """Compute daily weather from UCI's hours; means need at least 20 hours.

    Columns: temp (mean, °C), temp_min, temp_max, pres (hPa), dewp (°C), rain (sum, mm), wspm (mean,
    m/s), wd (most frequent direction), hours (with a temperature).
    """
    clock = weather["time"] - pd.Timedelta(hours=1)
    frame = weather.assign(date=clock.dt.normalize())
    groups = frame.groupby(["date", "station"])
    out = pd.DataFrame(index=groups.size().index)
    ways = {
        "temp": "mean",
        "temp_min": "min",
        "temp_max": "max",
        "pres": "mean",
        "dewp": "mean",
        "rain": "sum",
        "wspm": "mean",
    }
    for column, way in ways.items():
        source = groups[column.split("_")[0]]
        out[column] = source.agg(way).where(source.count() >= 20)
    counts = frame.dropna(subset=["wd"]).groupby(["date", "station", "wd"]).size()
    counts = counts.reset_index(name="n").sort_values(["n", "wd"], ascending=[False, True])
    hours = groups["temp"].count()
    wd = counts.drop_duplicates(["date", "station"]).set_index(["date", "station"])["wd"]
    out["wd"] = wd.reindex(out.index).where(hours >= 20)
    out = out.dropna(how="all").assign(hours=hours)
    return out.reset_index().sort_values(["station", "date"], ignore_index=True)


def build(archive: Path, out: Path) -> dict[str, Path]:
    """Compute and write all tables."""
    found = [archive] if archive.is_file() else sorted(archive.rglob("*"))
    files = [p for p in found if p.name.lower().endswith((".zip", ".csv", ".csv.gz"))]
    kept = out / "national_daily.csv"
    own = read_wide([*files, kept] if kept.exists() else files, stations=STATIONS)
    hours = read_wide(files).hours.to_pandas()
    # UCI is at hand for the district alone: areas are compared on the archive only
    archive_only = read_wide([f for f in files if "PRSA" not in f.name]).hours.to_pandas()
    places = pd.read_csv(out / "stations.csv")
    district = own.hours.to_pandas()
    tables = compute(own, NAME)
    tables["areas_annual"] = areas_annual(archive_only, places)
    tables["stations_annual"] = stations_annual(hours)
    tables["readings"] = readings(district)
    tables["hour_profile"] = hour_profile(district)
    tables["weather_daily"] = weather_daily(own.weather)
    return write(tables, out)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, metavar="ARCHIVE")
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "air", metavar="DIR")
    args = parser.parse_args()
    try:
        for path in build(args.archive, args.out).values():
            print(path)
    except InputError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
