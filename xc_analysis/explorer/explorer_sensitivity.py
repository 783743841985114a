"""How the explorer's verdict moves when one choice at a time is another."""

from __future__ import annotations

from dataclasses import replace

from ..drawing.plots_verdict import verdict_name
from ..errors import InputError
from ..style import tr
from . import explorer_words as words


def _alternatives(state, book) -> list:
    """The setting and its neighbours, one choice moved at a time, each with its name."""
    a = state.a
    low, _ = book.span(state.indicator, state.scope)
    tries = [(tr("当前设定", "as set"), a)]
    tries += [
        (f"{tr('时段', 'window')} {f}–{t}", replace(a, fit_from=f, fit_to=t))
        for f, t in (
            (a.fit_from - 1, a.fit_to),
            (a.fit_from + 1, a.fit_to),
            (a.fit_from, a.fit_to - 1),
        )
        if low <= f < t
    ]
    tries += [
        (f"{tr('模型', 'model')} {words.word(words.METHOD, m)}", replace(a, method=m))
        for m in ("blend", "damped", "loglinear", "last")
        if m != a.method
    ]
    tries += [
        (f"{tr('特殊末年', 'odd year')} {words.word(words.ODD, o)}", replace(a, odd=o))
        for o in words.ODD
        if o != a.odd
    ]
    tries += [(f"φ {p:g}", replace(a, phi=p)) for p in (0.7, 1.0) if p != a.phi]
    if a.prior is not None:
        tries += [
            (f"{tr('先验', 'prior')} {p:g}", replace(a, prior=p))
            for p in (round(a.prior / 2, 4), round(a.prior * 2, 4))
        ]
    sources = [s for s in book.sources(state.scope, state.indicator) if s != a.source]
    tries += [
        (f"{tr('数据', 'data')} {words.word(words.SOURCE, s)}", replace(a, source=s))
        for s in sources
    ]
    if a.source == "station":
        tries += [
            (f"{tr('口径', 'basis')} {words.word(words.BASIS, b)}", replace(a, basis=b))
            for b in ("old", "new")
            if b != a.basis
        ]
    return tries


def alternative(state, book, at: int) -> dict:
    """One line of the sensitivity table; asked for line by line, so that no reader waits for it.

    Returns
    -------
    dict
        ``at``, ``of`` (how many there are), ``cells``, ``head`` and ``caption``.
    """
    tries = _alternatives(state, book)
    at = min(max(at, 0), len(tries) - 1)
    name, choice = tries[at]
    try:
        _, assessment = book.judge(state, choice)
    except InputError as error:
        cells = [name, words.half(str(error)), "", "", ""]
    else:
        shown = assessment.under_reading or assessment
        parts = shown.components
        cells = [
            name,
            verdict_name(shown.verdict),
            f"{shown.p_meet:.2f}" if shown.p_meet == shown.p_meet else "",
            f"{parts['median']:.4g}" if "median" in parts else "",
            f"{parts['lower_80']:.4g}–{parts['upper_80']:.4g}" if "lower_80" in parts else "",
        ]
    return {
        "at": at,
        "of": len(tries),
        "cells": cells,
        "head": ["", tr("判断", "verdict"), "P", tr("中位数", "median"), "80 %"],
        "caption": tr("敏感性：一次只改一项", "sensitivity: one choice moved at a time"),
    }
