"""The build against the same notebooks one after another, and against version 0.1.0's.

    python benchmarks/bench_build.py [ROUNDS]

Rounds alternate, so that a machine that slows down slows all. Processor seconds are those of the
processes that a command starts and waits for, its kernels among them. Version 0.1.0 is taken from
the history (commit f61f227) and run in the same environment on the tables of its time; where the
history or what it imports is not there, its row is left out.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OLD = "f61f227"
PLAIN = """
import nbformat, sys
from nbclient import NotebookClient
for path in sys.argv[1:]:
    NotebookClient(nbformat.read(path, 4), resources={"metadata": {"path": "notebooks"}},
                   extra_arguments=["--log-level=ERROR"]).execute()
"""


@dataclass
class Times:
    """Seconds of one way of doing it, a pair each round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, command: list[str], folder: Path, **environment: str) -> None:
        """Run a command to its end; a failure ends the benchmark."""
        before, began = _children(), time.perf_counter()
        env = {k: v for k, v in os.environ.items() if not k.startswith("XC_")}
        env |= {"PYTHONPATH": str(folder)} | environment
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=env)
        self.wall.append(time.perf_counter() - began)
        self.cpu.append(_children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def checkout(commit: str, folder: Path) -> bool:
    """Unpack a commit of the history into a folder; False where it cannot be had."""
    told = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if told.returncode:
        return False
    with tarfile.open(fileobj=BytesIO(told.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def build(folder: Path, out: Path, *options: str) -> list[str]:
    """The command as a user gives it: its own start, figures and report included."""
    return [sys.executable, "-m", "xc_analysis", "build", "--out", str(out), *options]


def main() -> None:
    """Measure and write results/build.md."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    names = ("old", "plain", "new", "again")
    times = {name: Times() for name in names}
    with tempfile.TemporaryDirectory() as temporary:
        old = Path(temporary) / "old"
        old.mkdir()
        has_old = checkout(OLD, old)
        for number in range(rounds):
            work = Path(temporary) / str(number)
            if has_old:
                try:
                    command = build(old, work / "old", "--report", "html")
                    times["old"].measure(command, old)
                except subprocess.CalledProcessError:
                    has_old = False
            plain = [sys.executable, "-c", PLAIN, *map(str, NOTEBOOKS)]
            times["plain"].measure(plain, ROOT, XC_BUILD_FIGURES=str(work / "plain"))
            times["new"].measure(build(ROOT, work / "new"), ROOT)
            times["again"].measure(build(ROOT, work / "new"), ROOT)
    text = report(times, rounds, has_old=has_old)
    target = ROOT / "benchmarks" / "results" / "build.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(text)


def report(times: dict[str, Times], rounds: int, *, has_old: bool) -> str:
    """Write the table: medians of the rounds, and what part of the old build's they are."""
    lines = {
        "plain": "nbclient, one after another · 逐个运行",
        "new": "`xc build`, with report · 并行运行并生成报告",
        "again": "`xc build`, nothing changed · 无变化时重跑",
    }
    if has_old:
        lines = {"old": "`xc build` of 0.1.0, HTML report only · 0.1.0 版"} | lines
    against = times["old" if has_old else "plain"]
    base = statistics.median(against.cpu)
    slowest = statistics.median(times["plain"].wall)
    rows = []
    for name, label in lines.items():
        wall = statistics.median(times[name].wall)
        cpu = statistics.median(times[name].cpu)
        rows.append(
            f"| {label} | {wall:.2f} | {slowest / wall:.1f} | {cpu:.1f} | {cpu / base:.0%} |"
        )
    first = "0.1.0" if has_old else "nbclient"
    return "\n".join(
        [
            "# 构建 · Build\n",
            f"{len(NOTEBOOKS)} notebooks, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}, {rounds} alternating rounds, medians.",
            f"{len(NOTEBOOKS)} 个笔记本，{os.cpu_count()} 核，交替运行 {rounds} 轮取中位数。\n",
            f"| | s | × | CPU s | of {first} |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
