"""Compare the files of the archive with the manifest, and both with the database."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from monitoring.archive.files import Summary, read_groups, sha256_of
from monitoring.archive.place import ArchiveError, archive_place
from monitoring.archive.reading import counted_of
from monitoring.database.snapshot import read_snapshot
from monitoring.kernel.clock import moment_or_none
from monitoring.models import ArchiveFile, Measurement, Series

FIELDS = ("rows", "anomalies", "first_id", "last_id")


@dataclass(frozen=True, slots=True)
class Verified:
    """A file or the totals of a tag, how many archived measurements they have, and what is wrong."""

    place: str
    rows: int
    faults: tuple[str, ...]


def verify(names: Collection[str]) -> Iterator[Verified]:
    """Compare each file of the named tags (all if none is named), then the totals of each tag."""
    files = ArchiveFile.objects.select_related("tag").filter(superseded_at=None).exclude(sha256="")
    series = Series.objects.select_related("tag").exclude(archived_until=None)
    if names:
        files, series = files.filter(tag__name__in=names), series.filter(tag__name__in=names)
    for pk in list(files.values_list("pk", flat=True)):
        file = files.filter(pk=pk).first()
        if file is not None:  # not thawed meanwhile
            yield Verified(file.path, file.rows, (*faults_of(file), *faults_of_rows(files, pk)))
    for tag in list(series.order_by("tag__name")):
        with read_snapshot():
            faults = tuple(faults_of_totals(tag.pk))
        yield Verified(f"totals of {tag.tag.name}", 0, faults)


def faults_of(file: ArchiveFile) -> Iterator[str]:
    """Yield how a file differs from the manifest."""
    place = archive_place()
    try:
        size = place.size(file.path)
        if size is None:
            yield "the file is missing"
            return
        if size != file.bytes:
            yield f"{size} bytes; the manifest says {file.bytes}"
        if sha256_of(place, file.path) != file.sha256:
            yield "the checksum differs from that of the manifest"
        yield from differences(file, summary_of(file))
    except ArchiveError as error:
        yield str(error)


def faults_of_rows(files: QuerySet[ArchiveFile], pk: int) -> tuple[str, ...]:
    """Return whether the database has measurements of the time of a file; both as of one moment."""
    with read_snapshot():
        file = files.filter(pk=pk).first()
        if file is None:  # thawed meanwhile
            return ()
        rows = Measurement.objects.filter(tag=file.tag_id, timestamp__gte=file.start)
        twice = rows.filter(timestamp__lt=file.moved_until).count()
    return (f"{twice} measurements of its time are in the database too",) if twice else ()


def summary_of(file: ArchiveFile) -> Summary:
    """Return a summary of what the file contains."""
    summary = Summary()
    for rows, _ in read_groups(archive_place(), file.path):
        summary.add(rows)
    return summary


def differences(file: ArchiveFile, found: Summary) -> Iterator[str]:
    """Yield the numbers that differ from the manifest."""
    for name in FIELDS:
        if getattr(found, name) != getattr(file, name):
            yield f"{name} {getattr(found, name)}; the manifest says {getattr(file, name)}"
    first, last = moment_or_none(found.first_us), moment_or_none(found.last_us)
    if (first, last) != (file.first, file.last):
        yield "first or last time differs from the manifest"
    if not found.is_sorted:
        yield "the rows are not in order of time"
    if first is not None and last is not None and not file.start <= first <= last < file.end:
        yield "some rows lie outside the span of the file"


def faults_of_totals(tag_id: int) -> Iterator[str]:
    """Yield the totals of a tag that are not those of database and archive together."""
    counted = Measurement.objects.filter(tag=tag_id).aggregate(
        measurements=Count("pk"), anomalies=Count("pk", filter=Q(is_anomaly=True))
    )
    moved = [counted_of(file) for file in ArchiveFile.objects.filter(tag=tag_id, superseded_at=None)]
    series = Series.objects.get(pk=tag_id)
    for number, name in enumerate(("measurements", "anomalies")):
        expected = counted[name] + sum(counts[number] for counts in moved)
        if getattr(series, name) != expected:
            yield f"{name} {getattr(series, name)}; database and archive have {expected}"
