"""Recent values of a signal in order of size, in pieces small enough for the processor's cache."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

PIECE = 256  # values; a piece of twice as many is cut in two

Position = tuple[int, int]  # number of a piece, and index within the piece


class SortedValues:
    """A sorted multiset of floats; adding and removing one moves at most 4 kB of memory."""

    __slots__ = ("bounds", "pieces", "tops")

    def __init__(self, values: Iterable[float] = ()) -> None:
        ordered = sorted(values)
        self.pieces = [array("d", ordered[i : i + PIECE]) for i in range(0, len(ordered), PIECE)] or [
            array("d")
        ]
        self.tops = array("d", [piece[-1] for piece in self.pieces if piece])  # the largest of each piece
        # Cached result of measure(), until the first or the last piece changes.
        self.bounds: tuple[float, float, float] | None = None

    def __bool__(self) -> bool:
        return bool(self.tops)

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
        first, last = self.pieces[0], self.pieces[-1]
        if min(len(first), len(last)) > edge:
            self.bounds = first[0], last[-1], last[-1 - edge] - first[edge]
            return self.bounds
        # In a trending signal the last piece holds few values, and each reading changes that piece.
        return first[0], last[-1], self._from_end(edge) - self._from_start(edge)

    def _from_start(self, index: int) -> float:
        for piece in self.pieces:
            if index < len(piece):
                return piece[index]
            index -= len(piece)
        raise IndexError(index)

    def _from_end(self, index: int) -> float:
        for piece in reversed(self.pieces):
            if index < len(piece):
                return piece[-1 - index]
            index -= len(piece)
        raise IndexError(index)

    def find(self, value: float) -> Position:
        """Return the position at which to insert the value: before the first that is not smaller."""
        index = bisect_left(self.tops, value)
        if index and index == len(self.tops):
            index -= 1
        return index, bisect_left(self.pieces[index], value)

    def distance(self, value: float, position: Position) -> float:
        """Return the distance from the value to the nearest one; the value lies between lowest and highest.

        ``position`` is the position at which to insert the value.
        """
        index, above = position
        piece = self.pieces[index]
        below = piece[above - 1] if above else self.tops[index - 1] if index else value
        over, under = piece[above] - value, value - below
        return under if under < over else over

    def add(self, value: float, position: Position) -> None:
        """Insert a value at its position."""
        index, above = position
        piece = self.pieces[index]
        piece.insert(above, value)
        if above == len(piece) - 1:
            self.tops[index : index + 1] = piece[above:]
        if len(piece) > 2 * PIECE:
            self.pieces[index : index + 1] = [piece[:PIECE], piece[PIECE:]]
            self.tops.insert(index, piece[PIECE - 1])
        if not 0 < index < len(self.pieces) - 2:
            self.bounds = None

    def remove(self, value: float) -> None:
        """Remove a value that is present."""
        index = bisect_left(self.tops, value)
        piece = self.pieces[index]
        above = bisect_left(piece, value)
        if not 0 < index < len(self.pieces) - 1:
            self.bounds = None
        del piece[above]
        if above < len(piece):
            return
        if piece:
            self.tops[index] = piece[-1]
        elif len(self.pieces) > 1:
            del self.pieces[index], self.tops[index]
        else:
            del self.tops[index]
