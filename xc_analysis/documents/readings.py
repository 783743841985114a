"""What a figure shows, in a sentence or two written from its table."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from ..drawing.palette import SPANS
from ..drawing.plots_breaks import PAIRS
from ..explorer.explorer_words import METHOD
from .wording import NBSP, amount, as_written, number, percent, quantity, span, verdict_words

MOST_SERIES = 4  # told one by one; of more the others are named
STATUS = {
    "printed": ("公布", "printed"),
    "derived": ("由公布值推算", "derived from printed values"),
    "computed": ("按逐时记录计算", "computed from hourly records"),
    "partial": ("按不完整的记录计算", "computed from an incomplete record"),
    "estimated": ("估计", "estimated"),
    "bound": ("仅知范围", "a bound only"),
}
# columns whose kinds are counted, with what their words are taken from
KINDS = ("verdict", "evidence", "timing", "allowed", "fits")
CODES = {
    **STATUS,
    **{code: (zh, en) for code, (_, zh, en) in SPANS.items()},
    **{code: tuple(words[-2:]) for code, words in PAIRS.items()},
    "computed (partial)": STATUS["partial"],
    "dated": ("有期限", "dated"),
    "recurring": ("定期", "recurring"),
    "undated": ("未写期限", "undated"),
    "conditional": ("只作算术", "arithmetic only"),
    "meets": ("达标", "meets the limit"),
    "does not meet": ("不达标", "does not meet the limit"),
    "recorded": ("合于原记录", "fits the record as it is"),
    "converted": ("合于换算之后", "fits the converted record"),
    "both": ("两者都合", "fits both"),
    "neither": ("两者都不合", "fits neither"),
    "interval spans it": ("区间跨过限值", "interval spans the limit"),
}
# numbers whose least and greatest are told: words, unit ("" as the indicator has it, None: none)
MEASURES = {
    "difference": ("计算值减公布值", "computed minus printed", ""),
    "error_pct": ("与公布值之差", "difference from the printed value", "%"),
    "change_pct": ("变化", "change", "%"),
    "needed_per_year": ("今后每年所需的变化", "change needed a year", ""),
    "coverage_80": ("80%区间的实际覆盖率", "share inside the 80 % interval", "share"),
    "width": ("概率变动的幅度", "range of the probability", "share"),
    "median": ("推算中位数", "projected median", ""),
    "normalised": ("气象归一化均值", "weather-normalised mean", ""),
    "trend": ("趋势值", "trend", ""),
    "aqi": ("AQI", "AQI", None),
    "share": ("比例", "share", "%"),
    "total": ("天数", "days", None),
    "target": ("目标值（括号内为达到的机会）", "target (with the chance of meeting it)", ""),
    "value": ("数值", "value", ""),
    "low": ("95% 范围的下限（括号内为个数）", "lower end of the 95 % range (with the count)", "%"),
}
LABELS = (
    *("label", "part", "station", "method", "date", "probability", "period", "month", "year", "n"),
)
PERIOD = re.compile(r"\d{4}–\d{4}")
CHINESE = re.compile(r"[\u3400-\u9fff]")


def described(
    table: pd.DataFrame, names: pd.DataFrame, lang: str, place: Callable[[str], str] = str
) -> str:
    """What a figure shows, in a sentence or two written from its table.

    Parameters
    ----------
    table : DataFrame
        The figure's csv.
    names : DataFrame
        The register of indicators, indexed by indicator.
    lang : {"zh", "en"}
    place : callable, optional
        The name of a scope in the language.

    Returns
    -------
    str
        First and last value of each series; else how many of each kind; else the least and the
        greatest with their places; else how many rows and of what.
    """
    if table.empty:
        return "没有数据" if lang == "zh" else "no data"
    table = table.reset_index(drop=True)
    if "panel" in table and "indicator" not in table:  # a panel may be named "scope indicator"
        panels = table["panel"].astype(str).str.rpartition(" ")
        if panels[2].isin(names.index).all():
            table = table.assign(scope=panels[0], indicator=panels[2])
    for tell in (_kinds, _series, _periods, _extremes, _rows):
        if told := tell(table, names, lang, place):
            return told
    return ""


def _stop(parts, lang) -> str:
    return ("；" if lang == "zh" else "; ").join(parts) + ("。" if lang == "zh" else ".")


def name_of(indicator, names, lang) -> str:
    """An indicator's name; "" for a code that the register does not have."""
    if indicator in names.index:
        return str(names.at[indicator, "name_zh" if lang == "zh" else "name_en"])
    return ""


def _subjects(table, names, lang, most=6) -> str:
    found = table["indicator"].dropna() if "indicator" in table else ()
    told = list(dict.fromkeys(filter(None, (name_of(i, names, lang) for i in found))))
    shown, more = ("、" if lang == "zh" else ", ").join(told[:most]), len(told) - most
    if more > 0:
        shown += f"等 {len(told)} 项" if lang == "zh" else f" and {more} more"
    return shown


def _years(table) -> str:
    if "year" not in table:
        return ""
    years = pd.to_numeric(table["year"], errors="coerce").dropna().astype(int)
    if years.empty:
        return ""
    return f"{years.min()}–{years.max()}" if years.min() < years.max() else str(years.min())


# ---- kinds --------------------------------------------------------------------------------------


def word_of(code, lang) -> str:
    """A code in words, a joined one part by part; "" for one that is not known."""
    at = 0 if lang == "zh" else 1
    parts = [CODES.get(part) for part in ([code] if code in CODES else str(code).split("+"))]
    return "" if None in parts else ("并" if lang == "zh" else " and ").join(p[at] for p in parts)


def _kinds(table, names, lang, place) -> str:
    zh = lang == "zh"
    column = next((c for c in KINDS if c in table), None)
    if column is None:
        return ""
    spoken = f"{column}_zh" in table  # verdicts are words already
    if spoken:
        pairs = zip(table[column].fillna(""), table[f"{column}_zh"].fillna(""), strict=True)
        cells = pd.Series([verdict_words(*pair, lang) for pair in pairs if pair[0]], dtype=object)
    else:
        cells = table[column].dropna().map(lambda c: word_of(c, lang))
    if cells.empty or (cells == "").any():
        return ""
    counted = cells.value_counts()
    told = ("，" if zh else ", ").join(f"{word} {n}" for word, n in counted.items())
    subjects = table["indicator"].nunique() if "indicator" in table else 0
    years = _years(table)
    if zh:
        head = f"{subjects} 项指标" if subjects > 1 else f"共 {len(cells)} 项"
        return f"{head}{f'，{years} 年' if years else ''}：{told}。"
    head = f"{subjects} indicators" if subjects > 1 else f"{len(cells)} items"
    return f"{head}{f', {years}' if years else ''}: {told}."


# ---- series -------------------------------------------------------------------------------------


def _times(table) -> pd.Series:
    """When each row holds, as text: a year, a month, or a period as written; None without."""

    def when(row):
        for column in ("period", "month", "year"):
            cell = row.get(column)
            if cell is None or pd.isna(cell) or str(cell) in ("", "annual"):
                continue
            text = f"{cell:.0f}" if isinstance(cell, float) else str(cell)
            if "," in text:  # several periods at once
                return None
            if column == "month" and "-" not in text:  # a month of every year is no point in time
                continue
            if re.match(r"\d{4}", text):
                return text
        return None

    return table.apply(when, axis=1)


def _series(table, names, lang, place) -> str:
    zh = lang == "zh"
    if not {"value", "indicator"} <= set(table) or "date" in table or "hour" in table:
        return ""
    rows = table.assign(when=_times(table), value=pd.to_numeric(table["value"], errors="coerce"))
    rows = rows[rows["when"].notna() & rows["value"].notna() & rows["indicator"].isin(names.index)]
    for column in ("kind", "station", "target_id"):  # of these a series holds one sort at a time
        if column in rows:
            rows = rows[rows[column].isna()]
    keys = [k for k in ("panel", "scope", "indicator") if k in rows]
    told, others = {}, []
    for _, part in rows.groupby(keys, sort=False, dropna=False):
        for subject, words, some in _parts(part, names, lang, place):
            if subject in told or len(told) == MOST_SERIES:
                others.append(some)  # of one name only the first is told
            else:
                told[subject] = words
    if not told:
        return ""
    sentences = list(told.values())
    if others:
        about = _subjects(pd.concat(others), names, lang)
        n = len(others)
        sentences.append(f"另画 {n} 条序列（{about}）" if zh else f"{n} more series ({about})")
    return _stop(sentences, lang)


def _parts(part, names, lang, place) -> list[tuple]:
    """A series in words; where a time comes twice, one for each kind of evidence or basis."""
    part = part.drop_duplicates(["when", "value"])
    for keys in ([], ["status"], ["basis"], ["status", "completeness", "basis"]):
        keys = [k for k in keys if k in part]
        split = [p for _, p in part.groupby(keys, sort=False, dropna=False)] if keys else [part]
        if not any(p["when"].duplicated().any() for p in split):
            return [(*_ends(p, names, lang, place), p) for p in split]
    return []  # two quantities under one name


def _whole(part) -> pd.DataFrame:
    """Without the years of an incomplete record, where enough others are there."""
    status = part["status"] if "status" in part else pd.Series("", part.index)
    partial = status.isin(["estimated", "bound"])
    if "completeness" in part:
        partial |= (status == "computed") & (part["completeness"] == "partial")
    return part if (~partial).sum() < 2 else part[~partial]


def _shown(row, names, lang) -> str:
    line, unit = names.loc[row["indicator"]], row.get("unit")
    if isinstance(unit, str) and unit != line["unit"]:
        return as_written(row["value"], unit, lang)
    return quantity(row["value"], line, lang)


def _status(row, lang) -> str:
    status = row.get("status")
    if status == "computed" and row.get("completeness") == "partial":
        status = "partial"
    return STATUS[status][0 if lang == "zh" else 1] if status in STATUS else ""


def _when(text, lang) -> str:
    """A year, a month or some months of a year in words."""
    found = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:\.\.(\d\d))?", text)
    if not found:
        return text
    year, first, last = found[1], *(int(m) if m else None for m in found.groups()[1:])
    if lang == "zh":
        return f"{year} 年" + (f" {first}{f'—{last}' if last else ''} 月" if first else "")
    return f"months {first}–{last} of {year}" if last else text


def _ends(part, names, lang, place) -> tuple[str, str]:
    zh = lang == "zh"
    part = _whole(part).sort_values("when", kind="stable")
    ends = [part.iloc[i] for i in ((0, -1) if len(part) > 1 else (0,))]
    kinds = [_status(row, lang) for row in ends]
    scope = ends[0].get("scope")
    scope = place(scope) if isinstance(scope, str) else ""
    name = name_of(ends[0]["indicator"], names, lang)
    points = []
    for row, kind in zip(ends, kinds, strict=True):
        kind = kind if len(set(kinds)) > 1 and kind else ""
        value = _shown(row, names, lang)
        when = _when(row["when"], lang)
        mark = (f"（{kind}）" if zh else f" ({kind})") if kind else ""
        points.append((f"{when} {value}" if zh else f"{value} in {when}") + mark)
    kind = kinds[0] if len(set(kinds)) == 1 else ""
    if zh:
        subject = f"{scope}{name}{f'（{kind}）' if kind else ''}"
        return subject, f"{subject}：" + "，".join(points)
    about = ", ".join(filter(None, (scope, kind)))
    subject = f"{name}{f' ({about})' if about else ''}"
    return subject, f"{subject}: " + ", ".join(points)


def _periods(table, names, lang, place) -> str:
    """Months of several periods side by side: the range of each in the first and the last."""
    columns = [c for c in table if PERIOD.fullmatch(str(c))]
    if len(columns) < 2 or "indicator" not in table or "hour" in table:
        return ""
    told = []
    for code, part in table.groupby("indicator", sort=False):
        if code in names.index:
            line = names.loc[code]
            spans = [(c, span(part[c].min(), part[c].max(), line, lang))
                     for c in (columns[0], columns[-1])]  # fmt: skip
            told.append(name_of(code, names, lang) + ("：" if lang == "zh" else ": ") + (
                "，".join(f"{c} 年各月 {s}" for c, s in spans) if lang == "zh"
                else ", ".join(f"{s} over the months of {c}" for c, s in spans)))  # fmt: skip
    return _stop(told, lang) if told else ""


# ---- least and greatest -------------------------------------------------------------------------


def _readable(cell, lang) -> str:
    """A label in words of the language; "" for a code or for the other language."""
    text = "" if cell is None or pd.isna(cell) else str(cell).strip()
    text = f"{float(text):.0f}" if re.fullmatch(r"\d+\.0", text) else text.replace("\n", " ")
    if re.fullmatch(r"0\.\d+", text):
        return percent(float(text), lang)
    if re.fullmatch(r"\d{4}(-\d\d)?(\.\.\d\d)?", text):
        return _when(text, lang)
    if text in METHOD:
        return METHOD[text][0 if lang == "zh" else 1]
    if "_" in text or (lang == "zh" and re.fullmatch(r"[a-z][a-z0-9 -]*", text)):
        return ""
    return text


def _extremes(table, names, lang, place) -> str:
    zh = lang == "zh"
    for column, (zh_word, en_word, unit) in MEASURES.items():
        if column not in table:
            continue
        rows = table.assign(**{column: pd.to_numeric(table[column], errors="coerce")})
        rows = rows[rows[column].notna()]
        if len(rows) < 2 or rows[column].nunique() < 2:
            continue
        about = next(
            (c for c in ("indicator", "pollutant") if c in rows and rows[c].notna().all()), None
        )
        label = next((c for c in (*(f"{n}_{lang}" for n in LABELS), *LABELS)
                      if c in rows and rows[c].map(lambda x: _readable(x, lang)).any()), None)  # fmt: skip
        if label == "month" and not rows[label].astype(str).str.contains("-").any():
            label = None  # a month of every year is no place in time
        keys = [c for c in ("scope", about) if c in rows] if about else []
        groups = rows.groupby(keys, sort=False) if keys else [(("", ""), rows)]
        told = []
        for key, part in groups:
            name = name_of(key[-1], names, lang)
            if (about and not name) or part[column].nunique() < 2:
                continue
            ends = []
            for at in (part[column].idxmin(), part[column].idxmax()):
                shown = _measure(
                    part.loc[at], column, unit, names.loc[key[-1]] if name else None, lang
                )
                where = _readable(part.at[at, label], lang) if label else ""
                where = place(where) if label == "station" else where
                mark = f"（{where}）" if zh else f" ({where})"
                ends.append(shown + (mark if where else ""))
            if len(key) > 1 and key[0] and rows["scope"].nunique() > 1:
                name = f"{place(key[0])}{'' if zh else ': '}{name}"
            head = f"{name}：" if zh and name else f"{name}: " if name else ""
            told.append(head + (f"最小 {ends[0]}，最大 {ends[1]}" if zh
                                else f"least {ends[0]}, greatest {ends[1]}"))  # fmt: skip
        if told:
            more = len(told) - MOST_SERIES
            told = told[:MOST_SERIES]
            if more > 0:
                told.append(f"另有 {more} 项" if zh else f"{more} more")
            word = zh_word if zh else en_word[0].upper() + en_word[1:]
            return word + ("，" if zh else ", ") + _stop(told, lang)
    return ""


def _measure(row, column, unit, line, lang) -> str:
    value = row[column]
    if unit is None:
        return number(value, 0)
    if unit == "share":
        return amount(100 * value, 0, "%", lang)
    if unit == "%":
        return amount(value, 1, "%", lang)
    own = row.get("unit")
    if isinstance(own, str) and (line is None or own != line["unit"]):
        return amount(value, 1, own, lang)
    if line is None:
        return f"{value:.3g}".replace("-", "\u2212")
    finer = 0 if column in ("value", "target") else 1
    places = (0 if pd.isna(line["decimals"]) else int(line["decimals"])) + finer
    return quantity(value, line, lang, decimals=places)


def _rows(table, names, lang, place) -> str:
    """The last resort: how many rows, of what and when."""
    years, about = _years(table), _subjects(table, names, lang)
    if lang == "zh":
        when = f"，{years}{NBSP}年" if years else ""
        return f"图中数据 {len(table)} 行{when}{f'，涉及{about}' if about else ''}。"
    when = f", {years}" if years else ""
    return f"{len(table)} rows of data{when}{f': {about}' if about else ''}."
