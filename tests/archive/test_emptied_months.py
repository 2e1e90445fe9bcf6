"""PostgreSQL's months that the archive has emptied are dropped; late readings of them are stored."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from monitoring.ingest.outcomes import Status
from monitoring.kernel.clock import to_micros
from monitoring.models import Measurement, Tag
from monitoring.storage.archiving import emptied_months
from monitoring.storage.archiving.emptied_months import drop_emptied_months, drop_if_empty
from monitoring.storage.archiving.returning import bring_back
from monitoring.storage.partitions import create_partitions, partition_names
from tests.archive.plant import (
    DAY,
    TAG,
    archive,
    everything,
    hourly,
    live_files,
    reading,
    send,
    without_pauses,
)

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
DECEMBER = datetime(2025, 12, 5, 12, tzinfo=UTC)  # as a whole older than the newest measurements
MONTH = "measurements_2025_12"
LATE = [reading(DECEMBER - timedelta(hours=5, seconds=1), 44.0)]

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """No pauses; and locks are waited for as long as a slow machine needs."""
    without_pauses(monkeypatch)
    monkeypatch.setattr(emptied_months, "SETTLED", timedelta(0))
    monkeypatch.setattr(emptied_months, "LOCK_MS", 60_000)
    monkeypatch.setattr(emptied_months, "CHECK_MS", 60_000)
    monkeypatch.setattr(emptied_months, "DROP_MS", 60_000)
    monkeypatch.setattr("monitoring.database.write_lock.ROW_WAIT_MS", 60_000)


def make_december() -> None:
    create_partitions(to_micros(DECEMBER), to_micros(DECEMBER))


def fill() -> None:
    """Two days of measurements in the partition of December, and newer ones."""
    make_december()
    send(hourly(2, until=DECEMBER), NOW)
    send(hourly(2, until=NOW), NOW)


def run() -> None:
    archive(5, now=NOW)


@pytest.fixture
def december(transactional_db: None) -> Iterator[None]:
    """The month's partition, empty, also for other connections; gone at the end, whatever is in it."""
    make_december()
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {MONTH}")


def test_a_month_is_dropped_by_the_run_after_its_last_measurement_moved() -> None:
    fill()
    before = everything()
    run()
    assert len(live_files()) == 3
    assert MONTH in partition_names()
    run()
    assert MONTH not in partition_names()
    assert everything() == before


def test_a_month_whose_files_are_new_stays(monkeypatch) -> None:
    fill()
    monkeypatch.setattr(emptied_months, "SETTLED", timedelta(hours=1))
    run()
    run()
    assert MONTH in partition_names()


def drop(now: datetime = NOW) -> int:
    return drop_emptied_months(now=now, should_stop=lambda: False)


def test_a_month_with_measurements_stays() -> None:
    fill()
    run()
    send(LATE, NOW)  # its day is in the database again
    assert drop() == 0
    assert MONTH in partition_names()


def test_a_month_without_files_stays() -> None:
    make_december()
    assert drop() == 0
    assert MONTH in partition_names()


def test_a_month_that_is_not_over_stays() -> None:
    fill()
    run()
    assert drop(DECEMBER + 26 * DAY) == 0
    assert drop(DECEMBER + 27 * DAY) == 1


def test_a_late_reading_of_a_dropped_month_changes_the_same_flags() -> None:
    fill()
    with transaction.atomic():
        send(LATE, NOW)
        expected = everything()
        transaction.set_rollback(True)
    for _ in range(2):
        run()
    assert [outcome.status for outcome in send(LATE, NOW)] == [Status.STORED]
    assert everything() == expected
    send([reading(NOW)], NOW)
    run()
    assert MONTH not in partition_names()


def test_a_restore_makes_the_month_again() -> None:
    fill()
    for _ in range(2):
        run()
    list(bring_back(Tag.objects.get(name=TAG), DECEMBER - 3 * DAY, DECEMBER))
    assert MONTH in partition_names()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM measurements_2025_12")
        assert cursor.fetchone() == (96,)


def test_a_run_that_is_asked_to_stop_drops_nothing() -> None:
    fill()
    run()
    assert drop_emptied_months(now=NOW, should_stop=lambda: True) == 0


def on_other_connection(act: Callable[[], Any]) -> Any:
    with closing(connection):
        return act()


def waits_for_us() -> bool:
    """Whether another connection waits for a lock that this one has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone() is not None


def beside(step: Callable[[], object], act: Callable[[], Any]) -> Any:
    """What another connection returns that begins while a transaction is open in which this step was done."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            step()
            found = pool.submit(on_other_connection, act)
            while not (found.done() or waits_for_us()):
                time.sleep(0.01)
        return found.result()


@pytest.mark.usefixtures("december")
def test_a_late_reading_that_is_being_stored_keeps_its_month() -> None:
    send([reading(NOW)], NOW)
    assert beside(partial(send, LATE, NOW), partial(drop_if_empty, MONTH)) is False
    assert MONTH in partition_names()
    assert Measurement.objects.count() == 2


@pytest.mark.usefixtures("december")
def test_a_late_reading_that_waits_for_the_drop_is_stored() -> None:
    send([reading(NOW)], NOW)
    (outcome,) = beside(partial(drop_if_empty, MONTH), partial(send, LATE, NOW))
    assert outcome.status is Status.STORED
    assert MONTH not in partition_names()
    assert [outcome.status for outcome in send(LATE, NOW)] == [Status.DUPLICATE]


@pytest.mark.usefixtures("december")
def test_a_month_that_is_read_stays_until_the_next_run(monkeypatch) -> None:
    send([reading(NOW)], NOW)
    monkeypatch.setattr(emptied_months, "archived_months", lambda now: iter([MONTH]))
    with monkeypatch.context() as impatient:
        impatient.setattr(emptied_months, "LOCK_MS", 1)
        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            Measurement.objects.count()
            assert pool.submit(on_other_connection, drop).result() == 0
    assert MONTH in partition_names()
    assert drop() == 1


@pytest.mark.usefixtures("december")
def test_a_month_that_the_server_keeps_is_logged_and_stops_no_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send([reading(NOW)], NOW)
    monkeypatch.setattr(emptied_months, "archived_months", lambda now: iter([MONTH]))
    with connection.cursor() as cursor:
        cursor.execute("CREATE VIEW of_december AS SELECT * FROM measurements_2025_12")
        assert drop() == 0
        cursor.execute("DROP VIEW of_december")
    assert MONTH in partition_names()
    (record,) = [record for record in caplog.records if record.message == "emptied month stays"]
    assert "of_december" in vars(record)["error"]
