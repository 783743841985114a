"""All hours of all stations in one array: which archive wins, which values are no measurement.

Left out and listed: ``code``, 999.9, 9999 and their kind; ``stuck``, one value for more hours than
weather and rounding explain; ``pulse``, a calibration. Kept and listed: ``suspect``, a likely pulse
that cannot be decided; ``range_end``, PM10 at the end of an instrument's range.
"""

from itertools import product

import numpy as np
import pandas as pd

from ..words import error, joined
from .layouts import POLLUTANTS, TYPES

PM25, PM10 = POLLUTANTS.index("pm25"), POLLUTANTS.index("pm10")
#: A pulse is for an hour (of gases up to so many at one value) so many times the nearest value
#: within reach, above it by more than the step and by so many times the step from hour to hour that
#: nine of ten hours stay within.
PULSE_FACTOR, PULSE_REACH, PULSE_HOURS, PULSE_ROUGHNESS = 3.0, 3, 4, 3.0
PULSE_STEP = {"pm25": 250.0, "pm10": 420.0, "so2": 50.0, "no2": 80.0, "co": 3.0, "o3": 80.0}
#: A rise of other pollutants: so many times its sides, and by this share of PULSE_STEP; of other
#: stations (so many columns to either side), by a quarter of what is judged.
RISE_FACTOR, RISE_SHARE, NEIGHBOURS = 2.0, 0.2, 6
#: (value above which, hours from which) equal values are a stuck instrument.
_PM, _GAS = ((10, 12),), ((10, 12), (280, 3))
STUCK = {"pm25": _PM, "pm10": _PM, "so2": _GAS, "no2": _GAS, "co": ((24, 3),), "o3": ((20, 7),)}
#: Numbers that machines write for nothing; the last three for CO alone.
_CODES = [10.0**k - rest for rest, most in ((1, 8), (0.1, 7), (0.01, 6)) for k in range(3, most)]
_CODES = np.array([*_CODES, 99.999, 9998, 32767, 32768, 65535, 8888, 88888, 99, 99.9, 99.99])
#: Median of a year outside these (µg/m³, CO mg/m³) is another unit.
UNIT_RANGE = {"pm25": (0.3, 1200.0), "pm10": (0.5, 2500.0), "so2": (0.1, 400.0)}
UNIT_RANGE |= {"no2": (0.2, 1000.0), "co": (0.1, 10.0), "o3": (0.2, 1500.0)}
#: Unit -> what it is taken for when the median is too low and too high.
_OTHER_UNIT = {"µg/m³": ("mg/m³", "ng/m³"), "mg/m³": ("g/m³", "µg/m³")}


def is_code(values, pollutant: str = "") -> np.ndarray:
    """Tell which values are of the kind that stands for nothing."""
    codes = _CODES if pollutant == "co" else _CODES[:-3]
    return np.isin(np.round(values, 3), np.round(codes, 3))


def merge(reader):
    """Merge a reader's blocks, using them up; return hours and months with values of UCI."""
    wanted = reader.wanted or [s for b in reader.blocks for s in b.stations]
    of_uci = [s for b in reader.blocks if b.archive == "uci" for s in b.stations]
    days = np.unique([d for b in reader.blocks for d in np.unique(b.hour // 24)] or [0])
    # a day of nothing after every gap: neighbours in the array are neighbours in time
    days = np.unique([days, days + 1])
    archive, uci = Grid(reader, days, wanted), Grid(reader, days, of_uci)
    while reader.blocks:
        block = reader.blocks.pop(0)
        (uci if block.archive == "uci" else archive).fill(block)
    for grid in (archive, uci):
        grid.drop_codes()
        grid.check_units()
    uci_months = archive.fill_gaps(uci)
    archive.drop_stuck()
    archive.drop_pulses()
    # PM10 that ends at 999 to 1010 before 2018 is at the end of the instrument's range: it stays
    pm10, until = archive.values[:, :, PM10], np.datetime64("2018", "h").astype(np.int64)
    is_end = (pm10 >= 999) & (pm10 <= 1010) & (archive.hours < until)[:, None]
    archive.note(*np.nonzero(is_end), PM10, "range_end", "kept")
    return archive.table(), uci_months


class Grid:
    """The values of an archive, hours by stations by pollutants, and the file that each is from."""

    def __init__(self, reader, days: np.ndarray, stations: list[str]):
        self.reader, self.days, self.stations = reader, days, list(dict.fromkeys(stations))
        self.names = np.array(self.stations, dtype=object)
        #: hours since 1970 of the places in the array
        self.hours = (days[:, None] * 24 + np.arange(24)).ravel()
        shape = (len(days) * 24, len(self.stations), len(POLLUTANTS))
        self.values = np.full(shape, np.nan)
        self.files = np.full(shape, -1, np.int32)

    def table(self):
        """Return the hours that have a value, as a pyarrow table in order of station and time."""
        import pyarrow as pa

        station, place = np.nonzero(~np.isnan(self.values).all(axis=2).T)
        columns = {"time": pa.array((self.hours[place] * 3600).astype("datetime64[s]"))}
        codes, names = pa.array(station.astype(np.int32)), pa.array(self.stations, pa.string())
        columns["station"] = pa.DictionaryArray.from_arrays(codes, names)
        for p, name in enumerate(POLLUTANTS):
            columns[name] = pa.array(self.values[place, station, p], from_pandas=True)
        return pa.table(columns)

    def note(self, places, s, p, rule: str, action: str) -> None:
        """List values; those dropped are taken out."""
        places, s, p = np.broadcast_arrays(places, s, p)
        at = (places, s, p)
        cells = self.files[at], self.hours[places], self.names[s], p, self.values[at]
        self.reader.note_cells(rule, action, *cells)
        if action == "dropped":
            self.values[at] = np.nan

    def fill(self, block) -> None:
        """Write a block; of two values of one hour that of the earlier file stands."""
        place = np.searchsorted(self.days, block.hour // 24) * 24 + block.hour % 24
        at = np.array([self.stations.index(s) for s in block.stations])
        # a row of an hour and pollutant that the block already had waits for the next turn
        key = pd.Series(place * len(POLLUTANTS) + block.pollutant)
        turn = np.zeros(len(key), np.int64)
        if key.duplicated().any():
            turn = key.groupby(key).cumcount().to_numpy()
        equal = [np.array([], np.int64)]
        for n in range(int(turn.max(initial=0)) + 1):
            rows = np.flatnonzero(turn == n)
            here = (place[rows, None], at[None, :], block.pollutant[rows, None])
            old, old_file, new = self.values[here], self.files[here], block.values[rows]
            file = np.broadcast_to(block.file[rows, None], new.shape)
            both = ~np.isnan(old) & ~np.isnan(new)
            wins = both & (file < old_file)
            lost, lost_file = np.where(wins, old, new), np.where(wins, old_file, file)
            equal.append(lost_file[both & (old == new)])
            i, j = np.nonzero(both & (old != new))
            where = lost_file[i, j], block.hour[rows[i]], self.names[at[j]]
            where += block.pollutant[rows[i]], lost[i, j]
            self.reader.note_cells("hour_twice_differs", "dropped", *where)
            takes = ~np.isnan(new) & (np.isnan(old) | wins)
            self.values[here] = np.where(takes, new, old)
            self.files[here] = np.where(takes, file, old_file)
        self.reader.note_files(np.concatenate(equal), "hour_twice", "dropped")

    def drop_codes(self) -> None:
        """Drop codes that are repeated, stand at several places of an hour, or lie beyond air."""
        coded = np.zeros(self.values.shape, bool)
        for p, pollutant in enumerate(POLLUTANTS):
            high = self.values[:, :, p] >= (99 if pollutant == "co" else 888)
            coded[high, p] = is_code(self.values[high, p], pollutant)
        at_once = coded.sum(axis=(1, 2))
        for place, s, p in np.argwhere(coded).tolist():
            x = self.values[:, s, p]
            is_storm = False
            if p in (PM25, PM10) and x[place] < 1000:
                # PM of 999 whose neighbours are a third of it or more
                own = np.where(coded[:, s, p], np.nan, x)
                sides = [_nearest(own, place, step, 12) for step in (-1, 1)]
                is_storm = any(side * PULSE_FACTOR >= x[place] for side in sides)
            is_beyond = x[place] >= (99998 if p == PM10 else 8888)
            is_repeated = at_once[place] > 1 or np.count_nonzero(x == x[place]) > 1
            coded[place, s, p] = not is_storm and (is_beyond or is_repeated)
        self.note(*np.nonzero(coded), "code", "dropped")

    def check_units(self) -> None:
        """Refuse a year whose median only another unit explains."""
        years = np.repeat(self.days.astype("datetime64[D]").astype("datetime64[Y]"), 24)
        parts = [(joined(self.stations[:3]), slice(None), 1.0)]
        # a station is judged from further off: an instrument may drift where a year does not
        parts += [(name, s, 5.0) for s, name in enumerate(self.stations)]
        for year, (p, pollutant) in product(np.unique(years), enumerate(POLLUTANTS)):
            low, high = UNIT_RANGE[pollutant]
            values = self.values[years == year, :, p]
            for name, stations, margin in parts:
                known = values[:, stations][~np.isnan(values[:, stations])]
                median = float(np.median(known)) if len(known) >= 24 else 0.0
                # a median of nothing at all is an instrument's fault, not a unit's
                if median and not low / margin <= median <= high * margin:
                    unit = "mg/m³" if pollutant == "co" else "µg/m³"
                    what = {"year": str(year), "station": name, "pollutant": list(TYPES)[p]}
                    what |= {"unit": unit, "other": _OTHER_UNIT[unit][median > high]}
                    raise error("error.unit_off", median=f"{median:g}", **what)

    def fill_gaps(self, uci: "Grid") -> set[tuple]:
        """Take UCI where the archive has nothing; count what the archive already has."""
        filled = set()
        for u, station in enumerate(uci.stations):
            s = self.stations.index(station)
            has, takes = ~np.isnan(self.values[:, s]), ~np.isnan(uci.values[:, u])
            for p, pollutant in enumerate(POLLUTANTS):
                where = {"station": station, "pollutant": pollutant}
                files = uci.files[:, u, p][has[:, p] & takes[:, p]]
                self.reader.note_files(files, "archive_has_hour", "dropped", **where)
                # the label 00 of a month's first day belongs to the day before
                hours = self.hours[takes[:, p] & ~has[:, p]] - 1
                months = np.unique(hours.astype("datetime64[h]").astype("datetime64[M]"))
                filled.update((station, pollutant, m.year, m.month) for m in months.tolist())
            self.values[:, s] = np.where(has, self.values[:, s], uci.values[:, u])
            self.files[:, s] = np.where(has, self.files[:, s], uci.files[:, u])
        return filled

    def drop_stuck(self) -> None:
        """Drop runs of one value that are too long, unless half of a series stands still."""
        for p, s in np.ndindex(len(POLLUTANTS), len(self.stations)):
            x = self.values[:, s, p]
            start = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
            length = np.diff(np.r_[start, len(x)])
            is_stuck = np.zeros(len(start), bool)
            for above, hours in STUCK[POLLUTANTS[p]]:
                is_stuck |= (length >= hours) & (x[start] > above)
            places = np.flatnonzero(np.repeat(is_stuck, length))
            if 2 * len(places) <= np.count_nonzero(~np.isnan(x)):
                self.note(places, s, p, "stuck", "dropped")

    def drop_pulses(self) -> None:
        """Drop hours that stand alone above their neighbours, and list what cannot be decided."""
        #: by pollutant; PM2.5 where PM10 is withheld for not exceeding it
        self.levels = [self.values[:, :, p] for p in range(len(POLLUTANTS))]
        is_withheld = np.isnan(self.levels[PM10])
        self.levels[PM10] = np.where(is_withheld, self.levels[PM25], self.levels[PM10])
        series = np.ndindex(len(POLLUTANTS), len(self.stations))
        peaks = [(s, p, *peak) for p, s in series for peak in self._peaks(s, p)]
        # all are judged on the values as they came, so that none hides what speaks for another
        verdicts = [self._verdict(*peak) for peak in peaks]
        for (s, p, first, last, _), verdict in zip(peaks, verdicts, strict=True):
            if verdict != "real":
                action = "dropped" if verdict == "pulse" else "kept"
                self.note(np.arange(first, last + 1), s, p, verdict, action)

    def _peaks(self, s: int, p: int):
        """Yield first and last place of what may be a pulse, and the least rise of one."""
        x, step = self.values[:, s, p], PULSE_STEP[POLLUTANTS[p]]
        steps = np.abs(np.diff(x))
        known = np.flatnonzero(~np.isnan(steps))
        rough = _roughness(steps[known])
        longest = 1 if p in (PM25, PM10) else PULSE_HOURS
        before = np.r_[np.nan, x[:-1]]
        for i in np.flatnonzero((x > step) & ~(before * PULSE_FACTOR > x)).tolist():
            end = i
            while end + 1 < len(x) and x[end + 1] == x[i] and end + 1 - i < longest:
                end += 1
            if 0 < len(known) < 500:
                # a peak's own steps say nothing of how rough the rest of a short record is
                rough = _roughness(steps[known[(known < i - 1) | (known > end)]])
            if x[i] > max(step, rough):
                yield i, end, max(step, rough)

    def _verdict(self, s: int, p: int, first: int, last: int, least: float) -> str:
        """Return ``pulse``, ``suspect`` or ``real``."""
        x = self.levels[p][:, s]

        def stands_above(level: float) -> bool:
            return x[first] >= PULSE_FACTOR * level and x[first] - level > least

        # calibrations stand beside gaps: where one side has values it decides alone
        sides, far = [], []
        for end, step in ((first, -1), (last, 1)):
            own = _nearest(self.values[:, s, p], end, step, PULSE_REACH)
            side = _nearest(x, end, step, PULSE_REACH) if np.isnan(own) else own
            if np.isnan(side):
                far.append(_nearest(x, end, step, 24))
            else:
                sides.append(side)
        if not all(map(stands_above, sides)) or self._rises_together(s, p, first, last):
            return "real"
        if len(sides) == 2:
            return "pulse"
        others = np.delete(self.levels[p][first : last + 1], s, axis=1)
        others = others[~np.isnan(others)]
        if others.size:
            return "pulse" if stands_above(others.max()) else "real"
        is_alone = all(stands_above(level) for level in far if not np.isnan(level))
        if sides:
            # a storm may break the record: what is as high behind the gap leaves it open
            return "pulse" if is_alone else "suspect"
        return "suspect" if is_alone else "real"

    def _rises_together(self, s: int, p: int, first: int, last: int) -> bool:
        """Tell whether another pollutant or station rises too: weather or fireworks."""
        # instruments are calibrated one after the other: only the very hour speaks for a pollutant
        for q, name in enumerate(POLLUTANTS):
            rise = _rise(self.values[:, s, q], first, last, 0)
            if q != p and rise > RISE_SHARE * PULSE_STEP[name]:
                return True
        own = _rise(self.levels[p][:, s], first, last, 0)
        own = self.levels[p][first, s] if np.isnan(own) else own
        # smoke takes an hour between stations
        near = range(max(s - NEIGHBOURS, 0), min(s + NEIGHBOURS + 1, len(self.stations)))
        rises = [_rise(self.values[:, t, p], first, last, 1) for t in near if t != s]
        rises = [rise for rise in rises if not np.isnan(rise)]
        together = sum(rise >= own / 4 for rise in rises)
        return bool(rises) and together >= max(1, len(rises) / 4)


def _roughness(steps: np.ndarray) -> float:
    return PULSE_ROUGHNESS * float(np.quantile(steps, 0.9)) if len(steps) else 0.0


def _rise(x: np.ndarray, first: int, last: int, slack: int) -> float:
    """Return the rise of a series at a place, give or take hours; 0 without one, NaN unknown."""
    inside = x[max(first - slack, 0) : last + 1 + slack]
    ends = ((first - slack, -1), (last + slack, 1))
    sides = [_nearest(x, end, step, PULSE_REACH) for end, step in ends]
    sides = [side for side in sides if not np.isnan(side)]
    if np.isnan(inside).all() or not sides:
        return np.nan
    # in the very hour it has to fall again, too; elsewhere a storm that goes on is one
    peak, base = float(np.nanmax(inside)), sides[0] if slack else max(sides)
    return peak - base if peak >= RISE_FACTOR * base else 0.0


def _nearest(x: np.ndarray, at: int, step: int, reach: int) -> float:
    for i in range(at + step, at + step * (reach + 1), step):
        if 0 <= i < len(x) and not np.isnan(x[i]):
            return x[i]
    return np.nan
