"""Days of tags moved to the archive and back at once, for tests of reads."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np

from monitoring.archive.files import ArchivedRows, Findings, read_groups, write_file
from monitoring.archive.place import archive_place
from monitoring.archive.presence import note_used
from monitoring.history.rollup_rows import columns
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.models import ArchiveFile, Finding, Measurement, Series, Tag

GROUP = 3  # rows: even small days have several groups
DAY = timedelta(days=1)
numbers = count()


def archive_day(
    name: str, day: datetime, *, until: datetime | None = None, cut: datetime | None = None
) -> None:
    """Move the measurements of a tag and day (before ``until``) to a file, or to two that end at ``cut``."""
    end = day + DAY
    cuts = [end] if cut is None else [cut, end]
    for start, part_end in zip([day, *cuts], cuts, strict=False):
        archive_span(name, start, part_end, until=min(part_end, max(start, until or part_end)))


def archive_span(name: str, start: datetime, end: datetime, *, until: datetime) -> None:
    """Move the measurements of a tag and span (before ``until``) to a file, if there are any."""
    tag = Tag.objects.get(name=name)
    stored = Measurement.objects.filter(tag=tag, timestamp__gte=start, timestamp__lt=end)
    found = list(stored.order_by("timestamp").values_list("id", "timestamp", "value", "is_anomaly"))
    if not found or files_of(name, start, end):
        return
    rows = ArchivedRows(*columns([(pk, to_micros(at), *rest) for pk, at, *rest in found], "qqd?"))
    path = f"{name}/{start:%Y-%m-%d}-{next(numbers)}.parquet"
    summary = write_file(archive_place(), path, name, groups_of(rows, findings_of(rows)))
    moved = stored.filter(timestamp__lt=until)
    Finding.objects.filter(measurement__in=moved).delete()
    moved.delete()
    Series.objects.filter(tag=tag).update(archived_until=newest_end(tag, end))
    note_used()
    ArchiveFile.objects.create(
        tag=tag,
        start=start,
        end=end,
        moved_until=until,
        first=found[0][1],
        last=found[-1][1],
        path=path,
        rows=summary.rows,
        anomalies=summary.anomalies,
        first_id=summary.first_id,
        last_id=summary.last_id,
        bytes=summary.bytes,
        sha256=summary.sha256,
        created_at=start,
    )


def files_of(name: str, start: datetime, end: datetime) -> list[ArchiveFile]:
    """The files of a tag that count and overlap a span."""
    live = ArchiveFile.objects.filter(tag__name=name, superseded_at=None)
    return list(live.filter(start__lt=end, end__gt=start))


def newest_end(tag: Tag, end: datetime) -> datetime:
    """The end of the tag's newest archived day, with the one that ends then."""
    ends = ArchiveFile.objects.filter(tag=tag, superseded_at=None).values_list("end", flat=True)
    return max([end, *ends])


def findings_of(rows: ArchivedRows) -> Findings:
    """The rule violations of the rows in the database."""
    found: Findings = {}
    stored = Finding.objects.filter(measurement__in=rows.ids.tolist()).order_by("id")
    for pk, reason, lower, upper in stored.values_list("measurement_id", "reason", "lower", "upper"):
        found.setdefault(pk, []).append((reason, lower, upper))
    return found


def groups_of(rows: ArchivedRows, findings: Findings) -> Iterator[tuple[ArchivedRows, Findings]]:
    """The rows in small groups."""
    for start in range(0, len(rows), GROUP):
        yield rows.take(slice(start, start + GROUP)), findings


def thaw(file: ArchiveFile) -> None:
    """Bring the measurements of a file back to the database, as they were."""
    for rows, findings in read_groups(archive_place(), file.path):
        is_moved = rows.times_us < to_micros(file.moved_until)
        back = rows.take(np.flatnonzero(is_moved))
        Measurement.objects.bulk_create(
            Measurement(id=pk, tag_id=file.tag_id, timestamp=from_micros(at), value=value, is_anomaly=flag)
            for pk, at, value, flag in zip(
                *(column.tolist() for column in (back.ids, back.times_us, back.values, back.is_anomaly)),
                strict=True,
            )
        )
        Finding.objects.bulk_create(
            Finding(measurement_id=pk, reason=reason, lower=lower, upper=upper)
            for pk in back.ids.tolist()
            for reason, lower, upper in findings.get(pk, [])
        )
    ArchiveFile.objects.filter(pk=file.pk).update(superseded_at=datetime.now(UTC))
