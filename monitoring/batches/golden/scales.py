"""Normal deviations of the channels of golden batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.curves import box_mean
from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.kernel.arrays import FloatArray

RANGE_TOLERANCE = 3 * 0.06  # of the golden range, for channels without a tolerance
RANGE = (0.02, 0.98)  # quantiles
NOISE_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Scales:
    """Normal deviations of each channel, in its unit; both of shape (channels,).

    ``tolerance`` is how far good batches may differ, ``noise`` the rms of minutes about their 5-minute mean.
    """

    tolerance: FloatArray
    noise: FloatArray


def scales_of(members: Sequence[Member], channels: Sequence[ChannelInfo]) -> Scales:
    """Return tolerance and noise of each channel, each of shape (channels,)."""
    inside = [member.matrix(channels)[:, member.phase >= 0] for member in members]
    rough = [each - box_mean(each, NOISE_MINUTES) for each in inside]
    noise = np.sqrt(np.nan_to_num([mean_square(row) for row in np.concatenate(rough, axis=1)]))
    tolerance = [
        each.tolerance or usual_tolerance(row)
        for each, row in zip(channels, np.concatenate(inside, axis=1), strict=True)
    ]
    return Scales(np.array(tolerance), noise)


def usual_tolerance(values: FloatArray) -> float:
    """Return the tolerance of a channel from its values: by range; 1 % of a constant, or 1 of zero."""
    finite = values[np.isfinite(values)]
    constant = 0.01 * float(np.abs(finite).max(initial=0.0))
    return RANGE_TOLERANCE * span(values) or constant or 1.0


def mean_square(values: FloatArray) -> float:
    """Return the mean square of the finite values; 0 without any."""
    finite = values[np.isfinite(values)]
    return float(np.mean(finite**2)) if len(finite) else 0.0


def span(values: FloatArray) -> float:
    """Return the range of the finite values between their quantiles .02 and .98; 0 without any.

    The whole range if most values are equal, as of a signal that is seldom on.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    return float(np.ptp(np.quantile(finite, RANGE)) or np.ptp(finite))
