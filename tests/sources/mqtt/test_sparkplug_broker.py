"""Sparkplug through a real broker: a node's life, discovery and listening."""

import asyncio
import socket
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from pytest_django import Settings

from monitoring.models import Quality
from monitoring.sources.mqtt.probe import check_connection, discover, listen
from tests.own_mosquitto import Mosquitto
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of, running, until
from tests.sources.mqtt.sparkplug_messages import DOUBLE, INT32, bd_seq, metric, payload

NODE, DEVICE = "spBv1.0/Plant/{}/Edge", "spBv1.0/Plant/{}/Edge/Tank1"
ENG = {"engUnit": "°C", "engLow": 0.0, "engHigh": 150.0}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path):
    """Keep births in a folder of the test's own."""
    settings.FERMON_DATA_DIR = tmp_path


def sparkplug_config(broker: Mosquitto):
    return replace(config_of(broker.port, template="sparkplug"), rules=())


def births() -> list[tuple[str, bytes]]:
    node = payload(bd_seq(7), metric("cpu", 3, INT32, alias=0), seq=0, timestamp=now_ms())
    device = payload(metric("Jacket/T", 20.5, alias=1, properties=ENG), seq=1, timestamp=now_ms())
    return [(NODE.format("NBIRTH"), node), (DEVICE.format("DBIRTH"), device)]


def data(value: float, seq: int, alias: int = 1) -> tuple[str, bytes]:
    values = payload(
        metric(value=value, datatype=DOUBLE, has_type=False, alias=alias), seq=seq, timestamp=now_ms()
    )
    return DEVICE.format("DDATA"), values


def edge_node(broker: Mosquitto) -> Client:
    """Return a connected node whose will is its death."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
    client.will_set(NODE.format("NDEATH"), payload(bd_seq(7), timestamp=now_ms()), qos=1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    return client


def test_a_node_is_born_sends_loses_messages_and_dies(broker: Mosquitto):
    first, second = FakeSession(sparkplug_config(broker)), FakeSession(sparkplug_config(broker))

    async def publish(client: Client, *messages: tuple[str, bytes]) -> None:
        for topic, body in messages:
            await asyncio.to_thread(client.publish(topic, body).wait_for_publish, 30)

    async def go():
        node = await asyncio.to_thread(edge_node, broker)
        try:
            async with running(first):
                await publish(node, *births(), data(21.5, 2), (DEVICE.format("DDATA"), b"\x12\xff"))
                await until(lambda: len(first.malformed) == 1)
            second.stored = dict(first.stored)
            async with running(second):  # aliases are known; number 3 went by meanwhile
                await publish(node, data(23.5, 4))
                await until(lambda: second.samples)
                connected: Any = node.socket()
                connected.shutdown(socket.SHUT_RDWR)  # a power failure: the broker sends the will
                await until(lambda: any(each[1] == Quality.BAD for each in second.qualities))
        finally:
            node.disconnect()
            node.loop_stop()

    asyncio.run(go())
    assert [(each.tag, each.value) for each in first.samples] == [
        ("Edge.cpu", 3.0),
        ("Tank1.Jacket_T", 20.5),
        ("Tank1.Jacket_T", 21.5),
    ]
    assert [(each.tag, each.value) for each in second.samples] == [("Tank1.Jacket_T", 23.5)]
    ((begin_us, end_us, _, tags, _),) = second.gaps
    assert first.samples[-1].time_us == begin_us < end_us == second.samples[0].time_us
    assert set(tags) == {"Edge.cpu", "Tank1.Jacket_T"}
    bad = {(tag, word) for tag, quality, _, _, word in second.qualities if quality == Quality.BAD}
    assert bad == {("Edge.cpu", "offline"), ("Tank1.Jacket_T", "offline")}


METRIC = "spBv1.0/Plant/Edge/Tank1#/Jacket/T"
UNKNOWN = "1.5 of alias 9: its birth is unknown"


def has_birth(points) -> bool:
    """Whether the metric was found with what its birth says of it."""
    return any(point.address == METRIC and point.suggestion for point in points)


def has_all(shown) -> bool:
    """Whether each value that is published was heard."""
    expected = {(METRIC, "20.5"), (METRIC, "21.5"), (DEVICE.format("DDATA"), UNKNOWN)}
    return expected <= {(each["address"], each["raw"]) for each in shown}


async def publish_on(broker: Mosquitto) -> None:
    """Publish births and data again and again, until cancelled."""
    messages = [*births(), data(21.5, 2), data(1.5, 3, alias=9)]
    while True:
        await asyncio.to_thread(broker.publish, *messages, qos=0)
        await asyncio.sleep(0.1)


async def take(items, is_enough=lambda found: False) -> list:
    """Return the items until they are enough, or end."""
    found = []
    async with aclosing(items):
        async for item in items:
            found.append(item)
            if is_enough(found):
                break
    return found


def test_discovery_and_listening_show_metrics(broker: Mosquitto):
    config = sparkplug_config(broker)

    async def go():
        publishing = asyncio.create_task(publish_on(broker))
        try:
            points = await take(discover(config, {"seconds": 50}), has_birth)
            shown = await take(listen(config, {"seconds": 50}), has_all)
            return points, shown, await take(check_connection(config))
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)

    points, shown, steps = asyncio.run(go())
    found = {point.address: point for point in points}
    assert found[METRIC].suggestion == {
        "tag": "Tank1.Jacket_T",
        "unit": "°C",
        "valid_min": 0.0,
        "valid_max": 150.0,
    }
    assert has_all(shown)
    assert "spBv1.0/Plant/" in steps[-1].text
    assert "�" not in steps[-1].text
