"""The same numbers as the first edition, save those that changed on purpose.

What changed on purpose, each with its reason (a row of ``changed`` below):

- ``whole now``: 2022, 2024 and 2025 have the national days, so their station values are
  of the whole year or month, where the first edition had part of it or an estimate.
- ``known exceedances``: a day without PM2.5 or O3 that is bad by another pollutant counts in heavy
  and severe days only; no longer in ratios, completeness or the estimate of a partial year.
- ``short ozone``: ozone days with fewer than 14 windows leave the percentile of a partial year.
- ``estimates``: the estimate of 2013 and 2021 learns from eleven whole years where it had eight.
- ``no measurement``: spikes beside gaps, real peaks, codes and units are judged anew (docs/methods.md,
  1); values move by what a few hours of a year can do.
- ``new rows``: published figures found since (added_2026-11.csv); they narrow the bound of 2024.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc

SMALL = Path(__file__).parent / "golden" / "series_small.csv"
KEYS = ["scope", "indicator", "source", "freq", "partial", "basis"]
ENDS = ["value", "lower", "upper"]
#: Six digits are printed in the golden files.
EXACT = {"rtol": 6e-6, "atol": 1e-6}
#: What a few hours that are judged anew may move, in per cent of a year's and of a month's value.
HOURS_MOVE = {"annual": 0.2, "monthly": 4.0}
RATIOS = ("good_day_ratio", "heavy_day_ratio")
COUNTED = (*RATIOS, "good_days", "heavy_days", "severe_days")


def changed(row) -> str:
    """Name why a row of the first edition may differ; empty where it may not."""
    if row["source"] == "published":
        key = tuple(row[k] for k in ("scope", "indicator", "period"))
        # the bound of 2024 is now 30.5 (Haidian's)
        return "new rows" if key == ("西城区", "pm25", "2024") else ""
    year = int(row["period"][:4])
    if year in (2022, 2024, 2025):
        return "whole now"
    whole = row["freq"] == "annual" and row["completeness"] != "partial"
    if row["indicator"] in RATIOS or (row["indicator"] in COUNTED and not whole):
        return "known exceedances"
    if row["partial"] == "estimate" and row["status"] == "estimated":
        return "estimates"
    if row["completeness"] == "partial":
        return "short ozone" if row["indicator"].startswith("o3") else "no measurement"
    return "no measurement"


def compare(golden: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Compare every row with today's series; return reasons and exactness, and what is wrong."""
    rows_seen, wrong = [], []
    for key, rows in golden.groupby(KEYS, sort=False):
        s = xc.series(**dict(zip(KEYS, key, strict=True)))
        s.index = s.index.astype(str)
        for _, row in rows.iterrows():
            if row["period"] not in s.index:
                wrong.append(f"{key} {row['period']}: gone")
                continue
            now, reason = s.loc[row["period"]], changed(row)
            then, here = (r[ENDS].to_numpy(float) for r in (row, now))
            exact = np.allclose(here, then, **EXACT, equal_nan=True)
            rows_seen.append((reason, exact))
            moved = 100 * abs(here[0] / then[0] - 1) if then[0] else np.nan
            may_move = reason and (reason != "no measurement" or moved <= HOURS_MOVE[row["freq"]])
            if not (exact or may_move) or not (reason or now["status"] == row["status"]):
                wrong.append(f"{key} {row['period']}: {then} is now {here}, {now['status']}")
    return pd.DataFrame(rows_seen, columns=["reason", "exact"]), wrong


def test_the_small_set_of_series():
    seen, wrong = compare(pd.read_csv(SMALL, dtype={"period": str}))
    assert not wrong
    assert seen["exact"].mean() > 0.8


def test_every_series_of_the_first_edition(shared):
    """Outside the national days and the known exceedances hardly a value moved at all."""
    seen, wrong = compare(pd.read_csv(shared / "golden" / "series.csv", dtype={"period": str}))
    assert not wrong
    rest = seen.loc[seen["reason"].isin(["", "no measurement"]), "exact"]
    assert len(rest) > 1500 and rest.mean() >= 0.97


def test_what_known_exceedances_did_to_ratios():
    """80.9 where it was 75.8, 59.0 where it was 57.5; 2020 is 73.3 either way."""
    values = xc.series("good_day_ratio", partial="observed")["value"]
    assert values[[2021, 2017, 2020]].tolist() == pytest.approx([80.9, 59.0, 73.3], abs=0.05)
