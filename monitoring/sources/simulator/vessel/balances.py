"""Balances of volume, acid, oxygen, gas and heat over one second."""

from monitoring.sources.simulator.vessel.controllers import AIR_L_MIN
from monitoring.sources.simulator.vessel.faults import Effects
from monitoring.sources.simulator.vessel.kinetics import PER_SECOND, SMALLEST_OXYGEN
from monitoring.sources.simulator.vessel.parameters import HOUR_S, BatchParameters
from monitoring.sources.simulator.vessel.state import AIR_CO2, AIR_O2, Flows, VesselState

PRESSURE_BAR = 1.2  # absolute
OXYGEN_SOLUBILITY = 1.0  # mmol/L a bar of O2, in medium at 37 °C
SATURATED = AIR_O2 * PRESSURE_BAR * OXYGEN_SOLUBILITY  # mmol/L, at calibration
EVAPORATION = 0.016 / HOUR_S  # L/s at the usual flow of air
SAMPLE_L = 0.02
SAMPLE_EVERY_S, FIRST_SAMPLE_S = 2 * HOUR_S, HOUR_S
GAS_MOL_L = 1 / 24.5  # at 25 °C and 1 atm
HEAD_SPACE_MOL = 3 * PRESSURE_BAR / 25.5
DISSOLVED_S = 60  # time that CO2 stays dissolved
STIRRER = 0.5 * 2 * 5 * 1000 * 0.08**5  # W s³: gassed power of two Rushton turbines, D = 0.08 m
CROSS_SECTION = 0.0314  # m²
HEAT_OF_RESPIRATION = 0.46 / 3.6  # W a mmol O2/h: 460 kJ/mol (Cooney 1969)
HEAT_CAPACITY = 4180.0  # J/L/K
LOSSES = 1.2  # W/K
DRYING = 11.0  # W at the usual flow of air
JACKET_S, JACKET_CAPACITY = 60, 8360.0
JACKET_LOSSES = 1.5


def volume_after(state: VesselState, flows: Flows) -> float:
    """Return the volume at the end of the second, in L."""
    return state.volume + (flows.feed + flows.base) / 60_000 - EVAPORATION * flows.air / AIR_L_MIN


def balance_acid(state: VesselState, flows: Flows, batch: BatchParameters, volume: float) -> None:
    """Add the acid made and subtract the acid neutralised by base; mmol/L."""
    added = flows.acid_production * PER_SECOND * state.volume - flows.base / 60_000 * batch.base_mmol_l
    state.acid = (state.acid * state.volume + added) / volume


def balance_oxygen(state: VesselState, flows: Flows, batch: BatchParameters) -> None:
    """Transfer oxygen into the broth: kLa = 0.002 (P/V)^0.7 vs^0.2 (van't Riet 1979), in 1/s.

    C⁺ = (C + k C*) / (1 + k + OUR/C) stays positive.
    """
    turns = state.speed / 60
    flows.stirrer_w = STIRRER * turns * turns * turns
    power = max(flows.stirrer_w, 0.02) / (state.volume * 1e-3)
    gas = max(flows.air / 60_000 / CROSS_SECTION, 1e-6)
    disturbed = batch.transfer * (1 + state.transfer_noise) * (1 - state.antifoam_effect)
    transfer = disturbed * 0.002 * power**0.7 * gas**0.2
    cooler = 1 - 0.013 * (state.temperature - 37)
    saturated = state.gas_o2 * PRESSURE_BAR * OXYGEN_SOLUBILITY * cooler
    used = flows.oxygen_uptake * PER_SECOND / state.oxygen
    oxygen = (state.oxygen + transfer * saturated) / (1 + transfer + used)
    flows.oxygen_transfer = transfer * (saturated - oxygen)
    state.oxygen = max(oxygen, SMALLEST_OXYGEN)


def balance_gas(state: VesselState, flows: Flows) -> None:
    """Mix the head space; nitrogen is inert, so it gives the flow that leaves."""
    state.co2_release += (flows.co2_production - state.co2_release) / DISSOLVED_S
    entering = flows.air / 60 * GAS_MOL_L
    leaving = entering * (1 - AIR_O2 - AIR_CO2) / (1 - state.gas_o2 - state.gas_co2)
    taken = flows.oxygen_transfer * state.volume * 1e-3
    given = state.co2_release * PER_SECOND * state.volume * 1e-3
    state.gas_o2 += (entering * AIR_O2 - leaving * state.gas_o2 - taken) / HEAD_SPACE_MOL
    state.gas_co2 += (entering * AIR_CO2 - leaving * state.gas_co2 + given) / HEAD_SPACE_MOL
    state.oxygen_taken_mol += taken
    state.co2_given_mol += given


def balance_heat(state: VesselState, flows: Flows, batch: BatchParameters, effects: Effects) -> None:
    """Heat the broth by respiration and stirrer, and move the jacket towards its setpoint."""
    broth, jacket = state.temperature, state.jacket
    colder = broth - batch.ambient
    pumped = (flows.feed + flows.base) / 60 * 4.18 * colder
    heat = (
        flows.oxygen_uptake * state.volume * HEAT_OF_RESPIRATION
        + flows.stirrer_w
        + batch.cooling * (jacket - broth)
        - LOSSES * (colder - state.ambient_noise)
        - DRYING * flows.air / AIR_L_MIN
        - pumped
    )
    state.temperature += heat / (state.volume * HEAT_CAPACITY)
    follow = (flows.jacket_setpoint - jacket) / JACKET_S
    if effects.cooling < 1 and follow < 0:  # the cold water is missing: the broth warms the jacket
        warming = batch.cooling * (broth - jacket) - JACKET_LOSSES * (jacket - batch.ambient)
        follow = follow * effects.cooling + warming / JACKET_CAPACITY
    state.jacket += follow


def takes_sample(second: int) -> bool:
    """Return whether a sample is taken at the end of this second."""
    return second >= FIRST_SAMPLE_S and (second - FIRST_SAMPLE_S) % SAMPLE_EVERY_S == 0
