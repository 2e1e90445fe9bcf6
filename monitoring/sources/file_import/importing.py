"""The import itself: batches of readings through the write path, each with its position in one transaction.

Killed at any moment, the next run goes on after the last batch that is stored, and stores no reading twice.
"""

import csv
import io
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

from django.db import InterfaceError, OperationalError, connection, transaction

from monitoring.archive.place import ArchiveError
from monitoring.database.write_lock import write_lock
from monitoring.history.spreadsheet import inert
from monitoring.ingest.outcomes import Outcomes, Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.stop_flag import interruptible_sleep
from monitoring.models import FileImport
from monitoring.sources.file_import.counts import Counts
from monitoring.sources.file_import.file_format import format_of
from monitoring.sources.file_import.files import StoredFiles
from monitoring.sources.file_import.reading_through import parsed_batches, reader_for
from monitoring.sources.file_import.readings import ParsedRows, RowRejection
from monitoring.sources.file_import.targets import targets_of

logger = logging.getLogger(__name__)

# Between two batches, so that live readings, alarms and detection have their turn.
PAUSE_S = 0.02
RETRY_S, LONGEST_RETRY_S = 1.0, 10.0
REJECTED_HEADER = ("row", "tag", "reason", "message")


class TakenAwayError(Exception):
    """The import was cancelled, or another process goes on with it."""


class Importer:
    """Imports one file, from the position that the row of the table has."""

    def __init__(self, row: FileImport, text: Path, worker: str) -> None:
        self.row = row
        self.counts = Counts.of(row.counts)
        self._text = text
        self._worker = worker
        self._files = StoredFiles(row.pk)
        self._source = f"import:{row.name}"
        self._size_after = row.rejected_bytes

    def run(
        self,
        *,
        should_stop: Callable[[], bool],
        on_rows: Callable[[int], None] = lambda rows: None,
        renew: Callable[[], None] = lambda: None,
    ) -> bool:
        """Import the rest of the file; return whether all is stored, False if asked to stop.

        Raises:
            TakenAwayError: the import was cancelled, or is another process's.
            ImportInputError: the file can no longer be read.
        """
        form, targets = format_of(self.row.format), targets_of(self.row.targets)
        reader = reader_for(self._text, form, targets, lambda rows: renew())
        self._files.make()
        self._cut_rejected()
        with parsed_batches(self._text, reader, position=self.row.position) as batches:
            for done, parsed in batches:
                if not self._store_patiently(done, parsed, should_stop):
                    return False
                on_rows(done)
                interruptible_sleep(PAUSE_S, should_stop)
                if should_stop():
                    return False
        return True

    def _store_patiently(self, done: int, parsed: ParsedRows, should_stop: Callable[[], bool]) -> bool:
        """Store a batch; while the database is away, try again. Return False if asked to stop meanwhile."""
        pause_s = RETRY_S
        while True:
            try:
                self._store(done, parsed)
            except (OperationalError, InterfaceError, ArchiveError) as error:
                logger.warning(
                    "import waits for the database", extra={"file": self.row.name, "error": str(error)}
                )
                connection.close()
                interruptible_sleep(pause_s, should_stop)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
                if should_stop():
                    return False
            else:
                return True

    def _store(self, done: int, parsed: ParsedRows) -> None:
        """Store the readings of some rows and the new position in one transaction.

        Without a source, the write path neither takes old readings for the clock of a device nor fills the
        list of rejected readings: rejected rows have a list of their own.
        """
        counts = deepcopy(self.counts)  # a failed transaction leaves those of before
        items = parsed.items()
        with write_lock(), transaction.atomic():
            outcomes = ingest_readings(items, source=None, senders=[self._source] * len(items))
            rejections = [*parsed.rejections, *count_outcomes(counts, outcomes, parsed)]
            counts.reject(rejections)
            counts.skipped += parsed.skipped
            self._write_rejected(rejections)
            self._advance(done, counts)
            failpoint("import.before_commit")
        self.counts, self.row.position = counts, done
        self.row.rejected_bytes = self._size_after
        failpoint("import.after_commit")

    def _advance(self, done: int, counts: Counts) -> None:
        """Store position and counts, if this process still has the import.

        Raises:
            TakenAwayError: the import was cancelled, or is another process's.
        """
        now = datetime.now(UTC)
        mine = FileImport.objects.filter(
            pk=self.row.pk, state="importing", worker=self._worker, position=self.row.position
        )
        if not mine.update(
            position=done,
            counts=counts.as_json(),
            rejected_bytes=self._size_after,
            renewed_at=now,
            touched_at=now,
        ):
            raise TakenAwayError

    def _cut_rejected(self) -> None:
        """Cut off the rejected rows of a batch that was not committed; write the header of a new file."""
        path, size = self._files.rejected, self.row.rejected_bytes
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(size)
        self._size_after = size
        if not size:
            self._append([REJECTED_HEADER])
            self.row.rejected_bytes = self._size_after
            FileImport.objects.filter(pk=self.row.pk).update(rejected_bytes=self._size_after)

    def _write_rejected(self, rejections: Iterable[RowRejection]) -> None:
        """Write rejected rows after those of the committed batches."""
        with self._files.rejected.open("r+b") as file:
            file.truncate(self.row.rejected_bytes)
        self._size_after = self.row.rejected_bytes
        self._append((each.row, inert(each.tag), each.reason, inert(each.message)) for each in rejections)

    def _append(self, lines: Iterable[Sequence[object]]) -> None:
        """Append lines of CSV to the file of rejected rows."""
        text = io.StringIO()
        csv.writer(text).writerows(lines)
        data = text.getvalue().encode()
        if data:
            with self._files.rejected.open("ab") as file:
                file.write(data)
        self._size_after += len(data)


def count_outcomes(counts: Counts, outcomes: Outcomes, parsed: ParsedRows) -> list[RowRejection]:
    """Count the outcomes of a batch; return the rejections, with the rows of the file."""
    rejections = []
    is_valid = [True] * len(parsed)
    for place, outcome in sorted(outcomes.others.items()):
        status = outcome.status
        if status is Status.DUPLICATE:
            counts.duplicate += 1
        elif status is Status.KEPT_FIRST:
            counts.kept_first += 1
        elif status is Status.REPLACED:
            counts.replaced += 1
        else:
            is_valid[place] = status is Status.CONFLICT
            reason = str(outcome.reason or status)
            rejections.append(RowRejection(int(parsed.row[place]), outcome.tag, reason, outcome.error))
    counts.new += len(parsed) - len(outcomes.others)
    counts.span(parsed.time_us[is_valid])
    return rejections
