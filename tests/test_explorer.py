"""The explorer without a browser: addresses, views against the package, the panel's controls."""

import asyncio
import re
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode

import minipack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.explorer import server, views
from xc_analysis.explorer.panel import Panel
from xc_analysis.explorer.state import KEYS, OPTIONS, Choice, State, read_address, write_address
from xc_analysis.words import use_language

AREAS = ("西城区", "北京市", "东城区")


def told(panel, *parts):
    """What a reader sees of parts of the panel."""
    html = " ".join(panel.parts[name].value for name in parts or panel.parts)
    return " ".join(re.sub("<[^>]+>", " ", html).split())


@pytest.fixture(scope="module")
def panel():
    return Panel("lang=en")


year = st.integers(1990, 2060)
span = st.tuples(year, year).filter(lambda ends: ends[0] < ends[1]).map("{0[0]}-{0[1]}".format)
# what an address may say besides its defaults
ENTRIES = {name: st.sampled_from(options) for name, options in OPTIONS.items()}
ENTRIES |= {"view": st.sampled_from(OPTIONS["view"][1:]), "freq": st.just("monthly")}
ENTRIES |= {"indicator": st.just("green_cover"), "areas": st.just("东城区,北京市")}
ENTRIES |= {"years": span, "fit": span, "known": st.sampled_from(["2016", "2025"])}
ENTRIES |= {"without": st.sampled_from(["2019", "2021,2013"])}
ENTRIES |= {"prior": st.integers(1, 5000).map(lambda n: f"{n / 1000:g}")}
ENTRIES |= {"reading": st.sampled_from(["<= 35", "> 99.5", "= 100"])}
ENTRIES = {key: ENTRIES[key.removeprefix("b_")] for key in KEYS}


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=ENTRIES))
def test_an_address_holds_the_whole_state_and_gives_it_back(entries):
    state, problems = read_address(urlencode(entries))
    assert problems == [] and dict(parse_qsl(write_address(state))) == entries
    assert read_address("?token=secret&" + write_address(state)) == (state, [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=8), st.text(max_size=20))))
def test_no_address_breaks_and_what_is_not_taken_is_named(pairs):
    state, problems = read_address(urlencode(pairs))
    assert isinstance(state, State)
    for key, _ in pairs:
        if key and key not in (*KEYS, "token"):
            assert any(key[:40] == one.values["key"] for one in problems)
    assert all(one.render("en") and one.render("zh") for one in problems)


ADDRESSES = minipack.cases("explorer_addresses").to_numpy().tolist()


@pytest.mark.parametrize(("query", "shows"), [*ADDRESSES, ("x" * 3000, "yes")])
def test_an_odd_address_and_a_setting_without_a_result_are_answered_with_one_line(
    panel, query, shows
):
    panel.show(*read_address(query, lang="en"))
    assert panel.parts["problems"].value.count("<li>") == 1
    assert bool(told(panel, "answer", "picture", "details")) == (shows == "yes")


def test_verdicts_are_those_of_the_package(lang_en):
    for name in views.indicators_of(State()):
        one = views.judge_choice(State(indicator=name), Choice())
        own = xc.assess(one.data, xc.target(name), as_of=2020) if len(one.data) else one
        assert (one.verdict, one.key) == (own.verdict, own.key)
        under = [x.under_reading and x.under_reading.verdict for x in (one, own)]
        assert under[0] == under[1]
    for known in (2020, 2025):
        shown = views.show(State(view="table", known=known))
        verdicts = xc.scorecard(as_of=known)["verdict"]
        met, not_met = (int(verdicts.str.startswith(k).sum()) for k in ("met", "not met"))
        text = f"Of 14: {met} met, {not_met} not met, {14 - met - not_met} open"
        assert shown.finding.startswith(text) and len(shown.tables[0][2]) == 14


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
def test_the_headline_trend_stands_on_one_state_without_what_is_left_out(lang_en, basis):
    own = xc.trend(xc.series("pm25", basis="new").drop([2013, 2021]))
    shown = views.show(State(view="series", a=Choice(basis=basis, without=(2013, 2021))))
    assert f"{own.slope:+.3g} µg/m³ a year" in shown.finding and f"{own.n} values" in shown.finding
    for part in ("298.15 K", "not computed with: 2013, 2021"):
        assert any(part in line for line in shown.lines)


def test_several_areas_are_like_with_like_and_one_without_values_is_named(lang_en):
    drawn, _, _ = views.area_series(State(view="series", areas=AREAS))
    table = xc.compare("pm25", AREAS)
    for frame, area in zip(drawn, AREAS, strict=True):
        assert frame["value"].tolist() == table[area].dropna().tolist()
    assert drawn[0].loc[2021, "status"] == "partial"
    shown = views.show(State(view="series", indicator="green_cover", areas=("西城区", "顺义区")))
    assert any("Shunyi" in line for line in shown.lines)


def test_the_worst_month_is_that_of_the_table(lang_en):
    table = xc.months("o3_8h_p90", basis="new").loc[2018:2025].drop(2020).mean()
    years, without = (2018, 2025), Choice(without=(2020,))
    shown = views.show(State(view="months", indicator="o3_8h_p90", years=years, a=without))
    month = {5: "May", 6: "June", 7: "July"}[table.idxmax()]
    assert f"{month} is worst on average ({table.max():.0f}" in shown.finding


def test_two_settings_are_named_by_what_differs_and_drawn_on_one_scale(lang_en):
    state = State(view="compare", b=Choice(method="last", fit=(2017, 2020)))
    shown = views.show(state)
    assert shown.lines[0] == "A Years fitted: 2015–2020, Method: weighted paths"
    assert shown.lines[1] == "B Years fitted: 2017–2020, Method: mean of the last two years"
    assert len({chart.keywords["ylim"] for chart in shown.charts}) == 1
    assert views.show(replace(state, b=Choice())).lines[0] == "A the same setting"


def test_points_carry_value_evidence_and_source_and_a_citation_the_setting(lang_en):
    _, _, points = views.draw_picture(views.show(State(view="series")), 174)
    cells = {cells[1]: cells for _, _, cells in points}
    assert cells["2015"][4] == "computed from hourly records" and "UCI" in cells["2015"][5]
    assert cells["2021"][4].startswith("estimated") and cells["2021"][3]
    assert all(0 < x < 1 and 0 < y < 1 for x, y, _ in points) and len(cells) == 13
    state = State(view="target", a=Choice(method="last"))
    text = views.cite(state, views.show(state))
    assert "mean of the last two years" in text and "Beijing monitoring centre" in text
    assert "method=last" in text and "127.0.0.1" not in text


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
    control["indicator"].value = "green_cover"
    assert panel.state.a == Choice() and control["prior"].value != 0.2
    control["view"].value = "months"  # which has no green cover
    assert panel.state.indicator == "pm25" and "Green cover" in told(panel, "problems")
    panel.show(State(lang="en"))
    not_taken = [("fit_from", 2022), ("prior", -1.0), ("prior", 1e300), ("reading", "dirty")]
    for name, value in not_taken:
        usual = control[name].value
        control[name].value = value
        assert told(panel, "problems") and panel.state == State(lang="en")
        assert control[name].value == usual


def test_faults_are_said_and_a_text_from_outside_is_escaped(panel, monkeypatch):
    panel._asked("wide|lang=en&foo=1&<img src=x onerror=alert(1)>=1&reading=<script>")
    value = panel.parts["problems"].value
    assert "<img" not in value and "<script" not in value and "&lt;script&gt;" in value
    use_language("zh")  # the notebook's, which stays
    monkeypatch.setattr(views, "show", lambda state: 1 / 0)
    panel.show(State(lang="en"))
    assert "ZeroDivisionError" in told(panel, "problems") and xc.tr("中", "en") == "中"


def test_foreign_requests_are_known_by_their_headers():
    own = [{}, {"Host": "localhost:8000", "Sec-Fetch-Site": "none"}]
    own += [{"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}]
    foreign = [{"Host": "example.org"}, {"Host": "127.0.0.1:8001"}, {"Origin": "null"}]
    foreign += [{"Origin": "http://example.org"}, {"Sec-Fetch-Site": "cross-site"}]
    for headers in own + foreign:
        is_foreign = server.is_foreign({"Host": "127.0.0.1:8000"} | headers, 8000)
        assert is_foreign == (headers in foreign), headers


def test_kernels_are_limited_even_when_many_ask_at_once():
    async def ask():
        asked = (manager.start_kernel() for _ in range(20))
        return await asyncio.gather(*asked, return_exceptions=True)

    manager = SimpleNamespace(list_kernel_ids=list, start_kernel=lambda: asyncio.sleep(0.01))
    server.limit_kernels(manager)
    assert [one.status_code for one in asyncio.run(ask()) if one] == [503] * 12
