"""Which two years may be compared, for which indicator, on which basis: decided pair by pair.

Only the station record is judged: of published figures the state, the network and what was left out
are not known for every year.
"""

from __future__ import annotations

import os

import pandas as pd

from .. import tables
from ..comparability import BASIS
from ..errors import Empty
from ..evidence import series
from .partial import column_of

#: Verdicts from free to forbidden.
VERDICTS = ("yes", "range", "interval", "no")
#: Reason -> what it forbids or asks for.
REASONS = {
    "treatment": "range",  # PM10 withheld: the two treatments differ by more than a rounding unit
    "estimate": "interval",  # at least one of the years is an estimate
    "partial": "no",  # at least one is partial and cannot be estimated
    "state": "no",  # two reference states, or one year that mixes them
    "index": "no",  # the AQI's breakpoints changed between them
}


def comparable_years(
    indicator: str,
    *,
    scope: str,
    basis: str = "raw",
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Every pair of years of a station series: may the two be compared, and if not, why.

    Parameters
    ----------
    indicator : str
        With a station record.
    scope : str
        A district.
    basis : {"raw", "old", "new"}
        As recorded, or all on one reference state.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per pair: indicator, basis, first, second (first < second), verdict, reasons (codes
        of `REASONS` joined by ``;``). ``yes``: the values as they stand; ``range``: through the
        range that the treatment of withheld PM10 leaves; ``interval``: through the interval of an
        estimate; ``no``. Rounding, weather and what is left of it are another matter: a pair that
        may be compared can still differ by chance.

    Notes
    -----
    Dust stays in every year of the record alike, so it forbids no pair; against published values of
    PM2.5 and PM10 from 2017 on it does.
    """
    column, _ = column_of(indicator)
    s = series(indicator, scope=scope, source="station", basis=basis, data=data)
    years = {int(year): row for year, row in s.iterrows()}
    standard = _index_standard(years, data) if column == "aqi" else dict.fromkeys(years, "")
    rows = []
    for second, late in years.items():
        for first, early in years.items():
            if first >= second:
                continue
            reasons = [name for name, holds in (
                ("treatment", any(map(_wide, (early, late)))),
                ("estimate", "estimated" in (early["status"], late["status"])),
                ("partial", any(map(_unestimated, (early, late)))),
                ("state", early["basis"] != late["basis"] or early["basis"] not in BASIS.values()),
                ("index", standard[first] != standard[second]),
            ) if holds]  # fmt: skip
            verdict = max((REASONS[name] for name in reasons), key=VERDICTS.index, default="yes")
            rows.append(
                {"indicator": indicator, "basis": basis, "first": first, "second": second,
                 "verdict": verdict, "reasons": ";".join(reasons)}
            )  # fmt: skip
    if not rows:
        raise Empty(
            f"{scope}的 {indicator} 不足两年，没有可比的"
            f" · {indicator} of {scope} has fewer than two years: nothing to compare"
        )
    return pd.DataFrame(rows)


def _wide(row) -> bool:
    return row["status"] == "computed" and row["upper"] - row["lower"] > 1.0


def _unestimated(row) -> bool:
    return row["status"] == "computed" and row["completeness"] == "partial"


def _index_standard(years, data) -> dict[int, str]:
    """The standard of the AQI in force at the end of each year; changed in it is another one."""
    known = tables.load("standards", data=data)
    known = known[known["standard"].str.startswith("HJ 633")]
    out = {}
    for year in years:
        whole = known[
            (known["valid_from"].astype(str).str[:10] <= f"{year}-01-01")
            & (
                known["valid_to"].isna()
                | (known["valid_to"].astype(str).str[:10] >= f"{year}-12-31")
            )
        ]
        out[year] = "" if whole.empty else str(whole["standard"].iloc[0])
    return out
