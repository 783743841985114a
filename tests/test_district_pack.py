"""A second district: an empty pack, its air from an archive by one command, its Figure 1, its report."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import build as builder
from xc_analysis import cli, running
from xc_analysis.errors import Empty, InputError
from xc_analysis.packs import newpack

ROOT = Path(__file__).resolve().parents[1]
STATIONS = ("东四", "天坛")


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
THEMES = ("20", "30", "40", "50", "55")
ROWS = """指标,年份,数值
区域环境噪声平均值,2020,53.1
交通噪声平均值,2020,69.2
绿化覆盖率,2015,32.1
绿化覆盖率,2020,33.5
河湖水质优良比例,2020,70
二氧化碳排放总量,2020,610
城市道路尘土残存量,2020,5.5
细颗粒物 PM₂.₅ 浓度,2020,41
"""
LINES = """e11,十四五,11,东城区,area_noise,2020,2025,level,<,55.0,dB(A),约束性,,{source},表2,
e12,十四五,12,东城区,traffic_noise,2020,2025,level,<,70.0,dB(A),约束性,,{source},表2,
e14,十四五,14,东城区,green_cover,2020,2025,level,>=,34.0,%,约束性,,{source},表2,
"""
# of each theme: the figure that a few rows of the district bring, and one that still lacks its rows
BRINGS = {
    "20_water": ("water_networks", None),
    "30_green_space": ("green_cover_and_parks", "green_hectares"),
    "40_noise": ("noise_margins", None),
    "50_low_carbon": ("carbon_ratios", "carbon_denominators"),
    "55_soil_waste_dust": ("dust_residue_and_fall", "waste_household"),
}


def figure_of(pack, out):
    """Figure 1 of a pack; what the build said."""
    outcomes, _ = builder.build(["10"], where=builder.place(data=pack, out=out))
    assert [o.state for o in outcomes] == ["built"], outcomes[0].message
    return outcomes[0]


FOUL = 180


def made_up_archive(folder):
    """Hours of 2019 and 2020 at two stations, by a formula; each year begins with five foul days."""
    kinds = {"all": ("PM2.5", "PM10", "AQI"), "extra": ("SO2", "NO2", "O3", "CO")}
    base = {"PM2.5": 40, "PM10": 70, "AQI": 60, "SO2": 5, "NO2": 35, "O3": 60, "CO": 0.8}
    folder.mkdir()
    for day in pd.date_range("2019-01-01", "2020-12-31"):
        swing = 10 * np.cos(2 * np.pi * day.day_of_year / 365)
        foul = FOUL if day.day_of_year <= 5 else 0
        for kind, names in kinds.items():
            lines = [f"date,hour,type,{','.join(STATIONS)}"]
            for hour in range(24):
                for name in names:
                    size = swing * (0.02 if name == "CO" else 1) + hour % 3
                    size += foul if name.startswith("PM") else 0
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
    expected = [42 + 5 * FOUL / days for days in (365, 366)]
    assert frame["value"].tolist() == pytest.approx(expected, abs=0.3)
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
    with pytest.raises(Empty, match="东城区.*area_noise.*o0127"):
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


def run_all(jobs, folder) -> dict:
    """Notebooks on packs, two at a time: executed notebook (or the error) and figures of each."""
    turn = asyncio.Semaphore(2)

    async def one(path, pack):
        figures = folder / pack.name / path.stem
        figures.mkdir(parents=True)
        async with turn:
            try:
                nb = await running.execute(path, figures=figures, data=pack)
            except RuntimeError as error:
                return error, set()
        return nb, {p.stem for p in (figures / "en").glob("*.svg")}

    async def every():
        return await asyncio.gather(*(one(path, pack) for path, pack in jobs))

    keys = [(pack.name, path.stem) for path, pack in jobs]
    return dict(zip(keys, asyncio.run(every()), strict=True))


@pytest.fixture(scope="module")
def filled(district, tmp_path_factory):
    """The pack of the made-up record with a few numbers and three targets of its own."""
    place = tmp_path_factory.mktemp("filled")
    pack = shutil.copytree(district, place / "filled")
    (place / "in.csv").write_text(ROWS, encoding="utf-8")
    source = ["--title=年鉴", "--publisher=区统计局", "--locator=表1", "--published=2021"]
    assert cli.main(["import", str(place / "in.csv"), "--apply", "--data", str(pack), *source]) == 0
    (own,) = set(xc.load("observations", data=pack).query("scope == '东城区'")["source_id"])
    with open(pack / "targets.csv", "a", encoding="utf-8") as table:
        table.write(LINES.format(source=own))
    assert not len(xc.check(pack))
    return pack


@pytest.fixture(scope="module")
def runs(district, filled, tmp_path_factory):
    """Every notebook on the filled pack; those of the themes also on the one with air alone."""
    themed = [p for p in NOTEBOOKS if p.stem[:2] in THEMES]
    jobs = [(p, filled) for p in NOTEBOOKS] + [(p, district) for p in themed]
    return run_all(jobs, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """`xc new` and nothing else."""
    pack = tmp_path_factory.mktemp("bare") / "bare"
    assert cli.main(["new", str(pack), "--name", "东城区"]) == 0
    return pack


def texts(nb) -> str:
    shown = (o.get("data", {}) for c in nb.cells for o in c.get("outputs", ()))
    return "\n".join(str(d.get("text/markdown", d.get("text/html", ""))) for d in shown)


@pytest.mark.parametrize("name", [p.stem for p in NOTEBOOKS])
def test_every_notebook_runs_on_the_filled_pack(runs, name):
    nb, _ = runs["filled", name]
    assert not isinstance(nb, RuntimeError), nb
    assert running.warnings_of(nb.cells) == ()
    said = texts(nb)
    assert "西城" not in said and "Xicheng" not in said
    ran = [c for c in nb.cells if c["cell_type"] == "code" and c.get("outputs")]
    assert ran, "an empty notebook says nothing"


@pytest.mark.parametrize("name", BRINGS)
def test_a_theme_shows_its_data_and_what_is_empty(runs, name):
    alone, without = runs["dc", name]
    more, drawn = runs["filled", name]
    brought, lacking = BRINGS[name]
    assert not isinstance(alone, RuntimeError), alone
    assert brought in drawn and brought not in without
    empties = alone.metadata["empty"]
    assert empties and all("xc template" in e or "targets.csv" in e or "·" in e for e in empties)
    assert "空　/　Empty" in texts(alone)
    assert set(more.metadata["empty"]) != set(empties)
    if lacking:  # a section without its rows costs itself only
        assert lacking not in drawn and f"图 {lacking} 未画" in texts(more) or "空" in texts(more)


def test_figures_of_the_city_stand_without_the_district(runs):
    for name, stem in (("20_water", "water_city_rivers"), ("40_noise", "noise_levels")):
        assert stem in runs["dc", name][1]


def test_sentences_are_made_of_the_packs_own_numbers(runs):
    said = texts(runs["filled", "40_noise"][0])
    # 70 - 69.2 = 0.8 dB, 10^0.08 = 1.202
    assert "0.8 dB below 70" in said and "20.2 % more sound energy" in said
    said = texts(runs["filled", "30_green_space"][0])
    assert "0.50 points short" in said and "+1.40 since 2015" in said


def test_an_empty_pack_runs_too(bare, tmp_path):
    some = [p for p in NOTEBOOKS if p.stem[:2] in ("00", "10", "11", "12", "13", "61")]
    for (_, name), (nb, drawn) in run_all([(p, bare) for p in some], tmp_path).items():
        assert not isinstance(nb, RuntimeError), f"{name}: {nb}"
        assert nb.metadata["empty"], name
        assert not any("district" in stem for stem in drawn)


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
    assert run.returncode == 0 and "change 2" in told  # the first was xc hourly
    said = []

    class Show(builder._Silent):
        def say(self, text):
            said.append(text)

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


def test_hourly_into_a_pack_waits_for_its_readers_writes_all_or_nothing_and_is_undone(
    district, tmp_path, monkeypatch
):
    from xc_analysis.packs import localpack
    from xc_analysis.records import air_tables

    pack = shutil.copytree(district, tmp_path / "dc")
    before = {p.name: p.read_bytes() for p in (pack / "air").glob("*.csv")}
    frames = {name: pd.read_csv(pack / f"air/{name}.csv") for name in ("annual", "monthly")}
    frames["annual"]["value"] += 1
    frames["monthly"]["value"] += 1
    said = []

    def write():
        air_tables.write(frames, pack / "air", say=said.append)

    with localpack.held(pack, write=False):  # as a build holds it
        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(0.5)
        assert {p.name: p.read_bytes() for p in (pack / "air").glob("*.csv")} == before
        assert "waiting" in said[0] and len(said) == 1
    thread.join(30)
    after = {p.name: p.read_bytes() for p in (pack / "air").glob("*.csv")}
    assert {name for name in after if after[name] != before[name]} == {"annual.csv", "monthly.csv"}
    assert "xc undo" in said[-1] and not len(xc.check(pack)) == 0  # days no longer give the months
    assert cli.main(["undo", "--data", str(pack)]) == 0
    assert {p.name: p.read_bytes() for p in (pack / "air").glob("*.csv")} == before

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(localpack.os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        write()
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in (pack / "air").glob("*.csv")} == before
    assert not list((pack / "air").glob(".*"))


def test_the_commands_that_compute_air_say_that_they_wait(district, tmp_path):
    """`xc hourly` as a process of its own, while another holds the pack."""
    from xc_analysis.packs.localpack import held

    pack = shutil.copytree(district, tmp_path / "dc")
    archive = tmp_path / "archive"
    archive.mkdir()
    for path in sorted((district.parent / "archive").glob("*_201901*.csv")):
        shutil.copy(path, archive)
    before = (pack / "air/annual.csv").read_bytes()
    command = [sys.executable, "-m", "xc_analysis", "hourly", str(archive), "--name", "东城区"]
    command += ["--stations", ",".join(STATIONS), "--out", str(pack / "air")]
    with held(pack, write=False):
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})  # fmt: skip
        assert any("waiting" in line for line in run.stderr)
        assert (pack / "air/annual.csv").read_bytes() == before
    told = run.communicate(timeout=120)[1]
    assert run.returncode == 0 and "xc undo" in told
    assert (pack / "air/annual.csv").read_bytes() != before


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
