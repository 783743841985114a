"""The command line as a user meets it: help, exit codes, one line per refusal."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from xc_analysis import cli

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ["build", "check", "hourly", "stations"]


def run(*args: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "xc_analysis", *args]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


@pytest.fixture
def tables(tmp_path) -> Path:
    return shutil.copytree(ROOT / "data", tmp_path / "tables")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_in_both_languages_and_shows_an_example(name, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])
    told = capsys.readouterr().out
    assert end.value.code == 0
    assert f"example: xc {name}" in told
    assert re.search(r"[\u4e00-\u9fff]{4}", told)


def test_help_lists_every_command_and_needs_no_library():
    told = run("--help")
    assert told.returncode == 0
    assert all(name in told.stdout for name in COMMANDS)
    code = "import sys, xc_analysis.cli; print(sorted({'pandas', 'matplotlib', 'nbclient'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["build", "--jobs", "0"], ["hourly"]])
def test_wrong_usage_is_exit_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(argv)
    assert end.value.code == 2
    assert "usage: xc" in capsys.readouterr().err


def test_check_is_silent_on_the_committed_tables():
    told = run("check")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_check_prints_a_line_an_offence_with_file_and_line(tables):
    path = tables / "observations.csv"
    lines = path.read_text("utf-8").split("\n")
    lines[4] = lines[3]  # line 5 repeats the key of line 4
    path.write_text("\n".join(lines), encoding="utf-8")
    told = run("check", str(tables))
    assert told.returncode == 1
    assert f"{path}:5: " in told.stdout
    assert all(re.match(r".+\.csv:\d+: ", line) for line in told.stdout.splitlines())
    assert told.stderr == ""


def test_a_folder_that_is_not_there_is_one_line_and_exit_1(tmp_path):
    for command in (["check", "nowhere"], ["build", "--data", "nowhere"]):
        told = run(*command, cwd=tmp_path)
        assert told.returncode == 1
        assert "nowhere" in told.stdout + told.stderr
        assert len((told.stdout + told.stderr).splitlines()) == 1


def test_build_names_the_notebooks_there_are_when_one_is_not(tmp_path):
    told = run("build", "no-such", "--out", str(tmp_path))
    assert told.returncode == 1
    assert re.fullmatch(r"xc: no-such: no such notebook; there are .+\n", told.stderr)


def test_output_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    told = run("build", "--out", str(tmp_path / "file"))
    assert told.returncode == 1
    assert "cannot write here" in told.stderr and "Traceback" not in told.stderr


def test_chinese_survives_a_locale_without_it(tables):
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    told = run("--help", env=env)
    assert told.returncode == 0 and "数据表" in told.stdout


def archive(folder: Path, pm25: float) -> Path:
    """Three days as the archive distributes them, one value all along."""
    folder.mkdir()
    for day in ("20190105", "20190106", "20190107"):
        for kind, pollutants in (
            ("all", ("PM2.5", "PM10", "AQI")),
            ("extra", ("SO2", "NO2", "O3", "CO")),
        ):
            rows = ["date,hour,type,官园,万寿西宫"]
            rows += [f"{day},{hour},{p},{pm25},{pm25}" for hour in range(24) for p in pollutants]
            (folder / f"beijing_{kind}_{day}.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_hourly_writes_the_tables_of_a_district(tmp_path):
    records = archive(tmp_path / "archive", 42)
    out = tmp_path / "air"
    told = run(
        "hourly", str(records), "--stations", "官园，万寿西宫", "--name", "某区", "--out", str(out)
    )
    assert told.returncode == 0, told.stderr
    daily = pd.read_csv(out / "daily.csv")
    assert set(daily["scope"]) == {"某区"}
    assert set(daily["pm25"].dropna()) == {42.0}
    assert {p.stem for p in out.glob("*.csv")} >= {"annual", "monthly", "daily", "defects"}


def test_hourly_refuses_an_archive_that_is_not_there_and_a_station_unknown(tmp_path):
    out = tmp_path / "air"
    told = run("hourly", "nowhere.zip", "--stations", "官园", "--name", "x", "--out", str(out))
    assert told.returncode == 1 and "Traceback" not in told.stderr and "nowhere" in told.stderr
    records = archive(tmp_path / "archive", 42)
    told = run("hourly", str(records), "--stations", "乌有", "--name", "x", "--out", str(out))
    assert told.returncode == 1 and "Traceback" not in told.stderr and "乌有" in told.stderr
    told = run("hourly", str(records), "--stations", "，", "--name", "x", "--out", str(out))
    assert told.returncode == 1 and "names no station" in told.stderr
    assert not out.exists()
