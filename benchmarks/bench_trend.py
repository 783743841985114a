"""Mann-Kendall with Sen slope: speed and exactness against pymannkendall, and power.

    python benchmarks/bench_trend.py

Writes benchmarks/results/trend.md. The peer is measured when installed (extra "bench").
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import time
from importlib import metadata
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from xc_analysis.trends import mann_kendall

ROOT = Path(__file__).parents[1]
GOALS = {6: 0.04, 120: 1.0}


def best_of(run, times=3):
    """Least CPU seconds of a few runs."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return min(spent)


def sample(n, size, decimals):
    rng = np.random.default_rng(n)
    return (rng.normal(50, 8, (size, n)) - 0.5 * np.arange(n)).round(decimals)


def speed(n, size, peer_size):
    """Row of the speed table: ours for `size` series, the peer's scaled up from fewer."""
    y = sample(n, size, 0)
    ours = best_of(lambda: mann_kendall(y))
    theirs = "not installed"
    if find_spec("pymannkendall") and peer_size:
        import pymannkendall

        spent = best_of(lambda: [pymannkendall.original_test(row) for row in y[:peer_size]], 1)
        theirs = f"{spent * size / peer_size:.1f}"
    return [n, f"{size:,}", f"{ours:.3f}", GOALS.get(n, ""), theirs]


def largest_difference(n, size=200):
    """Largest |difference| in S, variance, tau, slope from pymannkendall, ties included."""
    import pymannkendall

    y = sample(n, size, 0)
    ours = mann_kendall(y)
    peer = [pymannkendall.original_test(row) for row in y]
    pairs = (("s", "s"), ("variance", "var_s"), ("tau", "Tau"), ("slope", "slope"))
    return [
        f"{np.abs(getattr(ours, a) - np.array([getattr(r, b) for r in peer])).max():.1e}"
        for a, b in pairs
    ]


def enumerated_difference(n, size=20):
    """Largest difference of the exact p from that over every order of the values."""
    y = sample(n, size, -1) if n > 4 else sample(n, size, 0)
    places = np.array(list(permutations(range(n))))
    i, j = np.triu_indices(n, 1)
    worst = 0.0
    for row in y:
        orders = row[places]
        every = np.sign(orders[:, j] - orders[:, i]).sum(axis=1)
        seen = np.sign(row[j] - row[i]).sum()
        expected = np.mean(np.abs(every) >= abs(seen))
        worst = max(worst, abs(float(mann_kendall(row).p) - expected))
    return f"{worst:.1e}"


def power(n, fall=0.03, noise=0.08, size=200_000):
    """Chance of p <= 0.05 for a steady fall under lognormal noise."""
    rng = np.random.default_rng(n)
    y = np.exp(np.log(1 - fall) * np.arange(n) + noise * rng.standard_normal((size, n)))
    return float((mann_kendall(y).p <= 0.05).mean())


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(str(c) for c in row) + " |" for row in rows), ""]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--peer-size", type=int, default=300, help="series the peer is timed on")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    args = parser.parse_args(argv)

    mann_kendall(sample(6, 10, 1))
    mann_kendall(sample(120, 10, 1))
    rows = [speed(n, args.size, args.peer_size) for n in (6, 10, 30, 120)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = [
        "# Mann-Kendall with Sen slope, measured",
        "",
        f"CPU seconds for {args.size:,} series of whole numbers, with ties as published values have "
        "them; p exact to n = 10. The peer's are scaled up from "
        f"{args.peer_size} series. Largest memory of the whole run {memory:.0f} MB.",
        "",
        *table(["n", "series", "ours, s", "goal, s", "pymannkendall, s"], rows),
    ]
    if find_spec("pymannkendall"):
        text += ["## Largest difference from pymannkendall, tied series, regular years", ""]
        rows = [[n, *largest_difference(n)] for n in (4, 6, 10, 30, 120)]
        text += table(["n", "S", "variance", "tau", "slope"], rows)
    text += ["## Largest difference of the exact p from enumeration, tied series", ""]
    text += table(["n", "p"], [[n, enumerated_difference(n)] for n in (3, 4, 5, 6, 7, 8)])
    text += [
        "## Power",
        "",
        "Chance of finding (p <= 0.05) a fall of 3 % a year under 8 % noise: what a result that "
        "is not significant can tell.",
        "",
    ]
    text += table(["n", "power"], [[n, f"{power(n):.2f}"] for n in range(4, 13)])
    text += ["## Versions", ""]
    versions = {"Python": platform.python_version()}
    for package in ("numpy", "scipy", "pymannkendall"):
        installed = find_spec(package) is not None
        versions[package] = metadata.version(package) if installed else "not installed"
    text += table(["package", "version"], list(versions.items()))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "trend.md").write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
    print(args.out / "trend.md")


if __name__ == "__main__":
    main()
