"""Numbers as files write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.file_import.numbers import read_numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def read(*texts: str, decimal: str = ".", **options: bool) -> list[float | None]:
    """The numbers; None for empty cells."""
    values, empty = read_numbers(texts, decimal, **options)
    pairs = zip(values.tolist(), empty.tolist(), strict=True)
    return [None if is_empty else value for value, is_empty in pairs]


@pytest.mark.parametrize(
    ("decimal", "text", "value"),
    [
        (".", "36.5", 36.5),
        (".", " -1,234.5 ", -1234.5),
        (".", "1 234 567.5", 1234567.5),
        (".", "1\u202f234", 1234),
        (".", "1'234.5", 1234.5),
        (".", "−5", -5),
        (".", "+.5", 0.5),
        (".", "1e3", 1000),
        (",", "36,5", 36.5),
        (",", "1.234.567,5", 1234567.5),
        (",", "1.234", 1234),
        (",", "5,", 5),
        (",", "1,5E-2", 0.015),
    ],
)
def test_numbers_of_people_and_instruments(decimal: str, text: str, value: float) -> None:
    assert read(text, decimal=decimal) == [value]
    assert read(text, "n/a", decimal=decimal) == [value, None]


@pytest.mark.parametrize(
    "text", ["1_000", "inf", "infinity", "1,23", "12,34,567", "1.2.3", "warm", "+", ".", "1e999"]
)
def test_other_texts_are_no_numbers(text: str) -> None:
    (value,) = read(text)
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["", "  ", "-", "NaN", "N/A", "null", "#NV"])
def test_cells_without_a_value_are_empty(text: str) -> None:
    assert read(text, "1") == [None, 1]


def test_numbers_of_a_workbook_have_a_point_whatever_its_texts_have() -> None:
    assert read("1.234", "1,5", decimal=",", plain_first=True) == [1.234, 1.5]
    assert read("1.234", "1,5", decimal=",") == [1234, 1.5]


@given(st.lists(FINITE, min_size=1), st.sampled_from(".,"))
def test_what_is_written_is_read_alone_and_among_others(values: list[float], decimal: str) -> None:
    texts = [repr(value).replace(".", decimal) for value in values]
    assert read(*texts, decimal=decimal) == values
    assert read(*texts, "-", decimal=decimal) == [*values, None]
