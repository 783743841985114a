"""What remains of an annual limit: the mean that the other days of the year may have."""

from __future__ import annotations

import pandas as pd

from ..tables import load
from ..verdicts.register import number


def remaining_mean(mean: float, valid_days: int, limit: float, days: int) -> float:
    """Mean that the days not yet counted may have for the year to stay at a limit.

    Parameters
    ----------
    mean : float
        Mean of the valid days so far.
    valid_days : int
        How many they are.
    limit : float
        Annual mean to stay under (with its rounding: 35.5 for a printed 35).
    days : int
        Days of the year.

    Returns
    -------
    float
        In the limit's unit; negative where the limit is already out of reach, NaN with no day
        left.

    Examples
    --------
    >>> round(remaining_mean(28.9, 307, 35.5, 365), 1)
    70.4
    """
    left = days - valid_days
    return (limit * days - mean * valid_days) / left if left > 0 else float("nan")


def limits(year: int, month: int, scope: str, indicator: str, data) -> list[dict]:
    """Annual limits in force in that month, then the district's own numbers for that year on."""
    day = pd.Period(f"{year}-{month:02d}", "M").end_time.normalize()
    standards = load("standards", data=data)
    forced = standards[
        (standards["indicator"] == indicator)
        & (standards["averaging"] == "annual")
        & (standards["valid_from"] <= day)
        & (standards["valid_to"].isna() | (standards["valid_to"] >= day))
    ]
    out = [
        {"label": row.standard, "value": row.limit, "status": "limit in force",
         "source_id": row.source_id}
        for row in forced.itertuples()
    ]  # fmt: skip
    targets = load("targets", data=data)
    targets = targets[(targets["scope"] == scope) & (targets["indicator"] == indicator)]
    targets = targets[(targets["target_year"] >= year) & (targets["base_year"] < year)]
    register = load("assumptions", data=data).set_index("id", drop=False)
    for row in targets.sort_values("target_year").itertuples():
        label = f"{row.plan} {row.target_year}"
        if row.kind == "level":
            out.append({"label": label, "value": row.value, "status": "target",
                        "source_id": row.source_id})  # fmt: skip
        elif isinstance(row.reading, str) and row.reading in register.index:
            value = number(register.loc[row.reading], "value")
            if value is not None:
                out.append({"label": label, "value": value, "status": "reading of a target",
                            "source_id": row.source_id})  # fmt: skip
    return list({(row["label"], row["value"]): row for row in reversed(out)}.values())[::-1]


def budget(now: pd.Series, year: int, month: int, scope, indicator, data) -> pd.DataFrame:
    length = 366 if pd.Timestamp(year, 1, 1).is_leap_year else 365
    valid = int(now["to_date_days"])
    rows = []
    for limit in limits(year, month, scope, indicator, data):
        # Printed in whole units, the year meets it up to the half that is rounded down.
        ceiling = limit["value"] + 0.5
        rows.append(
            {**limit, "ceiling": ceiling, "to_date": now["to_date"], "valid_days": valid,
             "remaining_days": length - valid,
             "remaining_mean": remaining_mean(now["to_date"], valid, ceiling, length)}
        )  # fmt: skip
    columns = ["label", "value", "ceiling", "status", "to_date", "valid_days", "remaining_days",
               "remaining_mean", "source_id"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
