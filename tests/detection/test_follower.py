"""The stored measurements as the source of detection, followed page by page."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from monitoring.database import leases
from monitoring.detection import detection_runner, shard_process
from monitoring.detection import follower as following
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.follower import Follower
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.lease_names import DETECTION
from monitoring.live.changes import make_watch, newest_id
from monitoring.models import DetectorState, Event, Lease

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = "agitator_rpm"
STUCK = [400.0 + place * 37 % 11 for place in range(300)] + [444.0] * 60

pytestmark = pytest.mark.django_db


def store(values: list[float], first: int = 0) -> None:
    """Stores a reading a second, the first of them so many seconds after noon."""
    ingest_readings(
        [
            {"timestamp": (NOON + timedelta(seconds=first + place)).isoformat(), "tag": TAG, "value": value}
            for place, value in enumerate(values)
        ],
        now=NOON + timedelta(days=1),
    )


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAGE", 50)


@pytest.fixture
def follower() -> Iterator[Follower]:
    follower = Follower()
    yield follower
    follower.leave()


def work_off(follower: Follower) -> int:
    """Steps until nothing is left; how many there were."""
    steps = 1
    while follower.step_safely():
        steps += 1
    return steps


def stuck() -> list[bool]:
    """Whether each event of a stuck sensor is over, oldest first."""
    return [row.end is not None for row in Event.objects.filter(detector="stuck").order_by("start")]


def test_it_follows_what_is_stored_page_by_page(follower: Follower) -> None:
    store(STUCK)
    assert work_off(follower) == 8
    assert stuck() == [False]
    store([400.0, 410.0, 403.0], first=400)
    follower.watch = make_watch()  # the test writes through the follower's own connection
    work_off(follower)
    assert stuck() == [True]


def test_a_second_one_stands_by_until_the_first_leaves(follower: Follower) -> None:
    store(STUCK)
    work_off(follower)
    other = Follower()
    assert not other.step()
    assert other.runner is None
    follower.leave()
    other.step()
    assert other.runner is not None
    assert other.runner.position == newest_id()
    other.leave()


def test_who_lost_the_lease_stands_by_without_a_word(
    follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    store(STUCK)
    follower.step()
    Lease.objects.filter(source=DETECTION).update(owner="another", position=0)
    work_off(follower)
    assert follower.runner is None
    assert not caplog.records


def test_a_database_that_fails_is_told_once_and_nothing_is_lost(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("disk I/O error")

    caplog.set_level("INFO")
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    store(STUCK)
    with monkeypatch.context() as broken:
        broken.setattr(detection_runner, "write_events", refuse)
        for _ in range(20):
            follower.step_safely()
    work_off(follower)
    assert stuck() == [False]
    assert caplog.text.count("can't be judged") == caplog.text.count("are judged again") == 1


def test_another_database_in_this_ones_place_is_judged_from_its_beginning(follower: Follower) -> None:
    store(STUCK)
    work_off(follower)
    assert follower.runner
    follower.runner.position = newest_id() + 1000
    work_off(follower)
    assert follower.runner is None
    follower.step()
    assert follower.runner is not None


def test_a_run_ends_when_asked_to_saves_all_and_gives_the_lease_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    store(STUCK)
    asked = iter([False] * 8 + [True] * 10)
    shard_process.run(should_stop=lambda: next(asked))
    assert DetectorState.objects.get().position == leases.position_of(DETECTION) == newest_id()
    assert Lease.objects.get(source=DETECTION).owner == ""


def test_it_looks_for_silence_only_when_all_is_judged(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    monkeypatch.setattr(
        DetectionRunner, "check_silence", lambda runner, now: looked_at.append(runner.position)
    )
    store(STUCK)
    work_off(follower)
    assert looked_at == [newest_id()]


def test_with_nothing_new_nothing_is_written(follower: Follower, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection_runner, "RENEWED_AFTER_S", 600)
    store(STUCK[:50])
    work_off(follower)
    before = Lease.objects.get(source=DETECTION)
    work_off(follower)
    assert Lease.objects.get(source=DETECTION).renewed_at == before.renewed_at
