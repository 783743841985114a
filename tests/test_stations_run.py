"""Every station of a store: against pandas alone, and against the path for one district."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from test_hourly import second_daily

import xc_analysis as xc
from xc_analysis import cli, hourly
from xc_analysis.errors import InputError
from xc_analysis.projection import project_many
from xc_analysis.records import engines, parquet_store, station_table, stations_run
from xc_analysis.trend import mann_kendall

POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
PLACES = "station,district,city,kind\n甲,东区,某市,urban\n乙,东区,某市,\n丙,西区,某市,urban\n丁,西区,某市,traffic\n"


def messy_hours(seed=3) -> pd.DataFrame:
    """Four stations over the turns of two years, with missing hours, days and pollutants."""
    rng = np.random.default_rng(seed)
    time = pd.date_range("2018-11-20 00:00", "2020-01-15 00:00", freq="h")
    scale = {"pm25": 70, "pm10": 100, "so2": 20, "no2": 45, "co": 1.5, "o3": 90}
    days = len(time) // 24 + 1
    parts = []
    for station in "甲乙丙丁":
        frame = {"time": time, "station": station}
        for p, level in scale.items():
            value = np.exp(rng.normal(0, 0.5, days)).repeat(24)[: len(time)] * level
            value = (value * rng.uniform(0.7, 1.3, len(time))).round(1)
            lost = rng.random(len(time)) < rng.choice([0, 0.1, 0.3], days).repeat(24)[: len(time)]
            frame[p] = np.where(lost, np.nan, value)
        frame = pd.DataFrame(frame)
        gone = rng.random(days).repeat(24)[: len(time)] < 0.04
        parts.append(frame[~gone])
    return pd.concat(parts, ignore_index=True)


def make_store(hours: pd.DataFrame, folder):
    table = pa.Table.from_pandas(hours, preserve_index=False)
    index = table.schema.get_field_index("station")
    table = table.set_column(index, "station", table.column("station").dictionary_encode())
    with parquet_store.Writer(folder) as store:
        store.add(table)
        return store.close(pd.DataFrame())


def by_pandas(hours: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Annual and monthly values of one place, without the project's expressions."""
    long = hours.melt(["time", "station"], var_name="pollutant").dropna(subset="value")
    # An hour of which nothing is known is still an hour on record.
    days = second_daily(long)
    out = {}
    for name, keys in (
        ("annual", [days.index.year.rename("year")]),
        ("monthly", [days.index.year.rename("year"), days.index.month.rename("month")]),
    ):
        groups = days.groupby(keys)
        aqi = groups["aqi"]
        n = aqi.count()
        table = {
            **{p: groups[p].mean() for p in ("pm25", "pm10", "no2", "so2")},
            "o3_8h_p90": groups["o3_8h"].quantile(0.9),
            "o3_8h_mean": groups["o3_8h"].mean(),
            "co_p95": groups["co"].quantile(0.95),
            **{
                key: aqi.apply(lambda x, rule=rule: float(rule(x.dropna()).sum()))
                for key, rule in (
                    ("good_days", lambda x: x <= 100),
                    ("heavy_days", lambda x: x > 200),
                    ("severe_days", lambda x: x > 300),
                )
            },
        }
        table["good_day_ratio"] = 100 * table["good_days"] / n
        table["heavy_day_ratio"] = 100 * table["heavy_days"] / n
        value = pd.DataFrame(table).rename_axis("indicator", axis=1).stack().rename("value")
        out[name] = value.reset_index()
    return out


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messy")
    hours = messy_hours()
    (folder / "places.csv").write_text(PLACES, "utf-8")
    return hours, make_store(hours, folder / "store"), folder / "places.csv"


def expected(hours: pd.DataFrame, by: str) -> dict[str, pd.DataFrame]:
    groups = {
        "station": {s: [s] for s in "甲乙丙丁"},
        "district": {"东区": ["甲", "乙"], "西区": ["丙"]},
        "city": {"某市": ["甲", "乙", "丙"]},
    }[by]
    parts: dict[str, list] = {"annual": [], "monthly": []}
    for scope, stations in groups.items():
        for name, table in by_pandas(hours[hours["station"].isin(stations)]).items():
            parts[name].append(table.assign(scope=scope))
    return {name: pd.concat(tables) for name, tables in parts.items()}


def assert_same_values(got: dict, hours: pd.DataFrame, by: str) -> None:
    for name, want in expected(hours, by).items():
        keys = ["scope", "indicator", "year", *(["month"] if name == "monthly" else [])]
        known = got[name].dropna(subset="value")
        both = want.dropna().merge(known, on=keys, how="outer", suffixes=("_want", ""))
        # days without an index make no ratio but zero days; those come as missing values
        both = both[~(both["value"].isna() & (both["value_want"] == 0))]
        assert len(both) and both[["value", "value_want"]].notna().all().all()
        np.testing.assert_allclose(both["value"], both["value_want"], rtol=1e-9)


@pytest.mark.parametrize("by", ["station", "district"])
def test_values_are_those_of_plain_pandas(messy, by):
    hours, store, places = messy
    assert_same_values(stations_run.run(store, by=by, places=places), hours, by)


@pytest.mark.parametrize("options", [{}, {"hour_label": "start", "pm10": "reported"}], ids=str)
def test_every_column_is_that_of_the_path_for_one_district(messy, options):
    hours, store, _ = messy
    got = stations_run.run(store, **options)
    days = hourly.daily(hours, by="station", **options)
    for name, table in (("annual", hourly.annual(days)), ("monthly", hourly.monthly(days))):
        table = table[table["value"].notna()].reset_index(drop=True)
        own = got[name][got[name]["value"].notna()].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, table, check_dtype=False, rtol=1e-12)


def test_small_spans_give_what_one_span_gives(messy, monkeypatch, tmp_path):
    hours, store, _ = messy
    whole = stations_run.run(store, out=tmp_path / "a")
    spans = stations_run._spans(parquet_store.files(store), whole=False)
    assert len(spans) == 3
    monkeypatch.setattr(stations_run, "SPAN_ROWS", 9000)
    assert len(stations_run._spans(parquet_store.files(store), whole=False)) > 5
    pieces = stations_run.run(store, out=tmp_path / "b", memory="200MB", threads=1)
    for name in whole:
        pd.testing.assert_frame_equal(whole[name], pieces[name], rtol=1e-12)
        # and the last digit that is written down
        a, b = ((tmp_path / f / f"{name}.csv").read_bytes() for f in "ab")
        assert a == b


def test_nothing_of_the_work_stays_in_the_store(messy):
    _, store, _ = messy
    stations_run.run(store)
    assert sorted(p.name for p in store.iterdir()) == ["defects.csv", "hours"]


def test_the_command_line(messy, tmp_path, capsys):
    _, store, places = messy
    out = tmp_path / "out"
    argv = ["stations", str(store), "--by", "district", "--places", str(places), "--out", str(out)]
    assert cli.main(argv) == 0
    annual = pd.read_csv(out / "annual.csv")
    assert set(annual["scope"]) == {"东区", "西区"} and set(annual["year"]) == {2018, 2019, 2020}
    assert (out / "monthly.csv").is_file()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--engine", "flink"], "use duckdb, spark"),
        (["--engine", "spark://nowhere"], "use duckdb, spark"),
        (["--by", "district", "--places", "none.csv"], "none.csv"),
        (["--by", "district"], "no station of the store has a district"),
    ],
    ids=str,
)
def test_what_a_user_can_get_wrong(messy, tmp_path, capsys, argv, message):
    _, store, _ = messy
    assert cli.main(["stations", str(store), "--out", str(tmp_path), *argv]) == 1
    told = capsys.readouterr().err.strip()
    assert message in told and len(told.splitlines()) == 1


def test_a_folder_that_is_no_store(tmp_path):
    with pytest.raises(InputError, match="--to-parquet"):
        stations_run.run(tmp_path)


def test_a_damaged_file_is_named(messy, tmp_path):
    hours, _, _ = messy
    store = make_store(hours.head(500), tmp_path / "store")
    path = next(store.glob("hours/*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match="part-000.parquet"):
        stations_run.run(store)


def test_an_engine_is_said_to_be_missing(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with (
        pytest.raises(InputError, match=r"xc-analysis\[spark\]"),
        engines.engine("spark", work=tmp_path),
    ):
        pass


# ------------------------------------------------------------------ the table of Beijing's stations


def test_every_station_of_the_committed_table_has_a_place():
    places = xc.load("air/stations").set_index("station")
    annual = xc.load("air/stations_annual")
    assert set(annual["station"]) == set(places.index)
    assert (places["network"] == "both").sum() == 15
    assert (places["network"] != "since").sum() == 35 == (places["network"] != "before").sum()


def test_the_two_stations_of_the_district_agree_with_its_own_tables():
    """Their days were computed by another run, for one district."""
    annual = xc.load("air/stations_annual").set_index(["station", "indicator", "year"])
    days = xc.load("air/station_daily")
    for (station, year), part in days.groupby(["station", days["date"].dt.year]):
        for column in ("pm25", "no2"):
            if part[column].notna().any():
                value = annual.loc[(station, column, year), "value"]
                assert value == pytest.approx(part[column].mean(), abs=0.006)


def test_outlook_is_each_stations_own_trend_and_projection():
    annual = xc.load("air/stations_annual")
    got = station_table.outlook(annual, "pm25", window=(2015, 2020), to=2025)
    assert got["station"].is_unique and len(got) == annual["station"].nunique()
    fitted = got[got["median"].notna()]
    assert (fitted["n"] >= 3).all() and len(fitted) > 30
    for row in fitted.itertuples():
        own = annual[(annual["station"] == row.station) & (annual["indicator"] == "pm25")]
        own = own[own["year"].between(2015, 2020) & (own["completeness"] != "partial")]
        kendall = mann_kendall(own["value"], own["year"])
        assert [row.slope, row.p] == pytest.approx([float(kendall.slope), float(kendall.p)])
        fan = project_many([own["value"]], own["year"], 2025)
        assert row.median == pytest.approx(fan.median[0, 0])
        assert row.lower_95 == pytest.approx(fan.lower[0.95][0, 0])
    falls = got["change_pct"].dropna()
    assert falls.is_monotonic_increasing
    guanyuan = got.set_index("station").loc["官园"]
    ends = (
        annual.set_index(["station", "indicator", "year"]).sort_index()["value"].loc["官园", "pm25"]
    )
    assert guanyuan["change_pct"] == pytest.approx(100 * (ends[2020] / ends[2015] - 1))
    assert guanyuan["outturn"] == ends[2025]
    assert guanyuan["outturn_completeness"] == "partial"
    with pytest.raises(InputError, match="no row of nothing"):
        station_table.outlook(annual, "nothing", window=(2015, 2020), to=2025)


def test_a_partial_year_takes_no_part_in_the_outlook():
    years = range(2015, 2021)
    rows = [("s", "pm25", y, 100.0 - y % 10, "adequate") for y in years]
    table = pd.DataFrame(rows, columns=["station", "indicator", "year", "value", "completeness"])
    table["valid_days"] = 360
    whole = station_table.outlook(table, "pm25", window=(2015, 2020), to=2025).iloc[0]
    table.loc[0, ["value", "completeness"]] = [5000.0, "partial"]
    part = station_table.outlook(table, "pm25", window=(2015, 2020), to=2025).iloc[0]
    assert (whole["n"], part["n"]) == (6, 5)
    assert np.isnan(part["first"]) and np.isnan(part["change_pct"])
    assert part["median"] < 200
