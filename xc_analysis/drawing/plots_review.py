"""Drawing of what moves a verdict and of how past projections fared; see ``plots``."""

import numpy as np

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.drawing.plots_verdict import VERDICTS, verdict_name
from xc_analysis.errors import InputError
from xc_analysis.style import tr

_CUTS = (0.10, 0.33, 0.66, 0.90)


def _color_of(verdict):
    words = [w.strip() for w in str(verdict).replace("(provisional)", "").split(":")]
    return next((VERDICTS[w][3] for w in reversed(words) if w in VERDICTS), palette.CITY)


def plot_sensitivity(data, *, ax=None, target=None, unit=None, color=None, labels=None, title=None):
    """A dot table: one row per combination, median with 80 and 95 % interval, P and verdict.

    Parameters
    ----------
    data : DataFrame
        Rows of ``sensitivity``; the first is the reference.
    ax : Axes, optional
    target : float or mapping, optional
        Where the target's line stands: a number, or label -> number.
    unit : str, optional
        Unit of the value axis.
    color : optional
        Colour of the rows; default the air theme's.
    labels : list of str, optional
        Words of each row; default the column ``moved``.
    title : str, optional

    Returns
    -------
    Axes
    """
    if data.empty:
        raise InputError("plot_sensitivity: no row to draw")
    n = len(data)
    ax = marks.axes(ax, height=12 + 5.2 * n)
    color = color or style.theme_color("air")
    y = np.arange(n)[::-1]
    under = data["p_under_reading"].notna()
    p = data["p_meet"].where(~under, data["p_under_reading"])
    verdict = data["verdict"].where(
        data["verdict_under_reading"] == "", data["verdict_under_reading"]
    )
    ax.axhspan(n - 1.5, n - 0.5, color=palette.SHADE, lw=0, zorder=0)
    for name, width, alpha in (("95", 1.2, 0.45), ("80", 3.2, 0.5)):
        ax.hlines(y, data[f"lower_{name}"], data[f"upper_{name}"], color=color, lw=width,
                  alpha=alpha, zorder=2, gid=f"bar:{name}")  # fmt: skip
    ax.plot(data["median"], y, "o", ms=4, color=color, mec="white", mew=0.5, zorder=4, gid="median")
    reach = np.nanmax(data["upper_80"].to_numpy(float)) if data["upper_80"].notna().any() else 1.0
    targets = target if isinstance(target, dict) else ({} if target is None else {"": target})
    for value in targets.values():
        reach = max(reach, value)
    low = np.nanmin(np.r_[data["lower_80"].to_numpy(float), list(targets.values()), reach])
    pad = 0.06 * (reach - low or 1.0)
    ax.set_xlim(max(low - pad, 0) if low >= 0 else low - pad, reach + pad)
    tint = palette.CITY if under.any() else palette.TARGET
    for name, value in targets.items():
        ax.axvline(
            value, color=tint, ls="--" if under.any() else "-", lw=1.0, zorder=3, gid="target"
        )
        ax.annotate(f"{name} {value:g}".strip(), (value, 1), xycoords=("data", "axes fraction"),
                    xytext=(2, 1), textcoords="offset points", size=6.2, color=tint,
                    va="bottom", ha="left", parse_math=False)  # fmt: skip
    named = (
        labels
        if labels is not None
        else [m or tr("登记的设定", "as registered") for m in data["moved"]]
    )
    ax.set_yticks(y, named, size=6.2, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, n - 0.4)
    ax.grid(axis="y", visible=False)
    for at, chance, word in zip(y, p, verdict, strict=True):
        shown = f"{chance:.2f}  " if np.isfinite(chance) else "–     "
        ax.annotate(shown + verdict_name(word), (1, at), xycoords=("axes fraction", "data"),
                    xytext=(5, 0), textcoords="offset points", size=6.2, va="center",
                    color=palette.MUTED if under.any() else _color_of(word),
                    annotation_clip=False, parse_math=False, gid="verdict")  # fmt: skip
    head = tr("达到的概率与判断", "P(meet), verdict")
    if under.any():
        head = tr("按读法的概率与判断", "under the reading")
    ax.annotate(head, (1, 1), xycoords="axes fraction", xytext=(5, 1), textcoords="offset points",
                size=6.2, color=palette.MUTED, va="bottom", annotation_clip=False)  # fmt: skip
    if unit:
        ax.set_xlabel(style.unit_name(unit), size=6.5)
    if title:
        ax.set_title(title, size=8, parse_math=False)
    return ax


def plot_scores(
    data,
    *,
    score,
    ax=None,
    nominal=None,
    names=None,
    reference=None,
    title=None,
    percent=False,
    decimals=2,
):
    """One pooled score of every method with its 95 % range.

    Parameters
    ----------
    data : DataFrame
        As ``calibration`` returns it, one row per method.
    score : str
        Column, such as ``coverage_80`` or ``mase``.
    ax : Axes, optional
    nominal : float, optional
        Where the score would be by its own claim; drawn as a line.
    names : mapping, optional
        Method -> words.
    reference : str, optional
        Method drawn in ink.
    title : str, optional
    percent : bool
        Axis in per cent, scores without decimals.
    decimals : int
        Of the scores written.

    Returns
    -------
    Axes
    """
    if score not in data:
        raise InputError(f"plot_scores: no column {score!r}; use one of calibration()")
    n = len(data)
    ax = marks.axes(ax, "single", 14 + 4.6 * n)
    y = np.arange(n)[::-1]
    scale = 100 if percent else 1
    for at, (_, row) in zip(y, data.iterrows(), strict=True):
        own = row["method"] == reference
        color = palette.THEMES["air"] if own else palette.MUTED
        ax.hlines(at, scale * row[f"{score}_low"], scale * row[f"{score}_high"], color=color,
                  lw=2.4 if own else 1.6, alpha=0.45, gid="range")  # fmt: skip
        ax.plot(
            [scale * row[score]], [at], "o", ms=4.4, color=color, mec="white", mew=0.5, gid="score"
        )
        ax.annotate(f"{scale * row[score]:.{0 if percent else decimals}f}", (scale * row[score], at),
                    xytext=(0, 3.4), textcoords="offset points", size=5.8, ha="center",
                    color=palette.INK if own else palette.MUTED,
                    bbox={"fc": "white", "ec": "none", "pad": 0.4})  # fmt: skip
    if nominal is not None:
        ax.axvline(
            scale * nominal, color=palette.INK, lw=0.8, ls=(0, (3, 2)), zorder=1, gid="nominal"
        )
    ax.set_yticks(y, [(names or {}).get(m, m) for m in data["method"]], size=6.4)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, n - 0.2)
    ax.grid(axis="y", visible=False)
    if title:
        ax.set_title(title, size=7.5, parse_math=False)
    return ax


def plot_chance(
    data, *, ax=None, candidates=(), better="lower", unit=None, title=None, color=None, decimals=0
):
    """Probability of meeting a target against the target itself, with candidates on the curve.

    Parameters
    ----------
    data : DataFrame
        ``target`` and ``probability``, as ``supported_targets`` returns them on a fine grid.
    ax : Axes, optional
    candidates : sequence of (label, target, probability)
    better : {"lower", "higher"}
        Direction of improvement: the side on which a target is harder.
    unit, title, color : optional
    decimals : int
        Of the candidates' values.

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 62)
    color = color or style.theme_color("air")
    frame = data.sort_values("target")
    shade = ("#C44E00", "#D9853B", "#8C8C8C", "#4F88C0", "#1B5FA6")
    edges = (0, *_CUTS, 1)
    words = ("very unlikely", "unlikely", "open", "likely", "very likely")
    for low, high, tint, word in zip(edges[:-1], edges[1:], shade, words, strict=True):
        ax.axhspan(low, high, color=tint, alpha=0.08, lw=0, zorder=0)
        ax.annotate(tr(*VERDICTS[word][:2]), (1, (low + high) / 2), xytext=(3, 0),
                    xycoords=("axes fraction", "data"), textcoords="offset points", size=5.8,
                    va="center", color=tint, annotation_clip=False)  # fmt: skip
    ax.plot(frame["target"], frame["probability"], color=color, lw=1.4, zorder=3, gid="chance")
    for label, value, chance in candidates:
        ax.plot([value], [chance], "o", ms=4.6, color=palette.TARGET, mec="white", mew=0.5, zorder=5,
                gid="candidate")  # fmt: skip
        right = better == "lower"  # the side on which the curve leaves room below it
        sign = {"<=": "≤", ">=": "≥"}.get(label, label)
        ax.annotate(f"{sign}{value:.{decimals}f}: {chance:.2f}".strip(), (value, chance),
                    xytext=(6 if right else -6, -3), textcoords="offset points", size=6.2,
                    color=palette.TARGET, ha="left" if right else "right", va="top",
                    parse_math=False)  # fmt: skip
    ax.set_ylim(0, 1)
    ax.set_yticks(edges)
    ax.set_ylabel(tr("达到的概率", "P(meet)"), size=6.5)
    if unit:
        ax.set_xlabel(tr("目标值", "target") + f"  {style.unit_name(unit)}", size=6.5)
    if title:
        room = ax.get_position().width * ax.figure.get_figwidth() * 25.4
        ax.set_title(style.wrap(title, 1.15 * room, 7.5), size=7.5, parse_math=False)
    return ax


_CHOICES = {
    "window": ("时段", "window"),
    "method": ("模型", "method"),
    "phi": ("阻尼", "phi"),
    "prior_sd": ("先验", "prior sd"),
    "excluded": ("不含", "without"),
    "kept": ("含", "with"),
    "year": ("特殊末年", "odd last year"),
    "reading": ("读法", "reading"),
    "series": ("来源", "series"),
}
_VALUES = {"published": "公布值", "station": "站点计算", "own": "自有"}


def moved_words(moved) -> str:
    """The column ``moved`` of ``sensitivity`` in the language in force."""
    if not moved:
        return tr("登记的设定", "as registered")
    out = []
    for part in str(moved).split("; "):
        name, _, value = part.partition(" ")
        if name == "excluded":
            value = value.strip("-")
        zh, en = _CHOICES.get(name, (name, name))
        out.append(tr(f"{zh} {_VALUES.get(value, value)}", f"{en} {value}"))
    return tr("；", "; ").join(out)


def plot_spans(data, *, ax=None, title=None, color=None):
    """Tornado of one verdict: how far each choice alone moves the probability.

    Parameters
    ----------
    data : DataFrame
        ``choice``, ``low``, ``high`` (probabilities) and ``base``, widest last.
    ax : Axes, optional
    title, color : optional

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 20 + 5 * len(data))
    color = color or style.theme_color("air")
    y = np.arange(len(data))
    ax.barh(y, data["high"] - data["low"], left=data["low"], height=0.55, color=color, alpha=0.55,
            gid="span")  # fmt: skip
    for cut in _CUTS:
        ax.axvline(cut, color=palette.BREAK, lw=0.5, ls=(0, (1, 2)), zorder=0)
    ax.axvline(data["base"].iloc[0], color=palette.INK, lw=1.0, gid="base")
    for at, low, high in zip(y, data["low"], data["high"], strict=True):
        ax.annotate(f"{low:.2f}–{high:.2f}", (high, at), xytext=(3, 0), size=5.8, va="center",
                    textcoords="offset points", color=palette.MUTED)  # fmt: skip
    ax.set_yticks(y, [tr(*_CHOICES.get(c, (c, c))) for c in data["choice"]], size=6.4)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(tr("达到的概率", "P(meet)"), size=6.4)
    if title:
        ax.set_title(title, size=7.5, parse_math=False)
    return ax


def plot_asked(data, *, ax=None, names=None):
    """Yearly change that each candidate needs against the change of the years just past.

    Parameters
    ----------
    data : DataFrame
        As ``asked_of_the_past`` returns it, with ``scope`` and ``indicator``.
    ax : Axes, optional
    names : DataFrame, optional
        The table ``indicators``, indexed by indicator.

    Returns
    -------
    Axes
    """
    n = len(data)
    ax = marks.axes(ax, height=22 + 6.4 * n)
    y = np.arange(n)[::-1]
    labels = []
    for row in data.itertuples():
        name = row.indicator
        if names is not None and row.indicator in names.index:
            name = names.loc[row.indicator, tr("name_zh", "name_en")]
        sign = {"<=": "≤", ">=": "≥", "=": ""}.get(row.comparator, row.comparator)
        labels.append(f"{row.scope}  {name}  {sign}{row.target:g}")
    ax.hlines(y, data["past_rate"], data["needed_rate"], color=palette.CITY, lw=1.2, zorder=2)
    ax.plot(data["past_rate"], y, "o", ms=4.6, color=palette.INK, mec="white", mew=0.5, gid="past")
    ax.plot(data["needed_rate"], y, "D", ms=4.6, color=palette.TARGET, mec="white", mew=0.5,
            gid="needed")  # fmt: skip
    for at, row in zip(y, data.itertuples(), strict=True):
        text = tr(
            f"过去 {row.past_rate:+.1f}%，今后需 {row.needed_rate:+.1f}%",
            f"past {row.past_rate:+.1f} %, needs {row.needed_rate:+.1f} %",
        )
        ax.annotate(text, (1, at), xycoords=("axes fraction", "data"), xytext=(4, 0), size=6,
                    textcoords="offset points", va="center", color=palette.MUTED,
                    annotation_clip=False)  # fmt: skip
    ax.axvline(0, color=palette.BREAK, lw=0.7)
    ax.set_yticks(y, labels, size=6.2, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, n - 0.4)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(
        tr("每年变化，%（●过去　◆今后所需）", "change a year, %  (● past, ◆ needed)"), size=6.4
    )
    return ax
