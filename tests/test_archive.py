"""The reader against archives made on the spot, one defect each, and against plain counting."""

from __future__ import annotations

import gzip
import random
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xc_analysis.errors import InputError
from xc_analysis.hourly import files as archive_files
from xc_analysis.hourly import layouts, read_archive
from xc_analysis.hourly.archive import read_wide

pytestmark = pytest.mark.usefixtures("lang_en")
ALL, EXTRA = ("PM2.5", "PM10"), ("SO2", "NO2", "O3", "CO")
TOKENS = dict(zip(("pm25", "pm10", "so2", "no2", "o3", "co"), ALL + EXTRA, strict=True))
OLD, NEW, SINCE_2021 = (
    ["官园", "万寿西宫"],
    ["西城官园", "西城万寿西宫"],
    layouts.header_of("since"),
)


def smooth(kind: str, station: int, hour: int) -> str:
    """A value that neither repeats for long nor jumps: nothing in it is a defect."""
    base = {"PM2.5": 40, "PM10": 80, "SO2": 8, "NO2": 30, "O3": 50, "CO": 0.8}[kind]
    step = 0.1 if kind == "CO" else 1
    return f"{base + step * ((hour * 7 + station * 3) % 5):g}"


def day_text(date, kinds=ALL, stations=OLD, value=smooth, hours=range(24), day24=True) -> str:
    lines = ["date,hour,type," + ",".join(stations)]
    for hour in hours:
        for kind in kinds:
            cells = [value(kind, s, hour) for s in range(len(stations))]
            lines.append(f"{date},{hour},{kind}," + ",".join(cells))
            if day24:
                lines.append(f"{date},{hour},{kind}_24h" + "," * len(stations))
        if "PM2.5" in kinds:
            lines.append(f"{date},{hour},AQI" + ",77" * len(stations))
    return "\n".join(lines) + "\n"


def put(folder: Path, date: str, kind="all", text=None, **options) -> Path:
    path = folder / f"beijing_{kind}_{date}.csv"
    text = day_text(date, ALL if kind == "all" else EXTRA, **options) if text is None else text
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pair(folder: Path, date: str, **options) -> None:
    put(folder, date, "all", **options)
    put(folder, date, "extra", **options)


def zipped(path: Path, members: dict[str, bytes]) -> bytearray:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return bytearray(path.read_bytes())


def listed(defects: pd.DataFrame, rule: str, *columns: str) -> list[list]:
    return defects.loc[defects["rule"] == rule, list(columns)].values.tolist()


def hours_of(paths, **options) -> pd.DataFrame:
    return read_archive(paths, **options).hours.astype({"station": str, "pollutant": str})


def by_file(defects, action="skipped") -> dict[str, str]:
    return defects[defects["action"] == action].set_index("file")["rule"].to_dict()


def test_every_value_arrives_with_its_label_by_any_route(tmp_path):
    folder, packed = tmp_path / "days", tmp_path / "gz"
    folder.mkdir(), packed.mkdir()
    for date in ("20190301", "20190302"):
        pair(folder, date)
    expected = hours_of(folder)
    assert list(expected.columns) == ["time", "station", "pollutant", "value"]
    assert len(expected) == 2 * 24 * 2 * 6
    for when, station, token, value in expected.itertuples(index=False):
        assert value == float(smooth(TOKENS[token], OLD.index(station), when.hour))
    # the only thing left out: rows of AQI and of 24 h statistics
    defects = read_archive(folder).defects[["rule", "count"]]
    assert defects.values.tolist() == [["other_statistics", 2 * 24 * (1 + 6)]]
    files = {p.name: p.read_bytes() for p in sorted(folder.iterdir())}
    year, outer = tmp_path / "year.zip", tmp_path / "outer.zip"
    zipped(outer, {"year.zip": zipped(year, {f"2019/{n}": d for n, d in files.items()})})
    for name, data in files.items():
        (packed / f"{name}.gz").write_bytes(gzip.compress(data))
    for route in (year, outer, packed, sorted(folder.iterdir()), [str(year)]):
        pd.testing.assert_frame_equal(hours_of(route), expected)


def test_stations_under_any_name(tmp_path):
    pair(tmp_path, "20210122", stations=OLD)
    pair(tmp_path, "20210123", stations=NEW)
    for asked in (["官园"], ["西城官园"], "官园", ["Guanyuan"], "1006a"):
        hours = hours_of(tmp_path, stations=asked)
        assert set(hours["station"]) == {"官园"} and hours["time"].dt.date.nunique() == 2
    with pytest.raises(InputError, match="东四, 天坛 is in no file.*官园, 万寿西宫"):
        read_archive(tmp_path, stations=["官园", "东四", "天坛"])
    # which old station 通州永顺 continues is not said
    known = {"定陵(对照点)": "定陵", "通州永顺": "通州永顺", "1001A": "万寿西宫", "2195A": "2195A"}
    assert {name: layouts.canonical(name) for name in known} == known
    assert len({layouts.canonical(name) for name in SINCE_2021}) == 35


UNUSABLE = {
    "<html><h1>Not Found</h1></html>": "html_page",
    "\n<!DOCTYPE html>\n<html></html>": "html_page",
    "": "empty_file",
    " \n\n": "empty_file",
    "date,hour,type,官园,万寿西宫\n": "header_only",
    '{"error": 404}': "not_hourly",
    "Date,hour;type\n": "not_hourly",
    "year,Year,month,day,hour,station,PM2.5\n2014,2014,1,1,1,官园,5\n": "not_hourly",
    bytes(range(256)) * 8: "not_hourly",
    "date,hour,type,锟斤拷?,??\n20170609,1,PM2.5,1,2\n": "header_lost",
}


def test_unusable_files_are_listed_and_the_rest_is_read(tmp_path):
    pair(tmp_path, "20170501")
    files = [put(tmp_path, f"201706{i:02d}", text=text) for i, text in enumerate(UNUSABLE, 1)]
    (tmp_path / "list.xlsx").write_bytes(b"PK")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 24 * 2 * 6
    want = {path.name: name for path, name in zip(files, UNUSABLE.values(), strict=True)}
    want |= {"list.xlsx": "not_csv", "": "other_statistics"}
    assert by_file(defects) == want


def test_missing_days_and_hours_of_each_kind_are_listed(tmp_path):
    put(tmp_path, "20210101")
    put(tmp_path, "20210102", hours=[h for h in range(24) if h not in (3, 4)])
    put(tmp_path, "20210107", text=day_text("20210107") + "20210109,5,PM2.5,41,42\n")
    put(tmp_path, "20210101", "extra")
    put(tmp_path, "20210105", "extra")
    hours, defects = read_archive(tmp_path)
    assert listed(defects, "no_file", "file", "date", "value", "count") == [
        ["beijing_extra_20210102.csv", "2021-01-02", "2021-01-02..2021-01-04", 3],
        ["beijing_all_20210103.csv", "2021-01-03", "2021-01-03..2021-01-06", 4],
        ["beijing_extra_20210106.csv", "2021-01-06", "2021-01-06..2021-01-07", 2],
    ]
    absent = listed(defects, "hours_missing", "file", "value", "count")
    assert absent == [["beijing_all_20210102.csv", "3 4", 2]]
    astray = listed(defects, "other_day", "file", "action", "count")
    assert astray == [["beijing_all_20210107.csv", "kept", 1]]
    days = hours.groupby("pollutant", observed=True)["time"].agg(lambda t: t.dt.date.nunique())
    assert days["pm25"] == 4 and days["o3"] == 2


MISREAD = {
    "gbk": lambda text: text.encode().decode("gbk", errors="replace"),
    "latin-1": lambda text: text.encode().decode("latin-1"),
}


@pytest.mark.parametrize("stations", [SINCE_2021, NEW, OLD, ["官园"]])
@pytest.mark.parametrize("how", MISREAD)
def test_bom_and_misread_header(tmp_path, stations, how):
    header, body = day_text("20240101", stations=stations).split("\n", 1)
    wrong = MISREAD[how](header.split(",", 3)[3])
    wrong += "," * max(len(stations) - wrong.count(",") - 1, 0)
    put(tmp_path, "20240101", text=f"\ufeffdate,hour,type,{wrong}\n{body}")
    got = hours_of(tmp_path).query("pollutant == 'pm25'").set_index(["station", "time"])["value"]
    for s, name in enumerate(stations):
        place = layouts.canonical(name), pd.Timestamp(2024, 1, 1, 9)
        assert got[place] == float(smooth("PM2.5", s, 9))
    repaired = read_archive(tmp_path).defects.query("action == 'repaired'")
    assert set(repaired["rule"]) == {"byte_order_mark", "header_misread"}


def test_bad_lines_and_cells_cost_only_themselves(tmp_path):
    text = day_text("20190301", day24=False).split("\n")
    text[1] = text[1].rsplit(",", 2)[0] + ",abc,-5"
    text[2] = text[2].rsplit(",", 2)[0] + ",NaN,—"
    bad = {
        "20190301,1": "line_length",
        "20190301,1,PM2.5,1,2,3,4": "line_length",
        "not a date,1,PM2.5,1,2": "date_unreadable",
        "20191399,1,PM2.5,1,2": "date_range",
        "20190301,77,PM2.5,1,2": "date_range",
    }
    for place, line in enumerate([*bad, ""]):
        text.insert(4 + 3 * place, line)
    # cut off in PM10 of 23:00 of the first station: its cell may be half a number
    put(tmp_path, "20190301", text="\n".join(text[:-2]).rsplit(",", 1)[0])
    put(tmp_path, "20190302")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 2 * 24 * 2 * 2 - 4 - 2
    assert listed(defects, "line_cut_off", "date", "count") == [["2019-03-01", 2]]
    found = defects[defects["action"] == "dropped"]
    assert sorted(found["rule"]) == sorted([*bad.values(), "not_a_number", "negative"])
    where = ["beijing_all_20190301.csv", "2019-03-01", 0, "万寿西宫", "pm25", "-5"]
    assert listed(found, "negative", *found.columns[:6]) == [where]
    assert listed(found, "not_a_number", "value") == [["abc"]]


def test_quotes_hour_24_and_unknown_types(tmp_path):
    lines = ['"20190301",23,"PM2.5","7","9"', "20190301,1,NH3,1,2", "2019-03-01,24,PM2.5,8,8"]
    put(tmp_path, "20190301", text="\n".join(['date,hour,type,"官园","万寿西宫"', *lines]))
    hours, defects = read_archive(tmp_path, stations="官园")
    assert hours.set_index("time")["value"].to_dict() == {
        pd.Timestamp(2019, 3, 1, 23): 7,
        pd.Timestamp(2019, 3, 2): 8,
    }
    assert listed(defects, "unknown_type", "value", "count") == [["NH3", 1]]


def test_the_same_hour_twice(tmp_path):
    first = put(tmp_path, "20190301", text="date,hour,type,官园,万寿西宫\n20190301,1,PM2.5,7,9\n")
    second = tmp_path / "copy.csv"
    second.write_text("date,hour,type,西城万寿西宫,西城官园\n20190301,1,PM2.5,9,8\n")
    for order, kept, lost in (
        ([first, second], 7, ["copy.csv", "官园", "8"]),
        ([second, first], 8, [first.name, "官园", "7"]),
    ):
        got = hours_of(order).set_index("station")["value"].to_dict()
        assert got == {"官园": kept, "万寿西宫": 9}
        defects = read_archive(order).defects
        assert listed(defects, "hour_twice_differs", "file", "station", "value") == [lost]
        assert listed(defects, "hour_twice", "count") == [[1]]


def test_what_is_wrong_with_a_zip_is_listed_and_the_rest_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_files, "FILE_LIMIT", 200_000)
    monkeypatch.setattr(archive_files, "ZIP_LIMIT", 400_000)
    text = {f"beijing_all_2019030{d}.csv": day_text(f"2019030{d}").encode() for d in (1, 2, 3)}
    good = zipped(tmp_path / "a.zip", text)
    broken = good.copy()
    locked, lying = (zipped(tmp_path / f"{n}.zip", {f"{n}.csv": b"0" * 1000}) for n in "cd")
    at = broken.index(b"beijing_all_20190302.csv") + 50
    broken[at : at + 10] = b"\0" * 10
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    # a member that states less than it holds is not read beyond that
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at : at + 4] = (10).to_bytes(4, "little")
    for name, data in (("a", good[:-40]), ("b", broken), ("c", locked), ("d", lying)):
        (tmp_path / f"{name}.zip").write_bytes(data)
    outside = ["../x.csv", "/etc/x.csv", "a/../../x.csv", "C:\\x.csv"]
    zipped(tmp_path / "e.zip", dict.fromkeys(outside, day_text("20190304").encode()))
    sizes = {"a": 300_000, "b": 150_000, "c": 150_000, "d": 150_000}
    zipped(tmp_path / "f.zip", {f"{n}.csv": n.encode() * size for n, size in sizes.items()})
    (tmp_path / "g.csv.gz").write_bytes(gzip.compress(b"0" * 300_000))
    (tmp_path / "h.csv").write_bytes(b"0" * 300_000)
    (tmp_path / "i.csv.gz").write_bytes(b"no gz")
    before = sorted(tmp_path.rglob("*"))
    hours, defects = read_archive(tmp_path)
    assert hours["time"].dt.day.unique().tolist() == [1, 3]
    assert sorted(tmp_path.rglob("*")) == before
    want = {"a.zip": "damaged_zip", "b.zip:beijing_all_20190302.csv": "damaged_member"}
    want |= {"c.zip:c.csv": "damaged_member", "d.zip:d.csv": "damaged_member"}
    want |= {f"e.zip:{name}": "outside_zip" for name in outside}
    want |= dict.fromkeys(["f.zip:a.csv", "f.zip:d.csv", "g.csv.gz", "h.csv"], "too_large")
    want |= {"i.csv.gz": "damaged_gz", "b.csv": "not_hourly", "c.csv": "not_hourly"}
    assert by_file(defects) == want | {"": "other_statistics"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"<html>", "nothing readable"),
        ("a.zip", b"PK no zip", "nothing readable"),
        ("a.csv", b"time,station,value\n2020-01-01,x,4\n", "a.csv: not an hourly file.*date,hour"),
        ("absent.zip", None, "no such file"),
    ],
)
def test_nothing_readable_is_an_error_of_one_line(tmp_path, name, content, message):
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_archive(tmp_path / name)
    assert "\n" not in str(caught.value)


def uci_text(n=48, **columns) -> str:
    when, k = pd.date_range("2015-01-01", periods=n, freq="h"), np.arange(n)
    data = {"No": k + 1, "year": when.year, "month": when.month, "day": when.day}
    data |= {"hour": when.hour, "PM2.5": 40 + k % 5, "PM10": 80 + k % 5, "SO2": 8 + k % 3}
    data |= {"NO2": 30 + k % 5, "CO": 800 + 100 * (k % 3), "O3": 50 + k % 5, "TEMP": k % 7}
    data |= {"PRES": 1020, "DEWP": -8, "RAIN": 0, "wd": "NNE", "WSPM": 2.5} | columns
    return pd.DataFrame(data | {"station": "Guanyuan"}).to_csv(index=False, na_rep="NA", quoting=2)


def test_uci_in_any_form_has_names_units_and_weather(tmp_path):
    text, path = uci_text(), tmp_path / "PRSA.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    expected, weather = hours_of(path), read_wide(path).weather
    assert set(expected["station"]) == {"官园"} and len(expected) == 48 * 6
    co = expected[expected["pollutant"] == "co"].set_index("time")["value"]
    assert co[pd.Timestamp("2015-01-01 01:00")] == pytest.approx(0.9)  # 900 µg/m³, same label
    assert list(weather.columns)[2:] == ["temp", "pres", "dewp", "rain", "wspm", "wd"]
    assert len(weather) == 48 and weather["temp"].iloc[3] == 3
    header, body = text.split("\n", 1)
    small = header.lower() + "\n" + body.replace("Guanyuan", "guanyuan")
    path = tmp_path / "PRSA.csv"
    for other in (text, small, text.replace(",", ";")):
        path.write_text(other)
        pd.testing.assert_frame_equal(hours_of(path), expected)


def test_the_archive_wins_and_uci_fills(tmp_path):
    blank = {"stations": ["官园"], "value": lambda k, s, h: "" if h == 7 else smooth(k, s, h)}
    put(tmp_path, "20150101", **blank)
    # PM10 equal to PM2.5 is what UCI put there for a missing one
    pm10 = np.where(np.arange(30) < 28, 90.5, 41.5)
    (tmp_path / "PRSA.csv").write_text(uci_text(n=30, **{"PM2.5": 41.5, "PM10": pm10}))
    hours, defects = read_archive(tmp_path, shape="wide")
    pm25 = hours.set_index("time")["pm25"]
    assert pm25[pd.Timestamp("2015-01-01 06:00")] == float(smooth("PM2.5", 0, 6))
    assert pm25[pd.Timestamp("2015-01-01 07:00")] == 41.5  # blank in the archive
    assert pm25[pd.Timestamp("2015-01-02 03:00")] == 41.5  # after its last day
    assert pm25.notna().sum() == 30 and hours["pm10"].notna().sum() == 28
    counted = listed(defects, "archive_has_hour", "pollutant", "count")
    assert counted == [["pm10", 23], ["pm25", 23]]
    assert listed(defects, "uci_pm10_filled", "count") == [[2]]
    # the order of the paths does not matter between the two archives
    files = sorted(tmp_path.iterdir())
    pd.testing.assert_frame_equal(read_archive(files[::-1], shape="wide").hours, hours)


def test_uci_bad_cells_and_lines(tmp_path):
    lines = uci_text(n=6).split("\n")
    lines[2] = lines[2].replace(",41,", ",x,", 1)
    lines[3] = lines[3].replace(",2015,", ",20xx,", 1)
    lines[4] += ",7,7,7"
    (tmp_path / "PRSA.csv").write_text("\n".join(lines))
    hours, defects = read_archive(tmp_path)
    assert hours["time"].nunique() == 4
    assert listed(defects, "not_a_number", "station", "value") == [["官园", "x"]]
    for name in ("line_unreadable", "date_unreadable"):
        assert listed(defects, name, "count") == [[1]]


NETWORK = (
    "timepoint,stationcode,area,positionname,aqi,pm10,pm10_24h,pm2_5,pm2_5_24h,o3,o3_24h,o3_8h,"
    "no2,so2,co\n"
)
ROW_1001A = "2022-01-04T14:00:00,1001A,北京市,万寿西宫,67,74,53,48,30,50,23,24,52,14,1.6\n"
ROW_2195A = "2022-01-04T14:00:00,2195A,某市,某站,63,61,46,—,25,46,30,23,43,x,1.4\n"


def test_hourly_file_of_the_network_with_ozone_exchanged(tmp_path):
    """Its column o3 is the running maximum: the Beijing archive has 23 at that hour."""
    path = tmp_path / "2022-01-04T14.csv"
    path.write_text(NETWORK + ROW_1001A + ROW_2195A, "utf-8")
    hours, defects = read_archive(path, shape="wide")
    columns = ["station", "time", "pm25", "pm10", "so2", "no2", "co", "o3"]
    assert hours[columns].astype(object).fillna("").values.tolist() == [
        ["2195A", pd.Timestamp("2022-01-04 14:00"), "", 61, "", 43, 1.4, 30],
        ["万寿西宫", pd.Timestamp("2022-01-04 14:00"), 48, 74, 14, 52, 1.6, 23],
    ]
    assert listed(defects, "not_a_number", "value") == [["x"]]
    # where no row contradicts the printed names, they hold
    path.write_text(NETWORK + ROW_1001A.replace(",50,23,", ",23,50,"), "utf-8")
    assert read_archive(path, shape="wide", stations="1001A").hours["o3"].tolist() == [23]


def test_a_code_twice_in_the_header_is_compared_in_every_file(tmp_path):
    def twice(day, second):
        lines = [f"{day},{h},PM2.5,{40 + h % 5},{30 + h % 5},{second(h)}" for h in range(24)]
        text = "\n".join(["date,hour,type,3207A,1001A,3207A", *lines])
        (tmp_path / f"china_sites_{day}.csv").write_text(text, "utf-8")

    for day in ("20190101", "20190102", "20190103"):
        twice(day, lambda h: 40 + h % 5)
    hours, defects = read_archive(tmp_path)
    assert len(listed(defects, "station_twice")) == 3 and len(hours) == 3 * 24 * 2
    twice("20190102", lambda h: 41 if h == 3 else 40 + h % 5)
    hours, defects = read_archive(tmp_path)
    refused = listed(defects, "station_twice_differs", "file", "station", "action")
    assert refused == [["china_sites_20190102.csv", "3207A", "skipped"]]
    assert hours["time"].dt.day.unique().tolist() == [1, 3]


FORMS = {
    "row names": lambda row, i: [str(i or ""), *row],
    "floats": lambda row, i: row if i == 0 else [f"{row[0]}.0", f"{row[1]}.0", *row[2:]],
    "semicolons": lambda row, i: [*row[:3], *(cell.replace(".", ",") for cell in row[3:])],
    "capitals": lambda row, i: row if i else ["Date", "HOUR", "Type", *row[3:]],
    "other order": lambda row, i: [row[2], row[0], row[1], *row[3:]],
    "slash dates": lambda row, i: ["2023/6/1", *row[1:]] if i else row,
    "dashed dates with a clock": lambda row, i: ["2023-06-01 00:00:00", *row[1:]] if i else row,
}
CODECS = {"utf-16": "utf-16", "utf-16-le": "utf-16-le", "gbk": "gb18030"}


def rewritten(text: str, how: str) -> bytes:
    rows = [line.split(",") for line in text.rstrip("\n").split("\n")]
    rows = [FORMS[how](row, i) if how in FORMS else row for i, row in enumerate(rows)]
    mark = {"semicolons": ";", "tabs": "\t"}.get(how, ",")
    end = "\r\n" if how == "crlf" else "\n"
    return "".join(mark.join(row) + end for row in rows).encode(CODECS.get(how, "utf-8"))


@pytest.mark.parametrize("kinds", [ALL, EXTRA], ids=["all", "extra"])
@pytest.mark.parametrize("how", [*FORMS, *CODECS, "tabs", "crlf"])
def test_other_forms_of_a_file_give_the_same_hours(tmp_path, how, kinds):
    text = day_text("20230601", kinds, day24=False)
    path = put(tmp_path, "20230601", text=text)
    expected = hours_of(path)
    path.write_bytes(rewritten(text, how))
    assert len(expected) == 24 * 2 * len(kinds)
    pd.testing.assert_frame_equal(hours_of(path), expected)


def test_the_one_real_file_whose_header_lost_bytes_and_commas(shared):
    year = next((shared / "hourly").glob("beijing_20240101*.zip"))
    hours, defects = read_archive(year, stations="官园", shape="wide")
    assert listed(defects, "header_misread", "file") == [["beijing_all_20240101.csv"]]
    assert hours.loc[hours["time"] < "2024-01-02", "pm25"].tolist()[:4] == [19, 23, 40, 45]


CELL = st.sampled_from(["7", "12.5", "", "", "abc", "-3", "NA", "1e2"])
RELAXED = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=25, **RELAXED)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=60))
def test_cells_in_are_values_out_plus_cells_listed(tmp_path, cells):
    rows = [f"20190301,{i // 2 % 24},{ALL[i % 2]},{a},{b}" for i, (a, b) in enumerate(cells)]
    path = put(tmp_path, "20190301", text="\n".join(["date,hour,type,官园,万寿西宫", *rows]) + "\n")
    hours, defects = read_archive(path)
    filled = sum(c not in ("", "NA") for row in cells for c in row)
    assert filled == len(hours) + defects.loc[defects["action"] == "dropped", "count"].sum()


def test_no_damage_to_one_file_costs_another(tmp_path):
    """Bytes changed, lost and put in at random; the file beside them arrives whole every time."""
    rng = random.Random(7)
    strange = [b"", b"\n", b",", b'"', b"\r\n", b"inf", b"-", b"\0", b"1e400", b"9" * 20]
    sound = [uci_text(n=12).encode(), day_text("20190301").encode()]
    sound.append(rewritten(day_text("20190301"), "row names"))
    put(tmp_path, "20190302")
    for turn in range(150):
        data = bytearray(sound[turn % 3])
        for _ in range(rng.choice([1, 3, 20])):
            at = rng.randrange(min(80, len(data)) if rng.random() < 0.3 else len(data))
            data[at : at + rng.choice([1, 0, rng.randrange(30)])] = rng.choice(strange)
        put(tmp_path, "20190301", text=bytes(data))
        hours = read_archive(tmp_path, stations=OLD).hours
        assert (hours["time"].dt.normalize() == "2019-03-02").sum() == 24 * 2 * 2


@pytest.mark.parametrize("filler", [" ", "9"])
def test_no_cell_hangs_the_reader(tmp_path, filler):
    text = f"date,hour,type,官园\n20190301,1,PM2.5,{filler * 2_000_000}x\n20190301,2,PM2.5,7\n"
    start = time.process_time()
    assert read_archive(put(tmp_path, "20190301", text=text)).hours["value"].tolist() == [7]
    assert time.process_time() - start < 10
