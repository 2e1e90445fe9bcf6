"""Store the events that the detectors found."""

import math
from collections.abc import Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Max

from monitoring.detection.common_cause import SILENCE, causes_changed
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.incident_event import Event
from monitoring.live.publish import publish
from monitoring.models import Event as EventRow

HIGHEST_SCORE = 1e9
REVISIONS_LOCK = 0x6665726D6F70  # key of PostgreSQL's advisory lock
REVISIONS_WAIT_S = 3
CHANGING = ("kind", "end", "score", "explanation", "revision")

# Identity of an event: the tag's id, the detector, and the start in microseconds since 1970.
Key = tuple[int, str, int]


def key_of(tag: int, event: Event) -> Key:
    """Return the identity of the tag's event."""
    return tag, event.detector, event.start_us


def lock_revisions() -> None:
    """Let no other process change events until the caller's transaction ends.

    Readers follow the events by revision. So revisions have to become visible in their order, and silences
    with one cause have to be grouped with all others in view. SQLite has one writer at a time anyway.

    Raises:
        django.db.OperationalError: a process that hangs holds the lock for ``REVISIONS_WAIT_S``, well within
            the time of a lease.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{REVISIONS_WAIT_S}s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REVISIONS_LOCK])


def write_events(events: Mapping[Key, Event], *, now: datetime) -> None:
    """Insert or update the events, in the caller's transaction.

    Only the holder of the lease of the tags' shard may call this, after ``lock_revisions``. A revision is the
    time in microseconds, and larger than any before, even if the clock is set back.
    """
    if not events:
        return
    newest = EventRow.objects.aggregate(newest=Max("revision"))["newest"] or 0
    first = max(to_micros(now), newest + 1)
    rows = [row_of(tag, event, first + index) for index, ((tag, *_), event) in enumerate(events.items())]
    EventRow.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=("tag", "detector", "start"), update_fields=CHANGING
    )
    silences = [from_micros(start_us) for _, detector, start_us in events if detector == SILENCE]
    if silences:
        changed = causes_changed(silences, now=now)
        for revision, row in enumerate(changed, first + len(rows)):
            row.revision = revision
        EventRow.objects.bulk_update(changed, ["part_of", "others", "revision"], batch_size=500)
    publish()


def open_events() -> dict[Key, Event]:
    """Return the stored events without an end."""
    rows = EventRow.objects.filter(end=None)
    return {
        (row.tag_id, row.detector, to_micros(row.start)): Event(
            row.detector, row.kind, to_micros(row.start), None, row.score, row.explanation
        )
        for row in rows
    }


def row_of(tag: int, event: Event, revision: int) -> EventRow:
    """Return the event as a row of the table."""
    return EventRow(
        tag_id=tag,
        detector=event.detector,
        kind=event.kind,
        start=from_micros(event.start_us),
        end=None if event.end_us is None else from_micros(event.end_us),
        score=finite(event.score),
        explanation=event.explanation,
        revision=revision,
    )


def finite(score: float) -> float:
    """Return the score as a number that JSON can represent."""
    return 0.0 if math.isnan(score) else max(-HIGHEST_SCORE, min(HIGHEST_SCORE, float(score)))
