"""Rows of the evidence, chosen by what they are of: indicator, scope, period, statistic, basis.

Nothing here knows the number of a row: the same call finds the same quantity in any pack, or says
in one line that the pack has none.
"""

from __future__ import annotations

import os
import re

import numpy as np
import pandas as pd

from ..errors import Empty, InputError
from ..packs.notes import tell_empty
from ..packs.places import empty_text, english, home
from ..tables import load

#: What tokens of the column ``basis`` mean to a reader, where rows of one figure differ in them.
BASES = {
    "roads-all": ("道路未分级", "all roads"),
    "roads-class-1": ("一级路", "class 1"),
    "district-annual-daytime": ("昼间", "daytime"),
    "district-wide": ("全区", "whole district"),
    "outside-historic": ("非历史文化街区", "outside historic blocks"),
}
_MONTHS = "Jan. Feb. Mar. Apr. May June July Aug. Sept. Oct. Nov. Dec.".split()
_KINDS = {
    "annual": r"annual",
    "month": r"\d{4}-\d{2}",
    "months": r"\d{4}-\d{2}(\.\.\d{2})?",
    "years": r"\d{4}\.\.\d{4}",
}


def find(
    *indicators: str,
    scope: str | None = None,
    kind: str | None = None,
    need: bool = True,
    data: str | os.PathLike | None = None,
    **where,
) -> pd.DataFrame:
    """Rows of ``observations`` that are in use, with the words that figures need.

    Parameters
    ----------
    *indicators : str
        Canonical ids; rows come in their order, then by year and period.
    scope : str, optional
        Default the district of the pack; ``"*"`` for any.
    kind : {"annual", "month", "months", "years"}, optional
        Periods: whole years, single months, single months and months of one year, several years.
    need : bool
        If not, a notebook is told of their absence and gets a frame without rows.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.
    **where
        Columns and the value that they must have, such as ``basis="district-wide"``.

    Returns
    -------
    DataFrame
        The columns of ``observations`` and, of each row: name_zh, name_en, theme, decimals,
        ceiling, when_zh, when_en, place_zh, place_en, scope_kind ("own" or "other").

    Raises
    ------
    Empty
        If there is none, naming the indicators and the way to fill them.
    """
    own = home(data).scope
    scope = scope or own
    table = load("observations", data=data)
    register = load("indicators", data=data).set_index("indicator")
    keep = table["indicator"].isin(indicators) & table["use"]
    if scope != "*":
        keep &= table["scope"] == scope
    if kind is not None:
        keep &= table["period"].str.fullmatch(_KINDS[kind]).fillna(False).astype(bool)
    for column, value in where.items():
        keep &= table[column] == value
    rows = table[keep]
    if rows.empty:
        why = empty_text("" if scope == "*" else scope, named(indicators, register))
        if need:
            raise Empty(why)
        tell_empty(why)
    order = rows["indicator"].map({name: i for i, name in enumerate(indicators)})
    rows = rows.assign(_order=order).sort_values(["_order", "year", "period"], kind="stable")
    rows = rows.drop(columns="_order").reset_index(drop=True)
    when = [period_words(r.period, r.year) for r in rows.itertuples()]
    return rows.assign(
        **{c: rows["indicator"].map(register[c]).to_numpy() for c in
           ("name_zh", "name_en", "theme", "decimals", "ceiling")},
        when_zh=[zh for zh, _ in when],
        when_en=[en for _, en in when],
        place_zh=rows["scope"],
        place_en=[english(s, data=data) for s in rows["scope"]],
        scope_kind=np.where(rows["scope"] == own, "own", "other"),
    )  # fmt: skip


def one(*indicators: str, data=None, **where) -> pd.Series:
    """The single row that `find` finds; of several years or periods the last one.

    Raises
    ------
    Empty
        If there is none.
    InputError
        If the last period has several rows, of other statistics or bases.
    """
    rows = find(*indicators, data=data, **where)
    last = rows[(rows["year"] == rows["year"].max())]
    last = last[last["period"] == last["period"].iloc[-1]]
    if len(last) > 1:
        ids = ", ".join(last["obs_id"])
        raise InputError(f"rows of {', '.join(indicators)}: {ids} differ in more than their year;"
                         " name statistic or basis")  # fmt: skip
    return last.iloc[0]


def named(indicators, register: pd.DataFrame) -> list[str]:
    """Ids with their names in both languages."""
    return [
        f"{i}（{register.at[i, 'name_zh']} {register.at[i, 'name_en']}）"
        if i in register.index
        else i
        for i in indicators
    ]


def period_words(period: str, year: int) -> tuple[str, str]:
    """A period as figures write it, in Chinese and English."""
    if period == "annual":
        return f"{year}年", f"{year}"
    if match := re.fullmatch(r"(\d{4})\.\.(\d{4})", period):
        return f"{match[1]}—{match[2]}年", f"{match[1]}–{match[2]}"
    if match := re.fullmatch(r"(\d{4})-(\d{2})\.\.(\d{2})", period):
        a, b = int(match[2]), int(match[3])
        return f"{match[1]}年{a}—{b}月", f"{_MONTHS[a - 1]}–{_MONTHS[b - 1]} {match[1]}"
    if match := re.fullmatch(r"(\d{4})-(\d{2})", period):
        m = int(match[2])
        return f"{match[1]}年{m}月", f"{_MONTHS[m - 1]} {match[1]}"
    return period, period


def basis_words(basis: str) -> tuple[str, str]:
    """A basis as figures write it; its token where it has no words."""
    return BASES.get(basis, (basis, basis))


def amounts(rows: pd.DataFrame, *, name: bool = False, place: bool = False) -> pd.DataFrame:
    """Rows of `find` as `plot_amounts` takes them.

    Parameters
    ----------
    rows : DataFrame
    name, place : bool
        Write the indicator's name, the place's, into the labels; else only what differs.

    Returns
    -------
    DataFrame
        With label_zh, label_en and kind. Where bases differ they are named.
    """
    several = rows["basis"].nunique() > 1 and rows["basis"].isin(list(BASES)).any()
    zh, en = [], []
    for r in rows.itertuples():
        base = basis_words(r.basis) if several and r.basis in BASES else ("", "")
        foreign = place or r.scope_kind == "other"
        zh.append(" ".join(filter(None, [r.name_zh if name else "", r.place_zh if foreign else "",
                                         r.when_zh, base[0]])))  # fmt: skip
        head = " ".join(filter(None, [r.name_en if name else "", r.place_en if foreign else "",
                                      r.when_en]))  # fmt: skip
        en.append(", ".join(filter(None, [head, base[1]])))
    return rows.assign(label_zh=zh, label_en=en, kind=rows["status"])


def as_series(rows: pd.DataFrame, *, data=None) -> pd.DataFrame:
    """Rows of one indicator, one scope and different years as a frame such as ``series`` returns.

    Raises
    ------
    InputError
        Rows of several indicators or scopes, or twice the same year.
    """
    for column in ("indicator", "scope"):
        if rows[column].nunique() != 1:
            found = ", ".join(rows[column].unique()) or "nothing"
            raise InputError(
                f"as_series: one {column} at a time, got {found}; find them separately"
            )
    if rows["year"].duplicated().any():
        twice = rows.loc[rows["year"].duplicated(), "year"].iloc[0]
        raise InputError(f"as_series: two rows for {twice}; name statistic or basis")
    entry = load("indicators", data=data).set_index("indicator").loc[rows["indicator"].iloc[0]]
    columns = ["value", "lower", "upper", "status", "basis", "source_id", "release", "obs_id"]
    frame = rows.set_index("year")[[*columns, "period"]].sort_index()
    frame.attrs = {
        "indicator": rows["indicator"].iloc[0], "scope": rows["scope"].iloc[0],
        **{k: None if pd.isna(entry[k]) else entry[k] for k in
           ("unit", "scale", "floor", "ceiling", "decimals", "name_zh", "name_en", "theme")},
    }  # fmt: skip
    return frame


def targets_of(
    *indicators: str,
    plan: str | None = None,
    scope: str | None = None,
    need: bool = True,
    data=None,
) -> pd.DataFrame:
    """Targets with a value, the plan's table before its text.

    Parameters
    ----------
    *indicators : str
    plan : str, optional
        Default any plan but candidates.
    scope : str, optional
        Default the district of the pack.
    need : bool
        If not, a notebook is told of their absence and gets an empty frame.

    Returns
    -------
    DataFrame
        Rows of ``targets``, index ``target_id``, one per indicator, plan, year and value.

    Raises
    ------
    Empty
        If there is none.
    """
    scope = scope or home(data).scope
    table = load("targets", data=data)
    keep = (table["scope"] == scope) & table["indicator"].isin(indicators) & table["value"].notna()
    keep &= table["plan"] == plan if plan else table["binding"] != "候选"
    rows = table[keep]
    if rows.empty:
        register = load("indicators", data=data).set_index("indicator")
        names = ", ".join(named(indicators, register))
        why = (
            f"{scope}：targets.csv 中没有 no target with a value of {names}{f'，{plan}' if plan else ''}；"
            "把规划的各行填入 targets.csv enter the plan's lines there"
        )
        if need:
            raise Empty(why)
        tell_empty(why)
    order = rows["indicator"].map({name: i for i, name in enumerate(indicators)})
    rows = rows.assign(_order=order, _text=rows["plan_row"].isna())
    rows = rows.sort_values(["_order", "_text"], kind="stable").drop(columns=["_order", "_text"])
    rows = rows.drop_duplicates(["plan", "indicator", "target_year", "value"])
    return rows.set_index("target_id", drop=False)


def planned(target: pd.Series, zh: str, en: str, *, value: float | None = None) -> dict:
    """A target as a row of its own for `plot_amounts`, or a number made from it."""
    sign = {">=": "≥", "<=": "≤", "=": "="}.get(target["comparator"], target["comparator"])
    return {
        "label_zh": zh, "label_en": en, "value": target["value"] if value is None else value,
        "unit": target["unit"], "kind": "planned", "comparator": sign if value is None else None,
        "target_id": target["target_id"], "source_id": target["source_id"],
        "scope": target["scope"], "indicator": target["indicator"],
        "period": str(target["target_year"]),
    }  # fmt: skip
