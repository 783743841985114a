"""The panel: controls with a line of help each, and what the view they ask for has found."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from pathlib import Path

import ipywidgets
import jinja2

from ..errors import InputError
from ..evidence import sources_of
from ..fits import last_year
from ..observations import area_name, known_scopes
from ..style import indicator_name
from ..targets import target
from ..words import Message, language, message, use_language, word
from . import views
from .state import (
    FIRST_KNOWN,
    METHODS,
    VIEWS,
    Choice,
    State,
    read_address,
    with_text,
    write_address,
)

PAGE = Path(__file__).with_name("page")
WIDE, NARROW = 174.0, 84.0  # mm: what 900 and 360 pixels of screen show at a readable size
FIRST_YEAR = 2000  # of the lists of years
_FIT = ("fit_from", "fit_to", "without", "method", "prior", "reading", "source", "basis", "partial")
_ORDER = ("indicator", "areas", "freq", "known", "start", "end", *_FIT)
_CONTROLS = {
    "target": ("indicator", "known", *_FIT),
    "compare": ("indicator", "known", *_FIT),
    "choices": ("indicator", "known"),
    "series": ("indicator", "areas", "freq", "start", "end", "without", *_FIT[6:]),
    "months": ("indicator", "start", "end", "without", "basis"),
    "table": ("known",),
}
# JupyterLab would take the arrow keys from lists and points for its own shortcuts
_STYLE = (
    "<style onload=\"this.closest('.xc-panel')?.addEventListener('focusin', (event) => "
    "event.target.setAttribute('data-lm-suppress-shortcuts', 'true'))\">{}</style>"
)
_PARTS = ("title", "problems", "answer", "picture", "details", "address")
_CHOICES = {
    "freq": ("annual", "monthly"),
    "source": ("station", "published"),
    "basis": ("raw", "old", "new"),
    "partial": ("estimate", "observed", "drop"),
}


def _template():
    loader = jinja2.FileSystemLoader(PAGE)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    environment.globals["text"] = lambda name: word(f"page.text.{name}")
    return environment.get_template("panel.html.j2").module


class Panel(ipywidgets.VBox):
    """One panel; ``state`` is what it shows, as an address would say it."""

    def __init__(self, query: str = "") -> None:
        self._busy, self._narrow, self._html = False, False, _template()
        self._count = 0  # how often something was shown: a script can wait for the next
        second = [f"b_{name}" for name in _FIT]
        self.controls = {name: _control(name) for name in (*_ORDER, *second)}
        self.controls["view"] = ipywidgets.ToggleButtons(options=[("", VIEWS[0])])
        self.controls["lang"] = ipywidgets.ToggleButtons(
            options=[("中文", "zh"), ("English", "en")]
        )
        self.parts = {name: ipywidgets.HTML() for name in _PARTS}
        self.asked = ipywidgets.Text(continuous_update=False)  # what the page's script asks for
        self._fields = {
            name: _box([self.controls[name], ipywidgets.HTML()], "field") for name in self.controls
        }
        self._letters = [ipywidgets.HTML(), ipywidgets.HTML()]
        own = _box([self._letters[0], *(self._fields[n] for n in _ORDER)], "own")
        self._other = _box([self._letters[1], *(self._fields[n] for n in second)], "other")
        result = _box([self.parts[name] for name in ("answer", "picture")], "result")
        css = ipywidgets.HTML(_STYLE.format((PAGE / "explorer.css").read_text("utf-8")))
        hidden = _box([css, self.parts["address"], self.asked], "hidden")
        head = _box([self.parts["title"], self.controls["lang"]], "head")
        main = _box([_box([own, self._other], "side"), result, self.parts["details"]], "main")
        super().__init__([hidden, head, self.controls["view"], self.parts["problems"], main])
        self.add_class("xc-panel")
        for name, part in {**self.parts, "asked": self.asked, **self.controls}.items():
            part.add_class(f"xc-{name}")
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
        self.asked.observe(lambda change: self._asked(change["new"]), "value")
        self.show(*read_address(query, lang=language()))

    def __repr__(self) -> str:
        return word("page.needs_kernel")

    # ---- what a reader does ----------------------------------------------------------------

    def _asked(self, text: str) -> None:
        """Answer the page's script: how wide the screen is, ``|``, an address."""
        if not self._busy and text:
            width, _, query = text.partition("|")
            self._narrow = width == "narrow"
            self.show(*read_address(query, lang=self.state.lang))
            with self._own_doing():
                self.asked.value = ""  # the same may be asked again

    def _moved(self, name: str, value) -> None:
        if self._busy:
            return
        state, problems = self.state, []
        try:
            state = self._with(name, value)
            there = views.indicators_of(state)
            if state.view != "table" and state.indicator not in there:
                problems.append(message("page.switched", name=indicator_name(state.indicator)))
                state = replace(state, indicator="pm25")
        except InputError as refused:
            problems.append(refused.args[0])
        self.show(state, problems)

    def _with(self, name: str, value) -> State:
        """Return the state with one control's value; what the register sets is left to it."""
        state = self.state
        if name == "indicator":  # the register sets other years and another scatter for it
            return replace(state, indicator=value, a=Choice(), b=State().b)
        if name in ("view", "lang", "areas", "freq", "known"):
            return replace(state, **{name: value or getattr(State(), name)})
        if name in ("start", "end"):
            ends = state.years or (FIRST_YEAR, last_year())
            ends = (value, ends[1]) if name == "start" else (ends[0], value)
            return with_text(state, "years", "-".join(map(str, ends)))
        prefix, key = ("b_", name[2:]) if name.startswith("b_") else ("", name)
        side = "b" if prefix else "a"
        usual = views.setting_of(state, Choice())
        if key in ("fit_from", "fit_to"):
            first, last = getattr(state, side).fit or usual.window
            value = (value, last) if key == "fit_from" else (first, value)
            key, text = "fit", "-".join(map(str, value))
            value = None if value == usual.window else value
        elif key in ("prior", "reading"):
            text = f"{value:.6g}" if key == "prior" else value.strip()
            value = None if value == usual.prior_sd or not text else value
        else:
            text = ",".join(map(str, value)) if key == "without" else value
            value = None if not value or (key, value) == ("method", usual.method) else value
        if value is None:
            return replace(state, **{side: replace(getattr(state, side), **{key: None})})
        return with_text(state, prefix + key, text)

    # ---- what it shows ---------------------------------------------------------------------

    @contextmanager
    def _own_doing(self):
        """Keep what the panel itself changes from being taken for a reader's doing."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def show(self, state: State, problems: Iterable[Message] = ()) -> None:
        """Show a state: its controls, its finding, its figure; or in a line why there is none."""
        self.state, problems, shown, picture = state, list(problems), None, None
        before = use_language(state.lang or None)
        try:
            try:
                shown = views.show(state)
                if shown.draw:
                    picture = views.draw_picture(shown, NARROW if self._narrow else WIDE)
            except InputError as refused:
                problems.append(refused.args[0])
            except Exception as fault:  # a callback's exception would be lost in silence
                problems.append(message("page.failed", fault=f"{type(fault).__name__}: {fault}"))
            with self._own_doing():
                self._fill_controls()
                self._fill_parts(shown, picture, problems)
        finally:
            use_language(before)

    def _fill_controls(self) -> None:
        state, there = self.state, {*_CONTROLS[self.state.view], "view", "lang"}
        compared = state.view == "compare"
        self._other.layout.display = None if compared else "none"
        for letter, html in zip("AB", self._letters, strict=True):
            html.value = f"<h3>{word('page.setting')} {letter}</h3>" if compared else ""
        for name, control in self.controls.items():
            key, side = name.removeprefix("b_"), "b" if name.startswith("b_") else "a"
            told = _offer(state, key, getattr(state, side)) if key in there else None
            self._fields[name].layout.display = "none" if told is None else None
            if told is not None and key not in ("view", "lang"):
                told["description"] = word(f"page.label.{key}")
                help_text = escape(word(f"page.help.{key}"))
                self._fields[name].children[1].value = f"<small>{help_text}</small>"
            with control.hold_sync():  # what stays the same keeps its focus
                for trait, value in (told or {}).items():
                    if getattr(control, trait) != value:
                        setattr(control, trait, value)

    def _fill_parts(self, shown, picture, problems) -> None:
        told = {"shown": shown, "problems": [str(one) for one in problems], "lang": language()}
        told |= {"title": shown.title if shown else indicator_name(self.state.indicator)}
        self._count += 1
        told |= {"query": write_address(self.state), "id": self.model_id, "count": self._count}
        if shown:
            told |= {"tables": shown.tables, "file": f"{shown.stem}_{language()}"}
            told |= {
                "is_open": self.state.view in ("table", "compare", "choices"),
                "is_page": "XC_EXPLORE" in os.environ,
            }
            rows = sources_of(list(shown.sources)).iterrows()
            told["sources"] = [(views.source_names()[one], row) for one, row in rows]
            told["cited"] = views.cite(self.state, shown)
        if picture:
            for kind, form in (("png", "image/png"), ("csv", "text/csv;charset=utf-8")):
                content = base64.b64encode(getattr(picture, kind)).decode()
                told[kind] = f"data:{form};base64,{content}"
            told["points"] = picture.points
            rows = [cells for _, _, cells in picture.points]
            if rows:
                heads = word("page.heads").split("|")
                told["tables"] = (*shown.tables, (word("page.data", n=len(rows)), heads, rows))
        for name, part in self.parts.items():
            part.value = str(getattr(self._html, name)(told))


def _years() -> range:
    return range(FIRST_YEAR, last_year() + 1)


def _box(children, name: str):
    box = ipywidgets.VBox(list(children))
    box.add_class(f"xc-{name}")
    return box


def _control(name: str):
    key = name.removeprefix("b_")
    if key in ("areas", "without"):
        return ipywidgets.SelectMultiple(rows=5)
    if key == "prior":
        return ipywidgets.FloatText(step=0.01, continuous_update=False)
    if key == "reading":
        return ipywidgets.Text(continuous_update=False, placeholder="<= 35")
    return ipywidgets.Dropdown()


def _offer(state: State, key: str, choice: Choice) -> dict | None:
    """Return the options and the value of a control; None where it has no meaning."""
    if key in ("prior", "reading"):
        usual = views.setting_of(state, Choice()).prior_sd
        if key == "prior":
            return None if usual is None else {"value": float(choice.prior or usual)}
        aim = target(state.indicator)
        return None if aim.value is not None else {"value": choice.reading or aim.reading or ""}
    if key in ("fit_from", "fit_to", "start", "end"):
        ends = state.years or (FIRST_YEAR, last_year())
        if key.startswith("fit"):
            ends = choice.fit or views.setting_of(state, Choice()).window
        value = ends[0 if key in ("fit_from", "start") else 1]
        return {"options": sorted({*_years(), value}), "value": value}
    if key in _CHOICES:
        family = "series" if key in ("freq", "source") else f"page.{key}"
        options = [(word(f"{family}.{name}"), name) for name in _CHOICES[key]]
        if key == "freq":
            return {"options": options, "value": state.freq}
        value = getattr(choice, key) or ""
        return {"options": [(word("page.registered"), ""), *options], "value": value}
    value = getattr(state, key, None)
    if key == "view":
        options = [(word(f"page.view.{view}"), view) for view in VIEWS]
    elif key == "lang":
        return {"value": language()}
    elif key == "indicator":
        options = [(name, i) for i, name in views.indicators_of(state).items()]
        if value not in dict(options).values():
            options.append((indicator_name(value), value))
    elif key == "areas":
        options = [(area_name(area), area) for area in known_scopes()]
    elif key == "known":
        options = [(str(year), year) for year in _years() if year >= FIRST_KNOWN]
    elif key == "without":
        years = sorted({*_years(), *choice.without}, reverse=True)
        value, options = choice.without, [(str(year), year) for year in years]
    else:
        value = choice.method or views.setting_of(state, Choice()).method
        options = [(word(f"method.{name}"), name) for name in METHODS]
    return {"options": options, "value": value}
