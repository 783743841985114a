"""Text in both languages: the part that is in one of them."""

from __future__ import annotations

import json
import re

CHINESE = re.compile(r"[\u3400-\u9fff]")
DIVIDED = re.compile(r"[\s\u3000]+[·/][\s\u3000]+")


def is_chinese(text: str) -> bool:
    """Is a line Chinese? A name in the other language does not make it one of that language."""
    return 3 * len(CHINESE.findall(text)) >= len(re.findall(r"[A-Za-z]", text))


def one_language(title: str, lang: str) -> str:
    """The part of a bilingual title that is in one language."""
    parts = [part.strip() for part in DIVIDED.split(title)]
    ours = [part for part in parts if bool(CHINESE.search(part)) == (lang == "zh")]
    return " · ".join(ours or parts)


def plain(markdown: str) -> str:
    """Text without the marks of Markdown."""
    return re.sub(r"[*_`]|\[([^]]*)\]\([^)]*\)", r"\1", markdown)


def paragraphs(markdown: str, lang: str) -> list[str]:
    """The paragraphs and lines of a bilingual text that are in one language."""
    lines = [plain(line).strip() for line in markdown.splitlines()]
    return [line for line in lines if line and is_chinese(line) == (lang == "zh")]


# ---- a document of pandoc's ---------------------------------------------------------------------


def set_languages(blocks: list, lang: str) -> None:
    """Set each line in a span of its language, the page's own first in headings.

    Parameters
    ----------
    blocks : list of dict
        Of pandoc's document; changed in place.
    lang : {"zh", "en"}
        The language of the page. A span in the other one gets the class ``other`` where the page's
        own says the same beside it: in its paragraph, its heading, or the paragraph before or after.
    """
    ours = [_langs(block) for block in blocks]
    for at, block in enumerate(blocks):
        if block["t"] == "Para":
            near = set().union(*ours[max(0, at - 1) : at + 2])
            block["c"] = [_span(line, lang, lang in near) for line in _lines(block["c"])]
        elif block["t"] == "Header":
            block["c"][2] = _heading(block["c"][2], lang)
        elif block["t"] == "Div":
            set_languages(block["c"][1], lang)
        elif block["t"] == "BlockQuote":
            set_languages(block["c"], lang)
        elif block["t"] in ("BulletList", "OrderedList"):
            for item in block["c"] if block["t"] == "BulletList" else block["c"][1]:
                for part in item:  # a tight item holds bare lines
                    if part["t"] == "Plain" and len(_lines(part["c"])) > 1:
                        part["c"] = [
                            _span(x, lang, lang in _langs(part)) for x in _lines(part["c"])
                        ]
                set_languages([part for part in item if part["t"] != "Plain"], lang)


def _lines(inlines: list) -> list[list]:
    lines: list[list] = [[]]
    for inline in inlines:
        if inline["t"] in ("SoftBreak", "LineBreak"):
            lines.append([])
        else:
            lines[-1].append(inline)
    return lines


def _langs(block: dict) -> set[str]:
    """The languages of the lines of a paragraph."""
    if block["t"] not in ("Para", "Plain"):
        return set()
    return {"zh" if is_chinese(words(line)) else "en" for line in _lines(block["c"])}


def _span(line: list, lang: str, said: bool) -> dict:
    own = "zh" if is_chinese(words(line)) else "en"
    classes = [own] if own == lang or not said else [own, "other"]
    return {"t": "Span", "c": [["", classes, [["lang", _CODES[own]]]], line]}


_CODES = {"zh": "zh-CN", "en": "en"}


def _heading(inlines: list, lang: str) -> list:
    """The halves of ``中文　/　English``, the page's own first."""
    text = json.dumps(inlines)
    halves: list[list] = [[]]
    for inline in inlines:
        if inline["t"] == "Str" and DIVIDED.fullmatch(f" {inline['c']} "):
            halves.append([])
        elif inline["t"] == "Str" and len(cut := DIVIDED.split(inline["c"])) > 1:
            halves[-1].append({"t": "Str", "c": cut[0]})
            halves += [[{"t": "Str", "c": part}] for part in cut[1:]]
        else:
            halves[-1].append(inline)
    halves = [half for half in map(_trimmed, halves) if half]
    if len(halves) != 2 or len({is_chinese(words(half)) for half in halves}) != 2:
        return json.loads(text)
    halves.sort(key=lambda half: is_chinese(words(half)) != (lang == "zh"))
    first, second = (_span(half, lang, True) for half in halves)
    between = {"t": "Span", "c": [["", ["other"], []], [{"t": "Str", "c": "\u2002/\u2002"}]]}
    return [first, between, second]


def _trimmed(inlines: list) -> list:
    while inlines and inlines[0]["t"] == "Space":
        inlines = inlines[1:]
    while inlines and inlines[-1]["t"] == "Space":
        inlines = inlines[:-1]
    return inlines


def words(node: object) -> str:
    """The text of a part of pandoc's document."""
    if isinstance(node, dict):
        return node["c"] if node.get("t") == "Str" else words(node.get("c"))
    return " ".join(map(words, node)) if isinstance(node, list) else ""
