"""The reader against archives made on the spot, one defect each, and against plain counting."""

import gzip
import time
import zipfile
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xc_analysis.errors import InputError
from xc_analysis.hourly import files as archive_files
from xc_analysis.hourly import layouts, read_archive, run_hourly
from xc_analysis.hourly.archive import read_wide

pytestmark = pytest.mark.usefixtures("lang_en")
ALL, EXTRA = ("PM2.5", "PM10"), ("SO2", "NO2", "O3", "CO")
OLD, NEW = ["官园", "万寿西宫"], ["西城官园", "西城万寿西宫"]
BASE = {"PM2.5": 40, "PM10": 80, "SO2": 8, "NO2": 30, "O3": 50, "CO": 0.8, "AQI": 77}


def smooth(kind: str, station: int, hour: int) -> str:
    """A value that neither repeats for long nor jumps: nothing in it is a defect."""
    return f"{BASE[kind] + (0.1 if kind == 'CO' else 1) * ((hour * 7 + station * 3) % 5):g}"


def day_text(date, kinds=ALL, stations=OLD, value=smooth, hours=range(24)) -> str:
    lines = ["date,hour,type," + ",".join(stations)]
    for hour, kind in product(hours, kinds):
        cells = (value(kind, s, hour) for s in range(len(stations)))
        lines.append(f"{date},{hour},{kind}," + ",".join(cells))
    return "\n".join(lines) + "\n"


def put(folder: Path, date: str, kind="all", text=None, **options) -> Path:
    kinds = {"kinds": ALL if kind == "all" else EXTRA}
    text = day_text(date, **kinds | options) if text is None else text
    path = folder / f"beijing_{kind}_{date}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def zipped(path: Path, members: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path.read_bytes()


def listed(defects: pd.DataFrame, rule: str, *columns: str) -> list[list]:
    return defects.loc[defects["rule"] == rule, list(columns)].values.tolist()


def hours_of(paths, **options) -> pd.DataFrame:
    return read_archive(paths, **options).hours.astype({"station": str, "pollutant": str})


def test_every_value_arrives_with_its_label_by_any_route(tmp_path):
    folder, packed = tmp_path / "days", tmp_path / "gz"
    folder.mkdir()
    packed.mkdir()
    for date in ("20190301", "20190302"):
        put(folder, date, text=day_text(date, (*ALL, "AQI")) + f"{date},5,PM2.5_24h,,\n")
        put(folder, date, "extra")
    expected = hours_of(folder)
    assert list(expected.columns) == ["time", "station", "pollutant", "value"]
    assert len(expected) == 2 * 24 * 2 * 6
    printed = {kind.lower().replace(".", ""): kind for kind in ALL + EXTRA}
    for when, station, pollutant, value in expected.itertuples(index=False):
        assert value == float(smooth(printed[pollutant], OLD.index(station), when.hour))
    defects = read_archive(folder).defects[["rule", "count"]]
    assert defects.values.tolist() == [["other_statistics", 2 * (24 + 1)]]
    files = {p.name: p.read_bytes() for p in folder.iterdir()}
    for name, data in files.items():
        (packed / f"{name}.gz").write_bytes(gzip.compress(data))
    year, outer = tmp_path / "year.zip", tmp_path / "outer.zip"
    zipped(outer, {"year.zip": zipped(year, {f"2019/{n}": d for n, d in files.items()})})
    for route in (str(year), outer, packed, sorted(folder.iterdir())):
        pd.testing.assert_frame_equal(hours_of(route), expected)


def test_stations_under_any_name(tmp_path):
    put(tmp_path, "20210122", stations=OLD)
    put(tmp_path, "20210123", stations=NEW)
    for asked in ("官园", ["西城官园"], ["Guanyuan"], "1006a"):
        hours = hours_of(tmp_path, stations=asked)
        assert set(hours["station"]) == {"官园"} and hours["time"].dt.date.nunique() == 2
    with pytest.raises(InputError, match="东四, 天坛 is in no file.*官园, 万寿西宫"):
        read_archive(tmp_path, stations=["官园", "东四", "天坛"])
    # which old station 通州永顺 continues is not said
    known = {"定陵(对照点)": "定陵", "通州永顺": "通州永顺", "1001A": "万寿西宫", "2195A": "2195A"}
    assert {name: layouts.canonical(name) for name in known} == known


UNUSABLE = {
    "<html><h1>Not Found</h1></html>": "html_page",
    "": "empty_file",
    "date,hour,type,官园,万寿西宫\n": "header_only",
    '{"error": 404}': "not_hourly",
    "year,Year,month,day,hour,station,PM2.5\n2014,2014,1,1,1,官园,5\n": "not_hourly",
    bytes(range(256)) * 8: "not_hourly",
    "date,hour,type,锟斤拷?,??\n20170609,1,PM2.5,1,2\n": "header_lost",
}


def test_unusable_files_are_listed_and_the_rest_is_read(tmp_path):
    files = [put(tmp_path, f"201706{i:02d}", text=text) for i, text in enumerate(UNUSABLE, 1)]
    with pytest.raises(InputError, match="nothing readable.*beijing_all_20170602.csv") as caught:
        read_archive(tmp_path)
    assert "\n" not in str(caught.value)
    put(tmp_path, "20170501")
    (tmp_path / "list.xlsx").write_bytes(b"PK")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 24 * 2 * 2
    want = {path.name: rule for path, rule in zip(files, UNUSABLE.values(), strict=True)}
    want |= {"list.xlsx": "not_csv"}
    assert defects.query("action == 'skipped'").set_index("file")["rule"].to_dict() == want


def test_missing_days_and_hours_of_each_kind_are_listed(tmp_path):
    put(tmp_path, "20210101")
    put(tmp_path, "20210102", hours=[h for h in range(24) if h not in (3, 4)])
    put(tmp_path, "20210107", text=day_text("20210107") + "20210109,5,PM2.5,41,42\n")
    put(tmp_path, "20210101", "extra")
    put(tmp_path, "20210105", "extra")
    hours, defects = read_archive(tmp_path)
    assert defects[["rule", "file", "value", "count"]].values.tolist() == [
        ["hours_missing", "beijing_all_20210102.csv", "3 4", 2],
        ["no_file", "beijing_extra_20210102.csv", "2021-01-02..2021-01-04", 3],
        ["no_file", "beijing_all_20210103.csv", "2021-01-03..2021-01-06", 4],
        ["no_file", "beijing_extra_20210106.csv", "2021-01-06..2021-01-07", 2],
        ["other_day", "beijing_all_20210107.csv", "", 1],
    ]
    assert hours[hours["pollutant"] == "pm25"]["time"].dt.day.unique().tolist() == [1, 2, 7, 9]


def test_bad_lines_and_cells_cost_only_themselves(tmp_path):
    lines = ['date,hour,type,"官园",万寿西宫', "20190301,1", "20190301,1,PM2.5,1,2,3,4", ""]
    lines += ["not a date,1,PM2.5,1,2", "20191399,1,PM2.5,1,2", "20190301,77,PM2.5,1,2"]
    lines += ["20190301,1,NH3,1,2", "20190301,1,PM2.5,abc,-5", "20190301,1,PM10,NaN,—"]
    # cut off in the first of two cells: it may be half a number
    lines += ['"20190301",23,"PM2.5","7",""', "2019-03-01,24,PM2.5,8,9", "20190301,23,PM10,7"]
    # neither do long cells cost time
    lines[1:1] = [f"20190301,1,PM10,{filler * 2_000_000}x," for filler in " 9"]
    path, start = put(tmp_path, "20190301", text="\n".join(lines)), time.process_time()
    hours, defects = read_archive(path)
    assert time.process_time() - start < 10
    assert hours[["time", "station", "value"]].astype(str).values.tolist() == [
        ["2019-03-01 23:00:00", "官园", "7.0"],
        ["2019-03-02 00:00:00", "官园", "8.0"],
        ["2019-03-02 00:00:00", "万寿西宫", "9.0"],
    ]
    lost = {"date_range": 2, "date_unreadable": 2, "line_length": 1 + 4, "line_cut_off": 2}
    lost |= {"negative": 1, "not_a_number": 3, "unknown_type": 1, "other_statistics": 1}
    assert defects.groupby("rule")["count"].sum().to_dict() == lost | {"hours_missing": 21}
    place = [path.name, "2019-03-01", 1, "万寿西宫", "pm25", "-5"]
    assert listed(defects, "negative", *defects.columns[:6]) == [place]


def test_of_the_same_hour_twice_the_first_file_stands(tmp_path):
    first = put(tmp_path, "20190301", text="date,hour,type,官园,万寿西宫\n20190301,1,PM2.5,7,9\n")
    second = tmp_path / "copy.csv"
    second.write_text("date,hour,type,西城万寿西宫,西城官园\n20190301,1,PM2.5,9,8\n")
    for order, kept, lost in (
        ([first, second], 7, ["copy.csv", "官园", "8"]),
        ([second, first], 8, [first.name, "官园", "7"]),
    ):
        assert dict(hours_of(order)[["station", "value"]].values) == {"官园": kept, "万寿西宫": 9}
        defects = read_archive(order).defects
        assert listed(defects, "hour_twice_differs", "file", "station", "value") == [lost]
        assert listed(defects, "hour_twice", "count") == [[1]]


def test_what_is_wrong_with_a_zip_is_listed_and_the_rest_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_files, "FILE_LIMIT", 200_000)
    monkeypatch.setattr(archive_files, "ZIP_LIMIT", 400_000)
    days = {f"beijing_all_2019030{d}.csv": day_text(f"2019030{d}").encode() for d in (1, 2, 3)}
    good = zipped(tmp_path / "a.zip", days)
    at = good.index(b"beijing_all_20190302.csv") + 50
    (tmp_path / "a.zip").write_bytes(good[:-40])
    (tmp_path / "b.zip").write_bytes(good[:at] + b"\0" * 10 + good[at + 10 :])
    outside = ["../x.csv", "/etc/x.csv", "a/../../x.csv", "C:\\x.csv"]
    zipped(tmp_path / "c.zip", dict.fromkeys(outside, day_text("20190304").encode()))
    sizes = {"a": 300_000, "b": 150_000, "c": 150_000, "d": 150_000}
    zipped(tmp_path / "d.zip", {f"{n}.csv": n.encode() * size for n, size in sizes.items()})
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b"0" * 300_000))
    (tmp_path / "f.csv.gz").write_bytes(b"no gz")
    hours, defects = read_archive(tmp_path)
    assert hours["time"].dt.day.unique().tolist() == [1, 3]
    want = {"a.zip": "damaged_zip", "b.zip:beijing_all_20190302.csv": "damaged_member"}
    want |= {f"c.zip:{name}": "outside_zip" for name in outside} | {"f.csv.gz": "damaged_gz"}
    want |= dict.fromkeys(["d.zip:a.csv", "d.zip:d.csv", "e.csv.gz"], "too_large")
    want |= {"b.csv": "not_hourly", "c.csv": "not_hourly"}
    assert defects.query("action == 'skipped'").set_index("file")["rule"].to_dict() == want


def uci_text(n=48, **columns) -> str:
    when, k = pd.date_range("2015-01-01", periods=n, freq="h"), np.arange(n)
    data = {"No": k + 1, "year": when.year, "month": when.month, "day": when.day}
    data |= {"hour": when.hour, "PM2.5": 40 + k % 5, "PM10": 80 + k % 5, "SO2": 8 + k % 3}
    data |= {"NO2": 30 + k % 5, "CO": 800 + 100 * (k % 3), "O3": 50 + k % 5, "TEMP": k % 7}
    data |= {"PRES": 1020, "DEWP": -8, "RAIN": 0, "wd": "NNE", "WSPM": 2.5} | columns
    return pd.DataFrame(data | {"station": "Guanyuan"}).to_csv(index=False, na_rep="NA", quoting=2)


def test_uci_has_names_units_and_weather_and_bad_lines_cost_only_themselves(tmp_path):
    text, path = uci_text(), tmp_path / "PRSA.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    expected, weather = hours_of(path), read_wide(path).weather
    assert set(expected["station"]) == {"官园"} and len(expected) == 48 * 6
    co = expected[expected["pollutant"] == "co"].set_index("time")["value"]
    assert co[pd.Timestamp("2015-01-01 01:00")] == pytest.approx(0.9)  # 900 µg/m³, same label
    assert list(weather.columns)[2:] == ["temp", "pres", "dewp", "rain", "wspm", "wd"]
    assert len(weather) == 48 and weather["temp"].iloc[3] == 3
    lines = text.split("\n")
    lines[2] = lines[2].replace(",41,", ",x,", 1)
    lines[3] = lines[3].replace(",2015,", ",20xx,", 1)
    lines[4] += ",7,7,7"
    (tmp_path / "PRSA.csv").write_text("\n".join(lines))
    hours, defects = read_archive(tmp_path / "PRSA.csv")
    assert len(hours) == 46 * 6 - 1
    assert listed(defects, "not_a_number", "station", "value") == [["官园", "x"]]
    for name in ("line_unreadable", "date_unreadable"):
        assert listed(defects, name, "count") == [[1]]


def test_the_archive_wins_and_uci_fills(tmp_path):
    blank = {"stations": ["官园"], "value": lambda k, s, h: "" if h == 7 else smooth(k, s, h)}
    put(tmp_path, "20150101", **blank)
    # PM10 equal to PM2.5 is what UCI put there for a missing one
    pm10 = np.where(np.arange(30) < 28, 90.5, 41.5)
    (tmp_path / "PRSA.csv").write_text(uci_text(n=30, **{"PM2.5": 41.5, "PM10": pm10}))
    hours, defects = read_archive(tmp_path, shape="wide")
    archive = [41.5 if h == 7 else float(smooth("PM2.5", 0, h)) for h in range(24)]
    assert hours["pm25"].tolist() == archive + [41.5] * 6
    assert hours["pm10"].notna().sum() == 28
    counted = listed(defects, "archive_has_hour", "pollutant", "count")
    assert counted == [["pm10", 23], ["pm25", 23]]
    assert listed(defects, "uci_pm10_filled", "count") == [[2]]
    # the order of the paths does not matter between the two archives
    files = sorted(tmp_path.iterdir())
    pd.testing.assert_frame_equal(read_archive(files[::-1], shape="wide").hours, hours)


NETWORK = """\
timepoint,stationcode,positionname,aqi,pm10,pm10_24h,pm2_5,pm2_5_24h,o3,o3_24h,o3_8h,no2,so2,co
2022-01-04T14:00:00,1001A,万寿西宫,67,74,53,48,30,50,23,24,52,14,1.6
2022-01-04T14:00:00,2195A,某站,63,61,46,—,25,46,30,23,43,x,1.4
"""


def test_hourly_file_of_the_network_with_ozone_exchanged(tmp_path):
    """Its column o3 is the running maximum: the Beijing archive has 23 at that hour."""
    path = tmp_path / "2022-01-04T14.csv"
    path.write_text(NETWORK, "utf-8")
    hours, defects = read_archive(path, shape="wide")
    assert set(hours["time"]) == {pd.Timestamp("2022-01-04 14:00")}
    columns = ["station", "pm25", "pm10", "so2", "no2", "co", "o3"]
    assert hours[columns].astype(object).fillna("").values.tolist() == [
        ["2195A", "", 61, "", 43, 1.4, 30],
        ["万寿西宫", 48, 74, 14, 52, 1.6, 23],
    ]
    assert listed(defects, "not_a_number", "value") == [["x"]]
    # where no row contradicts the printed names, they hold
    path.write_text(NETWORK.replace(",50,23,", ",23,50,").replace(",46,30,", ",30,46,"), "utf-8")
    assert read_archive(path, shape="wide").hours["o3"].tolist() == [30, 23]


def test_a_code_twice_in_the_header_is_compared_in_every_file(tmp_path):
    twice = {"stations": ["3207A", "1001A", "3207A"]}
    twice["value"] = lambda kind, s, hour: smooth(kind, s % 2, hour)
    _, second, _ = (put(tmp_path, f"2019010{d}", **twice) for d in (1, 2, 3))
    hours, defects = read_archive(tmp_path)
    assert len(listed(defects, "station_twice")) == 3 and len(hours) == 3 * 24 * 2 * 2
    second.write_text(second.read_text().replace(",0,PM2.5,40,43,40", ",0,PM2.5,40,43,41"))
    hours, defects = read_archive(tmp_path)
    refused = listed(defects, "station_twice_differs", "file", "station", "action")
    assert refused == [[second.name, "3207A", "skipped"]]
    # where that costs all there is, the file is named
    said = []
    with pytest.raises(InputError, match="no hour"):
        run_hourly(second, ["3207A"], "区", tmp_path / "out", warn=said.append)
    assert any(f"columns differ ({second.name})" in line for line in said)
    assert hours["time"].dt.day.unique().tolist() == [1, 3]


csv = partial(pd.DataFrame.to_csv, index=False)
FORMS = {
    "row names": (pd.DataFrame.to_csv, ["other_layout"]),
    "floats": (lambda day: csv(day.astype({"date": float, "hour": float})), []),
    "semicolons": (lambda day: csv(day, sep=";", decimal=","), ["other_layout"]),
    "tabs": (lambda day: csv(day, sep="\t"), ["other_layout"]),
    "crlf": (lambda day: csv(day, lineterminator="\r\n"), []),
    "slash dates": (lambda day: csv(day.assign(date="2023/6/1")), []),
    "dates with a clock": (lambda day: csv(day.assign(date="2023-06-01 00:00:00")), []),
    "utf-16": (lambda day: csv(day).encode("utf-16"), ["other_layout"]),
    "gbk": (lambda day: csv(day).encode("gb18030"), []),
    "read as latin-1": (lambda day: csv(day).encode().decode("latin-1"), ["header_misread"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_of_a_file_give_the_same_hours(tmp_path, form):
    text = day_text("20230601", ALL + EXTRA, layouts.header_of("since"))
    path = put(tmp_path, "20230601", text=text)
    expected = hours_of(path)
    assert len(expected) == 24 * 35 * 6
    write, rules = FORMS[form]
    put(tmp_path, "20230601", text=write(pd.read_csv(path)))
    pd.testing.assert_frame_equal(hours_of(path), expected)
    assert read_archive(path).defects["rule"].tolist() == rules


def test_the_one_real_file_whose_header_lost_bytes_and_commas(shared):
    year = next((shared / "hourly").glob("beijing_20240101*.zip"))
    hours, defects = read_archive(year, stations="官园", shape="wide")
    assert listed(defects, "header_misread", "file") == [["beijing_all_20240101.csv"]]
    assert hours.loc[hours["time"] < "2024-01-02", "pm25"].tolist()[:4] == [19, 23, 40, 45]


CELL = st.sampled_from(["7", "12.5", "", "", "abc", "-3", "NA", "1e2"])
STRANGE = [b"", b"\n", b",", b'"', b"\r\n", b"inf", b"-", b"\0", b"1e400", b"9" * 20]
DAMAGE = st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(STRANGE))
several = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@several
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=60))
def test_cells_in_are_values_out_plus_cells_listed(tmp_path, cells):
    rows = [f"20190301,{i // 2 % 24},{ALL[i % 2]},{a},{b}" for i, (a, b) in enumerate(cells)]
    path = put(tmp_path, "20190301", text="\n".join(["date,hour,type,官园,万寿西宫", *rows]) + "\n")
    hours, defects = read_archive(path)
    filled = sum(c not in ("", "NA") for row in cells for c in row)
    assert filled == len(hours) + defects.loc[defects["action"] == "dropped", "count"].sum()


@several
@given(st.sampled_from([uci_text(n=12), day_text("20190301")]), st.lists(DAMAGE, max_size=20))
def test_no_damage_to_one_file_costs_another(tmp_path, text, damages):
    data = text.encode()
    for part, lost, strange in damages:
        at = int(part * len(data))
        data = data[:at] + strange + data[at + lost :]
    put(tmp_path, "20190301", text=data)
    put(tmp_path, "20190302")
    hours = read_archive(tmp_path, stations=OLD).hours
    assert (hours["time"].dt.normalize() == "2019-03-02").sum() == 24 * 2 * 2
