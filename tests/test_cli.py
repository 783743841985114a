"""The command line as a user meets it: help, exit codes, one line for each refusal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from xc_analysis import cli

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ["build", "check", "hourly", "stations", "figure", "month", "template", "import"]
COMMANDS += ["undo", "review", "explore"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def run(*args: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "xc_analysis", *args]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


def refuse(argv: list[str], capsys) -> tuple[int, str]:
    """The exit code of a command that says one line, and the line."""
    try:
        code = cli.main(argv)
    except SystemExit as end:
        code = end.code
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert len(lines) == 1 and lines[0].startswith("xc: ") and "Traceback" not in lines[0], told
    return code, lines[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_in_one_language_and_shows_an_example(name, lang, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help", "--lang", lang])
    told = capsys.readouterr().out
    assert end.value.code == 0
    example = told[told.index("示例" if lang == "zh" else "example") :]
    assert f"xc {name}" in example
    prose = told.replace("官园,万寿西宫", "")
    assert bool(CHINESE.search(prose)) == (lang == "zh")


def test_help_lists_every_command_and_needs_no_library():
    told = run("--help")
    assert told.returncode == 0
    assert all(re.search(rf"^    {name}\b", told.stdout, re.MULTILINE) for name in COMMANDS)
    code = (
        "import sys, xc_analysis.cli as c\n"
        "c._parser()\n"
        "print(sorted({'pandas', 'matplotlib', 'nbclient'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]", loaded.stderr


USAGE = """

nonsense
build --jobs x
build --lang fr
hourly
hourly x --name x
stations x --out y --by z
month 2023-05 --lang both
explore --port x
import
undo x
review nonsense x
figure x --width wide
check a b
"""
USAGE = [line.split() for line in USAGE.splitlines()[1:]]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("argv", USAGE, ids=" ".join)
def test_wrong_usage_is_one_line_and_exit_2(argv, lang, capsys, monkeypatch):
    monkeypatch.setenv("XC_LANG", lang)
    code, line = refuse(argv, capsys)
    assert code == 2
    assert ("用法：xc" if lang == "zh" else "usage: xc") in line
    assert bool(CHINESE.search(line)) == (lang == "zh")


BAD = [
    # what is given, a word of the answer; nothing is written
    (["build", "no-such"], "no such notebook"),
    (["build", "--jobs", "0"], "--jobs 0"),
    (["hourly", "nowhere.zip", "--stations", "官园", "--name", "x", "--out", "out"], "nowhere"),
    (["hourly", "nowhere.zip", "--stations", "，", "--name", "x", "--out", "out"], "--stations"),
    (["hourly", "nowhere.zip", "--to-parquet", "out"], "nowhere"),
    (["stations", "nowhere", "--out", "out"], "nowhere"),
    (["month", "2023-13"], "2023-13"),
    (["month", "yesterday"], "yesterday"),
    (["month", "1999-01"], "1999-01"),
    (["figure", "no-such"], "no-such: no such figure"),
    (["figure", "x", "--format", "doc"], "doc"),
    (["figure", "x", "--width", "3"], "3 mm"),
]


@pytest.mark.parametrize(("argv", "answer"), BAD, ids=[" ".join(b[0]) for b in BAD])
def test_a_bad_argument_is_one_line_and_exit_1_and_writes_nothing(
    argv, answer, tmp_path, monkeypatch, capsys, lang_en
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("mine")
    code, line = refuse(argv, capsys)
    assert code == 1 and answer in line
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_refusal_is_in_the_language_asked_for_without_control_characters(capsys, monkeypatch):
    monkeypatch.setenv("XC_LANG", "en")
    _, english = refuse(["build", "no-such\x1b[31m\nb"], capsys)
    _, chinese = refuse(["build", "no-such", "--lang", "zh"], capsys)
    assert not CHINESE.search(english) and "\x1b" not in english
    assert "没有" in chinese and "no such" not in chinese


def test_check_says_that_the_committed_tables_are_clean():
    told = run("check", "--lang", "en")
    assert (told.returncode, told.stdout, told.stderr) == (0, "no problems\n", "")


def test_check_prints_a_line_for_each_offence_with_file_and_line(pack):
    path = pack / "observations.csv"
    lines = path.read_text("utf-8").split("\n")
    lines[4] = lines[3]  # line 5 repeats the key of line 4
    path.write_text("\n".join(lines), encoding="utf-8")
    told = run("check", str(pack))
    assert told.returncode == 1 and told.stderr == ""
    assert f"{path}:5: " in told.stdout
    assert all(re.match(r".+\.csv:\d+: ", line) for line in told.stdout.splitlines())


def test_output_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    told = run("build", "--lang", "en", "--out", str(tmp_path / "file"))
    assert told.returncode == 1
    assert "cannot write here" in told.stderr and "Traceback" not in told.stderr


def test_chinese_survives_a_locale_without_it():
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    told = run("--help", "--lang", "zh", env=env)
    assert told.returncode == 0 and "数据表" in told.stdout


def test_month_prints_the_page_in_one_language(capsys):
    assert cli.main(["month", "2023-05", "--lang", "zh"]) == 0
    chinese = capsys.readouterr().out
    assert cli.main(["month", "2023-05", "--lang", "en"]) == 0
    english = capsys.readouterr().out
    assert "2023" in english and not CHINESE.search(english)
    assert CHINESE.search(chinese)


def archive(folder: Path) -> Path:
    """Three days as the archive distributes them, one value all along."""
    folder.mkdir()
    kinds = {"all": ("PM2.5", "PM10", "AQI"), "extra": ("SO2", "NO2", "O3", "CO")}
    for day in ("20190105", "20190106", "20190107"):
        for kind, pollutants in kinds.items():
            rows = ["date,hour,type,官园,万寿西宫"]
            for name in pollutants:
                value = 0.5 if name == "CO" else 42
                rows += [f"{day},{hour},{name},{value},{value}" for hour in range(24)]
            # 42 mg/m³ of CO is no such thing
            text = "\n".join(rows).replace("CO,42,42", "CO,0.8,0.8")
            (folder / f"beijing_{kind}_{day}.csv").write_text(text, encoding="utf-8")
    return folder


def test_hourly_writes_the_tables_of_a_district(tmp_path):
    records = archive(tmp_path / "archive")
    out = tmp_path / "air"
    named = ("--stations", "官园，万寿西宫", "--name", "某区")
    told = run("hourly", str(records), *named, "--out", str(out))
    assert told.returncode == 0, told.stderr
    daily = pd.read_csv(out / "daily.csv")
    first = ["date", "scope", "pm25", "pm10", "so2", "no2", "co", "o3_8h", "aqi", "primary"]
    assert list(daily.columns[: len(first)]) == first
    assert set(daily["scope"]) == {"某区"}
    assert set(daily["pm25"].dropna()) == {42.0}
    assert {path.stem for path in out.glob("*.csv")} >= {"annual", "monthly", "daily", "defects"}


def test_stations_takes_the_hours_that_hourly_writes(tmp_path):
    records = archive(tmp_path / "archive")
    store, out = tmp_path / "hours", tmp_path / "out"
    assert run("hourly", str(records), "--to-parquet", str(store)).returncode == 0
    told = run("stations", str(store), "--out", str(out))
    assert told.returncode == 0, told.stderr
    annual = pd.read_csv(out / "annual.csv")
    assert set(annual.loc[annual["indicator"] == "pm25", "value"]) == {42.0}
    assert {path.name for path in out.glob("*.csv")} == {"annual.csv", "monthly.csv"}
