"""Kinetics of the culture: overflow metabolism after Xu et al. 1999, cardinal models after Rosso et al. 1995.

Balances hold by construction: CO2 and O2 follow from carbon and electrons of what is taken up and made.
A C-mol is 30 g of glucose, acetate or lactate with 4 mol electrons, or 24.6 g of biomass with 4.2 mol.
"""

from monitoring.sources.simulator.vessel.parameters import HOUR_S, BatchParameters
from monitoring.sources.simulator.vessel.state import Flows, VesselState

PER_SECOND = 1 / HOUR_S
SUGAR_C, BIOMASS_C = 1 / 30, 1 / 24.6  # C-mol/g
SUGAR_E, BIOMASS_E = 4 / 30, 4.2 / 24.6  # mol electrons/g
OXYGEN_OF_ELECTRONS = 250.0  # mmol O2 a mol electrons
ACETATE_INHIBITION = 9.0  # g/L at half the uptake of glucose
ACETATE_MADE = 0.6  # g a g of overflow
OVERFLOW_YIELD = 0.15  # g biomass a g of overflow
ACETATE_UPTAKE, ACETATE_SATURATION, ACETATE_YIELD = 0.15, 0.05, 0.4
OXYGEN_OF_ACETATE = 16.3  # mmol O2 a g
OXYGEN_SATURATION = 0.003  # mmol/L at half the uptake
AMMONIA_ACID = 0.2  # mol H+ a C-mol biomass
CONTAMINANT_GROWTH, CONTAMINANT_YIELD, CONTAMINANT_SATURATION = 0.9, 0.4, 0.02
CONTAMINANT_ACID = 0.3  # g lactate a g glucose
LACTATE_G_MOL, ACETATE_G_MOL = 90.0, 60.0
SMALLEST_OXYGEN = 1e-6


def temperature_factor(celsius: float, low: float = 4.9, best: float = 41.3, high: float = 47.5) -> float:
    """Return the share of the largest rate at a temperature: the cardinal model with inflection."""
    if not low < celsius < high:
        return 0.0
    above = celsius - low
    ahead = (best - low) * (celsius - best) - (best - high) * (best + low - 2 * celsius)
    return (celsius - high) * above * above / ((best - low) * ahead)


def ph_factor(ph: float, low: float = 4.4, best: float = 7.0, high: float = 9.5) -> float:
    """Return the share of the largest rate at a pH: the cardinal pH model."""
    if not low < ph < high:
        return 0.0
    inside = (ph - low) * (ph - high)
    return inside / (inside - (ph - best) * (ph - best))


AT_SETPOINT = temperature_factor(37.0)


def metabolise(state: VesselState, flows: Flows, batch: BatchParameters, ph: float, volume: float) -> None:
    """Let the culture live for a second, in a volume that becomes ``volume`` (L); set the rates in ``flows``.

    Glucose is taken implicitly, S⁺ = (S·V + fed) / (V⁺ + V·Σ uptake/S), which keeps S positive. The uptake is
    that of S⁺: nothing is clipped and nothing lost.
    """
    shape = temperature_factor(state.temperature) / AT_SETPOINT * ph_factor(ph)
    aerated = state.oxygen / (state.oxygen + OXYGEN_SATURATION)
    affinity = (
        batch.glucose_uptake * (1 + state.uptake_noise) * shape * state.adaptation
        / (state.glucose + batch.saturation) / (1 + state.acetate / ACETATE_INHIBITION)
    )  # fmt: skip
    other = contaminant_affinity(state, aerated)
    before = state.volume
    demand = (affinity * state.biomass + other * state.contaminant) * PER_SECOND
    fed = flows.feed * batch.feed_glucose / 60_000
    state.glucose = (state.glucose * before + fed) / (volume + demand * before)
    scale = before / volume
    grow_culture(state, flows, batch, affinity * state.glucose, shape, aerated, scale)
    if state.contaminant > 0:
        grow_contaminant(state, flows, other * state.glucose, scale)
    state.adaptation += (1 - state.adaptation) / batch.lag_s


def grow_culture(
    state: VesselState,
    flows: Flows,
    batch: BatchParameters,
    uptake: float,
    shape: float,
    aerated: float,
    scale: float,
) -> None:
    """Divide the uptake of glucose (g/g/h) into oxidation and overflow, and grow biomass and acetate.

    Carbon beyond the capacity of respiration becomes acetate; spare respiration takes acetate up. All
    respiration, also that for maintenance, needs oxygen (``aerated``). ``scale`` is the volume before the
    second over that after.
    """
    growth_yield, biomass = batch.growth_yield, state.biomass
    maintenance = batch.maintenance * aerated
    activity = shape * aerated
    respiration = batch.oxygen_uptake * activity
    capacity = respiration / OXYGEN_OF_ELECTRONS - BIOMASS_E * growth_yield * maintenance
    critical = max(0.0, capacity / (SUGAR_E - BIOMASS_E * growth_yield))
    oxidised = uptake if uptake < critical else critical
    overflow = uptake - oxidised
    used = OXYGEN_OF_ELECTRONS * (SUGAR_E * oxidised - BIOMASS_E * growth_yield * (oxidised - maintenance))
    acetate = ACETATE_UPTAKE * activity * state.acetate / (state.acetate + ACETATE_SATURATION)
    acetate = max(0.0, min(acetate, (respiration - used) / OXYGEN_OF_ACETATE))
    growth = growth_yield * (oxidised - maintenance) + OVERFLOW_YIELD * overflow + ACETATE_YIELD * acetate
    burnt = uptake - ACETATE_MADE * overflow + acetate
    flows.oxygen_uptake = OXYGEN_OF_ELECTRONS * biomass * (SUGAR_E * burnt - BIOMASS_E * growth)
    flows.co2_production = 1000 * biomass * (SUGAR_C * burnt - BIOMASS_C * growth)
    made = ACETATE_MADE * overflow - acetate
    flows.acid_production = 1000 * biomass * (AMMONIA_ACID * BIOMASS_C * growth + made / ACETATE_G_MOL)
    state.acetate = (state.acetate + made * biomass * PER_SECOND) * scale
    state.biomass = (biomass + growth * biomass * PER_SECOND) * scale


def contaminant_affinity(state: VesselState, aerated: float) -> float:
    """Return the uptake of the contaminant, g glucose a g and h, over the concentration of glucose."""
    if state.contaminant == 0:
        return 0.0
    growth = CONTAMINANT_GROWTH * aerated / (state.glucose + CONTAMINANT_SATURATION)
    return growth / CONTAMINANT_YIELD


def grow_contaminant(state: VesselState, flows: Flows, uptake: float, scale: float) -> None:
    """Add an organism that makes lactate of a part of its glucose (g/g/h)."""
    growth, mass = CONTAMINANT_YIELD * uptake, state.contaminant
    burnt = (1 - CONTAMINANT_ACID) * uptake
    flows.oxygen_uptake += OXYGEN_OF_ELECTRONS * mass * (SUGAR_E * burnt - BIOMASS_E * growth)
    flows.co2_production += 1000 * mass * (SUGAR_C * burnt - BIOMASS_C * growth)
    lactate = CONTAMINANT_ACID * uptake
    flows.acid_production += 1000 * mass * (AMMONIA_ACID * BIOMASS_C * growth + lactate / LACTATE_G_MOL)
    state.lactate = (state.lactate + lactate * mass * PER_SECOND) * scale
    state.contaminant = (mass + growth * mass * PER_SECOND) * scale
