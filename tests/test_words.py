"""One vocabulary: every key in both languages, every key used, no sentences in code."""

import ast
import csv
import json
import re
import string
from pathlib import Path

import pytest

from xc_analysis import InputError, use_language
from xc_analysis.words import language, tr

ROOT = Path(__file__).resolve().parents[1]
ASKING = {"word", "message", "Message", "error", "has_word", "offence", "wrong", "report", "flag"}
# these explain another problem and stand within its text
WITHIN = {"check.no_such_kind", "check.no_year", "check.is_unknown", "check.clean"}
with (ROOT / "xc_analysis" / "words.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.reader(file))[1:]
KEYS = [row[0] for row in ROWS]
CHINESE = re.compile("[\u4e00-\u9fff]")


def nodes(*folders):
    """Yield (file, function that is called, node) of all code in folders, notebooks too."""
    for path in (path for folder in folders for path in sorted((ROOT / folder).rglob("*.*"))):
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            cells = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
            code = "\n".join("".join(cell) for cell in cells if not cell[0].startswith("%"))
        else:
            code = path.read_text(encoding="utf-8") if path.suffix == ".py" else ""
        for node in ast.walk(ast.parse(code)):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            yield path.name, called.rpartition(".")[2], node


def texts_in(node):
    """All plain texts in a node, the parts of f-strings among them."""
    values = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [value for value in values if isinstance(value, str)]


def test_every_row_holds_a_key_and_two_texts_with_the_same_fields():
    assert sorted(set(KEYS)) == KEYS
    assert not [row for row in ROWS if len(row) != 3 or not all(row)]
    for key, *texts in ROWS:
        zh, en = ({field for _, field, *_ in string.Formatter().parse(text)} for text in texts)
        assert zh - {None} == en - {None}, key
    # an example shows the name of a station, as the archive has it
    shown = {"cli.example.hourly", "error.no_station_named"}
    assert {key for key, _, en in ROWS if CHINESE.search(en)} == shown


def test_every_key_is_used_every_key_asked_for_is_there_and_every_problem_has_its_remedy():
    rules = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["rules"]
    texts, begun, asked = {rule["problem"] for rule in rules}, [], []
    for name, called, node in nodes("xc_analysis", "tools", "notebooks"):
        if called == "named":
            begun += [f"{text}." for text in texts_in(node.args[0])]
        elif called in ASKING:
            asked += [(name, text) for argument in node.args for text in texts_in(argument)]
        elif isinstance(node, ast.JoinedStr):
            begun += filter(re.compile(r"[a-z_]+\.([a-z0-9_]+[._])*$").match, texts_in(node)[:1])
        elif isinstance(node, ast.Constant):
            texts.add(node.value)
    asked = {told for told in asked if re.fullmatch(r"[a-z][a-z_]*\.[a-z0-9_.]*", told[1])}
    assert not [told for told in asked if not any(key.startswith(told[1]) for key in KEYS)]
    # the remedy of a problem goes by the problem's key
    problems = {key.removesuffix(".fix") for key in KEYS if key.startswith("check.")}
    assert not [key for key in problems - WITHIN if f"{key}.fix" not in KEYS]
    once = problems | {key for key in KEYS if not key.startswith("check.")}
    assert not [key for key in once if key not in texts and not key.startswith((*begun,))]


def test_no_sentences_stand_in_code():
    """Neither a pair for `tr` nor a Chinese sentence; names, marks and blanks may differ."""
    wrong, documented = [], set()
    for name, called, node in nodes("xc_analysis"):
        if isinstance(node, ast.Expr):
            documented.add(node.value)
        elif called == "tr":
            wrong += [(name, text) for text in texts_in(node) if len(CHINESE.findall(text)) > 3]
        elif isinstance(node, ast.Constant) and node not in documented:
            if re.search("[，。；！？]", said := str(node.value)) and CHINESE.search(said):
                wrong.append((name, said))
    assert not wrong


def test_the_language_is_as_set_then_the_environments_then_the_locales(monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: ("en_GB", "UTF-8"))
    for name, value, lang in (
        ("XC_LANG", "zh", "zh"),
        ("XC_LANG", "fr", "en"),
        ("LANG", "C.UTF-8", "zh"),
        ("LANG", "en_US.UTF-8", "en"),
        ("LANG", "zh_CN.UTF-8", "zh"),
    ):
        monkeypatch.setenv(name, value)
        assert language() == lang
    use_language("en")
    assert language() == "en" and tr("甲", "a") == "a"
    with pytest.raises(InputError, match="fr"):
        use_language("fr")
