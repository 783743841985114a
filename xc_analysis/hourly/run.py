"""Archives to the tables of ``data/air``, and tables to disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from ..words import error
from . import national
from .archive import read_wide
from .days import daily
from .periods import annual, monthly
from .store import tell

#: First columns of a ``daily.csv``; the others follow.
FIRST = ["date", "scope", "pm25", "pm10", "so2", "no2", "co", "o3_8h", "aqi", "primary"]


def run_hourly(files, stations=None, name=None, out=None, *, progress=None, warn=None, **reading):
    r"""Compute the tables of one district from its hourly files, and write them.

    Parameters
    ----------
    files : path or iterable of paths
        As for `read_archive`; national days (``national_daily.csv``) among them are taken too.
    stations : iterable of str, optional
        The district's stations, under any of their names or by code; default all.
    name : str, optional
        The district's name, written into ``scope``; default its stations.
    out : path
        Folder for the tables; made if missing.
    progress, warn : callable, optional
        ``progress(done, total, text)``; ``warn(text)``, a line for each kind of defect.
    **reading
        hour_label and pm10, as for `daily`.

    Returns
    -------
    dict of str to Path
        annual, monthly, daily, station_daily, defects.

    Raises
    ------
    InputError
        As `read_archive`; no hour of the stations; the folder cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> lines = [f"20230601,{h},PM2.5,{40 + h % 5}" for h in range(24)]
    >>> text = "\n".join(["date,hour,type,官园", *lines])
    >>> _ = (folder / "beijing_all_20230601.csv").write_text(text, encoding="utf-8")
    >>> sorted(run_hourly(folder, "官园", "西城区", folder / "air"))
    ['annual', 'daily', 'defects', 'monthly', 'station_daily']
    """
    tables = compute(read_wide(files, stations=stations, progress=progress), name, **reading)
    tell(tables["defects"], warn)
    days = tables["daily"]
    tables["daily"] = days[[*FIRST, *(c for c in days if c not in FIRST)]]
    return write(tables, out)


def compute(wide, name=None, **reading) -> dict[str, pd.DataFrame]:
    """Compute the tables of one district from what `read_wide` returned."""
    if not wide.hours.num_rows:
        raise error("error.no_hour")
    days = daily(wide.hours, name=name, **reading)
    stationwise = daily(wide.hours, by="station", **reading)
    defects = wide.defects
    if wide.national is not None:
        rows = national.tidy(wide.national, stationwise["station"].unique())
        if len(rows):
            days, stationwise, alone = national.merge(days, stationwise, rows)
            alone["date"] = alone["date"].dt.strftime("%Y-%m-%d")
            alone = alone.assign(rule="national_one_station", action="kept", count=1)
            alone = alone.assign(file="", station="", value="").reindex(columns=defects.columns)
            defects = pd.concat([defects, alone], ignore_index=True).astype({"hour": "Int64"})
    years, months = annual(days), monthly(days)
    for table in (years, months):
        table["source_id"] = national.sources(table, wide.uci_months, wide.networks)
    tables = {"annual": years, "monthly": months, "daily": days, "station_daily": stationwise}
    tables = {n: t.drop(columns=national.MARKS, errors="ignore") for n, t in tables.items()}
    return tables | {"defects": defects}


def write(tables: dict[str, pd.DataFrame], out) -> dict[str, Path]:
    """Write frames as csv with four decimals at most, all of them or none."""
    if out is None:
        raise error("error.no_folder")
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as folder:
            for name, frame in tables.items():
                with open(Path(folder, f"{name}.csv"), "w", encoding="utf-8", newline="") as file:
                    file.write(as_csv(frame))
                    file.flush()
                    os.fsync(file.fileno())
            for name in tables:
                os.replace(Path(folder, f"{name}.csv"), out / f"{name}.csv")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise error("error.cannot_write", path=out, reason=reason) from problem
    return {name: out / f"{name}.csv" for name in tables}


def as_csv(frame: pd.DataFrame) -> str:
    """Return a frame as csv: numbers of four decimals at most, marks as true and false."""
    out = frame.copy()
    for column in out.select_dtypes("floating"):
        out[column] = out[column].round(9).round(4)
    for column in out.select_dtypes("bool"):
        out[column] = out[column].map({True: "true", False: "false"})
    return out.to_csv(index=False, lineterminator="\n")
