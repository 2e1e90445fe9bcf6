"""Collect all metrics within a few seconds, also while the database is away or hangs."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection
from prometheus_client.core import Metric

from monitoring.kernel.outages import Outage
from monitoring.kernel.runtime import part
from monitoring.operations.metrics.alarm_metrics import alarm_metrics
from monitoring.operations.metrics.batch_metrics import batch_metrics
from monitoring.operations.metrics.delivery_metrics import delivery_metrics
from monitoring.operations.metrics.families import gauge
from monitoring.operations.metrics.machine_metrics import machine_metrics
from monitoring.operations.metrics.process_metrics import process_metrics
from monitoring.operations.metrics.reading_metrics import reading_metrics
from monitoring.operations.metrics.source_metrics import source_metrics

ANSWER_S = 2.0  # Prometheus waits 10 s by default

Read = Callable[[], list[Metric]]


class MetricsProbe:
    """The threads of this process that read metrics in the database. One that hangs is not waited for."""

    def __init__(self) -> None:
        self.outage = Outage(began="metrics: the database is away", ended="metrics: the database is back")
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="metrics")

    def read(self, read: Read) -> list[Metric]:
        """Return the metrics within ``ANSWER_S`` seconds; none if the database does not answer."""
        running = self._threads.submit(read_and_close, read)
        try:
            found = running.result(timeout=ANSWER_S)
        except FutureTimeoutError:
            running.cancel()
            self.outage.begin(f"it did not answer within {ANSWER_S:.0f} s")
            return []
        except DatabaseError as error:
            self.outage.begin(error)
            return []
        self.outage.end()
        return found

    def stop(self) -> None:
        """End the threads once their queries are answered."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def read_and_close(read: Read) -> list[Metric]:
    """Read in a thread of the probe, which keeps no connection: the next look opens the database anew."""
    try:
        return read()
    finally:
        connection.close()


def database_answers() -> bool:
    """Return whether the database answered when this process last collected."""
    return part(MetricsProbe).outage.since is None


def collect(queued: Callable[[], int]) -> list[Metric]:
    """Return all metrics; ``queued`` counts the readings in the task queue.

    While the database is away, return those of the machine alone.
    """
    now, began = datetime.now(UTC), time.monotonic()
    stored = part(MetricsProbe).read(lambda: stored_metrics(now, queued()))
    return [
        gauge("fermon_database_up", "1 while the database answers.", bool(stored)),
        *stored,
        *machine_metrics(now),
        gauge(
            "fermon_metrics_seconds", "Time that it took to collect these metrics.", time.monotonic() - began
        ),
    ]


def stored_metrics(now: datetime, queued: int) -> list[Metric]:
    """Return the metrics that the database has.

    Raises:
        django.db.Error: the database is away.
    """
    return [
        *reading_metrics(now, queued),
        *process_metrics(now),
        *alarm_metrics(now),
        *delivery_metrics(now),
        *source_metrics(now),
        *batch_metrics(),
    ]
