"""A clock that jumps deletes nothing, and what it has spoilt is mended when it is right again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from auditlog.models import LogEntry
from django.db import connection

from monitoring import tasks
from monitoring.ingest import rejections
from monitoring.ingest.outcomes import Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.host_clock import ClockReading
from monitoring.models import HostClock, Measurement, Rollup, Series, Tag
from monitoring.models.host_clock import clock_state, newest_measured
from monitoring.storage import host_clock, partitions, retention
from monitoring.storage.host_clock import check_clock, confirm_clock

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
TAG, OTHER = "fermenter_temp", "fermenter_ph"

pytestmark = pytest.mark.django_db


def reads(now: datetime, *, passed: timedelta = timedelta(0), boot: str = "first") -> ClockReading:
    """What the clock says when so much time has passed since NOW; a second start begins at 0 again."""
    uptime = timedelta(hours=1) + passed if boot == "first" else passed
    return ClockReading(now, uptime.total_seconds(), boot, "plant")


def send(*moments: datetime, tag: str = TAG, value: float = 37.0) -> list[Status]:
    items = [{"timestamp": moment.isoformat(), "tag": tag, "value": value} for moment in moments]
    return [outcome.status for outcome in ingest_readings(items, now=max(moments))]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch) -> None:
    monkeypatch.setattr(retention, "PAUSE_S", 0)


@pytest.fixture
def clock(monkeypatch) -> Callable[[ClockReading], None]:
    """Sets what the host's clock says to whoever looks."""

    def set_to(reading: ClockReading) -> None:
        for module in (host_clock, "monitoring.operations.health"):
            monkeypatch.setattr(f"{getattr(module, '__name__', module)}.read_clock", lambda: reading)

    set_to(reads(NOW))
    return set_to


@pytest.fixture
def plant(clock) -> None:
    """Ten days of a reading an hour, kept for two, and a worker that has just looked at the clock."""
    Tag.objects.update(retention_days=2, anomaly_retention_days=4)
    send(*(NOW - timedelta(hours=hour) for hour in range(240)))
    check_clock(reads(NOW))


def test_a_clock_that_goes_on_is_good_and_how_long_is_kept() -> None:
    check_clock(reads(NOW))
    assert not check_clock(reads(NOW + 40 * DAY, passed=40 * DAY)).jump
    assert HostClock.objects.get().good_until == NOW + 40 * DAY


@pytest.mark.parametrize("jump", [-400 * DAY, -2 * DAY, 2 * DAY, 400 * DAY])
def test_a_jump_is_noticed_and_goes_by_itself_when_the_clock_is_right_again(jump: timedelta) -> None:
    check_clock(reads(NOW))
    assert check_clock(reads(NOW + MINUTE + jump, passed=MINUTE)).jump == jump
    assert check_clock(reads(NOW + 2 * MINUTE + jump, passed=2 * MINUTE)).jump == jump
    assert HostClock.objects.get().good_until == NOW
    assert not check_clock(reads(NOW + 3 * MINUTE, passed=3 * MINUTE)).jump
    assert HostClock.objects.get().good_until == NOW + 3 * MINUTE


@pytest.mark.parametrize("jump", [timedelta(hours=-23), timedelta(0), timedelta(hours=23)])
def test_less_than_a_day_is_no_jump(jump: timedelta) -> None:
    check_clock(reads(NOW))
    assert not check_clock(reads(NOW + jump)).jump


def test_many_small_jumps_are_a_large_one() -> None:
    check_clock(reads(NOW))
    jumps = [check_clock(reads(NOW + hours * timedelta(hours=10))).jump for hours in range(1, 5)]
    assert jumps == [timedelta(0), timedelta(0), timedelta(hours=30), timedelta(hours=40)]


@pytest.mark.parametrize(("away", "is_jump"), [(timedelta(hours=20), False), (30 * DAY, True)])
def test_after_a_start_of_the_machine_the_clock_is_compared_with_when_it_was_last_good(
    away: timedelta, is_jump: bool
) -> None:
    check_clock(reads(NOW))
    state = check_clock(reads(NOW + away, boot="second"))
    assert bool(state.jump) is is_jump
    assert HostClock.objects.get().boot == "second"


def test_a_plant_that_was_off_for_a_month_goes_on_once_a_person_confirms() -> None:
    check_clock(reads(NOW))
    back = NOW + 30 * DAY
    assert check_clock(reads(back, boot="second")).jump == 30 * DAY
    confirm_clock("by a test", reads(back + MINUTE, passed=MINUTE, boot="second"))
    assert not check_clock(reads(back + 2 * MINUTE, passed=2 * MINUTE, boot="second")).jump
    entry = LogEntry.objects.get(additional_data__what="by a test")
    assert "2026-12-28T12:01:00Z" in str(entry.changes)


def test_where_starts_have_no_names_a_smaller_uptime_is_a_new_one() -> None:
    check_clock(reads(NOW, passed=5 * DAY))
    assert not check_clock(reads(NOW + timedelta(hours=3), passed=MINUTE)).jump


def test_another_host_s_wrong_clock_does_not_spoil_this_one_s() -> None:
    check_clock(reads(NOW))
    other = replace(reads(NOW + 400 * DAY, boot="other"), host="other")
    assert check_clock(other).jump == 400 * DAY
    assert not check_clock(reads(NOW + MINUTE, passed=MINUTE)).jump


def test_to_look_without_keeping_writes_nothing() -> None:
    clock_state(reads(NOW))
    assert not HostClock.objects.exists()


def test_a_clock_ahead_deletes_nothing_and_present_readings_are_taken(plant, clock) -> None:
    stored = Measurement.objects.count()
    clock(reads(NOW + MINUTE + 400 * DAY, passed=MINUTE))
    send(NOW + MINUTE + 400 * DAY)
    assert tasks.apply_retention() == 0
    assert Measurement.objects.count() == stored + 1
    clock(reads(NOW + 2 * MINUTE, passed=2 * MINUTE))
    assert send(NOW + 2 * MINUTE) == [Status.STORED]
    assert tasks.apply_retention() > 0
    assert Series.objects.get(tag__name=TAG).raw_from == NOW.replace(hour=0) - 2 * DAY


def test_without_a_record_the_newest_measurement_speaks(plant, clock) -> None:
    HostClock.objects.all().delete()
    stored = Measurement.objects.count()
    clock(reads(NOW + 400 * DAY))
    assert tasks.apply_retention() == 0
    assert Measurement.objects.count() == stored


@pytest.mark.parametrize("ahead", [2 * DAY, 400 * DAY, 4000 * DAY])
def test_even_a_confirmed_clock_deletes_no_more_than_the_newest_measurements_support(
    plant, ahead: timedelta
) -> None:
    retention.apply_retention(now=NOW + ahead)
    kept = Measurement.objects.order_by("timestamp")
    assert kept.first().timestamp == NOW.replace(hour=0) - DAY
    assert Series.objects.get(tag__name=TAG).raw_from <= kept.last().timestamp


def test_nothing_stored_supports_nothing(plant) -> None:
    assert newest_measured(NOW - 20 * DAY) is None
    assert retention.apply_retention(now=NOW - 20 * DAY) == 0


def test_readings_of_the_future_support_nothing(plant) -> None:
    send(NOW + 400 * DAY)
    send(NOW + 300 * DAY, tag=OTHER, value=7.0)
    assert newest_measured(NOW + 2 * DAY) == NOW


def test_tasks_and_refusals_are_not_pruned_by_a_clock_that_jumped(plant, clock, monkeypatch) -> None:
    pruned: list[datetime] = []
    monkeypatch.setattr(rejections, "prune_counts", lambda now: pruned.append(now))
    clock(reads(NOW + 400 * DAY))
    tasks.prune_tasks()
    assert not pruned
    clock(reads(NOW))
    tasks.prune_tasks()
    assert pruned == [NOW]


def test_a_past_that_was_deleted_by_a_clock_ahead_lets_present_readings_in_again(plant) -> None:
    """The damage from before: all is deleted up to a day in the future, and refused until then."""
    Measurement.objects.all().delete()
    Series.objects.update(raw_from=NOW + 398 * DAY, measurements=0)
    assert send(NOW + MINUTE) == [Status.REJECTED]
    rolled_up = Rollup.objects.filter(resolution_s=60).order_by("-start").first().start
    check_clock(reads(NOW + MINUTE, passed=MINUTE))
    assert Series.objects.get(tag__name=TAG).raw_from == rolled_up + MINUTE
    assert send(NOW + MINUTE, NOW) == [Status.STORED, Status.REJECTED]
    assert Rollup.objects.get(resolution_s=60, start=rolled_up).count == 1


def test_a_minute_that_is_still_open_counts_as_rolled_up(plant) -> None:
    Measurement.objects.all().delete()
    Rollup.objects.all().delete()
    Series.objects.update(raw_from=NOW + 398 * DAY, measurements=0, open_start=NOW - 10 * MINUTE)
    check_clock(reads(NOW + MINUTE, passed=MINUTE))
    assert Series.objects.get(tag__name=TAG).raw_from == NOW - 9 * MINUTE


def test_a_clock_that_went_back_by_mistake_lets_no_deleted_readings_in(plant) -> None:
    retention.apply_retention(now=NOW)
    before = Series.objects.get(tag__name=TAG).raw_from
    assert check_clock(reads(NOW - 4000 * DAY, passed=MINUTE)).jump
    assert Series.objects.get(tag__name=TAG).raw_from == before


def test_a_confirmation_mends_at_once(plant) -> None:
    Series.objects.update(raw_from=NOW + 398 * DAY)
    confirm_clock("by a test", reads(NOW))
    assert Series.objects.get(tag__name=TAG).raw_from <= NOW


@pytest.mark.postgresql
def test_partitions_are_made_for_the_expected_time_and_none_is_dropped(plant, clock) -> None:
    tasks.create_partitions()
    before = partitions.partition_names()
    clock(reads(NOW + 400 * DAY))
    tasks.create_partitions()
    tasks.apply_retention()
    assert partitions.partition_names() == before
    assert connection.vendor == "postgresql"
