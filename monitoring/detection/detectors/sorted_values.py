"""Recent values of a signal in order of size, in pieces small enough for the processor's cache."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from monitoring.kernel.arrays import FloatArray

PIECE = 256  # different values; a piece of twice as many is cut in two
NOTHING = (0.0, 0.0)

Position = tuple[int, int]  # number of a piece, and index within the piece


class SortedValues:
    """A sorted multiset of floats; adding and removing one moves at most 5 kB of memory.

    ``pieces`` have the different values, ``counts`` how often each occurs: a sensor has a resolution, so 8000
    of its values are a few hundred different ones.
    """

    __slots__ = ("bounds", "counts", "inner", "pieces", "tops")

    def __init__(self, values: Iterable[float] = ()) -> None:
        plain = np.array(values)
        found, numbers = np.unique(plain, return_counts=True) if len(plain) else (plain, plain)
        cuts = range(0, len(found), PIECE)
        self.pieces = [array("d", found[i : i + PIECE].tobytes()) for i in cuts] or [array("d")]
        self.counts = [narrow(numbers[i : i + PIECE].tolist()) for i in cuts] or [array("B")]
        self.tops = array("d", [piece[-1] for piece in self.pieces if piece])  # the largest of each piece
        # Cached result of measure(), until a value outside of the spread comes or goes.
        self.bounds: tuple[float, float, float] | None = None
        self.inner = NOTHING  # between these, a value does not change the bounds

    def values(self) -> FloatArray:
        """Return all values, smallest first."""
        different = np.concatenate([np.array(piece) for piece in self.pieces])
        return np.repeat(different, np.concatenate([np.array(counts) for counts in self.counts]))

    @property
    def lowest(self) -> float:
        return self.pieces[0][0]

    @property
    def highest(self) -> float:
        return self.tops[-1]

    def measure(self, edge: int) -> tuple[float, float, float]:
        """Return the bounds: the smallest value, the largest, and the spread.

        The spread reaches from the value after the ``edge`` smallest to the value before the ``edge``
        largest; there have to be more than ``edge`` values.
        """
        low, high = self.inner = self._from_start(edge), self._from_end(edge)
        self.bounds = self.lowest, self.highest, high - low
        return self.bounds

    def _from_start(self, index: int) -> float:
        for piece, counts in zip(self.pieces, self.counts, strict=True):
            for value, count in zip(piece, counts, strict=True):
                index -= count
                if index < 0:
                    return value
        raise IndexError(index)

    def _from_end(self, index: int) -> float:
        for piece, counts in zip(reversed(self.pieces), reversed(self.counts), strict=True):
            for value, count in zip(reversed(piece), reversed(counts), strict=True):
                index -= count
                if index < 0:
                    return value
        raise IndexError(index)

    def find(self, value: float) -> Position:
        """Return the position of the value, or at which to insert it."""
        index = bisect_left(self.tops, value)
        if index and index == len(self.tops):
            index -= 1
        return index, bisect_left(self.pieces[index], value)

    def distance(self, value: float, position: Position) -> float:
        """Return the distance from the value to the nearest one; the value lies between lowest and highest.

        ``position`` is the position of the value.
        """
        index, above = position
        piece = self.pieces[index]
        below = piece[above - 1] if above else self.tops[index - 1] if index else value
        over, under = piece[above] - value, value - below
        return under if under < over else over

    def add(self, value: float, position: Position) -> None:
        """Insert a value at its position."""
        if not self.inner[0] < value < self.inner[1]:
            self.bounds = None
        index, above = position
        piece = self.pieces[index]
        if above < len(piece) and piece[above] == value:
            self._count(index, above)
            return
        piece.insert(above, value)
        self.counts[index].insert(above, 1)
        if above == len(piece) - 1:
            self.tops[index : index + 1] = piece[above:]
        if len(piece) > 2 * PIECE:
            self._cut(index)

    def _count(self, index: int, above: int) -> None:
        """Count one more occurrence of a value."""
        try:
            self.counts[index][above] += 1
        except OverflowError:
            self.counts[index] = array("H", self.counts[index])
            self.counts[index][above] += 1

    def _cut(self, index: int) -> None:
        """Cut a piece in two."""
        piece, counts = self.pieces[index], self.counts[index]
        self.pieces[index : index + 1] = [piece[:PIECE], piece[PIECE:]]
        self.counts[index : index + 1] = [counts[:PIECE], counts[PIECE:]]
        self.tops.insert(index, piece[PIECE - 1])

    def remove(self, value: float) -> None:
        """Remove a value that is present."""
        if not self.inner[0] < value < self.inner[1]:
            self.bounds = None
        index = bisect_left(self.tops, value)
        above = bisect_left(self.pieces[index], value)
        counts = self.counts[index]
        if counts[above] > 1:
            counts[above] -= 1
        else:
            self._drop(index, above)

    def _drop(self, index: int, above: int) -> None:
        """Remove the only occurrence of a value."""
        piece = self.pieces[index]
        del piece[above], self.counts[index][above]
        if above < len(piece):
            return
        if piece:
            self.tops[index] = piece[-1]
            return
        del self.tops[index]
        if len(self.pieces) > 1:
            del self.pieces[index], self.counts[index]


def narrow(counts: list[int]) -> "array[int]":
    """Return the counts as an array of one byte each if all fit, else of two."""
    return array("B" if max(counts) < 256 else "H", counts)
