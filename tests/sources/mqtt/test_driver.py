"""The driver against a real broker: what arrives, what is acknowledged, what is malformed."""

import asyncio
import threading
import time

import psutil
import pytest

from monitoring.models import Quality
from monitoring.sources.config import MappingRule
from monitoring.sources.mqtt import driver, link
from monitoring.sources.session import Malformed, Sample, SourceError
from tests.own_mosquitto import Mosquitto
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of, received, running, until

DAY_US = 86_400_000_000


def stamped(value: object, time_us: int) -> tuple[str, str]:
    return "json/od", f'{{"value": {value}, "time": {time_us}}}'


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_values_arrive_with_their_times(broker: Mosquitto, version):
    session = FakeSession(config_of(broker.port, version=version))

    async def go():
        async with running(session):
            await asyncio.to_thread(broker.publish, ("plant/temp", "21.5"), stamped(0.25, 1769860800123456))
            await until(lambda: len(session.samples) == 2)

    before_us = time.time_ns() // 1000
    asyncio.run(go())
    first, second = session.samples
    assert (first.tag, first.value) == ("temp", 21.5)
    assert before_us < first.time_us < time.time_ns() // 1000
    assert second == Sample("od", 1769860800123456, 0.25)


def test_all_arrive_in_order_though_few_are_in_flight(broker: Mosquitto):
    values = [float(number) for number in range(3_000)]
    asyncio.run(received(FakeSession(config_of(broker.port)), 0))
    broker.publish(*(("plant/temp", str(value)) for value in values))
    session = FakeSession(config_of(broker.port))
    assert asyncio.run(received(session, len(values))) == values
    times = [sample.time_us for sample in session.samples]
    assert times == sorted(set(times))


def test_messages_that_are_not_stored_come_again(broker: Mosquitto):
    values = [1.0, 2.0, 3.0, 4.0]
    first, second, third = (FakeSession(config_of(broker.port), holds=True) for _ in range(3))

    async def go():
        async with running(first):
            await asyncio.to_thread(broker.publish, *(("plant/temp", str(value)) for value in values))
            await until(lambda: len(first.samples) == len(values))
        await received(second, len(values))
        # The first connection has ended: its numbers of messages mean others now.
        for on_stored in first.waiting:
            on_stored()
        third.holds = False
        await received(third, len(values))
        # By the time it has this one, the broker has read all acknowledgements.
        await asyncio.to_thread(broker.publish, ("plant/temp", "5"))
        last = FakeSession(config_of(broker.port))
        await received(last, 1)
        return last

    last = asyncio.run(go())
    for session in (first, second, third):
        assert [sample.value for sample in session.samples] == values
    assert [sample.value for sample in last.samples] == [5.0]  # those of the third are acknowledged


def test_a_full_queue_lets_the_broker_wait(broker: Mosquitto):
    session = FakeSession(config_of(broker.port), is_full=True)

    async def go():
        async with running(session):
            await asyncio.to_thread(broker.publish, *(("plant/temp", str(value)) for value in range(2_500)))
            await asyncio.sleep(0.2)
            assert session.samples == []
            session.is_full = False
            await until(lambda: len(session.samples) == 2_500)

    asyncio.run(go())
    assert [sample.value for sample in session.samples] == [float(value) for value in range(2_500)]


HUGE = b"9" * 20_000_000


def test_each_malformed_message_is_one_rejection(broker: Mosquitto):
    """Without version 5, which keeps the large one away."""
    bad = [b"\xff\x00\xfe", b"nan", b"[" * 100_000, b"soon", b"1_000", HUGE, b'{"value": 1, "time": "x"}']
    rules = [MappingRule(f"bad/{place}", f"bad{place}") for place in range(len(bad))]
    rules[2] = MappingRule("bad/2", "bad2", "/value")
    rules[6] = MappingRule("bad/6", "bad6", "/value", "/time", "us")
    good = MappingRule("good", "good")
    config = config_of(broker.port, good, *rules, version="3.1.1")
    session = FakeSession(config)

    async def go():
        async with running(session):
            messages: list[tuple[str, str | bytes]] = [("good", "0")]
            for place, payload in enumerate(bad):
                messages += [(f"bad/{place}", payload), ("good", str(place + 1))]
            await asyncio.to_thread(broker.publish, *messages)
            await until(lambda: len(session.samples) == len(bad) + 1)
        # By the time it has this one, the broker has read all acknowledgements.
        await asyncio.to_thread(broker.publish, ("good", "99"))
        again = FakeSession(config)
        await received(again, 1)
        return again

    again = asyncio.run(go())
    assert [sample.value for sample in session.samples] == [float(number) for number in range(len(bad) + 1)]
    assert [each.tag for each in session.malformed] == [f"bad{place}" for place in range(len(bad))]
    assert all(len(each.raw) <= 200 and "\0" not in each.raw for each in session.malformed)
    words = (
        "binary",
        "nan",
        "not JSON",
        "Expected a number",
        "Expected a number",
        "20000000 bytes",
        "number",
    )
    for each, word in zip(session.malformed, words, strict=True):
        assert word in each.message
    assert [(tag, quality, word) for tag, quality, _, _, word in session.qualities if quality] == [
        ("bad1", Quality.BAD, "nan")
    ]
    assert [sample.value for sample in again.samples] == [99.0]  # all are acknowledged
    assert again.malformed == []


def test_version_5_keeps_large_messages_away(broker: Mosquitto):
    session = FakeSession(config_of(broker.port))

    async def go():
        async with running(session):
            await asyncio.to_thread(broker.publish, ("plant/a", "1"), ("plant/b", HUGE), ("plant/c", "3"))
            await until(lambda: len(session.samples) == 2)

    asyncio.run(go())
    assert [sample.value for sample in session.samples] == [1.0, 3.0]
    assert session.malformed == []


def test_retained_messages_need_a_time_of_their_own(broker: Mosquitto):
    broker.publish(("plant/temp", "21.5"), stamped(0.25, DAY_US), retain=True)
    session = FakeSession(config_of(broker.port))

    async def go():
        async with running(session):
            await asyncio.to_thread(broker.publish, ("plant/ph", "7"))
            await until(lambda: len(session.samples) == 2)

    asyncio.run(go())
    assert sorted((sample.tag, sample.value) for sample in session.samples) == [("od", 0.25), ("ph", 7.0)]


def test_topics_without_a_rule_are_shown(broker: Mosquitto):
    session = FakeSession(config_of(broker.port, filters="other/#"))

    async def go():
        async with running(session):
            await asyncio.to_thread(
                broker.publish,
                ("other/tank/temp", "20"),
                ("other/probe", '{"ph": 7.0, "timestamp": "2026-01-31T12:00:00Z"}'),
            )
            await until(lambda: len(session.points) == 2)

    asyncio.run(go())
    assert session.points["other/tank/temp"] == "20"
    assert session.suggestions["other/tank/temp"]["tag"] == "tank.temp"
    assert session.suggestions["other/probe#/ph"] == {
        "tag": "other.probe.ph",
        "value_pointer": "/ph",
        "time_pointer": "/timestamp",
        "time_format": "iso",
    }
    assert session.malformed == []


def test_a_last_will_is_bad_quality(broker: Mosquitto, monkeypatch):
    monkeypatch.setattr(driver, "TICK_S", 0.05)
    fields = {"availability_topic": "plant/{device}/status"}
    rule = MappingRule("plant/{device}/{name}", "{device}.{name}")
    session = FakeSession(config_of(broker.port, rule, **fields))

    async def go():
        async with running(session):
            await asyncio.to_thread(
                broker.publish,
                ("plant/a/status", "online"),
                ("plant/a/temp", "20"),
                ("plant/b/temp", "30"),
                ("plant/a/status", "offline"),
            )
            await until(lambda: any(quality for _, quality, *_ in session.qualities))
            before = session.confirmed  # 0, unless a tick came between online and offline
            await asyncio.sleep(0.2)
            assert session.confirmed == before
            await asyncio.to_thread(broker.publish, ("plant/a/status", "online"), ("plant/a/temp", "21"))
            await until(lambda: session.confirmed > before and len(session.samples) == 3)

    asyncio.run(go())
    assert [(tag, quality, word) for tag, quality, _, _, word in session.qualities] == [
        ("a.temp", None, ""),
        ("b.temp", None, ""),
        ("a.temp", Quality.BAD, "offline"),
        ("a.temp", None, ""),
    ]


def test_the_clock_of_fresh_messages_is_compared(broker: Mosquitto):
    session = FakeSession(config_of(broker.port))

    async def go():
        async with running(session):
            while not session.offsets:
                ahead_us = time.time_ns() // 1000 + 60_000_000
                await asyncio.to_thread(broker.publish, stamped(1, ahead_us))

    asyncio.run(asyncio.wait_for(go(), 30))
    assert 50_000 < session.offsets[0] <= 60_001


def test_a_run_leaves_no_thread_and_no_socket(broker: Mosquitto):
    async def go():
        for _ in range(5):
            await received(FakeSession(config_of(broker.port)), 0)
        task = asyncio.create_task(driver.run(FakeSession(config_of(broker.port))))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        names = [thread.name for thread in threading.enumerate()]
        return names, psutil.Process().net_connections()

    names, sockets = asyncio.run(go())
    assert not [name for name in names if "paho" in name]
    assert not [each for each in sockets if each.raddr and each.raddr.port == broker.port]


def test_messages_of_qos_0_beyond_the_limit_are_a_gap(broker: Mosquitto, monkeypatch):
    monkeypatch.setattr(link, "MOST_WAITING", 10)
    monkeypatch.setattr(link, "WAIT_FOR_ROOM_S", 0.1)
    session = FakeSession(config_of(broker.port), is_full=True)

    async def go():
        async with running(session):
            count = driver.AT_ONCE + 100
            await asyncio.to_thread(broker.publish, *(("plant/a", "1") for _ in range(count)), qos=0)
            await asyncio.sleep(0.5)
            session.is_full = False
            await until(lambda: session.gaps and session.samples)  # the gap may have been told before

    asyncio.run(go())
    begin_us, end_us, reason, *_ = session.gaps[0]
    assert begin_us < end_us
    assert "QoS 0" in reason
    assert 0 < len(session.samples) < driver.AT_ONCE + 100


def test_a_message_that_cannot_be_a_value_is_acknowledged(broker: Mosquitto):
    """An empty one deletes a retained message; a topic that no rule takes is shown."""
    config = config_of(broker.port, filters="other/#")
    session = FakeSession(config)

    async def go():
        async with running(session):
            await asyncio.to_thread(broker.publish, ("plant/a", ""), ("other/b", "1"))
            await until(lambda: session.points)
        return await received(FakeSession(config), 0)

    assert asyncio.run(go()) == []
    assert session.samples == []
    assert session.malformed == []


def test_a_wrong_host_or_a_closed_port_is_named(broker: Mosquitto):
    port = broker.port
    broker.kill()
    session = FakeSession(config_of(port))
    with pytest.raises(SourceError, match=r"127\.0\.0\.1 port .* Is the broker running"):
        asyncio.run(driver.run(session))


def test_items_have_the_types_of_the_contract(broker: Mosquitto):
    session = FakeSession(config_of(broker.port, MappingRule("a", "a")))

    async def go():
        async with running(session):
            await asyncio.to_thread(broker.publish, ("a", "x"))
            await until(lambda: session.malformed)

    asyncio.run(go())
    assert session.malformed == [Malformed("a", "x", session.malformed[0].message)]
    assert "on=1, off=0" in session.malformed[0].message
