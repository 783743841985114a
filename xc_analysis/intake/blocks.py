"""The tables of a sheet with their rows, and what speaks against reading them at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..schema.schemas import TABLES
from .cells import Cell, refuse
from .headers import Header, header_at
from .incoming import Grid, letters
from .layout import Raw
from .registered import Areas, Names, unnumbered
from .texts import RELEASES, day_of, label_of, name_of, plain_word, text_fault, text_of
from .units import known_unit
from .years import is_whole, parse_year, part_of_title, part_words


@dataclass(frozen=True)
class Refusal:
    """A cell that was not understood, in both languages; ``place`` is sheet and cell."""

    place: str
    content: str
    cell: Cell

    def line(self) -> str:
        """One line: where, what it holds, why not, what to do."""
        shown = f" {self.content!r}" if self.content else ""
        c = self.cell
        return f"{self.place}:{shown} {c.reason_zh}；{c.remedy_zh} · {c.reason_en}; {c.remedy_en}"


def sound_defaults(given, register: Names, areas: Areas) -> None:
    """Refuse at once what is given for a whole file and cannot be what it is given for."""
    tests = {
        "indicator": (lambda w: register.find(w), "不是登记表中的指标", "is no indicator of the register"),
        "year": (lambda w: isinstance(parse_year(w), int), "不是年份", "is no year"),
        "unit": (known_unit, "不是已知的单位", "is no unit that is known"),
        "release": (lambda w: plain_word(w) in RELEASES, "不是公开级别；写 public, internal, draft",
                    "is no release: write public, internal or draft"),
        "published": (day_of, "不是日期；写 2024-05-30", "is no date: write it as 2024-05-30"),
        "scope": (areas.find, f"不是已知的范围{areas.near(given.get('scope', ''))}；新的区用 --new-scope 写明",
                  "is no area that is known; name a new one by --new-scope"),
    }  # fmt: skip
    for name, word in given.items():
        fault = text_fault(text_of(word))
        if fault:
            zh, en, cure_zh, cure_en = fault
            raise InputError(f"--{name} {word[:40]!r}: {zh}；{cure_zh} · {en}: {cure_en}")
        sound, zh, en = tests.get(name, (lambda w: True, "", ""))
        if not sound(word):
            raise InputError(f"--{name} {word[:40]!r}: {zh} · {en}: correct this option")


def no_pack_table(path: Path, grid: Grid) -> None:
    """Say so where a file is a table of a pack: that is no file of figures to import."""
    head = {text_of(raw.value) for raw in grid.rows[0][1]} - {""} if grid.rows else set()
    for table in TABLES.values():
        required = {column.name for column in table.columns if column.required}
        if len(head) > 1 and required <= head <= set(table.names):
            raise InputError(
                f"{path}: 是数据包的表 {table.name}（{grid.how}），不是待导入的数；转为 UTF-8"
                f"（iconv -f GB18030 -t UTF-8）后放进数据包，用 xc check 核对 · is the table {table.name} of a"
                " pack, not a file of figures: convert it to UTF-8 (iconv -f GB18030 -t UTF-8), put it into"
                " a pack and run `xc check`"
            )


def blocks(grid: Grid, header: Header, register: Names, areas: Areas, given):
    """Each table of a sheet with its rows; a header that is repeated says so in its remark."""
    while header:
        following, end = None, len(grid.rows)
        for at in range(header.first, len(grid.rows)):
            cells = grid.rows[at][1]
            hits = [name_of(raw.value) for raw in cells]
            years = sum(isinstance(parse_year(raw.value), int) for raw in cells)
            if len(set(hits) - {None}) > 1 or (any(hits) and years > 1):
                told = dict(header.said) | given
                following = header_at(grid, at, register, areas, told, header.first)[0]
            if following:
                end = at
                break
        yield header, grid.rows[header.first : end]
        if following:
            again = (following.names, following.slots) == (header.names, header.slots)
            note = f"row {grid.rows[end][0]} repeats the header · 第 {grid.rows[end][0]} 行重复表头"
            following = replace(
                following, unit=following.unit or header.unit, titles=following.titles or header.titles,
                said=tuple((dict(header.said) | dict(following.said)).items()),
                remarks=(note,) if again else following.remarks,
            )  # fmt: skip
        header = following


def of_another(path: Path, grid: Grid, header: Header, areas: Areas, given) -> Refusal | None:
    """The refusal of a table whose name speaks of another area, or of a part of a year."""
    titles = [(place, text) for place, text in header.titles if not label_of(text)]
    for place, text in titles:
        part = part_of_title(text)
        if part and "period" not in header.names:
            place = f"{grid.sheet}!{place}" if grid.sheet else place
            return Refusal(place, text[:40], refuse(*part_words(part)))
    if "scope" in header.names or "scope" in given or all(s.scope for s in header.slots):
        return None
    titles += [
        (f"{grid.sheet} (sheet 工作表)", grid.sheet),
        (f"{path.name} (file 文件名)", path.stem),
    ]
    own = any(areas.own in areas.told(text) for _, text in titles)
    for place, text in titles:
        others = [a for a in areas.told(text) if a != areas.own and not (own and a == areas.city)]
        if others:
            told = "、".join(others)
            place = f"{grid.sheet}!{place}" if grid.sheet and "(" not in place else place
            return Refusal(place, text[:40], refuse(
                f"说的是{told}，而表中没有范围栏，数据包是{areas.own}的", f"speaks of {told}, the table has no column of areas,"
                f" and the pack is {areas.own}'s", f"用 --scope {others[0]}（或 --scope {areas.own}）写明是哪里的数",
                f"say whose figures they are by --scope {others[0]} or --scope {areas.own}",
            ))  # fmt: skip
    return None


_BELOW = ("indicator", "scope", "year")


_SUMS = re.compile("合计|小计|总计|共计|汇总")


def _section(row, areas: Areas) -> dict[str, str]:
    """What a row that holds one cell says of the rows below it: an area, a year or a part of one."""
    told = list(dict.fromkeys(str(raw.value).strip() for raw in row if not is_unfilled(raw)))
    if len(told) != 1 or label_of(told[0]) or len(told[0]) > 30:
        return {}
    text = unnumbered(told[0]).strip(" :：")
    area = areas.find(text)
    if area is None:
        named = areas.told(text)
        area = named[0] if len(named) == 1 and text.startswith(named[0][:2]) else None
    said = {"scope": area} if area else {}
    part = part_of_title(text)
    if part or is_whole(text):
        return said | {"part": part}
    return said | ({"year": text} if isinstance(parse_year(text), int) else {})


def figure_rows(rows, header: Header, areas: Areas, notes: list[str]):
    """The rows of figures, each with what the heading of its section says.

    What a name's cell leaves out below another is the same name: only directly below, and only
    if no column that is not read tells the rows apart.
    """
    section: dict[str, str] = {}
    above: dict[str, Raw] = {}
    last, filled, sums = None, [], []
    for number, row in rows:
        cells = list(row)
        places = {name: header.names[name] for name in _BELOW if name in header.names}
        apart = any(place < len(row) and not is_unfilled(row[place]) for place in header.unread)
        holds = any(s.place < len(row) and not is_unfilled(row[s.place]) for s in header.slots)
        named = places.get("indicator", len(row))
        if named < len(row) and _SUMS.fullmatch(re.sub(r"\s", "", str(row[named].value or ""))):
            sums += [str(number)] if holds else []
            continue
        said = {} if holds else _section(row, areas)
        if said:
            section |= said
            notes.append(
                f"row {number} heads a section · 第 {number} 行是分段标题: {'; '.join(said.values())}"
            )
        for name, place in places.items():
            if place >= len(row):
                continue
            if not is_unfilled(row[place]):
                above[name] = row[place]
            elif number - 1 == last and name in above and holds and not apart:
                cells[place] = above[name]
                filled.append(f"{letters(place)}{number} = {str(above[name].value)[:30]}")
            else:
                above.pop(name, None)
        last = number
        yield number, tuple(cells), section
    for words, told in (
        ("sums, not read · 合计行，未读", sums),
        ("taken from the row above · 取自上一行", filled),
    ):
        if told:
            notes.append(f"{words}: {', '.join(told[:12])}" + (" ..." if len(told) > 12 else ""))


def place_of(grid: Grid, number: int, column: int) -> str:
    at = f"{letters(column)}{number}"
    return f"{grid.sheet}!{at}" if grid.sheet else at


def is_unfilled(raw: Raw) -> bool:
    return raw.value is None or (isinstance(raw.value, str) and not raw.value.strip())
