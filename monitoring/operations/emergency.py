"""Report from the web process that nobody else can: the worker is silent, or the database is away.

Once per outage and machine, and once more when it is over. The file that says so needs no database.
"""

import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from monitoring.kernel.runtime import part
from monitoring.operations.health import HealthProbes, seconds_since
from monitoring.operations.heartbeat import Post, post_text

logger = logging.getLogger(__name__)

LOOK_S = 10.0
SILENT_S = 30.0
CONFIRM_S = 8.0  # a second look confirms the first


def current_emergency(now: datetime) -> str:
    """Return the trouble in words, empty if there is none. A worker that has never run is none."""
    seen = part(HealthProbes).look(now, queued=lambda: 0)
    if seen.database == "away":
        return f"The database is away ({seen.error}). Readings that come in are kept safe on disk."
    age = seconds_since(seen.lease.renewed_at if seen.lease else None, now)
    if age is not None and age > SILENT_S:
        return (
            f"The worker was last heard of {age:.0f} s ago: no alarm is evaluated or sent."
            " Start it with 'manage.py qcluster'."
        )
    return ""


class EmergencyWatch:
    """Reports a trouble that lasts, for all web processes of this data directory together."""

    def __init__(
        self,
        url: str,
        flag: Path,
        look: Callable[[datetime], str] = current_emergency,
        send: Post = post_text,
    ) -> None:
        self._url, self._flag, self._look, self._send = url, flag, look, send
        self._since: datetime | None = None

    def step(self, now: datetime) -> None:
        """Look once."""
        trouble = self._look(now)
        if not trouble:
            self._since = None
            self._report_end(now)
            return
        self._since = min(self._since or now, now)  # the clock may have been set back
        if (now - self._since).total_seconds() >= CONFIRM_S:
            self._report(trouble, now)

    def run(self) -> None:
        """Look every few seconds, as long as this process lives."""
        pause = threading.Event()
        while not pause.wait(LOOK_S):
            try:
                self.step(datetime.now(UTC))
            except Exception:
                logger.exception("looking for an emergency failed")

    def _report(self, trouble: str, now: datetime) -> None:
        """Send the trouble unless a process has sent it; the one that makes the file sends."""
        try:
            self._flag.parent.mkdir(parents=True, exist_ok=True)
            with self._flag.open("x") as file:
                file.write(f"{now.isoformat()} {trouble}\n")
        except FileExistsError:
            return
        except OSError as failure:  # better twice than never
            logger.warning("the file of the emergency can't be written", extra={"error": str(failure)})
        if error := self._send(self._url, f"Fermon at {socket.gethostname()}: {trouble}"):
            logger.error("the emergency can't be reported", extra={"error": error, "trouble": trouble})
            self._flag.unlink(missing_ok=True)  # tried again at the next look
        else:
            logger.warning("the emergency was reported", extra={"trouble": trouble})

    def _report_end(self, now: datetime) -> None:
        """Send that the trouble is over; the process that removes the file sends."""
        if not self._flag.exists():
            return
        try:
            self._flag.unlink()
        except FileNotFoundError:
            return
        text = f"Fermon at {socket.gethostname()}: over at {now:%H:%M} UTC. The worker and the database work."
        if error := self._send(self._url, text):
            logger.error("the end of the emergency can't be reported", extra={"error": error})


def start_emergency_watch() -> None:
    """Start the watch of this web process in a thread, if there is an address to report to."""
    if settings.FERMON_EMERGENCY_URL:
        watch = EmergencyWatch(
            settings.FERMON_EMERGENCY_URL, Path(settings.FERMON_DATA_DIR) / "emergency.txt"
        )
        threading.Thread(target=watch.run, name="emergency", daemon=True).start()
