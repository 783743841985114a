"""Lookup in the register of assumptions: which row holds for a plan, an area, an indicator.

An empty cell of ``plan``, ``scope`` or ``indicator`` means any; of the rows that match, the one
with more of the three filled holds.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from xc_analysis.errors import InputError
from xc_analysis.schema.schemas import TABLES
from xc_analysis.tables import data_dir, load

_KEYS = ("plan", "scope", "indicator")


def _empty(column):
    return column.isna() | (column.astype("object") == "")


def matching(table, **wanted) -> pd.DataFrame:
    """Rows that hold for the keys given, the most specific first."""
    found = []
    for at, cells in enumerate(zip(*(table[key].tolist() for key in _KEYS), strict=True)):
        filled = {key: cell for key, cell in zip(_KEYS, cells, strict=True) if not _blank(cell)}
        if all(wanted.get(key, cell) == cell for key, cell in filled.items()):
            found.append((-len(filled), at))
    return table.iloc[[at for _, at in sorted(found)]]


def _blank(cell) -> bool:
    return pd.isna(cell) or cell == ""


def fit_row(table, *, plan, scope, indicator):
    """Row that sets window, method and source of a fit; None where the register has none."""
    fits = table[_empty(table["parameter"]) & ~_empty(table["indicator"])]
    rows = matching(fits, plan=plan, scope=scope, indicator=indicator)
    return None if rows.empty else rows.iloc[0]


def setting(table, parameter, *, plan, scope, indicator):
    """Row of a named parameter; None where the register has none."""
    rows = matching(
        table[table["parameter"] == parameter], plan=plan, scope=scope, indicator=indicator
    )
    return None if rows.empty else rows.iloc[0]


def readings(indicator, *, plan, scope, data=None) -> pd.DataFrame:
    """Readings the register offers for a target.

    Parameters
    ----------
    indicator, plan, scope : str
    data : path, optional

    Returns
    -------
    pandas.DataFrame
        Index ``id``; columns ``reading`` (comparator and number), ``why``, ``quality``,
        ``impact``.
    """
    table = load("assumptions", data=data)
    rows = matching(
        table[table["parameter"] == "reading"], plan=plan, scope=scope, indicator=indicator
    )
    return rows.set_index("id")[["reading", "why", "quality", "impact"]]


def reading_text(table, cell):
    """(id, text) of a target's ``reading`` cell: an id of the register, or a reading itself."""
    cell = "" if pd.isna(cell) else str(cell).strip()
    if not cell:
        return "", ""
    rows = table[table["id"] == cell]
    if len(rows):
        return cell, str(rows.iloc[0]["reading"])
    if re.search(r"[<>=≤≥]", cell):
        return "", cell
    raise InputError(
        f"targets.csv: reading {cell!r} is no id of assumptions.csv and holds no comparator; "
        "add the row or write the reading as `<= 35`"
    )


def years_in(cell):
    """Years that a cell lists."""
    return tuple(int(y) for y in re.findall(r"\b[12]\d{3}\b", str(cell)))


def exceptional_years(table, *, plan, scope, indicator):
    """(id, years) of the register's exceptional years."""
    row = setting(table, "exceptional_year", plan=plan, scope=scope, indicator=indicator)
    return ("", ()) if row is None else (row["id"], years_in(row["value"]))


def known_exceptional(*, plan, scope, indicator, data=None):
    """The register's exceptional years for a plan, an area, an indicator; read once a version."""
    path = data_dir(data) / TABLES["assumptions"].path
    try:
        state = path.stat()
    except OSError:
        return ()
    return _exceptional(path, (state.st_mtime_ns, state.st_size), plan, scope, indicator)


@lru_cache(maxsize=512)
def _exceptional(path, version, plan, scope, indicator):
    table = load("assumptions", data=path.parent)
    return exceptional_years(table, plan=plan, scope=scope, indicator=indicator)[1]


def number(row, column):
    """A cell as a float; None where it is empty."""
    if row is None:
        return None
    value = row.get(column)
    if pd.isna(value) or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"assumptions.csv: {row.get('id')}: {column} {value!r} is not a number"
        ) from None


def fit_settings(table, *, plan, scope, indicator) -> dict:
    """Everything the register sets for one fit, as arguments and as ids to trace.

    Returns
    -------
    dict
        ``source``, ``basis``, ``partial``, ``dust``, ``window``, ``method``, ``phi``, ``prior_sd``,
        ``count_of``, ``exceptional`` and ``ids`` (name -> assumption id).
    """
    key = {"plan": plan, "scope": scope, "indicator": indicator}
    row = fit_row(table, **key)
    ids = {}
    out = {"source": None, "basis": "raw", "partial": "estimate", "window": None}
    out |= {"method": "blend", "phi": None, "prior_sd": None}
    if row is not None:
        ids["fit"] = row["id"]
        for name in ("source", "basis", "partial", "method"):
            if isinstance(row[name], str) and row[name]:
                out[name] = row[name]
        ends = number(row, "fit_from"), number(row, "fit_to")
        if ends != (None, None):
            out["window"] = tuple(None if e is None else int(e) for e in ends)
    for name in ("phi", "prior_sd"):
        found = setting(table, name, **key)
        if found is not None:
            ids[name] = found["id"]
            out[name] = number(found, "value")
    found = setting(table, "dust", **key)
    out["dust"] = "off" if found is None else str(found["value"])
    if found is not None:
        ids["dust"] = found["id"]
    found = setting(table, "count_of", **key)
    out["count_of"] = "" if found is None else str(found["value"])
    if found is not None:
        ids["count_of"] = found["id"]
    exceptional_id, out["exceptional"] = exceptional_years(table, **key)
    if exceptional_id:
        ids["exceptional"] = exceptional_id
    out["ids"] = ids
    return out
