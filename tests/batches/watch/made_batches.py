"""Batches by formula with three roles and a tag without one; golden ones and new ones."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.watch.channels import BatchMinutes
from tests.batches.golden_batches import batch

COLOUR = "other.colour"
NEW = 100  # the seed of a batch that is not golden
LATE_H = 12.0  # in the feed phase of all batches


def minutes(seed: int) -> BatchMinutes:
    """Growth and feed of a batch at its own speed."""
    member = batch(seed)
    measured = {name: values for name, values in member.values.items() if name != COLOUR}
    return BatchMinutes(
        SensorInputs(member.hour, measured),
        member.phase,
        member.phases,
        others={COLOUR: member.values[COLOUR]},
    )


def golden(number: int) -> list[BatchMinutes]:
    return [minutes(seed) for seed in range(1, number + 1)]


def at(made: BatchMinutes, hour: float) -> int:
    """The index of the minute."""
    return int(np.searchsorted(made.inputs.hour, hour - 1e-9))


def changed(
    made: BatchMinutes,
    role: str,
    change: Callable[[np.ndarray], np.ndarray],
    first: int,
    stop: int | None = None,
) -> BatchMinutes:
    """The batch with other values of a role in some minutes."""
    values = made.inputs.measured[role].copy()
    values[first:stop] = change(values[first:stop])
    return replace(made, inputs=SensorInputs(made.inputs.hour, {**made.inputs.measured, role: values}))


def without(made: BatchMinutes, *roles: str) -> BatchMinutes:
    left = {name: values for name, values in made.inputs.measured.items() if name not in roles}
    return replace(made, inputs=SensorInputs(made.inputs.hour, left))


def begin_of(made: BatchMinutes, length: int) -> BatchMinutes:
    """The first minutes of a batch, as it looked while it ran."""
    measured = {name: values[:length] for name, values in made.inputs.measured.items()}
    return replace(
        made,
        inputs=SensorInputs(made.inputs.hour[:length], measured),
        phase=made.phase[:length],
        others={name: values[:length] for name, values in made.others.items()},
    )
