"""Time spans of a tag that may move to the archive now, each to a file: a day, or a part of one.

A day (UTC) is due when the days of ``archive_after_days`` after it are over. It stays in the database while
something still needs it there: the days of the tag's newest ``LOOKBACK`` measurements, by which the next
reading is judged; measurements that detection or the alarms have not processed; days that retention has begun
to delete; and spans that are not quiet.

A late reading brings a whole file back under the lock of the tag. So a day of more than ``FILE_ROWS``
measurements is divided; only what was brought back moves again.
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
FILE_ROWS = 131_072


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What may be archived at ``now``: days up to the age that each tag sets, with ids up to ``upto_id``.

    Spans that were thawed later than ``thawed_before`` wait.
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


def due_spans(series: Series, limits: ArchiveLimits) -> Iterator[tuple[int, int]]:
    """Yield the spans (µs) of a tag that are due, oldest first, each checked when asked for."""
    days = series.tag.archive_after_days
    recent = recent_from(series.tag_id)
    if days is None or recent is None:
        return
    end_us = min(cutoff(days, limits.now), to_micros(recent) // DAY_US * DAY_US)
    span = next_span(series.tag_id, first_whole_day(series.raw_from), end_us)
    while span is not None:
        if is_ready(series.tag_id, *span, limits):
            yield span
        span = next_span(series.tag_id, span[1], end_us)


def recent_from(tag_id: int) -> datetime | None:
    """Return the time of the oldest of the newest ``LOOKBACK`` measurements; None if there are fewer."""
    newest = Measurement.objects.filter(tag=tag_id).order_by("-timestamp")
    return newest.values_list("timestamp", flat=True)[LOOKBACK - 1 : LOOKBACK].first()


def first_whole_day(raw_from: datetime | None) -> int:
    """Return the first day of which retention has deleted nothing."""
    return FIRST_MICROS if raw_from is None else -(-micros_or_first(raw_from) // DAY_US) * DAY_US


def next_span(tag_id: int, start_us: int, end_us: int) -> tuple[int, int] | None:
    """Return the span of the next file with measurements that the database has, from one time to another.

    A span lies between files of the day that count, and has at most ``FILE_ROWS`` measurements.
    """
    first = stored_times(tag_id, start_us, end_us).first()
    if first is None:
        return None
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    files = files_within(tag_id, to_micros(day), to_micros(day) + DAY_US).filter(superseded_at=None)
    bounds = [to_micros(bound) for row in files.values_list("start", "end") for bound in row]
    first_us = to_micros(first)
    low_us = max([start_us, to_micros(day), *(bound for bound in bounds if bound <= first_us)])
    high_us = min([to_micros(day) + DAY_US, *(bound for bound in bounds if bound > first_us)])
    return low_us, file_end(tag_id, low_us, high_us)


def file_end(tag_id: int, start_us: int, end_us: int) -> int:
    """Return the end of a file from ``start_us`` on, at most ``end_us``.

    Two files of equal size rather than a full one and a small rest: otherwise each late reading in a full
    file would add a file when the span moves again.
    """
    times = stored_times(tag_id, start_us, end_us)
    rows = times[: 2 * FILE_ROWS].count()
    return end_us if rows <= FILE_ROWS else to_micros(times[(rows + 1) // 2])


def stored_times(tag_id: int, start_us: int, end_us: int) -> QuerySet[Measurement, datetime]:
    """Return the times of a tag's measurements in the database, from one time to another (exclusive)."""
    within = {"timestamp__gte": from_micros(start_us), "timestamp__lt": from_micros(end_us)}
    rows = Measurement.objects.filter(tag=tag_id, **within)
    return rows.order_by("timestamp").values_list("timestamp", flat=True)


def files_within(tag_id: int, start_us: int, end_us: int) -> QuerySet[ArchiveFile]:
    """Return the files of a tag, also superseded ones, that overlap a span within a day."""
    day_us = start_us // DAY_US * DAY_US
    of_day = ArchiveFile.objects.filter(tag=tag_id, start__gte=from_micros(day_us))
    return of_day.filter(start__lt=from_micros(end_us), end__gt=from_micros(start_us))


def is_ready(tag_id: int, start_us: int, end_us: int, limits: ArchiveLimits) -> bool:
    """Return whether no file overlaps the span, and nothing has changed in the span for a while."""
    thawed = Q(superseded_at__gt=limits.thawed_before) & ~Q(sha256="")
    if files_within(tag_id, start_us, end_us).filter(Q(superseded_at=None) | thawed).exists():
        return False
    newest = stored_times(tag_id, start_us, end_us).aggregate(newest=Max("id"))["newest"]
    return newest is not None and newest <= limits.upto_id
