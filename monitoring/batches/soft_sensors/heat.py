"""The heat balance of the broth."""

import numpy as np

from monitoring.batches.soft_sensors.filters import slope, smooth
from monitoring.batches.soft_sensors.inputs import (
    SensorInputs,
    base_flow,
    broth_volume,
    derived,
    stirrer_power,
)
from monitoring.kernel.arrays import FloatArray

SLOPE_MINUTES = 5
SLOPE_LAG_S = 150.0
CAPACITY_J_L_K = 4180.0  # of the broth; also J/K of 1000 mL of a feed
LATENT_J_G = 2410.0  # of water at 37 °C
O2_W_H_PER_MMOL = 460 / 3600  # W for 1 mmol/h, at 460 kJ a mole of O2


@derived
def metabolic_heat(inputs: SensorInputs) -> FloatArray:
    """Return the heat of the culture in W: heat stored - stirrer - jacket + losses."""
    stored = broth_volume(inputs) * CAPACITY_J_L_K * slope(inputs.role("temperature"), SLOPE_MINUTES) / 60
    # The slope belongs to the middle of its five minutes; the other terms are delayed alike.
    return stored - smooth(heat_gained(inputs), SLOPE_LAG_S)


@derived
def heat_gained(inputs: SensorInputs) -> FloatArray:
    """Return the heat in W from stirrer and jacket, less the losses: all but that of the culture."""
    jacket = inputs.role("jacket_temperature") - inputs.role("temperature")
    return stirrer_power(inputs) + inputs.constant("ua_w_per_k") * jacket - losses(inputs)


def losses(inputs: SensorInputs) -> FloatArray:
    """Return the heat in W lost to the surroundings, to evaporation and to cold feeds."""
    warmer = inputs.role("temperature") - inputs.constant("ambient_c")
    evaporated = np.maximum(inputs.role("air_flow"), 0.0) * inputs.constant("evaporation_g_per_l") / 60
    fed_l_s = (or_none(inputs.role("feed_rate")) + or_none(base_flow(inputs))) / 60_000
    return (
        inputs.constant("loss_w_per_k") * warmer + LATENT_J_G * evaporated + CAPACITY_J_L_K * fed_l_s * warmer
    )


def or_none(flow: FloatArray) -> FloatArray:
    """Return a flow with 0 where nothing is known: cold feeds are a small part of the balance."""
    return np.where(np.isfinite(flow), flow, 0.0)


@derived
def uptake_by_heat(inputs: SensorInputs) -> FloatArray:
    """Return OUR in mmol/L/h from the metabolic heat."""
    return metabolic_heat(inputs) / broth_volume(inputs) / O2_W_H_PER_MMOL
