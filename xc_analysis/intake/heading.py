"""What one word of a header says of its column: a year, an indicator, an area, a part of a year."""

from __future__ import annotations

import re

from .registered import Areas, Names, bracketed
from .texts import name_of
from .units import known_unit
from .years import is_part, is_whole, parse_year, part_words

_ACTUAL = re.compile("(?:实际|完成|统计|监测|现状)?(?:数值|数据|值|数)$|实绩$|实际$|现状$")
_DRAFT = re.compile("初步(?:核算|统计)?(?:数据?|值)?|快报(?:数据?|值)?|初核(?:数|值)?|待审|未审定?")
IDLE = re.compile("全年|年均值?|年平均|实际值?|实绩|现状值?|完成值?|数值|年末|年底")


def corner_names(content) -> list[str]:
    r"""The two columns that a corner cell such as ``指标\年份`` names; empty if it is none."""
    if not isinstance(content, str):
        return []
    names = [name_of(part) for part in re.split(r"[\\/／＼|｜]", content)]
    known = ("indicator", "year", "scope")
    return names if len(set(names)) == 2 and all(n in known for n in names) else []  # fmt: skip


def year_word(content) -> dict | None:
    """What a heading says that names a year: 2021年, 2021年（万吨）, 2020年现状值, 2024年(初步)."""
    if content is None or isinstance(content, bool) or not str(content).strip():
        return None
    said = {}
    if isinstance(content, str):
        base, inside = bracketed(content)
        base = re.sub(r"\s+", "", base)
        tail = re.fullmatch(rf"(.*年)({_DRAFT.pattern})", base)
        if tail:
            base, said["draft"] = tail[1], tail[2]
        if inside and known_unit(inside):
            said["unit"] = inside
        elif inside and _DRAFT.search(inside):
            said["draft"] = inside
        elif inside and is_part(inside):
            said["fault"] = part_words(content)
        elif inside and not IDLE.fullmatch(inside):
            said["fault"] = not_understood(inside)
        content = re.sub("(?<=年)(?:全年|年均值?|平均值?|均值)$", "", _ACTUAL.sub("", base))
    found = parse_year(content)
    return said | {"year": found} if isinstance(found, int) else None


def said_by_word(content, names: Names, areas: Areas) -> dict | None:
    """What a word of a header says of its column; None where it is not understood."""
    year = year_word(content)
    if year or not isinstance(content, str):
        return year
    text = re.sub(r"^[(（]\s*(.*?)\s*[)）]$", r"\1", content.strip())
    area = areas.find(text)
    if area:
        return {"scope": area}
    known = names.find(content)
    if known:
        return {"indicator": known.indicator, "unit": known.unit, "stray": known.stray}
    if is_whole(text) or IDLE.fullmatch(text):
        return {}
    if known_unit(text):
        return {"unit": text}
    return {"fault": part_words(text)} if is_part(text) else None


def not_understood(word: str) -> tuple[str, str, str, str]:
    return (
        f"表头“{word[:30]}”看不懂，不知是哪一种数", f"stands under {word[:30]!r} in the header, which is not"
        " understood", "表头只留年份（或指标、区名），其他写在“备注”“口径”栏",
        "name the column by a year, an indicator or an area alone",
    )  # fmt: skip
