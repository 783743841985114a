"""The reader against archives made on the spot, one defect each, and against plain counting."""

from __future__ import annotations

import datetime as dt
import gzip
import random
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xc_analysis.errors import InputError
from xc_analysis.hourly import files as archive_files
from xc_analysis.hourly import names as stations
from xc_analysis.hourly import read_archive
from xc_analysis.hourly.archive import read_wide

pytestmark = pytest.mark.usefixtures("lang_en")
ALL, EXTRA = ("PM2.5", "PM10"), ("SO2", "NO2", "O3", "CO")
OLD, NEW = ["官园", "万寿西宫"], ["西城官园", "西城万寿西宫"]
SINCE_2021 = stations.header_of("since")


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
    return defects[defects["rule"] == text]


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
    assert set(defects["rule"]) == {"other_statistics"}
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


def test_stations_under_any_name(tmp_path):
    pair(tmp_path, "20210122", names=OLD)
    pair(tmp_path, "20210123", names=NEW)
    for asked in (["官园"], ["西城官园"], "官园", ["Guanyuan"], "1006a"):
        hours = read_archive(tmp_path, stations=asked).hours
        assert list(hours["station"].unique()) == ["官园"]
        assert hours["time"].dt.date.nunique() == 2
    with pytest.raises(InputError, match="东四.*in no file.*官园"):
        read_archive(tmp_path, stations=["官园", "东四"])
    # which old station 通州永顺 continues is not said
    names = {"定陵(对照点)": "定陵", "通州永顺": "通州永顺", "1001A": "万寿西宫", "2195A": "2195A"}
    assert {name: stations.canonical(name) for name in names} == names
    assert len({stations.canonical(name) for name in SINCE_2021}) == 35


def test_hour_24_is_the_next_midnight_and_dates_may_have_dashes(tmp_path):
    text = "date,hour,type,官园\n2019-03-01,23,PM2.5,7\n2019-03-01,24,PM2.5,8\n"
    path = put(tmp_path, "20190301", text=text)
    hours = read_archive(path).hours
    assert list(hours["time"]) == [pd.Timestamp(2019, 3, 1, 23), pd.Timestamp(2019, 3, 2)]


# ------------------------------------------------------------------------------ files with defects


UNUSABLE = {
    "<html><h1>Not Found</h1></html>": "html_page",
    "\n<!DOCTYPE html>\n<html></html>": "html_page",
    "": "empty_file",
    " \n\n": "empty_file",
    "date,hour,type,官园,万寿西宫\n": "header_only",
    '{"error": 404}': "not_hourly",
    bytes(range(256)) * 8: "not_hourly",
}


def test_unusable_files_are_listed_and_the_rest_is_read(tmp_path):
    pair(tmp_path, "20170501")
    files = [put(tmp_path, f"2017060{i}", text=text) for i, text in enumerate(UNUSABLE, 1)]
    (tmp_path / "list.xlsx").write_bytes(b"PK")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 24 * 2 * 6
    skipped = defects[defects["action"] == "skipped"].set_index("file")["rule"].to_dict()
    assert [skipped[path.name] for path in files] == list(UNUSABLE.values())
    assert skipped["list.xlsx"] == "not_csv"


def test_missing_days_and_hours_of_each_kind_are_listed(tmp_path):
    put(tmp_path, "20210101")
    put(tmp_path, "20210102", hours=[h for h in range(24) if h not in (3, 4)])
    put(tmp_path, "20210107")
    put(tmp_path, "20210101", "extra")
    put(tmp_path, "20210105", "extra")
    hours, defects = read_archive(tmp_path)
    spans = rule(defects, "no_file")[["file", "date", "value", "count"]].values.tolist()
    assert spans == [
        ["beijing_extra_20210102.csv", "2021-01-02", "2021-01-02..2021-01-04", 3],
        ["beijing_all_20210103.csv", "2021-01-03", "2021-01-03..2021-01-06", 4],
        ["beijing_extra_20210106.csv", "2021-01-06", "2021-01-06..2021-01-07", 2],
    ]
    absent = rule(defects, "hours_missing")
    assert absent[["file", "value", "count"]].values.tolist() == [
        ["beijing_all_20210102.csv", "3 4", 2]
    ]
    days = frame(hours).groupby("pollutant")["time"].agg(lambda t: t.dt.date.nunique())
    assert days["pm25"] == 3 and days["o3"] == 2


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


@pytest.mark.parametrize("names", [SINCE_2021, NEW, OLD, ["官园"]])
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
        "byte_order_mark",
        "header_misread",
    }


def test_header_that_cannot_be_told_is_left_out(tmp_path):
    pair(tmp_path, "20240101")
    header, body = day_text("20240102").split("\n", 1)
    put(tmp_path, "20240102", text="date,hour,type,锟斤拷?,??\n" + body)
    hours, defects = read_archive(tmp_path)
    assert hours["time"].dt.date.nunique() == 1
    assert rule(defects, "header_lost")["file"].tolist() == ["beijing_all_20240102.csv"]


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
    assert rule(defects, "line_cut_off")[["date", "count"]].values.tolist() == [["2016-07-24", 2]]


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
    put(tmp_path, "20190301", text="\n".join(text))
    put(tmp_path, "20190302")
    hours, defects = read_archive(tmp_path)
    assert len(hours) == 2 * 24 * 2 * 2 - 4
    found = defects[defects["action"] == "dropped"]
    assert sorted(found["rule"]) == sorted([*bad.values(), "not_a_number", "negative"])
    row = found[found["rule"] == "negative"].iloc[0]
    where = ["beijing_all_20190301.csv", "2019-03-01", 0, "万寿西宫", "pm25", "-5"]
    assert row.tolist()[:6] == where
    assert rule(found, "not_a_number")["value"].tolist() == ["abc"]


def test_quotes_and_unknown_types(tmp_path):
    text = 'date,hour,type,"官园","万寿西宫"\n"20190301",1,"PM2.5","7","9"\n20190301,1,NH3,1,2\n'
    put(tmp_path, "20190301", text=text)
    hours, defects = read_archive(tmp_path)
    assert hours["value"].tolist() == [7, 9]
    assert rule(defects, "unknown_type")[["value", "count"]].values.tolist() == [["NH3", 1]]


def test_the_same_hour_twice(tmp_path):
    first = put(tmp_path, "20190301", text="date,hour,type,官园,万寿西宫\n20190301,1,PM2.5,7,9\n")
    second = tmp_path / "copy.csv"
    second.write_text("date,hour,type,西城万寿西宫,西城官园\n20190301,1,PM2.5,9,8\n")
    for order, kept, lost in (
        ([first, second], 7, ("copy.csv", "8")),
        ([second, first], 8, (first.name, "7")),
    ):
        hours, defects = read_archive(order)
        got = frame(hours).set_index("station")["value"]
        assert got.to_dict() == {"官园": kept, "万寿西宫": 9}
        row = rule(defects, "hour_twice_differs").iloc[0]
        assert (row["file"], row["value"], row["station"]) == (*lost, "官园")
        assert rule(defects, "hour_twice")["count"].tolist() == [1]


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
    assert listed["b.zip"] == "damaged_zip"
    assert listed["c.zip:beijing_all_20190302.csv"] == "damaged_member"
    assert listed["d.zip:beijing_all_20190301.csv"] == "damaged_member"


def test_members_that_point_outside_are_ignored_and_listed(tmp_path):
    inside = day_text("20190301").encode()
    bad = [
        "../beijing_all_20190302.csv",
        "/etc/beijing_all_20190303.csv",
        "a/../../beijing_all_20190304.csv",
        "C:\\beijing_all_20190305.csv",
    ]
    path = zipped(
        tmp_path / "a.zip",
        {"beijing_all_20190301.csv": inside} | {n: day_text("20190302").encode() for n in bad},
    )
    before = sorted(tmp_path.rglob("*"))
    hours, defects = read_archive(path)
    assert hours["time"].dt.day.unique().tolist() == [1]
    assert len(rule(defects, "outside_zip")) == len(bad)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_files, "FILE_LIMIT", 200_000)
    monkeypatch.setattr(archive_files, "ZIP_LIMIT", 400_000)
    members = {"beijing_all_20190301.csv": day_text("20190301").encode()}
    sizes = {"a": 300_000, "b": 150_000, "c": 150_000, "d": 150_000}
    members |= {f"{name}.csv": name.encode() * size for name, size in sizes.items()}
    path = zipped(tmp_path / "a.zip", members)
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b"0" * 300_000))
    (tmp_path / "f.csv").write_bytes(b"0" * 300_000)
    hours, defects = read_archive([path, tmp_path / "e.csv.gz", tmp_path / "f.csv"])
    assert len(hours) == 24 * 2 * 2
    limited = sorted(rule(defects, "too_large")["file"])
    assert limited == ["a.zip:a.csv", "a.zip:d.csv", "e.csv.gz", "f.csv"]
    # a member that states less than it holds is not read beyond that
    data = bytearray(
        zipped(tmp_path / "g.zip", {"beijing_all_20190302.csv": b"0" * 1000}).read_bytes()
    )
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    (tmp_path / "g.zip").write_bytes(data)
    _, defects = read_archive([path, tmp_path / "g.zip"])
    assert rule(defects, "damaged_member")["file"].tolist() == ["g.zip:beijing_all_20190302.csv"]


def test_nothing_readable_is_an_error_of_one_line(tmp_path):
    put(tmp_path, "20190301", text="<html>")
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    for paths in (tmp_path, [tmp_path / "a.zip"]):
        with pytest.raises(InputError, match="nothing readable") as caught:
            read_archive(paths)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        read_archive(tmp_path / "absent.zip")
    with pytest.raises(InputError, match="shape"):
        read_archive(tmp_path, shape="tall")


# --------------------------------------------------------------------------------------- UCI


def uci_text(start="2015-01-01", n=48, **columns) -> str:
    time, k = pd.date_range(start, periods=n, freq="h"), np.arange(n)
    data = {"No": k + 1, "year": time.year, "month": time.month, "day": time.day}
    data |= {"hour": time.hour, "PM2.5": 40 + k % 5, "PM10": 80 + k % 5, "SO2": 8 + k % 3}
    data |= {"NO2": 30 + k % 5, "CO": 800 + 100 * (k % 3), "O3": 50 + k % 5, "TEMP": k % 7}
    data |= {"PRES": 1020, "DEWP": -8, "RAIN": 0, "wd": "NNE", "WSPM": 2.5} | columns
    frame = pd.DataFrame(data | {"station": "Guanyuan"})
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
    weather = read_wide(packed).weather
    assert list(weather.columns)[2:] == ["temp", "pres", "dewp", "rain", "wspm", "wd"]
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
    counted = rule(defects, "archive_has_hour").set_index("pollutant")["count"]
    assert counted.to_dict() == {"pm25": 23, "pm10": 23}
    # the order of the paths does not matter between the two archives
    files = sorted(tmp_path.iterdir())
    pd.testing.assert_frame_equal(read_archive(files[::-1]).hours, hours)


def test_uci_pm10_filled_with_pm25_counts_as_missing(tmp_path):
    pm10 = np.where(np.arange(48) < 10, 40 + np.arange(48) % 5, 35)
    (tmp_path / "PRSA.csv").write_text(uci_text(PM10=pm10))
    hours, defects = read_archive(tmp_path)
    assert (hours["pollutant"] == "pm10").sum() == 38
    assert rule(defects, "uci_pm10_filled")["count"].tolist() == [10]


def test_uci_bad_cells_and_lines(tmp_path):
    lines = uci_text(n=6).split("\n")
    lines[2] = lines[2].replace('"41"' if '"41"' in lines[2] else ",41,", ",x,", 1)
    lines[3] = lines[3].replace(",2015,", ",20xx,", 1)
    lines[4] += ",7,7,7"
    (tmp_path / "PRSA.csv").write_text("\n".join(lines))
    hours, defects = read_archive(tmp_path)
    assert hours["time"].nunique() == 4
    assert rule(defects, "not_a_number")["value"].tolist() == ["x"]
    assert rule(defects, "line_unreadable")["count"].sum() == 1
    assert rule(defects, "date_unreadable")["count"].sum() == 1
    put(tmp_path, "20150101", text="No,year,station\n1,2015,官园\n")
    assert len(rule(read_archive(tmp_path).defects, "not_hourly")) == 1


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
    strange = [b"\n", b",", b'"', b"\r\n", b"inf", b"-", b"\0", b"1e400", b"9" * 20]
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


def test_progress_counts_to_the_end(tmp_path):
    for d in range(1, 29):
        pair(tmp_path, f"201902{d:02d}", hours=range(2))
    seen = []
    read_archive(tmp_path, progress=lambda done, total, text: seen.append((done, total)))
    assert seen[-1] == (56, 56) and all(0 < d <= t for d, t in seen) and len(seen) >= 2


# ------------------------------------------------------------------- files as people have them


def frame_of(path) -> pd.DataFrame:
    return frame(read_archive(path).hours)


DATES = {"slash dates": "2023/6/1", "dashed dates with a clock": "2023-06-01 00:00:00"}
FORMS = ["row names", "floats", "semicolons", "tabs", "capitals", "other order", "crlf", *DATES]
FORMS += ["utf-16", "utf-16-le", "gbk"]


def rewritten(text: str, how: str) -> bytes:
    rows = [line.split(",") for line in text.rstrip("\n").split("\n")]
    if how == "row names":
        rows = [["" if i == 0 else str(i), *row] for i, row in enumerate(rows)]
    elif how == "floats":
        rows[1:] = [[f"{row[0]}.0", f"{row[1]}.0", *row[2:]] for row in rows[1:]]
    elif how == "semicolons":
        rows = [[*row[:3], *(cell.replace(".", ",") for cell in row[3:])] for row in rows]
    elif how == "capitals":
        rows[0][:3] = ["Date", "HOUR", "Type"]
    elif how == "other order":
        rows = [[row[2], row[0], row[1], *row[3:]] for row in rows]
    elif how in DATES:
        rows[1:] = [[DATES[how], *row[1:]] for row in rows[1:]]
    mark = {"semicolons": ";", "tabs": "\t"}.get(how, ",")
    end = "\r\n" if how == "crlf" else "\n"
    text = "".join(mark.join(row) + end for row in rows)
    return text.encode({"gbk": "gb18030"}.get(how, how if how.startswith("utf") else "utf-8"))


@pytest.mark.parametrize("kind", ["all", "extra"])
@pytest.mark.parametrize("how", FORMS)
def test_other_forms_of_a_file_give_the_same_hours(tmp_path, how, kind):
    kinds = ALL if kind == "all" else EXTRA
    path = put(tmp_path, "20230601", kind, text=day_text("20230601", kinds))
    expected = frame_of(path)
    path.write_bytes(rewritten(day_text("20230601", kinds, day24=False), how))
    assert len(expected) == 24 * 2 * len(kinds)
    pd.testing.assert_frame_equal(frame_of(path), expected)


def test_uci_in_small_letters_and_with_semicolons(tmp_path):
    text, path = uci_text(), tmp_path / "a.csv"
    path.write_text(text)
    expected = frame_of(path)
    header, body = text.split("\n", 1)
    small = header.lower() + "\n" + body.replace("Guanyuan", "guanyuan")
    for other in (small, text.replace(",", ";")):
        path.write_text(other)
        pd.testing.assert_frame_equal(frame_of(path), expected)


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
    row = hours.set_index("station").loc["万寿西宫"]
    assert row["time"] == pd.Timestamp("2022-01-04 14:00")
    assert row[["pm25", "pm10", "so2", "no2", "co", "o3"]].tolist() == [48, 74, 14, 52, 1.6, 23]
    other = hours.set_index("station").loc["2195A"]
    assert np.isnan(other["pm25"]) and np.isnan(other["so2"])
    assert rule(defects, "not_a_number")["value"].tolist() == ["x"]
    # where no row contradicts the printed names, they hold
    path.write_text(NETWORK + ROW_1001A.replace(",50,23,", ",23,50,"), "utf-8")
    assert read_archive(path, shape="wide").hours["o3"].tolist() == [23]
    assert set(read_archive(path, stations="1001A").hours["station"]) == {"万寿西宫"}


def twice(folder: Path, day: str, second) -> Path:
    lines = ["date,hour,type,3207A,1001A,3207A"]
    lines += [f"{day},{h},PM2.5,{40 + h % 5},{30 + h % 5},{second(h)}" for h in range(24)]
    path = folder / f"china_sites_{day}.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_code_twice_in_the_header_is_compared_in_every_file(tmp_path):
    for day in ("20190101", "20190102", "20190103"):
        twice(tmp_path, day, lambda h: 40 + h % 5)
    hours, defects = read_archive(tmp_path)
    assert rule(defects, "station_twice")["file"].nunique() == 3
    assert len(hours) == 3 * 24 * 2
    twice(tmp_path, "20190102", lambda h: 41 if h == 3 else 40 + h % 5)
    hours, defects = read_archive(tmp_path)
    refused = rule(defects, "station_twice_differs")
    assert refused[["file", "action"]].values.tolist() == [["china_sites_20190102.csv", "skipped"]]
    assert hours["time"].dt.day.unique().tolist() == [1, 3]


def test_refusals_name_the_cause_and_the_layout(tmp_path):
    (tmp_path / "a.csv").write_text("time,station,value\n2020-01-01,官园,4\n", "utf-8")
    with pytest.raises(InputError, match="a.csv: not an hourly file.*date,hour,type,<station>"):
        read_archive(tmp_path)


def test_the_real_cases(shared):
    cases = shared / "cases"
    plain = None
    for case in ("slashdate", "float", "semi", "rownames"):
        hours = frame_of(cases / f"beijing_all_{case}")
        assert len(hours) == 5 * 24 * 2 * 6
        plain = hours if plain is None else plain
        pd.testing.assert_frame_equal(hours, plain)
    hours = read_archive(cases / "real_china_sites_xicheng_codes", stations=OLD).hours
    assert set(hours["station"]) == set(OLD) and len(hours) > 800
    network = read_archive(cases / "real_cnemc_hour_file", shape="wide").hours
    assert network.set_index("station")["o3"].to_dict() == {"万寿西宫": 23, "官园": 30}


def test_no_cell_hangs_the_reader(tmp_path):
    """A cell of two million blanks or digits costs no more than its length."""
    import time

    for filler in (" " * 2_000_000, "9" * 2_000_000):
        text = f"date,hour,type,官园\n20190301,1,PM2.5,{filler}x\n20190301,2,PM2.5,7\n"
        path = put(tmp_path, "20190301", text=text)
        start = time.process_time()
        assert read_archive(path).hours["value"].tolist() == [7]
        assert time.process_time() - start < 10
