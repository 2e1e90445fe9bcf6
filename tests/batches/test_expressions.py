"""Expressions of computed tags: arithmetic on tags, nothing else; errors with position and expectation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.expressions import FUNCTIONS, LONGEST, ExpressionError, parse

TAGS = {"demo1.o2": 3.5, "a": -2.0, "x-y": 0.0}


def value_of(text: str) -> float | None:
    """Return the result for single values of ``TAGS``; None for a gap."""
    found = parse(text).evaluate({name: np.array([value]) for name, value in TAGS.items()})
    value = float(np.broadcast_to(found, 1)[0])
    return None if math.isnan(value) else value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{demo1.o2} * 2 + a", 5.0),
        (" {x-y}-1 ", -1.0),
        ("-2 ** 2", -4.0),
        ("2 ** -1", 0.5),
        ("abs(a) + sqrt(4) + log(exp(1))", 5.0),
        ("min(a, 1, {demo1.o2}) + max(a, 1)", -1.0),
        ("clip({demo1.o2}, 0, 3)", 3.0),
        (".5 + 5. + 1e1", 15.5),
    ],
)
def test_value(text, value):
    assert value_of(text) == pytest.approx(value)


def test_tags_in_the_order_of_the_text():
    assert parse("{b.c} + a * {b.c} + sqrt(d)").tags == ("b.c", "a", "d")


@pytest.mark.parametrize(
    "text", ["1 / {x-y}", "1 / (1 / {x-y})", "{x-y} / {x-y}", "sqrt(a)", "log({x-y})", "a ** 0.5", "exp(999)"]
)
def test_result_that_is_no_finite_number_is_a_gap(text):
    assert value_of(text) is None


def test_a_missing_argument_is_a_gap_also_in_min_and_max():
    values = {"a": np.array([1.0, np.nan]), "b": np.array([2.0, 2.0])}
    for text in ("a + b", "min(a, b)", "max(b, a)", "clip(b, a, 3)", "a ** 0 * b - b + a"):
        assert np.isnan(parse(text).evaluate(values)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 1, "empty"),
        ("a b", 3, "operator is missing"),
        ("2{x}", 2, "operator is missing"),
        ("(a)(b)", 4, "operator is missing"),
        ("a ^ 2", 3, "write ** for a power"),
        ("demo1.o2", 6, "{demo1.o2}"),
        ("{demo1.o2", 1, "{demo1.o2}"),
        ("{}", 1, "no name of a tag"),
        ("{__class__}", 1, "no name of a tag"),
        ("__import__('os')", 1, "cannot stand here"),
        ("a.__class__", 2, "cannot stand here"),
        ("open(a)", 1, "unknown function"),
        ("sqrt + 1", 1, "sqrt(...)"),
        ("sqrt(1, 2)", 1, "takes 1 arguments, not 2"),
        ("max(*a)", 1, "takes 2 to 8 arguments"),
        ("a // 2", 1, "cannot stand here"),
        ("1, 2", 1, "cannot stand here"),
        ("a < 2", 3, "cannot stand here"),
        ("lambda", 1, "{lambda}"),
        ("True", 1, "{True}"),
        ("1 + (2", 5, "not closed"),
        ("1 + 2)", 6, "no parenthesis is open"),
        ("a + ", 3, "missing after '+'"),
        ("a + * 2", 5, "not complete"),
        ("007", 1, "not complete"),
        ("a ** 11", 6, "exponent"),
        ("a ** -11", 6, "exponent"),
        ("1 + 1e999", 5, "numbers up to"),
        ("-" * 70 + "a", 61, "nested deeper"),
        ("1" * (LONGEST + 1), LONGEST + 1, "longer than"),
        ("+".join(f"{{t{n}}}" for n in range(33)), 183, "at most 32 tags"),
    ],
)
def test_error_with_position_and_what_is_expected(text, position, words):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.position == position
    assert words in str(caught.value)


PIECES = [
    "a",
    "{x-y}",
    "{demo1.o2}",
    "1",
    "2.5",
    *FUNCTIONS,
    *"+-*/(),{}_.^=:'\\\n#",
    "**",
    " ",
    "if",
    "lambda",
    "0x",
]


@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_is_an_expression_or_an_expression_error(text):
    position, values = 1, np.zeros(1)
    try:
        found = parse(text)
        values = found.evaluate(dict.fromkeys(found.tags, np.array([1.0, np.nan])))
    except ExpressionError as error:
        position = error.position
    assert 1 <= position <= max(len(text), 1)
    assert not np.isinf(values).any()


NUMBERS = st.integers(0, 9).map(str) | st.floats(0.01, 10).map(repr)
FORMULAS = st.recursive(
    NUMBERS,
    lambda parts: st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "**"]), parts).map(
        lambda found: f"({found[0]}) {found[1]} (-{found[2]})" if found[1] != "**" else f"({found[0]}) ** 2"
    ),
    max_leaves=8,
)


@given(FORMULAS)
def test_arithmetic_is_that_of_python(text):
    try:
        expected = float(eval(text))  # noqa: S307 - digits and operators from the strategy above
    except (ZeroDivisionError, OverflowError):
        expected = math.nan
    found = float(parse(text).evaluate({}))
    if math.isfinite(expected):
        assert found == pytest.approx(expected, rel=1e-12)
    else:
        assert math.isnan(found)
