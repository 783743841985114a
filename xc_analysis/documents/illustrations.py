"""The figures of a build as documents need them: title, what they show, sources, release."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..report import one_language
from ..tables import load
from .summary import AUDIENCES, STATUS, quantity

MOST_SERIES = 4  # told one by one; a figure with more is told by their count


@dataclass(frozen=True)
class Illustration:
    """One figure: where it is, what it is called, what its table says, whence it comes."""

    stem: str
    chapter: str
    title: str
    png: Path
    table: pd.DataFrame
    alt: str
    source_ids: tuple[str, ...]
    withheld: int


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
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                text = "".join(cell["source"])
                headings += re.findall(r"^#+ +(.+?) *#*$", text, re.MULTILINE)
            for stem in cell["metadata"].get("figures", []):
                where = figures / lang
                table = read_table(where / f"{stem}.csv")
                told = headings or [stem]
                chapter, title = _title(told[0], lang), _title(told[-1], lang)
                if re.fullmatch(r"(?:图|表|Figure|Table)\s*\d*", title):
                    title = chapter
                out.append(
                    Illustration(
                        stem=stem,
                        chapter=chapter,
                        title=title,
                        png=where / f"{stem}.png",
                        table=table,
                        alt=described(table, names, lang),
                        source_ids=_sources(table),
                        withheld=_withheld(table, audience),
                    )
                )
    return out


def _title(heading: str, lang: str) -> str:
    plain = re.sub(r"[*_`]", "", heading)
    plain = re.sub(r"^(?:图|Figure)\s*\d+[\s:：]+(?=\S)", "", one_language(plain, lang))
    return re.sub(r"^(?:[0-9]+|[一二三四五六七八九十]+)[、.\s]\s*", "", plain).strip()


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


def described(table: pd.DataFrame, names: pd.DataFrame, lang: str) -> str:
    """What a figure shows, in a sentence or two written from its table.

    Parameters
    ----------
    table : DataFrame
        The figure's csv.
    names : DataFrame
        The register of indicators, indexed by indicator.
    lang : {"zh", "en"}

    Returns
    -------
    str
        First and last value of each series; for many series or none, how many rows and of what.
    """
    zh = lang == "zh"
    if table.empty:
        return "没有数据" if zh else "no data"
    told = []
    if {"year", "value", "indicator"} <= set(table):
        known = table[pd.to_numeric(table["value"], errors="coerce").notna()]
        known = known[pd.to_numeric(known["year"], errors="coerce").notna()]
        if "period" in known:
            known = known[known["period"].fillna("annual") == "annual"]
        keys = [k for k in ("scope", "indicator", "status") if k in table]
        for _, rows in known.groupby(keys, sort=False, dropna=False):
            told.append(_series_words(rows, names, zh))
    told = list(dict.fromkeys(told))
    # a year told twice would be two quantities under one name
    if told and "" not in told and len(told) <= MOST_SERIES and "month" not in table:
        return ("；" if zh else "; ").join(told) + ("。" if zh else ".")
    span = ""
    if "year" in table and pd.to_numeric(table["year"], errors="coerce").notna().any():
        years = pd.to_numeric(table["year"], errors="coerce").dropna().astype(int)
        span = f"{years.min()}–{years.max()}"
    subjects = list(
        dict.fromkeys(_name(i, names, zh) for i in table.get("indicator", ()) if i == i)
    )
    shown = ("、" if zh else ", ").join(subjects[:6])
    more = len(subjects) - 6
    if zh:
        about = f"，涉及{shown}{f'等 {len(subjects)} 项' if more > 0 else ''}" if shown else ""
        return f"图中数据 {len(table)} 行{f'，{span} 年' if span else ''}{about}。"
    about = f": {shown}{f' and {more} more' if more > 0 else ''}" if shown else ""
    return f"{len(table)} rows of data{f', {span}' if span else ''}{about}."


def _name(indicator, names, zh) -> str:
    if indicator in names.index:
        return str(names.at[indicator, "name_zh" if zh else "name_en"])
    return str(indicator)


def _series_words(rows, names, zh) -> str:
    indicator = rows["indicator"].iloc[0]
    scope = rows["scope"].iloc[0] if "scope" in rows else ""
    rows = rows.drop_duplicates(["year", "value"])
    if indicator not in names.index or rows["year"].duplicated().any():
        return ""
    line = names.loc[indicator]
    rows = rows.sort_values("year", kind="stable")
    ends = [rows.iloc[0], rows.iloc[-1]] if len(rows) > 1 else [rows.iloc[0]]
    lang = "zh" if zh else "en"
    points = [(int(r["year"]), quantity(float(r["value"]), line, lang)) for r in ends]
    status = STATUS.get(rows["status"].iloc[0]) if "status" in rows else None
    if zh:
        kind = f"（{status[0]}）" if status else ""
        return f"{scope}{_name(indicator, names, zh)}{kind}：" + "，".join(
            f"{year} 年 {value}" for year, value in points
        )
    kind = ", ".join(filter(None, (str(scope or ""), status[1] if status else "")))
    return f"{_name(indicator, names, zh)}{f' ({kind})' if kind else ''}: " + ", ".join(
        f"{value} in {year}" for year, value in points
    )
