"""Tags that the simulator knows: the default tags, and the channels of the demo vessel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.tag_definition import DefaultTag, TagDefinition
from monitoring.sources.simulator.signals import simulate
from monitoring.sources.simulator.vessel.channels import COLUMNS
from monitoring.sources.simulator.vessel.cycle import vessel_readings


@dataclass(frozen=True, slots=True)
class DemoTag:
    """A tag of the demo vessel, with its limits as stored."""

    definition: TagDefinition


SimulatedTag = DefaultTag | DemoTag


def simulated_values(tag: SimulatedTag, *, seed: int, start: int, stop: int) -> NDArray[np.float64]:
    """Return the values at each second from ``start`` to ``stop`` (exclusive, Unix time)."""
    if isinstance(tag, DemoTag):
        return vessel_readings(seed, start, stop)[:, COLUMNS[tag.definition.name]]
    return simulate(tag, seed=seed, start=start, stop=stop).value
