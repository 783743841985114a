"""The arithmetic of the themed notebooks against hand-computed values, and what it refuses."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis import InputError
from xc_analysis.pages import themes


@pytest.fixture(scope="module")
def observations():
    return xc.load("observations")


# --- decibels -----------------------------------------------------------------------------------


def test_energy_of_known_levels():
    # 3.0103 dB is a doubling, 10 dB a factor of ten, 0.4 dB is 9.6478 %
    assert themes.energy_ratio(10) == pytest.approx(10)
    assert themes.energy_ratio(10 * math.log10(2)) == pytest.approx(2)
    assert themes.energy_ratio(0.4) == pytest.approx(1.0964782, abs=1e-7)


@given(st.floats(-30, 30))
def test_decibels_undo_the_energy_ratio(d):
    assert themes.decibels(themes.energy_ratio(d)) == pytest.approx(d, abs=1e-9)


@pytest.mark.parametrize("ratio", [0.0, -1.0, [1.0, 0.0]])
def test_no_level_without_energy(ratio):
    with pytest.raises(InputError, match="no level"):
        themes.decibels(ratio)


def test_margin_of_traffic_noise():
    found = themes.noise_margin(69.6, 70)
    assert found.margin == pytest.approx(0.4)
    assert (found.low, found.high) == pytest.approx((0.35, 0.45))
    # 10^0.035 - 1 and 10^0.045 - 1
    assert found.growth == pytest.approx(0.09648, abs=5e-6)
    assert found.growth_low == pytest.approx(0.08393, abs=5e-6)
    assert found.growth_high == pytest.approx(0.10917, abs=5e-6)


def test_margin_over_the_limit_is_negative():
    found = themes.noise_margin(71.8, 70)
    assert found.margin == pytest.approx(-1.8) and found.growth < 0


# --- shares of few units ------------------------------------------------------------------------


def test_shares_of_the_thirteen_points():
    assert themes.counts_of([30.8, 53.8, 15.4], 13) == (4, 7, 2)


def test_share_of_no_whole_number_is_refused():
    with pytest.raises(InputError, match="40 % is no whole number of 4"):
        themes.counts_of([40], 4, half=0.5)


def test_bases_that_allow_a_share():
    # 75 %: 3/4 and its multiples; 40 % within 39..41: 2/5, 4/10, 6/15, 8/20, 9/22 = 40.9
    assert themes.bases_allowing(75, 15) == (4, 8, 12)
    assert themes.bases_allowing(40, 22, half=1) == (5, 10, 15, 20, 22)


@given(st.integers(1, 60), st.data())
def test_every_true_share_allows_its_own_base(n, data):
    k = data.draw(st.integers(0, n))
    assert n in themes.bases_allowing(round(100 * k / n), n)
    assert themes.counts_of([100 * k / n], n) == (k,)


# --- areas, sums, paces -------------------------------------------------------------------------


def test_hectares_of_points_of_cover():
    assert themes.hectares_of(1.42, 50.70) == pytest.approx(71.994)
    assert themes.hectares_of(0.05, 50.70) == pytest.approx(2.535)
    assert themes.hectares_of(100, 50.70) == pytest.approx(5070)
    with pytest.raises(InputError, match="above 0"):
        themes.hectares_of(1, 0)


def test_yearly_counts_both_ends():
    assert themes.yearly(21.5, 2016, 2020) == pytest.approx(4.3)
    assert themes.yearly(4.8, 2021, 2025) == pytest.approx(0.96)
    assert themes.yearly(7, 2020, 2020) == 7
    with pytest.raises(InputError, match="no span"):
        themes.yearly(1, 2021, 2020)


def test_yearly_change_compounds():
    # 0.7 ** 0.2 = 0.931149; 1.1 * 1.1 = 1.21
    assert themes.yearly_change(-30, 5) == pytest.approx(-6.8851, abs=1e-4)
    assert themes.yearly_change(21, 2) == pytest.approx(10)
    for percent, years in ((-100, 5), (-10, 0)):
        with pytest.raises(InputError, match="no yearly rate"):
            themes.yearly_change(percent, years)


def test_paces_of_the_coverage():
    seen = pd.DataFrame({"value": [97.57, 81.61, None, 95.03]}, index=[2020, 2015, 2016, 2017])
    found = themes.paces(seen, target=100, year=2025)
    assert found["kind"].tolist() == ["seen", "seen", "needed"]
    assert found["per_year"].tolist() == pytest.approx([6.71, 2.54 / 3, 0.486])
    assert found[["first", "last"]].to_numpy().tolist() == [
        [2015, 2017],
        [2017, 2020],
        [2020, 2025],
    ]


@pytest.mark.parametrize(("values", "year"), [([1.0], 2020), ([None], 2025)])
def test_paces_need_a_value_before_the_target(values, year):
    with pytest.raises(InputError, match="no value before"):
        themes.paces(pd.DataFrame({"value": values}, index=[2020]), target=1, year=year)


# --- what may be divided by what ----------------------------------------------------------------


def row(indicator="gdp", **given):
    plain = {
        "obs_id": indicator, "scope": "甲区", "indicator": indicator, "statistic": "total over year",
        "year": 2020, "period": "annual", "value": 10.0, "unit": "10⁸ yuan", "basis": "one",
        "source_id": "s",
    }  # fmt: skip
    return plain | given


CO2 = row("co2_total", unit="10⁴t", value=5.0)


@pytest.mark.parametrize(
    ("top", "bottom", "allowed", "code"),
    [
        (CO2, row(), "yes", "plain"),
        (CO2, row(value=float("nan")), "no", "unknown"),
        (CO2, row(scope="乙区"), "no", "scope"),
        (CO2, row(year=2019), "no", "period"),
        (CO2, row(period="2020-01..09"), "no", "period"),
        (
            CO2,
            row("gdp_growth", unit="%", statistic="change on the year before"),
            "no",
            "not_amount",
        ),
        (CO2, row("x", unit="10⁴t", statistic="ratio over year"), "no", "not_amount"),
        (row("co2_rank", unit="rank", statistic="rank of 16"), CO2, "no", "not_amount"),
        (CO2, row(basis="boundary-unstated"), "conditional", "boundary"),
        (
            CO2,
            row("population", basis="before-census-2020", unit="10⁴ persons"),
            "no",
            "superseded",
        ),
        (row(year=2021), row(year=2019, basis="another"), "no", "revision"),
        (row(), row(value=11.0), "no", "same"),
        (row(year=2021), row(year=2019), "conditional", "nominal"),
        (row(year=2021), row(year=2019, period="2019-01..09"), "no", "period"),
        ({**CO2, "year": 2021}, CO2, "yes", "one_basis"),
    ],
)
def test_rules_of_division(top, bottom, allowed, code):
    verdict = themes.may_divide(top, bottom)
    assert (verdict.allowed, verdict.code) == (allowed, code)
    assert verdict.reason_zh and verdict.reason_en


def test_divide_gives_a_number_or_the_reason():
    assert themes.divide(CO2, row()) == pytest.approx(0.5)
    with pytest.raises(InputError, match="co2_total / gdp: the years or periods differ"):
        themes.divide(CO2, row(year=2019))


def test_ratio_table_of_the_real_rows(observations):
    pairs = [("o0094", "o0102"), ("o0094", "o0104"), ("o0104", "o0099"), ("o0104", "o0103")]
    table = themes.ratio_table(observations, pairs)
    assert table["allowed"].tolist() == ["conditional", "no", "no", "conditional"]
    assert table["code"].tolist() == ["boundary", "period", "revision", "nominal"]
    # 685 / 4500 and 5408.1 / 5007.3
    assert table["ratio"].iloc[[0, 3]].tolist() == pytest.approx([0.152222, 1.080043], abs=1e-6)
    assert table["ratio"].iloc[[1, 2]].isna().all()
    assert table["unit"].tolist() == ["t/10⁴ yuan", "", "", "1"]
    with pytest.raises(InputError, match="no obs_id"):
        themes.ratio_table(observations, [("o0094", "nobody")])


def test_no_ratio_of_the_real_rows_crosses_a_revision(observations):
    some = observations[observations["indicator"].isin(["gdp", "population", "co2_total"])]
    own = some[some["scope"] == "西城区"]
    pairs = [(a, b) for a in own["obs_id"] for b in own["obs_id"] if a != b]
    table = themes.ratio_table(observations, pairs)
    given_out = table[table["allowed"] != "no"]
    lookup = own.set_index("obs_id")
    assert len(given_out) and given_out["ratio"].notna().all()
    for r in given_out.itertuples():
        a, b = lookup.loc[r.numerator], lookup.loc[r.denominator]
        if a["indicator"] == b["indicator"]:
            assert a["basis"] == b["basis"] and a["year"] != b["year"]
        else:
            assert a["year"] == b["year"] and a["period"] == b["period"]
