"""What the explorer shows, as one value that an address holds and gives back, strictly read."""

import re
from dataclasses import dataclass, fields, replace
from urllib.parse import parse_qsl, quote

from ..errors import InputError
from ..fits import last_year
from ..observations import HOME, resolve_indicator, resolve_scope
from ..targets import parse_level
from ..words import LANGUAGES, Message, error, message

VIEWS = ("target", "compare", "choices", "series", "months", "table")
#: What an entry that is one word may say.
OPTIONS = {
    "view": VIEWS,
    "lang": LANGUAGES,
    "freq": ("annual", "monthly"),
    "method": ("paths", "loglinear", "damped", "last", "linear"),
    "source": ("station", "published"),
    "basis": ("raw", "old", "new"),
    "partial": ("estimate", "observed", "drop"),
}
LONGEST = 2000  # characters of an address; nothing the panel writes comes near
FIRST_KNOWN = 2016  # the register's first window starts in 2015 and takes two years
LEAST_PRIOR, MOST_PRIOR = 0.001, 5.0


@dataclass(frozen=True)
class Choice:
    """What a fit rests on and a reader may move; None is what the register sets."""

    fit: tuple[int, int] | None = None
    without: tuple[int, ...] = ()
    method: str | None = None
    prior: float | None = None
    source: str | None = None
    basis: str | None = None
    partial: str | None = None
    reading: str | None = None


@dataclass(frozen=True)
class State:
    """One page; ``a`` is the setting of every view, ``b`` the other one of a comparison."""

    view: str = "target"
    lang: str = ""
    indicator: str = "pm25"
    areas: tuple[str, ...] = (HOME,)
    freq: str = "annual"
    years: tuple[int, int] | None = None
    known: int = 2020
    a: Choice = Choice()
    b: Choice = Choice(without=(2020,))

    def value(self, key: str):
        """Return what is held for an entry of an address."""
        if key in _PAGE:
            return getattr(self, key)
        return getattr(self.b if key.startswith("b_") else self.a, key.removeprefix("b_"))

    def with_value(self, key: str, value) -> "State":
        """Return the state with one entry replaced; an entry of the page never becomes empty."""
        if key in _PAGE:
            return replace(self, **{key: value or getattr(State(), key)})
        side = "b" if key.startswith("b_") else "a"
        choice = replace(getattr(self, side), **{key.removeprefix("b_"): value})
        return replace(self, **{side: choice})

    def with_text(self, key: str, text: str) -> "State":
        """Return the state with one entry of an address, or raise `InputError`."""
        return self.with_value(key, _read(key.removeprefix("b_"), text))


_PAGE = [field.name for field in fields(State) if field.name not in ("a", "b")]
_CHOICE = [field.name for field in fields(Choice)]
#: Every entry of an address; those that begin with ``b_`` are of setting b.
KEYS = (*_PAGE, *_CHOICE, *(f"b_{name}" for name in _CHOICE))


def _read_year(text: str, first: int = 1990, last: int = 2060) -> int:
    if not re.fullmatch("[0-9]{4}", text) or not first <= int(text) <= last:
        raise error("page.no_year", first=first, last=last)
    return int(text)


def _read(key: str, text: str):
    match key:
        case "indicator":
            return str(resolve_indicator(text)["indicator"])
        case "areas":
            return tuple(dict.fromkeys(resolve_scope(one) for one in text.split(",") if one))
        case "without":
            return tuple(dict.fromkeys(_read_year(one) for one in text.split(",") if one))
        case "known":
            return _read_year(text, FIRST_KNOWN, last_year())
        case "years" | "fit":
            ends = text.split("-")
            if len(ends) != 2 or _read_year(ends[0]) >= _read_year(ends[1]):
                raise error("page.no_span")
            return int(ends[0]), int(ends[1])
        case "prior":
            plain = re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?", text)
            if not plain or not LEAST_PRIOR <= float(text) <= MOST_PRIOR:
                raise error("page.no_prior", least=LEAST_PRIOR, most=MOST_PRIOR)
            return float(text)
        case "reading":  # a level that stands for a target without a number
            comparator, value = parse_level(text[:40])
            if comparator is None:
                raise error("error.target_reading", reading=text[:40])
            return f"{comparator} {value:.10g}"
    if text not in OPTIONS[key]:
        raise error("page.not_one_of", options=", ".join(OPTIONS[key]))
    return text


def read_address(query: str, lang: str = "") -> tuple[State, list[Message]]:
    """Read what an address asks for; what is not understood is named and its default taken."""
    state, problems, seen = State(lang=lang), [], set()
    if len(query) > LONGEST:
        return state, [message("page.too_long", most=LONGEST)]
    for key, text in parse_qsl(query.lstrip("?"), keep_blank_values=True):
        if key == "token":  # the server's, not the panel's
            continue
        if key in seen or key not in KEYS:
            problems.append(message("page.unknown_key", key=key[:40], keys=", ".join(KEYS)))
            continue
        seen.add(key)
        try:
            state = state.with_text(key, text)
        except InputError as refused:
            problems.append(message("page.odd", key=key, text=text[:60], reason=refused.args[0]))
    return state, problems


def write_address(state: State) -> str:
    """Write the query that `read_address` turns into the same state; defaults are left out."""
    changed = [key for key in KEYS if state.value(key) != State().value(key)]
    texts = {key: quote(write_value(key, state.value(key)), safe=",-") for key in changed}
    return "&".join(f"{key}={text}" for key, text in texts.items())


def write_value(key: str, value) -> str:
    """Write the value of an entry as an address has it."""
    if isinstance(value, tuple):
        return ("-" if key.endswith(("fit", "years")) else ",").join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
