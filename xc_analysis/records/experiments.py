"""What only the hourly archive can tell: how good estimates are, what other readings would give.

Deletions. Every whole year of a place stands in once for every partial year of the district: it
keeps only the calendar days that the partial year has, is estimated from them as
:mod:`xc_analysis.adjust.partial` does, and is compared with what it truly was. The year itself is in
neither the pattern, the ratios nor the errors behind its interval. Measured, not tuned: no choice of
the estimator was made by it.

Readings. The annual values with the archive's hour labels read as the start of the hour, and with
PM10 as reported, beside ``air/annual``.

``python -m xc_analysis.records.experiments ARCHIVE... --name 西城区 --out data/air`` writes
``deletions.csv`` and ``readings.csv``; nothing else needs the archive for them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from .. import tables
from ..adjust import partial
from ..errors import InputError

INDICATORS = ("pm25", "good_day_ratio", "heavy_days")
#: One year is held out and each of three others left out in turn.
MIN_WHOLE = 4
#: Names of the other readings, with the options of :func:`xc_analysis.hourly.daily` they stand for.
READINGS = {"label-start": {"hour_label": "start"}, "pm10-reported": {"pm10": "reported"}}


def deletion_experiment(
    daily: pd.DataFrame,
    indicator: str,
    *,
    patterns: dict[int, np.ndarray],
    whole: dict[str, list[int]],
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Delete from whole years the days that partial years miss, estimate, compare.

    Parameters
    ----------
    daily : DataFrame
        Index date, one column a place (stations, the district): the daily values that the indicator
        is made of.
    indicator : str
        As :func:`xc_analysis.adjust.partial.estimate_partial`.
    patterns : dict of int to ndarray of bool
        For each partial year the calendar days it has, as :func:`xc_analysis.adjust.partial.seen_days`.
    whole : dict of str to list of int
        Whole years of each place; a place with fewer than four is passed over.
    data : path, optional
        Folder of the tables, for the city's published values.

    Returns
    -------
    DataFrame
        indicator, place, pattern (the partial year), year (the whole year held out), true, value,
        lower, upper.
    """
    _, statistic = partial.column_of(indicator)
    city = partial.city_values(indicator, data=data)
    rows = []
    for name, years in whole.items():
        if len(years) < MIN_WHOLE:
            continue
        place = partial.Place(partial.days_by_year(daily[name]), statistic, *city)
        for pattern, seen in patterns.items():
            for year in years:
                train = [other for other in years if other != year]
                row = partial.estimate_year(place, year, seen, train)
                rows.append(
                    {"indicator": indicator, "place": name, "pattern": pattern, "year": year,
                     "true": partial.statistic_of(place, year),
                     **{column: row[column] for column in ("value", "lower", "upper")}}
                )  # fmt: skip
    return pd.DataFrame(rows)


def summarise_deletions(experiment: pd.DataFrame, *, by: str = "pattern") -> pd.DataFrame:
    """Bias, error and coverage of the deletion experiment, with honest uncertainty.

    Parameters
    ----------
    experiment : DataFrame
        Of one indicator, as :func:`deletion_experiment` returns.
    by : str
        Column whose values get a row each: ``pattern`` or ``kind``.

    Returns
    -------
    DataFrame
        Index `by`, last ``all``: n, places, years, bias, rmse, width (median of upper - lower;
        these three in per cent of the true value, of counts and ratios in their own unit),
        coverage, coverage_low, coverage_high, and bias_low, bias_high. Places of one city share
        their weather, so the held-out years are the independent units: the ranges are 95 % Student
        intervals over the means of the years.
    """
    relative = partial.column_of(experiment["indicator"].iloc[0])[1] in ("mean", "p90", "p95")
    unit = 100 / experiment["true"] if relative else 1.0
    frame = experiment.assign(
        error=(experiment["value"] - experiment["true"]) * unit,
        width=(experiment["upper"] - experiment["lower"]) * unit,
        inside=experiment["true"].between(experiment["lower"], experiment["upper"]),
    )
    parts = {**dict(list(frame.groupby(by))), "all": frame}
    out = pd.DataFrame({name: _summary(part) for name, part in parts.items()}).T.rename_axis(by)
    return out.astype({"n": int, "places": int, "years": int})


def _summary(part: pd.DataFrame) -> dict:
    bias, coverage = (_over_years(part, column) for column in ("error", "inside"))
    return {
        "n": len(part), "places": part["place"].nunique(), "years": part["year"].nunique(),
        "bias": part["error"].mean(), "bias_low": bias[0], "bias_high": bias[1],
        "rmse": np.sqrt((part["error"] ** 2).mean()), "width": part["width"].median(),
        "coverage": part["inside"].mean(),
        "coverage_low": max(0.0, coverage[0]), "coverage_high": min(1.0, coverage[1]),
    }  # fmt: skip


def _over_years(part: pd.DataFrame, column: str) -> tuple[float, float]:
    from scipy.special import stdtrit

    means = part.groupby("year")[column].mean()
    k = len(means)
    half = stdtrit(k - 1, 0.975) * means.std(ddof=1) / np.sqrt(k) if k > 1 else np.nan
    return means.mean() - half, means.mean() + half


def _whole_years(days: pd.DataFrame, indicator: str) -> dict[str, list[int]]:
    """Years of each place whose record is whole."""
    from .. import hourly

    years = hourly.annual(days)
    years = years[(years["indicator"] == indicator) & (years["completeness"] != "partial")]
    return years.groupby("scope")["year"].agg(sorted).to_dict()


def deletions(
    days: pd.DataFrame, *, scope: str, own: Sequence[str], data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """The experiment for a district, its stations and all others.

    Parameters
    ----------
    days : DataFrame
        date, scope (a place) and the daily columns, for the district and every station.
    scope : str
        The district, whose partial years are the patterns.
    own : sequence of str
        Its stations.
    data : path, optional
        Folder of the tables, for the city's published values.

    Returns
    -------
    DataFrame
        The columns of :func:`deletion_experiment` for each of `INDICATORS`, and ``kind``: district,
        own station, other station.
    """
    parts = []
    for indicator in INDICATORS:
        column, _ = partial.column_of(indicator)
        of = days.pivot(index="date", columns="scope", values=column)
        whole = _whole_years(days, indicator)
        kept = partial.days_by_year(of[scope])
        patterns = {
            year: partial.seen_days(part)
            for year, part in kept.items()
            if year not in whole.get(scope, [])
        }
        parts.append(deletion_experiment(of, indicator, patterns=patterns, whole=whole, data=data))
    out = pd.concat(parts, ignore_index=True)
    kind = np.where(out["place"].isin(own), "own station", "other station")
    out.insert(1, "kind", np.where(out["place"] == scope, "district", kind))
    order = {name: i for i, name in enumerate(INDICATORS)}
    out = out.sort_values(
        ["indicator", "kind", "place", "pattern", "year"],
        key=lambda column: column.map(order) if column.name == "indicator" else column,
        ignore_index=True,
    )
    return out.round(dict.fromkeys(("true", "value", "lower", "upper"), 2))


def readings(hours, *, scope: str, own: Sequence[str]) -> pd.DataFrame:
    """Annual values under the other readings of the record.

    Parameters
    ----------
    hours : pyarrow.Table or DataFrame
        As :func:`xc_analysis.hourly.daily` takes it.
    scope : str
        The district.
    own : sequence of str
        Its stations.

    Returns
    -------
    DataFrame
        scope, indicator, year, reading (a key of `READINGS`), value, valid_days.
    """
    from .. import hourly

    parts = []
    for name, options in READINGS.items():
        days = hourly.daily(hours, stations=own, name=scope, **options)
        parts.append(hourly.annual(days).assign(reading=name))
    out = pd.concat(parts, ignore_index=True)
    return out[["scope", "indicator", "year", "reading", "value", "valid_days"]]


def run(
    archives: Sequence[str | os.PathLike],
    *,
    name: str,
    out: str | os.PathLike,
    data: str | os.PathLike | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict:
    """Both tables from an archive, written all or none.

    Parameters
    ----------
    archives : sequence of path
        As :func:`xc_analysis.archive.read_archive`.
    name : str
        A district with daily values in ``air/daily``; its stations are those of
        ``air/station_daily``.
    out : path
        Folder for ``deletions.csv`` and ``readings.csv``.
    data : path, optional
        Folder of the tables.
    progress : callable, optional
        ``progress(done, total, text)``.

    Returns
    -------
    dict of str to Path

    Raises
    ------
    InputError
        As :func:`xc_analysis.archive.read_archive`, if the district has no daily values or the
        folder cannot be written.
    """
    from .. import archive, hourly
    from . import air_tables

    known = tables.load("air/daily", data=data)
    district = known[known["scope"] == name]
    if district.empty:
        there = ", ".join(sorted(known["scope"].unique()))
        raise InputError(f"{name} has no rows in air/daily.csv: give one of {there} as --name")
    own = sorted(tables.load("air/station_daily", data=data)["station"].unique())
    hours = archive.read_wide(list(archives), progress=progress).hours
    stations = hourly.daily(hours, by="station").rename(columns={"station": "scope"})
    days = pd.concat([district, stations], ignore_index=True)
    if progress:
        progress(0, 0, "deleting and estimating · 删日估计")
    found = {
        "deletions": deletions(days, scope=name, own=own, data=data),
        "readings": readings(hours, scope=name, own=own),
    }
    return air_tables.write(found, out, say=print)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xc_analysis.records.experiments",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure the estimates of partial years and the other readings of the record.\n"
        "检验不完整年份的估计，并给出记录的其他读法。",
        epilog="example: python -m xc_analysis.records.experiments archive --name 西城区 --out data/air",
    )
    parser.add_argument("archives", nargs="+", metavar="ARCHIVE", help="zip, folder, csv or csv.gz")
    parser.add_argument("--name", required=True, help="the district, as in air/daily.csv")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the tables go")
    parser.add_argument("--data", metavar="DIR", help="folder of tables (default: the project's)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run both and write their tables.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; default those of the process.

    Returns
    -------
    int
        0 done; 1 refused, with what and why on stderr.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    args = _parser().parse_args(argv)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("reading · 读取", total=None)

        def show(done: int, total: int, text: str) -> None:
            bars.update(task, completed=done, total=total or None, description=text)

        try:
            written = run(
                args.archives, name=args.name, out=args.out, data=args.data, progress=show
            )
        except InputError as error:
            print(f"xc: {error}", file=sys.stderr)
            return 1
    for path in written.values():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
