"""A batch by formula: minute values of all roles, exact for a chosen OUR, RQ, biomass and volume."""

import numpy as np

from monitoring.batches.soft_sensors.inputs import LabResult, SensorInputs

CONSTANTS = {
    "tare_kg": 4.0,
    "ua_w_per_k": 40.0,
    "loss_w_per_k": 1.2,
    "impeller_diameter_m": 0.08,
    "vessel_diameter_m": 0.2,
    "base_mol_l": 6.9,
    "feed_g_l": 500.0,
    "ambient_bar": 1.0,
}
YIELD, MAINTENANCE, INOCULUM_G_L = 0.043, 1.0, 0.3
RQ = 1.05
HOURS = 16


class MadeCourse:
    """A course and the truth that it was made from; all arrays have shape (n,), one value a minute."""

    def __init__(self) -> None:
        self.hour = np.arange(HOURS * 60) / 60
        self.volume = 6 + 0.05 * self.hour  # L
        self.growth = np.where(self.hour < 6, 0.6, 0.12)  # 1/h
        dilution = 0.05 / self.volume
        self.biomass = INOCULUM_G_L * np.exp(np.cumsum(self.growth - dilution) / 60)
        self.our = self.biomass * (self.growth / YIELD + MAINTENANCE)
        self.rpm = np.full_like(self.hour, 700.0)
        self.inputs = SensorInputs(self.hour, self.measured(), dict(CONSTANTS), self.samples())

    def samples(self) -> list[LabResult]:
        """Return the dry weight every two hours, 3 % too high and too low in turn."""
        times = range(30, len(self.hour), 120)
        return [
            LabResult(self.hour[at], "dry_weight", self.biomass[at] * (1.03 if turn % 2 else 0.97))
            for turn, at in enumerate(times)
        ]

    def measured(self) -> dict[str, np.ndarray]:
        """Return what the probes of this batch show."""
        o2, co2 = self.offgas(air := np.full_like(self.hour, 6.0))
        power = 0.5 * 2 * 5 * 1010 * (self.rpm / 60) ** 3 * 0.08**5
        kla = self.kla(power, air)
        saturation = 1.2 * o2 / 100
        losses = 1.2 * 15 + 2410 * 0.044 * 6 / 60
        return {
            "temperature": np.full_like(self.hour, 37.0),
            "air_flow": air,
            "pressure": np.full_like(self.hour, 0.2),
            "agitation": self.rpm,
            "offgas_o2": o2,
            "offgas_co2": co2,
            "weight": 4 + 1.01 * self.volume,
            "dissolved_oxygen": 100 * (saturation - self.our / kla) / (1.2 * 0.2095),
            "jacket_temperature": 37 + (losses - power - self.our * self.volume * 460 / 3600) / 40,
            "base_total": 1000 * np.cumsum(0.15 * self.our * self.volume) / 60 / 6900,
        }

    def kla(self, power: np.ndarray, air: np.ndarray) -> np.ndarray:
        """Return kLa in 1/h by van't Riet's law for electrolyte solutions."""
        velocity = air / 60_000 / (np.pi * 0.1**2)
        return 3600 * 0.002 * (power / self.volume * 1000) ** 0.7 * velocity**0.2

    def offgas(self, air: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return O2 and CO2 of the dry off-gas in %: amounts in mmol/h, inert gas unchanged."""
        inlet = air * 60_000 / 24.5
        o2 = 0.2095 * inlet - self.our * self.volume
        co2 = 0.0004 * inlet + RQ * self.our * self.volume
        total = o2 + co2 + (1 - 0.2099) * inlet
        return 100 * o2 / total, 100 * co2 / total
