"""Measure the estimate of partial years: delete days or files from whole years, estimate, compare.

Every whole year of a place stands in once for every year in which the hourly archive has gaps. It
loses either the same calendar *days*, or what the same missing *files* would take from it: ``all``
(PM, AQI) and ``extra`` (gases) are missing on different days, so that a day may keep one of the
two. It is then estimated as `xc_analysis.partial_years` does and compared with what it truly was.
The year itself is in neither the pattern, the ratios nor the errors behind its interval. Measured,
not tuned: no choice of the estimator was made by it.

    python tools/deletions.py

reads data/air and writes data/air/deletions.csv; it needs no archive.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from xc_analysis import partial_years as partial
from xc_analysis.hourly.aqi import with_aqi
from xc_analysis.hourly.periods import periods
from xc_analysis.observations import HOME, column_of, daily_rows, tidy_days
from xc_analysis.tables import data_dir, load, use_data

INDICATORS = ("pm25", "o3_8h_p90", "good_day_ratio", "heavy_days")
#: One year is held out and each of three others left out in turn.
MIN_WHOLE = 4
#: Missing files are real gaps from here on; before, UCI 501 fills them.
FILES_SINCE = 2018
#: A year has gaps worth deleting from this many missing days or files on.
LEAST_GAP = 20
PM = ["pm25", "pm10", "pm10_reported"]
GASES = ["so2", "no2", "co", "o3_8h"]


def places() -> dict[str, tuple[str, pd.DataFrame]]:
    """Collect the days of the district and of its stations, with what each is."""
    out = {HOME: ("district", daily_rows(HOME))}
    stations = load("air/station_daily").rename(columns={"station": "scope"})
    for name, days in stations.groupby("scope"):
        out[str(name)] = ("own station", tidy_days(days))
    return out


def calendar_keys(dates: pd.DatetimeIndex) -> np.ndarray:
    """Return month * 100 + day, 29 February as the 28th."""
    key = (dates.month * 100 + dates.day).to_numpy()
    return np.where(key == 229, 228, key)


def day_patterns(indicator: str) -> dict[int, np.ndarray]:
    """For each year with gaps in the archive, the calendar days that it has."""
    column, _ = column_of(indicator)
    daily = partial.archive_days()
    archive, whole = partial.days_by_year(daily, column), whole_years(daily, indicator)
    return {year: partial.seen_days(days) for year, days in archive.items() if year not in whole}


def missing_files() -> dict[str, pd.DatetimeIndex]:
    """List the days on which each of the archive's two daily files is missing."""
    table = load("air/defects")
    table = table[table["rule"] == "no_file"]
    daily = daily_rows(HOME)
    last = daily.loc[~daily["national"], "date"].max()
    # no file of the archive's last year is listed after its end
    end = pd.date_range(last + pd.Timedelta(days=1), pd.Timestamp(last.year, 12, 31))
    out = {}
    for kind in ("all", "extra"):
        rows = table[table["file"].str.contains(f"_{kind}_")]
        starts = zip(rows["date"], rows["count"], strict=True)
        runs = [pd.date_range(start, periods=n) for start, n in starts]
        out[kind] = end.append(runs)
    return out


def file_patterns() -> dict[int, dict[str, np.ndarray]]:
    """For each year with missing files, the calendar days that each file lacks."""
    gone = missing_files()
    out = {}
    years = sorted({int(y) for days in gone.values() for y in days.year if y >= FILES_SINCE})
    for year in years:
        keys = {kind: calendar_keys(days[days.year == year]) for kind, days in gone.items()}
        if max(len(days) for days in keys.values()) >= LEAST_GAP:
            out[year] = keys
    return out


def without_files(days: pd.DataFrame, year: int, gone: dict[str, np.ndarray]) -> pd.DataFrame:
    """Take from one year what the missing files would, and compute its AQI anew."""
    out = days.copy()
    of_year = (out["date"].dt.year == year).to_numpy()
    key = calendar_keys(pd.DatetimeIndex(out["date"]))
    for kind, columns in (("all", PM), ("extra", [*GASES, "o3_windows"])):
        rows = of_year & np.isin(key, gone[kind])
        out.loc[rows, [c for c in columns if c in out]] = np.nan
    again = with_aqi(out.loc[of_year].drop(columns=["aqi", "primary", "known_exceedance"]))
    out.loc[of_year, "aqi"] = again["aqi"].astype("float64").to_numpy()
    out.loc[of_year, "known_exceedance"] = again["known_exceedance"].to_numpy(bool)
    return out


def whole_years(daily: pd.DataFrame, indicator: str) -> list[int]:
    """List the years whose record of days is whole."""
    rows = periods(daily, freq="year").query("indicator == @indicator")
    return rows.loc[rows["completeness"] != "partial", "year"].tolist()


def run_place(name: str, kind: str, days: pd.DataFrame, indicator: str) -> Iterator[dict]:
    """Delete, estimate and compare for one place and indicator."""
    column, statistic = column_of(indicator)
    city = partial.city_values(indicator)
    by_year = partial.days_by_year(days, column)
    place = partial.Place(by_year, statistic, *city)
    whole = whole_years(days, indicator)
    if len(whole) < MIN_WHOLE:
        return
    by_days, by_files = day_patterns(indicator), file_patterns()
    for year in whole:
        train = [other for other in whole if other != year]
        true = partial.statistic_of(place, year)
        row = {"indicator": indicator, "kind": kind, "place": name, "year": year, "true": true}
        for pattern, seen in by_days.items():
            made = partial.estimate_year(place, year, seen, train)
            yield {**row, "deleted": "days", "pattern": pattern, **_ends(made)}
        for pattern, gone in by_files.items():
            cut = partial.days_by_year(without_files(days, year, gone), column)
            rest = partial.Place({**by_year, year: cut[year]}, statistic, *city)
            made = partial.estimate_year(rest, year, partial.seen_days(cut[year]), train)
            yield {**row, "deleted": "files", "pattern": pattern, **_ends(made)}


def _ends(made: dict) -> dict:
    return {name: made[name] for name in ("value", "lower", "upper")}


def run(say: Callable[[str], None] = lambda text: None) -> pd.DataFrame:
    """Run the experiment for every place and indicator."""
    rows = []
    for name, (kind, days) in places().items():
        for indicator in INDICATORS:
            say(f"{name} {indicator}")
            rows += run_place(name, kind, days, indicator)
    names = "indicator kind place pattern deleted year true value lower upper".split()
    out = pd.DataFrame(rows)[names]
    rank = {indicator: i for i, indicator in enumerate(INDICATORS)}
    out = out.assign(rank=out["indicator"].map(rank))
    keys = ["rank", "deleted", "kind", "place", "pattern", "year"]
    out = out.sort_values(keys, ignore_index=True).drop(columns="rank")
    return out.round(dict.fromkeys(("true", "value", "lower", "upper"), 2))


def main() -> int:
    """Write deletions.csv into the folder of tables (the project's, or --data DIR)."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", metavar="DIR", help="folder of the tables")
    use_data(parser.parse_args().data)
    target = data_dir() / "air" / "deletions.csv"
    table = run(lambda text: print(f"\r{text:<40}", end="", file=sys.stderr))
    print(file=sys.stderr)
    table.to_csv(target, index=False, lineterminator="\n")
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
