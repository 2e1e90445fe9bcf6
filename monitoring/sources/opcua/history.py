"""Fill holes in the measurements of items from the server's history.

The values of an item that come live while its past is being read are kept until then. So the newest stored
value of a tag always tells where its hole begins, also if the connection or this process ends meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asyncua import Client, ua

from monitoring.kernel.clock import SECOND_US, current_micros, from_micros
from monitoring.sources.opcua.items import Change, Item, Reader
from monitoring.sources.opcua.server_info import ServerInfo
from monitoring.sources.opcua.subscription import Subscription
from monitoring.sources.opcua.values import time_of
from monitoring.sources.session import Malformed, Sample, Session

logger = logging.getLogger(__name__)

HOLD_S = 20.0  # after which values go on live while older ones are still being read
VALUES, NODES = 2_000, 50  # an answer: decoding a larger one would hold up other sources
SIMILAR_US = 60 * SECOND_US  # holes that begin within are read together
MARGIN_S = 10
HOUR_US = 3_600 * SECOND_US
LEAST_GAP_US = SECOND_US
WAIT_S, LOOK_S = 3.0, 0.1  # for the first live values
NO_HISTORY = "The connection was interrupted, and the server gives no history of this time."
LOST = "The server dropped values: its queue was full. Choose a shorter publishing interval."
RESTARTED = "The server was not running: its history has no values of this time."
READING = "The connection was interrupted; the server's history is read afterwards."
TOO_OLD = "The interruption was longer than the history that this source reads."


@dataclass(slots=True)
class Hole:
    """A span without values of an item, from the last known value on."""

    item: Item
    begin_us: int
    position_us: int  # up to which values were read
    noticed_us: int | None  # while live; None: the hole ends with the first live value
    reader: Reader
    has_history: bool = True
    filled: int = 0
    silent: tuple[int, int] = (0, 0)  # the longest span between two values

    @property
    def end_us(self) -> int:
        """The end; 0 if no value has come yet that is newer."""
        return self.item.first_us or 0 if self.noticed_us is None else self.noticed_us

    def reach(self, time_us: int) -> None:
        """Note the next value."""
        if time_us - self.position_us > self.silent[1] - self.silent[0]:
            self.silent = self.position_us, time_us
        self.position_us = max(self.position_us, time_us)

    @property
    def missing_from(self) -> int:
        """The last known value: a history that covers all reaches the first live value."""
        return self.position_us if self.has_history else self.begin_us


class HistoryFiller:
    """Reads the past of items, one request after the other, while the subscription goes on."""

    def __init__(
        self,
        client: Client,
        session: Session,
        info: ServerInfo,
        subscription: Subscription,
        fill_hours: float,
    ) -> None:
        self._service, self._session, self._info = client.uaclient.session, session, info
        self._subscription = subscription
        self._longest_us = int(fill_hours * HOUR_US)
        self._clock_us = (info.now_us or current_micros()) - current_micros()
        self._is_supported = fill_hours > 0 and not session.config.uses_receive_time
        self._waiting: list[Hole] = []
        self._wake = asyncio.Event()
        self._began = 0.0
        self._late: tuple[int, int, list[str]] | None = None

    def add(self, holes: Sequence[tuple[Item, int]]) -> None:
        """Add items, each with the time of the last value. Items without a live value yet keep what comes."""
        oldest_us = current_micros() + self._clock_us - self._longest_us
        for item, begin_us in holes:
            reader = item.new_reader()
            reader.last_us = begin_us
            noticed_us = None if item.is_first else current_micros() + self._clock_us
            self._waiting.append(Hole(item, begin_us, max(begin_us, oldest_us), noticed_us, reader))
            if item.is_first and item.held is None:
                item.held = []
        self._wake.set()

    async def run(self) -> None:
        """Fill holes until cancelled. No failure here ends the live subscription."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            holes, self._waiting = self._waiting, []
            await self._fill(holes)

    async def _fill(self, holes: Sequence[Hole]) -> None:
        self._began, self._late = time.monotonic(), None
        self._tell_too_old(holes)
        for chunk in similar(holes, min(self._info.nodes_per_history, NODES)):
            try:
                await self._read(chunk, holes)
            except Exception as error:  # noqa: BLE001 - a failed read leaves a gap, told below
                logger.warning("history of source %s: %s", self._session.config.name, type(error).__name__)
                for hole in chunk:
                    hole.has_history = False
            for hole in chunk:
                await self._subscription.release(hole.item, hole.position_us)
        await self._first_values(holes)
        self._tell_gaps(holes)

    async def _read(self, chunk: Sequence[Hole], holes: Sequence[Hole]) -> None:
        if not self._is_supported:
            for hole in chunk:
                hole.has_history = False
            return
        try:
            rest = chunk
            while rest:
                rest = await self._read_pages(rest, holes)
        except ua.uaerrors.BadTooManyOperations:
            if len(chunk) == 1:
                raise
            middle = len(chunk) // 2
            await self._read(chunk[:middle], holes)
            await self._read(chunk[middle:], holes)

    async def _read_pages(self, chunk: Sequence[Hole], holes: Sequence[Hole]) -> Sequence[Hole]:
        """Read one range of nodes to its end; return those of which the server cut the answer short."""
        details = self._details(chunk)
        pending: list[tuple[Hole, bytes | None]] = [(hole, None) for hole in chunk]
        cut = []
        while pending:
            results = await self._service.history_read(request_of(details, pending))
            later: list[tuple[Hole, bytes | None]] = []
            rows: list[Sample | Malformed] = []
            for (hole, _), result in zip(pending, results, strict=True):
                before_us, values = hole.position_us, values_of(result)
                rows += self._take(hole, values) if values is not None else []
                hole.has_history = values is not None
                if values is not None and result.ContinuationPoint:
                    later.append((hole, result.ContinuationPoint))
                elif len(values or ()) >= details.NumValuesPerNode and hole.position_us > before_us:
                    cut.append(hole)
            if rows:
                await self._session.put(rows)
            await self._release_when_late(holes)
            pending = later
        return cut

    def _details(self, chunk: Sequence[Hole]) -> ua.ReadRawModifiedDetails:
        end_us = current_micros() + self._clock_us + int((HOLD_S + MARGIN_S) * SECOND_US)
        return ua.ReadRawModifiedDetails(
            IsReadModified=False,
            StartTime=from_micros(min(hole.position_us for hole in chunk) + 1),
            EndTime=from_micros(end_us),
            NumValuesPerNode=VALUES // len(chunk),
            ReturnBounds=False,
        )

    def _take(self, hole: Hole, values: Sequence[ua.DataValue]) -> list[Sample | Malformed]:
        """Return the samples of a page; tell the changes of quality."""
        rows: list[Sample | Malformed] = []
        for value in values:
            time_us = time_of(value)
            if time_us is None or time_us <= hole.position_us:
                continue
            hole.reach(time_us)
            for entry in hole.reader.read(value, time_us):
                if not isinstance(entry, Change):
                    rows.append(entry)
                elif hole.item.held is not None:
                    self._session.quality(
                        [entry.tag], entry.quality, time_us=entry.time_us, code=entry.code, word=entry.word
                    )
        hole.filled += len(rows)
        return rows

    async def _release_when_late(self, holes: Sequence[Hole]) -> None:
        """Go on live after a while; a gap stands until the rest of the past is read."""
        if self._late is not None or time.monotonic() - self._began < HOLD_S:
            return
        rest = [hole for hole in holes if hole.item.held is not None]
        if not rest:
            return
        begin_us, end_us = min(hole.position_us for hole in rest), current_micros() + self._clock_us
        self._late = begin_us, end_us, self._tags(rest)
        self._session.gap(begin_us, end_us, READING, tags=self._late[2])
        for hole in rest:
            await self._subscription.release(hole.item, hole.position_us)

    async def _first_values(self, holes: Sequence[Hole]) -> None:
        """Wait for the first live value of each item, which ends its hole."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end and any(hole.item.is_live and hole.item.is_first for hole in holes):
            await asyncio.sleep(LOOK_S)

    def _tell_gaps(self, holes: Sequence[Hole]) -> None:
        if self._late is not None and all(hole.has_history for hole in holes):
            begin_us, end_us, tags = self._late
            self._session.gap(begin_us, end_us, READING, tags=tags, filled=sum(h.filled for h in holes))
        # The subscription covered all items: until the newest value of any, a silent item was unchanged.
        known_us = max((hole.begin_us for hole in holes if hole.noticed_us is None), default=0)
        self._tell_lost(holes, known_us)
        self._tell_restart([hole for hole in holes if hole.has_history], known_us)

    def _tell_lost(self, holes: Sequence[Hole], known_us: int) -> None:
        """Tell the span that no history covers, of items whose value has changed in the span."""
        lost = [hole for hole in holes if is_gap(max(hole.missing_from, known_us), hole.end_us, hole.item)]
        if lost:
            begin_us = max(known_us, min(hole.missing_from for hole in lost))
            reason = LOST if lost[0].noticed_us is not None else NO_HISTORY
            constant = [hole for hole in holes if not hole.has_history]
            self._session.gap(
                begin_us, max(hole.end_us for hole in lost), reason, tags=self._tags([*lost, *constant])
            )

    def _tell_restart(self, holes: Sequence[Hole], known_us: int) -> None:
        """Tell the span in which the server did not run: no item has values there."""
        if not holes or (self._info.started_us or 0) <= known_us:
            return
        begin_us, end_us = max(hole.silent[0] for hole in holes), min(hole.silent[1] for hole in holes)
        if end_us - begin_us > LEAST_GAP_US:
            filled = sum(hole.filled for hole in holes)
            self._session.gap(begin_us, end_us, RESTARTED, tags=self._tags(holes), filled=filled)

    def _tell_too_old(self, holes: Sequence[Hole]) -> None:
        cut = [hole for hole in holes if hole.position_us > hole.begin_us]
        if cut and self._is_supported:
            begin_us = max(hole.begin_us for hole in cut)
            self._session.gap(begin_us, max(hole.position_us for hole in cut), TOO_OLD, tags=self._tags(cut))

    def _tags(self, holes: Sequence[Hole]) -> list[str]:
        """Return the tags of holes; none stands for all tags of the source."""
        tags = {hole.item.tag for hole in holes}
        return sorted(tags) if len(tags) < len(self._subscription.items) else []


def is_gap(begin_us: int, end_us: int, item: Item) -> bool:
    """Return whether values may be missing between two times."""
    return end_us - begin_us > max(LEAST_GAP_US, 1_500 * item.sampling_ms)


def similar(holes: Sequence[Hole], size: int) -> Iterator[Sequence[Hole]]:
    """Yield holes in groups of at most a size that begin at about the same time: a request has one range."""
    chunk: list[Hole] = []
    for hole in sorted(holes, key=lambda each: each.position_us):
        if chunk and (len(chunk) >= size or hole.position_us - chunk[0].position_us > SIMILAR_US):
            yield chunk
            chunk = []
        chunk.append(hole)
    if chunk:
        yield chunk


def request_of(
    details: ua.ReadRawModifiedDetails, pending: Sequence[tuple[Hole, bytes | None]]
) -> ua.HistoryReadParameters:
    """Return a request for the next page of each item."""
    return ua.HistoryReadParameters(
        HistoryReadDetails=details,
        TimestampsToReturn=ua.TimestampsToReturn.Both,
        ReleaseContinuationPoints=False,
        NodesToRead=[
            ua.HistoryReadValueId(NodeId=hole.item.node, ContinuationPoint=point) for hole, point in pending
        ],
    )


def values_of(result: ua.HistoryReadResult) -> Sequence[ua.DataValue] | None:
    """Return the values of an answer; None if the server has no history of the item."""
    if not result.StatusCode.is_good():
        return None
    return getattr(result.HistoryData, "DataValues", None) or ()
