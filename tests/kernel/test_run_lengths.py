"""Stretches of equal rows."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.run_lengths import run_lengths, run_starts

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)))


@given(ROWS)
def test_they_are_those_of_itertools(rows: list[tuple[int, int]]) -> None:
    tag, time = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    first, size = run_lengths(tag, time)
    assert [(rows[at], count) for at, count in zip(first.tolist(), size.tolist(), strict=True)] == [
        (row, len(list(alike))) for row, alike in groupby(rows)
    ]


@given(ROWS)
def test_a_row_begins_one_if_the_row_before_is_another(rows: list[tuple[int, int]]) -> None:
    tag, time = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    expected = [at == 0 or rows[at] != rows[at - 1] for at in range(len(rows))]
    assert run_starts(tag, time).tolist() == expected
