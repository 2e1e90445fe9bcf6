"""THE write path. Whatever feeds Fermon ends here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.db import transaction

from monitoring.domain.clock import from_micros, iso_utc
from monitoring.domain.detectors import detectors_for
from monitoring.domain.readings import Reading, ReadingColumns, Rejection, columns_by_tag, validate
from monitoring.domain.tags import TagDefinition
from monitoring.domain.timeline import judge
from monitoring.ingest.store import store
from monitoring.ingest.tags import lock_tags, tag_definitions
from monitoring.ingest.windows import next_timeline
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

    ``field`` and ``error`` say what was wrong and what was expected, if anything was.
    """

    tag: str
    status: Status
    id: int | None = None
    is_anomaly: bool | None = None
    field: str = ""
    error: str = ""


def ingest_readings(items: Sequence[object], *, now: datetime | None = None) -> list[Outcome]:
    """Validates, judges and stores what a source sent; one outcome an item, in order.

    All that is valid is committed when this returns, each tag and time once, however often and
    in whatever order it comes. Flags equal those of the same readings come one by one in time.

    Raises:
        django.db.Error: the database did not take it; nothing of it is stored.
    """
    readings, rejections = validate(items, tag_definitions(), now=now or datetime.now(UTC))
    columns = columns_by_tag(readings)
    with transaction.atomic():
        tags = lock_tags(columns)
        if tags.keys() == columns.keys():
            added = add(columns, tags)
            return in_order(len(items), outcomes(readings, added), rejections)
    return ingest_readings(items, now=now)  # a tag was deleted meanwhile: validation will say so


def add(columns: Mapping[str, ReadingColumns], tags: Mapping[str, TagDefinition]) -> dict[int, Measurement]:
    """Judges and stores each tag's readings, oldest first; those that were new, by position."""
    added: dict[int, Measurement] = {}
    waiting = dict(columns)
    while waiting:
        judged = {}
        for tag, new in list(waiting.items()):
            timeline, rest = next_timeline(tag, new)
            judged[tag] = timeline, judge(timeline, detectors_for(tags[tag]))
            waiting[tag] = rest
            if not len(rest.time_us):
                del waiting[tag]
        added |= store(judged)
    return added


def outcomes(readings: Sequence[Reading], added: Mapping[int, Measurement]) -> dict[int, Outcome]:
    """What became of each valid reading, by position."""
    repeated = [reading for reading in readings if reading.position not in added]
    stored = measurements_at(repeated)
    found: dict[int, Outcome] = {}
    for reading in readings:
        row = added.get(reading.position)
        if row is not None:
            found[reading.position] = Outcome(reading.tag, Status.STORED, row.pk, row.is_anomaly)
        else:
            found[reading.position] = repeat_outcome(reading, stored[reading.tag, reading.time_us])
    return found


def repeat_outcome(reading: Reading, row: Measurement) -> Outcome:
    """What to say of a reading whose tag and time are taken: told before, or contradicting."""
    if row.value == reading.value:
        return Outcome(reading.tag, Status.DUPLICATE, row.pk, row.is_anomaly)
    return Outcome(
        reading.tag,
        Status.CONFLICT,
        field="value",
        error=(
            f"value: {reading.tag} at {iso_utc(row.timestamp)} is stored as {row.value:.15g} and stays so;"
            f" {reading.value:.15g} was refused. A measurement is never changed: send another timestamp"
        ),
    )


def measurements_at(readings: Sequence[Reading]) -> dict[tuple[str, int], Measurement]:
    """The stored measurements at the readings' tags and times."""
    times: dict[str, dict[datetime, int]] = {}
    for reading in readings:
        times.setdefault(reading.tag, {})[from_micros(reading.time_us)] = reading.time_us
    return {
        (tag, moments[row.timestamp]): row
        for tag, moments in times.items()
        for row in Measurement.objects.filter(tag__name=tag, timestamp__in=list(moments))
    }


def in_order(count: int, found: Mapping[int, Outcome], rejections: Mapping[int, Rejection]) -> list[Outcome]:
    """The outcomes of all ``count`` items in the order of the items."""
    refused = {
        position: Outcome(rejection.tag, Status.REJECTED, field=rejection.field, error=rejection.message)
        for position, rejection in rejections.items()
    }
    everything = {**found, **refused}
    return [everything[position] for position in range(count)]
