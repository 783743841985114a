"""The one table of speeds: ratios first, out of what the other benchmarks have written.

    python benchmarks/table.py

Reads benchmarks/results/*.md, measures the floors of projection and trend (numpy on the same
arrays), writes benchmarks/results/speed.md, which `make readme` carries into the READMEs. A row
whose benchmark has not been run is not there.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SERIES, POINTS = 10_000, 6


def tables(name: str) -> list[list[dict[str, str]]]:
    """The tables of a result, each a list of rows by heading; none where it was not run."""
    path = RESULTS / f"{name}.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        lines = [[c.strip() for c in line.strip()[1:-1].split("|")] for line in block.splitlines()]
        found.append([dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]])
    return found


def cell(name: str, begins: str, column: str) -> float | None:
    """One number of a result: the row that begins so, in whichever table has the column."""
    for table in tables(name):
        for row in table:
            first = next(iter(row.values())).strip("`")
            if first.startswith(begins) and column in row:
                number = re.match(r"-?[\d,.]+", row[column])
                if number:
                    return float(number[0].replace(",", ""))
    return None


def first_number(name: str) -> str:
    """The size that a result compares at: the number its first line of rows begins with."""
    path = RESULTS / f"{name}.md"
    found = re.search(
        r"^([\d,]+) rows", path.read_text(encoding="utf-8") if path.is_file() else "", re.M
    )
    return found[1] if found else ""


def cpu(work, repeat=20) -> float:
    """Seconds of CPU of one run, the fastest of some."""
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def floors() -> dict[str, float]:
    """What numpy needs for the bare arithmetic: log-linear fits; signs and slopes of all pairs."""
    rng = np.random.default_rng(0)
    values = 60 * np.exp(rng.normal(0, 0.1, (SERIES, POINTS)))
    t = np.arange(POINTS) - (POINTS - 1) / 2.0
    i, j = np.triu_indices(POINTS, 1)

    def line():
        z = np.log(values)
        slope = z @ t / (t @ t)
        level = z.mean(axis=1)
        rest = z - level[:, None] - slope[:, None] * t
        sd = np.sqrt((rest**2).sum(axis=1) / (POINTS - 2))
        at = level + slope * (t[-1] + 5)
        return [np.exp(at + q * sd) for q in (-4.0, -2.0, 0.0, 2.0, 4.0)]

    def pairs():
        d = values[:, j] - values[:, i]
        return np.sign(d).sum(axis=1), np.median(d / (t[j] - t[i]), axis=1)

    return {"projection": cpu(line) * 1e3, "trend": cpu(pairs)}


def rows() -> list[tuple]:
    """(zh, en, ours, peer's zh, peer's en, its time, floor's zh, floor's en, its time, unit)."""
    floor = floors()
    loop = cell("projection", "log-OLS, statsmodels", "CPU ms")
    prophet = cell("projection", "Prophet", "CPU ms")
    one = "nbclient, one after another"
    size = first_number("stations")
    listed = [
        ("全部笔记本构建", "build of the collection", cell("build", "xc build`, with report", "s"),
         "逐个运行笔记本", "notebooks one after another", cell("build", one, "s"), "", "", None, "s"),
        ("无变化时重建", "rebuild, nothing changed", cell("build", "xc build`, nothing", "s"),
         "逐个运行笔记本", "notebooks one after another", cell("build", one, "s"), "", "", None, "s"),
        ("逐时存档到年值表", "hourly archive to annual table",
         cell("hourly", "xc: all files to the annual", "seconds"),
         "pandas 手写", "pandas by hand", cell("hourly", "pandas by hand", "seconds"),
         "解压并解析", "inflate and parse", cell("hourly", "inflate", "seconds"), "s"),
        (f"全国各站 {size} 站时", f"every station of the country, {size} station-hours",
         cell("stations", "xc stations", "seconds"),
         "pandas 手写（无 AQI、无月值）", "pandas by hand (no AQI, no months)",
         cell("stations", "pandas by hand", "seconds"),
         "DuckDB 只读一遍", "DuckDB reads it once", cell("stations", "floor", "seconds"), "s"),
        ("推算一万条序列", "projection, 10,000 series",
         cell("projection", "blend", "10,000 series, ms"),
         "statsmodels 循环", "a loop of statsmodels", loop and loop * SERIES,
         "numpy 对数直线", "numpy, log-linear", floor["projection"], "ms"),
        ("推算一万条序列", "projection, 10,000 series",
         cell("projection", "blend", "10,000 series, ms"),
         "Prophet", "Prophet", prophet and prophet * SERIES,
         "numpy 对数直线", "numpy, log-linear", floor["projection"], "ms"),
        ("趋势一万条（n = 6，精确 p）", "trend, 10,000 series (n = 6, exact p)",
         cell("trend", "6", "ours, s"),
         "pymannkendall", "pymannkendall", cell("trend", "6", "pymannkendall, s"),
         "numpy 符号与斜率", "numpy, signs and slopes", floor["trend"], "s"),
        ("趋势一万条（n = 120）", "trend, 10,000 series (n = 120)",
         cell("trend", "120", "ours, s"),
         "pymannkendall", "pymannkendall", cell("trend", "120", "pymannkendall, s"),
         "", "", None, "s"),
        ("导入并读一张表", "import, and one table loaded", cell("import", "xc_analysis, a table", "s"),
         "", "", None, "import pandas", "import pandas", cell("import", "pandas", "s"), "s"),
    ]  # fmt: skip
    return [row for row in listed if row[2]]


def short(x: float | None, unit: str = "") -> str:
    """A time with two or three figures."""
    if x is None:
        return ""
    if unit == "ms" and x >= 1000:
        x, unit = x / 1000, "s"
    digits = 0 if x >= 100 else 1 if x >= 10 else 2 if x >= 0.1 else 4
    return f"{x:,.{digits}f} {unit}".strip()


def times(x: float) -> str:
    """A ratio with two figures."""
    return f"{float(f'{x:.2g}'):,.{0 if x >= 9.5 else 1 if x >= 0.95 else 2}f}"


def report() -> str:
    lines = [
        "# 速度　/　Speed",
        "",
        "| | 快多少倍 faster | 为下限的几倍 times the floor | ours | 对照 instead of | 下限 floor |",
        "|---|---|---|---|---|---|",
    ]
    for zh, en, ours, peer_zh, peer_en, peer, floor_zh, floor_en, floor, unit in rows():
        faster = times(peer / ours) if peer else ""
        above = times(ours / floor) if floor else ""
        other = f"{_both(peer_zh, peer_en)} {short(peer, unit)}" if peer else ""
        least = f"{_both(floor_zh, floor_en)} {short(floor, unit)}" if floor else ""
        lines.append(
            f"| {_both(zh, en)} | {faster} | {above} | {short(ours, unit)} | {other} | {least} |"
        )
    lines += [
        "",
        "每行两侧在同一次运行中测得（推算、趋势的下限另测）；读数 ±30 %。单线循环的时间由较少的序列放大。",
        "Both sides of a row come of one run (the floors of projection and trend were measured "
        "apart); read as ±30 %. Loops over series are scaled up from fewer of them.",
    ]
    return "\n".join(lines) + "\n"


def _both(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} · {en}"


def main() -> int:
    text = report()
    (RESULTS / "speed.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
