"""Transfer of O2 from gas to broth."""

import numpy as np

from monitoring.batches.soft_sensors.filters import smooth
from monitoring.batches.soft_sensors.gas import SMOOTHING_S, oxygen_uptake
from monitoring.batches.soft_sensors.inputs import SensorInputs, broth_volume, derived, stirrer_power
from monitoring.kernel.arrays import FloatArray

SOLUBILITY_SLOPE = 0.013  # relative fall of the solubility of O2 a kelvin, around 37 °C
ANALYSER_S = 20.0
LEAST_DRIVE = 0.05  # share of saturation; below, kLa = OUR / drive is noise


@derived
def pressure_abs(inputs: SensorInputs) -> FloatArray:
    """Return the absolute pressure in bar, from the tag or the vessel's constant."""
    n = len(inputs.hour)
    over = (
        inputs.role("pressure") if inputs.has("pressure") else np.full(n, inputs.constant("overpressure_bar"))
    )
    return inputs.constant("ambient_bar") + over


@derived
def saturation(inputs: SensorInputs) -> FloatArray:
    """Return C*, the concentration of O2 in equilibrium with the off-gas, in mmol/L."""
    return solubility(inputs) * pressure_abs(inputs) * inputs.role("offgas_o2") / 100


@derived
def solubility(inputs: SensorInputs) -> FloatArray:
    """Return the solubility of O2 at the temperature of the broth in mmol/L/bar."""
    correction = 1 - SOLUBILITY_SLOPE * (inputs.role("temperature") - 37)
    return inputs.constant("o2_solubility_mmol_l_bar") * correction


@derived
def oxygen_drive(inputs: SensorInputs) -> FloatArray:
    """Return C* - C in mmol/L. A DO of 100 % is the equilibrium with inlet gas at the present pressure."""
    calibrated = solubility(inputs) * pressure_abs(inputs) * inputs.constant("inlet_o2_pct") / 100
    return saturation(inputs) - calibrated * inputs.role("dissolved_oxygen") / 100


@derived
def transfer_coefficient(inputs: SensorInputs) -> FloatArray:
    """Return kLa in 1/h by the law a (P/V)^α v^β, v being the superficial velocity of the gas in m/s."""
    area = np.pi / 4 * inputs.constant("vessel_diameter_m") ** 2
    velocity = np.maximum(inputs.role("air_flow"), 0.0) / 60_000 / area
    density = stirrer_power(inputs) / broth_volume(inputs) * 1000
    a, alpha, beta = (inputs.constant(f"kla_{name}") for name in ("a", "alpha", "beta"))
    return 3600 * a * density**alpha * velocity**beta


@derived
def uptake_by_transfer(inputs: SensorInputs) -> FloatArray:
    """Return OUR in mmol/L/h from kLa and DO, smoothed like that of the gas balance."""
    rate = transfer_coefficient(inputs) * oxygen_drive(inputs)
    return smooth(smooth(rate, ANALYSER_S), SMOOTHING_S)


@derived
def observed_transfer_coefficient(inputs: SensorInputs) -> FloatArray:
    """Return kLa in 1/h from the gas balance and DO; none while C* - C is below 5 % of C*."""
    drive = smooth(smooth(oxygen_drive(inputs), ANALYSER_S), SMOOTHING_S)
    is_clear = drive >= LEAST_DRIVE * saturation(inputs)
    return oxygen_uptake(inputs) / np.where(is_clear, drive, np.nan)
