"""The reader against archives made on the spot, one defect each, and against plain counting."""

from __future__ import annotations

import datetime as dt
import doctest
import gzip
import io
import random
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xc_analysis.archive import read_archive, read_weather
from xc_analysis.errors import InputError
from xc_analysis.records import archive_files, stations

ALL, EXTRA = ("PM2.5", "PM10"), ("SO2", "NO2", "O3", "CO")
OLD, NEW = ["官园", "万寿西宫"], ["西城官园", "西城万寿西宫"]


def smooth(kind: str, station: int, hour: int) -> str:
    """A value that neither repeats for long nor jumps: nothing in it is a defect."""
    base = {"PM2.5": 40, "PM10": 80, "SO2": 8, "NO2": 30, "O3": 50, "CO": 0.8}[kind]
    step = 0.1 if kind == "CO" else 1
    return f"{base + step * ((hour * 7 + station * 3) % 5):g}"


def day_text(date: str, kinds=ALL, names=OLD, value=smooth, hours=range(24), end="\n", day24=True):
    lines = ["date,hour,type," + ",".join(names)]
    for hour in hours:
        for kind in kinds:
            cells = [value(kind, s, hour) for s in range(len(names))]
            lines.append(f"{date},{hour},{kind}," + ",".join(cells))
            if day24:
                lines.append(f"{date},{hour},{kind}_24h," + "," * (len(names) - 1))
        if "PM2.5" in kinds:
            lines.append(f"{date},{hour},AQI," + ",".join("77" for _ in names))
    return end.join(lines) + end


def put(folder: Path, date: str, kind="all", text=None, **options) -> Path:
    kinds = ALL if kind == "all" else EXTRA
    path = folder / f"beijing_{kind}_{date}.csv"
    text = day_text(date, kinds, **options) if text is None else text
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pair(folder: Path, date: str, **options) -> None:
    put(folder, date, "all", **options)
    put(folder, date, "extra", **options)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def rule(defects: pd.DataFrame, text: str) -> pd.DataFrame:
    return defects[defects["rule"].str.contains(text, regex=False)]


def frame(hours: pd.DataFrame) -> pd.DataFrame:
    return hours.astype({"station": str, "pollutant": str})


# --------------------------------------------------------------------------- routes and shapes


def test_every_value_arrives_with_its_label(tmp_path):
    pair(tmp_path, "20190301")
    hours, defects = read_archive(tmp_path)
    assert list(hours.columns) == ["time", "station", "pollutant", "value"]
    assert len(hours) == 24 * 2 * 6
    got = frame(hours).set_index(["time", "station", "pollutant"])["value"]
    printed = dict(zip(("pm25", "pm10", "so2", "no2", "o3", "co"), ALL + EXTRA, strict=True))
    for hour in (0, 1, 23):
        for s, name in enumerate(OLD):
            for token, kind in printed.items():
                time = pd.Timestamp(2019, 3, 1, hour)
                assert got[time, name, token] == float(smooth(kind, s, hour))
    # the only thing left out: rows of AQI and of 24 h statistics
    assert set(defects["rule"]) == {
        "rows of AQI and of 24 h statistics, not an hour's concentration"
    }
    assert defects["count"].sum() == 24 * (1 + 6)


def test_zip_folder_single_files_gz_and_zip_in_zip_are_the_same(tmp_path):
    folder = tmp_path / "days"
    folder.mkdir()
    for date in ("20190301", "20190302"):
        pair(folder, date)
    files = {p.name: p.read_bytes() for p in sorted(folder.iterdir())}
    year = zipped(tmp_path / "year.zip", {f"2019/{n}": d for n, d in files.items()})
    outer = zipped(tmp_path / "outer.zip", {"year.zip": year.read_bytes()})
    packed = tmp_path / "gz"
    packed.mkdir()
    for name, data in files.items():
        (packed / f"{name}.gz").write_bytes(gzip.compress(data))
    expected = frame(read_archive(folder).hours)
    assert len(expected) == 2 * 24 * 2 * 6
    for route in (year, outer, packed, sorted(folder.iterdir()), [str(year)]):
        pd.testing.assert_frame_equal(frame(read_archive(route).hours), expected)


def test_wide_is_long_pivoted(tmp_path):
    put(tmp_path, "20190301", hours=range(5))
    long, wide = read_archive(tmp_path).hours, read_archive(tmp_path, shape="wide").hours
    again = frame(long).pivot(index=["station", "time"], columns="pollutant", values="value")
    wide = wide.astype({"station": str}).set_index(["station", "time"])
    for column in ("pm25", "pm10"):
        pd.testing.assert_series_equal(
            wide[column].sort_index(), again[column].sort_index(), check_names=False
        )
    assert wide[["so2", "no2", "co", "o3"]].isna().all().all()


def test_stations_under_any_name(tmp_path):
    pair(tmp_path, "20210122", names=OLD)
    pair(tmp_path, "20210123", names=NEW)
    for asked in (["官园"], ["西城官园"], "官园", ["Guanyuan"]):
        hours = read_archive(tmp_path, stations=asked).hours
        assert list(hours["station"].unique()) == ["官园"]
        assert hours["time"].dt.date.nunique() == 2
    with pytest.raises(InputError, match="东四.*in no file.*官园"):
        read_archive(tmp_path, stations=["官园", "东四"])


def test_station_names_of_both_lists():
    for old, new in (("官园", "西城官园"), ("万寿西宫", "西城万寿西宫"), ("定陵", "定陵(对照点)")):
        assert stations.canonical(new) == stations.canonical(old) == old
    assert (
        stations.canonical("通州永顺") == "通州永顺"
    )  # which old station it continues is not said
    assert stations.canonical("Wanshouxigong") == "万寿西宫"
    assert len({stations.canonical(n) for n in stations.SINCE_2021.split(",")}) == 35


def test_hour_24_is_the_next_midnight_and_dates_may_have_dashes(tmp_path):
    text = "date,hour,type,官园\n2019-03-01,23,PM2.5,7\n2019-03-01,24,PM2.5,8\n"
    path = put(tmp_path, "20190301", text=text)
    hours = read_archive(path).hours
    assert list(hours["time"]) == [pd.Timestamp(2019, 3, 1, 23), pd.Timestamp(2019, 3, 2)]


def test_national_layout_with_codes_for_stations(tmp_path):
    text = "date,hour,type,1001A,1002A\n20190301,1,PM2.5,7,9\n20190301,1,O3_8h_24h,1,2\n"
    (tmp_path / "china_sites_20190301.csv").write_text(text)
    hours = frame(read_archive(tmp_path).hours)
    assert dict(zip(hours["station"], hours["value"], strict=True)) == {"1001A": 7, "1002A": 9}


# ------------------------------------------------------------------------------ files with defects


def test_unusable_files_are_listed_and_the_rest_is_read(tmp_path):
    pair(tmp_path, "20170501")
    put(tmp_path, "20170502", text="<html><h1>Not Found</h1></html>")
    put(tmp_path, "20170503", text="\n<!DOCTYPE html>\n<html></html>")
    put(tmp_path, "20170504", text="")
    put(tmp_path, "20170505", text=" \n\n")
    put(tmp_path, "20170506", text="date,hour,type,官园,万寿西宫\n")
    put(tmp_path, "20170507", text='{"error": 404}')
    put(tmp_path, "20170508", text=bytes(range(256)) * 8)
    (tmp_path / "list.xlsx").write_bytes(b"PK")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 24 * 2 * 6
    skipped = defects[defects["action"] == "skipped"].set_index("file")["rule"].to_dict()
    assert skipped["beijing_all_20170502.csv"] == skipped["beijing_all_20170503.csv"] == "HTML page"
    assert (
        skipped["beijing_all_20170504.csv"] == skipped["beijing_all_20170505.csv"] == "empty file"
    )
    assert skipped["beijing_all_20170506.csv"] == "header without data"
    assert "not an hourly file" in skipped["beijing_all_20170507.csv"]
    assert "not an hourly file" in skipped["beijing_all_20170508.csv"]
    assert skipped["list.xlsx"] == "not a csv or zip"


def test_missing_days_and_hours_of_each_kind_are_listed(tmp_path):
    put(tmp_path, "20210101")
    put(tmp_path, "20210102", hours=[h for h in range(24) if h not in (3, 4)])
    put(tmp_path, "20210107")
    put(tmp_path, "20210101", "extra")
    put(tmp_path, "20210105", "extra")
    hours, defects = read_archive(tmp_path)
    spans = rule(defects, "no usable file")[["file", "date", "value", "count"]].values.tolist()
    assert spans == [
        ["beijing_extra_20210102.csv", "2021-01-02", "to 2021-01-04", 3],
        ["beijing_all_20210103.csv", "2021-01-03", "to 2021-01-06", 4],
        ["beijing_extra_20210106.csv", "2021-01-06", "to 2021-01-07", 2],
    ]
    absent = rule(defects, "hours without a row")
    assert absent[["file", "value", "count"]].values.tolist() == [
        ["beijing_all_20210102.csv", "3 4", 2]
    ]
    days = frame(hours).groupby("pollutant")["time"].agg(lambda t: t.dt.date.nunique())
    assert days["pm25"] == 3 and days["o3"] == 2


def test_crlf_decimals_and_blank_cells(tmp_path):
    def value(kind, station, hour):
        return (
            "" if (station, hour) == (1, 5) else f"{float(smooth(kind, station, hour)) + 0.3:.1f}"
        )

    unix, windows = tmp_path / "a", tmp_path / "b"
    for folder, end in ((unix, "\n"), (windows, "\r\n")):
        folder.mkdir()
        put(folder, "20250101", value=value, end=end)
    hours = read_archive(unix).hours
    pd.testing.assert_frame_equal(hours, read_archive(windows).hours)
    assert len(hours) == 2 * (24 * 2 - 1)
    assert frame(hours).query("station == '官园' and pollutant == 'pm25'")["value"].iloc[0] == 40.3


def misread(text: str) -> str:
    """UTF-8 read as code page 936: broken pairs become one mark and swallow a comma."""
    out, data, i = [], text.encode(), 0
    while i < len(data):
        if data[i] < 0x80:
            out.append(chr(data[i]))
            i += 1
            continue
        try:
            out.append(data[i : i + 2].decode("gb18030"))
            i += 2
        except UnicodeDecodeError:
            out.append("?")
            i += 2 if data[i + 1 : i + 2] == b"," else 1
    return "".join(out)


@pytest.mark.parametrize("names", [stations.SINCE_2021.split(","), NEW, OLD, ["官园"]])
@pytest.mark.parametrize("how", ["swallowed", "replaced", "latin-1"])
def test_bom_and_misread_header(tmp_path, names, how):
    text = day_text("20240101", names=names)
    header, body = text.split("\n", 1)
    wrong = {
        "swallowed": misread,
        "replaced": lambda t: t.encode().decode("gbk", errors="replace"),
        "latin-1": lambda t: t.encode().decode("latin-1"),
    }[how](header.split(",", 3)[3])
    assert wrong != header
    head = "date,hour,type," + wrong
    head += "," * max(len(names) - wrong.count(",") - 1, 0)
    put(tmp_path, "20240101", text=("\ufeff" + head + "\n" + body).encode())
    hours, defects = read_archive(tmp_path)
    assert set(hours["station"]) == {stations.canonical(n) for n in names}
    got = frame(hours).query("pollutant == 'pm25'").set_index(["station", "time"])["value"]
    for s, name in enumerate(names):
        place = stations.canonical(name), pd.Timestamp(2024, 1, 1, 9)
        assert got[place] == float(smooth("PM2.5", s, 9))
    assert set(defects[defects["action"] == "repaired"]["rule"]) == {
        "byte order mark", "misread station names in the header",
    }  # fmt: skip


def test_header_in_gbk_bytes(tmp_path):
    put(tmp_path, "20240101", text=day_text("20240101").encode("gb18030"))
    assert set(read_archive(tmp_path).hours["station"]) == set(OLD)


def test_names_of_other_places_are_not_taken_for_misread():
    for names in (
        ["1001A", "1002A"],
        ["市监测站", "仓西街"],
        ["Café", "Zürich"],
        ["官园", "新站?"],
    ):
        assert not stations.looks_misread(names)
    assert stations.looks_misread(["锟斤拷?"])


def test_header_that_cannot_be_told_is_left_out(tmp_path):
    pair(tmp_path, "20240101")
    header, body = day_text("20240102").split("\n", 1)
    put(tmp_path, "20240102", text="date,hour,type,锟斤拷?,??\n" + body)
    hours, defects = read_archive(tmp_path)
    assert hours["time"].dt.date.nunique() == 1
    assert rule(defects, "unreadable station names")["file"].tolist() == [
        "beijing_all_20240102.csv"
    ]


# ------------------------------------------------------------------------------ lines and cells


def test_a_file_cut_off_keeps_what_is_whole(tmp_path):
    text = day_text("20160724", day24=False)
    cut = text.rstrip("\n").rsplit("\n", 1)[0]  # without the AQI row at the end
    cut = cut.rsplit(",", 1)[0] + ",8"  # the last cell may be half of 83
    lines = cut.split("\n")
    lines[-1] = ",".join(lines[-1].split(",")[:4])  # PM10 of 23:00, first station only
    put(tmp_path, "20160724", text="\n".join(lines))
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 24 * 2 * 2 - 2
    assert rule(defects, "line cut off")[["date", "count"]].values.tolist() == [["2016-07-24", 2]]


def test_bad_lines_and_cells_cost_only_themselves(tmp_path):
    text = day_text("20190301", day24=False).split("\n")
    text.insert(4, "20190301,1")
    text.insert(9, "")
    text.insert(12, "20190301,1,PM2.5,1,2,3,4")
    text.insert(15, "not a date,1,PM2.5,1,2")
    text.insert(18, "20191399,1,PM2.5,1,2")
    text.insert(20, "20190301,77,PM2.5,1,2")
    text[1] = text[1].rsplit(",", 2)[0] + ",abc,-5"
    text[2] = text[2].rsplit(",", 2)[0] + ",NaN,—"
    put(tmp_path, "20190301", text="\n".join(text))
    put(tmp_path, "20190302")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 2 * 24 * 2 * 2 - 4
    found = defects[defects["action"] == "dropped"]
    assert sorted(found["rule"]) == sorted([
        "line of 2 cells, the header has 5", "line of 7 cells, the header has 5",
        "date or hour not readable", "date or hour out of range", "date or hour out of range",
        "not a number", "negative",
    ])  # fmt: skip
    bad = found[found["rule"] == "negative"].iloc[0]
    assert bad[["file", "date", "hour", "station", "pollutant", "value"]].tolist() == [
        "beijing_all_20190301.csv", "2019-03-01", 0, "万寿西宫", "pm25", "-5",
    ]  # fmt: skip
    assert found[found["rule"] == "not a number"].iloc[0]["value"] == "abc"


def test_quotes_and_unknown_types(tmp_path):
    text = 'date,hour,type,"官园","万寿西宫"\n"20190301",1,"PM2.5","7","9"\n20190301,1,NH3,1,2\n'
    put(tmp_path, "20190301", text=text)
    hours, defects = read_archive(tmp_path)
    assert hours["value"].tolist() == [7, 9]
    assert rule(defects, "unknown type")[["value", "count"]].values.tolist() == [["NH3", 1]]


def test_the_same_hour_twice(tmp_path):
    first = put(tmp_path, "20190301", text="date,hour,type,官园,万寿西宫\n20190301,1,PM2.5,7,9\n")
    second = tmp_path / "copy.csv"
    second.write_text("date,hour,type,西城万寿西宫,西城官园\n20190301,1,PM2.5,9,8\n")
    for order, kept, lost in (([first, second], 7, ("copy.csv", "8")),
                              ([second, first], 8, (first.name, "7"))):  # fmt: skip
        hours, defects = read_archive(order)
        got = frame(hours).set_index("station")["value"]
        assert got.to_dict() == {"官园": kept, "万寿西宫": 9}
        row = rule(defects, "values differ").iloc[0]
        assert (row["file"], row["value"], row["station"]) == (*lost, "官园")
        assert rule(defects, "values equal")["count"].tolist() == [1]


# --------------------------------------------------------------------------------------- zips


def test_damaged_zip_and_member_are_listed_and_the_rest_is_read(tmp_path):
    text = {f"beijing_all_2019030{d}.csv": day_text(f"2019030{d}").encode() for d in (1, 2, 3)}
    good = zipped(tmp_path / "a.zip", text)
    cut = tmp_path / "b.zip"
    cut.write_bytes(good.read_bytes()[:-40])
    broken = bytearray(good.read_bytes())
    with zipfile.ZipFile(good) as z:
        at = z.getinfo("beijing_all_20190302.csv").header_offset
    broken[at + 80 : at + 90] = b"\0" * 10
    torn = tmp_path / "c.zip"
    torn.write_bytes(broken)
    locked = tmp_path / "d.zip"
    flags = bytearray(zipped(tmp_path / "e.zip", dict(list(text.items())[:1])).read_bytes())
    (tmp_path / "e.zip").unlink()
    flags[6] |= 1
    flags[flags.rindex(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(flags)
    hours, defects = read_archive([cut, torn, locked])
    assert hours["time"].dt.day.unique().tolist() == [1, 3]
    listed = defects[defects["action"] == "skipped"].set_index("file")["rule"].to_dict()
    assert listed["b.zip"] == "damaged zip"
    assert listed["c.zip:beijing_all_20190302.csv"] == "damaged or locked member"
    assert listed["d.zip:beijing_all_20190301.csv"] == "damaged or locked member"


def test_members_that_point_outside_are_ignored_and_listed(tmp_path):
    inside = day_text("20190301").encode()
    bad = ["../beijing_all_20190302.csv", "/etc/beijing_all_20190303.csv",
           "a/../../beijing_all_20190304.csv", "C:\\beijing_all_20190305.csv"]  # fmt: skip
    path = zipped(
        tmp_path / "a.zip",
        {"beijing_all_20190301.csv": inside} | {n: day_text("20190302").encode() for n in bad},
    )
    before = sorted(tmp_path.rglob("*"))
    hours, defects = read_archive(path)
    assert hours["time"].dt.day.unique().tolist() == [1]
    assert len(rule(defects, "path outside the zip")) == len(bad)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_files, "FILE_LIMIT", 200_000)
    monkeypatch.setattr(archive_files, "ZIP_LIMIT", 400_000)
    day = day_text("20190301").encode()
    path = zipped(tmp_path / "a.zip", {
        "beijing_all_20190301.csv": day, "beijing_all_20190302.csv": b"0" * 300_000,
        "b.csv": b"1" * 150_000, "c.csv": b"2" * 150_000, "d.csv": b"3" * 150_000,
    })  # fmt: skip
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b"0" * 300_000))
    (tmp_path / "f.csv").write_bytes(b"0" * 300_000)
    hours, defects = read_archive([path, tmp_path / "e.csv.gz", tmp_path / "f.csv"])
    assert len(hours) == 24 * 2 * 2
    limited = defects[defects["rule"].str.contains("unpacks to|larger than")]["file"].tolist()
    assert sorted(limited) == ["a.zip:beijing_all_20190302.csv", "a.zip:d.csv", "e.csv.gz", "f.csv"]


def test_a_member_that_lies_about_its_size(tmp_path):
    path = zipped(tmp_path / "a.zip", {"beijing_all_20190301.csv": day_text("20190301").encode(),
                                       "beijing_all_20190302.csv": b"0" * 10**6})  # fmt: skip
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    hours, defects = read_archive(path)
    assert len(hours) == 24 * 2 * 2
    assert rule(defects, "damaged")["file"].tolist() == ["a.zip:beijing_all_20190302.csv"]


def test_nothing_readable_is_an_error_of_one_line(tmp_path):
    put(tmp_path, "20190301", text="<html>")
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    for paths in (tmp_path, [tmp_path / "a.zip"]):
        with pytest.raises(InputError, match="nothing readable") as caught:
            read_archive(paths)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        read_archive(tmp_path / "absent.zip")
    with pytest.raises(InputError, match="no archive given"):
        read_archive([])
    with pytest.raises(InputError, match="shape"):
        read_archive(tmp_path, shape="tall")


# --------------------------------------------------------------------------------------- UCI


def uci_text(start="2015-01-01", n=48, station="Guanyuan", **columns) -> str:
    time = pd.date_range(start, periods=n, freq="h")
    data = {
        "PM2.5": 40 + np.arange(n) % 5, "PM10": 80 + np.arange(n) % 5, "SO2": 8 + np.arange(n) % 3,
        "NO2": 30 + np.arange(n) % 5, "CO": 800 + 100 * (np.arange(n) % 3),
        "O3": 50 + np.arange(n) % 5, "TEMP": np.arange(n) % 7, "PRES": 1020, "DEWP": -8, "RAIN": 0,
        "wd": "NNE", "WSPM": 2.5,
    } | columns  # fmt: skip
    frame = pd.DataFrame(
        {"No": np.arange(1, n + 1), "year": time.year, "month": time.month, "day": time.day,
         "hour": time.hour} | data | {"station": station}
    )  # fmt: skip
    return frame.to_csv(index=False, na_rep="NA", quoting=2)


def test_uci_names_units_and_weather(tmp_path):
    plain = tmp_path / "PRSA_Data_Guanyuan.csv"
    plain.write_text(uci_text())
    packed = tmp_path / "PRSA_Data_Guanyuan.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    outer = zipped(tmp_path / "uci.zip", {"PRSA/PRSA_Data_Guanyuan.csv": plain.read_bytes()})
    expected = frame(read_archive(plain).hours)
    assert set(expected["station"]) == {"官园"} and len(expected) == 48 * 6
    co = expected[expected["pollutant"] == "co"].set_index("time")["value"]
    assert co[pd.Timestamp("2015-01-01 01:00")] == pytest.approx(0.9)  # 900 µg/m³, same label
    for route in (packed, outer):
        pd.testing.assert_frame_equal(frame(read_archive(route).hours), expected)
    weather = read_weather(packed)
    assert list(weather.columns) == [
        "time", "station", "temp", "pres", "dewp", "rain", "wspm", "wd",
    ]  # fmt: skip
    assert len(weather) == 48 and weather["temp"].iloc[3] == 3


def test_the_archive_wins_and_uci_fills(tmp_path):
    put(
        tmp_path,
        "20150101",
        names=["官园"],
        value=lambda k, s, h: "" if h == 7 else smooth(k, s, h),
    )
    (tmp_path / "PRSA.csv").write_text(uci_text(n=30, **{"PM2.5": 41.5, "PM10": 90.5}))
    hours, defects = read_archive(tmp_path)
    pm25 = frame(hours).query("pollutant == 'pm25'").set_index("time")["value"]
    assert pm25[pd.Timestamp("2015-01-01 06:00")] == float(smooth("PM2.5", 0, 6))
    assert pm25[pd.Timestamp("2015-01-01 07:00")] == 41.5  # blank in the archive
    assert pm25[pd.Timestamp("2015-01-02 03:00")] == 41.5  # after its last day
    assert len(pm25) == 30
    counted = rule(defects, "the archive has this hour").set_index("pollutant")["count"]
    assert counted.to_dict() == {"pm25": 23, "pm10": 23}
    # the order of the paths does not matter between the two archives
    files = sorted(tmp_path.iterdir())
    pd.testing.assert_frame_equal(read_archive(files[::-1]).hours, hours)


def test_uci_pm10_filled_with_pm25_counts_as_missing(tmp_path):
    pm10 = np.where(np.arange(48) < 10, 40 + np.arange(48) % 5, 35)
    (tmp_path / "PRSA.csv").write_text(uci_text(PM10=pm10))
    hours, defects = read_archive(tmp_path)
    assert (hours["pollutant"] == "pm10").sum() == 38
    assert rule(defects, "filled with PM2.5")["count"].tolist() == [10]


def test_uci_bad_cells_and_lines(tmp_path):
    lines = uci_text(n=6).split("\n")
    lines[2] = lines[2].replace('"41"' if '"41"' in lines[2] else ",41,", ",x,", 1)
    lines[3] = lines[3].replace(",2015,", ",20xx,", 1)
    lines[4] += ",7,7,7"
    (tmp_path / "PRSA.csv").write_text("\n".join(lines))
    hours, defects = read_archive(tmp_path)
    assert hours["time"].nunique() == 4
    assert rule(defects, "not a number")["value"].tolist() == ["x"]
    assert rule(defects, "line not readable")["count"].sum() == 2
    put(tmp_path, "20150101", text="No,year,station\n1,2015,官园\n")
    assert len(rule(read_archive(tmp_path).defects, "not a UCI file")) == 1


# --------------------------------------------------------------------------- values that are none


def series(tmp_path, kind: str, values, start="20250401") -> tuple[pd.Series, pd.DataFrame]:
    """Read back one station's values, given hour by hour; NaN as a blank."""
    time = pd.date_range(pd.Timestamp(start), periods=len(values), freq="h")
    for date in dict.fromkeys(time.strftime("%Y%m%d")):
        lines = ["date,hour,type,官园"]
        for t, v in zip(time, values, strict=True):
            if t.strftime("%Y%m%d") == date:
                lines.append(f"{date},{t.hour},{kind},{'' if np.isnan(v) else f'{v:g}'}")
        name = "all" if kind in ALL else "extra"
        put(tmp_path, date, name, text="\n".join(lines) + "\n")
    hours, defects = read_archive(tmp_path)
    return hours.set_index("time")["value"].reindex(time), defects


def wave(n: int, base=10.0, size=3.0) -> np.ndarray:
    return np.round(base + size * np.sin(np.arange(n) / 3.7) + np.arange(n) % 3, 1)


def test_calibration_pulses_are_dropped_and_listed(tmp_path):
    values = wave(24 * 8)
    at = [1, 49, 97, 145]
    values[at] = [212, 216, 214, 218]  # 01:00 on alternate days
    got, defects = series(tmp_path, "SO2", values)
    assert got.isna().to_numpy().nonzero()[0].tolist() == at
    listed = rule(defects, "pulse")
    assert listed["hour"].tolist() == [1] * 4 and listed["value"].tolist() == [
        "212", "216", "214", "218",
    ]  # fmt: skip
    assert listed["file"].tolist() == [f"beijing_extra_202504{d:02d}.csv" for d in (1, 3, 5, 7)]


def test_a_calibration_of_four_hours_and_a_single_absurd_value(tmp_path):
    values = wave(72, base=40)
    values[30:34] = 500
    one, two = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    two.mkdir()
    got, _ = series(one, "NO2", values)
    assert got.isna().to_numpy().nonzero()[0].tolist() == [30, 31, 32, 33]
    values = wave(72, base=75)
    values[38:43] = [78, 1471, np.nan, np.nan, 79]
    got, defects = series(two, "PM2.5", values)
    assert np.isnan(got.iloc[39]) and got.iloc[38] == 78
    assert rule(defects, "pulse")["value"].tolist() == ["1471"]


def test_the_sandstorm_stays(tmp_path):
    storm = [1119, 7432, 6768, 5255, 4289, 3589, 2725, 2045, 1847, 1958]
    values = np.r_[wave(20, 90), [np.nan] * 7, storm, wave(35, 300)]
    got, defects = series(tmp_path, "PM10", values, start="20210314")
    assert got.to_numpy()[27:37].tolist() == storm
    assert not len(defects[defects["action"] == "dropped"])


def test_stuck_instrument_is_dropped_but_a_still_series_is_not_judged(tmp_path):
    values = wave(24 * 6, base=60, size=20)
    values[50:76] = 107
    one, two = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    two.mkdir()
    got, defects = series(one, "O3", values)
    assert got.isna().to_numpy().nonzero()[0].tolist() == list(range(50, 76))
    assert len(rule(defects, "stuck")) == 26
    got, defects = series(two, "O3", np.repeat([40.0, 80, 120], 24))
    assert got.notna().all() and not len(rule(defects, "stuck"))


def test_rough_series_have_no_pulses(tmp_path):
    values = np.random.default_rng(3).integers(1, 400, 240).astype(float)
    got, defects = series(tmp_path, "PM2.5", values)
    np.testing.assert_array_equal(got.to_numpy(), values)
    assert not len(rule(defects, "pulse"))


def test_clipped_pm10_is_kept_and_listed(tmp_path):
    values = np.r_[wave(20, 120), 318, 762, 1000, 1000, 1000, 1000, 370, 132, wave(20, 90)]
    got, defects = series(tmp_path, "PM10", values, start="20160505")
    assert got.notna().all()
    assert rule(defects, "range end")["action"].tolist() == ["kept"] * 4


# ------------------------------------------------------------------------------- nothing silent


CELL = st.sampled_from(["7", "12.5", "", "", "abc", "-3", "NA", "1e2"])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=60))
def test_cells_in_are_values_out_plus_cells_listed(tmp_path, cells):
    kinds = ["PM2.5", "PM10", "SO2"]
    lines = ["date,hour,type,官园,万寿西宫"]
    for i, row in enumerate(cells):
        lines.append(f"20190301,{i // 3 % 24},{kinds[i % 3]},{','.join(row)}")
    folder = tmp_path / "one"
    folder.mkdir(exist_ok=True)
    put(folder, "20190301", text="\n".join(lines) + "\n")
    try:
        hours, defects = read_archive(folder)
    except InputError:
        return
    given_ = sum(c not in ("", "NA") for row in cells for c in row)
    assert given_ == len(hours) + defects.loc[defects["action"] == "dropped", "count"].sum()


def test_no_damage_to_one_file_costs_another(tmp_path):
    """Bytes changed, lost and put in at random; the file beside them arrives whole every time."""
    rng = random.Random(7)
    sound = day_text("20190302")
    strange = [
        b"\n",
        b",",
        b'"',
        b"\r\n",
        b"inf",
        b"-",
        b"\0",
        b"1e400",
        b"9" * 20,
        b"\xef\xbb\xbf",
    ]
    for turn in range(150):
        data = bytearray((uci_text(n=12) if turn % 3 == 0 else day_text("20190301")).encode())
        for _ in range(rng.choice([1, 3, 20])):
            at = rng.randrange(min(80, len(data)) if rng.random() < 0.3 else len(data))
            what = rng.random()
            if what < 0.4:
                data[at] = rng.randrange(256)
            elif what < 0.7:
                del data[at : at + rng.randrange(1, 30)]
            else:
                data[at:at] = rng.choice(strange)
        put(tmp_path, "20190301", text=bytes(data))
        put(tmp_path, "20190302", text=sound)
        hours, _ = read_archive(tmp_path)
        there = hours[hours["station"].isin(OLD) & (hours["time"].dt.date == dt.date(2019, 3, 2))]
        assert len(there) == 24 * 2 * 2
        read_weather(tmp_path)


def test_progress_counts_to_the_end(tmp_path):
    for d in range(1, 29):
        pair(tmp_path, f"201902{d:02d}", hours=range(2))
    seen = []
    read_archive(tmp_path, progress=lambda done, total, text: seen.append((done, total)))
    assert seen[-1] == (56, 56) and all(0 < d <= t for d, t in seen) and len(seen) >= 2


def test_inputs_stay_as_they_are(tmp_path):
    pair(tmp_path, "20190301")
    paths, names = [tmp_path], ["西城官园"]
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    read_archive(paths, stations=names)
    assert paths == [tmp_path] and names == ["西城官园"]
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_labels_of_both_archives_are_the_same_hour(shared):
    """27,000 common hours agree at the same label and at no neighbouring one."""
    archive = [*sorted((shared / "hourly").glob("beijing_201[5-6]*.zip"))]
    uci = shared / "hourly" / "PRSA_Data_Guanyuan_20130301-20170228.csv.gz"
    one = frame(read_archive(archive, stations=["官园"]).hours)
    two = frame(read_archive(uci).hours)
    a = one[one["pollutant"] == "no2"].set_index("time")["value"]
    b = two[two["pollutant"] == "no2"].set_index("time")["value"]
    agree = {}
    for lag in (-1, 0, 1):
        moved = b.copy()
        moved.index += pd.Timedelta(hours=lag)
        both = pd.DataFrame({"a": a, "b": moved}).dropna()
        agree[lag] = ((both["a"] - both["b"]).abs() <= 1).mean()
    assert agree[0] > 0.98 and max(agree[-1], agree[1]) < 0.3


def test_examples_in_the_documentation():
    assert doctest.testmod(stations).failed == 0 and doctest.testmod(stations).attempted > 0


def test_zip_reader_and_plain_zipfile_agree(tmp_path):
    data = {f"beijing_all_201903{d:02d}.csv": day_text(f"201903{d:02d}").encode() for d in (1, 2)}
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:  # one stored, one deflated with a trailing descriptor
        out.writestr("beijing_all_20190301.csv", data["beijing_all_20190301.csv"])
    stream = io.BytesIO()

    class NoSeek(io.RawIOBase):
        def writable(self):
            return True

        def write(self, chunk):
            return stream.write(chunk)

    with zipfile.ZipFile(NoSeek(), "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("beijing_all_20190302.csv", data["beijing_all_20190302.csv"])
    streamed = tmp_path / "b.zip"
    streamed.write_bytes(stream.getvalue())
    assert len(read_archive([path, streamed]).hours) == 2 * 24 * 2 * 2
