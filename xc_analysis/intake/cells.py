"""One cell that a person typed or a spreadsheet stored: a value, a bound, nothing, or refused.

Exact: digits are carried as `Decimal` from what was typed; a unit is converted only by a power of
ten or a whole factor. Nothing is guessed: what has two meanings is refused, with the remedy.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from .units import EXACT, NARROW, known_unit, unit_factor, unit_key

MAX_TEXT = 200
_LARGEST, _PLACES = Decimal(10) ** 15, 15
FIRST_YEAR, LAST_YEAR = 1949, 2100
EPOCH = datetime(1899, 12, 30)  # day 0 of a spreadsheet's serial dates

MISSING = frozenset(
    ["", "-", "--", "---", "/", "//", "\\", "…", "……", "...", "..", ".", "*", "x", "—", "——", "–"]
    + ["―", "－", "─", "无", "暂无", "未公布", "不详", "缺", "缺失", "空", "无数据", "未监测"]
    + ["未统计", "n/a", "na", "n.a.", "none published", "not published", "missing", "unknown"]
)
_ERRORS = re.compile(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)", re.I)
_NOT_NUMBERS = {"nan", "-nan", "null", "nil", "none", "nat", "<na>", "inf", "-inf", "+inf"}
_NOT_NUMBERS |= {"infinity", "-infinity", "∞", "-∞", "1.#qnan", "1.#inf", "undefined"}
INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202f\u2060\ufeff\u00ad]")
_SIGNS = {">=": ">=", "=>": ">=", "≥": ">=", "≧": ">=", "⩾": ">=", ">": ">"}
_SIGNS |= {"<=": "<=", "=<": "<=", "≤": "<=", "≦": "<=", "⩽": "<=", "<": "<"}
_SIGNS |= dict.fromkeys(["不低于", "不少于", "不小于", "至少", "at least"], ">=")
_SIGNS |= dict.fromkeys(
    ["大于", "高于", "超过", "超", "突破", "多于", "more than", "over", "above"], ">"
)
_SIGNS |= dict.fromkeys(["不高于", "不超过", "不大于", "不多于", "至多", "at most", "up to"], "<=")
_SIGNS |= dict.fromkeys(["小于", "低于", "少于", "不足", "less than", "below", "under"], "<")
_SIGNS |= dict.fromkeys(["大于等于", "大于或等于"], ">=") | dict.fromkeys(
    ["小于等于", "小于或等于"], "<="
)
_AFTER = {"以上": ">=", "及以上": ">=", "以下": "<=", "及以下": "<=", "以内": "<="}
_ABOUT = ("大约", "约为", "约", "近", "接近", "将近", "about", "approximately", "approx.", "ca.")
_ABOUT += ("circa", "~", "≈")
_ABOUT_AFTER = ("左右", "上下")


def _any(words) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NUMBER = r"[+-]?(?:[0-9][0-9, ]*)?(?:\.[0-9]+|[0-9]\.?)(?:[eE][+-]?[0-9]{1,3})?"
_WORD = re.compile(rf"(?P<sign>{_any(_SIGNS)})?\s*(?P<about>{_any(_ABOUT)})?\s*", re.I)
_ONE = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<rest>.*)", re.S)
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?P<mid>[^0-9~至到—–-]*?)\s*(?:~|至|到|——?|–|-)\s*(?P<high>{_NUMBER})"
    r"\s*(?P<rest>.*)",
    re.S,
)
_YEAR_BEHIND = re.compile(r"[(\[]\s*([12][0-9]{3})\s*(?:年|年度|年底|年末|年数据|年数)?\s*[)\]]$")
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[+-]?[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?"
)
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Cell:
    """What a cell says: ``kind`` is value, bound, missing or refused.

    Numbers are in the indicator's unit. ``year`` is a year that the cell itself names. ``about``
    tells that it was given as approximate, ``strict`` that a bound excludes its end, ``converted``
    the unit it was converted from. ``reason`` and ``remedy`` are filled where it is refused, in
    Chinese and English.
    """

    kind: str
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    year: int | None = None
    about: bool = False
    strict: bool = False
    converted: str = ""
    reason_zh: str = ""
    reason_en: str = ""
    remedy_zh: str = ""
    remedy_en: str = ""


class Refuse(Exception):
    pass


def shown(text: str) -> str:
    """Text from outside as it may go to a terminal: control characters are made visible."""
    return "".join("�" if unicodedata.category(c)[0] == "C" else c for c in text)


def refuse(reason_zh: str, reason_en: str, remedy_zh: str, remedy_en: str) -> Cell:
    """A refused cell; what it quotes can do nothing to the terminal it is shown on."""
    words = (reason_zh, reason_en, remedy_zh, remedy_en)
    clean = [shown(word) for word in words]
    names = ("reason_zh", "reason_en", "remedy_zh", "remedy_en")
    return Cell("refused", **dict(zip(names, clean, strict=True)))


def no(*words: str) -> Refuse:
    return Refuse(refuse(*words))


def plain(number: Decimal) -> str:
    """A number in plain digits as the tables hold it; trailing zeros that were typed stay."""
    text = format(number, "f")
    return "0" if text in ("-0", "+0") else text


# ---- cells ---------------------------------------------------------------------------------------


def parse(raw, *, unit: str, floor=None, ceiling=None, number_format: str = "General") -> Cell:
    """Understand one cell, or refuse it.

    Parameters
    ----------
    raw : str, int, float, bool, date, datetime, time, timedelta or None
        As a csv reader or a spreadsheet gives it.
    unit : str
        The indicator's unit; numbers come back in it.
    floor, ceiling : float, optional
        What the indicator cannot pass.
    number_format : str
        The cell's format in a spreadsheet: a cell shown in per cent holds a hundredth.

    Returns
    -------
    Cell
        Never raises on any input of these kinds.

    Examples
    --------
    >>> parse("１，２３４．５ 吨", unit="t").value
    Decimal('1234.5')
    >>> parse("＞90%", unit="%").lower, parse("685（2019年）", unit="10⁴t").year
    (Decimal('90'), 2019)
    >>> parse("12,34", unit="t").kind
    'refused'
    """
    try:
        cell = _parse(raw, unit, number_format)
        return _within(cell, floor, ceiling)
    except Refuse as refusal:
        return refusal.args[0]


def possible(cell: Cell, floor=None, ceiling=None) -> Cell:
    """The cell, or its refusal where it passes what the indicator can be."""
    try:
        return _within(cell, floor, ceiling)
    except Refuse as refusal:
        return refusal.args[0]


def _parse(raw, unit: str, number_format: str) -> Cell:
    if raw is None:
        return Cell("missing")
    if isinstance(raw, bool):
        raise no(
            f"是逻辑值 {raw}，不是数", f"holds the logical value {raw}, not a number",
            "填数，或留空", "write a number, or leave it empty",
        )  # fmt: skip
    if isinstance(raw, (datetime, date, time, timedelta)):
        raise _date_in_place_of_number(raw)
    if isinstance(raw, (int, float, Decimal)):
        return _stored(raw, unit, number_format)
    if not isinstance(raw, str):
        raise no(
            "不是数也不是文字（可能是公式）", "is neither number nor text (a formula?)",
            "粘贴为数值后再导入", "paste it as a value",
        )  # fmt: skip
    return _text(raw, unit)


def _stored(raw, unit: str, number_format: str) -> Cell:
    if isinstance(raw, float):
        if not math.isfinite(raw):
            raise _not_finite(str(raw))
        # a spreadsheet keeps 15 digits; what lies behind them is binary noise
        raw = Decimal(format(raw, ".15g"))
    number = _sized(Decimal(raw))
    shown = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", number_format or "")
    if "%" in shown:
        if unit_key(unit) not in ("%", "pp"):
            raise _percent(unit)
        number = _shorten(EXACT.multiply(number, Decimal(100)))
    return Cell("value", value=_tidy(number))


def _text(raw: str, unit: str) -> Cell:
    text = INVISIBLE.sub("", raw).translate(NARROW).strip()
    if len(text) > MAX_TEXT:
        raise no(
            f"有 {len(text)} 个字符", f"holds {len(text)} characters",
            "只填数，说明写在备注栏", "write the number alone; remarks go into the note column",
        )  # fmt: skip
    text = re.sub(r"\s+", " ", text)
    if len(text) > 1 and text[0] in "'`‘’":  # a spreadsheet's mark for text
        text = text[1:].strip()
    lowered = text.lower()
    if lowered in MISSING:
        return Cell("missing")
    if _ERRORS.fullmatch(text):
        raise no(
            f"是表格软件的错误值 {text}", f"is a spreadsheet's error {text}",
            "改正公式，或留空", "repair the formula, or leave it empty",
        )  # fmt: skip
    if lowered in _NOT_NUMBERS:
        raise _not_finite(text)
    if _is_formula(text):
        raise no(
            "是公式；导入不执行公式", "is a formula; nothing is ever computed from one",
            "粘贴为数值后再导入", "paste it as a value",
        )  # fmt: skip
    return _number_text(text, unit)


def _is_formula(text: str) -> bool:
    if text[0] == "=":
        return not re.match(r"=\s*[<>]", text)
    if text[0] in "@|":
        return True
    return text[0] in "+-" and bool(re.match(r"[+-]\s*[A-Za-z_]+[0-9$]*\s*[(!:+*/-]", text))


def _number_text(text: str, unit: str) -> Cell:
    year = None
    behind = _YEAR_BEHIND.search(text)
    if behind:
        year, text = int(behind[1]), text[: behind.start()].strip()
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise _unreadable(text)
    words = _WORD.match(text)
    sign, about = words["sign"], bool(words["about"])
    rest = text[words.end() :]
    span = None if sign or _PLAIN.fullmatch(rest) else _RANGE.fullmatch(rest)
    if span:
        return _range(span, unit, about, year)
    one = _ONE.fullmatch(rest)
    if not one:
        raise _unreadable(text)
    number, tail = _read(one["number"]), one["rest"].strip()
    if re.match(r"[.,][0-9]", tail):  # 1.234,5
        raise _separators(rest)
    for words_after, found in ((_ABOUT_AFTER, "about"), (_AFTER, "sign")):
        hit = next((w for w in sorted(words_after, key=len, reverse=True) if tail.endswith(w)), "")
        if hit:
            tail = tail.removesuffix(hit).strip()
            if found == "about":
                about = True
            elif sign:
                raise _unreadable(text)
            else:
                sign = hit
    more_than = re.fullmatch(r"([^余多]*)[余多]([^余多]*)", tail)
    if more_than:  # 2000余家, 24.3万余
        if sign or about:
            raise _unreadable(text)
        sign, tail = ">", (more_than[1] + more_than[2]).strip()
    comparator = (_SIGNS | _AFTER).get(sign.lower()) if sign else None
    number, converted = _convert(number, tail, unit)
    if comparator is None:
        return Cell("value", value=number, year=year, about=about, converted=converted)
    if about:
        raise no(
            "既有“约”又有大小于号", "is both approximate and a bound",
            "只保留原文的一种写法", "keep the one that the source prints",
        )  # fmt: skip
    end = "lower" if comparator[0] == ">" else "upper"
    more = {"year": year, "strict": len(comparator) == 1, "converted": converted}
    return Cell("bound", **{end: number}, **more)


def _range(span, unit: str, about: bool, year: int | None) -> Cell:
    tail = span["rest"].strip() or span["mid"].strip()
    if span["mid"].strip() and unit_key(span["mid"]) != unit_key(tail):
        raise _unreadable(span[0])
    low, converted = _convert(_read(span["low"]), tail, unit)
    high, _ = _convert(_read(span["high"]), tail, unit)
    if re.fullmatch(r"[12][0-9]{3}", span["low"]) and re.fullmatch(r"[01]?[0-9]|[12][0-9]{3}", span["high"]):  # fmt: skip
        raise no(
            "像日期或年份区间，不像数值", "looks like a date or a span of years, not a value",
            "填数；年份写在年份栏", "write the number; years go into the year column",
        )  # fmt: skip
    if low >= high:
        raise no(
            f"区间 {span[0]} 的下限不小于上限", f"range {span[0]} does not rise",
            "小数在前、大数在后；减号请写成单个负数", "write the smaller number first",
        )  # fmt: skip
    return Cell("bound", lower=low, upper=high, year=year, about=about, converted=converted)


def _read(text: str) -> Decimal:
    text = text.strip().rstrip(".") if text.strip().endswith(".") else text.strip()
    if "," in text or " " in text:
        if not _GROUPED.fullmatch(text):
            raise _separators(text)
        text = text.replace(",", "").replace(" ", "")
    if not _PLAIN.fullmatch(text):
        raise _unreadable(text)
    return _sized(Decimal(text))


def _separators(text: str) -> Refuse:
    return no(
        f"“{text}”中的逗号或空格既非千分位也非小数点", f"separators in {text!r} are neither"
        " thousands nor a decimal point",
        "小数点用“.”，千分位每三位一隔", "use `.` for decimals and groups of three",
    )  # fmt: skip


def _sized(number: Decimal) -> Decimal:
    if abs(number) >= _LARGEST:
        raise no(
            f"{number:.3g} 大得不可能", f"{number:.3g} is impossibly large",
            "核对数值与单位", "check the number and its unit",
        )  # fmt: skip
    if number and (number.as_tuple().exponent < -_PLACES or abs(number) < Decimal(10) ** -_PLACES):
        raise no(
            f"小数位多于 {_PLACES} 位", f"has more than {_PLACES} decimals",
            "按出处的位数填写", "write the decimals that the source prints",
        )  # fmt: skip
    return _tidy(number)


def _tidy(number: Decimal) -> Decimal:
    """Without an exponent: 4E+1 is 40."""
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1), context=EXACT) if exponent > 0 else number


def _shorten(number: Decimal) -> Decimal:
    """Without the zeros that a conversion has put behind it."""
    return number.normalize(EXACT)


def _convert(number: Decimal, tail: str, unit: str) -> tuple[Decimal, str]:
    if not tail:
        return number, ""
    _no_remark(tail)
    if tail in "()[]（）" or re.search(r"[0-9]{2,}", tail.replace("10", "")):
        raise _unreadable(tail)
    factor = unit_factor(tail, unit)
    if factor is None:
        if tail in ("%", "‰"):
            raise _percent(unit)
        raise no(
            f"“{tail[:30]}”不是单位 {unit}，也不能由它换算", f"{tail[:30]!r} is not the unit {unit} and"
            " no exact conversion is known",
            f"换算成 {unit}，只填数", f"convert it to {unit} and write the number alone",
        )  # fmt: skip
    if factor == 1:
        return number, ""
    return _sized(_shorten(EXACT.multiply(number, factor))), tail


def _no_remark(tail: str) -> None:
    """Refuse what stands behind a number and is no part of it."""
    inside = re.fullmatch(r"[(\[](.+)[)\]]", tail)
    if tail[0] == "±":
        raise no(
            f"带不确定度“{tail[:20]}”", f"carries an uncertainty, {tail[:20]!r}",
            "只填数，不确定度写在备注栏；或填区间 a–b", "write the number, its uncertainty into the note"
            " column; or write the range a–b",
        )  # fmt: skip
    if re.fullmatch(r"[*†‡#①-⑳]+|[(\[]?注?[0-9]?[)\]]", tail) and tail not in "()[]":
        raise no(
            f"带脚注标记“{tail[:20]}”", f"carries a footnote mark, {tail[:20]!r}",
            "去掉标记，脚注的话写在备注栏", "drop the mark; what the footnote says goes into the note column",
        )  # fmt: skip
    if inside and re.search("[\u4e00-\u9fff]", inside[1]) and not known_unit(inside[1]):
        raise no(
            f"带说明“{inside[1][:20]}”", f"carries a remark, {inside[1][:20]!r}",
            "说明写在备注栏；初步数在“公开级别”栏写 draft", "write it into the note column; mark a"
            " provisional figure as draft in the column 公开级别 release",
        )  # fmt: skip


def _within(cell: Cell, floor, ceiling) -> Cell:
    ends = {"floor": floor, "ceiling": ceiling}
    floor, ceiling = (
        None if end is None or math.isnan(float(end)) else Decimal(format(float(end), ".15g"))
        for end in ends.values()
    )
    for number in (cell.value, cell.lower, cell.upper):
        if number is None:
            continue
        beyond = (
            ("低于下限", "below the floor", floor)
            if floor is not None and number < floor
            else ("高于上限", "above the ceiling", ceiling)
            if ceiling is not None and number > ceiling
            else None
        )
        if beyond:
            zh, en, limit = beyond
            raise no(
                f"{plain(number)} {zh} {plain(limit)}", f"{plain(number)} is {en} {plain(limit)}",
                "核对数值、单位与百分号", "check the number, its unit and its percent sign",
            )  # fmt: skip
    if cell.kind == "bound" and cell.strict:
        if (cell.lower is not None and cell.lower == ceiling) or (
            cell.upper is not None and cell.upper == floor
        ):
            raise no(
                "在可能取值之外", "leaves no possible value",
                "核对大小于号", "check the sign",
            )  # fmt: skip
    return cell


def _date_in_place_of_number(raw) -> Refuse:
    serial = ""
    if isinstance(raw, datetime):
        days = (raw - EPOCH).total_seconds() / 86400
        days -= days < 61  # spreadsheets believe in 29 February 1900
        serial = f" ({days:.10g}?)"
    return no(
        f"是日期或时刻 {raw}，不是数{serial}", f"holds the date or time {raw}, not a number{serial}",
        "把单元格格式改为“常规”，再填数", "set the cell's format to General and type the number",
    )  # fmt: skip


def _percent(unit: str) -> Refuse:
    return no(
        f"带百分号，而指标单位是 {unit}", f"is in per cent, but the unit is {unit}",
        f"填单位为 {unit} 的数", f"write the number in {unit}",
    )  # fmt: skip


def _not_finite(text: str) -> Refuse:
    return no(
        f"“{text}”不是数", f"{text!r} is no number",
        "没有数就留空或写“—”", "leave it empty, or write `—`, where there is none",
    )  # fmt: skip


def _unreadable(text: str) -> Refuse:
    return no(
        f"看不懂“{text[:40]}”", f"{text[:40]!r} cannot be read as one number",
        "只填一个数（可带 > < ≥ ≤ 约），说明写在备注栏",
        "write one number (with > < ≥ ≤ or 约 if so printed); remarks go into the note column",
    )  # fmt: skip
