"""A simulated past: what the simulator would have written, had it run then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitoring.history.coverage import is_covered
from monitoring.ingest.columns import Batch
from monitoring.ingest.pipeline import ingest_columns
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.tag_definition import DefaultTag
from monitoring.sources.simulator.signals import BLOCK_S, simulate
from monitoring.storage.partitions import create_for

READINGS_A_STEP = 30_000


@dataclass(frozen=True, slots=True)
class Past:
    """The whole seconds from ``start`` to ``stop`` (exclusive), in Unix time."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction came to: how many readings there are of its time, how many of them are new."""

    readings: int
    stored: int


def past_until(moment: datetime, *, days: int) -> Past:
    """So many days that end with the second of this moment.

    Raises:
        OverflowError: they begin before the year 1.
    """
    _ = moment - timedelta(days=days)  # which is where it is raised
    stop = int(moment.timestamp() // 1) + 1
    return Past(stop - days * 86_400, stop)


def generate(tags: Sequence[DefaultTag], past: Past, *, seed: int) -> Iterator[Step]:
    """Stores a reading a second and tag, oldest first, step by step, each in a transaction of its own.

    What is stored already stays as it is; so it may be broken off and begun again. Nothing is
    stored of the deleted past, nor of tags that were deleted meanwhile.
    """
    create_for(past.start * SECOND_US, (past.stop - 1) * SECOND_US)
    length = max(1, READINGS_A_STEP // len(tags) // BLOCK_S) * BLOCK_S
    aligned = range(past.start // length * length, past.stop, length)  # so that no block is made twice
    for start in aligned:
        part = Past(max(start, past.start), min(start + length, past.stop))
        lacking = [tag for tag in tags if not is_covered(tag.definition.name, part.start, part.stop)]
        names = [tag.definition.name for tag in lacking]
        stored = ingest_columns(names, columns_of(lacking, part, seed=seed)) if lacking else 0
        yield Step(readings=len(part) * len(tags), stored=stored)


def columns_of(tags: Sequence[DefaultTag], past: Past, *, seed: int) -> Batch:
    """The tags' readings over that time."""
    signals = [simulate(tag, seed=seed, start=past.start, stop=past.stop) for tag in tags]
    return Batch(
        tag=np.repeat(np.arange(len(tags)), len(past)),
        position=np.arange(len(tags) * len(past)),
        time_us=np.concatenate([signal.second for signal in signals]) * SECOND_US,
        value=np.concatenate([signal.value for signal in signals]),
    )
