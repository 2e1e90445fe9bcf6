"""Generate a simulated history, identical to the simulator's output for that time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitoring.history.coverage import is_covered
from monitoring.ingest.columns import Batch
from monitoring.ingest.pipeline import ingest_columns
from monitoring.kernel.clock import SECOND_US
from monitoring.sources.simulator.signals import BLOCK_S
from monitoring.sources.simulator.simulated_tag import SimulatedTag, simulated_values
from monitoring.storage.partitions import create_partitions

READINGS_A_STEP = 30_000


@dataclass(frozen=True, slots=True)
class SecondRange:
    """The whole seconds from ``start`` to ``stop`` (exclusive), in Unix time."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class GenerationStep:
    """Result of one transaction: the number of readings in the interval, how many were new, the end."""

    readings: int
    stored: int
    until: int


def last_days(moment: datetime, *, days: int) -> SecondRange:
    """Return the last ``days`` days, up to and including the second of ``moment``.

    Raises:
        OverflowError: the first day is before the year 1.
    """
    _ = moment - timedelta(days=days)  # raises OverflowError
    stop = int(moment.timestamp() // 1) + 1
    return SecondRange(stop - days * 86_400, stop)


def generate_history(
    tags: Sequence[SimulatedTag], past: SecondRange, *, seed: int
) -> Iterator[GenerationStep]:
    """Store one reading per second and tag, oldest first; yield after each transaction.

    Stored measurements stay unchanged, so an interrupted run can be repeated. Times that retention has
    deleted and tags that were deleted meanwhile are skipped.
    """
    create_partitions(past.start * SECOND_US, (past.stop - 1) * SECOND_US)
    length = max(1, READINGS_A_STEP // len(tags) // BLOCK_S) * BLOCK_S
    aligned = range(past.start // length * length, past.stop, length)  # so that no block is computed twice
    for start in aligned:
        part = SecondRange(max(start, past.start), min(start + length, past.stop))
        lacking = [tag for tag in tags if not is_covered(tag.definition.name, part.start, part.stop)]
        names = [tag.definition.name for tag in lacking]
        stored = ingest_columns(names, simulated_columns(lacking, part, seed=seed)) if lacking else 0
        yield GenerationStep(readings=len(part) * len(tags), stored=stored, until=part.stop)


def simulated_columns(tags: Sequence[SimulatedTag], past: SecondRange, *, seed: int) -> Batch:
    """Return the readings of the tags over that time."""
    values = [simulated_values(tag, seed=seed, start=past.start, stop=past.stop) for tag in tags]
    return Batch(
        tag=np.repeat(np.arange(len(tags)), len(past)),
        position=np.arange(len(tags) * len(past)),
        time_us=np.tile(np.arange(past.start, past.stop), len(tags)) * SECOND_US,
        value=np.concatenate(values),
    )
