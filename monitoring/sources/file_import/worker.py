"""The work on imports: read files, check, import. A killed worker's work is taken up by the next one."""

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.ingest.tags import tag_cache
from monitoring.models import FileImport, ImportMapping
from monitoring.sources.file_import import jobs
from monitoring.sources.file_import.analysis import Analysis, analyse
from monitoring.sources.file_import.checking import dry_run
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.file_format import format_of
from monitoring.sources.file_import.files import StoredFiles
from monitoring.sources.file_import.importing import Importer, TakenAwayError
from monitoring.sources.file_import.jobs import AT_WORK, first_targets
from monitoring.sources.file_import.targets import targets_of

logger = logging.getLogger(__name__)

# A worker that has not renewed its claim for this long is considered dead.
GONE_AFTER = timedelta(seconds=15)
RENEW_S = 1.0
FAILED = "It failed, and the log says more. Cancel it, or change a setting and try again."


class StoppedError(Exception):
    """The worker is to stop; the next one begins the work again."""


class Work:
    """A claimed import: progress and result are stored as long as the claim holds."""

    def __init__(self, row: FileImport, should_stop: Callable[[], bool]) -> None:
        self.row = row
        self.should_stop = should_stop
        self._renewed = time.monotonic()

    def renew(self, rows: int = 0) -> None:
        """Renew the claim each second, with the number of rows that are done.

        Raises:
            TakenAwayError: the import was cancelled or changed.
            StoppedError: the worker is to stop.
        """
        if time.monotonic() - self._renewed < RENEW_S:
            return
        self._renewed = time.monotonic()
        if self.should_stop():
            raise StoppedError
        progress = {} if self.row.state == "importing" else {"position": rows}
        if not self.update(renewed_at=datetime.now(UTC), **progress):
            raise TakenAwayError

    def update(self, **fields: Any) -> bool:
        """Store fields; return False if the claim is lost."""
        mine = FileImport.objects.filter(pk=self.row.pk, state=self.row.state, worker=self.row.worker)
        return bool(mine.update(**fields))

    def finish(self, state: str, **fields: Any) -> None:
        """Store the result and the next state, if the claim holds."""
        now = datetime.now(UTC)
        ended = {"ended_at": now} if state in ("done", "failed") else {}
        self.update(state=state, worker="", renewed_at=None, touched_at=now, **ended, **fields)


def run_waiting(*, should_stop: Callable[[], bool]) -> int:
    """Do all work that waits, unless others do; delete old files. Return how many pieces of work were done.

    Raises:
        django.db.Error: the database is away; the next run takes the work up.
    """
    jobs.purge(now=datetime.now(UTC))
    done = 0
    while not should_stop() and (row := take_next(now=datetime.now(UTC))):
        run(Work(row, should_stop))
        done += 1
    return done


def take_next(*, now: datetime) -> FileImport | None:
    """Claim the oldest work; None if none waits.

    One process imports at a time, and another one reads or checks.
    """
    with write_lock(), transaction.atomic():
        rows = list(FileImport.objects.filter(state__in=AT_WORK, path="").order_by("pk"))
        busy = {is_long(row) for row in rows if is_claimed(row, now)}
        waiting = [row for row in rows if not is_claimed(row, now) and is_long(row) not in busy]
        if not waiting:
            return None
        row = min(waiting, key=is_long)
        seen = FileImport.objects.filter(pk=row.pk, state=row.state, worker=row.worker)
        row.worker, row.renewed_at = worker_name(), now
        return row if seen.update(worker=row.worker, renewed_at=now) else None


def is_long(row: FileImport) -> bool:
    """Return whether the work takes long: an import, not a reading or a check."""
    return row.state == "importing"


def is_claimed(row: FileImport, now: datetime) -> bool:
    """Return whether a worker that lives has the work; a claim from the future counts as none."""
    return row.renewed_at is not None and abs(now - row.renewed_at) < GONE_AFTER


def worker_name() -> str:
    """Return a name for a claim that no other process uses."""
    return f"{socket.gethostname()[:20]} {os.getpid()} {uuid.uuid4().hex[:8]}"


def run(work: Work) -> None:
    """Do one piece of work, and store the result or the reason why there is none."""
    try:
        {"reading": read, "checking": check, "importing": store}[work.row.state](work)
    except ImportInputError as error:
        work.finish("failed", error=str(error))
    except TakenAwayError:
        logger.info("import was cancelled or changed", extra={"file": work.row.name})
    except StoppedError:
        work.update(renewed_at=None)
    except DatabaseError:
        raise
    except Exception:  # of any kind: others wait, and a retry would fail again
        logger.exception("import failed", extra={"file": work.row.name})
        work.finish("failed", error=FAILED)


def read(work: Work) -> None:
    """Read the file through, and suggest settings and tags."""
    row, chosen = work.row, dict(work.row.chosen)
    files = StoredFiles(row.pk)
    analysis = analyse(files.received, files.sheet, chosen, on_rows=work.renew)
    kept: dict[str, Any] = row.targets
    mapping = ImportMapping.objects.filter(header=analysis.header_key).first()
    if mapping is not None and not row.analysis:
        chosen, kept = chosen | mapping.chosen, mapping.targets
        if chosen != row.chosen:
            analysis = analyse(files.received, files.sheet, chosen, on_rows=work.renew)
    work.finish("ready", chosen=chosen, **analysed_fields(analysis, kept), error="", position=0)


def analysed_fields(analysis: Analysis, kept: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an import's row that follow from the analysis; ``kept`` are targets of before."""
    return {
        "format": analysis.form.as_json(),
        "analysis": analysis.as_json(),
        "targets": first_targets(analysis, kept, tag_cache().read()),
        "rows": analysis.rows,
    }


def text_of(row: FileImport) -> Path:
    """Return the file to read: the sheet of a workbook, the file of the command, or the uploaded one."""
    files = StoredFiles(row.pk)
    if row.format["is_workbook"]:
        return files.sheet
    return Path(row.path) if row.path else files.received


def check(work: Work) -> None:
    """Count the outcomes that the import would have."""
    row = work.row
    counts = dry_run(text_of(row), format_of(row.format), targets_of(row.targets), on_rows=work.renew)
    work.finish("checked", check_result=counts.as_json(), position=row.rows or 0)


def store(work: Work) -> None:
    """Import the file."""
    row = work.row
    importer = Importer(row, text_of(row), row.worker)
    if not importer.run(should_stop=work.should_stop, renew=work.renew):
        raise StoppedError
    work.finish("done", counts=importer.counts.as_json())
    StoredFiles(row.pk).delete_source()
