"""The same numbers as the first edition, save those that changed on purpose.

What changed on purpose (reasons of ``changed`` below):

- ``whole now``: 2022, 2024 and 2025 have the national days, where part of them was known.
- ``known exceedances``: a day without PM2.5 or O3 that is bad by another pollutant counts in heavy
  and severe days only; no longer in ratios, completeness or the estimate of a partial year.
- ``short ozone``: ozone days with fewer than 14 windows leave the percentile of a partial year.
- ``estimates``: the estimate of 2013 and 2021 learns from eleven whole years where it had eight.
- ``no measurement``: spikes beside gaps, real peaks, codes and units are judged anew
  (docs/methods.md, 1); values move by what a few hours of a year can do.
- ``new rows``: published figures found since; they narrow the bound of 2024 to 30.5 (Haidian's).
"""

from pathlib import Path

import numpy as np
import pandas as pd

import xc_analysis as xc

SMALL = Path(__file__).parent / "golden" / "series_small.csv"
KEYS = ["scope", "indicator", "source", "freq", "partial", "basis"]
ENDS = ["value", "lower", "upper"]
# what a few hours that are judged anew may move, in per cent of a year's and of a month's value
HOURS_MOVE = {"annual": 0.2, "monthly": 4.0}
RATIOS = ("good_day_ratio", "heavy_day_ratio")
COUNTED = (*RATIOS, "good_days", "heavy_days", "severe_days")


def changed(row) -> str:
    """Name why a row of the first edition may differ; empty where it may not."""
    if row["source"] == "published":
        key = [row[name] for name in ("scope", "indicator", "period")]
        return "new rows" if key == ["西城区", "pm25", "2024"] else ""
    if row["period"][:4] in ("2022", "2024", "2025"):
        return "whole now"
    whole = row["freq"] == "annual" and row["completeness"] != "partial"
    if row["indicator"] in RATIOS or (row["indicator"] in COUNTED and not whole):
        return "known exceedances"
    if row["partial"] == "estimate" and row["status"] == "estimated":
        return "estimates"
    is_short = row["completeness"] == "partial" and row["indicator"].startswith("o3")
    return "short ozone" if is_short else "no measurement"


def compare(path):
    """Compare every row with today's series; return reasons and exactness, and what is wrong."""
    golden, rows_seen, wrong = pd.read_csv(path, dtype={"period": str}), [], []
    for key, rows in golden.groupby(KEYS, sort=False):
        s = xc.series(**dict(zip(KEYS, key, strict=True)))
        s.index = s.index.astype(str)
        assert rows["period"].isin(s.index).all(), f"{key}: gone"
        for _, row in rows.iterrows():
            now, reason = s.loc[row["period"]], changed(row)
            then, here = (r[ENDS].to_numpy(float) for r in (row, now))
            # six digits are printed in the golden files
            exact = np.allclose(here, then, rtol=6e-6, atol=1e-6, equal_nan=True)
            rows_seen.append((reason, exact))
            moved = 100 * abs(here[0] / then[0] - 1) if then[0] else np.nan
            may_move = reason and (reason != "no measurement" or moved <= HOURS_MOVE[row["freq"]])
            if not (exact or may_move) or not (reason or now["status"] == row["status"]):
                wrong.append(f"{key} {row['period']}: {then} is now {here}, {now['status']}")
    return pd.DataFrame(rows_seen, columns=["reason", "exact"]), wrong


def test_the_small_set_of_series():
    seen, wrong = compare(SMALL)
    assert not wrong
    assert seen["exact"].mean() > 0.8


def test_every_series_of_the_first_edition(shared):
    """Outside the national days and the known exceedances hardly a value moved at all."""
    seen, wrong = compare(shared / "golden" / "series.csv")
    assert not wrong
    rest = seen.loc[seen["reason"].isin(["", "no measurement"]), "exact"]
    assert len(rest) > 1500 and rest.mean() >= 0.97
