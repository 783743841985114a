"""The year that a cell names, whatever a spreadsheet has made of it."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta

from .cells import EPOCH, FIRST_YEAR, INVISIBLE, LAST_YEAR, Cell, Refuse, no
from .units import NARROW


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
    if re.search("[0-9]年?.*(?:月|季|半年|[HQ][1-4]$)", text):
        raise no(
            f"“{text[:30]}”不是整年", f"{text[:30]!r} is a part of a year",
            "只填全年的数；部分时段的数不能进入年度序列", "give whole years; part-years cannot be imported",
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
