"""The AQI under other breakpoints, and annual values against limits of other dates.

HJ 633-2026 changed the breakpoints of the AQI from March 2026 with GB 3095-2026. What a source
states of them is in ``standards``; a table that is not known whole is refused, never completed from
another standard.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from .. import tables
from ..errors import InputError

COUNTS = ("good_days", "good_day_ratio", "heavy_days", "heavy_day_ratio", "severe_days")


def recount(daily: pd.DataFrame, breakpoints: dict | None = None) -> pd.DataFrame:
    """AQI and primary pollutant of each day, anew, under any breakpoints.

    Parameters
    ----------
    daily : DataFrame
        With the daily columns of the pollutants.
    breakpoints : dict, optional
        As :data:`xc_analysis.records.aqi.BREAKPOINTS` (the default, HJ 633-2012) or as
        :func:`read_breakpoints` returns.

    Returns
    -------
    DataFrame
        A copy with ``aqi`` (Int64) and ``primary`` replaced. Rounding of concentrations and the
        rule for days with a missing pollutant stay those of HJ 633-2012.
    """
    import ibis

    from ..records import aqi

    breakpoints = breakpoints or aqi.BREAKPOINTS
    numbers = daily[list(breakpoints)].astype("float64").assign(row=range(len(daily)))
    schema = {name: "int64" if name == "row" else "float64" for name in numbers}
    # As objects: NaN would reach the engine as a number, None reaches it as missing.
    table = ibis.memtable(numbers.astype(object).where(numbers.notna(), None), schema=schema)
    result = ibis.duckdb.connect().to_pyarrow(aqi.with_aqi(table, breakpoints)).to_pandas()
    result = result.sort_values("row")
    out = daily.copy()
    out["aqi"] = pd.array(result["aqi"].to_numpy(float), dtype="Int64")
    out["primary"] = result["primary"].where(result["primary"].notna(), None).to_numpy()
    return out


def read_breakpoints(table: pd.DataFrame | str | os.PathLike) -> dict:
    """Breakpoints of an AQI standard that the user supplies.

    Parameters
    ----------
    table : DataFrame or path
        Column ``pollutant`` (pm25, pm10, so2, no2, co, o3_8h), then one column for each index,
        named ``0``, ``50``, ``100``, ``150``, ``200``, ``300``, ``400``, ``500``: the concentration
        at which that index is reached (µg/m³, CO mg/m³).

    Returns
    -------
    dict of str to tuple
        For :func:`recount`.

    Raises
    ------
    InputError
        If a pollutant or a breakpoint is missing or they do not rise. Nothing is filled in from
        another standard. (O3 alone may end at index 300, as in HJ 633-2012.)
    """
    from ..records.aqi import BREAKPOINTS, INDEX

    name = "breakpoints"
    if not isinstance(table, pd.DataFrame):
        name = str(table)
        try:
            table = pd.read_csv(table, encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{name}: cannot be read as csv ({reason}): give a UTF-8 csv"
            ) from None
    table = table.rename(columns=lambda column: str(column).strip())
    wanted = ["pollutant", *map(str, INDEX)]
    absent = [column for column in wanted if column not in table]
    if absent:
        raise InputError(f"{name}: column {absent[0]} is missing: needed are {', '.join(wanted)}")
    out = {}
    for pollutant in BREAKPOINTS:
        rows = table[table["pollutant"] == pollutant]
        if len(rows) != 1:
            raise InputError(
                f"{name}: {len(rows)} rows for {pollutant}: give exactly one; an AQI needs the"
                " breakpoints of all six pollutants"
            )
        out[pollutant] = _ends(rows[list(map(str, INDEX))].iloc[0], pollutant, name)
    return out


def _ends(cells: pd.Series, pollutant: str, name: str) -> tuple[float, ...]:
    ends = pd.to_numeric(cells, errors="coerce")
    # O3 has no 8 h breakpoints past index 300.
    needed = ends.iloc[:6] if pollutant == "o3_8h" and ends.iloc[6:].isna().all() else ends
    if needed.isna().any():
        index = needed.index[needed.isna()][0]
        raise InputError(
            f"{name}: {pollutant} has no breakpoint at index {index}: it is not known, so no day can"
            " be judged under this standard; add the published value"
        )
    values = tuple(float(end) for end in needed)
    if values[0] < 0 or not np.isfinite(values).all() or (np.diff(values) <= 0).any():
        raise InputError(
            f"{name}: breakpoints of {pollutant} do not rise from zero or above: check the row"
        )
    return values


def recounted(
    table: pd.DataFrame | str | os.PathLike,
    *,
    scope: str,
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Good, heavy and severe days of every year under a table of breakpoints.

    Parameters
    ----------
    table : DataFrame or path
        As :func:`read_breakpoints`.
    scope : str
        A district of ``air/daily``.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        Index year; good_days, good_day_ratio, heavy_days, heavy_day_ratio, severe_days under it,
        and valid_days (days with an AQI), completeness.

    Raises
    ------
    InputError
        As :func:`read_breakpoints`.
    """
    from .. import hourly

    breakpoints = read_breakpoints(table)
    daily = tables.load("air/daily", data=data)
    years = hourly.annual(recount(daily[daily["scope"] == scope], breakpoints))
    years = years[years["indicator"].isin(COUNTS)]
    out = years.pivot(index="year", columns="indicator", values="value")[list(COUNTS)]
    days = years[years["indicator"] == "good_days"].set_index("year")
    return out.rename_axis(columns=None).join(days[["valid_days", "completeness"]])


def standing(
    indicator: str, *, scope: str, years=None, data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """Annual values against every annual limit that the table of standards knows.

    Parameters
    ----------
    indicator : str
        Such as ``pm25``.
    scope : str
        A district with a station record.
    years : iterable of int, optional
        Default all.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per year and limit: year, value, lower, upper, status, release, standard, limit, valid_from,
        valid_to, in_force (that year, whole or in part), verdict: ``meets``, ``does not meet``, or
        ``interval spans it`` for an estimate. Values are rounded to the indicator's decimals
        before they are compared, interval ends too. A limit is one of the annual mean alone.

    Raises
    ------
    InputError
        If no annual limit of the indicator is in ``standards``.
    """
    from ..evidence import series

    limits = tables.load("standards", data=data)
    limits = limits[(limits["indicator"] == indicator) & (limits["averaging"] == "annual")]
    if limits.empty:
        raise InputError(
            f"standards.csv: no annual limit of {indicator}: add the row and its source"
        )
    s = series(indicator, scope=scope, source="station", data=data)
    if years is not None:
        s = s.loc[s.index.isin(list(years))]
    digits = int(s.attrs.get("decimals") or 0)
    rows = []
    for year, row in s.iterrows():
        for limit in limits.sort_values("limit", ascending=False).itertuples():
            first, last = str(limit.valid_from)[:4], str(limit.valid_to)[:4]
            ends = (
                row[["value", "value"]] if row["status"] == "computed" else row[["lower", "upper"]]
            )
            low, high = np.round(ends.to_numpy(float), digits)
            verdict = "meets" if high <= limit.limit else "does not meet"
            rows.append(
                {"year": int(year), **row[["value", "lower", "upper", "status", "release"]].to_dict(),
                 "standard": limit.standard, "limit": limit.limit, "valid_from": limit.valid_from,
                 "valid_to": limit.valid_to,
                 "in_force": int(first) <= year and (not last.isdigit() or year <= int(last)),
                 "verdict": "interval spans it" if low <= limit.limit < high else verdict}
            )  # fmt: skip
    return pd.DataFrame(rows)
