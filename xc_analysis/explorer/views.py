"""The views: what each finds, draws and lists. Every number is the package's own."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from .. import figures, plots, style
from ..air import months
from ..assessment import judge, scorecard
from ..errors import InputError
from ..evidence import compare, series, sources_of
from ..fits import fit, fit_setting, setting_series
from ..observations import HOME, area_name, stamp
from ..plots.tables import card_cells, short_verdict
from ..robustness import sensitivity
from ..tables import load
from ..targets import PLAN, shown_sign
from ..targets import target as plan_target
from ..trends import trend
from ..words import error, language, tr, word
from .state import Choice, State, write_address

_TABLES = ("observations", "targets", "assumptions", "indicators", "air/annual")
_POINTS = ("point", "estimate", "bound", "partial", "median")


@dataclass(frozen=True)
class Shown:
    """One view of one state, in the language in force.

    ``draw`` makes its figure at a width in mm. A table is a caption, heads and rows of cells; a
    cell may be (text, query), a link. ``setting`` is what a citation says of it.
    """

    title: str
    finding: str
    lines: list[str]
    stem: str
    sources: tuple[str, ...] = ()
    draw: Callable | None = None
    tables: tuple[tuple[str, list, list], ...] = ()
    setting: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawn figure: its files, and (x, y, cells) of its points, as shares of its size."""

    png: bytes
    csv: bytes
    points: list[tuple[float, float, list[str]]]


def show(state: State) -> Shown:
    """Work out the view that a state names, or raise `InputError` with the reason."""
    return _VIEWS[state.view](state)


def draw_picture(shown: Shown, width: float) -> Picture:
    """Draw a view's figure once and keep its files and where its points lie."""
    import matplotlib.pyplot as plt

    fig = shown.draw(width)
    try:
        with tempfile.TemporaryDirectory() as folder:
            paths = figures.save_figure(fig, shown.stem, width=width, folder=folder)
            png, csv = (Path(path).read_bytes() for path in paths)
        points = [point for ax in fig.axes for point in _points_of(ax, fig.bbox)]
    finally:
        plt.close(fig)
    return Picture(png, csv, points)


def _points_of(ax, box) -> list[tuple[float, float, list[str]]]:
    found, (low, high) = [], sorted(ax.get_ylim())
    for rows in figures.record_of(ax).frames:
        for row in rows[rows["mark"].isin(_POINTS)].to_dict("records"):
            y = next((row[k] for k in ("y", "upper", "lower") if row.get(k) == row.get(k)), np.nan)
            if low <= y <= high:
                x, y = ax.transData.transform((row["x"], y))
                found.append((x / box.width, 1 - y / box.height, _point_cells(row)))
    return sorted(found, key=lambda point: point[0])


def _point_cells(row: dict) -> list[str]:
    """Tell a point's series, time, value, range, evidence and sources."""
    year, part = divmod(row["x"], 1)
    when = f"{year:.0f}-{int(12 * part) + 1:02d}" if part else f"{year:.0f}"
    value, low, high = (_short(row.get(k)) for k in ("y", "lower", "upper"))
    ends = word("range", low=low or "…", high=high or "…") if low or high else ""
    kind = "plot.median" if row["mark"] == "median" else f"status.{row.get('status')}"
    ids = row.get("source_id")
    ids = ids.split(";") if isinstance(ids, str) and ids else ()
    names = (source_names().get(one, one) for one in ids)
    value = f"{value} {style.unit_name(row.get('unit'))}".strip() if value else ""
    return [str(row.get("series") or ""), when, value, ends, word(kind), "; ".join(names)]


def _short(value) -> str:
    return f"{value:.4g}" if value is not None and np.isfinite(value) else ""


def source_names() -> dict[str, str]:
    """Name every source shortly in the language in force."""
    return kept(_source_names)


def _source_names() -> dict[str, str]:
    table, short = load("sources"), f"short_{language()}"
    return dict(zip(table["source_id"], table[short].fillna(table["title"]), strict=True))


def _chance(p: float) -> str:
    return "" if np.isnan(p) else f"{p:.2f}"


def cite(state: State, shown: Shown) -> str:
    """Write a citation that can be followed from paper."""
    names = tr("；", "; ").join(source_names()[one] for one in shown.sources)
    told = {"title": shown.title, "finding": shown.finding, "sources": names or "–"}
    told["setting"] = shown.setting and shown.setting + tr("。", ". ")
    query = write_address(state) or f"view={state.view}"
    return word(
        "page.cited", query=query, version=version("xc-analysis"), date=date.today(), **told
    )


@functools.lru_cache(maxsize=32)
def _kept(what: Callable, arguments: tuple, _language: str, _stamp):
    return what(*arguments)


def kept(what: Callable, *arguments):
    """Call a function whose result holds as long as the tables and the language do."""
    return _kept(what, arguments, language(), stamp(*_TABLES))


def indicators_of(state: State) -> dict[str, str]:
    """Name the indicators that a view of the areas can show, in the register's order."""
    return kept(_indicators_of, state.view, state.areas if state.view == "series" else (HOME,))


def _indicators_of(view: str, areas: tuple[str, ...]) -> dict[str, str]:
    if view == "months":
        there = load("air/monthly")["indicator"]
    elif view == "series":
        rows = load("observations")
        rows = rows[rows["use"] & (rows["period"] == "annual")]
        own = load("indicators").set_index("indicator")["statistic"]
        rows = rows[rows["statistic"] == rows["indicator"].map(own)]
        tables = (rows, load("air/annual"), load("air/areas_annual"))
        there = pd.concat([one["indicator"][one["scope"].isin(areas)] for one in tables])
    else:
        rows = load("targets")
        there = rows["indicator"][(rows["scope"] == HOME) & (rows["plan"] == PLAN)]
    known = set(there)
    return {i: style.indicator_name(i) for i in load("indicators")["indicator"] if i in known}


def _ids(*frames) -> tuple[str, ...]:
    return tuple(sources_of(*frames).index)


def _joined(parts) -> str:
    return tr("、", ", ").join(map(str, parts))


def _left_out(state: State) -> list[str]:
    years = state.a.without
    return [word("page.left_out", years=_joined(years))] if years else []


def _within(frame: pd.DataFrame, state: State, without: tuple = ()) -> pd.DataFrame:
    years = frame.index.year if isinstance(frame.index, pd.PeriodIndex) else frame.index
    first, last = state.years or (years.min(), years.max())
    part = frame[(years >= first) & (years <= last) & ~years.isin(without)]
    if not len(part):
        raise error("page.no_values", first=first, last=last)
    part.attrs = frame.attrs
    return part


# ---- series and months ----------------------------------------------------------------------


def area_series(state: State) -> tuple[list, list, list[str]]:
    """Read the series drawn, those behind the trends, and what must be said of them.

    One area stands on one reference state where that can be computed; several are put like with
    like.
    """
    choice = state.a
    asked = {"source": choice.source, "partial": choice.partial or "estimate"}
    if len(state.areas) > 1:
        if state.freq == "monthly" or choice.basis:
            raise error("page.areas_annual")
        return _several(state, asked)
    asked |= {"scope": state.areas[0], "freq": state.freq}
    drawn = series(state.indicator, **asked, basis=choice.basis or "raw")
    if drawn.attrs["source"] != "station":
        return [drawn], [drawn], []
    if state.areas != (HOME,):
        return [drawn], [drawn], [word("page.other_state")]
    same = series(state.indicator, **asked, basis="new")
    return [same if choice.basis is None else drawn], [same], [word("page.one_state")]


def _several(state: State, asked: dict) -> tuple[list, list, list[str]]:
    frames, lacking = [], []
    for area in state.areas:
        try:
            table = compare(state.indicator, [area], **asked)
        except InputError:
            lacking.append(area_name(area))
            continue
        source = table.attrs["source"][area]
        frame = series(state.indicator, scope=area, source=source, partial="observed")
        if source == "station":  # the values of compare: from the archive alone, like with like
            values, attrs = table[area].dropna(), frame.attrs
            frame = frame.reindex(values.index).assign(value=values, lower=np.nan, upper=np.nan)
            partial = values.index.isin(table.attrs["partial_years"][area])
            frame["status"] = np.where(partial, "partial", "computed")
            frame["source_id"] = table.attrs["source_id"][area]
            frame.attrs = attrs | {"partial": asked["partial"]}
        frames.append(frame)
    if not frames:
        raise error("page.no_area", areas=_joined(lacking))
    lines = [word("page.areas_without", areas=_joined(lacking))] if lacking else []
    if any(frame.attrs["source"] == "station" for frame in frames):
        lines += [word("page.like_with_like"), word("page.other_state")]
    return frames, frames, lines


def _trend_told(frame: pd.DataFrame, area: str) -> tuple[str, list[str], list]:
    """Return a trend as a sentence, with its warnings and, for a figure, itself."""
    try:
        found = trend(frame)
    except InputError:
        return f"{area}: {word('trend.too_few')}", [], []
    per_year = word("trend.per_year", unit=style.unit_name(found.unit))
    ends = word("range", low=f"{found.lower:+.3g}", high=f"{found.upper:+.3g}")
    told = {"slope": f"{found.slope:+.3g} {per_year}", "range": ends, "n": found.n}
    told |= {"years": style.span(found.first, found.last), "verdict": word(f"trend.{found.key}")}
    told |= {"confidence": style.percent(100 * found.confidence, 1), "p": f"{found.p:.2g}"}
    notes = [str(one) for one in (*found.warnings, found.note) if one]
    return word("page.trend", area=area, **told), notes, [found]


def _series(state: State) -> Shown:
    drawn, same, lines = area_series(state)
    areas = [area_name(frame.attrs["scope"]) for frame in same]
    told = [
        _trend_told(_within(f, state, state.a.without), a) for f, a in zip(same, areas, strict=True)
    ]
    notes = dict.fromkeys(note for _, found, _ in told for note in found)
    for note in notes:  # said once, with the areas that it does not hold for all of
        having = [area for area, (_, found, _) in zip(areas, told, strict=True) if note in found]
        lines.append(note if having == areas else f"{_joined(having)}: {note}")
    on = told[0][2] if len(same) == 1 and same[0].equals(drawn[0]) else []
    drawn = [_within(frame, state) for frame in drawn]

    def draw(width):
        fig, (ax,) = figures.panels(1, height=74, width=width)
        line = on if on and state.freq == "annual" else None
        plots.plot_series(*drawn, trend=line, years=state.years, ax=ax)
        return fig

    name = style.indicator_name(state.indicator)
    return Shown(
        title=tr(f"{_joined(areas)}{name}", f"{_joined(areas)}: {name}"),
        finding=told[0][0],
        lines=[sentence for sentence, _, _ in told[1:]] + lines + _left_out(state),
        stem=f"{state.indicator}_{state.freq}",
        sources=_ids(*drawn),
        draw=draw,
    )


def _months(state: State) -> Shown:
    basis = state.a.basis or "new"
    table = months(state.indicator, basis=basis, partial="drop").dropna(how="all")
    attrs, table = table.attrs, _within(table, state, state.a.without)
    unit, places = style.unit_name(attrs["unit"]), attrs["decimals"]
    name, best_first = style.indicator_name(state.indicator), attrs["better"] == "lower"

    def told(values, at, label) -> dict:
        month, value = next(
            iter(values.dropna().sort_values(ascending=best_first).iloc[[at]].items())
        )
        return {
            label: word(f"month.{month}"),
            f"{label}_value": f"{style.number(value, places)} {unit}",
        }

    mean = table.mean()
    found = told(mean, -1, "worst") | told(mean, 0, "best")
    found |= {"name": name, "years": style.span(*table.index[[0, -1]])}
    latest = word("page.worst_last", year=table.index[-1], **told(table.iloc[-1], -1, "worst"))
    sources = _ids(series(state.indicator, source="station", freq="monthly"))
    cells = pd.concat([table, mean.to_frame(word("page.mean")).T]).map(
        style.number, decimals=places
    )
    shown = table.set_axis(table.columns.astype(str), axis=1)
    shown.attrs = attrs | {"source_id": ";".join(sources)}

    def draw(width):
        fig, (ax,) = figures.panels(1, height=4.6 * len(shown) + 10, width=width)
        plots.plot_grid(shown, decimals=places if width > 100 else 0, title=name, ax=ax)
        return fig

    heads = [word("column.year"), *(word(f"month.{m}") for m in table.columns)]
    return Shown(
        title=tr(f"{area_name(HOME)}{name}逐月", f"{area_name(HOME)}: {name} by month"),
        finding=word("page.worst_month", **found),
        lines=[latest, word(f"page.months_{basis}"), *_left_out(state)],
        stem=f"{state.indicator}_months",
        sources=sources,
        draw=draw,
        tables=((word("page.by_month"), heads, cells.reset_index().to_numpy().tolist()),),
    )


# ---- targets --------------------------------------------------------------------------------


def setting_of(state: State, choice: Choice):
    """Return the register's setting with what a choice replaces."""
    setting = fit_setting(state.indicator, as_of=state.known)
    changes = {"window": choice.fit, "method": choice.method, "prior_sd": choice.prior}
    changes |= {name: getattr(choice, name) for name in ("source", "basis", "partial")}
    return replace(setting, **{k: v for k, v in changes.items() if v is not None})


def judge_choice(state: State, choice: Choice):
    """Assess the plan's target under a choice."""
    aim = plan_target(state.indicator, reading=choice.reading)
    if choice.reading and aim.value is not None:
        raise error("page.reading_unused", target=aim.text)
    setting = setting_of(state, choice)
    if setting.window[1] > state.known:
        raise error("page.fit_after", last=setting.window[1], known=state.known)
    data = setting_series(setting)
    if choice.source and data.attrs["source"] != choice.source:
        raise error("page.no_such_series", what=word(f"series.{choice.source}"))
    if choice.basis and data.attrs["source"] != "station":
        raise error("page.no_such_series", what=word(f"page.basis.{choice.basis}"))
    if not {*choice.without} & {*range(setting.window[0], setting.window[1] + 1)}:
        return judge(data, aim, state.known, setting)
    ends = {"to": aim.year, "base_year": aim.base_year, "exclude": choice.without}
    try:
        return judge(data, aim, state.known, setting, fit(data, setting, as_of=state.known, **ends))
    except InputError:
        one = judge(data, aim, state.known, setting)
        if (one.under_reading or one).rule in (10, 11):  # it would rest on the years left out
            raise
        return one


def setting_words(state: State, choice: Choice) -> dict[str, str]:
    """Tell a setting as pairs of label and value, in the order of the controls."""
    setting, aim = setting_of(state, choice), plan_target(state.indicator, reading=choice.reading)
    told = {
        "fit": style.span(*setting.window),
        "without": _joined(choice.without) or word("page.none"),
        "method": word(f"method.{setting.method}"),
        "prior": _short(setting.prior_sd) or "–",
        "source": word(f"series.{setting.source or 'any'}"),
        "basis": word(f"page.basis.{setting.basis}"),
        "partial": word(f"page.partial.{setting.partial}"),
        "reading": _signed(aim.reading) if aim.value is None else aim.text,
    }
    return {word(f"page.label.{name}"): value for name, value in told.items()}


def _signed(reading: str) -> str:
    sign, _, value = reading.partition(" ")
    return f"{shown_sign(sign)} {value}" if value else "–"


def _verdict_lines(one) -> list[str]:
    """Tell what led to a verdict, its flags and what the projection says of itself."""
    shown, lines = one.under_reading or one, [str(one.why)]
    if one.under_reading:
        told = {"reading": _signed(one.target.reading), "verdict": shown.label()}
        lines += [word("page.under_reading", **told), str(shown.why)]
    lines += dict.fromkeys(map(str, (*one.flags, *shown.flags)))
    fan = shown.projection
    if fan is not None and fan.weights:
        parts = [f"{word(f'path.{kind}')} {100 * w:.0f} %" for kind, w in fan.weights.items()]
        lines.append(word("projection.weights", listed=_joined(parts)))
        share = {side: f"{100 * part:.0f}" for side, part in fan.prior_share.items()}
        lines.append(word("projection.prior_share", **share))
    lines += map(str, fan.warnings if fan is not None else ())
    return lines


def _draw_verdict(ax, one, known: int, **look):
    fan, data = (one.under_reading or one).projection, one.data
    if fan is None:
        return plots.plot_series(data[data.index <= known], target=one.target, **look, ax=ax)
    later = data[data.index > known]
    later.attrs = data.attrs
    came = later if later["value"].notna().any() else None
    return plots.plot_projection(fan, target=one.target, outturn=came, **look, ax=ax)


def _has_values(one, known: int) -> bool:
    values = one.data.loc[one.data.index <= known, ["value", "lower", "upper"]]
    return bool(values.notna().any(axis=None))


def _target_title(state: State) -> str:
    area, name = area_name(HOME), style.indicator_name(state.indicator)
    return word("page.target_title", area=area, name=name, known=state.known)


def _target(state: State) -> Shown:
    one = judge_choice(state, state.a)

    def draw(width):
        fig, (ax,) = figures.panels(1, height=78, width=width)
        _draw_verdict(ax, one, state.known)
        return fig

    words = setting_words(state, state.a)
    return Shown(
        title=_target_title(state),
        finding=one.label(),
        lines=_verdict_lines(one),
        stem=f"{state.indicator}_target",
        sources=_ids(one.data) if len(one.data) else (),
        draw=draw if _has_values(one, state.known) else None,
        tables=((word("page.setting"), [], [list(pair) for pair in words.items()]),),
        setting=tr("，", ", ").join(f"{k} {v}" for k, v in words.items()),
    )


def _choices(state: State) -> Shown:
    table, rows = kept(_sensitivity, state.indicator, state.known), []
    year = plan_target(state.indicator).year
    for row in table.to_dict("records"):
        verdict = short_verdict(row["verdict"], year) if row["verdict"] else row["note"]
        numbers = [_short(row[k]) for k in ("median", "lower_80", "upper_80")]
        cells = [row["what"], verdict + " ←" * bool(row["moves"]), _chance(row["p_meet"])]
        rows.append([*cells, *numbers])
    heads = [word("page.choice"), word("column.verdict"), "P", word("projection.median")]
    return Shown(
        title=_target_title(state),
        finding=word("page.moving", of=len(rows) - 1, n=int(table["moves"].sum())),
        lines=[f"{rows[0][0]}: {rows[0][1]}"],
        stem=f"{state.indicator}_choices",
        sources=_ids(setting_series(setting_of(state, Choice()))),
        tables=((word("page.sensitivity"), [*heads, "10 %", "90 %"], rows),),
    )


def _sensitivity(indicator: str, known: int) -> pd.DataFrame:
    return sensitivity(indicator, as_of=known)


def _compare(state: State) -> Shown:
    both = [judge_choice(state, choice) for choice in (state.a, state.b)]
    words = [setting_words(state, choice) for choice in (state.a, state.b)]
    judged = [one.under_reading or one for one in both]
    for told, one in zip(words, judged, strict=True):
        told[word("column.verdict")] = one.label()
        told[word("column.p_meet")] = _chance(one.p_meet) or "–"
    keys = list(words[0])
    differing = [key for key in keys if words[0][key] != words[1][key]]
    named = [key for key in differing if key in keys[:-2]]
    names = [
        f"{letter} " + (tr("，", ", ").join(f"{k}: {w[k]}" for k in named) or word("page.same"))
        for letter, w in zip("AB", words, strict=True)
    ]
    verdicts = [one.label() for one in judged]
    moved = word("page.verdict_same" if verdicts[0] == verdicts[1] else "page.verdict_moves")
    rows = [[k, words[0][k], words[1][k], "≠" if k in differing else ""] for k in keys]

    def draw(width):
        import matplotlib.pyplot as plt

        # both on one scale: a first drawing tells how far each reaches
        ends, pairs = [], list(zip(both, names, strict=True))
        for look in ({}, {"ylim": None}):
            fig, axes = figures.panels(2, height=70, width=width)
            if look:
                look = {"ylim": (min(e[0] for e in ends), max(e[1] for e in ends))}
            for ax, (one, name) in zip(axes, pairs, strict=True):
                ends.append(_draw_verdict(ax, one, state.known, title=name, **look).get_ylim())
            if not look:
                plt.close(fig)
        return fig

    return Shown(
        title=_target_title(state),
        finding=f"{moved}: A {verdicts[0]} → B {verdicts[1]}",
        lines=names + [f"{letter}: {one.why}" for letter, one in zip("AB", judged, strict=True)],
        stem=f"{state.indicator}_compare",
        sources=_ids(*(one.data for one in both if len(one.data))),
        draw=draw if all(_has_values(one, state.known) for one in both) else None,
        tables=((word("page.two_settings"), ["", "A", "B", ""], rows),),
        setting=tr("；", "; ").join(names),
    )


def _table(state: State) -> Shown:
    card = kept(_scorecard, state.known)
    cells, heads, _, _ = card_cells([card])
    met, not_met = (card["verdict"].str.match(rf"{k}\b") for k in ("met", "not met"))
    rest = card["verdict"][~met & ~not_met].value_counts(sort=False)
    year = int(card["target_year"].iloc[0])
    kinds = _joined(f"{short_verdict(term, year)} {n}" for term, n in rest.items())
    for row, one in zip(cells, card.to_dict("records"), strict=True):
        row[1] = row[1], write_address(replace(state, view="target", indicator=one["indicator"]))
        row.append(one[f"why_{language()}"])
    counts = {"met": int(met.sum()), "not_met": int(not_met.sum()), "open": int(rest.sum())}
    title = word("page.fourteen", known=state.known)
    return Shown(
        title=title,
        finding=word("page.counted", of=len(card), kinds=kinds, **counts),
        lines=[word("page.counted_note")],
        stem="table2",
        sources=("plan",),
        tables=((title, [*heads, word("column.why")], cells),),
    )


def _scorecard(known: int) -> pd.DataFrame:
    return scorecard(as_of=known)


_VIEWS = {
    "target": _target,
    "compare": _compare,
    "choices": _choices,
    "series": _series,
    "months": _months,
    "table": _table,
}
