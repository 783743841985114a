"""The page a reader takes away: what is known, what is likely, what cannot be judged.

Every number and name comes from the tables; the sentences are the same for every district.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..packs.places import Home, home
from ..tables import load
from ..verdicts.scorecard import Judged, card_of, judged_rows
from ..verdicts.targets import CANNOT

AUDIENCES = {"public": ("public",), "internal": ("public", "internal", "draft")}

STATUS = {
    "printed": ("公布", "printed"),
    "derived": ("由公布值推算", "derived from printed values"),
    "computed": ("按逐时记录计算", "computed from hourly records"),
    "estimated": ("估计", "estimated"),
    "bound": ("仅知范围", "a bound only"),
}


@dataclass(frozen=True)
class Known:
    """What every document is made from: the place, its plan, the lines of the plan's table."""

    home: Home
    plan: str
    as_of: int
    target_year: int
    card: pd.DataFrame
    judged: tuple[Judged, ...]
    lang: str
    drafts: tuple[int, ...] = ()  # years of which numbers of the district are unaudited

    @property
    def scope(self) -> str:
        return self.home.scope if self.lang == "zh" else self.home.scope_en

    def tr(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def name(self, row) -> str:
        return row[self.tr("name_zh", "name_en")]

    @property
    def until(self) -> str:
        """The last year used; that it is a draft is said with it."""
        if self.as_of not in self.drafts:
            return self.tr(f"{self.as_of} 年", str(self.as_of))
        return self.tr(
            f"{self.as_of} 年（当年为未经审核的草稿）",
            f"{self.as_of} (that year a draft, unaudited)",
        )


def plan_of(data: Path | str | None = None) -> tuple[str, int, int]:
    """The plan whose table the pack holds: its name, base year and target year.

    Raises
    ------
    InputError
        Where no target belongs to a row of a plan's table.
    """
    targets = load("targets", data=data)
    place = home(data)
    rows = targets[targets["plan_row"].notna() & (targets["scope"] == place.scope)]
    if rows.empty:
        raise InputError(
            f"targets.csv: no target of {place.scope} has a plan_row; fill it for the rows of the"
            " plan's table"
        )
    plan = rows["plan"].value_counts().idxmax()
    rows = rows[rows["plan"] == plan]
    base = rows["base_year"].dropna()
    target_year = int(rows["target_year"].max())
    return plan, int(base.max()) if len(base) else target_year - 5, target_year


def last_on_record(data: Path | str | None = None) -> int:
    """The last year with an annual number of the district for a line of the plan's table.

    Parameters
    ----------
    data : path, optional

    Returns
    -------
    int
        Values, bounds and computed years count, drafts among them; never before the plan's base
        year nor after its target year.
    """
    _, base, target_year = plan_of(data)
    place = home(data)
    register = load("indicators", data=data)
    lines = set(register.loc[register["plan_row"].notna(), "indicator"])
    rows = load("observations", data=data)
    rows = rows[rows["use"] & (rows["period"] == "annual")]
    years = {base}
    for table in (rows, load("air/annual", data=data)):
        own = table[(table["scope"] == place.scope) & table["indicator"].isin(lines)]
        told = own[["value", "lower", "upper"]].notna().any(axis=1)
        years |= {int(y) for y in own.loc[told, "year"] if base <= y <= target_year}
    return max(years)


def gather(*, data: Path | str | None = None, lang: str = "zh", as_of: int | None = None) -> Known:
    """Judge the plan's table once, for all documents of a language.

    Parameters
    ----------
    data : path, optional
    lang : {"zh", "en"}
    as_of : int, optional
        Last year whose values are used; default `last_on_record`.

    Returns
    -------
    Known

    Raises
    ------
    InputError
        For a year before the plan's base year.
    """
    plan, base, target_year = plan_of(data)
    if as_of is not None and as_of < base:
        raise InputError(f"as of {as_of}: lies before the plan's base year; give {base} or later")
    place = home(data)
    year = last_on_record(data) if as_of is None else as_of
    key = {"scope": place.scope, "plan": plan, "as_of": year}
    judged = tuple(judged_rows(**key, data=data))
    drafts = set()
    for table in ("observations", "air/annual"):
        rows = load(table, data=data)
        own = (rows["scope"] == place.scope) & (rows["release"] == "draft")
        drafts |= {int(y) for y in rows.loc[own, "year"]}
    card = card_of(judged, **key)
    return Known(place, plan, year, target_year, card, judged, lang, tuple(sorted(drafts)))


def number(value, decimals) -> str:
    """A value in its indicator's decimals, with a true minus; "—" where there is none."""
    if value is None or pd.isna(value):
        return "—"
    places = 0 if decimals is None or pd.isna(decimals) else int(decimals)
    return f"{float(value):.{places}f}".replace("-", "\u2212")


def quantity(value, line, lang: str = "zh", *, decimals=None) -> str:
    """A value with the unit of its indicator."""
    shown = number(value, line.get("decimals") if decimals is None else decimals)
    unit = unit_text(line["unit"], lang)
    return shown + (unit if unit == "%" else f" {unit}")


def unit_text(unit: str, lang: str) -> str:
    """The unit as readers of the language write it."""
    for short, zh in (("10⁴t", "万吨"), ("10⁴m²", "万平方米"), ("10⁴m³", "万立方米")):
        if lang == "zh" and unit == short:
            return zh
    return unit


def signed(text: str) -> str:
    """A comparator and a number with the signs of print."""
    return str(text).replace("<=", "≤").replace(">=", "≥").replace("-", "\u2212")


def target_text(known: Known, judged: Judged, row) -> str:
    """The target in words: a comparator and a value, a reading, or what the city asks."""
    if not pd.isna(row["target"]):
        # the decimals that the plan prints, not those of the measurement
        places = len(f"{row['target']:.10g}".partition(".")[2])
        sign = "" if row["comparator"] == "=" else f"{signed(row['comparator'])} "
        return sign + quantity(row["target"], judged.line, known.lang, decimals=places)
    if row["kind"] == "delegated":
        return known.tr("达到市级要求", "as the city requires")
    if row["kind"] == "qualitative":
        return known.tr("定性目标", "qualitative")
    return "—"


def chance(p: float) -> str:
    """A probability in whole per cent, never 0 or 100 %."""
    if p < 0.01:
        return "<1%"
    return ">99%" if p > 0.99 else f"{p:.0%}"


@dataclass(frozen=True)
class Summary:
    """Sentences of the one page, in three lists."""

    known: tuple[str, ...]
    likely: tuple[str, ...]
    cannot: tuple[str, ...]


def summary(known: Known) -> Summary:
    """Write the three lists.

    Parameters
    ----------
    known : Known
        As :func:`gather` returns it.

    Returns
    -------
    Summary
        At most one printed page together: what repeats is told once for all its indicators.
    """
    rows = list(zip(known.judged, known.card.to_dict("records"), strict=True))
    return Summary(_known(known, rows), _likely(known, rows), _cannot(known, rows))


def newest(row) -> tuple[float, int, str, bool] | None:
    """The latest number of a line of the scorecard: value, year, status, whether it is later than
    the published one; None where the district has none."""
    printed, judged = row["baseline_year"], row["latest_year"]
    later = not pd.isna(judged) and (pd.isna(printed) or judged > printed)
    if later:
        return float(row["latest"]), int(judged), str(row["latest_status"]), True
    if pd.isna(printed):
        return None
    return float(row["baseline"]), int(printed), str(row["baseline_status"]), False


def _known(known, rows):
    tr = known.tr
    have = [(j, r) for j, r in rows if newest(r) is not None]
    out = [
        tr(
            f"{known.scope}“{known.plan}”规划指标 {len(rows)} 项，数据截至 {known.until}，"
            f"有本区数值的 {len(have)} 项。",
            f"Of the plan's {len(rows)} indicators, {len(have)} have a value for"
            f" {known.scope} in data to {known.until}.",
        )
    ]
    moved, single = [], []
    for judged, row in have:
        told = _years(known, judged, row)
        if len(told) > 1:
            moved.append(f"{known.name(row)}{tr(' ', ' ')}" + tr("，", ", ").join(told))
        else:
            value, year, *_ = newest(row)
            now = quantity(value, judged.line, known.lang)
            single.append(f"{known.name(row)} {now}{tr('（', ' (')}{year}{tr('）', ')')}")
    stop, joint = tr("。", "."), tr("；", "; ")
    if moved:
        out.append(tr("前后可对照的：", "With an earlier value: ") + joint.join(moved) + stop)
    if single:
        out.append(tr("只有一个数值的：", "One value only: ") + joint.join(single) + stop)
    return tuple(out)


def _years(known, judged, row) -> list[str]:
    """The first value, the published one, a later one, and the range of an incomplete last year."""
    tr, line = known.tr, judged.line
    points: dict[int, str] = {}
    first = _first(judged, known.as_of)
    if first:
        points[first[0]] = number(first[1], line.get("decimals"))
    if not pd.isna(row["baseline_year"]):
        points[int(row["baseline_year"])] = number(row["baseline"], line.get("decimals"))
    value, year, _, later = newest(row)
    if later:
        points[year] = number(value, line.get("decimals"))
    ends = (row["outturn_lower"], row["outturn_upper"])
    if known.as_of not in points and not any(pd.isna(v) for v in ends):
        low, high = (number(v, line.get("decimals")) for v in ends)
        points[known.as_of] = f"{low}–{high}"
    unit = unit_text(line["unit"], known.lang)
    gap = "" if unit == "%" else " "
    partial = known.as_of if "–" in points.get(known.as_of, "") else None
    out = []
    for at, (when, shown) in enumerate(sorted(points.items())):
        shown += f"{gap}{unit}" if at == len(points) - 1 else ""
        told = tr(f"{when} 年 {shown}", f"{shown} in {when}")
        out.append(told + (tr("（记录不全）", " (incomplete record)") if when == partial else ""))
    return out


def _first(judged, as_of):
    """(year, value) of the first value of the series that the verdict rests on."""
    frame = judged.series
    if not len(frame):
        return None
    fit_from = (judged.settings.get("window") or (None, None))[0] or frame.index.min()
    known = frame[(frame.index >= fit_from) & (frame.index <= as_of) & frame["value"].notna()]
    return None if known.empty else (int(known.index[0]), float(known["value"].iloc[0]))


def reason_words(text, known: Known) -> str:
    """A reason as it is printed: signs of print, units set to their number, the place's name."""
    text = re.sub(r"(?<![≤≥<>])= (?=[0-9])", "", signed(text))
    text = re.sub(r"(?<=[0-9]) %", "%", text)
    if known.lang == "zh":
        return re.sub(r"(?<=[0-9]) to (?=[0-9])", " 至 ", text)
    return text.replace(known.home.scope, known.scope)


def _likely(known, rows):
    tr, out, kept = known.tr, [], []
    stop, joint = tr("。", "."), tr("；", "; ")
    for judged, row in rows:
        verdict = row[tr("verdict_zh", "verdict")]
        aim = target_text(known, judged, row)
        if row["kind"] == "qualitative" and row["reading"]:
            aim += tr("（按读法 ", " (read as ") + f"{signed(row['reading'])}{tr('）', ')')}"
        last = newest(row)
        old = last is not None and last[1] < known.as_of
        if not pd.isna(row["p_meet"]):
            since = (
                tr(f"，{last[1]} 年后无整年数值", f", no whole year after {last[1]}") if old else ""
            )
            out.append(
                tr(
                    f"{known.name(row)}，{row['target_year']} 年目标 {aim}：{verdict}"
                    f"，概率约 {chance(row['p_meet'])}，依据 {row['grade']} 级{since}。",
                    f"{known.name(row)}, {aim} by {row['target_year']}: {verdict}, probability"
                    f" about {chance(row['p_meet'])}, evidence grade {row['grade']}{since}.",
                )
            )
        elif row["branch"] == "maintenance" and row["verdict"] != CANNOT:
            year = tr(f"，{last[1]} 年", f" in {last[1]}") if last else ""
            kept.append(f"{known.name(row)}{tr('（', ' (')}{aim}{year}{tr('）', ')')}")
        elif row["verdict"] != CANNOT:
            why = ""
            if row["branch"] == "outturn":
                why = tr("，", "; ") + reason_words(row[tr("why_zh", "why")], known)
            out.append(
                tr(
                    f"{known.name(row)}，目标 {aim}：{verdict}{why}。",
                    f"{known.name(row)}, target {aim}: {verdict}{why}.",
                )
            )
    if kept:
        out.append(
            tr("末次数值满足目标、须保持，按余量判断：",
               "Met by the last value and to be kept, judged by the margin: ")
            + joint.join(kept) + stop
        )  # fmt: skip
    read = [
        f"{known.name(r)} {signed(r['reading'])}{tr('，', ', ')}"
        f"{r[tr('verdict_under_reading_zh', 'verdict_under_reading')]}"
        for _, r in rows
        if r["verdict"] == CANNOT and r["verdict_under_reading"] not in ("", CANNOT)
    ]
    if read:
        out.append(
            tr("若以市级数值为读法（不作区级结论）：", "Under the city's number as a reading, no"
               " verdict on the district: ") + joint.join(read) + stop
        )  # fmt: skip
    return tuple(out) or (tr("没有可以给出概率的指标。", "No indicator admits a probability."),)


def _cannot(known, rows):
    tr, groups = known.tr, {}
    for _, row in rows:
        if row["verdict"] == CANNOT:
            why = row["missing_zh"] if known.lang == "zh" else _reason(row, known.home)
            groups.setdefault(why or row[tr("why_zh", "why")], []).append(known.name(row))
    stop = tr("。", ".")
    out = [
        tr(f"缺少{why}：{'、'.join(names)}{stop}", f"Missing {why}: {'; '.join(names)}{stop}")
        for why, names in groups.items()
    ]
    out.append(
        tr(
            f"以上 {sum(map(len, groups.values()))} 项不作达标与否的结论；补上所缺数值后即可判断。",
            f"For these {sum(map(len, groups.values()))} no verdict is given; the missing numbers"
            " would allow one.",
        )
    )
    return tuple(out)


def _reason(row, place):
    """The English reason without the indicator's name, so that like reasons are told once."""
    text = str(row["missing"] or "").replace(place.scope, place.scope_en)
    return text.replace(f" for {row['name_en']}", "")


def as_markdown(page: Summary, lang: str) -> str:
    """The page as Markdown: three bold labels with a list each."""
    heads = {
        "zh": ("已知", "可能", "无法判断"),
        "en": ("What is known", "What is likely", "What cannot be judged"),
    }[lang]
    parts = []
    for head, lines in zip(heads, (page.known, page.likely, page.cannot), strict=True):
        parts.append(f"**{head}**")
        parts.append("\n".join(f"- {escaped(line)}" for line in lines))
    return "\n\n".join(parts)


def escaped(text: str) -> str:
    """Text as Markdown shows it, not as Markdown reads it."""
    out = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~^$@!\"'" else c for c in str(text))
    return " ".join(out.split())
