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
ASKING = {"word", "message", "Message", "error", "has_word", "offence", "wrong", "report"}


def rows():
    with (PACKAGE / "words.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def is_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)


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


def used():
    """Return the literal strings and the beginnings of f-strings in all code."""
    literal, prefixes = set(), set()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                if re.fullmatch(r"[a-z_]+\.([a-z0-9_]+[._])*", str(node.values[0].value)):
                    prefixes.add(node.values[0].value)
    return literal, tuple(prefixes)


def test_every_row_holds_a_key_and_two_texts_with_the_same_fields():
    keys = [row[0] for row in rows()]
    assert keys == sorted(set(keys))
    wrong = [row for row in rows() if len(row) != 3 or not all(row)]
    assert not wrong
    wrong = [key for key, zh, en in rows() if fields(zh) != fields(en)]
    # an example shows the name of a station, as the archive has it
    shown = {"cli.example.hourly", "error.no_station_named"}
    wrong += [key for key, _, en in rows() if is_chinese(en) and key not in shown]
    assert not wrong


def test_every_key_is_used():
    literal, prefixes = used()
    unused = []
    for key, _, _ in rows():
        # the remedy of a problem goes by the problem's key
        asked = key.removesuffix(".fix") if key.startswith("check.") else key
        if asked not in literal and not key.startswith(prefixes):
            unused.append(key)
    assert not unused


def test_every_key_asked_for_is_there():
    keys = {row[0] for row in rows()}
    missing = []
    for name, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for argument in node.args if called in ASKING else ():
                for key in _keys(argument):
                    if key not in keys and not any(k.startswith(key) for k in keys):
                        missing.append((name, node.lineno, key))
    assert not missing


def _keys(node):
    """Yield what in an argument looks like a key, or like the beginning of one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z0-9_]+(\.[a-z0-9_]+)*", node.value):
            yield node.value
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        if re.fullmatch(r"[a-z_]+\.", str(node.values[0].value)):
            yield node.values[0].value
    elif isinstance(node, ast.IfExp):
        yield from _keys(node.body)
        yield from _keys(node.orelse)


def test_every_problem_has_its_remedy():
    keys = {row[0] for row in rows()}
    # these explain another problem and stand within its text
    within = {"check.no_such_column", "check.no_such_kind", "check.no_year", "check.is_unknown"}
    within |= {"check.clean"}
    for key in keys:
        if key.startswith("check.") and not key.endswith(".fix") and key not in within:
            assert f"{key}.fix" in keys, key


def test_no_sentences_stand_in_code():
    """Neither a pair for `tr` nor a Chinese sentence; names, marks and blanks may differ."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = {id(node.body[0].value) for node in ast.walk(tree) if _has_docstring(node)}
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and getattr(node.func, "attr", None)
            if (called or getattr(getattr(node, "func", None), "id", "")) == "tr":
                if any(len(re.findall("[\u4e00-\u9fff]", t)) > 3 for t in _texts(node)):
                    wrong.append((path.name, node.lineno))
            if isinstance(node, ast.Constant) and id(node) not in documented:
                text = node.value if isinstance(node.value, str) else ""
                if is_chinese(text) and re.search("[，。；！？]", text):
                    wrong.append((path.name, node.lineno))
    assert not wrong


def _has_docstring(node):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node) is not None


def _texts(node):
    inside = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [text for text in inside if isinstance(text, str)]


# ---- words.py -------------------------------------------------------------------------------


def test_the_language_is_set_then_the_environments(monkeypatch):
    monkeypatch.setenv("XC_LANG", "zh")
    assert language() == "zh" and tr("甲", "a") == "甲"
    use_language("en")
    assert language() == "en" and tr("甲", "a") == "a"
    use_language(None)
    monkeypatch.setenv("XC_LANG", "fr")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: ("en_GB", "UTF-8"))
    assert language() == "en"
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    assert language() == "zh"
    with pytest.raises(InputError, match="fr"):
        use_language("fr")
    for lang, found in (("C.UTF-8", "zh"), ("zh_CN.UTF-8", "zh"), ("en_US.UTF-8", "en")):
        monkeypatch.setenv("LANG", lang)
        assert language() == found


def test_a_message_chooses_its_language_when_it_is_shown():
    said = message("error.place", place="a", problem=message("check.missing"), remedy="b")
    assert isinstance(said, Message)
    assert said.render("en") == "a: is missing: b" and "文件缺失" in said.render("zh")
    fault = error("error.place", place="a", problem=message("check.missing"), remedy="b")
    use_language("zh")
    assert "文件缺失" in str(fault)
    use_language("en")
    assert str(fault) == "a: is missing: b"
    assert word("verdict.met", "en") == "met" and not has_word("verdict.nothing")
    with pytest.raises(KeyError):
        word("verdict.nothing")
