"""The report's text: every value from the data, a missing one named with its place."""

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.documents import document, illustrations
from xc_analysis.documents.audience import restricted
from xc_analysis.documents.document import render, report_markdown
from xc_analysis.documents.document_tables import conflicts, one
from xc_analysis.documents.summary import as_markdown, chance, gather, number, summary
from xc_analysis.errors import InputError

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
    assert not re.search(r"\bnan\b", text.lower())


def test_the_summary_agrees_with_the_scorecard(known):
    card = xc.scorecard().set_index("indicator")
    page = summary(dataclasses.replace(known, lang="en"))
    cannot = (card["verdict"] == "cannot be judged").sum()
    assert f"For these {cannot} no verdict" in page.cannot[-1]
    green = next(line for line in page.likely if "Green cover" in line)
    assert card.at["green_cover", "verdict"] in green
    assert f"{card.at['green_cover', 'p_meet']:.0%}" in green


def test_the_summary_fits_a_page(known):
    # a page of the Chinese summary holds about 30 lines of 36 characters
    lines = as_markdown(summary(known), "zh").splitlines()
    assert sum(max(1, -(-len(line) // 36)) for line in lines if line) <= 38


def test_numbers_and_chances():
    assert number(-2.345, 1) == "\u22122.3"
    assert number(float("nan"), 1) == "—"
    assert (chance(0.004), chance(0.74), chance(0.999)) == ("<1%", "74%", ">99%")


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
    assert "{{" not in text and not re.search(r"\bnan\b", text)
    register = xc.load("assumptions")
    assert all(i.replace("_", r"\_" + "\u200b") in text for i in register["id"])


def test_an_impossible_value_is_named(known):
    card = known.card.copy()
    card.loc[card["indicator"] == "green_cover", "baseline"] = 131.8
    wrong = dataclasses.replace(known, card=card)
    with pytest.raises(InputError, match="green_cover: 131.8 lies outside"):
        report_markdown(wrong, [], data=ROOT / "data")


def test_what_a_figure_shows_is_written_from_its_table():
    names = xc.load("indicators").set_index("indicator")
    table = pd.DataFrame(
        {"scope": "西城区", "indicator": "pm25", "year": [2015, 2020], "value": [83.0, 40.0],
         "status": "printed"}
    )  # fmt: skip
    told = illustrations.described(table, names, "en")
    assert "83 µg/m³ in 2015" in told and "40 µg/m³ in 2020" in told
    twice = pd.concat([table, table.assign(value=[1.0, 2.0])])
    assert "83" not in illustrations.described(twice, names, "en")
    assert illustrations.described(pd.DataFrame(), names, "en") == "no data"


@pytest.mark.parametrize(
    ("cell", "word"),
    [("public", "public"), ("public; 2025 draft", "draft"), ("internal", "internal"),
     (float("nan"), "public")],
)  # fmt: skip
def test_the_most_restrictive_word_counts(cell, word):
    assert illustrations.release_of(cell) == word


def test_the_public_sees_public_rows_only(tmp_path):
    import shutil

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
