"""What the explorer shows, as one value that an address holds and gives back, strictly read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote

VIEWS = ("projection", "compare", "series", "scorecard", "calendar")
LANGUAGES = ("zh", "en")
BASES = ("raw", "old", "new")
PARTIALS = ("estimate", "observed", "drop")
ODD = ("wider", "with", "without")
SHOWS = ("both", "station", "published")
FREQUENCIES = ("annual", "monthly")
LONGEST = 2000  # characters of an address; nothing the page writes comes near
FIRST_YEAR, LAST_YEAR = 1990, 2060
PHI_RANGE, PRIOR_RANGE = (0.0, 1.0), (0.001, 5.0)
READING = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*(-?\d{1,9}(?:\.\d{1,6})?)\s*")


@dataclass(frozen=True)
class Choice:
    """Everything that a projection of one indicator rests on and a reader may move."""

    source: str
    basis: str
    partial: str
    fit_from: int
    fit_to: int
    method: str
    phi: float
    prior: float | None
    odd: str
    reading: str


@dataclass(frozen=True)
class State:
    """One page of the explorer; ``a`` and ``b`` are the settings of projection and comparison."""

    view: str
    lang: str
    scope: str
    plan: str
    indicator: str
    show: str
    freq: str
    other: str
    first: int
    last: int
    known: int
    a: Choice
    b: Choice


@dataclass(frozen=True)
class Problem:
    """What is wrong with an address or an entry, and what is shown in its place."""

    zh: str
    en: str


class Refused(Exception):
    """An entry that is not taken."""

    def __init__(self, zh: str, en: str):
        super().__init__(en)
        self.problem = Problem(zh, en)


PAGE_KEYS = (
    *("view", "lang", "scope", "plan", "indicator", "show", "freq", "other", "from", "to"),
    "known",
)
CHOICE_KEYS = (*("source", "basis", "partial", "fit", "method", "phi", "prior", "odd", "reading"),)
KEYS = (*PAGE_KEYS, *CHOICE_KEYS, *(f"b_{key}" for key in CHOICE_KEYS))
_FIELD = {"from": "first", "to": "last"}


def _one_of(name: str, text: str, allowed) -> str:
    if text in allowed:
        return text
    shown = [str(a) for a in allowed if a != ""]
    some = ", ".join(shown[:14]) + (" …" if len(shown) > 14 else "")
    raise Refused(
        f"{name}={_cut(text)}：没有这个选项；可选：{some or '（无）'}",
        f"{name}={_cut(text)}: no such choice; there are: {some or '(none)'}",
    )


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _year(name: str, text: str) -> int:
    if re.fullmatch(r"\d{4}", text, re.ASCII) and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return int(text)
    raise Refused(
        f"{name}={_cut(text)}：不是 {FIRST_YEAR}–{LAST_YEAR} 间的年份",
        f"{name}={_cut(text)}: no year from {FIRST_YEAR} to {LAST_YEAR}",
    )


def _number(name: str, text: str, low: float, high: float) -> float:
    if re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text, re.ASCII) and low <= float(text) <= high:
        return float(text)
    raise Refused(
        f"{name}={_cut(text)}：应为 {low:g} 至 {high:g} 之间的数",
        f"{name}={_cut(text)}: give a number from {low:g} to {high:g}",
    )


def _reading(name: str, text: str) -> str:
    if not text.strip():
        return ""
    found = READING.fullmatch(text)
    if found is None:
        raise Refused(
            f"{name}={_cut(text)}：读法应写成比较号加数值，例如 <= 35",
            f"{name}={_cut(text)}: write a reading as comparator and number, such as <= 35",
        )
    return f"{found[1].replace('≤', '<=').replace('≥', '>=')} {found[2]}"


def _window(name: str, text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{4})-(\d{4})", text, re.ASCII)
    if found is None:
        raise Refused(
            f"{name}={_cut(text)}：应写成 2015-2020", f"{name}={_cut(text)}: write it as 2015-2020"
        )
    first, last = _year(name, found[1]), _year(name, found[2])
    if first >= last:
        raise Refused(
            f"{name}={text}：起始年须早于终止年",
            f"{name}={text}: the first year must be the earlier",
        )
    return first, last


def with_entry(state: State, name: str, text: str, book) -> State:
    """The state after one entry of a control or of an address.

    Parameters
    ----------
    state : State
    name : str
        One of `KEYS`, or ``fit_from``, ``fit_to`` (with ``b_`` for the second setting).
    text : str
    book : Book
        What there is to choose from.

    Returns
    -------
    State

    Raises
    ------
    Refused
        An entry that is not one of the choices; nothing of it is used.
    """
    name, text = str(name), str(text)
    second = name.startswith("b_")
    key = name[2:] if second else name
    if key in CHOICE_KEYS or key in ("fit_from", "fit_to"):
        side = "b" if second else "a"
        return replace(state, **{side: _choice(getattr(state, side), key, name, text, state, book)})
    if name not in PAGE_KEYS:
        raise Refused(
            f"{_cut(name)}：地址中没有这一项；可用：{', '.join(KEYS[:20])}、b_…",
            f"{_cut(name)}: the address knows no such entry; there are: {', '.join(KEYS[:20])}, b_…",
        )
    if name in ("from", "to", "known"):
        state = replace(state, **{_FIELD.get(name, name): _year(name, text)})
        if state.first > state.last:
            raise Refused(
                f"{name}={text}：起始年不得晚于终止年", f"{name}={text}: the years are reversed"
            )
        return state
    allowed = {
        "view": VIEWS,
        "lang": LANGUAGES,
        "show": SHOWS,
        "freq": FREQUENCIES,
        "scope": book.scopes(state.view),
        "plan": book.plans(state.scope),
        "indicator": book.indicators(state.scope, state.view, state.plan),
        "other": ("", *book.others(state.indicator, state.scope)),
    }[name]
    value = _one_of(name, text, allowed)
    changed = replace(state, **{name: value})
    if name in ("indicator", "scope", "plan") and value != getattr(state, name):
        # another series: the register's setting holds for it, not what was moved for the last one
        return book.settled(changed)
    if name == "view" and value != state.view:
        return book.settled(changed, keep=True)
    return changed


def _choice(choice: Choice, key: str, name: str, text: str, state: State, book) -> Choice:
    if key == "fit":
        first, last = _window(name, text)
        return replace(choice, fit_from=first, fit_to=last)
    if key in ("fit_from", "fit_to"):
        moved = replace(choice, **{key: _year(name, text)})
        if moved.fit_from >= moved.fit_to:
            raise Refused(
                f"拟合时段 {moved.fit_from}–{moved.fit_to}：起始年须早于终止年，至少两年",
                f"window {moved.fit_from}-{moved.fit_to}: the first year must be the earlier",
            )
        return moved
    if key == "phi":
        return replace(choice, phi=_number(name, text, *PHI_RANGE))
    if key == "prior":
        return replace(choice, prior=_number(name, text, *PRIOR_RANGE))
    if key == "reading":
        return replace(choice, reading=_reading(name, text))
    allowed = {
        "source": book.sources(state.scope, state.indicator),
        "basis": BASES,
        "partial": PARTIALS,
        "method": book.methods,
        "odd": ODD,
    }[key]
    return replace(choice, **{key: _one_of(name, text, allowed)})


def read_address(query: str, book, *, lang: str = "zh") -> tuple[State, list[Problem]]:
    """The state that an address names, and what is wrong with it.

    Parameters
    ----------
    query : str
        The part after the question mark, with or without it.
    book : Book
    lang : {"zh", "en"}
        Language where the address names none.

    Returns
    -------
    state : State
        An entry that is refused leaves its default.
    problems : list of Problem
    """
    state, problems = book.start(lang), []
    if len(query) > LONGEST:
        told = Problem(
            f"地址过长（{len(query)} 字符，上限 {LONGEST}），按默认设定显示",
            f"the address is too long ({len(query)} characters, at most {LONGEST}): defaults shown",
        )
        return state, [told]
    pairs = parse_qsl(query.lstrip("?"), keep_blank_values=True, max_num_fields=200)
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in given:
            problems.append(
                Problem(
                    f"{_cut(name)}：出现两次，取第一个",
                    f"{_cut(name)}: given twice, the first holds",
                )
            )
        elif name not in KEYS:
            try:
                with_entry(state, name, text, book)
            except Refused as error:
                problems.append(error.problem)
        else:
            given[name] = text
    # what others depend on comes first, in the order of KEYS; the years shown come last, together
    for key in (k for k in KEYS if k in given and k not in ("from", "to")):
        try:
            state = with_entry(state, key, given[key], book)
        except Refused as error:
            problems.append(error.problem)
    try:
        first = _year("from", given["from"]) if "from" in given else state.first
        last = _year("to", given["to"]) if "to" in given else state.last
        if first > last:
            raise Refused(
                f"from={first}&to={last}：起始年不得晚于终止年",
                f"from={first}&to={last}: the years are reversed",
            )
        state = replace(state, first=first, last=last)
    except Refused as error:
        problems.append(error.problem)
    return state, problems


def entries(state: State, book) -> Mapping[str, str]:
    """The entries of a state that differ from what would hold without them."""
    base = book.start(state.lang)
    base = book.settled(
        replace(
            base, view=state.view, scope=state.scope, plan=state.plan, indicator=state.indicator
        )
    )
    out = {"view": state.view, "lang": state.lang}
    start = book.start(state.lang)
    for key in ("scope", "plan"):
        if getattr(state, key) != getattr(start, key):
            out[key] = getattr(state, key)
    out["indicator"] = state.indicator
    for key in ("show", "freq", "other", "from", "to", "known"):
        field = _FIELD.get(key, key)
        if getattr(state, field) != getattr(base, field):
            out[key] = str(getattr(state, field))
    sides = (("", state.a, base.a), ("b_", state.b, base.b))
    for prefix, choice, usual in sides:
        if (choice.fit_from, choice.fit_to) != (usual.fit_from, usual.fit_to):
            out[f"{prefix}fit"] = f"{choice.fit_from}-{choice.fit_to}"
        for key in CHOICE_KEYS:
            if key != "fit" and getattr(choice, key) != getattr(usual, key):
                value = getattr(choice, key)
                out[prefix + key] = f"{value:.10g}" if isinstance(value, float) else str(value)
    return out


def address(state: State, book) -> str:
    """The query string of a state: `read_address` of it gives the state back."""
    return "?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in entries(state, book).items())
