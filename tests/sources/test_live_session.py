"""The session of a driver: times of receipt, callbacks, the end."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from monitoring.models import Quality
from monitoring.sources.config import SourceConfig
from monitoring.sources.live_session import LiveSession, Queue, SourceLog, timed
from monitoring.sources.rounding import columns_of
from monitoring.sources.sample_queue import SampleQueue
from monitoring.sources.session import Malformed, Sample, State

S = 1_000_000


@pytest.fixture
def queue() -> Queue:
    return SampleQueue(100)


async def no_newest(source: int, tags: Sequence[str]) -> dict[str, int]:
    return {}


def session_of(queue: Queue, **fields: Any) -> LiveSession:
    return LiveSession(SourceConfig(1, "plc", "fake", {}, **fields), SourceLog(1), queue, no_newest)


def samples(count: int, time_us: int | None = None) -> list[Sample | Malformed]:
    return [Sample("t", time_us, float(number)) for number in range(count)]


def finish(session: LiveSession, queue: Queue) -> None:
    """Do as the writer does once all is stored."""
    entries = queue.drain()
    session.finish(entries)
    queue.finish(entries)


def test_each_reading_without_a_time_gets_a_microsecond_of_its_own(queue: Queue) -> None:
    session = session_of(queue)
    for _ in range(10):
        assert session.offer(samples(4))
    times = [time for entry in queue.drain() for _, time, _ in timed(entry.items, entry.received_us)]
    assert len(times) == 40
    assert times == sorted(set(times))


def test_a_time_that_the_driver_gives_stays(queue: Queue) -> None:
    session = session_of(queue, uses_receive_time=True)
    session.offer(samples(2, time_us=5))
    (entry,) = queue.drain()
    assert [time for _, time, _ in timed(entry.items, entry.received_us)] == [5, 5]


def test_callbacks_come_while_the_driver_runs_and_not_after(queue: Queue) -> None:
    session, called = session_of(queue), list[str]()
    session.offer(samples(1), lambda: called.append("first"))
    session.offer([], lambda: called.append("nothing to store"))
    finish(session, queue)
    session.offer(samples(1), lambda: called.append("late"))
    session.close()
    finish(session, queue)
    assert called == ["first", "nothing to store"]
    assert not session.offer(samples(1))


def test_a_callback_that_fails_stops_no_other(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    session, called = session_of(queue), list[int]()
    session.offer(samples(1), lambda: called.append(1 // 0))
    session.offer(samples(1), lambda: called.append(2))
    finish(session, queue)
    assert called == [2]
    assert "callback of source plc failed" in caplog.text


def test_a_lost_session_drops_what_waits(queue: Queue) -> None:
    session = session_of(queue)
    session.offer(samples(10))
    session.lose()
    assert queue.items == 0
    assert not session.is_held


def test_put_waits_for_room_and_flush_until_all_is_stored(queue: Queue) -> None:
    session = session_of(queue)

    async def run() -> None:
        session.offer(samples(50))
        waiting = asyncio.create_task(session.put(samples(30)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        finish(session, queue)
        await waiting
        flushing = asyncio.create_task(session.flush())
        await asyncio.sleep(0.05)
        assert not flushing.done()
        finish(session, queue)
        await flushing

    asyncio.run(asyncio.wait_for(run(), 30))


def test_confirmed_values_are_held_until_they_are_bad_or_rejected(queue: Queue) -> None:
    session = session_of(queue)
    session.offer([Sample("t", 1 * S, 5.0), Sample("u", 1 * S, 6.0), Sample("v", 1 * S, 7.0)])
    session.confirm(1 * S)
    session.quality(["u"], Quality.BAD, time_us=2 * S)
    session.forget({"v"})
    session.confirm(12 * S + 1)
    session.hold({"t": 10 * S, "u": 10 * S, "v": 10 * S})
    *_, entry = queue.drain()
    assert entry.is_held
    assert list(entry.items) == [("t", 10 * S + 1, 5.0)]
    session.close()
    session.confirm(60 * S)
    session.hold({"t": 10 * S})
    assert queue.waiting(session) == 4


def test_no_text_has_a_secret_and_ignored_points_are_left_out(queue: Queue) -> None:
    session = session_of(queue, secrets=frozenset({"hunter2"}), ignored=frozenset({"a"}))
    session.seen("a", "1")
    session.seen("b", "1")
    session.state(State.FAILED, "no login with hunter2")
    session.notice("n", "hunter2 is short")
    session.gap(1, 2, "hunter2 was away")
    session.quality(["t"], Quality.BAD, time_us=1, word="hunter2")
    record = session.log.take()
    assert [point.address for point in record.points] == ["b"]
    assert "hunter2" not in repr(record)
    assert "***" in record.figures.error


def test_values_that_no_float_or_time_holds_become_ones_that_validation_rejects() -> None:
    columns = columns_of([("t", 2**70, 10**400), ("t", -(2**70), 1.5)], {})
    assert columns.time_us.tolist() == [2**63 - 1, -(2**63)]
    assert str(columns.value.tolist()) == "[nan, 1.5]"
