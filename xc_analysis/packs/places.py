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
        observations that is not the comparator. A name without an English one stands for itself.

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
        scope_en=value("district_en") or scope,
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
        shown = ", ".join(missing[:8]) + (" ..." if len(missing) > 8 else "")
        raise Empty(
            f"{scope}: 数据包中没有本页所依据的数 this pack lacks what this page rests on: {shown};"
            " 用 xc gaps 看缺什么，用 xc import 填入 fill it by xc import, see xc gaps"
        )
