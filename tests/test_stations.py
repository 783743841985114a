"""Every station of a store: against answers known beforehand, plain pandas and other engines."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_hourly import synthetic

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, run_stations, stations
from xc_analysis.hourly.archive import Archive
from xc_analysis.hourly.stations import read_places

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import national

pytestmark = pytest.mark.usefixtures("lang_en")
PLACES = {"station": list("甲乙丙丁"), "district": ["东区", "东区", "西区", "西区"]}
PLACES |= {"city": "某市", "kind": ["urban", "", "urban", "traffic"]}
MEMBERS = {"station": {s: [s] for s in "甲乙丙丁"}}
MEMBERS["district"] = {"东区": ["甲", "乙"], "西区": ["丙"]}
START = {"hour_label": "start", "pm10": "reported"}


@pytest.fixture(scope="module")
def messy(tmp_path_factory) -> tuple[pd.DataFrame, Path]:
    """Hours of four stations over the turns of two years, with gaps of all kinds, and a store."""
    hours = synthetic(3, "2018-11-20", n_days=421, stations=list("甲乙丙丁"))
    day = hours["time"].dt.day_of_year + hours["station"].map(ord)
    hours = hours[day % 23 > 0].reset_index(drop=True)
    table = pa.Table.from_pandas(hours, preserve_index=False)
    store = tmp_path_factory.mktemp("messy") / "store"
    stations.write_parts([Archive(table, pd.DataFrame())], store)
    pd.DataFrame(PLACES).to_csv(store.parent / "places.csv", index=False)
    return hours, store


def in_order(parts) -> pd.DataFrame:
    frame = pd.concat(part.to_pandas() for part in parts).astype({"station": object})
    return frame.sort_values(["station", "time"], ignore_index=True)


def all_rows(store: Path) -> pd.DataFrame:
    return in_order([pq.read_table(store / "hours", partitioning=None)])


@pytest.mark.parametrize(("by", "options"), [("station", {}), ("station", START), ("district", {})])
def test_every_column_is_that_of_the_path_for_one_district(messy, monkeypatch, by, options):
    hours, store = messy
    monkeypatch.setattr(stations, "SPAN_ROWS", 9000)  # a month at a time
    got = run_stations(store, by=by, places=store.parent / "places.csv", **options)
    parts = (daily(hours, name=n, stations=own, **options) for n, own in MEMBERS[by].items())
    days = pd.concat(parts, ignore_index=True)
    for name, table in (("annual", annual(days)), ("monthly", monthly(days))):
        own, table = (t.dropna(subset="value").reset_index(drop=True) for t in (got[name], table))
        pd.testing.assert_frame_equal(own, table, check_dtype=False, rtol=1e-12)
    assert sorted(p.name for p in store.iterdir()) == ["defects.csv", "hours"]


def test_a_national_store_gives_the_known_answers(tmp_path):
    rows = national.write(tmp_path / "store", stations=3, first=2015, years=2)
    assert rows == len(all_rows(tmp_path / "store"))
    got = run_stations(tmp_path / "store")["annual"]
    want = national.answers(stations=3, first=2015, years=2)
    both = want.merge(got, on=["scope", "indicator", "year"], suffixes=("_want", ""))
    assert len(both) == len(want) == len(got) == 3 * 12 * 2
    np.testing.assert_allclose(both["value"], both["value_want"], rtol=1e-12)
    assert (both["valid_days"] == both["valid_days_want"]).all()
    assert set(got["release"]) == {"public"}
    # its stations have no place among Beijing's; with a list those without one are told
    with pytest.raises(InputError, match="give --places FILE"):
        run_stations(tmp_path / "store", by="city")
    path, told = tmp_path / "places.csv", []
    path.write_text("站点编码,城市\n2001A,甲市\n2002A,甲市\n", "gb18030")
    got = run_stations(tmp_path / "store", by="city", places=path, warn=told.append)
    assert set(got["annual"]["scope"]) == {"甲市"}
    assert len(told) == 1 and "2003A" in told[0]


def test_a_list_in_chinese_with_a_station_twice_for_one_city(tmp_path):
    path, head = tmp_path / "places.csv", "监测点编码,监测点名称,城市,经度,纬度,对照点\n"
    rows = ["1001A,万寿西宫,北京市,116.36,39.87,N", "1002A,定陵,北京市,116.17,40.28,Y"]
    rows += ["2001A,监测站,石家庄市,114.5,38.0,N"] * 2 + ["2002A,监测站,唐山市,118.2,39.6,N"]
    path.write_text(head + "\n".join(rows), "gb18030")
    got = read_places(path, "city").set_index("station")["scope"].to_dict()
    assert got == {"万寿西宫": "北京市", "2001A": "石家庄市", "2002A": "唐山市"}
    with pytest.raises(InputError, match="column district is missing"):
        read_places(path, "district")
    path.write_text(head + "2001A,a,甲市,,,\n2001A,a,乙市,,,\n", "utf-8")
    with pytest.raises(InputError, match="2001A has two places .甲市, 乙市"):
        read_places(path, "city")


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> Path:
    """Forty daily files of four stations, a pulse among them, and a file of cities."""
    folder = tmp_path_factory.mktemp("national")
    files = national.write_csv(folder, stations=4, year=2019, until=40)
    (folder / "china_cities_20190105.csv").write_text("date,hour,type,北京\n20190105,0,PM2.5,5\n")
    # the first hour of the eighth day, which begins a span of seven days
    text = files[7].read_text("utf-8")
    files[7].write_text(re.sub("(?<=20190108,0,PM2.5,)[^,]+", "2000", text), "utf-8")
    return folder


def test_daily_files_become_the_hours_that_they_were_made_of(days, tmp_path):
    store = stations.write_store(days, tmp_path / "store")
    truth = in_order(national.parts(2019, 4, 1))
    truth = truth[truth["time"] < pd.Timestamp("2019-02-10")].reset_index(drop=True)
    truth.loc[truth["time"].eq("2019-01-08") & truth["station"].eq("2001A"), "pm25"] = np.nan
    pd.testing.assert_frame_equal(all_rows(store), truth, check_dtype=False)
    # spans join without a seam, and what stands at the edge of one is judged by both sides
    pieces = list(stations.national_spans(days, span_days=7))
    assert len(pieces) == 6
    joined = in_order(piece.hours for piece in pieces)
    pd.testing.assert_frame_equal(joined, truth, check_dtype=False)
    listed = pd.concat([p.defects for p in pieces])
    pulse = listed.loc[listed["rule"] == "pulse", ["file", "station", "pollutant", "value"]]
    assert pulse.values.tolist() == [["china_sites_20190108.csv", "2001A", "pm25", "2000"]]
    for defects in (listed, pd.read_csv(store / "defects.csv")):
        assert (defects["rule"] == "not_national_stations").sum() == 1


def test_what_a_user_can_get_wrong_with_a_store(days, messy, tmp_path, monkeypatch):
    files = sorted(days.glob("china_sites_*.csv"))
    with pytest.raises(InputError, match="comes after a later day"):
        list(stations.national_spans([files[9], files[3]]))
    store = stations.write_store(days, tmp_path / "one", stations=["2002A"])
    with pytest.raises(InputError, match=r"station 9999A is in no file; there are 2001A, 2002A"):
        stations.write_store(days, store, stations=["9999A"])
    # a failure leaves the old store whole, and nothing else is ever written over
    assert set(all_rows(store)["station"]) == {"2002A"}
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"holds letter\.txt"):
        stations.write_store(days, mine)
    path = next(store.glob("hours/*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-50])
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    for folder, options, words in (
        (mine, {}, "--to-parquet"),
        (store, {}, r"part-000\.parquet"),
        (messy[1], {"engine": "spark://nowhere"}, "use duckdb, spark"),
        (messy[1], {"engine": "spark"}, r"xc-analysis\[spark\]"),
        (messy[1], {"by": "street"}, "by is 'street'"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            run_stations(folder, **options)
        assert "\n" not in str(caught.value)


@contextlib.contextmanager
def cluster(home: Path, folder: Path):
    """A master and two workers of Spark on this machine; their address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    address = f"spark://{host}:{port}"
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": host}
    roles = [["master.Master", "--port", str(port)]]
    for name in ("work0", "work1"):
        own = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / name), address]
        roles.append(["worker.Worker", *own])
    with contextlib.ExitStack() as stack:
        for role, *own in roles:
            command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{role}"]
            command += ["--host", host, "--webui-port", "0", *own]
            process = subprocess.Popen(command, env=environment, cwd=folder)
            stack.enter_context(process)
            stack.callback(process.terminate)
            limit = time.monotonic() + 120
            while socket.socket().connect_ex((host, port)):
                assert time.monotonic() < limit and process.poll() is None, "no master"
                time.sleep(0.2)
        yield address


def test_spark_gives_what_duckdb_gives_to_the_last_digit_written(messy, tmp_path):
    pyspark = pytest.importorskip("pyspark", reason="PySpark, the optional extra, is not installed")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java 17")

    def written(name: str, **options) -> dict[str, bytes]:
        run_stations(messy[1], out=tmp_path / name, **options)
        return {p.name: p.read_bytes() for p in (tmp_path / name).glob("*.csv")}

    assert written("spark", engine="spark") == written("duckdb")
    by_district = {"by": "district", "places": messy[1].parent / "places.csv"}
    with cluster(Path(pyspark.__file__).parent, tmp_path) as address:
        assert written("spark", engine=address, **by_district) == written("duckdb", **by_district)
    # both workers had a part in it
    assert len(list(tmp_path.glob("work*/app-*"))) == 2
    with pytest.raises(InputError, match="no master answers"):
        run_stations(messy[1], engine=address)
