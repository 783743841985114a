"""What every table holds: one declaration, from which all checks and dictionaries are made.

`TABLES` maps a table's name to its `Table`. The pandera schemas that `check` applies
(`pandera_schema`), the data dictionary and the Frictionless descriptor (`dictionary`) are read
from here, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

NAME = r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"
IDENTIFIER = r"[A-Za-z][A-Za-z0-9_.\-]*"
MONTH = r"(?:0[1-9]|1[0-2])"
DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
YEAR = r"[12][0-9]{3}"
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST = rf"(?:{LABEL}\.)+{LABEL}"
PERIOD = (
    rf"annual|{YEAR}-{MONTH}(?:-{DAY})?|{YEAR}-{MONTH}\.\.{MONTH}|{YEAR}-H[12]|{YEAR}-Q[1-4]"
    rf"|{YEAR}\.\.{YEAR}"
)
# kind -> (pattern of a filled cell or None, Frictionless type, what a cell must look like)
KINDS = {
    "text": (None, "string", "text"),
    "label": (r"[\s\S]*[^\W\d_][\s\S]*", "string", "words, not a bare number"),
    "name": (NAME, "string", "letters, digits, `_` and `.`, a letter first"),
    "id": (IDENTIFIER, "string", "letters, digits, `_`, `.` and `-`, a letter first"),
    "integer": (r"-?[0-9]{1,9}", "integer", "a whole number in plain digits"),
    "number": (r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", "number", "a number in plain digits"),
    "mixed": (None, "string", "a plain number or a word"),
    "boolean": (r"true|false", "boolean", "`true` or `false`"),
    "date": (rf"{YEAR}(?:-{MONTH}(?:-{DAY})?)?", "string", "YYYY, YYYY-MM or YYYY-MM-DD"),
    "day": (rf"{YEAR}-{MONTH}-{DAY}", "date", "YYYY-MM-DD"),
    "period": (
        PERIOD,
        "string",
        "`annual`, `2020-09`, `2020-01..09`, `2018-H1`, `2018-Q3`, `2016..2020` or `2020-09-30`",
    ),
    "hosts": (rf"{HOST}(?:;{HOST})*", "string", "bare host names joined by `;`"),
    "url": (r"https?://[^\s]+", "string", "an http or https address"),
}


@dataclass(frozen=True)
class Column:
    """One column: its kind, its meaning in both languages and what a cell may hold."""

    name: str
    kind: str
    zh: str
    en: str
    required: bool = False
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    foreign: tuple[str, str] | None = None


@dataclass(frozen=True)
class Table:
    """One table: `name` is also its path below the data folder, without `.csv`."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    # further sets of columns that must be unique
    unique: tuple[tuple[str, ...], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    # a pack may do without it
    optional: bool = False

    @property
    def path(self) -> str:
        return f"{self.name}.csv"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _need(name, kind, zh, en, **more) -> Column:
    return Column(name, kind, zh, en, required=True, **more)


_may = Column

STATUS = ("printed", "derived", "bound", "computed", "estimated")
RELEASE = ("public", "internal", "draft")
COMPLETENESS = ("strict", "adequate", "partial")
RATING = ("R", "A", "G")
COMPARE = ("<", "<=", ">", ">=", "=")
METHODS = (
    *("last", "last_two", "linear", "loglinear", "damped", "drift", "plateau", "decay"),
    *("count", "blend", "shrunk"),
)
PARAMETERS = (
    *("phi", "weights", "prior_sd", "reading", "hour_label", "pm10_treatment", "dust"),
    *("basis", "partial", "stations", "last_year", "exceptional_year", "plateau"),
    *("comparator", "count_of"),
)
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")
FIRST_YEAR, LAST_YEAR = 1949, 2100

_SCOPE = _need("scope", "label", "范围（区、市）", "area the row speaks of: a district or the city")
_MAYBE_SCOPE = _may("scope", "label", "适用范围，空为全部", "area it holds for; empty: every one")
_INDICATOR = _need(
    "indicator", "id", "指标代码", "canonical indicator id", foreign=("indicators", "indicator")
)
_MAYBE_INDICATOR = _may(
    "indicator",
    "id",
    "指标代码，空为全部或无",
    "canonical indicator id; empty: every one, or none",
    foreign=("indicators", "indicator"),
)
_YEAR = _need("year", "integer", "年份", "year", low=FIRST_YEAR, high=LAST_YEAR)
_MONTH = _need("month", "integer", "月份", "month", low=1, high=12)
_UNIT = _need("unit", "text", "单位，须与指标表一致", "unit; equals the indicator's")
_SOURCE = _need("source_id", "id", "来源编号", "source", foreign=("sources", "source_id"))
_LOCATOR = _need("locator", "text", "出处位置", "where in the source: chapter, table, paragraph")
_NOTE = _may("note", "text", "备注", "remark, in our own words")
_RELEASE = _need(
    "release",
    "text",
    "公开级别：public 公开，internal 内部，draft 草稿",
    "what an output may carry: public, internal or draft",
    values=RELEASE,
)
_DATE = _need("date", "day", "日期", "day")
_STATION = _need(
    "station", "label", "监测站（更名前的名称）", "station, by its name before 2021-01-23"
)


def _quantity(required=False):
    make = _need if required else _may
    return (
        make("value", "number", "数值", "value"),
        _may("lower", "number", "下限", "lower end of its range"),
        _may("upper", "number", "上限", "upper end of its range"),
    )


def _daily_pollutants():
    peaks = {"pm25": 3000, "pm10": 10000, "so2": 4000, "no2": 2000, "co": 150, "o3_8h": 1200}
    names = {
        "pm25": ("PM₂.₅ 日均值", "daily mean PM₂.₅", "µg/m³"),
        "pm10": (
            "PM₁₀ 日均值（缺报时段以 PM₂.₅ 填补）",
            "daily mean PM₁₀, withheld hours filled",
            "µg/m³",
        ),
        "pm10_reported": ("PM₁₀ 日均值（仅按报送值）", "daily mean PM₁₀ as reported", "µg/m³"),
        "so2": ("SO₂ 日均值", "daily mean SO₂", "µg/m³"),
        "no2": ("NO₂ 日均值", "daily mean NO₂", "µg/m³"),
        "co": ("CO 日均值", "daily mean CO", "mg/m³"),
        "o3_8h": ("O₃ 日最大 8 小时平均", "daily maximum 8-hour mean O₃", "µg/m³"),
    }
    return tuple(
        _may(
            name,
            "number",
            f"{zh}（{unit}）",
            f"{en} ({unit})",
            low=0,
            high=peaks.get(name, peaks["pm10"]),
        )
        for name, (zh, en, unit) in names.items()
    ) + (
        _may("aqi", "integer", "空气质量指数", "air quality index", low=0, high=500),
        _may(
            "primary",
            "text",
            "首要污染物，并列以 + 连接",
            "primary pollutant; several joined by `+`",
        ),
    )


def _hourly_pollutants():
    return tuple(
        _may(name, "number", f"{label} 均值（{unit}）", f"mean {label} ({unit})", low=0, high=10000)
        for name, label, unit in (
            ("pm25", "PM₂.₅", "µg/m³"),
            ("pm10", "PM₁₀", "µg/m³"),
            ("so2", "SO₂", "µg/m³"),
            ("no2", "NO₂", "µg/m³"),
            ("co", "CO", "mg/m³"),
            ("o3", "O₃", "µg/m³"),
        )
    )


def _air_summary(name, zh, en, period, key):
    return Table(
        name,
        zh,
        en,
        (
            _SCOPE,
            _INDICATOR,
            *period,
            *_quantity(),
            _UNIT,
            _need("valid_days", "integer", "有效日数", "valid days", low=0, high=366),
            _need("days", "integer", "应有日数", "days in the period", low=1, high=366),
            _need("capture", "number", "数据捕获率（0–1）", "data capture, 0 to 1", low=0, high=1),
            _need(
                "completeness",
                "text",
                "完整性等级：strict 符合 HJ 663，adequate 基本完整，partial 不完整",
                "class of completeness: strict (HJ 663), adequate, partial",
                values=COMPLETENESS,
            ),
            _need("basis", "label", "可比口径", "what must match to be comparable"),
            _RELEASE,
        ),
        key=key,
    )


_DECLARED = (
    Table(
        "indicators",
        "指标登记表：每个指标的名称、单位、统计方式和取值边界",
        "The register of indicators: name, unit, statistic and bounds of each",
        (
            _need("indicator", "id", "指标代码", "canonical id, used in every table"),
            _need("theme", "id", "主题", "theme: air, water, green, noise, carbon, soil, ..."),
            _may(
                "plan_row",
                "integer",
                "规划表 2 的行号",
                "row of the plan's Table 2",
                low=1,
                high=99,
            ),
            _need("name_zh", "label", "中文名称", "Chinese name"),
            _need("name_en", "label", "英文名称", "English name"),
            _need("unit", "text", "单位", "unit of every value of this indicator"),
            _need("statistic", "label", "统计方式", "the statistic that the annual series holds"),
            _may(
                "better",
                "text",
                "改善方向：lower 越低越好，higher 越高越好，空为中性",
                "direction of improvement: lower or higher; empty: neither",
                values=("lower", "higher"),
            ),
            _may(
                "scale",
                "text",
                "建模尺度：log 对数，logit 逻辑，identity 原值，count 计数；空为不建模",
                "scale of models: log, logit, identity or count; empty: not modelled",
                values=("log", "logit", "identity", "count"),
            ),
            _may("floor", "number", "可能的最小值", "smallest value possible"),
            _may("ceiling", "number", "可能的最大值", "largest value possible"),
            _need("decimals", "integer", "显示的小数位", "decimals shown", low=0, high=6),
            _may(
                "prior_sd", "number", "建模尺度上的先验离散度", "prior scatter on the scale", low=0
            ),
        ),
        key=("indicator",),
        unique=(("plan_row",),),
    ),
    Table(
        "observations",
        "观测值：一行一个数，连同其状态、出处与可比口径；由站点计算的空气值在 air/ 中",
        "Observations: one figure a row with status, source and basis; air computed from station"
        " records lies in air/",
        (
            _need("obs_id", "name", "观测编号", "id, a name in derivations"),
            _SCOPE,
            _INDICATOR,
            _need("statistic", "label", "统计方式", "statistic: the indicator's, or another one"),
            _YEAR,
            _need(
                "period",
                "period",
                "时段：annual 全年，或其一部分、跨年段、某日",
                "period: annual, a part of a year, a span of years, or a day",
            ),
            *_quantity(),
            _UNIT,
            _need(
                "status",
                "text",
                "状态：printed 原文，derived 推算，bound 仅知上下限，computed 计算，estimated 估计",
                "how it came to be: printed, derived, bound, computed or estimated",
                values=STATUS,
            ),
            _need(
                "basis",
                "label",
                "可比口径（标准、边界、网络、修订）",
                "what must match to be comparable",
            ),
            _may(
                "derivation",
                "text",
                "推算式：观测编号与数字的四则运算；带小数点的数按末位半个单位计误差，整数为精确值",
                "arithmetic over obs_ids; a number with a decimal point is a printed figure (half a"
                " unit of its last digit), a whole number is exact",
            ),
            _SOURCE,
            _LOCATOR,
            _need("use", "boolean", "是否为发布序列所采用", "true for the row the series takes"),
            _RELEASE,
            _NOTE,
            _may(
                "evidence",
                "text",
                "证据文件与行号，以分号分隔",
                "file:line of the collected evidence, joined by `;`",
            ),
        ),
        key=("scope", "indicator", "statistic", "year", "period", "source_id", "locator"),
        unique=(("obs_id",),),
        notes=(
            (
                "每个（范围、指标、统计方式、年份、时段）至多一行 use 为 true；其余行保留并在 note 说明原因。",
                "At most one `use` row per scope, indicator, statistic, year and period; the others"
                " stay, with the reason in `note`.",
            ),
            (
                "bound 行没有数值，只有下限或上限；derived 行的下限与上限是四舍五入允许的范围。",
                "A bound has no value but a lower or an upper; a derived row's lower and upper are"
                " the range that rounding allows.",
            ),
        ),
    ),
    Table(
        "targets",
        "目标：规划与年度任务中的目标值",
        "Targets set by plans and yearly programmes",
        (
            _need("target_id", "id", "目标编号", "id"),
            _need("plan", "text", "规划或计划", "plan"),
            _may(
                "plan_row",
                "integer",
                "规划表 2 的行号",
                "row of the plan's Table 2",
                low=1,
                high=99,
            ),
            _SCOPE,
            _INDICATOR,
            _may("base_year", "integer", "基准年", "base year", low=FIRST_YEAR, high=LAST_YEAR),
            _need(
                "target_year", "integer", "目标年", "target year", low=FIRST_YEAR, high=LAST_YEAR
            ),
            _need(
                "kind",
                "text",
                "类型：level 水平，change 变化，qualitative 定性，delegated 达到市级要求",
                "level, change, qualitative or delegated (what the city asks)",
                values=("level", "change", "qualitative", "delegated"),
            ),
            _may(
                "comparator",
                "text",
                "比较符；定性与达到市级要求的目标为空",
                "comparator; empty for qualitative and delegated targets",
                values=COMPARE,
            ),
            _may(
                "value",
                "number",
                "目标值；定性与达到市级要求的目标为空",
                "value; empty like comparator",
            ),
            _UNIT,
            _may("binding", "text", "属性：约束性、预期性、任务", "binding, expected or a task"),
            _may(
                "reading",
                "id",
                "读法：假设登记中的编号",
                "the assumption that reads a target without a value",
                foreign=("assumptions", "id"),
            ),
            _SOURCE,
            _LOCATOR,
            _NOTE,
        ),
        key=("target_id",),
        unique=(("plan", "scope", "indicator", "target_year", "source_id", "locator"),),
    ),
    Table(
        "sources",
        "来源",
        "Sources",
        (
            _need("source_id", "id", "来源编号", "id"),
            _need("title", "label", "标题", "title"),
            _need("publisher", "label", "发布者", "publisher", foreign=("publishers", "publisher")),
            _may("document_no", "text", "文号", "document number"),
            _may("published", "date", "发布日期", "date of publication"),
            _may("url", "url", "发布者自有主机上的网址", "address on a host of the publisher"),
            _may("accessed", "date", "访问日期", "date it was read"),
            _may("licence", "text", "许可", "licence"),
            _need(
                "reliability",
                "text",
                "可靠性：A 官方，B 媒体或原文转载，C 汇编",
                "A official, B press or verbatim copy, C aggregator",
                values=("A", "B", "C"),
            ),
            _may(
                "via", "text", "实际读取之处（以文字说明，不作链接）", "where it was read, in words"
            ),
        ),
        key=("source_id",),
    ),
    Table(
        "publishers",
        "发布者及其主机；网址只链接到这些主机",
        "Publishers and their hosts; addresses link to these only",
        (
            _need("publisher", "label", "发布者", "publisher"),
            _may(
                "hosts",
                "hosts",
                "主机，以分号分隔；含其子域",
                "hosts, joined by `;`; subdomains included",
            ),
        ),
        key=("publisher",),
    ),
    Table(
        "statements",
        "规划中关于过去与现状的每个数字，及其复算方法",
        "Every number the plan prints about past and present, and how it is recomputed",
        (
            _need("statement_id", "id", "编号", "id"),
            _SCOPE,
            _need("chapter", "text", "章节", "chapter"),
            _need("chapter_en", "text", "章节（英文）", "chapter, in English"),
            _LOCATOR,
            _need("subject_zh", "label", "内容（中文，自拟）", "what it is about, in Chinese"),
            _need("subject_en", "label", "内容（英文，自拟）", "what it is about, in English"),
            _need("printed", "mixed", "原文所印", "as printed"),
            _may(
                "comparator", "text", "比较符，空为相等", "comparator; empty: equal", values=COMPARE
            ),
            _may("value", "number", "用来比较的数值", "the number compared"),
            _may("unit", "text", "单位", "unit"),
            _need(
                "year", "integer", "所说的年份", "year spoken of", low=FIRST_YEAR, high=LAST_YEAR
            ),
            _need(
                "kind",
                "text",
                "说法类型：水平、变化、个数、合计、比率、排名、比较、文字、略去",
                "kind of statement",
                values=(
                    *("level", "change", "count", "sum", "ratio", "rank", "comparison", "text"),
                    "left_out",
                ),
            ),
            _need(
                "claim",
                "text",
                "可怎样判断：independent 可独立核对，implies 只定义另一个数，cannot_tell 缺资料，"
                "unevenness 前后不一，left_out 不核对",
                "independent (can be checked), implies (only defines another number), cannot_tell,"
                " unevenness (the plan differs from itself) or left_out",
                values=("independent", "implies", "cannot_tell", "unevenness", "left_out"),
            ),
            _may(
                "recompute",
                "text",
                "复算式：station.指标.年、published.指标.年、printed.编号、count.表.列 的四则运算",
                "arithmetic over station.indicator.year, published.indicator.year,"
                " printed.statement_id and count.table.column",
            ),
            _may("recomputed_unit", "text", "复算值的单位", "unit of the recomputed value"),
            _may(
                "tolerance", "number", "原文精度决定的容差", "tolerance from its precision", low=0
            ),
            _may(
                "obs_id",
                "name",
                "对应的观测编号",
                "its observation",
                foreign=("observations", "obs_id"),
            ),
            _may("missing_zh", "text", "缺什么（中文）", "what is missing, in Chinese"),
            _may("missing_en", "text", "缺什么（英文）", "what is missing, in English"),
            _may("note_zh", "text", "备注（中文）", "remark, in Chinese"),
            _may("note_en", "text", "备注（英文）", "remark, in English"),
        ),
        key=("statement_id",),
    ),
    Table(
        "projects",
        "规划表 3 的重点项目和正文中的承诺",
        "Table 3's projects and the commitments in the text",
        (
            _need("project_id", "id", "编号", "id"),
            _need(
                "kind",
                "text",
                "类别：project 表 3 项目，commitment 正文承诺",
                "project (Table 3) or commitment (text)",
                values=("project", "commitment"),
            ),
            _may("table_row", "integer", "规划表 3 的行号", "row of Table 3", low=1, high=99),
            _may("domain", "id", "表 3 的项目领域", "Table 3's field"),
            _need("chapter", "text", "章", "chapter"),
            _need("section", "text", "节", "section"),
            _need("theme", "id", "主题", "theme"),
            _need("theme_zh", "label", "主题（中文）", "theme in Chinese"),
            _need("theme_en", "text", "主题（英文）", "theme, in English"),
            _need("title_zh", "label", "题目（中文）", "title in Chinese"),
            _need("title_en", "label", "题目（英文）", "title in English"),
            _need("content_zh", "text", "内容（中文）", "what is to be done, in Chinese"),
            _need("content_en", "text", "内容（英文）", "what is to be done, in English"),
            _may("quantity", "number", "数量", "quantity promised"),
            _may("unit", "text", "数量单位", "its unit"),
            _may("lead_zh", "text", "牵头部门（中文）", "lead department in Chinese"),
            _may("lead_en", "text", "牵头部门（英文）", "lead department in English"),
            _may("due_year", "integer", "期限", "year due", low=FIRST_YEAR, high=LAST_YEAR),
            _need(
                "timing",
                "text",
                "时限：dated 有期限，undated 无期限，recurring 经常性",
                "dated, undated or recurring",
                values=("dated", "undated", "recurring"),
            ),
            _need(
                "measurable",
                "text",
                "可否衡量：yes 可，partly 部分，no 否",
                "yes, partly or no",
                values=("yes", "partly", "no"),
            ),
            _MAYBE_INDICATOR,
            _may("baseline", "number", "基数", "baseline"),
            _may(
                "baseline_bound",
                "text",
                "基数只知界限时的比较符",
                "comparator, where the baseline is a bound only",
                values=COMPARE,
            ),
            _may(
                "baseline_year", "integer", "基数年份", "its year", low=FIRST_YEAR, high=LAST_YEAR
            ),
            _may(
                "baseline_obs",
                "name",
                "基数的观测编号",
                "its observation",
                foreign=("observations", "obs_id"),
            ),
            _may("outturn", "number", "结果", "outturn"),
            _may(
                "outturn_bound",
                "text",
                "结果只知界限时的比较符",
                "comparator, where the outturn is a bound only",
                values=COMPARE,
            ),
            _may("outturn_year", "integer", "结果年份", "its year", low=FIRST_YEAR, high=LAST_YEAR),
            _may(
                "outturn_obs",
                "name",
                "结果的观测编号",
                "its observation",
                foreign=("observations", "obs_id"),
            ),
            _SOURCE,
            _LOCATOR,
            _RELEASE,
            _NOTE,
            _may("completion", "text", "完成情况", "completion"),
            _may("schedule", "text", "序时进度", "progress against elapsed time"),
            _may("evidence", "text", "依据", "evidence"),
            _may("cause", "text", "原因", "cause"),
            _may("next_step", "text", "下一步", "next step"),
            _may("responsible_unit", "text", "责任单位", "responsible unit"),
        ),
        key=("project_id",),
        unique=(("table_row",),),
        notes=(
            (
                "最后六列为评估用空栏，经往来工作簿填写。",
                "The last six columns are slots for the evaluation, filled through the workbook.",
            ),
        ),
    ),
    Table(
        "standards",
        "标准限值及其生效日期",
        "Limits and the dates they are in force",
        (
            _need("standard", "text", "标准", "standard"),
            _need("pollutant", "id", "污染物", "pollutant"),
            _need("averaging", "text", "平均时间", "averaging time"),
            _MAYBE_INDICATOR,
            _need("limit", "number", "限值", "limit", low=0),
            _need("unit", "text", "单位", "unit"),
            _need("valid_from", "day", "生效日期", "in force from"),
            _may("valid_to", "day", "失效日期", "in force to; empty: no end known"),
            _SOURCE,
            _LOCATOR,
            _NOTE,
        ),
        key=("standard", "pollutant", "averaging", "valid_from"),
    ),
    Table(
        "assumptions",
        "假设登记：拟合时段、方法、读法与参数，及其理由和评级",
        "The register of assumptions: windows, methods, readings, parameters, reasons, ratings",
        (
            _need("id", "id", "编号", "id"),
            _may("plan", "text", "适用规划，空为全部", "plan it holds for; empty: every one"),
            _MAYBE_SCOPE,
            _MAYBE_INDICATOR,
            _may(
                "parameter",
                "id",
                "参数名；空行为拟合设定，reading 为目标读法",
                "parameter; empty: a row that sets a fit; reading: how a target may be read",
                values=PARAMETERS,
            ),
            _may("value", "mixed", "参数值", "the parameter's value: a number or a word"),
            _may(
                "source",
                "text",
                "所用序列：station 站点，published 发布",
                "series used: station or published",
                values=("station", "published"),
            ),
            _may(
                "basis",
                "label",
                "参比状态：raw 原值，old 旧，new 新",
                "reference state: raw, old or new",
                values=("raw", "old", "new"),
            ),
            _may(
                "partial",
                "text",
                "不完整年份：estimate 估计，observed 观测，drop 舍去",
                "partial years: estimate, observed or drop",
                values=("estimate", "observed", "drop"),
            ),
            _may("fit_from", "integer", "拟合首年", "first year", low=FIRST_YEAR, high=LAST_YEAR),
            _may("fit_to", "integer", "拟合末年", "last year", low=FIRST_YEAR, high=LAST_YEAR),
            _may("method", "id", "方法", "model", values=METHODS),
            _may("reading", "text", "目标读法：比较符与数值", "reading: comparator and number"),
            _need("why", "text", "理由", "reason"),
            _need("quality", "text", "依据质量", "how well it is supported", values=RATING),
            _need("impact", "text", "影响", "what replacing it does to a verdict", values=RATING),
            _may("reviewer", "text", "审核人", "reviewer"),
            _may("reviewed_on", "day", "审核日期", "date of review"),
            _need(
                "decision",
                "text",
                "审核结论：open 待审，accepted 同意，changed 修改，rejected 否决",
                "open, accepted, changed or rejected",
                values=("open", "accepted", "changed", "rejected"),
            ),
        ),
        key=("id",),
        notes=(
            (
                "plan、scope、indicator 为空表示任意；几行都适用时，三者填得更多的一行优先。",
                "Empty plan, scope or indicator means any; of the rows that match, the one with"
                " more of the three filled wins.",
            ),
            (
                "依据质量（quality）：G 表中有数据或文件直接支持；A 有部分依据，如类比、邻近对象或较短记录；"
                "R 没有依据，是猜测或不得已的选择。",
                "quality: G directly supported by data or a document in the tables; A partly, by"
                " an analogy, a neighbour or a short record; R not supported, a guess.",
            ),
            (
                "影响（impact，换成另一个合理假设时）：G 没有结论会变；A 达标概率可能移动，至多一档；"
                "R 结论可能改变，或移动两档以上。",
                "impact, when a plausible alternative takes its place: G no verdict changes; A the"
                " probability may move by one band; R a verdict may change, or move by two bands"
                " or more.",
            ),
            (
                "评审先看质量与影响均为 R 的假设。",
                "Review first what is R on both.",
            ),
        ),
    ),
    Table(
        "left_out",
        "未采用的证据行及原因",
        "Rows of the collected evidence left out, with the reason",
        (
            _need("evidence_file", "text", "证据文件", "evidence file"),
            _need("line", "integer", "行号（表头为 1）", "its line (header is 1)", low=2),
            _may("scope", "label", "范围", "area"),
            _may("indicator", "text", "证据文件中的指标名", "indicator as named there"),
            _may("year", "text", "年份", "year"),
            _may("value", "mixed", "证据文件中的值", "value as it stands there"),
            _need("reason", "text", "未采用的原因", "why it is left out"),
        ),
        key=("evidence_file", "line"),
    ),
    _air_summary(
        "air/annual",
        "由站点记录计算的年值；始终为观测值",
        "Annual values computed from station records; always as observed",
        (_YEAR,),
        ("scope", "indicator", "year"),
    ),
    _air_summary(
        "air/monthly",
        "由站点记录计算的月值",
        "Monthly values computed from station records",
        (_YEAR, _MONTH),
        ("scope", "indicator", "year", "month"),
    ),
    Table(
        "air/daily",
        "区级日值",
        "The district's daily values",
        (_DATE, _SCOPE, *_daily_pollutants()),
        key=("date", "scope"),
    ),
    Table(
        "air/station_daily",
        "各站日值",
        "Each station's daily values",
        (_DATE, _STATION, *_daily_pollutants()),
        key=("date", "station"),
    ),
    Table(
        "air/hour_profile",
        "逐月的小时廓线（每小时均值）",
        "Mean by hour of day, for each month",
        (
            _SCOPE,
            _YEAR,
            _MONTH,
            _need(
                "hour", "integer", "小时（时段末，24 为 0 时）", "hour, by its end", low=1, high=24
            ),
            *_hourly_pollutants(),
            _need("n", "integer", "小时数", "hours averaged", low=1, high=31),
        ),
        key=("scope", "year", "month", "hour"),
    ),
    Table(
        "air/weather_daily",
        "2013–2017 年逐日气象（UCI 501）",
        "Daily weather 2013-2017 (UCI 501)",
        (
            _DATE,
            _STATION,
            _may("temp", "number", "平均气温（°C）", "mean temperature (°C)", low=-40, high=50),
            _may(
                "temp_min", "number", "最低气温（°C）", "lowest temperature (°C)", low=-40, high=50
            ),
            _may(
                "temp_max", "number", "最高气温（°C）", "highest temperature (°C)", low=-40, high=50
            ),
            _may("pres", "number", "平均气压（hPa）", "mean pressure (hPa)", low=900, high=1100),
            _may("dewp", "number", "平均露点（°C）", "mean dew point (°C)", low=-60, high=40),
            _may("rain", "number", "降水量（mm）", "rain (mm)", low=0, high=1000),
            _may("wspm", "number", "平均风速（m/s）", "mean wind speed (m/s)", low=0, high=60),
            _may("wd", "text", "最多风向", "most frequent wind direction"),
            _need("hours", "integer", "有记录的小时数", "hours on record", low=0, high=24),
        ),
        key=("date", "station"),
    ),
    Table(
        "air/defects",
        "读取档案时剔除或改动的内容",
        "What reading the archive left out or changed",
        (
            _may("file", "text", "文件，空为整个档案", "file; empty: the archive as a whole"),
            _may("date", "text", "日期", "day"),
            _may("hour", "text", "小时", "hour"),
            _may("station", "label", "监测站", "station"),
            _may("pollutant", "text", "污染物", "pollutant"),
            _may("value", "text", "数值", "value"),
            _need("rule", "text", "规则", "rule that found it"),
            _need("action", "text", "处理", "what was done"),
            _need("count", "integer", "条数", "values concerned", low=1),
        ),
    ),
    Table(
        "air/deletions",
        "不完整年份估计的删日检验：从完整年份删去同样的日子后的估计与真值",
        "How good estimates of partial years are: the same days deleted from whole years",
        (
            _INDICATOR,
            _need(
                "kind",
                "text",
                "地点类别：本区、本区测站、其他测站",
                "kind of place: the district, one of its stations, another station",
                values=("district", "own station", "other station"),
            ),
            _need("place", "label", "区或监测站", "district or station"),
            _need(
                "pattern", "integer", "模仿哪一不完整年份的缺日", "partial year whose days are kept"
            ),
            _YEAR,
            _need("true", "number", "该年真值", "what the year truly was"),
            _need("value", "number", "估计", "estimate"),
            _need("lower", "number", "95% 区间下限", "lower end of its 95 % interval"),
            _need("upper", "number", "95% 区间上限", "upper end of its 95 % interval"),
        ),
        key=("indicator", "place", "pattern", "year"),
        notes=(
            (
                "由 `python -m xc_analysis.experiments` 从逐时档案写出；该年本身不参与对它的估计。",
                "Written by `python -m xc_analysis.experiments` from the hourly archive; the year"
                " itself takes no part in its estimate.",
            ),
        ),
        optional=True,
    ),
    Table(
        "air/readings",
        "按记录的其他读法计算的年值",
        "Annual values under other readings of the record",
        (
            _SCOPE,
            _INDICATOR,
            _YEAR,
            _need(
                "reading",
                "text",
                "读法：小时标签读作时段起点；PM₁₀按报告值不补",
                "reading: hour labels as the start of the hour; PM10 as reported, not filled",
                values=("label-start", "pm10-reported"),
            ),
            _may("value", "number", "数值", "value"),
            _need("valid_days", "integer", "有效日数", "valid days", low=0, high=366),
        ),
        key=("scope", "indicator", "year", "reading"),
        notes=(
            (
                "与 `air/annual` 对照；由 `python -m xc_analysis.experiments` 写出。",
                "To be read beside `air/annual`; written by `python -m xc_analysis.experiments`.",
            ),
        ),
        optional=True,
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _DECLARED}


@cache
def pandera_schema(table: str):
    """The pandera schema of one table's cells, for frames typed as `tables.load` types them.

    Parameters
    ----------
    table : str
        A key of `TABLES`.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Validate lazily to get every failing cell. Columns are optional here: a column that
        is missing is found when the file is read.
    """
    import pandera.pandas as pa

    columns = {}
    for column in TABLES[table].columns:
        checks = []
        if column.values:
            checks.append(pa.Check.isin(column.values, error="values"))
        if column.low is not None:
            checks.append(pa.Check.ge(column.low, error="low"))
        if column.high is not None:
            checks.append(pa.Check.le(column.high, error="high"))
        columns[column.name] = pa.Column(None, checks, nullable=not column.required, required=False)
    return pa.DataFrameSchema(columns)
