"""Keyset paging: cursors as texts, and where a page ends."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.history.keyset import MAX_ID, Cursor, split_page
from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS, from_micros

CURSORS = st.builds(
    lambda micros, row: Cursor(from_micros(micros), row),
    st.integers(FIRST_MICROS, LAST_MICROS),
    st.integers(0, MAX_ID),
)


@given(CURSORS)
def test_a_cursor_reads_back_as_itself(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "1", "1_", "_1", "1_-1", "1.0_1", f"1_{MAX_ID + 1}", "9" * 18 + "_1", "1_1 ", "٣_1"]
)
def test_whatever_no_page_has_given_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        Cursor.parse(text)


@given(rows=st.lists(st.integers(0, MAX_ID), unique=True, max_size=30), limit=st.integers(1, 10))
def test_pages_one_after_another_have_every_row_once(rows: list[int], limit: int) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    seen: list[int] = []
    left = sorted(rows)
    while True:
        page, cursor = split_page(left[: limit + 1], limit, lambda row: Cursor(noon, row))
        assert len(page) <= limit
        seen += page
        if cursor is None:
            break
        left = [row for row in left if row > cursor.id]
    assert seen == sorted(rows)
