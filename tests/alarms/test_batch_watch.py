"""Deviations of running batches as alarms: one definition a vessel, an occurrence a deviation."""

from typing import Any

import pytest

from monitoring.alarms import definitions, suppression
from monitoring.alarms.batch_watch import details_of, end_of
from monitoring.kernel.actor import Actor
from monitoring.models import (
    AlarmDefinition,
    AlarmDefinitionVersion,
    AlarmJournalEntry,
    AlarmOccurrence,
    AlarmState,
    Batch,
    Deviation,
    Vessel,
)
from tests.alarms.deviating import SENTENCE, change, deviate, end_batch, make_batch, make_vessel, seconds
from tests.alarms.plant import Plant, occurrences

EVE = Actor("eve", via="api")
VERDICT = {"says": "probe", "is_shown": True, "sentence": "Only the DO probe says 23 % more."}


def spells(**which: Any) -> list[tuple[float | None, float | None]]:
    return occurrences("BATCH", tag=None, **which)


def acts() -> list[str]:
    rows = AlarmJournalEntry.objects.filter(kind="BATCH").order_by("id")
    return list(rows.values_list("act", flat=True))


@pytest.fixture
def vessel(plant: Plant) -> Vessel:
    """A vessel that the evaluator knows, some seconds after its first start."""
    made = make_vessel()
    plant.now_s = -12
    plant.pass_time(12)
    return made


@pytest.fixture
def batch(vessel: Vessel) -> Batch:
    return make_batch(vessel)


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [(None, {}), ({**VERDICT, "is_shown": False}, {}), (VERDICT, {"verdict": VERDICT["sentence"]})],
)
def test_details_have_the_verdict_once_it_may_be_shown(verdict: Any, shown: dict[str, str]) -> None:
    row = Deviation(pk=7, batch=Batch(pk=3, name="B-12"), sentence="x", verdict=verdict)
    assert details_of(row) == {"batch": 3, "batch_name": "B-12", "deviation": 7, "sentence": "x", **shown}


@pytest.mark.parametrize(
    ("end", "batch_end", "expected"), [(None, None, None), (1, None, 1), (None, 2, 2), (1, 2, 1), (2, 1, 1)]
)
def test_a_deviation_ends_with_its_batch_at_the_latest(
    end: int | None, batch_end: int | None, expected: int | None
) -> None:
    first, last, found = (None if each is None else seconds(each) for each in (end, batch_end, expected))
    assert end_of(Deviation(end=first, batch=Batch(end=last))) == found


def test_a_deviation_is_an_alarm_of_the_vessel_until_its_end(plant: Plant, batch: Batch) -> None:
    plant.pass_time(5)
    deviation = deviate(batch, 2, score=1.504)
    plant.pass_time(5)
    state = AlarmState.objects.get(definition__kind="BATCH")
    assert (spells(), state.is_active, state.value) == ([(2.0, None)], True, 1.5)
    assert state.occurrence.details == details_of(deviation)
    assert (state.definition.vessel, state.definition.tag) == (batch.vessel, None)
    entry = AlarmJournalEntry.objects.get(kind="BATCH")
    assert (entry.tag, entry.group, entry.priority) == ("", "Fermenter 3", "medium")
    assert entry.reason == f"B-12: {SENTENCE}".rstrip(".")

    change(deviation, end=seconds(9))
    plant.pass_time(3)
    assert spells() == [(2.0, 9.0)]
    assert AlarmState.objects.get(definition__kind="BATCH").value is None
    assert AlarmJournalEntry.objects.filter(act="late").count() == 0


def test_the_end_of_the_batch_ends_the_alarm(plant: Plant, batch: Batch) -> None:
    deviate(batch, -20)
    plant.pass_time(3)
    end_batch(batch, 4)
    plant.pass_time(3)
    assert spells() == [(-20.0, 4.0)]
    assert acts() == ["active", "return"]


def test_the_next_deviation_is_another_occurrence_of_the_same_alarm(plant: Plant, batch: Batch) -> None:
    first = deviate(batch, 1)
    plant.pass_time(3)
    change(first, end=seconds(4))
    second = deviate(batch, 5)
    plant.pass_time(3)
    assert spells() == [(1.0, 4.0), (5.0, None)]
    assert AlarmDefinition.objects.filter(kind="BATCH").count() == 1
    newest = AlarmOccurrence.objects.order_by("active_at").last()
    assert newest is not None
    assert newest.details["deviation"] == second.pk


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_deviation_that_late_data_replace_goes_on_as_the_same_alarm(
    plant: Plant, batch: Batch, is_restarted: bool
) -> None:
    deviate(batch, 2)
    plant.pass_time(3)
    if is_restarted:
        plant.restart()
    Deviation.objects.all().delete()
    replaced = deviate(batch, 1, sentence="pH is lower than usual")
    plant.pass_time(2)
    assert (spells(), acts()) == ([(2.0, None)], ["active"])
    assert AlarmOccurrence.objects.get().details == details_of(replaced)


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_deviation_that_opens_again_begins_where_it_ended(
    plant: Plant, batch: Batch, is_restarted: bool
) -> None:
    deviation = deviate(batch, 1)
    plant.pass_time(3)
    change(deviation, end=seconds(3))
    plant.pass_time(2)
    if is_restarted:
        plant.restart()
    change(deviation, end=None)
    plant.pass_time(2)
    assert spells() == [(1.0, 3.0), (3.0, None)]


def test_what_is_new_about_a_deviation_is_in_the_occurrence(plant: Plant, batch: Batch) -> None:
    deviation = deviate(batch, 1, score=1.5)
    plant.pass_time(3)
    before = AlarmState.objects.get(definition__kind="BATCH").revision
    plant.restart()
    plant.pass_time(3)
    assert AlarmState.objects.get(definition__kind="BATCH").revision == before
    change(deviation, score=2.5, verdict=VERDICT)
    plant.pass_time(1)
    state = AlarmState.objects.select_related("occurrence").get(definition__kind="BATCH")
    assert (state.value, state.occurrence.peak, state.occurrence.value) == (2.5, 2.5, 1.5)
    assert state.occurrence.details["verdict"] == VERDICT["sentence"]
    assert state.revision > before
    assert acts() == ["active"]


def test_an_unseen_deviation_goes_to_the_journal_only(plant: Plant, batch: Batch) -> None:
    plant.run()
    deviation = deviate(batch, -600, -300)
    plant.pass_time(2)
    assert (spells(), spells(is_late=True), acts()) == ([], [(-600.0, -300.0)], ["late"])
    change(deviation, score=3)
    plant.restart()
    plant.pass_time(2)
    late = AlarmOccurrence.objects.get()
    assert (late.is_annunciated, late.details) == (False, details_of(deviation))


def test_a_deviation_that_was_an_alarm_is_no_late_one_wherever_late_data_move_it(
    plant: Plant, batch: Batch
) -> None:
    deviation = deviate(batch, 1)
    plant.pass_time(3)
    change(deviation, end=seconds(4))
    plant.pass_time(3)
    change(deviation, start=seconds(-600), end=seconds(-300))
    plant.pass_time(2)
    assert acts() == ["active", "return"]


def test_a_new_comparison_of_an_old_batch_is_no_news(plant: Plant, batch: Batch) -> None:
    plant.run()
    end_batch(batch, -300)
    Batch.objects.update(end=seconds(-90_000), start=seconds(-180_000))
    deviate(batch, -100_000, -99_000)
    plant.pass_time(2)
    assert AlarmOccurrence.objects.count() == 0


def test_deviations_before_the_first_start_do_not_count(plant: Plant) -> None:
    deviate(make_batch(make_vessel()), -600, -300)
    plant.pass_time(13)
    assert AlarmOccurrence.objects.count() == 0


def test_a_planned_batch_and_another_vessel_are_no_alarm(plant: Plant, vessel: Vessel) -> None:
    idle = make_vessel("f4", "")
    deviate(make_batch(vessel, state="planned"), 0)
    deviate(make_batch(idle, "B-13"), 0)
    plant.pass_time(3)
    assert list(AlarmOccurrence.objects.values_list("definition__vessel__name", flat=True)) == ["f4"]


def test_an_on_delay_counts_from_the_start_of_the_deviation(plant: Plant, batch: Batch) -> None:
    definition = AlarmDefinition.objects.get(kind="BATCH")
    definitions.change(definition.pk, {"on_delay_s": 10.0}, reason="short ones go by themselves", actor=EVE)
    short, long = deviate(batch, 1, 8), deviate(batch, 12)
    plant.pass_time(21)
    assert spells() == []
    plant.pass_time(2)
    assert spells() == [(22.0, None)]
    assert short.start < long.start


@pytest.mark.parametrize("is_restarted", [False, True])
def test_after_a_shelf_the_alarm_asks_again_with_its_details(
    plant: Plant, batch: Batch, is_restarted: bool
) -> None:
    deviation = deviate(batch, 1)
    plant.pass_time(2)
    alarm = AlarmDefinition.objects.get(kind="BATCH").pk
    suppression.shelve(alarm, minutes=5, reason="known", actor=EVE, may_shelve_critical=False)
    AlarmState.objects.filter(pk=alarm).update(suppressed_until=seconds(10))
    plant.pass_time(10)
    if is_restarted:
        plant.restart()
    state = AlarmState.objects.select_related("occurrence").get(pk=alarm)
    assert (state.is_acknowledged, state.occurrence.details) == (False, details_of(deviation))
    change(deviation, end=seconds(13))
    plant.pass_time(3)
    assert [end for _, end in spells()] == [10.0, 13.0]


def test_a_vessel_out_of_use_ends_its_alarm_and_one_in_use_again_begins_it(
    plant: Plant, vessel: Vessel, batch: Batch
) -> None:
    deviate(batch, 1)
    plant.pass_time(3)
    Vessel.objects.filter(pk=vessel.pk).update(is_active=False)
    plant.pass_time(3)
    assert (spells(), acts()) == ([(1.0, 4.0)], ["active", "disable"])
    Vessel.objects.filter(pk=vessel.pk).update(is_active=True)
    plant.pass_time(2)
    assert spells() == [(1.0, 4.0), (4.0, None)]
    versions = AlarmDefinitionVersion.objects.filter(definition__vessel=vessel).order_by("version")
    assert [each.reason for each in versions] == [
        "made for the vessel",
        "the alarm, its tag or its vessel is not in use",
        "the alarm, its tag or its vessel is in use again",
    ]


def test_a_renamed_vessel_has_its_new_title_in_the_journal(
    plant: Plant, vessel: Vessel, batch: Batch
) -> None:
    deviation = deviate(batch, 1)
    plant.pass_time(2)
    Vessel.objects.filter(pk=vessel.pk).update(name="north", title="")
    plant.pass_time(1)
    change(deviation, end=seconds(2))
    plant.pass_time(2)
    rows = AlarmJournalEntry.objects.filter(kind="BATCH").order_by("id")
    assert list(rows.values_list("group", flat=True)) == ["Fermenter 3", "north"]


def test_a_deleted_vessel_leaves_no_alarm(plant: Plant, vessel: Vessel) -> None:
    plant.pass_time(1)
    vessel.delete()
    plant.pass_time(2)
    assert AlarmDefinition.objects.filter(kind="BATCH").count() == 0


def test_two_vessels_with_the_same_title_have_an_alarm_each(plant: Plant, vessel: Vessel) -> None:
    make_vessel("f4", vessel.title)
    make_vessel("f5", is_active=False)
    plant.pass_time(2)
    made = AlarmDefinition.objects.filter(kind="BATCH")
    assert list(made.values_list("vessel__name", "priority", "alarm_class", "is_enabled")) == [
        ("f3", "medium", "process", True),
        ("f4", "medium", "process", True),
    ]


def test_a_disabled_alarm_is_quiet(plant: Plant, batch: Batch) -> None:
    alarm = AlarmDefinition.objects.get(kind="BATCH").pk
    definitions.change(alarm, {"is_enabled": False}, reason="no golden batches yet", actor=EVE)
    deviate(batch, 1)
    plant.pass_time(3)
    assert AlarmOccurrence.objects.count() == 0
