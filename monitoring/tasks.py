"""What django-q2 runs. Schedules and queued tasks hold these names, so they are public API."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection
from django_q.models import Failure
from django_q.tasks import async_task

from monitoring.detection import runner
from monitoring.detection.backtest import worker
from monitoring.ingest import exclusions, rejections
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.kernel.stop_flag import stop_requested
from monitoring.sources.simulator import source
from monitoring.spool import dead_letters
from monitoring.spool.replay import replay
from monitoring.storage import backups, host_clock, partitions, retention

logger = logging.getLogger(__name__)

# Longer than the minute between runs plus the scheduler's half: so two overlap, one standing by.
RUN_S = 95
# The judge stays where it is. Less than the plan's timeout.
STAYS_S = 6 * 24 * 3600
# Past this it is no fresh run but one that django-q2 delivers again, after its worker was killed.
STALE = timedelta(seconds=100)
PAUSES_S = (0.5, 2, 8)
# An hour's share of what retention deletes: a third of its hour, so that other tasks have workers too.
RETENTION_S = 1200
# Less than the minute between runs: so one worker is at it, not two that wait for each other.
EXCLUSIONS_S = 50
FAILURES_KEPT = timedelta(days=7)
FAILURES_KEPT_AT_MOST = 500


def run_simulator(due: str | None = None) -> None:
    """Runs the simulator (or stands by) for a minute and a half; ``due`` is when it should have begun."""
    if due and datetime.now(UTC) - datetime.fromisoformat(due) > STALE:
        return
    source.run(duration_s=RUN_S, should_stop=stop_requested, hand_over=queue_retry)


def run_judge(due: str | None = None) -> None:
    """Runs the judge for days, or stands by for a minute and a half; ``due`` as for the simulator."""
    if due and datetime.now(UTC) - datetime.fromisoformat(due) > STALE:
        return
    runner.run(duration_s=RUN_S, stays_s=STAYS_S, should_stop=stop_requested)


def run_backtests() -> int:
    """Works out the backtests that wait, unless another worker is at it; how many."""
    return worker.run_requests(should_stop=stop_requested)


def queue_retry(items: list[dict[str, Any]]) -> None:
    """Queues readings that could not be written; in the caller's transaction, as the queue is a table."""
    async_task("monitoring.tasks.retry_ingest", items, group="retry_ingest")


def retry_ingest(items: list[dict[str, Any]]) -> None:
    """Stores readings that could not be written before, with growing pauses; else keeps them on disk.

    Delivered twice it does no harm. Raises only if even the disk is full: django-q2 tries again.
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
    dead_letters.keep(dead_letters.letter(item, source=SIMULATOR, now=now) for item in items)


def replay_dead_letters() -> int:
    """Stores the readings that wait on disk; how many are done with."""
    return replay()


def back_up() -> str | None:
    """Backs the database up; the copy's path. None where another one is at it, or PostgreSQL's tools are.

    Raises:
        BackupError: it failed; django-q2 tries again, a finite number of times.
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
    """Deletes measurements that are older than their tags' retention says; how many.

    A clock that has jumped deletes nothing. What is too much for one run, or left when Fermon stops,
    is deleted by the next.
    """
    end = time.monotonic() + RETENTION_S
    clock = host_clock.look()
    if clock.jump:
        logger.warning("retention is stopped", extra={"reason": clock.problem})
        return 0
    return retention.apply_retention(
        now=clock.reading.now, should_stop=lambda: stop_requested() or time.monotonic() > end
    )


def finish_exclusions() -> int:
    """Moves what exclusions have left unmoved, out or back; how many of them are complete now.

    What is too much for one run, or left when Fermon stops, is moved by the next.
    """
    end = time.monotonic() + EXCLUSIONS_S
    return exclusions.finish_all(should_stop=lambda: stop_requested() or time.monotonic() > end)


def create_partitions() -> int:
    """Makes the partitions of the coming months on PostgreSQL, long before they are needed; how many.

    After a jump of the clock, those of the expected time.
    """
    clock = host_clock.look()
    return partitions.create_ahead(now=clock.expected if clock.jump else clock.reading.now)


def prune_tasks() -> int:
    """Deletes old failures, which django-q2 keeps for ever, and old counts of refusals; how many failures.

    A clock that has jumped deletes nothing.
    """
    clock = host_clock.look()
    if clock.jump:
        return 0
    newest = Failure.objects.order_by("-started").values_list("pk", flat=True)[:FAILURES_KEPT_AT_MOST]
    old = Failure.objects.filter(started__lt=clock.reading.now - FAILURES_KEPT)
    excess = Failure.objects.exclude(pk__in=list(newest))
    rejections.prune_counts(now=clock.reading.now)
    return int((old | excess).delete()[0])
