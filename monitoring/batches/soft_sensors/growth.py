"""Biomass and growth rate from the oxygen uptake, calibrated by the samples of the laboratory.

Model (Pirt 1965, on oxygen): d(XV)/dt = Y (OUR V - m XV), so that
XV(t) = XV₀ exp(-Ymt) + Y ∫ exp(-Ym(t-s)) OUR V ds. It is linear in the biomass at inoculation XV₀ and in
the yield Y, but for Ym, which a few repetitions settle. V counts drawn samples as present: they take broth of
the concentration X with them, and change no concentration.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.soft_sensors.filters import accumulated, bridged
from monitoring.batches.soft_sensors.gas import oxygen_uptake
from monitoring.batches.soft_sensors.inputs import LabResult, SensorInputs, derived, unsampled_volume
from monitoring.kernel.arrays import BoolArray, FloatArray

REPETITIONS = 8
YIELD_SPREAD = 0.25  # relative standard deviation of the yield before samples tell
INOCULUM_SPREAD = 0.3
SAMPLE_SPREAD = 0.05
SAMPLE_NOISE_G_L = 0.1
LEAST_OXYGEN_MMOL_L = 50.0  # consumed, before an unknown inoculum matters less than a tenth


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted model: ``inoculum_g`` = XV₀ in g, ``per_mmol`` = Y in g/mmol, and the samples used.

    ``decay`` is Ym in 1/h.
    """

    inoculum_g: float
    per_mmol: float
    decay: float
    samples: int


def biomass_samples(samples: Sequence[LabResult], od_g_per_l: float) -> list[tuple[float, float]]:
    """Return hour and biomass in g/L of each sample: dry weight, else OD600 times its factor.

    The factor is the median of dry weight / OD600 where samples have both, else the vessel's constant.
    """
    weights = {sample.hour: sample.value for sample in samples if sample.analyte == "dry_weight"}
    densities = {sample.hour: sample.value for sample in samples if sample.analyte == "od600"}
    factors = [weights[hour] / od for hour, od in densities.items() if od > 0 and weights.get(hour, 0) > 0]
    factor = float(np.median(factors)) if factors else od_g_per_l
    by_hour = {hour: od * factor for hour, od in densities.items()} | weights
    return sorted((hour, value) for hour, value in by_hour.items() if value > 0)


@derived
def calibrate(inputs: SensorInputs) -> Calibration:
    """Fit inoculum and yield to the samples: weighted least squares with a prior on the yield.

    Without samples the yield is the vessel's constant.
    """
    rates, is_valid = oxygen_rates(inputs)
    volume = unsampled_volume(inputs)
    found = biomass_samples(inputs.samples, inputs.constant("od_g_per_l"))
    index = [minute_of(inputs.hour, hour) for hour, _ in found]
    usable = [i for i, at in enumerate(index) if at is not None and is_valid[at] and np.isfinite(volume[at])]
    at = np.array([index[i] for i in usable], dtype=np.int64)
    measured = np.array([found[i][1] for i in usable], dtype=np.float64)
    decay = inputs.constant("yield_g_per_mmol") * inputs.constant("maintenance_mmol_g_h")
    inoculum, per_mmol = 0.0, inputs.constant("yield_g_per_mmol")
    for _ in range(REPETITIONS):
        terms = np.stack((remaining(inputs.hour, decay)[at], accumulated(rates, decay)[at]), axis=1)
        inoculum, per_mmol = fitted(inputs, terms / volume[at, None], measured)
        decay = per_mmol * inputs.constant("maintenance_mmol_g_h")
    return Calibration(inoculum, per_mmol, decay, len(usable))


def fitted(inputs: SensorInputs, terms: FloatArray, measured: FloatArray) -> tuple[float, float]:
    """Return inoculum (g) and yield (g/mmol), neither negative.

    ``terms`` (k, 2) has the biomass in g/L at each sample for an inoculum of 1 g, and for a yield of 1.
    """
    usual = inputs.constant("yield_g_per_mmol")
    weight = 1 / (SAMPLE_SPREAD * measured + SAMPLE_NOISE_G_L)
    rows = [terms * weight[:, None], np.array([[0.0, 1 / (YIELD_SPREAD * usual)]])]
    right = [measured * weight, np.array([1 / YIELD_SPREAD])]
    expected = inputs.constant("inoculum_g_l") * first_volume(inputs)
    if expected > 0:
        rows.append(np.array([[1 / (INOCULUM_SPREAD * expected), 0.0]]))
        right.append(np.array([1 / INOCULUM_SPREAD]))
    matrix, target = np.concatenate(rows), np.concatenate(right)
    if not np.isfinite(matrix).all():  # impossible readings have overflowed
        return 0.0, usual
    inoculum, per_mmol = np.linalg.lstsq(matrix, target)[0]
    if inoculum < 0:
        inoculum, per_mmol = 0.0, matrix[:, 1] @ target / (matrix[:, 1] @ matrix[:, 1])
    elif per_mmol < 0:
        inoculum, per_mmol = matrix[:, 0] @ target / (matrix[:, 0] @ matrix[:, 0]), 0.0
    return float(inoculum), float(per_mmol)


def first_volume(inputs: SensorInputs) -> float:
    """Return the volume in L at inoculation, or at the first minute after it that has one; else NaN."""
    later = unsampled_volume(inputs)[inputs.hour >= 0]
    known = later[np.isfinite(later)]
    return float(known[0]) if len(known) else np.nan


@derived
def oxygen_rates(inputs: SensorInputs) -> tuple[FloatArray, BoolArray]:
    """Return OUR V in mmol/h with short gaps bridged, 0 before inoculation, and where it is valid."""
    return bridged(oxygen_uptake(inputs) * unsampled_volume(inputs), inputs.hour >= 0)


def minute_of(hour: FloatArray, at: float) -> int | None:
    """Return the index of the minute that contains a time in hours; None outside the inputs."""
    index = int(np.searchsorted(hour, at + 1e-9, side="right")) - 1
    is_inside = index >= 0 and at < hour[-1] + 1 / 60
    return index if is_inside else None


def remaining(hour: FloatArray, decay: float) -> FloatArray:
    """Return the share of the inoculum that is left after maintenance alone."""
    return np.exp(-decay * np.maximum(hour, 0.0))


@derived
def biomass_g(inputs: SensorInputs) -> FloatArray:
    """Return the biomass in g, the drawn samples included.

    Without samples and without the constant ``inoculum_g_l``: only once 50 mmol/L of O2 are consumed.
    """
    fit = calibrate(inputs)
    rates, is_valid = oxygen_rates(inputs)
    found = fit.inoculum_g * remaining(inputs.hour, fit.decay) + fit.per_mmol * accumulated(rates, fit.decay)
    if not fit.samples and not inputs.constant("inoculum_g_l") > 0:
        is_valid = is_valid & (accumulated(rates, 0.0) >= LEAST_OXYGEN_MMOL_L * unsampled_volume(inputs))
    return np.where(is_valid & (found > 0), found, np.nan)


@derived
def biomass(inputs: SensorInputs) -> FloatArray:
    """Return the concentration of the biomass in g/L."""
    return biomass_g(inputs) / unsampled_volume(inputs)


@derived
def growth_rate(inputs: SensorInputs) -> FloatArray:
    """Return µ = Y OUR / X - Ym in 1/h."""
    fit = calibrate(inputs)
    return fit.per_mmol * oxygen_uptake(inputs) / biomass(inputs) - fit.decay
