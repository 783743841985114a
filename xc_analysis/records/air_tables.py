"""The tables of ``data/air`` on disk, and the daily weather among them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from ..errors import InputError


def weather_daily(weather: pd.DataFrame, *, hour_label="end") -> pd.DataFrame:
    """Daily weather from UCI's hours.

    Parameters
    ----------
    weather : DataFrame
        As :func:`xc_analysis.archive.read_weather` returns.
    hour_label : {"end", "start"}
        As for :func:`daily`.

    Returns
    -------
    DataFrame
        date, station, temp (mean, °C), temp_min, temp_max, pres (hPa), dewp (°C), rain (sum, mm),
        wspm (mean, m/s), wd (most frequent direction), hours (with a temperature). Means need at
        least 20 hours.
    """
    clock = weather["time"] - pd.Timedelta(hours=int(hour_label == "end"))
    frame = weather.assign(date=clock.dt.normalize())
    groups = frame.groupby(["date", "station"])
    out = pd.DataFrame(index=groups.size().index)
    for column, how in (("temp", "mean"), ("temp_min", "min"), ("temp_max", "max"),
                        ("pres", "mean"), ("dewp", "mean"), ("rain", "sum"),
                        ("wspm", "mean")):  # fmt: skip
        source = groups[column.split("_")[0]]
        out[column] = source.agg(how).where(source.count() >= 20)
    counts = frame.dropna(subset=["wd"]).groupby(["date", "station", "wd"]).size()
    counts = counts.reset_index(name="n").sort_values(["n", "wd"], ascending=[False, True])
    hours = groups["temp"].count()
    wd = counts.drop_duplicates(["date", "station"]).set_index(["date", "station"])["wd"]
    out["wd"] = wd.reindex(out.index).where(hours >= 20)
    out = out.dropna(how="all").assign(hours=hours)
    return out.reset_index().sort_values(["station", "date"], ignore_index=True)


def write(tables: dict[str, pd.DataFrame], out) -> dict[str, Path]:
    """Write frames as csv, all or none.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Name (without ``.csv``) to frame; numbers are written with four decimals at most.
    out : path
        Folder.

    Returns
    -------
    dict of str to Path
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as folder:
            for name, frame in tables.items():
                with open(Path(folder, f"{name}.csv"), "w", encoding="utf-8", newline="") as file:
                    _tidy(frame).to_csv(file, index=False, lineterminator="\n")
                    file.flush()
                    os.fsync(file.fileno())
            for name in tables:
                os.replace(Path(folder, f"{name}.csv"), out / f"{name}.csv")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return {name: out / f"{name}.csv" for name in tables}


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("floating").columns
    return frame.assign(**{column: frame[column].round(9).round(4) for column in numbers})
