"""Drawing of projections, targets and verdicts: frames in, axes out; see ``plots``."""

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.drawing.plots_evidence import plot_series
from xc_analysis.errors import InputError
from xc_analysis.style import tr

# verdict -> names, share of the disc that is filled (None: no disc), colour
VERDICTS = {
    "very likely": ("很可能", "very likely", 1.0, "#1B5FA6"),
    "likely": ("较可能", "likely", 0.75, "#4F88C0"),
    "open": ("难以断定", "open", 0.5, "#8C8C8C"),
    "unlikely": ("不太可能", "unlikely", 0.25, "#D9853B"),
    "very unlikely": ("很不可能", "very unlikely", 0.0, "#C44E00"),
    "cannot be judged": ("无法判断", "cannot be judged", None, "#8C8C8C"),
    "unaudited, not yet published": (
        "数据未审核，暂不公布",
        "unaudited, not yet published",
        None,
        "#8C8C8C",
    ),
    "maintenance": ("维持", "maintenance", None, "#1B5FA6"),
    "met": ("已达到", "met", 1.0, "#1B5FA6"),
    "not met": ("未达到", "not met", 0.0, "#C44E00"),
    "gap only, no probability": ("只列差距", "gap only", None, "#8C8C8C"),
    "by margin alone": ("仅凭余量", "by margin alone", 1.0, "#8C8C8C"),
}


def _projection_frame(data) -> pd.DataFrame:
    frame = data if isinstance(data, pd.DataFrame) else getattr(data, "frame", None)
    if not isinstance(frame, pd.DataFrame) or "median" not in frame:
        raise InputError(
            "plot_projection: give a Projection or its frame (column 'median' at least)"
        )
    return frame.sort_index()


def _levels(frame: pd.DataFrame) -> list[str]:
    """Names of the interval levels of a projection frame, widest first."""
    found = [c[6:] for c in frame.columns if c.startswith("lower_") and f"upper_{c[6:]}" in frame]
    return sorted(found, key=float, reverse=True)


def draw_fan(ax, data, *, anchor=None, color: str, label: bool = True, attrs=None) -> None:
    """Dashed median and interval bands on an axes, opening from the last fitted observation."""
    frame = _projection_frame(data)
    x = frame.index.to_numpy(float)
    if anchor is None and not isinstance(data, pd.DataFrame):
        anchor = (float(data.years[-1]), float(data.values[-1]))

    def from_anchor(column: str) -> np.ndarray:
        values = frame[column].to_numpy(float)
        return np.r_[anchor[1], values] if anchor else values

    xs = np.r_[anchor[0], x] if anchor else x
    names = marks.labels(ax)
    for i, level in enumerate(_levels(frame)):
        low, high = from_anchor(f"lower_{level}"), from_anchor(f"upper_{level}")
        ax.fill_between(xs, low, high, color=color, alpha=0.12 + 0.08 * i, lw=0, zorder=2.2,
                        gid=f"band:{level}")  # fmt: skip
        for edge in (low, high):
            names.lines.append((xs, edge))
        if label:
            ax.annotate(f"{level} %", (xs[-1], high[-1]), xytext=(2, 0), size=marks.SMALL,
                        textcoords="offset points", color=color, ha="left", va="center",
                        parse_math=False, annotation_clip=False, gid="band-name")  # fmt: skip
    median = from_anchor("median")
    ax.plot(xs, median, color=color, lw=1.1, ls=(0, (3, 1.6)), zorder=3.6, gid="median")
    names.lines.append((xs, median))
    if label:
        names.dots.append(([xs[-1]], [median[-1]]))
        names.beside_point(xs[-1], median[-1], marks.number(median[-1], attrs), color)


def plot_projection(
    data,
    *,
    ax=None,
    observed=None,
    outturn=None,
    targets=None,
    shade=None,
    label="ends",
    color: str | None = None,
    title: str | bool = True,
    ylim: tuple[float, float] | None = None,
    band_names: bool = True,
):
    """Draw a projection: what was fitted, the fan from its last point on, and what came.

    Parameters
    ----------
    data : Projection or DataFrame
        A frame has index year and columns median, lower_80, upper_80, lower_95, upper_95.
    ax : Axes, optional
    observed : DataFrame, optional
        The series that was fitted, as ``series`` returns it; the fan opens from its last whole
        year not after the projection begins. Without it a Projection's own fitted points serve.
    outturn : DataFrame, optional
        What happened after; markers by the evidence grammar in ink, over the fan, no line.
    targets, shade, label, title, ylim
        As in ``plot_series``.
    color : optional
        Default: the theme's.
    band_names : bool
        Write the levels and the last median at the end of the fan.

    Returns
    -------
    Axes
    """
    frame = _projection_frame(data)
    ax = marks.axes(ax, height=75)
    observed = _fitted_points(data, frame) if observed is None else observed
    attrs = observed.attrs
    color = color or style.theme_color(attrs.get("theme", "air"))
    years = [*observed.index, *frame.index, *(outturn.index if outturn is not None else [])]
    low, high = ylim or _fan_limits(frame, observed, outturn, targets, attrs)
    plot_series(
        observed, ax=ax, targets=targets, shade=shade, label=label, title=title, colors=[color],
        ylim=(low, high), years=(min(years), max(years)),
    )  # fmt: skip
    ax.set_xlim(right=max(years) + (0.7 if not band_names else 0.9))
    draw_fan(ax, data, anchor=_anchor(observed, frame), color=color, label=band_names, attrs=attrs)
    if outturn is not None:
        points = marks.points_of(outturn)
        points = points[points["x"] > _anchor_year(observed, frame)]
        marks.draw_points(ax, points, palette.INK, zorder=6.2, size=4.6)
        marks.labels(ax).dots.append((points["x"], points["value"]))
    return ax


def _fitted_points(data, frame) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return pd.DataFrame({"value": [], "status": []}, index=pd.Index([], name="year"))
    points = pd.DataFrame({"value": data.values}, index=pd.Index(data.years, name="year"))
    points["status"] = "computed"
    points.attrs = {"indicator": data.indicator, "unit": data.unit, "scale": data.scale,
                    "floor": data.floor, "ceiling": data.ceiling}  # fmt: skip
    return points


def _anchor(observed, frame):
    points = marks.points_of(observed)
    whole = points[points["kind"].isin(marks.JOINED) & np.isfinite(points["value"])]
    whole = whole[whole["x"] < frame.index[0]]
    return (whole["x"].iloc[-1], whole["value"].iloc[-1]) if len(whole) else None


def _anchor_year(observed, frame) -> float:
    anchor = _anchor(observed, frame)
    return anchor[0] if anchor else float(frame.index[0]) - 1


def _fan_limits(frame, observed, outturn, targets, attrs):
    """Room for the data and the 80 % band; a wider band may run out of the axes at the top."""
    inner = _levels(frame)[-1:]
    parts = [frame["median"], *(frame[f"{end}_{v}"] for v in inner for end in ("lower", "upper"))]
    for more in (observed, outturn):
        if more is not None:
            parts += [more[c] for c in ("value", "lower", "upper") if c in more]
    shown = [r["value"] for r in marks.rows_of(targets) if pd.notna(r.get("value"))]
    return marks.value_limits([np.asarray(p, float) for p in parts], attrs, include=shown)


def plot_target(
    data,
    *,
    target=None,
    city=None,
    projection=None,
    outturn=None,
    verdict: str | None = None,
    missing: str | None = None,
    number: int | str | None = None,
    name: str | None = None,
    ax=None,
    label="ends",
):
    """One small panel for one target; without numbers it says what is missing.

    Parameters
    ----------
    data : DataFrame or None
        The series; None or empty draws the panel with ``missing`` in it.
    target : mapping, Series or DataFrame, optional
        The row of ``targets``.
    city : as ``target``, optional
        The city's row, drawn as a grey reference line.
    projection : Projection or frame, optional
    outturn : DataFrame, optional
    verdict, missing : str, optional
        Words under the title; words in an empty panel.
    number, name : optional
        Row number in the plan and name, if not from the frame.
    ax, label
        As in ``plot_series``.

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 55)
    rows = [*marks.rows_of(target), *marks.rows_of(city)]
    has_data = data is not None and len(data) and np.isfinite(marks.points_of(data)["value"]).any()
    head = name or (marks.name_of(data.attrs) if data is not None else "")
    head = f"{number}  {head}" if number not in (None, "") else head
    if not has_data and projection is None:
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        ax.grid(False)
        ax.patch.set_facecolor(palette.SHADE)
        ax.spines["bottom"].set_visible(False)
        marks.heading(ax, head, None)
        said = [missing or tr("没有公开数据", "no public data")]
        said += [
            marks.target_text(r, True) for r in marks.rows_of(city) if pd.notna(r.get("value"))
        ]
        width = 0.86 * marks.width_mm(ax)
        ax.text(0.05, 0.9, style.wrap("\n".join(said), width, 6.4), size=6.4, color=palette.MUTED,
                ha="left", va="top", linespacing=1.35, parse_math=False, gid="missing")  # fmt: skip
    elif projection is not None:
        plot_projection(projection, ax=ax, observed=data, outturn=outturn, targets=rows,
                        label=label, title=head, band_names=False)  # fmt: skip
    else:
        frames = [data] if outturn is None else [data, outturn]
        plot_series(frames, ax=ax, targets=rows, label=label, title=head)
    if verdict:
        ax.annotate(verdict, (1, 1), xytext=(0, 2), xycoords="axes fraction", size=6,
                    textcoords="offset points", ha="right", va="bottom", color=palette.MUTED,
                    parse_math=False, gid="verdict")  # fmt: skip
    return ax


def _words(verdict) -> list[str]:
    """The parts of a verdict such as "maintenance: very likely" or "met (provisional)"."""
    text = verdict.replace("(provisional)", "") if isinstance(verdict, str) else ""
    return [w.strip() for w in text.split(":") if w.strip()]


def _known(verdict) -> tuple | None:
    """Names, disc and colour of a verdict, by the last of its parts that has them."""
    return next((VERDICTS[w] for w in reversed(_words(verdict)) if w in VERDICTS), None)


def verdict_name(verdict) -> str:
    """A verdict's words in the language in force; one it does not know is passed through."""
    words = [tr(*VERDICTS[w][:2]) if w in VERDICTS else w for w in _words(verdict)]
    text = tr("：", ": ").join(words)
    return text + tr("（暂定）", " (prov.)") if "(provisional)" in str(verdict) else text


def _disc(ax, x: float, y: float, verdict, *, radius: float = 1.55) -> None:
    """One glyph a verdict: a disc filled in proportion to the band; a dash if it has none."""
    from matplotlib.patches import Circle, Wedge

    known = _known(verdict)
    share, color = (known[2], known[3]) if known else (None, palette.CITY)
    if share is None:
        ax.plot([x - radius, x + radius], [y, y], color=color, lw=1.2, gid="glyph")
        return
    ax.add_patch(Circle((x, y), radius, fc="white", ec=color, lw=0.9, gid="glyph"))
    if share:
        ax.add_patch(Wedge((x, y), radius, 90 - 360 * share, 90, fc=color, ec="none"))


# columns of the scorecard: left edge in mm, header
_COLUMNS = {
    "row": (0.5, ("", "")),
    "name": (6, ("指标", "Indicator")),
    "baseline": (58, ("基年", "Base")),
    "latest": (70, ("最近", "Latest")),
    "target": (84, ("目标", "Target")),
    "p": (96, ("达到的概率", "P(meet)")),
    "verdict": (121, ("判断", "Verdict")),
    "reading": (143, ("按假设读法", "Under a reading")),
    "grade": (160.5, ("证据", "Grade")),
    "flags": (168, ("注", "Flags")),
}


def plot_scorecard(data, *, ax=None, names=None):
    """Table 2 on one page: state, target, probability, verdict, grade and flags of every row.

    Parameters
    ----------
    data : DataFrame
        As ``scorecard`` returns it: plan_row, indicator, kind, baseline, latest, target, verdict,
        p_meet, grade, flags, reading, verdict_under_reading; flags as a tuple or joined by ";". Optional:
        comparator, flags_zh, flags_en, name_zh, name_en, unit.
    ax : Axes, optional
        Best 174 mm wide; data units of the axes are millimetres.
    names : DataFrame, optional
        The table ``indicators`` (names, units); columns of the same names in ``data`` win.

    Returns
    -------
    Axes

    Notes
    -----
    A row that cannot be judged has no colour and no dot; a verdict under a reading is grey.
    """
    step, rows = 6.6, _scorecard_rows(data, names)
    flags = list(dict.fromkeys(f for r in rows for f in r["flags"]))
    depth = step * len(rows) + 8
    ax = marks.axes(ax, height=depth + 14 + 2.8 * -(-len(flags) // 3))
    ax.set(xlim=(0, 174), ylim=(depth, -1), aspect="equal")
    ax.set_axis_off()
    x = {k: v[0] for k, v in _COLUMNS.items()}

    def write(column, y, text, **kw):
        ax.text(x[column] + kw.pop("dx", 0), y, text, va="center",
                **{"size": 6.6, "parse_math": False, **kw})  # fmt: skip

    for column, (_, head) in _COLUMNS.items():
        right = column in ("baseline", "latest", "target")
        write(column, 0.9, tr(*head), size=6, color=palette.MUTED, dx=10 if right else 0,
              ha="right" if right else "left")  # fmt: skip
    _probability_scale(ax, x["p"], 4.6, depth - 1.5)
    for i, row in enumerate(rows):
        y = 8 + step * i
        if i % 2 == 0:
            ax.axhspan(y - step / 2, y + step / 2, color=palette.SHADE, lw=0, zorder=0)
        write("row", y, row["row"], color=palette.MUTED)
        write("name", y, style.wrap(f"{row['name']}  {row['unit']}", 51, 6.6), linespacing=1.05)
        for column in ("baseline", "latest", "target"):
            write(column, y, row[column], dx=10, ha="right")
        if row["p"] is not None:
            ax.plot([x["p"] + 20 * row["p"]], [y], "o", ms=4.4, mec="white", mew=0.5, zorder=4,
                    color=row["color"], gid="p")  # fmt: skip
        _disc(ax, x["verdict"] + 1.6, y, row["verdict"])
        write("verdict", y, style.wrap(verdict_name(row["verdict"]), 17, 6.2), dx=4.4, size=6.2,
              color=palette.MUTED if row["verdict"] == "cannot be judged" else palette.INK)  # fmt: skip
        if row["under"]:
            write("reading", y, style.wrap(verdict_name(row["under"]), 17, 6), size=6,
                  color=palette.CITY)  # fmt: skip
        write("grade", y, row["grade"], dx=1.5)
        write("flags", y, " ".join("abcdefghijklmnop"[flags.index(f)] for f in row["flags"]),
              size=6.2, color=palette.MUTED)  # fmt: skip
    key = "   ".join(
        f"{'abcdefghijklmnop'[i]} {f}".replace(" ", "\u00a0") for i, f in enumerate(flags)
    )
    if key:
        ax.text(0.5, depth, style.wrap(key, 170, 6), size=6, color=palette.MUTED, va="top",
                linespacing=1.35, parse_math=False, gid="flag-key")  # fmt: skip
    return ax


def _probability_scale(ax, x: float, top: float, bottom: float) -> None:
    """Scale 0-1, 20 mm long, with the cut-offs of the bands."""
    for cut in (0, 0.10, 0.33, 0.66, 0.90, 1):
        edge = cut in (0, 1)
        ax.plot([x + 20 * cut] * 2, [top, bottom], color="#C9CED6", lw=0.7 if edge else 0.4,
                zorder=1, ls="-" if edge else (0, (2, 2)))  # fmt: skip
    for cut in (0.10, 0.33, 0.66, 0.90):
        ax.text(x + 20 * cut, top - 0.3, f"{cut:.2f}"[1:], size=4.6, color=palette.MUTED, ha="center",
                va="bottom")  # fmt: skip


def _scorecard_rows(data: pd.DataFrame, names) -> list[dict]:
    lookup = {}
    if names is not None:
        lookup = (
            names.reset_index().drop_duplicates("indicator").set_index("indicator").to_dict("index")
        )
    rows = []
    for row in data.reset_index().to_dict("records"):
        known = {
            **lookup.get(row["indicator"], {}),
            **{k: v for k, v in row.items() if v is not None},
        }
        p = row.get("p_meet")
        p = float(p) if p is not None and pd.notna(p) else None
        verdict = row.get("verdict") or ""
        color = (_known(verdict) or (*[None] * 3, palette.INK))[3]
        kind = row.get("kind")
        rows.append({
            "row": "" if pd.isna(row.get("plan_row")) else f"{int(row['plan_row'])}",
            "name": known.get(f"name_{style.lang()}") or row["indicator"],
            "unit": style.unit_name(known["unit"]) if isinstance(known.get("unit"), str) else "",
            "baseline": _cell(row.get("baseline"), known, row.get("baseline_status")),
            "latest": _cell(row.get("latest"), known, row.get("latest_status")),
            "target": _target_cell(row, kind), "p": p, "verdict": verdict, "color": color,
            "under": _text(row.get("verdict_under_reading")), "grade": _text(row.get("grade")),
            "flags": _flags(known.get(tr("flags_zh", "flags_en"), row.get("flags"))),
        })  # fmt: skip
    return rows


def _text(value) -> str:
    return value if isinstance(value, str) else ""


def _cell(value, known: dict, status) -> str:
    """A value as the indicator is printed; a computed one with a digit more."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "–"
    decimals = known.get("decimals")
    if decimals is None or pd.isna(decimals):
        return f"{value:.4g}"
    return f"{value:.{int(decimals) + (status in ('computed', 'estimated'))}f}"


def _target_cell(row: dict, kind) -> str:
    value = row.get("target")
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        words = {"delegated": ("市级", "city's"), "none": ("未设", "none")}
        return tr(*words.get(kind, ("定性", "in words")))
    if isinstance(value, str):
        return value
    sign = {"<=": "≤", ">=": "≥", "=": ""}.get(row.get("comparator"), row.get("comparator") or "")
    return f"{sign}{value:g}"


def _flags(value) -> list[str]:
    """Flags without their details (after a colon), so that one letter stands for one kind."""
    if isinstance(value, str):
        value = value.replace("；", ";").split(";")
    flags = [str(f) for f in value] if isinstance(value, list | tuple | set) else []
    return list(
        dict.fromkeys(f.replace("：", ":").split(":")[0].strip() for f in flags if f.strip())
    )
