"""Recent values of a signal in order of size, as counts of the steps of the sensor's resolution."""

from array import array

import numpy as np

from monitoring.detection.detectors.packed_floats import MOST_STEPS
from monitoring.detection.detectors.packed_ring import DECIMAL
from monitoring.detection.detectors.sorted_values import NOTHING, Position
from monitoring.kernel.arrays import FloatArray

NARROW, WIDE = "B", "H"  # typecodes of counts up to 255, and up to 65,535
NEAR = 4  # steps; farther ones are searched as bytes, since a gap may have thousands
FEW = 2048  # bytes, which may be used for any values
SPARSE = 10  # bytes for each different value; with more, floats take less memory
ROOM, SHARE = 64, 16  # steps, and one for so many, to leave free where a signal exceeds its range


class CountedSteps:
    """A sorted multiset of floats with the interface of ``SortedValues``, for the values of a sensor.

    ``counts`` has a count for each step of the sensor's resolution from the least value to the greatest: 8000
    values on 1000 steps take 1 kB, a tenth of the floats, and need no search. Step n is exactly the value
    n / scale - offset, where the offset is what has been subtracted from the readings; ``first`` is the step
    of the first count. The results are those of the floats: rounding is monotonic, so steps that reproduce
    their values have the same order.
    """

    __slots__ = ("bounds", "counts", "first", "highest", "inner", "lowest", "offset", "scale")

    def __init__(self, counts: "array[int]", first: int, scale: float, offset: float) -> None:
        self.counts, self.first, self.scale, self.offset = counts, first, scale, offset
        # Cached result of measure(), until a value outside of the spread comes or goes.
        self.bounds: tuple[float, float, float] | None = None
        # No value is at a lower or higher index.
        self.lowest, self.highest = 0, len(counts) - 1
        self.inner = NOTHING  # between these, a value does not change the bounds

    def values(self) -> FloatArray:
        """Return all values, smallest first."""
        steps = np.arange(self.first, self.first + len(self.counts), dtype=float)
        return np.repeat(steps / self.scale - self.offset, self.counts)

    def measure(self, edge: int) -> tuple[float, float, float]:
        """Return the bounds; see ``SortedValues.measure``."""
        lowest, highest = self.lowest, self.highest
        if not self.counts[lowest]:
            lowest = self.lowest = used_from(self.counts, lowest, 1)
        if not self.counts[highest]:
            highest = self.highest = used_from(self.counts, highest, -1)
        low, high = self.inner = self._after(lowest, edge, 1), self._after(highest, edge, -1)
        self.bounds = self._value(lowest), self._value(highest), high - low
        return self.bounds

    def _after(self, index: int, edge: int, direction: int) -> float:
        """Return the value after the ``edge`` first ones from the index on."""
        counts = self.counts
        left = edge - counts[index]
        while left >= 0:
            index += direction
            if not counts[index]:
                index = used_from(counts, index, direction)
            left -= counts[index]
        return self._value(index)

    def _value(self, index: int) -> float:
        return (index + self.first) / self.scale - self.offset

    def find(self, value: float) -> Position | None:
        """Return the position of the value; None if the value is no step, or outside of the counted steps."""
        step = round((value + self.offset) * self.scale)
        index = step - self.first
        if 0 <= index < len(self.counts) and step / self.scale - self.offset == value:
            return index, 0
        return None

    def distance(self, value: float, position: Position) -> float:
        """Return the distance from the value, between lowest and highest, to the nearest one."""
        index, _ = position
        if self.counts[index]:
            return 0.0
        below, above = used_from(self.counts, index, -1), used_from(self.counts, index, 1)
        over, under = self._value(above) - value, value - self._value(below)
        return under if under < over else over

    def add(self, value: float, position: Position) -> None:
        """Insert a value at its position."""
        index, _ = position
        if not self.inner[0] < value < self.inner[1]:
            self.bounds = None
            if index < self.lowest:
                self.lowest = index
            elif index > self.highest:
                self.highest = index
        try:
            self.counts[index] += 1
        except OverflowError:
            self.counts = array(WIDE, self.counts)
            self.counts[index] += 1

    def remove(self, value: float) -> None:
        """Remove a value that is present."""
        if not self.inner[0] < value < self.inner[1]:
            self.bounds = None
        self.counts[round((value + self.offset) * self.scale) - self.first] -= 1


def no_steps() -> CountedSteps:
    """Return a multiset without values."""
    return CountedSteps(array(NARROW), 0, DECIMAL.scales[0], 0.0)


def counted_steps(values: FloatArray, offset: float, expected: float | None = None) -> CountedSteps | None:
    """Return the values, of shape (n,), as counts with a place for the ``expected`` value.

    Return None if one is no whole step of a decimal resolution, or if the counts would take more memory than
    the values.
    """
    numbers = values if expected is None else np.append(values, expected)
    for scale in DECIMAL.scales:
        # A scale that is too coarse for some values is mostly so for the last one.
        if has_steps(numbers[-1:], scale, offset) and has_steps(numbers, scale, offset):
            steps = steps_of(numbers, scale, offset)
            first, size = places_for(steps, is_last_new=expected is not None)
            return counted(steps[: len(values)], first, size, scale, offset)
    return None


def has_steps(numbers: FloatArray, scale: float, offset: float) -> bool:
    """Return whether the numbers, of shape (n,), are whole steps."""
    steps = steps_of(numbers, scale, offset)
    is_whole = np.abs(steps).max(initial=0.0) < MOST_STEPS
    return bool(is_whole and np.array_equal(steps / scale - offset, numbers))


def steps_of(numbers: FloatArray, scale: float, offset: float) -> FloatArray:
    """Return the nearest steps, of shape (n,)."""
    return np.asarray(np.rint((numbers + offset) * scale))


def places_for(steps: FloatArray, *, is_last_new: bool) -> tuple[int, int]:
    """Return the first step to count, and how many; room is left beyond a new least or greatest step."""
    if not len(steps):
        return 0, 0
    least, most = int(steps.min()), int(steps.max())
    room = ROOM + (most - least) // SHARE
    first = least - room if is_last_new and steps[-1] == least else least
    last = most + room if is_last_new and steps[-1] == most else most
    return first, last - first + 1


def counted(steps: FloatArray, first: int, size: int, scale: float, offset: float) -> CountedSteps | None:
    """Return the counts of the steps, of shape (n,), or None if the steps are too far from each other."""
    if size > FEW + SPARSE * len(steps):
        return None
    counts = np.bincount((steps - first).astype(np.int64), minlength=size)
    kind = NARROW if counts.max(initial=0) < 256 else WIDE
    narrow = array(kind, counts.astype(kind).tobytes())
    if size * narrow.itemsize > max(FEW, SPARSE * int(np.count_nonzero(counts))):
        return None
    return CountedSteps(narrow, first, scale, offset)


def used_from(counts: "array[int]", index: int, direction: int) -> int:
    """Return the first index from this one on, upwards (1) or downwards (-1), with a count; there is one."""
    for near in range(index, index + NEAR * direction, direction):
        if counts[near]:
            return near
    if direction < 0:
        return (len(counts[: index + 1].tobytes().rstrip(b"\0")) - 1) // counts.itemsize
    plain = counts[index:].tobytes()
    return index + (len(plain) - len(plain.lstrip(b"\0"))) // counts.itemsize
