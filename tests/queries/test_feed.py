"""The feed: one thread reads what is stored, for all who follow it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management.color import no_style
from django.db import OperationalError, connection

from monitoring.domain.ring import Event
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement
from monitoring.queries import feed as feeds
from monitoring.queries.feed import Feed, Subscriber, TooManySubscribersError
from monitoring.queries.series import Row

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
PATIENCE_S = 20

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def events_of(rows: list[Row]) -> list[Event]:
    return [Event(row[0], row[2], b"%d " % row[0]) for row in rows]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """One that keeps three events and reads two at a time; no thread of it is left behind."""
    for name, value in {
        "EVENTS_KEPT": 3,
        "PAGE": 2,
        "GATHER_S": 0.01,
        "AWAY_S": 0.01,
        "LINGER_S": 0.1,
    }.items():
        monkeypatch.setattr(feeds, name, value)
    feed = Feed(render=events_of, refresh=lambda: None)
    yield feed
    feed.stop()


@pytest.fixture
def follow(feed: Feed) -> Callable[..., Subscriber]:
    """Subscribes."""

    def subscribe(since: int | None = None, tag: str | None = None, limit: int = 10) -> Subscriber:
        return feed.subscribe(lambda: None, since=since, tag=tag, limit=limit)

    return subscribe


def store(count: int, *, tag: str = "fermenter_temp", value: float = 37.0) -> list[int]:
    """Stores so many readings; their ids."""
    first = Measurement.objects.count()
    items = [
        {"timestamp": (NOON + timedelta(minutes=first + place)).isoformat(), "tag": tag, "value": value}
        for place in range(count)
    ]
    return [outcome.id or 0 for outcome in ingest_readings(items)]


def taken(subscriber: Subscriber, count: int) -> list[int]:
    """The next ids, once there are so many."""
    found: list[int] = []
    end = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < end:
        found += [int(word) for word in subscriber.take().split()]
        time.sleep(0.005)
    return found


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_everybody_gets_what_is_stored_from_now_on(follow: Callable[..., Subscriber]) -> None:
    store(2)
    one, other = follow(), follow()
    ids = store(2) + store(1)
    assert taken(one, 3) == taken(other, 3) == ids
    assert one.take() == b""


def test_what_was_stored_since_an_id_comes_first(follow: Callable[..., Subscriber]) -> None:
    ids = store(9)
    subscriber = follow(since=ids[1])
    assert subscriber.is_behind
    assert taken(subscriber, 7) == ids[2:]
    more = store(2)
    assert taken(subscriber, 2) == more


def test_who_falls_far_behind_reads_on_from_the_database(follow: Callable[..., Subscriber]) -> None:
    slow, quick = follow(), follow()
    ids = store(8)
    assert taken(quick, 8) == ids
    wait_until(lambda: slow.is_behind)
    assert taken(slow, 8) == ids
    assert not slow.is_behind


def test_one_tag_alone(follow: Callable[..., Subscriber]) -> None:
    store(5)
    (first,) = store(1, tag="fermenter_ph", value=7.0)
    subscriber = follow(since=0, tag="fermenter_ph")
    store(5)
    (second,) = store(1, tag="fermenter_ph", value=7.0)
    assert taken(subscriber, 2) == [first, second]


def test_an_id_that_was_never_given_means_from_now_on(follow: Callable[..., Subscriber]) -> None:
    store(2)
    subscriber = follow(since=10**12)
    ids = store(1)
    assert taken(subscriber, 1) == ids


def test_in_a_restored_database_it_goes_on_from_there(follow: Callable[..., Subscriber], feed: Feed) -> None:
    subscriber = follow()
    store(3)
    with connection.cursor() as cursor:
        for table in ("findings", "rollups", "series", "measurements"):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        sequence = {"table": "measurements", "column": "id"}
        for sql in connection.ops.sequence_reset_by_name_sql(no_style(), [sequence]):
            cursor.execute(sql)
    wait_until(lambda: feed.ring.head.id == 0)
    assert store(2) == taken(subscriber, 2) == [1, 2]


def test_while_the_database_is_away_nobody_loses_anything(
    follow: Callable[..., Subscriber], feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    subscriber = follow(since=0)
    ids = store(5)

    def fail() -> None:
        raise OperationalError("unable to open database file")

    feed.refresh = fail
    wait_until(lambda: feed.outage.since)
    ids += store(5)
    subscriber.take()
    feed.refresh = lambda: None
    wait_until(lambda: feed.outage.since is None)
    ids += store(1)
    assert taken(subscriber, 11) == ids
    assert caplog.text.count("the stream can't read") == caplog.text.count("the stream reads again") == 1


def test_there_are_no_more_places_than_told(follow: Callable[..., Subscriber]) -> None:
    first = follow(limit=1)
    with pytest.raises(TooManySubscribersError):
        follow(limit=1)
    first.close()
    first.close()
    follow(limit=1)


def test_the_thread_ends_after_the_last_and_starts_with_the_next(
    follow: Callable[..., Subscriber], feed: Feed
) -> None:
    assert feed._thread is None
    follow().close()
    wait_until(lambda: feed._thread is None)
    subscriber = follow()
    ids = store(1)
    assert taken(subscriber, 1) == ids


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_something_unforeseen_ends_the_streams(
    follow: Callable[..., Subscriber], feed: Feed
) -> None:
    def fail() -> None:
        raise LookupError("a bug")

    subscriber = follow()
    feed.refresh = fail
    wait_until(lambda: subscriber.is_over)
    feed.refresh = lambda: None
    wait_until(lambda: feed._thread is None)
    again = follow()
    ids = store(1)
    assert taken(again, 1) == ids


def test_once_stopped_it_takes_nobody_in(follow: Callable[..., Subscriber], feed: Feed) -> None:
    subscriber = follow()
    feed.stop()
    assert subscriber.is_over
    with pytest.raises(TooManySubscribersError):
        follow()
