"""The demo vessel over absolute time: a batch a day, from 06:00 UTC for 20 h, then the turnaround.

A pure function of (seed, second), computed by blocks. The states at the ends of blocks are remembered, so
consecutive blocks cost 600 simulated seconds each; the first question about the end of a batch costs 20 h.
"""

from typing import TypeVar

import numpy as np

from monitoring.kernel.runtime import part
from monitoring.sources.simulator.vessel.batch_block import (
    BLOCK_S,
    FloatArray,
    VesselBlock,
    simulate_batch_block,
)
from monitoring.sources.simulator.vessel.channels import CHANNELS
from monitoring.sources.simulator.vessel.faults import fault_of
from monitoring.sources.simulator.vessel.parameters import HOUR_S, draw_parameters
from monitoring.sources.simulator.vessel.state import VesselState, inoculated
from monitoring.sources.simulator.vessel.turnaround import BATCH_S, TURNAROUND_S, simulate_turnaround_block

INOCULATION_S = 6 * HOUR_S  # after midnight UTC
CYCLE_S = BATCH_S + TURNAROUND_S
BATCH_BLOCKS, CYCLE_BLOCKS = BATCH_S // BLOCK_S, CYCLE_S // BLOCK_S
KEPT_STATES, KEPT_BLOCKS = 8 * BATCH_BLOCKS, 16  # some 1 KB and 77 KB each

ValueT = TypeVar("ValueT")
Place = tuple[int, int, int]  # seed, number of the batch, block since inoculation


class VesselMemory:
    """The newest states at the ends of blocks, and the newest readings: a cache, which changes no answer.

    Threads that ask at once compute a block twice.
    """

    def __init__(self) -> None:
        self.states: dict[Place, VesselState] = {}
        self.readings: dict[Place, FloatArray] = {}

    def readings_of(self, seed: int, number: int, block: int) -> FloatArray:
        """Return the readings of a block, shape (600, channels)."""
        place = seed, number, block
        found = self.readings.get(place)
        if found is not None:
            return found
        if block < BATCH_BLOCKS:
            return self.simulate(place, self.state_before(place)).readings
        last, following = self.state_before((seed, number, BATCH_BLOCKS)), draw_parameters(seed, number + 1)
        readings = simulate_turnaround_block(last, following, seed=seed, number=number, block=block)
        remember(self.readings, place, readings, KEPT_BLOCKS)
        return readings

    def state_before(self, place: Place) -> VesselState:
        """Return the state at the begin of a block, computed from the nearest earlier state in memory."""
        seed, number, block = place
        start = block
        while start and (seed, number, start - 1) not in self.states:
            start -= 1
        state = self.states.get((seed, number, start - 1)) or inoculated(draw_parameters(seed, number))
        for each in range(start, block):
            state = self.simulate((seed, number, each), state).end
        return state

    def simulate(self, place: Place, start: VesselState) -> VesselBlock:
        """Return a block of a batch from the state at its begin, and remember the block."""
        seed, number, block = place
        batch, fault = draw_parameters(seed, number), fault_of(seed, number)
        made = simulate_batch_block(start, batch, fault, seed=seed, number=number, block=block)
        remember(self.states, place, made.end, KEPT_STATES)
        remember(self.readings, place, made.readings, KEPT_BLOCKS)
        return made


def remember(memory: dict[Place, ValueT], place: Place, value: ValueT, most: int) -> None:
    """Add an entry, and forget the oldest ones beyond ``most``."""
    memory[place] = value
    while len(memory) > most:
        memory.pop(next(iter(memory)), None)


def batch_at(second: int) -> tuple[int, int]:
    """Return the number of the batch at a second of Unix time, and the seconds since its inoculation."""
    return divmod(second - INOCULATION_S, CYCLE_S)


def inoculation_of(number: int) -> int:
    """Return the second of Unix time at which batch ``number`` is inoculated."""
    return number * CYCLE_S + INOCULATION_S


def state_at(seed: int, number: int, elapsed_s: int) -> VesselState:
    """Return the true state ``elapsed_s`` after inoculation: a whole number of blocks, within the batch."""
    return part(VesselMemory).state_before((seed, number, elapsed_s // BLOCK_S))


def vessel_readings(seed: int, start: int, stop: int) -> FloatArray:
    """Return the readings from ``start`` to ``stop`` (exclusive, Unix time), shape (seconds, channels)."""
    if stop <= start:
        return np.empty((0, len(CHANNELS)))
    first = start // BLOCK_S
    blocks = [block_readings(seed, block) for block in range(first, (stop - 1) // BLOCK_S + 1)]
    offset = start - first * BLOCK_S
    return np.concatenate(blocks)[offset : offset + stop - start]


def block_readings(seed: int, block: int) -> FloatArray:
    """Return the readings of a block of Unix time; batches begin at a block's begin."""
    number, elapsed = batch_at(block * BLOCK_S)
    return part(VesselMemory).readings_of(seed, number, elapsed // BLOCK_S)
