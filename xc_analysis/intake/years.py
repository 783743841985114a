"""The year that a cell names, whatever a spreadsheet has made of it."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta

from .cells import EPOCH, FIRST_YEAR, INVISIBLE, LAST_YEAR, Cell, Refuse, no
from .units import NARROW

_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_PART = re.compile(
    "[上下]半年|(?:第?[一二三四1-4]|前[一二三1-3]个?)季度?|[春夏秋冬]季|[HQ][1-4]$"
    "|(?<![0-9])(?:1[0-2]|[1-9一二三四五六七八九十])(?:[-—~至到–](?:1[0-2]|[1-9]))?个?月"
    "|采暖[季期]|[0-9]年?.*(?:月|季|半年)"
)
_WHOLE = re.compile(
    "全年|年均值?|年平均值?|年度值?|年值|年均浓度|1[-—~至到–]12月|全年(?:平均|均值|合计|累计)|本年(?:累计)?"
)


def is_part(text: str) -> bool:
    """Whether a word speaks of a part of a year: 上半年, 一季度, 1-9月."""
    text = re.sub(r"\s+", "", str(text).translate(NARROW))
    return not is_whole(text) and bool(_PART.search(text))


def is_whole(text: str) -> bool:
    """Whether a word says that a figure is the year's: 全年, 年均."""
    text = re.sub(r"\s+", "", str(text).translate(NARROW))
    return bool(_WHOLE.fullmatch(re.sub("^[12][0-9]{3}年?", "", text)))


def part_of_title(text: str) -> str:
    """The part of a year that a table's name is about; empty if it is about whole years."""
    text = re.sub(r"\s+", "", str(text).translate(NARROW))
    found = re.search(
        "[上下]半年|(?:第?[一二三四1-4]|前[一二三1-3]个?)季度"
        "|(?<![0-9])(?:1[0-2]|[1-9])月?(?:-|—+|~|至|到|–)(?:1[0-2]|[1-9])月", text
    )  # fmt: skip
    return "" if not found or is_whole(found[0]) else found[0]


def part_words(text: str) -> tuple[str, str, str, str]:
    """Why a part of a year is no annual figure."""
    return (
        f"“{text[:30]}”不是整年", f"{text[:30]!r} is a part of a year",
        "只填全年的数；部分时段的数不能进入年度序列", "give whole years; part-years cannot be imported",
    )  # fmt: skip


def parse_period(text: str, plans: dict[str, tuple[int, int]]) -> str:
    """A period as the tables hold it, of what people write; what is not understood stays.

    Parameters
    ----------
    text : str
        ``2021..2025``, ``2021—2025年``, ``“十四五”期间``; empty is the year.
    plans : dict
        First and last year of the plans whose years are known.

    Examples
    --------
    >>> parse_period("2021—2025年", {}), parse_period("“十四五”期间", {"十四五": (2021, 2025)})
    ('2021..2025', '2021..2025')
    """
    if not text or is_whole(text):
        return "annual"
    span = re.fullmatch(
        r"([12][0-9]{3})年?\s*(?:-|—+|–|~|～|至|到|\.\.)\s*([12][0-9]{3})年?(?:期间|时期)?", text
    )
    if span:
        return f"{span[1]}..{span[2]}"
    name = re.sub("[“”\"'「」『』\\s]|(?:规划)?(?:期间|时期|期)$", "", text)
    if name in plans:
        first, last = plans[name]
        return f"{first}..{last}"
    return text


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
    except Refuse as refusal:
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
    text = INVISIBLE.sub("", str(raw)).translate(NARROW).strip().lstrip("'")
    text = re.sub("^[〇零一二三四五六七八九]{4}(?=年)", lambda m: m[0].translate(_DIGITS), text)
    match = re.fullmatch(r"([12][0-9]{3})(?:\.0+)?\s*(?:年|年度|全年|年底|年末)?", text)
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
    if is_part(text):
        raise no(*part_words(text))
    span = re.fullmatch(r"([12][0-9]{3})年?(?:-|—+|–|~|至|到|\.\.)([12][0-9]{3})年?", text)
    if span:
        raise no(
            f"“{text[:30]}”是多年时段", f"{text[:30]!r} is a span of years",
            f"年份写 {span[2]}，“时段”栏写 {span[1]}..{span[2]}",
            f"write {span[2]} as the year and {span[1]}..{span[2]} into the column 时段 period",
        )  # fmt: skip
    if re.fullmatch("[0-9]{2}年?", text):
        raise no(
            f"“{text}”缺世纪", f"{text!r} lacks its century",
            f"写四位年份，如 20{text[:2]}", f"write four digits, as 20{text[:2]}",
        )  # fmt: skip
    raise _no_year(raw)


def _year_of_number(number: int, raw) -> int:
    if FIRST_YEAR <= number <= LAST_YEAR:
        return number
    if 18264 <= number <= 73415:  # serials of 1950 to 2100
        return _year_of(EPOCH + timedelta(days=number))
    raise _no_year(raw)


def _year_of(day: date) -> int:
    whole = datetime(day.year, day.month, day.day)
    serial = (whole - EPOCH).days
    if FIRST_YEAR <= serial <= LAST_YEAR:  # 2020 typed into a cell formatted as a date
        return serial
    if (day.month, day.day) in ((1, 1), (12, 31)) and FIRST_YEAR <= day.year <= LAST_YEAR:
        return day.year
    raise no(
        f"{whole:%Y-%m-%d} 是某一天，不是年份", f"{whole:%Y-%m-%d} is a day, not a year",
        "填四位年份；部分时段的数不能进入年度序列", "write the year; part-years cannot be imported",
    )  # fmt: skip


def _no_year(raw) -> Refuse:
    return no(
        f"“{str(raw)[:30]}”不是年份", f"{str(raw)[:30]!r} is not a year",
        f"填 {FIRST_YEAR} 至 {LAST_YEAR} 的四位年份", f"write a year from {FIRST_YEAR} to {LAST_YEAR}",
    )  # fmt: skip
