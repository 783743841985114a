"""The report's text: every value from the data, a missing one named with its place."""

import dataclasses
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.documents import document, illustrations, readings, wording
from xc_analysis.documents.audience import restricted
from xc_analysis.documents.bilingual import one_language, paragraphs
from xc_analysis.documents.citing import citations, quoted
from xc_analysis.documents.document import render, report_markdown
from xc_analysis.documents.document_tables import conflicts, one
from xc_analysis.documents.register_words import in_units, worded
from xc_analysis.documents.summary import as_markdown, counts, gather, summary
from xc_analysis.documents.wording import chance, number
from xc_analysis.errors import InputError

NBSP = "\u00a0"
EMPTY = re.compile(r"(?<![A-Za-z])(?:nan|NaN|None|NaT)(?![A-Za-z])|<NA>|&lt;NA&gt;")
ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(document.__file__).parent


@pytest.fixture(scope="module")
def known():
    return gather(data=ROOT / "data")


@pytest.mark.parametrize("value", [None, "", "  ", float("nan"), float("inf")])
def test_a_missing_value_stops_and_names_the_place(value):
    with pytest.raises(InputError, match=r"report\.md:2: \{\{pm25\}\}"):
        render("first line\nPM is {{pm25}}.", {"pm25": value}, place="report.md")


def test_an_unknown_slot_is_named():
    with pytest.raises(InputError, match=r"t:1: \{\{nonsense\}\}: nothing of this name"):
        render("{{nonsense}}", {"pm25": 1}, place="t")


def test_values_are_put_in():
    assert render("{{ a }} and {{b}}", {"a": 40, "b": "x"}, place="t") == "40 and x"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_templates_hold_no_typed_numbers(lang):
    text = (PACKAGE / f"report_{lang}.md").read_text(encoding="utf-8")
    words = re.sub(r"\{\{.*?\}\}|Appendix \d\.", "", text)
    assert not re.search(r"\d", words)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_indicator_of_the_plan_is_in_the_summary_or_counted(known, lang):
    known = dataclasses.replace(known, lang=lang)
    page = summary(known)
    text = "\n".join([*page.known, *page.likely, *page.cannot])
    for row in known.card.to_dict("records"):
        assert known.name(row) in text
    assert not EMPTY.search(text)


def test_the_summary_agrees_with_the_scorecard(known):
    card = xc.scorecard().set_index("indicator")
    page = summary(dataclasses.replace(known, lang="en"))
    cannot = (card["verdict"] == "cannot be judged").sum()
    assert any(f"For the {cannot} that lack a number no verdict" in line for line in page.cannot)
    green = next(line for line in page.likely if "Green cover" in line)
    assert card.at["green_cover", "verdict"] in green
    assert f"{card.at['green_cover', 'p_meet']:.0%}".replace("%", f"{NBSP}%") in green


def test_the_gap_is_told_and_counted_apart(known):
    observations = xc.load("observations")
    own = observations[
        (observations["indicator"] == "park_500m_coverage") & (observations["scope"] == "西城区")
        & (observations["year"] == 2020) & (observations["period"] == "annual") & observations["use"]
    ]  # fmt: skip
    targets = xc.load("targets").set_index("target_id")
    gap = targets.at["t145_13", "value"] - own["value"].iloc[0]
    told = "\n".join(summary(known).likely)
    assert f"{gap:.2f}{NBSP}个百分点" in told
    verdicts = xc.scorecard(as_of=known.as_of)["verdict"]
    found = counts(known)
    assert found["cannot"] == (verdicts == "cannot be judged").sum()
    assert found["gap"] == verdicts.str.startswith("gap only").sum() == 1
    assert sum(found.values()) == len(verdicts)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_indicator_is_both_likely_and_beyond_judgement(known, lang):
    known = dataclasses.replace(known, lang=lang)
    page = summary(known)
    likely, cannot = "\n".join(page.likely), "\n".join(page.cannot)
    for row in known.card.to_dict("records"):
        assert (known.name(row) in likely) != (known.name(row) in cannot)


def test_the_summary_is_in_plain_words(known):
    zh = "\n".join(line for part in dataclasses.astuple(summary(known)) for line in part)
    for jargon in ("按读法", "依据 D 级", "仅凭余量", "目标 定性目标", "；以及"):
        assert jargon not in zh
    page = summary(dataclasses.replace(known, lang="en"))
    en = "\n".join(line for part in dataclasses.astuple(page) for line in part)
    assert "6.85 million t" in en.replace(NBSP, " ")
    for jargon in ("10⁴", "by margin alone", "; and a value", "the record made", "十四五"):
        assert jargon not in en
    # every number of the lines with several years carries its unit
    moved = next(line for line in page.known if "With an earlier value" in line)
    assert not re.search(r"\d in \d{4}", moved)


def test_the_summary_fits_a_page(known):
    # below heading and labels a page holds 36 lines of 14 points, 38 characters of 10.5 points each
    def lines(text):
        wide = sum(1.0 if ord(c) > 0x2E7F else 0.55 for c in text)
        return max(1, -(-wide // 38))

    shown = [line for line in as_markdown(summary(known), "zh").splitlines() if line]
    assert sum(map(lines, shown)) <= 36


@pytest.mark.parametrize(
    ("value", "places", "unit", "zh", "en"),
    [
        (685, 0, "10⁴t", "685_万吨", "6.85_million_t"),
        (4500, 0, "10⁸ yuan", "4500_亿元", "450.0_billion_yuan"),
        (110.4, 1, "10⁴ persons", "110.4_万人", "1.104_million_persons"),
        (0.5, 2, "10⁴m²", "0.50_万平方米", "5000_m²"),
        (31.8, 2, "%", "31.80%", "31.80_%"),
        (-0.04, 1, "pp", "0.0_个百分点", "0.0_pp"),
        (53.84, 1, "dB(A)", "53.8_dB(A)", "53.8_dB(A)"),
    ],
)
def test_amounts_in_each_language(value, places, unit, zh, en):
    told = [wording.amount(value, places, unit, lang).replace(NBSP, "_") for lang in ("zh", "en")]
    assert told == [zh, en]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("75 - 35", "75 − 35"), ("-18", "−18"), ("差-0.3", "差−0.3"), ("2013-12", "2013-12"),
     ("GB 3095-2012", "GB 3095-2012"), ("(a) - 1", "(a) − 1"), ("11-3", "11-3")],
)  # fmt: skip
def test_a_minus_is_no_hyphen(text, shown):
    assert wording.minus(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("表2 第13行", "Table 2 row 13"), ("表2第3行", "Table 2 row 3"),
     ("第一章一（四）首段；表2第14行", "chapter 1 section 1 (4) first paragraph; Table 2 row 14"),
     ("第十二章", "chapter 12"), ("附件里的话", ""), (None, "")],
)  # fmt: skip
def test_a_place_in_a_document_in_english(text, shown):
    assert wording.locator_words(text, "en") == shown
    assert wording.locator_words(text, "zh") == (text or "")


def test_numbers_and_chances():
    assert number(-2.345, 1) == "\u22122.3"
    assert number(float("nan"), 1) == "—"
    assert (chance(0.004), chance(0.74), chance(0.999)) == ("<1%", "74%", ">99%")
    assert chance(0.74, "en") == f"74{NBSP}%"


def test_one_language_of_a_bilingual_cell():
    assert one("站点记录 / station record；按天数 / by days", "zh") == "站点记录；按天数"
    assert one("站点记录 / station record；按天数 / by days", "en") == "station record; by days"
    assert one("转载页 re-post", "en") == "re-post"
    assert one(None, "zh") == ""


def test_conflicts_are_the_rows_that_differ_from_the_one_in_use():
    base = {"scope": "A", "indicator": "pm25", "statistic": "mean", "year": 2020,
            "period": "annual", "note": None}  # fmt: skip
    frame = pd.DataFrame(
        [
            {**base, "value": 40.0, "use": True},
            {**base, "value": 41.0, "use": False},
            {**base, "value": 40.0, "use": False},
            {**base, "value": 39.0, "use": False, "year": 2019},
        ]
    )
    found = conflicts(frame)
    assert found[["value", "value_use"]].to_numpy().tolist() == [[41.0, 40.0]]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_whole_report(known, lang):
    text = report_markdown(dataclasses.replace(known, lang=lang), [], data=ROOT / "data")
    assert "{{" not in text and not EMPTY.search(text)
    register = xc.load("assumptions")
    assert all(i.replace("_", r"\_" + "\u200b") in text for i in register["id"])


def test_an_impossible_value_is_named(known):
    card = known.card.copy()
    card.loc[card["indicator"] == "green_cover", "baseline"] = 131.8
    wrong = dataclasses.replace(known, card=card)
    with pytest.raises(InputError, match="green_cover: 131.8 lies outside"):
        report_markdown(wrong, [], data=ROOT / "data")


def test_the_text_of_an_item_has_the_baseline_and_the_newest_value(known):
    text = report_markdown(known, [], data=ROOT / "data")
    item = next(line for line in text.splitlines() if line.startswith("**细颗粒物"))
    annual = xc.load("air/annual")
    own = annual[(annual["scope"] == "西城区") & (annual["indicator"] == "pm25")
                 & annual["completeness"].isin(["strict", "adequate"])]  # fmt: skip
    last = own.sort_values("year").iloc[-1]
    assert f"2020 年为 40{NBSP}µg/m³（公布）" in item
    assert f"{last['year']} 年为 {last['value']:.0f}{NBSP}µg/m³（按逐时记录计算）" in item


def test_english_papers_hold_no_chinese_but_the_stations_names(known):
    text = report_markdown(dataclasses.replace(known, lang="en"), [], data=ROOT / "data")
    for station in known.home.stations:
        text = text.replace(station, "")
    assert not re.findall(r".*[\u3400-\u9fff].*", text)


def test_sources_in_english_go_by_their_short_names():
    rows = xc.load("sources").set_index("source_id")
    cited = citations(None, "en")
    short = rows["short_en"].dropna()
    assert len(short) and all(cited[i].startswith(name.strip()) for i, name in short.items())
    assert quoted("关于《办法》的通知") == "《关于〈办法〉的通知》"


def test_the_register_is_told_in_words():
    register, names = xc.load("assumptions"), xc.load("indicators").set_index("indicator")
    shown = worded(register, names, lambda scope: f"<{scope}>", "zh").set_index("id")
    assert shown.at["prior_green_cover", "parameter"] == "年际离散的先验标准差"
    assert shown.at["fit_145_pm25", "source"] == "站点记录"
    assert shown.at["district", "value"] == "<西城区>"
    codes = set(register["parameter"].dropna()) | set(register["method"].dropna())
    assert not codes & (set(shown["parameter"]) | set(shown["method"]))


def test_conflicts_are_told_in_the_units_of_the_language():
    pairs = pd.DataFrame({"value_use": [4500.0], "value": [5007.3], "unit": ["10⁸ yuan"]})
    assert in_units(pairs, "zh").iloc[0].tolist() == [4500.0, 5007.3, "亿元"]
    assert in_units(pairs, "en").iloc[0].tolist() == pytest.approx([450.0, 500.73, "billion yuan"])


NAMES = xc.load("indicators").set_index("indicator")


def test_what_a_figure_shows_is_written_from_its_table():
    table = pd.DataFrame(
        {"scope": "西城区", "indicator": "pm25", "year": [2015, 2020], "value": [83.0, 40.0],
         "status": "printed"}
    )  # fmt: skip
    told = readings.described(table, NAMES, "en", {"西城区": "Xicheng"}.get).replace(NBSP, " ")
    assert told == "PM₂.₅ concentration (Xicheng, printed): 83 µg/m³ in 2015, 40 µg/m³ in 2020."
    mixed = table.assign(status=["derived", "printed"])
    assert "2015 年 83 µg/m³（由公布值推算），2020 年 40 µg/m³（公布）" in readings.described(
        mixed, NAMES, "zh").replace(NBSP, " ")  # fmt: skip
    twice = pd.concat([table, table.assign(value=[1.0, 2.0])])
    assert "in 2015" not in readings.described(twice, NAMES, "en")
    assert readings.described(pd.DataFrame(), NAMES, "en") == "no data"


def test_a_scope_that_is_not_there_is_not_told():
    table = pd.DataFrame(
        {"scope": [None, float("nan")], "indicator": "area_noise", "year": [2019, 2020],
         "value": [54.0, 53.8], "status": "printed"}
    )  # fmt: skip
    for lang in ("zh", "en"):
        told = readings.described(table, NAMES, lang)
        assert not EMPTY.search(told) and "53.8" in told


def test_the_years_of_an_incomplete_record_are_not_the_ends_of_a_series():
    table = pd.DataFrame(
        {"indicator": "pm25", "year": [2013, 2014, 2023, 2025], "value": [83.0, 88, 38, 29],
         "status": "computed", "completeness": ["partial", "strict", "strict", "partial"]}
    )  # fmt: skip
    told = readings.described(table, NAMES, "en")
    assert "in 2014" in told and "in 2023" in told and "2013" not in told and "2025" not in told


def test_many_series_are_counted_and_named():
    codes = ["pm25", "pm10", "no2", "so2", "co_p95", "heavy_days"]
    table = pd.DataFrame({"indicator": codes, "year": 2020, "value": 4.0, "status": "printed"})
    told = readings.described(table, NAMES, "zh")
    assert "另画 2 条序列" in told and NAMES.at["heavy_days", "name_zh"] in told
    assert not re.search(r"co_p95|heavy_days", told)


def test_kinds_are_counted_and_places_of_extremes_named():
    kinds = pd.DataFrame({"indicator": ["pm25", "pm25", "no2"], "year": [2019, 2020, 2020],
                          "evidence": ["printed", "printed", "bound"]})  # fmt: skip
    assert readings.described(kinds, NAMES, "en") == (
        "2 indicators, 2019–2020: printed 2, a bound only 1."
    )
    places = pd.DataFrame({"station": ["甲", "乙", "丙"], "change_pct": [-60.8, -36.7, -50.0]})
    assert readings.described(places, NAMES, "zh") == "变化，最小 −60.8%（甲），最大 −36.7%（乙）。"
    codes = pd.DataFrame({"indicator": ["o3_8h", "o3"], "value": [1.0, 2.0], "hour": [1, 2]})
    assert "o3" not in readings.described(codes, NAMES, "zh")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_figure_of_the_project_is_told_by_its_rows_or_a_missing_word(lang):
    for path in sorted((ROOT / "figures" / lang).glob("*.csv")):
        told = readings.described(illustrations.read_table(path), NAMES, lang)
        assert told and not EMPTY.search(told), path.stem
        assert not re.match(r"图中数据|\d+ rows", told), path.stem


def test_captions_are_the_figures_own_titles(tmp_path):
    svg = tmp_path / "a.svg"
    svg.write_text('<g id="xc-title">\n<!-- Figure 1  air &amp; more, -->\n<!-- 2013 -->\n</g><g id="x">'
                   "<!-- axis --></g>", encoding="utf-8")  # fmt: skip
    assert illustrations.title_of(svg, ["# x"], "en") == "Air & more, 2013"
    none = tmp_path / "none.svg"
    heads = ["可比性　/　What compares", "6　新标准　/　the new standard"]
    assert illustrations.title_of(none, heads, "zh") == "可比性：新标准"
    assert illustrations.title_of(none, heads, "en") == "What compares: The new standard"
    assert (
        illustrations.title_of(none, ["图1　空气　/　Figure 1: air", "图1　/　Figure 1"], "zh")
        == "空气"
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_titles_in_the_projects_figures_differ(lang):
    titles = [
        illustrations.title_of(p, [p.stem], lang) for p in (ROOT / "figures" / lang).glob("*.svg")
    ]
    assert len(set(titles)) == len(titles) > 30


def test_the_sentence_below_a_figure_is_its_reading():
    def said(*texts):
        outputs = [{"data": {"text/markdown": text}} for text in texts]
        return {"cell_type": "code", "source": "", "metadata": {}, "outputs": outputs}

    drawn = {"cell_type": "code", "source": "", "metadata": {"figures": ["a"]}, "outputs": []}
    prose = {"cell_type": "markdown", "source": "## 下一节　/　Next", "metadata": {}}
    cells = [drawn, said("读图：高。\n\nReading it: high.", "别的。\n\nElse."), prose,
             said("读图：不是它。\n\nReading it: not this.")]  # fmt: skip
    assert illustrations.reading_after(cells, 0, "zh") == "高。"
    assert illustrations.reading_after(cells, 0, "en") == "High."
    assert illustrations.reading_after([drawn, prose], 0, "en") == ""
    assert one_language("水　/　Water", "en") == "Water"
    assert paragraphs("水 **A**。\nWater.", "zh") == ["水 A。"]


@pytest.mark.parametrize(
    ("cell", "word"),
    [("public", "public"), ("public; 2025 draft", "draft"), ("internal", "internal"),
     (float("nan"), "public")],
)  # fmt: skip
def test_the_most_restrictive_word_counts(cell, word):
    assert illustrations.release_of(cell) == word


def test_the_public_sees_public_rows_only(tmp_path):

    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data", folder)
    path = folder / "observations.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",public,", ",internal,", 1), encoding="utf-8")
    before = path.read_bytes()
    with restricted(folder, "public") as (shown, withheld):
        assert withheld["observations"] == 1
        assert set(xc.load("observations", data=shown)["release"]) == {"public"}
        assert set(xc.load("air/annual", data=shown)["release"]) == {"public"}
    assert path.read_bytes() == before and not shown.exists()
    with restricted(folder, "internal") as (shown, withheld):
        assert shown == folder and not withheld
    with pytest.raises(InputError, match="public or internal"), restricted(folder, "press"):
        pass


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_line_without_a_target_or_a_reading_holds_no_word_of_a_missing_value(tmp_path, lang):
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data", folder)
    lines = (folder / "targets.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("t145_12,")]
    kept = [line.replace("read_heavy_eliminated", "") for line in kept]
    (folder / "targets.csv").write_text("".join(kept), encoding="utf-8")
    known = gather(data=folder, lang=lang)
    text = report_markdown(known, [], data=folder)
    assert not EMPTY.search(text)
    assert known.name(known.card.set_index("indicator").loc["traffic_noise"]) in text
