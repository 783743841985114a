"""The explorer in a real browser: views, languages, widths, keyboard, downloads, no outside request."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install playwright"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"
)
READY = "() => document.querySelector('.xc[data-seq]') && !document.querySelector('.xc[aria-busy]')"
VIEWS = ("projection", "compare", "series", "scorecard", "calendar")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Address of a running ``xc explore`` and the folder it keeps settings in."""
    folder = tmp_path_factory.mktemp("served")
    env = os.environ | {"XC_REVIEW": str(folder / "review")}
    env.pop("XC_DATA", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "xc_analysis", "explore", "--no-browser"],
        cwd=folder, env=env, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    address = None
    for line in server.stdout:
        found = re.match(r"(http://127\.0\.0\.1:\d+)/", line)
        if found:
            address = found[1]
            break
    # what else it says is read away, or a full pipe would stop it
    threading.Thread(target=server.stdout.read, daemon=True).start()
    if address is None:
        server.wait(10)
        pytest.fail("xc explore ended without an address")
    yield address, folder
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture(scope="module")
def log():
    return {"outside": [], "console": []}


def opened(browser, served, log, query="", width=1280, height=900):
    context = browser.new_context(
        viewport={"width": width, "height": height}, permissions=["clipboard-write"]
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    base = served[0]

    def request(asked):
        if not asked.url.startswith((base + "/", "data:", "blob:")):
            log["outside"].append(asked.url)

    page.on("request", request)
    page.on("console", lambda m: m.type in ("error", "warning") and log["console"].append(m.text))
    page.on("pageerror", lambda e: log["console"].append(str(e)))
    page.on(
        "websocket",
        lambda s: s.url.startswith(base.replace("http", "ws")) or log["outside"].append(s.url),
    )
    page.goto(base + "/" + query, wait_until="commit")
    page.wait_for_selector("#loading progress", state="attached")
    page.wait_for_function(READY)
    return page


@pytest.fixture(scope="module")
def page(browser, served, log):
    one = opened(browser, served, log)
    yield one
    one.context.close()


def after(page, does):
    """Do something and wait for what it brings."""
    before = page.get_attribute(".xc", "data-seq")
    does()
    page.wait_for_function(
        "b => { const x = document.querySelector('.xc');"
        " return x.dataset.seq !== b && !x.hasAttribute('aria-busy'); }",
        arg=before,
    )


def go(page, query):
    after(page, lambda: page.evaluate(
        "q => { history.pushState(null, '', q); dispatchEvent(new PopStateEvent('popstate')); }",
        query,
    ))  # fmt: skip


def answer(page):
    return page.inner_text(".answer")


@pytest.mark.parametrize("width", [1280, 390])
def test_views_in_both_languages_at_this_width(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(300)
    page.wait_for_function(READY)
    for view in VIEWS:
        for lang in ("zh", "en"):
            go(page, f"/?view={view}&lang={lang}")
            assert page.get_attribute("[data-view][aria-current]", "data-view") == view
            assert page.evaluate("document.documentElement.lang").startswith(lang)
            assert re.search("[\u4e00-\u9fff]", page.inner_text("nav")) if lang == "zh" else True
            if lang == "en":
                assert not re.search("[\u4e00-\u9fff]", page.inner_text("nav"))
            assert answer(page) or view == "series"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            pictures = page.locator(".pictures img")
            assert pictures.count() == {"compare": 2, "scorecard": 0}.get(view, 1)
            for i in range(pictures.count()):
                assert pictures.nth(i).evaluate("i => i.naturalWidth > 0")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_timeout(300)
    page.wait_for_function(READY)


def test_the_question_of_someone_who_has_never_seen_it(page):
    go(page, "/?lang=en")
    asked = answer(page)
    after(page, lambda: page.get_by_label("fit from").select_option("2013"))
    after(page, lambda: page.get_by_label("fit to").select_option("2019"))
    told = answer(page)
    assert told != asked and "0.71" in told and "2013–2019" in told and "≤ 35" in told
    assert "fit=2013-2019" in page.url


def test_a_setting_comes_back_from_its_address_and_by_the_back_button(page, browser, served, log):
    go(page, "/?view=projection&lang=en&indicator=pm25")
    first = answer(page)
    after(page, lambda: page.get_by_label("model").select_option("last"))
    moved, url = answer(page), page.url
    assert moved != first
    after(page, page.go_back)
    assert answer(page) == first
    other = opened(browser, served, log, url.removeprefix(served[0] + "/"))
    assert answer(other) == moved
    # another reader's page is another process: what moves there does not move here
    after(other, lambda: other.get_by_label("model").select_option("linear"))
    assert answer(page) == first and "linear" not in page.url
    other.context.close()


def test_keyboard_alone_moves_view_setting_and_point(page):
    go(page, "/?view=series&lang=en&indicator=pm25&show=station")
    page.locator("[data-view=projection]").focus()
    after(page, lambda: page.keyboard.press("Enter"))
    page.get_by_label("fit to").focus()
    shown = answer(page)
    after(page, lambda: page.keyboard.press("ArrowUp"))
    assert answer(page) != shown
    focused = page.evaluate("document.activeElement.name")
    assert focused == "fit_to", "the control keeps the focus"
    page.locator(".area").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "西城区 2015" in page.inner_text(".point") and "source" in page.inner_text(".point")
    page.keyboard.press("Escape")
    assert page.locator(".point").is_hidden()


def test_hover_and_click_tell_row_and_source(page):
    go(page, "/?view=calendar&lang=en")
    box = page.locator(".area img").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    assert re.search(r"20\d\d-\d\d-\d\d\s+AQI", page.inner_text(".point"))
    go(page, "/?view=series&lang=en&indicator=pm25")
    page.locator(".area").focus()
    page.keyboard.press("PageDown")  # the first point, then the last
    page.keyboard.press("PageDown")
    told, dot = page.inner_text(".point"), page.locator(".dot").bounding_box()
    page.keyboard.press("Escape")
    assert page.locator(".point").is_hidden()
    page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    assert page.inner_text(".point") == told and "air/annual.csv" in told and "2025" in told


def test_the_scorecard_leads_to_a_projection(page):
    go(page, "/?view=scorecard&lang=en")
    after(page, lambda: page.click("[data-open=green_cover]"))
    assert "view=projection" in page.url and "indicator=green_cover" in page.url


def test_a_wrong_address_says_what_is_wrong(page):
    go(page, "/?view=nope&fit=2019-2013&lang=en")
    told = page.inner_text(".problems")
    assert "view=nope" in told and "fit=2019-2013" in told
    after(page, lambda: page.click("[data-view=series]"))
    assert page.inner_text(".problems") == ""


def test_an_entry_cannot_run_anything(page, log):
    go(page, "/?lang=en")
    page.evaluate("window.ran = false")
    evil = "<img src=x onerror='window.ran=true'>"[:24]
    after(page, lambda: (page.fill("[name=reading]", evil), page.keyboard.press("Enter")))
    assert "reading=" in page.inner_text(".problems")
    assert page.locator(".problems img").count() == 0
    go(page, "/?lang=en&foo=%3Cimg%20src%3Dx%20onerror%3D%22window.ran%3Dtrue%22%3E")
    assert page.evaluate("window.ran") is False


@pytest.mark.parametrize("kind", ["png", "svg", "csv"])
def test_downloads(page, kind, tmp_path):
    go(page, "/?view=projection&lang=en&fit=2013-2019")
    with page.expect_download() as waited:
        page.click(f"#xc-{kind}")
    file = tmp_path / waited.value.suggested_filename
    waited.value.save_as(file)
    assert file.name == f"pm25_projection_en.{kind}" and file.stat().st_size > 500
    if kind == "csv":
        rows = list(csv.DictReader(file.open(encoding="utf-8")))
        assert {r["panel"] for r in rows} == {"observed", "projection", "setting"}


def test_keeping_and_citing_a_setting(page, served):
    go(page, "/?view=projection&lang=en&fit=2013-2019")
    page.fill("#xc-reviewer", "分析员")
    page.click("#xc-keep")
    page.wait_for_function("() => document.querySelector('.status').textContent.includes('saved')")
    kept = list(csv.DictReader((served[1] / "review" / "settings.csv").open(encoding="utf-8")))
    assert (kept[-1]["fit_from"], kept[-1]["fit_to"], kept[-1]["reviewer"]) == (
        "2013",
        "2019",
        "分析员",
    )
    page.click("#xc-cite")
    page.wait_for_function("() => document.querySelector('.status').textContent.includes('UCI')")
    assert page.url in page.inner_text(".status")


def test_the_kernel_takes_no_code_from_the_page(page):
    """A request to execute, sent over the page's own kind of socket, is not passed on."""
    kernel = page.evaluate(
        '() => [...document.scripts].map(s => s.textContent.match(/KERNEL = "([^"]+)"/))'
        ".find(Boolean)[1]"
    )
    heard = page.evaluate(
        """kernel => new Promise((done) => {
          const socket = new WebSocket(`ws://${location.host}/api/kernels/${kernel}/channels`);
          const heard = [];
          socket.onmessage = (e) => heard.push(JSON.parse(e.data));
          socket.onopen = () => {
            const ask = (msg_type, content) => socket.send(JSON.stringify({
              header: { msg_id: crypto.randomUUID(), username: "", session: "s", msg_type,
                        version: "5.3", date: new Date().toISOString() },
              parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] }));
            ask("execute_request", { code: "print(123 * 1001)", silent: false, store_history: false,
              user_expressions: {}, allow_stdin: false });
            ask("kernel_info_request", {});
          };
          setTimeout(() => { socket.close(); done(heard); }, 1500);
        })""",
        kernel,
    )
    kinds = {m["header"]["msg_type"] for m in heard}
    assert "kernel_info_reply" in kinds, "the socket works"
    assert "execute_reply" not in kinds and "123123" not in json.dumps(heard)


def test_a_name_of_another_host_is_refused(served):
    request = urllib.request.Request(served[0], headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert refused.value.code == 403


def test_nothing_was_asked_of_other_hosts_and_the_console_stayed_clean(page, log):
    """Last: it looks back on all the pages above."""
    assert log["outside"] == []
    assert log["console"] == []


def test_it_listens_on_this_machine_only(served):
    port = int(served[0].rpartition(":")[2])
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("this system does not tell which addresses are listened on")
    listening = [
        line.split()[1].split(":")[0]
        for line in table.read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == ["0100007F"]
