"""All hours of all stations in one array: which archive wins, which values are no measurement.

The array has an axis of hours (whole days, a day of nothing after every gap, so that neighbours in
the array are neighbours in time), one of stations and one of pollutants. The rules and their
reasons stand in :mod:`xc_analysis.archive`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .archive_rows import DEFECTS, POLLUTANTS, iso

PULSE_FACTOR, PULSE_REACH, PULSE_HOURS, PULSE_ROUGHNESS = 3.0, 3, 4, 3.0
PULSE_STEP = {"pm25": 250.0, "pm10": 420.0, "so2": 50.0, "no2": 80.0, "co": 3.0, "o3": 80.0}
#: pollutant -> (value above which, hours from which) equal values are a stuck instrument
STUCK = {
    "pm25": ((10, 12),), "pm10": ((10, 12),), "so2": ((10, 12), (280, 3)),
    "no2": ((10, 12), (280, 3)), "co": ((24, 3),), "o3": ((20, 7),),
}  # fmt: skip
RANGE_END, RANGE_END_UNTIL = (999.0, 1010.0), "2018"
_ONE_BY_ONE = 1000


def merge(reader):
    """Merge the blocks of a reader into hours.

    Parameters
    ----------
    reader : xc_analysis.records.archive_rows.Reader
        Its blocks are used up, its defects added to.

    Returns
    -------
    (pyarrow.Table, pandas.DataFrame)
        Hours (time, station, pollutants; rows without any value left out) and defects.
    """
    import pyarrow as pa

    wanted = reader.wanted or list(dict.fromkeys(s for b in reader.blocks for s in b.stations))
    days = np.unique(np.concatenate([np.unique(b.hour // 24) for b in reader.blocks] or [[0]]))
    days = np.unique(np.concatenate([days, days + 1])).astype(np.int64)
    uci = list(dict.fromkeys(s for b in reader.blocks if b.archive == "uci" for s in b.stations))
    stations, grids = {"archive": wanted, "uci": uci}, {}
    for kind, names in stations.items():
        shape = (len(days) * 24, len(names), len(POLLUTANTS))
        grids[kind] = np.full(shape, np.nan), np.full(shape, -1, np.int32)
    while reader.blocks:
        block = reader.blocks.pop(0)
        _fill(reader, *grids[block.archive], days, stations[block.archive], block)
    grid, file = grids["archive"]
    _fill_from_uci(reader, wanted, grid, file, uci, *grids.pop("uci"))
    for s in range(len(wanted)):
        for p in range(len(POLLUTANTS)):
            _judge(reader, days, wanted, grid, file, s, p)
    _list_missing_days(reader)
    if reader.other_rows:
        reader.note("", "rows of AQI and of 24 h statistics, not an hour's concentration",
                    "skipped", count=reader.other_rows)  # fmt: skip
    defects = pd.DataFrame(reader.defects, columns=list(DEFECTS))
    defects["hour"] = defects["hour"].astype("Int64")
    defects = defects.sort_values(
        ["rule", "date", "hour", "file", "station", "pollutant"], ignore_index=True
    )
    station, hour = np.nonzero(~np.isnan(grid).all(axis=2).T)
    label = (days[:, None] * 24 + np.arange(24)).ravel()[hour] * 3600
    columns = {
        "time": pa.array(label.astype("datetime64[s]")),
        "station": pa.DictionaryArray.from_arrays(
            pa.array(station.astype(np.int32)), pa.array(wanted, pa.string())
        ),
    }
    for p, name in enumerate(POLLUTANTS):
        columns[name] = pa.array(grid[hour, station, p], from_pandas=True)
    return pa.table(columns), defects


def _where(days, place: int) -> dict:
    return {"date": iso(int(days[place // 24])), "hour": int(place % 24)}


def _fill(reader, grid, files, days, wanted, block) -> None:
    """Write a block into its grid; of two values of one hour that of the earlier file stands."""
    place = np.searchsorted(days, block.hour // 24) * 24 + block.hour % 24
    at = np.array([wanted.index(s) for s in block.stations])
    # A row of the same hour and pollutant within one block has to wait for the next turn.
    key = place * len(POLLUTANTS) + block.pollutant
    order = np.argsort(key, kind="stable")
    same = np.r_[False, key[order][1:] == key[order][:-1]]
    turn = np.zeros(len(key), np.int64)
    if same.any():
        start = np.maximum.accumulate(np.where(same, 0, np.arange(len(key))))
        turn[order] = np.arange(len(key)) - start
    equal = np.zeros(len(reader.labels), np.int64)
    for n in range(int(turn.max(initial=0)) + 1):
        rows = np.flatnonzero(turn == n)
        here = (place[rows, None], at[None, :], block.pollutant[rows, None].astype(np.int64))
        before, new = grid[here], block.values[rows]
        came, comes = files[here], np.broadcast_to(block.file[rows, None], new.shape)
        clash = ~np.isnan(before) & ~np.isnan(new)
        later = clash & (comes < came)
        np.add.at(equal, np.where(later, came, comes)[clash & (before == new)], 1)
        for i, j in np.argwhere(clash & (before != new)):
            loser = (came[i, j], before[i, j]) if later[i, j] else (comes[i, j], new[i, j])
            reader.note(reader.labels[loser[0]], "hour given twice, values differ", "dropped",
                        station=wanted[at[j]], pollutant=POLLUTANTS[block.pollutant[rows[i]]],
                        value=f"{loser[1]:g}", **_where(days, place[rows[i]]))  # fmt: skip
        take = ~np.isnan(new) & (np.isnan(before) | later)
        grid[here] = np.where(take, new, before)
        files[here] = np.where(take, comes, came)
    for number in np.flatnonzero(equal):
        reader.note(reader.labels[number], "hour given twice, values equal", "dropped",
                    count=equal[number])  # fmt: skip


def _fill_from_uci(reader, wanted, grid, file, stations, uci, its) -> None:
    """UCI where the archive has nothing; what the archive already has is counted."""
    for u, station in enumerate(stations):
        s = wanted.index(station)
        has, takes = ~np.isnan(grid[:, s]), ~np.isnan(uci[:, u])
        for p, pollutant in enumerate(POLLUTANTS):
            numbers = its[:, u, p][has[:, p] & takes[:, p]]
            for number, n in zip(*np.unique(numbers, return_counts=True), strict=True):
                reader.note(reader.labels[number], "the archive has this hour", "dropped",
                            station=station, pollutant=pollutant, count=n)  # fmt: skip
        grid[:, s] = np.where(has, grid[:, s], uci[:, u])
        file[:, s] = np.where(has, file[:, s], its[:, u])


def _judge(reader, days, wanted, grid, file, s: int, p: int) -> None:
    """Stuck runs and pulses of one station and pollutant become missing, each hour listed."""
    name = POLLUTANTS[p]

    def tell(places, rule: str, action: str) -> None:
        for i in places:
            reader.note(reader.labels[file[i, s, p]], rule, action, station=wanted[s],
                        pollutant=name, value=f"{grid[i, s, p]:g}", **_where(days, i))  # fmt: skip

    for rule, places in (("stuck", _stuck), ("pulse", _pulses)):
        x = grid[:, s, p].copy()
        if not np.isnan(x).all():
            bad = places(x, name)
            tell(bad, rule, "dropped")
            grid[bad, s, p] = np.nan
    if name == "pm10":
        x = grid[:, s, p]
        clipped = np.flatnonzero((x >= RANGE_END[0]) & (x <= RANGE_END[1]))
        tell([i for i in clipped if _where(days, i)["date"] < RANGE_END_UNTIL], "range end", "kept")


def _stuck(x: np.ndarray, name: str) -> list[int]:
    """Places of runs of one value that are too long for weather."""
    start = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    length = np.diff(np.r_[start, len(x)])
    found: set[int] = set()
    for above, hours in STUCK[name]:
        for i in np.flatnonzero((length >= hours) & (x[start] > above)):
            found.update(range(start[i], start[i] + length[i]))
    return sorted(found) if 2 * len(found) <= np.count_nonzero(~np.isnan(x)) else []


def _pulses(x: np.ndarray, name: str) -> list[int]:
    """Places of hours that stand alone above their neighbours."""
    steps = np.abs(np.diff(x))
    steps = steps[~np.isnan(steps)]
    if not len(steps):
        return []
    least = max(PULSE_STEP[name], PULSE_ROUGHNESS * float(np.quantile(steps, 0.9)))
    longest = 1 if name in ("pm25", "pm10") else PULSE_HOURS
    before = np.r_[np.nan, x[:-1]]
    found: list[int] = []
    for i in np.flatnonzero((x > least) & ~(before * PULSE_FACTOR > x)).tolist():
        end = i
        while end + 1 < len(x) and x[end + 1] == x[i] and end + 1 - i < longest:
            end += 1
        sides = np.array([_nearest(x, i, -1), _nearest(x, end, 1)])
        if (x[i] >= PULSE_FACTOR * sides).all() and (x[i] - sides > least).all():
            found += range(i, end + 1)
    return found


def _nearest(x: np.ndarray, at: int, step: int) -> float:
    """The nearest value in one direction within reach; NaN without one."""
    for i in range(at + step, at + step * (PULSE_REACH + 1), step):
        if 0 <= i < len(x) and not np.isnan(x[i]):
            return x[i]
    return np.nan


def _list_missing_days(reader) -> None:
    """Days between the first and the last file for which a kind of file is absent, as spans."""
    everything = set().union(*reader.days.values())
    for kind, have in reader.days.items():
        absent = np.array(sorted(set(range(min(everything), max(everything) + 1)) - have), np.int64)
        for span in np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1):
            if len(span):
                first, last = iso(int(span[0])), iso(int(span[-1]))
                reader.note(f"{kind}_{first.replace('-', '')}.csv", "no usable file", "missing",
                            date=first, value=f"to {last}" if len(span) > 1 else "",
                            count=len(span))  # fmt: skip
