"""Indicators by every name that they go by, and what stands in brackets behind a name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ..tables import load
from .units import known_unit

_COMMON = {
    "PM2.5": "pm25", "PM2.5年均浓度": "pm25", "细颗粒物": "pm25", "细颗粒物年均浓度": "pm25",
    "细颗粒物(PM2.5)年均浓度": "pm25", "PM10": "pm10", "可吸入颗粒物": "pm10", "NO2": "no2",
    "二氧化氮": "no2", "SO2": "so2", "二氧化硫": "so2", "优良天数比例": "good_day_ratio",
    "空气质量优良天数比率": "good_day_ratio", "重污染天数比例": "heavy_day_ratio",
    "区域环境噪声": "area_noise", "区域环境噪声平均值": "area_noise",
    "区域声环境平均等效声级": "area_noise", "道路交通噪声平均值": "traffic_noise",
    "交通噪声": "traffic_noise", "绿化覆盖率": "green_cover",
    "公园绿地500米服务半径覆盖率": "park_500m_coverage", "二氧化碳排放总量": "co2_total",
    "常住人口": "population", "地区生产总值": "gdp",
}  # fmt: skip
# brackets that change nothing: the register's figures are just this
_HARMLESS = re.compile(
    "(?:年均|年均值|年平均|年平均值|年平均浓度|年均浓度|平均值|全年|年度|当年|本年|数值|实际|实际值"
    "|[12][0-9]{3}年?)"
)
_NUMBERED = re.compile(
    r"^(?:其中[:：,，]?|[#＃*＊•·●○▪—–-]+|[(（][一二三四五六七八九十0-9]{1,3}[)）][、.．]?"
    r"|[一二三四五六七八九十]{1,3}[、.．]|[0-9]{1,2}[、．)）]|[0-9]{1,2}\.(?![0-9])|[①-⑳])\s*"
)
_BRACKETS = re.compile(
    r"^(.*?\S)\s*[(（\[【]\s*([^()（）\[\]【】]*(?:\([^()]*\)[^()（）\[\]【】]*)*)\s*[)）\]】]\s*$",
    re.S,
)


def name_key(content) -> str:
    text = unicodedata.normalize("NFKC", str(content or "")).lower()
    return re.sub(r"[\s_、，,;；:：]+", "", text)


def bracketed(content: str) -> tuple[str, str]:
    """A name, and what stands in brackets behind it; ``绿化覆盖率/%`` counts as brackets.

    >>> bracketed("能耗（万吨标准煤）"), bracketed("绿化覆盖率/%"), bracketed("PM2.5")
    (('能耗', '万吨标准煤'), ('绿化覆盖率', '%'), ('PM2.5', ''))
    """
    text = str(content).strip()
    found = _BRACKETS.match(text)
    if found:
        return found[1].rstrip("/／ "), found[2]
    base, slash, rest = text.replace("／", "/").partition("/")
    if slash and base.strip() and known_unit(rest):
        return base.strip(), rest.strip()
    if len(text) > 1 and text[-1] in "%％‰" and not text[-2].isdigit():
        return text[:-1].strip(), text[-1]
    return text, ""


@dataclass(frozen=True)
class Known:
    """An indicator found by a name, the unit named with it, and what in brackets is no unit."""

    indicator: str
    unit: str = ""
    stray: str = ""


class Names:
    """Indicators by id and by every name that they go by."""

    def __init__(self, data) -> None:
        table = load("indicators", data=data)
        self.rows = table.set_index("indicator").to_dict("index")
        self.known = [*table["indicator"], *table["name_zh"], *table["name_en"]]
        self.names: dict[str, str] = {}
        for indicator, row in self.rows.items():
            for word in (indicator, row["name_zh"], row["name_en"]):
                self.names.setdefault(name_key(word), indicator)
        for word, indicator in _COMMON.items():
            if indicator in self.rows:
                self.names.setdefault(name_key(word), indicator)

    def find(self, content) -> Known | None:
        """The indicator that a cell names: ``（二）绿化覆盖率（%）`` is green cover in per cent."""
        text = str(content).strip()
        for attempt in dict.fromkeys((text, _NUMBERED.sub("", text))):
            if name_key(attempt) in self.names:
                return Known(self.names[name_key(attempt)])
            base, inside = bracketed(attempt)
            indicator = self.names.get(name_key(base))
            if indicator and inside:
                if known_unit(inside):
                    return Known(indicator, unit=inside)
                same = self.names.get(name_key(inside)) == indicator
                idle = same or _HARMLESS.fullmatch(inside.strip())
                return Known(indicator, stray="" if idle else inside)
        return None
