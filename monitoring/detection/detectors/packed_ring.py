"""The last values of a signal in the order of time, compressed but for the present chunk."""

from array import array
from collections.abc import Sequence
from typing import Any

from monitoring.detection.detectors.packed_floats import FLOAT, Grid, pack, unpack

CHUNK = 500  # values
DECIMAL = Grid(tuple(10.0**places for places in range(7)))  # resolutions of sensors


class PackedRing:
    """A ring of ``size`` floats (a multiple of ``CHUNK``); the newest value replaces the oldest.

    Sensors have a resolution, so the values take a sixth of the memory compressed, at 0.1 µs a value.
    ``index`` is that of the oldest value once the ring ``is_full``. The values are readings less ``offset``.
    """

    __slots__ = ("_chunk", "_cold", "_present", "index", "is_full", "offset", "size")

    def __init__(self, size: int) -> None:
        self.size, self.index, self.is_full = size, 0, False
        self.offset = 0.0
        self._chunk = 0  # number of the present chunk
        self._present = array("d")
        self._cold = [b""]  # the chunks in order; empty for the present one

    def __len__(self) -> int:
        others = len(self._cold) - 1
        return others * CHUNK + len(self._present)

    def append(self, value: float) -> None:
        """Add a value to a ring that is not full."""
        self._present.append(value)
        self._go_on(0)

    def replace(self, value: float) -> float:
        """Add a value to a full ring; return the oldest one, which it replaces."""
        place = self.index % CHUNK
        oldest, self._present[place] = self._present[place], value
        self.index = (self.index + 1) % self.size
        if place == CHUNK - 1:
            self._cold[self._chunk] = self._packed()
            self._unpack(self.index // CHUNK)
        return oldest

    def _go_on(self, following: int) -> None:
        """If the last chunk is full, go on with a new one, or with the ``following`` one of a full ring."""
        if len(self._present) < CHUNK:
            return
        self._cold[self._chunk] = self._packed()
        self.is_full = len(self) == self.size
        if self.is_full:
            self._unpack(following)
        else:
            self._cold.append(b"")
            self._chunk, self._present = self._chunk + 1, array("d")

    def values(self) -> "array[float]":
        """Return all values as a ring: in the order of time from ``index`` on."""
        chunks = (
            self._present.tobytes() if number == self._chunk else unpack(chunk)
            for number, chunk in enumerate(self._cold)
        )
        return array("d", b"".join(chunks))

    def state(self) -> list[Any]:
        """Return the chunks and the index as values that msgpack can encode."""
        chunks = list(self._cold)
        chunks[self._chunk] = self._packed()
        return [chunks, self.index]

    def restore(self, chunks: "Sequence[bytes] | bytes", index: int) -> None:
        """Restore a saved state; ``chunks`` may be all values in one piece."""
        self.index = index
        self._cold = list(in_chunks(chunks) if isinstance(chunks, bytes) else chunks)
        self._unpack(len(self._cold) - 1)
        self._go_on(index // CHUNK)

    def _unpack(self, number: int) -> None:
        # An array made of bytes has a sixteenth of room to grow; a slice has none.
        self._chunk, self._present = number, array("d", unpack(self._cold[number]))[:]
        self._cold[number] = b""

    def _packed(self) -> bytes:
        return pack(self._present, DECIMAL, self.offset)


def in_chunks(values: bytes) -> list[bytes]:
    """Return values in one piece as packed chunks; the last one is not full, unless the ring is."""
    width = CHUNK * FLOAT
    pieces = (values[start : start + width] for start in range(0, len(values) or 1, width))
    return [pack(array("d", piece), Grid()) for piece in pieces]
