"""Exclude wrong measurements and include them again, with a record of person, time, reason and progress.

An exclusion is recorded first. Then the measurements move chunk by chunk, each in a transaction of its
own, and writers run between. After each chunk all derived data is correct. If the process dies, the next
call, here or in the worker, moves the rest.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Max

from monitoring.archive.presence import is_used
from monitoring.archive.reading import archived_files
from monitoring.database.write_lock import write_lock
from monitoring.history.archived import ArchivedRange, both_places, rows_with_ids, windows
from monitoring.history.measurements import named_rows
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.moving import bring_back, chunk_of, movable_from, take_out
from monitoring.ingest.tags import among, given, lock_tags
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import from_micros, iso_utc, moment_or_none, to_micros
from monitoring.kernel.failpoints import failpoint
from monitoring.models import Exclusion, Measurement, Tag

PAUSE_S = 0.02
AT_ONCE_S = 5.0  # what takes longer is done by the worker
MOST_IDS = 1_000
CHUNK = 100_000  # archived rows in memory at a time
MOST_NAMED = 5

COUNT_RANGE = """
    SELECT count(*), min(timestamp), max(timestamp) FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp <= %s {also}
"""
FLAGGED = "AND is_anomaly"


class ExclusionError(ValueError):
    """An invalid exclusion; ``field`` is the invalid field of the request, the message has the remedy."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownExclusionError(LookupError):
    """No exclusion has this id."""


class AlreadyRevokedError(Exception):
    """The exclusion was revoked before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Measurements of one tag from ``start`` to ``end`` (inclusive); only ``ids`` unless that is None."""

    tag: str
    start: datetime
    end: datetime
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of a choice: how many measurements and anomalies, and the first and last time."""

    choice: Choice
    measurements: int
    anomalies: int
    first: datetime | None
    last: datetime | None


def choice_of_range(tag: str, start: datetime, end: datetime) -> Choice:
    """Choose the measurements of a tag between two times.

    Raises:
        ExclusionError: the range ends before the start, or retention has deleted some of the measurements.
    """
    if start > end:
        raise ExclusionError("expected to be no later than 'to'", "from")
    locked = tag_now(tag)
    if to_micros(start) < movable_from(locked) and locked.definition.raw_from is not None:
        raise ExclusionError(
            f"measurements of {tag} before {iso_utc(from_micros(movable_from(locked)))} were deleted by its"
            " retention and are in its totals for good; begin then, or later",
            "from",
        )
    return Choice(tag, start, end)


def choice_of_ids(ids: Sequence[int]) -> Choice:
    """Choose single measurements of one tag.

    Raises:
        ExclusionError: a measurement does not exist, or there are too many, or of several tags, or too old.
    """
    wanted = sorted(set(ids))
    if not 1 <= len(wanted) <= MOST_IDS:
        raise ExclusionError(
            f"expected 1 to {MOST_IDS} of them, got {len(wanted)}; give a tag, from and to instead", "ids"
        )
    found = stored_or_archived(wanted)
    if missing := sorted(set(wanted) - {row[0] for row in found}):
        shown = ", ".join(map(str, missing[:MOST_NAMED]))
        raise ExclusionError(f"no measurement has the id {shown}; perhaps it is excluded already", "ids")
    tags = sorted({row[1] for row in found})
    if len(tags) > 1:
        raise ExclusionError(f"expected measurements of one tag, got {', '.join(tags[:MOST_NAMED])}", "ids")
    choice_of_range(tags[0], found[0][2], found[-1][2])
    return Choice(tags[0], found[0][2], found[-1][2], tuple(wanted))


def stored_or_archived(ids: Sequence[int]) -> list[tuple[int, str, datetime]]:
    """Return id, tag and time of the measurements with these ids that exist, in order of time."""
    with both_places() as is_archived:
        rows = Measurement.objects.filter(pk__in=ids).order_by("timestamp")
        found = list(rows.values_list("pk", "tag__name", "timestamp"))
        if is_archived and (missing := set(ids) - {row[0] for row in found}):
            archived = named_rows(rows_with_ids(ArchivedRange(None), missing), None)
            found += [(pk, name, from_micros(time_us)) for pk, time_us, name, *_ in archived]
    return sorted(found, key=lambda row: row[2])


def tag_now(name: str) -> LockedTag:
    """Return the current state of a tag, without a lasting lock.

    Raises:
        ExclusionError: the tag does not exist.
    """
    with transaction.atomic():
        found = lock_tags([name]).get(name)
    if found is None:
        raise ExclusionError(f"unknown tag {name!r}", "tag")
    return found


def preview(choice: Choice) -> Preview:
    """Return the effect of the choice now."""
    pk = Tag.objects.values_list("pk", flat=True).get(name=choice.tag)
    count, first, last = counted(pk, choice, "")
    anomalies = counted(pk, choice, FLAGGED)[0]
    return Preview(choice, count, anomalies, moment_or_none(first), moment_or_none(last))


def counted(tag: int, choice: Choice, also: str) -> tuple[int, int | None, int | None]:
    """Return the number of chosen measurements, and the first and last time in microseconds."""
    ids = list(choice.ids or ())
    if choice.ids is not None:
        also += f" AND id {among(ids)}"
    within = [tag, to_micros(choice.start), to_micros(choice.end)]
    with both_places() as is_archived:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_RANGE.format(also=also), [*within, *(given(ids) if ids else [])])
            row: tuple[int, int | None, int | None] = cursor.fetchone()
        if not is_archived:
            return row
        archived = archived_times(tag, choice, anomalies_only=also.startswith(FLAGGED))
    times = [
        time_us
        for time_us in (*row[1:], *archived[:1].tolist(), *archived[-1:].tolist())
        if time_us is not None
    ]
    return row[0] + len(archived), min(times, default=None), max(times, default=None)


def archived_times(tag: int, choice: Choice, *, anomalies_only: bool) -> IntArray:
    """Return the times of the chosen measurements that are archived, ascending, in microseconds."""
    within = to_micros(choice.start), to_micros(choice.end) + 1
    archived = ArchivedRange([tag], *within, anomalies_only=anomalies_only)
    if choice.ids is not None:
        return rows_with_ids(archived, choice.ids).times_us
    return np.concatenate([np.empty(0, np.int64), *(rows.times_us for rows in windows(archived, CHUNK))])


def exclude(choice: Choice, *, reason: str, by: str, for_s: float | None = None) -> Exclusion:
    """Record the exclusion and move measurements out for up to ``for_s`` (default ``AT_ONCE_S``) seconds.

    The exclusion covers measurements that are stored now; later readings are stored even within the range.

    Raises:
        ExclusionError: there are no such measurements.
    """
    if not preview(choice).measurements:
        raise ExclusionError(
            f"{choice.tag} has no measurements from {iso_utc(choice.start)} to {iso_utc(choice.end)}", "from"
        )
    with write_lock(), transaction.atomic():
        tag = lock_tags([choice.tag])[choice.tag]
        exclusion = Exclusion(
            tag_id=tag.pk,
            start=choice.start,
            end=choice.end,
            ids=None if choice.ids is None else list(choice.ids),
            upto_id=newest_id(),
            reason=reason,
            made_by=by,
            made_at=datetime.now(UTC),
        )
        in_trail(exclusion, reason=reason, by=by)
        exclusion.save()
    return go_on(exclusion.pk, for_s=for_s)


def newest_id() -> int:
    """Return the highest id of a measurement, archived or not; 0 if there is none."""
    stored = Measurement.objects.aggregate(newest=Max("id"))["newest"] or 0
    archived = archived_files(None).aggregate(newest=Max("last_id"))["newest"] or 0 if is_used() else 0
    return max(stored, archived)


def revoke(pk: int, *, reason: str, by: str, for_s: float | None = None) -> Exclusion:
    """Record the end of the exclusion, and move the measurements back, as ``exclude`` does.

    Raises:
        UnknownExclusionError: no such exclusion exists.
        AlreadyRevokedError: the exclusion was revoked before.
    """
    with write_lock(), transaction.atomic():
        exclusion = under_lock(pk)[0]
        if exclusion.revoked_at is not None:
            raise AlreadyRevokedError
        exclusion.revoked_at, exclusion.revoked_by = datetime.now(UTC), by
        exclusion.revoke_reason = reason
        exclusion.is_complete = exclusion.is_judged = False
        in_trail(exclusion, reason=reason, by=by)
        exclusion.save(
            update_fields=["revoked_at", "revoked_by", "revoke_reason", "is_complete", "is_judged"]
        )
    return go_on(pk, for_s=for_s)


def in_trail(exclusion: Exclusion, *, reason: str, by: str) -> None:
    """Pass reason and name to the audit trail, which reads them from the row and knows logins, not tokens."""
    exclusion.get_additional_data = lambda: {"reason": reason, "by": by}  # type: ignore[attr-defined]


def go_on(pk: int, *, for_s: float | None) -> Exclusion:
    """Move chunks until all have moved or the time is up; return the exclusion then."""
    end = time.monotonic() + (AT_ONCE_S if for_s is None else for_s)
    while not move_chunk(pk) and time.monotonic() < end:
        time.sleep(PAUSE_S)
    return Exclusion.objects.select_related("tag").get(pk=pk)


def finish_all(*, should_stop: Callable[[], bool]) -> int:
    """Move the remaining measurements of all exclusions, oldest first; return how many became complete.

    Raises:
        django.db.Error: the database failed; chunks that have moved stay so.
    """
    finished = 0
    for pk in list(Exclusion.objects.filter(is_complete=False).order_by("id").values_list("pk", flat=True)):
        is_complete = False
        while not (is_complete or should_stop()):
            is_complete = move_chunk(pk)
            time.sleep(PAUSE_S)
        finished += is_complete
    return finished


def move_chunk(pk: int) -> bool:
    """Move one chunk out or, after a revocation, back; return whether that was the last chunk."""
    with write_lock(), transaction.atomic():
        exclusion, tag = under_lock(pk)
        if exclusion.is_complete:
            return True
        is_back = exclusion.revoked_at is not None
        moved = bring_back(exclusion, tag) if is_back else take_out(exclusion, tag)
        is_complete = moved < chunk_of(exclusion)
        counter = "returned" if is_back else "taken"
        Exclusion.objects.filter(pk=pk).update(**{counter: F(counter) + moved}, is_complete=is_complete)
    failpoint("exclusions.chunk_moved")
    return is_complete


def under_lock(pk: int) -> tuple[Exclusion, LockedTag]:
    """Return the exclusion and the tag, locked until the transaction ends.

    Raises:
        UnknownExclusionError: no such exclusion exists.
    """
    exclusion = Exclusion.objects.select_related("tag").filter(pk=pk).first()
    if exclusion is None:
        raise UnknownExclusionError
    tag = lock_tags([exclusion.tag.name])[exclusion.tag.name]
    exclusion.refresh_from_db()  # as it is now that nobody else works at it
    return exclusion, tag
