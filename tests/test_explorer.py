"""The explorer without a browser: addresses, views, what it hands out and what it refuses."""

import base64
import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.explorer import explore
from xc_analysis.explorer.explorer import Explorer
from xc_analysis.explorer.explorer_state import (
    BASES,
    KEYS,
    ODD,
    PARTIALS,
    VIEWS,
    Refused,
    address,
    read_address,
    with_entry,
)

PAGE = Path(explore.__file__).with_name("explorer_page")


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    return Explorer(lang="zh", folder=tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="module")
def book(explorer):
    return explorer.book


def show(explorer, query, **more):
    return explorer.answer({"do": "show", "query": query, "seq": 1} | more)


# ---- addresses


def test_an_empty_address_is_the_projection_of_pm25_as_the_register_sets_it(book):
    state, problems = read_address("", book)
    assert problems == []
    assert (state.view, state.indicator, state.scope) == ("projection", "pm25", "西城区")
    assert (state.a.fit_from, state.a.fit_to, state.a.method) == (2015, 2020, "blend")
    assert address(state, book) == "?view=projection&lang=zh&indicator=pm25"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_state_comes_back_from_its_address(book, data):
    draw = data.draw
    state = book.start(draw(st.sampled_from(("zh", "en"))))
    for name, allowed in (("view", VIEWS), ("scope", None), ("indicator", None)):
        if name == "scope":
            allowed = book.scopes(state.view)
        if name == "indicator":
            allowed = book.indicators(state.scope, state.view, state.plan)
        state = with_entry(state, name, draw(st.sampled_from(allowed)), book)
    first = draw(st.integers(1995, 2030))
    for prefix in ("", "b_"):
        window = f"{first}-{first + draw(st.integers(1, 20))}"
        phi = draw(st.integers(0, 1000)) / 1000
        reading = (
            f"{draw(st.sampled_from(('<=', '<', '>', '>=')))} {draw(st.integers(-99, 999)) / 10}"
        )
        for key, text in (
            ("fit", window),
            ("phi", str(phi)),
            ("reading", draw(st.sampled_from(("", reading)))),
            ("odd", draw(st.sampled_from(ODD))),
            ("method", draw(st.sampled_from(book.methods))),
            ("basis", draw(st.sampled_from(BASES))),
            ("partial", draw(st.sampled_from(PARTIALS))),
        ):
            state = with_entry(state, prefix + key, text, book)
    if state.a.prior is not None:
        state = with_entry(state, "prior", f"{draw(st.integers(1000, 5_000_000)) / 1e6:.6f}", book)
    state = with_entry(state, "known", str(draw(st.integers(1990, 2060))), book)
    assert read_address(address(state, book), book) == (state, [])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?view=nope", "view=nope"),
        ("?indicator=pm26", "indicator=pm26"),
        ("?scope=Atlantis", "scope=Atlantis"),
        ("?fit=2019-2013", "fit=2019-2013"),
        ("?fit=2013", "fit=2013"),
        ("?fit=٢٠١٣-٢٠١٩", "fit="),
        ("?phi=1.5", "phi=1.5"),
        ("?phi=nan", "phi=nan"),
        ("?phi=-0.1", "phi=-0.1"),
        ("?prior=0", "prior=0"),
        ("?prior=1e3", "prior=1e3"),
        ("?reading=thirty-five", "reading=thirty-five"),
        ("?reading=<= 35; import os", "reading="),
        ("?reading=__import__('os').system('x')", "reading="),
        ("?method=eval", "method=eval"),
        ("?from=2020&to=2015", "from=2020"),
        ("?known=20", "known=20"),
        ("?colour=red", "colour"),
        ("?lang=zh&lang=en", "lang"),
        ("?b_source=guess", "b_source=guess"),
        ("?" + "a" * 3000, "3001"),
    ],
)
def test_a_wrong_address_says_what_is_wrong_and_shows_the_rest(explorer, query, named):
    page = show(explorer, query)
    assert page["do"] == "show" and page["answer"]
    assert len(page["problems"]) == 1 and named in page["problems"][0]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=st.one_of(st.text(max_size=80), st.lists(
    st.tuples(st.sampled_from(KEYS), st.text(max_size=12)), max_size=5
).map(lambda pairs: "?" + "&".join(f"{k}={v}" for k, v in pairs))))  # fmt: skip
def test_no_address_whatever_breaks_the_reading(book, query):
    state, problems = read_address(query, book)
    assert read_address(address(state, book), book) == (state, [])
    assert all(p.zh and p.en for p in problems)


def test_an_entry_that_is_refused_changes_nothing(book):
    state = book.start("zh")
    with pytest.raises(Refused):
        with_entry(state, "fit_from", "2020", book)
    with pytest.raises(Refused):
        with_entry(state, "fit_to", "'; DROP TABLE", book)


def test_another_indicator_brings_the_registers_setting_of_its_own(book):
    moved = with_entry(book.start("zh"), "phi", "0.5", book)
    other = with_entry(moved, "indicator", "green_cover", book)
    assert other.a == book.registered("西城区", "十四五", "green_cover", 2020)[0]
    assert with_entry(moved, "view", "compare", book).a.phi == 0.5


# ---- views


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_and_speaks_in_both_languages(explorer, view, lang):
    page = show(explorer, f"?view={view}&lang={lang}", narrow=lang == "en")
    assert page["lang"] == lang and page["problems"] == []
    assert page["answer"] and page["controls"]
    pictures = {"compare": 2, "scorecard": 0}.get(view, 1)
    assert len(page["pictures"]) == pictures
    for picture in page["pictures"]:
        assert b"<svg" in base64.b64decode(picture["svg"])
        assert picture["points"]
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, _ in picture["points"])


def test_the_question_what_if_fitted_2013_to_2019_is_the_packages_own_answer(explorer):
    page = show(explorer, "?fit=2013-2019&lang=en")
    frame = xc.series("pm25", source="station")
    target = {
        "kind": "delegated", "indicator": "pm25", "unit": "µg/m³", "base_year": 2020,
        "target_year": 2025, "reading": "<= 35",
    }  # fmt: skip
    told = xc.assess(frame, target, window=(2013, 2019), as_of=2020, exceptional=(2020,))
    assert f"{told.under_reading.p_meet:.2f}" in page["answer"]
    assert told.under_reading.verdict in page["answer"]
    for words in ("2013–2019", "blend", "station records", "≤ 35", "0.85", "0.08"):
        assert words in page["answer"], "an assumption that is not beside the verdict"
    assert "cannot be judged" in page["answer"]


def test_every_point_names_its_row_and_source(explorer):
    page = show(explorer, "?view=series&indicator=pm25&lang=en")
    rows = [dict(pairs) for *_, pairs in page["pictures"][0]["points"]]
    assert all("row" in r and "source" in r for r in rows)
    station = next(r for r in rows if r["when"] == "西城区 2019" and "air/annual" in r["row"])
    assert station["value"].startswith("44 ")
    published = [r for r in rows if "observations.csv" in r["row"]]
    table = xc.load("observations").set_index("obs_id")
    for row in published:
        found = table.loc[row["row"].split()[-1]]
        assert row["locator"] == found["locator"]
        assert all(one in row["source"] for one in found["source_id"].split(";"))


def test_points_lie_where_the_picture_has_them(explorer):
    points = show(explorer, "?view=series&indicator=pm25&show=station")["pictures"][0]["points"]
    high = max(points, key=lambda p: float(dict(p[2])["数值"].split()[0]))
    assert min(p[1] for p in points) == high[1], "the largest value stands highest"
    assert [p[0] for p in points] == sorted(p[0] for p in points)


def test_compare_tells_the_difference(explorer):
    page = show(explorer, "?view=compare&b_method=last&lang=en")
    book = explorer.book
    state, _ = read_address("?view=compare&b_method=last", book)
    a, b = (book.judge(state, c)[1].under_reading.p_meet for c in (state.a, state.b))
    assert f"{a:.2f} → {b:.2f} ({b - a:+.2f})" in page["answer"]
    assert page["answer"].startswith("<strong class='verdict'>the verdict moves")


def test_scorecard_shows_every_line_and_a_delegated_one_never_passes(explorer):
    page = show(explorer, "?view=scorecard&lang=en")
    assert page["tables"][0].count("data-open=") == 14
    row = next(r for r in page["tables"][0].split("<tr>") if "data-open='pm25'" in r)
    assert "<td>cannot be judged</td>" in row and "≤ 35" in row


def test_what_cannot_be_fitted_is_told_not_raised(explorer):
    page = show(explorer, "?fit=1990-1991&lang=en")
    assert page["do"] == "show" and page["answer"] and page["controls"]
    page = show(explorer, "?view=series&indicator=pm25&from=1990&to=1991")
    assert "role='alert'" in page["answer"]


def test_sensitivity_comes_line_by_line_and_begins_with_the_setting(explorer):
    first = explorer.answer({"do": "more", "query": "?lang=en", "at": 0})
    assert first["cells"][0] == "as set" and first["cells"][2] == "0.74"
    last = explorer.answer({"do": "more", "query": "?lang=en", "at": first["of"] - 1})
    assert last["at"] == first["of"] - 1 and last["cells"][1]


# ---- what it hands out


@pytest.mark.parametrize("view", VIEWS)
def test_downloads_are_the_files_they_say(explorer, view):
    begins = {"png": b"\x89PNG", "svg": b"<?xml"}
    for kind in ("png", "svg", "csv"):
        if kind == "svg" and view in ("calendar", "compare"):  # slow, and drawn as png is
            continue
        file = explorer.answer({"do": "download", "query": f"?view={view}", "kind": kind})
        content = base64.b64decode(file["base64"])
        assert file["name"].endswith(f"_zh.{kind}")
        if kind == "csv":
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
            assert rows and all(None not in r for r in rows)
        else:
            assert content.startswith(begins[kind])


def test_csv_holds_the_numbers_of_the_picture(explorer):
    file = explorer.answer({"do": "download", "query": "?fit=2013-2019", "kind": "csv"})
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(file["base64"]).decode("utf-8"))))
    fan = [r for r in rows if r["panel"] == "projection"]
    state, _ = read_address("?fit=2013-2019", explorer.book)
    median = explorer.book.judge(state, state.a)[1].under_reading.projection.median
    assert float(fan[-1]["median"]) == pytest.approx(median[-1], rel=1e-9)
    told = {r["setting"]: r["is"] for r in rows if r["panel"] == "setting"}
    assert told["fit_from"] == "2013" and told["fit_to"] == "2019"


def test_a_setting_is_kept_and_no_sheet_takes_it_for_a_formula(explorer):
    told = explorer.answer(
        {"do": "keep", "query": "?phi=0.7", "reviewer": "=cmd()", "comment": "a\nb" + "x" * 900}
    )
    file = Path(explorer.folder) / "settings.csv"
    assert str(file) in told["text"]
    row = list(csv.DictReader(file.open(encoding="utf-8")))[-1]
    assert row["phi"] == "0.7" and row["indicator"] == "pm25"
    assert row["reviewer"] == "'=cmd()"
    assert row["comment"].startswith("a b") and len(row["comment"]) == 200


def test_citation_names_setting_sources_and_version(explorer):
    text = explorer.answer({"do": "cite", "query": "?fit=2013-2019&lang=en"})["text"]
    for words in (xc.__version__, "2013–2019", "UCI", "fit=2013-2019"):
        assert words in text


def test_two_readers_do_not_see_each_others_state(explorer):
    one = show(explorer, "?fit=2013-2019")
    show(explorer, "?view=series&indicator=no2&lang=en", set=["show", "station"])
    assert show(explorer, "?fit=2013-2019") | {"seconds": 0} == one | {"seconds": 0}


@pytest.mark.parametrize(
    "message",
    [None, 7, [], {}, {"do": "run"}, {"do": "download", "kind": "exe"}, {"do": ["show"]}],
)
def test_what_is_no_message_gets_an_error_and_nothing_else(explorer, message):
    if isinstance(message, dict) and isinstance(message.get("do"), list):
        message = message | {"do": str(message["do"])}
    assert explorer.answer(message)["do"] == "error"


def test_nothing_from_outside_reaches_the_page_unescaped(explorer):
    page = show(explorer, "?reading=<script>alert(1)</script>&foo=<img src=x>")
    html = page["answer"] + "".join(page["tables"]) + page["sources"]
    assert "<script" not in html and "<img" not in html


# ---- the page's own files and the command


def test_the_page_asks_nothing_of_other_hosts():
    for file in PAGE.iterdir():
        assert "http:" not in file.read_text("utf-8") or file.name == "channel.js"
        assert "https:" not in file.read_text("utf-8").replace('=== "https:"', "")


@pytest.mark.parametrize("name", ["explorer.js", "channel.js", "explorer.css"])
def test_what_the_template_includes_is_no_template(name):
    text = (PAGE / name).read_text("utf-8")
    assert not any(mark in text for mark in ("{{", "{%", "{#"))


def test_a_port_that_cannot_be_had_is_refused():
    with pytest.raises(xc.InputError, match="1024"):
        explore.free_port(80)
    port = explore.free_port()
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(xc.InputError, match="taken"):
            explore.free_port(port)


def test_the_first_message_loads_and_tells_how_far_it_is(monkeypatch, tmp_path):
    heard = []
    answer = explore._answering(None)
    answer({"do": "show", "query": "?lang=en", "seq": 1}, heard.append)
    assert [m["do"] for m in heard] == ["progress"] * 3 + ["show"]
    assert set(heard[-1]["spent"]) == {"libraries", "tables", "figure"}
    heard.clear()
    answer({"do": "show", "query": "", "seq": 2}, heard.append)
    assert len(heard) == 1 and "spent" not in heard[0]


def test_states_are_values(book):
    state = book.start("zh")
    assert replace(state, lang="en").lang == "en" and state.lang == "zh"
