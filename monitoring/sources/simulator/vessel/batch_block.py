"""One block of a batch: 600 s of the vessel from the state at its begin."""

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.sources.simulator.vessel.balances import (
    SAMPLE_L,
    balance_acid,
    balance_gas,
    balance_heat,
    balance_oxygen,
    takes_sample,
    volume_after,
)
from monitoring.sources.simulator.vessel.channels import CHANNELS, COLUMNS, PREFIX
from monitoring.sources.simulator.vessel.controllers import control
from monitoring.sources.simulator.vessel.disturbances import DISTURBANCES, disturb
from monitoring.sources.simulator.vessel.faults import Effects, VesselFault, VesselFaultKind, effects_at
from monitoring.sources.simulator.vessel.kinetics import metabolise
from monitoring.sources.simulator.vessel.parameters import BatchParameters, batch_rng
from monitoring.sources.simulator.vessel.probes import probe, shown
from monitoring.sources.simulator.vessel.state import Flows, VesselState

BLOCK_S = 600
FloatArray = NDArray[np.float64]
NOISE = np.array([channel.noise for channel in CHANNELS])
RESTS = np.array([channel.rests for channel in CHANNELS])
LOWEST = np.array([channel.definition.valid_min for channel in CHANNELS])
HIGHEST = np.array([channel.definition.valid_max for channel in CHANNELS])


@dataclass(frozen=True, slots=True)
class VesselBlock:
    """Readings of a block, shape (600, channels), and the state at the end of a block of a batch."""

    readings: FloatArray
    end: VesselState


def simulate_batch_block(
    start: VesselState,
    batch: BatchParameters,
    fault: VesselFault | None,
    *,
    seed: int,
    number: int,
    block: int,
) -> VesselBlock:
    """Return block ``block`` of batch ``number`` from the state at its begin, which stays unchanged."""
    rng = batch_rng(seed, number, block)
    draws = rng.standard_normal((BLOCK_S, DISTURBANCES)).tolist()
    noise = rng.standard_normal((BLOCK_S, len(CHANNELS)))
    first = block * BLOCK_S
    if fault and fault.kind is VesselFaultKind.TEMPERATURE_STUCK:
        noise[max(fault.onset_s - first, 0) :, COLUMNS[PREFIX + "temp"]] = 0
    state, flows, rows = copy(start), Flows(), []
    for second, drawn in enumerate(draws, first):
        disturb(state, drawn)
        effects = effects_at(fault, second)
        step(state, flows, batch, effects, second)
        rows.append(shown(state, flows, batch, effects))
    return VesselBlock(as_measured(np.array(rows), noise), state)


def step(state: VesselState, flows: Flows, batch: BatchParameters, effects: Effects, second: int) -> None:
    """Advance the vessel by one second: semi-implicit Euler."""
    control(state, flows, batch, effects, second)
    ph = 7 - state.acid / batch.buffer
    if effects.contaminant:
        state.contaminant += effects.contaminant
    volume = volume_after(state, flows)
    metabolise(state, flows, batch, ph, volume)
    balance_oxygen(state, flows, batch)
    balance_gas(state, flows)
    balance_acid(state, flows, batch, volume)
    balance_heat(state, flows, batch, effects)
    state.volume = volume - SAMPLE_L if takes_sample(second) else volume
    probe(state, batch, effects, ph)


def as_measured(values: FloatArray, noise: FloatArray) -> FloatArray:
    """Return values with noise (standard normal numbers), clipped to the valid ranges and rounded."""
    measured = values + noise * NOISE * ~(RESTS & (values == 0))
    within = np.clip(measured, LOWEST, HIGHEST)
    columns = [np.round(within[:, place], channel.decimals) for place, channel in enumerate(CHANNELS)]
    return np.stack(columns, axis=1)
