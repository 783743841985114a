"""Arithmetic over ids against Python's own, ranges against brute force, hostile text refused."""

import ast
import itertools
import math

import minipack
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xc_analysis import InputError
from xc_analysis.derivation import evaluate, names

expressions = st.recursive(
    st.sampled_from(["a", "b", "c", "1", "2.5", "10", "0.25"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join),
        inner.map(lambda t: f"-{t}"),
    ),
    max_leaves=8,
)
numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
spans = st.tuples(numbers, numbers).map(sorted)


@given(expressions, numbers, numbers, numbers)
def test_equals_python_on_random_expressions(text, a, b, c):
    table = {"a": a, "b": b, "c": c}
    try:
        wanted = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, table)
    except ZeroDivisionError:
        wanted = math.inf
    if math.isfinite(wanted):
        assert evaluate(text, table, printed=False)[0] == wanted
    else:
        with pytest.raises(InputError):
            evaluate(text, table, printed=False)


@given(expressions, spans, spans, spans)
@settings(max_examples=200, deadline=None)
def test_ranges_hold_every_value_and_are_tight_where_ids_enter_once(text, a, b, c):
    table = {"a": a, "b": b, "c": c}
    figures = {name: (low, low, high) for name, (low, high) in table.items()}
    try:
        _, low, high = evaluate(text, figures, printed=False)
    except InputError:
        assume(False)
    used = names(text)
    steps = [[lo + (hi - lo) * k / 4 for k in range(5)] for lo, hi in (table[n] for n in used)]
    points = [dict(zip(used, point, strict=True)) for point in itertools.product(*steps)]
    seen = [evaluate(text, point, printed=False)[0] for point in points]
    slack = 1e-9 * (1 + max(map(abs, seen)))
    assert low - slack <= min(seen) and max(seen) <= high + slack
    if all(text.count(n) == 1 for n in used):
        assert (low, high) == pytest.approx((min(seen), max(seen)), abs=slack)


BY_HAND = [
    ("100 * (1 - station.pm25.2020/40)", {"station.pm25.2020": 39.97}, (0.075,) * 3),
    ("  o12*007 ", {"o12": 2}, (14, 14, 14)),
    # 40 and 51.8 % as printed: 81.9 to 84.1 by both roundings
    ("o / (1 - 0.518)", {"o": (40, 39.5, 40.5)}, (40 / 0.482, 39.5 / 0.4825, 40.5 / 0.4815)),
    # trailing zeros are printed precision; whole numbers are exact
    ("o - 1.50", {"o": 3}, (1.5, 1.495, 1.505)),
    ("o + 43", {"o": 10}, (53, 53, 53)),
    # an id that enters twice is one figure; (a - b) / b rises in a and falls in b
    ("a - a", {"a": (1, 1, 2)}, (0, 0, 0)),
    ("(a - b) / b", {"a": (10, 9, 11), "b": (4, 4, 5)}, (1.5, (9 - 5) / 5, (11 - 4) / 4)),
    ("a * a", {"a": (1, 0, 2)}, (1, 0, 4)),
    # a bound has a range and no value
    ("a - 1", {"a": (None, -math.inf, 33)}, (math.nan, -math.inf, 32)),
    ("10 / a", {"a": (5, 2, math.inf)}, (2, 0, 5)),
]


@pytest.mark.parametrize(("text", "values", "wanted"), BY_HAND)
def test_value_and_range_are_those_worked_out_by_hand(text, values, wanted):
    assert evaluate(text, values.__getitem__) == pytest.approx(wanted, nan_ok=True)


def test_ids_are_named_once_in_order():
    assert names("b + a * b - station.pm25.2020 / 2") == ("b", "a", "station.pm25.2020")


LONG = ("(" * 101 + "1" + ")" * 101, "+".join("1" * 200), "-" * 200 + "1", "9" * 16, "a" * 3000)
NO_FIGURE = (math.nan, None, math.inf, (1, 2, 1), (1, math.nan, 2))
REFUSED = [
    *(
        (text, 2.0, words)
        for text, words in minipack.cases("no_arithmetic").itertuples(index=False)
    ),
    *((text, 2.0, "") for text in LONG),
    *(("a + 1", nothing, "'a', which has no value") for nothing in NO_FIGURE),
    ("1 / a", (0.5, -1, 1), "ranges from -1 to 1"),
    ("*".join(["a"] * 12), 1e300, "no finite value"),
]


@pytest.mark.parametrize(("text", "a", "words"), REFUSED)
def test_everything_else_is_refused_in_one_line(text, a, words, lang_en):
    with pytest.raises(InputError, match=words or ".") as caught:
        evaluate(text, {"a": a, "b": -3.5})
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
