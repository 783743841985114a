"""The command line as a user meets it: help, exit codes, one line for each refusal."""

import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from xc_analysis import cli

CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMMANDS = "build check hourly stations figure month template import undo review explore".split()


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
    assert f"xc {name}" in told[told.index("示例" if lang == "zh" else "example") :]
    assert bool(CHINESE.search(told.replace("官园,万寿西宫", ""))) == (lang == "zh")


def test_help_lists_every_command_and_survives_a_plain_locale():
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    told = run("--help", "--lang", "zh", env=env)
    assert told.returncode == 0 and "数据表" in told.stdout
    assert all(re.search(rf"^    {name}\b", told.stdout, re.MULTILINE) for name in COMMANDS)


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


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("line", USAGE.splitlines()[1:])
def test_wrong_usage_is_one_line_and_exit_2(line, lang, capsys, monkeypatch):
    monkeypatch.setenv("XC_LANG", lang)
    code, told = refuse(line.split(), capsys)
    assert code == 2
    assert ("用法：xc" if lang == "zh" else "usage: xc") in told
    assert bool(CHINESE.search(told)) == (lang == "zh")


BAD = [
    # what is given, the exit code, a word of the answer
    ("build no-such", 2, "no such notebook"),
    ("build --jobs 0", 2, "--jobs 0"),
    ("build --out mine", 1, "cannot write here"),
    ("hourly nowhere.zip --stations 官园 --name x --out out", 1, "nowhere"),
    ("hourly nowhere.zip --stations ， --name x --out out", 2, "--stations"),
    ("hourly nowhere.zip --to-parquet out", 1, "nowhere"),
    ("stations nowhere --out out", 1, "nowhere"),
    ("month 2023-13", 2, "2023-13"),
    ("month yesterday", 2, "yesterday"),
    ("month 1999-01", 1, "1999-01"),
    ("figure no-such", 2, "no-such: no such figure"),
    ("figure x --format doc", 2, "doc"),
    ("figure x --width 3", 2, "3 mm"),
    ("explore --port 80", 2, "--port 80"),
]


@pytest.mark.parametrize(("line", "code", "answer"), BAD, ids=[line for line, *_ in BAD])
def test_a_bad_argument_is_one_line_and_writes_nothing(
    line, code, answer, tmp_path, monkeypatch, capsys, lang_en
):
    """Exit 2 for what was typed wrong, 1 for what is not there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("mine")
    told = refuse(line.split(), capsys)
    assert told[0] == code and answer in told[1]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_refusal_is_in_the_language_asked_for_without_control_characters(capsys, monkeypatch):
    monkeypatch.setenv("XC_LANG", "en")
    _, english = refuse(["build", "no-such\x1b[31m\nb"], capsys)
    _, chinese = refuse(["build", "no-such", "--lang", "zh"], capsys)
    assert not CHINESE.search(english) and "\x1b" not in english
    assert "没有" in chinese and "no such" not in chinese


def test_check_says_clean_or_a_line_for_each_offence_with_file_and_line(pack):
    told = run("check", "--lang", "en")
    assert (told.returncode, told.stdout, told.stderr) == (0, "no problems\n", "")
    path = pack / "observations.csv"
    lines = path.read_text("utf-8").split("\n")
    lines[4] = lines[3]  # line 5 repeats the key of line 4
    path.write_text("\n".join(lines), encoding="utf-8")
    told = run("check", str(pack))
    assert told.returncode == 1 and told.stderr == ""
    assert f"{path}:5: " in told.stdout
    assert all(re.match(r".+\.csv:\d+: ", line) for line in told.stdout.splitlines())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_month_prints_the_page_in_one_language(lang, capsys):
    assert cli.main(["month", "2023-05", "--lang", lang]) == 0
    told = capsys.readouterr().out
    assert "2023" in told and bool(CHINESE.search(told)) == (lang == "zh")


def test_hourly_writes_the_tables_of_a_district_and_the_hours_that_stations_takes(tmp_path):
    records = tmp_path / "archive"  # three days as they are distributed, one value all along
    records.mkdir()
    for day, kind in product(("20190105", "20190106", "20190107"), ("all", "extra")):
        rows = ["date,hour,type,官园,万寿西宫"]
        names = ("PM2.5", "PM10", "AQI") if kind == "all" else ("SO2", "NO2", "O3", "CO")
        for name, hour in product(names, range(24)):
            value = 0.8 if name == "CO" else 42  # 42 mg/m³ of CO is no such thing
            rows.append(f"{day},{hour},{name},{value},{value}")
        (records / f"beijing_{kind}_{day}.csv").write_text("\n".join(rows), encoding="utf-8")
    air, store, out = (str(tmp_path / name) for name in ("air", "hours", "out"))
    for args in (
        ("hourly", str(records), "--stations", "官园，万寿西宫", "--name", "某区", "--out", air),
        ("hourly", str(records), "--to-parquet", store),
        ("stations", store, "--out", out),
    ):
        told = run(*args)
        assert told.returncode == 0, told.stderr
    daily = pd.read_csv(tmp_path / "air/daily.csv")
    first = ["date", "scope", "pm25", "pm10", "so2", "no2", "co", "o3_8h", "aqi", "primary"]
    assert list(daily.columns[: len(first)]) == first
    assert set(daily["scope"]) == {"某区"} and set(daily["pm25"].dropna()) == {42.0}
    assert {path.stem for path in Path(air).glob("*")} >= {"annual", "monthly", "daily", "defects"}
    annual = pd.read_csv(tmp_path / "out/annual.csv")
    assert set(annual.loc[annual["indicator"] == "pm25", "value"]) == {42.0}
    assert {path.name for path in Path(out).glob("*.csv")} == {"annual.csv", "monthly.csv"}
