"""Probes: first-order lags, errors of calibration, faults; and the readings of a second without noise."""

from monitoring.sources.simulator.vessel.balances import PRESSURE_BAR, SATURATED
from monitoring.sources.simulator.vessel.faults import Effects
from monitoring.sources.simulator.vessel.parameters import BatchParameters
from monitoring.sources.simulator.vessel.state import Flows, VesselState

TEMPERATURE_LAG_S, PH_LAG_S, GAS_LAG_S = 8, 6, 20
DENSITY, TARE_KG = 1.01, 4.0
GAUGE_BAR = PRESSURE_BAR - 1.0


def probe(state: VesselState, batch: BatchParameters, effects: Effects, ph: float) -> None:
    """Move the probes towards the measured quantities."""
    if not effects.is_stuck:
        shown = state.temperature + batch.probe_temperature + effects.temperature_shift
        state.probe_temperature += (shown - state.probe_temperature) / TEMPERATURE_LAG_S
    state.probe_ph += (ph + batch.probe_ph + effects.ph_shift - state.probe_ph) / PH_LAG_S
    saturation = 100 * state.oxygen / SATURATED * batch.probe_oxygen * effects.oxygen_gain
    state.probe_oxygen += (saturation - state.probe_oxygen) / effects.oxygen_lag_s
    oxygen = 100 * state.gas_o2 + batch.probe_gas_o2 + effects.gas_shift
    state.probe_gas_o2 += (oxygen - state.probe_gas_o2) / GAS_LAG_S
    state.probe_gas_co2 += (100 * state.gas_co2 + batch.probe_gas_co2 - state.probe_gas_co2) / GAS_LAG_S


def shown(state: VesselState, flows: Flows, batch: BatchParameters, effects: Effects) -> tuple[float, ...]:
    """Return the values of all tags, in the order of ``Channel``, without noise."""
    return (
        state.probe_temperature,
        state.probe_ph,
        state.probe_oxygen,
        state.speed,
        flows.air / batch.air_gain,
        GAUGE_BAR,
        state.probe_gas_o2,
        state.probe_gas_co2,
        flows.feed_setpoint,
        state.base_total,
        state.volume * DENSITY + TARE_KG + effects.weight_shift,
        state.jacket,
        state.antifoam_total,
        flows.speed_setpoint,
        flows.jacket_setpoint,
        flows.feed_setpoint,
    )
