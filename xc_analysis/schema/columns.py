"""What the declarations of tables are made of: kinds of cells, columns, tables, shared columns."""

from __future__ import annotations

from dataclasses import dataclass

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
    # a file may do without the column
    optional: bool = False


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


def need(name, kind, zh, en, **more) -> Column:
    """A column whose cells are never empty."""
    return Column(name, kind, zh, en, required=True, **more)


may = Column

RATING = ("R", "A", "G")
RELEASE = ("public", "internal", "draft")
COMPARE = ("<", "<=", ">", ">=", "=")
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")
FIRST_YEAR, LAST_YEAR = 1949, 2100

SCOPE = need("scope", "label", "范围（区、市）", "area the row speaks of: a district or the city")
MAYBE_SCOPE = may("scope", "label", "适用范围，空为全部", "area it holds for; empty: every one")
INDICATOR = need(
    "indicator", "id", "指标代码", "canonical indicator id", foreign=("indicators", "indicator")
)
MAYBE_INDICATOR = may(
    "indicator",
    "id",
    "指标代码，空为全部或无",
    "canonical indicator id; empty: every one, or none",
    foreign=("indicators", "indicator"),
)
IN_YEAR = need("year", "integer", "年份", "year", low=FIRST_YEAR, high=LAST_YEAR)
UNIT = need("unit", "text", "单位，须与指标表一致", "unit; equals the indicator's")
SOURCE = need("source_id", "id", "来源编号", "source", foreign=("sources", "source_id"))
LOCATOR = need("locator", "text", "出处位置", "where in the source: chapter, table, paragraph")
NOTE = may("note", "text", "备注", "remark, in our own words")
OPENNESS = need(
    "release",
    "text",
    "公开级别：public 公开，internal 内部，draft 草稿",
    "what an output may carry: public, internal or draft",
    values=RELEASE,
)


QUANTITY = (
    may("value", "number", "数值", "value"),
    may("lower", "number", "下限", "lower end of its range"),
    may("upper", "number", "上限", "upper end of its range"),
)
