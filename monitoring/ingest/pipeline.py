"""THE write path. Whatever feeds Fermon ends here."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction

from monitoring.domain.clock import from_micros
from monitoring.domain.crash_points import crash_point
from monitoring.domain.detectors import detectors_for
from monitoring.domain.readings import Reading, ReadingColumns, columns_by_tag, validate
from monitoring.domain.tags import TagDefinition
from monitoring.domain.timeline import judge
from monitoring.ingest.outcomes import Outcome, Status, in_order, repeat_outcome
from monitoring.ingest.refusals import remember_refusals
from monitoring.ingest.store import store
from monitoring.ingest.tags import lock_tags, tag_definitions
from monitoring.ingest.windows import next_timeline
from monitoring.models import Measurement


def ingest_readings(
    items: Sequence[object], *, source: str | None = None, now: datetime | None = None
) -> list[Outcome]:
    """Validates, judges and stores what a source sent; one outcome an item, in order.

    All that is valid is committed when this returns, each tag and time once, however often and
    in whatever order it comes. Flags equal those of the same readings come one by one in time.
    What is refused is remembered together with its source (unless that is None).

    Raises:
        django.db.Error: the database did not take it; nothing of it is stored.
    """
    now = now or datetime.now(UTC)
    readings, rejections = validate(items, tag_definitions(), now=now)
    columns = columns_by_tag(readings)
    crash_point("ingest.before_transaction")
    with transaction.atomic():
        tags = lock_tags(columns)
        if tags.keys() == columns.keys():
            added = add(columns, tags)
            answer = in_order(len(items), outcomes(readings, added), rejections)
            if source is not None:
                remember_refusals(source, items, answer, now=now)
            crash_point("ingest.before_commit")
            return answer
    return ingest_readings(items, source=source, now=now)  # a tag was deleted: validation will say so


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
