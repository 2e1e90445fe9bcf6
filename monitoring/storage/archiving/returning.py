"""Bring archived days back into the database because a person wants them there."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from monitoring.archive.reading import archived_files
from monitoring.database.write_lock import write_lock
from monitoring.ingest.tags import lock_tags
from monitoring.ingest.thaw import thaw_file
from monitoring.kernel.clock import to_micros
from monitoring.models import ArchiveFile, Tag
from monitoring.storage.partitions import create_partitions


def bring_back(tag: Tag, start: datetime, end: datetime) -> Iterator[tuple[ArchiveFile, int]]:
    """Thaw the files of a tag from ``start`` to ``end`` (inclusive); yield each file with a count.

    The caller holds the lock against movers and retention.

    Raises:
        ArchiveError: a file cannot be read; files before it are back.
        django.db.Error: as ``create_partitions``; files before are back.
    """
    for file in list(archived_files([tag.pk], to_micros(start), to_micros(end) + 1)):
        create_partitions(to_micros(file.start), to_micros(file.start))  # the month may have been dropped
        with write_lock(), transaction.atomic():
            lock_tags([tag.name])
            current = archived_files([tag.pk]).filter(pk=file.pk).first()
            rows = thaw_file(current)[0] if current is not None else 0
        yield file, rows
