"""The national rules for days, months and years, as ibis expressions.

Written once, with operations that DuckDB and PySpark both have. What the rules are stands in
:mod:`xc_analysis.hourly`.
"""

from __future__ import annotations

from . import aqi as aqi_rules
from .archive_rows import POLLUTANTS

DAY_COLUMNS = (
    "pm25", "pm10", "pm10_reported", "so2", "no2", "co", "o3_8h", "aqi", "primary",
)  # fmt: skip
#: indicator -> (column of the days, statistic, unit)
INDICATORS = {
    "pm25": ("pm25", "mean", "µg/m³"),
    "pm10": ("pm10", "mean", "µg/m³"),
    "no2": ("no2", "mean", "µg/m³"),
    "so2": ("so2", "mean", "µg/m³"),
    "o3_8h_p90": ("o3_8h", "p90", "µg/m³"),
    "o3_8h_mean": ("o3_8h", "mean", "µg/m³"),
    "co_p95": ("co", "p95", "mg/m³"),
    "good_days": ("aqi", "good", "d"),
    "good_day_ratio": ("aqi", "good_ratio", "%"),
    "heavy_days": ("aqi", "heavy", "d"),
    "heavy_day_ratio": ("aqi", "heavy_ratio", "%"),
    "severe_days": ("aqi", "severe", "d"),
}
PERIOD_COLUMNS = (
    "value", "lower", "upper", "unit", "valid_days", "days", "capture", "completeness", "basis",
    "release",
)  # fmt: skip


def day_expr(hours, *, keys=("scope",), hour_label="end", pm10="filled"):
    """Days from hours, as an ibis expression.

    Parameters
    ----------
    hours : ibis table
        Wide: time, the key columns, pm25, pm10, so2, no2, co, o3; several rows of one hour and key
        (its stations) are averaged first.
    keys : tuple of str
        What a row of the result is for, besides its date.
    hour_label, pm10 : str
        See the module.

    Returns
    -------
    ibis table
        keys, date, pm25, pm10, pm10_reported, so2, no2, co, o3_8h, aqi, primary.
    """
    import ibis

    values = {p: hours[p].cast("float64") for p in POLLUTANTS}
    values["pm10_reported"] = values["pm10"]
    if pm10 == "filled":
        values["pm10"] = ibis.coalesce(values["pm10"], values["pm25"])
    clock = hours.time - ibis.interval(hours=1) if hour_label == "end" else hours.time
    hours = hours.select(*keys, clock=clock, **values)
    hours = hours.group_by(*keys, "clock").aggregate(**{v: hours[v].mean() for v in values})
    hours = hours.mutate(date=hours.clock.date(), slot=hours.clock.hour())
    means = [v for v in values if v != "o3"]
    days = hours.group_by(*keys, "date").aggregate(
        **{v: hours[v].mean() for v in means},
        **{f"n_{v}": hours[v].count() for v in means},
        **{f"h{k}": hours.o3.max(where=hours.slot == k) for k in range(24)},
        first=hours.slot.min(),
    )
    if hour_label == "end":
        # Records that begin at 00 would otherwise add a day before them, of that one hour.
        days = days.filter(days["first"] < 23)
    present = [days[f"h{k}"].notnull().cast("int64") for k in range(24)]
    amount = [days[f"h{k}"].fill_null(0.0) for k in range(24)]
    windows = {}
    for k in range(17):
        n = sum(present[k + 1 : k + 8], present[k])
        total = sum(amount[k + 1 : k + 8], amount[k])
        windows[f"w{k}"] = ibis.ifelse(n >= 6, total / n, -1.0)
    # In steps, each on the columns of the one before: in one expression the SQL would explode.
    days = days.mutate(**windows)
    days = days.mutate(
        largest=ibis.greatest(*(days[w] for w in windows)),
        n_o3=sum((days[w] >= 0).cast("int64") for w in windows),
    )
    days = days.select(
        *keys,
        "date",
        **{v: ibis.cases((days[f"n_{v}"] >= 20, days[v])) for v in means},
        o3_8h=ibis.cases(((days.n_o3 >= 14) | (days.largest.round(6) > 160), days.largest)),
    )
    days = aqi_rules.with_aqi(days)
    return days.select(*keys, "date", *DAY_COLUMNS)


def stats_expr(days, *, freq: str):
    """What months or years are made of, a row a period and area, as an ibis expression.

    Parameters
    ----------
    days : ibis table
        scope, date and the columns of :func:`day_expr`.
    freq : {"month", "year"}

    Returns
    -------
    ibis table
        scope, year, (month,) and for each column of the days ``n_`` (valid days), ``full_`` and
        ``half_`` (months with enough days for the first and second class) and the statistics of
        `INDICATORS`, such as ``mean_pm25``.
    """
    import ibis

    date = days.date.cast("date")
    days = days.mutate(year=date.year(), month=date.month())
    columns = ("pm25", "pm10", "pm10_reported", "so2", "no2", "co", "o3_8h", "aqi")
    x = {c: days[c].cast("float64") for c in columns}
    made = {f"n_{c}": x[c].count() for c in columns}
    made |= {f"mean_{c}": x[c].mean() for c in columns if c != "aqi"}
    made |= {
        "p90_o3_8h": x["o3_8h"].quantile(0.9), "p95_co": x["co"].quantile(0.95),
        "good_aqi": (x["aqi"] <= 100).sum(), "heavy_aqi": (x["aqi"] > 200).sum(),
        "severe_aqi": (x["aqi"] > 300).sum(),
    }  # fmt: skip
    by = ["scope", "year", "month"] if freq == "month" else ["scope", "year"]
    stats = days.group_by(*by).aggregate(**made)
    months = days.group_by("scope", "year", "month").aggregate(
        **{f"n_{c}": x[c].count() for c in columns}
    )
    need = ibis.ifelse(months.month == 2, 25, 27)
    enough = {f"full_{c}": (months[f"n_{c}"] >= need).cast("int64") for c in columns}
    enough |= {f"half_{c}": (months[f"n_{c}"] >= 15).cast("int64") for c in columns}
    months = months.select(*by, **enough)
    if freq == "year":
        months = months.group_by(*by).aggregate(**{c: months[c].sum() for c in enough})
    stats = stats.join(months, by)
    n = stats.n_aqi.nullif(0)
    return stats.mutate(
        good_ratio_aqi=100.0 * stats.good_aqi / n, heavy_ratio_aqi=100.0 * stats.heavy_aqi / n
    )


def period_expr(days, *, freq: str):
    """Months or years from days, as an ibis expression.

    Parameters
    ----------
    days : ibis table
        scope, date and the columns of :func:`day_expr`.
    freq : {"month", "year"}

    Returns
    -------
    ibis table
        scope, indicator, year, (month,) value, lower, upper, unit, valid_days, days, capture,
        completeness, basis, release.
    """
    last = days.aggregate(last=days.date.cast("date").max())
    return period_of_stats(stats_expr(days, freq=freq), freq=freq, last=last)


def period_of_stats(stats, *, freq: str, last):
    """The second half of :func:`period_expr`, for stats that are already there.

    Parameters
    ----------
    stats : ibis table
        As :func:`stats_expr` gives.
    freq : {"month", "year"}
    last : datetime.date or ibis table
        Last day of all records; a table has it in its one row, as ``last``.

    Returns
    -------
    ibis table
        As :func:`period_expr`.
    """
    import datetime as dt

    import ibis

    by = ["scope", "year", "month"] if freq == "month" else ["scope", "year"]
    n_months = 1 if freq == "month" else 12
    out = []
    for indicator, (column, statistic, unit) in INDICATORS.items():
        n = stats[f"n_{column}"]
        if indicator == "pm10":
            mean, reported = stats.mean_pm10, stats.mean_pm10_reported
            ends = {"lower": ibis.least(mean, reported), "upper": ibis.greatest(mean, reported)}
        else:
            ends = {"lower": ibis.null("float64"), "upper": ibis.null("float64")}
        value = ibis.cases((n > 0, stats[f"{statistic}_{column}"].cast("float64")))
        out.append(
            stats.select(
                *by,
                full=stats[f"full_{column}"],
                half=stats[f"half_{column}"],
                n=n,
                indicator=ibis.literal(indicator),
                value=value,
                unit=ibis.literal(unit),
                **ends,
            )  # fmt: skip
        )
    table = ibis.union(*out)
    leap = ((table.year % 4 == 0) & (table.year % 100 != 0)) | (table.year % 400 == 0)
    if freq == "month":
        length = ibis.cases(
            (table.month == 2, ibis.ifelse(leap, 29, 28)),
            (table.month.isin([4, 6, 9, 11]), 30),
            else_=31,
        )
        strict, adequate = table.full == n_months, table.half == n_months
        old = (table.year < 2018) | ((table.year == 2018) & (table.month < 9))
        basis = ibis.ifelse(old, "ref-273K", "ref-298K")
    else:
        length = ibis.ifelse(leap, 366, 365)
        strict = (table.n >= 324) & (table.full == n_months)
        adequate = (table.n * 100 >= length * 85) & (table.half == n_months)
        basis = ibis.cases((table.year < 2018, "ref-273K"), (table.year > 2018, "ref-298K"),
                           else_="ref-mixed")  # fmt: skip
    table = table.mutate(
        valid_days=table.n,
        days=length.cast("int64"),
        capture=table.n / length,
        completeness=ibis.cases((strict, "strict"), (adequate, "adequate"), else_="partial"),
        basis=basis,
    )
    if isinstance(last, dt.date):
        table = table.mutate(last=ibis.literal(last, type="date"))
    else:
        table = table.cross_join(last)
    table = table.mutate(
        release=ibis.ifelse(table.last < ibis.date(table.year, 12, 31), "draft", "public")
    )
    return table.select("scope", "indicator", *by[1:], *PERIOD_COLUMNS)


def profile_expr(hours, *, name: str, hour_label="end", pm10="filled"):
    """Mean of each hour of the day by month and year, as an ibis expression.

    Parameters
    ----------
    hours : ibis table
        Wide, as for :func:`day_expr`.
    name : str
        Written into ``scope``.
    hour_label, pm10 : str
        As for :func:`day_expr`.

    Returns
    -------
    ibis table
        scope, year, month, hour, a column a pollutant, n.
    """
    import ibis

    if pm10 == "filled":
        hours = hours.mutate(pm10=ibis.coalesce(hours.pm10, hours.pm25))
    clock = hours.time - ibis.interval(hours=1) if hour_label == "end" else hours.time
    hours = hours.mutate(clock=clock)
    hours = hours.group_by("clock").aggregate(**{p: hours[p].mean() for p in POLLUTANTS})
    hours = hours.mutate(
        scope=ibis.literal(name), year=hours.clock.year(), month=hours.clock.month(),
        hour=hours.clock.hour() + int(hour_label == "end"),
    )  # fmt: skip
    return hours.group_by("scope", "year", "month", "hour").aggregate(
        **{p: hours[p].mean() for p in POLLUTANTS}, n=hours.count()
    )
