"""Runs of consecutive rows that are equal in some columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def run_starts(*columns: NDArray[Any]) -> BoolArray:
    """Return which rows begin a run: the first, and each that differs from the previous one; shape (n,)."""
    is_first = np.zeros(len(columns[0]), dtype=np.bool_)
    is_first[:1] = True
    for column in columns:
        is_first[1:] |= column[1:] != column[:-1]
    return is_first


def run_lengths(*columns: NDArray[Any]) -> tuple[IntArray, IntArray]:
    """Return the index of the first row of each run, and the number of rows; both of shape (k,)."""
    first = run_starts(*columns).nonzero()[0]
    size = np.empty_like(first)
    size[:-1] = first[1:] - first[:-1]
    size[-1:] = len(columns[0]) - first[-1:]
    return first, size
