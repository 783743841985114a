"""Charts that are tables: a grid of cells, and the scorecard."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import figures, style
from ..figures import Key, marker_look
from ..style import INK, MUTED, SIZES, tr
from ..words import error, has_word, language, word
from . import marks

SPANS = {"several_years": "_", "part_year": "|"}  # statuses of coverage that are no value of a year
SEQUENCE = ("#F2F5F9", "#C6D6E8", "#8FB0D3", "#4F83BA", "#1B5FA6", "#0D3562")
ROW = 4.6


def plot_grid(
    data: pd.DataFrame,
    *,
    classes=None,
    colors=None,
    names=None,
    numbers=None,
    decimals=0,
    limits=None,
    unit=None,
    title=None,
    ax=None,
):
    """Draw a table as a grid of cells: evidence, classes, or numbers as shades.

    Parameters
    ----------
    data : DataFrame
        Rows by columns. Cells hold evidence status (drawn by its marks), names of classes, or
        numbers (a shade each). ``attrs["source_id"]``, if there, goes to the csv.
    classes : "aqi" or list, optional
        ``"aqi"`` puts numbers into the six classes of HJ 633 in its colours; a list orders
        classes that have names.
    colors : dict, optional
        ``{class: colour}``.
    names : dict, optional
        ``{class: name}``; default the words' own.
    numbers : bool, optional
        Write numbers into the cells; default where they fit.
    decimals : int
    limits : (float, float), optional
        Numbers at the two ends of the shades.
    unit : str, optional
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> table = xc.coverage().loc[["pm25", "area_noise"], 2013:2025]
    >>> ax = xc.plot_grid(table)
    >>> plt.close(ax.figure)
    """
    if data.empty:
        raise error("error.plot_nothing", name="plot_grid")
    ax, new = marks.own_axes(ax, height=ROW * len(data) + 8)
    unit = unit or data.attrs.get("unit")
    rows = [style.key_name(i) for i in data.index]
    if classes == "aqi":
        text = _draw_classes(ax, *_aqi_classes(data))
    elif all(pd.api.types.is_numeric_dtype(dtype) for dtype in data.dtypes):
        text = _draw_shades(ax, data, numbers, decimals, limits, unit)
    elif set(pd.unique(data.to_numpy().ravel())) <= {*figures.MARKERS, *SPANS, *_EMPTY, *_BARS}:
        text = _draw_statuses(ax, data)
    else:
        text = _draw_classes(ax, *_named_classes(data, classes, colors, names))
    _grid_axes(ax, data, rows)
    cells = [
        {"mark": "cell", "series": rows[i], "x": style.key_name(data.columns[j]), **text[i, j]}
        for i, j in sorted(text)
    ]
    if isinstance(source := data.attrs.get("source_id"), str):
        cells = [cell | {"source_id": source} for cell in cells]
    marks.record(ax, cells, unit=unit)
    figures.heading(ax, title, None)
    return marks.close_chart(ax, new)


_EMPTY = {"", None, np.nan}
_BARS = ("estimated", "bound")


def _grid_axes(ax, data, rows) -> None:
    n, m = data.shape
    ax.set_xlim(-0.5, m - 0.5)
    ax.set_ylim(n - 0.5, -0.5)
    ax.grid(visible=False)
    room = 0.42 * figures.panel_width(ax)
    ax.set_yticks(range(n), [style.wrap(r, room, 7) for r in rows], parse_math=False)
    columns = [style.key_name(c) for c in data.columns]
    widest = max(style.text_width(c, 7) for c in columns) + 1.0
    step = max(1, int(np.ceil(widest * m / (0.72 * figures.panel_width(ax)))))
    if all(isinstance(c, (int, np.integer)) for c in data.columns):
        shown = [j for j, c in enumerate(data.columns) if c % step == 0]
    else:
        shown = list(range(0, m, step))
    ax.set_xticks(shown, [columns[j] for j in shown], parse_math=False)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)


def _draw_statuses(ax, data: pd.DataFrame) -> dict:
    """Draw evidence by its marks; return the rows of the csv."""
    text, keys = {}, figures.record_of(ax).keys
    n, m = data.shape
    ax.hlines(np.arange(n), -0.5, m - 0.5, color=style.FAINT, lw=0.6, zorder=1)
    for i in range(n):
        for j in range(m):
            status = data.iat[i, j]
            if not isinstance(status, str) or not status:
                continue
            text[i, j] = {"status": status}
            if status in SPANS:
                look = {"marker": SPANS[status], "ms": 4.5, "mew": 1.0, "color": "#8A8F98"}
                key = Key(f"dot:{SPANS[status]}", word(f"plot.span_{status}"), "#8A8F98")
            elif status in _BARS:
                look = {"marker": "|", "ms": 5, "mew": 2.4, "color": style.tint(INK, 0.45)}
                key = Key(status, marks.kind_text(status), INK)
            else:
                look = marker_look(status, INK, 4.0)
                key = Key(status, marks.kind_text(status), INK)
            ax.plot([j], [i], **{"ls": "none", "zorder": 3, "gid": f"xc:{status}", **look})
            if key not in keys:
                keys.append(key)
    return text


def _aqi_classes(data: pd.DataFrame):
    """Put an index into the classes of HJ 633-2012."""
    tops = [top for top, *_ in style.AQI_CLASSES]
    values = data.to_numpy(float)
    place = np.where(np.isfinite(values), np.searchsorted(tops, values.clip(max=500)), -1)
    looks = [(color, word(key)) for _, color, key in style.AQI_CLASSES]
    return data, place, looks


def _named_classes(data: pd.DataFrame, classes, colors, names):
    cells = data.astype(object).where(data.notna(), "")
    found = [c for c in pd.unique(cells.to_numpy().ravel()) if c != ""]
    order = [c for c in classes if c in found] if classes else found
    unknown = [c for c in found if c not in order]
    if unknown:
        raise error("error.plot_class", name=unknown[0])
    colors, names = colors or {}, names or {}
    looks = []
    for i, one in enumerate(order):
        shade = SEQUENCE[round(i * (len(SEQUENCE) - 1) / max(1, len(order) - 1))]
        looks.append((colors.get(one, shade), names.get(one, style.key_name(one))))
    place = cells.map(lambda c: order.index(c) if c != "" else -1).to_numpy(int)
    return data, place, looks


def _draw_classes(ax, data, place, looks) -> dict:
    from matplotlib.colors import ListedColormap

    cmap = ListedColormap([color for color, _ in looks])
    _fill_cells(ax, np.ma.masked_less(place, 0), cmap, -0.5, len(looks) - 0.5)
    for i in sorted(set(place[place >= 0])):
        figures.record_of(ax).keys.append(Key("fill", looks[i][1], looks[i][0]))
    text = {}
    for i, j in zip(*np.nonzero(place >= 0), strict=True):
        value = data.iat[i, j]
        text[i, j] = {"y": value if np.isreal(value) else None, "text": looks[place[i, j]][1]}
    return text


def _fill_cells(ax, values, cmap, low: float, high: float) -> None:
    xs, ys = (np.arange(size + 1) - 0.5 for size in values.shape[::-1])
    look = {"edgecolors": "white", "linewidth": 0.4, "gid": "xc:cell"}
    ax.pcolormesh(xs, ys, values, cmap=cmap, vmin=low, vmax=high, **look)


def _draw_shades(ax, data, numbers, decimals, limits, unit) -> dict:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("xc", SEQUENCE)
    values = np.ma.masked_invalid(data.to_numpy(float))
    low, high = limits or (float(values.min()), float(values.max()))
    _fill_cells(ax, values, shades, low, high)
    known = [style.number(v, decimals) for v in values.compressed()]
    widest = max((style.text_width(v, SIZES["small"]) for v in known), default=0)
    room = 0.72 * figures.panel_width(ax) / data.shape[1]
    write = widest < room if numbers is None else numbers
    text = {}
    for i, j in np.argwhere(~np.ma.getmaskarray(values)):
        value = float(values[i, j])
        text[i, j] = {"y": value}
        if write:
            ground = shades((value - low) / ((high - low) or 1))
            ink = INK if style.contrast(INK, ground) >= 4.5 else "white"
            marks.write(ax, style.number(value, decimals), (j, i), ha="center", color=ink)
    if not write:
        for value in (low, high):
            name = f"{style.number(value, decimals)} {style.unit_name(unit)}".strip()
            figures.record_of(ax).keys.append(Key("fill", name, shades(float(value == high))[:3]))
    return text


# ---- scorecard ------------------------------------------------------------------------------

SIGNS = {"<=": "≤", ">=": "≥"}


def plot_scorecard(*cards: pd.DataFrame, title=None, ax=None):
    """Draw the scorecard of the plan's table 2, as of one year or of two side by side.

    Parameters
    ----------
    *cards : DataFrame
        As `xc.scorecard` returns them, the earlier first; values are the last one's.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> ax = xc.plot_scorecard(xc.scorecard(as_of=2020), xc.scorecard())
    >>> plt.close(ax.figure)
    """
    if not cards or any("plan_row" not in card for card in cards):
        raise error("error.plot_scorecard")
    width = figures.drawing_width() - 2 * figures.EDGE if ax is None else figures.panel_width(ax)
    cells, heads, shares, right = card_cells(cards)
    widths = np.array(shares) / sum(shares) * (width - 2)
    wrapped = [
        [style.wrap(text, w - 1.8, SIZES["label"]) for text, w in zip(row, widths, strict=True)]
        for row in [heads, *cells]
    ]
    depth = [2.95 * max(t.count("\n") + 1 for t in row) + 1.9 for row in wrapped]
    ax, new = marks.own_axes(ax, height=sum(depth) + 3)
    marks.hide_frame(ax)
    ax.set_xlim(0, width)
    ax.set_ylim(sum(depth), 0)
    left = np.r_[0, np.cumsum(widths)[:-1]]
    y = 0.0
    for number, (row, height) in enumerate(zip(wrapped, depth, strict=True)):
        if number and number % 2:
            ax.axhspan(y, y + height, color=style.SHADE, lw=0, zorder=0, gid="xc:stripe")
        for column, text in enumerate(row):
            at_right = column in right
            x = left[column] + (widths[column] - 1.2 if at_right else 0.6)
            look = {"ha": "right" if at_right else "left", "color": INK if number else MUTED}
            look |= {"size": SIZES["label"], "linespacing": 1.12}
            marks.write(ax, text, (x, y + height / 2), **look)
        y += height
    table = pd.DataFrame([row[2:] for row in cells], columns=heads[2:])
    table.insert(0, "series", [row[1] for row in cells])
    table.insert(1, "indicator", cards[-1].sort_values("plan_row")["indicator"].to_numpy())
    rows = table.melt(["series", "indicator"], var_name="x", value_name="text")
    rows["source_id"] = rows["x"].isin(heads[2:5]).map({True: "plan", False: None})
    marks.record(ax, rows.assign(mark="cell"), *_card_notes(cards))
    figures.heading(ax, title, None)
    return marks.close_chart(ax, new)


def card_cells(cards):
    """Texts of the table, its heads, widths and the columns set flush right."""
    last = cards[-1]
    year = int(last["target_year"].mode().iloc[0])
    base_year = int(last["base_year"].dropna().mode().iloc[0])
    several = len(cards) > 1
    heads = [word("plot.card_no"), word("plot.card_indicator"), word("plot.card_attribute")]
    heads += [str(base_year), word("plot.card_target", year=year)]
    chinese = language() == "zh"
    shares = [8, 33, 12, 18.5, 15.5] if chinese else [7, 44, 15, 14, 20]
    if not several:
        shares[1] += 8
    for card in cards[:-1]:
        heads.append(word("plot.card_seen", year=card.attrs.get("as_of", "")))
        shares.append(19 if chinese else 20)
    heads += [word("plot.card_latest"), word("plot.card_verdict"), word("plot.card_reading")]
    shares += [22, 20.5, 31] if chinese else [21, 25, 26]
    earlier = [card.set_index("plan_row") for card in cards[:-1]]
    cells = []
    for row in last.sort_values("plan_row").to_dict("records"):
        cells.append(
            [
                f"{row['plan_row']:.0f}",
                _card_name(row),
                word(f"attribute.{row['attribute']}") if row["attribute"] else "—",
                _valued(row["base"], row["base_year"], base_year),
                _card_target(row),
                *[_verdict(card.loc[row["plan_row"]]) for card in earlier],
                _latest(row),
                _verdict(row),
                _reading(row),
            ]
        )
    return cells, heads, shares, {3, 4, 5 + len(earlier)}


def _card_name(row) -> str:
    unit = row["unit"] if isinstance(row["unit"], str) else ""
    if language() == "en":
        unit = word(f"plan_unit.{unit}") if has_word(f"plan_unit.{unit}") else style.unit_name(unit)
    name = str(row[f"name_{language()}"])
    if not unit or unit == "%" and "%" in name:
        return name
    return tr(f"{name}（{unit}）", f"{name} ({unit})")


def _valued(value, year, usual=None, mark: str = "") -> str:
    if pd.isna(value):
        return "—"
    text = style.shortest(round(float(value), 4 if abs(value) < 10 else 2))
    if pd.isna(year) or year == usual and not mark:
        return text
    return tr(f"{text}（{year:.0f}{mark}）", f"{text} ({year:.0f}{mark})")


def _latest(row) -> str:
    mark = {"draft": "*", "estimated": "≈", "derived": ""}.get(str(row["latest_status"]), "")
    value = row["latest"]
    if pd.notna(value):
        value = round(float(value), 1 if abs(value) >= 10 and mark else 2)
    return _valued(value, row["latest_year"], None, mark)


def _card_target(row) -> str:
    if pd.isna(row["target"]):
        kind = row["kind"]
        return word(f"plot.asked_{kind}") if has_word(f"plot.asked_{kind}") else "—"
    sign = SIGNS.get(row["comparator"], row["comparator"])
    return tr(f"{sign}{style.shortest(row['target'])}", f"{sign} {style.shortest(row['target'])}")


def _verdict(row) -> str:
    text = short_verdict(row["verdict"], row["target_year"])
    p = row["p_meet"]
    return f"{text} {style.percent(100 * p)}" if pd.notna(p) else text


def short_verdict(term: str, year) -> str:
    key = term.replace("(", "").replace(")", "").replace(" ", "_")
    if has_word(f"verdict_short.{key}"):
        return word(f"verdict_short.{key}", year=f"{year:.0f}")
    # two points give a span of chances: "about even to likely"
    return tr("至", " to ").join(short_verdict(part, year) for part in term.split(" to "))


def _reading(row) -> str:
    """Tell what the city's number or a borrowed reading implies, else the margin."""
    if isinstance(row["reading"], str) and row["reading"] and row["verdict_under_reading"]:
        shown = row["reading"].replace("<= ", tr("≤", "≤ ")).replace(">= ", tr("≥", "≥ "))
        told = short_verdict(row["verdict_under_reading"], row["target_year"])
        return tr(f"{shown}：{told}", f"{shown}: {told}")
    if pd.isna(row["target"]) or pd.isna(row["latest"]):
        return "—"
    margin = row["target"] - row["latest"]
    if row["comparator"] == "=":
        margin = -abs(margin)
    elif str(row["comparator"]).startswith(">"):
        margin = -margin
    margin = round(margin, 6)
    value = style.shortest(abs(margin))
    return word("plot.card_margin" if margin >= 0 else "plot.card_gap", value=value)


def _card_notes(cards) -> list[Key]:
    last, notes = cards[-1], []
    if (last["latest_status"] == "draft").any():
        notes.append(Key("note", word("plot.card_draft")))
    if (last["latest_status"] == "estimated").any():
        notes.append(Key("note", word("plot.card_estimated")))
    if any(card["p_meet"].notna().any() for card in cards):
        notes.append(Key("note", word("plot.card_chance")))
    notes.append(Key("note", word("plot.card_reading_note")))
    return notes
