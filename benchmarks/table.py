"""Put what the other benchmarks have written into one table of speeds, wins and losses alike.

    python benchmarks/table.py

Reads benchmarks/results/*.md and writes benchmarks/results/speed.md; `make docs` carries the table
into the READMEs. A row whose benchmark has not been run is left out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).resolve().parent / "results"
HEADS = {
    "zh": ("内容", "规模", "本项目", "对照", "对照用时", "快几倍"),
    "en": ("What", "Size", "Here", "Instead", "Takes", "Times as fast"),
}
NOTES = {
    "zh": "快几倍低于 1 即更慢。每行两侧在同一台机器上同一次运行中测得，读数 ±30%；一万条序列的循环"
    "由较少的序列放大。手写的对照只算均值和百分位，不算 AQI、完整性和月值。",
    "en": "Below 1 is slower. Both sides of a row come from one run on one machine; read as ±30 %."
    " Loops over 10,000 series are scaled up from fewer. What is written by hand computes means and"
    " percentiles only: no AQI, no completeness, no months.",
}


class Row(NamedTuple):
    """One comparison; every text is (zh, en), every time in seconds, None where unknown."""

    what: tuple[str, str]
    size: tuple[str, str]
    ours: float | None
    instead: tuple[str, str]
    takes: float | None


def read(name: str) -> str:
    """Return a result's text; empty where it was not run."""
    path = RESULTS / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def lines_of(name: str) -> list[dict[str, str]]:
    """Return the rows of all tables of a result, each cell by its column's head."""
    found = []
    for block in re.findall(r"(?:^\|.*\n?)+", read(name), re.MULTILINE):
        cells = [[c.strip() for c in row.strip()[1:-1].split("|")] for row in block.splitlines()]
        # a head may be empty: the column that names the rows
        heads = [head or "name" for head in cells[0]]
        found += [dict(zip(heads, row, strict=True)) for row in cells[2:]]
    return found


def number(text: str | None) -> float | None:
    """Return the number that a cell begins with."""
    found = re.match(r"-?[\d,]*\.?\d+", text or "")
    return float(found[0].replace(",", "")) if found else None


def cell(name: str, begins: str, column: str) -> float | None:
    """Return a number by its row's first cell, or the beginning of it, and its column's head."""
    told = [(next(iter(row.values())), number(row.get(column))) for row in lines_of(name)]
    told = [(first, value) for first, value in told if value is not None]
    exact = [value for first, value in told if first == begins]
    return next(iter([*exact, *(value for first, value in told if first.startswith(begins))]), None)


def milliseconds(name: str, begins: str, column: str) -> float | None:
    """Return the same in seconds, of a column in milliseconds."""
    found = cell(name, begins, column)
    return None if found is None else found / 1e3


# ---- The rows ---------------------------------------------------------------------------------


def build_rows() -> list[Row]:
    """Return the build of all notebooks."""
    n = re.search(r"^(\d+) notebooks", read("build"), re.MULTILINE)
    size = (f"{n[1]} 册", f"{n[1]} notebooks") if n else ("", "")
    one = ("nbclient 逐个运行（不出报告）", "nbclient, one by one (no report)")
    takes = cell("build", "nbclient", "s")
    old = cell("build", "`xc build` of 0.1.0", "s")
    whole = ("全部笔记本并生成报告", "all notebooks, with the report")
    ours = cell("build", "`xc build`, with report", "s")
    rows = [
        Row(whole, size, ours, one, takes),
        Row(whole, size, ours, ("0.1.0 版", "version 0.1.0"), old),
    ]
    again = ("无变化时再运行", "again, nothing changed")
    rows.append(Row(again, size, cell("build", "`xc build`, nothing", "s"), one, takes))
    return [row for row in rows if row.takes]


def hourly_rows() -> list[Row]:
    """Return the path from the hourly archive to annual values."""
    size = ("全市12年", "the city, 12 years")
    district = ("逐小时记录到本区年值", "hourly records to the district's years")
    ours = cell("hourly", "xc: all files to the district", "seconds")
    by_hand = ("pandas 手写", "pandas by hand")
    inflate = ("仅解压、解析，不计算", "inflate and parse only")
    return [
        Row(district, size, ours, by_hand, cell("hourly", "pandas by hand", "seconds")),
        Row(district, size, ours, inflate, cell("hourly", "inflate", "seconds")),
    ]


def station_rows() -> list[Row]:
    """Return every station of a network, at the smallest and the largest size of each peer."""
    table = lines_of("stations")
    ours = {row["rows"]: number(row["seconds"]) for row in table if "run_stations" in row["name"]}
    peers = {"pandas": ("pandas 手写", "pandas by hand"), "DuckDB": ("SQL 手写", "SQL by hand")}
    rows = []
    for begins, instead in peers.items():
        runs = [row for row in table if row["name"].startswith(begins) and row["rows"] in ours]
        runs.sort(key=lambda row: number(row["rows"]))
        for run in runs[:1] + runs[1:][-1:]:
            millions = f"{number(run['rows']) / 1e6:.1f}"
            hundreds = f"{number(run['rows']) / 1e4:,.0f}"
            size = (f"{hundreds} 万站时", f"{millions} M station-hours")
            what = ("各监测站的月值、年值", "every station's months and years")
            rows.append(Row(what, size, ours[run["rows"]], instead, number(run["seconds"])))
    return rows


def projection_rows() -> list[Row]:
    """Return projections, one series and ten thousand."""
    one = milliseconds("projection", "`paths`", "one series, arrays, ms")
    many = milliseconds("projection", "`paths`", "10,000 series, ms")
    loop = re.search(r"([\d,]+) times the loop of statsmodels", read("projection"))
    each = milliseconds("projection", "log-OLS, statsmodels", "CPU ms")
    prophet = milliseconds("projection", "Prophet", "CPU ms")
    what = ("预测，含区间", "projection with intervals")
    single, bulk = ("1 条", "1 series"), ("10,000 条", "10,000 series")
    peer = ("statsmodels", "statsmodels")
    in_a_loop = ("statsmodels 循环", "a loop of statsmodels")
    return [
        Row(what, single, one, peer, each),
        Row(what, single, one, ("Prophet", "Prophet"), prophet),
        Row(what, bulk, many, in_a_loop, many * number(loop[1]) if loop and many else None),
    ]


def trend_rows() -> list[Row]:
    """Return Mann-Kendall with Sen slope, the shortest and the longest series."""
    table = [row for row in lines_of("trend") if number(row.get("ours, s")) is not None]
    rows = []
    for row in table[:1] + table[1:][-1:]:
        size = (f"10,000 条，n = {row['n']}", f"10,000 series, n = {row['n']}")
        what = ("Mann-Kendall 与 Sen 斜率", "Mann-Kendall and Sen's slope")
        takes = number(row["pymannkendall, s"])
        rows.append(Row(what, size, number(row["ours, s"]), ("pymannkendall",) * 2, takes))
    return rows


def import_rows() -> list[Row]:
    """Return what the import costs beside pandas."""
    what = ("导入并读一张表", "import, and one table read")
    ours = cell("import", "xc_analysis, a table", "s")
    return [Row(what, ("", ""), ours, ("import pandas",) * 2, cell("import", "pandas", "s"))]


def explorer_rows() -> list[Row]:
    """Return how soon the explorer's page is there and answers; it has no peer."""
    told = re.search(r"^First page: ([\d., ]+) s", read("explorer"), re.MULTILINE)
    ready = sorted(map(float, told[1].split(","))) if told else []
    changes = [number(row["median"]) for row in lines_of("explorer") if number(row.get("median"))]
    rows = []
    if ready:
        opened = ("探索页打开", "explorer: first page")
        rows.append(Row(opened, ("", ""), ready[len(ready) // 2], ("", ""), None))
    if changes:
        changed = ("探索页换图（最慢的视图）", "explorer: a change, slowest view")
        rows.append(Row(changed, ("", ""), max(changes), ("", ""), None))
    return rows


def rows() -> list[Row]:
    """Return every row that has been measured."""
    found = [
        *build_rows(),
        *hourly_rows(),
        *station_rows(),
        *projection_rows(),
        *trend_rows(),
        *import_rows(),
        *explorer_rows(),
    ]
    # a row with a peer needs the peer's time
    return [row for row in found if row.ours and (row.takes or not row.instead[1])]


# ---- As text ----------------------------------------------------------------------------------


def seconds(value: float | None) -> str:
    """Return a time with two or three figures."""
    if value is None:
        return ""
    value, unit = (value * 1e3, "ms") if value < 0.1 else (value, "s")
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def ratio(row: Row) -> str:
    """Return how many times as fast, with two figures."""
    if not row.takes:
        return ""
    value = float(f"{row.takes / row.ours:.2g}")
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def table(lang: str) -> str:
    """Return the table in one language, with what has to be known to read it."""
    at = ("zh", "en").index(lang)
    lines = [f"| {' | '.join(HEADS[lang])} |", "|---|---|---:|---|---:|---:|"]
    for row in rows():
        cells = row.what[at], row.size[at], seconds(row.ours), row.instead[at]
        lines.append(f"| {' | '.join((*cells, seconds(row.takes), ratio(row)))} |")
    return "\n".join([*lines, "", NOTES[lang]])


def report() -> str:
    """Return results/speed.md, both languages."""
    return f"# 速度　/　Speed\n\n{table('zh')}\n\n{table('en')}\n"


def main() -> int:
    """Write results/speed.md."""
    (RESULTS / "speed.md").write_text(report(), encoding="utf-8", newline="\n")
    print(report())
    return 0


if __name__ == "__main__":
    sys.exit(main())
