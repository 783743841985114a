"""Synthetic national hourly records whose every result is known beforehand.

    python benchmarks/national.py DIR --stations 2000 --first 2014 --years 12

writes a store of hours of invented stations 2001A, 2002A, ... A day's level is drawn, whole numbers,
for each station and pollutant; its 24 hours are that level plus a pattern that adds up to nothing.
So a day's mean is the level drawn, the day's largest ozone mean of 8 hours is the level plus a
constant, and `answers` gets the years from the levels alone, by numpy, without hours and without
the package's rules. Some days have 15 hours only (no day), some are dead, and on some all PM10 is
withheld (PM2.5 stands in). One row is one hour of one station: six values.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
#: lowest and highest level of a day, µg/m³; CO in tenths of mg/m³
LEVELS = {
    "pm25": (13, 160),
    "pm10": (20, 260),
    "so2": (13, 40),
    "no2": (13, 90),
    "co": (13, 30),
    "o3": (25, 200),
}
INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
ENDS = {
    "pm25": (0, 35, 75, 115, 150, 250, 350, 500),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3_8h": (0, 100, 160, 215, 265, 800),
}
# -12 .. 12 in steps, without 0: adds up to nothing
SWING = np.array([*range(-12, 0), *range(1, 13)])
# ozone: low but for eight hours in a row (labels 12 to 19), where it is the level plus 20
OZONE = np.full(24, -10)
OZONE[11:19] = PEAK = 20


def code(number: int) -> str:
    """Return the code of an invented station."""
    return f"{2001 + number}A"


def levels(year: int, stations: int, seed: int) -> dict[str, np.ndarray]:
    """Draw the levels of each day and station, and which days have few hours, none, or no PM10."""
    rng = np.random.default_rng([seed, year])
    n = 366 if year % 4 == 0 else 365
    out = {p: rng.integers(low, high, (n, stations)) for p, (low, high) in LEVELS.items()}
    draw = rng.random((n, stations), dtype=np.float32)
    out["few"], out["dead"] = draw < 0.02, (draw >= 0.02) & (draw < 0.03)
    out["withheld"] = (draw >= 0.03) & (draw < 0.1)
    return out


def parts(year: int, stations: int, seed: int, days: int = 15):
    """Yield the hours of a year as pyarrow tables, some days each."""
    import pyarrow as pa

    known = levels(year, stations, seed)
    n = len(known["pm25"])
    names = pa.array([code(i) for i in range(stations)])
    start = np.datetime64(f"{year}-01-01T00", "h")
    for first in range(0, n, days):
        at = slice(first, min(first + days, n))
        shape = (at.stop - at.start, 24, stations)
        hour = start + (np.arange(at.start * 24, at.stop * 24) + 1)
        early = (np.arange(24) < 15)[None, :, None]
        there = ~known["dead"][at, None, :] & (~known["few"][at, None, :] | early)
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
            mask = None
            if p == "pm10":
                mask = np.broadcast_to(known["withheld"][at, None, :], shape).ravel()[keep]
            columns[p] = pa.array(value / 10 if p == "co" else value, mask=mask)
        yield pa.table(columns)


def write(out, *, stations: int, first: int, years: int, seed: int = 1) -> int:
    """Write a store; return how many rows it has."""
    from xc_analysis.hourly.archive import Archive
    from xc_analysis.hourly.stations import write_parts

    hours = (part for year in range(first, first + years) for part in parts(year, stations, seed))
    return write_parts((Archive(part, pd.DataFrame()) for part in hours), out)


def days(year: int, stations: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Return the daily values of each day and station by the levels alone; NaN where none."""
    known = levels(year, stations, seed)
    gone = known["few"] | known["dead"]
    out = {p: np.where(gone, np.nan, known[p].astype(float)) for p in POLLUTANTS}
    out["co"] /= 10
    out["pm10"] = np.where(known["withheld"], out["pm25"], out["pm10"])
    # 15 hours, labels 1 to 15: seven windows have six hours or more; the day counts only where
    # the largest mean exceeds 160, decided on the rounded value
    hours = np.where(np.arange(24) < 15, OZONE, np.nan)
    windows = [hours[k : k + 8] for k in range(17)]
    largest = max(np.nanmean(w) for w in windows if np.isfinite(w).sum() >= 6)
    few = known["o3"] + largest
    short = np.where(np.round(few) > 160, few, np.nan)
    out["o3_8h"] = np.where(known["few"], short, known["o3"] + PEAK)
    out["o3_8h"] = np.where(known["dead"], np.nan, out["o3_8h"])
    scores = []
    for p, ends in ENDS.items():
        c = np.round(out[p], 1 if p == "co" else 0)
        score = np.ceil(np.round(np.interp(c, ends, INDEX[: len(ends)]), 6))
        scores.append(np.where(np.isnan(c), np.nan, score))
    top = np.fmax.reduce(scores)
    whole = ~np.isnan(out["pm25"]) & ~np.isnan(out["o3_8h"])
    out["aqi"] = np.where(whole, top, np.nan)
    out["heavy"] = (top > 200) & (whole | (top > 100))
    return out


def answers(*, stations: int, first: int, years: int, seed: int = 1) -> pd.DataFrame:
    """Return the annual values that must come out: scope, year, indicator, value, valid_days."""
    scope = [code(i) for i in range(stations)]
    out = []
    for year in range(first, first + years):
        known = days(year, stations, seed)
        aqi = known["aqi"]
        n = np.isfinite(aqi).sum(axis=0)
        table = {p: np.nanmean(known[p], axis=0) for p in ("pm25", "pm10", "no2", "so2")}
        table["o3_8h_mean"] = np.nanmean(known["o3_8h"], axis=0)
        table["o3_8h_p90"] = np.nanquantile(known["o3_8h"], 0.9, axis=0)
        table["co_p95"] = np.nanquantile(known["co"], 0.95, axis=0)
        table["good_days"] = (aqi <= 100).sum(axis=0)
        table["good_day_ratio"] = 100 * table["good_days"] / n
        table["heavy_day_ratio"] = 100 * (aqi > 200).sum(axis=0) / n
        table["heavy_days"] = known["heavy"].sum(axis=0)
        table["severe_days"] = (aqi > 300).sum(axis=0)
        for indicator, value in table.items():
            column = {"o3_8h_p90": "o3_8h", "o3_8h_mean": "o3_8h", "co_p95": "co"}
            column = column.get(indicator, "aqi" if "day" in indicator else indicator)
            valid = np.isfinite(known[column]).sum(axis=0)
            rows = {"scope": scope, "indicator": indicator, "year": year, "value": value}
            out.append(pd.DataFrame({**rows, "valid_days": valid}))
    return pd.concat(out, ignore_index=True)


def write_csv(out, *, stations: int, year: int, seed: int = 1, until: int = 366) -> list[Path]:
    """Write the records as the national archive has them: a file a day, a column a station."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    types = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
    names = [code(i) for i in range(stations)]
    frames = (p.to_pandas() for p in parts(year, stations, seed))
    hours = pd.concat(frames).set_index(["time", "station"])[list(POLLUTANTS)]
    grid = hours.unstack("station").sort_index()
    files = []
    for day, rows in grid.groupby(grid.index.normalize()):
        if (day - pd.Timestamp(year, 1, 1)).days >= until:
            break
        lines = ["date,hour,type," + ",".join(names)]
        for time, row in rows.iterrows():
            lines.append(f"{time:%Y%m%d},{time.hour},AQI," + ",".join("50" for _ in names))
            for p, printed in zip(POLLUTANTS, types, strict=True):
                cells = ["" if np.isnan(v) else f"{v:g}" for v in row[p].reindex(names)]
                lines.append(f"{time:%Y%m%d},{time.hour},{printed}," + ",".join(cells))
        path = out / f"china_sites_{day:%Y%m%d}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        files.append(path)
    return files


def main() -> None:
    """Write a store from the command line."""
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
