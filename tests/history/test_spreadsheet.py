"""No text becomes a formula."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.history.spreadsheet import ACTIVE, inert


@pytest.mark.parametrize("sign", ACTIVE)
def test_what_would_be_a_formula_is_text(sign: str) -> None:
    assert inert(f"{sign}HYPERLINK(1)") == f"'{sign}HYPERLINK(1)"


@given(st.text().filter(lambda text: "\0" not in text))
def test_no_cell_that_is_read_back_begins_as_a_formula(text: str) -> None:
    lines = StringIO(newline="")
    csv.writer(lines).writerow([1, inert(text)])
    lines.seek(0)
    ((_, cell),) = csv.reader(lines)
    assert not cell.startswith(ACTIVE)
    assert cell in (text, f"'{text}")
