"""What must hold of the register of indicators and of the observations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pandas as pd

from ..packs.packs import Pack, repeats, rows
from .columns import LAST_YEAR
from .encodings import Offence

_VALUES = ("value", "lower", "upper")


def observations_say_how_they_came(pack: Pack) -> Iterator[Offence]:
    """What each status needs: values, ranges, derivations."""
    frame = pack.frame("observations", "status", *_VALUES, "derivation")
    if frame is None:
        return
    cells = pack.sheets["observations"].cells
    for line, row in rows(frame):
        status = row["status"]
        has = {name: cells.at[line, name] != "" for name in (*_VALUES, "derivation")}
        if status == "bound":
            if has["value"]:
                problem, remedy = (
                    "a bound has no value",
                    "clear it; the limit goes in lower or upper",
                )
                yield pack.offence("observations", line, "value", problem, remedy)
            if not has["lower"] and not has["upper"]:
                problem, remedy = "a bound needs a limit", "give lower, upper or both"
                yield pack.offence("observations", line, "lower", problem, remedy)
        elif status in ("printed", "derived", "computed", "estimated") and not has["value"]:
            problem, remedy = f"a {status} row needs its value", "fill it in, or make it a bound"
            yield pack.offence("observations", line, "value", problem, remedy)
        if status == "estimated":
            for name in ("lower", "upper"):
                if not has[name]:
                    problem, remedy = "an estimate needs its interval", f"give {name}"
                    yield pack.offence("observations", line, name, problem, remedy)
        if status == "printed" and has["derivation"]:
            problem = "a printed figure has no derivation"
            yield pack.offence(
                "observations", line, "derivation", problem, "clear it, or make the row derived"
            )
        if row.get("use") is False and pd.isna(row.get("note", "")):
            problem, remedy = "an unused row says why it is not used", "write the reason"
            yield pack.offence("observations", line, "note", problem, remedy)
        if status in ("derived", "bound", "computed", "estimated") and not has["derivation"]:
            yield pack.offence(
                "observations",
                line,
                "derivation",
                f"a {status} row must show how it was reached",
                "write the limit as printed"
                if status == "bound"
                else "write it in + - * / over obs_ids and plain numbers",
            )


def one_row_is_used(pack: Pack) -> Iterator[Offence]:
    key = ("scope", "indicator", "statistic", "year", "period")
    frame = pack.frame("observations", *key, "use")
    if frame is None:
        return
    used = frame[frame["use"].fillna(False).astype(bool)].dropna(subset=list(key))
    remedy = "keep `use` true on one row of this series and period; say why in note"
    yield from repeats(pack, "observations", used, key, "use", "`use` is true here and in", remedy)


def _last_month(period: str) -> tuple[int, int] | None:
    """(year, month) in which a period of the observations ends; None for `annual`."""
    if period == "annual":
        return None
    if ".." in period and "-" not in period:
        return int(period[-4:]), 12
    year, rest = int(period[:4]), period[5:]
    if rest.startswith("H"):
        return year, 6 * int(rest[1])
    if rest.startswith("Q"):
        return year, 3 * int(rest[1])
    return year, int(rest[-2:] if ".." in rest else rest[:2])


def periods_match_years(pack: Pack) -> Iterator[Offence]:
    frame = pack.frame("observations", "year", "period")
    if frame is None:
        return
    for line, row in rows(frame.dropna(subset=["year", "period"])):
        end = _last_month(row["period"])
        if end and end[0] != row["year"]:
            problem = f"year {row['year']} is not that of {row['period']}, which ends in {end[0]}"
            remedy = f"write {end[0]}, or correct the period"
            yield pack.offence("observations", line, "year", problem, remedy)


_PART = "write the part of the year that it covers: it is no annual figure"


def nothing_is_known_before_it_is_over(pack: Pack) -> Iterator[Offence]:
    """A figure's period ends before its source was published; a part of a year is no year.

    A used annual figure needs a source of the year's last days or later. Where the source has no
    date, the other figures that it gives for that year tell how far it reaches.
    """
    frame = pack.frame("observations", "year", "period", "source_id", "status", "use")
    sources = pack.frame("sources", "source_id", "published")
    if frame is None or sources is None:
        return
    dated = sources.dropna(subset=["source_id", "published"]).drop_duplicates("source_id")
    dates = dated.set_index("source_id")["published"].to_dict()
    newest = max((int(date[:4]) for date in dates.values()), default=LAST_YEAR)
    frame = frame.dropna(subset=["year", "period", "source_id"])
    reach: dict[tuple, tuple[int, int]] = {}
    for _, row in rows(frame):
        end, key = _last_month(row["period"]), (row["source_id"], row["year"])
        if end and end[0] == row["year"]:
            reach[key] = max(end, reach.get(key, end))
    for line, row in rows(frame[~frame["status"].isin(["computed", "estimated"])]):
        year, period, date = row["year"], row["period"], dates.get(row["source_id"])
        end = _last_month(period)
        annual = end is None and row["use"] is True
        if end and end[0] != year:
            continue
        if date is None:
            known = reach.get((row["source_id"], year), (year, 12))
            if year > newest:
                problem = f"year {year} lies beyond every source, the newest being of {newest}"
                remedy = "correct the year, or give its source the date of publication"
                yield pack.offence("observations", line, "year", problem, remedy)
            elif annual and known < (year, 12):
                problem = f"its source is undated and gives {year} no further than month {known[1]}"
                yield pack.offence(
                    "observations", line, "period", problem, f"{_PART}; or date the source"
                )
        elif annual and str(year) <= date[:4] and date < f"{year}-12-28":
            problem = f"its source was published {date}, before the year {year} was over"
            yield pack.offence("observations", line, "period", problem, _PART)
        else:
            known = tuple(int(part) for part in date.split("-")[:2])
            if (end or (year, 12))[: len(known)] > known:
                problem = f"its source was published {date}, before {year} ({period}) was over"
                remedy = "correct the year, the period or the source"
                yield pack.offence("observations", line, "period", problem, remedy)


def places_have_one_name(pack: Pack) -> Iterator[Offence]:
    """A scope is written in one way everywhere; what an assumption speaks of is known."""
    tables = ("observations", "targets", "statements", "assumptions", "air/annual", "air/monthly")
    seen = {name: pack.frame(name, "scope") for name in tables}
    counts: dict[str, int] = {}
    for frame in seen.values():
        if frame is not None:
            for scope in frame["scope"].dropna():
                counts[scope] = counts.get(scope, 0) + 1
    common: dict[str, str] = {}
    for scope in sorted(counts, key=counts.get):
        common[_bare(scope)] = scope
    for name, frame in seen.items():
        if frame is None:
            continue
        for line, scope in frame["scope"].dropna().items():
            usual = common[_bare(scope)]
            if scope != usual:
                problem = f"scope {scope!r} is written {usual!r} elsewhere"
                yield pack.offence(name, line, "scope", problem, f"write {usual}")


def _bare(scope: str) -> str:
    """A scope's name without blanks, width and the suffix of its kind."""
    return re.sub(r"\s|[区市县]$", "", unicodedata.normalize("NFKC", scope))


def register_is_consistent(pack: Pack) -> Iterator[Offence]:
    frame = pack.frame("indicators", "scale", "floor", "ceiling", "prior_sd", "plan_row", "better")
    if frame is None:
        return
    for line, row in rows(frame):
        if row["floor"] >= row["ceiling"]:
            problem, remedy = "floor is not below ceiling", "correct one of them"
            yield pack.offence("indicators", line, "floor", problem, remedy)
        for name in ("floor", "ceiling"):
            if row["scale"] == "logit" and pd.isna(row[name]):
                problem = f"the logit scale needs a {name}"
                yield pack.offence("indicators", line, name, problem, "give it, or another scale")
        if row["scale"] in ("log", "count") and not row["floor"] >= 0:
            problem = f"the {row['scale']} scale needs a floor of 0 or more"
            yield pack.offence("indicators", line, "floor", problem, "give it, or another scale")
        if pd.notna(row["plan_row"]) and pd.isna(row["better"]):
            problem = "an indicator of the plan needs a direction"
            yield pack.offence("indicators", line, "better", problem, "write lower or higher")
        if row["prior_sd"] == 0:
            problem, remedy = "a prior scatter of 0 claims certainty", "give one above 0, or none"
            yield pack.offence("indicators", line, "prior_sd", problem, remedy)
    numbers = {int(number) for number in frame["plan_row"].dropna()}
    last = max(numbers, default=0)
    gaps = sorted(set(range(1, last + 1)) - numbers) if last < 100 else []
    for gap in gaps:
        yield Offence(
            "indicators",
            1,
            "plan_row",
            str(gap),
            f"no indicator carries row {gap} of Table 2",
            "give the row its number, or restore it",
        )


def series_take_the_registers_statistic(pack: Pack) -> Iterator[Offence]:
    """An indicator whose every used annual figure is of another statistic has an empty series."""
    register = pack.frame("indicators", "indicator", "statistic")
    seen = pack.frame("observations", "indicator", "statistic", "period", "use")
    if register is None or seen is None:
        return
    seen = seen[seen["use"].fillna(False).astype(bool) & (seen["period"] == "annual")]
    statistics = seen.groupby("indicator")["statistic"].agg(set).to_dict()
    for line, row in rows(register):
        found = {str(name) for name in statistics.get(row["indicator"], ())}
        if found and not pd.isna(row["statistic"]) and row["statistic"] not in found:
            yield pack.offence(
                "indicators",
                line,
                "statistic",
                f"no used annual figure of {row['indicator']} has this statistic"
                f" ({', '.join(sorted(found)[:3])})",
                "write the statistic of the series, in one wording",
            )
