"""The figures of a build as documents need them: title, what they show, sources, release."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pandas as pd

from ..packs.places import english, home
from ..records.stations import UCI
from ..tables import load
from .bilingual import CHINESE, one_language, paragraphs, plain
from .readings import described
from .summary import AUDIENCES
from .wording import minus

READING = re.compile(r"^(?:读[图表]|Reading (?:it|the \w+))\s*[:：]\s*", re.IGNORECASE)
MOST_SENTENCES = 4
NUMBERED = re.compile(r"^(?:图|Figure)\s*\d+[\s\u3000:：]+(?=\S)")


@dataclass(frozen=True)
class Illustration:
    """One figure: where it is, what it is called, what its table says, whence it comes.

    ``alt`` is written from the table; ``reading`` is the notebook's own sentence below the figure
    where it has one, else the same.
    """

    stem: str
    chapter: str
    title: str
    png: Path
    table: pd.DataFrame
    alt: str
    source_ids: tuple[str, ...]
    withheld: int
    reading: str = ""


def illustrations(
    executed: Sequence[Path], *, figures: Path, data: Path, lang: str, audience: str = "internal"
) -> list[Illustration]:
    """The figures of executed notebooks, in their order.

    Parameters
    ----------
    executed : sequence of Path
        Executed notebooks; a cell that wrote figures names them in its metadata.
    figures : Path
        Folder with ``zh/`` and ``en/``.
    data : Path
    lang : {"zh", "en"}
    audience : {"public", "internal"}
        Whose eyes it is for: ``withheld`` counts the rows of the figure's table they may not see.

    Returns
    -------
    list of Illustration
    """
    names = load("indicators", data=data).set_index("indicator")
    out = []
    for path in executed:
        headings: list[str] = []
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for at, cell in enumerate(cells):
            headings += headings_of(cell)
            stems = cell["metadata"].get("figures", [])
            for stem in stems:
                where = figures / lang
                table = read_table(where / f"{stem}.csv")
                alt = described(table, names, lang, places(data, lang))
                own = reading_after(cells, at, lang) if stem == stems[-1] else ""
                if lang == "en":  # a notebook may name a scope by the name of the tables
                    own = in_english(own, data)
                out.append(
                    Illustration(
                        stem=stem,
                        chapter=heading(headings[0] if headings else stem, lang),
                        title=title_of(where / f"{stem}.svg", headings or [stem], lang),
                        png=where / f"{stem}.png",
                        table=table,
                        alt=alt,
                        source_ids=_sources(table),
                        withheld=_withheld(table, audience),
                        reading=own or alt,
                    )
                )
    return out


def png_size(png: Path) -> tuple[int, int]:
    """Width and height of a png in dots."""
    with open(png, "rb") as handle:
        head = handle.read(24)
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def places(data: Path, lang: str) -> Callable[[str], str]:
    """The name of a scope or a station in a language; its own where it has none in English."""
    romanised = {zh: en for en, zh in UCI.items()}  # where the name is known from the data set
    return str if lang == "zh" else lambda name: romanised.get(name) or english(name, data=data)


def in_english(text: str, data: Path) -> str:
    """A sentence with the names of the district and its comparator in English."""
    if not CHINESE.search(text):
        return text
    where = home(data)
    for name in filter(None, (where.scope, where.comparator)):
        text = text.replace(name, english(name, data=data))
    return text


def headings_of(cell: dict) -> list[str]:
    """The headings of a notebook's cell."""
    if cell["cell_type"] != "markdown":
        return []
    return re.findall(r"^#+ +(.+?) *#*$", "".join(cell["source"]), re.MULTILINE)


def heading(text: str, lang: str) -> str:
    """A heading in one language, without its number."""
    shown = NUMBERED.sub("", one_language(plain(text), lang))
    shown = re.sub(r"^(?:[0-9]+|[一二三四五六七八九十]+)[、.\s]\s*", "", shown).strip()
    return shown[:1].upper() + shown[1:]


def title_of(svg: Path, headings: Sequence[str], lang: str) -> str:
    """The title that a figure carries; where it has none, its chapter and its heading.

    Matplotlib leaves each line of a text as a comment in the group that bears the text's name.
    """
    text = svg.read_text(encoding="utf-8") if svg.is_file() else ""
    at = text.find('<g id="xc-title">')
    if at >= 0:
        end = text.find("<g id=", at + 1)
        lines = re.findall(r"<!--(.*?)-->", text[at : end if end > 0 else None], re.DOTALL)
        shown = unescape(("" if lang == "zh" else " ").join(line.strip() for line in lines))
        if shown := NUMBERED.sub("", shown).strip():
            shown = re.sub(r"^(Table \d+) {2,}", r"\1: ", shown)
            shown = re.sub(r"(?<=\S) {2,}", ", ", shown)
            return shown[:1].upper() + shown[1:]
    chapter, place = heading(headings[0], lang), heading(headings[-1], lang)
    if place in chapter or re.fullmatch(r"(?:图|表|Figure|Table)\s*\d*", place):
        return chapter
    return f"{chapter}：{place}" if lang == "zh" else f"{chapter}: {place}"


def reading_after(cells: Sequence[dict], at: int, lang: str) -> str:
    """What a notebook says of a figure right after it; "" where it says nothing.

    Parameters
    ----------
    cells : sequence of dict
        Of the executed notebook.
    at : int
        The cell that drew the figure.
    lang : {"zh", "en"}
    """
    told: list[str] = []
    for cell in cells[at + 1 :]:
        if headings_of(cell) or cell["metadata"].get("figures"):
            break
        if cell["cell_type"] == "markdown":
            texts = ["".join(cell["source"])]
        else:
            data = [o.get("data", {}) for o in cell.get("outputs", ())]
            texts = ["".join(d["text/markdown"]) for d in data if "text/markdown" in d]
        lines = [line for text in texts for line in paragraphs(text, lang)]
        if not lines:
            break
        told += lines
    read = [READING.sub("", line) for line in told if READING.match(line)][:MOST_SENTENCES]
    read = [minus(line[:1].upper() + line[1:]) for line in read]
    return ("" if lang == "zh" else " ").join(read)


def read_table(path: Path) -> pd.DataFrame:
    """A figure's csv with its text as written: a cell is never taken for a missing word."""
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        return pd.DataFrame()
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""], low_memory=False)


def _sources(table: pd.DataFrame) -> tuple[str, ...]:
    if "source_id" not in table:
        return ()
    cells = table["source_id"].dropna().astype(str)
    return tuple(dict.fromkeys(i.strip() for cell in cells for i in cell.split(";") if i.strip()))


def _withheld(table: pd.DataFrame, audience: str) -> int:
    if "release" not in table:
        return 0
    return int((~table["release"].map(release_of).isin(AUDIENCES[audience])).sum())


def release_of(cell) -> str:
    """The most restrictive word of a release cell (``public; 2025 draft`` is a draft)."""
    text = "" if pd.isna(cell) else str(cell)
    return next((word for word in ("draft", "internal") if word in text), "public")
