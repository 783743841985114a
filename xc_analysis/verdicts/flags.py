"""What stands beside a verdict: grade of the evidence, flags, and words for what is missing."""

from __future__ import annotations

import numpy as np

ROUNDING_SHARE = 0.05  # printed step over level beyond which rounding is flagged


def finite(x):
    """A finite float, or None for anything empty."""
    try:
        x = float(x)
    except (TypeError, ValueError):
        return None
    return x if np.isfinite(x) else None


def word(x):
    """A text that is not empty, or None."""
    return x if isinstance(x, str) and x else None


def grade(case, n):
    """Grade of the evidence: A n >= 6 with station records, B n >= 6, C 3-5, D 2, E below."""
    if n < 2:
        return "E"
    if n == 2:
        return "D"
    if n < 6:
        return "C"
    return "A" if _has_station_record(case) else "B"


def _has_station_record(case):
    if case.attrs.get("source") == "station":
        return True
    if getattr(case.s, "ndim", 1) != 2 or "status" not in case.s.columns:
        return False
    status = case.s.loc[case.s.index.isin(case.fit.years), "status"]
    return bool((status == "computed").any())


def flags_of(case):
    """Triples (code, English, Chinese) of what a reader must know beside the verdict."""
    out, fit = [], case.fit
    if getattr(case.s, "ndim", 1) == 2:
        out += _frame_flags(case)
    if fit.years.size > 1 and int(fit.years[-1]) in case.exceptional:
        year = int(fit.years[-1])
        out.append(
            (f"{year}_last", f"exceptional {year} is the last point", f"末点为特殊年份 {year}")
        )
    if case.by_reading:
        out.append(("reading", "target read by assumption", "目标按假设读取"))
    if _rounding_share(case) > ROUNDING_SHARE:
        out.append(("rounding", "rounding over 5 % of the level", "修约超过水平的 5 %"))
    if case.conflict:
        out.append(("conflict", "conflict among sources", "来源之间有矛盾"))
    return out


def _frame_flags(case):
    frame, out = case.s, []
    year = np.asarray(frame.index, dtype=np.int64)
    if "basis" in frame.columns:
        inside = frame.loc[np.isin(year, case.fit.years), "basis"].dropna()
        bases = [str(b) for b in inside.unique() if str(b)]
        if len(bases) > 1:
            en, zh = ", ".join(bases), "、".join(bases)
            out.append(
                ("basis", f"basis changes inside the window: {en}", f"拟合时段内口径变化：{zh}")
            )
    partial = np.zeros(year.size, dtype=bool)
    if "completeness" in frame.columns:
        partial |= np.asarray(frame["completeness"].eq("partial"), dtype=bool)
    if "status" in frame.columns:
        partial |= np.asarray(frame["status"].eq("estimated"), dtype=bool)
    first, last = case.window
    partial &= (year >= (first or -np.inf)) & (year <= min(case.end, last or np.inf))
    if partial.any():
        years = [str(y) for y in np.sort(year[partial])]
        out.append(
            (
                "partial",
                f"partial years left out: {', '.join(years)}",
                f"未参与拟合的不完整年份：{'、'.join(years)}",
            )
        )
    return out


def _rounding_share(case):
    """Widest rounding of a value used, as a share of it; 0 where values are exact."""
    fit = case.fit
    if not fit.years.size or case.options["scale"] == "count":
        return 0.0
    step = np.ptp(fit.bounds, axis=1)
    if (
        getattr(case.s, "ndim", 1) == 1
        and (places := finite(case.attrs.get("decimals"))) is not None
    ):
        step = np.maximum(step, 10.0**-places)
    level = np.abs(fit.values)
    return float(np.max(np.divide(step, level, out=np.zeros_like(step), where=level > 0)))


def bound_text(case):
    """Bounds known where no value is, for the words."""
    if getattr(case.s, "ndim", 1) != 2 or not {"lower", "upper"} <= set(case.s.columns):
        return "", ""
    rows = case.s[(case.s.index <= case.end) & case.s["value"].isna()]
    rows = rows[rows["lower"].notna() | rows["upper"].notna()]
    if rows.empty:
        return "", ""
    row = rows.iloc[-1]
    ends = [f">= {row['lower']:g}"] if row["lower"] == row["lower"] else []
    ends += [f"<= {row['upper']:g}"] if row["upper"] == row["upper"] else []
    text = f"{rows.index[-1]}: {' and '.join(ends)}"
    return f" (only a bound is known, {text})", f"（仅知上下限，{text}）"


def provisional_range(case):
    """Range of the target year where that year is an estimate or a bound; else None."""
    s, year = case.s, case.aim.target_year
    if getattr(s, "ndim", 1) != 2 or case.end < year or year not in s.index:
        return None
    if case.seen.years.size and case.seen.years[-1] == year:
        return None
    row = s.loc[year]
    if row.get("status") not in ("estimated", "bound"):
        return None
    lower, upper = finite(row.get("lower")), finite(row.get("upper"))
    if lower is None and upper is None:
        return None
    return (-np.inf if lower is None else lower), (np.inf if upper is None else upper)


def annual_mean_note(case):
    """Words for a limit of which only the annual mean is judged."""
    unit = str(case.attrs.get("unit") or case.aim.unit)
    if case.attrs.get("statistic") == "mean" and unit in ("µg/m³", "mg/m³"):
        return " (annual mean only, daily percentiles not judged)", "（仅指年均值达标）"
    return "", ""


def what_is_missing(case, latest):
    """What a delegated or qualitative target lacks, and whether a value is there at all."""
    scope = case.aim.scope or case.attrs.get("scope")
    what = case.attrs.get("name_en") or case.name
    if case.aim.kind == "delegated":
        en = f"the value the city assigns to {scope or 'the area'} for {what}"
        zh = f"市级分解给{scope or '本区'}的目标值"
    elif case.aim.kind == "change":
        en = f"the value of {what} in {case.aim.base_year}, which the change counts from"
        zh = f"{case.aim.base_year} 年的基数，变化由此计"
    else:
        en = f"a number for the target of {what}, or a reading of it in the register"
        zh = "目标的数值，或假设登记表中的读法"
    if latest is None:
        en, zh = f"{en}; and a value of it", f"{zh}；以及该指标的现状值"
    return en, zh
