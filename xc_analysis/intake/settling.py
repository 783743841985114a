"""A figure beside those that a pack has: its basis, whether it can be, which of two is used."""

from __future__ import annotations

import math

from .cells import Cell, refuse
from .entries import Figure, Refusal, number_of
from .moves import digits

# without a unit a number this far from every one known is likely to be in another unit
_FAR = 40
# times, and difference, from every number known beyond which a number is unlikely, by scale
_UNLIKELY = {"logit": (2, 10), "identity": (1.2, 10), "log": (5, 0)}


def basis_for(figure: Figure, observations: list[dict], register: dict) -> str | None:
    """The basis that a figure names, or the one that all its neighbours share."""
    if figure.texts["basis"]:
        return figure.texts["basis"]
    rows = [
        row
        for row in observations
        if row["indicator"] == figure.indicator and row["scope"] == figure.scope
    ]
    if figure.period == "annual":
        rows = [row for row in rows if row["period"] == "annual"]
    if register["theme"] == "air" and "µg/m³" in register["unit"]:
        # the state of reference changed on 2018-09-01 for every concentration alike
        return "ref-mixed" if figure.year == 2018 else f"ref-{273 if figure.year < 2018 else 298}K"
    known = list(dict.fromkeys(row["basis"] for row in rows))
    return "unstated" if not known else known[0] if len(known) == 1 else None


def which_basis(figure: Figure, observations: list[dict]) -> Refusal:
    """The refusal of a figure whose basis cannot be told."""
    known = {
        row["basis"]
        for row in observations
        if row["indicator"] == figure.indicator and row["scope"] == figure.scope
    }
    listed = ", ".join(sorted(known))
    return Refusal(
        figure.place,
        number_of(figure.cell),
        refuse(
            "没有写口径，而该指标有几种", "does not say its basis, of which this indicator has several",
            f"在“口径”栏或用 --basis 写明其一（{listed}）或新口径",
            f"write one of {listed}, or a new one, into 口径 basis or --basis",
        ),
    )  # fmt: skip


def known_numbers(observations: list[dict], targets: list[dict]) -> dict[tuple, list[float]]:
    """What is known of each scope and indicator, of any year: values, bounds and targets.

    Under the scope ``""``: what is known of any scope.
    """
    known: dict[tuple, list[float]] = {}
    for row in (*observations, *targets):
        for name in ("value", "lower", "upper"):
            try:
                number = abs(float(row.get(name) or 0))
            except ValueError:
                continue
            if number:
                for scope in (row["scope"], ""):
                    known.setdefault((scope, row["indicator"]), []).append(number)
    return known


def unlikely(figure: Figure, known: dict[tuple, list[float]], entry: dict) -> Cell | None:
    """Why a number is not likely, by all that is known of it; None where it may well be.

    Parameters
    ----------
    figure : Figure
    known : dict
        From `known_numbers`.
    entry : dict
        The indicator's row of the register. Levels and shares may differ little from what is
        known of the place, or of any place; counts and changes much.
    """
    numbers = known.get((figure.scope, figure.indicator))
    if not numbers and str(entry["statistic"]).startswith(("mean", "share")):
        numbers = known.get(("", figure.indicator))
    cell = figure.cell
    mine = next((n for n in (cell.value, cell.upper, cell.lower) if n is not None), None)
    if not numbers or mine is None:
        return None
    mine = abs(float(mine))
    near = min(numbers, key=lambda number: abs(number - mine))
    if mine:
        near = min(numbers, key=lambda number: abs(math.log(mine / number)))
    times = mine / near
    off = max(times, 1 / times) if mine else math.inf
    ratio, difference = _UNLIKELY.get(entry["scale"], (_FAR, 0))
    counted = entry["scale"] not in _UNLIKELY and not mine  # none is a count like any other
    if counted or off < ratio or abs(mine - near) <= difference:
        return None
    far = digits(times)
    if not figure.stated and mine and off >= _FAR:
        return refuse(
            f"没有写单位，且是已知数 {near:g} 的 {far} 倍", f"names no unit and is {far} times the nearest"
            f" number known, {near:g}",
            "在单元格、“单位”栏或表头写明单位", "write the unit into the cell, the column 单位 unit or the header",
        )  # fmt: skip
    return refuse(
        f"不大可能：是已知数 {near:g} 的 {far} 倍", f"is unlikely: {far} times the nearest number known, {near:g}",
        "核对数值与单位；确实如此，加 --accept-unlikely", "check the number and its unit; if it is so, add"
        " --accept-unlikely",
    )  # fmt: skip


def needs_unit(words: Cell) -> bool:
    """Whether what is unlikely is refused whatever is said, for want of a unit."""
    return "unit and is" in words.reason_en


def said_by(row: dict) -> str:
    """What a row of the table says, for people: a value, or the ends of a bound."""
    return row["value"] or f"{row['lower'] or '…'}–{row['upper'] or '…'}"


def _ends(row: dict) -> tuple[float, float]:
    if row["value"]:
        return float(row["value"]), float(row["value"])
    return float(row["lower"] or "-inf"), float(row["upper"] or "inf")


def _agree(a: dict, b: dict) -> bool:
    """Whether both can hold: equal values, a value within a bound, bounds that meet."""
    (low, high), (floor, ceiling) = _ends(a), _ends(b)
    return low <= ceiling and floor <= high


def settle(
    row: dict, used: dict | None, told: str, shown: str, prefer_new: bool, where: str = ""
) -> str:
    """Which of two rows the series takes; both stay, the other one says why it is not used.

    Parameters
    ----------
    row, used : dict
        The new row, and the one in use; their ``use`` and ``note`` are set.
    told, shown : str
        What the figure is, and its number, for people.
    prefer_new : bool
        Use the new one where the two cannot both hold.
    where : str
        The cell that the row in use comes from, if it is one of the same file.

    Returns
    -------
    str
        What was decided, in a line.
    """

    def aside(which: dict, why: str) -> None:
        which["use"] = "false"
        which["note"] = "; ".join(part for part in (which["note"], why) if part)

    if used is None:
        return f"+ {told}: {shown}"
    old = f"{said_by(used)} ({where or used['obs_id']})"
    if _agree(row, used):
        if row["value"] and not used["value"]:
            aside(used, f"已有确值 {row['obs_id']} gives way to {row['obs_id']}, which has a value")
            return f"+ {told}: {shown}, 取代上下限 takes the place of the bound {old}"
        aside(row, f"与 {used['obs_id']} 不矛盾 agrees with {used['obs_id']}")
        return f"+ {told}: {shown}, 与已用的不矛盾，作旁证 agrees with {old} in use"
    if prefer_new:
        why = f"与 {row['obs_id']} 不一致，改用后者 differs from {row['obs_id']}, which is used"
        aside(used, why)
        return f"! {told}: {shown}, 改用，原用 used instead of {old}"
    aside(row, f"与 {used['obs_id']} 不一致，未采用 differs from {used['obs_id']}, not used")
    return (
        f"! {told}: {shown}, 与已用的 {old} 不一致，只记录；用 --prefer-new 改用"
        f" differs from {old} in use, recorded only; --prefer-new takes it"
    )
