"""Balances of O2 and CO2 over the gas, and quantities derived from these."""

import numpy as np

from monitoring.batches.soft_sensors.filters import integral, smooth
from monitoring.batches.soft_sensors.inputs import SensorInputs, broth_volume, derived
from monitoring.kernel.arrays import FloatArray

SMOOTHING_S = 90.0
LEAST_UPTAKE = 3.0  # mmol/L/h; below, quotients of gas rates are noise


@derived
def inlet_flow(inputs: SensorInputs) -> FloatArray:
    """Return the flow of the inlet gas in mmol/h."""
    return inputs.role("air_flow") * 60_000 / inputs.constant("molar_volume_l")


@derived
def outlet_flow(inputs: SensorInputs) -> FloatArray:
    """Return the flow of the dry off-gas in mmol/h: gases other than O2 and CO2 leave as they came."""
    inert_in = 1 - (inputs.constant("inlet_o2_pct") + inputs.constant("inlet_co2_pct")) / 100
    inert_out = 1 - (inputs.role("offgas_o2") + inputs.role("offgas_co2")) / 100
    return inlet_flow(inputs) * inert_in / np.where(inert_out > 0, inert_out, np.nan)


@derived
def oxygen_uptake(inputs: SensorInputs) -> FloatArray:
    """Return OUR in mmol/L/h."""
    taken = inlet_flow(inputs) * inputs.constant("inlet_o2_pct") - outlet_flow(inputs) * inputs.role(
        "offgas_o2"
    )
    return smooth(taken / 100 / broth_volume(inputs), SMOOTHING_S)


@derived
def carbon_dioxide_evolution(inputs: SensorInputs) -> FloatArray:
    """Return CER in mmol/L/h."""
    inlet = inlet_flow(inputs) * inputs.constant("inlet_co2_pct")
    given = outlet_flow(inputs) * inputs.role("offgas_co2") - inlet
    return smooth(given / 100 / broth_volume(inputs), SMOOTHING_S)


@derived
def respiratory_quotient(inputs: SensorInputs) -> FloatArray:
    """Return RQ = CER / OUR; none while OUR is below 3 mmol/L/h."""
    uptake = oxygen_uptake(inputs)
    return carbon_dioxide_evolution(inputs) / np.where(uptake >= LEAST_UPTAKE, uptake, np.nan)


@derived
def oxygen_consumed(inputs: SensorInputs) -> FloatArray:
    """Return the O2 consumed since inoculation in mol."""
    per_hour = oxygen_uptake(inputs) * broth_volume(inputs) / 1000
    return integral(per_hour, inputs.hour >= 0)
