"""Acts of people on imports: upload, change settings, check, start, cancel. The worker does the rest."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django_q.tasks import async_task

from monitoring.database.write_lock import write_lock
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import FileImport, ImportMapping, Tag
from monitoring.sources.file_import.analysis import Analysis
from monitoring.sources.file_import.columns import (
    FileSeries,
    new_tag_name,
    series_of,
    suggest_tag,
    suggested_range,
)
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.file_format import FileFormat, check_zone
from monitoring.sources.file_import.files import KEPT_DAYS, MOST_STORED, StoredFiles
from monitoring.sources.file_import.limits import MOST_BYTES
from monitoring.sources.file_import.targets import (
    NEW,
    TAG,
    Target,
    Targets,
    check_targets,
    read_target,
    targets_of,
)
from monitoring.sources.making import errors_of

TASK = "monitoring.tasks.run_imports"
TASK_S = 3600
PIECE = 4 * 2**20  # bytes of a file in one request
AT_WORK = ("reading", "checking", "importing")
ENDED = ("done", "cancelled", "failed")
SETTLING = ("ready", "checked")
EXPIRED = f"Not imported within {KEPT_DAYS} days, so the file was deleted. Upload it again."
UNSURE = {
    "time_form": "day and month may be the other way round; choose the form of the times",
    "time_column": "no column of times was found; choose the column and the form of the times",
}


class WrongStateError(Exception):
    """The import is in another state than the act needs."""


@contextmanager
def locked(pk: int, *states: str) -> Iterator[FileImport]:
    """Yield the row of an import in one of these states, locked until the end of the transaction.

    Raises:
        FileImport.DoesNotExist: there is no such import.
        WrongStateError: it is in another state.
    """
    with write_lock(), transaction.atomic():
        row = FileImport.objects.select_for_update().get(pk=pk)
        if row.state not in states:
            raise WrongStateError(f"the import {row.get_state_display()}; reload the page")
        yield row


def create(name: str, size: int, *, by: str, zone: str = "", path: str = "") -> FileImport:
    """Store a new import; the file follows.

    Raises:
        ImportInputError: the file is empty or too large, or too much is stored already.
    """
    if not 0 < size <= MOST_BYTES and not path:
        raise ImportInputError(f"expected a file of 1 to {MOST_BYTES:,} bytes, got {size:,}", "size")
    if zone:
        check_zone(zone)
    now = datetime.now(UTC)
    with write_lock(), transaction.atomic():
        waiting = FileImport.objects.filter(has_file=True, path="").exclude(state__in=ENDED)
        if not path and sum(waiting.values_list("size", flat=True)) + size > MOST_STORED:
            raise ImportInputError(
                "too many files wait to be imported; import or cancel some of them, then upload again", "size"
            )
        return FileImport.objects.create(
            name=Path(name).name[:200],
            size=size,
            by=by,
            chosen={"zone": zone} if zone else {},
            path=path,
            created_at=now,
            touched_at=now,
        )


def receive(pk: int, piece: bytes, offset: int) -> FileImport:
    """Store a piece of the file; after the last one, have the file read.

    Raises:
        ImportInputError: the piece does not follow those before, or goes beyond the size.
        FileImport.DoesNotExist, WrongStateError: as ``locked``.
    """
    with locked(pk, "uploading") as row:
        if offset != row.received:
            raise ImportInputError(f"expected the piece at {row.received}, got {offset}", "offset")
        if not piece or offset + len(piece) > row.size:
            raise ImportInputError(f"expected 1 to {row.size - offset} bytes, got {len(piece)}", "content")
        StoredFiles(row.pk).append(piece, offset)
        row.received = offset + len(piece)
        if row.received == row.size:
            row.state = "reading"
        save(row, "received", "state")
        if row.state == "reading":
            queue_work()
        return row


def change(pk: int, chosen: Mapping[str, Any] | None, targets: Mapping[str, Any] | None) -> FileImport:
    """Store settings and tags that a person has chosen; have the file read again if settings differ.

    Raises:
        ImportInputError: a setting or a target is impossible.
        FileImport.DoesNotExist, WrongStateError: as ``locked``.
    """
    with locked(pk, *SETTLING, "failed") as row:
        if not row.has_file:
            raise WrongStateError("the file is no longer stored; upload it again")
        series = {each.key for each in series_of(row.analysis.get("series", []))}
        given = {key: read_target(key, each) for key, each in (targets or {}).items()}
        unknown = sorted(set(given) - series)
        if unknown and not chosen:
            raise ImportInputError(f"the file has no series {unknown[0]!r}", "targets")
        row.targets |= {key: target.as_json() for key, target in given.items() if key in series}
        row.state = "ready" if row.analysis else row.state
        if chosen:
            settled = row.chosen | dict(chosen)
            FileFormat().changed(settled)
            if settled != row.chosen or row.state == "failed":
                row.chosen, row.state, row.error = settled, "reading", ""
                queue_work()
        save(row, "targets", "chosen", "state", "error")
        return row


def request_check(pk: int) -> FileImport:
    """Have the worker do the dry run.

    Raises:
        ImportInputError: a setting has to be confirmed, or the targets are incomplete.
        FileImport.DoesNotExist, WrongStateError: as ``locked``.
    """
    with locked(pk, *SETTLING) as row:
        check_ready(row)
        row.state, row.check_result, row.position = "checking", {}, 0
        save(row, "state", "check_result", "position")
        queue_work()
        return row


def start(pk: int, *, by: str) -> FileImport:
    """Make the new tags, remember the mapping, and have the worker import.

    Raises:
        ImportInputError: as ``request_check``.
        FileImport.DoesNotExist, WrongStateError: as ``locked``.
    """
    with locked(pk, "checked") as row:
        begin(row, by=by)
        queue_work()
        return row


def begin(row: FileImport, *, by: str, worker: str = "") -> None:
    """Make the new tags, remember the mapping, and set the import to work, in the caller's transaction.

    Raises:
        ImportInputError: a setting has to be confirmed, or the targets are incomplete.
    """
    check_ready(row)
    now = datetime.now(UTC)
    save_new_tags(targets_of(row.targets))
    row.targets = existing(row.targets)
    ImportMapping.objects.update_or_create(
        header=row.analysis["header_key"],
        defaults={
            "chosen": row.chosen,
            "targets": row.targets,
            "name": row.name,
            "by": by,
            "at": now,
        },
    )
    row.state, row.begun_at, row.position, row.counts = "importing", now, 0, {}
    row.by, row.worker, row.renewed_at, row.rejected_bytes = by, worker, now if worker else None, 0
    save(
        row,
        "rejected_bytes",
        "state",
        "begun_at",
        "position",
        "counts",
        "targets",
        "by",
        "worker",
        "renewed_at",
    )


def cancel(pk: int) -> FileImport:
    """Cancel an import, and delete the file; readings that are stored stay.

    Raises:
        FileImport.DoesNotExist, WrongStateError: as ``locked``.
    """
    with locked(pk, "uploading", *AT_WORK, *SETTLING, "failed") as row:
        row.state, row.ended_at, row.has_file = "cancelled", datetime.now(UTC), bool(row.counts)
        save(row, "state", "ended_at", "has_file")
    files = StoredFiles(pk)
    if row.has_file:  # the rejected rows of the part that is imported
        files.delete_source()
    else:
        files.delete()
    return row


def save(row: FileImport, *fields: str) -> None:
    """Store some fields and the time of the change."""
    row.touched_at = datetime.now(UTC)
    row.save(update_fields=[*fields, "touched_at"])


def queue_work() -> None:
    """Wake the worker. The schedule finds the work in any case, a minute later."""
    async_task(TASK, q_options={"group": "fermon.imports", "timeout": TASK_S})


def check_ready(row: FileImport) -> None:
    """Check that nothing is left to confirm, and that each target is possible.

    Raises:
        ImportInputError: one of these is missing.
    """
    for name in row.analysis.get("unsure", []):
        if name not in row.chosen:
            raise ImportInputError(UNSURE[name], name)
    check_choice(row.analysis, targets_of(row.targets))


def check_choice(analysis: Mapping[str, Any], targets: Targets) -> None:
    """Check the targets of the series of a file.

    Raises:
        ImportInputError: one of them is impossible, or none becomes a tag.
    """
    series = {each.key: each.name for each in series_of(analysis["series"])}
    for key, target in targets.items():
        read_target(key, target.as_json())
        if target.action == NEW:
            check_new_tag(key, target)
    check_targets(targets, series, tag_cache().read())


def check_new_tag(key: str, target: Target) -> None:
    """Check name, unit and range of a tag to be made.

    Raises:
        ImportInputError: one of them is impossible.
    """
    for field, text in errors_of(tag_of(target)).items():
        raise ImportInputError(f"{target.tag}, {field.replace('_', ' ')}: {text}", f"targets.{key}")


def tag_of(target: Target) -> Tag:
    """Return the tag that a target makes."""
    return Tag(
        name=target.tag,
        unit=target.unit,
        display_name=target.display_name,
        group=target.group,
        valid_min=target.valid_min or 0.0,
        valid_max=target.valid_max or 0.0,
    )


def save_new_tags(targets: Targets) -> None:
    """Store the tags of the targets that are new."""
    for target in targets.values():
        if target.action == NEW:
            tag_of(target).save()


def existing(targets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return stored targets with the tags that were new as existing ones."""
    return {
        key: {**target, "action": TAG} if target["action"] == NEW else dict(target)
        for key, target in targets.items()
    }


def first_targets(
    analysis: Analysis, kept: Mapping[str, Any], tags: Mapping[str, TagDefinition]
) -> dict[str, Any]:
    """Return a target for each series: one that was set before, else a suggestion.

    A kept target of a tag that is gone, or would be made twice, counts as ignored.
    """
    active = [tag for tag in tags.values() if tag.active]
    found = {}
    for series in analysis.series:
        before = kept.get(series.key)
        usable = before if is_possible(before, tags) else None
        found[series.key] = usable or suggestion(series, active).as_json()
    return found


def is_possible(target: Mapping[str, Any] | None, tags: Mapping[str, TagDefinition]) -> bool:
    """Return whether a target of before can still be used."""
    return target is not None and (target["action"] == TAG) <= (target["tag"] in tags)


def suggestion(series: FileSeries, tags: list[TagDefinition]) -> Target:
    """Return the tag that is alike; else ignore the series, filled in for a new tag."""
    alike = suggest_tag(series, tags)
    if alike:
        return Target(TAG, alike)
    low, high = suggested_range(series)
    return Target(tag=new_tag_name(series.name), unit=series.unit, valid_min=low, valid_max=high)


def purge(*, now: datetime) -> int:
    """Delete the files of imports that nobody has touched for some days; return their number."""
    old = FileImport.objects.filter(has_file=True, touched_at__lt=now - timedelta(days=KEPT_DAYS))
    rows = list(old)
    for row in rows:
        StoredFiles(row.pk).delete()
        row.has_file = False
        if row.state not in ENDED:
            row.state, row.error, row.ended_at = "cancelled", EXPIRED, now
        row.save(update_fields=["has_file", "state", "error", "ended_at"])
    return len(rows)
