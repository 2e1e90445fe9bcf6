"""What was stored since: by id, up to where everything is settled."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from monitoring.ingest.pipeline import ingest_readings
from monitoring.live import changes
from monitoring.live.changes import PostgresqlWatch, make_watch, newest_id, read_changes

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def store(*minutes: int, tag: str = "fermenter_temp", value: float = 37.0) -> list[int | None]:
    """Stores a reading at each of these minutes; their ids."""
    items = [
        {"timestamp": (NOON + timedelta(minutes=minute)).isoformat(), "tag": tag, "value": value}
        for minute in minutes
    ]
    return [outcome.id for outcome in ingest_readings(items)]


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., list[int | None]]]:
    """As ``store``, by another thread and so another connection."""

    def store_and_close(*minutes: int) -> list[int | None]:
        try:
            return store(*minutes)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as executor:
        yield lambda *minutes: executor.submit(store_and_close, *minutes).result()


@pytest.mark.django_db
def test_measurements_come_in_the_order_in_which_they_were_stored() -> None:
    ids = store(5) + store(3) + store(9)
    found = read_changes(after=0, upto=newest_id(), limit=10)
    assert [row[0] for row in found] == ids
    assert [row[2:] for row in found] == [("fermenter_temp", 37.0, False)] * 3


@pytest.mark.django_db
def test_they_come_between_two_ids_and_no_more_than_asked_for() -> None:
    first, *others, last = store(1, 2, 3, 4)
    assert [row[0] for row in read_changes(after=first, upto=last - 1, limit=10)] == others
    assert [row[0] for row in read_changes(after=first, upto=last, limit=1)] == others[:1]


@pytest.mark.django_db
def test_an_id_that_was_given_stays_the_newest_when_its_measurement_is_gone() -> None:
    (last,) = store(1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM measurements")
    assert newest_id() == last


@pytest.mark.threads
@pytest.mark.django_db(transaction=True)
def test_a_watch_tells_once_of_what_others_have_stored(elsewhere: Callable[..., list[int | None]]) -> None:
    watch = make_watch()
    assert watch.settled() == newest_id()
    assert watch.settled() is None
    ids = elsewhere(1, 2)
    assert watch.settled() == ids[-1]
    assert watch.settled() is None
    connection.close()
    assert watch.settled() in {ids[-1], None}  # by a new connection it may look again


def test_on_postgresql_an_id_is_settled_once_those_who_wrote_by_then_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = {"newest": 7, "writers": {"1/7", "2/3"}}
    monkeypatch.setattr(changes, "newest_id", lambda: state["newest"])
    monkeypatch.setattr(changes, "writers", lambda: state["writers"])
    watch = PostgresqlWatch()
    assert watch.settled() is None
    state |= {"newest": 9, "writers": {"1/7", "3/1"}}
    assert watch.settled() is None
    state |= {"writers": {"3/1", "4/1"}}  # whoever came later has later ids
    assert watch.settled() == 7
    assert watch.settled() is None
    state |= {"writers": set()}
    assert watch.settled() == 9
    assert watch.settled() is None


@pytest.mark.postgresql
@pytest.mark.threads
@pytest.mark.django_db(transaction=True)
def test_a_smaller_id_that_is_committed_later_is_waited_for(
    elsewhere: Callable[..., list[int | None]],
) -> None:
    given, committed = threading.Event(), threading.Event()

    def store_slowly() -> int | None:
        with transaction.atomic():
            (slow,) = store(1, tag="fermenter_ph", value=7.0)
            given.set()
            committed.wait(20)
        connection.close()
        return slow

    watch = make_watch()
    watch.settled()
    with ThreadPoolExecutor(1) as executor:
        slow = executor.submit(store_slowly)
        given.wait(20)
        (quick,) = elsewhere(2)
        assert watch.settled() is None
        committed.set()
        assert slow.result() < quick
    assert watch.settled() == quick


def test_ids_of_writers_that_died_with_the_server_are_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sequence continues where the log ends, and so does that of a standby that was promoted."""
    newest, writing = [5_000, 1_020], [{"3/7"}, set()]
    monkeypatch.setattr(changes, "newest_id", lambda: newest.pop(0))
    monkeypatch.setattr(changes, "writers", lambda: writing.pop(0))
    assert PostgresqlWatch().settled() == 1_020
