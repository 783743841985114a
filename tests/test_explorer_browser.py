"""The explorer in a real browser: one user's walk through its page, and JupyterLab."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from xc_analysis.errors import InputError
from xc_analysis.explorer.server import free_port
from xc_analysis.explorer.state import VIEWS

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "90_explore.ipynb"
WAIT = 60_000  # ms; machines are busy
WIDTHS = """() => [...document.querySelectorAll('.xc-field select, .xc-field input')]
  .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().width)"""
CUT = """() => [...document.querySelectorAll('.xc-panel :is(label, button, small, p, li)')]
  .filter((e) => e.offsetParent && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
    && getComputedStyle(e).display !== 'inline')).map((e) => e.textContent)"""
# all but the titles of sources, which are quoted as they are
TEXTS = ".xc-panel :is(h2, h3, p, label, small, th, td, summary, ul li)"
# moves a list to another entry, or adds one to those chosen; writes a number or a level
MOVE = """(e) => {
  const i = [3, 5, 1, 0].find((i) => e.options?.[i] && !e.options[i].selected);
  if (e.tagName === "SELECT") e.options[i].selected = true;
  else e.value = e.type === "number" ? "0.21" : "<= 30";
  e.dispatchEvent(new Event("change", { bubbles: true }));
}"""
GO = "q => { history.pushState(null, '', q); dispatchEvent(new PopStateEvent('popstate')); }"
COUNT = "document.querySelector('.xc-address [data-count]').dataset.count"
# the same question asked again before the last is taken back would be none
SETTLED = """[...document.images].every((e) => e.complete)
  && document.querySelector('.xc-asked input').value === ''"""


def is_listening(port, host="127.0.0.1"):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@contextmanager
def running(folder, *command):
    """Start a server; give the address and the token that it tells."""
    env = {k: v for k, v in os.environ.items() if k != "HOME"}
    # nothing is shared with a server of the user's own
    env |= {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    server = subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=env, **how)
    try:
        pattern = re.compile(r"(http://127\.0\.0\.1:(\d+))/.*token=(\S+)")
        found = next(filter(None, map(pattern.search, server.stdout)), None)
        assert found, "the server ended without an address"
        # what else it says is read away, or a full pipe would stop it
        threading.Thread(target=server.stdout.read, daemon=True).start()
        while not is_listening(int(found[2])):  # JupyterLab tells its address before
            assert server.poll() is None, "the server ended"
            time.sleep(0.1)
        yield found[1], found[3]
    finally:
        server.terminate()  # in the background of a shell it would be deaf to an interrupt
        server.wait(30)


@pytest.fixture
def served(tmp_path):
    with running(tmp_path, "xc_analysis", "explore", "--no-browser", "--lang", "en") as told:
        yield told


def after(page, does):
    """Do something and wait until the panel has answered it."""
    before = page.evaluate(COUNT)
    does()
    page.wait_for_function(f"before => {COUNT} !== before && {SETTLED}", arg=before)


def go(page, query):
    after(page, lambda: page.evaluate(GO, query))


def test_a_user_walks_through_the_page(served, browser):
    address, token = served
    page, amiss = browser.new_page(viewport={"width": 1280, "height": 900}), []
    page.set_default_timeout(WAIT)
    own = (f"{address}/", "data:", address.replace("http", "ws"))
    page.on("request", lambda one: one.url.startswith(own) or amiss.append(one.url))
    page.on("console", lambda one: one.type == "error" and amiss.append(one.text))
    page.on("pageerror", lambda fault: amiss.append(str(fault)))
    page.goto(f"{address}/?token={token}")
    page.wait_for_selector(".xc-area img")
    assert token not in page.url and token not in page.content(), "the token leaves the address"

    for width in (390, 1280):  # every view fits a phone and a screen
        size = {"width": width, "height": 900}
        after(page, lambda size=size: page.set_viewport_size(size))  # the figure is drawn anew
        for view in VIEWS:
            for lang in ("zh", "en"):
                go(page, f"/?view={view}&lang={lang}")
                assert page.evaluate("document.documentElement.lang").startswith(lang)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert min(page.evaluate(WIDTHS)) >= 200 and page.evaluate(CUT) == []
                assert page.locator(".xc-area img").count() == (view not in ("choices", "table"))
                words = " ".join(page.locator(TEXTS).all_inner_texts())
                amiss += re.findall(r"\bnan\b|None" + "|[\u4e00-\u9fff]" * (lang == "en"), words)

    for view in ("target", "compare", "series"):  # each control has label and help, and moves
        go(page, f"/?view={view}&lang=en")
        controls = page.locator(".xc-field :is(select, input):visible")
        for number in range(controls.count()):
            go(page, f"/?view={view}&lang=en")  # another indicator may have other controls
            control, before = controls.nth(number), page.url
            label = page.inner_text(f"label[for='{control.get_attribute('id')}']")
            assert label and page.inner_text(f"#{control.get_attribute('aria-describedby')}")
            after(page, lambda control=control: control.evaluate(MOVE))
            moved = page.url != before or page.locator(".xc-problems li").count()
            assert moved, f"{label} moves nothing in {view}"

    go(page, "/?lang=en")  # the keyboard alone
    first, control = page.inner_text(".xc-answer"), page.locator(".xc-fit_from select")
    control.focus()
    after(page, lambda: page.keyboard.press("ArrowDown"))
    assert "fit=2016-2020" in page.url and page.inner_text(".xc-answer") != first
    assert control.evaluate("e => e === document.activeElement"), "the control keeps the focus"
    page.go_back()
    page.wait_for_function("t => document.querySelector('.xc-answer').innerText === t", arg=first)
    page.locator(".xc-area input").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    said = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "2018" in said and "µg/m³" in said and "hourly records" in said
    for kind, start in {"png": b"\x89PNG", "csv": b"figure,panel,mark"}.items():
        with page.expect_download() as waited:
            page.click(f".xc-files a[download$=target_en\\.{kind}]")
        assert waited.value.path().read_bytes().startswith(start)
    page.locator(".xc-view button").nth(1).focus()
    after(page, lambda: page.keyboard.press("Enter"))
    assert "view=compare" in page.url

    go(page, "/?view=table&lang=en")
    after(page, lambda: page.click("a[data-query*=green_cover]"))
    assert "indicator=green_cover" in page.url and "Green cover" in page.inner_text(".xc-title")
    page.reload()  # an address gives the state back
    page.wait_for_selector(".xc-area img")
    assert "Green cover" in page.inner_text(".xc-title")
    page.close()
    assert amiss == []


def test_without_the_token_and_from_elsewhere_nothing_is_shown(served):
    address, token = served
    port = int(address.rpartition(":")[2])

    def status(path, **headers):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status

    assert {status("/"), status(f"/?token={token}x")} <= {302, 403}
    for path in (f"/?token={token}", "/voila/static/voila.js"):
        assert status(path, Host="example.org") == 403
    assert not is_listening(port, "127.0.0.2")  # this machine under another of its numbers
    with pytest.raises(InputError, match=f"^[^\n]*{port}[^\n]*$"):  # it is taken
        free_port(port)


def test_the_panel_and_a_notebook_fit_jupyterlab_at_1280_pixels(browser, tmp_path):
    shutil.copy(NOTEBOOK, tmp_path)
    options = [f"--port={free_port()}", "--no-browser", "--allow-root", "-y"]
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    with running(tmp_path, "jupyterlab", *options, "--LabApp.news_url=None") as (address, token):
        page.goto(f"{address}/lab/tree/{NOTEBOOK.name}?token={token}&reset")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        page.add_locator_handler(page.locator(".jp-Dialog .jp-mod-accept"), lambda ok: ok.click())
        for _ in range(4):  # a run asked for before the kernel listens is lost, or refused
            if not page.locator(".xc-area img").count():
                page.click("text=Run >> nth=0")
                page.click("text=Run All Cells >> nth=0")
                page.wait_for_timeout(WAIT / 4)
        assert min(page.evaluate(WIDTHS)) >= 200 and page.evaluate(CUT) == []
        for part in (".xc-panel", ".jp-Notebook"):
            inside = "e => e.scrollWidth <= e.clientWidth && e.clientWidth <= innerWidth"
            assert page.locator(part).first.evaluate(inside)
        page.locator(".xc-fit_from select").first.focus()
        page.keyboard.press("ArrowDown")  # JupyterLab would go to the next cell
        assert page.locator(".xc-fit_from option:checked").first.inner_text() == "2016"
    page.close()
