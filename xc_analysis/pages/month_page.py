"""The monthly page (调度): one month and the year to date, against the same period and the limits.

Everything comes from the days and months in ``data/air``; nothing is estimated. A period is
compared with the same calendar months of other years, each with its number of valid days.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import hourly
from ..comparability import causes
from ..errors import Empty, InputError
from ..evidence import ARCHIVE_SOURCE, UCI_SOURCE
from ..packs.places import home
from ..tables import load
from .month_budget import budget

#: In the order of the page.
INDICATORS = (
    "pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_days", "good_day_ratio",
    "heavy_days",
)  # fmt: skip
#: Share of a period's days that must be valid for it to be compared or ranked.
ENOUGH = 0.85


@dataclass(frozen=True)
class MonthPage:
    """One month's page; every frame carries its units and counts of days."""

    scope: str
    indicator: str
    year: int
    month: int
    #: indicator, period (month, to date): value, valid_days, days, before, before_days, change,
    #: change_pct, comparable (85 % of the days valid in both), names, better
    table: pd.DataFrame
    #: day by day: date, value, aqi, primary, cause, running (mean of the year to that day)
    days: pd.DataFrame
    #: days past AQI 100: date, aqi, primary, cause
    exceedances: pd.DataFrame
    #: the same month and the year to date in each year: month, to_date, with valid days,
    #: basis, release and source
    record: pd.DataFrame
    #: mean of three years ending with each year (years with a value; whole years only)
    moving: pd.DataFrame
    #: limits and targets: label, value, to_date, remaining_days, remaining_mean, status
    budget: pd.DataFrame
    #: rank of this month among the same months (1 the lowest), and of how many: those with 85 % of
    #: their days valid; None where this month has fewer
    rank: tuple[int, int] | None
    #: days elapsed without a valid value: part of what the budget calls remaining
    missed: int
    #: what an output may carry: ``draft`` for a year that the record ends in
    release: str = "public"


def parse_month(text: str) -> tuple[int, int]:
    """``2023-05`` as (2023, 5).

    Parameters
    ----------
    text : str
        Year and month as ``YYYY-MM``.

    Raises
    ------
    InputError
        If it is no month.
    """
    match = re.fullmatch(r"\s*(\d{4})-(\d{1,2})\s*", str(text))
    if not match or not 1 <= int(match[2]) <= 12:
        raise InputError(f"{str(text)!r} is no month: write it as YYYY-MM, such as 2023-05")
    return int(match[1]), int(match[2])


def month_page(
    year: int,
    month: int,
    *,
    scope: str | None = None,
    indicator: str = "pm25",
    data: str | os.PathLike | None = None,
) -> MonthPage:
    """The page of one month.

    Parameters
    ----------
    year, month : int
        The month.
    scope : str, optional
        A district with days in ``air/daily``; default the district of the pack.
    indicator : {"pm25", "pm10", "no2", "so2"}
        What the running mean, the record, the moving mean and the budget are of.
    data : path, optional
        Folder of the tables; default as :func:`xc_analysis.tables.data_dir`.

    Returns
    -------
    MonthPage

    Raises
    ------
    InputError
        If the month has no valid day of the indicator, or the indicator has no budget.

    Notes
    -----
    The budget counts every day without a valid value as still to come: 28.9 over 307 days leaves
    58 days of the year, whether they are ahead or were missed.
    """
    if indicator not in ("pm25", "pm10", "no2", "so2"):
        raise InputError(f"{indicator!r} has no annual mean: use pm25, pm10, no2 or so2")
    daily = _days(scope or home(data).scope, data)
    scope = str(daily["scope"].iloc[0])
    here = (daily["date"].dt.year == year) & (daily["date"].dt.month == month)
    if not daily.loc[here, indicator].notna().any():
        known = daily.loc[daily[indicator].notna(), "date"]
        span = f"{known.min():%Y-%m} to {known.max():%Y-%m}" if len(known) else "no month"
        raise InputError(
            f"{year}-{month:02d}: no valid day of {indicator} for {scope}; on record: {span}"
        )
    annual = load("air/annual", data=data)
    annual = annual[annual["scope"] == scope]
    months = hourly.monthly(daily)
    to_date = hourly.annual(daily[daily["date"].dt.month <= month])
    release = _release(annual, months)
    months = months[months["month"] == month]
    record = _record(months, to_date, indicator, release, data)
    length = pd.Period(f"{year}-{month:02d}", "M")
    enough = record["month_days"] >= ENOUGH * length.days_in_month
    value = record.loc[enough, "month"].dropna()
    rank = (int((value < value[year]).sum()) + 1, len(value)) if year in value.index else None
    past = (daily["aqi"].astype("Float64") > 100).fillna(False)
    cause = causes(daily)
    days = daily.loc[here, ["date", indicator, "aqi", "primary"]].rename(
        columns={indicator: "value"}
    )
    in_year = daily[(daily["date"].dt.year == year)].set_index("date")[indicator]
    days["cause"] = cause[here]
    running = in_year.expanding().mean().where(in_year.notna())
    days["running"] = running.reindex(days["date"]).to_numpy()
    return MonthPage(
        scope=scope,
        indicator=indicator,
        year=year,
        month=month,
        table=_table(months, to_date, year, month, load("indicators", data=data)),
        days=days.reset_index(drop=True),
        exceedances=daily[here & past][["date", "aqi", "primary"]]
        .assign(cause=cause)
        .reset_index(drop=True),
        record=record,
        moving=_moving(annual[annual["indicator"] == indicator]),
        budget=budget(record.loc[year], year, month, scope, indicator, data),
        rank=rank,
        missed=length.end_time.day_of_year - int(record.at[year, "to_date_days"]),
        release=release[year],
    )


def _days(scope: str, data) -> pd.DataFrame:
    daily = load("air/daily", data=data)
    scopes = sorted(daily["scope"].unique())
    if not scopes:
        raise Empty(
            "air/daily.csv 还没有日值；用 xc hourly 由逐时存档算出 · no days in air/daily: compute them from"
            " the hourly archive by xc hourly"
        )
    if scope not in scopes:
        raise InputError(f"no days of {scope!r} in air/daily: use one of {', '.join(scopes)}")
    return daily[daily["scope"] == scope].sort_values("date", ignore_index=True)


def latest_month(
    *, scope: str | None = None, indicator: str = "pm25", data: str | os.PathLike | None = None
) -> str:
    """The last month on record that has enough of its days, as ``2023-05``.

    Parameters
    ----------
    scope, indicator, data
        As in :func:`month_page`.

    Raises
    ------
    Empty
        If no month has.
    """
    daily = _days(scope or home(data).scope, data)
    valid = daily[indicator].notna().groupby(daily["date"].dt.to_period("M")).sum()
    whole = [m for m, n in valid.items() if n >= ENOUGH * m.days_in_month]
    if not whole:
        raise Empty(
            f"没有一个月的 {indicator} 日数够用 · no month of {indicator!r} has enough of its days"
        )
    return str(whole[-1])


def _release(annual: pd.DataFrame, months: pd.DataFrame) -> dict[int, str]:
    """What an output may carry of each year, as the annual table has it.

    Days cut to a month, or to what an audience may see, end before the record does: only years
    that the table lacks are told from the days.
    """
    out = months.groupby("year")["release"].first().to_dict()
    draft = (annual["release"] != "public").groupby(annual["year"]).any()
    return out | {int(y): "draft" if d else "public" for y, d in draft.items()}


def _record(
    months: pd.DataFrame, to_date: pd.DataFrame, indicator: str, release: dict[int, str], data
) -> pd.DataFrame:
    """Both periods of every year, each with its valid days, and where the year comes from."""
    parts = {}
    for name, table in (("month", months), ("to_date", to_date)):
        rows = table[table["indicator"] == indicator].set_index("year")
        parts[name] = rows["value"]
        parts[f"{name}_days"] = rows["valid_days"]
        parts[f"{name}_basis"] = rows["basis"]
    out = pd.DataFrame(parts).sort_index()
    out["release"] = out.index.map(release)
    # weather comes with UCI only, so the years that have weather are those UCI was read for
    uci = out.index.isin(load("air/weather_daily", data=data)["date"].dt.year.unique())
    out["source_id"] = np.where(uci, f"{ARCHIVE_SOURCE};{UCI_SOURCE}", ARCHIVE_SOURCE)
    return out


def _table(months, to_date, year: int, month: int, names: pd.DataFrame) -> pd.DataFrame:
    """Month and year to date beside the same period a year before, for every indicator."""
    length = pd.Period(f"{year}-{month:02d}", "M")
    rows = []
    for period, table, days in (
        ("month", months, length.days_in_month),
        ("to date", to_date, length.end_time.day_of_year),
    ):
        for indicator in INDICATORS:
            rows_of = table[table["indicator"] == indicator].set_index("year")
            now, before = (rows_of.loc[y] if y in rows_of.index else None for y in (year, year - 1))
            if now is None:
                continue
            row = {"indicator": indicator, "period": period, "value": now["value"],
                   "unit": now["unit"], "valid_days": int(now["valid_days"]), "days": days}  # fmt: skip
            if before is not None:
                fewest = min(now["valid_days"], before["valid_days"])
                row |= {"before": before["value"], "before_days": int(before["valid_days"]),
                        "change": now["value"] - before["value"],
                        "comparable": bool(fewest >= ENOUGH * days)}  # fmt: skip
                if now["unit"] not in ("%", "d") and before["value"] > 0:
                    row["change_pct"] = 100 * (now["value"] / before["value"] - 1)
            rows.append(row)
    columns = ["indicator", "period", "value", "unit", "valid_days", "days", "before",
               "before_days", "change", "change_pct", "comparable"]  # fmt: skip
    names = names[["indicator", "name_zh", "name_en", "better", "decimals"]]
    return pd.DataFrame(rows).reindex(columns=columns).merge(names, how="left")


def _moving(annual: pd.DataFrame, span: int = 3) -> pd.DataFrame:
    """Mean of three whole years in a row; missing where one of them is partial or absent."""
    whole = annual[annual["completeness"] != "partial"].set_index("year")["value"].sort_index()
    years = range(int(annual["year"].min()), int(annual["year"].max()) + 1) if len(annual) else []
    value = whole.reindex(pd.Index(years, name="year")).rolling(span).mean()
    return pd.DataFrame({"value": value})


def month_data(page: MonthPage) -> dict[str, pd.DataFrame]:
    """The page as frames with their evidence: what its figure shows, for the csv.

    Parameters
    ----------
    page : MonthPage

    Returns
    -------
    dict of str to DataFrame
    """
    source = page.record.at[page.year, "source_id"]
    evidence = {"status": "computed", "source_id": source, "release": page.release,
                "scope": page.scope, "year": page.year, "month": page.month}  # fmt: skip
    own = {"indicator": page.indicator, "unit": "µg/m³"}
    before = page.record["source_id"].get(page.year - 1, source)
    both = ";".join(dict.fromkeys(f"{source};{before}".split(";")))
    return {
        "days": page.days.assign(**evidence, **own),
        "record": pd.concat(
            [_long(page, period) for period in ("month", "to_date")], ignore_index=True
        ).assign(status="computed", scope=page.scope, **own),
        "three-year mean": page.moving.reset_index().assign(
            status="computed", scope=page.scope, source_id=source, **own
        ),
        "budget": page.budget.rename(columns={"status": "kind", "value": "limit"}).assign(
            **{**evidence, "source_id": page.budget["source_id"] + ";" + source}, **own
        ),
        "table": page.table.assign(**{**evidence, "source_id": both}),
    }


def _long(page: MonthPage, period: str) -> pd.DataFrame:
    """One of the record's two periods as rows, with the class that its marker shows."""
    days = len(page.days)
    if period == "to_date":
        days = int(page.table.loc[page.table["period"] == "to date", "days"].iloc[0])
    names = {period: "value", f"{period}_days": "valid_days", f"{period}_basis": "basis"}
    rows = page.record[[*names, "release", "source_id"]].rename(columns=names).reset_index()
    whole = rows["valid_days"] >= ENOUGH * days
    return rows.dropna(subset="value").assign(
        period=period.replace("_", " "),
        completeness=whole.map({True: "adequate", False: "partial"}),
    )


CAUSE_NAMES = {"pm25": "PM2.5", "dust": "沙尘 dust", "o3": "O3", "other": "其他 other"}


def page_text(page: MonthPage) -> str:
    """The page as plain text in both languages, for a terminal.

    Parameters
    ----------
    page : MonthPage

    Returns
    -------
    str
        One line an indicator, then days past AQI 100 by cause, rank, three-year mean, budget.
    """
    draft = "" if page.release == "public" else "  草稿，未经审核 draft, unaudited"
    month = f"{page.year}-{page.month:02d}"
    lines = [
        f"{page.scope}  {month}  {page.indicator} 有效 valid {page.days['value'].notna().sum()}"
        f"/{len(page.days)} 天 d{draft}",
        f"{'':15}{month:>9}{f'{page.year - 1}-{page.month:02d}':>9}{'':11}"
        f"{f'1-{page.month}':>9}{page.year - 1:>9}",
    ]
    for indicator, rows in page.table.groupby("indicator", sort=False):
        cells = "".join(_cells(row) for _, row in rows.iterrows())
        lines.append(f"{indicator:<15}{cells}  {rows['unit'].iloc[0]}")
    if not page.table.loc[page.table["before"].notna(), "comparable"].astype(bool).all():
        lines.append(
            "( ) 有一期有效日不足85%，不宜相比 · fewer than 85 % of the days of one period, not comparable"
        )
    known, past = page.days["aqi"].notna().sum(), page.exceedances
    lines.append(f"AQI > 100 · 超标: {len(past)}/{known} 天 days")
    for cause, rows in past.groupby("cause", sort=False):
        days = ", ".join(f"{d.day} ({a})" for d, a in zip(rows["date"], rows["aqi"], strict=True))
        lines.append(f"  {CAUSE_NAMES[cause]}: {days}")
    if page.rank:
        rank, of = page.rank
        lines.append(
            f"{page.indicator}: {month} 为{of}年同月第{rank}低 · rank {rank} of {of}, lowest first"
        )
    moving = page.moving["value"].dropna()
    moving = moving[moving.index < page.year]
    if len(moving):
        last = moving.index[-1]
        lines.append(
            f"{page.indicator}: 三年均值 three-year mean {last - 2}-{last} {moving.iloc[-1]:.1f}"
        )
    for row in page.budget.itertuples():
        lines.append(_budget_text(row, page))
    return "\n".join(lines)


def _cells(row: pd.Series) -> str:
    decimals = 0 if row["unit"] == "d" else 1
    if pd.isna(row["before"]):
        return f"{row['value']:9.{decimals}f}{'-':>9}{'':11}"
    change = (
        f"{round(row['change_pct']) + 0:+.0f} %"
        if pd.notna(row["change_pct"])
        else f"{row['change']:+.{decimals}f}"
    )
    change = change if row["comparable"] else f"({change})"
    return f"{row['value']:9.{decimals}f}{row['before']:9.{decimals}f}{change:>11}"


def _budget_text(row, page: MonthPage) -> str:
    head = f"{row.label} {row.value:g}: 至今 to date {row.to_date:.1f} ({row.valid_days} d)"
    if page.month == 12 or row.remaining_days <= 0:
        return f"{head}; {'低于此值 below' if row.to_date < row.ceiling else '高于此值 above'}"
    if row.remaining_mean < 0:
        return f"{head}; 已无法达到 out of reach"
    return (
        f"{head}; 其余{row.remaining_days}天均值须低于 the other {row.remaining_days} d below"
        f" {row.remaining_mean:.1f}"
    )
