"""Words for the columns of a figure's sheet: a head and a note for each code.

What the data dictionary or the register of indicators declares is taken from there; the columns
that figures make are named here.
"""

from __future__ import annotations

import re

import pandas as pd

from ..schema.schemas import TABLES
from .document import BASIS
from .illustrations import release_of
from .wording import unit_text

OWN = {
    "aqi_days": ("有 AQI 的天数", "days with an AQI"),
    "assumption_id": ("假设编号", "id of the assumption"),
    "allowed": ("可否相除", "may be divided"),
    "already_met": ("是否已满足", "met already"),
    "band": ("机会的档", "band of the chance"),
    "band_zh": ("机会的档（中文）", "band of the chance, in Chinese"),
    "base": ("基准情形", "base case"),
    "before": ("上年同期", "same period a year before"),
    "block": ("分段", "block"),
    "branch": ("判断的路径", "branch of the method taken"),
    "capture": ("数据捕获率", "data capture"),
    "cause": ("超标原因", "cause of the exceedance"),
    "change": ("变化", "change"),
    "choice": ("所换的假设", "assumption exchanged"),
    "code": ("代码", "code"),
    "common_days": ("共有日数", "days in common"),
    "comparable": ("可否相比", "comparable"),
    "computed": ("计算值", "computed"),
    "converted": ("换算后", "converted"),
    "correlation": ("相关系数", "correlation"),
    "coverage": ("区间实际覆盖率", "share inside the interval"),
    "crps": ("CRPS", "CRPS"),
    "decibels": ("分贝变化", "change in dB"),
    "denominator": ("分母", "denominator"),
    "denominator_value": ("分母数值", "value of the denominator"),
    "difference": ("差", "difference"),
    "dust": ("沙尘", "dust"),
    "error": ("误差", "error"),
    "error_converted": ("换算后的误差", "error, converted"),
    "error_recorded": ("原记录的误差", "error, as recorded"),
    "excluded": ("不参与拟合的年份", "years left out of the fit"),
    "first": ("首年值", "first value"),
    "fits": ("合于哪一种", "what it fits"),
    "flags": ("须留意（代码）", "flags, as codes"),
    "flags_zh": ("须留意", "flags, in Chinese"),
    "flags_en": ("须留意（英文）", "flags"),
    "formula": ("算式", "formula"),
    "gas": ("气体", "gas"),
    "grade": ("依据等级", "grade of the evidence"),
    "growth": ("增长", "growth"),
    "high": ("上端", "upper end"),
    "in_force": ("是否在用", "in force"),
    "index": ("行名", "row"),
    "inside": ("落在区间内", "inside the interval"),
    "is": ("区间评分", "interval score"),
    "known": ("已知", "known"),
    "label": ("标签", "label"),
    "last": ("末年值", "last value"),
    "latest": ("最新值", "latest value"),
    "low": ("下端", "lower end"),
    "lower": ("下限", "lower end"),
    "margin": ("余量", "margin"),
    "mase": ("MASE", "MASE"),
    "max": ("最大", "largest"),
    "median": ("中位数", "median"),
    "min": ("最小", "smallest"),
    "missing": ("缺多少", "missing"),
    "months": ("月份数", "months"),
    "moved": ("有无变化", "moved"),
    "n": ("个数", "count"),
    "needed_per_year": ("今后每年所需的变化", "change needed a year"),
    "needed_rate": ("今后每年所需的变化率", "rate needed a year"),
    "network": ("站网或水网", "network"),
    "normalised": ("气象归一化", "weather-normalised"),
    "numerator": ("分子", "numerator"),
    "numerator_value": ("分子数值", "value of the numerator"),
    "o3": ("臭氧", "O₃"),
    "observed": ("实测", "observed"),
    "of": ("共计", "of"),
    "one_failing": ("一个不达标时的比例", "share with one failing"),
    "origins": ("起点数", "origins"),
    "other": ("其他", "other"),
    "outturn": ("实况", "outturn"),
    "p": ("p 值", "p value"),
    "p_all_next": ("下次全部达标的机会", "chance that all meet it next time"),
    "p_meet": ("达标概率", "P(meet)"),
    "p_trend": ("趋势的 p 值", "p value of the trend"),
    "p_under_reading": ("按读法的概率", "P under the reading"),
    "pace": ("所需与以往之比", "needed to past"),
    "panel": ("分图", "panel"),
    "parameter_ids": ("参数编号", "ids of the parameters"),
    "part": ("部分", "part"),
    "particulate": ("颗粒物", "particulate"),
    "past": ("以往数值", "past value"),
    "past_per_year": ("以往每年变化", "past change a year"),
    "past_rate": ("以往每年变化率", "past rate a year"),
    "phi": ("阻尼系数", "damping"),
    "pm25": ("PM₂.₅", "PM₂.₅"),
    "printed": ("所印", "as printed"),
    "probability": ("机会", "chance"),
    "published": ("公布值", "published"),
    "r2": ("R²", "R²"),
    "rate": ("变化率", "rate"),
    "ratio": ("比值", "ratio"),
    "reading_id": ("读法编号", "id of the reading"),
    "reason": ("理由", "reason"),
    "reasons": ("理由", "reasons"),
    "recomputed": ("复算", "recomputed"),
    "recorded": ("原记录", "as recorded"),
    "remaining_days": ("其余天数", "other days"),
    "remaining_mean": ("其余各天的均值上限", "what the other days may average"),
    "reported": ("通报值", "as reported"),
    "required_rate": ("所需每年变化率", "rate required a year"),
    "resid": ("残差", "residual"),
    "rule_of_three": ("三分法则上限", "rule of three"),
    "running": ("年初至当日均值", "mean of the year to the day"),
    "scattered": ("零散缺失", "scattered"),
    "seasonal": ("季节成分", "seasonal part"),
    "second": ("后一年", "second year"),
    "series": ("序列", "series"),
    "share": ("比例", "share"),
    "slope": ("斜率", "slope"),
    "source_ids": ("来源编号", "sources"),
    "standard": ("标准", "standard"),
    "statement": ("内容", "statement"),
    "target": ("目标", "target"),
    "text": ("文字", "text"),
    "to_date": ("年初至今", "year to date"),
    "token": ("口径代码", "token of the basis"),
    "total": ("合计", "total"),
    "treatment": ("处理方法", "treatment"),
    "trend": ("趋势", "trend"),
    "upper": ("上限", "upper end"),
    "verdict": ("判断", "verdict"),
    "verdict_under_reading": ("按读法的判断", "verdict under the reading"),
    "weather": ("气象影响", "effect of the weather"),
    "weather_record": ("气象记录", "weather record"),
    "weather_year": ("气象年份", "year of the weather"),
    "weekday": ("星期", "weekday"),
    "when": ("何时", "when"),
    "why": ("理由", "why"),
    "why_under_reading": ("按读法的理由", "why, under the reading"),
    "width": ("概率变动幅度", "range of the probability"),
    "wind": ("风速", "wind"),
    "window": ("拟合时段", "window of the fit"),
    "within": ("在容差内", "within the tolerance"),
    "would_have_been": ("照以往速度应有的数", "what the past pace would have given"),
}
# endings of a code: what they add to the words of the rest
ENDINGS = (
    ("_80_pct", "（80%，%）", " (80 %, in %)"), ("_95_pct", "（95%，%）", " (95 %, in %)"),
    ("_zh", "（中文）", " (Chinese)"), ("_en", "（英文）", " (English)"),
    ("_pct", "（%）", " (%)"), ("_se", "的标准误", ", standard error"),
    ("_lower", "下限", ", lower end"), ("_upper", "上限", ", upper end"),
    ("_low", "下限", ", lower end"), ("_high", "上限", ", upper end"),
    ("_80", "（80%）", " (80 %)"), ("_95", "（95%）", " (95 %)"),
    ("_year", "的年份", ", year"), ("_days", "的天数", ", days"),
    ("_status", "的状态", ", status"), ("_completeness", "的完整性", ", completeness"),
    ("_release", "的公开级别", ", release"), ("_unit", "的单位", ", unit"),
    (" low", "下限", ", lower end"), (" high", "上限", ", upper end"),
    (" years", "的年数", ", years"), (" weeks", "的周数", ", weeks"),
)  # fmt: skip
# words that name a panel of a figure, behind the code of its indicator
PANELS = {
    "computed": "计算", "published": "公布", "printed": "公布", "observed": "实测", "estimated": "估计", "raw": "原参比",
    "old": "换算到旧参比", "new": "换算到新参比", "series": "历年", "station": "站点计算",
    "city": "全市", "levels": "历年", "three-year mean": "三年均值", "common days": "共有日",
    "less dust": "去沙尘", "dust kept": "含沙尘", "as reported": "按通报", "filled": "补齐",
    "filled less dust": "补齐并去沙尘", "AQI > 100 by year": "历年 AQI > 100",
    "AQI > 200 by year": "历年 AQI > 200", "AQI > 100 by month": "各月 AQI > 100",
    "AQI > 200 by month": "各月 AQI > 200", "fitted, one reference state": "拟合（同一参比）",
}  # fmt: skip
BASES = {
    "ref-unknown": ("参比不详", "reference unknown"),
    "roads-all": ("道路未分级", "all roads"),
    "roads-class-1": ("一级路", "class 1 roads"),
}
VALUES = ("value", "lower", "upper", "median", "limit", "target", "latest", "baseline", "outturn")
# tables of the dictionary, nearest to what figures hold first
_ORDER = ("observations", "air/annual", "air/monthly", "air/daily", "targets", "indicators",
          "standards", "statements", "projects", "assumptions")  # fmt: skip
_KNOWN = {
    column.name: column
    for name in reversed([*_ORDER, *(t for t in TABLES if t not in _ORDER)])
    for column in TABLES[name].columns
}


def column_head(code: str, lang: str, names: pd.DataFrame | None = None) -> str:
    """A column's name in words; the code itself where there are none."""
    at = 0 if lang == "zh" else 1
    if code in OWN:
        return OWN[code][at]
    if code in _KNOWN:
        return re.split(r"[：:；;（(]", (_KNOWN[code].zh, _KNOWN[code].en)[at])[0].strip()
    if names is not None and code in names.index:
        return str(names.at[code, ("name_zh", "name_en")[at]])
    if re.fullmatch(r"\d{4}–\d{4}", code):
        return (f"{code.replace('–', '—')} 年均值", f"mean of {code}")[at]
    for ending, *words in ENDINGS:
        base = code.removesuffix(ending)
        if base != code and base:
            return column_head(base, lang, names) + words[at]
    return code


def column_note(code: str, lang: str, table: pd.DataFrame, names: pd.DataFrame) -> str:
    """What a column holds: its meaning, and the unit where the sheet has one."""
    at = 0 if lang == "zh" else 1
    told = column_head(code, lang, names)
    if code in _KNOWN and code not in OWN:
        told = (_KNOWN[code].zh, _KNOWN[code].en)[at]
    units = table["unit"].dropna().unique() if "unit" in table else ()
    stem = re.split(r"[_ ]", code)[0]
    numbers = pd.api.types.is_numeric_dtype(table[code]) if code in table else False
    if numbers and (code in VALUES or stem in VALUES or re.match(r"\d{4}–\d{4}$", code)):
        if len(units) == 1:
            told += ("；单位 ", "; in ")[at] + unit_text(str(units[0]), lang)
        elif len(units) > 1:
            told += ("；单位见 unit 列", "; unit in the column unit")[at]
    elif code in names.index:
        told += ("；单位 ", "; in ")[at] + unit_text(str(names.at[code, "unit"]), lang)
    return told


def panel_words(text: str, lang: str, names: pd.DataFrame) -> str:
    """A panel, a scope or an indicator in words: the code in front by its name, the rest put over."""
    code, _, rest = text.partition(" ")
    if code not in names.index:
        return PANELS.get(text, text) if lang == "zh" else text
    name = str(names.at[code, "name_zh" if lang == "zh" else "name_en"])
    if rest in ("", code):
        return name
    return f"{name} {PANELS.get(rest, rest) if lang == 'zh' else rest}"


def basis_word(text: str, lang: str) -> str:
    """A text with the codes of the basis in words."""
    for token, words in (BASIS | BASES).items():
        text = text.replace(token, words[0 if lang == "zh" else 1])
    return text


def release_cells(table: pd.DataFrame) -> pd.Series:
    """One word a row for what it may be carried into.

    A figure's table may say ``public; 2025 draft`` in every row: a row of another year is public.
    """
    if "release" not in table:
        return pd.Series("public", index=table.index)
    when = next((table[c] for c in ("year", "date", "month", "period") if c in table), None)
    years = (
        pd.Series("", index=table.index) if when is None else when.fillna("").astype(str).str[:4]
    )
    out = []
    for cell, year in zip(table["release"], years, strict=True):
        word, drafts = release_of(cell), re.findall(r"\b[12]\d{3}\b", str(cell))
        other = word == "draft" and drafts and re.fullmatch(r"[12]\d{3}", year)
        out.append("public" if other and year not in drafts else word)
    return pd.Series(out, index=table.index)
