"""Series, comparisons, coverage and sources: what is known, never spliced and never filled."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from .comparability import adjust
from .observations import (
    HOME,
    area_name,
    published_rows,
    resolve_indicator,
    resolve_scope,
    station_rows,
)
from .partial_years import estimate_partial
from .tables import load, near
from .words import error, word

#: From the best evidence of an indicator's year to the least.
EVIDENCE = tuple("printed derived computed partial estimated bound several_years part_year".split())
ATTRIBUTES = (
    "unit scale floor ceiling decimals prior_sd better name_zh name_en statistic theme".split()
)
_OPTIONS = {
    "source": (None, "station", "published"),
    "partial": ("estimate", "observed", "drop"),
    "basis": ("raw", "old", "new"),
    "freq": ("annual", "monthly"),
    "dust": ("off", "on"),
}
# --------------------------------------------------------------------------------- series


def series(
    indicator: str,
    *,
    scope: str | None = None,
    source: str | None = None,
    partial: str = "estimate",
    basis: str = "raw",
    freq: str = "annual",
    dust: str = "off",
) -> pd.DataFrame:
    """Return one indicator of one area over time, each value with its evidence.

    Parameters
    ----------
    indicator : str
        Id or name, such as ``"pm25"``, ``"PM2.5"`` or ``"细颗粒物年均浓度"``.
    scope : str, optional
        Area, such as ``"东城区"`` or ``"Dongcheng"``; default the district of the plan.
    source : {"station", "published"}, optional
        Computed from station records, or published; never spliced. Default: station records
        where the area has any, else published; ``attrs["source"]`` says which.
    partial : {"estimate", "observed", "drop"}
        Incomplete years: estimated with a 95 % interval (status ``estimated``), as observed, or
        left out. What cannot be estimated stays as observed. Months are never estimated.
    basis : {"raw", "old", "new"}
        Reference state: as recorded, or all on the state before or after 2018-09-01.
    freq : {"annual", "monthly"}
        Monthly series are indexed by a monthly `PeriodIndex` named ``month``.
    dust : {"off", "on"}
        On: PM2.5 and PM10 leave out the days that a stand-in rule calls dust.

    Returns
    -------
    DataFrame
        Index ``year`` (int), ascending, only years with evidence. Columns value, lower, upper
        (a bound has no value), status, basis (where it changes, `trend` and `project` warn),
        completeness (station series), source_id (several joined by ``;``), release, obs_id
        (published series). ``attrs``: indicator, scope, source, freq, unit, scale, floor,
        ceiling, decimals, prior_sd, better, name_zh, name_en, statistic, theme, basis_setting,
        dust_setting, partial, and ``days`` (year to the days that a count or share is of).

    Raises
    ------
    InputError
        If a name or an option is unknown, nothing is known of the indicator there, or a
        published series is to be adjusted.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> pm25 = xc.series("PM2.5")
    >>> pm25.attrs["source"], pm25.loc[2015, "status"]
    ('station', 'computed')
    """
    asked = dict(source=source, partial=partial, basis=basis, freq=freq, dust=dust)
    _check_options(asked)
    entry = resolve_indicator(indicator)
    scope = resolve_scope(scope)
    rows, chosen = _read(entry, scope, source, freq)
    return _finish(rows, entry, scope, chosen, asked)


def _check_options(asked: dict) -> None:
    """Refuse a value that an option does not take."""
    for name, value in asked.items():
        if value not in _OPTIONS[name]:
            allowed = ", ".join(repr(v) for v in _OPTIONS[name])
            raise error("error.option", name=name, value=repr(value), allowed=allowed)


def _read(entry, scope: str, source: str | None, freq: str, archive_only: bool = False):
    """Read the rows of a series, and from which of the two sources they come."""
    indicator = entry["indicator"]
    if source in (None, "station"):
        rows = station_rows(indicator, scope, freq=freq, archive_only=archive_only)
        if len(rows):
            return rows, "station"
    if source in (None, "published"):
        rows = published_rows(entry, scope, freq=freq)
        if len(rows):
            return rows, "published"
    asked = {"what": word(f"series.{freq}"), "source": word(f"series.{source or 'any'}")}
    raise error("error.no_series", indicator=indicator, scope=area_name(scope), **asked)


def _finish(rows, entry: pd.Series, scope: str, source: str, asked: dict) -> pd.DataFrame:
    """Treat partial years, adjust, and say what the series is."""
    indicator, monthly = entry["indicator"], asked["freq"] == "monthly"
    counts = rows[["valid_days", "days"]] if "valid_days" in rows else None
    frame = rows.drop(columns=["valid_days", "days"], errors="ignore")
    if source == "station":
        frame = _treat_partial(frame, asked["partial"], indicator, scope, monthly)
    frame = adjust(frame, indicator, scope=scope, basis=asked["basis"], dust=asked["dust"])
    frame.attrs = {
        "indicator": indicator,
        "scope": scope,
        "source": source,
        "freq": asked["freq"],
        **{name: _value(entry.get(name)) for name in ATTRIBUTES},
        "basis_setting": asked["basis"],
        "dust_setting": asked["dust"],
        "partial": asked["partial"],
        "days": {} if monthly else _days_behind(frame, counts, entry["scale"]),
    }
    return frame


def _value(cell):
    """Take a cell as a plain Python value; None where it is empty."""
    if cell is None or pd.isna(cell):
        return None
    return cell.item() if hasattr(cell, "item") else cell


def _days_behind(frame: pd.DataFrame, counts: pd.DataFrame | None, scale: str) -> dict[int, int]:
    """Days that a count or a share is of: those with an AQI, of an estimate the whole year."""
    if counts is None or scale not in ("count", "share"):
        return {}
    counts = counts.loc[frame.index]
    days = counts["valid_days"].where(frame["status"] != "estimated", counts["days"])
    return {int(year): int(n) for year, n in days.items()}


def _treat_partial(frame, partial: str, indicator: str, scope: str, monthly: bool):
    """Estimate incomplete years, leave them as observed, or drop them."""
    incomplete = frame["completeness"] == "partial"
    if partial == "drop":
        return frame[~incomplete].copy()
    # the other areas have no daily values in the tables, so no year of theirs is estimated
    if partial == "observed" or monthly or scope != HOME or not incomplete.any():
        return frame
    estimates = estimate_partial(indicator)
    years = frame.index[incomplete].intersection(estimates.index)
    ends = ["value", "lower", "upper"]
    frame.loc[years, ends] = estimates.loc[years, ends]
    frame.loc[years, "status"] = "estimated"
    return frame


def compare(indicator: str, scopes: Iterable[str], **as_series) -> pd.DataFrame:
    """Put one indicator of several areas side by side, like with like.

    Parameters
    ----------
    indicator : str
        Id or name.
    scopes : iterable of str
        Areas, by Chinese or English name.
    **as_series
        Options of `series`: source, partial and, with ``source="published"``, freq; the others
        are known of the district alone and so refused.

    Returns
    -------
    DataFrame
        Index year, one column per area (its Chinese name). Where an area has stations, its
        values come from the hourly archive alone, the district's too; incomplete years stand as
        observed, since no other area can be estimated. ``attrs``, each area to its own:
        ``source`` (station or published), ``source_id``, ``partial_years``, ``draft_years``; and
        indicator, unit, decimals, name_zh, name_en.

    Raises
    ------
    InputError
        As `series`.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> table = xc.compare("traffic_noise", ["西城区", "Beijing"], source="published")
    >>> list(table)
    ['西城区', '北京市']
    """
    asked = {name: allowed[0] for name, allowed in _OPTIONS.items()} | as_series
    free = ("source", "partial", "freq")[: 3 if asked["source"] == "published" else 2]
    for name, value in asked.items():
        if name not in _OPTIONS or (name not in free and value in _OPTIONS[name][1:]):
            raise error("error.compare_option", name=name)
    _check_options(asked)
    entry = resolve_indicator(indicator)
    scopes = [scopes] if isinstance(scopes, str) else list(scopes)
    columns, source, ids, partial_years, draft_years = {}, {}, {}, {}, {}
    for scope in dict.fromkeys(resolve_scope(scope) for scope in scopes):
        rows, chosen = _read(entry, scope, asked["source"], asked["freq"], archive_only=True)
        incomplete = rows["completeness"] == "partial"
        if asked["partial"] == "drop":
            rows, incomplete = rows[~incomplete], incomplete[~incomplete]
        columns[scope], source[scope] = rows["value"], chosen
        ids[scope] = _join(rows["source_id"])
        partial_years[scope] = list(rows.index[incomplete])
        draft_years[scope] = list(rows.index[rows["release"] == "draft"])
    table = pd.DataFrame(columns).sort_index().rename_axis(columns="scope")
    table.attrs = {
        "indicator": entry["indicator"],
        "source": source,
        "source_id": ids,
        "partial_years": partial_years,
        "draft_years": draft_years,
        **{name: _value(entry.get(name)) for name in ("unit", "decimals", "name_zh", "name_en")},
    }
    return table


def _join(cells: pd.Series) -> str:
    """Join the ids of all cells, each once."""
    parts = [part.strip() for cell in cells.dropna() for part in str(cell).split(";")]
    return ";".join(dict.fromkeys(part for part in parts if part))


# --------------------------------------------------------------------- coverage and sources


def coverage(scope: str | None = None) -> pd.DataFrame:
    """Tell what is known of every indicator in every year, as evidence status.

    Parameters
    ----------
    scope : str, optional
        Area; default the district of the plan.

    Returns
    -------
    DataFrame
        One row per indicator of the register, one column per year (int, without gaps). A cell
        holds the best evidence there is: ``printed``, ``derived``, ``computed`` (a whole year of
        station records), ``partial`` (part of one), ``bound``; ``several_years`` or
        ``part_year`` where only another span is known; empty where nothing is.

    Raises
    ------
    InputError
        If the area is unknown.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.coverage().loc["traffic_noise", 2020]
    'printed'
    """
    scope = resolve_scope(scope)
    register = load("indicators").set_index("indicator")
    rows = load("observations")
    rows = rows[(rows["scope"] == scope) & rows["use"]]
    rows = rows[rows["statistic"] == rows["indicator"].map(register["statistic"])]
    several = rows["period"].str.fullmatch(r"\d{4}\.\.\d{4}").fillna(False).astype(bool)
    evidence = rows["status"].where(rows["period"] == "annual", "part_year")
    evidence = evidence.mask(several, "several_years")
    cells = [rows[["indicator", "year"]].assign(evidence=evidence)]
    air = load("air/annual")
    if scope not in set(air["scope"]):
        air = load("air/areas_annual")
    air = air[(air["scope"] == scope) & air["value"].notna()]
    status = air["completeness"].eq("partial").map({True: "partial", False: "computed"})
    cells.append(air[["indicator", "year"]].assign(evidence=status))
    cells = pd.concat(cells)
    rank = cells["evidence"].map({name: i for i, name in enumerate(EVIDENCE)})
    best = cells.assign(rank=rank).sort_values("rank", kind="stable")
    best = best.drop_duplicates(["indicator", "year"])
    table = best.pivot(index="indicator", columns="year", values="evidence")
    years = range(int(cells["year"].min()), int(cells["year"].max()) + 1)
    table = table.reindex(index=register.index, columns=pd.Index(years, name="year"))
    return table.astype("str").fillna("")


def sources_of(*items) -> pd.DataFrame:
    """List the sources behind frames or ids, as rows of the sources table.

    Parameters
    ----------
    *items : DataFrame, str or iterable of str
        Frames with a column ``source_id`` (several ids joined by ``;``) or, as `compare`
        returns them, with ``attrs["source_id"]``; or the ids themselves.

    Returns
    -------
    DataFrame
        Rows of ``sources`` in order of first use, index ``source_id``.

    Raises
    ------
    InputError
        If an id is not in the table.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.sources_of("plan").loc["plan", "publisher"]
    '北京市西城区人民政府'
    """
    wanted = _join(pd.Series([cell for item in items for cell in _ids(item)], dtype=object))
    wanted = wanted.split(";") if wanted else []
    table = load("sources").drop_duplicates("source_id").set_index("source_id")
    for one in wanted:
        if one not in table.index:
            raise error("error.unknown_source", name=one, near=near(one, table.index))
    return table.loc[wanted]


def _ids(item) -> list:
    """List the ids that a frame carries, or that were given."""
    if isinstance(item, str):
        return [item]
    if isinstance(item, pd.DataFrame):
        if "source_id" in item:
            return list(item["source_id"])
        return list(item.attrs.get("source_id", {}).values())
    return list(item)
