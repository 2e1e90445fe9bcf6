"""The runtime of a test: its parts see no earlier test, and its threads end with the test."""

import math
from collections.abc import Callable
from datetime import datetime

from django.db import Error as DatabaseError
from prometheus_client.core import Metric

from monitoring.archive.presence import ArchivePresence
from monitoring.database.connections import OpenedFiles
from monitoring.kernel.runtime import Runtime, part
from monitoring.live.publish import Publisher
from monitoring.live.wakeups import wakeup
from monitoring.operations.health import HealthProbes, Seen, read_state
from monitoring.operations.metrics.collecting import MetricsProbe, Read
from monitoring.sources.line_protocol.points import PointRecorder
from monitoring.spool.replayer import SpoolReplayer


class IdleReplayer(SpoolReplayer):
    """Readings on disk wait until the test replays them."""

    def start(self) -> None:
        """Start no thread."""


class IdleRecorder(PointRecorder):
    """Points wait until the test flushes them."""

    def start(self) -> None:
        """Start no thread."""


class UnusedArchive(ArchivePresence):
    """Nothing is archived until the test makes a file, so that no test counts a query about that."""

    def __init__(self) -> None:
        super().__init__()
        self.unused_until = math.inf


class ProbesInPlace(HealthProbes):
    """The database is asked in the thread of the test."""

    def look(self, now: datetime, queued: Callable[[], int]) -> Seen:
        """Read, without the attempt to write, which would end the test's transaction."""
        return read_state(now, queued)


class ProbesThatEnd(HealthProbes):
    """A question that was not waited for is answered before the next test begins."""

    def stop(self) -> None:
        """End the threads, and wait until their questions are answered."""
        super().stop()
        self._database.shutdown()


class MetricsInPlace(MetricsProbe):
    """The database is read in the thread of the test."""

    def read(self, read: Read) -> list[Metric]:
        """Read, without a thread, which would not see what the test's transaction stores."""
        try:
            found = read()
        except DatabaseError as error:
            self.outage.begin(error)
            return []
        self.outage.end()
        return found


class SilentPublisher(Publisher):
    """Other processes get no notices."""

    def publish_now(self) -> None:
        """Wake the feed of this process only."""
        wakeup().set()


def new_runtime(*, threads: bool) -> Runtime:
    """Return a runtime; without threads, as threads would not see what the test's transaction stores.

    The connections of the thread outlive a test, and so do the notes about them.
    """
    runtime = Runtime({OpenedFiles: part(OpenedFiles), ArchivePresence: UnusedArchive()})
    if threads:
        runtime.parts[HealthProbes] = ProbesThatEnd()
    else:
        runtime.parts |= {
            SpoolReplayer: IdleReplayer(),
            PointRecorder: IdleRecorder(),
            HealthProbes: ProbesInPlace(),
            MetricsProbe: MetricsInPlace(),
            Publisher: SilentPublisher(),
        }
    return runtime
