"""The hourly path beside its floor and beside what an analyst would write.

    python benchmarks/bench_hourly.py [ARCHIVE] [--repeat 2] [--by-hand]

ARCHIVE is a folder with the yearly zips, by default that of $XC_ARCHIVE. Each contender runs in a process of its own; time is that
of the work, libraries already imported; memory is the peak of the process. Writes
benchmarks/results/hourly.md.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATIONS, NAME = ["官园", "万寿西宫"], "西城区"
CONTENDERS = {
    "floor": "inflate, one pyarrow parse per header (no rule, no table)",
    "annual": "xc: all files to the district's annual table",
    "every": "xc: all files, every station, to each station's annual table",
    "per_file": "pandas.read_csv per file (no rule, no table)",
    "by_hand": "pandas by hand: read_csv per file to annual means (no AQI, no defects)",
}


def members(folder: Path):
    """Yield the bytes of every csv within the zips."""
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".csv"):
                    yield archive.read(info)


def floor(folder: Path) -> None:
    """Do what cannot be avoided: bytes out of the zips, and one parse of each header's lines."""
    import pyarrow as pa
    from pyarrow import csv

    layouts: dict[bytes, list[bytes]] = {}
    for data in members(folder):
        if data and data[:1] != b"<":
            header, _, body = data.partition(b"\n")
            layouts.setdefault(header, []).append(body if body.endswith(b"\n") else body + b"\n")
    read = csv.ReadOptions(block_size=4 << 20, autogenerate_column_names=True, skip_rows=1)
    parse = csv.ParseOptions(invalid_row_handler=lambda row: "skip")
    for header, bodies in layouts.items():
        text = pa.BufferReader(header + b"\n" + b"".join(bodies))
        csv.read_csv(text, read_options=read, parse_options=parse)


def annual(folder: Path) -> None:
    """Read the district's stations and compute its years."""
    from xc_analysis.hourly import annual, daily
    from xc_analysis.hourly.archive import read_wide

    annual(daily(read_wide(sorted(folder.glob("*.zip")), stations=STATIONS).hours, name=NAME))


def every(folder: Path) -> None:
    """Read every station and compute its years."""
    from xc_analysis.hourly import annual, daily
    from xc_analysis.hourly.archive import read_wide

    annual(daily(read_wide(sorted(folder.glob("*.zip"))).hours, by="station"))


def frames(folder: Path):
    """Yield a frame a file."""
    import pandas as pd

    for data in members(folder):
        try:
            yield pd.read_csv(io.BytesIO(data))
        except (pd.errors.EmptyDataError, pd.errors.ParserError):
            continue


def per_file(folder: Path) -> None:
    """Only read."""
    for _ in frames(folder):
        pass


def by_hand(folder: Path) -> None:
    """Go the path an analyst would write: long, hourly and daily means, the year."""
    import pandas as pd

    names = {"西城官园": "官园", "西城万寿西宫": "万寿西宫"}
    kept = []
    for frame in frames(folder):
        frame = frame.rename(columns=names)
        if set(STATIONS) <= set(frame.columns):
            frame = frame[["date", "hour", "type", *STATIONS]]
            kept.append(frame.melt(["date", "hour", "type"], var_name="station"))
    hours = pd.concat(kept, ignore_index=True)
    hours = hours[hours["type"].isin(["PM2.5", "PM10", "SO2", "NO2", "CO", "O3"])]
    day = pd.to_datetime(hours["date"].astype(str), format="%Y%m%d")
    hours["clock"] = day + pd.to_timedelta(hours["hour"].astype(int) - 1, unit="h")
    district = hours.groupby(["type", "clock"])["value"].mean().unstack("type")
    ozone = district["O3"].asfreq("h").rolling(8, min_periods=6).mean()
    groups = district.drop(columns="O3").groupby(district.index.normalize())
    days = groups.mean().where(groups.count() >= 20)
    days["O3"] = ozone[ozone.index.hour >= 7].groupby(lambda t: t.normalize()).max()
    by_year = days.groupby(days.index.year)
    by_year[["PM2.5", "PM10", "SO2", "NO2"]].mean()
    by_year["O3"].quantile(0.9), by_year["CO"].quantile(0.95)


def child(name: str, folder: Path) -> None:
    """Run one contender and print its seconds, CPU seconds and peak memory."""
    import pandas  # noqa: F401
    import pyarrow.csv  # noqa: F401

    sys.path.insert(0, str(ROOT))
    start, cpu = time.perf_counter(), time.process_time()
    globals()[name](folder)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mb": peak}))


def main() -> None:
    """Run the contenders and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, nargs="?", help="default: $XC_ARCHIVE")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--by-hand", action="store_true", help="the slow contenders too")
    parser.add_argument("--child")
    args = parser.parse_args()
    args.archive = args.archive or Path(os.environ.get("XC_ARCHIVE") or "no archive given")
    if not args.archive.is_dir():
        print(f"not measured, no folder of hourly archives: {args.archive}")
        return
    if args.child:
        child(args.child, args.archive)
        return
    slow = () if args.by_hand else ("per_file", "by_hand")
    results = {}
    for name in CONTENDERS:
        if name in slow:
            continue
        runs = []
        for _ in range(args.repeat):
            command = [sys.executable, __file__, str(args.archive), "--child", name]
            out = subprocess.run(command, capture_output=True, text=True, check=True)
            runs.append(json.loads(out.stdout.splitlines()[-1]))
        results[name] = min(runs, key=lambda run: run["cpu"])
        print(name, results[name], flush=True)
    write(results, args.repeat)


def write(results: dict, repeat: int) -> None:
    """Write benchmarks/results/hourly.md."""
    lines = [
        "# 逐时记录　/　The hourly path",
        "",
        f"Twelve years of Beijing's archive, all columns parsed. {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; best of {repeat} runs by CPU, each in a process of its own. "
        "The floor and the bare read_csv only read: no rule, no statistics.",
        "",
        "| | times the floor (CPU) | seconds | CPU s | peak MB |",
        "|---|---|---|---|---|",
    ]
    for name, result in results.items():
        times = result["cpu"] / results["floor"]["cpu"]
        lines.append(
            f"| {CONTENDERS[name]} | {times:.1f} | {result['seconds']:.1f} | {result['cpu']:.1f} | "
            f"{result['mb']:.0f} |"
        )
    path = ROOT / "benchmarks" / "results" / "hourly.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
