"""What is missing, what it costs, and where it usually stands."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError
from ..evidence import coverage
from ..packs.places import home
from ..schema.reading import near
from ..tables import data_dir, load
from ..verdicts import register
from ..verdicts.scorecard import judge_row, judged_rows, known_series
from ..verdicts.targets import CANNOT, CANNOT_ZH, read_by, read_target

COLUMNS = (
    *("plan_row", "indicator", "name_zh", "name_en", "unit", "year", "period", "known"),
    *("grade_now", "grade_filled", "verdict_now", "verdicts_filled", "changes"),
    *("verdict_now_zh", "verdicts_filled_zh", "publication_zh", "publication_en"),
    *("keeper_zh", "keeper_en", "where_zh", "where_en", "access", "place_quality"),
    *("lower", "upper", "basis"),
)
_FITTED = ("printed", "derived", "computed")
_OVER = ("over period",)
# how sure it is that a figure stands where the table of publications says
SURENESS = {
    "G": ("见", "see"),
    "A": ("通常见（有旁证，待核实）", "usually in (partly supported, not verified)"),
    "R": ("通常见（待核实）", "usually in (not verified)"),
}


@dataclass(frozen=True)
class _Line:
    """An indicator that a target of the plan speaks of, with all that judges it."""

    indicator: dict
    target: pd.Series | None
    series: pd.DataFrame
    settings: dict
    period: tuple[int, int]


def gaps(*, scope=None, plan=None, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Every indicator and year of a plan without a usable value, and what the gap costs.

    Parameters
    ----------
    scope : str, optional
        Default the district of the pack, see `places.home`.
    plan : str, optional
        Default the plan whose targets the district has most of, else the register's first.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Returns
    -------
    pandas.DataFrame
        One row per gap, by line of the plan's table and year. ``known`` is the evidence there is
        (a bound, a partial year, ...). ``grade_now`` and ``verdict_now`` stand as of the target
        year; ``grade_filled`` is the grade with this one year filled, ``verdicts_filled`` the
        verdicts that a value there can lead to, joined by `` | ``. ``changes`` is true if grade or
        verdict can move. The rest says where the figure usually stands, what bounds it and on
        which basis its neighbours are.

    Raises
    ------
    InputError
        If a table cannot be read, or scope or plan is unknown.

    Notes
    -----
    Years run from the base year or the first year of the fit, whichever is earlier, to the target
    year. A year is usable when the published series or a whole station year has a value. What is
    counted over the period of the plan is one gap. The verdicts reached are those for values just
    meeting and just missing the target (or its reading), the latest value known, and the ends of
    the 80 % interval: what-ifs, of which none is kept.
    """
    folder = data_dir(data)
    scope = _known_scope(scope, folder)
    lines, plan = _lines(scope, plan, folder)
    tables = {
        "assumptions": load("assumptions", data=folder),
        "observations": load("observations", data=folder).query("scope == @scope"),
        "air": load("air/annual", data=folder).query("scope == @scope"),
    }
    try:
        cover = coverage(scope=scope, data=folder)
    except InputError:  # nothing at all is known of it
        cover = pd.DataFrame()
    where = _publications(folder)
    rows = []
    for line in lines:
        rows += _line_gaps(line, scope, tables, cover, where)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs = {"scope": scope, "plan": plan}
    return frame


def _known_scope(scope: str | None, folder) -> str:
    """The scope asked for, if a table of the pack or its register speaks of it."""
    place = home(folder)
    if scope is None:
        return place.scope
    known = dict.fromkeys([place.scope, place.comparator])
    for table in ("targets", "observations", "air/annual"):
        known |= dict.fromkeys(load(table, data=folder)["scope"])
    if scope not in known:
        listed = ", ".join(list(known)[:20])
        raise InputError(
            f"--scope {scope[:40]!r}: 不是已知的范围；可用 {listed} · is unknown{near(scope, known)}: use one of"
            f" {listed}"
        )
    return scope


def _lines(scope, plan, folder) -> tuple[list[_Line], str]:
    targets, assumptions = load("targets", data=folder), load("assumptions", data=folder)
    plans = list(dict.fromkeys(targets["plan"]))
    if plan is None:
        # the plan whose own table names most of the lines; without one, the register's first
        own = targets[(targets["scope"] == scope) & targets["plan_row"].notna()]["plan"]
        fits = assumptions[assumptions["parameter"].isna()]["plan"]
        ranked = own.value_counts() if len(own) else fits[fits.isin(plans)].value_counts()
        plan = "" if ranked.empty else str(ranked.index[0])
    if plan not in plans:
        raise InputError(
            f"targets.csv: 没有规划 {plan!r}；可用 {', '.join(plans)} · plan {plan!r} is unknown{near(plan, plans)}:"
            f" use one of {', '.join(plans)}"
        )
    period = _period(targets, plan, scope)
    judged = judged_rows(scope=scope, plan=plan, as_of=period[1], data=folder)
    lines = [_Line(j.line, j.target, j.series, j.settings, period) for j in judged]
    seen = {line.indicator["indicator"] for line in lines}
    others = targets[(targets["plan"] == plan) & (targets["scope"] == scope)]
    names = load("indicators", data=folder).set_index("indicator", drop=False)
    tables = {
        "observations": load("observations", data=folder),
        "air": load("air/annual", data=folder),
    }
    for indicator, rows in others.groupby("indicator", sort=False):
        if indicator in seen:
            continue
        settings = register.fit_settings(assumptions, plan=plan, scope=scope, indicator=indicator)
        target = rows.iloc[0].copy()
        _, target["reading"] = register.reading_text(assumptions, target.get("reading"))
        frame = known_series(indicator, scope, settings, tables, folder)
        lines.append(_Line(names.loc[indicator].to_dict(), target, frame, settings, period))
    return lines, plan


def _period(targets, plan, scope) -> tuple[int, int]:
    """Base and target year of a plan: the district's targets, else anybody's."""
    rows = targets[targets["plan"] == plan]
    own = rows[rows["scope"] == scope]
    rows = own if len(own) else rows
    last = int(rows["target_year"].max())
    base = rows["base_year"].dropna()
    return (last if base.empty else int(base.mode().iloc[0])), last


def _line_gaps(line, scope, tables, cover, where) -> list[dict]:
    name = line.indicator["indicator"]
    first, last = _span(line, tables["assumptions"])
    span = any(word in str(line.indicator["statistic"]) for word in _OVER)
    if span:
        start = first if "change" in str(line.indicator["statistic"]) else first + 1
        periods = [(last, f"{start}..{last}")]
        periods = [] if _has_span(tables["observations"], name, scope, last) else periods
    else:
        usable = _usable(name, line, scope, tables)
        periods = [(year, "annual") for year in range(first, last + 1) if year not in usable]
    if not periods:
        return []
    now = _judge(line.series, line, tables, scope, last)
    fixed = {
        "plan_row": line.indicator["plan_row"],
        **{key: line.indicator[key] for key in ("name_zh", "name_en", "unit")},
        "indicator": name,
        "grade_now": "E" if now is None else now.grade,
        "verdict_now": CANNOT if now is None else _shown(now)[0],
        "verdict_now_zh": CANNOT_ZH if now is None else _shown(now)[1],
        "basis": _basis(tables["observations"], name, scope),
        **where.get(name, {}),
    }
    out = []
    for year, period in periods:
        known = ""
        if name in cover.index and year in cover.columns:
            known = str(cover.at[name, year])
        row = fixed | {"year": year, "period": period, "known": known}
        row |= _bounds(tables["observations"], name, scope, year, period)
        filled = [] if now is None or span else _filled(line, year, now, row, tables, scope, last)
        row["grade_filled"] = min((a.grade for a in filled), default=row["grade_now"])
        for suffix, place in (("", 0), ("_zh", 1)):
            words = dict.fromkeys(_shown(a)[place] for a in filled)
            row[f"verdicts_filled{suffix}"] = " | ".join(words) or row[f"verdict_now{suffix}"]
        row["changes"] = (
            row["grade_filled"] != row["grade_now"] or row["verdicts_filled"] != row["verdict_now"]
        )
        out.append(row)
    return out


def _span(line, assumptions) -> tuple[int, int]:
    """First and last year in which a value counts for the plan."""
    window = line.settings["window"] or (None, None)
    base, last = line.period
    if line.target is not None:
        last, base = int(line.target["target_year"]), line.target.get("base_year")
    starts = [
        year for year in (window[0], None if pd.isna(base) else int(base)) if year is not None
    ]
    if any(word in str(line.indicator["statistic"]) for word in _OVER) and not pd.isna(base):
        return int(base), last
    return min(starts, default=last), last


def _usable(name, line, scope, tables) -> set[int]:
    air = tables["air"]
    air = air[(air["indicator"] == name) & (air["scope"] == scope) & air["value"].notna()]
    seen = tables["observations"]
    seen = seen[
        (seen["indicator"] == name)
        & (seen["scope"] == scope)
        & seen["use"]
        & (seen["period"] == "annual")
        & (seen["statistic"] == line.indicator["statistic"])
        & seen["value"].notna()
        & seen["status"].isin(_FITTED)
    ]
    return set(air.loc[air["completeness"] != "partial", "year"]) | set(seen["year"])


def _has_span(observations, name, scope, last) -> bool:
    rows = observations[(observations["indicator"] == name) & (observations["scope"] == scope)]
    return bool(((rows["year"] == last) & rows["value"].notna() & rows["use"]).any())


def _bounds(observations, name, scope, year, period) -> dict:
    """What the published figures say that the missing value must lie between."""
    rows = observations[
        (observations["indicator"] == name)
        & (observations["scope"] == scope)
        & (observations["year"] == year)
        & (observations["period"] == period)
        & (observations["status"] == "bound")
        & observations["use"]
    ]
    return {"lower": rows["lower"].max(), "upper": rows["upper"].min()}


def _judge(frame, line, tables, scope, as_of):
    if line.target is None:
        return None
    name = line.indicator["indicator"]
    return judge_row(frame, line.target, line.settings, tables, name, scope, as_of)


def _shown(assessment) -> tuple[str, str]:
    """The verdict, with the one under a reading behind it, in English and Chinese."""
    en, zh = assessment.verdict, assessment.verdict_zh
    under = assessment.under_reading
    if under is not None and assessment.kind == "delegated":
        en, zh = f"{en} (under the reading: {under.verdict})", f"{zh}（按读法：{under.verdict_zh}）"
    return en, zh


def _filled(line, year, now, row, tables, scope, as_of) -> list:
    return [
        _judge(_with_value(line.series, year, value), line, tables, scope, as_of)
        for value in _trials(line, year, now, row)
    ]


def _trials(line, year, now, row) -> list[float]:
    """Values that tell the verdicts apart: around the target, as before, the ends of what is likely."""
    step = 10.0 ** -int(line.indicator["decimals"])
    aim = read_target(line.target)
    if aim.value is None:
        aim = read_by(aim, aim.reading) if aim.reading else None
    known = line.series["value"].dropna().astype(float)
    values = [float(known.iloc[-1])] if len(known) else []
    if aim is not None:  # without one no value can move the verdict, only the grade
        values += [aim.value - step, aim.value, aim.value + step]
        parts = (now.under_reading or now).components
        values += [parts.get(key, math.nan) for key in ("lower_80", "upper_80")]
    low = max(_number(line.indicator["floor"], -math.inf), _number(row["lower"], -math.inf))
    high = min(_number(line.indicator["ceiling"], math.inf), _number(row["upper"], math.inf))
    inside = [float(v) for v in values if low <= v <= high]
    if not inside:
        inside = [end for end in (low, high) if math.isfinite(end)]
    return sorted(set(inside))


def _number(value, otherwise: float) -> float:
    return otherwise if pd.isna(value) else float(value)


def _with_value(frame, year, value):
    """The series with one more printed value; the frame given stays as it is."""
    row = dict.fromkeys(frame.columns, "")
    row |= {"value": value, "lower": np.nan, "upper": np.nan, "status": "printed"}
    if "basis" in frame.columns and len(frame):
        row["basis"] = frame["basis"].iloc[-1]
    rest = frame[frame.index != year]
    columns = {
        name: pd.Series([*rest[name], row[name]], dtype=object if name not in
                        ("value", "lower", "upper") else float)
        for name in frame.columns
    }  # fmt: skip
    out = pd.DataFrame(columns)
    out.index = pd.Index([*rest.index, year], dtype="int64", name="year")
    out = out.sort_index()
    out.attrs = dict(frame.attrs)
    return out


def _publications(folder) -> dict[str, dict]:
    """Where each indicator's figure usually stands; several places joined."""
    names = [c for c in COLUMNS if c.startswith(("publication", "keeper", "where"))] + ["access"]
    try:
        table = load("publications", data=folder)
    except InputError:  # a pack may do without it
        return {}
    table = table.rename(columns={"quality": "place_quality"})
    names.append("place_quality")
    joined = table.groupby("indicator", sort=False)[names].agg(lambda cells: "; ".join(cells))
    return joined.to_dict("index")


def _basis(observations, name, scope) -> str:
    """The basis of the published annual figures, if they share one."""
    rows = observations[
        (observations["indicator"] == name)
        & (observations["scope"] == scope)
        & (observations["period"] == "annual")
    ]
    return ";".join(dict.fromkeys(rows.sort_values("year")["basis"].dropna()))


def described(frame: pd.DataFrame) -> list[str]:
    """Gaps as lines of text: years of an indicator with the same cost stand together.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `gaps`.

    Returns
    -------
    list of str
        Both languages; a blank line between indicators.
    """
    out = []
    for _, rows in frame.groupby("indicator", sort=False):
        first = rows.iloc[0]
        number = "" if pd.isna(first["plan_row"]) else f"{int(first['plan_row'])} "
        out.append(
            f"{number}{first['name_zh']} {first['name_en']} [{first['indicator']}, {first['unit']}]"
        )
        out.append(
            f"    now · 现在: {first['grade_now']}, {first['verdict_now_zh']} {first['verdict_now']}"
        )
        same = rows.groupby(["known", "grade_filled", "verdicts_filled"], sort=False)
        for _, group in same:
            row = group.iloc[0]
            years = row["period"] if row["period"] != "annual" else _years(group["year"])
            known = f" ({row['known']})" if row["known"] else ""
            cost = "no verdict or grade moves · 判断与等级不变"
            if row["changes"]:
                graded = row["grade_filled"] != row["grade_now"]
                grade = f"{row['grade_now']} → {row['grade_filled']}; " if graded else ""
                cost = f"{grade}{row['verdicts_filled_zh']} · {row['verdicts_filled']}"
            out.append(f"    {years}{known}: {cost}")
        if isinstance(first["publication_zh"], str):
            places = zip(
                *(str(first[k]).split("; ") for k in (
                    "publication_zh", "where_zh", "keeper_zh",
                    "publication_en", "where_en", "keeper_en", "access", "place_quality",
                )),
                strict=True,
            )  # fmt: skip
            for pz, wz, kz, pe, we, ke, access, quality in places:
                zh, en = SURENESS[quality]
                out.append(f"    {zh} {pz}（{kz}）：{wz} · {en} {pe} ({ke}): {we} [{access}]")
        out.append("")
    return out


def _years(years) -> str:
    """2015, 2017–2019, 2021"""
    runs: list[list[int]] = []
    for year in sorted(int(y) for y in years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(f"{r[0]}–{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
