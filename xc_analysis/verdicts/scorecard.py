"""One row per line of a plan's table of indicators, each traceable to rows, assumptions, formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xc_analysis.assessment import Assessment, assess
from xc_analysis.errors import InputError
from xc_analysis.evidence import series
from xc_analysis.packs.places import home
from xc_analysis.packs.places import plan as own_plan
from xc_analysis.tables import load
from xc_analysis.verdicts import register
from xc_analysis.verdicts.targets import CANNOT, CANNOT_ZH
from xc_analysis.verdicts.withheld import NO_OUTTURN, veiled_card

COLUMNS = (
    *("plan_row", "indicator", "kind", "baseline", "latest", "target", "verdict", "p_meet"),
    *("grade", "flags", "reading", "verdict_under_reading"),
)
# what only a line with a target fills
_ALL = (
    *("verdict_under_reading_zh", "p_under_reading", "branch", "comparator", "base_year"),
    *("target_year", "binding", "baseline_year", "baseline_status", "latest_year"),
    *("latest_status", "margin", "n", "p_trend", "median", "lower_80", "upper_80", "lower_95"),
    *("upper_95", "outturn_lower", "outturn_upper", "required_rate", "past_rate", "why"),
    *("why_zh", "why_under_reading", "why_under_reading_zh", "missing", "missing_zh", "flags_en"),
    *("flags_zh", "source", "method", "window", "formula", "target_id", "assumption_id"),
    *("parameter_ids", "reading_id", "evidence", "source_ids"),
)


def scorecard(*, scope=None, plan=None, as_of=None, data=None) -> pd.DataFrame:
    """Every line of the plan's table of indicators, judged with what was known by a year.

    Parameters
    ----------
    scope : str, optional
        District or city; default the district of the pack.
    plan : str, optional
        Plan of the table ``targets``; default the pack's own.
    as_of : int, optional
        Last year whose values are used; default the base year of the pack's plan.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    pandas.DataFrame
        One row per ``plan_row`` of the register of indicators (14 in the project's own).
        First the columns ``plan_row, indicator, kind, baseline, latest, target, verdict,
        p_meet, grade, flags, reading, verdict_under_reading``; ``flags`` are codes joined by
        ``;``. A delegated target is "cannot be judged" and has no ``p_meet`` whatever the data.
        Then the words in both languages, the numbers behind the verdict, and what leads back
        from it: ``target_id``, ``assumption_id``, ``parameter_ids``, ``reading_id``,
        ``evidence`` (rows used), ``source_ids``, ``formula``.

    Raises
    ------
    InputError
        A table that cannot be read, a plan that no target belongs to, an area that no row names.

    Notes
    -----
    Window, method, source, readings and parameters come from the table ``assumptions``. The
    baseline is the published value of the base year or the nearest before it, since that is
    what a plan sets its targets against; the fit may rest on another source.
    """
    scope, plan, as_of = _defaults(scope, plan, as_of, data)
    judged = judged_rows(scope=scope, plan=plan, as_of=as_of, data=data)
    card = card_of(judged, scope=scope, plan=plan, as_of=as_of)
    return veiled_card(card, scope=scope, until=as_of, data=data)


def _defaults(scope, plan, as_of, data):
    """Area, plan and year, those left open taken from the pack."""
    if plan is not None:
        plans = set(load("targets", data=data)["plan"].dropna())
        if plan not in plans:
            raise InputError(
                f"targets.csv: no plan {plan!r}; plans there: {', '.join(sorted(plans))}"
            )
    if plan is None or as_of is None:
        own = own_plan(plan, data=data)
        plan, as_of = own.name, own.base if as_of is None else as_of
    return scope or home(data).scope, plan, as_of


def card_of(judged, *, scope, plan, as_of) -> pd.DataFrame:
    """The table of :func:`scorecard` from lines already judged."""
    frame = pd.DataFrame([_cells(one, as_of, plan, scope) for one in judged])
    # a pack without targets has the same columns, empty
    frame = frame.reindex(columns=list(dict.fromkeys((*frame.columns, *_ALL))))
    frame.attrs = {"scope": scope, "plan": plan, "as_of": as_of}
    return frame


@dataclass(frozen=True)
class Judged:
    """One line of the plan's table: its target, its series, the verdict and their settings.

    ``target`` and ``assessment`` are None where the plan has no target for it.
    """

    line: dict
    target: pd.Series | None
    series: pd.DataFrame
    assessment: Assessment | None
    baseline: pd.Series | None
    settings: dict
    reading_id: str


def judged_rows(*, scope=None, plan=None, as_of=None, data=None) -> list[Judged]:
    """The objects behind :func:`scorecard`, one per line of the plan's table.

    Parameters and errors as there.
    """
    scope, plan, as_of = _defaults(scope, plan, as_of, data)
    targets = load("targets", data=data)
    if not isinstance(as_of, int | np.integer):
        raise InputError(f"as_of {as_of!r} is not a whole year")
    indicators = load("indicators", data=data)
    lines = indicators[indicators["plan_row"].notna()].sort_values("plan_row")
    tables = {
        "assumptions": load("assumptions", data=data),
        "observations": load("observations", data=data),
        "air": load("air/annual", data=data),
    }
    place = home(data)
    known = {place.scope, place.comparator, *targets["scope"]}
    known |= {*tables["observations"]["scope"], *tables["air"]["scope"]}
    if scope not in known:
        listed = ", ".join(sorted(known - {""}))
        raise InputError(f"nothing is known of scope {scope!r}; scopes there: {listed}")
    out = []
    for line in lines.to_dict("records"):
        settings = register.fit_settings(
            tables["assumptions"], plan=plan, scope=scope, indicator=line["indicator"]
        )
        frame = known_series(line["indicator"], scope, settings, tables, data)
        target = _target_row(targets, plan, scope, line)
        base_year = None if target is None else _int(target.get("base_year"))
        base = _baseline(tables["observations"], line, scope, base_year or as_of, as_of)
        reading_id, result = "", None
        if target is not None:
            target = target.copy()
            reading_id, target["reading"] = register.reading_text(
                tables["assumptions"], target.get("reading")
            )
            result = judge_row(frame, target, settings, tables, line["indicator"], scope, as_of)
        out.append(Judged(line, target, frame, result, base, settings, reading_id))
    return out


def _target_row(targets, plan, scope, line):
    """The plan's target for one line of its table; None where it has none."""
    rows = targets[
        (targets["plan"] == plan)
        & (targets["scope"] == scope)
        & (targets["indicator"] == line["indicator"])
    ]
    if "plan_row" in rows and rows["plan_row"].notna().any():
        rows = rows[rows["plan_row"] == line["plan_row"]]
    return None if rows.empty else rows.iloc[0]


def judge_row(frame, target, settings, tables, indicator, scope, as_of):
    """:func:`assess` with everything the register sets for the row."""
    return assess(
        frame,
        target,
        as_of=as_of,
        method=settings["method"],
        window=settings["window"],
        exceptional=settings["exceptional"],
        prior_sd=settings["prior_sd"],
        passing=_passing(frame, settings, tables["observations"], scope, as_of),
        conflict=_conflict(tables["observations"], frame, indicator, scope, as_of),
        **({} if settings["phi"] is None else {"phi": settings["phi"]}),
    )


def known_series(indicator, scope, settings, tables, data=None) -> pd.DataFrame:
    """The series that the register names, or the one there is; empty where nothing is known."""
    annual = tables["observations"]["period"] == "annual"
    there = {
        "station": _any(tables["air"], indicator, scope),
        "published": _any(
            tables["observations"][annual & tables["observations"]["use"]], indicator, scope
        ),
    }
    wanted = settings["source"]
    source = wanted if there.get(wanted) else next((k for k, v in there.items() if v), None)
    if source is not None:
        try:
            return series(
                indicator,
                scope=scope,
                source=source,
                partial=settings["partial"],
                basis=settings["basis"],
                dust=settings.get("dust", "off") if source == "station" else "off",
                data=data,
            )
        except InputError:
            # rows of another statistic only: the series of this indicator is empty
            if there[source] and (source == "station" or settings["basis"] != "raw"):
                raise
    columns = ("value", "lower", "upper", "status", "basis", "completeness", "source_id", "obs_id")
    empty = pd.DataFrame({c: pd.Series(dtype=object) for c in columns})
    empty["value"] = empty["value"].astype(float)
    empty.index = pd.Index([], dtype="int64", name="year")
    register_row = load("indicators", data=data).set_index("indicator").loc[indicator]
    named = {k: v for k, v in register_row.items() if not pd.isna(v)}
    empty.attrs = named | {"indicator": indicator, "scope": scope, "source": wanted or ""}
    return empty


def _any(table, indicator, scope):
    return bool(((table["indicator"] == indicator) & (table["scope"] == scope)).any())


def _int(value):
    return None if value is None or pd.isna(value) else int(value)


def _annual(observations, indicator, scope):
    rows = observations[
        (observations["indicator"] == indicator)
        & (observations["scope"] == scope)
        & (observations["period"] == "annual")
    ]
    return rows


def _baseline(observations, line, scope, base_year, as_of):
    """Published row of the base year, or the nearest before it; None without one."""
    rows = _annual(observations, line["indicator"], scope)
    rows = rows[
        rows["use"]
        & (rows["statistic"] == line["statistic"])
        & rows["value"].notna()
        & (rows["year"] <= min(base_year, as_of))
    ]
    return None if rows.empty else rows.sort_values("year").iloc[-1]


def _passing(frame, settings, observations, scope, as_of):
    """(k, n, next) for a share at its bound whose count of units the register names."""
    unit = settings.get("count_of")
    known = frame[(frame.index <= as_of) & frame["value"].notna()] if len(frame) else frame
    if not unit or known.empty:
        return None
    counts = _annual(observations, unit, scope)
    counts = counts[counts["use"] & counts["value"].notna() & (counts["year"] <= as_of)]
    same = counts[counts["year"] == known.index[-1]]
    if same.empty:
        return None
    n, share = int(same.iloc[0]["value"]), float(known["value"].iloc[-1])
    return round(n * share / 100), n, int(counts.sort_values("year").iloc[-1]["value"])


def _conflict(observations, frame, indicator, scope, as_of):
    """Do sources print different values for a year of the series?"""
    rows = _annual(observations, indicator, scope)
    rows = rows[(rows["year"] <= as_of) & rows["value"].notna()]
    rows = rows[rows["year"].isin(frame.index)]
    spread = rows.groupby(["year", "statistic"])["value"].agg(np.ptp)
    return bool((spread > 0).any())


def _without_target(frame, base, as_of, plan, scope):
    known = frame[(frame.index <= as_of) & frame["value"].notna()] if len(frame) else frame
    return {
        "kind": "none",
        "baseline": np.nan if base is None else float(base["value"]),
        "latest": np.nan if known.empty else float(known["value"].iloc[-1]),
        "target": np.nan,
        "verdict": CANNOT,
        "verdict_zh": CANNOT_ZH,
        "p_meet": np.nan,
        "grade": "E",
        "flags": "",
        "reading": "",
        "verdict_under_reading": "",
        "branch": "no target",
        "why": f"missing: a target of plan {plan} for {scope}",
        "why_zh": f"缺少：{plan}规划中{scope}的目标",
    }


def _cells(judged, as_of, plan, scope):
    """One row of the scorecard."""
    names = ("plan_row", "indicator", "name_zh", "name_en", "unit", "theme")
    row = {name: judged.line[name] for name in names} | {"plan_row": int(judged.line["plan_row"])}
    if judged.target is None:
        row |= _without_target(judged.series, judged.baseline, as_of, plan, scope)
    else:
        row |= _judged_cells(judged, as_of)
    return _ordered(row)


def _judged_cells(judged, as_of):
    a, frame, target, base = judged.assessment, judged.series, judged.target, judged.baseline
    shown = a.under_reading or a
    parts, projection = shown.components, shown.projection
    flags, flags_en, flags_zh = list(a.flags), list(a.flags_en), list(a.flags_zh)
    if as_of >= int(target["target_year"]) and not _seen(frame, int(target["target_year"])):
        for cells, word in zip((flags, flags_en, flags_zh), NO_OUTTURN, strict=True):
            cells.append(word)
    used = frame[frame.index.isin(a.points.years)]
    ids = judged.settings["ids"]
    return {
        "kind": a.kind,
        "baseline": a.baseline if base is None else float(base["value"]),
        "latest": a.latest,
        "target": np.nan if pd.isna(target["value"]) else float(target["value"]),
        "verdict": a.verdict,
        "p_meet": a.p_meet,
        "grade": a.grade,
        "flags": ";".join(flags),
        "reading": a.reading,
        "verdict_under_reading": a.verdict_under_reading,
        "verdict_zh": a.verdict_zh,
        "verdict_under_reading_zh": a.under_reading.verdict_zh if a.under_reading else "",
        "p_under_reading": a.p_under_reading,
        "branch": a.branch,
        "comparator": target["comparator"],
        "base_year": _int(target.get("base_year")),
        "target_year": int(target["target_year"]),
        "binding": target.get("binding"),
        "baseline_year": a.baseline_year if base is None else int(base["year"]),
        "baseline_status": "" if base is None else base["status"],
        "latest_year": a.latest_year,
        "latest_status": _status(frame, a.latest_year),
        "margin": shown.margin,
        "n": a.n,
        "p_trend": a.p_trend,
        "median": parts.get("median", np.nan),
        "lower_80": parts.get("lower_80", np.nan),
        "upper_80": parts.get("upper_80", np.nan),
        "lower_95": parts.get("lower_95", np.nan),
        "upper_95": parts.get("upper_95", np.nan),
        "outturn_lower": parts.get("outturn_lower", np.nan),
        "outturn_upper": parts.get("outturn_upper", np.nan),
        "required_rate": parts.get("required_rate", np.nan),
        "past_rate": parts.get("past_rate", np.nan),
        "why": a.why,
        "why_zh": a.why_zh,
        "why_under_reading": a.under_reading.why if a.under_reading else "",
        "why_under_reading_zh": a.under_reading.why_zh if a.under_reading else "",
        "missing": a.missing,
        "missing_zh": a.missing_zh,
        "flags_en": "; ".join(flags_en),
        "flags_zh": "；".join(flags_zh),
        "source": frame.attrs.get("source", ""),
        "method": "" if projection is None else projection.method,
        "window": "" if projection is None else "{}-{}".format(*projection.window),
        "formula": shown.formula,
        "target_id": target.get("target_id"),
        "assumption_id": ids.get("fit", ""),
        "parameter_ids": ";".join(v for k, v in ids.items() if k != "fit"),
        "reading_id": judged.reading_id,
        "evidence": _evidence(used, frame.attrs),
        "source_ids": ";".join(_distinct(used, "source_id")),
    }


def _seen(frame, year):
    """Is anything known of a year: a value, an estimate or a bound?"""
    if year not in frame.index:
        return False
    return bool(frame.loc[year, ["value", "lower", "upper"]].notna().any())


def _status(frame, year):
    if year is None or "status" not in frame.columns:
        return ""
    return str(frame.loc[year, "status"])


def _distinct(frame, column):
    if column not in frame.columns:
        return []
    parts = [p.strip() for cell in frame[column].dropna() for p in str(cell).split(";")]
    return list(dict.fromkeys(p for p in parts if p))


def _evidence(used, attrs):
    """The rows a verdict rests on: obs_ids, or the years of a computed series."""
    if used.empty:
        return ""
    if attrs.get("source") == "station":
        return (
            f"air/annual.csv: {attrs.get('scope')}, {attrs.get('indicator')}, "
            f"{used.index[0]}-{used.index[-1]}"
        )
    return "observations.csv: " + ", ".join(_distinct(used, "obs_id"))


def _ordered(row):
    head = {name: row.pop(name) for name in COLUMNS}
    return head | row
