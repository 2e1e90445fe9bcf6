"""Compress floats without loss: readings are multiples of the sensor's resolution, times of a microsecond.

A packed array is either the floats as a zlib stream, or their steps on a ``Grid``, or the differences of
these steps. The first byte tells which, so that states of earlier versions, which have zlib streams only, can
be read.
"""

import struct
import zlib
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import FloatArray

HEADER = struct.Struct("<BBBddq")  # form, bytes of a step, bytes of an error, scale, offset, least step
ABSOLUTE, DIFFERENCES = 1, 2  # forms; a zlib stream begins with 0x78
FLOAT = array("d").itemsize
LEVEL, LEVEL_OF_STEPS = 1, 6
LARGEST_ERROR = 1e-3  # steps; a larger one means that the grid is too coarse
NARROW = 0.5  # of the range of the steps: differences in a narrower range, of a slow signal, take less
MOST_STEPS = 2.0**53  # beyond, not every number of steps is a float
NO_ERRORS = np.empty((0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class Grid:
    """The floats n / scale less an offset for whole n, for one of the scales; without scales, any floats."""

    scales: tuple[float, ...] = ()


def pack(values: "array[float]", grid: Grid, offset: float = 0.0) -> bytes:
    """Return the values compressed: on the first scale of the grid that has all of them, else as floats."""
    numbers = np.array(values)
    if len(numbers):
        for scale in grid.scales:
            if packed := in_steps(numbers, scale, offset):
                return packed
    return zlib.compress(numbers.tobytes(), LEVEL)


def in_steps(numbers: FloatArray, scale: float, offset: float) -> bytes:
    """Return the numbers, of shape (n,), as steps of the grid; empty if one is not on the grid.

    Rounding errors, which a mean of readings has, are packed as well. Bytes that hardly vary are neighbours.
    """
    rounded = np.rint((numbers + offset) * scale)
    if not np.abs(rounded).max() < MOST_STEPS:
        return b""
    guess = rounded / scale - offset
    errors = (numbers - guess).astype(np.float32)
    if np.abs(errors).max() * scale > LARGEST_ERROR or (guess + errors).tobytes() != numbers.tobytes():
        return b""
    form, steps = narrowest(rounded.astype(np.int64))
    least = int(steps.min())
    steps -= least
    planes = bytes_of(steps.astype(np.min_scalar_type(steps.max())))
    error_planes = bytes_of(errors) if errors.any() else NO_ERRORS
    header = HEADER.pack(form, len(planes), len(error_planes), scale, offset, least)
    return header + zlib.compress(planes.tobytes() + error_planes.tobytes(), LEVEL_OF_STEPS)


def narrowest(steps: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Return the form that compresses better, and the steps, of shape (n,), in that form.

    Of differences the first is that to 0.
    """
    differences = steps[1:] - steps[:-1]
    if len(differences) and span(differences) < NARROW * span(steps):
        return DIFFERENCES, np.concatenate((steps[:1], differences))
    return ABSOLUTE, steps


def span(steps: NDArray[np.int64]) -> int:
    """Return the distance from the least to the greatest."""
    return int(steps.max()) - int(steps.min())


def bytes_of(numbers: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the first byte of each number, the second of each, and so on: shape (bytes, n)."""
    return numbers.view(np.uint8).reshape(len(numbers), -1).T


def numbers_of(planes: NDArray[np.uint8], kind: str) -> NDArray[Any]:
    """Return the numbers of this kind (``u`` or ``f`` of numpy) with these bytes, of shape (bytes, n)."""
    return planes.T.copy().view(f"{kind}{len(planes)}")[:, 0]


def unpack(packed: bytes) -> bytes:
    """Return the bytes of the floats that were packed."""
    if packed[0] not in (ABSOLUTE, DIFFERENCES):
        return zlib.decompress(packed)
    form, width, error_width, scale, offset, least = HEADER.unpack_from(packed)
    planes = np.frombuffer(zlib.decompress(packed[HEADER.size :]), np.uint8).reshape(width + error_width, -1)
    steps = numbers_of(planes[:width], "u").astype(np.int64) + least
    numbers = (steps.cumsum() if form == DIFFERENCES else steps) / scale - offset
    if error_width:
        numbers += numbers_of(planes[width:], "f")
    unpacked: bytes = numbers.tobytes()
    return unpacked
