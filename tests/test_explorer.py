"""The explorer without a browser: addresses, views against the package, the panel's controls."""

import asyncio
import re
import socket
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.explorer import server, views
from xc_analysis.explorer.panel import Panel
from xc_analysis.explorer.state import KEYS, OPTIONS, Choice, State, read_address, write_address
from xc_analysis.words import use_language

AREAS = ("西城区", "北京市", "东城区")


def plain(html):
    """What a reader sees of a part of the panel."""
    text = re.sub("data:[^'\"]+", "", html)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text)).strip()


def told(panel, *parts):
    return " ".join(plain(panel.parts[name].value) for name in parts or panel.parts).strip()


@pytest.fixture(scope="module")
def panel():
    return Panel("lang=en")


years = st.integers(1990, 2060)
spans = st.tuples(years, years).filter(lambda ends: ends[0] < ends[1])
words = {name: st.sampled_from(options) for name, options in OPTIONS.items()}
choices = st.builds(
    Choice,
    fit=st.none() | spans,
    without=st.lists(years, max_size=3, unique=True).map(tuple),
    prior=st.none() | st.integers(1, 5000).map(lambda n: n / 1000),
    reading=st.none() | st.sampled_from(["<= 35", "> 99.5", "= 100"]),
    **{name: st.none() | words[name] for name in ("method", "source", "basis", "partial")},
)
states = st.builds(
    State,
    indicator=st.sampled_from(["pm25", "green_cover"]),
    areas=st.lists(st.sampled_from(AREAS), min_size=1, unique=True).map(tuple),
    years=st.none() | spans,
    known=st.integers(2016, 2025),
    a=choices,
    b=choices,
    **{name: words[name] for name in ("view", "lang", "freq")},
)


@settings(max_examples=60, deadline=None)
@given(states)
def test_an_address_gives_back_the_state_it_was_written_from(state):
    assert read_address("?" + write_address(state)) == (state, [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=8), st.text(max_size=20))))
def test_no_address_breaks_and_what_is_not_taken_is_named(pairs):
    state, problems = read_address(urlencode(pairs))
    assert isinstance(state, State)
    for key, _ in pairs:
        if key and key not in (*KEYS, "token"):
            assert any(key[:40] == one.values["key"] for one in problems)
    assert all(one.render("en") and one.render("zh") for one in problems)


ODD = """view=nope foo=1 lang=en&lang=zh indicator=pm2 areas=Atlantis years=2020-2015
years=２０１５-2020 known=2040 fit=2015 without=20x0 method=blend prior=1e3 prior=nan b_prior=0
reading=35 basis="""


@pytest.mark.parametrize("query", [*ODD.split(), "x" * 3000])
def test_an_odd_address_is_answered_with_one_line(query):
    state, problems = read_address(query)
    assert len(problems) == 1 and "\n" not in problems[0].render("en")
    assert state.view == "target"


def test_names_are_read_in_both_languages_and_many_entries_break_nothing():
    state, problems = read_address("indicator=PM2.5&areas=Xicheng,Dongcheng&token=secret")
    assert (state.indicator, state.areas, problems) == ("pm25", ("西城区", "东城区"), [])
    assert "token" not in write_address(state)
    assert read_address("a&" * 900)[0] == State()


def test_the_registered_setting_gives_the_registered_verdict(lang_en):
    for name in views.indicators_of(State()):
        one = views.judge_choice(State(indicator=name), Choice())
        own = xc.assess(one.data, xc.target(name), as_of=2020) if len(one.data) else one
        assert (one.verdict, one.key) == (own.verdict, own.key)
        under = [x.under_reading and x.under_reading.verdict for x in (one, own)]
        assert under[0] == under[1]


def test_a_change_gives_what_the_sensitivity_has_for_it(lang_en):
    table = xc.sensitivity("pm25").set_index(["choice", "setting"])
    moved = {
        ("window", "2016-2020"): Choice(fit=(2016, 2020)),
        ("without", "2020"): Choice(without=(2020,)),
        ("method", "last"): Choice(method="last"),
        ("prior_sd", "0.16"): Choice(prior=0.16),
        ("basis", "new"): Choice(basis="new"),
    }
    for key, choice in moved.items():
        one = views.judge_choice(State(), choice).under_reading
        assert one.p_meet == pytest.approx(table.loc[key, "p_meet"], rel=1e-12), key
        assert one.verdict == table.loc[key, "verdict"]
    shown = views.show(State(view="choices"))
    assert shown.finding.startswith(f"{table['moves'].sum()} of {len(table) - 1} changes")


@pytest.mark.parametrize("basis", [None, "raw"])
@pytest.mark.parametrize("without", [(), (2013, 2021)])
def test_the_headline_trend_stands_on_one_state_without_what_is_left_out(lang_en, basis, without):
    own = xc.trend(xc.series("pm25", basis="new").drop(list(without)))
    shown = views.show(State(view="series", a=Choice(basis=basis, without=without)))
    assert f"{own.slope:+.3g} µg/m³ a year" in shown.finding and f"{own.n} values" in shown.finding
    assert any("298.15 K" in line for line in shown.lines)
    left_out = any("not computed with: 2013, 2021" in line for line in shown.lines)
    assert left_out == bool(without)
    assert f"{xc.trend(xc.series('pm25')).slope:+.3g}" not in shown.finding


def test_several_areas_are_like_with_like_and_one_without_values_is_named(lang_en):
    drawn, _, _ = views.area_series(State(view="series", areas=AREAS))
    table = xc.compare("pm25", AREAS)
    for frame, area in zip(drawn, AREAS, strict=True):
        assert frame["value"].tolist() == table[area].dropna().tolist()
    assert 2021 in drawn[0].index and drawn[0].loc[2021, "status"] == "partial"
    shown = views.show(State(view="series", indicator="green_cover", areas=("西城区", "顺义区")))
    assert any("Shunyi" in line for line in shown.lines)
    with pytest.raises(xc.InputError, match="Shunyi, Miyun"):
        views.show(State(view="series", indicator="green_cover", areas=("顺义区", "密云区")))


def test_the_worst_month_is_that_of_the_table(lang_en):
    table = xc.months("o3_8h_p90", basis="new").loc[2018:2025].drop(2020).mean()
    years, without = (2018, 2025), Choice(without=(2020,))
    shown = views.show(State(view="months", indicator="o3_8h_p90", years=years, a=without))
    month = {5: "May", 6: "June", 7: "July"}[table.idxmax()]
    assert f"{month} is worst on average ({table.max():.0f}" in shown.finding


@pytest.mark.parametrize("known", [2020, 2025])
def test_the_fourteen_are_counted(lang_en, known):
    shown = views.show(State(view="table", known=known))
    verdicts = xc.scorecard(as_of=known)["verdict"]
    met, not_met = (int(verdicts.str.startswith(k).sum()) for k in ("met", "not met"))
    text = f"Of 14: {met} met, {not_met} not met, {14 - met - not_met} open"
    assert shown.finding.startswith(text) and len(shown.tables[0][2]) == 14


def test_two_settings_are_named_by_what_differs_and_drawn_on_one_scale(lang_en):
    state = State(view="compare", b=Choice(method="last", fit=(2017, 2020)))
    shown = views.show(state)
    assert shown.lines[0] == "A Years fitted: 2015–2020, Method: weighted paths"
    assert shown.lines[1] == "B Years fitted: 2017–2020, Method: mean of the last two years"
    assert len({chart.keywords["ylim"] for chart in shown.charts}) == 1
    assert views.show(replace(state, b=Choice())).lines[0] == "A the same setting"


NO_RESULT = """
indicator=traffic_noise&reading=<= 65
fit=2015-2023
indicator=green_cover&source=station
indicator=green_cover&basis=new
indicator=gdp
view=compare&indicator=gdp
view=series&years=1990-1995
view=series&areas=西城区,北京市&freq=monthly
view=months&indicator=green_cover
"""


@pytest.mark.parametrize("query", NO_RESULT.split("\n")[1:-1])
def test_a_setting_without_a_result_says_why_in_the_panel(panel, query):
    state, problems = read_address(query, lang="en")
    assert not problems
    panel.show(state)
    assert told(panel, "problems") and not told(panel, "answer", "picture", "details")


def test_points_carry_value_evidence_and_source(lang_en):
    _, _, points = views.draw_picture(views.show(State(view="series")), 174)
    cells = {cells[1]: cells for _, _, cells in points}
    assert cells["2015"][4] == "computed from hourly records" and "UCI" in cells["2015"][5]
    assert cells["2021"][4].startswith("estimated") and cells["2021"][3]
    assert all(0 < x < 1 and 0 < y < 1 for x, y, _ in points)
    across = [x for x, _, _ in points]
    assert across == sorted(across) and len(cells) == 13


def test_a_citation_makes_sense_on_paper(lang_en):
    state = State(view="target", a=Choice(method="last"))
    text = views.cite(state, views.show(state))
    assert "mean of the last two years" in text and "Beijing monitoring centre" in text
    assert "method=last" in text and "127.0.0.1" not in text and "token" not in text


@pytest.mark.parametrize("view", OPTIONS["view"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_view_shows_whole_words(panel, lang, view):
    panel.show(State(view=view, lang=lang))
    assert told(panel, "answer") and not told(panel, "problems")
    assert not re.search(r"\bnan\b|NaN|None|<NA>", told(panel))
    fields = [field for field in panel._fields.values() if field.layout.display != "none"]
    shown = [field.children for field in fields if field.children[0].description]
    labels = [control.description for control, _ in shown]
    helps = [plain(help_text.value) for _, help_text in shown]
    assert labels and all(helps)
    if lang == "en":  # titles of sources are quoted as they are
        cited = re.sub(r"<ol>.*?</ol>", "", panel.parts["details"].value, flags=re.DOTALL)
        words = " ".join([told(panel, "title", "answer"), plain(cited), *labels, *helps])
        assert not re.findall("[\u4e00-\u9fff]+", words)


def test_controls_move_the_state_and_the_registered_value_leaves_the_address(panel):
    panel.show(State(lang="en"))
    control = panel.controls
    assert (control["fit_from"].value, control["prior"].value) == (2015, 0.08)
    before = told(panel, "answer")
    control["fit_from"].value = 2017
    assert panel.state.a.fit == (2017, 2020) and told(panel, "answer") != before
    control["fit_from"].value = 2015
    assert panel.state == State(lang="en") and told(panel, "answer") == before
    control["prior"].value = 0.2
    control["reading"].value = "≤ 30"
    control["without"].value = (2020,)
    assert panel.state.a == Choice(prior=0.2, reading="<= 30", without=(2020,))
    assert "prior=0.2" in panel.parts["address"].value
    control["without"].value = ()
    assert panel.state.a == Choice(prior=0.2, reading="<= 30")
    control["indicator"].value = "green_cover"
    assert panel.state.a == Choice() and control["prior"].value != 0.2
    control["view"].value = "months"  # which has no green cover
    assert panel.state.indicator == "pm25" and "Green cover" in told(panel, "problems")


NOT_TAKEN = [("fit_from", 2022), ("prior", -1.0), ("prior", 1e300), ("reading", "dirty")]


@pytest.mark.parametrize(("name", "value"), NOT_TAKEN)
def test_an_entry_that_is_not_taken_is_said_and_goes_back(panel, name, value):
    panel.show(State(lang="en"))
    usual = panel.controls[name].value
    panel.controls[name].value = value
    assert told(panel, "problems") and panel.state == State(lang="en")
    assert panel.controls[name].value == usual


def test_a_text_from_outside_is_escaped(panel):
    panel._asked("wide|lang=en&foo=1&<img src=x onerror=alert(1)>=1&reading=<script>")
    value = panel.parts["problems"].value
    assert "<img" not in value and "<script" not in value and "&lt;script&gt;" in value


def test_a_panel_keeps_the_notebooks_language_says_faults_and_is_one_line_in_a_page(
    panel, monkeypatch
):
    use_language("zh")
    panel.show(State(lang="en"))
    assert xc.tr("中", "en") == "中"
    monkeypatch.setattr(views, "show", lambda state: 1 / 0)
    panel.show(State(lang="en"))
    assert "ZeroDivisionError" in told(panel, "problems")
    assert "\n" not in repr(panel) and "xc explore" in repr(panel)


OWN = {"Host": "127.0.0.1:8000"}
FROM_HERE = [OWN, {"Host": "localhost:8000", "Sec-Fetch-Site": "none"}]
FROM_HERE += [OWN | {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}]
FOREIGN = [{}, {"Host": "example.org"}, {"Host": "127.0.0.1:8001"}]
FOREIGN += [OWN | {"Origin": origin} for origin in ("http://example.org", "null")]
FOREIGN += [OWN | {"Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]


def test_foreign_requests_are_known_by_their_headers():
    assert [one for one in FROM_HERE if server.is_foreign(one, 8000)] == []
    assert [one for one in FOREIGN if not server.is_foreign(one, 8000)] == []


def test_a_port_that_cannot_be_had_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(xc.InputError, match=str(taken.getsockname()[1])):
            server.free_port(taken.getsockname()[1])
    assert 1024 <= server.free_port() <= 65535


def test_kernels_are_limited_even_when_many_ask_at_once():
    kernels = []

    async def start():
        await asyncio.sleep(0.01)
        kernels.append("one")

    async def ask():
        asked = (manager.start_kernel() for _ in range(9))
        return await asyncio.gather(*asked, return_exceptions=True)

    manager = SimpleNamespace(list_kernel_ids=lambda: kernels, start_kernel=start)
    server.limit_kernels(manager, 3)
    answers = asyncio.run(ask())
    assert len(kernels) == 3
    assert sum(getattr(one, "status_code", None) == 503 for one in answers) == 6
