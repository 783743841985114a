"""Results in words: what led to a projection."""

from __future__ import annotations

import numpy as np

_METHOD = {
    "last": ("last value, random walk", "末值，随机游走"),
    "last_two": ("mean of the last two values, random walk", "末两值均值，随机游走"),
    "linear": ("straight line (comparison only)", "直线（仅作对照）"),
    "loglinear": ("line on the transformed scale", "变换尺度上的直线"),
    "damped": ("damped line", "阻尼趋势线"),
    "drift": ("random walk with drift", "带漂移的随机游走"),
    "plateau": ("decay to a floor of unknown height", "向未知平台衰减"),
    "decay": ("average of steady and levelling declines", "匀速与趋平下降的加权平均"),
    "count": ("quasi-Poisson regression", "准泊松回归"),
    "blend": ("blend of line, damped line and recent level", "直线、阻尼线与近期水平的组合"),
    "shrunk": ("shrunk line, damped line and decay", "收缩直线、阻尼线与衰减的组合"),
}


def _members(p):
    """Members with their weight and their value in the last target year."""
    from xc_analysis.fits.fitting import backward

    if len(p.members) < 2:
        return ""
    return ", ".join(
        f"{name} {w:.3g} -> {float(backward(np.float64(m[-1]), p.scale, p.floor, p.ceiling)):.4g}"
        for name, (w, m) in p.members.items()
    )


def projection_text(p, lang="en") -> str:
    """Facts behind a :class:`~xc_analysis.projection.Projection`, one a line.

    Parameters
    ----------
    p : Projection
    lang : {"en", "zh", "both"}
        "both" puts each Chinese line before its English one.

    Returns
    -------
    str
    """
    en_method, zh_method = _METHOD[p.method]
    first, last = p.window
    years = ", ".join(str(y) for y in p.years)
    unit = f" {p.unit}" if p.unit else ""
    lines = [
        (
            f"指标 {p.indicator}：方法 {p.method}（{zh_method}），尺度 {p.scale}",
            f"{p.indicator}: method {p.method} ({en_method}), scale {p.scale}",
        ),
        (
            f"拟合 {p.n} 点，{first}-{last}（{years}）",
            f"fitted to {p.n} points, {first}-{last} ({years})",
        ),
    ]
    spread_zh, spread_en = f"残差标准差 {p.s:.3g}", f"residual sd {p.s:.3g}"
    if p.prior_sd is not None:
        spread_zh += f"，先验标准差 {p.prior_sd:.3g}（计 4 个自由度）"
        spread_en += f", prior sd {p.prior_sd:.3g} (worth 4 degrees of freedom)"
    if p.phi is not None:
        spread_zh, spread_en = f"{spread_zh}，阻尼 {p.phi:g}", f"{spread_en}, phi {p.phi:g}"
    lines.append((f"{spread_zh}，t 自由度 {p.df:g}", f"{spread_en}, t with {p.df:g} df"))
    if p.floor is not None or p.ceiling is not None:
        low = "-" if p.floor is None else f"{p.floor:g}"
        high = "-" if p.ceiling is None else f"{p.ceiling:g}"
        lines.append((f"下限 {low}，上限 {high}", f"floor {low}, ceiling {high}"))
    if p.censored:
        lines.append(("按修约区间作删失拟合", "interval-censored fit of rounded values"))
    if inside := _members(p):
        year = p.target_years[-1]
        lines.append((f"成员（{year} 年）：{inside}", f"members ({year}): {inside}"))
    zh, en = [], []
    for level in p.levels:
        low, high = (float(e[-1]) for e in p.interval(level))
        zh.append(f"{100 * level:g} % 区间 {low:.4g} 至 {high:.4g}")
        en.append(f"{100 * level:g} % {low:.4g} to {high:.4g}")
    at, median = p.target_years[-1], float(p.median[-1])
    lines.append(
        (
            f"{at} 年：中位数 {median:.4g}{unit}，{'；'.join(zh)}",
            f"{at}: median {median:.4g}{unit}, {', '.join(en)}",
        )
    )
    for warning in p.warnings:
        en_part, _, zh_part = warning.partition(" / ")
        lines.append((f"注意：{zh_part or en_part}", f"warning: {en_part}"))
    pick = {"zh": lambda a, b: [a], "en": lambda a, b: [b], "both": lambda a, b: [a, b]}
    return "\n".join(text for zh_line, en_line in lines for text in pick[lang](zh_line, en_line))
