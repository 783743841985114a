"""Words that a file brings with its figures: sources, places, dates, remarks."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from ..schema.columns import RELEASE

_MAX_TEXT = 300
# characters of headers and names as they are written in Taiwan and Hong Kong
_TRADITIONAL = str.maketrans(
    "標數單來發處時範圍備註項稱據資區頁碼號級別間縣實際統計綠蓋環聲積總產濃顆塵質優氣況東豐臺門頭溝順義懷雲慶線淨濁燒廢覆"
    "築園廠車輛員價幣億萬噸畝碳態報",
    "标数单来发处时范围备注项称据资区页码号级别间县实际统计绿盖环声积总产浓颗尘质优气况东丰台门头沟顺义怀云庆线净浊烧废覆"
    "筑园厂车辆员价币亿万吨亩碳态报",
)


def simplified(text: str) -> str:
    """A header or a name in simplified characters."""
    return text.translate(_TRADITIONAL)


# column -> words that name it in a header, the first two being the template's
HEADERS: dict[str, tuple[str, ...]] = {
    "indicator": ("指标代码", "indicator", "指标", "指标名称", "项目", "indicator id", "代码"),
    "name": ("名称", "name"),
    "scope": ("范围", "scope", "地区", "区域", "行政区", "区县", "district", "各区", "区", "行政区划", "区名")
    + ("辖区", "县区", "区（县）", "区(县)", "地区名称", "区域名称", "区县名称", "市区", "区市县", "行政区域"),
    "year": ("年份", "year", "年度", "时间", "年", "统计年度", "数据年份", "报告期"),
    "period": ("时段", "period"),
    "value": ("数值", "value", "指标值", "数据", "值", "完成值", "实际值", "年均值", "监测值"),
    "unit": ("单位", "unit", "计量单位", "数据单位"),
    "title": ("来源", "source", "来源标题", "资料来源", "数据来源", "出处", "title", "刊物"),
    "publisher": ("发布单位", "publisher", "发布者", "来源单位", "提供单位", "填报单位", "编制单位", "制表单位"),
    "document_no": ("文号", "document no"),
    "published": ("发布日期", "published", "日期"),
    "locator": ("出处位置", "locator", "页码", "表号", "位置", "page"),
    "reliability": ("等级", "reliability"),
    "release": ("公开级别", "release"),
    "basis": ("口径", "basis"),
    "note": ("备注", "note", "remark", "remarks", "说明"),
}  # fmt: skip
WORDS = {word: name for name, words in HEADERS.items() for word in words}


def plain_word(text) -> str:
    text = simplified(unicodedata.normalize("NFKC", str(text or "")).lower())
    return re.sub(r"[\s_*:：]+", " ", text).strip()


def name_of(content) -> str | None:
    """The column that a header's cell names; ``年份 year``, ``数值（µg/m³）`` and the like."""
    if not isinstance(content, str) or label_of(content):
        return None
    word = plain_word(content)
    bare = re.sub(r"[(（\[].*?[)）\]]", "", word).strip()
    closed = word.replace(" ", "")  # 指 标
    for attempt in (word, closed, bare, *bare.split(" ")):
        if attempt in WORDS:
            return WORDS[attempt]
    return None


def text_of(content) -> str:
    """A cell's text on one line, without signs that cannot be seen."""
    if isinstance(content, (datetime, date)):
        return f"{content:%Y-%m-%d}"
    if isinstance(content, float) and content == int(content):
        content = int(content)
    text = unicodedata.normalize("NFC", str(content if content is not None else ""))
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C" or c in "\t\n")
    return re.sub(r"\s+", " ", text).strip()


def text_fault(text: str) -> tuple[str, ...] | None:
    """Why a text may not go into a table: reason and remedy in both languages."""
    if len(text) > _MAX_TEXT:
        return ("太长", f"has {len(text)} characters", "写短些", f"keep it below {_MAX_TEXT}")
    if text[:1] in tuple("=+-@"):
        return (
            f"以 {text[0]} 开头，表格软件会当作公式", f"begins with {text[0]}, which spreadsheets take"
            " for a formula", "去掉开头的符号", "drop the sign",
        )  # fmt: skip
    if re.search(r"://|\bwww\.|\b(?:javascript|data|file|mailto):", text, re.IGNORECASE):
        return (
            "含网址", "holds an address", "用文字写明出处", "name the source in words",
        )  # fmt: skip
    return None


def day_of(content) -> str | None:
    """A date as the tables hold it; empty if none, None if it is no date."""
    if isinstance(content, (datetime, date)):
        return f"{content:%Y-%m-%d}"
    text = text_of(content)
    if not text:
        return ""
    parts = re.fullmatch(
        r"([12]\d{3})(?:[-/.年]\s?(\d{1,2}))?(?:[-/.月]\s?(\d{1,2}))?[年月日]?", text
    )
    if not parts:
        return None
    numbers = [int(p) for p in parts.groups() if p]
    try:
        date(*(numbers + [1, 1])[:3])
    except ValueError:
        return None
    return "-".join(f"{n:02d}" for n in numbers)


_NEEDED = ("title", "publisher", "locator")
RELEASES = {"公开": "public", "内部": "internal", "草稿": "draft"} | {
    word: word for word in RELEASE
}


def source_words(raw, given, names, held_cell, no):
    """Source, place, basis and remarks of a figure, each sound; else the refusal that ``no`` makes."""
    texts = {}
    for name in ("title", "publisher", "document_no", "locator", "basis", "note"):
        text = text_of(raw(name).value) or given.get(name, "")
        fault = text_fault(text)
        if fault:
            return no(name, *fault)
        texts[name] = text
    for name in _NEEDED:
        if not texts[name]:
            zh, en = HEADERS[name][:2]
            return no(
                name if name in names else "value", f"没有{zh}", f"has no {en}",
                f"填写{zh}（或用 --{name} 给全表一个）",
                f"fill in the column {zh} {en}, or give one for the whole file by --{name}",
                content=held_cell.value if name not in names else "",
            )  # fmt: skip
    release = plain_word(raw("release").value or given.get("release", "internal"))
    texts["release"] = RELEASES.get(release, "")
    texts["reliability"] = str(raw("reliability").value or "B").strip()[:1].upper()
    texts["published"] = day_of(raw("published").value or given.get("published", ""))
    for name, sound, want in (
        ("release", texts["release"] != "", "public, internal, draft"),
        ("reliability", texts["reliability"] in "ABC", "A, B, C"),
        ("published", texts["published"] is not None, "2024-05-30, 2024-05, 2024"),
    ):
        if not sound:
            return no(name, "看不懂", "cannot be read", f"写成 {want}", f"write it like {want}")
    if texts["published"] > date.today().isoformat():
        return no(
            "published", "发布日期在将来", "is a date to come", "改正发布日期", "correct the date"
        )
    return texts


_LABEL = re.compile(r"^[(（]?\s*([\u4e00-\u9fffA-Za-z_ ]{1,14}?)\s*[:：]\s*(\S.*?)\s*[)）]?$", re.S)


def label_of(content) -> tuple[str, str] | None:
    """The word and what follows it in a line such as ``填报单位：某局``; None if it is none."""
    found = _LABEL.match(str(content)) if isinstance(content, str) else None
    return (found[1], found[2]) if found else None


# what the rules of a pack say of a row, in Chinese: problem, remedy
_RULES = (
    (r"its source was published (\S+), before the year (\d+) was over",
     "来源发布于 {0}，{1} 年尚未结束，不可能是全年的数"),
    (r"its source was published (\S+), before (\d+) \((.+)\) was over", "来源发布于 {0}，{1} 年（{2}）尚未结束"),
    (r"year (\d+) lies beyond every source, the newest being of (\d+)", "{0} 年晚于所有来源（最新的是 {1} 年）"),
    (r"its source is undated and gives (\d+) no further than month (\d+)", "来源没有日期，{0} 年只到 {1} 月"),
    (r"year (\d+) is not that of (\S+), which ends in (\d+)", "年份 {0} 与时段 {1} 不符，该时段止于 {2} 年"),
    (r"scope '(.+)' is written '(.+)' elsewhere", "范围“{0}”在别处写作“{1}”"),
    (r"was read before it was published", "发布日期在将来"),
    (r"(\S+) is above (\S+), the .*", "{0} 大于允许的 {1}"),
    (r"(\S+) is below (\S+), the .*", "{0} 小于允许的 {1}"),
    (r".*publisher.*", "发布单位不合登记表"),
    (r"correct one of the dates", "改正发布日期"),
    (r"correct the figure.*", "改正数值"),
    (r"write the part of the year that it covers: it is no annual figure(?:; or date the source)?",
     "注明所属时段，或核对来源的发布日期；部分时段的数不是年度数"),
    (r"correct the year, the period or the source", "改正年份、时段或来源的发布日期"),
    (r"correct the year, or give its source the date of publication", "改正年份，或写明来源的发布日期"),
    (r"write (\S+), or correct the period", "年份写 {0}，或改正时段"),
    (r"write (\S+)", "写 {0}"),
)  # fmt: skip


def in_chinese(words: str) -> str:
    """A rule's problem or remedy in Chinese; empty where no translation is known."""
    for pattern, told in _RULES:
        found = re.fullmatch(pattern, words)
        if found:
            return told.format(*found.groups())
    return ""
