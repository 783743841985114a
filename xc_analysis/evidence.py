"""Series, coverage and sources: what the tables know, never spliced and never filled."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from .errors import Empty, InputError
from .packs.places import home
from .schema.reading import near
from .tables import load

COLUMNS = (
    *("value", "lower", "upper", "status", "basis", "completeness", "source_id", "release"),
    "obs_id",
)
# from the best evidence of an indicator's year to the least
EVIDENCE = (
    *("printed", "derived", "computed", "computed (partial)", "estimated", "bound"),
    *("several years", "part-year"),
)
# where station records come from: the monitoring archive, and UCI 501 for hours that it lacks
ARCHIVE_SOURCE, UCI_SOURCE = "archive-hourly", "uci-501"
_FREQ_ZH = {"annual": "逐年的", "monthly": "逐月的"}
_SOURCE_ZH = {
    "published": "公布值",
    "station": "站点计算值",
    "published or station": "公布值或站点计算值",
}
_FILL = ("用 xc template 取表、xc import 填入", "fill it (xc template, xc import)")
_REMEDY = {
    "published": _FILL,
    "published or station": _FILL,
    "station": ("用 xc hourly 由逐时存档算出", "compute it (xc hourly)"),
}
_TEXT = ("status", "basis", "completeness", "source_id", "release", "obs_id")


def series(
    indicator: str,
    *,
    scope: str | None = None,
    source: str | None = None,
    partial: str = "estimate",
    basis: str = "raw",
    freq: str = "annual",
    dust: str = "off",
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """One indicator of one area over time, each value with its evidence.

    Parameters
    ----------
    indicator : str
        Canonical id, such as ``"pm25"``.
    scope : str, optional
        District or city; default the district of the pack.
    source : {"station", "published"}, optional
        Computed from station records (``data/air``), or the published figures that carry
        ``use``. The two are never spliced. Default: the only one there is.
    partial : {"estimate", "observed", "drop"}
        Years whose station record is partial: estimated with a 95 % interval (status
        ``estimated``), as observed, or left out. A partial year that cannot be estimated stays
        as observed, its completeness telling so. Months are never estimated.
    basis : {"raw", "old", "new"}
        Reference state: as recorded, or all on the state before or after 2018-09-01.
    freq : {"annual", "monthly"}
        Monthly series are indexed by a monthly `PeriodIndex` named ``month``.
    dust : {"off", "on"}
        On: station values of PM2.5 and PM10 leave out the days that a stand-in rule calls dust.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    pandas.DataFrame
        Index ``year`` (int), ascending, only years with evidence. Columns ``value``, ``lower``,
        ``upper`` (in the indicator's unit; a bound has no value), ``status``, ``basis``,
        ``completeness`` (station series only), ``source_id`` (several joined by ``;``),
        ``release``, ``obs_id`` (published series only). ``.attrs``: indicator, scope, source,
        unit, scale, floor, ceiling, decimals, prior_sd, better, name_zh, name_en, statistic,
        theme, basis_setting, dust_setting, partial.

    Raises
    ------
    InputError
        If a name is unknown, nothing is known of the indicator there, both sources exist and
        none was chosen, or a published series is to be adjusted.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.series("pm25", source="station", partial="observed")  # doctest: +SKIP
    """
    scope = scope or home(data).scope
    _one_of("source", source, (None, "station", "published"))
    _one_of("partial", partial, ("estimate", "observed", "drop"))
    _one_of("basis", basis, ("raw", "old", "new"))
    _one_of("freq", freq, ("annual", "monthly"))
    _one_of("dust", dust, ("off", "on"))
    entry = _indicator(indicator, data)
    monthly = freq == "monthly"
    readers = {
        "station": lambda: _station(indicator, scope, monthly, data),
        "published": lambda: _published(entry, scope, monthly, data),
    }
    found = {name: readers[name]() for name in readers if source in (None, name)}
    if source and found[source].empty:
        found = {name: reader() for name, reader in readers.items()}
    chosen = _choose(found, source, indicator, scope, freq, data)
    frame = found[chosen]
    if chosen == "station":
        frame = _partial(frame, partial, indicator, scope, monthly, data)
    frame.attrs = {
        "indicator": indicator,
        "scope": scope,
        "source": chosen,
        **{name: _plain(entry[name]) for name in _ATTRIBUTES},
        "basis_setting": basis,
        "dust_setting": dust,
        "partial": partial,
    }
    if basis == "raw" and dust == "off":
        return frame
    from .comparability import adjust

    attrs = frame.attrs
    frame = adjust(frame, indicator, scope=scope, basis=basis, dust=dust, data=data)
    frame.attrs = attrs
    return frame


_ATTRIBUTES = (
    *("unit", "scale", "floor", "ceiling", "decimals", "prior_sd", "better"),
    *("name_zh", "name_en", "statistic", "theme"),
)


def _plain(value):
    """A cell as a Python value; None where it is empty."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _one_of(name: str, value, allowed: tuple) -> None:
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        raise InputError(f"series: {name} is {value!r}: use one of {words}")


def _indicator(indicator: str, data) -> pd.Series:
    table = load("indicators", data=data)
    rows = table[table["indicator"] == indicator]
    if rows.empty:
        raise InputError(
            f"indicator {str(indicator)!r} is unknown{near(str(indicator), table['indicator'])}:"
            " use an id of indicators.csv"
        )
    return rows.iloc[0]


def _choose(found, source, indicator, scope, freq, data) -> str:
    have = [name for name, frame in found.items() if len(frame)]
    if source is None and len(have) == 2:
        raise InputError(
            f"series {indicator!r} of {scope} exists as computed from stations and as published,"
            " which are never spliced: choose source='station' or source='published'"
        )
    if (source is None and not have) or (source is not None and source not in have):
        other = f" (source={have[0]!r} exists)" if have else _elsewhere(indicator, scope, data)
        what = "published or station" if source is None else source
        raise Empty(
            f"{scope}的 {indicator} 没有{_FREQ_ZH[freq]}{_SOURCE_ZH[what]}；{_REMEDY[what][0]}"
            f" · no {freq} {what} series of {indicator!r} for {str(scope)!r}{other}:"
            f" {_REMEDY[what][1]} or choose another source, scope or freq; `coverage` shows what is"
            " known"
        )
    return source or have[0]


def _elsewhere(indicator: str, scope: str, data) -> str:
    scopes = pd.concat([load(name, data=data)["scope"] for name in ("observations", "air/annual")])
    scopes = sorted(scopes.dropna().unique())
    if scope not in scopes:
        return f" (scope unknown{near(str(scope), scopes) or '; known: ' + ', '.join(scopes[:20])})"
    return ""


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    for name in COLUMNS:
        if name not in frame:
            frame[name] = None if name in _TEXT else float("nan")
    frame = frame[list(COLUMNS)].astype(dict.fromkeys(_TEXT, "str"))
    return frame.sort_index()


def _index(frame: pd.DataFrame, monthly: bool) -> pd.DataFrame:
    if not monthly:
        return frame.set_index("year")
    months = pd.PeriodIndex.from_fields(year=frame["year"], month=frame["month"], freq="M")
    return frame.set_index(months.rename("month")).drop(columns=["year", "month"])


def _station(indicator: str, scope: str, monthly: bool, data) -> pd.DataFrame:
    table = load("air/monthly" if monthly else "air/annual", data=data)
    frame = table[(table["indicator"] == indicator) & (table["scope"] == scope)].copy()
    frame["status"] = "computed"
    # weather comes with UCI only, so what has weather is what UCI was read for
    keys = ["year", "month"] if monthly else ["year"]
    days = load("air/weather_daily", data=data)["date"].dt
    weather = pd.MultiIndex.from_arrays([getattr(days, key) for key in keys])
    both = f"{ARCHIVE_SOURCE};{UCI_SOURCE}"
    has_weather = pd.MultiIndex.from_frame(frame[keys]).isin(weather.unique())
    frame["source_id"] = np.where(has_weather, both, ARCHIVE_SOURCE)
    return _tidy(_index(frame, monthly))


def _published(entry: pd.Series, scope: str, monthly: bool, data) -> pd.DataFrame:
    table = load("observations", data=data)
    months = table["period"].str.fullmatch(r"\d{4}-\d{2}").fillna(False).astype(bool)
    frame = table[
        (table["indicator"] == entry["indicator"])
        & (table["scope"] == scope)
        & (table["statistic"] == entry["statistic"])
        & table["use"]
        & (months if monthly else table["period"] == "annual")
    ].copy()
    if monthly:
        frame["month"] = frame["period"].str[-2:].astype("int64")
    frame = _tidy(_index(frame, monthly))
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()][0]
        raise InputError(
            f"observations.csv: {entry['indicator']} of {scope} has more than one `use` row for"
            f" {twice}: keep `use` on one of them (`xc check` names the lines)"
        )
    return frame


def _partial(frame, partial, indicator, scope, monthly, data) -> pd.DataFrame:
    is_partial = frame["completeness"] == "partial"
    if partial == "drop":
        return frame[~is_partial].copy()
    if partial == "observed" or monthly or not is_partial.any():
        return frame
    from .comparability import estimate_partial

    estimates = estimate_partial(indicator, scope=scope, data=data)
    years = frame.index[is_partial].intersection(estimates.index)
    frame.loc[years, ["value", "lower", "upper"]] = estimates.loc[
        years, ["value", "lower", "upper"]
    ]
    frame.loc[years, "status"] = "estimated"
    return frame


def coverage(*, scope: str | None = None, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """What is known of every indicator in every year, as evidence status.

    Parameters
    ----------
    scope : str, optional
        District or city; default the district of the pack.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    pandas.DataFrame
        One row per indicator of the register (index ``indicator``), one column per year (int,
        without gaps, named ``year``). A cell holds the best evidence there is, in the order of
        `EVIDENCE`: ``printed``, ``derived``, ``computed`` (station record strict or adequate),
        ``computed (partial)``, ``estimated``, ``bound``; ``several years`` or ``part-year`` where
        only a figure over another span is known; empty where nothing is.

    Raises
    ------
    InputError
        If a table cannot be read or nothing is known of the scope.
    """
    scope = scope or home(data).scope
    register = load("indicators", data=data).set_index("indicator")
    seen = load("observations", data=data)
    seen = seen[(seen["scope"] == scope) & seen["use"]]
    own = seen["indicator"].map(register["statistic"])
    seen = seen[seen["statistic"] == own]
    several = seen["period"].str.fullmatch(r"\d{4}\.\.\d{4}")
    evidence = seen["status"].where(seen["period"] == "annual", "part-year")
    evidence = evidence.mask(several.fillna(False).astype(bool), "several years")
    air = load("air/annual", data=data)
    air = air[(air["scope"] == scope) & air["value"].notna()]
    whole = air["completeness"] != "partial"
    cells = pd.concat(
        [
            seen[["indicator", "year"]].assign(evidence=evidence),
            air[["indicator", "year"]].assign(
                evidence=whole.map({True: "computed", False: "computed (partial)"})
            ),
        ]
    )
    if cells.empty:
        raise Empty(
            f"{scope}：还没有任何数；用 xc hourly、xc template、xc import 填入 · nothing is known of scope {str(scope)!r}{_elsewhere('', scope, data)}:"
            " choose another scope"
        )
    rank = {name: position for position, name in enumerate(EVIDENCE)}
    best = cells.assign(rank=cells["evidence"].map(rank)).sort_values("rank", kind="stable")
    best = best.drop_duplicates(["indicator", "year"])
    table = best.pivot(index="indicator", columns="year", values="evidence")
    years = range(int(cells["year"].min()), int(cells["year"].max()) + 1)
    table = table.reindex(index=register.index, columns=pd.Index(years, name="year"))
    return table.astype("str").fillna("")


def sources_of(*items, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """The sources behind frames or ids, as rows of the sources table.

    Parameters
    ----------
    *items : DataFrame, Series, str or iterable of str
        Frames with a column ``source_id`` (several ids joined by ``;``), or the ids themselves.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    pandas.DataFrame
        Rows of ``sources`` in order of first use, index ``source_id``.

    Raises
    ------
    InputError
        If an id is not in the table.
    """
    wanted: list[str] = []
    for item in items:
        if isinstance(item, pd.DataFrame):
            item = item["source_id"].dropna() if "source_id" in item else ()
        for cell in [item] if isinstance(item, str) else item:
            if not pd.isna(cell):
                wanted += [part.strip() for part in str(cell).split(";") if part.strip()]
    table = load("sources", data=data).drop_duplicates("source_id").set_index("source_id")
    wanted = list(dict.fromkeys(wanted))
    for one in wanted:
        if one not in table.index:
            raise InputError(
                f"source {one!r} is unknown{near(one, table.index)}: use an id of sources.csv"
            )
    return table.loc[wanted]
