"""Balances of base, feed and weight."""

import numpy as np

from monitoring.batches.soft_sensors.filters import running_total, slope, smooth
from monitoring.batches.soft_sensors.growth import biomass_g
from monitoring.batches.soft_sensors.inputs import (
    SensorInputs,
    base_flow,
    broth_volume,
    derived,
    unsampled_weight,
)
from monitoring.kernel.arrays import FloatArray

WEIGHT_MINUTES = 10
LEAST_GROWTH = 2.0  # times the biomass at the first value, before a quotient of differences is meant


@derived
def base_demand(inputs: SensorInputs) -> FloatArray:
    """Return the base added in mmol/L/h."""
    return base_flow(inputs) * inputs.constant("base_mol_l") * 60 / broth_volume(inputs)


@derived
def base_per_biomass(inputs: SensorInputs) -> FloatArray:
    """Return the base added a gram of biomass grown since inoculation, in mmol/g.

    None before the biomass has doubled.
    """
    grown, grams = since_first(inputs, biomass_g(inputs))
    added, _ = since_first(inputs, running_total(inputs.role("base_total")))
    is_clear = grown >= (LEAST_GROWTH - 1) * (grams - grown)
    return added * inputs.constant("base_mol_l") / np.where(is_clear & (grown > 0), grown, np.nan)


def since_first(inputs: SensorInputs, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the change since the first value after inoculation, and the values after inoculation."""
    later = np.where(inputs.hour >= 0, values, np.nan)
    known = later[np.isfinite(later)]
    return later - (known[0] if len(known) else np.nan), later


@derived
def carbon_fed(inputs: SensorInputs) -> FloatArray:
    """Return the carbon fed in mmol C/L/h."""
    grams_per_h = inputs.role("feed_rate") * 60 / 1000 * inputs.constant("feed_g_l")
    return smooth(grams_per_h / inputs.constant("feed_g_per_cmol") * 1000 / broth_volume(inputs), 150)


@derived
def weight_rate(inputs: SensorInputs) -> FloatArray:
    """Return the change of the weight in g/min over 10 minutes, drawn samples added back."""
    return slope(unsampled_weight(inputs), WEIGHT_MINUTES) * 1000
