"""A second district: an empty pack, its air from an archive by one command, its Figure 1, its report."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import build as builder
from xc_analysis import cli
from xc_analysis.errors import Empty
from xc_analysis.packs import newpack

ROOT = Path(__file__).resolve().parents[1]
STATIONS = ("东四", "天坛")


def figure_of(pack, out):
    """Figure 1 of a pack; what the build said."""
    outcomes, _ = builder.build(["10"], where=builder.place(data=pack, out=out))
    assert [o.state for o in outcomes] == ["built"], outcomes[0].message
    return outcomes[0]


def made_up_archive(folder):
    """Hours of 2019 and 2020 at two stations, by a formula."""
    kinds = {"all": ("PM2.5", "PM10", "AQI"), "extra": ("SO2", "NO2", "O3", "CO")}
    base = {"PM2.5": 40, "PM10": 70, "AQI": 60, "SO2": 5, "NO2": 35, "O3": 60, "CO": 0.8}
    folder.mkdir()
    for day in pd.date_range("2019-01-01", "2020-12-31"):
        swing = 10 * np.cos(2 * np.pi * day.day_of_year / 365)
        for kind, names in kinds.items():
            lines = [f"date,hour,type,{','.join(STATIONS)}"]
            for hour in range(24):
                for name in names:
                    size = swing * (0.02 if name == "CO" else 1) + hour % 3
                    a, b = (round(max(1, base[name] + size + k), 1) for k in (0, 2))
                    lines.append(f"{day:%Y%m%d},{hour},{name},{a},{b}")
            text = "\n".join(lines) + "\n"
            (folder / f"beijing_{kind}_{day:%Y%m%d}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """A pack of a made-up record: `xc new`, then `xc hourly` into it."""
    place = tmp_path_factory.mktemp("district")
    pack, archive = place / "dc", made_up_archive(place / "archive")
    names = ["--name", "东城区", "--stations", ",".join(STATIONS)]
    assert cli.main(["new", str(pack), *names, "--english", "Dongcheng"]) == 0
    assert cli.main(["hourly", str(archive), *names, "--out", str(pack / "air")]) == 0
    return pack


def test_the_pack_is_clean_and_its_air_is_the_archives(district):
    assert not len(xc.check(district))
    assert xc.home(district).scope == "东城区"
    frame = xc.series("pm25", scope="东城区", source="station", partial="observed", data=district)
    assert list(frame.index) == [2019, 2020] and set(frame["completeness"]) == {"strict"}
    # mean of 40 + hour % 3 (1 on average) at one station and 2 more at the other
    assert frame["value"].tolist() == pytest.approx([42, 42], abs=0.3)
    assert "东城区" not in (ROOT / "data/air/annual.csv").read_text(encoding="utf-8")


def test_figure_1_of_the_made_up_district(district, tmp_path):
    figure_of(district, tmp_path)
    table = (tmp_path / "figures/en/fig01_air_quality.csv").read_text(encoding="utf-8")
    assert "东城区" in table and (tmp_path / "figures/en/fig01_air_quality.svg").exists()


def test_scorecard_coverage_and_gaps_say_what_is_empty(district):
    card = xc.scorecard(scope="东城区", data=district)
    assert len(card) == 14 and set(card["verdict"]) == {"cannot be judged"}
    assert card["why"].str.contains("target").all()
    known = xc.coverage(scope="东城区", data=district)
    assert (known.loc["pm25"] == "computed").all() and (known.loc["area_noise"] == "").all()
    from xc_analysis.intake.gaps import gaps

    missing = gaps(data=district)
    assert missing.attrs["scope"] == "东城区"
    assert set(missing.loc[missing["indicator"] == "area_noise", "year"]) == set(range(2015, 2026))
    assert not {2019, 2020} & set(missing.loc[missing["indicator"] == "pm25", "year"])


def test_needs_names_what_is_missing(district):
    with pytest.raises(Empty, match="东城区.*area_noise, o0127"):
        xc.needs("pm25", "area_noise", "o0127", data=district)
    with pytest.raises(Empty, match="statements"):
        xc.needs("air/annual", "statements", data=district)
    xc.needs("pm25", "air/annual", "archive-hourly", data=district)
    assert Empty("x")._render_traceback_() == ["空 empty: x"]


def test_a_figure_fills_a_gap_of_the_new_pack(district, tmp_path):
    pack = shutil.copytree(district, tmp_path / "dc")
    path = tmp_path / "in.csv"
    path.write_bytes("指标,年份,数值\n区域环境噪声平均值,2020,53.1分贝\n".encode("gbk"))
    source = ["--title=年鉴", "--publisher=区统计局", "--locator=表1", "--published=2021"]
    assert cli.main(["import", str(path), "--apply", "--data", str(pack), *source]) == 0
    frame = xc.series("area_noise", scope="东城区", data=pack)
    assert frame["value"].to_dict() == {2020: 53.1}


def test_notebooks_stop_in_words_where_the_pack_has_no_more(district, tmp_path):
    """Two notebooks that rest on figures of the plan; the build does not fail."""
    where = builder.place(data=district, out=tmp_path)
    outcomes, _ = builder.build(["01", "40"], where=where)
    assert [o.state for o in outcomes] == ["built", "built"], [o.message for o in outcomes]
    assert all("空 empty" in "".join(o.warnings) for o in outcomes)


def test_an_import_waits_for_a_build_and_a_build_for_an_import(district, tmp_path):
    from xc_analysis.packs.localpack import held

    pack = shutil.copytree(district, tmp_path / "dc")
    path = tmp_path / "in.csv"
    path.write_text("指标,年份,数值\narea_noise,2020,53.1\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "xc_analysis",
        "import",
        str(path),
        "--apply",
        "--data",
        str(pack),
    ]
    command += ["--title=年鉴", "--publisher=区统计局", "--locator=表1", "--published=2021"]
    with held(pack, write=False):  # as a build holds it
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})  # fmt: skip
        assert "waiting" in run.stdout.readline()
        assert not len(xc.load("observations", data=pack).query("scope == '东城区'"))
    told, _ = run.communicate(timeout=120)
    assert run.returncode == 0 and "change 1" in told
    said = []

    class Show(builder._Silent):
        def say(self, text):
            said.append(text)

    import threading

    release = threading.Event()

    def hold():
        with held(pack, write=True):
            release.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    threading.Timer(1.0, release.set).start()
    builder.build(["40"], where=builder.place(data=pack, out=tmp_path / "out"), show=Show())
    thread.join()
    assert any("waiting" in text for text in said)


def test_figure_1_of_the_real_district(shared, tmp_path):
    """东四 and 天坛 from the public archive; kept here, never in data/."""
    archives = sorted((shared / "hourly").glob("beijing_*.zip"))
    pack = newpack.create(tmp_path / "dc", name="东城区", english="Dongcheng", stations=STATIONS)
    command = ["hourly", *map(str, archives), "--stations", ",".join(STATIONS), "--name", "东城区"]
    assert cli.main([*command, "--out", str(pack / "air")]) == 0
    assert not len(xc.check(pack))
    frame = xc.series("pm25", scope="东城区", source="station", partial="observed", data=pack)
    whole = frame[frame["completeness"] != "partial"]
    assert {2014, 2015, 2016, 2018, 2019, 2020, 2023} <= set(whole.index)
    # the district's neighbour, of which the plan prints 83 and 40
    own = xc.series("pm25", source="station", partial="observed", data=ROOT / "data")
    assert (whole["value"] - own["value"].reindex(whole.index)).abs().max() < 6
    assert xc.trend(whole["value"].loc[2014:2020]).slope < -5
    outcome = figure_of(pack, tmp_path / "out")
    for lang in ("zh", "en"):
        for kind in ("png", "svg", "csv"):
            assert (tmp_path / "out/figures" / lang / f"fig01_air_quality.{kind}").stat().st_size
    assert "空 empty" in "".join(outcome.warnings)  # nothing printed to compare with
    table = (tmp_path / "out/figures/zh/fig01_air_quality.csv").read_text(encoding="utf-8")
    assert "东城区" in table and "西城区" not in table
