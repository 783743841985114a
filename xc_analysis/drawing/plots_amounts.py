"""Amounts one under the other, for numbers that are no series; see ``plots``."""

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.errors import InputError
from xc_analysis.style import tr

_TEXT = 6.4
# kinds of a row that is no observation: marker, filled, colour (None: the theme's)
_KINDS = {
    "needed": ("|", True, palette.TARGET),
    "planned": ("|", True, palette.TARGET),
    "implied": ("s", False, None),
}


def plot_amounts(
    data, *, ax=None, title: str | None = None, target=None, xlim=None, zero: bool = True
):
    """Values one under the other on one axis: no time axis, so nothing looks like a series.

    Parameters
    ----------
    data : DataFrame
        label_zh, label_en, value, unit, kind (an evidence status, "implied", "needed" or
        "planned"); optional lower, upper, ceiling (where an open range ends), decimals, theme,
        scope_kind ("other": drawn grey), comparator (written before the value).
    ax : Axes, optional
    title : str, optional
    target : mapping, optional
        value, comparator: a vertical line in the colour of targets.
    xlim : (float, float), optional
    zero : bool
        Start the axis at zero and draw a stem from there.

    Returns
    -------
    Axes
        A row with a range only (a bound) is drawn as a bar, open ends with an arrow.
    """
    need(data, "plot_amounts", ("label_zh", "label_en", "value", "unit", "kind"))
    if data["unit"].nunique() != 1:
        found = ", ".join(map(str, data["unit"].unique()))
        raise InputError(f"plot_amounts: units {found} on one axis; draw them on separate axes")
    known = {*palette.STATUS, *_KINDS}
    for kind in data["kind"]:
        if kind not in known:
            raise InputError(f"plot_amounts: kind {kind!r} is not known; use {', '.join(known)}")
    ax = marks.axes(ax, height=5.0 * len(data) + 22)
    table = data.reset_index(drop=True)
    ends = [_numbers(table, c) for c in ("value", "lower", "upper")]
    low, high = xlim or _span(ends, target, zero)
    ax.set_xlim(low, high)
    ax.set_ylim(len(table) - 0.45, -0.6)
    base = low if zero else None
    for y, row in table.iterrows():
        _amount(ax, y, row, [e[y] for e in ends], base, (low, high), target)
    if target is not None:
        _target_rule(ax, target)
    ax.set_yticks(range(len(table)), table[tr("label_zh", "label_en")])
    for tick, row in zip(ax.get_yticklabels(), table.to_dict("records"), strict=True):
        tick.set(color=_ink(row), parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    ax.set_xlabel(style.unit_name(table["unit"].iloc[0]), loc="right", labelpad=1)
    if title:
        ax.set_title(title, pad=11 if target is not None else 4, parse_math=False)
    return ax


def _numbers(table, column) -> np.ndarray:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(float)


def _span(ends, target, zero) -> tuple[float, float]:
    flat = np.concatenate([*ends, [float(target["value"])] if target is not None else []])
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return 0.0, 1.0
    low, high = float(flat.min()), float(flat.max())
    if zero:
        return min(0.0, low), high + 0.22 * (high - min(0.0, low))
    return low - 0.15 * (high - low or 1.0), high + 0.3 * (high - low or 1.0)


def _ink(row) -> str:
    other = row.get("scope_kind") == "other"
    return palette.CITY if other else palette.INK


def _row_color(row) -> str:
    if row.get("scope_kind") == "other":
        return palette.CITY
    special = _KINDS.get(row["kind"], (None, None, None))[2]
    return special or style.theme_color(row.get("theme"))


def _amount(ax, y, row, ends, base, limits, target) -> None:
    value, lower, upper = ends
    color, kind = _row_color(row), row["kind"]
    at = value
    if kind == "bound":
        left = lower if np.isfinite(lower) else limits[0]
        ceiling = row.get("ceiling")
        end = min(limits[1], float(ceiling)) if pd.notna(ceiling) else limits[1]
        right = upper if np.isfinite(upper) else end
        ax.hlines(y, left, right, color=color, lw=4.0, alpha=0.4, zorder=3, gid="bar:bound")
        at = lower if np.isfinite(lower) else upper
        ax.plot(at, y, "|", color=color, ms=8, mew=1.3, zorder=4, gid="bar:bound")
    elif np.isfinite(value):
        if base is not None:
            ax.hlines(y, base, value, color=color, lw=1.4, alpha=0.45, zorder=2.5, gid="stem")
        if upper > lower:
            ax.hlines(y, lower, upper, color=color, lw=3.2, alpha=0.35, zorder=3, gid="range")
        marker, filled = _KINDS.get(kind, palette.STATUS.get(kind, ("o", True)))[:2]
        ax.plot(
            value, y, marker, color=color, ls="none", zorder=5, gid=f"status:{kind}",
            ms=9 if marker == "|" else 5.0, mew=1.8 if marker == "|" else 1.0,
            mfc=color if filled else "white", mec=color, clip_on=False,
        )  # fmt: skip
    if not np.isfinite(at):
        return
    decimals = row.get("decimals")
    attrs = {"decimals": decimals} if decimals is not None and pd.notna(decimals) else None
    text = str(row["text"]) if isinstance(row.get("text"), str) else marks.number(at, attrs)
    sign = row.get("comparator")
    if kind == "bound" and not np.isfinite(value):
        sign = "≥" if np.isfinite(lower) else "≤"
    if isinstance(sign, str) and sign != "=":
        text = f"{sign} {text}"
    reach = max([e for e in (value, upper if kind != "bound" else at) if np.isfinite(e)] or [at])
    # a value just short of the target's rule is written on the side away from it
    room = 0.16 * (limits[1] - limits[0])
    left = base is None and target is not None and 0 < float(target["value"]) - reach < room
    side, lift = (-5, 0) if left else (4, 6.5) if kind == "bound" else (5, 0)
    ax.annotate(
        text, (reach, y), xytext=(side, lift), textcoords="offset points",
        ha="right" if left else "left", va="center", size=_TEXT, color=color, zorder=6, parse_math=False,
        annotation_clip=False, gid="value",
    )  # fmt: skip


def _target_rule(ax, target) -> None:
    value = float(target["value"])
    sign = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> ", "=": ""}[target["comparator"]]
    ax.axvline(value, color=palette.TARGET, lw=1.0, zorder=2, gid="target")
    ax.annotate(
        tr("目标 ", "target ") + f"{sign}{value:g}", (value, 1), xycoords=("data", "axes fraction"),
        xytext=(0, 1.5), textcoords="offset points", ha="center", va="bottom", size=5.8,
        color=palette.TARGET, gid="line-name", parse_math=False, annotation_clip=False,
    )  # fmt: skip


def need(data, caller: str, columns) -> None:
    """Raise unless the frame has the columns and at least one row."""
    for column in columns:
        if column not in data:
            raise InputError(f"{caller}: the frame has no column {column!r}; add it")
    if data.empty:
        raise InputError(f"{caller}: the frame has no rows; fill it first")
