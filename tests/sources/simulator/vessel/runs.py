"""Simulated batches for tests: readings and the states at the ends of blocks."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from monitoring.sources.simulator.vessel.batch_block import BLOCK_S, FloatArray, simulate_batch_block
from monitoring.sources.simulator.vessel.channels import COLUMNS, PREFIX
from monitoring.sources.simulator.vessel.faults import VesselFault
from monitoring.sources.simulator.vessel.parameters import BatchParameters, draw_parameters
from monitoring.sources.simulator.vessel.state import VesselState, inoculated
from monitoring.sources.simulator.vessel.turnaround import BATCH_S

SEED = 5


@dataclass(frozen=True)
class Run:
    """Blocks of a batch from ``start_s`` on; ``states[0]`` is the state at that time."""

    batch: BatchParameters
    readings: FloatArray
    states: list[VesselState]
    start_s: int = 0

    def of(self, name: str) -> FloatArray:
        return self.readings[:, COLUMNS[PREFIX + name]]


@cache
def normal(number: int) -> Run:
    """A whole batch without a fault."""
    return simulated(number, None, 0, BATCH_S, inoculated(draw_parameters(SEED, number)))


def with_fault(number: int, fault: VesselFault, until_s: int) -> Run:
    """The same batch from the block of the onset on."""
    start = fault.onset_s // BLOCK_S * BLOCK_S
    return simulated(number, fault, start, until_s, normal(number).states[start // BLOCK_S])


def simulated(number: int, fault: VesselFault | None, start_s: int, until_s: int, state: VesselState) -> Run:
    batch, states, readings = draw_parameters(SEED, number), [state], []
    for block in range(start_s // BLOCK_S, until_s // BLOCK_S):
        made = simulate_batch_block(states[-1], batch, fault, seed=SEED, number=number, block=block)
        readings.append(made.readings)
        states.append(made.end)
    return Run(batch, np.concatenate(readings), states, start_s)
