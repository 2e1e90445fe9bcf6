"""The simulator as a source: every due second once, by one writer at a time."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Lease, Measurement, Tag
from monitoring.operations.schedules import WAITS
from monitoring.sources.simulator import source
from tests.conftest import cut_connections

NOW = datetime(2026, 1, 31, 12, 0, 0, 4000, tzinfo=UTC)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def tick(owner: str, at: datetime) -> bool:
    return source.tick(owner, now=at, write=ingest_readings)


def seconds() -> list[int]:
    """The stored seconds after NOW of each tag, which must be the same for all three."""
    offsets = Counter(
        (row.timestamp - NOW.replace(microsecond=0)) // SECOND for row in Measurement.objects.all()
    )
    assert set(offsets.values()) <= {3}
    return sorted(offsets)


def test_the_first_tick_starts_at_now_at_a_whole_second() -> None:
    assert tick("a", NOW)
    assert seconds() == [0]


def test_each_tick_writes_what_came_due_and_nothing_twice() -> None:
    for offset in (0, 0.4, 1, 2, 2.1, 5):
        tick("a", NOW + offset * SECOND)
    assert seconds() == [0, 1, 2, 3, 4, 5]


def test_another_worker_stands_by_and_takes_over_without_a_gap() -> None:
    tick("a", NOW)
    assert not tick("b", NOW + SECOND)
    assert tick("b", NOW + 4 * SECOND)
    assert seconds() == [0, 1, 2, 3, 4]


def test_after_fifteen_minutes_the_missed_time_is_filled() -> None:
    tick("a", NOW)
    tick("b", NOW + 900 * SECOND)
    assert seconds() == list(range(901))


def test_after_longer_it_starts_at_now_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    tick("a", NOW)
    tick("b", NOW + 901 * SECOND)
    assert seconds() == [0, 901]
    assert "away for longer" in caplog.text


def test_a_clock_set_back_writes_nothing_twice() -> None:
    tick("a", NOW + 10 * SECOND)
    tick("a", NOW)
    tick("a", NOW + 11 * SECOND)
    assert seconds() == [10, 11]


def test_switched_off_it_only_shows_that_the_worker_lives(settings) -> None:
    settings.FERMON_SIMULATOR = False
    assert tick("a", NOW)
    assert seconds() == []
    assert Lease.objects.get().renewed_at == NOW


def test_an_inactive_tag_is_not_simulated_and_edited_bounds_are_heeded() -> None:
    Tag.objects.exclude(name="fermenter_ph").update(active=False)
    Tag.objects.filter(name="fermenter_ph").update(valid_max=7, upper_limit=7)
    tick("a", NOW)
    tick("a", NOW + 300 * SECOND)
    assert Measurement.objects.count() == 301
    assert max(Measurement.objects.values_list("value", flat=True)) <= 7


def test_what_can_not_be_written_is_handed_over_with_the_watermark(monkeypatch) -> None:
    def refuse(items: object, source: str = "") -> None:
        raise OperationalError("database is locked")

    handed_over: list[dict] = []
    monkeypatch.setattr(source, "ingest_readings", refuse)
    monkeypatch.setattr(connection, "close", lambda: None)
    assert source.tick_safely("a", handed_over.extend, was_healthy=True)
    assert [item["tag"] for item in handed_over] == ["fermenter_temp", "fermenter_ph", "agitator_rpm"]
    assert Lease.objects.get().written_until.isoformat() in handed_over[0]["timestamp"].replace("Z", "+00:00")


def test_what_can_not_even_be_handed_over_is_made_up_by_the_next_tick(monkeypatch, caplog) -> None:
    def refuse(items: object, source: str = "") -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(connection, "close", lambda: None)
    with monkeypatch.context() as broken:
        broken.setattr(source, "ingest_readings", refuse)
        assert not source.tick_safely("a", refuse, was_healthy=True)
        assert not source.tick_safely("a", refuse, was_healthy=False)
    assert Measurement.objects.count() == 0
    assert source.tick_safely("a", refuse, was_healthy=False)
    assert Measurement.objects.count() == 3
    assert caplog.text.count("can't write") == 1
    assert caplog.text.count("writes again") == 1


def test_a_run_ends_when_asked_to_and_gives_the_lease_up() -> None:
    asked = iter([False, True, True, True])
    source.run_simulator(duration_s=60, should_stop=lambda: next(asked), hand_over=list)
    assert Measurement.objects.count() == 3
    assert Lease.objects.get().owner == ""


@pytest.fixture
def locked_out(write_lock, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Another program holds the database for the whole test; the waits for it that were in vain."""
    options = connection.settings_dict["OPTIONS"]
    short = {"timeout": 0.1} if connection.vendor == "sqlite" else {"options": "-c lock_timeout=100ms"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options | short)
    cut_connections()
    waits: list[str] = []

    def watch(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except OperationalError:
            waits.append(sql)
            raise

    with write_lock(), connection.execute_wrapper(watch):
        yield waits
    monkeypatch.undo()
    cut_connections()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_locked_out_at_its_end_waits_no_more_often_than_its_timeout_allows(
    locked_out: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(source, "sleep_to_next_second", lambda should_stop: now.__setitem__(0, 95.0))
    source.run_simulator(duration_s=95, should_stop=lambda: False, hand_over=list)
    assert 1 < len(locked_out) <= WAITS


def test_a_clock_that_is_set_back_meanwhile_does_not_prolong_its_sleep(time_machine) -> None:
    calls: list[None] = []

    def set_back() -> bool:
        calls.append(None)
        time_machine.move_to(NOW - 400 * 86_400 * SECOND)
        return len(calls) > 100

    time_machine.move_to(NOW)
    source.sleep_to_next_second(set_back)
    assert len(calls) <= 100


def test_it_wakes_just_after_the_next_whole_second() -> None:
    before = datetime.now(UTC)
    source.sleep_to_next_second(lambda: False)
    assert int(datetime.now(UTC).timestamp()) > int(before.timestamp())


def test_a_clock_set_far_back_does_not_silence_it(caplog: pytest.LogCaptureFixture) -> None:
    tick("a", NOW + 86_400 * SECOND)
    tick("b", NOW)
    tick("b", NOW + SECOND)
    assert seconds() == [0, 1, 86_400]
    assert "the clock was set" in caplog.text
