"""One source that this process runs: its driver, started again with growing pauses."""

import asyncio
import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring.sources.backoff import Backoff
from monitoring.sources.config import SourceConfig
from monitoring.sources.driving import load_driver
from monitoring.sources.live_session import LiveSession, Newest, Queue, SourceLog, without_secrets
from monitoring.sources.session import SourceError, State

logger = logging.getLogger(__name__)

NO_REVISION = -1
RELOADED_S = 10.0  # a secret's file may be there by now
CANCELLED_S = 3.0  # in which a cancelled driver has to end


@dataclass(frozen=True, slots=True)
class Assignment:
    """A source whose lease this process has taken. ``error`` tells why there is no configuration."""

    source: int
    name: str
    revision: int
    config: SourceConfig | None
    error: str = ""
    known_points: Sequence[str] = ()


class SourceRun:
    """Runs the driver of one source until ``stop``."""

    def __init__(self, assignment: Assignment, queue: Queue, newest: Newest) -> None:
        self.assignment = assignment
        self.log = SourceLog(assignment.source, assignment.known_points)
        self.session: LiveSession | None = None
        self._queue, self._newest = queue, newest
        self._assigned_at = time.monotonic()
        self._task = asyncio.create_task(self._drive(), name=f"source {assignment.name}")

    async def change(self, assignment: Assignment) -> None:
        """Start again with another configuration."""
        await self._end_driver()
        self.assignment, self._assigned_at = assignment, time.monotonic()
        self._task = asyncio.create_task(self._drive(), name=f"source {assignment.name}")

    async def stop(self) -> None:
        """End the driver; its enqueued samples are still stored."""
        await self._end_driver()

    async def lose(self) -> None:
        """Drop enqueued samples and end the driver: another process holds the lease."""
        if self.session is not None:
            self.session.lose()
        await self._end_driver()

    @property
    def revision(self) -> int:
        """Return the revision that runs; after a while without a configuration none, to load it again."""
        is_due = self.assignment.config is None and time.monotonic() - self._assigned_at > RELOADED_S
        return NO_REVISION if is_due else self.assignment.revision

    @property
    def is_lost(self) -> bool:
        """Return whether the writer has found that another process holds the lease."""
        return self.session is not None and not self.session.is_held

    def hold(self, hold_us: Mapping[str, int]) -> None:
        """Enqueue values that are held."""
        if self.session is not None:
            self.session.hold(hold_us)

    async def _end_driver(self) -> None:
        self._task.cancel()
        _, pending = await asyncio.wait([self._task], timeout=CANCELLED_S)
        if self.session is not None:
            self.session.close()
        if pending:
            logger.error("driver of source %s did not end within %.0f s", self.assignment.name, CANCELLED_S)

    async def _drive(self) -> None:
        backoff = Backoff()
        while True:
            began = time.monotonic()
            error = await self._run_once()
            self._tell(State.FAILED, error)
            await asyncio.sleep(backoff.next_pause_s(lasted_s=time.monotonic() - began))

    def _tell(self, state: State, text: str = "") -> None:
        with self.log.lock:
            self.log.meter.set_state(state, text)

    async def _run_once(self) -> str:
        """Run the driver until it fails; return why, in words."""
        config = self.assignment.config
        if config is None:
            return self.assignment.error
        self._tell(State.CONNECTING)
        session = self.session = LiveSession(config, self.log, self._queue, self._newest)
        try:
            run = await asyncio.to_thread(load_driver, config.protocol)
            await run(session)
            return "The driver ended by itself. It is started again."
        except SourceError as error:
            return without_secrets(str(error), config.secrets)
        except Exception as error:  # noqa: BLE001 - the fault of one source never ends another
            details = without_secrets(traceback.format_exc(), config.secrets)
            logger.error("source %s failed:\n%s", config.name, details)
            text = f"Unexpected error {type(error).__name__}: {error}. The log has the details."
            return without_secrets(text, config.secrets)
        finally:
            session.close()
