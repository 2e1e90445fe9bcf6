"""The feed: one thread reads what is stored, for all who follow it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core.management.color import no_style
from django.db import OperationalError, connection
from pytest_django import Settings

from monitoring.history.events import changed_events, newest_revision
from monitoring.history.measurements import Row
from monitoring.ingest.pipeline import ingest_readings
from monitoring.live import feed as feeds
from monitoring.live.feed import Feed, Subscriber, TooManySubscribersError
from monitoring.live.publish import publisher
from monitoring.live.ring import StreamMessage
from monitoring.live.wakeups import CHANNEL
from monitoring.models import Event as EventRow
from monitoring.models import Measurement, Tag

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
PATIENCE_S = 60

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]


def messages_of(rows: Sequence[Row]) -> list[StreamMessage]:
    return [StreamMessage(row[0], row[2], b"%d " % row[0]) for row in rows]


class EventChanges:
    """The events of the detectors, as words."""

    name = "event"

    def newest_revision(self) -> int:
        return newest_revision()

    def read_changed(self, *, after: int, limit: int) -> list[StreamMessage]:
        found = changed_events(after=after, limit=limit)
        return [StreamMessage(revision, event.tag, b"e%d " % revision) for revision, event in found]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """One that keeps three of each kind and reads two at a time; no thread of it is left behind."""
    for name, value in {
        "EVENTS_KEPT": 3,
        "CHANGES_KEPT": 3,
        "PAGE": 2,
        "GATHER_S": 0.01,
        "AWAY_S": 0.01,
        "LINGER_S": 0.1,
    }.items():
        monkeypatch.setattr(feeds, name, value)
    feed = Feed(render=messages_of, sources=[EventChanges()], refresh=lambda: None)
    yield feed
    feed.stop()


@pytest.fixture
def follow(feed: Feed) -> Callable[..., Subscriber]:
    """Subscribes."""

    def subscribe(since: int | None = None, tag: str = "", limit: int = 10) -> Subscriber:
        return feed.subscribe(lambda: None, since=since, tags=frozenset(filter(None, [tag])), limit=limit)

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


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by themselves."""
    monkeypatch.setattr(feeds, "POLL_S", 3600.0)
    monkeypatch.setattr(feeds, "HEARING_POLL_S", 3600.0)


@pytest.mark.usefixtures("patient")
def test_what_another_process_stores_is_heard_of(
    follow: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch, settings: Settings, redis_server: Any
) -> None:
    settings.REDIS_URL = redis_server.url
    subscriber = follow()
    wait_until(lambda: dict(redis_server.client().pubsub_numsub(CHANNEL))[CHANNEL.encode()])
    monkeypatch.setattr(publisher(), "publish_now", lambda: None)
    (number,) = store(1)
    redis_server.client().publish(CHANNEL, b"")
    assert taken(subscriber, 1) == [number]


def test_while_redis_is_away_it_looks_by_itself(
    follow: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch, settings: Settings, redis_server: Any
) -> None:
    monkeypatch.setattr(feeds, "HEARING_POLL_S", 3600.0)
    settings.REDIS_URL = redis_server.url
    redis_server.kill()  # before the feed hears from Redis: after that, the feed polls once an hour
    subscriber = follow()
    monkeypatch.setattr(publisher(), "publish_now", lambda: None)
    ids = store(1)
    assert taken(subscriber, 1) == ids


def test_how_long_it_waits_before_it_looks_all_the_same() -> None:
    def pause_s(*, is_waiting: bool, is_hearing: bool) -> float:
        watch, listener = SimpleNamespace(is_waiting=is_waiting), SimpleNamespace(is_hearing=is_hearing)
        return feeds.pause_s(cast(Any, watch), cast(Any, listener))

    assert pause_s(is_waiting=True, is_hearing=True) == pause_s(is_waiting=True, is_hearing=False) == 0.05
    assert (pause_s(is_waiting=False, is_hearing=True), pause_s(is_waiting=False, is_hearing=False)) == (
        1,
        0.15,
    )


def test_in_a_restored_database_it_goes_on_from_there(follow: Callable[..., Subscriber], feed: Feed) -> None:
    subscriber = follow()
    ids = store(3)
    assert taken(subscriber, 3) == ids  # else the feed might find their numbers after they have gone
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


def change(*starts: int, tag: str = "fermenter_temp") -> list[int]:
    """Stores an event that begins at each of these minutes, or changes it; their revisions."""
    first = newest_revision() + 1
    for place, start in enumerate(starts):
        EventRow.objects.update_or_create(
            tag=Tag.objects.get(name=tag),
            detector="step",
            start=NOON + timedelta(minutes=start),
            defaults={"kind": "up", "score": 1.0, "explanation": "", "revision": first + place},
        )
    return list(range(first, first + len(starts)))


def taken_words(subscriber: Subscriber, count: int) -> list[bytes]:
    """The next ids and revisions (with an e), once there are so many."""
    found: list[bytes] = []
    end = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < end:
        found += subscriber.take().split()
        time.sleep(0.005)
    return found


def test_an_event_comes_each_time_that_it_changes(follow: Callable[..., Subscriber]) -> None:
    change(1)
    one, of_ph = follow(), follow(tag="fermenter_ph")
    (number,) = store(1)
    assert taken_words(one, 1) == [b"%d" % number]
    for start in (2, 2):
        (revision,) = change(start)
        assert taken_words(one, 1) == [b"e%d" % revision]
    (revision,) = change(1, tag="fermenter_ph")
    assert taken_words(one, 1) == taken_words(of_ph, 1) == [b"e%d" % revision]


def test_who_falls_far_behind_reads_events_from_the_database_too(follow: Callable[..., Subscriber]) -> None:
    slow, quick = follow(), follow()
    revisions = change(1, 2, 3, 4, 5)
    assert taken_words(quick, 5) == [b"e%d" % revision for revision in revisions]
    wait_until(lambda: slow.is_behind)
    assert taken_words(slow, 5) == [b"e%d" % revision for revision in revisions]
    assert not slow.is_behind


def test_in_a_restored_database_events_go_on_from_there(
    follow: Callable[..., Subscriber], feed: Feed
) -> None:
    change(1, 2)
    subscriber = follow()
    EventRow.objects.all().delete()
    wait_until(lambda: feed.followed[0].ring.head.id == 0)
    assert change(3) == [1]
    assert taken_words(subscriber, 1) == [b"e1"]


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
    assert not feed.is_running
    follow().close()
    wait_until(lambda: not feed.is_running)
    subscriber = follow()
    ids = store(1)
    assert taken(subscriber, 1) == ids


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_something_unforeseen_ends_the_streams(
    follow: Callable[..., Subscriber], feed: Feed
) -> None:
    dying: list[threading.Thread] = []

    def fail() -> None:
        dying.append(threading.current_thread())
        raise LookupError("a bug")

    subscriber = follow()
    feed.refresh = fail
    wait_until(lambda: subscriber.is_over)
    feed.refresh = lambda: None
    dying[0].join(PATIENCE_S)  # so that its exception is told in this test, not in the next one
    assert not feed.is_running
    again = follow()
    ids = store(1)
    assert taken(again, 1) == ids


def test_once_stopped_it_takes_nobody_in(follow: Callable[..., Subscriber], feed: Feed) -> None:
    subscriber = follow()
    feed.stop()
    assert subscriber.is_over
    with pytest.raises(TooManySubscribersError):
        follow()
