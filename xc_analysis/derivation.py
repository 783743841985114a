"""Evaluate plain arithmetic over named figures, with the range that rounding allows.

An expression holds numbers in plain digits, ids (``o0346`` or dotted, ``station.pm25.2020``),
``+ - * /`` and parentheses. Every character is accounted for before `ast` sees the text, numbers
and ids under stand-ins, and of the tree only arithmetic is accepted: nothing is ever run.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .words import error

MAX_LENGTH = 500
MAX_DEPTH = 100
_TOKEN = re.compile(
    r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,15})?)(?![0-9.A-Za-z_])"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)(?![.])"
    r"|[-+*/()]| +"
)
_ARITHMETIC = (ast.Name, ast.Load, ast.UnaryOp, ast.USub)
_ARITHMETIC += (ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div)

Range = tuple[float, float]


def names(expression: str) -> tuple[str, ...]:
    """Return the ids that an expression uses, each once, in order of appearance; or raise."""
    return tuple(dict.fromkeys(_parse(expression).ids))


def evaluate(
    expression: str, values: Mapping | Callable, *, printed: bool = True
) -> tuple[float, float, float]:
    """Evaluate an expression; return its value and the range that rounding allows it.

    `values` gives for each id a number, or (value, lower, upper); an end may be infinite, a value
    NaN where only bounds are known. A callable raises its own errors for unknown ids. `printed`: a
    number written with a decimal point is uncertain by half a unit of its last digit; whole numbers
    are exact either way.

    Interval arithmetic is exact while every id enters once. An id that enters more than once is
    pinned to the end of its range that the sign of the derivative asks for, exact where the
    expression is monotone in it; where the sign is open the outer bound stands.

    Examples
    --------
    >>> value, lower, upper = evaluate("o1 / (1 - 0.518)", {"o1": (40, 39.5, 40.5)})
    >>> round(value, 1), round(lower, 1), round(upper, 1)
    (83.0, 81.9, 84.1)
    """
    parsed = _parse(expression)
    figures = {name: _figure(expression, name, values) for name in parsed.ids}
    value = _span(parsed, {name: (v, v) for name, (v, _, _) in figures.items()})[0][0]
    known = not any(math.isnan(value) for value, _, _ in figures.values())
    if math.isinf(value) or (known and math.isnan(value)):
        raise error("error.not_finite", expression=_short(expression))
    spans = {name: (lower, upper) for name, (_, lower, upper) in figures.items()}
    repeated = [n for n, (low, high) in spans.items() if low < high and parsed.ids.count(n) > 1]
    outer, slopes = _span(parsed, spans, printed, repeated)
    rising = {name: low >= 0 for name, (low, high) in slopes.items() if low >= 0 or high <= 0}
    if not rising:
        return value, *outer
    ends = []
    for side in (0, 1):
        pinned = dict(spans)
        for name, rises in rising.items():
            end = spans[name][side if rises else 1 - side]
            if math.isfinite(end):
                pinned[name] = (end, end)
        ends.append(_span(parsed, pinned, printed)[0][side])
    return value, *ends


@dataclass(frozen=True)
class _Parsed:
    """An expression, its tree, its ids as they appear, and what its stand-ins stand for."""

    text: str
    tree: ast.AST
    ids: tuple[str, ...]
    meaning: dict[str, str]


@lru_cache(maxsize=4096)
def _parse(text: str) -> _Parsed:
    """Read an expression; refuse all that is no plain arithmetic."""
    if len(text) > MAX_LENGTH:
        raise error("error.long_expression", most=MAX_LENGTH)
    if max(text.count("("), text.count("+"), text.count("-")) > MAX_DEPTH:
        raise error("error.deep_expression", expression=_short(text), most=MAX_DEPTH)
    at, plain, ids, meaning = 0, "", [], {}
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            rest = _short(text[at:])
            raise error("error.expression_character", expression=_short(text), rest=rest)
        word = match[0]
        if match["name"] or match["number"]:
            # ast knows no dotted ids, and would drop the zeros that tell a number's precision
            word = f"n{len(meaning)}"
            meaning[word] = match[0]
        if match["name"]:
            ids.append(match["name"])
        plain += word
        at = match.end()
    try:
        tree = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise error("error.expression", expression=_short(text)) from None
    if not all(isinstance(node, _ARITHMETIC) for node in ast.walk(tree)):
        raise error("error.expression", expression=_short(text))
    return _Parsed(text, tree, tuple(ids), meaning)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _figure(expression: str, name: str, values) -> tuple[float, float, float]:
    """Look an id up; return its value and its range."""
    try:
        found = values(name) if callable(values) else values[name]
    except KeyError:
        raise error("error.unknown_id", expression=_short(expression), name=name) from None
    if not isinstance(found, tuple):
        found = (found, found, found)
    value, lower, upper = (math.nan if number is None else float(number) for number in found)
    if math.isinf(value) or not lower <= upper:
        raise error("error.no_value", expression=_short(expression), name=name)
    return value, lower, upper


def _span(parsed: _Parsed, spans, printed=False, slopes_of=()) -> tuple[Range, dict[str, Range]]:
    """Return the range of an expression, and of its derivative by each id in `slopes_of`."""
    zero = (0.0, 0.0)

    def walk(node: ast.AST) -> tuple[Range, dict[str, Range]]:
        if isinstance(node, ast.Name):
            name = parsed.meaning[node.id]
            if name in spans:
                return spans[name], {name: (1.0, 1.0)} if name in slopes_of else {}
            half = half_unit(name) if printed and "." in name else 0.0
            return (float(name) - half, float(name) + half), {}
        if isinstance(node, ast.UnaryOp):
            inner, slopes = walk(node.operand)
            return _minus(zero, inner), {name: _minus(zero, s) for name, s in slopes.items()}
        (left, by_left), (right, by_right) = walk(node.left), walk(node.right)
        either = dict.fromkeys((*by_left, *by_right))
        if isinstance(node.op, ast.Add | ast.Sub):
            join = _plus if isinstance(node.op, ast.Add) else _minus
            slopes = {n: join(by_left.get(n, zero), by_right.get(n, zero)) for n in either}
            return join(left, right), slopes
        result = _times(left, right)
        if isinstance(node.op, ast.Div):
            if right[0] <= 0 <= right[1]:
                low, high = right
                raise error(
                    "error.zero_divisor", expression=_short(parsed.text), low=low, high=high
                )
            result = _over(left, right)
            # d(u/v) = u' * 1/v - u * v'/v**2
            right = _over((1.0, 1.0), right)
            square = _times(right, right)
            by_right = {name: _minus(zero, _times(s, square)) for name, s in by_right.items()}
        slopes = {}
        for name in either:
            by = _times(by_left.get(name, zero), right)
            slopes[name] = _plus(by, _times(left, by_right.get(name, zero)))
        return result, slopes

    return walk(parsed.tree)


def half_unit(text: str) -> float:
    """Return half a unit of the last digit of a number as written."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def _plus(left: Range, right: Range) -> Range:
    return left[0] + right[0], left[1] + right[1]


def _minus(left: Range, right: Range) -> Range:
    return left[0] - right[1], left[1] - right[0]


def _times(left: Range, right: Range) -> Range:
    # 0 * inf is 0 here: the factor that is exactly zero wins
    products = [a * b if a and b else 0.0 for a in left for b in right]
    return min(products), max(products)


def _over(left: Range, right: Range) -> Range:
    quotients = [0.0 if math.isinf(b) else a / b for a in left for b in right]
    return min(quotients), max(quotients)
