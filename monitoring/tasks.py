"""What django-q2 runs. Schedules and queued tasks hold these names, so they are public API."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from django_q.models import Failure
from django_q.tasks import async_task

from monitoring.ingest import dead_letters
from monitoring.ingest.pipeline import ingest_readings
from monitoring.sources import simulator
from monitoring.sources.stop_flag import stop_requested

logger = logging.getLogger(__name__)

# Longer than the minute between runs plus the scheduler's half: so two overlap, one standing by.
RUN_S = 95
# Past this it is no fresh run but one that django-q2 delivers again, after its worker was killed.
STALE = timedelta(seconds=100)
PAUSES_S = (0.5, 2, 8)
FAILURES_KEPT = timedelta(days=7)
FAILURES_KEPT_AT_MOST = 500


def run_simulator(due: str | None = None) -> None:
    """Runs the simulator (or stands by) for a minute and a half; ``due`` is when it should have begun."""
    if due and datetime.now(UTC) - datetime.fromisoformat(due) > STALE:
        return
    simulator.run(duration_s=RUN_S, should_stop=stop_requested, hand_over=queue_retry)


def queue_retry(items: list[dict[str, Any]]) -> None:
    """Queues readings that could not be written; in the caller's transaction, as the queue is a table."""
    async_task("monitoring.tasks.retry_ingest", items, group="retry_ingest")


def retry_ingest(items: list[dict[str, Any]]) -> None:
    """Stores readings that could not be written before, with growing pauses; else keeps them on disk.

    Delivered twice it does no harm. Raises only if even the disk is full: django-q2 tries again.
    """
    for pause_s in PAUSES_S:
        try:
            ingest_readings(items)
        except DatabaseError as error:
            logger.warning("retried ingestion failed", extra={"error": str(error), "readings": len(items)})
            connection.close()
            time.sleep(pause_s)
        else:
            return
    dead_letters.keep(items)


def replay_dead_letters() -> int:
    """Stores the readings that wait on disk; how many are done with."""
    return dead_letters.replay()


def prune_tasks() -> int:
    """Deletes old failures, which django-q2 keeps for ever; how many."""
    newest = Failure.objects.order_by("-started").values_list("pk", flat=True)[:FAILURES_KEPT_AT_MOST]
    old = Failure.objects.filter(started__lt=timezone.now() - FAILURES_KEPT)
    excess = Failure.objects.exclude(pk__in=list(newest))
    return int((old | excess).delete()[0])
