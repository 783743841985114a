"""The explorer in a real browser: its page and JupyterLab, widths, controls, keys, what is refused."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

from xc_analysis.explorer.server import free_port
from xc_analysis.explorer.state import VIEWS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.xdist_group("browser")
WAIT = 60_000  # ms; machines are busy
AMISS = []
LINE = "straight line (comparison only)"
WIDTHS = """() => [...document.querySelectorAll('.xc-field select, .xc-field input')]
  .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().width)"""
CUT = """() => [...document.querySelectorAll('.xc-panel label, .xc-panel button, .xc-panel small, .xc-panel p, .xc-panel li')]
  .filter((e) => e.offsetParent && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
    && getComputedStyle(e).display !== 'inline')).map((e) => e.textContent)"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address and the token of a running ``xc explore``."""
    env = {k: v for k, v in os.environ.items() if k not in ("XC_DATA", "HOME")}
    command = [sys.executable, "-m", "xc_analysis", "explore", "--no-browser", "--lang", "en"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    server = subprocess.Popen(command, cwd=tmp_path_factory.mktemp("served"), env=env, **pipes)
    told = (re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", line) for line in server.stdout)
    found = next(filter(None, told), None)
    assert found, "xc explore ended without an address"
    # what else it says is read away, or a full pipe would stop it
    threading.Thread(target=server.stdout.read, daemon=True).start()
    yield found.groups()
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()


@pytest.fixture(scope="module")
def page(browser, served):
    """The explorer's page; what it asks of others and what fails in it is kept in `AMISS`."""
    address, token = served
    one = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    one.set_default_timeout(WAIT)

    def request(asked):
        if not asked.url.startswith((address + "/", "data:", address.replace("http", "ws"))):
            AMISS.append(asked.url)

    one.on("request", request)
    one.on("console", lambda m: m.type == "error" and AMISS.append(m.text))
    one.on("pageerror", lambda error: AMISS.append(str(error)))
    one.goto(f"{address}/?token={token}")
    one.wait_for_selector(".xc-area img")
    assert token not in one.url and token not in one.content(), "the token leaves the address"
    yield one
    one.context.close()


COUNT = "document.querySelector('.xc-address [data-count]').dataset.count"


def after(page, does):
    """Do something and wait until the panel has answered it."""
    before = page.evaluate(COUNT)
    does()
    page.wait_for_function(f"before => {COUNT} !== before", arg=before)
    images = "[...document.querySelectorAll('.xc-area img')]"
    page.wait_for_function(f"() => {images}.every((e) => e.complete)")


def go(page, query):
    state = "q => { history.pushState(null, '', q); dispatchEvent(new PopStateEvent('popstate')); }"
    after(page, lambda: page.evaluate(state, query))


@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_fits_the_screen_in_both_languages(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(2000)
    for view in VIEWS:
        for lang in ("zh", "en"):
            go(page, f"/?view={view}&lang={lang}")
            assert page.evaluate("document.documentElement.lang").startswith(lang)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert min(page.evaluate(WIDTHS)) >= 200
            assert page.evaluate(CUT) == []
            assert page.locator(".xc-area img").count() == (view not in ("choices", "table"))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_timeout(2000)


# moves a list to another entry, or adds one to those chosen; writes a number or a level
MOVE = """(e) => {
  const i = [3, 5, 1, 0].find((i) => e.options?.[i] && !e.options[i].selected);
  if (e.tagName === "SELECT") e.options[i].selected = true;
  else e.value = e.type === "number" ? "0.21" : "<= 30";
  e.dispatchEvent(new Event("change", { bubbles: true }));
}"""


@pytest.mark.parametrize("view", ["target", "compare", "series", "months", "table"])
def test_each_control_has_its_label_and_help_and_moves(page, view):
    go(page, f"/?view={view}&lang=en")
    names = page.evaluate(
        "() => [...document.querySelectorAll('.xc-field')].filter((e) => e.offsetParent)"
        ".map((e) => [...e.querySelector('.jupyter-widgets').classList].at(-1))"
    )
    assert len(names) >= 1
    for name in names:
        control = page.locator(f".{name} select, .{name} input").first
        if name == names[1 % len(names)] or not control.is_visible():
            go(page, f"/?view={view}&lang=en")  # another indicator may have other controls
        before, label = page.url, page.locator(f".{name} label")
        assert control.get_attribute("id") == label.get_attribute("for") and label.inner_text()
        assert page.locator(f"#{control.get_attribute('aria-describedby')}").inner_text()
        after(page, lambda control=control: control.evaluate(MOVE))
        moved = page.url != before or page.locator(".xc-problems li").count()
        assert moved, f"{name} moves nothing in {view}"


def test_a_setting_comes_back_by_the_back_button_and_from_its_address(page):
    go(page, "/?lang=en")
    first = page.inner_text(".xc-answer")
    after(page, lambda: page.select_option(".xc-method select", label=LINE))
    moved, url = page.inner_text(".xc-answer"), page.url
    assert moved != first and "method=linear" in url
    page.go_back()
    page.wait_for_function("t => document.querySelector('.xc-answer').innerText === t", arg=first)
    other = page.context.new_page()
    other.set_default_timeout(WAIT)
    other.goto(url)
    other.wait_for_selector(".xc-area img")
    assert other.inner_text(".xc-answer") == moved
    other.close()


def test_the_keyboard_alone_moves_controls_and_points(page):
    go(page, "/?lang=en")
    control = page.locator(".xc-fit_from select")
    control.focus()
    after(page, lambda: page.keyboard.press("ArrowDown"))
    assert "fit=2016-2020" in page.url
    assert control.evaluate("e => e === document.activeElement"), "the control keeps the focus"
    page.locator(".xc-area input").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    said = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "2018" in said and "µg/m³" in said and "hourly records" in said
    assert page.locator(".xc-area input:checked + span").inner_text() == said
    page.locator(".xc-view button").nth(1).focus()
    after(page, lambda: page.keyboard.press("Enter"))
    assert "view=compare" in page.url


def test_a_wrong_address_is_answered_and_the_table_leads_on(page):
    go(page, "/?view=nope&fit=2019-2013&lang=en")
    assert page.locator(".xc-problems li").count() == 2
    go(page, "/?view=table&lang=en")
    assert page.locator(".xc-problems li").count() == 0
    after(page, lambda: page.click("a[data-query*=green_cover]"))
    assert "indicator=green_cover" in page.url and "Green cover" in page.inner_text(".xc-title")


def test_figure_and_data_can_be_taken_away(page, tmp_path):
    go(page, "/?lang=en")
    for kind, start in {"png": b"\x89PNG", "csv": b"figure,panel,mark"}.items():
        with page.expect_download() as waited:
            page.click(f".xc-files a[download$={kind}]")
        waited.value.save_as(tmp_path / kind)
        assert waited.value.suggested_filename == f"pm25_target_en.{kind}"
        assert (tmp_path / kind).read_bytes().startswith(start)


def test_nothing_was_asked_of_other_hosts_and_no_script_failed(page):
    """After the tests of the page: it looks back on them."""
    assert AMISS == []


def answer(url, **headers):
    """The status of an answer, no redirection followed; 0 where nobody answers."""
    asked = urlsplit(url)
    connection = HTTPConnection(asked.netloc, timeout=60)
    try:
        connection.request("GET", f"{asked.path}?{asked.query}", headers=headers)
        return connection.getresponse().status
    except OSError:
        return 0


def test_without_the_token_and_from_elsewhere_nothing_is_shown(served):
    address, token = served
    wrong = (f"{address}/", f"{address}/?token={token[:-1]}x")
    assert all(answer(url) in (302, 403) for url in wrong)
    foreign = {"Host": "example.org"}, {"Origin": "http://a.org"}, {"Sec-Fetch-Site": "cross-site"}
    assert all(answer(f"{address}/?token={token}", **one) == 403 for one in foreign)
    assert answer(f"{address}/voila/static/voila.js", Host="example.org") == 403


def test_it_listens_on_this_machine_only(served):
    port = int(served[0].rpartition(":")[2])
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("this system does not tell which addresses are listened on")
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    own = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    assert own == [f"0100007F:{port:04X}"]


def test_the_kernel_takes_no_code_from_the_page(page):
    heard = page.evaluate(
        """() => new Promise((done) => {
          const kernel = JSON.parse(document.getElementById("jupyter-config-data").textContent).kernelId;
          const socket = new WebSocket(`ws://${location.host}/api/kernels/${kernel}/channels`);
          const heard = [];
          socket.onmessage = (e) => typeof e.data === "string" && heard.push(JSON.parse(e.data));
          socket.onopen = () => {
            const ask = (msg_type, content) => socket.send(JSON.stringify({
              header: { msg_id: crypto.randomUUID(), username: "", session: "s", msg_type,
                        version: "5.3", date: new Date().toISOString() },
              parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] }));
            ask("execute_request", { code: "print(123 * 1001)", silent: false,
              store_history: false, user_expressions: {}, allow_stdin: false });
            ask("kernel_info_request", {});
          };
          setTimeout(() => { socket.close(); done(heard); }, 4000);
        })"""
    )
    kinds = {message["header"]["msg_type"] for message in heard}
    assert "kernel_info_reply" in kinds, "the socket works"
    assert "execute_reply" not in kinds and "123123" not in json.dumps(heard)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a notebook with the panel, in a JupyterLab of its own."""
    folder = tmp_path_factory.mktemp("lab")
    cell = nbformat.v4.new_code_cell("import xc_analysis as xc\nxc.explore(lang='en')")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(book, folder / "panel.ipynb")
    port = free_port()
    options = [f"--port={port}", "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"]
    options += ["--ServerApp.token=own", "--LabApp.news_url=None"]
    env = os.environ | {"HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=env, **quiet)
    until = time.monotonic() + WAIT / 1000
    while answer(f"http://127.0.0.1:{port}/api?token=own") != 200:
        assert time.monotonic() < until and server.poll() is None, "JupyterLab does not start"
        time.sleep(0.5)
    yield f"http://127.0.0.1:{port}/lab/tree/panel.ipynb?token=own&reset"
    server.terminate()
    server.wait(30)


def test_the_panel_works_in_jupyterlab_at_three_widths(lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    page.goto(lab)
    page.wait_for_selector(".jp-CodeCell .cm-content")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    for _ in range(4):  # a run asked for before the kernel listens is lost, or refused by a dialog
        page.click("text=Run >> nth=0")
        page.click("text=Run All Cells >> nth=0")
        try:
            page.wait_for_selector(".xc-area img, .jp-Dialog .jp-mod-accept", timeout=WAIT / 2)
        except sync_api.TimeoutError:
            continue
        if page.locator(".xc-area img").count():
            break
        page.click(".jp-Dialog .jp-mod-accept")
    for width in (1280, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(1000)
        assert min(page.evaluate(WIDTHS)) >= 200 and page.evaluate(CUT) == []
        inside = "e => e.scrollWidth <= e.clientWidth && e.clientWidth <= innerWidth"
        assert page.locator(".xc-panel").evaluate(inside)

    def changes(does):
        before = page.inner_text(".xc-answer")
        does()
        changed = "t => document.querySelector('.xc-answer').innerText !== t"
        page.wait_for_function(changed, arg=before)

    page.locator(".xc-fit_from select").focus()
    changes(lambda: page.keyboard.press("ArrowDown"))  # JupyterLab would go to the next cell
    assert page.locator(".xc-fit_from option:checked").inner_text() == "2016"
    page.locator(".xc-area input").first.focus()
    page.keyboard.press("ArrowRight")
    assert "2017" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.locator(".xc-prior input").fill("0.2")
    changes(lambda: page.keyboard.press("Enter"))
    page.close()
