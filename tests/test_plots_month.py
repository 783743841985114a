"""What the monthly page and the seasonal pictures draw, read back from the artists."""

import io
import re
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from xc_analysis import cli, series, style, trend
from xc_analysis.drawing import palette, plots_month, plots_seasons
from xc_analysis.pages import seasons
from xc_analysis.pages.month_page import month_data, month_page


@pytest.fixture(autouse=True)
def clean():
    with style.use_style("zh"), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        warnings.filterwarnings("error", message="constrained_layout")
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def may():
    return month_page(2023, 5)


def drawn(ax, gid):
    return [a for a in ax.findobj() if a.get_gid() == gid]


def texts(artist):
    return [t.get_text() for t in artist.findobj(plt.Text) if t.get_text()]


def test_each_day_is_a_bar_of_its_value_coloured_by_its_cause(may):
    ax = plots_month.plot_month_days(may)
    bars = [p for p in ax.patches if p.get_width() == 0.78]
    assert [b.get_height() for b in bars] == pytest.approx(may.days["value"].tolist())
    plain = [plt.matplotlib.colors.to_hex(b.get_facecolor()) for b in bars]
    past = may.days["cause"].notna().tolist()
    assert [c != plots_month.PLAIN.lower() for c in plain] == past
    written = [t for t in texts(ax) if re.fullmatch(r"1\d\d", t)]
    assert sorted(written) == sorted(may.exceedances["aqi"].astype(str))
    assert not drawn(ax, "missing")


def test_days_without_a_value_are_crosses_and_break_the_running_mean():
    page = month_page(2019, 9, indicator="no2")
    ax = plots_month.plot_month_days(page)
    (cross,) = drawn(ax, "missing")
    gone = page.days.loc[page.days["value"].isna(), "date"].dt.day.tolist()
    assert list(cross.get_xdata()) == gone and gone
    (running,) = drawn(ax, "running")
    assert np.isnan(running.get_ydata()[np.array(gone) - 1]).all()


def test_the_two_blocks_of_the_budget_have_the_area_of_the_limit(may):
    ax = plots_month.plot_month_budget(may)
    (done,), (rest,) = (
        [p for p in ax.patches if p.get_gid() == gid] for gid in ("to date", "rest")
    )
    area = done.get_width() * done.get_height() + rest.get_width() * rest.get_height()
    assert area == pytest.approx(35.5 * 365)
    assert done.get_width() + rest.get_width() == 365


def test_a_limit_out_of_reach_has_no_block_and_says_so():
    page = month_page(2013, 10)
    ax = plots_month.plot_month_budget(page)
    blocks = [p for p in ax.patches if p.get_gid() == "rest"]
    assert len(blocks) == (page.budget["remaining_mean"] >= 0).sum() == 1
    assert any("35" in t and "已无法达到" in t for t in texts(ax))


def test_after_december_nothing_remains():
    ax = plots_month.plot_month_budget(month_page(2016, 12))
    assert not [p for p in ax.patches if p.get_gid() == "rest"]
    assert any("35" in t and "仍高于" in t for t in texts(ax))


def test_a_month_with_few_days_is_not_ranked():
    page = month_page(2024, 6)
    assert page.rank is None
    ax = plots_month.plot_month_record(page)
    assert "不排名" in ax.get_title(loc="left")
    hollow = drawn(ax, "status:partial")
    assert any(2024 in line.get_xdata() for line in hollow)


@pytest.mark.parametrize(("rank", "zh", "en"), [
    (1, "最低", "the lowest"), (2, "第 2 低", "2nd lowest"), (3, "第 3 低", "3rd lowest"),
    (11, "第 11 低", "11th lowest"), (13, "最高", "the highest"),
])  # fmt: skip
def test_ranks_in_words(rank, zh, en):
    assert plots_month._place(rank, 13) == zh
    with style.use_style("en"):
        assert plots_month._place(rank, 13) == en


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("year", "month", "indicator"), [
    (2023, 5, "pm25"), (2025, 10, "pm25"), (2016, 10, "pm25"), (2013, 3, "so2"),
])  # fmt: skip
def test_the_page_is_laid_out_for_any_month(year, month, indicator, language):
    page = month_page(year, month, indicator=indicator)
    with style.use_style(language):
        fig = plots_month.month_figure(page)
        style.footer(fig, "x")
        fig.savefig(io.BytesIO(), format="png", dpi=60)
    heights = [ax.get_position().height for ax in fig.axes]
    assert min(heights) > 0.15
    said = " ".join(texts(fig))
    assert ("草稿" in said or "Draft" in said) == (year == 2025)
    chinese = re.findall(r"[\u4e00-\u9fff]+", said.replace(page.scope, ""))
    assert language == "zh" or not chinese


def test_brackets_where_a_period_is_not_comparable(may):
    ax = plots_month.plot_month_table(may)
    assert "(+64 %)" in texts(ax)  # 31 days against 24 of 31
    assert any("85 %" in t for t in texts(ax))


def test_every_number_of_the_page_is_in_its_csv(may):
    data = month_data(may)
    assert set(data) == {"days", "record", "three-year mean", "budget", "table"}
    assert data["days"]["value"].tolist() == may.days["value"].tolist()
    record = data["record"].set_index(["period", "year"])["value"]
    assert record[("month", 2023)] == may.record.at[2023, "month"]
    assert record[("to date", 2023)] == may.record.at[2023, "to_date"]
    for frame in data.values():
        assert frame["source_id"].notna().all() and frame["status"].notna().all()
    early = data["record"].query("year == 2014")["source_id"].unique()
    assert list(early) == ["archive-hourly;uci-501"]


def test_the_command_prints_the_page_and_writes_its_figure(tmp_path, capsys):
    out = tmp_path / "pages"
    assert cli.main(["month", "2023-05", "--out", str(out), "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"pm25 +33\.6 +20\.4 +\(\+64 %\) +46\.8", told)
    assert "超标" in told and "20 (128)" in told
    names = sorted(p.name for p in out.iterdir())
    assert names == [f"month_2023-05_pm25_en.{kind}" for kind in ("csv", "png", "svg")]
    assert pd.read_csv(out / names[0])["panel"].nunique() == 5


@pytest.mark.parametrize(("argv", "words"), [
    (["2023-13"], "YYYY-MM"),
    (["1999-01"], "no valid day"),
    (["2023-05", "--indicator", "o3"], "pm25, pm10, no2 or so2"),
    (["2023-05", "--scope", "乌有区"], "乌有区"),
    (["2023-05", "--data", "nowhere"], "nowhere"),
])  # fmt: skip
def test_the_command_refuses_in_one_line(argv, words, capsys):
    assert cli.main(["month", *argv]) == 1
    told = capsys.readouterr()
    assert told.out == "" and words in told.err and len(told.err.splitlines()) == 1


# --- seasons ------------------------------------------------------------------------------------


def test_weekdays_are_points_with_their_intervals():
    frame = pd.DataFrame({"a": range(7), "a low": -1.0, "a high": 8.0, "a weeks": 9})
    ax = plots_seasons.plot_weekday(frame.rename_axis("weekday"))
    (dots,) = drawn(ax, "period:a")
    assert list(dots.get_ydata()) == list(range(7))
    (bars,) = drawn(ax, "interval")
    assert [tuple(s[:, 1]) for s in bars.get_segments()] == [(-1.0, 8.0)] * 7


def test_the_sen_line_has_the_slope_that_was_tested():
    whole = series("pm25", source="station", partial="drop", basis="new")
    result = trend(whole)
    ax = plots_seasons.plot_sen(
        series("pm25", source="station", partial="observed"), fitted=whole, result=result
    )
    (line,) = drawn(ax, "sen")
    x, y = line.get_data()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(result.slope)
    assert line.get_linestyle() == "-"  # p < 0.001


def test_errors_are_drawn_against_the_share_of_missing_days():
    table = pd.DataFrame(
        {"indicator": ["pm25", "no2"], "period": ["2021-10", "2020-01..09"], "months": [1, 9],
         "valid_days": [21, 270], "days": [30, 270], "error": [7.4, 0.0], "error_pct": [25.0, 1.0]}
    )  # fmt: skip
    ax = plots_seasons.plot_days_error(table)
    (month,) = [a for a in drawn(ax, "points:pm25") if len(a.get_xdata())]
    assert (month.get_xdata()[0], month.get_ydata()[0]) == (pytest.approx(30), 25)
    assert month.get_marker() == "o"
    (span,) = [a for a in drawn(ax, "points:no2") if len(a.get_xdata())]
    assert span.get_marker() == "s" and span.get_xdata()[0] == 0
    assert "2021-10" in texts(ax)


def test_bars_by_month_add_up_to_the_share_of_bad_days():
    index = pd.MultiIndex.from_product([["a", "b"], range(1, 13)], names=["period", "month"])
    frame = pd.DataFrame({"pm25": 10.0, "dust": 5.0, "o3": 2.0, "other": 0.0}, index=index)
    ax = plots_seasons.plot_month_ranges(frame)
    tops = {}
    for bar in ax.patches:
        x = round(bar.get_x(), 6)
        tops[x] = max(tops.get(x, 0), bar.get_y() + bar.get_height())
    assert len(tops) == 24 and set(tops.values()) == {17.0}


def test_stations_are_named_in_the_key():
    like = {"pm25": series("pm25", source="station", partial="observed")}
    years = seasons.station_years(like, stations=("官园", "万寿西宫"))
    ax = plots_seasons.plot_stations([*years.values(), like["pm25"]], names=["a", "b", "c"])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b", "c"]
    colors = [h.get_color() for h in ax.get_legend().legend_handles]
    assert colors == [palette.THEMES["air"], palette.THEMES["water"], palette.CITY]
