"""Days, months, causes, stations and the month page: the record beside its annual means."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .comparability import BASIS, CAUSES, CHANGE, cause_of_days, limits_in_force
from .evidence import resolve_indicator, resolve_scope, series
from .hourly.periods import periods
from .observations import HOME, column_of, daily_rows, station_rows, whole_index
from .tables import load
from .words import error, word

#: Upper ends of the AQI's classes (HJ 633-2012): excellent, good, ..., severe.
CLASSES = (50, 100, 150, 200, 300)
#: What a month's page lists, in this order.
PAGE_INDICATORS = "pm25 pm10 no2 so2 o3_8h_p90 co_p95 good_days good_day_ratio heavy_days".split()
#: Indicators whose year has a budget: annual means of days.
MEANS = PAGE_INDICATORS[:4]
#: Share of a period's days that must be valid for it to be compared or ranked.
ENOUGH = 0.85


# ------------------------------------------------------------------------------------- days


def days(scope: str | None = None) -> pd.DataFrame:
    """Return the days of the record, each with its AQI class and cause.

    Parameters
    ----------
    scope : str, optional
        An area with daily values; default the district of the plan, the only one that has.

    Returns
    -------
    DataFrame
        Index ``date``; the columns of ``air/daily``, ``level`` (1 excellent to 6 severe, of days
        with an AQI), ``cause`` (pm25, dust, o3, other; of days above 100), status, release,
        source_id. A ``known_exceedance`` lacks PM2.5 or O3, so has no AQI, but a pollutant above
        an index of 100, which stands in ``aqi``.

    Raises
    ------
    InputError
        If the area has no daily values.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> int((xc.days().loc["2020", "level"] >= 5).sum())
    10
    """
    rows = daily_rows(resolve_scope(scope))
    index = whole_index(rows)
    level = np.searchsorted(CLASSES, index.to_numpy(float)) + 1
    rows["level"] = pd.array(np.where(index.notna(), level, 0), dtype="Int64")
    rows["level"] = rows["level"].mask(index.isna())
    rows["cause"] = cause_of_days(rows)
    years = station_rows("pm25", HOME)[["release", "source_id"]]
    rows["status"] = "computed"
    for name in years:
        rows[name] = rows["date"].dt.year.map(years[name])
    # the national publication is a source of those days only that it fills
    archive = rows["source_id"].str.replace(r";?\bcnemc-daily\b", "", regex=True).str.lstrip(";")
    rows["source_id"] = rows["source_id"].where(rows["national"], archive).fillna("")
    return rows.set_index("date")


def causes(above: int = 100) -> pd.DataFrame:
    """Count the days above an AQI by year and cause: PM2.5, dust, O3, other.

    Parameters
    ----------
    above : int
        100 for exceedance, 200 for heavy pollution, 300 for severe.

    Returns
    -------
    DataFrame
        Index year; ``pm25``, ``dust``, ``o3``, ``other``, ``total`` (their sum, known exceedances
        included), ``known_exceedances`` (how many of them have no AQI), ``aqi_days`` (days with
        an AQI), completeness (of the days with an AQI), status, release, source_id. Dust is what
        the stand-in rule calls so; ``other`` is PM10 without dust, NO2, CO or SO2.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> int(xc.causes(200).loc[2020, "total"])
    10
    """
    rows = daily_rows(HOME)
    year = rows["date"].dt.year.rename("year")
    cause = cause_of_days(rows, above=above)
    years = sorted(year.unique())
    table = pd.crosstab(year, cause).reindex(index=years, columns=list(CAUSES), fill_value=0)
    table = table.rename_axis(index="year", columns=None)
    table["total"] = table.sum(axis=1)
    known = rows["known_exceedance"] & cause.notna()
    table["known_exceedances"] = known.groupby(year).sum()
    table["aqi_days"] = whole_index(rows).notna().groupby(year).sum()
    evidence = station_rows("heavy_days", HOME)
    return table.join(evidence[["completeness", "status", "release", "source_id"]])


# ----------------------------------------------------------------------------------- months


def months(indicator: str, *, basis: str = "raw", partial: str = "drop") -> pd.DataFrame:
    """Put the months of an indicator into a table, year by month.

    Parameters
    ----------
    indicator : str
        Id or name of one that is computed from days.
    basis : {"raw", "old", "new"}
        Reference state, as `series`.
    partial : {"drop", "observed"}
        Months with fewer than 15 valid days: empty, or as observed.

    Returns
    -------
    DataFrame
        Index year, columns month 1 to 12. ``attrs``: those of the series, and
        ``partial_months``, the months with fewer than 15 valid days.

    Raises
    ------
    InputError
        If there are no months of the indicator.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.months("pm25").shape[1]
    12
    """
    rows = series(indicator, source="station", freq="monthly", basis=basis)
    incomplete = rows["completeness"] == "partial"
    attrs = rows.attrs | {"partial_months": [str(month) for month in rows.index[incomplete]]}
    value = rows["value"].mask(incomplete) if partial == "drop" else rows["value"]
    keys = [rows.index.year.rename("year"), rows.index.month.rename("month")]
    table = value.groupby(keys).first().unstack("month").reindex(columns=range(1, 13))
    table.columns.name = "month"
    table.attrs = attrs
    return table


# --------------------------------------------------------------------------------- stations


def stations(indicator: str, year: int) -> pd.DataFrame:
    """List every station's value of one year, lowest first.

    Parameters
    ----------
    indicator : str
        Id or name of one that is computed from days.
    year : int
        A year of the record.

    Returns
    -------
    DataFrame
        Index ``station``; value, lower, upper, valid_days, completeness, basis, release,
        district, kind (urban, background, traffic), ``own`` (the plan's district is computed from
        it), lon, lat, status, source_id. From the hourly archive alone.

    Raises
    ------
    InputError
        If no station has the indicator in that year.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.stations("pm25", 2019).query("own").index.tolist()
    ['官园', '万寿西宫']
    """
    indicator = resolve_indicator(indicator)["indicator"]
    table = load("air/stations_annual")
    rows = table[table["indicator"] == indicator]
    if rows.empty:
        column_of(indicator)
    rows = rows[rows["year"] == year].drop(columns=["indicator", "year"])
    if rows.empty:
        known = sorted(table["year"].unique())
        raise error("error.no_station_year", year=year, first=known[0], last=known[-1])
    register = load("air/stations")[["station", "district", "kind", "lon", "lat"]]
    rows = rows.merge(register, on="station", how="left").set_index("station")
    # the traffic station of the district is no part of its value
    rows["own"] = (rows["district"] == HOME) & (rows["kind"] == "urban")
    rows = rows.assign(status="computed", source_id="archive-hourly")
    rows = rows.sort_values("value")
    rows.attrs = {"indicator": indicator, "year": year}
    return rows


# ----------------------------------------------------------------------------- the month page


@dataclass(frozen=True)
class MonthPage:
    """One month and the year to date, against the same period and the limits.

    Attributes
    ----------
    table : DataFrame
        Per indicator and period (month, to_date): value, valid_days, days, before, before_days,
        change, change_percent, comparable (85 % of the days valid in both), unit, decimals.
    days, exceedances : DataFrame
        Day by day: value, running (mean of the year to that day), aqi, primary, cause; and the
        days above an AQI of 100.
    record, moving : DataFrame
        The month and the year to date in each year, with valid days, basis, release, source_id;
        and the mean of three whole years in a row, by the last of them.
    budget : DataFrame
        Limits in force and the district's own numbers: kind (limit, target, reading), name,
        target_year, limit, ceiling, to_date, valid_days, remaining_days, remaining_mean.
    rank : tuple of int or None
        Rank of this month among the same months with 85 % of their days (1 the lowest), and of
        how many; None where this month has fewer.
    missed : int
        Days elapsed without a valid value: part of what the budget calls remaining.
    release : str
        ``draft`` for an unaudited year.
    """

    indicator: str
    year: int
    month: int
    table: pd.DataFrame
    days: pd.DataFrame
    exceedances: pd.DataFrame
    record: pd.DataFrame
    moving: pd.DataFrame
    budget: pd.DataFrame
    rank: tuple[int, int] | None
    missed: int
    release: str

    def __str__(self) -> str:
        return "\n".join(_page_lines(self))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def month_page(month: str | None = None, *, indicator: str = "pm25") -> MonthPage:
    """Compute the page of one month.

    Parameters
    ----------
    month : str, optional
        Such as ``"2023-05"``; default the last month with 85 % of its days.
    indicator : {"pm25", "pm10", "no2", "so2"}
        What the running mean, the record, the moving mean and the budget are of.

    Returns
    -------
    MonthPage

    Raises
    ------
    InputError
        If it is no month, has no valid day, or the indicator has no annual mean.

    Notes
    -----
    The budget counts every day without a valid value as still to come, whether it is ahead or was
    missed.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.month_page("2023-05").rank[1] > 8
    True
    """
    indicator = resolve_indicator(indicator)["indicator"]
    if indicator not in MEANS:
        raise error("error.no_budget", indicator=indicator, allowed=", ".join(MEANS))
    daily = daily_rows(HOME)
    period = _parse_month(month) if month is not None else _latest_month(daily, indicator)
    date = daily["date"].dt
    here = (date.year == period.year) & (date.month == period.month)
    if not daily.loc[here, indicator].notna().any():
        known = daily.loc[daily[indicator].notna(), "date"].dt.to_period("M")
        said = {"month": str(period), "first": str(known.min()), "last": str(known.max())}
        raise error("error.no_such_month", indicator=indicator, **said)
    parts = _page_periods(daily, period.month)
    annual = station_rows(indicator, HOME)
    record = _record(parts, indicator, annual)
    enough = record["month_days"] >= ENOUGH * period.days_in_month
    value = record.loc[enough, "month"].dropna()
    year = period.year
    rank = (int((value < value[year]).sum()) + 1, len(value)) if year in value.index else None
    shown = _page_days(daily, here, indicator, year)
    past = shown["cause"].notna()
    return MonthPage(
        indicator=indicator,
        year=year,
        month=period.month,
        table=_page_table(parts, period),
        days=shown,
        exceedances=shown.loc[past, ["aqi", "primary", "cause"]],
        record=record,
        moving=_moving(annual),
        budget=_budget(record.loc[year], period, indicator),
        rank=rank,
        missed=period.end_time.day_of_year - int(record.at[year, "to_date_days"]),
        release=str(record.at[year, "release"]),
    )


def _parse_month(text) -> pd.Period:
    match = re.fullmatch(r"\s*(\d{4})-(\d{1,2})\s*", str(text))
    if not match or not 1 <= int(match[2]) <= 12:
        raise error("error.no_month", text=repr(str(text)))
    return pd.Period(year=int(match[1]), month=int(match[2]), freq="M")


def _latest_month(daily: pd.DataFrame, indicator: str) -> pd.Period:
    valid = daily[indicator].notna().groupby(daily["date"].dt.to_period("M")).sum()
    enough = [month for month, n in valid.items() if n >= ENOUGH * month.days_in_month]
    if not enough:
        raise error("error.no_whole_month", indicator=indicator)
    return enough[-1]


def _page_days(daily, here, indicator: str, year: int) -> pd.DataFrame:
    """Show the month day by day, with the mean of the year to each day."""
    of_year = daily[daily["date"].dt.year == year].set_index("date")[indicator]
    running = of_year.expanding().mean().where(of_year.notna())
    shown = daily.loc[here].assign(cause=cause_of_days(daily)).set_index("date")
    shown = shown.rename(columns={indicator: "value"})[["value", "aqi", "primary", "cause"]]
    shown.insert(1, "running", running.reindex(shown.index))
    return shown


def _page_periods(daily: pd.DataFrame, month: int) -> dict[str, pd.DataFrame]:
    """Compute the same month and the same months to date of every year, all indicators."""
    of_year = daily["date"].dt.month
    out = {
        "month": periods(daily[of_year == month], freq="month"),
        "to_date": periods(daily[of_year <= month], freq="year"),
    }
    if month < CHANGE.month:
        # months that all lie before the change of state in 2018 are not mixed
        out["to_date"].loc[out["to_date"]["year"] == CHANGE.year, "basis"] = BASIS["old"]
    return out


def _record(parts: dict, indicator: str, annual: pd.DataFrame) -> pd.DataFrame:
    """Both periods of every year, each with its valid days, and where the year comes from."""
    out = {}
    for name, part in parts.items():
        rows = part[part["indicator"] == indicator].set_index("year")
        out[name], out[f"{name}_days"] = rows["value"], rows["valid_days"]
        out[f"{name}_basis"] = rows["basis"]
    evidence = annual[["release", "source_id"]]
    return pd.DataFrame(out).sort_index().join(evidence).assign(status="computed")


def _page_table(parts: dict, period: pd.Period) -> pd.DataFrame:
    """Month and year to date beside the same period a year before, for every indicator."""
    register = load("indicators").set_index("indicator")
    lengths = {"month": period.days_in_month, "to_date": period.end_time.day_of_year}
    rows = []
    for indicator in PAGE_INDICATORS:
        for name, part in parts.items():
            values = part[part["indicator"] == indicator].set_index("year")
            if period.year not in values.index:
                continue
            now = values.loc[period.year]
            unit = register.at[indicator, "unit"]
            row = {"indicator": indicator, "period": name, "value": now["value"], "unit": unit}
            row |= {"valid_days": int(now["valid_days"]), "days": lengths[name]}
            row["decimals"] = 0 if unit == "d" else 1
            if period.year - 1 in values.index:
                row |= _change(now, values.loc[period.year - 1], row)
            rows.append(row)
    return pd.DataFrame(rows)


def _change(now: pd.Series, before: pd.Series, row: dict) -> dict:
    """Compare a value with that of a year before."""
    fewest = min(now["valid_days"], before["valid_days"])
    relative = row["unit"] not in ("%", "d") and before["value"] > 0
    return {
        "before": before["value"],
        "before_days": int(before["valid_days"]),
        "change": now["value"] - before["value"],
        "change_percent": 100 * (now["value"] / before["value"] - 1) if relative else np.nan,
        "comparable": bool(fewest >= ENOUGH * row["days"]),
    }


def _moving(annual: pd.DataFrame, span: int = 3) -> pd.DataFrame:
    """Mean of three whole years in a row; missing where one of them is partial or absent."""
    whole = annual.loc[annual["completeness"] != "partial", "value"]
    years = pd.Index(range(int(annual.index.min()), int(annual.index.max()) + 1), name="year")
    return pd.DataFrame({"value": whole.reindex(years).rolling(span).mean()})


def remaining_mean(mean: float, valid_days: int, limit: float, days: int) -> float:
    """Return the mean that keeps the year at a limit: negative out of reach, NaN with no day left."""
    left = days - valid_days
    return (limit * days - mean * valid_days) / left if left > 0 else float("nan")


def _budget(now: pd.Series, period: pd.Period, indicator: str) -> pd.DataFrame:
    """Compute what remains under each limit in force and each number of the district's plans."""
    length = 366 if period.is_leap_year else 365
    valid = int(now["to_date_days"])
    rows = []
    for entry in _limits(period, indicator):
        # Printed in whole units, the year meets it up to the half that is rounded down.
        ceiling = entry["limit"] + 0.5
        mean = remaining_mean(now["to_date"], valid, ceiling, length)
        counts = {"valid_days": valid, "remaining_days": length - valid, "remaining_mean": mean}
        rows.append({**entry, "ceiling": ceiling, "to_date": now["to_date"], **counts})
    return pd.DataFrame(rows)


def _limits(period: pd.Period, indicator: str) -> list[dict]:
    """Annual limits in force in a month, then the district's numbers for that year and later."""
    rows = [
        {"kind": "limit", "name": row.standard, "limit": row.limit, "source_id": row.source_id}
        for row in limits_in_force(indicator, period.end_time).itertuples()
    ]
    targets = load("targets")
    targets = targets[(targets["scope"] == HOME) & (targets["indicator"] == indicator)]
    targets = targets.query("base_year < @period.year <= target_year")
    readings = load("assumptions").set_index("id")["value"]
    for row in targets.sort_values("target_year").itertuples():
        entry = {"name": row.plan, "target_year": int(row.target_year), "source_id": row.source_id}
        if row.kind == "level":
            rows.append({"kind": "target", **entry, "limit": row.value})
        elif isinstance(row.reading, str) and row.reading in readings.index:
            value = pd.to_numeric(readings[row.reading], errors="coerce")
            if np.isfinite(value):
                rows.append({"kind": "reading", **entry, "limit": float(value)})
    kept = {(r["name"], r.get("target_year"), r["limit"]): r for r in reversed(rows)}
    return list(kept.values())[::-1]


def _page_lines(page: MonthPage) -> list[str]:
    """Write the page as text: a line per indicator, then exceedances by cause, rank, budget."""
    name = f"{page.year}-{page.month:02d}"
    valid = int(page.days["value"].notna().sum())
    head = word("month_page.head", month=name, valid=valid, days=len(page.days))
    draft = " " + word("month_page.draft") if page.release == "draft" else ""
    lines = [head + draft, word("month_page.columns")]
    for indicator, rows in page.table.groupby("indicator", sort=False):
        cells = "".join(_cells(row) for _, row in rows.iterrows())
        lines.append(f"{indicator:<15}{cells}  {word(f'unit.{rows.unit.iloc[0]}')}")
    if "comparable" in page.table and page.table["comparable"].eq(False).any():
        lines.append(word("month_page.not_comparable"))
    known = int(page.days["aqi"].notna().sum())
    lines.append(word("month_page.exceedances", n=len(page.exceedances), days=known))
    for cause, rows in page.exceedances.groupby("cause", sort=False):
        listed = ", ".join(f"{d.day} ({a:.0f})" for d, a in rows["aqi"].items())
        family = "pollutant" if cause in ("pm25", "o3") else "cause"
        lines.append(f"  {word(f'{family}.{cause}')}: {listed}")
    if page.rank:
        rank, of = page.rank
        lines.append(word("month_page.rank", indicator=page.indicator, rank=rank, of=of))
    moving = page.moving["value"].dropna()
    moving = moving[moving.index < page.year]
    if len(moving):
        last = int(moving.index[-1])
        values = {"first": last - 2, "last": last, "value": moving.iloc[-1]}
        lines.append(word("month_page.moving", indicator=page.indicator, **values))
    lines += [_budget_line(row, page) for row in page.budget.itertuples()]
    return lines


def _cells(row: pd.Series) -> str:
    """Write a value, that of a year before, and the change, in brackets if not comparable."""
    places = int(row["decimals"])
    if pd.isna(row.get("before")):
        return f"{row['value']:9.{places}f}{'-':>9}{'':11}"
    if pd.notna(row["change_percent"]):
        # + 0.0 turns a rounded -0 into 0
        change = f"{round(row['change_percent']) + 0:+.0f} %"
    else:
        change = f"{row['change']:+.{places}f}"
    change = change if row["comparable"] else f"({change})"
    return f"{row['value']:9.{places}f}{row['before']:9.{places}f}{change:>11}"


def _budget_line(row, page: MonthPage) -> str:
    """Say how far a limit or a number of the district is."""
    if row.kind == "limit":
        name = str(row.name)
    else:
        plan = word(f"plan.{row.name}")
        name = word(f"month_page.{row.kind}", plan=plan, year=int(row.target_year))
    values = {"to_date": row.to_date, "days": row.valid_days}
    head = word("month_page.limit", name=name, limit=row.limit, **values)
    if page.month == 12 or row.remaining_days <= 0:
        end = "below" if row.to_date < row.ceiling else "above"
        return head + word(f"month_page.{end}")
    if row.remaining_mean < 0:
        return head + word("month_page.out_of_reach")
    return head + word("month_page.remaining", days=row.remaining_days, mean=row.remaining_mean)
