"""Recompute what the plan prints about the past, and list what it commits the district to."""

import re
from math import isnan, nan

import pandas as pd

from .derivation import evaluate, half_unit
from .errors import InputError
from .observations import HOME, station_rows
from .tables import load
from .targets import shown_sign
from .words import amount, clauses, difference_unit, error, message, unit_name, word

#: Verdicts of the numbers that could be checked at all.
CHECKED = ("agrees", "consistent", "not accounted for", "differs")
#: Verdicts on a printed number, from the best support to none.
VERDICTS = ("agrees", "consistent", "implies", *CHECKED[2:], "cannot tell", "wording")
# by what a row claims: the verdict where the figures meet, where they do not
_COMPARED = {
    "independent": ("agrees", "differs"),
    "consistent": ("consistent", "differs"),
    "not_accounted": ("consistent", "not accounted for"),
}
_COLUMNS = (
    "statement_id chapter chapter_en locator statement statement_en printed printed_en "
    "recomputed recomputed_unit difference tolerance verdict verdict_zh verdict_en why_zh why_en "
    "claim kind unit year comparator value recompute obs_id"
).split()
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def statements() -> pd.DataFrame:
    """Judge every number that the plan prints about the past or the present.

    Returns
    -------
    pandas.DataFrame
        One row per statement, in the plan's order: ``statement``, ``printed`` (with comparator and
        unit), ``recomputed``, ``difference`` (recomputed less printed) and ``tolerance`` (where the
        two may be compared), ``verdict`` (one of `VERDICTS`), ``why``, columns of the table, and
        ``counted`` (in the counts); texts in both languages. ``attrs`` count the numbers that the
        plan prints, each once: ``printed``, ``checked`` (at all), ``agree`` (with an independent
        record), ``consistent``, ``not_accounted_for``, ``differ``; ``headline`` says it.

    Raises
    ------
    InputError
        If a statement cannot be recomputed as it says; the message names it.

    Notes
    -----
    A printed figure is met within half a unit of its last digit (a count exactly) plus the
    row's ``tolerance``; a comparator, on its side of the figure. A partial station year settles
    nothing. What only defines another number implies it and can never agree with it.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> found = xc.statements()
    >>> found.attrs["agree"], found.attrs["differ"]
    (9, 0)
    """
    table = load("statements").astype(object)
    table = table.where(table.notna(), None)
    printed = table.set_index("statement_id")["value"]
    observed = load("observations").set_index("obs_id")
    rows = []
    for line, row in enumerate(table.to_dict("records"), 2):
        try:
            rows.append(_judge(row, printed, observed))
        except InputError as fault:
            told = {"statement": row["statement_id"], "problem": fault.args[0]}
            raise error("error.statement", line=line, **told) from None
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    # each number that the plan prints once; arithmetic of ours is none of them
    ours = frame["verdict"].eq("implies") & frame["obs_id"].isna()
    ours |= frame["printed"].str.contains("[0-9] [-+*/] [0-9]") | frame["verdict"].eq("wording")
    # of a number printed twice, the best support counts
    best = frame[~ours].sort_values("verdict", key=lambda verdicts: verdicts.map(VERDICTS.index))
    best = best[~best["obs_id"].fillna(best["statement_id"]).duplicated()]
    frame["counted"] = frame.index.isin(best.index)
    counts = {"printed": len(best), "checked": int(best["verdict"].isin(CHECKED).sum())}
    named = ("agree", "consistent", "not_accounted_for", "differ")
    for name, verdict in zip(named, CHECKED, strict=True):
        counts[name] = int(best["verdict"].eq(verdict).sum())
    frame.attrs = counts | {"headline": message("statement.headline", **counts)}
    return frame


def _judge(row: dict, printed: pd.Series, observed: pd.DataFrame) -> dict:
    recomputed = difference = allowed = nan
    partial, verdict = None, row["claim"].replace("_", " ")
    if row["recompute"]:
        recomputed, partial = _recompute(row, printed, observed)
    if row["claim"] in _COMPARED:
        if row["value"] is None or not row["recompute"]:
            raise error("error.statement_incomplete")
        verdict = "cannot tell"
        if not partial:
            exact = row["comparator"] or _is_count(row)
            difference = recomputed - row["value"]
            allowed = (row["tolerance"] or 0.0) + (0.0 if exact else half_unit(_digits(row)))
            comparator, slack = row["comparator"] or "=", 1e-9 * max(1.0, abs(row["value"]))
            above = -difference if comparator[0] == ">" else difference
            is_met = above <= allowed + slack
            if comparator == "=":
                is_met = abs(difference) <= allowed + slack
            elif comparator in ("<", ">") and not allowed:
                is_met = above < 0
            verdict = _COMPARED[row["claim"]][0 if is_met else 1]
    shown = {"statement": row["subject_zh"], "statement_en": row["subject_en"]}
    shown |= {"recomputed": recomputed, "difference": difference, "tolerance": allowed}
    shown |= {"recomputed_unit": row["recomputed_unit"] if row["recompute"] else None}
    shown |= {"verdict": verdict, "printed": _printed(row, "zh"), "printed_en": _printed(row, "en")}
    for lang in ("zh", "en"):
        shown[f"verdict_{lang}"] = word(f"statement.{verdict.replace(' ', '_')}", lang)
        shown[f"why_{lang}"] = _explain(row, shown, partial, lang)
    return {name: row.get(name) for name in _COLUMNS} | shown


def _recompute(row: dict, printed: pd.Series, observed: pd.DataFrame) -> tuple[float, int | None]:
    """Evaluate a statement's expression; give the year of a partial record it rests on."""
    statistics = load("indicators").set_index("indicator")["statistic"]
    scope, partial = row["scope"] or HOME, []

    def lookup(name):
        space, _, rest = name.partition(".")
        indicator, _, year = rest.partition(".")
        value = None
        if not rest:
            value = observed["value"].get(name)
        elif space == "printed":
            if rest == row["statement_id"] and row["claim"] == "independent":
                raise error("error.statement_own", name=name)
            value = printed.get(rest)
        elif space == "station" and year.isdigit():
            rows = station_rows(indicator, scope)
            value = rows["value"].get(int(year))
            if rows["completeness"].get(int(year)) == "partial":
                partial.append(int(year))
        elif space == "published" and year.isdigit():
            wanted = {"use": True, "scope": scope, "indicator": indicator, "year": int(year)}
            wanted |= {"statistic": statistics.get(indicator)}
            rows = observed[(observed[list(wanted)] == pd.Series(wanted)).all(axis=1)]
            annual = rows[rows["period"] == "annual"]  # before any other period of the year
            rows = annual if len(annual) else rows
            value = rows["value"].iloc[0] if len(rows) == 1 else None
        if value is None or pd.isna(value):
            raise error("error.statement_name", name=name)
        return float(value)

    value, _, _ = evaluate(row["recompute"], lookup, printed=False)
    return value, partial[0] if partial else None


def _is_count(row: dict) -> bool:
    return row["kind"] == "count" or row["unit"] == "count"


def _digits(row: dict) -> str:
    """Return the figure as printed, else the table's own."""
    text = row["printed"] or ""
    if _NUMBER.fullmatch(text):
        return text
    return "" if row["value"] is None else format(row["value"], "g")


def _explain(row: dict, shown: dict, partial: int | None, lang: str) -> str:
    """Say why: the arithmetic, what is missing, or the remark; then the row's note."""
    verdict, unit = shown["verdict"], row["recomputed_unit"]
    decimals = len(_digits(row).partition(".")[2]) + (verdict in CHECKED)
    decimals = max(decimals, int(not _is_count(row)))
    value = _quantity(shown["recomputed"], decimals, unit, lang)
    unit = difference_unit(unit)
    room = _quantity(shown["tolerance"], decimals, unit, lang)
    gap = _quantity(shown["difference"], decimals, unit, lang, sign=True)
    if partial:
        text = word("statement.why_partial", lang, year=partial)
    elif verdict == "cannot tell":
        text = word("statement.why_missing", lang, missing=row[f"missing_{lang}"])
    elif verdict == "wording":
        text = row[f"missing_{lang}"]
    elif verdict == "implies":
        text = word("statement.why_implied", lang, value=value)
    elif row["comparator"]:
        limit = f"{row['comparator']} {row['value']:g}"
        text = word("statement.why_limit", lang, value=value, limit=limit)
    else:
        inside = verdict in ("agrees", "consistent")
        key = "statement.why_within" if inside else "statement.why_outside"
        text = word(key, lang, value=value, gap=gap, room=room)
    return clauses([text, row[f"note_{lang}"]], lang)


def _printed(row: dict, lang: str) -> str:
    """Show the printed figure with its comparator and unit; words stay words."""
    text = row["printed"] or ""
    if not _NUMBER.fullmatch(text):
        return (row["printed_en"] or text) if lang == "en" else text
    sign, (power, unit) = shown_sign(row["comparator"]) or "", _display_unit(row["unit"], lang)
    if power:
        return sign + _quantity(float(text), len(text.partition(".")[2]), row["unit"], lang)
    return sign + amount(text, unit, lang)


def _quantity(value: float, decimals: int, unit, lang: str, *, sign: bool = False) -> str:
    if isnan(value):
        return ""
    power, unit = _display_unit(unit, lang)
    value, plus = round(value * 10**power, 9), "+" if sign and value else ""
    form = f"{plus},.{0 if value == int(value) else max(decimals - power, 0)}f"
    if value != int(value) and abs(value) < 0.1:
        form = f"{plus}.2g"
    return amount(f"{value:{form}}".replace("-", "−"), unit, lang)


def _display_unit(unit: str | None, lang: str) -> tuple[int, str]:
    """Return a power of ten and a unit; English has no unit of ten thousand."""
    if unit in (None, "", "count", "rank", "index"):
        return 0, ""
    shown = unit_name(unit, lang)
    for tens, power in (("10⁴ ", 4), ("10⁸ ", 8)):
        if lang == "en" and shown.startswith(tens):
            return power, shown.removeprefix(tens)
    return 0, shown


def commitments() -> pd.DataFrame:
    """List the nine projects of Table 3 and every commitment of the text.

    Returns
    -------
    pandas.DataFrame
        The table ``projects``, and: ``known`` (an outturn is on record), ``outturn_status`` and
        ``outturn_source_id`` (its evidence), ``comparable`` (it may be held against what is
        promised: the same indicator, a whole year or a state on a day), ``past_due`` (due by the
        last year on record). ``attrs``: ``as_of`` (that year), counts ``commitments``,
        ``projects``, ``measurable``, ``partly``, ``past_due``, ``known``, and ``headline``.

    Raises
    ------
    InputError
        If a table is missing or damaged.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> found = xc.commitments().set_index("project_id")
    >>> bool(found.loc["c3_1_03", "past_due"]), float(found.loc["c3_1_03", "outturn"])
    (True, 0.0)
    """
    table = load("projects")
    as_of = int(load("air/annual")["year"].max())
    seen = load("observations").set_index("obs_id")
    outturn = seen.reindex(table["outturn_obs"]).reset_index(drop=True)
    table["known"] = table["outturn"].notna()
    table[["outturn_status", "outturn_source_id"]] = outturn[["status", "source_id"]]
    # a state on a day or a figure of a whole year; a month or a run of months is neither
    whole = outturn["period"].str.fullmatch("annual|[0-9]{4}-[0-9]{2}-[0-9]{2}")
    whole = whole.fillna(False).astype(bool)
    table["comparable"] = table["known"] & outturn["indicator"].eq(table["indicator"]) & whole
    table["past_due"] = (table["due_year"] <= as_of).fillna(False).astype(bool)
    marks = {"projects": table["kind"].eq("project"), "measurable": table["measurable"].eq("yes")}
    marks |= {"partly": table["measurable"].eq("partly"), **table[["past_due", "known"]]}
    counts = {"commitments": len(table)} | {name: int(mark.sum()) for name, mark in marks.items()}
    headline = message("statement.commitments", as_of=as_of, **counts)
    table.attrs = {"as_of": as_of, **counts, "headline": headline}
    return table
