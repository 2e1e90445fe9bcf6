"""The metrics: each number is that of the database, the leases and the disk now."""

import math
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Max
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.alarms.state_machine import Act
from monitoring.database.replica_monitor import Found, ReplicaMonitor, ReplicaState
from monitoring.ingest.exclusions import choice_of_range, exclude
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.lease_names import ALARMS, DETECTION, SIMULATOR
from monitoring.kernel.outages import outages
from monitoring.kernel.runtime import part
from monitoring.models import (
    Batch,
    Channel,
    Delivery,
    DeliveryAttempt,
    Deviation,
    Lease,
    Measurement,
    SetAsideReading,
    Source,
    SourceStatus,
    Tag,
    Vessel,
)
from monitoring.operations.metrics import collecting
from monitoring.operations.metrics.collecting import MetricsProbe, collect, stored_metrics
from monitoring.operations.metrics.families import gauge
from monitoring.operations.metrics.source_metrics import MOST
from tests.alarming import act, define
from tests.notifying import make_channel
from tests.own_metrics import samples_of, value_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = "fermenter_temp"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(time_machine: TimeMachineFixture) -> None:
    """The server's clock stands at noon."""
    time_machine.move_to(NOON, tick=False)


def ingest(*values: float) -> None:
    """A reading each second from ten minutes ago on."""
    start = NOON - timedelta(minutes=10)
    ingest_readings(
        [
            {"timestamp": (start + timedelta(seconds=second)).isoformat(), "tag": TAG, "value": value}
            for second, value in enumerate(values)
        ],
        source="gateway",
    )


@pytest.fixture
def increase_of() -> Callable[[str], float]:
    """By how much a counter has grown: PostgreSQL's sequences count what earlier tests stored, too."""
    numbers = samples_of(collect(lambda: 0))
    return lambda name: (value_of(name) or 0) - numbers[name, frozenset()]


def test_before_the_first_reading_all_is_there_and_nothing_counted() -> None:
    assert value_of("fermon_database_up") == 1
    assert value_of("fermon_measurements_total") is not None
    assert value_of("fermon_measurements_stored") == 0
    assert value_of("fermon_refusals_total", reason="above_valid_range") == 0
    assert value_of("fermon_tags", state="active") == 3
    assert value_of("fermon_alarms", priority="critical", state="UNACK") == 0


def test_readings_are_counted(increase_of: Callable[[str], float]) -> None:
    ingest(37, 46, 99)
    assert increase_of("fermon_measurements_total") == 2
    assert value_of("fermon_measurements_stored") == 2
    assert increase_of("fermon_anomalies_total") == 1
    assert value_of("fermon_anomalies_stored") == 1
    assert value_of("fermon_refusals_total", reason="above_valid_range") == 1


def test_an_exclusion_sets_no_counter_back(increase_of: Callable[[str], float]) -> None:
    """Prometheus would take the lower number for a restart, and count all measurements again."""
    ingest(37, 46, 37)
    exclude(choice_of_range(TAG, NOON - timedelta(hours=1), NOON), reason="probe", by="eva")
    assert value_of("fermon_measurements_stored") == 0
    assert increase_of("fermon_measurements_total") == 3
    assert increase_of("fermon_anomalies_total") == 1


def test_rejections_begin_at_0_each_day(time_machine: TimeMachineFixture) -> None:
    ingest(99, 99)
    time_machine.move_to(NOON + timedelta(hours=11, minutes=59), tick=False)
    assert value_of("fermon_refusals_total", reason="above_valid_range") == 2
    time_machine.move_to(NOON + timedelta(hours=12), tick=False)
    assert value_of("fermon_refusals_total", reason="above_valid_range") == 0


def test_readings_set_aside_and_queued_are_counted() -> None:
    SetAsideReading.objects.create(digest="1", reading={}, set_aside_at=NOON, message="conflict")
    numbers = samples_of(collect(lambda: 7))
    assert numbers["fermon_set_aside_readings", frozenset()] == 1
    assert numbers["fermon_queued_readings", frozenset()] == 7


def test_processes_are_as_old_as_their_leases() -> None:
    ingest(37, 37, 37)
    newest = Measurement.objects.aggregate(newest=Max("id"))["newest"]
    since = NOON - timedelta(seconds=20)
    Lease.objects.create(source=SIMULATOR, renewed_at=NOON - timedelta(seconds=2))
    Lease.objects.create(
        source=DETECTION, renewed_at=NOON - timedelta(seconds=1), written_until=since, position=newest - 2
    )
    Lease.objects.create(source=ALARMS, renewed_at=NOON + timedelta(seconds=1), written_until=NOON)
    Lease.objects.create(source="source:7", renewed_at=NOON)
    assert value_of("fermon_lease_age_seconds", source="worker") == 2
    assert value_of("fermon_lease_age_seconds", source="detection") == 1
    assert value_of("fermon_lease_age_seconds", source="alarms") == 0, "its clock is ahead"
    assert value_of("fermon_lease_age_seconds", source="notifications") == math.inf, "it has never run"
    assert value_of("fermon_lease_age_seconds", source="source:7") is None
    assert value_of("fermon_detection_lag_seconds") == 20
    assert value_of("fermon_alarm_lag_seconds") == 0
    assert value_of("fermon_backlog_measurements", source="detection") == 2


def test_the_oldest_part_of_detection_counts() -> None:
    for number, source in enumerate((DETECTION, f"{DETECTION}.1", f"{DETECTION}.2")):
        then = NOON - timedelta(seconds=10 * number)
        Lease.objects.create(source=source, renewed_at=then, written_until=then, position=0)
    assert value_of("fermon_lease_age_seconds", source="detection") == 20
    assert value_of("fermon_detection_lag_seconds") == 20
    assert value_of("fermon_lease_age_seconds", source=f"{DETECTION}.1") is None


def test_the_lag_counts_also_what_waits_for_a_part_that_has_never_caught_up() -> None:
    ingest(37)
    Lease.objects.create(source=DETECTION, renewed_at=NOON, written_until=NOON, position=1)
    Lease.objects.create(source=f"{DETECTION}.1", renewed_at=NOON, position=0)
    first = Measurement.objects.earliest("id").timestamp
    assert value_of("fermon_detection_lag_seconds") == (NOON - first).total_seconds() > 0


def test_alarms_are_counted_by_priority_and_state() -> None:
    high, low = define(priority="high"), define(kind="L", priority="low")
    act(high, Act.ACTIVE, at=NOON - timedelta(minutes=1))
    act(low, Act.ACTIVE, Act.ACKNOWLEDGE, at=NOON - timedelta(minutes=1))
    assert value_of("fermon_alarms", priority="high", state="UNACK") == 1
    assert value_of("fermon_alarms", priority="low", state="ACKED") == 1
    assert value_of("fermon_alarms", priority="low", state="UNACK") == 0
    assert value_of("fermon_annunciations_total", priority="high") == 1
    assert value_of("fermon_flood") == 0


def test_a_flood_is_told_until_it_is_over(time_machine: TimeMachineFixture) -> None:
    alarm = define(needs_acknowledgement=False)
    for second in range(11):
        act(alarm, Act.ACTIVE, Act.RETURN, at=NOON - timedelta(seconds=60 - second))
    assert value_of("fermon_flood") == 1
    assert value_of("fermon_annunciations_total", priority="medium") == 11
    time_machine.move_to(NOON + timedelta(minutes=11), tick=False)
    assert value_of("fermon_flood") == 0


def test_messages_are_counted_by_state_and_outcome() -> None:
    channel = make_channel(failing_since=NOON)
    shared = {"kind": "test", "channel": channel, "created_at": NOON - timedelta(minutes=5)}
    due = NOON - timedelta(minutes=4)
    Delivery.objects.create(due_at=due, **shared)
    Delivery.objects.create(due_at=due, state="sent", sent_at=due + timedelta(seconds=3), step=1, **shared)
    old = {**shared, "created_at": NOON - timedelta(days=2)}
    Delivery.objects.create(due_at=due, state="failed", step=2, **old)
    DeliveryAttempt.objects.create(channel=channel, message_id="1", began_at=due, outcome="temporary")
    assert value_of("fermon_deliveries", state="waiting") == 1
    assert value_of("fermon_deliveries", state="sent") == 1
    assert value_of("fermon_deliveries", state="failed") == 0, "two days ago"
    assert value_of("fermon_delivery_attempts_total", outcome="temporary") == 1
    assert value_of("fermon_delivery_seconds_count") == 1
    assert value_of("fermon_delivery_seconds_sum") == 3
    assert value_of("fermon_oldest_due_seconds") == 240
    assert value_of("fermon_channel_failing", channel="Anna: e-mail") == 1
    Channel.objects.update(is_enabled=False)
    assert value_of("fermon_channel_failing", channel="Anna: e-mail") is None


@pytest.mark.parametrize(
    ("state", "silent_s", "up"), [("connected", 1, 1), ("failed", 1, 0), ("connected", 60, 0)]
)
def test_sources_are_told_by_name(state: str, silent_s: float, up: int) -> None:
    hour_ago = NOON - timedelta(hours=1)
    source = Source.objects.create(name="plc", protocol="mqtt", is_enabled=True, changed_at=hour_ago)
    SourceStatus.objects.create(
        source=source,
        state=state,
        updated_at=NOON - timedelta(seconds=silent_s),
        newest=NOON - timedelta(seconds=90),
        readings=12,
        rejected=3,
        lag_ms=250,
    )
    assert value_of("fermon_source_up", source="plc") == up
    assert value_of("fermon_source_readings_total", source="plc") == 12
    assert value_of("fermon_source_rejected_total", source="plc") == 3
    assert value_of("fermon_source_silent_seconds", source="plc") == 90
    assert value_of("fermon_source_lag_seconds", source="plc") == 0.25
    assert value_of("fermon_source_clock_offset_seconds", source="plc") is None


def test_a_source_without_status_is_not_up_and_a_disabled_one_is_not_told() -> None:
    for name in ("new", "off"):
        Source.objects.create(name=name, protocol="mqtt", is_enabled=name == "new", changed_at=NOON)
    assert value_of("fermon_sources") == 1
    assert value_of("fermon_source_up", source="new") == 0
    assert value_of("fermon_source_up", source="off") is None


def test_sources_that_clients_make_do_not_make_metrics_without_end() -> None:
    Source.objects.bulk_create(
        Source(name=f"db{number}", protocol="mqtt", is_enabled=True, changed_at=NOON)
        for number in range(MOST + 1)
    )
    numbers = samples_of(collect(lambda: 0))
    assert numbers["fermon_sources", frozenset()] == MOST + 1
    assert sum(name == "fermon_source_up" for name, _ in numbers) == MOST


def test_running_batches_and_their_deviations_are_counted() -> None:
    vessel = Vessel.objects.create(name="v1", made_at=NOON)
    batch = Batch.objects.create(vessel=vessel, name="b1", start=NOON, changed_at=NOON)
    Deviation.objects.create(
        batch=batch, start=NOON, peak_at=NOON, score=2, sentence="", revision=1, changed_at=NOON
    )
    assert value_of("fermon_batches_running") == 1
    assert value_of("fermon_batch_deviations") == 1


def test_the_disk_and_what_waits_on_it_are_told(keep: Callable[..., Any], settings: Settings) -> None:
    keep({"tag": TAG, "value": 37}, {"tag": TAG, "value": 38})
    settings.FERMON_DISK_RESERVE_BYTES = 5
    assert value_of("fermon_dead_letters") == 2
    assert (value_of("fermon_dead_letters_bytes") or 0) > 20
    assert value_of("fermon_disk_reserve_bytes") == 5
    assert 0 < (value_of("fermon_disk_free_bytes") or 0) <= (value_of("fermon_disk_size_bytes") or 0)


def test_the_newest_backup_is_told(data_dir: Path) -> None:
    assert value_of("fermon_last_backup_timestamp_seconds") is None
    backup = data_dir / "backups/fermon-20260130T120000Z.sqlite3"
    backup.parent.mkdir(parents=True)
    backup.touch()
    os.utime(backup, (1_000_000, 1_000_000))
    is_sqlite = connection.vendor == "sqlite"  # PostgreSQL's tools put backups elsewhere
    assert value_of("fermon_last_backup_timestamp_seconds") == (1_000_000 if is_sqlite else None)
    assert (value_of("fermon_database_size_bytes") is None) != is_sqlite


def test_a_data_directory_that_is_gone_has_no_size(settings: Settings, tmp_path: Path) -> None:
    settings.FERMON_DATA_DIR = tmp_path / "unmounted"
    assert value_of("fermon_disk_free_bytes") is None
    assert value_of("fermon_dead_letters") == 0


def test_that_readings_are_turned_away_is_told() -> None:
    assert (value_of("fermon_storing_up"), value_of("fermon_spool_up")) == (1, 1)
    outages().storing.begin("locked")
    outages().keeping.begin("the disk is full")
    assert (value_of("fermon_storing_up"), value_of("fermon_spool_up")) == (0, 0)


def test_redis_is_told_where_there_is_one(settings: Settings) -> None:
    assert value_of("fermon_redis_up") is None
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert value_of("fermon_redis_up") == 1, "no outage is known"


@pytest.mark.parametrize(
    ("found", "up"),
    [
        (Found(ReplicaState.CURRENT, 1.5), (1, 1.5)),
        (Found(ReplicaState.STALE, 30.0), (0, 30)),
        (Found(ReplicaState.AWAY, None), (0, None)),
    ],
)
def test_the_replica_is_told_where_there_is_one(
    found: Found, up: tuple[int, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert value_of("fermon_replica_up") is None
    monkeypatch.setattr(ReplicaMonitor, "start", lambda _: None)
    monkeypatch.setattr("monitoring.operations.metrics.machine_metrics.is_configured", lambda: True)
    part(ReplicaMonitor).found = found
    assert (value_of("fermon_replica_up"), value_of("fermon_replica_lag_seconds")) == up


def test_the_number_of_queries_does_not_depend_on_tags_and_no_measurement_is_read() -> None:
    ingest(37, 46)

    def queries() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            stored_metrics(NOON, 0)
        return [each["sql"] for each in captured.captured_queries]

    before = queries()
    Tag.objects.bulk_create(Tag(name=f"t{number}", valid_min=0, valid_max=1) for number in range(50))
    ingest(36, 36, 36)
    after = queries()
    assert len(after) == len(before) < 40
    assert [sql for sql in after if 'FROM "measurements"' in sql or 'FROM "findings"' in sql] == []


@pytest.mark.parametrize("fault", ["away", "hangs"])
def test_without_a_database_the_rest_is_told_in_time(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    probe, release = MetricsProbe(), threading.Event()
    monkeypatch.setattr(collecting, "ANSWER_S", 0.05)
    monkeypatch.setattr(collecting, "read_and_close", lambda read: read())

    def read() -> list[Any]:
        if fault == "away":
            raise DatabaseError("no such host")
        release.wait(30)
        return [gauge("fermon_a", "A.", 1)]

    assert probe.read(read) == []
    assert probe.outage.since is not None
    release.set()
    monkeypatch.setattr(collecting, "ANSWER_S", 30)
    assert len(probe.read(lambda: [gauge("fermon_a", "A.", 1)])) == 1
    assert probe.outage.since is None
    probe.stop()


@pytest.mark.usefixtures("database_away")
def test_while_the_database_is_away_what_is_on_disk_is_told(keep: Callable[..., Any]) -> None:
    keep({"tag": TAG, "value": 37})
    assert value_of("fermon_database_up") == 0
    assert value_of("fermon_dead_letters") == 1
    assert value_of("fermon_measurements_total") is None
    assert value_of("fermon_disk_free_bytes") is not None
