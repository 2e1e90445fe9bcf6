"""Constants of a vessel that soft sensors use: title, unit, and a default where an honest one exists."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.kernel.quoting import shown


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant; without a default, sensors that need it have no values until the vessel has it.

    ``low`` and ``high`` bound the accepted values, inclusive.
    """

    title: str
    unit: str
    default: float | None
    low: float
    high: float


CONSTANTS: Mapping[str, Constant] = {
    "tare_kg": Constant("weight of the empty vessel", "kg", None, -1e6, 1e6),
    "working_volume_l": Constant("working volume", "L", None, 1e-3, 1e7),
    "density_kg_l": Constant("density of the broth", "kg/L", 1.01, 0.5, 2),
    "inlet_o2_pct": Constant("O2 in the inlet gas", "%", 20.95, 0, 100),
    "inlet_co2_pct": Constant("CO2 in the inlet gas", "%", 0.04, 0, 100),
    "molar_volume_l": Constant("molar volume at the flow meter's reference (25 °C)", "L/mol", 24.5, 20, 30),
    "ambient_bar": Constant("pressure of the surroundings, absolute", "bar", 1.013, 0.5, 1.2),
    "overpressure_bar": Constant("overpressure where no tag has the role pressure", "bar", 0.0, -1, 20),
    "o2_solubility_mmol_l_bar": Constant("solubility of O2 in medium at 37 °C", "mmol/L/bar", 1.0, 0.1, 3),
    "kla_a": Constant("factor a of the kLa law", "1/s", 0.002, 1e-6, 10),
    "kla_alpha": Constant("exponent of power per volume in the kLa law", "", 0.7, 0, 2),
    "kla_beta": Constant("exponent of the gas velocity in the kLa law", "", 0.2, 0, 2),
    "power_number": Constant("power number of one impeller (6-blade disc turbine)", "", 5.0, 0.05, 20),
    "impellers": Constant("number of impellers", "", 2.0, 1, 20),
    "impeller_diameter_m": Constant("diameter of the impellers", "m", None, 1e-3, 10),
    "vessel_diameter_m": Constant("inner diameter of the vessel", "m", None, 1e-2, 50),
    "gassed_power_fraction": Constant("gassed over ungassed power", "", 0.5, 0.1, 1),
    "ua_w_per_k": Constant("heat transfer UA between jacket and broth", "W/K", None, 1e-3, 1e8),
    "loss_w_per_k": Constant("heat loss to the surroundings", "W/K", 0.0, 0, 1e6),
    "ambient_c": Constant("temperature of the surroundings and of feeds", "°C", 22.0, -40, 60),
    "evaporation_g_per_l": Constant("water carried off by a litre of air (37 °C)", "g/L", 0.044, 0, 1),
    "base_mol_l": Constant("concentration of the base", "mol/L", None, 1e-3, 30),
    "feed_g_l": Constant("carbon source in the feed", "g/L", None, 1e-3, 2000),
    "feed_g_per_cmol": Constant(
        "mass of the carbon source a mole of carbon (glucose)", "g/mol", 30.0, 10, 60
    ),
    "od_g_per_l": Constant("dry weight for 1 of OD600", "g/L", 0.36, 0.01, 5),
    "yield_g_per_mmol": Constant("biomass a mmol of O2, before samples tell", "g/mmol", 0.04, 0.001, 0.2),
    "maintenance_mmol_g_h": Constant("O2 for maintenance", "mmol/g/h", 1.0, 0, 20),
    "inoculum_g_l": Constant("biomass at inoculation", "g/L", None, 0, 500),
}


def constant_error(name: str, value: object) -> str | None:
    """Return why a vessel's constant cannot be used, with what is expected; None if it can."""
    known = CONSTANTS.get(name)
    if known is None:
        return f"{shown(name)}: unknown constant; expected one of {', '.join(sorted(CONSTANTS))}."
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not known.low <= value <= known.high:  # type: ignore[operator]
        unit = f" {known.unit}" if known.unit else ""
        expected = f"a number from {known.low:g} to {known.high:g}{unit}"
        return f"{name} ({known.title}): expected {expected}, not {shown(value)}."
    return None
