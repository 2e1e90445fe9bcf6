"""Plane of the usual joint deviations of golden batches, with Hotelling's T² in it and SPE off it.

y = E / its rms, over the minutes of golden batches that are each compared with the others. The principal
components of their correlation that explain 90 % of it are the plane; a ridge of 0.1 (more with few batches)
keeps the small components away from 0. Limits hold 99.95 % of normal y:

    T² = Σ t²/λ < χ²(a),  SPE = |y|² - Σ t² < θ2/θ1 χ²(θ1²/θ2)

with scores t and eigenvalues λ of the a components, θ1 = Σλ and θ2 = Σλ² of the others (Nomikos & MacGregor
1995, Technometrics 37(1)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.kernel.arrays import FloatArray

EXPLAINED = 0.9
RIDGE, RIDGE_OF_ONE = 0.1, 0.5
CLIP = 5.0
LEAST_RMS, LEAST_RMS_OF_FEW = 0.5, 1.0
FEW = 3
NORMAL_QUANTILE = 3.2905  # of .9995


@dataclass(frozen=True, slots=True)
class DeviationPlane:
    """Principal components of the golden batches' deviations.

    ``rms`` has shape (channels,), ``components`` shape (a, channels), ``variances`` shape (a,).
    """

    rms: FloatArray
    components: FloatArray
    variances: FloatArray
    t2_limit: float
    spe_limit: float

    def t2_and_spe(self, deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T² and SPE of E (channels, n), both of shape (n,); NaN in minutes without any value.

        A missing value counts as the usual one.
        """
        y = np.nan_to_num(deviations / self.rms[:, None])
        scores = self.components @ y
        t2 = (scores**2 / self.variances[:, None]).sum(axis=0)
        spe = np.maximum((y**2).sum(axis=0) - (scores**2).sum(axis=0), 0.0)
        is_known = np.isfinite(deviations).any(axis=0)
        return np.where(is_known, t2, np.nan), np.where(is_known, spe, np.nan)


def fit_plane(deviations: Sequence[FloatArray]) -> DeviationPlane:
    """Fit the plane to E (channels, n) of golden batches, each compared with the others."""
    members = len(deviations)
    known = np.concatenate(deviations, axis=1)
    y = np.clip(np.nan_to_num(known), -CLIP, CLIP)
    count = np.maximum(np.isfinite(known).sum(axis=1), 1)
    least = LEAST_RMS if members >= FEW else LEAST_RMS_OF_FEW
    rms = np.maximum(np.sqrt((y**2).sum(axis=1) / count), least)
    scaled = y / rms[:, None]
    correlation = scaled @ scaled.T / max(y.shape[1], 1)
    np.fill_diagonal(correlation, 1.0)
    ridge = max(RIDGE, RIDGE_OF_ONE / members)
    variances, vectors = np.linalg.eigh((1 - ridge) * correlation + ridge * np.eye(len(rms)))
    variances, vectors = variances[::-1], vectors[:, ::-1]
    number = int(np.searchsorted(np.cumsum(variances), EXPLAINED * len(rms))) + 1
    return DeviationPlane(
        rms, vectors[:, :number].T, variances[:number], chi_square(number), spe_limit(variances[number:])
    )


def spe_limit(variances: FloatArray) -> float:
    """Return the limit of SPE from the variances off the plane; 0 if the plane is everything."""
    if not len(variances):
        return 0.0
    first, second = float(variances.sum()), float((variances**2).sum())
    return second / first * chi_square(first**2 / second)


def chi_square(df: float) -> float:
    """Return the .9995 quantile of χ² by Wilson and Hilferty (1931): 4 % too high at df = 1, 1.5 % at 5."""
    part = 2 / (9 * df)
    return float(df * (1 - part + NORMAL_QUANTILE * np.sqrt(part)) ** 3)
