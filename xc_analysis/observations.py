"""Published and station rows as frames: what the tables hold, read and nothing more."""

import re
import unicodedata
from functools import lru_cache, wraps

import pandas as pd

from .hourly.periods import INDICATORS
from .tables import data_dir, load, near
from .words import area_name, error, language, message, word

#: The district of the plan, and the city whose published figures are its comparator.
HOME, CITY = "西城区", "北京市"
#: Columns of every series; from status on they are text.
COLUMNS = tuple("value lower upper status basis completeness source_id release obs_id".split())
#: Names of an indicator in the register, and endings that they may be asked without.
_NAMES = ["indicator", "name_zh", "name_en", "plan_name_zh", "plan_name_en"]
_ENDINGS = ("concentration", "年均浓度", "浓度", "平均值", "年均值", "均值")


def column_of(indicator: str) -> tuple[str, str]:
    """Return the daily column and the statistic of an indicator; refuse one without days."""
    if indicator not in INDICATORS:
        raise error("error.no_days_behind", indicator=indicator)
    return INDICATORS[indicator][:2]


def kept(*tables: str):
    """Keep a function's results, by language, for as long as these tables stay the same."""

    def decorate(function):
        @lru_cache(maxsize=64)
        def keep(_state, *arguments, **named):
            return function(*arguments, **named)

        @wraps(function)
        def ask(*arguments, **named):
            folder, state = data_dir(), [language()]
            for file in (folder / f"{table}.csv" for table in tables):
                state += [file.stat().st_mtime_ns, file.stat().st_size] if file.exists() else [0]
            return keep((str(folder), *state), *arguments, **named)

        return ask

    return decorate


def as_series(rows: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Give rows the columns of a series, by year or, where they have a month, by month."""
    if "month" in rows:
        months = pd.PeriodIndex.from_fields(year=rows["year"], month=rows["month"], freq="M")
        rows = rows.assign(month=months)
    rows = rows.set_index("month" if "month" in rows else "year").sort_index()
    return rows.reindex(columns=[*COLUMNS, *more]).astype(dict.fromkeys(COLUMNS[3:], "str"))


def station_rows(
    indicator: str, scope: str = HOME, *, freq: str = "annual", archive_only: bool = False
) -> pd.DataFrame:
    """Read one indicator of one area as computed from station records; empty without a station."""
    table = load("air/monthly" if freq == "monthly" else "air/annual")
    # the areas' table has years alone, by the hourly archive alone, the district's among them
    if archive_only and freq == "monthly":
        table = table[:0]
    elif freq == "annual" and (archive_only or scope not in set(table["scope"])):
        table = load("air/areas_annual")
    rows = table[(table["indicator"] == indicator) & (table["scope"] == scope)]
    return as_series(rows.assign(status="computed"), "valid_days", "days")


def published_rows(entry: pd.Series, scope: str, *, freq: str = "annual") -> pd.DataFrame:
    """Read one indicator of one area as published: the rows in use, whole periods only."""
    rows = load("observations")
    rows = rows[rows["use"] & (rows["scope"] == scope)]
    for name in ("indicator", "statistic"):
        rows = rows[rows[name] == entry[name]]
    if freq == "monthly":
        rows = rows[rows["period"].str.fullmatch(r"\d{4}-\d{2}")]
        rows = rows.assign(month=rows["period"].str[-2:].astype("int64"))
    else:
        # what counts over a plan's five years stands at their end, see own_numbers
        rows = rows[(rows["period"] == "annual") | (rows["basis"] == "plan-total")]
    rows = as_series(rows)
    for twice in rows.index[rows.index.duplicated()]:
        named = {"indicator": entry["indicator"], "scope": scope, "period": str(twice)}
        raise error("error.two_used_rows", **named)
    return rows


def read_rows(
    entry: pd.Series, name: str | None, source: str | None, freq: str, *, archive_only: bool = False
) -> tuple[pd.DataFrame, str, str]:
    """Read the rows of a series, the first there are; return their area and source as well."""
    indicator, scope = entry["indicator"], resolve_scope(name)
    for kind in [source] if source else ["station", "published"]:
        if kind == "station":
            rows = station_rows(indicator, scope, freq=freq, archive_only=archive_only)
        else:
            rows = published_rows(entry, scope, freq=freq)
        if len(rows):
            return rows, scope, kind
    asked = {"what": word(f"series.{freq}"), "source": word(f"series.{source or 'any'}")}
    raise error("error.no_series", indicator=indicator, scope=area_name(scope), **asked)


def daily_rows(name: str | None = None) -> pd.DataFrame:
    """Read the days of an area, by default of the district, in order of date."""
    table, scope = load("air/daily"), resolve_scope(name)
    days = table[table["scope"] == scope].sort_values("date", ignore_index=True)
    if days.empty:
        known = ", ".join(table["scope"].unique())
        raise error("error.no_daily_rows", scope=area_name(scope), known=known)
    return tidy_days(days)


def tidy_days(days: pd.DataFrame) -> pd.DataFrame:
    """Type the days' marks; a known exceedance lacks PM2.5 or O3, but another is above 100."""
    days = days.reset_index(drop=True)
    days = days.astype({"o3_windows": "float64", "aqi": "float64", "national": bool})
    incomplete = days["pm25"].isna() | days["o3_8h"].isna()
    days["known_exceedance"] = incomplete & (days["aqi"] > 100)
    return days


def resolve_indicator(name: str) -> pd.Series:
    """Find an indicator's row of the register by id or name; refuse with near ones."""
    table = load("indicators")
    exact = table[table["indicator"] == name]
    if len(exact):
        return exact.iloc[0]
    asked, wholes, parts = _plain(str(name)), [], []
    for _, row in table.iterrows():
        texts = [str(text) for text in row[_NAMES].dropna()]
        wholes.append({_plain(text) for text in texts})
        words = {_plain(one) for text in texts for one in re.split(r"[\s()（）]+", text)}
        words |= wholes[-1]
        words |= {one.removesuffix(end) for one in words for end in _ENDINGS}
        parts.append(words - {"", *_ENDINGS})
    for known in (wholes, parts):
        at = [i for i, some in enumerate(known) if asked in some]
        if len(at) == 1:
            return table.iloc[at[0]]
    hint = near(str(name), table[_NAMES[:4]].stack())
    inside = [any(asked in one for one in whole) for whole in wholes]
    if asked and any(inside):
        hint = message("near", names=", ".join(table.loc[inside, "indicator"][:6]))
    raise error("error.unknown_indicator", name=str(name), near=hint)


def _plain(text: str) -> str:
    """Write a name without case, space, punctuation, subscripts or full-width forms."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).lower())


@kept("observations", "air/annual", "air/areas_annual")
def known_scopes() -> list[str]:
    """List every area that a table knows, the district and the city first."""
    tables = [load(name)["scope"] for name in ("observations", "air/annual", "air/areas_annual")]
    return [HOME, CITY, *sorted({*pd.concat(tables).dropna()} - {HOME, CITY})]


def resolve_scope(name: str | None) -> str:
    """Find an area by its name in Chinese or English; None is the district."""
    scopes = known_scopes()
    if name is None or name in scopes:
        return name or HOME
    asked, names = _short(str(name)), {}
    for scope in scopes:
        names[scope] = [scope, area_name(scope, "zh"), area_name(scope, "en")]
        if asked and asked in map(_short, names[scope]):
            return scope
    hint = near(str(name), dict.fromkeys(sum(names.values(), [])))
    known = ", ".join(map(area_name, scopes))
    raise error("error.unknown_scope", name=str(name), near=hint, known=known)


def _short(name: str) -> str:
    """Write an area's name without what kind of area it is."""
    return re.sub("市?区?(municipality)?(city)?(district)?$", "", _plain(name))
