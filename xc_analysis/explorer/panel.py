"""The panel: controls with a line of help each, and what the view they ask for has found."""

import os
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

import ipywidgets
import jinja2

from ..errors import InputError
from ..evidence import sources_of
from ..observations import known_scopes
from ..style import indicator_name
from ..targets import target
from ..words import Message, area_name, language, message, use_language, word
from . import views
from .state import FIRST_KNOWN, OPTIONS, Choice, State, read_address, write_address, write_value

WIDE, NARROW = 174.0, 84.0  # mm: what 900 and 360 pixels of screen show at a readable size
_SERIES = ("source", "basis", "partial")  # None of them is what the register sets
_FIT = ("fit_from", "fit_to", "without", "method", "prior", "reading", *_SERIES)
_CONTROLS = {
    "target": ("indicator", "known", *_FIT),
    "compare": ("indicator", "known", *_FIT, *(f"b_{name}" for name in _FIT)),
    "choices": ("indicator", "known"),
    "series": ("indicator", "areas", "freq", "start", "end", "without", *_SERIES),
    "months": ("indicator", "start", "end", "without", "basis"),
    "table": ("known",),
}
_OWN = ("indicator", "areas", "freq", "known", "start", "end", *_FIT)  # in this order
_OTHER = tuple(f"b_{name}" for name in _FIT)
# two lists for one entry of an address
_ENDS = {"fit_from": ("fit", 0), "fit_to": ("fit", 1), "start": ("years", 0), "end": ("years", 1)}
_KINDS = {
    "view": (ipywidgets.ToggleButtons, {}),
    "lang": (ipywidgets.ToggleButtons, {"options": [("中文", "zh"), ("English", "en")]}),
    "areas": (ipywidgets.SelectMultiple, {"rows": 5}),
    "without": (ipywidgets.SelectMultiple, {"rows": 5}),
    "prior": (ipywidgets.FloatText, {"step": 0.01, "continuous_update": False}),
    "reading": (ipywidgets.Text, {"continuous_update": False, "placeholder": "<= 35"}),
}
_WORDS = {"view": "page.view", "freq": "series", "source": "series", "method": "method"}
_PARTS = ("title", "problems", "answer", "picture", "details", "address")


def _box(name: str, *children):
    box = ipywidgets.VBox(children)
    box.add_class(f"xc-{name}")
    return box


class Panel(ipywidgets.VBox):
    """One panel; ``state`` is what it shows, as an address would say it."""

    def __init__(self, query: str = "") -> None:
        loader = jinja2.FileSystemLoader(Path(__file__).with_name("page"))
        environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
        environment.globals["text"] = lambda name: word(f"page.text.{name}")
        self._html = environment.get_template("panel.html.j2").module
        self._busy, self._narrow = False, False
        self._count = 0  # how often something was shown: a script can wait for the next
        self.controls, self._fields = {}, {}
        for name in ("view", "lang", *_OWN, *_OTHER):
            kind, traits = _KINDS.get(name.removeprefix("b_"), (ipywidgets.Dropdown, {}))
            self.controls[name] = control = kind(**traits)
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
            self._fields[name] = _box("field", control, ipywidgets.HTML())
        self.parts = {name: ipywidgets.HTML() for name in _PARTS}
        self.asked = ipywidgets.Text(continuous_update=False)  # what the page's script asks for
        self.asked.observe(lambda change: self._asked(change["new"]), "value")
        for name, part in {**self.parts, "asked": self.asked, **self.controls}.items():
            part.add_class(f"xc-{name}")
        self._letters = [ipywidgets.HTML(), ipywidgets.HTML()]
        own = _box("own", self._letters[0], *map(self._fields.get, _OWN))
        self._other = _box("other", self._letters[1], *map(self._fields.get, _OTHER))
        result = _box("result", self.parts["answer"], self.parts["picture"])
        style = ipywidgets.HTML(str(self._html.style()))
        hidden = _box("hidden", style, self.parts["address"], self.asked)
        head = _box("head", self.parts["title"], self.controls["lang"])
        main = _box("main", _box("side", own, self._other), result, self.parts["details"])
        super().__init__([hidden, head, self.controls["view"], self.parts["problems"], main])
        self.add_class("xc-panel")
        self.show(*read_address(query, lang=language()))

    def __repr__(self) -> str:
        return word("page.needs_kernel")

    def _asked(self, text: str) -> None:
        """Answer the page's script: how wide the screen is, ``|``, an address."""
        if text:
            width, _, query = text.partition("|")
            self._narrow = width == "narrow"
            self.show(*read_address(query, lang=self.state.lang))
            self.asked.value = ""  # the same may be asked again

    def _moved(self, name: str, value) -> None:
        """Show what a reader's move of a control asks for."""
        if self._busy:
            return
        state, problems = self.state, []
        try:
            state = _with_control(state, name, value)
            if state.view != "table" and state.indicator not in _indicators(state):
                problems.append(message("page.switched", name=indicator_name(state.indicator)))
                state = replace(state, indicator="pm25")
        except InputError as refused:
            problems.append(refused.args[0])
        self.show(state, problems)

    def show(self, state: State, problems: Iterable[Message] = ()) -> None:
        """Show a state: its controls, its finding, its figure; or in a line why there is none."""
        self.state, problems, shown, picture = state, list(problems), None, None
        before = use_language(state.lang or None)
        try:
            try:
                shown = views.show(state)
                if shown.charts:
                    picture = views.draw_picture(shown, NARROW if self._narrow else WIDE)
            except InputError as refused:
                problems.append(refused.args[0])
            except Exception as fault:  # a callback's exception would be lost in silence
                problems.append(message("page.failed", fault=f"{type(fault).__name__}: {fault}"))
            self._busy = True  # what the panel itself changes is no reader's doing
            self._fill_controls()
            self._fill_parts(shown, picture, problems)
        finally:
            self._busy = False
            use_language(before)

    def _fill_controls(self) -> None:
        compared = self.state.view == "compare"
        self._other.layout.display = None if compared else "none"
        for letter, html in zip("AB", self._letters, strict=True):
            html.value = f"<h3>{word('page.setting')} {letter}</h3>" if compared else ""
        there, usual = ("view", "lang", *_CONTROLS[self.state.view]), _usual(self.state)
        for name, control in self.controls.items():
            traits = _offer(self.state, name, usual) if name in there else None
            self._fields[name].layout.display = "none" if traits is None else None
            if traits is not None and name not in ("view", "lang"):
                key = name.removeprefix("b_")
                traits["description"] = word(f"page.label.{key}")
                help_text = escape(word(f"page.help.{key}"))
                self._fields[name].children[1].value = f"<small>{help_text}</small>"
            with control.hold_sync():  # what stays the same keeps its focus
                for trait, value in (traits or {}).items():
                    if getattr(control, trait) != value:
                        setattr(control, trait, value)

    def _fill_parts(self, shown, picture, problems) -> None:
        self._count += 1
        page = {"state": self.state, "shown": shown, "lang": language(), "count": self._count}
        page |= {"query": write_address(self.state), "id": self.model_id, "problems": problems}
        page["title"] = shown.title if shown else indicator_name(self.state.indicator)
        page["is_page"] = "XC_EXPLORE" in os.environ
        if shown:
            page |= {"cited": views.cite(self.state, shown), "tables": shown.tables}
            rows = sources_of(*shown.sources).iterrows()
            page["sources"] = [(views.source_names()[one], row) for one, row in rows]
        if picture:
            png, csv, page["points"] = picture
            if rows := [cells for _, _, cells in page["points"]]:
                table = word("page.data", n=len(rows)), word("page.heads").split("|"), rows
                page["tables"] = (*shown.tables, table)
            page["png"] = f"data:image/png;base64,{b64encode(png).decode()}"
            page["csv"] = f"data:text/csv;charset=utf-8;base64,{b64encode(csv).decode()}"
        for name, part in self.parts.items():
            part.value = str(getattr(self._html, name)(page))


def _indicators(state: State) -> dict[str, str]:
    return views.indicators_of(State(view=state.view, areas=state.areas))


def _usual(state: State) -> dict:
    """Return what holds where a reader chooses nothing; None for what has no meaning here."""
    usual = {"years": (2000, views.last_year()), "without": (), **dict.fromkeys(_SERIES, "")}
    usual |= dict.fromkeys(("fit", "method", "prior", "reading"))
    if "method" in _CONTROLS[state.view] and state.indicator in _indicators(state):
        setting, aim = views.setting_of(state, Choice()), target(state.indicator)
        usual |= {"fit": setting.window, "method": setting.method, "prior": setting.prior_sd}
        usual["reading"] = None if aim.value is not None else aim.reading or ""
    return usual


def _with_control(state: State, name: str, value) -> State:
    """Return the state with one control's value; what the register sets is left to it."""
    if name == "indicator":  # the register sets other years and another scatter for it
        return replace(state, indicator=value, a=Choice(), b=State().b)
    key, usual = name.removeprefix("b_"), _usual(state)
    entry, at = _ENDS.get(key, (key, None))
    name = name.replace(key, entry)
    if at is not None:
        ends = list(state.value(name) or usual[entry])
        ends[at] = value
        value = tuple(ends)
    if value in (usual.get(entry), ""):
        return state.with_value(name, getattr(Choice(), entry, None))
    return state.with_text(name, write_value(entry, value))


def _offer(state: State, name: str, usual: dict) -> dict | None:
    """Return the options and the value of a control; None where it has no meaning."""
    key = name.removeprefix("b_")
    entry, at = _ENDS.get(key, (key, None))
    first, last = usual["years"]
    value, years = state.value(name.replace(key, entry)), range(first, last + 1)
    if usual.get(entry, "") is None:
        return None
    value = value or usual.get(entry)
    if key in ("lang", "prior", "reading"):
        return {"value": value or language()} if key == "lang" else {"value": value}
    if at is not None:
        value = value[at]
        options = sorted({*years, value})
    elif key in OPTIONS:
        options = [(word(f"{_WORDS.get(key, f'page.{key}')}.{one}"), one) for one in OPTIONS[key]]
        if usual.get(key) == "":
            options.insert(0, (word("page.registered"), ""))
    elif key == "indicator":
        names = _indicators(state) | {value: indicator_name(value)}
        options = [(text, one) for one, text in names.items()]
    elif key == "areas":
        options = [(area_name(area), area) for area in known_scopes()]
    elif key == "known":
        options = [year for year in years if year >= FIRST_KNOWN]
    else:  # years left out
        options = sorted({*years, *value}, reverse=True)
    return {"options": tuple(options), "value": value}
