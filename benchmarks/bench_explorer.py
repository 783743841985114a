"""The explorer in Chromium: how soon its page is ready, and how soon a change shows.

Ready: from asking for the address to the first figure on the screen, with the kernel's own account
of where the time went. Reaction: from a control's change event to the frame that shows the new
figure, by the browser's clock, over 20 changes of the projection and of each other view.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "explorer.md"
READY = "() => document.querySelector('.xc[data-seq]') && !document.querySelector('.xc[aria-busy]')"
TIMES = "() => performance.getEntriesByName('xc-reaction').map(e => e.duration)"
# each change leads to a setting not seen before: nothing is shown from what was kept
CHANGES = [
    *(("fit_from", str(y)) for y in (2013, 2014, 2016)),
    *(("fit_to", str(y)) for y in (2019, 2018)),
    *(("method", m) for m in ("damped", "loglinear", "last", "plateau", "drift")),
    *(("odd", o) for o in ("without", "with")),
    *(("phi", p) for p in ("0.5", "0.7")),
    *(("reading", r) for r in ("<= 30", "<= 32", "<= 40")),
    *(("basis", b) for b in ("old", "new")),
    ("partial", "observed"),
]
OTHERS = {
    "compare": [("b_fit_to", "2019"), ("b_method", "last"), ("b_odd", "without")],
    "series": [("from", "2015"), ("show", "station"), ("freq", "monthly"), ("to", "2020")],
    "scorecard": [("known", "2019"), ("known", "2020")],
    "calendar": [("from", "2016"), ("to", "2022")],
}


def start() -> tuple[subprocess.Popen, str]:
    """A running explorer and its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "xc_analysis", "explore", "--no-browser"],
        text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    for line in server.stdout:
        found = re.match(r"(http://127\.0\.0\.1:\d+)/", line)
        if found:
            return server, found[1]
    raise SystemExit("xc explore ended without an address")


def first_pages(browser, address: str, times: int = 3) -> list[tuple[float, float, str]]:
    """Seconds to the progress sign and to the figure, and the page's own account."""
    out = []
    for _ in range(times):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        began = time.perf_counter()
        page.goto(address + "/?lang=en", wait_until="commit")
        page.wait_for_selector("#loading progress", state="attached")
        sign = time.perf_counter() - began
        page.wait_for_function(READY)
        ready = time.perf_counter() - began
        out.append((sign, ready, page.inner_text(".status")))
        page.close()
    return out


def reactions(page, view: str, changes) -> list[float]:
    """Milliseconds from change to frame, by the browser."""
    page.evaluate("v => document.querySelector(`[data-view=${v}]`).click()", view)
    page.wait_for_function(f"() => document.querySelector('[data-view={view}][aria-current]')")
    page.wait_for_function(READY)
    page.evaluate("() => performance.clearMeasures()")
    for count, (name, value) in enumerate(changes, 1):
        page.evaluate(
            """([name, value]) => {
              const control = document.getElementById(`xc-${name}`);
              control.value = value;
              control.dispatchEvent(new Event("change"));
            }""",
            [name, value],
        )
        page.wait_for_function(
            f"() => performance.getEntriesByName('xc-reaction').length >= {count}"
        )
        page.wait_for_timeout(400)  # a reader looks before moving the next
    return page.evaluate(TIMES)


def main() -> None:
    """Measure and write the table."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        print("not measured: no Chromium on this machine (apt-get install chromium)")
        return
    load = os.getloadavg()[0]
    server, address = start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            pages = first_pages(browser, address)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(60_000)
            page.goto(address)
            page.wait_for_function(READY)
            page.wait_for_timeout(6000)  # the sensitivity's first pass is over
            took = {"projection": reactions(page, "projection", CHANGES)}
            took |= {view: reactions(page, view, moves) for view, moves in OTHERS.items()}
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    lines = [
        "# The explorer",
        "",
        f"Chromium on {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"load average {load:.1f} when it began. Written by `benchmarks/bench_explorer.py`.",
        "",
        "First page, seconds (goal: ready within 15):",
        "",
        "| visit | progress sign | ready | where the time goes |",
        "|---|---|---|---|",
        *(f"| {i} | {s:.2f} | {r:.2f} | {t} |" for i, (s, r, t) in enumerate(pages, 1)),
        "",
        "Reaction, milliseconds from change to new figure (goal: median within 500):",
        "",
        "| view | changes | median | slowest |",
        "|---|---|---|---|",
        *(
            f"| {view} | {len(t)} | {statistics.median(t):.0f} | {max(t):.0f} |"
            for view, t in took.items()
        ),
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
