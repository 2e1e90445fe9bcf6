"""Parameters of one batch: nominal values with the variation between batches."""

import math
from dataclasses import dataclass

import numpy as np

HOUR_S = 3600
OF_PARAMETERS = 999_999  # in place of a block's number, in the seed of the random numbers


@dataclass(frozen=True, slots=True)
class BatchParameters:
    """Parameters that differ between batches. Rates are per hour and gram of dry biomass.

    Nominal values and deviations are those of the design (BATCHES.md, "Simulator"). ``probe_...`` are
    errors of calibration, offsets but for the factor of dissolved oxygen.
    """

    biomass: float  # g/L at inoculation
    glucose: float  # g/L at inoculation
    volume: float  # L at inoculation
    lag_s: float
    glucose_uptake: float  # largest, g
    oxygen_uptake: float  # largest, mmol
    growth_yield: float  # g biomass a g glucose, without overflow
    maintenance: float  # g glucose
    saturation: float  # g/L glucose at half the uptake
    transfer: float  # factor of kLa
    cooling: float  # UA of the jacket, W/K
    feed_glucose: float  # g/L
    base_mmol_l: float
    buffer: float  # mmol/L a pH
    ambient: float  # °C
    pump: float  # delivered a mL set
    air_gain: float
    probe_ph: float
    probe_oxygen: float
    probe_temperature: float
    probe_gas_o2: float
    probe_gas_co2: float
    antifoam_s: tuple[int, int]  # seconds of the two routine doses


def batch_rng(seed: int, number: int, block: int) -> np.random.Generator:
    """Return the random numbers of one block of a batch; they depend on the arguments only."""
    return np.random.default_rng([seed, abs(number), int(number < 0), block])


def draw_parameters(seed: int, number: int) -> BatchParameters:
    """Return the parameters of batch ``number``."""
    rng = batch_rng(seed, number, OF_PARAMETERS)

    def normal(deviation: float) -> float:
        return float(rng.normal(0, deviation))

    def about(nominal: float, share: float) -> float:
        return nominal * (1 + normal(share))

    return BatchParameters(
        biomass=0.30 * math.exp(normal(0.15)),
        glucose=about(20, 0.03),
        volume=about(6, 0.01),
        lag_s=0.45 * math.exp(normal(0.3)) * HOUR_S,
        glucose_uptake=about(1.25, 0.03),
        oxygen_uptake=about(14.3, 0.03),
        growth_yield=about(0.51, 0.02),
        maintenance=about(0.04, 0.10),
        saturation=0.05,
        transfer=about(1, 0.06),
        cooling=about(40, 0.06),
        feed_glucose=about(500, 0.01),
        base_mmol_l=about(6900, 0.02),
        buffer=about(60, 0.08),
        ambient=22 + normal(1.5),
        pump=about(1, 0.015),
        air_gain=about(1, 0.01),
        probe_ph=normal(0.01),
        probe_oxygen=about(1, 0.015),
        probe_temperature=normal(0.03),
        probe_gas_o2=normal(0.01),
        probe_gas_co2=normal(0.005),
        antifoam_s=(int(rng.uniform(8, 12) * HOUR_S), int(rng.uniform(12, 18) * HOUR_S)),
    )
