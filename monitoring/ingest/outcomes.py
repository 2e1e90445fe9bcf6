"""What became of readings, as whoever sent them is told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

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


# What the class does by itself, at a fifth of the time: a batch makes thousands of them.
outcome_of: Callable[[Sequence[object]], Outcome] = partial(tuple.__new__, Outcome)


def outcomes_of(tag: str, readings: ReadingColumns, written: Written) -> Iterator[tuple[int, Outcome]]:
    """What became of a tag's readings, by position; each of them has its place in what was written."""
    place = np.searchsorted(written.timeline.time_us, readings.time_us)
    rows = zip(
        repeat(tag),
        repeat(Status.STORED),
        written.id[place].tolist(),
        written.is_anomaly[place].tolist(),
        repeat(None),
        repeat(""),
        repeat(""),
    )
    outcomes = list(map(outcome_of, rows))
    repeated = written.timeline.position[place] != readings.position
    for number in np.flatnonzero(repeated).tolist():
        stored, sent = float(written.timeline.value[place[number]]), float(readings.value[number])
        if stored == sent:
            outcomes[number] = outcomes[number]._replace(status=Status.DUPLICATE)
        else:
            outcomes[number] = conflict(tag, int(readings.time_us[number]), sent=sent, stored=stored)
    return zip(readings.position.tolist(), outcomes, strict=True)


def conflict(tag: str, time_us: int, *, sent: float, stored: float) -> Outcome:
    """What to say of a reading whose tag and time hold another value."""
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
    everything: list[Any] = [None] * count
    for part in parts:
        for position, outcome in part:
            everything[position] = outcome
    return everything
