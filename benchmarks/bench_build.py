"""A full build against the same notebooks one after another, and a rerun with nothing changed.

Runs alternate, so that a machine that slows down slows both; the median of each is told.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REPEATS = int(sys.argv[1]) if sys.argv[1:] else 3


def one_after_another(figures: Path) -> float:
    """Plain nbclient, a fresh kernel for each notebook."""
    os.environ["XC_FIGURES"] = str(figures)
    began = time.perf_counter()
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, 4)
        NotebookClient(
            notebook,
            resources={"metadata": {"path": path.parent}},
            extra_arguments=["--log-level=ERROR"],
        ).execute()
    took = time.perf_counter() - began
    del os.environ["XC_FIGURES"]
    return took


def build(out: Path) -> float:
    """The command as a user gives it, its own start, figures and report included."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "xc_analysis", "build", "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - began


def main() -> None:
    plain, full, again = [], [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(one_after_another(Path(folder) / "plain"))
            full.append(build(Path(folder) / "out"))
            again.append(build(Path(folder) / "out"))
    a, b, c = (statistics.median(times) for times in (plain, full, again))
    cores = os.cpu_count()
    text = f"""# 构建 · Build

{len(NOTEBOOKS)} notebooks, {cores} cores, Python {platform.python_version()}, {REPEATS} alternating runs, median.
{len(NOTEBOOKS)} 个笔记本，{cores} 核，交替运行 {REPEATS} 轮取中位数。

| | s | × |
|---|---|---|
| nbclient, one after another · 逐个运行 | {a:.1f} | 1.0 |
| `xc build`, with report · 并行运行并生成报告 | {b:.1f} | {a / b:.1f} |
| `xc build`, nothing changed · 无变化时重跑 | {c:.2f} | {a / c:.0f} |
"""
    target = ROOT / "benchmarks" / "results" / "build.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
