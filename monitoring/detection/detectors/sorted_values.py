"""The last values of a signal in order of size, in little pieces that the processor's cache likes."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

PIECE = 256  # values; a piece of twice as many is cut in two

Spot = tuple[int, int]  # a piece's number, and the place in it


class SortedValues:
    """A sorted multiset of floats; adding and removing one moves at most 4 kB of memory."""

    __slots__ = ("bounds", "pieces", "tops")

    def __init__(self, values: Iterable[float] = ()) -> None:
        ordered = sorted(values)
        self.pieces = [array("d", ordered[i : i + PIECE]) for i in range(0, len(ordered), PIECE)] or [
            array("d")
        ]
        self.tops = array("d", [piece[-1] for piece in self.pieces if piece])  # the largest of each piece
        # What measure() answered, until the first or the last piece changes.
        self.bounds: tuple[float, float, float] | None = None

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

    def measure(self, edge: int) -> tuple[float, float, float]:
        """The bounds: the smallest value, the largest, and the spread.

        That is from the value behind the ``edge`` smallest to the one before the ``edge`` largest;
        there are more values than that.
        """
        first, last = self.pieces[0], self.pieces[-1]
        if min(len(first), len(last)) > edge:
            self.bounds = first[0], last[-1], last[-1 - edge] - first[edge]
            return self.bounds
        ordered = [value for piece in self.pieces for value in piece]  # seldom: a piece has nearly run out
        return first[0], last[-1], ordered[-1 - edge] - ordered[edge]

    def find(self, value: float) -> Spot:
        """Where the value would be put in: before the first that is not smaller."""
        place = bisect_left(self.tops, value)
        if place and place == len(self.tops):
            place -= 1
        return place, bisect_left(self.pieces[place], value)

    def distance(self, value: float, spot: Spot) -> float:
        """How far the nearest value is from this one, which lies between the lowest and the highest.

        ``spot`` is where it would be put in.
        """
        place, above = spot
        piece = self.pieces[place]
        below = piece[above - 1] if above else self.tops[place - 1] if place else value
        over, under = piece[above] - value, value - below
        return under if under < over else over

    def add(self, value: float, spot: Spot) -> None:
        """Puts a value in, at its spot."""
        place, above = spot
        piece = self.pieces[place]
        piece.insert(above, value)
        if above == len(piece) - 1:
            self.tops[place : place + 1] = piece[above:]
        if len(piece) > 2 * PIECE:
            self.pieces[place : place + 1] = [piece[:PIECE], piece[PIECE:]]
            self.tops.insert(place, piece[PIECE - 1])
        if not 0 < place < len(self.pieces) - 2:
            self.bounds = None

    def remove(self, value: float) -> None:
        """Takes a value out that is in."""
        place = bisect_left(self.tops, value)
        piece = self.pieces[place]
        above = bisect_left(piece, value)
        if not 0 < place < len(self.pieces) - 1:
            self.bounds = None
        del piece[above]
        if above < len(piece):
            return
        if piece:
            self.tops[place] = piece[-1]
        elif len(self.pieces) > 1:
            del self.pieces[place], self.tops[place]
        else:
            del self.tops[place]
