"""Series, comparisons, coverage and sources: what is known, never spliced and never filled."""

from collections.abc import Iterable

import pandas as pd

from .comparability import BASIS, ENDS, PARTICLES, adjust
from .hourly.layouts import check_option
from .observations import COLUMNS, HOME, read_rows, resolve_indicator, resolve_scope
from .partial_years import estimate_partial
from .tables import load, near
from .words import area_name, error

#: From the best evidence of an indicator's year to the least.
EVIDENCE = tuple("printed derived computed partial estimated bound several_years part_year".split())
_ATTRS = "unit scale floor ceiling decimals prior_sd better name_zh name_en statistic theme".split()
_OPTIONS = {
    "source": (None, "station", "published"),
    "partial": ("estimate", "observed", "drop"),
    "basis": ("raw", "old", "new"),
    "freq": ("annual", "monthly"),
    "dust": ("off", "on"),
}


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
        Station records or what was published, never spliced; default the former where the area
        has any, else the latter (``attrs["source"]``).
    partial : {"estimate", "observed", "drop"}
        Incomplete years: estimated with a 95 % interval (status ``estimated``) where they can be,
        as observed, or left out. Months are never estimated.
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
    _read_options(source=source, partial=partial, basis=basis, freq=freq, dust=dust)
    entry = resolve_indicator(indicator)
    frame, scope, source = read_rows(entry, scope, source, freq)
    yearly = source == "station" and freq == "annual"
    if partial == "drop":
        frame = frame[frame["completeness"] != "partial"]
    # the other areas have no daily values in the tables, so no year of theirs is estimated
    elif partial == "estimate" and yearly and scope == HOME:
        estimates = estimate_partial(entry["indicator"])
        years = frame.index[frame["completeness"] == "partial"].intersection(estimates.index)
        frame.loc[years, ENDS] = estimates.loc[years, ENDS]
        frame.loc[years, "status"] = "estimated"
    frame = adjust(frame, entry["indicator"], scope=scope, basis=basis, dust=dust)
    days = pd.Series(dtype="int64")
    if yearly and entry["scale"] in ("count", "share"):
        # those with an AQI, of an estimate the whole year
        days = frame["valid_days"].where(frame["status"] != "estimated", frame["days"])
    frame = frame[list(COLUMNS)]
    frame.attrs = {"indicator": entry["indicator"], "scope": scope, "source": source, "freq": freq}
    frame.attrs |= _cells(entry, _ATTRS) | {"basis_setting": basis, "dust_setting": dust}
    frame.attrs |= {"partial": partial, "days": {int(year): int(n) for year, n in days.items()}}
    return frame


def _read_options(**asked) -> dict:
    """Fill what is asked with the defaults; refuse another option or value."""
    for name, value in asked.items():
        if name not in _OPTIONS:
            raise error("error.compare_option", name=name, allowed=", ".join(_OPTIONS))
        check_option(name, value, _OPTIONS[name])
    return {name: allowed[0] for name, allowed in _OPTIONS.items()} | asked


def _cells(entry: pd.Series, names) -> dict:
    """Take cells of the register as plain values; None where they are empty."""
    known = entry[list(names)].dropna()
    plain = {name: cell.item() if hasattr(cell, "item") else cell for name, cell in known.items()}
    return dict.fromkeys(names) | plain


def compare(indicator: str, scopes: Iterable[str], **as_series) -> pd.DataFrame:
    """Put one indicator of several areas side by side, like with like.

    Parameters
    ----------
    indicator : str
        Id or name.
    scopes : iterable of str
        Areas, by Chinese or English name.
    **as_series
        Options of `series`. The tables hold no days of the archive alone: ``basis`` keeps the
        years that were recorded on that state, and ``dust="on"`` is refused for particulates.

    Returns
    -------
    DataFrame
        Index year, one column per area (its Chinese name). Values of stations are from the hourly
        archive alone, the district's too; incomplete years stand as observed, since no other area
        can be estimated; months are as published. ``attrs``, each area to its own: ``source``
        (station or published), ``source_id``, ``partial_years``, ``draft_years``; and indicator,
        unit, decimals, name_zh, name_en, freq, basis_setting, dust_setting.

    Raises
    ------
    InputError
        As `series`, and where ``basis`` leaves nothing of an area.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> table = xc.compare("traffic_noise", ["西城区", "Beijing"], source="published")
    >>> list(table)
    ['西城区', '北京市']
    """
    asked = _read_options(**as_series)
    entry, areas, source = resolve_indicator(indicator), {}, {}
    for name in [scopes] if isinstance(scopes, str) else scopes:
        how = asked["source"], asked["freq"]
        rows, scope, kind = read_rows(entry, name, *how, archive_only=True)
        if asked["basis"] != "raw":
            rows = rows[rows["basis"] == BASIS[asked["basis"]]]
        if rows.empty or (asked["dust"] == "on" and entry["indicator"] in PARTICLES):
            name = area_name(scope)
            raise error("error.cannot_adjust", indicator=entry["indicator"], scope=name)
        if asked["partial"] == "drop":
            rows = rows[rows["completeness"] != "partial"]
        areas[scope], source[scope] = rows, kind
    table = pd.DataFrame({scope: rows["value"] for scope, rows in areas.items()})
    table = table.sort_index().rename_axis(columns="scope")
    ids = {s: _join(rows["source_id"]) for s, rows in areas.items()}
    table.attrs = {"indicator": entry["indicator"], "source": source, "source_id": ids}
    for kind, column in (("partial", "completeness"), ("draft", "release")):
        years = {s: list(rows.index[rows[column] == kind]) for s, rows in areas.items()}
        table.attrs[f"{kind}_years"] = years
    table.attrs |= _cells(entry, ("unit", "decimals", "name_zh", "name_en"))
    table.attrs |= {"freq": asked["freq"], "basis_setting": asked["basis"]}
    table.attrs["dust_setting"] = asked["dust"]
    return table


def _join(cells: Iterable) -> str:
    parts = [part.strip() for cell in cells if pd.notna(cell) for part in str(cell).split(";")]
    return ";".join(dict.fromkeys(part for part in parts if part))


def coverage(scope: str | None = None) -> pd.DataFrame:
    """Tell what is known of every indicator in every year, as evidence status.

    Parameters
    ----------
    scope : str, optional
        Area; default the district of the plan.

    Returns
    -------
    DataFrame
        A row per indicator, a column per year (int, without gaps), in each cell the best evidence
        there is: ``printed``, ``derived``, ``computed`` (a whole year of station records),
        ``partial`` (part of one), ``bound``; ``several_years`` or ``part_year`` where only another
        span is known; empty where nothing is.

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
    evidence = rows["status"].where(rows["period"] == "annual", "part_year")
    several = rows["period"].str.fullmatch(r"\d{4}\.\.\d{4}")
    rows = rows.assign(evidence=evidence.mask(several, "several_years"))
    air = load("air/annual")
    if scope not in set(air["scope"]):
        air = load("air/areas_annual")
    air = air[(air["scope"] == scope) & air["value"].notna()]
    whole = air["completeness"] != "partial"
    cells = pd.concat([rows, air.assign(evidence=air["completeness"].mask(whole, "computed"))])
    cells["evidence"] = pd.Categorical(cells["evidence"], EVIDENCE, ordered=True)
    best = cells.groupby(["indicator", "year"])["evidence"].min().astype("str").unstack()
    years = pd.RangeIndex(best.columns.min(), best.columns.max() + 1, name="year")
    return best.reindex(index=register.index, columns=years).astype("str").fillna("")


def sources_of(*items) -> pd.DataFrame:
    """List the sources behind frames or ids, as rows of the sources table.

    Parameters
    ----------
    *items : DataFrame, Projection, Trend, Assessment, str or iterable of these
        Frames with a column ``source_id`` (several ids joined by ``;``) or, as `compare`
        returns them, with ``attrs["source_id"]``; results made of one; or the ids themselves.

    Returns
    -------
    DataFrame
        Rows of ``sources`` in order of first use, index ``source_id``.

    Raises
    ------
    InputError
        If an id is not in the table, or an item carries none.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.sources_of("plan").loc["plan", "publisher"]
    '北京市西城区人民政府'
    """
    wanted = [one for one in _join(_ids(items)).split(";") if one]
    table = load("sources").drop_duplicates("source_id").set_index("source_id")
    for one in wanted:
        if one not in table.index:
            raise error("error.unknown_source", name=one, near=near(one, table.index))
    return table.loc[wanted]


def _ids(item) -> list:
    """List the ids that a frame or the series of a result carries, or that were given."""
    if isinstance(getattr(item, "data", None), pd.DataFrame):
        item = item.data
    if isinstance(item, pd.DataFrame):
        ids = item["source_id"] if "source_id" in item else item.attrs.get("source_id", ())
        return _ids(ids.values() if isinstance(ids, dict) else ids)
    if pd.api.types.is_scalar(item):
        return [item]
    if isinstance(item, Iterable):
        return [cell for one in item for cell in _ids(one)]
    raise error("error.no_source_id", given=type(item).__name__)
