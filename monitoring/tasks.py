"""The tasks of django-q2. Schedules and queued tasks store these names: a rename breaks stored rows."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connection
from django_q.models import Failure
from django_q.tasks import async_task

from monitoring.batches.forecast import background as batch_forecasts
from monitoring.batches.rules import background as batch_rules
from monitoring.batches.watched import background as watched_batches
from monitoring.detection.backtest import worker
from monitoring.ingest import exclusions, rejections
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.kernel.stop_flag import stop_requested
from monitoring.sources.file_import import worker as import_worker
from monitoring.sources.simulator import source
from monitoring.sources.simulator.demo_vessel.keeping import keep_demo_vessel as keep_demo
from monitoring.spool import spool_files
from monitoring.spool.replay import replay
from monitoring.storage import backups, host_clock, partitions, retention
from monitoring.storage.archiving import running as archiving

logger = logging.getLogger(__name__)

# Longer than the minute between runs plus the scheduler's half minute: two runs overlap, one stands by.
RUN_S = 95
# An older run is a repeated delivery, after a kill of the worker process.
STALE = timedelta(seconds=100)
PAUSES_S = (0.5, 2, 8)
# A third of the hour between runs, so that other tasks have workers too.
RETENTION_S = 1200
# Less than the minute between runs, so that two runs never wait for each other.
EXCLUSIONS_S = WATCH_S = 50
FAILURES_KEPT = timedelta(days=7)
FAILURES_KEPT_AT_MOST = 500


def run_simulator(due: str | None = None) -> None:
    """Run the simulator, or stand by, for RUN_S; ``due`` is the planned start."""
    if due and datetime.now(UTC) - datetime.fromisoformat(due) > STALE:
        return
    source.run_simulator(duration_s=RUN_S, should_stop=stop_requested, hand_over=queue_retry)


def keep_demo_vessel() -> bool:
    """Make the demo vessel, store its past, and record its batches. Return whether its readings are live."""
    return keep_demo(seed=source.SEED, should_stop=stop_requested)


def run_judge(due: str | None = None) -> None:
    """Do nothing, so that a run queued by an older version does not fail as unknown.

    ``manage.py run_detection`` detects.
    """


def run_backtests() -> int:
    """Compute the waiting backtests, unless another worker does. Return their number."""
    return worker.run_requests(should_stop=stop_requested)


def run_imports() -> int:
    """Read, check and import the files that wait, unless another worker does. Return the pieces of work."""
    return import_worker.run_waiting(should_stop=stop_requested)


def queue_retry(items: list[dict[str, Any]]) -> None:
    """Queue unwritten readings in the caller's transaction: the queue is a table."""
    async_task("monitoring.tasks.retry_ingest", items, group="retry_ingest")


def retry_ingest(items: list[dict[str, Any]]) -> None:
    """Store readings that could not be written before, in tries with growing pauses; else spool them to disk.

    A second delivery is harmless.

    Raises:
        SpoolFullError: the disk is full; django-q2 tries again.
    """
    for pause_s in PAUSES_S:
        try:
            ingest_readings(items, source=SIMULATOR)
        except DatabaseError as error:
            logger.warning("retried ingestion failed", extra={"error": str(error), "readings": len(items)})
            connection.close()
            time.sleep(pause_s)
        else:
            return
    now = datetime.now(UTC)
    spool_files.save(spool_files.spooled(item, source=SIMULATOR, now=now) for item in items)


def replay_dead_letters() -> int:
    """Store the readings that wait on disk. Return the number of readings finished."""
    return replay()


def back_up() -> str | None:
    """Back up the database. Return the copy's path; None on PostgreSQL or while another backup runs.

    Raises:
        BackupError: the backup failed; django-q2 tries again, a finite number of times.
    """
    try:
        backup = backups.back_up(should_stop=stop_requested)
    except (backups.BackupRunningError, backups.NotSQLiteError) as reason:
        logger.info("no backup made", extra={"reason": str(reason)})
        return None
    except backups.BackupError as error:
        logger.error("backup failed", extra={"error": str(error)})
        raise
    extra = {"path": str(backup.path), "bytes": backup.size, "seconds": backup.seconds}
    logger.info("backup made", extra=extra)
    return str(backup.path)


def apply_retention() -> int:
    """Delete measurements older than the retention of their tags. Return their number.

    After a jump of the clock, delete nothing. The next run continues an unfinished deletion.
    """
    return while_clock_is_right("retention is stopped", retention.apply_retention)


def archive_measurements() -> int:
    """Move measurements older than their tags' 'archive after' to the archive. Return their number.

    After a jump of the clock, move nothing. The next run continues an unfinished move.
    """
    return while_clock_is_right("archiving is stopped", archiving.archive_due)


def while_clock_is_right(stopped: str, act: Callable[..., int]) -> int:
    """Act on old measurements, for ``RETENTION_S`` at most; return their number.

    After a jump of the clock, log that this is ``stopped``, and do nothing.
    """
    end = time.monotonic() + RETENTION_S
    clock = host_clock.check_clock()
    if clock.jump:
        logger.warning(stopped, extra={"reason": clock.problem})
        return 0
    return act(now=clock.reading.now, should_stop=lambda: stop_requested() or time.monotonic() > end)


def finish_exclusions() -> int:
    """Move the remaining measurements of exclusions, out or back. Return how many exclusions are complete.

    The next run continues an unfinished move.
    """
    end = time.monotonic() + EXCLUSIONS_S
    return exclusions.finish_all(should_stop=lambda: stop_requested() or time.monotonic() > end)


def follow_batch_rules() -> int:
    """Set the moments of batches that rules find, unless another worker does. Return the changed vessels."""
    return batch_rules.follow_rules(should_stop=stop_requested)


def forecast_batches() -> int:
    """Forecast the running batches, unless another worker does. Return their number."""
    return batch_forecasts.forecast_batches(should_stop=stop_requested)


def watch_batches() -> int:
    """Compare batches with golden ones, unless another worker does. Return how many states have changed."""
    end = time.monotonic() + WATCH_S
    return watched_batches.watch_batches(should_stop=lambda: stop_requested() or time.monotonic() > end)


def create_partitions() -> int:
    """Create the partitions of the coming months on PostgreSQL, far ahead. Return their number.

    After a jump of the clock, the months follow the expected time.
    """
    clock = host_clock.check_clock()
    return partitions.create_ahead(now=clock.expected if clock.jump else clock.reading.now)


def prune_tasks() -> int:
    """Delete old failures, which django-q2 never does, and old rejection counts. Return the deleted failures.

    After a jump of the clock, delete nothing.
    """
    clock = host_clock.check_clock()
    if clock.jump:
        return 0
    newest = Failure.objects.order_by("-started").values_list("pk", flat=True)[:FAILURES_KEPT_AT_MOST]
    old = Failure.objects.filter(started__lt=clock.reading.now - FAILURES_KEPT)
    excess = Failure.objects.exclude(pk__in=list(newest))
    rejections.prune_counts(now=clock.reading.now)
    return int((old | excess).delete()[0])


def clear_sessions() -> None:
    """Delete sessions that have expired, which Django never does; none after a jump of the clock."""
    if not host_clock.check_clock().jump:
        call_command("clearsessions")
