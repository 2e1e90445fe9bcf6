"""The minute values of one batch, from which soft sensors are computed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from monitoring.batches.soft_sensors.constants import CONSTANTS
from monitoring.batches.soft_sensors.drawn_samples import with_samples_back
from monitoring.batches.soft_sensors.filters import hold, running_total, slope, smooth
from monitoring.kernel.arrays import FloatArray

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class LabResult:
    """A result of the laboratory: ``dry_weight`` in g/L or ``od600``, ``hour`` after inoculation."""

    hour: float
    analyte: str
    value: float


@dataclass(slots=True)
class SensorInputs:
    """Minute values of one batch by role, in the units of the formulas.

    ``hour`` (n,) is the time since inoculation in hours, one minute apart, negative before. ``measured``
    has an array (n,) for each role, NaN where a minute has no value: means, and maxima of totalisers.
    ``constants`` are the vessel's. ``derived`` caches intermediate results.
    """

    hour: FloatArray
    measured: Mapping[str, FloatArray]
    constants: Mapping[str, float] = field(default_factory=dict)
    samples: Sequence[LabResult] = ()
    derived: dict[str, Any] = field(default_factory=dict)

    def role(self, name: str) -> FloatArray:
        """Return the values of a role, held between two values of a slow tag; NaN without a tag."""
        if name not in self.derived:
            values = self.measured.get(name)
            self.derived[name] = np.full(len(self.hour), np.nan) if values is None else hold(values)
        found: FloatArray = self.derived[name]
        return found

    def constant(self, name: str) -> float:
        """Return the vessel's constant, else the default; NaN without any."""
        default = CONSTANTS[name].default
        return float(self.constants.get(name, np.nan if default is None else default))

    def has(self, name: str) -> bool:
        """Return whether a tag has the role."""
        return name in self.measured


def derived(function: Callable[[SensorInputs], Result]) -> Callable[[SensorInputs], Result]:
    """Compute a quantity once for a inputs."""

    @wraps(function)
    def once(inputs: SensorInputs) -> Result:
        key = f"{function.__name__}()"  # no name of a role
        if key not in inputs.derived:
            inputs.derived[key] = function(inputs)
        found: Result = inputs.derived[key]
        return found

    return once


@derived
def broth_volume(inputs: SensorInputs) -> FloatArray:
    """Return the volume of the broth in L, from the best source that the vessel has."""
    if inputs.has("volume"):
        found = inputs.role("volume")
    elif inputs.has("weight") and np.isfinite(inputs.constant("tare_kg")):
        found = litres(inputs, smooth(inputs.role("weight"), 60))
    else:
        found = np.full(len(inputs.hour), inputs.constant("working_volume_l"))
    return np.where(found > 0, found, np.nan)


@derived
def unsampled_weight(inputs: SensorInputs) -> FloatArray:
    """Return the weight in kg as if no sample had been drawn."""
    return with_samples_back(
        inputs.role("weight"), inputs.hour, sorted({sample.hour for sample in inputs.samples})
    )


@derived
def unsampled_volume(inputs: SensorInputs) -> FloatArray:
    """Return the volume in L as if no sample had been drawn; a volume that is not weighed stays as it is."""
    is_weighed = not inputs.has("volume") and inputs.has("weight") and np.isfinite(inputs.constant("tare_kg"))
    if not is_weighed:
        return broth_volume(inputs)
    found = litres(inputs, smooth(unsampled_weight(inputs), 60))
    return np.where(found > 0, found, np.nan)


def litres(inputs: SensorInputs, weight_kg: FloatArray) -> FloatArray:
    """Return the volume in L for a weight of vessel and broth in kg."""
    return (weight_kg - inputs.constant("tare_kg")) / inputs.constant("density_kg_l")


@derived
def base_flow(inputs: SensorInputs) -> FloatArray:
    """Return the flow of base in mL/min: the slope of the total over 10 minutes."""
    return np.maximum(slope(running_total(inputs.role("base_total")), 10), 0.0)


@derived
def stirrer_power(inputs: SensorInputs) -> FloatArray:
    """Return the power of the stirrer in W: gassed fraction x impellers x Np ρ N³ D⁵."""
    per_second = np.maximum(inputs.role("agitation"), 0.0) / 60
    turbulent = inputs.constant("power_number") * 1000 * inputs.constant("density_kg_l")
    size = per_second**3 * inputs.constant("impeller_diameter_m") ** 5
    return inputs.constant("gassed_power_fraction") * inputs.constant("impellers") * turbulent * size
