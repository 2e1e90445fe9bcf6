"""What became of readings, as whoever sent them is told."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from monitoring.domain.clock import from_micros, iso_utc
from monitoring.domain.columns import ReadingColumns
from monitoring.domain.readings import Reason, Rejection
from monitoring.ingest.store import Written


class Status(StrEnum):
    """What became of a reading."""

    STORED = "success"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "error"
    KEPT = "queued_for_retry"


class Outcome(NamedTuple):
    """What became of one reading; ``id`` and ``is_anomaly`` are those of the measurement it now is.

    ``reason``, ``field`` and ``error`` say what was wrong and what was expected, if anything was.
    """

    tag: str
    status: Status
    id: int | None = None
    is_anomaly: bool | None = None
    reason: Reason | None = None
    field: str = ""
    error: str = ""


def outcomes_of(tag: str, readings: ReadingColumns, written: Written) -> Iterator[tuple[int, Outcome]]:
    """What became of a tag's readings, by position; each of them has its place in what was written."""
    place = np.searchsorted(written.timeline.time_us, readings.time_us)
    columns = (
        readings.position,
        written.timeline.position[place] == readings.position,
        written.id[place],
        written.is_anomaly[place],
        readings.value,
        written.timeline.value[place],
        readings.time_us,
    )
    for position, is_mine, row, flag, sent, stored, time_us in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        if is_mine:
            yield position, Outcome(tag, Status.STORED, row, flag)
        elif sent == stored:
            yield position, Outcome(tag, Status.DUPLICATE, row, flag)
        else:
            yield position, conflict(tag, time_us, sent=sent, stored=stored)


def conflict(tag: str, time_us: int, *, sent: float, stored: float) -> Outcome:
    """What to say of a reading that contradicts what is stored."""
    return Outcome(
        tag,
        Status.CONFLICT,
        reason=Reason.CONFLICT,
        field="value",
        error=(
            f"value: {tag} at {iso_utc(from_micros(time_us))} is stored as {stored:.15g} and stays so;"
            f" {sent:.15g} was refused. A measurement is never changed: send another timestamp"
        ),
    )


def refusal_outcome(rejection: Rejection) -> Outcome:
    """What to say of a reading that can't be a measurement."""
    return Outcome(
        rejection.tag,
        Status.REJECTED,
        reason=rejection.reason,
        field=rejection.field,
        error=rejection.message,
    )


def in_order(count: int, *parts: Iterable[tuple[int, Outcome]]) -> list[Outcome]:
    """The outcomes of all ``count`` items in the order of the items, each of which is in one part."""
    everything: dict[int, Outcome] = {}
    for part in parts:
        everything.update(part)
    return [everything[position] for position in range(count)]
