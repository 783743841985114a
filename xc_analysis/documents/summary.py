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
from ..verdicts.withheld import veiled_card, veiled_line
from .wording import (
    chance,
    difference,
    gap_words,
    grade_words,
    lacks,
    limit_words,
    quantity,
    reason,
    signed,
    span,
    verdict_words,
)

AUDIENCES = {"public": ("public",), "internal": ("public", "internal", "draft")}


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
    def plan_name(self) -> str:
        """The plan as the language calls it; in English by its years."""
        base = self.card["base_year"].dropna()
        start = int(base.max()) + 1 if len(base) else self.target_year - 4
        return self.tr(f"“{self.plan}”", f"{start}–{self.target_year}")

    def verdict(self, row, *, under: bool = False) -> str:
        tail = "_under_reading" if under else ""
        return verdict_words(row[f"verdict{tail}"], row[f"verdict{tail}_zh"], self.lang)

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
    until = target_year if as_of is None else as_of
    card = veiled_card(card, scope=place.scope, until=until, data=data)
    judged = tuple(map(veiled_line, judged, card.to_dict("records")))
    return Known(place, plan, year, target_year, card, judged, lang, tuple(sorted(drafts)))


def target_text(known: Known, judged: Judged, row) -> str:
    """The target in words: a comparator and a value, a reading, or what the city asks."""
    if not pd.isna(row["target"]):
        # the decimals that the plan prints, not those of the measurement
        places = len(f"{row['target']:.10g}".partition(".")[2])
        sign = "" if row["comparator"] == "=" else f"{signed(row['comparator'])}\u00a0"
        return sign + quantity(row["target"], judged.line, known.lang, decimals=places)
    if row["kind"] == "delegated":
        return known.tr("达到市级要求", "as the city requires")
    if row["kind"] == "qualitative":
        return known.tr("定性目标", "qualitative")
    return "—"


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


def kind_of(row) -> str:
    """How a line of the scorecard is told: judged, by its gap, or not at all."""
    if row["verdict"] == CANNOT:
        return "cannot"
    if row["branch"] == "withheld":
        return "withheld"
    return "gap" if row["branch"] == "to be reached" and pd.isna(row["p_meet"]) else "judged"


def counts(known: Known) -> dict[str, int]:
    """Lines of each kind of `kind_of`."""
    kinds = [kind_of(row) for row in known.card.to_dict("records")]
    return {kind: kinds.count(kind) for kind in ("judged", "gap", "cannot", "withheld")}


def _known(known, rows):
    tr = known.tr
    have = [(j, r) for j, r in rows if newest(r) is not None]
    out = [
        tr(
            f"{known.scope}{known.plan_name}规划指标 {len(rows)} 项，数据截至 {known.until}，"
            f"有本区数值的 {len(have)} 项。",
            f"Of the plan's {len(rows)} indicators, {len(have)} have a value for"
            f" {known.scope} in data to {known.until}.",
        )
    ]
    moved, single = [], []
    for judged, row in have:
        told = _years(known, judged, row)
        if len(told) > 1:
            moved.append(f"{known.name(row)} " + tr("，", ", ").join(told))
        else:
            value, year, *_ = newest(row)
            now = quantity(value, judged.line, known.lang)
            single.append(f"{known.name(row)} {now}{tr('（', ' (')}{year}{tr(' 年）', ')')}")
    stop, joint = tr("。", "."), tr("；", "; ")
    if moved:
        out.append(tr("前后可对照的：", "With an earlier value: ") + joint.join(moved) + stop)
    if single:
        out.append(tr("只有一个数值的：", "One value only: ") + joint.join(single) + stop)
    return tuple(out)


def _years(known, judged, row) -> list[str]:
    """The first value, the published one, a later one, and the range of an incomplete last year."""
    tr, line, lang = known.tr, judged.line, known.lang
    points: dict[int, str] = {}
    first = _first(judged, known.as_of)
    if first:
        points[first[0]] = quantity(first[1], line, lang)
    if not pd.isna(row["baseline_year"]):
        points[int(row["baseline_year"])] = quantity(row["baseline"], line, lang)
    value, year, _, later = newest(row)
    if later:
        points[year] = quantity(value, line, lang)
    partial = partial_range(known, judged, row)
    if known.as_of not in points and partial:
        points[known.as_of] = partial + tr("（记录不全的估计）", " (estimate, incomplete record)")
    return [tr(f"{when} 年 {shown}", f"{shown} in {when}") if known.as_of != when or not partial
            else tr(f"{when} 年 {shown}", f"in {when} {shown}")
            for when, shown in sorted(points.items())]  # fmt: skip


def partial_range(known, judged, row) -> str:
    """The range of a last year whose record is incomplete; "" where there is none."""
    ends = (row["outturn_lower"], row["outturn_upper"])
    return "" if any(pd.isna(v) for v in ends) else span(*ends, judged.line, known.lang)


def _first(judged, as_of):
    """(year, value) of the first value of the series that the verdict rests on."""
    frame = judged.series
    if not len(frame):
        return None
    fit_from = (judged.settings.get("window") or (None, None))[0] or frame.index.min()
    known = frame[(frame.index >= fit_from) & (frame.index <= as_of) & frame["value"].notna()]
    return None if known.empty else (int(known.index[0]), float(known["value"].iloc[0]))


def read_beside(row) -> bool:
    """Has a line that cannot be judged a verdict under the city's number?"""
    under = row["verdict_under_reading"]
    return row["verdict"] == CANNOT and isinstance(under, str) and under not in ("", CANNOT)


def _read(row) -> str:
    """How a target in words is read; "" where the register has no reading."""
    told = row["kind"] == "qualitative" and isinstance(row["reading"], str)
    return row["reading"] if told else ""


def why(known: Known, judged: Judged, row, *, under: bool = False) -> str:
    """The reason of a line's verdict in plain words."""
    found = judged.assessment
    if found is None:
        return known.tr("规划没有这一项的目标", "the plan has no target for it")
    if under or _read(row):
        aim = limit_words(row["reading"], judged.line, known.lang)
    else:
        aim = target_text(known, judged, row)
    if under:
        found = found.under_reading
    return reason(found, judged.line, aim, known.home, known.lang)


def aim_words(known: Known, judged: Judged, row) -> str:
    """The target, and how words without a number are read."""
    aim = target_text(known, judged, row)
    if _read(row):
        read = limit_words(_read(row), judged.line, known.lang)
        aim = known.tr(f"为文字、没有数值，若读作 {read}", f"in words, read as {read}")
    return aim


def _likely(known, rows):
    tr, out, kept, gaps = known.tr, [], [], []
    stop, joint = tr("。", "."), tr("；", "; ")
    for judged, row in rows:
        kind, verdict, name = kind_of(row), known.verdict(row), known.name(row)
        if kind in ("cannot", "withheld"):
            continue
        aim = aim_words(known, judged, row)
        if kind == "gap":
            words = gap_words(judged.assessment, judged.line, aim, known.lang)
            gaps.append(f"{name}{tr('，', ', ')}{words}")
        elif row["branch"] == "maintenance" and pd.isna(row["p_meet"]):
            now = quantity(row["latest"], judged.line, known.lang)
            over = difference(row["margin"], judged.line, known.lang)
            told = tr(f"{int(row['latest_year'])} 年 {now}，目标 {aim}，余量 {over}",
                      f"{now} in {int(row['latest_year'])}, target {aim}, margin {over}")  # fmt: skip
            kept.append(f"{name}{tr('（', ' (')}{told}{tr('）', ')')}")
        elif not pd.isna(row["p_meet"]):
            last = newest(row)
            since = ""
            if last is not None and last[1] < known.as_of:
                since = tr(f"，{last[1]} 年后无数值", f", no value after {last[1]}")
            p, grade = chance(row["p_meet"], known.lang), grade_words(row["grade"], known.lang)
            out.append(
                tr(
                    f"{name}，{row['target_year']} 年目标 {aim}：{verdict}，概率约 {p}（{grade}{since}）。",
                    f"{name}, {aim} by {row['target_year']}: {verdict}, probability about {p}"
                    f" ({grade}{since}).",
                )
            )
        else:
            because = reason(judged.assessment, judged.line, "", known.home, known.lang)
            out.append(tr(f"{name}，目标{'' if row['kind'] == 'qualitative' else ' '}{aim}：{verdict}；{because}。",
                          f"{name}, target {aim}: {verdict}; {because}."))  # fmt: skip
    if kept:
        head = tr(f"现状已满足目标、只能看余量的 {len(kept)} 项：",
                  f"Already met, of which only the margin can be told ({len(kept)}): ")  # fmt: skip
        out.append(head + joint.join(kept) + stop)
    if gaps:
        head = tr(f"只能给出差距、不给概率的 {len(gaps)} 项：",
                  f"Only the gap is known, no probability ({len(gaps)}): ")  # fmt: skip
        out.append(head + joint.join(gaps) + stop)
    return tuple(out) or (tr("没有可以给出概率的指标。", "No indicator admits a probability."),)


def _cannot(known, rows):
    tr, groups, read = known.tr, {}, []
    for judged, row in rows:
        if row["verdict"] != CANNOT:
            continue
        what = tr("本区的规划目标", f"a target of the plan for {known.scope}")
        if isinstance(row["missing"], str) and row["missing"]:
            what = lacks(row["missing"], row["missing_zh"], known.home, row["name_en"], known.lang)
        groups.setdefault(what, []).append(known.name(row))
        if read_beside(row):
            aim = limit_words(row["reading"], judged.line, known.lang)
            shown = known.verdict(row, under=True)
            read.append(f"{known.name(row)} {aim}{tr('，', ', ')}{shown}")
    stop, joint = tr("。", "."), tr("；", "; ")
    out = [
        tr(f"缺少{what}：{'、'.join(names)}{stop}",
           f"Missing {what}: {'; '.join(names)}{stop}")
        for what, names in groups.items()
    ]  # fmt: skip
    veiled = [known.name(row) for _, row in rows if kind_of(row) == "withheld"]
    if veiled:
        out.append(
            tr(f"数据未经审核，暂不公布判断：{'、'.join(veiled)}{stop}",
               f"Unaudited, the verdict not yet published: {'; '.join(veiled)}{stop}")
        )  # fmt: skip
    n = sum(map(len, groups.values()))
    out.append(
        tr(
            f"缺数值的 {n} 项不作达标与否的结论；补上所缺数值后即可判断。",
            f"For the {n} that lack a number no verdict is given; the missing numbers would allow one.",
        )
    )
    if read:
        out.append(
            tr(f"其中 {len(read)} 项若借全市的数值作比（只供参考，不是本区的结论）：",
               f"{len(read)} of them beside the city's number, for reference and no verdict on the"
               " district: ") + joint.join(read) + stop
        )  # fmt: skip
    return tuple(out)


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
    return re.sub(r"[ \t\r\n]+", " ", out).strip(" \n")  # no-break spaces stay
