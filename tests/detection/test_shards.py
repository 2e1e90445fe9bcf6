"""Detection in shards gives the events of one process, however the tags are divided and shards taken over."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.database import leases
from monitoring.database.leases import LeaseLostError
from monitoring.detection import detection_runner, monitor_pool, shard_process
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.event_store import lock_revisions
from monitoring.detection.shard_process import ShardProcess
from monitoring.detection.shards import LEASE, WHOLE, Shard, is_of_shard, read_rows, take
from monitoring.history.heartbeats import detection_lease, detection_leases, oldest_waiting
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.lease_names import DETECTION_REQUEST
from monitoring.live.changes import newest_id
from monitoring.models import DetectorState, Event, Lease, Tag

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are saved after a few readings; silence is looked for with each step."""
    monkeypatch.setattr(monitor_pool, "SAVED_AFTER_READINGS", 40)
    for name in ("SETTLED_AFTER_S", "SILENCE_CHECKED_AFTER_S"):
        monkeypatch.setattr(detection_runner, name, 0)


@pytest.fixture
def moments() -> Iterator[datetime]:
    """Each so much later that all leases of the one before have expired."""
    return iter(NOON + number * 2 * LEASE for number in range(10_000))


@pytest.fixture
def tags() -> list[Tag]:
    return [Tag.objects.create(name=f"v{number}_temp", valid_min=-100, valid_max=1000) for number in range(6)]


def store(tags: list[Tag], readings: Callable[[int, int], float], seconds: range) -> None:
    """Store a reading a second of each tag, second by second."""
    items = [
        {
            "timestamp": (NOON + second * SECOND).isoformat(),
            "tag": tag.name,
            "value": readings(place, second),
        }
        for second in seconds
        for place, tag in enumerate(tags)
    ]
    assert not any(outcome.error for outcome in ingest_readings(items, now=NOON + timedelta(days=1)))


def stuck(place: int, second: int) -> float:
    """Return a noisy signal of which each tag's sensor is stuck for a minute, at different times."""
    is_stuck = 310 + 5 * place <= second < 370 + 5 * place
    return 37.0 if is_stuck else round(37 + random.Random(f"{place} {second}").gauss(0, 0.2), 3)


def events() -> list[tuple[Any, ...]]:
    """Return what is stored of the events, but for the time of writing."""
    fields = ("tag__name", "detector", "start", "kind", "end", "score", "explanation")
    return list(Event.objects.order_by("tag", "detector", "start").values_list(*fields))


def forget_all() -> None:
    for model in (Event, DetectorState, Lease):
        model._default_manager.all().delete()


def begin(shard: Shard, now: datetime, owner: str = "") -> DetectionRunner:
    runner = DetectionRunner.begin(owner or f"{now} {shard}", now=now, shard=shard)
    assert runner is not None
    return runner


def take_page(runner: DetectionRunner, limit: int = 100_000) -> bool:
    """Process a page; return whether more waits."""
    newest = newest_id()
    rows, end = read_rows(runner.shard, after=runner.position, upto=newest, limit=limit)
    runner.update(rows, end)
    return runner.position < newest


def run_whole(now: datetime) -> None:
    runner = begin(WHOLE, now)
    while take_page(runner):
        pass
    runner.commit(now=now, is_caught_up=True)
    runner.close(now=now, until=float("inf"))


def test_each_tag_is_in_one_shard_and_vessels_with_the_same_tags_are_spread_evenly() -> None:
    for count in (1, 2, 3, 4, 8, 16):
        for step in (1, 8, 10):  # every tag; the same tag of each vessel
            shards = [Shard(index, count) for index in range(count)]
            found = [
                [shard.index for shard in shards if shard.has(tag)] for tag in range(1, 800 * step, step)
            ]
            assert {len(one) for one in found} == {1}
            sizes = [found.count([shard.index]) for shard in shards]
            assert max(sizes) < 1.5 * min(sizes), (count, step, sizes)


def test_the_database_divides_the_tags_in_the_same_way(tags: list[Tag]) -> None:
    pks = [*Tag.objects.order_by("pk").values_list("pk", flat=True)]
    for index in range(3):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM tags WHERE {is_of_shard('id')} ORDER BY id", [3, index])  # noqa: S608
            found = [pk for (pk,) in cursor.fetchall()]
        assert found == [pk for pk in pks if Shard(index, 3).has(pk)]


@pytest.mark.parametrize("seed", range(4))
def test_kills_takeovers_and_other_numbers_of_shards_change_no_event(
    tags: list[Tag], moments: Iterator[datetime], seed: int
) -> None:
    rng = random.Random(seed)
    store(tags, stuck, range(480))
    run_whole(next(moments))
    expected = events()
    assert len([event for event in expected if event[1] == "stuck"]) == len(tags)

    forget_all()
    now, running, waits = next(moments), list[DetectionRunner](), True
    while waits:
        if rng.random() < 0.1 or not running:  # all are killed, and others begin with another number
            now, count = next(moments), rng.choice([1, 2, 3, 5])
            running = [begin(Shard(index, count), now) for index in range(count)]
        if rng.random() < 0.1:  # one is killed, and another takes its place after the others' next commits
            now = next(moments)
            killed = running.pop(rng.randrange(len(running))).shard
            for runner in running:
                runner.commit(now=now, is_caught_up=False)
            running.append(begin(killed, now))
        waits = sum(take_page(runner, rng.randint(1, 90)) for runner in running) > 0
        for runner in running:
            if rng.random() < 0.7 or not waits:
                runner.commit(now=now, is_caught_up=not waits)
    assert events() == expected


def test_another_number_of_shards_begins_at_the_earliest_position(
    tags: list[Tag], moments: Iterator[datetime]
) -> None:
    store(tags, stuck, range(60))
    first, second = (begin(Shard(index, 2), moment) for index, moment in enumerate([next(moments)] * 2))
    take_page(first)
    now = next(moments)
    for runner in (first, second):
        runner.commit(now=now, is_caught_up=False)
        runner.close(now=now, until=float("inf"))
    runners = [begin(Shard(index, 3), next(moments)) for index in range(3)]
    assert {runner.position for runner in runners} == {0}
    assert [row.source for row in detection_leases()] == ["judge", "judge.1", "judge.2"]
    assert begin(WHOLE, next(moments)).position == 0
    assert [row.source for row in detection_leases()] == ["judge"]


def test_no_process_divides_the_tags_anew_while_another_runs(moments: Iterator[datetime]) -> None:
    now = next(moments)
    for held, asked in [(Shard(1, 2), WHOLE), (WHOLE, Shard(2, 3))]:
        begin(held, now)
        assert DetectionRunner.begin("another", now=now, shard=asked) is None
        now = next(moments)


def test_a_process_that_wakes_up_late_writes_nothing(tags: list[Tag], moments: Iterator[datetime]) -> None:
    store(tags, stuck, range(480))
    asleep = begin(WHOLE, next(moments))
    take_page(asleep)
    now = next(moments)
    for index in range(2):
        begin(Shard(index, 2), now)
    for moment in (now, next(moments)):
        with pytest.raises(LeaseLostError):
            asleep.commit(now=moment, is_caught_up=True)
    assert events() == []


def test_tags_of_different_shards_that_fall_silent_together_are_one_event(
    tags: list[Tag], moments: Iterator[datetime]
) -> None:
    store(tags, lambda place, second: 37.0 + (place + second) % 7 / 10, range(100))
    now = max(moment for moment, _ in zip(moments, range(12), strict=False))
    runners = [begin(Shard(index, 3), now) for index in range(3)]
    for runner in runners:
        take_page(runner)
        runner.check_silence(now)
        runner.commit(now=now, is_caught_up=True)
    assert len({next(s.index for s in (r.shard for r in runners) if s.has(tag.pk)) for tag in tags}) == 3
    rows = Event.objects.filter(detector="missing", end=None).order_by("-others")
    assert [row.others for row in rows] == [len(tags) - 1, *[0] * (len(tags) - 1)]
    revisions = [row.revision for row in rows]
    assert len(set(revisions)) == len(revisions)


def held_by(processes: list[ShardProcess]) -> list[int]:
    """Return how many shards each process holds, by the database."""
    owners = [row.owner for row in detection_leases()]
    return [owners.count(process.owner) for process in processes]


def step_all(processes: list[ShardProcess], times: int = 30) -> None:
    """Let each process look so often for its share."""
    for _ in range(times):
        for process in processes:
            process._share_at = None  # as after a second
            process.step(datetime.now(UTC))


def test_processes_share_the_shards_and_take_over_those_of_a_dead_one() -> None:
    first, second, third = (ShardProcess(5) for _ in range(3))
    step_all([first])
    assert held_by([first]) == [5]
    step_all([first, second])
    assert sorted(held_by([first, second])) == [2, 3]
    step_all([first, second, third])
    assert sorted(held_by([first, second, third])) == [1, 2, 2]
    leases_of_dead = Lease.objects.filter(owner=second.owner)
    leases_of_dead.update(expires_at=datetime.now(UTC) - SECOND)
    step_all([first, third])
    assert sorted(held_by([first, third])) == [2, 3]
    for process in (first, third):
        process.leave()
    assert held_by([first, second, third]) == [0, 0, 0]


def test_a_shard_that_failed_is_taken_again_at_once_although_its_lease_is_valid() -> None:
    process = ShardProcess(3)
    step_all([process])
    process.followers[1].runner = None  # as after a failure of the database
    step_all([process], times=1)
    assert len(process.working) == 3
    process.leave()


def test_a_shard_that_failed_is_taken_again_also_while_another_process_asks_for_one() -> None:
    process = ShardProcess(3)
    step_all([process])
    process.followers[1].runner = None
    until = datetime.now(UTC) + LEASE
    Lease.objects.create(source=DETECTION_REQUEST, owner="another", position=1, expires_at=until)
    step_all([process], times=1)
    assert len(process.working) == 3
    process.leave()


def test_a_run_with_shards_detects_saves_all_and_gives_the_leases_up(
    tags: list[Tag], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    monkeypatch.setattr("monitoring.detection.shard_process.interruptible_sleep", lambda *_: None)
    settings.FERMON_DETECTION_SHARDS = 3
    store(tags, stuck, range(480))
    asked = iter([False] * 8)
    shard_process.run(should_stop=lambda: next(asked, True))
    assert Event.objects.filter(detector="stuck").count() == len(tags)
    assert {(row.owner, row.position) for row in detection_leases()} == {("", newest_id())}
    assert DetectorState.objects.count() == len(tags)


def test_a_process_with_another_number_of_shards_stands_by_until_the_others_have_left() -> None:
    two, three = ShardProcess(2), ShardProcess(3)
    step_all([two])
    step_all([two, three])
    assert held_by([two, three]) == [2, 0]
    two.leave()
    step_all([three])
    assert held_by([two, three]) == [0, 3]
    three.leave()


def test_health_knows_the_shard_that_is_furthest_behind(moments: Iterator[datetime]) -> None:
    assert detection_lease() is None
    now = next(moments)
    runners = [begin(Shard(index, 2), now) for index in range(2)]
    runners[0].commit(now=now, is_caught_up=True)
    lease = detection_lease()
    assert lease is not None
    assert lease.written_until == now
    runners[1].commit(now=now + SECOND, is_caught_up=True)
    lease = detection_lease()
    assert lease is not None
    assert (lease.written_until, lease.renewed_at) == (now, now)
    assert leases.position_of(runners[0].shard.lease) == 0


def test_what_waits_for_a_shard_that_has_never_caught_up_is_known(
    tags: list[Tag], moments: Iterator[datetime]
) -> None:
    store(tags, stuck, range(60))
    now = next(moments)
    runners = [begin(Shard(index, 2), now) for index in range(2)]
    take_page(runners[0])
    runners[0].commit(now=now, is_caught_up=True)
    assert oldest_waiting() == NOON
    take_page(runners[1])
    runners[1].commit(now=now, is_caught_up=True)
    assert oldest_waiting() is None


def test_progress_of_the_last_owner_until_the_lease_is_taken_counts(
    tags: list[Tag], moments: Iterator[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_after_progress(*arguments: Any, **options: Any) -> leases.Hold | None:
        store(tags, stuck, range(60, 70))
        Lease.objects.update(position=newest_id())
        return take(*arguments, **options)

    store(tags, stuck, range(60))
    run_whole(next(moments))
    monkeypatch.setattr(detection_runner, "take", take_after_progress)
    assert begin(WHOLE, next(moments)).position == newest_id()


def test_states_are_saved_before_other_shards_have_to_wait(
    tags: list[Tag], moments: Iterator[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    monkeypatch.setattr(
        detection_runner, "lock_revisions", lambda: saved.append(DetectorState.objects.count())
    )
    store(tags, stuck, range(480))
    run_whole(next(moments))
    assert saved[0] == len(tags)


def test_no_shard_waits_for_long_for_a_process_that_hangs() -> None:
    with CaptureQueriesContext(connection) as queries:
        lock_revisions()
    is_postgresql = connection.vendor == "postgresql"
    assert [query["sql"] for query in queries][:1] == ["SET LOCAL lock_timeout = '3s'"] * is_postgresql
