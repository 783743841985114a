"""Stores of hours and the national archive, against what was put into them."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from xc_analysis import cli
from xc_analysis.archive import read_archive
from xc_analysis.errors import InputError
from xc_analysis.records import archive_national, parquet_store, stations_run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import national

POLLUTANTS = ["pm25", "pm10", "so2", "no2", "co", "o3"]


def all_rows(store) -> pd.DataFrame:
    paths = sorted(Path(store).glob("hours/year=*/*.parquet"))
    frame = pd.concat([pq.read_table(p, partitioning=None).to_pandas() for p in paths])
    return frame.sort_values(["station", "time"], ignore_index=True)


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> Path:
    """Forty daily files of four stations, with a file of cities among them."""
    folder = tmp_path_factory.mktemp("national")
    national.write_csv(folder, stations=4, year=2019, until=40)
    (folder / "china_cities_20190105.csv").write_text("date,hour,type,北京\n20190105,0,PM2.5,5\n")
    return folder


def test_daily_files_become_the_hours_that_they_were_made_of(days, tmp_path):
    store = parquet_store.write(days, tmp_path / "store")
    truth = pd.concat([p.to_pandas() for p in national.parts(2019, 4, 1)])
    truth = truth[truth["time"] < pd.Timestamp("2019-02-10")]
    truth["station"] = truth["station"].astype("object")
    truth = truth.sort_values(["station", "time"], ignore_index=True)
    got = all_rows(store).astype({"station": "object"})
    pd.testing.assert_frame_equal(got, truth, check_dtype=False)
    defects = pd.read_csv(store / "defects.csv")
    assert "not a file of the national stations" in set(defects["rule"])


def test_spans_join_without_a_seam(days, tmp_path):
    whole = parquet_store.write(days, tmp_path / "whole")
    pieces = list(archive_national.spans(days, span_days=7))
    assert len(pieces) == 6
    joined = pd.concat([p.hours.to_pandas() for p in pieces])
    joined = joined.astype({"station": "object"}).sort_values(["station", "time"])
    pd.testing.assert_frame_equal(
        joined.reset_index(drop=True),
        all_rows(whole).astype({"station": "object"}),
        check_dtype=False,
    )
    twice = pd.concat([p.defects for p in pieces])
    twice = twice[twice["rule"].str.contains("national stations")]
    assert len(twice) == 1


def test_a_pulse_at_the_edge_of_a_span_is_judged_by_both_sides(tmp_path):
    files = national.write_csv(tmp_path, stations=2, year=2019, until=30)
    # the first hour of the eighth day, spans being seven days long
    for line_start, value in (("20190108,0,PM2.5,", "2000"),):
        path = files[7]
        lines = path.read_text("utf-8").splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(line_start))
        cells = lines[at].split(",")
        cells[3] = value
        lines[at] = ",".join(cells)
        path.write_text("\n".join(lines) + "\n", "utf-8")
    parts = list(archive_national.spans(tmp_path, span_days=7))
    found = pd.concat([p.defects for p in parts])
    found = found[found["rule"] == "pulse"]
    assert found[["station", "pollutant", "hour"]].values.tolist() == [["1001A", "pm25", 0]]
    hours = pd.concat([p.hours.to_pandas() for p in parts])
    here = (hours["time"] == pd.Timestamp("2019-01-08")) & (hours["station"] == "1001A")
    assert hours.loc[here, "pm25"].isna().all() and hours.loc[here, "no2"].notna().all()


def test_a_zip_gives_what_its_folder_gives(days, tmp_path):
    packed = tmp_path / "sites_2019.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(days.glob("*.csv")):
            archive.write(path, path.name)
    assert archive_national.is_national(packed)
    a = all_rows(parquet_store.write(packed, tmp_path / "a"))
    pd.testing.assert_frame_equal(a, all_rows(parquet_store.write(days, tmp_path / "b")))


def test_days_out_of_order_are_refused(tmp_path):
    files = national.write_csv(tmp_path, stations=2, year=2019, until=15)
    with pytest.raises(InputError, match="comes after a later day"):
        list(archive_national.spans([files[9], files[3]]))


def test_stations_can_be_chosen_and_must_exist(days, tmp_path):
    store = parquet_store.write(days, tmp_path / "one", stations=["1002A"])
    assert set(all_rows(store)["station"]) == {"1002A"}
    with pytest.raises(InputError, match=r"station 9999A is in no file; there are 1001A"):
        parquet_store.write(days, tmp_path / "none", stations=["9999A"])


def test_a_store_takes_the_place_of_the_old_one_and_of_nothing_else(days, tmp_path):
    store = parquet_store.write(days, tmp_path / "store")
    before = all_rows(store)
    with pytest.raises(InputError):
        parquet_store.write(days, store, stations=["9999A"])
    pd.testing.assert_frame_equal(all_rows(store), before)
    assert sorted(p.name for p in store.iterdir()) == ["defects.csv", "hours"]
    parquet_store.write(days, store, stations=["1001A"])
    assert set(all_rows(store)["station"]) == {"1001A"}
    other = tmp_path / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds letter.txt"):
        parquet_store.write(days, other)
    assert (other / "letter.txt").read_text() == "dear"


def test_the_beijing_archive_goes_in_as_it_is_read(tmp_path):
    lines = ["date,hour,type,官园,1001A"]
    for hour in range(24):
        lines += [f"20191231,{hour},{p},{30 + hour},{hour}" for p in ("PM2.5", "O3")]
    lines.append("20200101,0,PM2.5,80,")
    (tmp_path / "beijing_all_20191231.csv").write_text("\n".join(lines) + "\n", "utf-8")
    store = parquet_store.write(tmp_path / "beijing_all_20191231.csv", tmp_path / "store")
    assert sorted(p.name for p in (store / "hours").iterdir()) == ["year=2019", "year=2020"]
    hours = read_archive(tmp_path / "beijing_all_20191231.csv", shape="wide").hours
    hours["station"] = hours["station"].astype("object")
    hours = hours.sort_values(["station", "time"], ignore_index=True)
    got = all_rows(store).astype({"station": "object"})
    pd.testing.assert_frame_equal(got, hours, check_dtype=False)


def test_the_generators_answers_are_those_of_its_hours():
    """Levels against the hours made of them: plain numpy, hour by hour."""
    hours = pd.concat([p.to_pandas() for p in national.parts(2016, 3, 7)])
    hours["date"] = (hours["time"] - pd.Timedelta(hours=1)).dt.normalize()
    known = national.days(2016, 3, 7)
    calendar = pd.date_range("2016-01-01", "2016-12-31")
    for number in range(3):
        own = hours[hours["station"] == national.code(number)].set_index("time")
        groups = own.groupby("date")
        for p in ("pm25", "so2", "no2", "co"):
            mean = groups[p].mean().where(groups[p].count() >= 20).reindex(calendar)
            np.testing.assert_allclose(mean, known[p][:, number], rtol=1e-12)
        for date, day in groups["o3"]:
            x = day.reindex(pd.date_range(date + pd.Timedelta(hours=1), periods=24, freq="h"))
            windows = [x.iloc[k : k + 8] for k in range(17)]
            means = [w.mean() for w in windows if w.notna().sum() >= 6]
            largest = max(means)
            valid = len(means) >= 14 or largest > 160
            want = known["o3_8h"][calendar.get_loc(date), number]
            assert (largest == pytest.approx(want)) if valid else np.isnan(want)


@pytest.mark.parametrize("pieces", ["whole", "monthly"])
def test_a_national_store_gives_the_known_answers(tmp_path, monkeypatch, pieces):
    if pieces == "monthly":
        monkeypatch.setattr(stations_run, "SPAN_ROWS", 1000)
    store = tmp_path / "store"
    rows = national.write(store, stations=3, first=2015, years=2)
    assert rows == len(all_rows(store))
    got = stations_run.run(store)["annual"]
    want = national.answers(stations=3, first=2015, years=2)
    both = want.merge(got, on=["scope", "indicator", "year"], suffixes=("_want", ""))
    assert len(both) == len(want) == len(got) == 3 * 12 * 2
    np.testing.assert_allclose(both["value"], both["value_want"], rtol=1e-12)
    assert (both["valid_days"] == both["valid_days_want"]).all()
    assert set(got["release"]) == {"public"}


def test_cities_of_a_national_store_need_a_table_of_places(tmp_path, capsys):
    store = tmp_path / "store"
    national.write(store, stations=3, first=2015, years=1)
    assert cli.main(["stations", str(store), "--by", "city", "--out", str(tmp_path / "o")]) == 1
    assert "give --places FILE" in capsys.readouterr().err
    places = tmp_path / "places.csv"
    places.write_text("station,district,city\n1001A,一区,甲市\n1002A,二区,甲市\n", "utf-8")
    told = cli.main(
        ["stations", str(store), "--by", "city", "--places", str(places)]
        + ["--out", str(tmp_path / "o")]
    )
    assert told == 0
    assert "left out: 1 stations (1003A)" in "".join(capsys.readouterr())
    annual = pd.read_csv(tmp_path / "o" / "annual.csv")
    assert set(annual["scope"]) == {"甲市"}


def test_from_files_to_tables_by_the_command_line(days, tmp_path):
    store, out = tmp_path / "store", tmp_path / "out"
    assert cli.main(["hourly", str(days), "--to-parquet", str(store)]) == 0
    assert cli.main(["stations", str(store), "--out", str(out)]) == 0
    annual = pd.read_csv(out / "annual.csv")
    assert set(annual["scope"]) == {"1001A", "1002A", "1003A", "1004A"}
    # the fortieth day lacks its last hour, which is in the next file: the level plus 12
    level = national.days(2019, 4, 1)["pm25"][:40]
    level[39] -= 12 / 23
    for number in range(4):
        row = annual[(annual["scope"] == national.code(number)) & (annual["indicator"] == "pm25")]
        assert row["valid_days"].item() == np.isfinite(level[:, number]).sum()
        assert row["value"].item() == pytest.approx(np.nanmean(level[:, number]), abs=6e-5)
    assert set(annual["completeness"]) == {"partial"} and set(annual["release"]) == {"draft"}


@pytest.mark.parametrize(
    "argv",
    [["--to-parquet", "x", "--out", "y"], ["--out", "y"], ["--stations", "官园", "--name", "区"]],
    ids=str,
)
def test_hours_or_tables_but_not_half_of_each(argv, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["hourly", "archive", *argv])
    assert end.value.code == 2 and "usage: xc hourly" in capsys.readouterr().err
