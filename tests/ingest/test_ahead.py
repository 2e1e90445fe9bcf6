"""Readings ahead of time: the detectors wait until their time has come, and judge all others meanwhile."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.detection import detection_runner, monitor_pool
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.shards import WHOLE, read_rows
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.kernel.lease_names import DETECTION
from monitoring.live.changes import newest_id
from monitoring.models import DetectorState, Event, Lease, ReadingAhead

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TEMP = "fermenter_temp"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are saved after a few readings; settings and silence are looked at with each step."""
    monkeypatch.setattr(monitor_pool, "SAVED_AFTER_READINGS", 7)
    for name in ("SETTLED_AFTER_S", "REFRESHED_AFTER_S", "SILENCE_CHECKED_AFTER_S"):
        monkeypatch.setattr(detection_runner, name, 0)


def store(value: float, second: float, *, ahead_s: float = 0) -> None:
    """Stores a reading so many seconds after noon, at a time when it is so far ahead."""
    moment = NOW + second * SECOND
    reading = {"timestamp": moment.isoformat(), "tag": TEMP, "value": value}
    (outcome,) = ingest_readings([reading], source="test", now=moment - ahead_s * SECOND)
    assert not outcome.error


def store_quiet(first: int, last: int, **others: float) -> None:
    """Stores a quiet signal, a reading a second; ``others`` are values at seconds, as in s150=47.0."""
    readings = [
        {
            "timestamp": (NOW + second * SECOND).isoformat(),
            "tag": TEMP,
            "value": others.get(f"s{second}", noise(second)),
        }
        for second in range(first, last)
    ]
    assert not any(outcome.error for outcome in ingest_readings(readings, now=NOW + last * SECOND))


def noise(second: int) -> float:
    """A quiet signal."""
    return round(37 + math.sin(second / 9) * 0.2 + random.Random(second).gauss(0, 0.05), 3)


def begin(now: datetime) -> DetectionRunner:
    """A judge; the one before was killed."""
    Lease.objects.filter(source=DETECTION).update(expires_at=None)
    judge = DetectionRunner.begin(str(now), now=now)
    assert judge
    return judge


def step(judge: DetectionRunner, now: datetime, limit: int = 10_000) -> bool:
    """Judges a page and writes; whether there was one."""
    rows, _ = read_rows(WHOLE, after=judge.position, upto=newest_id(), limit=limit)
    if rows:
        judge.update(rows, rows[-1][0], now=now)
    else:
        judge.check_silence(now)
    judge.commit(now=now, is_caught_up=not rows)
    return bool(rows)


def found() -> list[tuple[Any, ...]]:
    """Detector, start and end of each event, in seconds after noon."""
    rows = Event.objects.order_by("start", "detector")
    return [
        (row.detector, (row.start - NOW) / SECOND, row.end and (row.end - NOW) / SECOND, row.explanation)
        for row in rows
    ]


def test_one_reading_ahead_does_not_silence_the_detectors() -> None:
    """The source's clock was 295 s ahead once; ten seconds later a value jumps."""
    judge = begin(NOW)
    store_quiet(0, 600)
    step(judge, NOW + 600 * SECOND)
    store(37.0, 895, ahead_s=295)
    store_quiet(600, 610)
    step(judge, NOW + 610 * SECOND)
    store_quiet(610, 620, s612=47.0)
    step(judge, NOW + 620 * SECOND)
    assert [(detector, start) for detector, start, *_ in found()] == [("spike", 612)]
    assert ReadingAhead.objects.get().timestamp == NOW + 895 * SECOND


def test_it_is_judged_when_its_time_has_come_and_then_is_no_longer_marked() -> None:
    judge = begin(NOW)
    store_quiet(0, 600)
    store(47.0, 660, ahead_s=60)
    store_quiet(600, 660)
    for second in (600, 659):
        while step(judge, NOW + second * SECOND):
            pass
        assert not found()
    step(judge, NOW + 660 * SECOND)
    assert [(detector, start) for detector, start, *_ in found()] == [("spike", 660)]
    judge.close(now=NOW + 660 * SECOND, until=math.inf)
    assert not ReadingAhead.objects.exists()


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_and_judged_long_after_it_gives_the_same_events(seed: int) -> None:
    """Readings are ahead now and then; what the clock says when they are judged must not matter."""
    rng = random.Random(seed)
    for first, last, ahead, value in ((0, 600, 650, 47.0), (600, 700, 990, 49.5), (700, 800, 801, 30.0)):
        store_quiet(first, last)
        store(value, ahead + 0.5, ahead_s=ahead + 0.5 - last)
    store_quiet(800, 1200, s900=41.0)
    marked = list(ReadingAhead.objects.all())
    after = NOW + timedelta(hours=3)
    judge = begin(after)
    while step(judge, after):
        pass
    expected = found()
    assert [start for _, start, *_ in expected][:2] == [650.5, 801.5]

    for model in (Event, DetectorState, Lease):
        model.objects.all().delete()
    ReadingAhead.objects.all().delete()
    for row in marked:
        row.save(force_insert=True)
    judge = begin(after)
    while step(judge, after, rng.randint(1, 40)):
        if rng.random() < 0.3:
            judge = begin(after)
    step(judge, after)
    assert found() == expected


def test_after_the_servers_own_clock_was_ahead_detection_goes_on() -> None:
    """Three readings are stored at +30 days, as the server's clock said; then it is set right."""
    judge = begin(NOW)
    store_quiet(0, 600)
    step(judge, NOW + 600 * SECOND)
    month = timedelta(days=30)
    for second in range(3):
        store(noise(second), month / SECOND + second)
    step(judge, NOW + month + 3 * SECOND)
    before = Event.objects.count()
    for second in range(600, 900, 50):
        store_quiet(second, second + 50, s850=47.0)
        step(judge, NOW + (second + 50) * SECOND)
    assert ("spike", 850) in [(detector, start) for detector, start, *_ in found()]
    assert Event.objects.count() == before + 1


def test_what_begins_anew_after_the_servers_clock_was_ahead_holds_what_is_ahead() -> None:
    month = timedelta(days=30)
    for second in range(3):
        store(noise(second), month / SECOND + second)
    store_quiet(0, 620, s612=47.0)
    judge = begin(NOW + 620 * SECOND)
    step(judge, NOW + 620 * SECOND)
    judge.close(now=NOW + 620 * SECOND, until=math.inf)
    assert [(detector, start) for detector, start, *_ in found()] == [("spike", 612)]
    assert ReadingAhead.objects.count() == 3
    judge = begin(NOW + month + timedelta(minutes=1))
    step(judge, NOW + month + timedelta(minutes=1))
    state = judge.pool.all_sessions()[0].monitor
    assert state.last_us == to_micros(NOW + month + 2 * SECOND)


def test_a_source_whose_clock_is_always_ahead_is_judged_at_its_own_times() -> None:
    judge = begin(NOW)
    store_quiet(0, 600)
    for second in range(600, 630):
        store(47.0 if second == 612 else noise(second), second, ahead_s=100)
    step(judge, NOW + 611 * SECOND)
    step(judge, NOW + 611 * SECOND)
    assert not found()
    step(judge, NOW + 620 * SECOND)
    assert [(detector, start) for detector, start, *_ in found()] == [("spike", 612)]


def test_within_the_tolerance_nothing_is_ahead() -> None:
    store(37.0, 5, ahead_s=5)
    assert not ReadingAhead.objects.exists()
    store(37.0, 10, ahead_s=5.000001)
    assert ReadingAhead.objects.count() == 1
