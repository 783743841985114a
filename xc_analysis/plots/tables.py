"""Charts that are tables: a grid of cells, and the scorecard."""

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, ListedColormap

from .. import figures, style
from ..figures import MARKERS, Key, marker_look
from ..style import INK, MUTED, SIZES, tr
from ..targets import Target, margin_of, shown_level
from ..words import error, has_word, language, named, unit_name, word
from . import marks
from .rows import ROW

BAR = {"marker": "|", "ms": 5, "mew": 2.4, "ls": "none", "color": style.tint(INK, 0.45)}
# statuses that have no marker of their own; spans are statuses of coverage, no value of a year
SPANS = {"several_years": "_", "part_year": "|"}
GREY = "#8A8F98"
SEQUENCE = ("#F2F5F9", "#C6D6E8", "#8FB0D3", "#4F83BA", "#1B5FA6", "#0D3562")


def plot_grid(
    data, *, classes=None, colors=None, names=None, decimals=0, unit=None, title=None, ax=None
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
    colors, names : dict, optional
        ``{class: colour}`` and ``{class: name}``.
    decimals : int
        Of the numbers, which are written into the cells where they fit.
    unit, title, ax : optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import xc_analysis as xc
    >>> table = xc.coverage().loc[["pm25", "area_noise"], 2013:2025]
    >>> ax = xc.plot_grid(table)
    """
    if data.empty:
        raise error("error.plot_nothing", name="plot_grid")
    ax, new = marks.own_axes(ax, height=ROW * len(data) + 8)
    unit = unit or data.attrs.get("unit")
    if classes != "aqi" and all(map(pd.api.types.is_numeric_dtype, data.dtypes)):
        cells = _draw_shades(ax, data, decimals, unit)
    elif data.isin([*marks.KINDS, *SPANS, "", None]).to_numpy().all():
        cells = _draw_statuses(ax, data)
    else:
        cells = _draw_classes(ax, data, classes, colors or {}, names or {})
    rows, columns = ([style.key_name(i) for i in names] for names in (data.index, data.columns))
    n, m = data.shape
    ax.set(xlim=(-0.5, m - 0.5), ylim=(n - 0.5, -0.5))
    ax.grid(visible=False)
    width = figures.panel_width(ax)
    ax.set_yticks(range(n), [style.wrap(r, 0.42 * width, 7) for r in rows], parse_math=False)
    # as many columns are named as the panel can carry
    widest = max(style.text_width(c, 7) for c in columns) + 1.0
    step = max(1, int(np.ceil(widest * m / (0.72 * width))))
    whole = all(isinstance(c, (int, np.integer)) for c in data.columns)
    shown = [j for j in range(m) if (data.columns[j] if whole else j) % step == 0]
    ax.set_xticks(shown, [columns[j] for j in shown], parse_math=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    told = [{"mark": "cell", "series": rows[i], "x": columns[j], **cell} for i, j, cell in cells]
    table = pd.DataFrame(told)
    if isinstance(source := data.attrs.get("source_id"), str):
        table["source_id"] = source
    marks.record(ax, table, unit=unit)
    figures.heading(ax, title)
    return marks.close_chart(ax, new)


def _draw_statuses(ax, data: pd.DataFrame) -> list:
    """Draw evidence by its marks; return what each cell says."""
    ax.hlines(range(len(data)), -0.5, data.shape[1] - 0.5, color="#E7E7E7", lw=0.6, zorder=1)
    cells = []
    for (i, j), status in np.ndenumerate(data.fillna("").to_numpy()):
        if not status:
            continue
        if status in SPANS:
            key = Key(f"dot:{SPANS[status]}", word(f"plot.span_{status}"), GREY)
            look = marker_look(key.kind, GREY) | {"ms": 4.5, "mew": 1.0}
        else:
            key = Key(status, marks.kind_text(status), INK)
            look = marker_look(status, INK, 4.0) if status in MARKERS else BAR
        ax.plot([j], [i], zorder=3, gid=f"xc:{status}", **look)
        figures.record_of(ax).keys.append(key)
        cells.append((i, j, {"status": status}))
    return cells


def _draw_classes(ax, data: pd.DataFrame, classes, colors: dict, names: dict) -> list:
    """Fill cells by class: those of HJ 633-2012, or names in the order asked for, then as found."""
    if classes == "aqi":
        names = [word(f"aqi.{name}") for name in style.AQI_NAMES]
        looks = list(zip(style.AQI_COLORS, names, strict=True))
        values = data.to_numpy(float)
        place = np.searchsorted(style.AQI_TOPS, values.clip(max=500))
        place = np.where(np.isfinite(values), place, -1)
    else:
        found = [c for c in pd.unique(data.to_numpy().ravel()) if pd.notna(c) and c != ""]
        order = [c for c in dict.fromkeys([*(classes or ()), *found]) if c in found]
        shades = np.linspace(0, len(SEQUENCE) - 1, len(order)).round().astype(int)
        looks = [
            (colors.get(one, SEQUENCE[shade]), names.get(one, style.key_name(one)))
            for one, shade in zip(order, shades, strict=True)
        ]
        place = data.map(lambda c: order.index(c) if c in found else -1).to_numpy(int)
    cmap = ListedColormap([color for color, _ in looks])
    _fill_cells(ax, np.ma.masked_less(place, 0), cmap, -0.5, len(looks) - 0.5)
    for i in sorted(set(place[place >= 0])):
        figures.record_of(ax).keys.append(Key("fill", looks[i][1], looks[i][0]))
    cells = [(i, j, data.iat[i, j], looks[place[i, j]][1]) for i, j in np.argwhere(place >= 0)]
    return [(i, j, {"y": v if np.isreal(v) else None, "text": name}) for i, j, v, name in cells]


def _fill_cells(ax, values, cmap, low: float, high: float) -> None:
    xs, ys = (np.arange(size + 1) - 0.5 for size in values.shape[::-1])
    look = {"edgecolors": "white", "linewidth": 0.4, "gid": "xc:cell"}
    ax.pcolormesh(xs, ys, values, cmap=cmap, vmin=low, vmax=high, **look)


def _draw_shades(ax, data, decimals, unit) -> list:
    """Shade numbers and write them where they fit; else the key tells both ends."""
    shades = LinearSegmentedColormap.from_list("xc", SEQUENCE)
    values = np.ma.masked_invalid(data.to_numpy(float))
    low, high = float(values.min()), float(values.max())
    _fill_cells(ax, values, shades, low, high)
    known = [style.number(v, decimals) for v in values.compressed()]
    widest = max((style.text_width(v, SIZES["small"]) for v in known), default=0)
    fits = widest < 0.72 * figures.panel_width(ax) / data.shape[1]
    cells = []
    for i, j in np.argwhere(~np.ma.getmaskarray(values)):
        value = float(values[i, j])
        cells.append((i, j, {"y": value}))
        if fits:
            ground = shades((value - low) / ((high - low) or 1))
            ink = INK if style.contrast(INK, ground) >= 4.5 else "white"
            marks.write(ax, style.number(value, decimals), (j, i), ha="center", color=ink)
    for value, shade in () if fits else ((low, shades(0.0)), (high, shades(1.0))):
        name = f"{style.number(value, decimals)} {unit_name(unit)}".strip()
        figures.record_of(ax).keys.append(Key("fill", name, shade[:3]))
    return cells


def plot_scorecard(*cards: pd.DataFrame, title=None, ax=None):
    """Draw the scorecard of the plan's table 2, as of one year or of two side by side.

    Parameters
    ----------
    *cards : DataFrame
        As `xc.scorecard` returns them, the earlier first; values are the last one's.
    title, ax : optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import xc_analysis as xc
    >>> ax = xc.plot_scorecard(xc.scorecard(as_of=2020), xc.scorecard())
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
    ax.set_axis_off()
    ax.set(xlim=(0, width), ylim=(sum(depth), 0))
    ends, y = np.cumsum(widths), 0.0
    for number, (row, height) in enumerate(zip(wrapped, depth, strict=True)):
        if number % 2:
            ax.axhspan(y, y + height, color="#F1F3F6", lw=0, zorder=0, gid="xc:stripe")
        look = {"size": SIZES["label"], "linespacing": 1.12, "color": INK if number else MUTED}
        for column, text in enumerate(row):
            flush = column in right
            x = ends[column] - (1.2 if flush else widths[column] - 0.6)
            marks.write(ax, text, (x, y + height / 2), ha="right" if flush else "left", **look)
        y += height
    table = pd.DataFrame([row[2:] for row in cells], columns=heads[2:])
    table.insert(0, "series", [row[1] for row in cells])
    table.insert(1, "indicator", cards[-1].sort_values("plan_row")["indicator"].to_numpy())
    rows = table.melt(["series", "indicator"], var_name="x", value_name="text")
    rows["source_id"] = rows["x"].isin(heads[2:5]).map({True: "plan", False: None})
    notes = [one for one in ("draft", "estimated") if one in set(cards[-1]["latest_status"])]
    notes += ["chance"] if any(card["p_meet"].notna().any() for card in cards) else []
    keys = [Key("note", word(f"plot.card_{note}")) for note in (*notes, "reading_note")]
    marks.record(ax, rows.assign(mark="cell"), *keys)
    figures.heading(ax, title)
    return marks.close_chart(ax, new)


def card_cells(cards) -> tuple[list, list, list, set]:
    """Return the texts of the table, its heads, widths and the columns set flush right."""
    last, before = cards[-1], cards[:-1]
    base_year = int(last["base_year"].dropna().mode().iloc[0])
    wide = 0 if before else 8
    columns = [  # head, width in Chinese and in English
        (word("plot.card_no"), 8, 7),
        (word("plot.card_indicator"), 33 + wide, 44 + wide),
        (word("plot.card_attribute"), 12, 15),
        (str(base_year), 18.5, 14),
        (word("plot.card_target", year=int(last["target_year"].mode().iloc[0])), 15.5, 20),
        *[(word("plot.card_seen", year=card.attrs.get("as_of", "")), 19, 20) for card in before],
        (word("plot.card_latest"), 22, 21),
        (word("plot.card_verdict"), 20.5, 25),
        (word("plot.card_reading"), 31, 26),
    ]
    heads, zh, en = map(list, zip(*columns, strict=True))
    earlier = [card.set_index("plan_row") for card in before]
    cells = []
    for row in last.sort_values("plan_row").to_dict("records"):
        base = None if row["base_year"] == base_year else row["base_year"]
        target = shown_level(row["comparator"], style.shortest(row["target"]))
        if pd.isna(row["target"]):
            key = f"plot.asked_{row['kind']}"
            target = word(key) if has_word(key) else "—"
        mark = {"draft": "*", "estimated": "≈"}.get(row["latest_status"], "")
        latest = round(row["latest"], 1 if abs(row["latest"]) >= 10 and mark else 2)
        unit = named("plan_unit", row["unit"]) if isinstance(row["unit"], str) else ""
        name = str(row[f"name_{language()}"])
        name = name if not unit or unit == "%" and "%" in name else style.bracket(name, unit)
        cells.append([f"{row['plan_row']:.0f}", name])
        cells[-1] += [word(f"attribute.{row['attribute']}") if row["attribute"] else "—"]
        cells[-1] += [_dated(row["base"], base), target]
        every = [*(card.loc[row["plan_row"]] for card in earlier), row]
        verdicts = [short_verdict(r["verdict"], r["target_year"], r["p_meet"]) for r in every]
        seen = _dated(latest, row["latest_year"], mark)
        cells[-1] += [*verdicts[:-1], seen, verdicts[-1], _reading(row)]
    return cells, heads, tr(zh, en), {3, 4, 5 + len(earlier)}


def _dated(value, year, mark: str = "") -> str:
    if pd.isna(value):
        return "—"
    text = style.shortest(round(float(value), 4 if abs(value) < 10 else 2))
    return text if pd.isna(year) else style.bracket(text, f"{year:.0f}{mark}")


def short_verdict(term: str, year, p: float = np.nan) -> str:
    """Return a verdict, and its probability if it has one, in the few words of a table."""
    key = term.replace("(", "").replace(")", "").replace(" ", "_")
    if has_word(f"verdict_short.{key}"):
        told = word(f"verdict_short.{key}", year=f"{year:.0f}")
        return told if pd.isna(p) else f"{told} {style.odds(p)}"
    # two points give a span of chances: "about even to likely"
    return tr("至", " to ").join(short_verdict(part, year) for part in term.split(" to "))


def _reading(row) -> str:
    """Tell what the city's number or a borrowed reading implies, else the margin."""
    if isinstance(row["reading"], str) and row["reading"] and row["verdict_under_reading"]:
        shown = shown_level(*row["reading"].split())
        verdict = short_verdict(row["verdict_under_reading"], row["target_year"])
        return shown + tr("：", ": ") + verdict
    if pd.isna(row["target"]) or pd.isna(row["latest"]):
        return "—"
    level = row["comparator"], row["target"]
    margin = margin_of(row["latest"], Target(row["indicator"], "level", row["target_year"], *level))
    key = "plot.card_margin" if margin >= 0 else "plot.card_gap"
    return word(key, value=style.shortest(abs(margin)))
