"""Brokers and drivers that die, fall silent, forget, and get other filters."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt import driver, link
from monitoring.sources.mqtt.driver import filters_of
from monitoring.sources.mqtt.settings import settings_of
from monitoring.sources.mqtt.wire import open_wire
from monitoring.sources.patterns import filter_covers
from monitoring.sources.session import SourceError
from tests.own_mosquitto import FORGETFUL, SAFE, Mosquitto
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of, received, running, until

pytestmark = pytest.mark.no_cover


def stamped(count: int, first_us: int = 1_769_860_800_000_000) -> list[tuple[str, str]]:
    return [("json/od", f'{{"value": {number}, "time": {first_us + number}}}') for number in range(count)]


def connected_once(port: int) -> None:
    """Let the broker know the session of the source."""
    asyncio.run(received(FakeSession(config_of(port)), 0))


def test_a_killed_driver_loses_nothing(broker: Mosquitto, tmp_path):
    connected_once(broker.port)
    broker.publish(*stamped(500))
    words = [sys.executable, "-m", "tests.sources.mqtt.hold_until_killed", str(broker.port), "500"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, env={**os.environ, "FERMON_DATA_DIR": str(tmp_path / "other")}
    ) as process:
        assert process.stdout.readline() == b"received\n"
        process.kill()
    session = FakeSession(config_of(broker.port))
    assert asyncio.run(received(session, 500)) == list(range(500))


def test_a_killed_broker_with_persistence_loses_nothing(tmp_path):
    """But for what came in its last instant: mosquitto saves at the second change, not at the first."""
    broker = Mosquitto(tmp_path / "broker", SAFE)
    broker.start()
    connected_once(broker.port)
    broker.publish(*stamped(210))
    broker.kill()
    broker.start()
    try:
        session = FakeSession(config_of(broker.port), stored={"od": 1})
        assert asyncio.run(received(session, 200))[:200] == list(range(200))
    finally:
        broker.kill()
    assert session.gaps == []
    assert session.notices == {}


def test_a_broker_that_dies_is_noticed_at_once(broker: Mosquitto):
    async def go():
        async with running(FakeSession(config_of(broker.port))) as task:
            broker.kill()
            await asyncio.wait((task,), timeout=20)

    with pytest.raises(SourceError, match="connection to the broker was lost"):
        asyncio.run(go())
    broker.start()
    assert asyncio.run(received(FakeSession(config_of(broker.port)), 0)) == []


def test_a_forgotten_session_is_a_gap(tmp_path):
    broker = Mosquitto(tmp_path / "broker", FORGETFUL)
    broker.start()
    connected_once(broker.port)
    broker.publish(*stamped(10))
    broker.kill()
    broker.start()
    newest_us = time.time_ns() // 1000 - 60_000_000
    session = FakeSession(config_of(broker.port), stored={"od": newest_us, "temp": newest_us - 1})
    fresh = FakeSession(config_of(broker.port, client_id="new"))
    again = FakeSession(config_of(broker.port), stored={"od": newest_us}, notices={driver.LOST_SESSION: "x"})
    try:
        asyncio.run(received(session, 0))
        asyncio.run(received(fresh, 0))
        asyncio.run(received(again, 0))
    finally:
        broker.kill()
    ((begin_us, end_us, reason, tags, filled),) = session.gaps
    assert begin_us == newest_us
    assert abs(end_us - time.time_ns() // 1000) < 60_000_000
    assert "session" in reason
    assert (tags, filled) == ((), 0)
    for setting in (
        "persistence true",
        "autosave_on_changes true",
        "autosave_interval 1",
        "max_queued_messages 0",
    ):
        assert setting in session.notices[driver.LOST_SESSION]
    assert fresh.gaps == []  # nothing was stored yet, so nothing is missing
    assert again.gaps == []
    assert again.notices == {}


def test_a_silent_broker_is_noticed(broker: Mosquitto, monkeypatch):
    """With a tenth of the times: the library asks after 10 s, and the driver waits 4 s for the answer."""
    assert link.KEEPALIVE_S < driver.SILENT_S < 15
    monkeypatch.setattr(link, "KEEPALIVE_S", 1)
    monkeypatch.setattr(driver, "SILENT_S", 1.6)
    monkeypatch.setattr(driver, "TICK_S", 0.1)

    began = time.monotonic()

    async def go():
        async with running(FakeSession(config_of(broker.port))) as task:
            broker.pause()
            await asyncio.wait((task,), timeout=20)

    with pytest.raises(SourceError, match=r"has not answered|was lost"):
        asyncio.run(go())
    assert time.monotonic() - began > 1
    broker.resume()


def test_other_filters_take_effect_in_a_live_session(broker: Mosquitto):
    first = FakeSession(config_of(broker.port, MappingRule("a/{t}", "{t}"), filters="a/#\nc/+/d"))
    config = config_of(broker.port, MappingRule("b/{t}", "{t}"))
    second = FakeSession(config)
    unwanted = [("a/x", "1"), ("a/y/z", "2"), ("c/x/d", "3")]

    async def go():
        await received(first, 0)
        async with running(second):
            await asyncio.to_thread(broker.publish, *unwanted, ("b/x", "4"))
            await until(lambda: second.samples)
        # What the broker has for the session now, without a driver: only what is wanted today.
        await asyncio.to_thread(broker.publish, *unwanted, ("b/x", "5"))
        settings = settings_of(config)
        plain = link.Link(settings, await open_wire(settings))
        try:
            plain.open()
            await plain.wait_connected()
            await until(lambda: plain.waiting)
            await asyncio.sleep(0.2)
            topics = [message.topic for message in plain.waiting]
        finally:
            await plain.close()
        return topics

    assert asyncio.run(go()) == ["b/x"]
    assert [sample.value for sample in second.samples] == [4.0]
    assert second.points == {}


def test_all_filters_that_receive_a_topic_are_found():
    filters = filters_of("a/b/c")
    assert {"a/b/c", "a/+/c", "+/+/+", "#", "a/#", "+/b/#", "a/b/c/#"} <= set(filters)
    assert len(set(filters)) == len(filters)
    assert all(filter_covers(each, "a/b/c") for each in filters)
    assert len(filters_of("/".join("abcdefghijklmnop"))) < 500


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_second_client_with_the_same_id_is_named(broker: Mosquitto, version):
    """Of a broker that only ends the connections."""
    config = config_of(broker.port, version=version, client_id="twin")
    settings = settings_of(config)
    session = FakeSession(config)

    async def die() -> None:
        async with running(session) as task:
            other = link.Link(settings, await open_wire(settings))
            try:
                other.open()
                await other.wait_connected()
                await asyncio.wait((task,), timeout=20)
            finally:
                await other.close()

    for _ in range(driver.MOST_SHORT_LIVES):
        with pytest.raises(SourceError, match=r"lost|ended"):
            asyncio.run(die())
    with pytest.raises(SourceError, match="Another client uses the client id 'twin'"):
        asyncio.run(die())
    assert "twin" in session.notices[driver.TWO_CLIENTS]


CONNACK = b"\x20\x03\x00\x00\x00"


@asynccontextmanager
async def scripted_broker(connack: bytes, subscribed: bytes = b"", after: bytes = b"") -> AsyncIterator[int]:
    """Be a broker of MQTT 5 that sends CONNACK, SUBACK with this code, and these bytes; give its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(connack)
        subscribe = await reader.read(1000)
        writer.write(b"\x90\x04" + subscribe[2:4] + b"\x00" + subscribed + after)
        await reader.read(1000)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def run_against(connack: bytes, subscribed: bytes = b"", after: bytes = b"") -> None:
    async with scripted_broker(connack, subscribed, after) as port:
        await driver.run(FakeSession(config_of(port, MappingRule("a", "a"))))


def test_a_broker_that_says_so_is_believed_at_once():
    with pytest.raises(SourceError, match="Another client uses"):
        asyncio.run(run_against(CONNACK, b"\x01", b"\xe0\x01\x8e"))


def test_a_refused_topic_is_named():
    with pytest.raises(SourceError, match=r"refuses to send a: .* ACL"):
        asyncio.run(run_against(CONNACK, b"\x87"))


def test_a_refused_connection_is_named():
    with pytest.raises(SourceError, match="choose version 3"):
        asyncio.run(run_against(b"\x20\x03\x00\x84\x00"))


def test_a_broker_that_wants_less_pings_gets_them():
    """Else a silent broker would be noticed only after its interval."""

    async def go():
        async with scripted_broker(b"\x20\x06\x00\x00\x03\x13\x00\x3c") as port:  # Server Keep Alive 60
            settings = settings_of(config_of(port))
            connected = link.Link(settings, await open_wire(settings))
            try:
                connected.open()
                await connected.wait_connected()
                return connected.keepalive
            finally:
                await connected.close()

    assert asyncio.run(go()) == link.KEEPALIVE_S
