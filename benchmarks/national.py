"""Synthetic national hourly records whose every result is known beforehand.

    python benchmarks/national.py DIR --stations 2000 --first 2014 --years 12

writes a store of hours (see xc_analysis/records/parquet_store.py) of invented stations 1001A, 1002A, ... A
day's level is drawn, whole numbers, for each station and pollutant; its 24 hours are that level
plus a pattern that adds up to nothing. So a day's mean is the level drawn, the day's largest ozone
mean of 8 hours is the level plus a constant, and `answers` gets years and months from the levels
alone, by numpy, without hours and without the project's expressions. Some days have 15 hours only
(no day), some are dead, and on some all PM10 is withheld (PM2.5 stands in).

One row is one hour of one station: six values.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
#: lowest and highest level of a day, µg/m³; CO in tenths of mg/m³
LEVELS = {
    "pm25": (13, 160), "pm10": (20, 260), "so2": (13, 40), "no2": (13, 90), "co": (13, 30),
    "o3": (25, 200),
}  # fmt: skip
# -12 .. 12 in steps, without 0: adds up to nothing
SWING = np.array([*range(-12, 0), *range(1, 13)])
# ozone: low but for eight hours in a row (labels 12 to 19), where it is the level plus 20
OZONE = np.full(24, -10)
OZONE[11:19] = 20
PEAK = 20


def code(number: int) -> str:
    return f"{1001 + number}A"


def levels(year: int, stations: int, seed: int) -> dict[str, np.ndarray]:
    """Levels of each day and station, and which days have few hours, none, or no PM10."""
    rng = np.random.default_rng([seed, year])
    n = 366 if year % 4 == 0 else 365
    out = {p: rng.integers(low, high, (n, stations)) for p, (low, high) in LEVELS.items()}
    draw = rng.random((n, stations), dtype=np.float32)
    out["few"], out["dead"] = draw < 0.02, (draw >= 0.02) & (draw < 0.03)
    out["withheld"] = (draw >= 0.03) & (draw < 0.1)
    return out


def parts(year: int, stations: int, seed: int, days: int = 15):
    """Hours of a year as pyarrow tables, some days each."""
    import pyarrow as pa

    known = levels(year, stations, seed)
    n = len(known["pm25"])
    names = pa.array([code(i) for i in range(stations)])
    start = np.datetime64(f"{year}-01-01T00", "h")
    for first in range(0, n, days):
        at = slice(first, min(first + days, n))
        shape = (at.stop - at.start, 24, stations)
        hour = start + (np.arange(at.start * 24, at.stop * 24) + 1)
        there = ~known["dead"][at, None, :] & (
            ~known["few"][at, None, :] | (np.arange(24) < 15)[None, :, None]
        )
        keep = np.flatnonzero(there.ravel())
        columns = {
            "time": pa.array(np.repeat(hour.astype("datetime64[us]"), stations)[keep]),
            "station": pa.DictionaryArray.from_arrays(
                pa.array((keep % stations).astype(np.int32)), names
            ),
        }
        for p in POLLUTANTS:
            pattern = OZONE if p == "o3" else SWING
            value = (known[p][at, None, :] + pattern[None, :, None]).astype(float)
            value = np.ascontiguousarray(np.broadcast_to(value, shape)).ravel()[keep]
            value = value / 10 if p == "co" else value
            mask = None
            if p == "pm10":
                withheld = np.broadcast_to(known["withheld"][at, None, :], shape)
                mask = withheld.ravel()[keep]
            columns[p] = pa.array(value, mask=mask)
        yield pa.table(columns)


def write(out, *, stations: int, first: int, years: int, seed: int = 1) -> int:
    """A store; how many rows it has."""
    from xc_analysis.records.parquet_store import Writer

    with Writer(out) as store:
        for year in range(first, first + years):
            for part in parts(year, stations, seed):
                store.add(part)
        store.close(pd.DataFrame())
        return store.rows


def days(year: int, stations: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Valid daily values of each day and station, NaN where there are none, by the levels alone."""
    known = levels(year, stations, seed)
    gone = known["few"] | known["dead"]
    out = {p: np.where(gone, np.nan, known[p].astype(float)) for p in POLLUTANTS}
    out["co"] /= 10
    out["pm10"] = np.where(known["withheld"], out["pm25"], out["pm10"])
    out["pm10_reported"] = np.where(known["withheld"] | gone, np.nan, known["pm10"])
    # 15 hours, labels 1 to 15: five windows of 8 that far are full, two more have six hours or
    # more; the day counts only where the largest mean is past 160 (six of the hours at the peak).
    hours = np.where(np.arange(24) < 15, OZONE, np.nan)
    largest = max(
        np.nanmean(hours[k : k + 8]) for k in range(17) if np.isfinite(hours[k : k + 8]).sum() >= 6
    )
    few = known["o3"] + largest
    out["o3_8h"] = np.where(known["few"], np.where(few > 160, few, np.nan), known["o3"] + PEAK)
    out["o3_8h"] = np.where(known["dead"], np.nan, out["o3_8h"])
    out["aqi"] = _aqi(out)
    return out


def _aqi(day: dict[str, np.ndarray]) -> np.ndarray:
    ends = {
        "pm25": (0, 35, 75, 115, 150, 250, 350, 500),
        "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
        "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
        "no2": (0, 40, 80, 180, 280, 565, 750, 940),
        "co": (0, 2, 4, 14, 24, 36, 48, 60),
        "o3_8h": (0, 100, 160, 215, 265, 800),
    }
    index = (0, 50, 100, 150, 200, 300, 400, 500)
    parts = []
    for p, xs in ends.items():
        c = np.round(day[p], 1 if p == "co" else 0)
        parts.append(np.ceil(np.round(np.interp(c, xs, index[: len(xs)]), 6)))
        parts[-1][np.isnan(c)] = np.nan
    largest = np.fmax.reduce(parts)
    there = ~np.isnan(day["pm25"]) & ~np.isnan(day["o3_8h"])
    return np.where(there | (largest > 100), largest, np.nan)


def answers(*, stations: int, first: int, years: int, seed: int = 1) -> pd.DataFrame:
    """Annual values that must come out: scope, year, indicator, value, valid_days."""
    columns = {
        "pm25": "pm25", "pm10": "pm10", "no2": "no2", "so2": "so2", "o3_8h_p90": "o3_8h",
        "o3_8h_mean": "o3_8h", "co_p95": "co", "good_days": "aqi", "heavy_days": "aqi",
        "good_day_ratio": "aqi", "heavy_day_ratio": "aqi", "severe_days": "aqi",
    }  # fmt: skip
    out = []
    for year in range(first, first + years):
        known = days(year, stations, seed)
        for indicator, column in columns.items():
            x = known[column]
            n = np.isfinite(x).sum(axis=0)
            with np.errstate(invalid="ignore"):
                good, heavy = (x <= 100).sum(axis=0), (x > 200).sum(axis=0)
                value = {
                    "o3_8h_p90": lambda x=x: np.nanquantile(x, 0.9, axis=0),
                    "co_p95": lambda x=x: np.nanquantile(x, 0.95, axis=0),
                    "good_days": lambda g=good: g,
                    "heavy_days": lambda h=heavy: h,
                    "severe_days": lambda x=x: (x > 300).sum(axis=0),
                    "good_day_ratio": lambda g=good, n=n: 100 * g / n,
                    "heavy_day_ratio": lambda h=heavy, n=n: 100 * h / n,
                }.get(indicator, lambda x=x: np.nanmean(x, axis=0))()
            scope = [code(i) for i in range(stations)]
            out.append(
                pd.DataFrame(
                    {
                        "scope": scope,
                        "indicator": indicator,
                        "year": year,
                        "value": value,
                        "valid_days": n,
                    }  # fmt: skip
                )
            )
    return pd.concat(out, ignore_index=True)


def write_csv(out, *, stations: int, year: int, seed: int = 1, until: int = 366) -> list[Path]:
    """The same records as the national archive has them: a file a day, a column a station."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    types = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
    names = [code(i) for i in range(stations)]
    files = []
    frames = (p.to_pandas() for p in parts(year, stations, seed))
    hours = pd.concat(frames).set_index(["time", "station"])[list(POLLUTANTS)]
    grid = hours.unstack("station").sort_index()
    for day, rows in grid.groupby(grid.index.normalize()):
        if (day - pd.Timestamp(year, 1, 1)).days >= until:
            break
        lines = ["date,hour,type," + ",".join(names)]
        for time, row in rows.iterrows():
            # a row of an index too, as the archive has them
            lines.append(f"{time:%Y%m%d},{time.hour},AQI," + ",".join("50" for _ in names))
            for p, printed in zip(POLLUTANTS, types, strict=True):
                cells = ["" if np.isnan(v) else f"{v:g}" for v in row[p].reindex(names)]
                lines.append(f"{time:%Y%m%d},{time.hour},{printed}," + ",".join(cells))
        path = out / f"china_sites_{day:%Y%m%d}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        files.append(path)
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--stations", type=int, default=2000)
    parser.add_argument("--first", type=int, default=2014)
    parser.add_argument("--years", type=int, default=1)
    args = parser.parse_args()
    rows = write(args.out, stations=args.stations, first=args.first, years=args.years)
    print(f"{rows:,} rows, six values each")


if __name__ == "__main__":
    main()
