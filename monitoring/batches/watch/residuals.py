"""Residuals of the balances of a vessel, and control errors: each is near its usual course in a good batch.

With o = OUR of the gas balance, in mmol/L/h (at least 3 in logarithms):

- rK = ln(OUR from kLa and DO / o), rH = (OUR from heat - o)/(o + 20), rB = (base - 0.15 o)/(o + 15), with
  base in mmol/L/h, rQ = ln(CER / o), rF = ln(carbon fed / o), 0 while the feed is below 5 mmol C/L/h.
  Quotients of small rates are noise, so that these five are 0 while o < 6, and weighted by (o - 6)/6 while
  o < 12: a switch would be a step, which comes at another progress in each batch;
- rW = change of weight - pumps + evaporation, in g/min;
- eT, ePH, eDO, eN, eA, eJ = measured - setpoint of temperature, pH, DO, agitation, air flow, jacket.

Logarithms and relative differences keep the residuals of proportional errors constant (structured residuals:
Gertler 1998, Fault Detection and Diagnosis in Engineering Systems).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.batches.soft_sensors.feeds import base_demand, carbon_fed, weight_rate
from monitoring.batches.soft_sensors.filters import smooth
from monitoring.batches.soft_sensors.gas import carbon_dioxide_evolution, oxygen_uptake
from monitoring.batches.soft_sensors.heat import uptake_by_heat
from monitoring.batches.soft_sensors.inputs import SensorInputs, base_flow
from monitoring.batches.soft_sensors.transfer import uptake_by_transfer
from monitoring.kernel.arrays import FloatArray

REST_UPTAKE, CLEAR_UPTAKE = 6.0, 12.0  # mmol/L/h
LEAST_UPTAKE, LEAST_WITNESS = 3.0, 1.5  # mmol/L/h, in logarithms
LEAST_CARBON_FED = 5.0  # mmol C/L/h
BASE_PER_UPTAKE = 0.15  # mol base a mol O2, with ammonia as the nitrogen source
PUMP_SMOOTHING_S = 300.0  # about the lag of the slope of the weight
ERROR_SMOOTHING_S = 60.0


@dataclass(frozen=True, slots=True)
class Residual:
    """A residual: its title and unit, and how far good batches may differ.

    ``role`` is the controlled role of a control error.
    """

    name: str
    title: str
    unit: str
    tolerance: float
    role: str = ""
    is_smoothed: bool = False


RESIDUALS: Mapping[str, Residual] = {
    each.name: each
    for each in (
        Residual("rK", "O2 uptake by kLa and DO, against the gas balance", "", 0.20),
        Residual("rH", "O2 uptake by heat, against the gas balance", "", 0.07),
        Residual("rB", "Base, against O2 uptake", "", 0.05),
        Residual("rQ", "CO2, against O2 uptake", "", 0.05),
        Residual("rF", "Carbon fed, against O2 uptake", "", 0.12),
        Residual("rW", "Change of weight, against the pumps", "g/min", 0.6),
        Residual("eT", "Temperature - setpoint", "°C", 0.25, "temperature", is_smoothed=True),
        Residual("ePH", "pH - setpoint", "pH", 0.1, "ph", is_smoothed=True),
        Residual("eDO", "Dissolved oxygen - setpoint", "%", 8.0, "dissolved_oxygen"),
        Residual("eN", "Agitation - setpoint", "rpm", 30.0, "agitation"),
        Residual("eA", "Air flow - setpoint", "L/min", 0.35, "air_flow"),
        Residual("eJ", "Jacket temperature - setpoint", "°C", 1.2, "jacket_temperature"),
    )
}
BALANCES = ("rK", "rH", "rB", "rQ", "rF", "rW")
CONTROL_ERRORS = tuple(name for name, each in RESIDUALS.items() if each.role)


def residuals(inputs: SensorInputs, setpoints: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return all residuals by name, in the order of ``RESIDUALS``; each of shape (n,).

    NaN where a role, a constant or a value is missing. ``inputs.measured`` may have ``ph`` besides the roles
    of the soft sensors; ``setpoints`` has arrays (n,) by role, in the units of the roles.
    """
    with np.errstate(all="ignore"):
        found = balance_residuals(inputs)
    errors = {name: control_error(RESIDUALS[name], inputs, setpoints) for name in CONTROL_ERRORS}
    return {name: np.where(np.isfinite(row), row, np.nan) for name, row in (found | errors).items()}


def balance_residuals(inputs: SensorInputs) -> dict[str, FloatArray]:
    """Return rK, rH, rB, rQ, rF and rW; infinite or NaN where a quotient has no value."""
    uptake = oxygen_uptake(inputs)
    positive = np.maximum(uptake, LEAST_UPTAKE)
    fed = carbon_fed(inputs)
    witnesses = {
        "rK": log_ratio(uptake_by_transfer(inputs), positive),
        "rH": (uptake_by_heat(inputs) - uptake) / (positive + 20),
        "rB": (base_demand(inputs) - BASE_PER_UPTAKE * positive) / (positive + 15),
        "rQ": log_ratio(carbon_dioxide_evolution(inputs), positive),
        "rF": np.where(fed <= LEAST_CARBON_FED, 0.0, log_ratio(fed, positive)),
    }
    found = {name: row * clear_share(uptake) for name, row in witnesses.items()}
    return {**found, "rW": weight_residual(inputs)}


def clear_share(uptake: FloatArray) -> FloatArray:
    """Return the weight of quotients of rates: 0 at rest, 1 from an OUR of 12 mmol/L/h on."""
    return np.clip((uptake - REST_UPTAKE) / (CLEAR_UPTAKE - REST_UPTAKE), 0.0, 1.0)


def log_ratio(witness: FloatArray, uptake: FloatArray) -> FloatArray:
    """Return ln(witness / uptake) of rates in mmol/L/h; a small or negative witness counts as 1.5."""
    found: FloatArray = np.log(np.maximum(witness, LEAST_WITNESS) / uptake)
    return found


def weight_residual(inputs: SensorInputs) -> FloatArray:
    """Return rW in g/min: the change of weight that pumps and evaporation do not explain."""
    density = inputs.constant("density_kg_l")
    pumped = (smooth(inputs.role("feed_rate"), PUMP_SMOOTHING_S) + base_flow(inputs)) * density
    return weight_rate(inputs) - pumped + evaporation(inputs)


def evaporation(inputs: SensorInputs) -> FloatArray:
    """Return the water that the air carries off in g/min; 0 where the air flow is unknown."""
    flow = inputs.role("air_flow") * inputs.constant("evaporation_g_per_l")
    return np.where(np.isfinite(flow), flow, 0.0)


def control_error(
    residual: Residual, inputs: SensorInputs, setpoints: Mapping[str, FloatArray]
) -> FloatArray:
    """Return measured - setpoint of a role; NaN without either."""
    setpoint = setpoints.get(residual.role)
    if setpoint is None:
        return np.full(len(inputs.hour), np.nan)
    error = inputs.role(residual.role) - setpoint
    return smooth(error, ERROR_SMOOTHING_S) if residual.is_smoothed else error
