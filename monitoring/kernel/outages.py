"""Outages: log the beginning and the end of a fault once, however many threads notice the fault."""

import logging
import threading
import time
from datetime import UTC, datetime

from monitoring.kernel.runtime import part

logger = logging.getLogger(__name__)

QUIET_S = 4.0


class Outage:
    """Whether an operation fails in this process, since when and why. Thread-safe."""

    def __init__(self, *, began: str, ended: str) -> None:
        self.began, self.ended = began, ended
        self.since: datetime | None = None
        self.error = ""
        self._failed_at = 0.0
        self._lock = threading.Lock()

    def begin(self, error: Exception | str) -> None:
        """Record a failure; log only the first one of an outage."""
        with self._lock:
            self.error = str(error)
            self._failed_at = time.monotonic()
            if self.since is None:
                self.since = datetime.now(UTC)
                logger.error(self.began, extra={"error": self.error})

    def failed_within(self, duration_s: float) -> bool:
        """Return whether the outage lasts and a failure was recorded in so many seconds before now."""
        return self.since is not None and time.monotonic() - self._failed_at < duration_s

    def end_if_quiet(self) -> None:
        """End the outage if no failure was recorded for ``QUIET_S`` seconds."""
        if self.since is not None and time.monotonic() - self._failed_at > QUIET_S:
            self.end()

    def end(self) -> None:
        """Record a success; log only the end of an outage."""
        if self.since is None:
            return
        with self._lock:
            if self.since is not None:
                lasted = datetime.now(UTC) - self.since
                self.since, self.error = None, ""
                logger.info(self.ended, extra={"lasted_s": round(lasted.total_seconds(), 1)})


class Outages:
    """The outages that several rooms of this process report and read."""

    def __init__(self) -> None:
        self.database = Outage(began="database away", ended="database back")
        self.storing = Outage(began="readings can't be stored", ended="readings are stored again")
        self.keeping = Outage(began="readings can't even be kept on disk", ended="readings are taken again")


def outages() -> Outages:
    """Return the outages of this process."""
    return part(Outages)
