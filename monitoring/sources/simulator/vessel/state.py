"""State of the vessel between two seconds, and the flows within one."""

from dataclasses import dataclass
from enum import IntEnum

from monitoring.sources.simulator.vessel.parameters import BatchParameters

AIR_O2, AIR_CO2 = 0.2095, 0.0004  # mole fractions of the gas that enters
SETPOINT_C = 37.0
IDLE_RPM = 400.0


class Stage(IntEnum):
    """Progress of a batch. Rising oxygen is a sign of used up glucose only after the culture has breathed."""

    LAG = 0
    BREATHING = 1
    DEPLETED = 2
    FEEDING = 3


@dataclass(slots=True)
class VesselState:
    """State at the end of a second: the checkpoint of a block. Concentrations are per litre of broth."""

    biomass: float  # g/L
    glucose: float  # g/L
    volume: float  # L
    acetate: float = 0.0  # g/L
    contaminant: float = 0.0  # g/L
    lactate: float = 0.0  # g/L, of the contaminant
    adaptation: float = 0.0  # 0 at inoculation, 1 after the lag
    oxygen: float = 0.2  # mmol/L
    acid: float = 0.0  # mmol/L, relative to pH 7
    co2_release: float = 0.0  # mmol/L/h, CER behind the time that CO2 stays dissolved
    temperature: float = SETPOINT_C
    jacket: float = SETPOINT_C
    gas_o2: float = AIR_O2  # mole fraction in the head space
    gas_co2: float = AIR_CO2
    antifoam_effect: float = 0.0  # share of kLa lost
    antifoam_total: float = 0.0  # mL
    base_total: float = 0.0  # mL that the pump has counted
    speed: float = IDLE_RPM
    speed_integral: float = IDLE_RPM
    jacket_integral: float = 0.0
    stage: Stage = Stage.LAG
    feed_at: int = -1  # second of the first feed; negative: not known yet
    probe_temperature: float = SETPOINT_C
    probe_ph: float = 7.0
    probe_oxygen: float = 100.0  # % of air saturation
    probe_gas_o2: float = 100 * AIR_O2  # %
    probe_gas_co2: float = 100 * AIR_CO2
    uptake_noise: float = 0.0  # Ornstein-Uhlenbeck disturbances, relative; of the ambient in K
    transfer_noise: float = 0.0
    air_noise: float = 0.0
    ambient_noise: float = 0.0
    fed_ml: float = 0.0  # totals, for balances
    oxygen_taken_mol: float = 0.0
    co2_given_mol: float = 0.0


@dataclass(slots=True)
class Flows:
    """Flows and rates within one second."""

    feed_setpoint: float = 0.0  # mL/min
    feed: float = 0.0  # mL/min delivered
    base: float = 0.0  # mL/min delivered
    air: float = 0.0  # L/min
    speed_setpoint: float = IDLE_RPM
    jacket_setpoint: float = SETPOINT_C
    oxygen_uptake: float = 0.0  # OUR, mmol/L/h
    co2_production: float = 0.0  # mmol/L/h
    acid_production: float = 0.0  # mmol/L/h
    stirrer_w: float = 0.0
    oxygen_transfer: float = 0.0  # mmol/L/s


def inoculated(batch: BatchParameters) -> VesselState:
    """Return the state at inoculation."""
    return VesselState(biomass=batch.biomass, glucose=batch.glucose, volume=batch.volume)
