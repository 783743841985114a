"""Write the generated documents: `make docs`. With --check, only tell which are out of date.

One function a product; `PRODUCTS` says where each goes. Of the READMEs only what stands between
a pair of marks, `<!-- map:begin -->` and `<!-- map:end -->`, is written here.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPACE = "\u3000"

# ---- The data dictionary ----------------------------------------------------------------------

_CONVENTIONS = (
    (
        "文件为 UTF-8 编码、逗号分隔的 csv，首行为表头；空单元格表示缺失，不写 NaN、0 或 “—”。",
        "Files are UTF-8 csv, comma-separated, with a header line; an empty cell is a missing"
        " value: no NaN, no 0, no dash.",
    ),
    (
        "数字只用半角数字与小数点，保留原文位数（31.80 不写作 31.8）；是非值写 true、false。",
        "Numbers are plain digits with a point, with the digits that were printed (31.80, not"
        " 31.8); true and false in lower case.",
    ),
    (
        "日期写作 YYYY-MM-DD；来源的日期可只到年或月。",
        "Dates are YYYY-MM-DD; a source's date may stop at the month or the year.",
    ),
    (
        "文字单元格不以 = + - @ 开头，不含网址；网址只在 sources.url，且只属于 publishers.hosts"
        " 中的主机。",
        "A text cell does not begin with = + - @ and holds no address; addresses stand in"
        " sources.url only, on hosts listed in publishers.hosts.",
    ),
    (
        "air/ 中的表由逐时记录计算（`make data`），不手工修改；原始逐时记录不在本项目中。",
        "The tables in air/ are computed from hourly records (`make data`) and never edited by"
        " hand; raw hourly records are not part of the project.",
    ),
    (
        "推算：观测行以其 lower、upper 参与，没有时以印刷值末位的半个单位为误差，整数计数为"
        "精确值。",
        "Derivations: an observation counts with its lower and upper, else with half a unit of"
        " its last printed digit; whole counts are exact.",
    ),
    (
        "`xc check` 逐行核对这些表，并报告文件、行、列、问题和改法。",
        "`xc check` tests these tables row by row and names file, line, column, problem and"
        " remedy.",
    ),
)
_TYPES = {
    "string": "文字 text",
    "integer": "整数 whole number",
    "number": "数值 number",
    "boolean": "是非 true/false",
    "date": "日期 day",
    "id": "编号 id",
    "ids": "编号 ids",
    "name": "编号 id",
    "period": "时段 period",
    "hosts": "主机 hosts",
    "url": "网址 address",
}


def data_dictionary() -> str:
    """Return data/README.md: every table and column of data/datapackage.json."""
    package = json.loads((ROOT / "data/datapackage.json").read_text(encoding="utf-8"))
    lines = [
        "# 数据字典 Data dictionary",
        "",
        "由 `make docs` 根据 `datapackage.json` 写出，请勿手工修改。使用条款见 `LICENSE-data.md`。  ",
        "Written from `datapackage.json` by `make docs`; do not edit by hand. Terms of use:"
        " `LICENSE-data.md`.",
        "",
        "## 约定 Conventions",
        "",
    ]
    for zh, en in _CONVENTIONS:
        lines += [f"- {zh}  ", f"  {en}"]
    lines += ["", "## 表 Tables", "", "| 表 table | 内容 what it holds |", "|---|---|"]
    for table in package["resources"]:
        anchor = table["path"].replace("/", "").replace(".", "")
        lines.append(f"| [`{table['path']}`](#{anchor}) | {_both(table, 'title')} |")
    for table in package["resources"]:
        lines += _table_section(table)
    return "\n".join([*lines, *_rules_section(package["rules"])]) + "\n"


def _rules_section(rules: list[dict]) -> list[str]:
    lines = ["", "## 行内规则 Rules between the cells of a row", ""]
    lines += [
        "下列表达式成立时，`xc check` 报告该列的单元格；`figures` 指有指标的数值表，`ranges` 指有"
    ]
    lines[-1] += "上下限的表，`periods` 指有数据捕获率的表，`of_` 为指标登记表中的同名列。  "
    lines += [
        "`xc check` reports a cell of the column where the expression holds. `figures` are all"
    ]
    lines[-1] += (
        " tables of values by indicator, `ranges` those with lower and upper, `periods` those"
    )
    lines[-1] += " with data capture; `of_` marks a column of the register of indicators."
    lines += ["", "| 表 table | 列 columns | 有误条件 wrong where |", "|---|---|---|"]
    for rule in rules:
        columns = _names(rule["columns"].split())
        lines.append(f"| {rule['table']} | {columns} | `{rule['wrong']}` |")
    return lines


def _both(described: dict, name: str) -> str:
    return f"{described[f'{name}_zh']}<br>{described[name]}"


def _table_section(table: dict) -> list[str]:
    shape = table["schema"]
    lines = ["", f"### `{table['path']}`", "", f"{table['title_zh']}  ", f"{table['title']}  "]
    if "description" in table:
        lines += [f"{table['description_zh']}  ", f"{table['description']}  "]
    if "primaryKey" in shape:
        lines.append(f"主键 Key: {_names(shape['primaryKey'])}  ")
    for columns in shape.get("uniqueKeys", ()):
        lines.append(f"不得重复 Unique: {_names(columns)}  ")
    lines += ["", "| 列 column | 类型 type | 含义 meaning | 取值 values |", "|---|---|---|---|"]
    for field in shape["fields"]:
        needed = "，必填 required" if field.get("constraints", {}).get("required") else ""
        kind = _TYPES.get(field.get("form"), _TYPES[field["type"]])
        cells = f"`{field['name']}`", kind + needed, _both(field, "description")
        lines.append(f"| {' | '.join(cells)} | {_values(field, shape, table)} |")
    return lines


def _names(columns: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _values(field: dict, shape: dict, table: dict) -> str:
    """Return the words, the table or the numbers that a column may hold."""
    limits = field.get("constraints", {})
    if "enum" in limits:
        return _names(limits["enum"])
    for foreign in shape.get("foreignKeys", ()):
        if foreign["fields"] == [field["name"]]:
            other = foreign["reference"]["resource"] or table["name"]
            return f"→ `{other.replace('air-', 'air/')}.{foreign['reference']['fields'][0]}`"
    if field.get("form") == "ids":
        return "→ `sources.source_id`"
    low, high = limits.get("minimum"), limits.get("maximum")
    if low is not None and high is not None:
        return f"{low} – {high}"
    return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else ""


# ---- The map from the plan to notebooks, figures and tables -----------------------------------

# notebook: place in the plan, zh and en; what it answers, zh and en; tables it rests on
PLACES = {
    "00_start_here": (
        "—",
        "—",
        "用十五格代码入门",
        "the package in fifteen cells",
        "air/annual air/monthly air/areas_annual observations targets assumptions sources",
    ),
    "01_coverage": (
        "全文",
        "the whole plan",
        "哪些指标、哪些年份有数，凭什么证据",
        "which years have a value, and on what evidence",
        "indicators observations air/annual left_out sources",
    ),
    "02_statements": (
        "第一章、表2",
        "chapter 1, Table 2",
        "规划载明的数字能否复算",
        "can the numbers that the plan states be recomputed",
        "statements observations indicators air/annual air/monthly air/daily",
    ),
    "10_air_figure1": (
        "图1",
        "Figure 1",
        "空气质量逐年变化，与公布值、全市对照",
        "the air year by year, beside what was published and the city",
        "air/annual observations standards",
    ),
    "11_air_seasons": (
        "图1",
        "Figure 1",
        "哪些月份高、哪些日子超标、因为什么",
        "which months are high, which days exceed, and why",
        "air/daily air/monthly air/hour_profile",
    ),
    "12_comparability": (
        "图1",
        "Figure 1",
        "参比状态、沙尘、缺测和新标准各有多大影响",
        "how much reference state, dust, gaps and the new standard matter",
        "air/annual air/daily air/weather_daily air/deletions air/national_daily standards",
    ),
    "13_month_page": (
        "—",
        "—",
        "任选一月，一页看全",
        "any month on one page",
        "air/daily air/annual indicators targets",
    ),
    "20_water": (
        "表2第8、9行",
        "Table 2, rows 8, 9",
        "几个监测网的数字为什么不能相连",
        "why figures of several networks cannot be joined",
        "observations targets",
    ),
    "30_green": (
        "表2第13、14行",
        "Table 2, rows 13, 14",
        "覆盖率的变化合多少公顷",
        "how many hectares the points of cover are",
        "observations targets",
    ),
    "40_noise": (
        "表2第11、12行",
        "Table 2, rows 11, 12",
        "距限值还有多少余量",
        "how far below its limits noise is",
        "observations targets",
    ),
    "50_carbon": (
        "表2第1、2行",
        "Table 2, rows 1, 2",
        "已知什么，为什么不能相除",
        "what is known, and why nothing should be divided",
        "observations indicators targets assumptions",
    ),
    "55_soil_dust": (
        "表2第10行、正文",
        "Table 2, row 10; text",
        "扬尘和污染地块：单月还是全年，数值还是界限",
        "dust and contaminated land: month or year, value or bound",
        "observations indicators targets",
    ),
    "60_table2_targets": (
        "表2",
        "Table 2",
        "14项指标各是什么结论",
        "a verdict for each of the 14 indicators",
        "targets indicators observations assumptions air/annual",
    ),
    "61_assumptions_review": (
        "表2",
        "Table 2",
        "换一项假设，结论变不变",
        "does a verdict move when one assumption changes",
        "assumptions air/annual targets",
    ),
    "62_outturn_2021_2025": (
        "表2",
        "Table 2",
        "用2020年以前的数据预测，与后来的结果对照",
        "projections from 2020 against what came",
        "air/annual observations targets assumptions indicators",
    ),
    "63_next_plan": (
        "下一期规划",
        "the next plan",
        "候选目标要多大的步子，有多大可能达到",
        "what pace candidate targets ask, and their chance",
        "air/annual assumptions targets indicators",
    ),
    "70_projects": (
        "表3、第三至八章",
        "Table 3, chapters 3–8",
        "各项承诺能否衡量、有无结果",
        "which commitments can be measured, and what came of them",
        "projects observations",
    ),
    "80_stations": (
        "—",
        "—",
        "西城两站在全市各站中的位置",
        "where Xicheng's two stations stand among the city's",
        "air/stations_annual air/stations",
    ),
    "90_explore": (
        "—",
        "—",
        "换指标、地区、年份和设定，图与结论随之改变",
        "another indicator, area, window or method, and the verdict follows",
        "air/annual air/monthly air/daily observations targets assumptions",
    ),
}


def notebook_cells(stem: str) -> list[dict]:
    """Return the cells of a notebook."""
    path = ROOT / "notebooks" / f"{stem}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code_of(stem: str) -> str:
    """Return all code of a notebook."""
    cells = (c for c in notebook_cells(stem) if c["cell_type"] == "code")
    return "\n".join("".join(cell["source"]) for cell in cells)


def titles_of(stem: str) -> tuple[str, str]:
    """Return a notebook's heading in Chinese and in English."""
    first = "".join(notebook_cells(stem)[0]["source"]).partition("\n")[0]
    zh, _, en = first.lstrip("# ").replace(SPACE, " ").partition(" / ")
    return zh.strip(), en.strip()


def figures_of(stem: str) -> list[str]:
    """Return the names of the figures that a notebook draws."""
    return re.findall(r"^@xc\.figure\(\"(\w+)\"", code_of(stem), re.MULTILINE)


def readme_map(lang: str) -> str:
    """Return the README's map: one line a notebook."""
    zh = lang == "zh"
    heads = ("规划", "笔记本", "回答什么") if zh else ("Plan", "Notebook", "Question")
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|"]
    for stem, (place_zh, place_en, asks_zh, asks_en, _) in PLACES.items():
        title = titles_of(stem)[0 if zh else 1]
        cells = (
            place_zh if zh else place_en,
            f"[{stem[:2]} {title}](notebooks/{stem}.ipynb)",
            asks_zh if zh else asks_en,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def plan_map() -> str:
    """Return docs/map.md: for each notebook its figures, its tables and its place in the plan."""
    lines = [
        "# 规划、笔记本、图与数据 From the plan to notebook, figure and table",
        "",
        "由 `make docs` 写出，请勿手工修改。每幅图有中英文两版，另附一份 csv，列出图上的每一个数。  ",
        "Written by `make docs`; do not edit by hand. Every figure exists in both languages, with a"
        " csv of every number drawn.",
        "",
        "| 笔记本 notebook | 规划 plan | 图 figures | 数据 tables |",
        "|---|---|---|---|",
    ]
    for stem, (place_zh, place_en, _, _, tables) in PLACES.items():
        zh, en = titles_of(stem)
        place = place_zh if place_zh == place_en else f"{place_zh}<br>{place_en}"
        figures = ", ".join(f"[{name}](#{name})" for name in figures_of(stem)) or "—"
        data = ", ".join(f"[{t}](../data/{t}.csv)" for t in tables.split())
        lines.append(
            f"| [{stem[:2]} {zh}<br>{en}](../notebooks/{stem}.ipynb) | {place} | {figures} | {data} |"
        )
    lines += ["", "## 图 Figures"]
    for stem in PLACES:
        for name in figures_of(stem):
            links = [f"[csv {lang}](../figures/{lang}/{name}.csv)" for lang in ("zh", "en")]
            lines += ["", f"### {name}", ""]
            lines.append(f"[{stem}](../notebooks/{stem}.ipynb) · {' · '.join(links)}")
            lines.append("")
            lines += [
                f'<img src="../figures/{lang}/{name}.png" width="49%" alt="{name}, {lang}">'
                for lang in ("zh", "en")
            ]
    return "\n".join(lines) + "\n"


# ---- The public interface ---------------------------------------------------------------------

GROUPS = {
    "表与证据 Tables and evidence": "load use_data check series compare coverage sources_of",
    "空气 Air": "days months causes month_page stations reference_state dust_effect estimate_check",
    "趋势与预测 Trends and projections": "trend project projection",
    "目标与结论 Targets and verdicts": "target assess scorecard sensitivity hindcast next_plan",
    "规划文本 The plan's text": "statements commitments",
    "作图 Figures": "use_style figure panels title drawn save_figure plot_series plot_projection"
    " plot_target plot_scorecard plot_rows plot_grid plot_bars",
    "语言、探索页与错误 Language, explorer, errors": "tr use_language explore InputError",
}
OTHERS = {
    "结果对象 Results": "projections.Projection trends.Trend assessment.Assessment targets.Target",
    "成批的序列 Many series at once": "trends.mann_kendall projections.project_many",
    "逐小时记录 Hourly records": "hourly.read_archive hourly.daily hourly.monthly hourly.annual",
}
_HEAD = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def api() -> str:
    """Return docs/api.md: every public function and result from its docstring."""
    sys.path.insert(0, str(ROOT))
    import xc_analysis as xc

    lines = [
        "# 函数说明 The public interface",
        "",
        "由 `make docs` 根据程序中的说明写出，请勿手工修改；示例都在测试中运行。方法见"
        " [methods.md](methods.md)。  ",
        "Written from the docstrings by `make docs`; do not edit by hand. Every example runs in the"
        " tests. For the methods see [methods.md](methods.md).",
        "",
    ]
    objects = {
        f"xc.{name}": getattr(xc, name) for names in GROUPS.values() for name in names.split()
    }
    for group, names in GROUPS.items():
        links = ", ".join(f"[{name}](#xc{name.lower()})" for name in names.split())
        lines.append(f"- {group}: {links}")
    for group, names in OTHERS.items():
        links = ", ".join(
            f"[{name.split('.')[1]}](#{name.split('.')[1].lower()})" for name in names.split()
        )
        lines.append(f"- {group}: {links}")
    for group, names in GROUPS.items():
        lines += ["", f"## {group}"]
        for name in names.split():
            lines += _entry(f"xc.{name}", objects[f"xc.{name}"])
    for group, names in OTHERS.items():
        lines += ["", f"## {group}"]
        for name in names.split():
            module, _, attribute = name.partition(".")
            found = importlib.import_module(f"xc_analysis.{module}")
            lines += ["", f"### {attribute}", "", f"`xc_analysis.{name}`"]
            lines += _entry("", getattr(found, attribute))
    return "\n".join(lines) + "\n"


def _entry(name: str, thing) -> list[str]:
    """Return heading, call, text and members of one public object."""
    lines = ["", f"### {name}"] if name else []
    if not inspect.isclass(thing):
        call = _call(name or thing.__name__, thing)
        lines += ["", "```python", call, "```"]
    lines += ["", *_text(inspect.getdoc(thing) or "")]
    if inspect.isclass(thing):
        lines += _members(thing)
    return lines


def _call(name: str, function) -> str:
    """Return how a function is called, without types."""
    signature = inspect.signature(function)
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return name + str(signature.replace(parameters=plain, return_annotation=signature.empty))


def _members(cls) -> list[str]:
    """Return the methods and computed attributes of a result that carry a docstring."""
    lines = []
    for name, member in vars(cls).items():
        computed = isinstance(member, property | cached_property)
        if name.startswith("_") or not (computed or inspect.isfunction(member)):
            continue
        shown = f".{name}" if computed else _call(f".{name}", member).replace("(self, ", "(")
        text = (inspect.getdoc(member) or "").partition("\n")[0]
        lines.append(f"- `{shown.replace('(self)', '()')}`{': ' if text else ''}{text}")
    return ["", *lines] if lines else []


def _text(text: str) -> list[str]:
    """Return a numpydoc text as Markdown: parameters as a list, examples as code."""
    parts = _HEAD.split(text)
    lines = parts[0].strip().splitlines()
    for head, body in zip(parts[1::2], parts[2::2], strict=True):
        body = body.strip("\n")
        if head == "Examples":
            lines += ["", "```pycon", *body.splitlines(), "```"]
        else:
            lines += ["", f"**{head}**", "", *_definitions(body)]
    return lines


def _definitions(body: str) -> list[str]:
    """Return a numpydoc list: each name with what it is, or plain text as it stands."""
    lines = body.splitlines()
    if not any(line.startswith("    ") for line in lines):
        return lines
    found = []
    for line in lines:
        if line.startswith("    "):
            found[-1] += f" {line.strip()}"
        elif line.strip():
            found.append(f"- `{line.strip()}`:")
    return [line.removesuffix(":") if line.endswith("`:") else line for line in found]


# ---- The READMEs ------------------------------------------------------------------------------

READMES = {"README.md": "en", "README.zh-CN.md": "zh"}


def benchmark_table():
    """Return the module benchmarks/table.py."""
    spec = importlib.util.spec_from_file_location("table", ROOT / "benchmarks/table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def readme(name: str) -> str:
    """Return a README with its map and its table of speeds written anew."""
    lang = READMES[name]
    text = (ROOT / name).read_text(encoding="utf-8")
    for part, content in (("map", readme_map(lang)), ("speed", benchmark_table().table(lang))):
        begin, end = f"<!-- {part}:begin -->", f"<!-- {part}:end -->"
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return text


PRODUCTS: dict[str, Callable[[], str]] = {
    "data/README.md": data_dictionary,
    "docs/map.md": plan_map,
    "docs/api.md": api,
    "benchmarks/results/speed.md": lambda: benchmark_table().report(),
    "README.md": lambda: readme("README.md"),
    "README.zh-CN.md": lambda: readme("README.zh-CN.md"),
}


def out_of_date() -> list[str]:
    """Return the products whose file differs from what its function writes."""
    stale = []
    for name, write in PRODUCTS.items():
        path = ROOT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != write():
            stale.append(name)
    return stale


def main(argv: list[str] | None = None) -> int:
    """Write what is out of date, or with --check only name it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only tell what is out of date")
    check = parser.parse_args(argv).check
    stale = out_of_date()
    for name in stale:
        if not check:
            (ROOT / name).write_text(PRODUCTS[name](), encoding="utf-8", newline="\n")
        print(f"{name}: {'out of date: run make docs' if check else 'written'}")
    return int(bool(stale) and check)


if __name__ == "__main__":
    sys.exit(main())
