"""Common cause, events of the detectors, and troubles of the system as alarms."""

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from monitoring.alarms.common_cause import begin_of
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmOccurrence, AlarmState, Event, Tag
from tests.alarms.plant import NOON, TEMP, Plant, make_tags, occurrences

S = 1_000_000


def annunciated() -> Counter[str]:
    """How often each kind of alarm asked for a person."""
    return Counter(
        AlarmOccurrence.objects.filter(is_annunciated=True).values_list("definition__kind", flat=True)
    )


@pytest.mark.django_db
def test_300_tags_of_a_group_silent_at_once_are_one_alarm_that_lists_them(plant: Plant) -> None:
    names, others = make_tags(300, "north"), make_tags(3, "south")
    plant.run()
    plant.live_all(2, dict.fromkeys([*names, *others], 5.0))
    plant.live_all(45, dict.fromkeys(others, 5.0))
    assert annunciated() == {"GROUP_BAD": 1}
    found = AlarmOccurrence.objects.get(definition__kind="GROUP_BAD")
    assert sorted(found.details["tags"]) == sorted(names)
    assert AlarmState.objects.filter(suppression="suppressed", is_active=True).count() == 300
    plant.live_all(2, dict.fromkeys([*names[:200], *others], 5.0))
    plant.live_all(25, dict.fromkeys([*names[:200], *others], 5.0))
    found.refresh_from_db()
    assert found.cleared_at is not None
    assert annunciated() == {"GROUP_BAD": 1, "BAD": 100}
    assert not AlarmState.objects.filter(suppression="suppressed").exists()


@pytest.mark.django_db
def test_all_tags_silent_are_one_alarm_of_the_system_also_after_a_restart(plant: Plant) -> None:
    names = [*make_tags(4, "north"), *make_tags(4, "south")]
    plant.run()
    plant.live_all(2, dict.fromkeys(names, 5.0))
    plant.pass_time(25)
    plant.restart()
    plant.pass_time(30)
    assert annunciated() == {"SYSTEM:no_data": 1}
    plant.restart()
    plant.live_all(30, dict.fromkeys(names[:4], 5.0))
    assert annunciated() == {"SYSTEM:no_data": 1, "GROUP_BAD": 1}
    plant.live_all(30, dict.fromkeys(names, 5.0))
    assert annunciated() == {"SYSTEM:no_data": 1, "GROUP_BAD": 1}
    assert not AlarmState.objects.filter(is_active=True).exists()


@pytest.mark.django_db
def test_a_shelved_alarm_stays_shelved_in_a_common_cause(plant: Plant) -> None:
    names = make_tags(4, "north")
    plant.run()
    plant.live_all(2, dict.fromkeys(names, 5.0) | {TEMP: 40.0})
    shelved = AlarmDefinition.objects.get(kind="BAD", tag__name=names[0])
    AlarmState.objects.create(definition=shelved, suppression="shelved", suppressed_by="Ann")
    plant.live_all(45, {TEMP: 40.0})
    assert annunciated() == {"GROUP_BAD": 1}
    assert AlarmState.objects.get(definition=shelved).suppression == "shelved"


def test_a_common_cause_begins_when_half_are_stale_within_a_minute() -> None:
    def begin(*seconds: int, needed: int, is_plant: bool = False) -> int | None:
        found = begin_of(np.array(seconds) * S, needed, is_plant=is_plant)
        return None if found is None else found // S

    assert begin(10, 12, 11, needed=3) == 12
    assert begin(10, 12, needed=3) is None
    assert begin(10, 40, 71, needed=3) is None
    assert begin(10, 40, 71, 72, 73, needed=3) == 72
    assert begin(-9000, 11, 12, 13, needed=4, is_plant=True) == 13
    assert begin(-9000, 11, 12, needed=4, is_plant=True) is None


def make_event(plant: Plant, start: float, end: float | None = None, **values: Any) -> Event:
    def moment(seconds: float) -> Any:
        return NOON + timedelta(seconds=seconds)

    fields = {"detector": "stuck", "kind": "stuck", "score": 1.2} | values
    return Event.objects.create(
        tag=Tag.objects.get(name=TEMP),
        start=moment(start),
        end=None if end is None else moment(end),
        explanation="stuck",
        revision=Event.objects.count() + 1,
        **fields,
    )


@pytest.mark.django_db
def test_an_event_that_lasts_a_minute_is_an_alarm_until_it_ends(plant: Plant) -> None:
    plant.run()
    event = make_event(plant, 1)
    plant.live([40.0] * 50)
    assert occurrences("EVENT:stuck") == []
    plant.live([40.0] * 15)
    plant.restart()
    plant.live([40.0] * 5)
    assert occurrences("EVENT:stuck") == [(61.0, None)]
    assert AlarmOccurrence.objects.get().event == event
    Event.objects.filter(pk=event.pk).update(end=NOON + timedelta(seconds=68), revision=2)
    plant.live([40.0] * 2)
    assert occurrences("EVENT:stuck") == [(61.0, 68.0)]


@pytest.mark.django_db
def test_an_event_that_began_and_ended_unseen_goes_to_the_journal_only(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 12)
    make_event(plant, -500, -300)
    make_event(plant, -200, -190)
    plant.live([40.0] * 3)
    assert annunciated() == {}
    assert occurrences("EVENT:stuck", is_late=True) == [(-440.0, -300.0)]


@pytest.mark.django_db
def test_an_advisory_detector_alarms_where_it_is_wanted_and_only_when_clear(plant: Plant) -> None:
    tag = Tag.objects.get(name=TEMP)
    AlarmDefinition.objects.create(tag=tag, kind="EVENT:step", on_delay_s=60)
    plant.run()
    plant.live([40.0] * 12)
    make_event(plant, -100, detector="step", kind="step up", score=1.5)
    make_event(plant, -90, detector="drift", kind="drift", score=9)
    plant.live([40.0] * 3)
    assert annunciated() == {}
    make_event(plant, -80, detector="step", kind="step up", score=2.5)
    plant.live([40.0] * 3)
    assert annunciated() == {"EVENT:step": 1}


@pytest.mark.django_db
def test_a_trouble_of_the_system_is_an_alarm_with_its_text(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 12)
    plant.troubles = {"disk": "The disk is full: 3 MiB are left. Make room."}
    plant.live([40.0] * 16)
    (found,) = AlarmOccurrence.objects.filter(definition__kind="SYSTEM:disk")
    assert found.details == {"text": "The disk is full: 3 MiB are left. Make room."}
    entry = AlarmJournalEntry.objects.get(kind="SYSTEM:disk")
    assert (entry.reason, entry.tag) == (found.details["text"], "")
    plant.troubles = {}
    plant.live([40.0] * 16)
    found.refresh_from_db()
    assert found.cleared_at is not None
