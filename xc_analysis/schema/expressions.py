"""Plain arithmetic over named figures, read by a small parser and never by `eval`.

An expression holds numbers in plain digits, names (an observation's id, or a dotted name such
as ``station.pm25.2020``), ``+ - * /`` and parentheses; nothing else. Length and nesting are
bounded, so that a hostile cell costs no more than an honest one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from ..errors import InputError

MAX_LENGTH = 2000
MAX_DEPTH = 50
_TOKEN = re.compile(
    r"[ ]*(?:([0-9]{1,15}(?:\.[0-9]{1,15})?)(?![0-9.A-Za-z_])"
    r"|([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)(?![.])"
    r"|([-+*/()]))"
)
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}

Range = tuple[float, float]


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_LENGTH:
        raise InputError(f"expression is longer than {MAX_LENGTH} characters: split it into rows")
    tokens, at, end = [], 0, len(text.rstrip(" "))
    while at < end:
        match = _TOKEN.match(text, at)
        if not match:
            rest = text[at:].lstrip(" ")
            raise InputError(
                f"expression {_short(text)} cannot be read at {_short(rest)}: use numbers in plain"
                " digits, names, + - * / and ( ) only"
            )
        number, name, sign = match.groups()
        tokens.append(("number", number) if number else ("name", name) if name else (sign, sign))
        at = match.end()
    return tokens


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[tuple[str, str], ...]:
    """The expression in postfix order: ``("number", digits)``, ``("name", name)``, operators.

    Parameters
    ----------
    text : str
        The expression. Negation comes back as the operator ``"neg"``.

    Raises
    ------
    InputError
        If the text is no such expression, is too long or is nested too deeply.
    """
    tokens = _tokens(text)
    out: list[tuple[str, str]] = []
    at = 0

    def peek() -> str:
        return tokens[at][0] if at < len(tokens) else "end"

    def fail(wanted: str):
        found = repr(tokens[at][1]) if at < len(tokens) else "the end"
        return InputError(f"expression {_short(text)}: {wanted} expected, found {found}")

    def operand(depth: int) -> None:
        nonlocal at
        minus = 0
        while peek() == "-":
            minus += 1
            at += 1
        kind = peek()
        if kind in ("number", "name"):
            out.append(tokens[at])
            at += 1
        elif kind == "(":
            if depth >= MAX_DEPTH:
                raise InputError(f"expression {_short(text)} is nested more than {MAX_DEPTH} deep")
            at += 1
            chain(depth + 1, 1)
            if peek() != ")":
                raise fail("`)`")
            at += 1
        else:
            raise fail("a number, a name or `(`")
        if minus % 2:
            out.append(("neg", "-"))

    def chain(depth: int, binding: int) -> None:
        """Operands joined by operators of this binding or a tighter one, left to right."""
        nonlocal at
        tighter = operand if binding == 2 else lambda depth: chain(depth, 2)
        tighter(depth)
        while _BINDING.get(peek()) == binding:
            operator = tokens[at]
            at += 1
            tighter(depth)
            out.append(operator)

    chain(0, 1)
    if at < len(tokens):
        raise fail("an operator or the end")
    return tuple(out)


def names(text: str) -> tuple[str, ...]:
    """The names that an expression uses, each once, in order of appearance."""
    return tuple(dict.fromkeys(value for kind, value in parse(text) if kind == "name"))


def evaluate(text: str, lookup: Mapping[str, float] | Callable[[str], float]) -> float:
    """The value of an expression.

    Parameters
    ----------
    text : str
        The expression, such as ``"o12 - 1.42"``.
    lookup : mapping or callable
        Gives the value of a name. A mapping's missing name is an `InputError`; a callable
        raises its own.

    Returns
    -------
    float
        A finite number.

    Raises
    ------
    InputError
        On a syntax error, an unknown name, a value that is missing or not finite, a division by
        zero, or a result that is not finite.

    Examples
    --------
    >>> round(evaluate("a / (1 - 0.518)", {"a": 40}), 1)
    83.0
    """
    stack: list[float] = []
    for kind, value in parse(text):
        if kind == "number":
            stack.append(float(value))
        elif kind == "name":
            stack.append(_value(text, value, lookup))
        elif kind == "neg":
            stack.append(-stack.pop())
        else:
            right, left = stack.pop(), stack.pop()
            if kind == "/" and right == 0:
                raise InputError(f"expression {_short(text)} divides by zero")
            stack.append(_apply(kind, left, right))
    result = stack.pop()
    if not math.isfinite(result):
        raise InputError(f"expression {_short(text)} has no finite value")
    return result


def _value(text: str, name: str, lookup) -> float:
    try:
        found = lookup(name) if callable(lookup) else lookup[name]
    except KeyError:
        raise InputError(f"expression {_short(text)} names {name!r}, which is unknown") from None
    value = float(found) if found is not None else math.nan
    if not math.isfinite(value):
        raise InputError(f"expression {_short(text)} needs {name!r}, which has no value")
    return value


def _apply(kind: str, left: float, right: float) -> float:
    if kind == "+":
        return left + right
    if kind == "-":
        return left - right
    if kind == "*":
        return left * right
    return left / right


def evaluate_range(
    text: str,
    ranges: Mapping[str, Range] | Callable[[str], Range],
    *,
    literals: str = "exact",
) -> Range:
    """The smallest and largest value that ranges of the names allow.

    Parameters
    ----------
    text : str
        The expression.
    ranges : mapping or callable
        Gives ``(low, high)`` of a name; an end may be infinite.
    literals : {"exact", "printed"}
        ``"printed"``: a number written with a decimal point is a printed figure, uncertain by
        half a unit of its last digit; a whole number is exact either way.

    Returns
    -------
    (low, high) : tuple of float

    Raises
    ------
    InputError
        As `evaluate`; also if a divisor's range holds zero.

    Notes
    -----
    Interval arithmetic is exact while every name enters once. A name that enters more than once
    is pinned to the end of its range that the sign of the (interval) derivative asks for, which
    is exact where the expression is monotone in it; where the sign is open the outer bound of
    interval arithmetic stands.

    Examples
    --------
    >>> low, high = evaluate_range("a / (1 - 0.518)", {"a": (39.5, 40.5)}, literals="printed")
    >>> round(low, 1), round(high, 1)
    (81.9, 84.1)
    """
    if literals not in ("exact", "printed"):
        raise InputError(f"literals is {literals!r}: use 'exact' or 'printed'")
    used = {name: _range(text, name, ranges) for name in names(text)}
    repeated = [
        name
        for name, (low, high) in used.items()
        if low < high and sum(token == ("name", name) for token in parse(text)) > 1
    ]
    outer, slopes = _interval(text, used, literals, repeated)
    rising = {name: low >= 0 for name, (low, high) in slopes.items() if low >= 0 or high <= 0}
    if not rising:
        return outer
    ends = []
    for side in (0, 1):
        pinned = dict(used)
        for name, up in rising.items():
            end = used[name][side if up else 1 - side]
            if math.isfinite(end):
                pinned[name] = (end, end)
        ends.append(_interval(text, pinned, literals, ())[0][side])
    return ends[0], ends[1]


def _range(text: str, name: str, ranges) -> Range:
    try:
        low, high = ranges(name) if callable(ranges) else ranges[name]
    except KeyError:
        raise InputError(f"expression {_short(text)} names {name!r}, which is unknown") from None
    if not low <= high:
        raise InputError(f"expression {_short(text)} needs {name!r}, which has no range")
    return float(low), float(high)


def _interval(text, used, literals, repeated) -> tuple[Range, dict[str, Range]]:
    """Interval of the expression and of its derivative by each of the names in `repeated`."""
    zero = (0.0, 0.0)
    stack: list[tuple[Range, dict[str, Range]]] = []
    for kind, value in parse(text):
        if kind == "number":
            half = 0.0
            if literals == "printed" and "." in value:
                half = 0.5 * 10.0 ** -len(value.partition(".")[2])
            stack.append(((float(value) - half, float(value) + half), {}))
        elif kind == "name":
            stack.append((used[value], {value: (1.0, 1.0)} if value in repeated else {}))
        elif kind == "neg":
            span, slopes = stack.pop()
            stack.append((_minus(zero, span), {n: _minus(zero, s) for n, s in slopes.items()}))
        else:
            (right, by_right), (left, by_left) = stack.pop(), stack.pop()
            slopes = {}
            if kind in "+-":
                join = _plus if kind == "+" else _minus
                span = join(left, right)
                for name in _either(by_left, by_right):
                    slopes[name] = join(by_left.get(name, zero), by_right.get(name, zero))
            else:
                if kind == "/":
                    if right[0] <= 0 <= right[1]:
                        raise InputError(
                            f"expression {_short(text)} may divide by zero: its divisor ranges"
                            f" from {right[0]:g} to {right[1]:g}"
                        )
                    right = (1 / right[1], 1 / right[0])
                    # d(1/u) = -u'/u**2
                    square = _times(right, right)
                    by_right = {n: _minus(zero, _times(s, square)) for n, s in by_right.items()}
                span = _times(left, right)
                for name in _either(by_left, by_right):
                    slopes[name] = _plus(
                        _times(by_left.get(name, zero), right),
                        _times(left, by_right.get(name, zero)),
                    )
            stack.append((span, slopes))
    return stack.pop()


def _either(left: dict, right: dict) -> Iterator[str]:
    return iter(dict.fromkeys((*left, *right)))


def _plus(left: Range, right: Range) -> Range:
    return left[0] + right[0], left[1] + right[1]


def _minus(left: Range, right: Range) -> Range:
    return left[0] - right[1], left[1] - right[0]


def _times(left: Range, right: Range) -> Range:
    # 0 * inf is 0 here: the factor that is exactly zero wins
    products = [a * b if a and b else 0.0 for a in left for b in right]
    return min(products), max(products)
