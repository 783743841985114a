"""Units as people write them, and the exact factor from one to another."""

from __future__ import annotations

import re
import unicodedata
from decimal import Context, Decimal

EXACT = Context(prec=60)
# full-width forms to ASCII, and the signs that look like a minus
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
NARROW |= {0x3000: " ", 0x00A0: " ", 0x2009: " ", 0x2212: "-", 0xFE63: "-", 0x2010: "-"}
NARROW |= {0x2011: "-", 0x301C: "~", 0x223C: "~", 0x3002: "."}

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


def unit_key(text: str) -> str:
    text = text.replace("10⁴", "万").replace("10⁸", "亿").replace("10⁶", "百万")
    text = unicodedata.normalize("NFKC", text).translate(NARROW).lower().replace("μ", "u")
    return re.sub(r"\s", "", text).replace("每", "/").replace("^", "").replace("µ", "u")


_UNITS = {unit_key(name): entry for name, entry in _UNITS.items()}


def _read_unit(text: str) -> tuple[str, Decimal] | None:
    """(dimension, factor to its base unit); None where the unit is unknown."""
    key = unit_key(text)
    for multiple, times in _MULTIPLES.items():
        name = key.removeprefix(multiple)
        if key.startswith(multiple) and name in _UNITS:
            dimension, factor = _UNITS[name]
            return dimension, Decimal(factor) * Decimal(times)
    return None


def known_unit(written: str) -> bool:
    """Whether a word is a unit, or a multiple (万) of what is counted."""
    key = unit_key(written)
    return bool(key) and (key in _MULTIPLES or _read_unit(written) is not None)


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
    if unit_key(written) == unit_key(unit):
        return Decimal(1)
    have, want = _read_unit(written), _read_unit(unit)
    bare = unit_key(written)
    if want and bare in _MULTIPLES and bare:  # `3.5万` of things counted in things
        have = want[0], Decimal(_MULTIPLES[bare])
    if have is None or want is None:
        return None
    if have[0] != want[0]:
        counts = {"number", "vehicles", "people"}
        if not (have[0] == "number" and want[0] in counts):
            return None
    factor = EXACT.divide(have[1], want[1])
    return factor.normalize() if factor != 1 else Decimal(1)
