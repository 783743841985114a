"""Evaluate plain arithmetic over named figures, with the range that rounding allows.

An expression holds numbers in plain digits, ids (``o0346`` or dotted, ``station.pm25.2020``),
``+ - * /`` and parentheses. Every character is accounted for before `ast` sees the text, dotted
ids under plain stand-ins, and only arithmetic is read from the tree: nothing is ever run.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from .words import error

MAX_LENGTH = 500
MAX_DEPTH = 100
_TOKEN = re.compile(
    r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,15})?)(?![0-9.A-Za-z_])"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)(?![.])"
    r"|[-+*/()]| +"
)
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}

Range = tuple[float, float]
Node = tuple  # ("number", text), ("name", id), ("neg", node) or (operator, left, right)


def names(expression: str) -> tuple[str, ...]:
    """Return the ids that an expression uses, each once, in order of appearance.

    Raises
    ------
    InputError
        If the text is no such expression.

    Examples
    --------
    >>> from xc_analysis.derivation import names
    >>> names("o3 - station.pm25.2020 / o3")
    ('o3', 'station.pm25.2020')
    """
    return tuple(dict.fromkeys(_parse(expression)[1]))


def evaluate(
    expression: str,
    values: Mapping | Callable,
    *,
    printed: bool = True,
) -> tuple[float, float, float]:
    """Evaluate an expression and the range that rounding allows it.

    Parameters
    ----------
    expression : str
        Such as ``"o12 - 1.42"``.
    values : mapping or callable
        Gives for each id a number, or (value, lower, upper); an end may be infinite, a value NaN
        where only bounds are known. A callable raises its own errors for unknown ids.
    printed : bool
        Whether a number written with a decimal point is a printed figure, uncertain by half a
        unit of its last digit. Whole numbers are exact either way.

    Returns
    -------
    value, lower, upper : float
        The value is NaN where that of an id is.

    Raises
    ------
    InputError
        If the text is no such expression, is too long or too deep, names an unknown id, may
        divide by zero, or has no finite value.

    Notes
    -----
    Interval arithmetic is exact while every id enters once. An id that enters more than once is
    pinned to the end of its range that the sign of the derivative asks for, exact where the
    expression is monotone in it; where the sign is open the outer bound stands.

    Examples
    --------
    >>> from xc_analysis.derivation import evaluate
    >>> value, lower, upper = evaluate("o1 / (1 - 0.518)", {"o1": (40, 39.5, 40.5)})
    >>> round(value, 1), round(lower, 1), round(upper, 1)
    (83.0, 81.9, 84.1)
    """
    tree, used = _parse(expression)
    figures = {name: _figure(expression, name, values) for name in dict.fromkeys(used)}
    spans = {name: (lower, upper) for name, (_, lower, upper) in figures.items()}
    try:
        value = _value(tree, figures)
    except ZeroDivisionError:
        raise error("error.zero_divisor", expression=_short(expression), low=0, high=0) from None
    known = not any(math.isnan(value) for value, _, _ in figures.values())
    if math.isinf(value) or (known and math.isnan(value)):
        raise error("error.not_finite", expression=_short(expression))
    repeated = [n for n, (low, high) in spans.items() if low < high and used.count(n) > 1]
    outer, slopes = _span(expression, tree, spans, printed, repeated)
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
        ends.append(_span(expression, tree, pinned, printed, ())[0][side])
    return value, *ends


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Node, tuple[str, ...]]:
    """Return the tree of an expression and its ids as they appear."""
    if len(text) > MAX_LENGTH:
        raise error("error.long_expression", most=MAX_LENGTH)
    at, plain, used, numbers = 0, [], [], []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            rest = _short(text[at:])
            raise error("error.expression_character", expression=_short(text), rest=rest)
        if match["name"]:
            plain.append(f"n{len(used)}")
            used.append(match["name"])
        elif match["number"]:
            # ast would drop the zeros that tell a number's precision
            plain.append(f"d{len(numbers)}")
            numbers.append(match["number"])
        else:
            plain.append(match[0])
        at = match.end()
    if text.count("(") > MAX_DEPTH:
        raise error("error.deep_expression", expression=_short(text), most=MAX_DEPTH)
    try:
        tree = ast.parse("".join(plain).strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise error("error.expression", expression=_short(text)) from None

    def read(node: ast.AST, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise error("error.deep_expression", expression=_short(text), most=MAX_DEPTH)
        if isinstance(node, ast.Name):
            listed, kind = (used, "name") if node.id[0] == "n" else (numbers, "number")
            return kind, listed[int(node.id[1:])]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return "neg", read(node.operand, depth + 1)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = read(node.left, depth + 1), read(node.right, depth + 1)
            return _OPERATORS[type(node.op)], left, right
        raise error("error.expression", expression=_short(text))

    return read(tree, 0), tuple(used)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _figure(expression: str, name: str, values) -> tuple[float, float, float]:
    try:
        found = values(name) if callable(values) else values[name]
    except KeyError:
        raise error("error.unknown_id", expression=_short(expression), name=name) from None
    if isinstance(found, tuple):
        value, lower, upper = (math.nan if number is None else float(number) for number in found)
    else:
        value = lower = upper = math.nan if found is None else float(found)
    if math.isinf(value) or not lower <= upper:
        raise error("error.no_value", expression=_short(expression), name=name)
    return value, lower, upper


def _value(node: Node, figures) -> float:
    """Return the value of a node; NaN where an id has none."""
    kind = node[0]
    if kind == "number":
        return float(node[1])
    if kind == "name":
        return figures[node[1]][0]
    left = _value(node[1], figures)
    if kind == "neg":
        return -left
    right = _value(node[2], figures)
    if kind == "+":
        return left + right
    if kind == "-":
        return left - right
    return left * right if kind == "*" else left / right


def _span(text, node: Node, spans, printed, slopes_of) -> tuple[Range, dict[str, Range]]:
    """Return the range of a node, and of its derivative by each of the ids in `slopes_of`."""
    kind = node[0]
    if kind == "number":
        half = half_unit(node[1]) if printed and "." in node[1] else 0.0
        return (float(node[1]) - half, float(node[1]) + half), {}
    if kind == "name":
        return spans[node[1]], {node[1]: (1.0, 1.0)} if node[1] in slopes_of else {}
    zero = (0.0, 0.0)
    left, by_left = _span(text, node[1], spans, printed, slopes_of)
    if kind == "neg":
        return _minus(zero, left), {name: _minus(zero, slope) for name, slope in by_left.items()}
    right, by_right = _span(text, node[2], spans, printed, slopes_of)
    either = dict.fromkeys((*by_left, *by_right))
    if kind in "+-":
        join = _plus if kind == "+" else _minus
        slopes = {n: join(by_left.get(n, zero), by_right.get(n, zero)) for n in either}
        return join(left, right), slopes
    if kind == "/":
        if right[0] <= 0 <= right[1]:
            low, high = right
            raise error("error.zero_divisor", expression=_short(text), low=low, high=high)
        right = (1 / right[1], 1 / right[0])
        # d(1/u) = -u'/u**2
        square = _times(right, right)
        by_right = {name: _minus(zero, _times(s, square)) for name, s in by_right.items()}
    slopes = {}
    for name in either:
        by = _times(by_left.get(name, zero), right)
        slopes[name] = _plus(by, _times(left, by_right.get(name, zero)))
    return _times(left, right), slopes


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
