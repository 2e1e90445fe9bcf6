"""One connection of the client library: its thread reads, and hands events to the event loop."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import current_micros
from monitoring.sources.mqtt.settings import BrokerSettings
from monitoring.sources.mqtt.wire import Wire
from monitoring.sources.session import SourceError

KEEPALIVE_S = 10
SESSION_EXPIRY_S = 7 * 24 * 3600
MOST_UNACKNOWLEDGED = 1_000
MOST_WAITING = 20_000  # messages, and below bytes
MOST_WAITING_BYTES = 32 * 1024 * 1024
WAIT_FOR_ROOM_S = 5.0
AT_ONCE = 100  # filters of one packet
TAKEN_OVER = 142  # reason code of MQTT 5
PUBACK = 0x40
REFUSALS = {
    132: "The broker does not know MQTT 5: choose version 3.1.1.",
    133: "The broker refuses the client id.",
    134: "The broker refuses the login: check user and password.",
    135: "The broker refuses the login: the user is not authorised.",
    136: "The broker is not available at the moment.",
    138: "The broker has banned this client.",
}


class Message(NamedTuple):
    """A received message. ``mid`` is acknowledged unless ``qos`` is 0."""

    topic: str
    payload: bytes
    qos: int
    mid: int
    is_retained: bool
    is_again: bool
    received_us: int


class Link(Client):
    """A connection that is used once. Methods without a word about threads belong to the event loop.

    ``connected`` has the session's presence, ``ended`` the sentence of the end. ``dropped`` counts messages
    of QoS 0 for which no room was left since ``dropped_us``.
    """

    def __init__(self, settings: BrokerSettings, wire: Wire, *, is_persistent: bool = True) -> None:
        self.settings, self.wire = settings, wire
        self.is_persistent = is_persistent
        self.events = asyncio.get_running_loop()
        self.connected: asyncio.Future[bool] = self.events.create_future()
        self.ended: asyncio.Future[str] = self.events.create_future()
        self.is_taken_over = False
        self.arrived = asyncio.Event()
        self.waiting: deque[Message] = deque()
        self._bytes_in = self._bytes_out = 0  # each is written by one thread
        self.dropped, self.dropped_us = 0, 0
        self._answers: dict[int, asyncio.Future[list[Any]]] = {}
        self._is_told = self._is_overrun = self._is_closing = False
        self._last_us = 0
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=None if settings.is_v5 else not is_persistent,
            protocol=MQTTv5 if settings.is_v5 else MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if settings.user:
            self.username_pw_set(settings.user, settings.password or None)
        self.on_connect = self._connected
        self.on_message = self._received
        self.on_subscribe = self._answered
        self.on_disconnect = self._ended
        self._network: threading.Thread | None = None

    def open(self) -> None:
        """Send CONNECT, and start the thread.

        Raises:
            SourceError: the connection has ended already.
        """
        extra: dict[str, Any] = {}
        if self.settings.is_v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # of the library
            properties.SessionExpiryInterval = SESSION_EXPIRY_S if self.is_persistent else 0
            properties.ReceiveMaximum = MOST_UNACKNOWLEDGED
            properties.MaximumPacketSize = self.settings.largest_bytes
            extra = {"clean_start": not self.is_persistent, "properties": properties}
        try:
            self.connect(self.settings.host, self.settings.port, KEEPALIVE_S, **extra)
        except OSError as error:
            raise SourceError(f"The broker ended the connection: {error}.") from error
        self.loop_start()
        self._network = self._thread

    async def subscribe_to(self, filters: Sequence[str]) -> list[str]:
        """Subscribe with QoS 1; return the filters that the broker refuses.

        Raises:
            SourceError: the connection has ended, or the broker does not answer.
        """
        refused = []
        for some in chunks(filters, AT_ONCE):
            wanted: Any = (
                [(each, SubscribeOptions(qos=1)) for each in some]
                if self.settings.is_v5
                else [(each, 1) for each in some]
            )
            _, mid = self.subscribe(wanted)
            answer = self._answers[mid or 0] = self.events.create_future()
            codes = await self._unless_ended(answer)
            refused += [each for each, code in zip(some, codes, strict=False) if code.is_failure]
        return refused

    async def wait_connected(self) -> bool:
        """Return whether the broker had a session of this client id.

        Raises:
            SourceError: the broker refuses, or does not answer.
        """
        return bool(await self._unless_ended(self.connected))

    def forget(self, filters: Sequence[str]) -> None:
        """Unsubscribe filters, from any thread, without waiting."""
        for some in chunks(filters, AT_ONCE):
            self.unsubscribe(some)

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Acknowledge messages in their order, from any thread; of a connection that has ended, none.

        All in one packet for the queue of the library: a tenth of the time of ``ack`` for each.
        """
        if mids and not self._is_closing and not self.ended.done():
            packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
            self._packet_queue(PUBACK, packets, 0, 0)

    def take(self, most: int) -> list[Message]:
        """Return the messages that wait, oldest first, at most so many."""
        self._is_told = False  # before the look, so that a message that comes after the look tells again
        self.arrived.clear()
        taken: list[Message] = []
        while self.waiting and len(taken) < most:
            message = self.waiting.popleft()
            self._bytes_out += len(message.payload)
            taken.append(message)
        return taken

    async def close(self) -> None:
        """Say goodbye, and end the thread."""
        self._is_closing = True
        self.disconnect()
        try:
            if self._network is not None:
                await asyncio.shield(asyncio.to_thread(self._join, self._network))
        finally:
            self.wire.close()
            self._reset_sockets()

    def _join(self, network: threading.Thread) -> None:
        network.join(1.0)
        self.wire.shut()  # a silent broker takes no goodbye
        network.join(1.0)

    async def _unless_ended(self, answer: "asyncio.Future[Any]") -> Any:
        try:
            async with asyncio.timeout(KEEPALIVE_S):
                await asyncio.wait((answer, self.ended), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise SourceError("The broker does not answer. Does it speak MQTT on this port?") from None
        if answer.done():
            return answer.result()
        raise SourceError(self.ended.result())

    # What follows runs in the thread of the library.

    def _create_socket(self) -> Any:
        return self.wire

    def _thread_main(self) -> None:
        try:
            self.loop_forever()
            self._end("The broker ended the connection.")
        except Exception as error:  # noqa: BLE001  # a thread that ends without a word would be a silent stall
            self._end(f"The MQTT client failed: {type(error).__name__}.")
        finally:
            self._thread = None

    def _connected(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._end(REFUSALS.get(reason.value, f"The broker refuses the connection: {reason}."))
        else:
            self._keepalive = min(self._keepalive, KEEPALIVE_S)  # a broker may ask for less often: not for us
            self._call(settle, self.connected, bool(flags.session_present))

    def _answered(self, _client: Any, _data: Any, mid: int, codes: list[Any], _properties: Any) -> None:
        self._call(self._answer, mid, codes)

    def _answer(self, mid: int, codes: list[Any]) -> None:
        if (answer := self._answers.pop(mid, None)) is not None:
            settle(answer, codes)

    def _ended(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self.is_taken_over = reason.value == TAKEN_OVER
            self._end(f"The broker ended the connection: {reason}.")
        else:
            self._end("The connection to the broker was lost.")

    def _received(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload)
        if self._is_full(len(payload)) and not self._wait_for_room(message.qos, len(payload)):
            return
        self._last_us = max(current_micros(), self._last_us + 1)  # two messages, two times
        self._bytes_in += len(payload)
        self.waiting.append(
            Message(topic, payload, message.qos, message.mid, message.retain, message.dup, self._last_us)
        )
        if not self._is_told:
            self._is_told = True
            self._call(self.arrived.set)

    def _is_full(self, more: int) -> bool:
        if not self.waiting:
            return False
        return (
            len(self.waiting) >= MOST_WAITING or self._bytes_in - self._bytes_out + more > MOST_WAITING_BYTES
        )

    def _wait_for_room(self, qos: int, size: int) -> bool:
        """Stop reading for a while, so that the broker waits; then drop messages of QoS 0.

        A message of QoS 1 that is not taken comes again with the next connection.
        """
        until = time.monotonic() + WAIT_FOR_ROOM_S
        while self._is_full(size):
            if self._is_overrun or self._is_closing or time.monotonic() > until:
                self._drop(qos)
                return False
            time.sleep(0.01)
        self._is_overrun = False
        return True

    def _drop(self, qos: int) -> None:
        self._is_overrun = True
        if qos:
            self._end("More messages came than can be stored; the broker will send the rest again.")
            return
        self.dropped_us = self.dropped_us or current_micros()
        self.dropped += 1

    def _end(self, text: str) -> None:
        self._call(settle, self.ended, text)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the event loop has ended
            self.events.call_soon_threadsafe(function, *arguments)


def settle(future: "asyncio.Future[Any]", result: object) -> None:
    """Set the result of a future that may have one already."""
    if not future.done():
        future.set_result(result)
