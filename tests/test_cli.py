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
COMMANDS = ["build", "check", "hourly", "stations", "month", "explore"]
COMMANDS += ["gaps", "template", "import", "undo", "new", "evaluate", "review", "figure"]


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


def test_the_list_of_commands_is_whole():
    (sub,) = (a for a in cli._parser()._actions if isinstance(a.choices, dict))
    assert set(sub.choices) == set(COMMANDS)


def test_help_lists_every_command_and_needs_no_library():
    told = run("--help")
    assert told.returncode == 0
    assert all(name in told.stdout for name in COMMANDS)
    code = "import sys, xc_analysis.cli; print(sorted({'pandas', 'matplotlib', 'nbclient'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"


USAGE = [
    *([], ["nonsense"], ["build", "--jobs", "0"], ["build", "--lang", "fr"], ["hourly"]),
    *(["hourly", "x", "--name", "x"], ["stations"], ["stations", "x", "--out", "y", "--by", "z"]),
    *(["month"], ["month", "2023-05", "--lang", "fr"], ["explore", "--port", "x"]),
    *(["gaps", "--nonsense"], ["template"], ["import"], ["import", "x", "--dry-run", "--apply"]),
    *(["undo", "x"], ["new"], ["new", "x"], ["evaluate"], ["evaluate", "--kind", "x"]),
    *(["review", "nonsense", "x"], ["review", "export"], ["figure"], ["figure", "x", "--dpi", "y"]),
]


@pytest.mark.parametrize("argv", USAGE, ids=" ".join)
def test_wrong_usage_is_exit_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(argv)
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert "usage: xc" in told and told.splitlines()[-1].startswith("xc")


BAD = [
    # what is given, a word of the answer; nothing is written
    (["build", "--data", "nowhere"], "nowhere"),
    (["build", "no-such"], "no such notebook"),
    (["build", "--report", "pdf"], "pdf"),
    (["check", "nowhere"], "nowhere"),
    (["hourly", "nowhere.zip", "--stations", "官园", "--name", "x", "--out", "out"], "nowhere"),
    (["hourly", "nowhere.zip", "--to-parquet", "out"], "nowhere"),
    (["stations", "nowhere", "--out", "out"], "nowhere"),
    (["stations", ".", "--out", "out", "--engine", "abacus"], "abacus"),
    (["month", "2023-13"], "2023-13"),
    (["month", "yesterday"], "yesterday"),
    (["month", "1999-01"], "1999-01"),
    (["month", "2023-05", "--scope", "nowhere"], "nowhere"),
    (["month", "2023-05", "--indicator", "soot"], "soot"),
    (["month", "2023-05", "--data", "nowhere"], "nowhere"),
    (["explore", "--data", "nowhere", "--no-browser"], "nowhere"),
    (["gaps", "--data", "nowhere"], "nowhere"),
    (["gaps", "--plan", "no plan"], "no plan"),
    (["gaps", "--scope", "nowhere"], "nowhere"),
    (["template", "x.csv"], "xlsx"),
    (["template", "nowhere/x.xlsx"], "nowhere"),
    (["template", "x.xlsx", "--scope", "nowhere"], "nowhere"),
    (["import", "nowhere.csv"], "is missing"),
    (["import", "."], "is a folder"),
    (["import", "nowhere.csv", "--apply"], "no pack is named"),
    (["import", "nowhere.csv", "--apply", "--data", "nowhere"], "does not exist"),
    (["undo"], "no pack is named"),
    (["undo", "--data", "."], "no change to undo"),
    (["new", "out", "--name", "1"], "--name"),
    (["new", ".", "--name", "某区"], "not empty"),
    (["evaluate", "--kind", "final", "--year", "1800", "--out", "out"], "1800"),
    (["evaluate", "--kind", "final", "--year", "2025", "--out", "out", "--apply"], "--fill"),
    (["review", "import", "nowhere.xlsx"], "nowhere"),
    (["review", "export", "a.xlsx", "b.xlsx"], "one FILE"),
    (["figure", "no-such", "--out", "out"], "no-such"),
    (["figure", "fig01", "--format", "doc", "--out", "out"], "doc"),
]


@pytest.mark.parametrize(("argv", "word"), BAD, ids=[" ".join(b[0]) for b in BAD])
def test_a_bad_argument_is_one_line_and_exit_1_and_writes_nothing(
    argv, word, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("mine")
    assert cli.main(argv) == 1
    told = capsys.readouterr()
    lines = (told.err or told.out).splitlines()
    assert len(lines) == 1 and word in lines[0] and "Traceback" not in lines[0], told
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


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
