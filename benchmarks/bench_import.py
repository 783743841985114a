"""What `import xc_analysis` costs, beside `import pandas`: wall time of fresh interpreters.

    python benchmarks/bench_import.py [rounds]

The two are measured in turn, so that what else the machine does falls on both alike; the
interpreter's own start is measured and taken off. Goal: at most 1.1 times pandas. Writes
benchmarks/results/import.md.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).resolve().parent / "results"

CASES = {
    "interpreter": "pass",
    "pandas": "import pandas",
    "xc_analysis": "import xc_analysis",
    "xc_analysis, a table loaded": "import xc_analysis as xc; xc.load('targets')",
    "xc_analysis, all tables checked": "import xc_analysis as xc; xc.check()",
}


def seconds(code):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main(rounds=9):
    for code in CASES.values():  # once, so that bytecode is there
        seconds(code)
    taken = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, code in CASES.items():
            taken[name].append(seconds(code))
    middle = {name: median(values) for name, values in taken.items()}
    start = middle.pop("interpreter")
    base = middle["pandas"] - start
    lines = [
        "# 导入　/　Import",
        "",
        f"Median of {rounds} fresh interpreters each, in turn; their own start, {start:.3f} s, is "
        "taken off.",
        "",
        "| | times import pandas | s |",
        "|---|---|---|",
    ]
    for name, value in middle.items():
        lines.append(f"| {name} | {(value - start) / base:.2f} | {value - start:.3f} |")
    text = "\n".join(lines) + "\n"
    (RESULTS / "import.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
