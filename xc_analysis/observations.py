"""Published and station rows as frames: what the tables hold, read and nothing more."""

from __future__ import annotations

import functools
import re
import unicodedata

import pandas as pd

from .tables import data_dir, load, near
from .words import error, has_word, message, word

#: The district of the plan, and the city whose published figures are its comparator.
HOME, CITY = "西城区", "北京市"
#: Columns of every series.
COLUMNS = tuple("value lower upper status basis completeness source_id release obs_id".split())
TEXT_COLUMNS = COLUMNS[3:]
#: Daily column and statistic that each computed indicator is made of.
STATISTICS = {
    "pm25": ("pm25", "mean"),
    "pm10": ("pm10", "mean"),
    "no2": ("no2", "mean"),
    "so2": ("so2", "mean"),
    "o3_8h_p90": ("o3_8h", "p90"),
    "o3_8h_mean": ("o3_8h", "mean"),
    "co_p95": ("co", "p95"),
    "good_days": ("aqi", "good"),
    "good_day_ratio": ("aqi", "good_ratio"),
    "heavy_days": ("aqi", "heavy"),
    "heavy_day_ratio": ("aqi", "heavy_ratio"),
    "severe_days": ("aqi", "severe"),
}
#: Endings that an indicator's name may be asked without.
_ENDINGS = ("concentration", "年均浓度", "浓度", "平均值", "年均值", "均值")


def column_of(indicator: str) -> tuple[str, str]:
    """Return the daily column and the statistic of an indicator; refuse one without days."""
    if indicator not in STATISTICS:
        raise error("error.no_days_behind", indicator=indicator)
    return STATISTICS[indicator]


def stamp(*tables: str) -> tuple:
    """Return what changes when one of the tables does: a key for results that are kept."""
    folder = data_dir()
    files = [folder / f"{table}.csv" for table in tables]
    states = [(f.stat().st_mtime_ns, f.stat().st_size) if f.exists() else None for f in files]
    return (str(folder), *states)


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame the columns of a series, typed and in order of time."""
    for name in COLUMNS:
        if name not in frame:
            frame[name] = None if name in TEXT_COLUMNS else float("nan")
    return frame[list(COLUMNS)].astype(dict.fromkeys(TEXT_COLUMNS, "str")).sort_index()


def index_by_period(frame: pd.DataFrame) -> pd.DataFrame:
    """Index rows by year or, where they have a month, by monthly period."""
    if "month" not in frame:
        return frame.set_index("year")
    months = pd.PeriodIndex.from_fields(year=frame["year"], month=frame["month"], freq="M")
    return frame.set_index(months.rename("month")).drop(columns=["year", "month"])


def station_rows(
    indicator: str, scope: str, *, freq: str = "annual", archive_only: bool = False
) -> pd.DataFrame:
    """Read one indicator of one area as computed from station records; empty without a station.

    Other areas than the district have years alone, from a table that holds no national days;
    `archive_only` takes it for the district too. Also ``valid_days`` and ``days``.
    """
    table = load("air/monthly" if freq == "monthly" else "air/annual")
    if freq == "annual" and (archive_only or scope not in set(table["scope"])):
        table = load("air/areas_annual")
    rows = table[(table["indicator"] == indicator) & (table["scope"] == scope)].copy()
    rows["status"] = "computed"
    rows = index_by_period(rows)
    return tidy(rows).join(rows[["valid_days", "days"]])


def published_rows(entry: pd.Series, scope: str, *, freq: str = "annual") -> pd.DataFrame:
    """Read one indicator of one area as published: the rows in use, whole periods only."""
    table = load("observations")
    if freq == "monthly":
        whole = table["period"].str.fullmatch(r"\d{4}-\d{2}").fillna(False).astype(bool)
    else:
        # what counts over a plan's five years stands at their end, see own_numbers
        whole = (table["period"] == "annual") | (table["basis"] == "plan-total")
    rows = table[
        (table["indicator"] == entry["indicator"])
        & (table["scope"] == scope)
        & (table["statistic"] == entry["statistic"])
        & table["use"]
        & whole
    ].copy()
    if freq == "monthly":
        rows["month"] = rows["period"].str[-2:].astype("int64")
    rows = tidy(index_by_period(rows))
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()][0]
        said = {"indicator": entry["indicator"], "scope": scope, "period": str(twice)}
        raise error("error.two_used_rows", **said)
    return rows


def station_scopes(data=None) -> list[str]:
    """List the areas that have station records of their own."""
    tables = [load(f"air/{name}", data=data) for name in ("annual", "areas_annual")]
    return sorted({scope for table in tables for scope in table["scope"].unique()})


def known_scopes(data=None) -> list[str]:
    """List every area that a table knows, the district and the city first."""
    scopes = set(load("observations", data=data)["scope"].dropna()) | set(station_scopes(data))
    return [HOME, CITY, *sorted(scopes - {HOME, CITY})]


def daily_rows(scope: str = HOME) -> pd.DataFrame:
    """Read the days of an area in order of date."""
    return _daily_rows(scope, stamp("air/daily")).copy()


@functools.lru_cache(maxsize=8)
def _daily_rows(scope: str, _stamp: tuple) -> pd.DataFrame:
    """Read the days of an area; kept, since every series asks for them."""
    table = load("air/daily")
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


def whole_index(days: pd.DataFrame) -> pd.Series:
    """Return the AQI of the days that have one; known exceedances are none of them."""
    return days["aqi"].mask(days["known_exceedance"])


# ---------------------------------------------------------------------------------- names


def resolve_indicator(name: str, data=None) -> pd.Series:
    """Find an indicator's row of the register by id or name; refuse with near ones."""
    table = load("indicators", data=data)
    exact = table[table["indicator"] == name]
    if len(exact):
        return exact.iloc[0]
    asked = _plain(str(name))
    names = {row["indicator"]: _names(row) for _, row in table.iterrows()}
    for stage in range(2):
        found = [i for i, known in names.items() if asked and asked in known[stage]]
        if len(found) == 1:
            return table[table["indicator"] == found[0]].iloc[0]
    inside = [i for i, known in names.items() if any(asked in n for n in known[0])] if asked else []
    columns = ["indicator", "name_zh", "name_en", "plan_name_zh"]
    hint = near(str(name), [n for c in columns for n in table[c].dropna()])
    if inside:
        hint = message("near", names=", ".join(inside[:6]))
    raise error("error.unknown_indicator", name=str(name), near=hint)


def _names(row: pd.Series) -> tuple[set[str], set[str]]:
    """Names of an indicator, and their parts, as `_plain` writes them."""
    columns = ("indicator", "name_zh", "name_en", "plan_name_zh", "plan_name_en")
    texts = [str(row[c]) for c in columns if pd.notna(row[c])]
    whole = {_plain(text) for text in texts}
    parts = {_plain(part) for text in texts for part in re.split(r"[\s()（）]+", text)} | whole
    shorter = {p.removesuffix(end) for p in whole | parts for end in _ENDINGS if p.endswith(end)}
    return whole, (parts | shorter) - {"", *_ENDINGS}


def _plain(text: str) -> str:
    """Write a name without case, space, punctuation, subscripts or full-width forms."""
    text = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]", "", text)


def resolve_scope(name: str | None, data=None) -> str:
    """Find an area by its name in Chinese or English; None is the district of the plan."""
    if name is None:
        return HOME
    scopes = known_scopes(data)
    if name in scopes:
        return name
    asked = _short(str(name))
    english = {scope: area_name(scope, "en") for scope in scopes}
    for scope in scopes:
        if asked and asked in (_short(scope), _short(english[scope])):
            return scope
    hint = near(str(name), [*scopes, *english.values()])
    known = ", ".join(area_name(scope) for scope in scopes)
    raise error("error.unknown_scope", name=str(name), near=hint, known=known)


def area_name(scope: str, lang: str | None = None) -> str:
    """Return an area's name in a language; the tables' own where no other is known."""
    return word(f"area.{scope}", lang) if has_word(f"area.{scope}") else scope


def _short(name: str) -> str:
    """Write an area's name without what kind of area it is."""
    name = _plain(name)
    for end in ("district", "city", "municipality", "区", "市"):
        name = name.removesuffix(end)
    return name
