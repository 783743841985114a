"""The tables of ``data/air`` on disk, and the daily weather among them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..packs.localpack import commit, held, project_data, recover
from ..packs.places import home
from ..schema.schemas import TABLES


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


def pack_of(out) -> Path | None:
    """The pack whose ``air`` folder this is; None for any other folder."""
    out = Path(out)
    return out.parent if out.name == "air" and (out.parent / "indicators.csv").is_file() else None


def check_district(out, name: str) -> None:
    """Raise if a folder is the ``air`` of another district's pack.

    Raises
    ------
    InputError
        Naming both districts.
    """
    pack = pack_of(out)
    if pack is None:
        return
    own = home(pack).scope
    if own and own != name:
        raise InputError(
            f"--name {name}：{pack} 是{own}的数据包，请改 --name 或 --out · {pack} is the pack of"
            f" {own}: give --name {own}, or another --out"
        )


def _shrinks(tables: dict[str, pd.DataFrame], out: Path) -> str:
    """A line if the years to be written are fewer than those there; empty if not."""
    old, new = out / "annual.csv", tables.get("annual")
    if new is None or not old.exists():
        return ""
    before = set(pd.read_csv(old, usecols=["year"])["year"])
    gone = sorted(before - set(new["year"]))
    if not gone:
        return ""
    listed = ", ".join(map(str, gone))
    return (
        f"{out}: 原有 {len(before)} 年，现为 {new['year'].nunique()} 年，缺 {listed}"
        f" · years that were there and are no more: {listed}"
    )


def write(tables: dict[str, pd.DataFrame], out, *, say=None) -> dict[str, Path]:
    """Write frames as csv, all or none.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Name (without ``.csv``) to frame; numbers are written with four decimals at most.
    out : path
        Folder.
    say : callable, optional
        Told in a line what is waited for, and how to take the change back.

    Returns
    -------
    dict of str to Path

    Raises
    ------
    InputError
        If the folder cannot be written, or its pack is not free.

    Notes
    -----
    The ``air`` folder of a pack is written as an import writes its tables: while no build reads
    them, whole or not at all, with a backup that ``xc undo`` restores. The project's own pack is
    held too, but keeps no backups: it has its history in version control.
    """
    out, say = Path(out), say or (lambda text: None)
    pack = pack_of(out)
    if fewer := _shrinks(tables, out):
        say(fewer)
    if pack is None:
        _replace(tables, out)
        return _paths(tables, out)
    with held(pack, write=True, say=say):
        there = all(
            f"air/{name}" in TABLES and path.exists() for name, path in _paths(tables, out).items()
        )
        if pack.resolve() == project_data() or not there:
            _replace(tables, out)
        else:
            recover(pack)
            entry = commit(
                pack,
                {f"air/{name}": _csv(frame).encode() for name, frame in tables.items()},
                did=f"air: {', '.join(tables)}",
            )
            say(
                f"{out}: written as change {entry.number}; `xc undo --data {pack}` takes it back"
                f" · 已写入，编号 {entry.number}，可用 xc undo 撤销"
            )
    return _paths(tables, out)


def _paths(tables, out: Path) -> dict[str, Path]:
    return {name: out / f"{name}.csv" for name in tables}


def _replace(tables: dict[str, pd.DataFrame], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as folder:
            for name, frame in tables.items():
                with open(Path(folder, f"{name}.csv"), "w", encoding="utf-8", newline="") as file:
                    file.write(_csv(frame))
                    file.flush()
                    os.fsync(file.fileno())
            for name in tables:
                os.replace(Path(folder, f"{name}.csv"), out / f"{name}.csv")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error


def _csv(frame: pd.DataFrame) -> str:
    return _tidy(frame).to_csv(index=False, lineterminator="\n")


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("floating").columns
    return frame.assign(**{column: frame[column].round(9).round(4) for column in numbers})
