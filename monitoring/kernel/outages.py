"""A fault's beginning and end, each noticed once, however many meet it in between."""

import logging
import threading
import time
from datetime import UTC, datetime

logger = logging.getLogger(__name__)

QUIET_S = 4.0


class Outage:
    """Whether something fails, in this process, since when and why. Any thread may call it."""

    def __init__(self, *, began: str, ended: str) -> None:
        self.began, self.ended = began, ended
        self.since: datetime | None = None
        self.error = ""
        self._failed_at = 0.0
        self._lock = threading.Lock()

    def begin(self, error: Exception | str) -> None:
        """It fails; logged only if it did not fail before."""
        with self._lock:
            self.error = str(error)
            self._failed_at = time.monotonic()
            if self.since is None:
                self.since = datetime.now(UTC)
                logger.error(self.began, extra={"error": self.error})

    def end_if_quiet(self) -> None:
        """It seems to work, and has not failed for a while: so nobody tried, or would have said so."""
        if self.since is not None and time.monotonic() - self._failed_at > QUIET_S:
            self.end()

    def end(self) -> None:
        """It works; logged only if it failed before."""
        if self.since is None:
            return
        with self._lock:
            if self.since is not None:
                lasted = datetime.now(UTC) - self.since
                self.since, self.error = None, ""
                logger.info(self.ended, extra={"lasted_s": round(lasted.total_seconds(), 1)})


database = Outage(began="database away", ended="database back")
storing = Outage(began="readings can't be stored", ended="readings are stored again")
keeping = Outage(began="readings can't even be kept on disk", ended="readings are taken again")
