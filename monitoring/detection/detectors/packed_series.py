"""The last numbers of a series that is read seldom, compressed but for the newest."""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.detection.detectors.packed_floats import FLOAT, Grid, pack, unpack
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.state import Stateful

CHUNK = 128  # numbers


class PackedSeries(Stateful):
    """The last ``size`` numbers; up to a chunk more are kept, as whole chunks are dropped."""

    __slots__ = ("_cold", "_tail", "grid", "offset", "size")

    def __init__(self, size: int, grid: Grid) -> None:
        self.size, self.grid = size, grid
        self.offset = 0.0
        self._cold: list[bytes] = []
        self._tail = array("d")

    def __len__(self) -> int:
        return min(self.size, len(self._cold) * CHUNK + len(self._tail))

    def append(self, number: float) -> None:
        """Add a number as the newest one."""
        self._tail.append(number)
        if len(self._tail) == CHUNK:
            self._cold.append(self._packed(self._tail))
            self._tail = array("d")
            if (len(self._cold) - 1) * CHUNK >= self.size:
                del self._cold[0]

    def values(self) -> FloatArray:
        """Return the last ``size`` numbers, oldest first."""
        plain = b"".join([*map(unpack, self._cold), self._tail.tobytes()])
        return np.frombuffer(plain)[-self.size :]

    def set_values(self, values: FloatArray) -> None:
        """Replace all numbers."""
        plain = array("d", values.tobytes())
        full = len(plain) - len(plain) % CHUNK
        self._cold = [self._packed(plain[start : start + CHUNK]) for start in range(0, full, CHUNK)]
        self._tail = plain[full:]

    def state(self) -> list[Any]:
        """Return the chunks as values that msgpack can encode; the last one is not full."""
        return [*self._cold, self._packed(self._tail)]

    def restore(self, state: "Sequence[bytes] | bytes") -> None:
        """Restore a saved state; ``state`` may be all numbers in one piece, as in states up to version 3."""
        if isinstance(state, bytes):
            self.set_values(np.frombuffer(state[-self.size * FLOAT :]))
            return
        *cold, tail = state
        self._cold, self._tail = list(cold), array("d", unpack(tail))

    def _packed(self, values: "array[float]") -> bytes:
        return pack(values, self.grid, self.offset)
