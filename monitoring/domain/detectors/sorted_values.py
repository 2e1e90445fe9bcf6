"""The last values of a signal in order of size, in little pieces that the processor's cache likes."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

PIECE = 256  # values; a piece of twice as many is cut in two


class SortedValues:
    """A sorted multiset of floats; adding and removing one moves at most 4 kB of memory."""

    __slots__ = (
        "pieces",
        "tops",
    )

    def __init__(self, values: Iterable[float] = ()) -> None:
        ordered = sorted(values)
        self.pieces = [array("d", ordered[i : i + PIECE]) for i in range(0, len(ordered), PIECE)] or [
            array("d")
        ]
        self.tops = array("d", [piece[-1] for piece in self.pieces if piece])  # the largest of each piece

    def __bool__(self) -> bool:
        return bool(self.tops)

    @property
    def lowest(self) -> float:
        """The smallest value."""
        return self.pieces[0][0]

    @property
    def highest(self) -> float:
        """The largest value."""
        return self.tops[-1]

    def spread(self, edge: int) -> float:
        """From the value behind the ``edge`` smallest to the one before the ``edge`` largest."""
        first, last = self.pieces[0], self.pieces[-1]
        low = first[edge] if len(first) > edge else first[-1]
        high = last[-1 - edge] if len(last) > edge else last[0]
        return high - low

    def distance(self, value: float) -> float:
        """How far the nearest value is from this one, which lies between the lowest and the highest."""
        place = bisect_left(self.tops, value)
        piece = self.pieces[place]
        above = bisect_left(piece, value)
        below = piece[above - 1] if above else self.tops[place - 1] if place else value
        return min(piece[above] - value, value - below)

    def add(self, value: float) -> None:
        """Puts a value in."""
        place = min(bisect_left(self.tops, value), len(self.pieces) - 1)
        piece = self.pieces[place]
        piece.insert(bisect_left(piece, value), value)
        if not self.tops:
            self.tops.append(value)
        elif value > self.tops[place]:
            self.tops[place] = value
        if len(piece) > 2 * PIECE:
            self.pieces[place : place + 1] = [piece[:PIECE], piece[PIECE:]]
            self.tops.insert(place, piece[PIECE - 1])

    def remove(self, value: float) -> None:
        """Takes a value out that is in."""
        place = bisect_left(self.tops, value)
        piece = self.pieces[place]
        del piece[bisect_left(piece, value)]
        if piece:
            self.tops[place] = piece[-1]
        elif len(self.pieces) > 1:
            del self.pieces[place], self.tops[place]
        else:
            del self.tops[place]
