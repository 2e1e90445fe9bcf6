"""Alarms as the evaluator finds them in stored measurements, page by page and by the clock."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError, connection

from monitoring.alarms import runner as running
from monitoring.alarms import suppression
from monitoring.alarms.applying import Applying
from monitoring.alarms.look_clock import LookClock
from monitoring.alarms.replaying import replay
from monitoring.alarms.timers import released
from monitoring.alarms.watched import SlopeWindow
from monitoring.database.leases import position_of
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import to_micros
from monitoring.kernel.lease_names import ALARM_CLOCK, ALARMS
from monitoring.kernel.source_clock import AHEAD_US
from monitoring.live.changes import newest_id
from monitoring.models import (
    AlarmDefinition,
    AlarmJournalEntry,
    AlarmOccurrence,
    AlarmState,
    Lease,
    Measurement,
    Tag,
)
from tests.alarms.plant import NOON, PH, TEMP, Plant, make_tags, occurrences
from tests.torture.audit import wrong_alarms

pytestmark = pytest.mark.django_db
CALM = [40.0 + place % 5 / 100 for place in range(60)]


def define(kind: str, tag: str = TEMP, **values: Any) -> AlarmDefinition:
    return AlarmDefinition.objects.create(tag=Tag.objects.get(name=tag), kind=kind, **values)


def test_a_lasting_excursion_is_one_alarm_with_its_peak(plant: Plant) -> None:
    plant.store([40], 0)
    plant.run()
    plant.live([40] * 4 + [46.0] * 10 + [47.5] + [46.0] * 9 + [40.0] * 30)
    assert occurrences() == [(15.0, 35.0)]
    found = AlarmOccurrence.objects.get()
    assert (found.peak, found.setpoint, found.priority, found.is_annunciated) == (47.5, 45.0, "medium", True)
    state = AlarmState.objects.get(occurrence=found)
    assert (state.is_active, state.is_acknowledged, state.outside_since) == (False, False, None)
    assert list(AlarmJournalEntry.objects.order_by("id").values_list("act", "to_state")) == [
        ("active", "UNACK"),
        ("return", "RTNUN"),
    ]


def test_short_excursions_of_every_reading_in_three_make_none(plant: Plant) -> None:
    plant.run()
    plant.live([40.0, 40.1, 46.0] * 20)
    assert occurrences() == []


def test_a_value_that_is_outside_at_the_first_start_alarms_by_the_clock(plant: Plant) -> None:
    Tag.objects.filter(name=TEMP).update(stale_after_s=60)
    plant.store([47], 0)
    plant.now_s = 5
    plant.run()
    plant.pass_time(20)
    assert occurrences() == [(10.0, None)]
    assert AlarmOccurrence.objects.get().details == {"noticed_by": "clock"}


def test_no_data_is_an_alarm_and_clears_no_other(plant: Plant) -> None:
    plant.run()
    plant.live([46.0] * 15)
    plant.pass_time(40)
    assert occurrences("BAD") == [(15.0 + 10 + 20, None)]
    assert occurrences() == [(11.0, None)]
    state = AlarmState.objects.get(definition__kind="H", definition__tag__name=TEMP)
    assert state.no_data_since == NOON + timedelta(seconds=25)
    plant.live([46.0] * 12)
    state.refresh_from_db()
    assert state.no_data_since is None
    assert occurrences("BAD") == [(45.0, 66.0)]
    assert occurrences() == [(11.0, None)]


def test_a_tag_without_any_measurement_is_not_silent(plant: Plant) -> None:
    plant.run()
    plant.pass_time(90)
    assert not AlarmOccurrence.objects.exclude(definition__kind__startswith="SYSTEM").exists()


def test_three_rejected_readings_raise_a_high_alarm_within_five_seconds(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 12)
    plant.live([51.0] * 5)
    (found,) = AlarmOccurrence.objects.filter(definition__kind="BAD")
    assert (found.priority, found.details) == ("high", {"cause": "rejected readings"})
    assert found.noticed_at - (NOON + timedelta(seconds=13)) <= timedelta(seconds=5)
    plant.live(CALM)
    plant.live([40.0] * 30)
    found.refresh_from_db()
    assert found.cleared_at is not None


def test_a_silent_tag_whose_readings_are_then_rejected_asks_again_with_high_priority(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 12)
    plant.pass_time(40)
    AlarmState.objects.update(is_acknowledged=True)
    plant.live([51.0] * 4)
    priorities = AlarmOccurrence.objects.filter(definition__kind="BAD").order_by("active_at")
    assert list(priorities.values_list("priority", flat=True)) == ["medium", "high"]
    assert not AlarmState.objects.get(definition__kind="BAD", is_active=True).is_acknowledged


def test_late_measurements_go_to_the_journal_only(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 10)
    plant.now_s = 200
    plant.live([40.0] * 20)
    plant.store([46.0] * 30 + [40.0] * 20, 60)
    plant.run()
    assert occurrences() == []
    assert occurrences(is_late=True) == [(70.0, 100.0)]
    late = AlarmOccurrence.objects.get(definition__kind="H")
    assert (late.is_annunciated, late.peak) == (False, 46.0)
    assert not AlarmState.objects.filter(definition__kind="H", is_active=True).exists()
    line = AlarmJournalEntry.objects.get(act="late", kind="H")
    assert re.fullmatch(r"noticed after it had ended at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", line.reason)


def test_a_late_excursion_that_comes_page_by_page_is_one_occurrence(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PAGE", 7)
    plant.run()
    plant.now_s = 200
    plant.live([40.0] * 20)
    plant.store([46.0] * 30 + [40.0] * 20, 60)
    plant.run()
    assert occurrences(is_late=True) == [(70.0, 100.0)]


def test_a_batch_out_of_order_that_is_stored_in_order_is_evaluated_in_order(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 3)
    plant.now_s = 60
    items = [
        {"timestamp": (NOON + timedelta(seconds=place)).isoformat(), "tag": TEMP, "value": value}
        for place, value in enumerate([46.0] * 20 + [40.0] * 20, start=5)
    ]
    ingest_readings(items[::2] + items[1::2], now=plant.now)
    plant.run()
    expected = sorted(occurrences() + occurrences(is_late=True))
    assert expected == [(15.0, 35.0)]


def test_a_gap_that_only_the_data_tell_of_asks_nobody(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 5)
    plant.now_s += 100  # the evaluator did not run
    plant.live([40.0] * 5)
    assert occurrences("BAD") == []
    assert occurrences("BAD", is_late=True) == [(35.0, 106.0)]


def test_a_kill_loses_no_running_delay(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 5 + [46.0] * 6)
    plant.restart()
    plant.live([46.0] * 6 + [40.0] * 3)
    plant.restart()
    plant.live([40.0] * 12)
    assert occurrences() == [(16.0, 28.0)]


def test_small_pages_find_the_same(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    names = make_tags(2, "")
    values = [5.0] * 20 + [11.0] * 25 + [5.0, 11.0] * 10 + [9.9] * 5 + [5.0] * 12 + [12.0] * 15 + [1.0] * 30
    for name, page in zip(names, [100_000, 7], strict=True):
        plant.run()
        plant.store(values, 0, name)
        plant.now_s = len(values)
        monkeypatch.setattr(running, "PAGE", page)
        plant.run()
    assert len(occurrences(tag=names[0])) == 2
    assert occurrences(tag=names[0]) == occurrences(tag=names[1])


def test_who_lost_the_lease_writes_nothing(plant: Plant) -> None:
    plant.run()
    plant.live([46.0] * 5)
    Lease.objects.filter(source=ALARMS).update(owner="another", expires_at=plant.now + timedelta(seconds=30))
    plant.store([46.0] * 20, 6)
    plant.now_s = 26
    plant.run()
    assert plant.evaluator.runner is None
    assert occurrences() == []


def test_a_second_process_goes_on_where_the_first_left(plant: Plant) -> None:
    plant.run()
    plant.live([46.0] * 5)
    first, plant.evaluator = plant.evaluator, plant.another()
    plant.live([46.0] * 2)
    assert plant.evaluator.runner is None
    plant.now_s += 3
    plant.store([46.0] * 3, plant.now_s - 2)
    plant.run()  # the lease has expired
    plant.live([46.0] * 3)
    assert plant.evaluator.runner is not None
    assert occurrences() == [(11.0, None)]
    first.runner = None


def test_what_is_newest_is_read_under_the_lease(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else measurements that the last owner evaluates meanwhile would seem to be of another database."""
    owners = []

    def newest() -> int:
        owners.append(Lease.objects.get(source=ALARMS).owner)
        return newest_id()

    plant.live([40.0] * 3)
    plant.restart()
    monkeypatch.setattr(running, "newest_id", newest)
    plant.run()
    assert owners == [plant.evaluator.owner]


def test_a_database_that_fails_is_told_once_and_nothing_is_lost(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("disk I/O error")

    caplog.set_level("INFO")
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    plant.run()
    plant.store([46.0] * 20, 0)
    plant.now_s = 19
    with monkeypatch.context() as broken:
        broken.setattr(Applying, "save", refuse)
        broken.setattr("monitoring.live.lease_follower.datetime", FixedNow(plant))
        for _ in range(5):
            plant.evaluator.watch._seen = None  # type: ignore[attr-defined]
            plant.evaluator.step_safely()
    monkeypatch.setattr("monitoring.live.lease_follower.datetime", FixedNow(plant))
    while plant.evaluator.step_safely():
        pass
    assert occurrences() == [(10.0, None)]
    assert caplog.text.count("can't be evaluated") == caplog.text.count("are evaluated again") == 1


class FixedNow:
    """A datetime whose now is the plant's."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    def now(self, _: Any) -> Any:
        return self.plant.now


def test_a_measurement_ahead_of_the_clock_waits_and_delays_no_other(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 5)
    plant.store([46.0] * 20, 100)
    plant.live([46.0] * 12 + [40.0] * 15)
    assert occurrences() == [(16.0, 28.0)]
    plant.restart()
    plant.live([40.0] * 60)  # until second 92
    plant.live([])
    plant.now_s = 121
    plant.store([40.0] * 12, 120)
    plant.now_s = 131
    plant.run()
    assert occurrences() == [(16.0, 28.0), (110.0, 130.0)]


def test_a_clock_an_hour_back_and_forth_makes_no_alarm(plant: Plant) -> None:
    everything = {TEMP: 40.0, PH: 7.0, "agitator_rpm": 400.0}
    plant.run()
    plant.live_all(20, everything)
    for step in (-3600, 3600):
        plant.now_s += step
        plant.monotonic_ahead_s -= step
        plant.live_all(40, everything)
    plant.live([46.0] * 15)
    assert occurrences() == [(111.0, None)]
    assert AlarmOccurrence.objects.filter(is_annunciated=True).count() == 1


def jump(plant: Plant, seconds: float) -> None:
    """Sets the host's clock; the monotonic clock goes on."""
    plant.now_s += seconds
    plant.monotonic_ahead_s -= seconds


@pytest.mark.parametrize("is_restarted", [False, True])
def test_after_a_minute_a_day_ahead_silence_limits_and_shelves_are_judged_by_the_right_time(
    plant: Plant, *, is_restarted: bool
) -> None:
    everything = {TEMP: 40.0, PH: 7.0, "agitator_rpm": 400.0}
    define("HH", "agitator_rpm", setpoint=500, on_delay_s=2)
    plant.run()
    plant.live_all(20, everything)
    jump(plant, 86_400)
    plant.live_all(25, everything)
    plant.live_all(5, everything | {TEMP: 46.0})
    AlarmState.objects.update_or_create(
        definition=AlarmDefinition.objects.get(kind="L", tag__name=TEMP),
        defaults={"suppression": "shelved", "suppressed_until": plant.now + timedelta(hours=1)},
    )
    jump(plant, -86_400)
    if is_restarted:
        plant.restart()
    plant.live_all(1, everything)
    assert position_of(ALARM_CLOCK) == to_micros(plant.now) + AHEAD_US
    plant.live_all(14, everything | {"agitator_rpm": 600.0})
    assert occurrences("HH", "agitator_rpm") == [(54.0, None)]
    assert occurrences() == []
    assert not AlarmState.objects.filter(suppression="shelved").exists()
    silent = {TEMP: 40.0, "agitator_rpm": 400.0}
    plant.live_all(40, silent)
    assert occurrences("BAD", PH) == [(65.0 + 10 + 20, None)]
    assert occurrences("BAD") == occurrences("BAD", "agitator_rpm") == []


@pytest.mark.parametrize(
    ("changes", "left_min", "is_over"),
    [
        ({"priority": "critical"}, 630, True),
        ({"priority": "critical"}, 60, False),
        ({"longest_shelf_min": 15}, 30, True),
        ({}, 630, False),
        ({}, 1_320, True),
    ],
)
def test_a_shelf_longer_than_the_alarm_allows_ends(
    plant: Plant, changes: dict[str, Any], left_min: int, *, is_over: bool
) -> None:
    plant.run()
    AlarmDefinition.objects.filter(kind="H", tag__name=TEMP).update(**changes)
    AlarmState.objects.update_or_create(
        definition=AlarmDefinition.objects.get(kind="H", tag__name=TEMP),
        defaults={"suppression": "shelved", "suppressed_until": plant.now + timedelta(minutes=left_min)},
    )
    assert [reason for *_, reason in released(plant.now, at_most=5)] == ["the shelf has ended"] * is_over


def test_an_alarm_that_outlasts_its_shelf_asks_anew_and_the_journal_tells_of_each_beginning(
    plant: Plant,
) -> None:
    plant.run()
    plant.live([40.0] * 5 + [46.0] * 20)
    state = AlarmState.objects.get(definition__kind="H", definition__tag__name=TEMP)
    pk = state.definition_id
    suppression.shelve(pk, minutes=1, reason="", actor=Actor(), may_shelve_critical=False)
    AlarmState.objects.filter(pk=state.pk).update(suppressed_until=plant.now + timedelta(seconds=5))
    plant.live([46.0] * 20)
    assert len(occurrences()) == 2
    acts = (
        AlarmJournalEntry.objects.filter(definition__kind="H").order_by("id").values_list("act", "to_state")
    )
    assert list(acts) == [("active", "UNACK"), ("shelve", "SHLVD"), ("release", "UNACK")]
    with connection.cursor() as cursor:
        assert wrong_alarms(cursor) == []
        AlarmOccurrence.objects.create(
            definition_id=pk, active_at=NOON, noticed_at=NOON, priority="low", cleared_at=NOON
        )
        assert ["0 lines" in problem for problem in wrong_alarms(cursor)] == [True]


def test_what_came_a_day_ahead_counts_when_its_time_has_come(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 20)
    jump(plant, 86_400)
    plant.live([40.0] * 3 + [46.0] * 20)
    jump(plant, -86_400)
    plant.live([40.0] * 5)
    assert occurrences() == [(86_434.0, None)]  # noticed while the clock was ahead
    jump(plant, 86_400 - 60)
    plant.live([40.0] * 10)
    assert AlarmState.objects.get(definition__kind="H", definition__tag__name=TEMP).outside_since is None
    plant.now_s += 60
    plant.run()
    assert occurrences() == [(86_434.0, 86_434.0), (86_434.000001, None)]


def test_a_jump_stops_the_looks_for_ten_seconds() -> None:
    clock = LookClock(starts_at=0)
    assert clock.time_us(100_000_000, 100) == 100_000_000
    assert clock.time_us(3_700_000_000, 100.2) is None
    assert clock.time_us(3_709_000_000, 109.2) is None
    assert clock.time_us(3_711_000_000, 111.2) == 3_711_000_000
    assert clock.time_us(3_710_999_000, 111.3) == 3_711_000_000
    assert clock.time_us(112_000_000, 112.2) is None
    assert clock.time_us(123_000_000, 123.2) == 123_000_000


def test_deviation_from_another_tag(plant: Plant) -> None:
    define("DEV", target_tag=Tag.objects.get(name=PH), setpoint=32.0, deadband=0.5, on_delay_s=3)
    plant.run()
    for value in [38.0] * 5 + [40.0] * 6:
        plant.now_s += 1
        plant.store([7.0], plant.now_s, PH)
        plant.store([value], plant.now_s)
        plant.run()
    assert occurrences("DEV") == [(9.0, None)]


@pytest.mark.parametrize("restarts_at", [None, 8, 12, 15], ids=str)
def test_a_setpoint_that_settles_survives_a_restart(plant: Plant, restarts_at: int | None) -> None:
    ph = Tag.objects.get(name=PH)
    define("DEV", target_tag=ph, settle_s=5, setpoint=32.0, deadband=0.5, on_delay_s=3, off_delay_s=3)
    plant.run()
    plant.store([7.5], 1, PH)
    for second in range(2, 31):
        plant.now_s = second
        if second in {10, 20}:  # the second one is late
            plant.store([6.5] if second == 10 else [8.5], second if second == 10 else 14, PH)
        plant.store([39.0], second)
        plant.run()
        if second == restarts_at:
            plant.restart()
    assert occurrences("DEV") == [(18.0, 23.0)]
    assert replay() == []


def test_a_rate_of_change_survives_a_restart(plant: Plant) -> None:
    define("ROC+", setpoint=6.0, window_s=10, on_delay_s=0, off_delay_s=0)
    plant.run()
    plant.live([38.0] * 15 + [38.0 + 0.2 * step for step in range(4)])
    plant.restart()
    plant.live([38.8 + 0.2 * step for step in range(10)] + [41.0] * 12)
    (found,) = occurrences("ROC+")
    assert found[0] is not None
    assert 19 <= found[0] <= 25
    assert found[1] is not None


def test_the_slope_is_in_units_a_minute() -> None:
    window = SlopeWindow(60)
    for second in range(90):
        window.add(second * 1_000_000, 0.5 * second)
    assert window.slope() == pytest.approx(30)


def test_a_discrete_signal(plant: Plant) -> None:
    define("DISCRETE", setpoint=36.0, on_delay_s=2, off_delay_s=0)
    plant.run()
    plant.live([40.0, 36.0, 36.0, 36.0, 36.0, 40.0])
    assert occurrences("DISCRETE") == [(4.0, 6.0)]


def test_a_tag_that_is_set_inactive_ends_its_alarms(plant: Plant) -> None:
    plant.run()
    plant.live([46.0] * 15)
    Tag.objects.filter(name=TEMP).update(active=False)
    plant.pass_time(2)
    assert occurrences() == [(11.0, 16.0)]
    entry = AlarmJournalEntry.objects.get(act="disable")
    assert "not in use" in entry.reason


def test_a_shelf_ends_by_the_clock_and_what_is_active_asks_again(plant: Plant) -> None:
    plant.run()
    plant.live([46.0] * 15)
    until = NOON + timedelta(seconds=20)
    AlarmState.objects.filter(is_active=True).update(
        suppression="shelved", is_acknowledged=True, suppressed_until=until
    )
    plant.live([46.0] * 4)
    assert len(occurrences()) == 1
    plant.live([46.0] * 3)
    assert occurrences() == [(11.0, 20.0), (20.0, None)]


def test_an_acknowledged_alarm_asks_again_after_its_time(plant: Plant) -> None:
    plant.run()
    AlarmDefinition.objects.filter(kind="H").update(realarm_after_s=30)
    plant.restart()
    plant.live([46.0] * 15)
    AlarmState.objects.filter(is_active=True).update(
        is_acknowledged=True, acknowledged_at=NOON + timedelta(seconds=15)
    )
    plant.live([46.0] * 29)
    assert len(occurrences()) == 1
    plant.live([46.0] * 3)
    assert occurrences() == [(11.0, 45.0), (45.0, None)]


def test_an_alarm_acknowledged_while_the_clock_was_ahead_asks_again_at_once(plant: Plant) -> None:
    plant.run()
    AlarmDefinition.objects.filter(kind="H").update(realarm_after_s=3_600)
    plant.restart()
    plant.live([46.0] * 15)
    AlarmState.objects.filter(is_active=True).update(
        is_acknowledged=True, acknowledged_at=NOON + timedelta(hours=10)
    )
    plant.live([46.0] * 3)
    assert [begin for begin, _ in occurrences()] == [11.0, 16.0]


def test_in_a_flood_the_first_of_each_group_is_marked(plant: Plant) -> None:
    names = [*make_tags(12, "north"), *make_tags(3, "south")]
    plant.run()
    plant.live_all(2, dict.fromkeys(names, 5.0))
    plant.live_all(1, {**dict.fromkeys(names, 5.0), "south_1": 12.0})
    plant.live_all(3, {**dict.fromkeys(names, 12.0), "south_1": 12.0})
    plant.live_all(10, dict.fromkeys(names, 12.0))
    first = AlarmOccurrence.objects.filter(is_first_out=True)
    tags = set(first.values_list("definition__tag__name", flat=True))
    assert "south_1" in tags
    assert len(tags) == 2
    assert AlarmOccurrence.objects.count() == 15


def test_with_nothing_new_nothing_but_the_lease_is_written(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 5)
    before = AlarmState.objects.count(), AlarmJournalEntry.objects.count()
    plant.live([40.1] * 20)
    assert (AlarmState.objects.count(), AlarmJournalEntry.objects.count()) == before
    assert Lease.objects.get(source=ALARMS).position == newest_id() == Measurement.objects.latest("id").pk


def test_a_past_with_many_gaps_is_stored_in_short_transactions(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that others write in between."""
    monkeypatch.setattr(running, "PAGE", 200)
    monkeypatch.setattr(running, "FLOOD_PAGE", 50)
    plant.run()
    begin = NOON - timedelta(minutes=500)
    past = [(begin + timedelta(minutes=place)).isoformat() for place in range(450)]
    ingest_readings([{"timestamp": time, "tag": TEMP, "value": 40} for time in past])
    counts: list[int] = []
    save = Applying.save

    def counted(applying: Applying) -> None:
        save(applying)
        counts.append(AlarmOccurrence.objects.filter(is_late=True).count())

    monkeypatch.setattr(Applying, "save", counted)
    plant.run()
    steps = [after - before for before, after in pairwise([0, *counts])]
    assert sum(steps) > 400
    assert steps[0] <= 200
    assert max(steps[1:]) <= 50
