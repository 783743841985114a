"""Days, months, causes, stations and the month page: the record beside its annual means."""

import html
import re
from collections import namedtuple

import numpy as np
import pandas as pd

from .comparability import BASIS, CAUSES, CHANGE, cause_of_days
from .evidence import series
from .hourly.periods import periods
from .observations import HOME, column_of, daily_rows, resolve_indicator, station_rows
from .tables import load
from .words import error, word

#: What a month's page lists, in this order; the first four have a budget of the year.
PAGE_INDICATORS = "pm25 pm10 no2 so2 o3_8h_p90 co_p95 good_days good_day_ratio heavy_days".split()
MEANS = PAGE_INDICATORS[:4]
ENOUGH = 0.85  # share of a period's days that must be valid for it to be compared or ranked


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
        source_id. A ``known_exceedance`` lacks PM2.5 or O3, so has no AQI: its ``aqi`` is that of
        a pollutant above 100.

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
    rows = daily_rows(scope)
    index = rows["aqi"].mask(rows["known_exceedance"])
    # the upper ends of HJ 633's classes
    level = pd.Series(np.searchsorted((50, 100, 150, 200, 300), index) + 1, dtype="Int64")
    rows["level"] = level.mask(index.isna())
    rows["cause"] = cause_of_days(rows)
    rows["status"] = "computed"
    years = station_rows("pm25")
    for name in ("release", "source_id"):
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
        Index year; ``pm25``, ``dust`` (by the stand-in rule), ``o3``, ``other`` (PM10 without dust,
        NO2, CO, SO2), ``total`` (their sum), ``known_exceedances`` (how many of them have no AQI),
        ``aqi_days`` (days with an AQI) and their completeness, status, release, source_id.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> int(xc.causes(200).loc[2020, "total"])
    10
    """
    rows = daily_rows()
    year = rows["date"].dt.year.rename("year")
    cause = cause_of_days(rows, above=above)
    table = pd.crosstab(year, cause, dropna=False)
    table = table.reindex(columns=pd.Index(CAUSES), fill_value=0)
    table["total"] = table.sum(axis=1)
    table["known_exceedances"] = (rows["known_exceedance"] & cause.notna()).groupby(year).sum()
    table["aqi_days"] = rows["aqi"].mask(rows["known_exceedance"]).notna().groupby(year).sum()
    evidence = ["completeness", "status", "release", "source_id"]
    return table.join(station_rows("heavy_days")[evidence])


def months(indicator: str, *, basis: str = "raw") -> pd.DataFrame:
    """Put the months of an indicator into a table, year by month.

    Parameters
    ----------
    indicator : str
        Id or name of one that is computed from days.
    basis : {"raw", "old", "new"}
        Reference state, as `series`.

    Returns
    -------
    DataFrame
        Index year, columns month 1 to 12. ``attrs``: those of the series, and
        ``partial_months``, those with fewer than 15 valid days, which are left empty.

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
    value = rows["value"].mask(incomplete)
    keys = [rows.index.year.rename("year"), rows.index.month]
    months = pd.RangeIndex(1, 13, name="month")
    table = value.groupby(keys).first().unstack().reindex(columns=months)
    table.attrs = rows.attrs | {"partial_months": [str(m) for m in rows.index[incomplete]]}
    return table


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
    column_of(indicator)
    table = load("air/stations_annual")
    rows = table[(table["indicator"] == indicator) & (table["year"] == year)]
    if rows.empty:
        first, last = table["year"].min(), table["year"].max()
        raise error("error.no_station_year", year=year, first=first, last=last)
    register = load("air/stations")[["station", "district", "kind", "lon", "lat"]]
    rows = rows.drop(columns=["indicator", "year"]).merge(register, on="station", how="left")
    # the traffic station of the district is no part of its value
    rows["own"] = (rows["district"] == HOME) & (rows["kind"] == "urban")
    rows["status"], rows["source_id"] = "computed", "archive-hourly"
    rows = rows.set_index("station").sort_values("value")
    rows.attrs = {"indicator": indicator, "year": year}
    return rows


_PAGE = "indicator year month table days exceedances record moving budget rank missed release"


class MonthPage(namedtuple("MonthPage", _PAGE)):
    """One month and the year to date, against the same period and the limits: `month_page`."""

    def __str__(self) -> str:
        shown, moving = self.days, self.moving["value"].dropna().loc[: self.year - 1]
        about = {"month": f"{self.year}-{self.month:02d}", "days": len(shown)}
        lines = [word("month_page.head", valid=shown["value"].count(), **about)]
        if self.release == "draft":
            lines[0] += " " + word("month_page.draft")
        lines.append(word("month_page.columns"))
        for indicator, rows in self.table.groupby("indicator", sort=False):
            cells = "".join(_cells(row) for _, row in rows.iterrows())
            lines.append(f"{indicator:<15}{cells}  {word(f'unit.{rows.unit.iloc[0]}')}")
        if not self.table.get("comparable", pd.Series(True)).all():
            lines.append(word("month_page.not_comparable"))
        known = shown["aqi"].count()
        lines.append(word("month_page.exceedances", n=len(self.exceedances), days=known))
        for cause, rows in self.exceedances.groupby("cause", sort=False):
            listed = ", ".join(f"{day.day} ({aqi:.0f})" for day, aqi in rows["aqi"].items())
            family = "pollutant" if cause in ("pm25", "o3") else "cause"
            lines.append(f"  {word(f'{family}.{cause}')}: {listed}")
        about = {"indicator": self.indicator}
        if self.rank:
            lines.append(word("month_page.rank", rank=self.rank[0], of=self.rank[1], **about))
        if len(moving):
            about |= {"first": moving.index[-1] - 2, "last": moving.index[-1]}
            lines.append(word("month_page.moving", value=moving.iloc[-1], **about))
        for row in self.budget.itertuples():
            name, values = str(row.name), {"to_date": row.to_date, "days": row.valid_days}
            if row.kind != "limit":
                plan = word(f"plan.{row.name}")
                name = word(f"month_page.{row.kind}", plan=plan, year=int(row.target_year))
            end = "below" if row.to_date < row.ceiling else "above"
            if self.month < 12 and row.remaining_days > 0:
                end = "out_of_reach" if row.remaining_mean < 0 else "remaining"
            rest = {"days": row.remaining_days, "mean": row.remaining_mean}
            head = word("month_page.limit", name=name, limit=row.limit, **values)
            lines.append(head + word(f"month_page.{end}", **rest))
        return "\n".join(lines)

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
        ``table``, per indicator and period (month, to_date): value, valid_days, days, before,
        before_days, change, change_percent, comparable (85 % of the days valid in both), unit,
        decimals. ``days``: value, running (mean of the year to that day), aqi, primary, cause;
        ``exceedances``: those above an AQI of 100. ``record``: the month and the year to date in
        each year, with valid days, basis, release, source_id; ``moving``: the mean of three whole
        years in a row, by the last. ``budget``, limits in force and the district's own numbers:
        kind (limit, target, reading), name, target_year, limit, ceiling, to_date, valid_days,
        remaining_days, remaining_mean. ``rank`` among the same months with 85 % of their days (1
        the lowest), and of how many; None where this one has fewer. ``missed``: days elapsed
        without a valid value, in the budget still to come. ``release``: draft if unaudited.

    Raises
    ------
    InputError
        If it is no month, has no valid day, or the indicator has no annual mean.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.month_page("2023-05").rank[1] > 8
    True
    """
    indicator = resolve_indicator(indicator)["indicator"]
    if indicator not in MEANS:
        raise error("error.no_budget", indicator=indicator, allowed=", ".join(MEANS))
    daily, annual = daily_rows(), station_rows(indicator)
    of_month = daily["date"].dt.to_period("M")
    valid = daily[indicator].notna().groupby(of_month).sum()
    if month is None:
        enough = valid >= ENOUGH * valid.index.days_in_month
        period = max(valid.index, key=lambda one: (enough[one], one))
    elif re.fullmatch(r"\s*\d{4}-(0?[1-9]|1[0-2])\s*", str(month)):
        period = pd.Period(str(month).strip(), freq="M")
    else:
        raise error("error.no_month", text=repr(str(month)))
    if not valid.get(period):
        known = valid.index[valid > 0]
        span = {"first": str(known.min()), "last": str(known.max())}
        raise error("error.no_such_month", indicator=indicator, month=str(period), **span)
    year = period.year
    both = _page_periods(daily, period.month)
    record = both.xs(indicator, level="indicator").join(annual[["release", "source_id"]])
    record["status"] = "computed"
    value = record["month"][record["month_days"] >= ENOUGH * period.days_in_month].dropna()
    rank = (int((value < value[year]).sum()) + 1, len(value)) if year in value.index else None
    whole = annual.loc[annual["completeness"] != "partial", "value"]
    span = pd.RangeIndex(annual.index.min(), annual.index.max() + 1, name="year")
    running = daily[indicator].where(daily["date"].dt.year == year).expanding().mean()
    daily["value"], daily["running"] = daily[indicator], running.where(daily[indicator].notna())
    daily["cause"] = cause_of_days(daily)
    shown = daily[of_month == period].set_index("date")
    return MonthPage(
        indicator=indicator,
        year=year,
        month=period.month,
        table=_page_table(both, period),
        days=shown[["value", "running", "aqi", "primary", "cause"]],
        exceedances=shown.loc[shown["cause"].notna(), ["aqi", "primary", "cause"]],
        record=record,
        moving=whole.reindex(span).rolling(3).mean().to_frame("value"),
        budget=_budget(record.loc[year], period, indicator),
        rank=rank,
        missed=period.end_time.day_of_year - int(record.at[year, "to_date_days"]),
        release=str(record.at[year, "release"]),
    )


def _page_periods(daily: pd.DataFrame, month: int) -> pd.DataFrame:
    """Compute the same month and the same months to date of every year and indicator."""
    of_year = daily["date"].dt.month
    to_date = periods(daily[of_year <= month], freq="year")
    if month < CHANGE.month:
        # months that all lie before the change of state in 2018 are not mixed
        to_date.loc[to_date["year"] == CHANGE.year, "basis"] = BASIS["old"]
    parts = {"month": periods(daily[of_year == month], freq="month"), "to_date": to_date}
    tables = []
    for name, part in parts.items():
        part = part.astype({"year": "int64"}).set_index(["year", "indicator"])
        part = part[["value", "valid_days", "basis"]]
        tables.append(part.set_axis([name, f"{name}_days", f"{name}_basis"], axis=1))
    return pd.concat(tables, axis=1).sort_index()


def _page_table(both: pd.DataFrame, period: pd.Period) -> pd.DataFrame:
    """Month and year to date beside the same period a year before, for every indicator."""
    unit = load("indicators").set_index("indicator").loc[PAGE_INDICATORS, "unit"]
    now, last = both.loc[period.year].loc[PAGE_INDICATORS], period.year - 1
    tables = []
    for name, length in (("month", period.days_in_month), ("to_date", period.end_time.day_of_year)):
        table = pd.DataFrame({"period": name, "value": now[name], "unit": unit})
        table["valid_days"], table["days"] = now[f"{name}_days"], length
        table["decimals"] = np.where(unit == "d", 0, 1)
        if last in both.index:
            before = both.loc[last].loc[PAGE_INDICATORS]
            table["before"], table["before_days"] = before[name], before[f"{name}_days"]
            table["change"] = table["value"] - table["before"]
            percent = 100 * (table["value"] / table["before"] - 1)
            relative = ~unit.isin(["%", "d"]) & (table["before"] > 0)
            table["change_percent"] = percent.where(relative)
            fewest = table[["valid_days", "before_days"]].min(axis=1)
            table["comparable"] = fewest >= ENOUGH * length
        tables.append(table)
    return pd.concat(tables).loc[PAGE_INDICATORS].reset_index()


def _budget(now: pd.Series, period: pd.Period, indicator: str) -> pd.DataFrame:
    """Compute what remains under each limit in force and each number of the district's plans."""
    end = period.end_time.normalize()
    limits = load("standards").query("indicator == @indicator and averaging == 'annual'")
    since, until = (pd.to_datetime(limits[name]) for name in ("valid_from", "valid_to"))
    limits = limits[(since <= end) & ~(until < end)].rename(columns={"standard": "name"})
    targets = load("targets").query("scope == @HOME and indicator == @indicator")
    targets = targets.query("base_year < @period.year <= target_year").sort_values("target_year")
    level = targets["kind"] == "level"
    readings = pd.to_numeric(load("assumptions").set_index("id")["value"], errors="coerce")
    targets["limit"] = targets["value"].where(level, targets["reading"].map(readings))
    targets["kind"] = np.where(level, "target", "reading")
    targets = targets.dropna(subset="limit").rename(columns={"plan": "name"})
    rows = pd.concat([limits.assign(kind="limit"), targets])
    rows = rows.drop_duplicates(["name", "target_year", "limit"], ignore_index=True)
    length, valid = 365 + period.is_leap_year, int(now["to_date_days"])
    # Printed in whole units, the year meets it up to the half that is rounded down.
    rows["ceiling"] = rows["limit"] + 0.5
    rows["to_date"], rows["valid_days"] = now["to_date"], valid
    rows["remaining_days"] = length - valid
    rest = rows["ceiling"] * length - now["to_date"] * valid
    rows["remaining_mean"] = rest / (length - valid) if length > valid else np.nan
    names = "kind name limit source_id ceiling to_date valid_days remaining_days remaining_mean"
    return rows[[*names.split(), "target_year"]]


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
