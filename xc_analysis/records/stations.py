"""Station names: one canonical name each, whatever a file calls the station.

The archive renamed its stations on 2021-01-23, mostly by putting the district in front (官园
became 西城官园), and UCI writes them in pinyin. Canonical here is the name before the renaming.
Only renamings that the names themselves establish are listed; a new name that could belong to more
than one old station (通州永顺 or 通州东关 for 通州) stays a station of its own.

One distributed file has a header whose UTF-8 bytes were once read as GBK and saved again, which
loses bytes ("?") and swallows commas. It is repaired only when what is left of the bytes fits a
known header exactly; otherwise the file is left out and listed.
"""

from __future__ import annotations

import re

RENAMED = {
    "东城东四": "东四", "东城天坛": "天坛", "西城官园": "官园", "西城万寿西宫": "万寿西宫",
    "朝阳奥体中心": "奥体中心", "朝阳农展馆": "农展馆", "海淀万柳": "万柳", "丰台云岗": "云岗",
    "石景山古城": "古城", "定陵(对照点)": "定陵", "昌平镇": "昌平", "怀柔镇": "怀柔",
    "密云镇": "密云", "平谷镇": "平谷", "亦庄开发区": "亦庄",
}  # fmt: skip

UCI = {
    "Aotizhongxin": "奥体中心", "Changping": "昌平", "Dingling": "定陵", "Dongsi": "东四",
    "Guanyuan": "官园", "Gucheng": "古城", "Huairou": "怀柔", "Nongzhanguan": "农展馆",
    "Shunyi": "顺义", "Tiantan": "天坛", "Wanliu": "万柳", "Wanshouxigong": "万寿西宫",
}  # fmt: skip

BEFORE_2021 = (
    "东四,天坛,官园,万寿西宫,奥体中心,农展馆,万柳,北部新区,植物园,丰台花园,云岗,古城,房山,大兴,"
    "亦庄,通州,顺义,昌平,门头沟,平谷,怀柔,密云,延庆,定陵,八达岭,密云水库,东高村,永乐店,榆垡,"
    "琉璃河,前门,永定门内,西直门北,南三环,东四环"
)
SINCE_2021 = (
    "东城东四,东城天坛,西城官园,西城万寿西宫,朝阳奥体中心,朝阳农展馆,海淀万柳,海淀四季青,丰台小屯,"
    "丰台云岗,石景山古城,石景山老山,昌平镇,昌平南邵,定陵(对照点),延庆夏都,延庆石河营,怀柔镇,"
    "怀柔新城,密云镇,密云新城,平谷镇,平谷新城,顺义新城,顺义北小营,通州永顺,通州东关,大兴黄村,"
    "大兴旧宫,亦庄开发区,京东南区域点,门头沟双峪,门头沟三家店,房山良乡,房山燕山"
)


_CODECS = ("gb18030", "cp1252", "latin-1")


def canonical(name: str) -> str:
    """The one name used for a station.

    Parameters
    ----------
    name : str
        As a file or a user writes it: ``官园``, ``西城官园`` or ``Guanyuan``.

    Returns
    -------
    str
        The name before the renaming of 2021-01-23; a name not known comes back unchanged.

    Examples
    --------
    >>> canonical("西城官园"), canonical("Guanyuan"), canonical("1001A")
    ('官园', '官园', '1001A')
    """
    name = name.strip().strip('"').replace("（", "(").replace("）", ")")
    return RENAMED.get(name) or UCI.get(name) or name


def _known() -> set[str]:
    return {*BEFORE_2021.split(","), *SINCE_2021.split(","), *UCI}


def _left_of_bytes(text: str) -> bytes:
    """A regular expression for the bytes that a once misread text can have come from."""
    out = []
    for char in text:
        if char in "?\ufffd":
            # Code page 936 writes one mark for a broken pair and may swallow the byte after it.
            out.append(rb"[\x80-\xff]{1,2}[,()\x80-\xff]?")
        elif char == "€":
            out.append(rb"\x80")
        else:
            try:
                out.append(re.escape(char.encode("gb18030")))
            except UnicodeEncodeError:
                return b"(?!)"
    return b"".join(out)


def repair(header: str, width: int, layouts: list[str]) -> list[str] | None:
    """Station names of a header that is not readable as it stands.

    Parameters
    ----------
    header : str
        The station part of the header line, without ``date,hour,type,``.
    width : int
        Number of station columns in the data lines.
    layouts : list of str
        Station parts of other headers, nearest first; tried before the two built in.

    Returns
    -------
    list of str or None
        ``width`` names, or None when the header cannot be told.
    """
    text = header.rstrip(",").strip()
    for codec in _CODECS:
        try:
            names = text.encode(codec).decode("utf-8").split(",")
        except UnicodeError:
            continue
        if set(names) & _known():
            return names + [""] * (width - len(names)) if len(names) <= width else None
    pattern = re.compile(_left_of_bytes(text))
    for layout in (*layouts, SINCE_2021, BEFORE_2021):
        names = layout.rstrip(",").split(",")
        if len(names) <= width and pattern.fullmatch(",".join(names).encode()):
            return names + [""] * (width - len(names))
    names = []
    for token in text.split(","):
        pattern = re.compile(_left_of_bytes(token))
        fits = [name for name in sorted(_known()) if pattern.fullmatch(name.encode())]
        if token and len(fits) != 1:
            return None
        names.append(fits[0] if token else "")
    return names + [""] * (width - len(names)) if any(names) and len(names) <= width else None


def looks_misread(names: list[str]) -> bool:
    """Whether station names show the marks of a misread encoding."""
    if any(canonical(n) in _known() or n in RENAMED for n in names):
        return False
    text = "".join(names)
    if text.isascii() and "?" not in text:
        return False
    if any(c in "?\ufffd" or 0xE000 <= ord(c) < 0xF900 for c in text):
        return True
    # "€" amid Chinese is the byte 0x80, read as code page 936.
    if "€" in text and any(ord(c) > 0x2E80 for c in text):
        return True
    return any(_reads_as_utf8(text, codec) for codec in _CODECS)


def _reads_as_utf8(text: str, codec: str) -> bool:
    try:
        return bool(text.encode(codec).decode("utf-8"))
    except UnicodeError:
        return False
