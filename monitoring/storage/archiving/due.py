"""Days of a tag that may move to the archive now.

A day (UTC) is due when the days of ``archive_after_days`` after it are over. It stays in the database while
something still needs it there: the days of the tag's newest ``LOOKBACK`` measurements, by which the next
reading is judged; days with measurements that detection or the alarms have not processed; days that retention
has begun to delete; and days that are not quiet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Min, Q, QuerySet

from monitoring.ingest.rules import LOOKBACK
from monitoring.kernel.clock import DAY_US, FIRST_MICROS, from_micros, micros_or_first, to_micros
from monitoring.kernel.lease_names import ALARMS, ARCHIVE, DETECTION
from monitoring.models import ArchiveFile, Lease, Measurement, Series
from monitoring.storage.old_partitions import cutoff

QUIET = timedelta(hours=1)  # after a thaw


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What may be archived at ``now``: days up to the age that each tag sets, with ids up to ``upto_id``.

    Days that were thawed later than ``thawed_before`` wait.
    """

    now: datetime
    upto_id: int
    thawed_before: datetime


def newest_id() -> int:
    """Return the highest id of a measurement; 0 if there is none."""
    return Measurement.objects.aggregate(newest=Max("id"))["newest"] or 0


def followed_id() -> int:
    """Return the id below which every process that follows measurements by id has seen all."""
    position = followers().aggregate(lowest=Min("position"))["lowest"]
    return newest_id() - 1 if position is None else min(int(position), newest_id() - 1)


def followers() -> QuerySet[Lease]:
    """Return the leases of the processes that follow measurements by id."""
    shards = Q(source__in=(DETECTION, ALARMS)) | Q(source__startswith=f"{DETECTION}.")
    return Lease.objects.filter(shards, position__isnull=False)


def quiet_limits(now: datetime) -> ArchiveLimits:
    """Return the limits of a scheduled run: a measurement must have been there at the run before."""
    before = Lease.objects.filter(source=ARCHIVE).values_list("position", flat=True).first() or 0
    return ArchiveLimits(now, min(before, followed_id()), datetime.now(UTC) - QUIET)


def present_limits(now: datetime) -> ArchiveLimits:
    """Return the limits of a run that a person has asked for."""
    return ArchiveLimits(now, followed_id(), datetime.now(UTC))


def note_run(newest: int) -> None:
    """Remember the newest measurement of this run, for ``quiet_limits`` of the next one."""
    Lease.objects.update_or_create(
        source=ARCHIVE, defaults={"position": newest, "renewed_at": datetime.now(UTC)}
    )


def due_days(series: Series, limits: ArchiveLimits) -> Iterator[int]:
    """Yield the starts (µs) of the days of a tag that are due, oldest first, each checked when asked for."""
    days = series.tag.archive_after_days
    recent = recent_from(series.tag_id)
    if days is None or recent is None:
        return
    end_us = min(cutoff(days, limits.now), to_micros(recent) // DAY_US * DAY_US)
    day_us = next_day(series.tag_id, first_whole_day(series.raw_from), end_us)
    while day_us is not None:
        if is_ready(series.tag_id, day_us, limits):
            yield day_us
        day_us = next_day(series.tag_id, day_us + DAY_US, end_us)


def recent_from(tag_id: int) -> datetime | None:
    """Return the time of the oldest of the newest ``LOOKBACK`` measurements; None if there are fewer."""
    newest = Measurement.objects.filter(tag=tag_id).order_by("-timestamp")
    return newest.values_list("timestamp", flat=True)[LOOKBACK - 1 : LOOKBACK].first()


def first_whole_day(raw_from: datetime | None) -> int:
    """Return the first day of which retention has deleted nothing."""
    return FIRST_MICROS if raw_from is None else -(-micros_or_first(raw_from) // DAY_US) * DAY_US


def next_day(tag_id: int, start_us: int, end_us: int) -> int | None:
    """Return the next day with a measurement of the tag in the database, from one time to another."""
    rows = Measurement.objects.filter(tag=tag_id, timestamp__gte=from_micros(start_us))
    first = rows.order_by("timestamp").values_list("timestamp", flat=True).first()
    day_us = None if first is None else to_micros(first) // DAY_US * DAY_US
    return day_us if day_us is not None and day_us < end_us else None


def is_ready(tag_id: int, day_us: int, limits: ArchiveLimits) -> bool:
    """Return whether no file of the day exists, and nothing has changed in the day for a while."""
    start = from_micros(day_us)
    files = ArchiveFile.objects.filter(tag=tag_id, start=start)
    thawed = Q(superseded_at__gt=limits.thawed_before) & ~Q(sha256="")
    if files.filter(Q(superseded_at=None) | thawed).exists():
        return False
    rows = Measurement.objects.filter(
        tag=tag_id, timestamp__gte=start, timestamp__lt=from_micros(day_us + DAY_US)
    )
    newest = rows.aggregate(newest=Max("id"))["newest"]
    return newest is not None and newest <= limits.upto_id
