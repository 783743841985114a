"""Projection methods side by side: simulated shapes, short series, a city's real outturn.

    python benchmarks/bench_projection.py                       # the whole table
    python benchmarks/bench_projection.py --peer-size 0         # our own methods only

Writes benchmarks/results/projection.md. Peers are measured when installed (extra "bench").
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import peers
from shapes import SHAPES, simulate

sys.path.insert(0, str(Path(__file__).parents[1]))
from xc_analysis.fits.models import MODELS
from xc_analysis.projection import project_array, project_many

ROOT = Path(__file__).parents[1]
LEVELS = (0.8, 0.95)
HORIZON = 5
OURS = (
    "blend", "shrunk", "decay", "plateau", "damped", "drift",
    "loglinear", "linear", "last", "last_two", "count",
)  # fmt: skip
COLUMNS = ("MASE", "MAPE", "cov80", "cov95", "IS80", "IS95")
GOALS = {
    "MASE": (None, 1.12), "MAPE": (None, 16.7), "cov80": (0.78, 0.88), "cov95": (0.93, 0.98),
    "IS80": (None, 44), "IS95": (None, 66),
}  # fmt: skip
INDICATORS = ("pm25", "pm10", "no2", "so2", "good_days", "heavy_days")
ORIGINS = (2018, 2019, 2020)
EARLIER = ("pm10", "no2", "so2", "good_days_api")
# first year, origin, last year of outturn; the older standard's series ends in 2009
EARLIER_WINDOWS = ((2000, 2005, 2009), (2000, 2004, 2009), (2000, 2003, 2008))
# Peers that also do better on logarithms are measured both ways.
LOGGED = ("Theta, sktime", "Theta, statsmodels", "AutoARIMA, statsforecast", "Prophet")


def score(seen, outturn, median, lower, upper):
    """Scores of each series (k,): COLUMNS, interval scores in % of the first value."""
    error = np.abs(median - outturn)
    out = {
        "MASE": error.mean(axis=1) / np.abs(np.diff(seen, axis=1)).mean(axis=1),
        "MAPE": 100 * (error / outturn).mean(axis=1),
    }
    for level in LEVELS:
        low, high = lower[level], upper[level]
        name = f"{100 * level:.0f}"
        out[f"cov{name}"] = ((low <= outturn) & (outturn <= high)).mean(axis=1)
        beyond = np.maximum(low - outturn, 0) + np.maximum(outturn - high, 0)
        interval = high - low + 2 / (1 - level) * beyond
        out[f"IS{name}"] = (100 * interval / seen[:, :1]).mean(axis=1)
    return out


def run_ours(method, seen, outturn, **kw):
    n, ahead = seen.shape[1], outturn.shape[1]
    if n < MODELS[method].fewest:
        return None
    p = project_many(seen, range(n), range(n, n + ahead), method=method, levels=LEVELS, **kw)
    return score(seen, outturn, p.median, p.lower, p.upper)


def run_own_scale(method, seen, outturn, indicator):
    """As :func:`project` would: counts of heavy days on ln(y + 0.5), coarse values censored."""
    n, ahead = seen.shape[1], outturn.shape[1]
    options = {"scale": "count"} if indicator == "heavy_days" else {"scale": "log"}
    rounding = 0.0 if indicator == "heavy_days" or seen.min() >= 20 else 1.0
    y = seen[0]
    p = project_array(y, range(n), n - 1 + ahead, method=method, rounding=rounding, **options)
    ends = {q: p.interval(q) for q in LEVELS}
    lower, upper = ({q: ends[q][i][None, :] for q in LEVELS} for i in (0, 1))
    return score(seen, outturn, p.median[None, :], lower, upper)


def run_peer(peer, seen, outturn):
    """Scores and CPU ms a series; a series on which the peer fails counts as failed."""
    rows, kept, failed, start = [], [], 0, time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, y in enumerate(seen):
            try:
                rows.append(peer(y, outturn.shape[1], LEVELS))
                kept.append(i)
            except Exception:
                failed += 1
    if not rows:
        return None, 0.0, failed
    spent = 1000 * (time.process_time() - start) / len(seen)
    median = np.array([m for m, _ in rows])
    lower = {q: np.array([e[q][0] for _, e in rows]) for q in LEVELS}
    upper = {q: np.array([e[q][1] for _, e in rows]) for q in LEVELS}
    return score(seen[kept], outturn[kept], median, lower, upper), spent, failed


def over_shapes(run, seeds, size, n=6):
    """{shape: {score: mean}} over seeds."""
    out = {}
    for shape in SHAPES:
        parts = [run(*simulate(shape, size, n=n, horizon=HORIZON, seed=s)) for s in seeds]
        out[shape] = {c: float(np.mean([p[c].mean() for p in parts])) for c in COLUMNS}
    return out


def mean_of(shapes):
    return {c: float(np.mean([shapes[s][c] for s in SHAPES])) for c in COLUMNS}


def city_series(path, indicators, scope="北京市"):
    """{indicator: {year: value}} of the city, from observations.csv or the raw evidence."""
    out = {i: {} for i in indicators}
    with open(path, encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            if row["scope"] != scope or row["indicator"] not in out:
                continue
            chosen = row.get("use", "true") == "true" and row.get("period", "annual") == "annual"
            try:
                value = float(row["value"])
            except ValueError:
                continue
            if chosen:
                # the raw evidence has several rows a year, the first read in full comes first
                out[row["indicator"]].setdefault(int(row["year"]), value)
    return out


def hold_out(series, windows, run):
    """Scores by (indicator, origin), for windows of (first year, origin, last outturn)."""
    out = {}
    for indicator, values in series.items():
        for first, origin, last in windows:
            if not all(y in values for y in range(first, last + 1)):
                continue
            y = np.array([[values[year] for year in range(first, last + 1)]])
            n = origin - first + 1
            parts = run(y[:, :n], y[:, n:], indicator)
            if parts is not None:
                out[indicator, origin] = {c: float(parts[c][0]) for c in COLUMNS}
    return out


def hold_out_table(cells):
    """Rows of a hold-out by method, best IS95 first, with clustered 90 % ranges."""
    rows, keys = [], ("MASE", "cov80", "cov95", "IS80", "IS95")
    full = max(len(cell) for cell in cells.values())
    for name, cell in cells.items():
        if len(cell) < full:
            continue
        row = [name]
        for column in keys:
            mean, low, high = clustered(cell, column)
            row.append(f"{number(column, mean)} ({number(column, low)}-{number(column, high)})")
        rows.append((clustered(cell, "IS95")[0], row))
    rows.sort(key=lambda r: r[0])
    return table(["method", *keys], [r for _, r in rows])


def clustered(cells, column, seed=0, draws=4000):
    """Mean and its 90 % range when whole indicators are drawn anew, their origins together."""
    names = sorted({i for i, _ in cells})
    by = [np.mean([cells[k][column] for k in cells if k[0] == name]) for name in names]
    rng = np.random.default_rng(seed)
    means = np.array(by)[rng.integers(0, len(by), (draws, len(by)))].mean(axis=1)
    return float(np.mean(by)), *np.quantile(means, [0.05, 0.95])


def time_one(method, repeats=300):
    """CPU ms of one series with both intervals and a probability."""
    y = simulate("floor", 1, seed=0)[0][0]

    def once():
        p = project_array(y, range(6), 10, method=method)
        p.median, p.interval(0.8), p.interval(0.95), p.p_below(30.0)

    once()
    start = time.process_time()
    for _ in range(repeats):
        once()
    return 1000 * (time.process_time() - start) / repeats


def time_many(method, size=10_000):
    """CPU ms of `size` series at once, the best of five."""
    y = np.vstack([simulate(s, size // 4, seed=0)[0] for s in SHAPES])
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        project_many(y, range(6), range(6, 11), method=method)
        best = min(best, time.process_time() - start)
    return 1000 * best


def number(column, value):
    if value > 1e4:
        return "> 10,000"
    digits = {"MASE": 3, "MAPE": 1, "cov80": 3, "cov95": 3, "IS80": 1, "IS95": 1}[column]
    return f"{value:.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(str(c) for c in row) + " |" for row in rows), ""]


def against_goals(means):
    """Sentences on the goals that a method reaches or misses."""
    out = []
    for column, (low, high) in GOALS.items():
        value = means[column]
        ok = (low is None or value >= low) and value <= high
        goal = f"<= {high}" if low is None else f"{low}-{high}"
        out.append(f"{column} {number(column, value)} ({goal}): {'met' if ok else '**missed**'}")
    return "; ".join(out) + "."


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=500, help="series of each shape and seed")
    parser.add_argument("--peer-size", type=int, default=25, help="the same for the peers")
    parser.add_argument("--observations", type=Path, default=ROOT / "data" / "observations.csv")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    args = parser.parse_args(argv)
    seeds = range(args.first_seed, args.first_seed + args.seeds)

    def ours(method, **kw):
        return lambda seen, outturn, indicator=None: run_ours(method, seen, outturn, **kw)

    sim = {m: over_shapes(ours(m), seeds, args.size) for m in OURS}
    others, cost = {}, {}
    found = peers.available() if args.peer_size else {}
    found |= {f"{name}, on logs": peers.on_logs(found[name]) for name in LOGGED if name in found}
    for name, peer in found.items():
        print(name, file=sys.stderr, flush=True)
        spent, lost = [], 0

        def timed(seen, outturn, peer=peer, spent=spent):
            nonlocal lost
            result, ms, failed = run_peer(peer, seen, outturn)
            spent.append(ms)
            lost += failed
            return result

        others[name] = over_shapes(timed, seeds, args.peer_size)
        cost[name] = float(np.mean(spent)), lost

    text = [
        "# Projection methods, measured",
        "",
        f"`python benchmarks/bench_projection.py --seeds {args.seeds} --size {args.size} "
        f"--peer-size {args.peer_size}`, seeds {seeds[0]} to {seeds[-1]}.",
        "",
        "## Simulated, n = 6, five years ahead",
        "",
        f"Mean over the four shapes of `benchmarks/shapes.py`; our methods on "
        f"{args.seeds * args.size * len(SHAPES):,} series, peers on the first "
        f"{args.peer_size} of each shape and seed "
        f"({args.seeds * args.peer_size * len(SHAPES):,}). Interval scores in % of the first "
        "value, lower is better. Tuned on seeds 100 to 102; the seeds here played no part.",
        "",
    ]
    rows = []
    for name, shapes in (sim | others).items():
        m = mean_of(shapes)
        worst = max(shapes[s]["MASE"] for s in SHAPES)
        least = [min(shapes[s][c] for s in SHAPES) for c in ("cov80", "cov95")]
        ms = f"{time_one(name):.2f}" if name in sim else f"{cost[name][0]:.1f}"
        label = f"`{name}`" if name in sim else name
        rows.append(
            (
                m["IS95"],
                [
                    label,
                    *(number(c, m[c]) for c in COLUMNS),
                    f"{worst:.2f}",
                    *(f"{x:.2f}" for x in least),
                    ms,
                ],
            )  # fmt: skip
        )
    rows.sort(key=lambda r: r[0])
    head = ["method", *COLUMNS, "worst shape MASE", "least cov80", "least cov95", "CPU ms"]
    text += table(head, [r for _, r in rows])
    for name in ("blend", "shrunk"):
        text += [f"`{name}` against the goals: {against_goals(mean_of(sim[name]))}", ""]
    if lost := [f"{name} {c[1]}" for name, c in cost.items() if c[1]]:
        text += [f"Series on which a peer failed (left out of its row): {', '.join(lost)}.", ""]

    text += ["### By shape", ""]
    rows = [
        [f"`{name}`", shape, *(number(c, sim[name][shape][c]) for c in COLUMNS)]
        for name in ("blend", "shrunk", "decay", "damped")
        for shape in SHAPES
    ]
    text += table(["method", "shape", *COLUMNS], rows)

    text += [
        "## Shorter series",
        "",
        "Mean over the shapes, and the least coverage of any shape (bar: .72 and .90).",
        "",
    ]
    rows = []
    for name in ("blend", "shrunk", "decay", "damped", "last"):
        for n in (2, 3, 4, 5):
            shapes = over_shapes(ours(name), seeds, args.size, n=n)
            m = mean_of(shapes)
            least = [min(shapes[s][c] for s in SHAPES) for c in ("cov80", "cov95")]
            shown = [number(c, m[c]) for c in COLUMNS if c != "MASE"]
            rows.append([f"`{name}`", n, *shown, *(f"{x:.2f}" for x in least)])
    text += table(["method", "n", *COLUMNS[1:], "least cov80", "least cov95"], rows)

    if args.observations.exists():
        runs = {f"`{m}`": ours(m) for m in OURS}
        runs |= {
            name: (lambda seen, outturn, indicator, p=peer: run_peer(p, seen, outturn)[0])
            for name, peer in found.items()
        }
        runs |= {
            f"`{m}`, own scales": (lambda *a, m=m: run_own_scale(m, *a))
            for m in ("blend", "shrunk")
        }
        series = city_series(args.observations, INDICATORS)
        windows = [(o - 5, o, o + HORIZON) for o in ORIGINS]
        cells = {name: hold_out(series, windows, run) for name, run in runs.items()}
        some = cells["`blend`"]
        text += [
            "## A real hold-out: the city's air",
            "",
            f"{len({i for i, _ in some})} indicators of 北京市, fitted on the six years to "
            f"{', '.join(map(str, ORIGINS))}, five years ahead: {5 * len(some)} overlapping "
            "points, log scale, s0 = 0.08 for all (own scales: heavy days on ln(y + 0.5) with "
            "s0 = 0.55, whole numbers below 20 by the censored fit). In brackets the 90 % range when whole "
            "indicators are drawn anew (six clusters: a lower limit of the uncertainty). The "
            "start reached MASE 0.86, cov80 .89, cov95 .96, IS95 65; the stretch goal is 0.80 "
            "and 60. Candidates were chosen on simulated seeds 100 to 102, but these numbers "
            "were in sight meanwhile: they are no blind test. The next table is.",
            "",
        ]
        text += hold_out_table(cells)
        old = city_series(args.observations, EARLIER)
        earlier = {
            name: hold_out(old, EARLIER_WINDOWS, run)
            for name, run in runs.items()
            if "own scales" not in name
        }
        if earlier["`blend`"]:
            text += [
                "## A blind hold-out: the city's air of 2000-2009",
                "",
                f"{', '.join(EARLIER)} under the older standard, fitted on 2000-2003, 2000-2004 "
                "and 2000-2005, outturn to 2009; first looked at when every method was fixed. "
                "Four clusters.",
                "",
            ]
            text += hold_out_table(earlier)

        text += ["### By indicator of the first hold-out, `blend` and `shrunk`", ""]
        rows = []
        for indicator in INDICATORS:
            for name in ("`blend`", "`shrunk`"):
                part = [v for k, v in cells[name].items() if k[0] == indicator]
                if part:
                    means = {c: np.mean([p[c] for p in part]) for c in COLUMNS}
                    rows.append([indicator, name, *(number(c, means[c]) for c in COLUMNS)])
        text += table(["indicator", "method", *COLUMNS], rows)

    text += ["## Speed", ""]
    rows = [[f"`{m}`", f"{time_one(m):.3f}", f"{time_many(m):.1f}"] for m in OURS]
    text += table(["method", "one series, both intervals, ms", "10,000 series, ms"], rows)
    text += ["CPU time on one run; read as +-30 %. Goals 0.3 and 15 ms.", ""]

    text += ["## Versions", ""]
    text += ["sktime keeps pandas below 3, so a run with every peer has an environment apart.", ""]
    found_versions = peers.versions() | {"Python": platform.python_version()}
    text += table(["package", "version"], [[k, v] for k, v in found_versions.items()])
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "projection.md").write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
    print(args.out / "projection.md")


if __name__ == "__main__":
    main()
