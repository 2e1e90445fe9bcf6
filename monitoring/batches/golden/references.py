"""Mean and standard deviation of golden batches by progress, for one phase.

At each point c of the grid, with n batches of which k(c) have a value (df = k - 1):

    s² = [Σ(x - m)² + 3 (tol/3)²] / (df + 3) · (1 + 1/n) + (τ/2)² + noise²

The term with the tolerance is a prior of 3 degrees of freedom on the spread between batches (a conjugate
inverse-gamma prior, Gelman et al., Bayesian Data Analysis, 2013, section 2.6); 1 + 1/n makes s the deviation
of a new batch from a mean of n; τ is how far m moves within ± 1 % of the phase (3 % of fewer than 3 batches):
the error of the alignment; noise is that of single minutes.
"""

from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.curves import box_smoothed, without_gaps
from monitoring.batches.golden.scales import Scales
from monitoring.kernel.arrays import FloatArray, IntArray

POINTS = 1_201
PRIOR_DF = 3.0
SMOOTHING = 25  # points on either side
ALIGNMENT, ALIGNMENT_OF_FEW = 0.01, 0.03  # share of the phase
FEW = 3
CLIP = 12.0


@dataclass(frozen=True, slots=True)
class Reference:
    """Mean m and standard deviation s on a grid of progress, in the units of the channels.

    ``grid`` has shape (1201,); ``mean`` and ``sd`` have shape (channels, 1201). NaN for a channel without
    any value in the phase.
    """

    grid: FloatArray
    mean: FloatArray
    sd: FloatArray

    def standardised(self, values: FloatArray, coordinate: FloatArray) -> FloatArray:
        """Return z = (x - m)/s, clipped at ± 12, of ``values`` (channels, n) at ``coordinate`` (n,)."""
        place = places(self.grid, coordinate)
        return np.clip((values - self.mean[:, place]) / self.sd[:, place], -CLIP, CLIP)


def places(grid: FloatArray, coordinate: FloatArray) -> IntArray:
    """Return the index of the first grid point at or after each coordinate; the last beyond the end."""
    return np.clip(np.searchsorted(grid, coordinate), 0, len(grid) - 1)


class Curves:
    """Curves of all members on one grid, and references of all of them or of all but one.

    ``stack`` has shape (members, channels, 1201), NaN in gaps and beyond the end of a member.
    """

    def __init__(self, grid: FloatArray, stack: FloatArray, scales: Scales) -> None:
        self.grid, self.stack, self.scales = grid, stack, scales
        known = np.isfinite(stack)
        self.count = known.sum(axis=0)
        # Sums of squares lose no digits if values are near zero.
        total = np.where(known, stack, 0.0).sum(axis=0)
        self.centre = np.divide(total, self.count, out=np.zeros_like(total), where=self.count > 0)
        self.known, self.centred = known, np.where(known, stack - self.centre, 0.0)
        self.total, self.squares = self.centred.sum(axis=0), (self.centred**2).sum(axis=0)

    def all(self) -> Reference:
        """Return the reference of all members."""
        return self.reference(len(self.stack), self.count, self.total, self.squares)

    def all_but(self, member: int) -> Reference:
        """Return the reference of all members but one, with which that one is compared."""
        own = self.centred[member]
        return self.reference(
            len(self.stack) - 1,
            self.count - self.known[member],
            self.total - own,
            self.squares - own**2,
        )

    def mean_of_all_but(self, member: int) -> FloatArray:
        """Return the mean curves of all members but one, shape (channels, 1201)."""
        count = self.count - self.known[member]
        return self.mean_of(count, self.total - self.centred[member])

    def mean_of(self, count: FloatArray, total: FloatArray) -> FloatArray:
        """Return the mean from the number and the sum of centred values; gaps interpolated, ends held."""
        mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        return without_gaps(self.centre + mean)

    def reference(self, n: int, count: FloatArray, total: FloatArray, squares: FloatArray) -> Reference:
        """Return the reference of n members, from number, sum and sum of squares of the centred values."""
        mean = self.mean_of(count, total)
        about_mean = np.maximum(squares - total**2 / np.maximum(count, 1), 0.0)
        spread, df = box_smoothed(about_mean, SMOOTHING), box_smoothed(np.maximum(count - 1.0, 0), SMOOTHING)
        prior = PRIOR_DF * (self.scales.tolerance[:, None] / 3) ** 2
        between = (spread + prior) / (df + PRIOR_DF) * (1 + 1 / max(n, 1))
        moved = movement(mean, ALIGNMENT if n >= FEW else ALIGNMENT_OF_FEW)
        return Reference(
            self.grid, mean, np.sqrt(between + (moved / 2) ** 2 + self.scales.noise[:, None] ** 2)
        )

    def median(self) -> FloatArray:
        """Return the median curves, shape (channels, 1201); gaps interpolated, ends held."""
        ordered = np.sort(self.stack, axis=0)  # NaN last
        lower, upper = np.maximum(self.count - 1, 0) // 2, self.count // 2
        upper = np.minimum(upper, np.maximum(self.count - 1, 0))
        both = [np.take_along_axis(ordered, each[None], axis=0)[0] for each in (lower, upper)]
        return without_gaps((both[0] + both[1]) / 2)

    def band(self, median: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest curve of the members, both of shape (channels, 1201).

        At least a third of the tolerance on either side of the median; the whole tolerance if only one
        member has the channel there.
        """
        filled = np.where(self.known, self.stack, np.inf)
        low = filled.min(axis=0)
        high = np.where(self.known, self.stack, -np.inf).max(axis=0)
        room = self.scales.tolerance[:, None] / np.where(self.count > 1, 3.0, 1.0)
        return np.minimum(low, median - room), np.maximum(high, median + room)


def movement(mean: FloatArray, share: float) -> FloatArray:
    """Return how far curves (channels, g) move within ± ``share`` of the grid; shape (channels, g)."""
    reach = max(1, int(share * (mean.shape[-1] - 1)))
    index, found = np.arange(mean.shape[-1]), np.zeros(mean.shape)
    for shift in range(-reach, reach + 1, max(1, reach // 4)):
        moved = mean[:, np.clip(index + shift, 0, mean.shape[-1] - 1)]
        found = np.maximum(found, np.abs(moved - mean))
    return found
