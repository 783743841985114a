"""The table ``air/stations_annual``: every station of an archive, year by year, and its outlook.

``python -m xc_analysis.records.station_table ARCHIVE...`` writes the table anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from .. import tables
from ..errors import InputError
from . import air_tables, parquet_store, stations_run

INDICATORS = (
    "pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_days",
)  # fmt: skip
COLUMNS = (
    "station", "indicator", "year", "value", "lower", "upper", "valid_days", "completeness",
    "basis", "release",
)  # fmt: skip


def from_archive(archives, *, engine="duckdb") -> pd.DataFrame:
    """Annual values of every station of an archive.

    Parameters
    ----------
    archives : path or iterable of paths
        As for :func:`xc_analysis.records.parquet_store.write`.
    engine : str
        As for :func:`xc_analysis.records.engines.engine`.

    Returns
    -------
    pandas.DataFrame
        As ``air/stations_annual``, rounded as it is written.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = parquet_store.write(archives, Path(folder, "store"))
        return shortened(stations_run.run(store, engine=engine)["annual"])


def shortened(annual: pd.DataFrame) -> pd.DataFrame:
    """The columns and indicators of ``air/stations_annual`` from a full annual table."""
    out = annual[annual["indicator"].isin(INDICATORS) & annual["value"].notna()]
    out = out.rename(columns={"scope": "station"})[list(COLUMNS)]
    numbers = ["value", "lower", "upper"]
    return out.assign(**out[numbers].round(9).round(2)).reset_index(drop=True)


def outlook(annual: pd.DataFrame, indicator: str, *, window, to: int, method="blend",
            prior_sd=0.08, scale="log", min_points=3, phi=None) -> pd.DataFrame:  # fmt: skip
    """Change over a window, trend, projection and outturn of every station at once.

    Parameters
    ----------
    annual : DataFrame
        As ``air/stations_annual``, or with ``scope`` for ``station``.
    indicator : str
    window : (int, int)
        First and last year of the fit. Years whose class is ``partial`` take no part.
    to : int
        Year projected to.
    method, prior_sd, scale, phi
        As for :func:`xc_analysis.projection.project_many`.
    min_points : int
        Stations with fewer years in the window are left out of trend and projection.

    Returns
    -------
    pandas.DataFrame
        A row a station: station, n, first, last (values of the window's ends, empty where the
        year is partial or missing), change_pct, slope (Sen, a year), p (Mann-Kendall), median,
        lower_80, upper_80, lower_95, upper_95 (of the projection), outturn, outturn_days,
        outturn_completeness, inside_80, inside_95; the largest fall first.
    """
    from ..projection import PHI, project_many
    from ..trend import mann_kendall

    key = "station" if "station" in annual else "scope"
    own = annual[annual["indicator"] == indicator]
    if own.empty:
        raise InputError(f"no row of {indicator} in the table of stations; choose another")
    begin, end = window
    whole = own[own["year"].between(begin, end) & (own["completeness"] != "partial")]
    grid = whole.pivot(index=key, columns="year", values="value")
    grid = grid.reindex(columns=range(begin, end + 1))
    out = pd.DataFrame(index=sorted(own[key].unique()))
    out["n"] = grid.notna().sum(axis=1).reindex(out.index).fillna(0).astype("int64")
    out["first"], out["last"] = grid[begin], grid[end]
    out["change_pct"] = 100 * (out["last"] / out["first"] - 1)
    # Stations that have the same years go through together.
    patterns, which = np.unique(grid.notna().to_numpy(), axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows, have = grid[which.ravel() == number], grid.columns[pattern]
        if len(have) < max(min_points, 2):
            continue
        values = rows[have].to_numpy()
        kendall = mann_kendall(values, have)
        fan = project_many(
            values, have, to, method=method, prior_sd=prior_sd, scale=scale,
            phi=PHI if phi is None else phi,
        )  # fmt: skip
        found = {"slope": kendall.slope, "p": kendall.p, "median": fan.median[:, 0]}
        for level in (0.8, 0.95):
            found[f"lower_{level * 100:.0f}"] = fan.lower[level][:, 0]
            found[f"upper_{level * 100:.0f}"] = fan.upper[level][:, 0]
        for name, column in found.items():
            out.loc[rows.index, name] = column
    later = own[own["year"] == to].set_index(key)
    out["outturn"], out["outturn_days"] = later["value"], later["valid_days"].astype("Int64")
    out["outturn_completeness"] = later["completeness"]
    for level in (80, 95):
        if f"lower_{level}" not in out:
            out[[f"lower_{level}", f"upper_{level}"]] = float("nan")
        inside = out["outturn"].between(out[f"lower_{level}"], out[f"upper_{level}"])
        both = out["outturn"].notna() & out[f"lower_{level}"].notna()
        out[f"inside_{level}"] = inside.astype("boolean").where(both)
    out.index.name = "station"
    return out.sort_values("change_pct", na_position="last").reset_index()


def main(argv=None) -> int:
    """Write ``air/stations_annual`` from archives."""
    archives = sys.argv[1:] if argv is None else argv
    try:
        table = from_archive(archives)
        air_tables.write({"stations_annual": table}, tables.data_dir() / "air", say=print)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
