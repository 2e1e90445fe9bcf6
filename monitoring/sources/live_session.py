"""The session of a running driver: enqueues samples, and gathers all else until the collector writes it."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from monitoring.kernel.clock import current_micros
from monitoring.models import Quality
from monitoring.sources.config import SourceConfig
from monitoring.sources.gaps import LONGEST_REASON, Gap
from monitoring.sources.holding import HeldValues
from monitoring.sources.points import PointRegister, SeenPoint
from monitoring.sources.quality import LONGEST_WORD, QualityChange, QualityLog
from monitoring.sources.quality_spans import Label
from monitoring.sources.sample_queue import Entry, SampleQueue
from monitoring.sources.session import Malformed, Sample, State
from monitoring.sources.status import StatusFigures, StatusMeter

logger = logging.getLogger(__name__)

PUT_AT_ONCE = 1_000
LOOK_S = 0.02
MOST_CHANGES = 20_000  # of quality, and gaps, that wait for the database

Queue = SampleQueue["LiveSession"]
Newest = Callable[[int, Sequence[str]], Awaitable[dict[str, int]]]  # of a source


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """All that a driver has told since the last record, to be written in one transaction."""

    source: int
    figures: StatusFigures
    changes: Sequence[QualityChange] = ()
    gaps: Sequence[Gap] = ()
    points: Sequence[SeenPoint] = ()
    fed: frozenset[str] = frozenset()  # tags that got their first value of the source


class SourceLog:
    """The unwritten records of one source, for as long as this process holds the lease."""

    def __init__(self, source: int, known_points: Sequence[str] = ()) -> None:
        self.source = source
        self.lock = threading.RLock()
        self.meter = StatusMeter()
        self.points = PointRegister(known_points)
        self.changes: list[QualityChange] = []
        self.gaps: list[Gap] = []
        self.fed: set[str] = set()
        self._new_fed: set[str] = set()

    def feed(self, tags: set[str]) -> None:
        """Note tags that have got values of the source."""
        with self.lock:
            self._new_fed |= tags - self.fed
            self.fed |= tags

    @property
    def is_urgent(self) -> bool:
        """Return whether more than figures waits to be written."""
        return bool(self.changes or self.gaps)

    def take(self) -> SourceRecord:
        """Return the record to write; ``written`` or ``put_back`` follows."""
        with self.lock:
            changes, self.changes = self.changes, []
            gaps, self.gaps = self.gaps, []
            fed, self._new_fed = self._new_fed, set()
            return SourceRecord(
                self.source, self.meter.figures(), changes, gaps, self.points.take(), frozenset(fed)
            )

    def written(self, record: SourceRecord) -> None:
        """Note that a record is stored."""
        with self.lock:
            self.meter.written(record.figures)

    def put_back(self, record: SourceRecord) -> None:
        """Take back a record that could not be written."""
        with self.lock:
            self.changes = [*record.changes, *self.changes][-MOST_CHANGES:]
            self.gaps = [*record.gaps, *self.gaps][-MOST_CHANGES:]
            self._new_fed |= record.fed
            self.points.put_back(record.points)


class LiveSession:
    """One run of a source's driver; see ``session.Session`` for the methods that a driver calls.

    ``is_open`` while the driver runs; ``is_held`` while this process may store its samples.
    """

    def __init__(self, config: SourceConfig, log: SourceLog, queue: Queue, newest: Newest) -> None:
        self.config = config
        self.log = log
        self.is_open = self.is_held = True
        self._queue, self._newest = queue, newest
        self._held = HeldValues()
        self._qualities = QualityLog()
        self._offered = self._finished = 0
        self._last_receipt_us = 0

    def offer(self, items: Sequence[Sample | Malformed], on_stored: Callable[[], None] | None = None) -> bool:
        """See ``Session``. The last stored or waiting value of each tag is the one to hold."""
        with self.log.lock:
            if not self.is_open:
                return False
            received_us = self._receipt_us(len(items))
            entry = Entry(self, items, received_us, on_stored)
            if not self._queue.offer(entry):
                return False
            self._offered += 1
            self._held.take(timed(items, received_us))
            return True

    def _receipt_us(self, count: int) -> int:
        """Return the time of receipt of the first of some items; each has a microsecond of its own."""
        received_us = max(current_micros(), self._last_receipt_us + 1)
        self._last_receipt_us = received_us + count
        return received_us

    async def put(self, items: Sequence[Sample | Malformed]) -> None:
        """See ``Session``."""
        for start in range(0, len(items), PUT_AT_ONCE):
            part = items[start : start + PUT_AT_ONCE]
            while not self.offer(part):
                await asyncio.sleep(LOOK_S)

    async def flush(self) -> None:
        """See ``Session``."""
        target = self._offered
        while self._finished < target:
            await asyncio.sleep(LOOK_S)

    def quality(
        self,
        tags: Sequence[str],
        quality: Quality | None,
        *,
        time_us: int,
        code: int | None = None,
        word: str = "",
    ) -> None:
        """See ``Session``."""
        label = None if quality is None else Label(quality, code, self._public(word)[:LONGEST_WORD])
        with self.log.lock:
            self.log.changes += self._qualities.add(tags, time_us, label)
            self._held.set_bad(tags, is_bad=quality is Quality.BAD)

    def confirm(self, time_us: int) -> None:
        """See ``Session``."""
        with self.log.lock:
            self.log.meter.confirm(time_us)
            self._held.confirm(time_us)

    def gap(
        self, begin_us: int, end_us: int | None, reason: str, *, tags: Sequence[str] = (), filled: int = 0
    ) -> None:
        """See ``Session``."""
        with self.log.lock:
            reason = self._public(reason)[:LONGEST_REASON]
            self.log.gaps.append(Gap(begin_us, end_us, reason, tuple(tags), filled))

    def seen(self, address: str, raw: str, suggestion: Mapping[str, object] | None = None) -> None:
        """See ``Session``."""
        if address not in self.config.ignored:
            with self.log.lock:
                self.log.points.see(address, raw, current_micros(), suggestion)

    def state(self, state: State, text: str = "") -> None:
        """See ``Session``."""
        with self.log.lock:
            self.log.meter.set_state(state, self._public(text))

    def clock(self, offset_ms: float) -> None:
        """See ``Session``."""
        with self.log.lock:
            self.log.meter.observe_clock(offset_ms)

    def notice(self, key: str, text: str) -> None:
        """See ``Session``."""
        with self.log.lock:
            self.log.meter.notice(key, self._public(text))

    async def newest(self, tags: Sequence[str]) -> dict[str, int]:
        """See ``Session``."""
        return await self._newest(self.log.source, tags)

    def _public(self, text: str) -> str:
        return without_secrets(text, self.config.secrets)

    def hold(self, hold_us: Mapping[str, int]) -> None:
        """Enqueue the values that are held; ``hold_us`` has the grid of each tag whose values are held."""
        with self.log.lock:
            due = self._held.due(hold_us) if self.is_open else []
        if due and self._queue.offer(Entry(self, due, current_micros(), is_held=True)):
            with self.log.lock:
                self._offered += 1

    def forget(self, tags: set[str]) -> None:
        """Hold no value of tags whose last value was rejected."""
        with self.log.lock:
            self._held.forget(tags)

    def finish(self, entries: Sequence[Entry["LiveSession"]]) -> None:
        """Note that entries are stored; call back for those whose driver still runs."""
        self.skip(entries)
        for entry in entries:
            if entry.on_stored is not None and self.is_open:
                try:
                    entry.on_stored()
                except Exception:  # a driver's mistake may not end the thread of all
                    logger.exception("callback of source %s failed", self.config.name)

    def skip(self, entries: Sequence[Entry["LiveSession"]]) -> None:
        """Note that entries are done with, without a callback."""
        with self.log.lock:
            self._finished += len(entries)

    def close(self) -> None:
        """Take no more items: the driver has ended. What is enqueued is still stored."""
        with self.log.lock:
            self.is_open = False

    def lose(self) -> None:
        """Drop all that is enqueued: another process holds the lease."""
        self.close()
        self.is_held = False
        self._queue.drop(self)


def timed(items: Sequence[Sample | Malformed], received_us: int) -> Sequence[tuple[str, int, float]]:
    """Return the samples of items with their times; those without one get the time of receipt.

    Each item has a microsecond of its own, so that values of one tag do not collide.
    """
    return [
        (item.tag, received_us + place if item.time_us is None else item.time_us, item.value)
        for place, item in enumerate(items)
        if isinstance(item, Sample)
    ]


def without_secrets(text: str, secrets: frozenset[str]) -> str:
    """Return a text with each secret blotted out."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text
