"""The contract between the driver of a protocol and the collector.

A driver connects, decodes and maps. The collector owns everything behind that: the lease of the source, the
one write path, statuses, quality spans, gaps, points, and restarts with growing pauses. A driver touches no
table. All methods of a session may be called from any thread, and only enqueue.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from monitoring.models import Quality
from monitoring.sources.config import SourceConfig


class State(StrEnum):
    """The state of a source as people see it."""

    OFF = "off"
    STANDBY = "standby"  # no collector runs, or none holds the lease yet
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"  # the last attempt failed; the next one comes by itself


class SourceError(Exception):
    """A connection that failed or ended. The message names the fault and the remedy, without secrets."""


class Sample(NamedTuple):
    """A value for a tag, scaled; ``time_us`` is in microseconds since 1970, None for the time of receipt.

    The driver of a source that uses receive time gives None, or times by the server's clock: values that were
    queued at the source keep their distances.
    """

    tag: str
    time_us: int | None
    value: float


class Malformed(NamedTuple):
    """A message without a usable value, remembered as a rejection. ``raw`` is cut to 200 bytes."""

    tag: str  # empty if unknown
    raw: str
    message: str


class Session(Protocol):
    """One run of a source's driver, for as long as this process holds the lease."""

    config: SourceConfig

    def offer(self, items: Sequence[Sample | Malformed], on_stored: Callable[[], None] | None = None) -> bool:
        """Enqueue for the writer; return False, and enqueue nothing, if the queue is full.

        The writer calls ``on_stored`` in its thread after the write path has returned: all items are
        committed, or safe in the spool, or remembered as rejected. It is not called if that failed; the items
        are then tried again, in order. It is not called after the session has ended, either.
        """
        ...

    async def put(self, items: Sequence[Sample | Malformed]) -> None:
        """Enqueue as ``offer`` does, waiting for room."""
        ...

    async def flush(self) -> None:
        """Wait until all that was enqueued before is stored."""
        ...

    def quality(
        self,
        tags: Sequence[str],
        quality: Quality | None,
        *,
        time_us: int,
        code: int | None = None,
        word: str = "",
    ) -> None:
        """Begin a span of that quality for each tag at a time, which ends the open one; None: good again."""
        ...

    def confirm(self, time_us: int) -> None:
        """Record that the source was alive at a time, and that values not sent were unchanged."""
        ...

    def gap(
        self, begin_us: int, end_us: int | None, reason: str, *, tags: Sequence[str] = (), filled: int = 0
    ) -> None:
        """Record a span whose readings are missing or may be; without tags, of all tags of the source."""
        ...

    def seen(self, address: str, raw: str, suggestion: Mapping[str, object] | None = None) -> None:
        """Record a value of an address that no rule maps."""
        ...

    def state(self, state: State, text: str = "") -> None:
        """Tell the state of the connection."""
        ...

    def clock(self, offset_ms: float) -> None:
        """Record one observation: source time of a fresh value minus time of receipt."""
        ...

    def notice(self, key: str, text: str) -> None:
        """Show a sentence to people until it is withdrawn by an empty text."""
        ...

    async def newest(self, tags: Sequence[str]) -> dict[str, int]:
        """Return the time of the newest stored measurement of each tag that has one.

        Without tags: of each tag that the source has given values to.
        """
        ...


class Driver(Protocol):
    """The function ``run`` of a module ``sources/<protocol>/driver.py``."""

    async def __call__(self, session: Session) -> None:
        """Connect, and feed the session until cancelled.

        The collector calls ``run`` again after a pause (1, 1, 1, 2, 4 ... 10 s) whenever this raises, and
        cancels the run when the source changes or the lease is lost. Cancelled, a driver ends within 3 s and
        leaves no thread, task or socket.

        Raises:
            SourceError: the connection failed or ended.
        """
        ...


class Step(NamedTuple):
    """A step of a connection test; ``is_done`` is None while it runs."""

    name: str
    is_done: bool | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """An address that discovery found. ``suggestion`` has keys as in ``models.SourcePoint``."""

    address: str
    raw: str = ""
    suggestion: Mapping[str, object] = field(default_factory=dict)
    children: int = 0  # of a folder in a tree that can be browsed


class Probe(Protocol):
    """The functions of a module ``sources/<protocol>/probe.py``."""

    def check_connection(self, config: SourceConfig) -> AsyncIterator[Step]:
        """Yield the steps of a connection test, in words; end at the first one that fails. Raise nothing."""
        ...

    def discover(self, config: SourceConfig, parameters: Mapping[str, object]) -> AsyncIterator[Point]:
        """Yield points that the source offers, at most 5,000.

        Raises:
            SourceError: the connection failed.
        """
        ...
