"""The two figures about the plan: one mark for each row, nothing lost, nothing unreadable."""

import warnings

import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.errors import InputError


@pytest.fixture(autouse=True)
def closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def marks(ax) -> list[str]:
    """Markers of single points, as drawn."""
    return [line.get_marker() for line in ax.lines if len(line.get_xdata()) == 1]


def draw(function, data, lang: str):
    """Axes drawn in one language, every warning (a missing glyph among them) an error."""
    with xc.use_style(lang), warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = function(data)
        ax.figure.canvas.draw()
    return ax


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_statement_has_its_mark(lang):
    judged = xc.statements()
    ax = draw(xc.plot_statements, judged, lang)
    drawn = pd.Series(marks(ax)).value_counts()
    wanted = judged["verdict"].value_counts()
    assert drawn["D"] == wanted["differs"]
    assert drawn["_"] == wanted["cannot tell"]
    assert drawn["x"] == wanted["left out"]
    assert drawn["o"] == wanted["agrees"] + wanted["implies"]
    labels = [text.get_text() for text in ax.get_yticklabels()]
    column = {"zh": "chapter", "en": "chapter_en"}[lang]
    assert labels == list(dict.fromkeys(judged[column]))


def test_what_is_written_under_a_mark():
    judged = xc.statements().set_index("statement_id", drop=False)
    ax = draw(xc.plot_statements, judged.loc[["a06", "b07", "b11", "d03", "t12"]], "en")
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["<10", "40\n≠50", "→7.65", "1.42\n≠0.55", "69.6"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_commitment_has_its_mark(lang):
    plan = xc.load("projects")
    ax = draw(xc.plot_commitments, plan, lang)
    known = plan["outturn_obs"].notna().sum()
    assert len(marks(ax)) == len(plan) + known
    assert marks(ax).count("s") == (plan["kind"] == "project").sum()


def test_one_timing_alone_can_be_drawn():
    plan = xc.load("projects")
    ax = draw(xc.plot_commitments, plan[plan["timing"] == "dated"], "en")
    assert "dated" in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: f.drop(columns="verdict"), "no column 'verdict'"),
        (lambda f: f.iloc[:0], "no rows"),
        (lambda f: f.assign(verdict="perhaps"), "'perhaps' is not known"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, complaint):
    with pytest.raises(InputError, match=complaint):
        xc.plot_statements(change(xc.statements()))
