"""The hand-over of messages from the thread of the library to the event loop."""

import asyncio
import socket
import threading
import time
from collections import deque

from paho.mqtt.client import MQTTMessage

from monitoring.sources.mqtt.link import Link, Message
from monitoring.sources.mqtt.settings import settings_of
from monitoring.sources.mqtt.wire import Wire
from tests.sources.mqtt.conftest import config_of


def message(number: int) -> MQTTMessage:
    made = MQTTMessage(number % 65_535 + 1, b"plant/temp")
    made.payload = str(number).encode()
    return made


class SlowQueue(deque[Message]):
    """A queue to which other threads take turns before something is appended."""

    def append(self, item: Message) -> None:
        time.sleep(0.0001)
        super().append(item)


def test_no_message_is_left_without_a_word():
    """The event loop takes messages as fast as they come, so that the queue is empty time and again."""
    count = 500

    async def go():
        with socket.socket() as unused:
            link = Link(settings_of(config_of(1883)), Wire(unused))
            link.waiting = SlowQueue()

            def receive() -> None:
                for number in range(count):
                    link._received(None, None, message(number))

            thread = threading.Thread(target=receive)
            thread.start()
            found: list[Message] = []
            while len(found) < count:
                await asyncio.wait_for(link.arrived.wait(), 20)
                while taken := link.take(3):
                    found += taken
            thread.join()
            return found

    found = asyncio.run(go())
    assert [int(each.payload) for each in found] == list(range(count))
    times = [each.received_us for each in found]
    assert times == sorted(set(times))
