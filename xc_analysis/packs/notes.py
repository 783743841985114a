"""What a notebook says in its own words: sentences made of values, and what a pack lacks.

A cell that meets an empty table costs itself and what rests on it, no more: it says in a line what
is missing, and the notebook goes on.
"""

from __future__ import annotations

import ast
import re

from ..errors import Empty

#: Key of an output's metadata under which the reason for an empty cell stands.
MARK = "xc_empty"
_NO_NUMBER = re.compile(r"(?<![A-Za-z])(nan|<NA>|NaT)(?![A-Za-z])")


def say(zh: str, en: str) -> None:
    """Show a sentence in both languages, made of values just computed.

    Parameters
    ----------
    zh, en : str
        The same statement twice. If a number in it is missing, it is not made.
    """
    from IPython.display import Markdown, display

    if not _NO_NUMBER.search(zh + " " + en):
        display(Markdown(f"{zh}\n\n{en}"))


def each(names, make, *, need: bool = True) -> dict:
    """What `make` gives for each name that something is known of; the others are told of.

    Parameters
    ----------
    names : iterable
    make : callable
        Takes a name; raises `Empty` where nothing is known.
    need : bool
        Whether what follows needs one at least.

    Returns
    -------
    dict
        Name to result, in the order given.

    Raises
    ------
    Empty
        If nothing is known of any and one is needed; the first reason, and how many more.
    """
    found, missing = {}, []
    for name in names:
        try:
            found[name] = make(name)
        except Empty as error:
            missing.append(str(error))
    if missing and need and not found:
        more = f"（另{len(missing) - 1}项 and {len(missing) - 1} more）" if missing[1:] else ""
        raise Empty(missing[0] + more)
    for why in missing:
        tell_empty(why)
    return found


def stop_unless(known, zh: str, en: str) -> None:
    """Raise `Empty` with a reason in both languages unless something is known."""
    if not known:
        raise Empty(f"{zh} · {en}")


def tell_empty(shown: str, why: str | None = None) -> None:
    """Show the line that says what is empty; `why` is what the build repeats."""
    from IPython import get_ipython
    from IPython.display import Markdown, display

    why = shown if why is None else why
    if get_ipython() is None:
        return
    display(Markdown(f"**空　/　Empty**　{shown}"), metadata={MARK: why})


def skip_empty() -> None:
    """From here on, a cell that raises `Empty` says what is missing and the notebook goes on.

    The names that such a cell would have bound are unbound, and a cell that needs one of them is
    left out in its turn. Outside IPython nothing changes.
    """
    try:
        from IPython import get_ipython
    except ImportError:  # no notebook without it
        return
    shell = get_ipython()
    if shell is None or getattr(shell, "_xc_lost", None) is not None:
        return
    shell._xc_lost = set()
    shell.set_custom_exc((Empty, NameError), _caught)
    shell.events.register("post_run_cell", _forgive)


def _caught(shell, kind, error, trace, tb_offset=None):
    """In place of a traceback: the reason, once; then the cell's names are taken back."""
    known = isinstance(error, Empty)
    # the expressions of pandas tell the name in their message alone
    name = getattr(error, "name", None) or (re.findall(r"'(\w+)'", str(error)) or [""])[0]
    if not known and name not in shell._xc_lost:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return None
    why = str(error) if known else ""
    source = shell.history_manager.input_hist_parsed[-1]
    if shown := why or _left_out(source, name):
        tell_empty(shown, why)
    for bound in _bound_from(source, _line(trace, shell)):
        shell._xc_lost.add(bound)
        shell.user_ns.pop(bound, None)
    error._xc_told = True
    return None


def _left_out(source: str, name: str) -> str:
    """What a cell that rests on an empty one says; a cell of sentences says nothing."""
    stem = re.search(r'"(\w+)",\s*data=', source)
    if "save_both" in source and stem:
        return f"图 {stem[1]} 未画，所依据的 `{name}` 见上，为空 not drawn: it rests on `{name}`, empty above"
    if "xc.say(" in source:
        return ""
    return f"此处从略：所依据的 `{name}` 见上，为空 left out: it rests on `{name}`, empty above"


def _forgive(result) -> None:
    """A cell whose emptiness has been told is no failed cell."""
    if getattr(result.error_in_exec, "_xc_told", False):
        result.error_in_exec = None


def _line(trace, shell) -> int:
    """The line of the cell itself at which the error passed through it."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_globals is shell.user_global_ns and trace.tb_frame.f_code.co_name == (
            "<module>"
        ):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _bound_from(source: str, line: int) -> list[str]:
    """Names that the cell's statements bind, from the one at a line on."""
    names = []
    for statement in ast.parse(source).body:
        if (statement.end_lineno or statement.lineno) < line:
            continue
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.append(statement.name)
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.append(node.id)
    return names
