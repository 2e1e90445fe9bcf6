"""What became of readings, as whoever sent them is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitoring.domain.clock import iso_utc
from monitoring.domain.readings import Reading, Reason, Rejection
from monitoring.models import Measurement


class Status(StrEnum):
    """What became of a reading."""

    STORED = "success"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "error"
    KEPT = "queued_for_retry"


@dataclass(frozen=True, slots=True)
class Outcome:
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


def repeat_outcome(reading: Reading, row: Measurement) -> Outcome:
    """What to say of a reading whose tag and time are taken: told before, or contradicting."""
    if row.value == reading.value:
        return Outcome(reading.tag, Status.DUPLICATE, row.pk, row.is_anomaly)
    return Outcome(
        reading.tag,
        Status.CONFLICT,
        reason=Reason.CONFLICT,
        field="value",
        error=(
            f"value: {reading.tag} at {iso_utc(row.timestamp)} is stored as {row.value:.15g} and stays so;"
            f" {reading.value:.15g} was refused. A measurement is never changed: send another timestamp"
        ),
    )


def in_order(count: int, found: Mapping[int, Outcome], rejections: Mapping[int, Rejection]) -> list[Outcome]:
    """The outcomes of all ``count`` items in the order of the items."""
    refused = {
        position: Outcome(
            rejection.tag,
            Status.REJECTED,
            reason=rejection.reason,
            field=rejection.field,
            error=rejection.message,
        )
        for position, rejection in rejections.items()
    }
    everything = {**found, **refused}
    return [everything[position] for position in range(count)]
