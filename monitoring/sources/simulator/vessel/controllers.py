"""Controllers of the vessel. They act on the values of the probes, as in a plant."""

import math

from monitoring.sources.simulator.vessel.faults import Effects
from monitoring.sources.simulator.vessel.parameters import HOUR_S, BatchParameters
from monitoring.sources.simulator.vessel.state import IDLE_RPM, SETPOINT_C, Flows, Stage, VesselState

TEMPERATURE_GAIN, TEMPERATURE_S = 6.0, 400
JACKET_MIN, JACKET_MAX = 10.0, 60.0
OXYGEN_SETPOINT, OXYGEN_GAIN, OXYGEN_S = 30.0, 2.0, 90
FASTEST_RPM = 1200.0
RAMP_RPM = 15.0  # a second
PH_SETPOINT, PH_GAIN, BASE_MAX = 6.99, 120.0, 6.0  # mL/min a pH, mL/min
AIR_L_MIN = 6.0
BREATHING_RPM = 480.0
DEPLETED_DO = 50.0
EARLIEST_FEED_S = 3 * HOUR_S
FEED_DELAY_S = 120
FEED_START, FEED_GROWTH, FEED_MAX = 0.60, 0.17, 2.4  # mL/min, 1/h, mL/min
DOSE_ML, DOSE_EFFECT = 1.0, 0.07
OVERDOSE_ML = 5.0


def control(state: VesselState, flows: Flows, batch: BatchParameters, effects: Effects, second: int) -> None:
    """Set the flows of this second."""
    control_temperature(state, flows, effects)
    control_oxygen(state, flows, effects)
    control_ph(state, flows, effects)
    control_feed(state, flows, batch, effects, second)
    flows.air = AIR_L_MIN * (1 + state.air_noise) * batch.air_gain * effects.air
    dose_antifoam(state, batch, effects, second)


def control_temperature(state: VesselState, flows: Flows, effects: Effects) -> None:
    """Set the jacket by PI; the integral stops at the limits."""
    gained = TEMPERATURE_GAIN * (SETPOINT_C + effects.setpoint_shift - state.probe_temperature)
    wanted = SETPOINT_C + gained + state.jacket_integral
    if JACKET_MIN < wanted < JACKET_MAX:
        state.jacket_integral += gained / TEMPERATURE_S
        flows.jacket_setpoint = wanted
    else:
        flows.jacket_setpoint = JACKET_MIN if wanted < SETPOINT_C else JACKET_MAX


def control_oxygen(state: VesselState, flows: Flows, effects: Effects) -> None:
    """Set the agitator by PI on dissolved oxygen, and move its speed along a ramp."""
    gained = OXYGEN_GAIN * (OXYGEN_SETPOINT - state.probe_oxygen)
    wanted = state.speed_integral + gained
    if IDLE_RPM <= wanted <= FASTEST_RPM or (wanted < IDLE_RPM) == (gained > 0):
        integral = state.speed_integral + gained / OXYGEN_S
        state.speed_integral = min(max(integral, IDLE_RPM), FASTEST_RPM)
    flows.speed_setpoint = min(max(wanted, IDLE_RPM), FASTEST_RPM)
    if effects.is_tripped:
        state.speed -= 0.3 * state.speed
    else:
        state.speed += min(max(flows.speed_setpoint - state.speed, -RAMP_RPM), RAMP_RPM)


def control_ph(state: VesselState, flows: Flows, effects: Effects) -> None:
    """Dose base in proportion to the error; no acid. The pump also counts while the bottle is empty."""
    error = PH_SETPOINT - state.probe_ph
    pumped = min(PH_GAIN * error, BASE_MAX) if error > 0 else 0.0
    state.base_total += pumped / 60
    flows.base = pumped * effects.base


def control_feed(
    state: VesselState, flows: Flows, batch: BatchParameters, effects: Effects, second: int
) -> None:
    """Start the feed when oxygen rises because glucose is used up; then feed exponentially, up to a limit."""
    if state.stage is not Stage.FEEDING:
        state.stage = next_stage(state, second)
        if state.stage is Stage.DEPLETED and state.feed_at < 0:
            state.feed_at = second + FEED_DELAY_S
    if state.stage is not Stage.FEEDING:
        flows.feed_setpoint = flows.feed = 0.0
        return
    grown = FEED_START * math.exp(FEED_GROWTH * (second - state.feed_at) / HOUR_S)
    flows.feed_setpoint = grown if grown < FEED_MAX else FEED_MAX
    flows.feed = flows.feed_setpoint * batch.pump * effects.feed
    state.fed_ml += flows.feed / 60


def next_stage(state: VesselState, second: int) -> Stage:
    """Return the stage of a batch that is not fed yet."""
    if state.stage is Stage.LAG and state.speed > BREATHING_RPM:
        return Stage.BREATHING
    if state.stage is Stage.BREATHING and state.probe_oxygen > DEPLETED_DO and second > EARLIEST_FEED_S:
        return Stage.DEPLETED
    if state.stage is Stage.DEPLETED and second >= state.feed_at:
        return Stage.FEEDING
    return state.stage


def dose_antifoam(state: VesselState, batch: BatchParameters, effects: Effects, second: int) -> None:
    """Add the routine doses, or too much in a fault; the effect on kLa fades within hours."""
    if second in batch.antifoam_s:
        state.antifoam_total += DOSE_ML
        state.antifoam_effect += DOSE_EFFECT
    if effects.antifoam:
        state.antifoam_total += OVERDOSE_ML
        state.antifoam_effect += effects.antifoam
    state.antifoam_effect *= 1 - 1 / 5400
