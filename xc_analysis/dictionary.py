"""The data dictionary for people (`README.md`) and machines (`datapackage.json`).

Both are written from `schemas.TABLES`: ``python -m xc_analysis.dictionary`` writes them into the
data folder, with ``--check`` it only tells whether they are in step.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from . import __version__
from .errors import InputError
from .packs.places import home
from .schema.schemas import KINDS, TABLES, Column, Table
from .tables import data_dir

README, DESCRIPTOR = "README.md", "datapackage.json"

_CONVENTIONS = (
    (
        "文件为 UTF-8 编码、逗号分隔的 csv，首行为表头；空单元格表示缺失，不写 NaN、0 或 “—”。",
        "Files are UTF-8 csv, comma-separated, with a header line; an empty cell is a missing value:"
        " no NaN, no 0, no dash.",
    ),
    (
        "数字只用半角数字与小数点，保留原文位数（31.80 不写作 31.8）；是非值写 true、false。",
        "Numbers are plain digits with a point, with the digits that were printed (31.80, not 31.8);"
        " true and false in lower case.",
    ),
    (
        "日期写作 YYYY-MM-DD；来源的日期可只到年或月。",
        "Dates are YYYY-MM-DD; a source's date may stop at the month or the year.",
    ),
    (
        "文字单元格不以 = + - @ 开头，不含网址；网址只在 sources.url，且只属于 publishers.hosts 中的主机。",
        "A text cell does not begin with = + - @ and holds no address; addresses stand in"
        " sources.url only, on hosts listed in publishers.hosts.",
    ),
    (
        "`xc check` 逐行核对这些表，并报告文件、行、列、问题和改法。",
        "`xc check` tests these tables row by row and names file, line, column, problem and remedy.",
    ),
    (
        "air/ 中的表由逐时记录计算（`make data`），不手工修改；原始逐时记录不在本项目中。",
        "The tables in air/ are computed from hourly records (`make data`) and never edited by hand;"
        " raw hourly records are not part of the project.",
    ),
    (
        "推算：观测行以其 lower、upper 参与，没有时以印刷值末位的半个单位为误差，整数计数为精确值。",
        "Derivations: an observation counts with its lower and upper, else with half a unit of its"
        " last printed digit; whole counts are exact.",
    ),
)
_TYPES = {
    "text": ("文字", "text"),
    "label": ("文字", "text"),
    "name": ("编号", "id"),
    "id": ("编号", "id"),
    "integer": ("整数", "whole number"),
    "number": ("数值", "number"),
    "mixed": ("数值或文字", "number or word"),
    "boolean": ("是非", "true/false"),
    "date": ("日期", "date"),
    "day": ("日期", "day"),
    "period": ("时段", "period"),
    "hosts": ("主机", "hosts"),
    "url": ("网址", "address"),
}


def readme() -> str:
    """The data dictionary as Markdown, Chinese and English side by side."""
    lines = [
        "# 数据字典 Data dictionary",
        "",
        "本文件与 `datapackage.json` 由 `python -m xc_analysis.dictionary` 根据表结构写出，请勿手工修改。  ",
        "Written, like `datapackage.json`, by `python -m xc_analysis.dictionary` from the schemas; do"
        " not edit by hand. Terms of use: `LICENSE-data.md`.",
        "",
        "## 约定 Conventions",
        "",
    ]
    for zh, en in _CONVENTIONS:
        lines += [f"- {zh}  ", f"  {en}"]
    lines += ["", "## 表 Tables", ""]
    lines += ["| 表 table | 内容 | what it holds |", "|---|---|---|"]
    lines += [f"| [`{t.path}`](#{_anchor(t)}) | {t.zh} | {t.en} |" for t in TABLES.values()]
    for table in TABLES.values():
        lines += _section(table)
    return "\n".join(lines) + "\n"


def _anchor(table: Table) -> str:
    return table.path.replace("/", "").replace(".", "")


def _section(table: Table) -> list[str]:
    lines = ["", f"### `{table.path}`", "", f"{table.zh}  ", table.en, ""]
    if table.optional:
        lines += ["可以没有此表。 A pack may lack this table.  "]
    if table.key:
        lines += [f"主键 Key: {', '.join(f'`{name}`' for name in table.key)}  "]
    for columns in table.unique:
        lines += [f"不得重复 Unique: {', '.join(f'`{name}`' for name in columns)}  "]
    lines += ["", "| 列 column | 类型 type | 必填 required | 含义 | meaning | 取值 values |"]
    lines += ["|---|---|---|---|---|---|"]
    for column in table.columns:
        zh, en = _TYPES[column.kind]
        lines.append(
            f"| `{column.name}` | {zh} {en} | {'是 yes' if column.required else ''} | {column.zh} |"
            f" {column.en} | {_values(column)} |"
        )
    if table.notes:
        lines.append("")
    for zh, en in table.notes:
        lines += [f"- {zh}  ", f"  {en}"]
    return lines


def _values(column: Column) -> str:
    if column.values:
        return ", ".join(f"`{value}`" for value in column.values)
    if column.foreign:
        return "→ `{}.{}`".format(*column.foreign)
    low, high = column.low, column.high
    if low is not None and high is not None:
        return f"{low:g} – {high:g}"
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""


def title(folder: Path) -> str:
    """What a folder of tables is about, by the district that its register names."""
    place = home(folder)
    return (
        f"{place.scope or '区级'}生态环境规划分析：数据表 / "
        f"Tables for the analysis of the environment plan of {place.scope_en or 'a district'}"
    )


def descriptor(tables=tuple(TABLES), *, title: str) -> dict:
    """The Frictionless Data Package descriptor of the tables named."""
    return {
        "profile": "tabular-data-package",
        "name": "xc-analysis-data",
        "title": title,
        "description": "See README.md for the dictionary and LICENSE-data.md for the terms.",
        "version": __version__,
        "resources": [_resource(TABLES[name]) for name in tables],
    }


def _resource(table: Table) -> dict:
    schema: dict = {
        "fields": [_field(column, column.name in _unique(table)) for column in table.columns],
        "missingValues": [""],
    }
    if table.key and all(table.column(name).required for name in table.key):
        schema["primaryKey"] = list(table.key)
    foreign = [
        {
            "fields": [column.name],
            "reference": {
                "resource": "" if column.foreign[0] == table.name else _name(column.foreign[0]),
                "fields": [column.foreign[1]],
            },
        }
        for column in table.columns
        if column.foreign
    ]
    if foreign:
        schema["foreignKeys"] = foreign
    return {
        "name": _name(table.name),
        "path": table.path,
        "profile": "tabular-data-resource",
        "title": f"{table.zh} / {table.en}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }


def _name(table: str) -> str:
    return table.replace("/", "-")


def _unique(table: Table) -> set[str]:
    return {columns[0] for columns in (table.key, *table.unique) if len(columns) == 1}


def _field(column: Column, unique: bool) -> dict:
    pattern, kind, _ = KINDS[column.kind]
    field: dict = {
        "name": column.name,
        "type": kind,
        "title": column.zh,
        "description": column.en,
    }
    if kind == "boolean":
        field |= {"trueValues": ["true"], "falseValues": ["false"]}
    constraints: dict = {}
    if column.required:
        constraints["required"] = True
    if unique:
        constraints["unique"] = True
    if column.values:
        constraints["enum"] = list(column.values)
    if column.low is not None:
        constraints["minimum"] = column.low
    if column.high is not None:
        constraints["maximum"] = column.high
    if pattern and kind == "string" and not column.values:
        constraints["pattern"] = pattern
    if constraints:
        field["constraints"] = constraints
    return field


def _lacking(folder: Path, table: Table) -> set[str]:
    """Columns that a file may do without, and does."""
    spare = {column.name for column in table.columns if column.optional}
    if not spare:
        return spare
    with open(folder / table.path, encoding="utf-8-sig") as file:
        return spare - set(file.readline().strip().split(","))


def contents(folder: Path) -> dict[str, str]:
    """Both files, name to text, for a folder: optional tables that it lacks are not described."""
    tables = [t.name for t in TABLES.values() if not t.optional or (folder / t.path).exists()]
    described = descriptor(tables, title=title(folder))
    for name, resource in zip(tables, described["resources"], strict=True):
        lacking = _lacking(folder, TABLES[name])
        fields = resource["schema"]["fields"]
        resource["schema"]["fields"] = [f for f in fields if f["name"] not in lacking]
    machine = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
    return {README: readme(), DESCRIPTOR: machine}


def main(argv: list[str] | None = None) -> int:
    """Write the dictionary into the data folder, or tell whether it is in step."""
    parser = argparse.ArgumentParser(
        prog="python -m xc_analysis.dictionary",
        description="Write data/README.md and data/datapackage.json from the schemas."
        " 根据表结构写出数据字典。",
    )
    parser.add_argument("--data", help="data folder (default: $XC_DATA, else the project's)")
    parser.add_argument("--check", action="store_true", help="only tell whether they are in step")
    arguments = parser.parse_args(argv)
    try:
        folder = data_dir(arguments.data)
        stale = []
        for name, text in contents(folder).items():
            path = folder / name
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            stale.append(name)
            if not arguments.check:
                fresh = path.with_name(f".{name}.new")
                fresh.write_text(text, encoding="utf-8")
                os.replace(fresh, path)
    except (InputError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    for name in stale:
        print(f"{folder / name}: {'out of step' if arguments.check else 'written'}")
    return int(bool(stale) and arguments.check)


if __name__ == "__main__":
    sys.exit(main())
