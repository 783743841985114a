"""The explorer's controls as plain data: what a page of one state lets a reader move."""

from __future__ import annotations

from ..style import tr
from . import explorer_words as words
from .explorer_state import (
    BASES,
    FREQUENCIES,
    ODD,
    PARTIALS,
    PHI_RANGE,
    PRIOR_RANGE,
    SHOWS,
    VIEWS,
)

VIEW_NAMES = {
    "projection": ("预测", "projection"),
    "compare": ("对比", "compare"),
    "series": ("序列", "series"),
    "scorecard": ("记分卡", "scorecard"),
    "calendar": ("空气日历", "air calendar"),
}
_FREQUENCY = {"annual": ("年", "annual"), "monthly": ("月", "monthly")}


def tabs() -> list[dict]:
    """The views, for the row of buttons."""
    return [{"value": v, "label": tr(*VIEW_NAMES[v])} for v in VIEWS]


def controls(state, book) -> list[dict]:
    """Controls of the state's view, in order.

    Returns
    -------
    list of dict
        ``name``, ``label``, ``kind`` (select, range, number, text), ``value``, and ``options``
        (value, label) or ``min``, ``max``, ``step``; ``group`` names a block.
    """
    out = [_select("scope", tr("区域", "area"), state.scope, _plain(book.scopes(state.view)))]
    if state.view in ("projection", "compare", "scorecard"):
        out.append(_select("plan", tr("规划", "plan"), state.plan, _plain(book.plans(state.scope))))
    if state.view != "scorecard" and state.view != "calendar":
        named = []
        for key in book.indicators(state.scope, state.view, state.plan):
            row = book.names.loc[key]
            plan = state.view in ("projection", "compare")
            named.append((key, (f"{int(row['plan_row'])} " if plan else "") + words.name_of(row)))
        out.append(_select("indicator", tr("指标", "indicator"), state.indicator, named))
    return out + _OF[state.view](state, book)


def _plain(values) -> list[tuple[str, str]]:
    return [(v, v) for v in values]


def _select(name, label, value, options, **more) -> dict:
    options = [(str(v), str(text)) for v, text in options]
    return {"name": name, "label": label, "kind": "select", "value": str(value),
            "options": options, **more}  # fmt: skip


def _named(table, keys):
    return [(k, words.word(table, k)) for k in keys]


def _years(name, label, value, low, high, **more) -> dict:
    years = sorted({*range(low, high + 1), value})
    return _select(name, label, value, [(y, y) for y in years], **more)


def _span(state, book) -> list[dict]:
    low, high = book.span(state.indicator, state.scope)
    return [
        _years("from", tr("起始年", "from"), state.first, low, high),
        _years("to", tr("终止年", "to"), state.last, low, high),
    ]


def _series(state, book) -> list[dict]:
    there = book.sources(state.scope, state.indicator)
    shows = SHOWS if len(there) != 1 else ("both", *there)
    out = [
        _select("show", tr("数据", "data"), state.show, _named(words.SOURCE, shows)),
        _select("freq", tr("频率", "frequency"), state.freq, _named(_FREQUENCY, FREQUENCIES)),
        *_span(state, book),
    ]
    others = book.others(state.indicator, state.scope)
    if others and state.freq == "annual":
        nothing = [("", tr("（无）", "(none)"))]
        out.append(
            _select("other", tr("并列区域", "beside it"), state.other, nothing + _plain(others))
        )
    return out + _evidence(state.a, "")


def _evidence(choice, prefix, **more) -> list[dict]:
    return [
        _select(f"{prefix}basis", tr("口径（参比状态）", "basis (reference state)"), choice.basis,
                _named(words.BASIS, BASES), **more),
        _select(f"{prefix}partial", tr("不完整年份", "incomplete years"), choice.partial,
                _named(words.PARTIAL, PARTIALS), **more),
    ]  # fmt: skip


def _choice(state, book, choice, prefix, group) -> list[dict]:
    low, high = book.span(state.indicator, state.scope)
    high = max(min(high, state.known), low + 1)
    line = book.lines(state.scope, state.plan)[state.indicator]
    there = book.sources(state.scope, state.indicator) or [choice.source]
    more = {"group": group}
    out = [
        _years(f"{prefix}fit_from", tr("拟合起始年", "fit from"), choice.fit_from, low, high, **more),
        _years(f"{prefix}fit_to", tr("拟合终止年", "fit to"), choice.fit_to, low, high, **more),
        _select(f"{prefix}method", tr("模型", "model"), choice.method,
                _named(words.METHOD, book.methods), **more),
    ]  # fmt: skip
    if line.target["kind"] in ("delegated", "qualitative"):
        out.append({
            "name": f"{prefix}reading", "kind": "text", "value": choice.reading,
            "label": tr("目标读法", "reading of the target"),
            "options": _plain(book.readings(state)), "hint": "<= 35", **more,
        })  # fmt: skip
    out += [
        _select(f"{prefix}odd", tr("特殊末年（2020等）", "odd last year (2020)"), choice.odd,
                _named(words.ODD, ODD), **more),
        {"name": f"{prefix}phi", "label": tr("阻尼 φ", "damping φ"), "kind": "range",
         "value": f"{choice.phi:g}", "min": PHI_RANGE[0], "max": PHI_RANGE[1], "step": 0.05, **more},
    ]  # fmt: skip
    if choice.prior is not None:
        out.append({
            "name": f"{prefix}prior", "label": tr("先验标准差", "prior sd"), "kind": "number",
            "value": f"{choice.prior:g}", "min": PRIOR_RANGE[0], "max": PRIOR_RANGE[1],
            "step": 0.01, **more,
        })  # fmt: skip
    out.append(
        _select(f"{prefix}source", tr("数据", "data"), choice.source,
                _named(words.SOURCE, there), **more)
    )  # fmt: skip
    return out + (_evidence(choice, prefix, **more) if choice.source == "station" else [])


def _known(state, book) -> dict:
    low, high = book.span(state.indicator, state.scope)
    return _years("known", tr("已知到（年）", "known up to"), state.known, low, high)


def _projection(state, book) -> list[dict]:
    return [*_choice(state, book, state.a, "", ""), _known(state, book)]


def _compare(state, book) -> list[dict]:
    return [
        _known(state, book),
        *_choice(state, book, state.a, "", "A"),
        *_choice(state, book, state.b, "b_", "B"),
    ]


def _calendar(state, book) -> list[dict]:
    years = book.days(state.scope)["date"].dt.year
    low, high = int(years.min()), int(years.max())
    return [
        _years("from", tr("起始年", "from"), state.first, low, high),
        _years("to", tr("终止年", "to"), state.last, low, high),
    ]


_OF = {
    "projection": _projection,
    "compare": _compare,
    "series": _series,
    "scorecard": lambda state, book: [_known(state, book)],
    "calendar": _calendar,
}
