"""Whose tables these are: the district and its comparator, as the register of assumptions says."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd

from ..errors import Empty
from ..schema.schemas import TABLES
from ..tables import load


@dataclass(frozen=True)
class Home:
    """The district of a pack and what it is compared with, by name in both languages."""

    scope: str
    scope_en: str
    comparator: str
    comparator_en: str
    stations: tuple[str, ...]


def home(data: str | os.PathLike | None = None) -> Home:
    """The district that a folder of tables speaks of.

    Parameters
    ----------
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    Home
        From the parameters ``district``, ``comparator``, their ``_en`` and ``stations`` of the table
        ``assumptions``. Without ``district``, the scope with most rows of computed air, targets or
        observations that is not the comparator. A name without an English one stands for itself,
        but for Beijing's districts, whose English names are known.

    Raises
    ------
    InputError
        If the tables cannot be read.
    """
    register = load("assumptions", data=data)

    def value(parameter: str) -> str:
        rows = register[register["parameter"] == parameter]
        return "" if rows.empty or pd.isna(rows["value"].iloc[0]) else str(rows["value"].iloc[0])

    comparator = value("comparator")
    scope = value("district") or _most_frequent(comparator, data)
    return Home(
        scope=scope,
        scope_en=value("district_en") or ENGLISH.get(scope, scope),
        comparator=comparator,
        comparator_en=value("comparator_en") or comparator,
        stations=tuple(value("stations").split()),
    )


def _most_frequent(comparator: str, data) -> str:
    for table in ("air/annual", "targets", "observations"):
        scopes = load(table, data=data)["scope"]
        scopes = scopes[scopes != comparator]
        if len(scopes):
            return str(scopes.mode().iloc[0])
    return comparator


@dataclass(frozen=True)
class Plan:
    """The plan that a pack follows: its base and target year, the start of the term before."""

    name: str
    start: int
    base: int
    target: int


def plan(name: str | None = None, *, data: str | os.PathLike | None = None) -> Plan:
    """The plan of a pack, with its years as its targets have them.

    Parameters
    ----------
    name : str, optional
        A plan of the table ``targets``. Default the parameter ``plan`` of the register, else the
        plan whose targets fill most lines of the plan's table; of the district, or where it has
        none of the comparator.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    Plan
        ``base`` and ``target``: the commonest base and target year of its targets; ``start``: as
        long before the base year as the target year comes after it.

    Raises
    ------
    Empty
        If no target with a base year is known.
    """
    targets = load("targets", data=data).dropna(subset=["base_year", "target_year"])
    register = load("assumptions", data=data)
    named = register.loc[register["parameter"] == "plan", "value"].dropna()
    name = name or (str(named.iloc[0]) if len(named) else None)
    if name is not None:
        targets = targets[targets["plan"] == name]
    else:
        where = home(data)
        settled = targets[targets["binding"] != "候选"]  # candidates are nobody's plan
        own = settled[settled["scope"] == where.scope]
        listed = own[own["plan_row"].notna()]
        city = settled[settled["scope"] == where.comparator]
        targets = next((rows for rows in (listed, own, city) if len(rows)), own)
        targets = targets[targets["plan"].isin(targets["plan"].mode()[:1])]
    if targets.empty:
        raise Empty(
            f"targets.csv 中没有{name or '任何'}规划的目标；填入后再运行 no target of any plan"
            f" {name or ''} with a base year: enter the plan's lines in targets.csv"
        )
    base, target = (int(targets[c].mode().iloc[0]) for c in ("base_year", "target_year"))
    return Plan(str(targets["plan"].iloc[0]), 2 * base - target, base, target)


def needs(*names: str, scope: str | None = None, data: str | os.PathLike | None = None) -> None:
    """Stop, saying what is empty, unless a pack holds what follows rests on.

    Parameters
    ----------
    *names : str
        Tables that must have rows (of the scope, where they have one), indicators of which
        something must be known there, rows of the observations (``o0127``), or sources.
    scope : str, optional
        Default the district of the pack.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Raises
    ------
    Empty
        Naming all that is missing, and the way to fill it.
    """
    scope = scope or home(data).scope
    observations, air = load("observations", data=data), load("air/annual", data=data)
    there = {
        *observations["obs_id"],
        *load("sources", data=data)["source_id"],
        *observations.loc[observations["scope"] == scope, "indicator"],
        *air.loc[air["scope"] == scope, "indicator"],
    }
    missing = []
    for name in names:
        if name in TABLES:
            table = load(name, data=data)
            known = len(table[table["scope"] == scope] if "scope" in table else table) > 0
        else:
            known = name in there
        if not known:
            missing.append(name)
    if missing:
        register = load("indicators", data=data).set_index("indicator")
        words = [
            f"{n}（{register.at[n, 'name_zh']} {register.at[n, 'name_en']}）"
            if n in register.index
            else n
            for n in missing
        ]
        raise Empty(empty_text(scope, words))


def empty_text(scope: str, names) -> str:
    """What is missing and how to fill it, in both languages and one line."""
    shown = ", ".join(list(names)[:8]) + (" ..." if len(names) > 8 else "")
    remedy = "用 xc template 取表、xc import 填入 fill it: xc template, then xc import"
    if names and all(str(name).startswith("air/") for name in names):
        remedy = "由监测记录算出，见 data/README computed from the records, see data/README"
    elif names and all(str(name) in TABLES for name in names):
        remedy = "把本区规划的各行填入该表 enter the lines of the district's plan there"
    return f"{scope}{'：' if scope else ''}数据包里没有 this pack has no {shown}；{remedy}"


# English names of districts as the city writes them; a pack's own stands in its register.
ENGLISH = dict(
    pair.split()
    for pair in (
        "东城区 Dongcheng,西城区 Xicheng,朝阳区 Chaoyang,丰台区 Fengtai,石景山区 Shijingshan,海淀区 Haidian,"
        "门头沟区 Mentougou,房山区 Fangshan,通州区 Tongzhou,顺义区 Shunyi,昌平区 Changping,大兴区 Daxing,"
        "怀柔区 Huairou,平谷区 Pinggu,密云区 Miyun,延庆区 Yanqing"
    ).split(",")
)


def english(scope: str, *, data: str | os.PathLike | None = None) -> str:
    """A scope's name in English figures; the name itself where none is known."""
    where = home(data)
    known = {where.comparator: where.comparator_en, where.scope: where.scope_en}
    return known.get(scope, ENGLISH.get(scope, scope))
