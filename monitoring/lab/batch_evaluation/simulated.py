"""Minute values of simulated batches, with and without a fault."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.vessel_roles import ROLES
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.kernel.arrays import FloatArray
from monitoring.sources.simulator.demo_vessel.making import CONSTANTS, FEED, GROWTH
from monitoring.sources.simulator.vessel.batch_block import BLOCK_S, VesselBlock, simulate_batch_block
from monitoring.sources.simulator.vessel.channels import CHANNELS
from monitoring.sources.simulator.vessel.cycle import BATCH_BLOCKS
from monitoring.sources.simulator.vessel.faults import VesselFault
from monitoring.sources.simulator.vessel.parameters import draw_parameters
from monitoring.sources.simulator.vessel.state import VesselState, inoculated

MINUTE_S = 60
FED_MINUTES = 3  # the feed phase begins at the third minute with feed
LEAST_FEED = 0.1  # mL/min
IS_TOTAL = np.array([ROLES[channel.role].is_total for channel in CHANNELS])


@dataclass(frozen=True, slots=True)
class CleanBatch:
    """Minute values (1200, channels) of a batch without a fault, and the state at each block's begin."""

    seed: int
    number: int
    values: FloatArray
    states: Sequence[VesselState]

    def with_fault(self, fault: VesselFault) -> FloatArray:
        """Return the minute values of the same batch with a fault, by the same random numbers."""
        first = fault.onset_s // BLOCK_S
        blocks = simulate_blocks(self.states[first], self.seed, self.number, first, fault)
        minutes = first * BLOCK_S // MINUTE_S
        return np.concatenate([self.values[:minutes], *(minute_values(each.readings) for each in blocks)])


def clean_batch(seed: int, number: int) -> CleanBatch:
    """Return batch ``number`` of a plant, without the fault that the demo vessel may put into it."""
    start = inoculated(draw_parameters(seed, number))
    blocks = list(simulate_blocks(start, seed, number, 0, None))
    values = np.concatenate([minute_values(block.readings) for block in blocks])
    return CleanBatch(seed, number, values, [start, *(block.end for block in blocks[:-1])])


def simulate_blocks(
    state: VesselState, seed: int, number: int, first: int, fault: VesselFault | None
) -> Iterator[VesselBlock]:
    """Yield the blocks of a batch from block ``first`` on."""
    batch = draw_parameters(seed, number)
    for block in range(first, BATCH_BLOCKS):
        made = simulate_batch_block(state, batch, fault, seed=seed, number=number, block=block)
        state = made.end
        yield made


def minute_values(readings: FloatArray) -> FloatArray:
    """Return means a minute, and maxima of totalisers, as the rollups have."""
    minutes = readings.reshape(-1, MINUTE_S, readings.shape[1])
    found: FloatArray = np.where(IS_TOTAL, minutes.max(axis=1), minutes.mean(axis=1))
    return found


def as_batch(values: FloatArray) -> BatchMinutes:
    """Return minute values (n, channels) of the demo vessel as a batch to watch."""
    by_key = {(channel.role, channel.function): row for channel, row in zip(CHANNELS, values.T, strict=True)}
    measured = {role: row for (role, function), row in by_key.items() if function == "measured"}
    setpoints = {role: row for (role, function), row in by_key.items() if function == "setpoint"}
    phase = (np.arange(len(values)) >= feed_begin(measured["feed_rate"])).astype(np.int64)
    inputs = SensorInputs(np.arange(len(values)) / 60, measured, CONSTANTS)
    return BatchMinutes(inputs, phase, (GROWTH, FEED), setpoints)


def feed_begin(feed: FloatArray) -> int:
    """Return the first minute of the feed phase; the number of minutes if there is none."""
    is_fed = np.convolve(feed > LEAST_FEED, np.ones(FED_MINUTES))[: len(feed)] == FED_MINUTES
    return int(is_fed.argmax()) if is_fed.any() else len(feed)
