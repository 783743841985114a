"""The expression parser against Python's own arithmetic, and ranges against brute force."""

import ast
import itertools
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xc_analysis import InputError
from xc_analysis.schema.expressions import evaluate, evaluate_range, names, parse

VALUES = {"a": 2.0, "b": -3.5, "o12": 31.8, "station.pm25.2020": 39.97}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 - 3 - 4", -5),
        ("24 / 4 / 2", 3),
        ("2 * -3", -6),
        ("--2", 2),
        ("-(a - 5)", 3),
        ("  a*b ", -7),
        ("o12 - 1.42", 30.38),
        ("100 * (1 - station.pm25.2020 / 40)", 0.075),
        ("0.1 + 0.2", 0.1 + 0.2),
    ],
)
def test_arithmetic(text, value):
    assert evaluate(text, VALUES) == pytest.approx(value, abs=1e-12)


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


@given(expressions, numbers, numbers, numbers)
def test_equals_python_on_random_expressions(text, a, b, c):
    table = {"a": a, "b": b, "c": c}
    try:
        wanted = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, table)
    except (ZeroDivisionError, OverflowError):
        wanted = math.inf
    if math.isfinite(wanted):
        assert evaluate(text, table) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    else:
        with pytest.raises(InputError):
            evaluate(text, table)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1 +", "* 2", "(1", "1)", "()", "1 2", "a b", "a a", "1..2", "1.", ".5", "1e5"),
        *("1,5", "2 ** 3", "2 // 3", "2 % 3", "a.b.", "a..b", "_a", "a=1", "a;b", "a[0]", "f(1)"),
        *("__import__('os').system('true')", "lambda: 1", "'a'", "1 if a else 2", "a\n+ b", "é"),
        *("１ + ２", "1_000", "0x10", "1j", "nan", "(" * 51 + "1" + ")" * 51, "1+" * 2000 + "1"),
        *("9" * 16, "a" * 3000),
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(InputError):
        evaluate(text, VALUES)


def test_long_chains_and_deep_nesting_are_fine_within_the_bounds():
    assert evaluate("+".join(["1"] * 900), {}) == 900
    assert evaluate("(" * 50 + "1" + ")" * 50, {}) == 1
    assert evaluate("-" * 900 + "1", {}) == 1


def test_division_by_zero_unknown_names_and_missing_values_are_named():
    with pytest.raises(InputError, match="divides by zero"):
        evaluate("a / (a - 2)", VALUES)
    with pytest.raises(InputError, match="'nowhere', which is unknown"):
        evaluate("a + nowhere", VALUES)
    with pytest.raises(InputError, match="'a', which has no value"):
        evaluate("a + 1", {"a": math.nan})
    with pytest.raises(InputError, match="no finite value"):
        evaluate("*".join(["a"] * 12), {"a": 1e300})


def test_names_once_in_order_and_a_callable_lookup():
    assert names("b + a * b - station.pm25.2020 / 2") == ("b", "a", "station.pm25.2020")
    assert evaluate("x + y", {"x": 1, "y": 2}.__getitem__) == 3
    assert parse("1 - -a") == (("number", "1"), ("name", "a"), ("neg", "-"), ("-", "-"))


def test_the_range_that_rounding_allows_of_the_plans_figures():
    # 40 printed, 51.8 % printed: 81.9 to 84.1, by both roundings
    low, high = evaluate_range("o / (1 - 0.518)", {"o": (39.5, 40.5)}, literals="printed")
    assert (low, high) == pytest.approx((39.5 / 0.4825, 40.5 / 0.4815))
    low, high = evaluate_range("o / (1 - 0.518)", {"o": (39.5, 40.5)})
    assert (low, high) == pytest.approx((39.5 / 0.482, 40.5 / 0.482))
    # whole numbers are exact: 10 days and 43 days
    assert evaluate_range("o + 43", {"o": (10, 10)}, literals="printed") == (53, 53)
    # 31.80 - 1.42
    assert evaluate_range("o - 1.42", {"o": (31.795, 31.805)}, literals="printed") == pytest.approx(
        (30.37, 30.39)
    )


def test_a_name_that_enters_twice_is_one_figure():
    assert evaluate_range("a - a", {"a": (1, 2)}) == (0, 0)
    # (a - b) / b rises in a and falls in b
    low, high = evaluate_range("(a - b) / b", {"a": (9, 11), "b": (4, 5)})
    assert (low, high) == pytest.approx(((9 - 5) / 5, (11 - 4) / 4))
    # a * (10 - a) turns inside 4 ... 7: the outer bound holds the true 21 ... 25
    low, high = evaluate_range("a * (10 - a)", {"a": (4, 7)})
    assert low <= 21 and high >= 25


def test_infinite_ends_and_divisors_that_may_be_zero():
    assert evaluate_range("a - 1", {"a": (-math.inf, 33)}) == (-math.inf, 32)
    assert evaluate_range("10 / a", {"a": (2, math.inf)}) == (0, 5)
    with pytest.raises(InputError, match="may divide by zero"):
        evaluate_range("1 / a", {"a": (-1, 1)})
    with pytest.raises(InputError, match="no range"):
        evaluate_range("a", {"a": (2, 1)})
    with pytest.raises(InputError, match="literals"):
        evaluate_range("a", {"a": (1, 2)}, literals="round")


spans = st.tuples(numbers, numbers).map(sorted).map(tuple)


@given(expressions, spans, spans, spans)
@settings(max_examples=200, deadline=None)
def test_ranges_hold_every_value_and_are_tight_where_names_enter_once(text, a, b, c):
    table = {"a": a, "b": b, "c": c}
    try:
        low, high = evaluate_range(text, table)
    except InputError:
        assume(False)
    used = names(text)
    steps = [[lo + (hi - lo) * k / 4 for k in range(5)] for lo, hi in (table[n] for n in used)]
    seen = [
        evaluate(text, dict(zip(used, point, strict=True))) for point in itertools.product(*steps)
    ]
    slack = 1e-9 * (1 + max(map(abs, seen)))
    assert low - slack <= min(seen) and max(seen) <= high + slack
    if all(sum(token == ("name", n) for token in parse(text)) == 1 for n in used):
        assert low == pytest.approx(min(seen), abs=slack)
        assert high == pytest.approx(max(seen), abs=slack)
