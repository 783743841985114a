"""Numbers, units and verdicts as readers of a language write them.

Every word here is made from a line of the scorecard or from the numbers behind its verdict.
"""

from __future__ import annotations

import re

import pandas as pd

from ..drawing.palette import UNITS
from ..packs.places import Home
from ..verdicts.targets import CANNOT

NBSP = "\u00a0"  # a number and its unit share a line
# in English a power of ten becomes a word; the digits of the number stay
POWERS = {"10⁴": (100, 2, "million", 10_000), "10⁸": (10, 1, "billion", 0)}
SMALL = 0.1  # million: below it the number is written out
VERDICTS = {
    "maintenance: by margin alone": ("现状已满足，只看余量", "already met, by margin only"),
    "gap only, no probability": ("只能给出差距", "only the gap is known"),
}
KEPT = "maintenance: "
ANNUAL_ONLY = re.compile(r"（仅指年均值达标）|\(annual mean only[^)]*\)")
UNITS_MET = re.compile(r"(\d+) of (\d+) units met it, next (\d+)")


def number(value, decimals) -> str:
    """A value in its indicator's decimals, with a true minus; "—" where there is none."""
    if value is None or pd.isna(value):
        return "—"
    places = 0 if decimals is None or pd.isna(decimals) else int(decimals)
    rounded = round(float(value), places) + 0.0  # no negative zero
    return f"{rounded:.{places}f}".replace("-", "\u2212")


def scaled(value, decimals, unit: str, lang: str) -> tuple[float, int, str]:
    """Value, decimals and unit of a language: ``685 10⁴t`` is ``6.85 million t`` in English."""
    places = 0 if decimals is None or pd.isna(decimals) else int(decimals)
    if lang == "zh":
        return value, places, unit_text(unit, lang)
    for power, (by, more, word, whole) in POWERS.items():
        if unit.startswith(power) and value is not None and not pd.isna(value):
            rest = unit.removeprefix(power).strip()
            if whole and abs(value) < SMALL * by:
                return float(value) * whole, max(0, places - 4), rest
            return float(value) / by, places + more, f"{word} {rest}"
    return value, places, unit_text(unit, lang)


def amount(value, decimals, unit: str, lang: str) -> str:
    """A value with its unit, which no line break parts from it."""
    value, places, shown = scaled(value, decimals, unit, lang)
    shown = shown.replace(" ", NBSP)
    glued = shown in ("", "%") and lang == "zh"  # 31.80%, in English 31.80 %
    return number(value, places) + ("" if glued or not shown else NBSP) + shown


def as_written(value, unit: str, lang: str) -> str:
    """A value with the digits that it was written with."""
    written = f"{float(value):.10g}"
    return amount(value, len(written.partition(".")[2]), unit, lang)


def quantity(value, line, lang: str = "zh", *, decimals=None) -> str:
    """A value with the unit of its indicator."""
    return amount(value, line.get("decimals") if decimals is None else decimals,
                  line["unit"], lang)  # fmt: skip


def span(low, high, line, lang: str) -> str:
    """A range with the unit told once."""
    low = scaled(low, line.get("decimals"), line["unit"], lang)
    return number(*low[:2]) + "–" + quantity(high, line, lang)


def difference(value, line, lang: str) -> str:
    """The distance of two values: shares differ by points."""
    places = line.get("decimals")
    return amount(value, places, "pp" if line["unit"] == "%" else line["unit"], lang)


def unit_text(unit: str, lang: str) -> str:
    """The unit as readers of the language write it."""
    names = UNITS.get(unit, (unit, unit))
    if unit == "10⁴m²" and lang == "zh":
        return "万平方米"
    if unit == "10⁴m³" and lang == "zh":
        return "万立方米"
    return names[0 if lang == "zh" else 1]


def signed(text: str) -> str:
    """A comparator and a number with the signs of print."""
    return str(text).replace("<=", "≤").replace(">=", "≥").replace("-", "\u2212")


def minus(text: str) -> str:
    """A hyphen between numbers is a minus: ``75 - 35`` is ``75 − 35``; ``2013-12`` stays."""
    return re.sub(
        r"(?<=[0-9)%] )-(?= ?[0-9(])|(?<![A-Za-z0-9.)\]-])-(?=[0-9])", "\u2212", str(text)
    )


def percent(p: float, lang: str = "zh") -> str:
    """A share in whole per cent, as the language spaces it."""
    return f"{100 * p:.0f}" + ("%" if lang == "zh" else f"{NBSP}%")


def chance(p: float, lang: str = "zh") -> str:
    """A probability in whole per cent, never 0 or 100 %."""
    if p < 0.01:
        return "<" + percent(0.01, lang)
    return ">" + percent(0.99, lang) if p > 0.99 else percent(p, lang)


def limit_words(text, line, lang: str) -> str:
    """A reading such as ``<= 1`` with the unit of its indicator."""
    found = re.fullmatch(r"\s*(<=|>=|<|>|=)?\s*([-\u2212]?[\d.]+)\s*", str(text))
    if not found:
        return signed(text)
    places = len(found[2].partition(".")[2])
    value = float(found[2].replace("\u2212", "-"))
    sign = "" if found[1] in (None, "=") else f"{signed(found[1])}{NBSP}"
    return sign + quantity(value, line, lang, decimals=places)


def verdict_words(verdict: str, verdict_zh: str, lang: str) -> str:
    """A verdict in plain words."""
    if verdict in VERDICTS:
        return VERDICTS[verdict][0 if lang == "zh" else 1]
    if verdict.startswith(KEPT):
        odds = (verdict_zh if lang == "zh" else verdict).partition("：" if lang == "zh" else ": ")
        return (
            f"现状已满足，{odds[2]}保持" if lang == "zh" else f"already met, {odds[2]} to be kept"
        )
    return verdict_zh if lang == "zh" else verdict


def lacks(missing: str, missing_zh: str, place: Home, name_en: str, lang: str) -> str:
    """What a verdict waits for, as the object of "lacks"."""
    if lang == "zh":
        return re.sub("；以及(.*)$", r"，也没有\1", missing_zh)
    text = missing.replace(place.scope, place.scope_en).replace(f" for {name_en}", "")
    return text.replace("; and a value of it", " and any value of the indicator itself")


def reason(found, line, aim: str, place: Home, lang: str) -> str:
    """Why a verdict is as it is, in plain words and the units of the indicator.

    Parameters
    ----------
    found : Assessment
    line : dict
        The indicator's row of the register.
    aim : str
        The target, with its unit; "" where it has been told already.
    place : Home
    lang : {"zh", "en"}
    """
    zh, parts = lang == "zh", found.components
    if found.branch == "withheld":
        return found.why_zh if zh else found.why
    if found.verdict == CANNOT:
        what = lacks(found.missing, found.missing_zh, place, line["name_en"], lang)
        return f"缺少{what}" if zh else f"missing: {what}"

    def told(value):
        return quantity(value, line, lang)

    extra = ANNUAL_ONLY.search(found.why_zh if zh else found.why)
    extra = ("" if zh else " ") + extra[0] if extra else ""
    goal = (f"，目标 {aim}" if zh else f"; target {aim}") if aim else ""
    year, when = parts.get("target_year"), found.latest_year
    if "outturn_lower" in parts:
        ends = parts["outturn_lower"], parts["outturn_upper"]
        known = [e for e in ends if abs(e) != float("inf")]
        if len(known) == 2:
            shown = span(*ends, line, lang)
        else:
            shown = ("≥" if ends[0] in known else "≤") + NBSP + told(known[0])
        return (
            f"{year} 年记录不全，估计为 {shown}{goal}{extra}" if zh else
            f"the record of {year} is incomplete, estimated at {shown}{goal}{extra}"
        )  # fmt: skip
    if found.branch == "outturn":
        return (
            f"{when} 年为 {told(found.latest)}{goal}{extra}"
            if zh
            else f"{told(found.latest)} in {when}{goal}{extra}"
        )
    if found.branch == "maintenance":
        text = (
            f"{when} 年 {told(found.latest)}，已满足 {aim}，余量 "
            f"{difference(found.margin, line, lang)}{extra}" if zh else
            f"{told(found.latest)} in {when} meets {aim} with a margin of "
            f"{difference(found.margin, line, lang)}{extra}"
        )  # fmt: skip
        if met := UNITS_MET.search(found.why):
            text += (
                f"（{met[2]} 个考核单元中 {met[1]} 个达标）" if zh else
                f" ({met[1]} of {met[2]} assessed units met it)"
            )  # fmt: skip
        if not pd.isna(found.p_breach):
            p = chance(found.p_breach, lang)
            text += f"；{year} 年不再满足的概率约 {p}" if zh else f"; chance of missing it {p}"
        return text
    if pd.isna(found.p_meet):
        return gap_words(found, line, aim, lang)
    median = told(parts["median"])
    return (
        f"{year} 年达到 {aim} 的概率约 {chance(found.p_meet, lang)}，推算中位数 {median}{extra}"
        if zh else
        f"chance of {aim} in {year} about {chance(found.p_meet, lang)}, projected median"
        f" {median}{extra}"
    )  # fmt: skip


def gap_words(found, line, aim: str, lang: str) -> str:
    """How far the last value is from a target that no probability is given for."""
    zh, parts = lang == "zh", found.components
    gap = difference(abs(found.margin), line, lang)
    text = (
        f"{found.latest_year} 年 {quantity(found.latest, line, lang)}，距 {aim} 尚差 {gap}" if zh else
        f"{quantity(found.latest, line, lang)} in {found.latest_year}, {gap} from {aim}"
    )  # fmt: skip
    need, past = parts.get("required_per_year"), parts.get("past_per_year")
    if need is not None and not pd.isna(need):
        shown = difference(abs(need), line, lang)
        text += f"，每年需变化 {shown}" if zh else f"; {shown} a year are needed"
        if past is not None and not pd.isna(past):
            shown = difference(past, line, lang)
            text += f"，以往平均每年变化 {shown}" if zh else f", {shown} a year is the past average"
    return text


GRADES = {
    "A": ("证据六年以上并有站点记录", "six years or more with station records"),
    "B": ("证据六年以上", "six years or more of evidence"),
    "C": ("证据三至五年", "three to five years of evidence"),
    "D": ("证据仅两年", "two years of evidence only"),
    "E": ("证据不过一年", "one year of evidence at most"),
}


def grade_words(grade: str, lang: str) -> str:
    """The grade of the evidence in words."""
    return GRADES[grade][0 if lang == "zh" else 1] if grade in GRADES else str(grade)


CHAPTER = re.compile(
    r"第([一二三四五六七八九十]+)章([一二三四五六七八九十]*)(?:（([一二三四五六七八九十]+)）)?"
)
WORDS_OF_PLACE = (
    (r"表\s*(\d+)\s*第\s*(\d+)\s*行", r"Table \1 row \2"),
    (r"表\s*(\d+)", r"Table \1"),
    (r"图\s*(\d+)", r"Figure \1"),
    (r"专栏\s*(\d+)", r"Box \1"),
    (r"首段", "first paragraph"),
    (r"第\s*(\d+)\s*页", r"page \1"),
    (r"正文", "text"),
)  # fmt: skip
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九十")}


def _count(text: str) -> int:
    tens, mark, ones = text.rpartition("十")
    if not mark:
        return _DIGITS[text]
    return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)


def locator_words(text, lang: str) -> str:
    """A place in a document; in English "" for one that has no English words."""
    told = "" if text is None or pd.isna(text) else str(text)
    if lang == "zh":
        return told

    def chapter(found):
        section = f" section {_count(found[2])}" if found[2] else ""
        return f"chapter {_count(found[1])}{section}{f' ({_count(found[3])})' if found[3] else ''} "

    told = CHAPTER.sub(chapter, told)
    for pattern, words in WORDS_OF_PLACE:
        told = re.sub(pattern, words, told)
    told = re.sub(r"\s+", " ", told.replace("；", "; ").replace("，", ", ").replace("、", ", "))
    return "" if re.search(r"[\u3400-\u9fff]", told) else told.strip()
