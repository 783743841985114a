"""Verdicts that numbers withheld from an audience would move, and which are therefore not told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from xc_analysis.tables import data_dir
from xc_analysis.verdicts.targets import CANNOT

# beside the tables of a copy: scope and indicator of each annual number withheld, with its years
WITHHELD = ".withheld.json"
VEILED = ("数据未审核，暂不公布", "unaudited, not yet published")
NO_OUTTURN = (
    "no_outturn",
    "the target year has come and no value for it is known",
    "目标年已到，尚无该年数值",
)


def withheld_years(data: Path | str | None = None) -> dict[tuple[str, str], list[int]]:
    """Years of which annual numbers were withheld, by scope and indicator.

    Parameters
    ----------
    data : path, optional
        A folder of tables; nothing is withheld but in a copy that `audience.restricted` made.
    """
    found: dict[tuple[str, str], list[int]] = {}
    path = data_dir(data) / WITHHELD
    if path.is_file():
        for scope, indicator, year in json.loads(path.read_text(encoding="utf-8")):
            found.setdefault((scope, indicator), []).append(year)
    return found


def veiled_card(
    card: pd.DataFrame, *, scope: str, until: int, data: Path | str | None = None
) -> pd.DataFrame:
    """A scorecard without verdicts that numbers withheld from the audience would move.

    Parameters
    ----------
    card : DataFrame
        As `verdicts.scorecard` makes it.
    scope : str
    until : int
        Last year whose values a verdict may use.
    data : path, optional
        The folder it was made from.

    Returns
    -------
    DataFrame
        A line with a withheld number later than its last value has neither verdict nor
        probability; one that cannot be judged anyway loses what its reading would say.
    """
    hidden = withheld_years(data)
    rows = []
    for row in card.to_dict("records"):
        last = -1 if pd.isna(row["latest_year"]) else row["latest_year"]
        years = [y for y in hidden.get((scope, row["indicator"]), ()) if last < y <= until]
        rows.append(row | _veil(row, sorted(years)) if years else row)
    out = pd.DataFrame(rows, columns=card.columns)
    out.attrs = dict(card.attrs)
    return out if hidden else card


def _veil(row: dict, years: list[int]) -> dict:
    """The cells of a line whose verdict is not told."""
    zh, en = VEILED
    why_zh = "、".join(map(str, years)) + " 年数据未经审核"
    why_en = f"the data of {', '.join(map(str, years))} are unaudited"
    # "no value for the target year is known" would deny what is withheld
    cells: dict[str, object] = {
        name: mark.join(part for part in str(row[name]).split(mark) if part != told)
        for (name, mark), told in zip(
            (("flags", ";"), ("flags_en", "; "), ("flags_zh", "；")), NO_OUTTURN, strict=True
        )
    }
    judged = row["verdict"] != CANNOT
    if judged:
        cells |= {"verdict": en, "verdict_zh": zh, "why": why_en, "why_zh": why_zh}
        cells |= {"branch": "withheld"}
    if row["verdict_under_reading"] not in ("", CANNOT):
        cells |= {"verdict_under_reading": en, "verdict_under_reading_zh": zh,
                  "why_under_reading": why_en, "why_under_reading_zh": why_zh}  # fmt: skip
        judged = True
    numbers = ("p_meet", "p_under_reading", "margin", "median", "lower_80", "upper_80", "lower_95",
               "upper_95", "outturn_lower", "outturn_upper", "required_rate")  # fmt: skip
    return cells | (dict.fromkeys(numbers, float("nan")) | {"formula": ""} if judged else {})


def veiled_line(line, row: dict):
    """A judged line whose assessment says no more than its row of the scorecard."""
    found, none = line.assessment, float("nan")
    if found is None or VEILED[1] not in (row["verdict"], row["verdict_under_reading"]):
        return line
    told = {"verdict": VEILED[1], "verdict_zh": VEILED[0], "branch": "withheld", "p_meet": none,
            "p_breach": none, "margin": none, "components": {}, "projection": None}  # fmt: skip
    if found.under_reading is not None:
        why = {"why": row["why_under_reading"], "why_zh": row["why_under_reading_zh"]}
        found = replace(found, under_reading=replace(found.under_reading, **told, **why))
    if row["verdict"] == VEILED[1]:
        found = replace(found, **told, why=row["why"], why_zh=row["why_zh"])
    return replace(line, assessment=found)
