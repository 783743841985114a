"""Whose tables these are: the district and its comparator, as the register of assumptions says."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd

from .tables import load


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
