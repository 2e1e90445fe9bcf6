"""Divide items into lists of a size."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in order, in lists of ``size``; the last one may be shorter.

    ``itertools.batched`` of Python 3.12 does the same with tuples.
    """
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
