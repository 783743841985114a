"""Indicators and areas by every name that they go by, and what stands in brackets behind a name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ..packs.places import ENGLISH, english, home
from ..schema.reading import near
from ..tables import load
from .texts import simplified
from .units import known_unit

_COMMON = {
    "优良天数比例": "good_day_ratio", "优良天数比率": "good_day_ratio", "重污染天数比例": "heavy_day_ratio",
    "区域环境噪声": "area_noise", "区域声环境平均等效声级": "area_noise",
    "道路交通噪声": "traffic_noise", "交通噪声": "traffic_noise", "绿化覆盖率": "green_cover",
    "公园绿地500米服务半径覆盖率": "park_500m_coverage", "二氧化碳排放总量": "co2_total",
    "常住人口": "population", "地区生产总值": "gdp", "降尘": "dustfall", "能耗总量": "energy_total", "道路尘土残存量": "road_dust_residue",
}  # fmt: skip
# formulas, and the words that they stand for
_FORMULAS = {
    "pm2.5": "细颗粒物", "pm10": "可吸入颗粒物", "no2": "二氧化氮", "nox": "氮氧化物", "so2": "二氧化硫",
    "o3": "臭氧", "co2": "二氧化碳", "co": "一氧化碳", "tsp": "总悬浮颗粒物",
}  # fmt: skip
_FORMULA = re.compile(
    rf"(?<![a-z0-9])({'|'.join(re.escape(f) for f in sorted(_FORMULAS, key=len, reverse=True))})"
    r"(?![a-z0-9.])"
)
_TWICE = re.compile(rf"({'|'.join(_FORMULAS.values())})\1+")
# words that do not change what is meant; whatever else stands with a name may
_TAIL = re.compile(
    "(?:年均|年平均|平均)?(?:质量)?浓度(?:年均值|均值)?$|(?:年均|年平均|平均|均)值?$|指标值?$"
)
_FRONT = re.compile("^(?:城市|全区|本区|环境空气质量|环境空气|空气质量)")
# names that leave open which indicator is meant
_OPEN = {
    re.compile("臭氧(?:-?8h|8小时|日最大8小时(?:滑动)?)?(?:平均)?"): ("o3_8h_p90", "o3_8h_mean"),
    re.compile("一氧化碳"): ("co_p95",),
    re.compile(".*(?:二氧化碳|碳)(?:排放)?(?:强度)?(?:降低|下降)(?:率|幅度|比例)"): ("co2_per_gdp_change", "co2_total_change"),
    re.compile(".*(?:能耗|能源消耗)(?:强度)?(?:降低|下降)(?:率|幅度|比例)"): ("energy_per_gdp_change",),
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


def unnumbered(text: str) -> str:
    """A name without the number that it has in a list."""
    return _NUMBERED.sub("", text)


def name_key(content) -> str:
    text = simplified(unicodedata.normalize("NFKC", str(content or "")).lower())
    return re.sub(r"[\s_、，,;；:：]+", "", text)


def _core(name: str) -> str:
    """A name without what does not change it: formulas are words, words of the mean go.

    >>> _core("细颗粒物（PM2.5）年均浓度"), _core("PM₂.₅ 浓度"), _core("二氧化碳排放总量")
    ('细颗粒物', '细颗粒物', '二氧化碳排放总量')
    """
    key = _FORMULA.sub(lambda found: _FORMULAS[found[1]], name_key(name))
    key = re.sub(rf"[(\[]({'|'.join(_FORMULAS.values())})[)\]]", r"\1", key)
    key = _TWICE.sub(r"\1", key)
    return _TAIL.sub("", key) or key


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
        dated = load("targets", data=data).dropna(subset=["base_year", "target_year"])
        self.plans = {
            str(plan): (int(rows["base_year"].mode()[0]) + 1, int(rows["target_year"].mode()[0]))
            for plan, rows in dated.groupby("plan")
        }
        self.known = [*table["indicator"], *table["name_zh"], *table["name_en"]]
        self.names: dict[str, str] = {}
        for indicator, row in self.rows.items():
            for word in (indicator, row["name_zh"], row["name_en"]):
                self.names.setdefault(name_key(word), indicator)
        for word, indicator in _COMMON.items():
            if indicator in self.rows:
                self.names.setdefault(name_key(word), indicator)
        cores: dict[str, set[str]] = {}
        for word, indicator in self.names.items():
            cores.setdefault(_core(word), set()).add(indicator)
        self.cores = {core: next(iter(own)) for core, own in cores.items() if len(own) == 1}

    def _named(self, name: str) -> str | None:
        """The indicator of a name without its unit; None where it is unknown or left open."""
        if name_key(name) in self.names:
            return self.names[name_key(name)]
        core = _core(name)
        if any(rule.fullmatch(core) for rule in _OPEN):
            return None
        return self.cores.get(core) or self.cores.get(_FRONT.sub("", core))

    def find(self, content) -> Known | None:
        """The indicator that a cell names: ``（二）绿化覆盖率（%）`` is green cover in per cent."""
        text = str(content).strip()
        for attempt in dict.fromkeys((text, _NUMBERED.sub("", text))):
            if name_key(attempt) in self.names:
                return Known(self.names[name_key(attempt)])
            base, inside = bracketed(attempt)
            whole, indicator = self._named(attempt), self._named(base)
            if indicator and inside:
                if known_unit(inside):
                    return Known(indicator, unit=inside)
                idle = whole == indicator or self._named(inside) == indicator
                idle = idle or _HARMLESS.fullmatch(inside.strip())
                return Known(indicator, stray="" if idle else inside)
            if whole:
                return Known(whole)
        return None

    def choices(self, content) -> list[str]:
        """The indicators that a name leaves open: 臭氧 may be a mean or a percentile."""
        text = _NUMBERED.sub("", str(content).strip())
        for name in (text, bracketed(text)[0]):
            for rule, indicators in _OPEN.items():
                if rule.fullmatch(_core(name)):
                    return [
                    f"{i}（{self.rows[i]['name_zh']}）" for i in indicators if i in self.rows
                    ]  # fmt: skip
        return []


# a body is named by where it sits, not by what its figures are of: 北京市生态环境局
_BODY_OF = r"(?!的?[\u4e00-\u9fff]{0,14}(?:局|委员会|委|办公室|院|中心|政府|公司|集团|学会|协会))"


class Areas:
    """The areas that figures may be of, by their names in the pack and their usual ones."""

    def __init__(self, data, new: str = "") -> None:
        place = home(data)
        self.own, self.city = place.scope, place.comparator
        proper = dict.fromkeys(part for part in re.split(r"[,，、\s]+", new) if part)
        proper |= dict.fromkeys([place.scope, *([self.city] if self.city else [])])
        for table in ("observations", "targets", "air/annual"):
            proper |= dict.fromkeys(load(table, data=data)["scope"])
        proper |= dict.fromkeys(ENGLISH)
        self.proper = list(proper)
        self.known = {english(name, data=data): name for name in proper}
        self.known |= {name: name for name in proper}
        for name in proper:  # 西城, 北京
            short = re.sub("[区市县]$", "", name)
            if len(short) > 1:
                self.known.setdefault(short, name)
        # what a title may name
        self.said = self.known | ({"全市": self.city, "本市": self.city} if self.city else {})
        self.known |= dict.fromkeys(("全区", "本区", "区级"), place.scope)
        if self.city:
            self.known |= dict.fromkeys(("全市", "本市", "市级"), self.city)

    def find(self, content) -> str | None:
        """The area that a cell names and nothing else; None where it names none that is known."""
        text = str(content or "").strip()
        text = re.sub(r"\s+", "", text) if re.search(r"[\u4e00-\u9fff]", text) else text
        return self.known.get(text)

    def near(self, content) -> str:
        return near(str(content), list(self.known))

    def told(self, text: str) -> list[str]:
        """The areas that a title is about: of several names at one place the longest counts."""
        names = "|".join(re.escape(n) for n in sorted(self.said, key=len, reverse=True))
        found = re.findall(f"(?<![A-Za-z])({names})(?![A-Za-z]){_BODY_OF}", str(text))
        return list(dict.fromkeys(self.said[name] for name in found))
