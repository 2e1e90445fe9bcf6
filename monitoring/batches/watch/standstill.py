"""Minutes for which a value has stood still: a stuck probe has less noise than any that works."""

from collections.abc import Sequence

import numpy as np

from monitoring.kernel.arrays import FloatArray

STILL = 0.1  # of the usual step from minute to minute


def usual_steps(several: Sequence[FloatArray]) -> FloatArray:
    """Return the median step of each channel of batches (channels, n), shape (channels,); 0 if most are 0."""
    steps = np.concatenate([np.abs(np.diff(values, axis=1)) for values in several], axis=1)
    return np.array(
        [float(np.median(row[np.isfinite(row)])) if np.isfinite(row).any() else 0.0 for row in steps]
    )


def still_minutes(values: FloatArray, steps: FloatArray) -> FloatArray:
    """Return for how many minutes each channel (channels, n) has moved less than a tenth of its usual step.

    NaN where the value is missing; a gap counts as movement, and so does 0: a pump rests, no probe is stuck.
    """
    is_still = (np.abs(np.diff(values, axis=1, prepend=np.nan)) <= STILL * steps[:, None]) & (values != 0)
    minute = np.arange(values.shape[1])
    moved = np.maximum.accumulate(np.where(is_still, -1, minute), axis=1)
    return np.where(np.isfinite(values), (minute - moved).astype(np.float64), np.nan)
