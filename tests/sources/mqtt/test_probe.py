"""Connection test, discovery, listening."""

import asyncio
import sys
import time
from dataclasses import replace

import pytest

from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt.driver import run
from monitoring.sources.mqtt.probe import age_words, check_connection, discover, listen
from monitoring.sources.session import SourceError
from tests.own_mosquitto import Mosquitto
from tests.ports import free_port
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of, running

NO_WAIT = {"seconds": 1}


async def all_of(items) -> list:
    return [item async for item in items]


def test_the_steps_of_a_connection_test(broker: Mosquitto):
    broker.publish(("json/od", '{"value": 1, "time": 1}'), retain=True)
    config = config_of(broker.port, user="u", password="p", allow_plain_password="yes")  # noqa: S106

    async def go():
        async with running(FakeSession(config)) as task:
            steps = await all_of(check_connection(config))
            assert not task.done()  # the running source keeps its session
            return steps

    steps = asyncio.run(go())
    names = ["Name resolved", "Port open", "Login", "Subscribed", "First value", "First value"]
    assert [step.name for step in steps] == names
    assert [step.is_done for step in steps] == [True] * 4 + [None, True]
    assert "user u" in steps[2].text
    assert "retained" in steps[-1].text


def test_the_first_value_has_its_age(broker: Mosquitto):
    config = config_of(broker.port)

    async def publish():
        while True:
            time_us = time.time_ns() // 1000 - 60_000_000
            await asyncio.to_thread(broker.publish, ("json/od", f'{{"value": 1, "time": {time_us}}}'))

    async def go():
        publishing = asyncio.create_task(publish())
        try:
            return await all_of(check_connection(config))
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)

    assert "s behind this server's: compare the clocks" in asyncio.run(go())[-1].text


def test_ages_in_words():
    assert age_words(300_000) == "0.3 s old: the clocks agree"
    assert "ahead of" in age_words(-10_000_000)


def test_a_test_ends_at_the_first_fault():
    steps = asyncio.run(all_of(check_connection(config_of(free_port()))))
    assert [(step.name, step.is_done) for step in steps] == [("Name resolved", True), ("Port open", False)]
    assert "Is the broker running" in steps[-1].text
    (step,) = asyncio.run(all_of(check_connection(config_of(1883, user="u", password="p"))))  # noqa: S106
    assert (step.name, step.is_done) == ("Settings", False)


def test_a_new_source_without_topics_passes_the_test(broker: Mosquitto):
    config = replace(config_of(broker.port), rules=())
    step = asyncio.run(all_of(check_connection(config)))[-1]
    assert (step.name, step.is_done) == ("Subscribed", True)
    assert "Discover" in step.text


def test_a_source_without_topics_is_told(broker: Mosquitto):
    config = config_of(broker.port, MappingRule("a/{", "a"))
    step = asyncio.run(all_of(check_connection(config)))[-1]
    assert (step.name, step.is_done) == ("Subscribed", False)
    assert "topic filters" in step.text
    with pytest.raises(SourceError, match="topic filters"):
        asyncio.run(all_of(listen(config, NO_WAIT)))


def test_discovery_finds_values_and_their_descriptions(broker: Mosquitto):
    broker.publish(
        (
            "homeassistant/sensor/ph/config",
            '{"state_topic": "tank/ph", "unit_of_measurement": "pH"}',
        ),
        ("tank/ph", "7.0"),
        ("tank/doc", '{"a": 1, "b": "text"}'),
        ("tank/text", "hello"),
        retain=True,
    )
    points = asyncio.run(all_of(discover(config_of(broker.port), NO_WAIT)))
    found = {point.address: point for point in points}
    assert set(found) == {"tank/ph", "tank/doc#/a", "tank/text"}
    assert found["tank/doc#/a"].raw == '{"a": 1, "b": "text"}'
    described = [point for point in points if point.suggestion.get("unit") == "pH"]
    assert [point.address for point in described] == ["tank/ph"]


def test_listening_shows_messages_as_they_come(broker: Mosquitto):
    broker.publish(("plant/a", "1"), ("other", "2"), retain=True)
    messages = asyncio.run(all_of(listen(config_of(broker.port), NO_WAIT)))
    assert [(each["address"], each["raw"]) for each in messages] == [("plant/a", "1")]
    assert messages[0]["is_retained"]


def test_a_missing_library_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "monitoring.sources.mqtt.link", None)
    config = config_of(1883)
    (step,) = asyncio.run(all_of(check_connection(config)))
    assert "pip install -r requirements-sources.lock" in step.text
    for act in (lambda: run(FakeSession(config)), lambda: all_of(discover(config, {}))):
        with pytest.raises(SourceError, match="paho-mqtt is not installed"):
            asyncio.run(act())
