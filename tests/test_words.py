"""One vocabulary: every key in both languages, every key used, no sentences in code."""

import ast
import csv
import json
import re
import string
from pathlib import Path

import pytest

from xc_analysis import InputError, use_language
from xc_analysis.words import Message, error, has_word, language, message, tr, word

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xc_analysis"
ASKING = {"word", "message", "Message", "error", "has_word", "offence", "wrong", "report", "flag"}
# these explain another problem and stand within its text
WITHIN = {"check.no_such_kind", "check.no_year", "check.is_unknown", "check.clean"}
with (PACKAGE / "words.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.reader(file))[1:]
KEYS = [row[0] for row in ROWS]


def is_chinese(text):
    return bool(re.search("[\u4e00-\u9fff]", text))


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def sources():
    """Yield (name, tree) of all code that may use a word."""
    for folder in ("xc_analysis", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.name, ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            code = "".join(cell["source"])
            if cell["cell_type"] == "code" and not code.startswith("%"):
                yield path.name, ast.parse(code)


def test_every_row_holds_a_key_and_two_texts_with_the_same_fields():
    assert sorted(set(KEYS)) == KEYS
    assert not [row for row in ROWS if len(row) != 3 or not all(row)]
    assert not [key for key, zh, en in ROWS if fields(zh) != fields(en)]
    # an example shows the name of a station, as the archive has it
    shown = {"cli.example.hourly", "error.no_station_named"}
    assert not [key for key, _, en in ROWS if is_chinese(en) and key not in shown]


def test_every_key_is_used_and_every_problem_has_its_remedy():
    rules = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["rules"]
    literal, prefixes = {rule["problem"] for rule in rules}, ()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.add(node.value)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "named":
                prefixes += (f"{getattr(node.args[0], 'value', '-')}.",)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                if re.fullmatch(r"[a-z_]+\.([a-z0-9_]+[._])*", str(node.values[0].value)):
                    prefixes += (node.values[0].value,)
    # the remedy of a problem goes by the problem's key
    asked = {key: key.removesuffix(".fix") if key.startswith("check.") else key for key in KEYS}
    assert not [k for k, by in asked.items() if by not in literal and not k.startswith(prefixes)]
    problems = {by for by in asked.values() if by.startswith("check.")} - WITHIN
    assert not [key for key in problems if f"{key}.fix" not in KEYS]


def test_every_key_asked_for_is_there():
    missing = []
    for name, tree in sources():
        for node in ast.walk(tree):
            called = getattr(node, "func", None)
            if getattr(called, "attr", getattr(called, "id", "")) in ASKING:
                for key in (key for argument in node.args for key in keys_in(argument)):
                    if not any(known.startswith(key) for known in KEYS):
                        missing.append((name, node.lineno, key))
    assert not missing


def keys_in(node):
    """Yield what in an argument looks like a key, or like the beginning of one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z0-9_]+(\.[a-z0-9_]+)*", node.value):
            yield node.value
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        if re.fullmatch(r"[a-z_]+\.", str(node.values[0].value)):
            yield node.values[0].value
    elif isinstance(node, ast.IfExp):
        yield from (*keys_in(node.body), *keys_in(node.orelse))


def test_no_sentences_stand_in_code():
    """Neither a pair for `tr` nor a Chinese sentence; names, marks and blanks may differ."""
    wrong, kinds = [], (ast.Module, ast.ClassDef, ast.FunctionDef)
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        with_text = [n for n in nodes if isinstance(n, kinds) and ast.get_docstring(n) is not None]
        documented = {id(node.body[0].value) for node in with_text}
        for node in nodes:
            called, text = getattr(node, "func", None), getattr(node, "value", "")
            if getattr(called, "attr", getattr(called, "id", "")) == "tr":
                inside = (str(getattr(part, "value", "")) for part in ast.walk(node))
                if any(len(re.findall("[\u4e00-\u9fff]", part)) > 3 for part in inside):
                    wrong.append((path.name, node.lineno))
            if isinstance(text, str) and is_chinese(text) and re.search("[，。；！？]", text):
                if id(node) not in documented:
                    wrong.append((path.name, node.lineno))
    assert not wrong


def test_the_language_is_set_then_the_environments(monkeypatch):
    monkeypatch.setenv("XC_LANG", "zh")
    assert language() == "zh" and tr("甲", "a") == "甲"
    use_language("en")
    assert language() == "en" and tr("甲", "a") == "a"
    use_language(None)
    monkeypatch.setenv("XC_LANG", "fr")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for found, lang in ((("en_GB", "UTF-8"), "en"), ((None, None), "zh")):
        monkeypatch.setattr("locale.getlocale", lambda found=found: found)
        assert language() == lang
    with pytest.raises(InputError, match="fr"):
        use_language("fr")
    for lang, found in (("C.UTF-8", "zh"), ("zh_CN.UTF-8", "zh"), ("en_US.UTF-8", "en")):
        monkeypatch.setenv("LANG", lang)
        assert language() == found


def test_a_message_chooses_its_language_when_it_is_shown():
    values = {"place": "a", "problem": message("check.missing"), "remedy": "b"}
    said, fault = message("error.place", **values), error("error.place", **values)
    assert isinstance(said, Message)
    assert said.render("en") == "a: is missing: b" and "文件缺失" in said.render("zh")
    use_language("zh")
    assert "文件缺失" in str(fault)
    use_language("en")
    assert str(fault) == "a: is missing: b"
    assert word("verdict.met", "en") == "met" and not has_word("verdict.nothing")
    with pytest.raises(KeyError):
        word("verdict.nothing")
