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
from decimal import Context, Decimal

MAX_TEXT = 200
_EXACT = Context(prec=60)
_LARGEST, _PLACES = Decimal(10) ** 15, 15
FIRST_YEAR, LAST_YEAR = 1949, 2100
_EPOCH = datetime(1899, 12, 30)  # day 0 of a spreadsheet's serial dates

MISSING = frozenset(
    ["", "-", "--", "---", "/", "//", "\\", "…", "……", "...", "..", ".", "*", "x", "—", "——", "–"]
    + ["―", "－", "─", "无", "暂无", "未公布", "不详", "缺", "缺失", "空", "无数据", "未监测"]
    + ["未统计", "n/a", "na", "n.a.", "none published", "not published", "missing", "unknown"]
)
_ERRORS = re.compile(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)", re.I)
_NOT_NUMBERS = {"nan", "-nan", "null", "nil", "none", "nat", "<na>", "inf", "-inf", "+inf"}
_NOT_NUMBERS |= {"infinity", "-infinity", "∞", "-∞", "1.#qnan", "1.#inf", "undefined"}
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202f\u2060\ufeff\u00ad]")
# full-width forms to ASCII, and the signs that look like a minus
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NARROW |= {0x3000: " ", 0x00A0: " ", 0x2009: " ", 0x2212: "-", 0xFE63: "-", 0x2010: "-"}
_NARROW |= {0x2011: "-", 0x301C: "~", 0x223C: "~", 0x3002: "."}

_SIGNS = {">=": ">=", "=>": ">=", "≥": ">=", "≧": ">=", "⩾": ">=", ">": ">"}
_SIGNS |= {"<=": "<=", "=<": "<=", "≤": "<=", "≦": "<=", "⩽": "<=", "<": "<"}
_SIGNS |= dict.fromkeys(["不低于", "不少于", "不小于", "至少", "at least"], ">=")
_SIGNS |= dict.fromkeys(["大于", "高于", "超过", "超", "突破", "多于", "more than", "over", "above"], ">")
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
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[+-]?[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?")
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


class _Refuse(Exception):
    pass


def refuse(reason_zh: str, reason_en: str, remedy_zh: str, remedy_en: str) -> Cell:
    """A refused cell."""
    return Cell(
        "refused",
        reason_zh=reason_zh,
        reason_en=reason_en,
        remedy_zh=remedy_zh,
        remedy_en=remedy_en,
    )


def _no(*words: str) -> _Refuse:
    return _Refuse(refuse(*words))


def plain(number: Decimal) -> str:
    """A number in plain digits as the tables hold it; trailing zeros that were typed stay."""
    text = format(number, "f")
    return "0" if text in ("-0", "+0") else text


# ---- units ---------------------------------------------------------------------------------------

_UNITS: dict[str, tuple[str, str]] = {}
for _dimension, _table in {
    "mass": {"1": "t 吨 tonnes tonne tons", "0.001": "kg 千克 公斤"},
    "area": {"1": "m2 平方米 ㎡ 平米", "10000": "ha 公顷 hm2", "1000000": "km2 平方公里 平方千米"},
    "length": {"1": "m 米 延长米", "1000": "km 公里 千米"},
    "volume": {"1": "m3 立方米 立方"},
    "time": {"1": "d 天 日 days day"},
    "concentration": {
        "1": "ug/m3 μg/m3 mcg/m3 微克/立方米 微克/m3 微克/立方",
        "1000": "mg/m3 毫克/立方米 毫克/m3",
    },
    "level": {"1": "db(a) db dba 分贝 分贝(a) a声级"},
    "share": {"1": "% 百分比 percent pct", "0.1": "‰"},
    "points": {"1": "pp 百分点 个百分点 percentagepoints"},
    "number": {"1": "count 个 处 条 家 座 项 次 台 所"},
    "people": {"1": "persons 人 person people"},
    "money": {"1": "yuan 元 人民币元"},
    "vehicles": {"1": "vehicles 辆 台"},
    "coal": {"1": "tce 吨标准煤 吨标煤 t标准煤"},
    "electricity": {"1": "kwh 千瓦时 度"},
    "flow": {"1": "t/d 吨/日 吨/天"},
    "solution": {"1": "mg/l 毫克/升", "0.001": "ug/l μg/l 微克/升"},
    "dustfall": {"1": "t/(km2·month) t/km2·月 吨/平方公里·月 吨/(平方公里·月) t/(km2·30d)"},
    "load": {"1": "g/m2 克/平方米"},
    "per head": {"1": "m2/person 平方米/人 m2/人"},
    "density": {"1": "persons/km2 人/平方公里"},
}.items():
    for _factor, _names in _table.items():
        for _name in _names.split():
            _UNITS.setdefault(_name, (_dimension, _factor))
_MULTIPLES = {"万": "10000", "亿": "100000000", "百万": "1000000", "千": "1000", "": "1"}


def _unit_key(text: str) -> str:
    text = text.replace("10⁴", "万").replace("10⁸", "亿").replace("10⁶", "百万")
    text = unicodedata.normalize("NFKC", text).translate(_NARROW).lower().replace("μ", "u")
    return re.sub(r"\s", "", text).replace("每", "/").replace("^", "").replace("µ", "u")


_UNITS = {_unit_key(name): entry for name, entry in _UNITS.items()}


def _read_unit(text: str) -> tuple[str, Decimal] | None:
    """(dimension, factor to its base unit); None where the unit is unknown."""
    key = _unit_key(text)
    for multiple, times in _MULTIPLES.items():
        name = key.removeprefix(multiple)
        if key.startswith(multiple) and name in _UNITS:
            dimension, factor = _UNITS[name]
            return dimension, Decimal(factor) * Decimal(times)
    return None


def unit_factor(written: str, unit: str) -> Decimal | None:
    """What a number in one unit is multiplied by to be in another; None where that is unknown.

    Parameters
    ----------
    written, unit : str
        As typed, in Chinese or not; the unit of the register.

    Examples
    --------
    >>> unit_factor("万吨", "t"), unit_factor("微克/立方米", "µg/m³"), unit_factor("亩", "ha")
    (Decimal('1E+4'), Decimal('1'), None)
    """
    if _unit_key(written) == _unit_key(unit):
        return Decimal(1)
    have, want = _read_unit(written), _read_unit(unit)
    bare = _unit_key(written)
    if want and bare in _MULTIPLES and bare:  # `3.5万` of things counted in things
        have = want[0], Decimal(_MULTIPLES[bare])
    if have is None or want is None:
        return None
    if have[0] != want[0]:
        counts = {"number", "vehicles", "people"}
        if not (have[0] == "number" and want[0] in counts):
            return None
    factor = _EXACT.divide(have[1], want[1])
    return factor.normalize() if factor != 1 else Decimal(1)


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
    except _Refuse as refusal:
        return refusal.args[0]


def possible(cell: Cell, floor=None, ceiling=None) -> Cell:
    """The cell, or its refusal where it passes what the indicator can be."""
    try:
        return _within(cell, floor, ceiling)
    except _Refuse as refusal:
        return refusal.args[0]


def _parse(raw, unit: str, number_format: str) -> Cell:
    if raw is None:
        return Cell("missing")
    if isinstance(raw, bool):
        raise _no(
            f"是逻辑值 {raw}，不是数", f"holds the logical value {raw}, not a number",
            "填数，或留空", "write a number, or leave it empty",
        )  # fmt: skip
    if isinstance(raw, (datetime, date, time, timedelta)):
        raise _date_in_place_of_number(raw)
    if isinstance(raw, (int, float, Decimal)):
        return _stored(raw, unit, number_format)
    if not isinstance(raw, str):
        raise _no(
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
        if _unit_key(unit) not in ("%", "pp"):
            raise _percent(unit)
        number = _shorten(_EXACT.multiply(number, Decimal(100)))
    return Cell("value", value=_tidy(number))


def _text(raw: str, unit: str) -> Cell:
    text = _INVISIBLE.sub("", raw).translate(_NARROW).strip()
    if len(text) > MAX_TEXT:
        raise _no(
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
        raise _no(
            f"是表格软件的错误值 {text}", f"is a spreadsheet's error {text}",
            "改正公式，或留空", "repair the formula, or leave it empty",
        )  # fmt: skip
    if lowered in _NOT_NUMBERS:
        raise _not_finite(text)
    if _is_formula(text):
        raise _no(
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
        raise _no(
            "既有“约”又有大小于号", "is both approximate and a bound",
            "只保留原文的一种写法", "keep the one that the source prints",
        )  # fmt: skip
    end = "lower" if comparator[0] == ">" else "upper"
    more = {"year": year, "strict": len(comparator) == 1, "converted": converted}
    return Cell("bound", **{end: number}, **more)


def _range(span, unit: str, about: bool, year: int | None) -> Cell:
    tail = span["rest"].strip() or span["mid"].strip()
    if span["mid"].strip() and _unit_key(span["mid"]) != _unit_key(tail):
        raise _unreadable(span[0])
    low, converted = _convert(_read(span["low"]), tail, unit)
    high, _ = _convert(_read(span["high"]), tail, unit)
    if re.fullmatch(r"[12][0-9]{3}", span["low"]) and re.fullmatch(r"[01]?[0-9]|[12][0-9]{3}", span["high"]):  # fmt: skip
        raise _no(
            "像日期或年份区间，不像数值", "looks like a date or a span of years, not a value",
            "填数；年份写在年份栏", "write the number; years go into the year column",
        )  # fmt: skip
    if low >= high:
        raise _no(
            f"区间 {span[0]} 的下限不小于上限", f"range {span[0]} does not rise",
            "小数在前、大数在后；减号请写成单个负数", "write the smaller number first",
        )  # fmt: skip
    return Cell("bound", lower=low, upper=high, year=year, about=about, converted=converted)


def _read(text: str) -> Decimal:
    text = text.strip().rstrip(".") if text.strip().endswith(".") else text.strip()
    if "," in text or " " in text:
        if not _GROUPED.fullmatch(text):
            raise _no(
                f"“{text}”中的逗号或空格既非千分位也非小数点", f"separators in {text!r} are neither"
                " thousands nor a decimal point",
                "小数点用“.”，千分位每三位一隔", "use `.` for decimals and groups of three",
            )  # fmt: skip
        text = text.replace(",", "").replace(" ", "")
    if not _PLAIN.fullmatch(text):
        raise _unreadable(text)
    return _sized(Decimal(text))


def _sized(number: Decimal) -> Decimal:
    if abs(number) >= _LARGEST:
        raise _no(
            f"{number:.3g} 大得不可能", f"{number:.3g} is impossibly large",
            "核对数值与单位", "check the number and its unit",
        )  # fmt: skip
    if number and (number.as_tuple().exponent < -_PLACES or abs(number) < Decimal(10) ** -_PLACES):
        raise _no(
            f"小数位多于 {_PLACES} 位", f"has more than {_PLACES} decimals",
            "按出处的位数填写", "write the decimals that the source prints",
        )  # fmt: skip
    return _tidy(number)


def _tidy(number: Decimal) -> Decimal:
    """Without an exponent: 4E+1 is 40."""
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1), context=_EXACT) if exponent > 0 else number


def _shorten(number: Decimal) -> Decimal:
    """Without the zeros that a conversion has put behind it."""
    return number.normalize(_EXACT)


def _convert(number: Decimal, tail: str, unit: str) -> tuple[Decimal, str]:
    if not tail:
        return number, ""
    if tail in "()[]（）" or re.search(r"[0-9]{2,}", tail.replace("10", "")):
        raise _unreadable(tail)
    factor = unit_factor(tail, unit)
    if factor is None:
        if tail in ("%", "‰"):
            raise _percent(unit)
        raise _no(
            f"“{tail[:30]}”不是单位 {unit}，也不能由它换算", f"{tail[:30]!r} is not the unit {unit} and"
            " no exact conversion is known",
            f"换算成 {unit}，只填数", f"convert it to {unit} and write the number alone",
        )  # fmt: skip
    if factor == 1:
        return number, ""
    return _sized(_shorten(_EXACT.multiply(number, factor))), tail


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
            raise _no(
                f"{plain(number)} {zh} {plain(limit)}", f"{plain(number)} is {en} {plain(limit)}",
                "核对数值、单位与百分号", "check the number, its unit and its percent sign",
            )  # fmt: skip
    if cell.kind == "bound" and cell.strict:
        if (cell.lower is not None and cell.lower == ceiling) or (
            cell.upper is not None and cell.upper == floor
        ):
            raise _no(
                "在可能取值之外", "leaves no possible value",
                "核对大小于号", "check the sign",
            )  # fmt: skip
    return cell


def _date_in_place_of_number(raw) -> _Refuse:
    serial = ""
    if isinstance(raw, datetime):
        days = (raw - _EPOCH).total_seconds() / 86400
        days -= days < 61  # spreadsheets believe in 29 February 1900
        serial = f" ({days:.10g}?)"
    return _no(
        f"是日期或时刻 {raw}，不是数{serial}", f"holds the date or time {raw}, not a number{serial}",
        "把单元格格式改为“常规”，再填数", "set the cell's format to General and type the number",
    )  # fmt: skip


def _percent(unit: str) -> _Refuse:
    return _no(
        f"带百分号，而指标单位是 {unit}", f"is in per cent, but the unit is {unit}",
        f"填单位为 {unit} 的数", f"write the number in {unit}",
    )  # fmt: skip


def _not_finite(text: str) -> _Refuse:
    return _no(
        f"“{text}”不是数", f"{text!r} is no number",
        "没有数就留空或写“—”", "leave it empty, or write `—`, where there is none",
    )  # fmt: skip


def _unreadable(text: str) -> _Refuse:
    return _no(
        f"看不懂“{text[:40]}”", f"{text[:40]!r} cannot be read as one number",
        "只填一个数（可带 > < ≥ ≤ 约），说明写在备注栏",
        "write one number (with > < ≥ ≤ or 约 if so printed); remarks go into the note column",
    )  # fmt: skip


# ---- years ---------------------------------------------------------------------------------------


def parse_year(raw) -> int | Cell:
    """The year that a cell names, or a refused cell.

    Parameters
    ----------
    raw : object
        ``2020``, ``"2020年"``, ``"２０２０"``, the first or last day of a year as a date or as a
        spreadsheet's serial number, or a year that a date format has turned into 1905.

    Returns
    -------
    int or Cell

    Examples
    --------
    >>> parse_year("2020年"), parse_year(44196), parse_year(datetime(1905, 7, 12))
    (2020, 2020, 2020)
    """
    try:
        return _year(raw)
    except _Refuse as refusal:
        return refusal.args[0]


def _year(raw) -> int:
    if isinstance(raw, bool) or raw is None:
        raise _no_year(raw)
    if isinstance(raw, (datetime, date)):
        return _year_of(raw)
    if isinstance(raw, (int, float)):
        if not math.isfinite(raw) or raw != int(raw):
            raise _no_year(raw)
        return _year_of_number(int(raw), raw)
    text = _INVISIBLE.sub("", str(raw)).translate(_NARROW).strip().lstrip("'")
    match = re.fullmatch(r"([12][0-9]{3})(?:\.0+)?\s*(?:年|年度|全年)?", text)
    if match:
        return _year_of_number(int(match[1]), raw)
    if re.fullmatch(r"[0-9]{5}(?:\.0+)?", text):
        return _year_of_number(int(float(text)), raw)
    day = re.fullmatch(
        r"([12][0-9]{3})[-/.年]\s*([0-9]{1,2})[-/.月]\s*([0-9]{1,2})日?(?: 0?0:00(?::00)?)?", text
    )
    if day:
        try:
            return _year_of(date(*(int(part) for part in day.groups())))
        except ValueError:
            pass
    raise _no_year(raw)


def _year_of_number(number: int, raw) -> int:
    if FIRST_YEAR <= number <= LAST_YEAR:
        return number
    if 18264 <= number <= 73415:  # serials of 1950 to 2100
        return _year_of(_EPOCH + timedelta(days=number))
    raise _no_year(raw)


def _year_of(day: date) -> int:
    whole = datetime(day.year, day.month, day.day)
    serial = (whole - _EPOCH).days
    if FIRST_YEAR <= serial <= LAST_YEAR:  # 2020 typed into a cell formatted as a date
        return serial
    if (day.month, day.day) in ((1, 1), (12, 31)) and FIRST_YEAR <= day.year <= LAST_YEAR:
        return day.year
    raise _no(
        f"{whole:%Y-%m-%d} 是某一天，不是年份", f"{whole:%Y-%m-%d} is a day, not a year",
        "填四位年份；部分时段的数不能进入年度序列", "write the year; part-years cannot be imported",
    )  # fmt: skip


def _no_year(raw) -> _Refuse:
    return _no(
        f"“{str(raw)[:30]}”不是年份", f"{str(raw)[:30]!r} is not a year",
        f"填 {FIRST_YEAR} 至 {LAST_YEAR} 的四位年份", f"write a year from {FIRST_YEAR} to {LAST_YEAR}",
    )  # fmt: skip
