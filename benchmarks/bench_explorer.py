"""The explorer in Chromium: how soon its page is ready, and how soon a change shows.

Ready: from asking for the address to the first figure on the screen. A change: from the event of
a control to the frame with the new figure, by the browser's clock.
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
FIRST, CHANGE = 4.0, 0.5  # seconds, on a quiet machine
# each change leads to a setting not seen before
CHANGES = {
    "target": [("fit_from", 16), ("fit_to", 19), ("method", 2), ("without", 4), ("indicator", 1)],
    "compare": [("b_fit_from", 17), ("b_method", 1), ("method", 3)],
    "series": [("areas", 1), ("indicator", 2), ("start", 5), ("freq", 1)],
    "months": [("indicator", 1), ("start", 14), ("basis", 1)],
    "table": [("known", 6), ("known", 11)],
}
# sets a list to its n-th entry and tells the milliseconds until the answer is drawn
MOVE = """([name, at]) => new Promise((done) => {
  const list = document.querySelector(`.xc-${name} select`), began = performance.now();
  const count = () => document.querySelector(".xc-address [data-count]").dataset.count;
  const before = count();
  list.selectedIndex = at < 0 ? list.options.length + at : at;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  const watch = new MutationObserver(async () => {
    if (count() === before) return;
    watch.disconnect();
    const images = [...document.querySelectorAll(".xc-area img")];
    await Promise.all(images.map((image) => image.decode().catch(() => {})));
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(document.body, { childList: true, subtree: true });
})"""


def start() -> tuple[subprocess.Popen, str]:
    """Start the explorer; return its process and its address with the token."""
    command = [sys.executable, "-m", "xc_analysis", "explore", "--no-browser"]
    server = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in server.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line):
            return server, found[0]
    raise SystemExit("xc explore ended without an address")


def first_pages(browser, address: str, times: int = 3) -> list[float]:
    """Seconds from asking for the page to its first figure."""
    out = []
    for _ in range(times):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(".xc-area img", timeout=60_000)
        out.append(time.perf_counter() - began)
        page.close()
    return out


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
            page.goto(address)
            page.wait_for_selector(".xc-area img", timeout=60_000)
            took = {}
            for at, (view, moves) in enumerate(CHANGES.items()):
                page.wait_for_timeout(1000)
                index = [0, 1, 3, 4, 5][at]
                page.locator(".xc-view button").nth(index).click()
                page.wait_for_timeout(3000)
                took[view] = [page.evaluate(MOVE, list(move)) / 1000 for move in moves]
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    lines = [
        "# The explorer",
        "",
        f"Chromium on {os.cpu_count()} cores, Python {platform.python_version()}; load average "
        f"{load:.1f} when it began. Written by `benchmarks/bench_explorer.py`.",
        "",
        f"First page: {', '.join(f'{s:.1f}' for s in pages)} s (goal: {FIRST:g} s on a quiet"
        " machine).",
        "",
        f"A change, seconds until the new figure stands (goal: {CHANGE:g} on a quiet machine):",
        "",
        "| view | changes | median | slowest |",
        "|---|---|---|---|",
        *(
            f"| {view} | {len(t)} | {statistics.median(t):.2f} | {max(t):.2f} |"
            for view, t in took.items()
        ),
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
