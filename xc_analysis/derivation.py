"""Evaluate plain arithmetic over named figures, with the range that rounding allows.

An expression holds numbers in plain digits, ids (``o0346``, ``station.pm25.2020``), ``+ - * /``
and parentheses; every character is accounted for before `ast` sees it, and nothing is ever run.
"""

import ast
import math
import re
from functools import lru_cache

from .words import error

MAX_LENGTH = 500
MAX_DEPTH = 100
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?![0-9.A-Za-z_])"
_FIGURE = re.compile(rf"{_NUMBER}|[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*(?![.])")
_EXPRESSION = re.compile(rf"(?:{_FIGURE.pattern}|[-+*/()]| +)*+")
_ARITHMETIC = (ast.Name, ast.Load, ast.UnaryOp, ast.USub)
_ARITHMETIC += (ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div)

Range = tuple[float, float]
_ZERO = (0.0, 0.0)


def names(expression: str) -> tuple[str, ...]:
    """Return the ids that an expression uses, each once, in order of appearance; or raise."""
    return tuple(dict.fromkeys(_parse(expression)[1]))


def evaluate(expression: str, values, *, printed: bool = True) -> tuple[float, float, float]:
    """Evaluate an expression over a mapping or a callable; return value, lower and upper end."""
    # An id is a number or (value, lower, upper), the value NaN where only bounds are known. With
    # `printed` a number with a decimal point is uncertain by half a unit of its last digit.
    ids, figures = _parse(expression)[1], {}
    for name in ids:
        try:
            found = values(name) if callable(values) else values[name]
        except KeyError:
            raise error("error.unknown_id", expression=_short(expression), name=name) from None
        found = found if isinstance(found, tuple) else (found, found, found)
        value, lower, upper = (math.nan if number is None else float(number) for number in found)
        if math.isinf(value) or not lower <= upper:
            raise error("error.no_value", expression=_short(expression), name=name)
        figures[name] = value, lower, upper
    value = _range(expression, {name: (v, v) for name, (v, _, _) in figures.items()})[0][0]
    known = not any(math.isnan(value) for value, _, _ in figures.values())
    if math.isinf(value) or (known and math.isnan(value)):
        raise error("error.not_finite", expression=_short(expression))
    # Exact while every id enters once. One that enters more often is pinned to the end that the
    # sign of its derivative asks for, exact where monotone; if that is open the outer bound stands.
    spans = {name: (lower, upper) for name, (_, lower, upper) in figures.items()}
    pinned = dict(spans), dict(spans)
    for name, ends in spans.items():
        if ends[0] < ends[1] and ids.count(name) > 1:
            low, high = _range(expression, spans, printed, name)[1]
            if low >= 0 or high <= 0:
                for side, end in zip(pinned, ends if low >= 0 else ends[::-1], strict=True):
                    side[name] = (end, end) if math.isfinite(end) else ends
    (lower, _), (_, upper) = (_range(expression, side, printed)[0] for side in pinned)
    return value, lower, upper


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[ast.AST, tuple[str, ...], dict[str, str]]:
    """Return an expression's tree, its ids as they appear, and what its stand-ins stand for."""
    if len(text) > MAX_LENGTH:
        raise error("error.long_expression", most=MAX_LENGTH)
    if max(text.count("("), text.count("+"), text.count("-")) > MAX_DEPTH:
        raise error("error.deep_expression", expression=_short(text), most=MAX_DEPTH)
    rest = text[_EXPRESSION.match(text).end() :]
    if rest:
        raise error("error.expression_character", expression=_short(text), rest=_short(rest))
    meaning: dict[str, str] = {}

    def stand_in(match: re.Match) -> str:
        # ast knows no dotted ids, and would drop the zeros that tell a number's precision
        meaning[f"n{len(meaning)}"] = match[0]
        return f"n{len(meaning) - 1}"

    try:
        tree = ast.parse(_FIGURE.sub(stand_in, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise error("error.expression", expression=_short(text)) from None
    if not all(isinstance(node, _ARITHMETIC) for node in ast.walk(tree)):
        raise error("error.expression", expression=_short(text))
    return tree, tuple(word for word in meaning.values() if word[0].isalpha()), meaning


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _range(expression: str, spans, printed=False, by: str = "") -> tuple[Range, Range]:
    """Return the range of an expression, and of its derivative by one of its ids."""
    tree, _, meaning = _parse(expression)

    def walk(node: ast.AST) -> tuple[Range, Range]:
        if isinstance(node, ast.Name):
            word = meaning[node.id]
            if word in spans:
                return spans[word], (1.0, 1.0) if word == by else _ZERO
            half = half_unit(word) if printed and "." in word else 0.0
            return (float(word) - half, float(word) + half), _ZERO
        if isinstance(node, ast.UnaryOp):
            inner, slope = walk(node.operand)
            return _minus(_ZERO, inner), _minus(_ZERO, slope)
        (left, by_left), (right, by_right) = walk(node.left), walk(node.right)
        if isinstance(node.op, ast.Add | ast.Sub):
            join = _plus if isinstance(node.op, ast.Add) else _minus
            return join(left, right), join(by_left, by_right)
        if isinstance(node.op, ast.Mult):
            return _times(left, right), _plus(_times(by_left, right), _times(left, by_right))
        low, high = right
        if low <= 0 <= high:
            raise error("error.zero_divisor", expression=_short(expression), low=low, high=high)
        inverse = _over((1.0, 1.0), right)
        # d(u/v) = u' * 1/v - u * v'/v**2
        fall = _times(left, _times(by_right, _times(inverse, inverse)))
        return _over(left, right), _minus(_times(by_left, inverse), fall)

    return walk(tree)


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
