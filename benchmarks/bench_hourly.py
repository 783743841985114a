"""The hourly path beside its floor and beside what an analyst would write.

    python benchmarks/bench_hourly.py [ARCHIVE] [--repeat 3]

ARCHIVE is a folder with the yearly zips (and UCI files); default: the archive that lies beside the
project, where there is one. Each contender runs in a process of its own; time is that of the work,
libraries already imported, and of the whole process; memory is the peak of the process.
Writes benchmarks/results/hourly.md.
"""

from __future__ import annotations

import argparse
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
    "floor": "inflate, one pyarrow parse per header layout (no rule, no table)",
    "annual": "xc: all files to the annual table",
    "run": "xc hourly: all seven tables written",
    "every": "xc: all files, every station, to each station's annual table",
    "pandas": "pandas.read_csv per file (no rule, no table)",
    "pandas_annual": "pandas by hand: read_csv per file to annual means (no AQI, no defects)",
}


def members(folder: Path):
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".csv"):
                    yield archive.read(info)


def floor(folder: Path):
    """What cannot be avoided: bytes out of the zips, and one parse of each header's lines."""
    import pyarrow as pa
    from pyarrow import csv

    start = time.perf_counter()
    layouts: dict[bytes, list[bytes]] = {}
    for data in members(folder):
        if not data or data[:1] == b"<":
            continue
        header, _, body = data.partition(b"\n")
        layouts.setdefault(header, []).append(body if body.endswith(b"\n") else body + b"\n")
    rows = 0
    for header, bodies in layouts.items():
        table = csv.read_csv(
            pa.BufferReader(header + b"\n" + b"".join(bodies)),
            read_options=csv.ReadOptions(
                block_size=4 << 20, autogenerate_column_names=True, skip_rows=1
            ),  # fmt: skip
            parse_options=csv.ParseOptions(invalid_row_handler=lambda row: "skip"),
        )
        rows += table.num_rows
    return time.perf_counter() - start, rows


def per_file(folder: Path):
    import io

    import pandas as pd

    start = time.perf_counter()
    rows = 0
    for data in members(folder):
        try:
            rows += len(pd.read_csv(io.BytesIO(data)))
        except (pd.errors.EmptyDataError, pd.errors.ParserError):
            continue
    return time.perf_counter() - start, rows


def by_hand(folder: Path):
    """The path an analyst would write: a frame a file, long, hourly and daily means, the year."""
    import io

    import pandas as pd

    start = time.perf_counter()
    names = {"西城官园": "官园", "西城万寿西宫": "万寿西宫"}
    frames = []
    for data in members(folder):
        try:
            frame = pd.read_csv(io.BytesIO(data)).rename(columns=names)
        except (pd.errors.EmptyDataError, pd.errors.ParserError):
            continue
        if set(STATIONS) <= set(frame.columns):
            frame = frame[["date", "hour", "type", *STATIONS]]
            frames.append(frame.melt(["date", "hour", "type"], var_name="station"))
    hours = pd.concat(frames, ignore_index=True)
    hours = hours[hours["type"].isin(["PM2.5", "PM10", "SO2", "NO2", "CO", "O3"])]
    time_ = pd.to_datetime(hours["date"].astype(str), format="%Y%m%d")
    hours["clock"] = time_ + pd.to_timedelta(hours["hour"].astype(int) - 1, unit="h")
    district = hours.groupby(["type", "clock"])["value"].mean().unstack("type")
    ozone = district["O3"].asfreq("h").rolling(8, min_periods=6).mean()
    groups = district.drop(columns="O3").groupby(district.index.normalize())
    days = groups.mean().where(groups.count() >= 20)
    days["O3"] = ozone[ozone.index.hour >= 7].groupby(lambda t: t.normalize()).max()
    by_year = days.groupby(days.index.year)
    table = by_year[["PM2.5", "PM10", "SO2", "NO2"]].mean()
    table["O3"], table["CO"] = by_year["O3"].quantile(0.9), by_year["CO"].quantile(0.95)
    return time.perf_counter() - start, len(table)


def ours(folder: Path, what: str):
    import ibis
    import pyarrow.csv  # noqa: F401

    sys.path.insert(0, str(ROOT))
    from xc_analysis import hourly
    from xc_analysis.archive import read_wide

    ibis.duckdb.connect()
    start = time.perf_counter()
    if what == "run":
        import tempfile

        with tempfile.TemporaryDirectory() as out:
            tables = hourly.run([folder], stations=STATIONS, name=NAME, out=out)
            rows = len(tables)
    else:
        wide = read_wide([folder], stations=STATIONS if what == "annual" else None)
        by = {"name": NAME} if what == "annual" else {"by": "station"}
        rows = len(hourly.annual(hourly.daily(wide.hours, **by)))
    return time.perf_counter() - start, rows


def one(folder: Path, what: str) -> dict:
    """A contender in this process."""
    own = {"floor": floor, "pandas": per_file, "pandas_annual": by_hand}
    work = own.get(what) or (lambda f: ours(f, what))
    seconds, rows = work(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "rows": rows, "peak": peak}


def measure(folder: Path, repeat: int) -> dict[str, dict]:
    """The fastest of some runs each; in turn, so that a busy machine is busy for all."""
    runs: dict[str, list[dict]] = {what: [] for what in CONTENDERS}
    for _ in range(repeat):
        for what, kept in runs.items():
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, __file__, str(folder), "--one", what],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            kept.append(json.loads(done.stdout) | {"process": time.perf_counter() - start})
    return {what: min(kept, key=lambda run: run["seconds"]) for what, kept in runs.items()}


def report(folder: Path, results: dict[str, dict], repeat: int) -> str:
    files = sum(1 for _ in members(folder))
    size = sum(len(m) for m in members(folder)) / 1e6
    base, slow, hand = (results[w]["seconds"] for w in ("floor", "pandas", "pandas_annual"))
    lines = [
        "# The hourly path",
        "",
        f"{files} csv files, {size:.0f} MB unpacked, all columns parsed. {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; fastest of {repeat} runs, each in a process of its "
        "own. The floor and the bare pandas.read_csv only read: no rule, no statistics.",
        "",
        "| | times the floor | against read_csv per file | against pandas by hand | seconds | "
        "with imports, s | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for what, text in CONTENDERS.items():
        r = results[what]
        lines.append(
            f"| {text} | {r['seconds'] / base:.1f} | {slow / r['seconds']:.1f} | "
            f"{hand / r['seconds']:.1f} | {r['seconds']:.2f} | {r['process']:.2f} | {r['peak']:.0f} |"
        )
    lines += [
        "",
        "Ratios above 1 in the third and fourth column: so many times faster. Goals: the annual "
        "table in at most 4 times the floor, 6 times faster than one pandas.read_csv per file, "
        "under 1500 MB.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    beside = Path(os.environ.get("XC_SHARED") or ROOT.parent / "shared") / "hourly"
    parser.add_argument("archive", nargs="?", type=Path, default=beside)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not any(args.archive.glob("*.zip")):
        print(f"no zips of the archive in {args.archive}: nothing measured; give their folder")
        return 0
    if args.one:
        print(json.dumps(one(args.archive, args.one)))
        return 0
    results = measure(args.archive, args.repeat)
    text = report(args.archive, results, args.repeat)
    out = ROOT / "benchmarks" / "results" / "hourly.md"
    out.parent.mkdir(exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
