"""All soft sensors."""

from collections.abc import Mapping

import numpy as np

from monitoring.batches.soft_sensors import feeds, gas, growth, heat, transfer
from monitoring.batches.soft_sensors.definition import SAMPLES, Need, SoftSensor, one
from monitoring.batches.soft_sensors.inputs import SensorInputs, broth_volume
from monitoring.kernel.arrays import FloatArray

VOLUME = Need("the rate per litre", (("volume",), ("weight", "tare_kg"), ("working_volume_l",)))
AIR = one("air_flow", "the amount of gas")
OFFGAS = (
    AIR,
    one("offgas_o2", "the O2 that the gas has lost"),
    one("offgas_co2", "the CO2 that the gas has gained, and the flow of the off-gas"),
)
GAS_BALANCE = (*OFFGAS, VOLUME)
GAS_CONSTANTS = ("inlet_o2_pct", "inlet_co2_pct", "molar_volume_l", "density_kg_l")
STIRRER = (
    one("agitation", "the power of the stirrer"),
    one("impeller_diameter_m", "the power of the stirrer"),
)
STIRRER_CONSTANTS = ("power_number", "impellers", "gassed_power_fraction", "density_kg_l")
KLA = (AIR, *STIRRER, one("vessel_diameter_m", "the velocity of the gas"), VOLUME)
KLA_CONSTANTS = ("kla_a", "kla_alpha", "kla_beta", *STIRRER_CONSTANTS)
DRIVE = (
    one("dissolved_oxygen", "the O2 in the broth"),
    one("offgas_o2", "the O2 that the broth could hold"),
    one("temperature", "the solubility of O2"),
)
DRIVE_CONSTANTS = ("o2_solubility_mmol_l_bar", "ambient_bar", "overpressure_bar", "inlet_o2_pct")
PRESSURE = {"pressure": "the constant overpressure_bar is used"}
HEAT = (
    one("temperature", "the heat stored in the broth"),
    one("jacket_temperature", "the heat that the jacket takes"),
    one("air_flow", "the heat lost to evaporation"),
    *STIRRER,
    one("ua_w_per_k", "the heat that the jacket takes"),
    VOLUME,
)
HEAT_CONSTANTS = (*STIRRER_CONSTANTS, "loss_w_per_k", "ambient_c", "evaporation_g_per_l")
FEEDS = {
    "feed_rate": "the heat that cold feed takes is left out",
    "base_total": "the heat that cold base takes is left out",
}
GROWTH_CONSTANTS = (
    *GAS_CONSTANTS,
    "yield_g_per_mmol",
    "maintenance_mmol_g_h",
    "od_g_per_l",
    "inoculum_g_l",
)
GROWTH = {
    SAMPLES: "No sample of dry weight or OD600 yet: a usual yield on O2 is used, right within about 25 %."
    " Unless the vessel has the constant inoculum_g_l, values begin once 50 mmol/L of O2 are consumed."
}
GAS_SOURCE = "balance with inert N2, dry off-gas; Heinzle and Dunn 1991"
GROWTH_SOURCE = "Pirt 1965 (yield and maintenance), on O2; calibrated by dry weight or OD600"
BASE = one("base_total", "the base added")
BASE_MOLARITY = one("base_mol_l", "the moles of base")

SOFT_SENSORS: Mapping[str, SoftSensor] = {
    sensor.name: sensor
    for sensor in (
        SoftSensor(
            "our",
            "Oxygen uptake rate (OUR), gas balance",
            "mmol/L/h",
            1,
            "OUR = (n_in y_O2,in - n_out y_O2,out) / V; n_in = air flow / molar volume;"
            " n_out = n_in (1 - y_O2 - y_CO2)_in / (1 - y_O2 - y_CO2)_out; mean over 90 s",
            GAS_SOURCE,
            GAS_BALANCE,
            GAS_CONSTANTS,
            {},
            gas.oxygen_uptake,
        ),
        SoftSensor(
            "cer",
            "Carbon dioxide evolution rate (CER)",
            "mmol/L/h",
            1,
            "CER = (n_out y_CO2,out - n_in y_CO2,in) / V; flows as for OUR; mean over 90 s",
            GAS_SOURCE,
            GAS_BALANCE,
            GAS_CONSTANTS,
            {},
            gas.carbon_dioxide_evolution,
        ),
        SoftSensor(
            "rq",
            "Respiratory quotient (RQ)",
            "",
            2,
            "RQ = CER / OUR; none while OUR < 3 mmol/L/h",
            GAS_SOURCE,
            GAS_BALANCE,
            GAS_CONSTANTS,
            {},
            gas.respiratory_quotient,
        ),
        SoftSensor(
            "oxygen_consumed",
            "Oxygen consumed",
            "mol",
            2,
            "integral of OUR V since inoculation; gaps of up to 60 min are bridged",
            GAS_SOURCE,
            GAS_BALANCE,
            GAS_CONSTANTS,
            {},
            gas.oxygen_consumed,
        ),
        SoftSensor(
            "kla",
            "Oxygen transfer coefficient (kLa), by the law",
            "1/h",
            0,
            "kLa = a (P/V)^α v^β; P = gassed fraction x impellers x Np ρ N³ D⁵; v = air flow / cross section",
            "van't Riet 1979 (electrolyte solutions; right within 20 to 40 %)",
            KLA,
            KLA_CONSTANTS,
            {},
            transfer.transfer_coefficient,
        ),
        SoftSensor(
            "kla_observed",
            "Oxygen transfer coefficient (kLa), from the gas balance",
            "1/h",
            0,
            "kLa = OUR / (C* - C); C* = H p y_O2,out, C = H p y_O2,in DO; none while C* - C < 5 % of C*",
            "steady-state balance of O2; van't Riet 1979",
            (*GAS_BALANCE, *DRIVE[::2]),
            (*GAS_CONSTANTS, *DRIVE_CONSTANTS),
            PRESSURE,
            transfer.observed_transfer_coefficient,
        ),
        SoftSensor(
            "our_kla",
            "Oxygen uptake rate, from kLa and DO",
            "mmol/L/h",
            1,
            "OUR = kLa (C* - C), kLa by the law; C* = H p y_O2,out, C = H p y_O2,in DO",
            "van't Riet 1979",
            (*KLA, *DRIVE),
            (*KLA_CONSTANTS, *DRIVE_CONSTANTS),
            PRESSURE,
            transfer.uptake_by_transfer,
        ),
        SoftSensor(
            "metabolic_heat",
            "Metabolic heat",
            "W",
            1,
            "Q = V ρcp dT/dt - P - UA (T_jacket - T) + losses (surroundings, evaporation, cold feeds);"
            " dT/dt over 5 min, the other terms delayed alike",
            "heat balance; Cooney, Wang and Mateles 1969",
            HEAT,
            HEAT_CONSTANTS,
            FEEDS,
            heat.metabolic_heat,
        ),
        SoftSensor(
            "our_heat",
            "Oxygen uptake rate, from heat",
            "mmol/L/h",
            1,
            "OUR = Q / (V x 0.1278 W h/mmol), 460 kJ a mole of O2; Q = metabolic heat",
            "Cooney, Wang and Mateles 1969",
            HEAT,
            HEAT_CONSTANTS,
            FEEDS,
            heat.uptake_by_heat,
        ),
        SoftSensor(
            "biomass",
            "Biomass",
            "g/L",
            2,
            "d(XV)/dt = Y (OUR V - m XV); X at inoculation and Y by weighted least squares on the samples"
            " (5 % + 0.1 g/L), with a prior of 25 % on Y; all values move when a sample is added",
            GROWTH_SOURCE,
            GAS_BALANCE,
            GROWTH_CONSTANTS,
            GROWTH,
            growth.biomass,
        ),
        SoftSensor(
            "growth_rate",
            "Growth rate (µ)",
            "1/h",
            3,
            "µ = Y OUR / X - Y m; X and Y as for biomass",
            GROWTH_SOURCE,
            GAS_BALANCE,
            GROWTH_CONSTANTS,
            GROWTH,
            growth.growth_rate,
        ),
        SoftSensor(
            "base_demand",
            "Base demand",
            "mmol/L/h",
            1,
            "slope of the base added over 10 min x mol/L / V",
            "balance of protons",
            (BASE, BASE_MOLARITY, VOLUME),
            ("density_kg_l",),
            {},
            feeds.base_demand,
        ),
        SoftSensor(
            "base_per_biomass",
            "Base per biomass grown",
            "mmol/g",
            1,
            "base added / biomass grown since inoculation; none before biomass has doubled",
            "about 8 mmol/g where ammonia is the nitrogen source (CH1.8O0.5N0.2, 24.6 g/mol)",
            (BASE, BASE_MOLARITY, *GAS_BALANCE),
            GROWTH_CONSTANTS,
            GROWTH,
            feeds.base_per_biomass,
        ),
        SoftSensor(
            "carbon_fed",
            "Carbon fed",
            "mmol C/L/h",
            1,
            "feed rate x g/L / (g a mole of carbon) / V, mean over 150 s",
            "balance of carbon",
            (one("feed_rate", "the feed"), one("feed_g_l", "the carbon in the feed"), VOLUME),
            ("feed_g_per_cmol", "density_kg_l"),
            {},
            feeds.carbon_fed,
        ),
        SoftSensor(
            "weight_rate",
            "Change of weight",
            "g/min",
            2,
            "slope of the weight over 10 min; falls by 12 g or more within two minutes are drawn samples"
            " and are added back",
            "balance of mass",
            (one("weight", "the weight"),),
            (),
            {},
            feeds.weight_rate,
        ),
        SoftSensor(
            "broth_volume",
            "Volume of the broth",
            "L",
            2,
            "V = (weight - tare) / density, mean over 60 s; or the volume measured; or the working volume",
            "balance of mass",
            (Need("the volume", VOLUME.ways),),
            ("density_kg_l",),
            {},
            broth_volume,
        ),
    )
}


def compute(name: str, inputs: SensorInputs) -> FloatArray:
    """Return the values of a soft sensor, shape (n,); NaN in gaps, never infinite."""
    if not len(inputs.hour):
        return np.zeros(0)
    with np.errstate(all="ignore"):
        values = SOFT_SENSORS[name].values(inputs)
    return np.where(np.isfinite(values), values, np.nan)
