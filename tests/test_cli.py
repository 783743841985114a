"""The command line as a user meets it: help, exit codes, one line for each refusal."""

import os
import re
import subprocess
import sys
from itertools import product

import minipack
import pandas as pd
import pytest

from xc_analysis import cli

CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMMANDS = "build check hourly stations figure month template import undo review explore".split()
REFUSALS = minipack.cases("cli_refusals").to_dict("records")


def refuse(argv: list[str], capsys) -> tuple[int, str]:
    """The exit code of a command that says one line, and the line."""
    try:
        code = cli.main(argv)
    except SystemExit as end:
        code = end.code
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert len(lines) == 1 and lines[0].startswith("xc: "), told
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
    command = [sys.executable, "-m", "xc_analysis", "--help", "--lang", "zh"]
    told = subprocess.run(command, capture_output=True, encoding="utf-8", env=env)
    assert told.returncode == 0 and "数据表" in told.stdout
    assert all(re.search(rf"^    {name}\b", told.stdout, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("case", REFUSALS, ids=[case["typed"] for case in REFUSALS])
def test_a_refusal_is_one_line_in_one_language_and_writes_nothing(
    case, lang, tmp_path, monkeypatch, capsys
):
    """Exit 2 for what was typed wrong, 1 for what is not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XC_LANG", lang)
    (tmp_path / "mine").write_text("mine")
    code, told = refuse(case["typed"].split(), capsys)
    assert code == int(case["code"]) and case[lang] in told
    assert bool(CHINESE.search(told.replace("官园", ""))) == (lang == "zh")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_refusal_quotes_no_control_characters(capsys, lang_en):
    _, told = refuse(["build", "no-such\x1b[31m\nb"], capsys)
    assert "no-such" in told and "\x1b" not in told


def test_check_says_clean_or_a_line_for_each_offence_with_file_and_line(pack, capsys, lang_en):
    assert cli.main(["check"]) == 0 and capsys.readouterr().out == "no problems\n"
    path = pack / "observations.csv"
    lines = path.read_text("utf-8").split("\n")
    lines[4] = lines[3]  # line 5 repeats the key of line 4
    path.write_text("\n".join(lines), encoding="utf-8")
    assert cli.main(["check", str(pack)]) == 1
    told = capsys.readouterr().out
    assert f"{path}:5: " in told
    assert all(re.match(r".+\.csv:\d+: ", line) for line in told.splitlines())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_month_prints_the_page_in_one_language(lang, capsys):
    assert cli.main(["month", "2023-05", "--lang", lang]) == 0
    told = capsys.readouterr().out
    assert "2023" in told and bool(CHINESE.search(told)) == (lang == "zh")


def test_hourly_writes_the_tables_of_a_district_and_the_hours_that_stations_takes(tmp_path):
    records = tmp_path / "archive"  # a day as it is distributed, one value all along
    records.mkdir()
    for kind, names in {"all": "PM2.5 PM10 AQI", "extra": "SO2 NO2 O3 CO"}.items():
        cells = product(range(24), names.split())
        rows = [f"20190105,{hour},{name},0.8,0.8" for hour, name in cells]
        text = "\n".join(["date,hour,type,官园,万寿西宫", *rows])
        (records / f"beijing_{kind}_20190105.csv").write_text(text, encoding="utf-8")
    air, store, out = (str(tmp_path / name) for name in ("air", "hours", "out"))
    stations = ["--stations", "官园，万寿西宫", "--name", "某区", "--out", air]
    assert cli.main(["hourly", str(records), *stations]) == 0
    assert cli.main(["hourly", str(records), "--to-parquet", store]) == 0
    assert cli.main(["stations", store, "--out", out]) == 0
    daily = pd.read_csv(tmp_path / "air/daily.csv")
    first = ["date", "scope", "pm25", "pm10", "so2", "no2", "co", "o3_8h", "aqi", "primary"]
    assert list(daily.columns[: len(first)]) == first
    assert set(daily["scope"]) == {"某区"} and set(daily["pm25"].dropna()) == {0.8}
    annual = pd.read_csv(tmp_path / "out/annual.csv").set_index("indicator")["value"]
    assert set(annual["pm25"]) == {0.8}
