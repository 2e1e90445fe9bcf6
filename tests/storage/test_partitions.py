"""PostgreSQL's partitions: made ahead, filled from what came too early for them, dropped when too old."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction

from monitoring.history.stats import totals
from monitoring.ingest.outcomes import Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.models import Finding, Measurement, Series, Tag
from monitoring.storage import old_partitions, retention
from monitoring.storage.partitions import create_ahead, create_partitions, partition_names
from monitoring.storage.retention import ADVISORY_LOCK, apply_retention

NOW = datetime(2020, 3, 15, 12, tzinfo=UTC)
FEBRUARY = datetime(2020, 2, 1, tzinfo=UTC)
MARCH = datetime(2020, 3, 1, tzinfo=UTC)
TAG, OTHER = "fermenter_temp", "fermenter_ph"
NORMAL, TOO_HIGH = 37.0, 46.0

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def plant_that_sends(monkeypatch) -> None:
    """Other tags have readings of the present; what happens without is in ``test_host_clock.py``."""
    monkeypatch.setattr(retention, "newest_measured", lambda now: now)


def send(moment: datetime, value: float = NORMAL, tag: str = TAG) -> Status:
    (outcome,) = ingest_readings([{"timestamp": moment.isoformat(), "tag": tag, "value": value}])
    return outcome.status


def where(moment: datetime) -> str:
    """The partition that has the tag's measurement of this time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM measurements WHERE timestamp = %s", [to_micros(moment)]
        )
        return str(cursor.fetchone()[0])


def make_february() -> None:
    create_partitions(to_micros(FEBRUARY), to_micros(MARCH) - 1)


@pytest.fixture
def february(transactional_db: None) -> Iterator[None]:
    """The month's partition, also for other connections; gone at the end, whatever is in it."""
    make_february()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS measurements_2020_02")


def retain() -> int:
    """What retention deletes, on a connection of its own."""
    with closing(connection):
        return apply_retention(now=NOW)


def waits_for_us() -> bool:
    """Whether another connection waits for a lock that this one has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone() is not None


def meanwhile(step: Callable[[], object]) -> int:
    """What retention deletes that begins while a transaction is open in which this step was done."""
    with ThreadPoolExecutor(1) as beside:
        with transaction.atomic():
            step()
            deleted: Future[int] = beside.submit(retain)
            while not (deleted.done() or waits_for_us()):
                time.sleep(0.01)
        return deleted.result()


def test_this_month_and_the_next_three_have_theirs() -> None:
    assert create_ahead(now=datetime(2031, 11, 30, tzinfo=UTC)) == 4
    assert create_ahead(now=datetime(2031, 11, 30, tzinfo=UTC)) == 0
    made = {f"measurements_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")}
    assert made <= partition_names()


def test_what_comes_before_its_month_has_a_partition_moves_there() -> None:
    assert send(FEBRUARY) == Status.STORED
    assert send(MARCH - timedelta(microseconds=1)) == Status.STORED
    assert where(FEBRUARY) == "measurements_default"
    make_february()
    assert where(FEBRUARY) == where(MARCH - timedelta(microseconds=1)) == "measurements_2020_02"
    assert send(FEBRUARY) == Status.DUPLICATE


def test_a_month_is_dropped_whole_once_it_is_too_old() -> None:
    make_february()
    send(FEBRUARY + timedelta(days=3))
    send(FEBRUARY + timedelta(days=4))
    send(NOW)
    Tag.objects.filter(name=TAG).update(retention_days=10)
    assert apply_retention(now=NOW - timedelta(days=5)) == 0  # the 25th of February is too old, the 29th not
    assert apply_retention(now=NOW) == 2
    assert "measurements_2020_02" not in partition_names()
    assert list(Measurement.objects.values_list("timestamp", flat=True)) == [NOW]
    series = Series.objects.get(tag__name=TAG)
    assert (series.measurements, series.raw_from) == (1, MARCH + timedelta(days=4))
    assert send(FEBRUARY + timedelta(days=5)) == Status.REJECTED


def test_anomalies_that_are_kept_for_longer_outlive_their_month() -> None:
    make_february()
    send(FEBRUARY, TOO_HIGH)
    send(FEBRUARY + timedelta(days=1))
    Tag.objects.filter(name=TAG).update(retention_days=10)
    assert apply_retention(now=NOW) == 1
    assert where(FEBRUARY) == "measurements_default"
    assert Finding.objects.count() == 1
    assert (totals().measurements, totals().anomalies) == (1, 1)


def test_anomalies_that_are_too_old_go_with_their_month() -> None:
    make_february()
    send(FEBRUARY, TOO_HIGH)
    Tag.objects.filter(name=TAG).update(retention_days=5, anomaly_retention_days=10)
    assert apply_retention(now=NOW) == 1
    assert not Measurement.objects.exists()
    assert not Finding.objects.exists()
    assert (totals().measurements, totals().anomalies) == (0, 0)


def test_where_tags_keep_theirs_for_different_times_rows_go_one_by_one() -> None:
    make_february()
    send(FEBRUARY)
    send(FEBRUARY, 7.0, OTHER)
    Tag.objects.filter(name=TAG).update(retention_days=10)
    assert apply_retention(now=NOW) == 1
    assert "measurements_2020_02" in partition_names()
    assert Measurement.objects.get().tag.name == OTHER


@pytest.mark.django_db(transaction=True)
def test_a_drop_that_was_broken_off_is_done_by_the_next(monkeypatch) -> None:
    make_february()
    send(FEBRUARY)
    Tag.objects.filter(name=TAG).update(retention_days=10)
    with monkeypatch.context() as broken:
        broken.setattr(old_partitions, "COUNTS", "SELECT nothing FROM {partition}")
        with pytest.raises(ProgrammingError, match="nothing"):
            apply_retention(now=NOW)
    assert send(FEBRUARY + timedelta(days=1)) == Status.REJECTED
    assert totals().measurements == 1
    assert apply_retention(now=NOW) == 1
    assert totals().measurements == 0


@pytest.mark.django_db(transaction=True)
def test_on_several_hosts_one_at_a_time_deletes() -> None:
    send(FEBRUARY)
    Tag.objects.filter(name=TAG).update(retention_days=10)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            assert apply_retention(now=NOW) == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
    finally:
        other.close()
    assert apply_retention(now=NOW) == 1


@pytest.mark.usefixtures("february")
def test_what_comes_while_its_month_is_being_dropped_stays() -> None:
    send(FEBRUARY)
    Tag.objects.filter(name=TAG).update(retention_days=10)
    assert meanwhile(lambda: send(FEBRUARY, 7.0, OTHER)) == 1
    assert Measurement.objects.get().tag.name == OTHER
    assert send(FEBRUARY, 7.0, OTHER) == Status.DUPLICATE
    assert totals().measurements == 1


@pytest.mark.usefixtures("february")
def test_what_is_to_be_kept_for_ever_from_now_on_stays() -> None:
    send(FEBRUARY)
    mine = Tag.objects.filter(name=TAG)
    mine.update(retention_days=10)
    assert meanwhile(lambda: mine.update(retention_days=None)) == 0
    assert Measurement.objects.get().timestamp == FEBRUARY
    assert send(FEBRUARY + timedelta(days=1)) == Status.STORED


@pytest.mark.usefixtures("february")
def test_what_is_to_be_kept_for_ever_once_it_is_counted_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    send(FEBRUARY)
    Tag.objects.filter(name=TAG).update(retention_days=10)
    forever = f"WITH done AS (UPDATE tags SET retention_days = NULL) {old_partitions.COUNTS}"  # noqa: S608 - a constant
    monkeypatch.setattr(old_partitions, "COUNTS", forever)
    assert apply_retention(now=NOW) == 0
    assert Measurement.objects.get().timestamp == FEBRUARY
    assert send(FEBRUARY + timedelta(days=1)) == Status.STORED


@pytest.mark.usefixtures("february")
def test_while_somebody_reads_the_table_for_long_rows_go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_partitions, "LOCK_S", 0.1)
    send(FEBRUARY)
    send(FEBRUARY - timedelta(days=9), 7.0, OTHER)
    Tag.objects.update(retention_days=10)
    with closing(connection.copy()) as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM measurements")
        assert apply_retention(now=NOW) == 2
        cursor.execute("ROLLBACK")
    assert "measurements_2020_02" in partition_names()
    assert totals().measurements == 0
    assert send(FEBRUARY + timedelta(days=1)) == Status.REJECTED
