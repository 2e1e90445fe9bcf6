"""The definition of a soft sensor: title, unit, formula, source, and the inputs of the formula."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from monitoring.batches.soft_sensors.constants import CONSTANTS
from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.vessel_roles import ROLES
from monitoring.kernel.arrays import FloatArray

SAMPLES = "samples"


@dataclass(frozen=True, slots=True)
class Need:
    """An input of a formula: any of ``ways`` is enough, each a tuple of roles and constants."""

    purpose: str
    ways: tuple[tuple[str, ...], ...]

    def is_met(self, roles: Collection[str], constants: Mapping[str, float]) -> bool:
        """Return whether roles and constants are there for one of the ways."""
        return any(not lacking(way, roles, constants) for way in self.ways)


@dataclass(frozen=True, slots=True)
class SoftSensor:
    """A soft sensor.

    ``assumed`` are the constants of the formula that the vessel need not have. ``better`` says for a role or
    ``samples`` that may be missing what is done without.
    """

    name: str
    title: str
    unit: str
    decimals: int
    formula: str
    source: str
    needs: tuple[Need, ...]
    assumed: tuple[str, ...]
    better: Mapping[str, str]
    values: Callable[[SensorInputs], FloatArray]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return all roles and constants of the formula, each once."""
        needed = [name for need in self.needs for way in need.ways for name in way]
        return tuple(dict.fromkeys([*needed, *self.better, *self.assumed]))

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles that the formula can use."""
        return tuple(name for name in self.inputs if name in ROLES)

    @property
    def constants(self) -> tuple[str, ...]:
        """Return the constants that the formula can use."""
        return tuple(name for name in self.inputs if name in CONSTANTS)


def one(name: str, purpose: str) -> Need:
    """Return the need for a role or a constant that nothing replaces."""
    return Need(purpose, ((name,),))


def lacking(way: tuple[str, ...], roles: Collection[str], constants: Mapping[str, float]) -> list[str]:
    """Return the roles and constants of a way that the vessel lacks; those with a default never."""
    return [name for name in way if not (name in roles if name in ROLES else is_given(name, constants))]


def is_given(constant: str, constants: Mapping[str, float]) -> bool:
    """Return whether a constant has a value, of the vessel or by default."""
    return constant in constants or CONSTANTS[constant].default is not None
