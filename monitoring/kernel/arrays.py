"""Array types that all rooms share, and their values as numbers of JSON, which knows no NaN."""

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def number_or_none(value: float) -> float | None:
    """Return a value with six significant digits; None for NaN and infinity."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def numbers_or_none(values: FloatArray) -> list[float | None]:
    """Return values with six significant digits, None for NaN and infinity; ``values`` has shape (n,)."""
    return [number_or_none(value) for value in values.tolist()]
