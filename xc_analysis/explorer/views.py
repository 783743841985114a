"""The views: what each finds, draws and lists. Every number is the package's own."""

import functools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from .. import figures, fits, observations, plots, style, words
from ..air import months
from ..assessment import chance, judge, scorecard, sensitivity
from ..errors import InputError
from ..evidence import compare, series, sources_of
from ..observations import HOME
from ..plots.tables import card_cells, short_verdict
from ..tables import load
from ..targets import PLAN, target
from ..trends import trend
from ..words import area_name, difference_unit, error, joined, language, tr, unit_name, word
from .state import Choice, State, write_address

_TABLES = ("observations", "targets", "assumptions", "indicators", "sources")
_TABLES += ("air/annual", "air/monthly", "air/daily")
_POINTS = ("point", "estimate", "bound", "partial", "median")


@dataclass(frozen=True)
class Shown:
    """One view of one state, in the language in force."""

    title: str
    finding: str
    lines: list[str]
    stem: str = ""
    sources: Sequence = ()  # ids, or frames that carry them
    charts: Sequence[Callable] = ()  # each draws one panel, given its axes
    height: float = 74  # of a panel, in mm
    tables: Sequence[tuple] = ()  # caption, heads, rows; a cell may be (text, query), a link
    setting: str = ""  # what a citation says of it


def show(state: State) -> Shown:
    """Work out the view that a state names, or raise `InputError` with the reason."""
    kind = state.freq if state.view == "series" else state.view
    return replace(_VIEWS[state.view](state), stem=f"{state.indicator}_{kind}")


kept = observations.kept(*_TABLES)
last_year, fit_setting = kept(fits.last_year), kept(fits.fit_setting)


def draw_picture(shown: Shown, width: float) -> tuple[bytes, bytes, list]:
    """Draw a view's figure, its width in mm: png, csv, and its points by (x, y, cells)."""
    fig, axes = figures.panels(len(shown.charts), height=shown.height, width=width)
    try:
        for ax, chart in zip(axes, shown.charts, strict=True):
            chart(ax=ax)
        with tempfile.TemporaryDirectory() as folder:
            paths = figures.save_figure(fig, shown.stem, width=width, folder=folder)
            png, csv = (path.read_bytes() for path in paths)
        return png, csv, [point for ax in fig.axes for point in _points_of(ax)]
    finally:
        plt.close(fig)


def _points_of(ax) -> list[tuple[float, float, list[str]]]:
    """Place points in shares of the figure's size; tell what each is, and its sources."""
    points, (low, high) = [], sorted(ax.get_ylim())
    for rows in figures.record_of(ax).frames:
        for row in rows[rows["mark"].isin(_POINTS)].to_dict("records"):
            y = next((row[k] for k in ("y", "upper", "lower") if pd.notna(row.get(k))), np.nan)
            if not low <= y <= high:
                continue
            x, y = ax.transData.transform((row["x"], y)) / ax.figure.bbox.size
            year, part = divmod(row["x"], 1)
            when = f"{year:.0f}-{int(12 * part) + 1:02d}" if part else f"{year:.0f}"
            value, lower, upper = (_number(row.get(k)) for k in ("y", "lower", "upper"))
            ends = word("range", low=lower or "…", high=upper or "…") if lower or upper else ""
            kind = "plot.median" if row["mark"] == "median" else f"status.{row.get('status')}"
            ids = row["source_id"].split(";") if isinstance(row.get("source_id"), str) else []
            names = words.clauses(source_names().get(one, one) for one in ids)
            value = f"{value} {unit_name(row.get('unit'))}".strip() if value else ""
            cells = [str(row.get("series") or ""), when, value, ends, word(kind), names]
            points.append((x, 1 - y, cells))
    return sorted(points, key=lambda point: point[0])


def _number(value, form: str = ".4g") -> str:
    return f"{value:{form}}" if value is not None and np.isfinite(value) else ""


@kept
def source_names() -> dict[str, str]:
    """Name every source shortly in the language in force."""
    table = load("sources").set_index("source_id")
    return table[f"short_{language()}"].fillna(table["title"]).to_dict()


def cite(state: State, shown: Shown) -> str:
    """Write a citation that can be followed from paper."""
    names = words.clauses(source_names()[one] for one in sources_of(*shown.sources).index)
    parts = {"title": shown.title, "finding": shown.finding, "sources": names or "–"}
    parts["setting"] = shown.setting and shown.setting + tr("。", ". ")
    parts["query"] = write_address(state) or f"view={state.view}"
    return word("page.cited", version=version("xc-analysis"), date=date.today(), **parts)


@kept
def indicators_of(state: State) -> dict[str, str]:
    """Name the indicators that a view of the areas can show, in the register's order."""
    register = load("indicators").set_index("indicator")
    if state.view == "months":
        known = load("air/monthly")["indicator"]
    elif state.view == "series":
        rows = load("observations").query("use and period == 'annual'")
        rows = rows[rows["statistic"] == rows["indicator"].map(register["statistic"])]
        rows = pd.concat([rows, load("air/annual"), load("air/areas_annual")])
        known = rows["indicator"][rows["scope"].isin(state.areas)]
    else:
        rows = load("targets")
        known = rows["indicator"][(rows["scope"] == HOME) & (rows["plan"] == PLAN)]
    return register.loc[register.index.isin(known), f"name_{language()}"].to_dict()


def _left_out(state: State) -> list[str]:
    years = state.a.without
    return [word("page.left_out", years=joined(years))] if years else []


def _within(frame: pd.DataFrame, state: State, without: tuple = ()) -> pd.DataFrame:
    years = frame.index.year if isinstance(frame.index, pd.PeriodIndex) else frame.index
    first, last = state.years or (years.min(), years.max())
    part = frame[(years >= first) & (years <= last) & ~years.isin(without)]
    if not len(part):
        raise error("page.no_values", first=first, last=last)
    part.attrs = frame.attrs
    return part


def area_series(state: State) -> tuple[list, list, list[str]]:
    """Read the series drawn, those behind the trends, and what must be said of them."""
    choice = state.a
    asked = {"source": choice.source, "partial": choice.partial or "estimate"}
    if len(state.areas) > 1:
        if state.freq == "monthly" or choice.basis:
            raise error("page.areas_annual")
        return _several_areas(state, asked)
    asked |= {"scope": state.areas[0], "freq": state.freq}
    drawn = series(state.indicator, **asked, basis=choice.basis or "raw")
    if drawn.attrs["source"] != "station":
        return [drawn], [drawn], []
    if state.areas != (HOME,):  # of the district alone one reference state can be computed
        return [drawn], [drawn], [word("page.other_state")]
    same = series(state.indicator, **asked, basis="new")
    return [same if choice.basis is None else drawn], [same], [word("page.one_state")]


def _several_areas(state: State, asked: dict) -> tuple[list, list, list[str]]:
    frames, lacking, lines = [], [], []
    for area in state.areas:
        try:
            table = compare(state.indicator, [area], **asked)
        except InputError:
            lacking.append(area_name(area))
            continue
        source, values = table.attrs["source"][area], table[area].dropna()
        frame = series(state.indicator, scope=area, source=source, partial="observed")
        if source == "station":  # the values of compare: from the archive alone, like with like
            frame = frame.reindex(values.index).assign(value=values, lower=np.nan, upper=np.nan)
            partial = values.index.isin(table.attrs["partial_years"][area])
            frame["status"] = np.where(partial, "partial", "computed")
            frame["source_id"] = table.attrs["source_id"][area]
            frame.attrs["partial"] = asked["partial"]
            lines = [word("page.like_with_like"), word("page.other_state")]
        frames.append(frame)
    if not frames:
        raise error("page.no_area", areas=joined(lacking))
    if lacking:
        lines = [word("page.areas_without", areas=joined(lacking)), *lines]
    return frames, frames, lines


def _series(state: State) -> Shown:
    drawn, same, lines = area_series(state)
    areas = [area_name(frame.attrs["scope"]) for frame in same]
    parts = [_within(frame, state, state.a.without) for frame in same]
    trends, sentences, notes = [], [], {}
    for area, part in zip(areas, parts, strict=True):
        try:
            line = trend(part)
        except InputError:
            sentences.append(f"{area}: {word('trend.too_few')}")
            continue
        trends.append(line)
        per_year = word("trend.per_year", unit=unit_name(difference_unit(line.unit)))
        ends = word("range", low=f"{line.lower:+.3g}", high=f"{line.upper:+.3g}")
        told = {"slope": f"{line.slope:+.3g} {per_year}", "range": ends, "n": line.n}
        told |= {"years": style.span(line.first, line.last), "verdict": word(f"trend.{line.key}")}
        told |= {"confidence": style.percent(100 * line.confidence, 1), "p": f"{line.p:.2g}"}
        sentences.append(word("page.trend", area=area, **told))
        for note in dict.fromkeys(str(one) for one in (*line.warnings, line.note) if one):
            notes.setdefault(note, []).append(area)
    for note, having in notes.items():  # said once, with the areas it holds for
        lines.append(note if having == areas else f"{joined(having)}: {note}")
    alone = len(same) == 1 and same[0].equals(drawn[0]) and state.freq == "annual"
    drawn = [_within(frame, state) for frame in drawn]
    look = {"trend": trends if alone else None, "years": state.years}
    charts = (functools.partial(plots.plot_series, *drawn, **look),)
    name = style.indicator_name(state.indicator)
    title = tr(f"{joined(areas)}{name}", f"{joined(areas)}: {name}")
    lines = [*sentences[1:], *lines, *_left_out(state)]
    return Shown(title, sentences[0], lines, sources=drawn, charts=charts)


def _months(state: State) -> Shown:
    basis = state.a.basis or "new"
    table = months(state.indicator, basis=basis).dropna(how="all")
    attrs, table = table.attrs, _within(table, state, state.a.without)
    name, places, mean = style.indicator_name(state.indicator), attrs["decimals"], table.mean()

    def extreme(values, at: int, label: str) -> dict:
        ranked = values.dropna().sort_values(ascending=attrs["better"] == "lower")
        value = f"{style.number(ranked.iloc[at], places)} {unit_name(attrs['unit'])}"
        return {label: word(f"month.{ranked.index[at]}"), f"{label}_value": value}

    extremes = extreme(mean, -1, "worst") | extreme(mean, 0, "best")
    extremes["years"] = style.span(*table.index[[0, -1]])
    latest = {"year": table.index[-1]} | extreme(table.iloc[-1], -1, "worst")
    lines = [word("page.worst_last", **latest), word(f"page.months_{basis}"), *_left_out(state)]
    sources = sources_of(series(state.indicator, source="station", freq="monthly")).index
    cells = pd.concat([table, mean.to_frame(word("page.mean")).T])
    cells = cells.map(style.number, decimals=places).reset_index()
    heads = [word("column.year"), *(word(f"month.{month}") for month in table.columns)]
    grid = table.set_axis(table.columns.astype(str), axis=1)
    grid.attrs = attrs | {"source_id": ";".join(sources)}
    title = tr(f"{area_name(HOME)}{name}逐月", f"{area_name(HOME)}: {name} by month")
    finding = word("page.worst_month", name=name, **extremes)
    chart = functools.partial(plots.plot_grid, grid, decimals=places, title=name)
    told = {"sources": sources, "charts": (chart,), "height": 4.6 * len(grid) + 10}
    tables = ((word("page.by_month"), heads, cells.to_numpy()),)
    return Shown(title, finding, lines, tables=tables, **told)


def setting_of(state: State, choice: Choice) -> fits.Setting:
    """Return the register's setting with what a choice replaces."""
    changes = {"window": choice.fit, "prior_sd": choice.prior}
    changes |= {name: getattr(choice, name) for name in ("method", "source", "basis", "partial")}
    changes = {name: value for name, value in changes.items() if value is not None}
    return fit_setting(state.indicator, as_of=state.known)._replace(**changes)


@kept
def judge_choice(state: State, choice: Choice):
    """Assess the plan's target under a choice."""
    setting, aim = setting_of(state, choice), target(state.indicator, reading=choice.reading)
    first, last = setting.window
    if choice.reading and aim.value is not None:
        raise error("page.reading_unused", target=aim.text)
    if last > state.known:
        raise error("page.fit_after", last=last, known=state.known)
    data = fits.setting_series(setting)
    if choice.source and data.attrs["source"] != choice.source:
        raise error("page.no_such_series", what=word(f"series.{choice.source}"))
    if choice.basis and data.attrs["source"] != "station":
        raise error("page.no_such_series", what=word(f"page.basis.{choice.basis}"))
    ends = {"to": aim.year, "base_year": aim.base_year, "exclude": choice.without}
    fewer = any(first <= year <= last for year in choice.without)
    try:
        fan = fits.fit(data, setting, as_of=state.known, **ends) if fewer else None
    except InputError:
        one = judge(data, aim, state.known, setting)
        if (one.under_reading or one).rule in (10, 11):  # it would rest on the years left out
            raise
        return one
    return judge(data, aim, state.known, setting, fan)


def setting_words(state: State, choice: Choice) -> dict[str, str]:
    """Tell a setting as pairs of label and value, in the order of the controls."""
    setting, aim = setting_of(state, choice), judge_choice(state, choice).target
    said = {
        "fit": style.span(*setting.window),
        "without": joined(choice.without) or word("page.none"),
        "method": word(f"method.{setting.method}"),
        "prior": _number(setting.prior_sd) or "–",
        "source": word(f"series.{setting.source or 'any'}"),
        "basis": word(f"page.basis.{setting.basis}"),
        "partial": word(f"page.partial.{setting.partial}"),
        "reading": (aim.read or aim).text or "–",
    }
    return {word(f"page.label.{name}"): value for name, value in said.items()}


def _verdict_lines(one) -> list[str]:
    """Tell what led to a verdict, its flags and what the projection says of itself."""
    shown, lines = one.under_reading or one, [str(one.why)]
    if one.under_reading:
        reading = shown.target.text
        lines.append(word("page.under_reading", reading=reading, verdict=shown.label()))
        lines.append(str(shown.why))
    lines += dict.fromkeys(map(str, (*one.flags, *shown.flags)))
    fan = shown.projection
    if fan is not None and fan.weights:
        parts = [f"{word(f'path.{kind}')} {100 * w:.0f} %" for kind, w in fan.weights.items()]
        lines.append(word("projection.weights", listed=joined(parts)))
        shares = {side: f"{100 * part:.0f}" for side, part in fan.prior_share.items()}
        lines.append(word("projection.prior_share", **shares))
    return lines + [str(warning) for warning in (fan.warnings if fan is not None else ())]


def _chart(one, known: int) -> list[Callable]:
    """Return what draws a verdict; nothing where no value was known."""
    fan, data = (one.under_reading or one).projection, one.data
    before, later = data[data.index <= known], data[data.index > known]
    later.attrs = data.attrs
    if not before[["value", "lower", "upper"]].notna().any(axis=None):
        return []
    if fan is None:
        return [functools.partial(plots.plot_series, before, target=one.target)]
    look = {"target": one.target, "outturn": later if later["value"].notna().any() else None}
    return [functools.partial(plots.plot_projection, fan, **look)]


@kept
def _value_axis(state: State, choice: Choice) -> tuple[float, float]:
    """Return the ends of the value axis of a verdict that is drawn alone."""
    fig, (ax,) = figures.panels(1)
    ends = _chart(judge_choice(state, choice), state.known)[0](ax=ax).get_ylim()
    plt.close(fig)
    return ends


def _target_title(state: State) -> str:
    area, name = area_name(HOME), style.indicator_name(state.indicator)
    return word("page.target_title", area=area, name=name, known=state.known)


def _target(state: State) -> Shown:
    one, said = judge_choice(state, state.a), setting_words(state, state.a)
    setting = tr("，", ", ").join(f"{label} {value}" for label, value in said.items())
    told = {"sources": [one.data], "charts": _chart(one, state.known), "height": 78}
    told |= {"tables": ((word("page.setting"), [], list(said.items())),), "setting": setting}
    return Shown(_target_title(state), one.label(), _verdict_lines(one), **told)


def _compare(state: State) -> Shown:
    # what a verdict rests on and no more, so that the one that stays is kept
    alone, choices = State(indicator=state.indicator, known=state.known), (state.a, state.b)
    both = [judge_choice(alone, choice) for choice in choices]
    judged = [one.under_reading or one for one in both]
    verdicts = [one.label() for one in judged]
    table = pd.DataFrame([setting_words(alone, choice) for choice in choices], index=["A", "B"]).T
    names = []
    for letter, own in table[table["A"] != table["B"]].items():
        pairs = tr("，", ", ").join(f"{label}: {value}" for label, value in own.items())
        names.append(f"{letter} {pairs or word('page.same')}")
    table.loc[word("column.verdict")] = verdicts
    table.loc[word("column.p_meet")] = [chance(one.p_meet) for one in judged]
    table["≠"] = np.where(table["A"] != table["B"], "≠", "")
    moved = word("page.verdict_same" if verdicts[0] == verdicts[1] else "page.verdict_moves")
    charts = [chart for one in both for chart in _chart(one, state.known)]
    if len(charts) == 2:
        ends = [end for choice in choices for end in _value_axis(alone, choice)]
        look = {"ylim": (min(ends), max(ends))}
        named = zip(charts, names, strict=True)
        charts = [functools.partial(chart, title=name, **look) for chart, name in named]
    finding = f"{moved}: A {verdicts[0]} → B {verdicts[1]}"
    lines = names + [f"{letter}: {one.why}" for letter, one in zip("AB", judged, strict=True)]
    told = {"charts": charts if len(charts) == 2 else [], "height": 70}
    told |= {"sources": [one.data for one in both], "setting": words.clauses(names)}
    tables = ((word("page.two_settings"), ["", "A", "B", ""], table.reset_index().to_numpy()),)
    return Shown(_target_title(state), finding, lines, tables=tables, **told)


_sensitivity, _scorecard = kept(sensitivity), kept(scorecard)


def _choices(state: State) -> Shown:
    table, rows = _sensitivity(state.indicator, as_of=state.known), []
    year = target(state.indicator).year
    for row in table.to_dict("records"):
        verdict = short_verdict(row["verdict"], year) if row["verdict"] else row["note"]
        cells = [row["what"], verdict + " ←" * bool(row["moves"]), chance(row["p_meet"])]
        rows.append([*cells, *(_number(row[k]) for k in ("median", "lower_80", "upper_80"))])
    heads = [word("page.choice"), word("column.verdict"), "P", word("projection.median")]
    tables = ((word("page.sensitivity"), [*heads, "10 %", "90 %"], rows),)
    finding = word("page.moving", of=len(rows) - 1, n=int(table["moves"].sum()))
    sources = [fits.setting_series(setting_of(state, Choice()))]
    lines = [f"{rows[0][0]}: {rows[0][1]}"]
    return Shown(_target_title(state), finding, lines, sources=sources, tables=tables)


def _table(state: State) -> Shown:
    card = _scorecard(as_of=state.known)
    cells, heads, _, _ = card_cells([card])
    for row, one in zip(cells, card.to_dict("records"), strict=True):
        row[1] = row[1], write_address(replace(state, view="target", indicator=one["indicator"]))
        row.append(one[f"why_{language()}"])
    met, not_met = (card["verdict"].str.match(rf"{term}\b") for term in ("met", "not met"))
    rest = card["verdict"][~met & ~not_met].value_counts(sort=False)
    year, title = int(card["target_year"].iloc[0]), word("page.fourteen", known=state.known)
    kinds = joined(f"{short_verdict(term, year)} {n}" for term, n in rest.items())
    counts = {"met": int(met.sum()), "not_met": int(not_met.sum()), "open": int(rest.sum())}
    finding = word("page.counted", of=len(card), kinds=kinds, **counts)
    tables = ((title, [*heads, word("column.why")], cells),)
    return Shown(title, finding, [word("page.counted_note")], sources=("plan",), tables=tables)


_VIEWS = {"target": _target, "compare": _compare, "choices": _choices, "series": _series}
_VIEWS |= {"months": _months, "table": _table}
