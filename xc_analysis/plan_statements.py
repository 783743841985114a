"""Recompute what the plan prints about the past, and list what it commits the district to."""

from __future__ import annotations

import math
import re

import pandas as pd

from .derivation import evaluate, half_unit
from .errors import InputError
from .evidence import series
from .observations import HOME
from .tables import load
from .words import error, has_word, message, word

#: Verdicts on a printed number, from the best support to none.
VERDICTS = (
    "agrees",
    "consistent",
    "implies",
    "not accounted for",
    "differs",
    "cannot tell",
    "wording",
)
#: Verdicts of the numbers that could be checked at all.
CHECKED = ("agrees", "consistent", "not accounted for", "differs")
_MET = {"independent": "agrees", "consistent": "consistent", "not_accounted": "consistent"}
_UNMET = {"independent": "differs", "consistent": "differs", "not_accounted": "not accounted for"}
_SETTLED = {"implies": "implies", "cannot_tell": "cannot tell", "wording": "wording"}
_COLUMNS = (
    "statement_id chapter chapter_en locator statement statement_en printed printed_en "
    "recomputed recomputed_unit difference tolerance verdict verdict_zh verdict_en why_zh why_en "
    "claim kind unit year comparator value recompute obs_id"
).split()
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_ARITHMETIC = re.compile(r"[0-9] [-+*/] [0-9]")
# a state on a day or a figure of a whole year; a month or a run of months is neither
_WHOLE = r"annual|[0-9]{4}-[0-9]{2}-[0-9]{2}"


# ------------------------------------------------------------------------------- statements


def statements() -> pd.DataFrame:
    """Judge every number that the plan prints about the past or the present.

    Returns
    -------
    pandas.DataFrame
        One row per statement, in the plan's order: ``statement``, ``printed`` (with comparator
        and unit), ``recomputed``, ``difference`` (recomputed less printed) and ``tolerance``
        (where the two may be compared), ``verdict`` (one of `VERDICTS`), ``why``, columns of the
        table, and ``counted`` (the row stands for a number of the plan in the counts); texts in
        both languages. ``attrs`` count the numbers that the plan prints, each once: ``printed``,
        ``checked`` (could be checked at all), ``agree`` (with a record independent of the
        plan), ``consistent``, ``not_accounted_for``, ``differ``; ``headline`` says it.

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
    figures = _Figures(table)
    rows = [_judge(row, line, figures) for line, row in enumerate(table.to_dict("records"), 2)]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    counted = _counted(frame)
    frame["counted"] = frame.index.isin(counted.index)
    frame.attrs = _count(counted["verdict"])
    return frame


def _judge(row: dict, line: int, figures: _Figures) -> dict:
    recomputed = difference = allowed = math.nan
    partial = None
    if row["recompute"]:
        recomputed, partial = figures.evaluate(row, line)
    claim = row["claim"]
    if claim in _SETTLED:
        verdict = _SETTLED[claim]
    elif row["value"] is None or not row["recompute"]:
        raise _refuse(row, line, message("error.statement_incomplete"))
    elif partial:
        verdict = "cannot tell"
    else:
        difference = recomputed - row["value"]
        allowed = (row["tolerance"] or 0.0) + _half_unit(row)
        verdict = (_MET if _is_met(row, recomputed, allowed) else _UNMET)[claim]
    given = {"difference": difference, "allowed": allowed, "partial": partial}
    shown = {
        "statement": row["subject_zh"],
        "statement_en": row["subject_en"],
        "printed": _printed(row, "zh"),
        "printed_en": _printed(row, "en"),
        "recomputed": recomputed,
        "recomputed_unit": row["recomputed_unit"] if row["recompute"] else None,
        "difference": difference,
        "tolerance": allowed,
        "verdict": verdict,
    }
    for lang in ("zh", "en"):
        shown[f"verdict_{lang}"] = word(f"statement.{verdict.replace(' ', '_')}", lang)
        shown[f"why_{lang}"] = _explain(row, verdict, recomputed, given, lang)
    return {name: row.get(name) for name in _COLUMNS} | shown


def _is_met(row: dict, recomputed: float, allowed: float) -> bool:
    """Tell whether a recomputed figure meets the printed one."""
    value, comparator = row["value"], row["comparator"]
    slack = allowed + 1e-9 * max(1.0, abs(value))
    if comparator in ("<", ">") and not allowed:
        return recomputed < value if comparator == "<" else recomputed > value
    if comparator in ("<", "<="):
        return recomputed <= value + slack
    if comparator in (">", ">="):
        return recomputed >= value - slack
    return abs(recomputed - value) <= slack


def _half_unit(row: dict) -> float:
    """Return half a unit of the last digit printed; nothing for counts and bounds."""
    if row["comparator"] or _is_count(row):
        return 0.0
    return half_unit(_digits(row))


def _is_count(row: dict) -> bool:
    return row["kind"] == "count" or row["unit"] == "count"


def _digits(row: dict) -> str:
    """Return the figure as printed, else the table's own."""
    text = row["printed"] or ""
    if _NUMBER.fullmatch(text):
        return text
    return "" if row["value"] is None else format(row["value"], "g")


def _counted(frame: pd.DataFrame) -> pd.DataFrame:
    """Pick the numbers that the plan prints, each once; arithmetic of ours is none of them."""
    ours = frame["printed"].str.contains(_ARITHMETIC) | (
        frame["verdict"].eq("implies") & frame["obs_id"].isna()
    )
    told = frame[~ours & frame["verdict"].ne("wording")]
    told = told.assign(key=told["obs_id"].fillna(told["statement_id"]))
    # of a number printed twice, the best support counts
    told = told.assign(rank=told["verdict"].map(VERDICTS.index)).sort_values("rank")
    return told.drop_duplicates("key")


def _count(best: pd.Series) -> dict:
    """Count verdicts, and say the counts in one sentence."""
    counts = {"printed": len(best), "checked": int(best.isin(CHECKED).sum())}
    named = ("agree", "consistent", "not_accounted_for", "differ")
    counts |= {n: int(best.eq(v).sum()) for n, v in zip(named, CHECKED, strict=True)}
    return counts | {"headline": message("statement.headline", **counts)}


# ------------------------------------------------------------------------------------- text


def _explain(row: dict, verdict: str, recomputed: float, given: dict, lang: str) -> str:
    """Say why: the arithmetic, what is missing, or the remark; then the row's note."""
    decimals = len(_digits(row).partition(".")[2])
    decimals = max(decimals + (verdict in CHECKED), int(not _is_count(row)))
    unit = row["recomputed_unit"]
    value = _quantity(recomputed, decimals, unit, lang)
    if given["partial"]:
        text = word("statement.why_partial", lang, year=given["partial"])
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
        gap = _quantity(given["difference"], decimals, unit, lang, sign=True)
        room = _quantity(given["allowed"], decimals, unit, lang)
        inside = verdict in ("agrees", "consistent")
        key = "statement.why_within" if inside else "statement.why_outside"
        text = word(key, lang, value=value, gap=gap, room=room)
    note = row[f"note_{lang}"]
    return word("statement.why_joint", lang).join(part for part in (text, note) if part)


def _printed(row: dict, lang: str) -> str:
    """Show the printed figure with its comparator and unit; words stay words."""
    text = row["printed"] or ""
    if not _NUMBER.fullmatch(text):
        return (row["printed_en"] or text) if lang == "en" else text
    sign = {"<=": "≤", ">=": "≥"}.get(row["comparator"], row["comparator"] or "")
    power, _ = _display_unit(row["unit"], lang)
    if power:
        return sign + _quantity(float(text), len(text.partition(".")[2]), row["unit"], lang)
    return sign + _join(text, row["unit"], lang)


def _quantity(value: float, decimals: int, unit, lang: str, *, sign: bool = False) -> str:
    power, _ = _display_unit(unit, lang)
    value = round(value * 10**power, 9)
    return _join(_format(value, max(decimals - power, 0), sign=sign), unit, lang)


def _join(text: str, unit: str | None, lang: str) -> str:
    _, shown = _display_unit(unit, lang)
    if not text or not shown:
        return text
    tight = lang == "zh" and (unit == "%" or not shown[0].isascii())
    return f"{text}{'' if tight else ' '}{shown}"


def _display_unit(unit: str | None, lang: str) -> tuple[int, str]:
    """Return a power of ten and a unit; English has no unit of ten thousand."""
    if unit in (None, "", "count", "rank", "index"):
        return 0, ""
    shown = word(f"unit.{unit}", lang) if has_word(f"unit.{unit}") else unit
    if lang == "en":
        for tens, power in (("10⁴ ", 4), ("10⁸ ", 8)):
            if shown.startswith(tens):
                return power, shown.removeprefix(tens)
    return 0, shown


def _format(value: float, decimals: int, *, sign: bool = False) -> str:
    if math.isnan(value):
        return ""
    plus = "+" if sign and value else ""
    if value == int(value):
        decimals = 0
    elif abs(value) < 0.1:
        return f"{value:{plus}.2g}".replace("-", "−")
    return f"{value:{plus},.{decimals}f}".replace("-", "−")


def _refuse(row: dict, line: int, problem) -> InputError:
    return error("error.statement", line=line, statement=row["statement_id"], problem=problem)


# ---------------------------------------------------------------------------------- figures


class _Figures:
    """What the statements' expressions may name, looked up once each."""

    def __init__(self, table: pd.DataFrame):
        self.printed = table.set_index("statement_id")["value"].to_dict()
        self.observations = load("observations")
        self.by_id = self.observations.set_index("obs_id")["value"].to_dict()
        self.statistic = load("indicators").set_index("indicator")["statistic"]
        self.stations = {}

    def evaluate(self, row: dict, line: int) -> tuple[float, int | None]:
        """Evaluate a statement's expression; give the year of a partial record it rests on."""
        partial = []

        def lookup(name):
            space, _, rest = name.partition(".")
            if not rest:
                value = self.by_id.get(name)
            elif space == "printed":
                if rest == row["statement_id"] and row["claim"] == "independent":
                    raise _refuse(row, line, message("error.statement_own", name=name))
                value = self.printed.get(rest)
            else:
                value = self._year(space, rest, row["scope"] or HOME, partial)
            if value is None or pd.isna(value):
                raise _refuse(row, line, message("error.statement_name", name=name))
            return float(value)

        try:
            value, _, _ = evaluate(row["recompute"], lookup, printed=False)
        except InputError as fault:
            if getattr(fault.args[0], "key", "") == "error.statement":
                raise
            raise _refuse(row, line, fault.args[0]) from None
        return value, partial[0] if partial else None

    def _year(self, space: str, rest: str, scope: str, partial: list):
        """Find ``station.<indicator>.<year>`` or ``published.<indicator>.<year>``."""
        indicator, _, year = rest.partition(".")
        if not year.isdigit() or indicator not in self.statistic.index:
            return None
        if space == "published":
            return self._published(indicator, int(year), scope)
        return self._station(indicator, int(year), scope, partial) if space == "station" else None

    def _station(self, indicator: str, year: int, scope: str, partial: list):
        if (indicator, scope) not in self.stations:
            try:
                found = series(indicator, scope=scope, source="station", partial="observed")
            except InputError:
                return None
            self.stations[indicator, scope] = found
        found = self.stations[indicator, scope]
        if year not in found.index:
            return None
        if found.at[year, "completeness"] == "partial":
            partial.append(year)
        return found.at[year, "value"]

    def _published(self, indicator: str, year: int, scope: str):
        """Find the one figure in use for a year; a whole year before any other period."""
        rows = self.observations[self.observations["use"]]
        wanted = {"scope": scope, "indicator": indicator, "year": year}
        wanted["statistic"] = self.statistic[indicator]
        rows = rows[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)]
        annual = rows[rows["period"] == "annual"]
        rows = annual if len(annual) else rows
        return rows["value"].iloc[0] if len(rows) == 1 else None


# ------------------------------------------------------------------------------ commitments


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
    table["outturn_status"] = outturn["status"]
    table["outturn_source_id"] = outturn["source_id"]
    whole = outturn["period"].str.fullmatch(_WHOLE).fillna(False).astype(bool)
    table["comparable"] = table["known"] & outturn["indicator"].eq(table["indicator"]) & whole
    table["past_due"] = (table["due_year"] <= as_of).fillna(False).astype(bool)
    counts = {
        "commitments": len(table),
        "projects": int(table["kind"].eq("project").sum()),
        "measurable": int(table["measurable"].eq("yes").sum()),
        "partly": int(table["measurable"].eq("partly").sum()),
        "past_due": int(table["past_due"].sum()),
        "known": int(table["known"].sum()),
    }
    headline = message("statement.commitments", as_of=as_of, **counts)
    table.attrs = {"as_of": as_of, **counts, "headline": headline}
    return table
