"""Tables of what is known: the register of indicators, figures and where they come from."""

from __future__ import annotations

from .columns import (
    IN_YEAR,
    INDICATOR,
    LOCATOR,
    NOTE,
    OPENNESS,
    QUANTITY,
    RATING,
    SCOPE,
    SOURCE,
    UNIT,
    Table,
    may,
    need,
)

STATUS = ("printed", "derived", "bound", "computed", "estimated")

TABLES = (
    Table(
        "indicators",
        "指标登记表：每个指标的名称、单位、统计方式和取值边界",
        "The register of indicators: name, unit, statistic and bounds of each",
        (
            need("indicator", "id", "指标代码", "canonical id, used in every table"),
            need("theme", "id", "主题", "theme: air, water, green, noise, carbon, soil, ..."),
            may(
                "plan_row",
                "integer",
                "规划表 2 的行号",
                "row of the plan's Table 2",
                low=1,
                high=99,
            ),
            need("name_zh", "label", "中文名称", "Chinese name"),
            need("name_en", "label", "英文名称", "English name"),
            need("unit", "text", "单位", "unit of every value of this indicator"),
            need("statistic", "label", "统计方式", "the statistic that the annual series holds"),
            may(
                "better",
                "text",
                "改善方向：lower 越低越好，higher 越高越好，空为中性",
                "direction of improvement: lower or higher; empty: neither",
                values=("lower", "higher"),
            ),
            may(
                "scale",
                "text",
                "建模尺度：log 对数，logit 逻辑，identity 原值，count 计数；空为不建模",
                "scale of models: log, logit, identity or count; empty: not modelled",
                values=("log", "logit", "identity", "count"),
            ),
            may("floor", "number", "可能的最小值", "smallest value possible"),
            may("ceiling", "number", "可能的最大值", "largest value possible"),
            need("decimals", "integer", "显示的小数位", "decimals shown", low=0, high=6),
            may(
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
            need("obs_id", "name", "观测编号", "id, a name in derivations"),
            SCOPE,
            INDICATOR,
            need("statistic", "label", "统计方式", "statistic: the indicator's, or another one"),
            IN_YEAR,
            need(
                "period",
                "period",
                "时段：annual 全年，或其一部分、跨年段、某日",
                "period: annual, a part of a year, a span of years, or a day",
            ),
            *QUANTITY,
            UNIT,
            need(
                "status",
                "text",
                "状态：printed 原文，derived 推算，bound 仅知上下限，computed 计算，estimated 估计",
                "how it came to be: printed, derived, bound, computed or estimated",
                values=STATUS,
            ),
            need(
                "basis",
                "label",
                "可比口径（标准、边界、网络、修订）",
                "what must match to be comparable",
            ),
            may(
                "derivation",
                "text",
                "推算式：观测编号与数字的四则运算；带小数点的数按末位半个单位计误差，整数为精确值",
                "arithmetic over obs_ids; a number with a decimal point is a printed figure (half a"
                " unit of its last digit), a whole number is exact",
            ),
            SOURCE,
            LOCATOR,
            need("use", "boolean", "是否为发布序列所采用", "true for the row the series takes"),
            OPENNESS,
            NOTE,
            may(
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
        "sources",
        "来源",
        "Sources",
        (
            need("source_id", "id", "来源编号", "id"),
            need("title", "label", "标题", "title"),
            need("publisher", "label", "发布者", "publisher", foreign=("publishers", "publisher")),
            may("document_no", "text", "文号", "document number"),
            may("published", "date", "发布日期", "date of publication"),
            may("url", "url", "发布者自有主机上的网址", "address on a host of the publisher"),
            may("accessed", "date", "访问日期", "date it was read"),
            may("licence", "text", "许可", "licence"),
            need(
                "reliability",
                "text",
                "可靠性：A 官方，B 媒体或原文转载，C 汇编",
                "A official, B press or verbatim copy, C aggregator",
                values=("A", "B", "C"),
            ),
            may(
                "via", "text", "实际读取之处（以文字说明，不作链接）", "where it was read, in words"
            ),
            may(
                "short_en",
                "label",
                "英文简称（本项目的说明，不是标题译文）",
                "what it is, in a few English words of ours; not a translation of the title",
                optional=True,
            ),
        ),
        key=("source_id",),
    ),
    Table(
        "publishers",
        "发布者及其主机；网址只链接到这些主机",
        "Publishers and their hosts; addresses link to these only",
        (
            need("publisher", "label", "发布者", "publisher"),
            may(
                "hosts",
                "hosts",
                "主机名，以分号分隔；须逐字相同",
                "host names, joined by `;`; matched exactly",
            ),
        ),
        key=("publisher",),
    ),
    Table(
        "publications",
        "各指标的数字通常刊于何处（多凭一般了解，见 quality）；`xc gaps` 据此指路",
        "Where each indicator's figure usually stands, mostly by general knowledge (see quality);"
        " `xc gaps` points there",
        (
            INDICATOR,
            need("publication_zh", "label", "刊物或台账", "publication or register, in Chinese"),
            need("publication_en", "label", "刊物或台账（英文）", "the same in English"),
            need("keeper_zh", "label", "编者或保管单位", "who issues or keeps it, in Chinese"),
            need("keeper_en", "label", "编者或保管单位（英文）", "the same in English"),
            need("where_zh", "label", "其中的位置", "where in it, in Chinese"),
            need("where_en", "label", "其中的位置（英文）", "the same in English"),
            need(
                "access",
                "text",
                "能否公开查到：public 公开，internal 内部",
                "public or internal",
                values=("public", "internal"),
            ),
            need(
                "quality",
                "text",
                "依据：G 已在该刊物中见到；A 有旁证；R 凭一般了解，待核实",
                "G the figure has been seen there; A partly supported; R general knowledge, not"
                " verified",
                values=RATING,
            ),
            may("reviewed_on", "day", "核实日期", "date it was verified"),
        ),
        key=("indicator", "publication_zh"),
        optional=True,
    ),
    Table(
        "left_out",
        "未采用的证据行及原因",
        "Rows of the collected evidence left out, with the reason",
        (
            need("evidence_file", "text", "证据文件", "evidence file"),
            need("line", "integer", "行号（表头为 1）", "its line (header is 1)", low=2),
            may("scope", "label", "范围", "area"),
            may("indicator", "text", "证据文件中的指标名", "indicator as named there"),
            may("year", "text", "年份", "year"),
            may("value", "mixed", "证据文件中的值", "value as it stands there"),
            need("reason", "text", "未采用的原因", "why it is left out"),
        ),
        key=("evidence_file", "line"),
    ),
)
