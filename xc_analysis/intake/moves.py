"""What a change of tables moves: lines of the scorecard, and figures."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pandas as pd

from ..tables import load

_ANSWER = ("plan_row", "indicator", "name_zh", "latest", "verdict", "verdict_zh", "p_meet", "grade")
_ANSWER += ("verdict_under_reading", "verdict_under_reading_zh")


def _cards(folder: Path, since: int) -> pd.DataFrame:
    """The scorecards of the district's plans at base and target year, if a year from then on counts."""
    from ..packs.places import home
    from ..verdicts.scorecard import scorecard

    scope = home(folder).scope
    targets = load("targets", data=folder)
    own = targets[(targets["scope"] == scope) & targets["plan_row"].notna()]
    out = []
    for plan, rows in own.groupby("plan", sort=False):
        for as_of in sorted({*rows["base_year"].dropna().astype(int), *rows["target_year"]}):
            if as_of < since:  # a scorecard uses no value of a later year
                continue
            card = scorecard(scope=scope, plan=plan, as_of=int(as_of), data=folder)
            card = card.reindex(columns=list(dict.fromkeys((*card.columns, *_ANSWER))))
            out.append(card[list(_ANSWER)].assign(plan=plan, as_of=int(as_of)))
    return pd.concat(out, ignore_index=True) if out else pd.DataFrame()


def moved_lines(before: Path, after: Path) -> list[str]:
    """Lines of the scorecard that move in any way, told before → after."""
    return [line for lines in moves_between(before, after) for line in lines]


def moves_between(before: Path, after: Path, since: int = 0) -> tuple[list[str], list[str]]:
    """Lines of the scorecard that move, told before → after, by what moves.

    Parameters
    ----------
    before, after : Path
        Two states of a pack.
    since : int
        The first year of which a figure differs.

    Returns
    -------
    tuple of two lists of str
        Lines whose verdict, probability or grade moves; lines of which only the latest value does.
    """
    old, new = _cards(before, since), _cards(after, since)
    moved, latest = [], []
    for a, b in zip(old.to_dict("records"), new.to_dict("records"), strict=True):
        moves = []
        for name, word in (("latest", "最近值 latest"), ("grade", "等级 grade")):
            if not _equal(a[name], b[name]):
                moves.append(f"{word} {_word(a[name])} → {_word(b[name])}")
        for name, word in (
            ("verdict", "判断 verdict"),
            ("verdict_under_reading", "按读法 under its reading"),
        ):
            if not _equal(a[name], b[name]):
                zh = f"{name}_zh"
                moves.append(
                    f"{word} {_word(a[zh])} {_word(a[name])} → {_word(b[zh])} {_word(b[name])}"
                )
        if not _equal(a["p_meet"], b["p_meet"]):
            moves.append(f"P {_word(a['p_meet'])} → {_word(b['p_meet'])}")
        if moves:
            only = all(move.startswith("最近值") for move in moves)
            (latest if only else moved).append(
                f"{a['plan']} {int(a['plan_row'])} {a['name_zh']} {a['indicator']}, {a['as_of']}: "
                + "; ".join(moves)
            )
    return moved, latest


def _equal(a, b) -> bool:
    return (pd.isna(a) and pd.isna(b)) or a == b


def _word(value) -> str:
    if pd.isna(value) or value == "":
        return "—"
    return digits(value) if isinstance(value, float) else str(value)


def digits(value: float) -> str:
    """Four digits of a number, without an exponent.

    >>> digits(6800000.0), digits(0.00012345), digits(53.8)
    ('6800000', '0.0001234', '53.8')
    """
    return format(Decimal(f"{value:.4g}"), "f")


def figures_of(places: set[tuple[str, str]]) -> list[str]:
    """Figures that published numbers reach, by the data beside the project's own.

    Parameters
    ----------
    places : set of tuple of str
        Scopes and indicators that change.

    Returns
    -------
    list of str
        Stems of figures with a row of the indicator (and the scope, where rows name one) that is
        published or rests on published numbers; one that is only computed from station records
        does not move.
    """
    root = Path(__file__).resolve().parents[2] / "figures" / "zh"
    indicators = {indicator for _, indicator in places}
    names = []
    for path in sorted(root.glob("*.csv")) if root.is_dir() else ():
        try:
            with open(path, encoding="utf-8", newline="") as file:
                rows = csv.DictReader(file)
                if any(_reached(row, places, indicators) for row in rows):
                    names.append(path.stem)
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
    return names


def _reached(row: dict, places, indicators) -> bool:
    cells = {cell for cell in row.values() if isinstance(cell, str)}
    hit = indicators & cells
    scope = row.get("scope")
    if not hit or (scope and not any((scope, indicator) in places for indicator in hit)):
        return False
    return bool(cells & {"printed", "derived", "bound"}) or "status" not in row
