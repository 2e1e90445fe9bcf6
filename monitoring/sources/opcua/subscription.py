"""A subscription: items, their notifications, and the watch over both."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence

from asyncua import Client, ua

from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import current_micros
from monitoring.models import Quality
from monitoring.sources.opcua.items import Change, Entry, Item
from monitoring.sources.opcua.server_info import ServerInfo, read_nodes
from monitoring.sources.opcua.values import OVERFLOW, status_word, time_of
from monitoring.sources.session import Malformed, Sample, Session, SourceError

KEEPALIVE_MS, LIFETIME_MS = 3_000, 60_000
DEAD_S = 8.0  # without a message of the server
TICK_S = 0.5
RETRY_S = 10.0  # of nodes that the server does not know (yet)
REREAD_S = 30.0  # of nodes without a notification
FULL_S = 10.0  # for room in the queue of samples
QUEUE_ROOM, LEAST_QUEUE = 5, 10
MOST_NOTIFICATIONS = 500  # a message: decoding a larger one would hold up other sources
MISSED = 2  # re-read values after which an item is made again
MOST_NAMES = 3
# A server without such filters, or a node that can't have one: then it sends changes of value and status.
NO_FILTER = frozenset(
    (
        ua.StatusCodes.BadMonitoredItemFilterUnsupported,
        ua.StatusCodes.BadMonitoredItemFilterInvalid,
        ua.StatusCodes.BadFilterNotAllowed,
        ua.StatusCodes.BadDeadbandFilterInvalid,
    )
)
GONE = frozenset((ua.StatusCodes.BadNodeIdUnknown, ua.StatusCodes.BadNodeIdInvalid))
FULL = "Storing is behind: the values of the last seconds are read again from the server's history."
OnHoles = Callable[[Sequence[tuple[Item, int]]], None]
DECODING = "A message of the server could not be decoded."


def queue_size(publishing_ms: float, sampling_ms: float) -> int:
    """Return the number of values that the server keeps for an item between two messages, with room."""
    return max(LEAST_QUEUE, math.ceil(publishing_ms / max(sampling_ms, 1)) * QUEUE_ROOM)


class Subscription:
    """Items on one server, and what becomes of their values.

    ``on_holes`` gets items with missing values, each with the time of the last value before.
    """

    def __init__(
        self,
        client: Client,
        session: Session,
        info: ServerInfo,
        items: Sequence[Item],
        publishing_ms: int,
        on_holes: OnHoles = lambda holes: None,
    ) -> None:
        self.items = items
        self._by_handle = {item.handle: item for item in items}
        self._service, self._session, self._info = client.uaclient.session, session, info
        self._publishing_ms: float = publishing_ms
        self._margin_us = int(1_000 * max((item.sampling_ms for item in items), default=0))
        self.on_holes = on_holes
        self._id = 0
        self._sequence: int | None = None
        self._error: SourceError | None = None
        self._dead_s = DEAD_S
        self._heard = time.monotonic()
        self._is_storing = False

    async def create(self) -> None:
        """Create the subscription with all items."""
        keepalive = max(1, int(KEEPALIVE_MS // self._publishing_ms))
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=self._publishing_ms,
            RequestedMaxKeepAliveCount=keepalive,
            RequestedLifetimeCount=max(math.ceil(LIFETIME_MS / self._publishing_ms), 3 * keepalive),
            MaxNotificationsPerPublish=MOST_NOTIFICATIONS,
            PublishingEnabled=True,
        )
        found = await self._service.create_subscription(parameters, self._on_publish)
        self._id = found.SubscriptionId
        self._publishing_ms = found.RevisedPublishingInterval or self._publishing_ms
        slowest_s = self._publishing_ms / 1_000 * (found.RevisedMaxKeepAliveCount or keepalive)
        self._dead_s = max(DEAD_S, 2.5 * slowest_s)
        self._heard = time.monotonic()
        await self.add(self.items)

    async def add(self, items: Sequence[Item]) -> None:
        """Ask the server to monitor items; tell people which nodes it does not know."""
        known = [item for item in items if not item.node.is_null()]
        for item in items:
            if item.node.is_null():
                self._refuse(item, ua.StatusCodes.BadNodeIdUnknown)
        for chunk in chunks(known, self._info.items_per_call):
            await self._add_chunk(chunk)
        self._tell_unhealthy()

    async def _add_chunk(self, chunk: Sequence[Item]) -> None:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self._id,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=[self._request(item) for item in chunk],
        )
        for item in chunk:  # its first value may come before the answer
            item.newest_us = max(item.newest_us or 0, item.reader.last_us) or None
            item.is_first, item.first_us = True, None
        without_filter = []
        for item, found in zip(chunk, await self._service.create_monitored_items(parameters), strict=True):
            if found.StatusCode.is_good():
                self._accept(item, found)
            elif item.has_filter and found.StatusCode.value in NO_FILTER:
                item.has_filter = False
                without_filter.append(item)
            else:
                self._refuse(item, found.StatusCode.value)
        if without_filter:
            await self._add_chunk(without_filter)

    def _request(self, item: Item) -> ua.MonitoredItemCreateRequest:
        parameters = ua.MonitoringParameters(
            ClientHandle=item.handle,
            SamplingInterval=item.sampling_ms,
            QueueSize=queue_size(self._publishing_ms, item.sampling_ms),
            DiscardOldest=True,
        )
        if item.has_filter and item.deadband:
            parameters.Filter = ua.DataChangeFilter(
                ua.DataChangeTrigger.StatusValue, ua.DeadbandType.Absolute, item.deadband
            )
        elif item.has_filter:
            parameters.Filter = ua.DataChangeFilter(ua.DataChangeTrigger.StatusValueTimestamp)
        value = ua.ReadValueId(NodeId=item.node, AttributeId=ua.AttributeIds.Value)
        return ua.MonitoredItemCreateRequest(value, ua.MonitoringMode.Reporting, parameters)

    def _accept(self, item: Item, found: ua.MonitoredItemCreateResult) -> None:
        was_late = item.status != 0
        item.server_handle, item.status, item.missed = found.MonitoredItemId, 0, 0
        item.heard = time.monotonic()
        needed = math.ceil(self._publishing_ms / max(found.RevisedSamplingInterval, item.sampling_ms, 1))
        if found.RevisedQueueSize < needed:
            self._session.notice(
                "queue",
                f"The server keeps {found.RevisedQueueSize} of {needed} values of {item.rule.address} between"
                " two messages: choose a shorter publishing interval, or a longer sampling interval.",
            )
        if was_late and item.newest_us is not None:
            self.on_holes([(item, item.newest_us)])

    def _refuse(self, item: Item, status: int) -> None:
        """Note that the server has no such item; values come when a later attempt succeeds."""
        item.server_handle = None
        if item.status != status:
            item.status = status
            change = item.reader.change(Quality.BAD, current_micros(), status, status_word(status))
            self._tell_change(change)

    def _tell_unhealthy(self) -> None:
        refused = [item for item in self.items if not item.is_live]
        if not refused:
            self._session.notice("nodes", "")
            return
        names = ", ".join(item.rule.address for item in refused[:MOST_NAMES])
        more = f" and {len(refused) - MOST_NAMES} more" if len(refused) > MOST_NAMES else ""
        self._session.notice(
            "nodes",
            f"Without values: {names}{more} ({status_word(refused[0].status)})."
            f" Tried again every {RETRY_S:g} s.",
        )

    async def _on_publish(self, result: ua.PublishResult) -> None:
        """Take a message; the library calls this, and asks for the next one afterwards."""
        self._heard = time.monotonic()
        try:
            await self._take(result)
        except SourceError as error:
            self._error = self._error or error
        except Exception as error:
            self._error = SourceError(f"{DECODING} ({type(error).__name__})")
            raise
        finally:
            self._heard = time.monotonic()

    async def _take(self, result: ua.PublishResult) -> None:
        received_us = current_micros()
        values: list[ua.MonitoredItemNotification] = []
        for data in result.NotificationMessage.NotificationData or ():
            if isinstance(data, ua.StatusChangeNotification):
                raise SourceError(ending_text(data.Status.value))
            if isinstance(data, ua.DataChangeNotification):
                values += data.MonitoredItems
        self._check_sequence(result.NotificationMessage, has_data=bool(values))
        await self._store(self._entries(values, received_us))
        if not result.MoreNotifications and not any(item.held is not None for item in self.items):
            # A change is sampled up to one interval later, and then sent with the next message.
            self._session.confirm(received_us - self._margin_us)

    def _check_sequence(self, message: ua.NotificationMessage, *, has_data: bool) -> None:
        """Compare the number of a message with the expected one: a lost message is a hole in all items."""
        if not has_data:
            return
        number = int(message.SequenceNumber)
        if self._sequence is not None and number != self._sequence:
            self.on_holes([(item, item.reader.last_us) for item in self.items if item.reader.last_us])
        self._sequence = number + 1 if number < 0xFFFFFFFF else 1

    def _entries(self, values: Sequence[ua.MonitoredItemNotification], received_us: int) -> list[Entry]:
        """Return what has to be stored; items whose past is being read keep theirs."""
        heard, shift_us = time.monotonic(), self._shift_us(values, received_us)
        found: list[Entry] = []
        overflowed: list[tuple[Item, int]] = []
        fresh_us = 0
        for value in values:
            item = self._by_handle.get(value.ClientHandle)
            if item is None:
                continue
            item.heard, item.missed = heard, 0
            was_first, before_us = item.is_first, item.reader.last_us
            entries = self.read(item, value.Value, received_us, shift_us)
            if not was_first:
                fresh_us = max(fresh_us, time_of(value.Value) or 0)
            status = value.Value.StatusCode
            if status is not None and status.value & OVERFLOW == OVERFLOW:
                overflowed.append((item, before_us))
            found += entries
        if fresh_us:
            self._session.clock((fresh_us - received_us) / 1_000)
        if overflowed:
            self.on_holes(overflowed)
        return found

    def _shift_us(self, values: Sequence[ua.MonitoredItemNotification], received_us: int) -> int | None:
        """Return how far times of the source are moved to become times of receipt; None to leave them."""
        if not self._session.config.uses_receive_time:
            return None
        newest = max((time_of(value.Value) or 0 for value in values), default=0)
        return received_us - newest if newest else 0

    def read(self, item: Item, data: ua.DataValue, received_us: int, shift_us: int | None) -> list[Entry]:
        """Return the entries of a value that have to be stored now."""
        entries = item.reader.read(data, received_us, shift_us)
        if item.is_first:
            item.is_first = False
            item.first_us = next((each.time_us for each in entries if isinstance(each, Sample)), None)
            entries = [each for each in entries if not is_known(each, item)]
        if data.StatusCode is not None and data.StatusCode.value in GONE:
            self._refuse(item, data.StatusCode.value)
        if item.held is None:
            return entries
        item.held += entries
        return []

    async def _store(self, entries: Sequence[Entry]) -> None:
        """Store entries in order.

        Raises:
            SourceError: there was no room for too long; a new connection reads the values from history.
        """
        rows = [each for each in entries if not isinstance(each, Change)]
        for each in entries:
            if isinstance(each, Change):
                self._tell_change(each)
        if not rows or self._session.offer(rows):
            return
        self._is_storing = True
        try:
            await asyncio.wait_for(self._session.put(rows), FULL_S)
        except TimeoutError:
            raise SourceError(FULL) from None
        finally:
            self._is_storing = False

    def _tell_change(self, change: Change) -> None:
        self._session.quality(
            [change.tag], change.quality, time_us=change.time_us, code=change.code, word=change.word
        )

    async def release(self, item: Item, after_us: int) -> None:
        """Store what an item has kept while its past was read, and go on live."""
        while item.held:
            kept, item.held = item.held, []
            for each in kept:
                if isinstance(each, Change):
                    self._tell_change(each)
            rows = [each for each in kept if isinstance(each, Malformed)]
            samples = [each for each in kept if isinstance(each, Sample) and (each.time_us or 0) > after_us]
            await self._session.put([*rows, *samples])
        item.held = None

    async def watch(self) -> None:
        """Watch over connection and items until cancelled.

        Raises:
            SourceError: the server is silent, or has ended the subscription.
        """
        retried = reread = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            self._check_alive()
            now = time.monotonic()
            if now - retried >= RETRY_S:
                await self._retry()
                retried = time.monotonic()
            if now - reread >= REREAD_S / 3:
                await self._reread(now)
                reread = time.monotonic()

    def _check_alive(self) -> None:
        if self._error is not None:
            raise self._error
        if not self._is_storing and time.monotonic() - self._heard > self._dead_s:
            raise SourceError(f"The server has sent nothing for {self._dead_s:g} s.")

    async def _retry(self) -> None:
        refused = [item for item in self.items if not item.is_live]
        if refused:
            await self.add(refused)

    async def _reread(self, now: float) -> None:
        """Read the values of items without notifications: some servers forget items, or their times stand."""
        silent = [item for item in self.items if item.is_live and now - item.heard > REREAD_S]
        forgotten = []
        for chunk in chunks(silent, self._info.nodes_per_read):
            found = await read_nodes(self._service, [item.node for item in chunk])
            received_us, entries = current_micros(), []
            for item, data in zip(chunk, found, strict=True):
                item.heard = time.monotonic()
                before = item.reader.last_us, item.reader.last_value, item.reader.quality
                entries += self.read(item, data, received_us, self._shift_of(data, received_us))
                if before != (item.reader.last_us, item.reader.last_value, item.reader.quality):
                    item.missed += 1
                    forgotten += [item] if item.missed >= MISSED else []
            await self._store(entries)
        if forgotten:
            await self._make_again(forgotten)

    def _shift_of(self, data: ua.DataValue, received_us: int) -> int | None:
        if not self._session.config.uses_receive_time:
            return None
        return received_us - (time_of(data) or received_us)

    async def _make_again(self, items: Sequence[Item]) -> None:
        handles = [item.server_handle for item in items if item.server_handle is not None]
        for chunk in chunks(handles, self._info.items_per_call):
            await self._service.delete_monitored_items(
                ua.DeleteMonitoredItemsParameters(self._id, list(chunk))
            )
        await self.add(items)


def ending_text(status: int) -> str:
    """Return why a subscription ended, in words; the library tells a lost connection as a shutdown."""
    if status == ua.StatusCodes.BadShutdown:
        return "The connection was lost, or the server was shut down."
    return f"The server ended the subscription: {status_word(status)}."


def is_known(entry: Entry, item: Item) -> bool:
    """Return whether the first value of a connection is stored already: it has not changed since."""
    return isinstance(entry, Sample) and (entry.time_us or 0) <= (item.newest_us or 0)
