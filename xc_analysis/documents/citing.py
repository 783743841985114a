"""Sources as the papers cite them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..tables import load
from .bilingual import CHINESE
from .document_tables import one


def quoted(title: str) -> str:
    """A Chinese title in its marks; marks inside it become the single ones."""
    return f"《{str(title).replace('《', '〈').replace('》', '〉')}》"


def english_title(row: Mapping[str, object]) -> str:
    """The short English name of a source; its own title where it has none."""
    short = row.get("short_en")
    return short.strip() if isinstance(short, str) and short.strip() else str(row["title"])


def brief_titles(data, lang: str) -> dict[str, str]:
    """Each source by its title alone, for where it has been cited before."""
    rows = load("sources", data=data).to_dict("records")
    return {r["source_id"]: quoted(r["title"]) if lang == "zh" else english_title(r) for r in rows}


def citations(data, lang: str) -> dict[str, str]:
    """Each source in one line: publisher, title, number, date, and how it was read.

    In English its short name stands for publisher, title and number.
    """
    out = {}
    for row in load("sources", data=data).to_dict("records"):
        cell = {k: "" if pd.isna(v) else str(v) for k, v in row.items()}
        by = cell["publisher"] if cell["publisher"] not in ("", "不详") else ""
        via = one(cell["via"], lang)
        if lang == "zh":
            bits = [by + quoted(cell["title"]), cell["document_no"], cell["published"], via]
        else:
            name = english_title(cell)
            if CHINESE.search(name) and by:
                name = f"{by}, {name}"
            bits = [name, cell["published"], "" if CHINESE.search(via) else via]
        out[cell["source_id"]] = ("，" if lang == "zh" else ", ").join(filter(None, bits))
    return out
