"""Every station of a store, from Beijing's size to the country's, beside pandas and SQL by hand.

    python benchmarks/bench_stations.py [--stations 250 500 2000] [--years 1] [--repeat 2]

Records are synthetic, with known answers (`national.py`). Each contender runs in a process of its
own; time is that of the work, libraries already imported; memory is the peak of the process.
By hand is what an analyst would write: daily means, ozone's 8-hour maximum, annual values; no AQI,
no completeness, no months. Writes benchmarks/results/stations.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MEANS = ("pm25", "pm10", "so2", "no2", "co")
CONTENDERS = {
    "xc": "`run_stations`: every rule, 12 indicators, years and months",
    "pandas": "pandas by hand",
    "sql": "DuckDB by hand, SQL",
}
#: Above this many rows pandas by hand does not fit.
PANDAS_ROWS = 10_000_000


def xc(store: Path) -> float:
    """Run the package, check the answers, return the seconds."""
    import ibis  # noqa: F401
    import national
    import pyarrow.parquet  # noqa: F401

    from xc_analysis.hourly import run_stations

    start = time.perf_counter()
    got = run_stations(store)["annual"]
    seconds = time.perf_counter() - start
    n = got["scope"].nunique()
    years = sorted(got["year"].unique())
    want = national.answers(stations=n, first=int(years[0]), years=len(years))
    both = want.merge(got, on=["scope", "indicator", "year"], suffixes=("_want", ""))
    assert len(both) == len(want)
    np.testing.assert_allclose(both["value"], both["value_want"], rtol=1e-12)
    return seconds


def pandas(store: Path) -> float:
    """Do it in pandas."""
    import pandas as pd
    import pyarrow.parquet as pq

    start = time.perf_counter()
    paths = sorted(store.glob("hours/*/*.parquet"))
    hours = pd.concat([pq.read_table(p, partitioning=None).to_pandas() for p in paths])
    hours = hours.sort_values(["station", "time"], ignore_index=True)
    hours["pm10"] = hours["pm10"].fillna(hours["pm25"])
    hours["date"] = (hours["time"] - pd.Timedelta(hours=1)).dt.normalize()
    groups = hours.groupby(["station", "date"])
    days = groups[list(MEANS)].mean().where(groups[list(MEANS)].count() >= 20)
    by_day = hours.set_index("time").groupby(["station", "date"])["o3"]
    eight = by_day.rolling(8, min_periods=6).mean()
    days["o3"] = eight.groupby(level=[0, 1]).max()
    year = days.index.get_level_values("date").year
    by_year = days.groupby([days.index.get_level_values("station"), year])
    by_year[["pm25", "pm10", "so2", "no2"]].mean()
    by_year["o3"].quantile(0.9), by_year["co"].quantile(0.95)
    return time.perf_counter() - start


def sql(store: Path) -> float:
    """Do it in SQL."""
    import duckdb

    start = time.perf_counter()
    con = duckdb.connect()
    con.execute("SET memory_limit = '2GB'")
    means = ", ".join(f"CASE WHEN count({p}) >= 20 THEN avg({p}) END AS {p}" for p in MEANS)
    windows = ", ".join(
        f"CASE WHEN count(o3) FILTER (h BETWEEN {k} AND {k + 7}) >= 6 "
        f"THEN avg(o3) FILTER (h BETWEEN {k} AND {k + 7}) END"
        for k in range(17)
    )
    con.execute(
        f"""
        WITH hours AS (
            SELECT station, pm25, coalesce(pm10, pm25) AS pm10, so2, no2, co, o3,
                CAST(time - INTERVAL 1 HOUR AS DATE) AS date,
                extract(hour FROM time - INTERVAL 1 HOUR) AS h
            FROM read_parquet('{store}/hours/*/*.parquet', hive_partitioning = false)
        ), days AS (
            SELECT station, date, {means}, greatest({windows}) AS o3 FROM hours GROUP BY ALL
        )
        SELECT station, year(date), avg(pm25), avg(pm10), avg(so2), avg(no2),
            quantile_cont(o3, 0.9), quantile_cont(co, 0.95)
        FROM days GROUP BY ALL
        """
    ).fetchall()
    return time.perf_counter() - start


def child(name: str, store: Path) -> None:
    """Run one contender and print its seconds, CPU seconds and peak memory."""
    sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
    before = resource.getrusage(resource.RUSAGE_SELF)
    seconds = {"xc": xc, "pandas": pandas, "sql": sql}[name](store)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mb": after.ru_maxrss / 1024}))


def measure(name: str, store: Path, repeat: int) -> dict:
    """Return the fastest of some runs."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, __file__, "--child", name, str(store)]
        out = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(out.stdout.splitlines()[-1]))
    return min(runs, key=lambda run: run["seconds"])


def main() -> None:
    """Run all sizes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[125, 425, 2000])
    parser.add_argument("--years", type=int, nargs="+", default=[1])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--child", nargs=2)
    args = parser.parse_args()
    if args.child:
        child(args.child[0], Path(args.child[1]))
        return
    sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
    import national

    years = (args.years * len(args.stations))[: len(args.stations)]
    rows = []
    for stations, n_years in zip(args.stations, years, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder, "store")
            n = national.write(store, stations=stations, first=2015, years=n_years)
            for name in CONTENDERS:
                if name == "pandas" and n > PANDAS_ROWS:
                    continue
                result = measure(name, store, args.repeat)
                rows.append((stations, n_years, n, name, result))
                print(stations, n_years, f"{n:,}", name, result, flush=True)
    write(rows, args.repeat)


def write(rows, repeat: int) -> None:
    """Write benchmarks/results/stations.md: wins and losses alike."""
    own = {row[2]: row[4] for row in rows if row[3] == "xc"}
    lines = [
        "# 全国各站　/　Every station of the country",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; fastest of {repeat} runs, each "
        "in a process of its own. Synthetic records; every annual value of `xc` equalled its known "
        "answer to 1e-12. One row is an hour of a station, six values. Times above 1: so many times "
        "as long as `xc`.",
        "",
        "| rows | stations × years | | seconds | times xc | CPU s | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for stations, years, n, name, result in rows:
        times = result["seconds"] / own[n]["seconds"]
        lines.append(
            f"| {n:,} | {stations} × {years} | {CONTENDERS[name]} | {result['seconds']:.1f} | "
            f"{times:.2f} | {result['cpu']:.1f} | {result['mb']:.0f} |"
        )
    path = ROOT / "benchmarks" / "results" / "stations.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
