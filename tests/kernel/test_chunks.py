"""Items are divided into lists of a size, in order and without loss."""

from collections.abc import Callable, Iterable

import pytest

from monitoring.kernel.chunks import chunks


@pytest.mark.parametrize("kind", [list, iter, tuple])
def test_the_last_list_may_be_shorter(kind: Callable[[Iterable[int]], Iterable[int]]) -> None:
    assert list(chunks(kind(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(chunks(kind(range(6)), 3)) == [[0, 1, 2], [3, 4, 5]]


def test_nothing_has_no_list() -> None:
    assert not list(chunks([], 3))
