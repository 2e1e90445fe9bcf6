"""Spans of bad quality as alarms: the source itself says that there is no good value."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from monitoring.alarms.wording import cause_of
from monitoring.models import AlarmOccurrence, QualitySpan, Tag
from monitoring.models.source import Quality
from tests.alarms.plant import NOON, TEMP, Plant, at, make_tags, occurrences

pytestmark = pytest.mark.django_db


def open_span(
    plant: Plant, *names: str, quality: Quality = Quality.BAD, word: str = "BadSensorFailure"
) -> None:
    """Spans of these tags that begin now."""
    QualitySpan.objects.bulk_create(
        QualitySpan(tag=tag, begin=plant.now, quality=quality, word=word)
        for tag in Tag.objects.filter(name__in=names)
    )


def close_spans(plant: Plant) -> None:
    QualitySpan.objects.filter(end=None).update(end=plant.now)


def test_without_a_span_there_is_no_alarm(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 60)
    assert not AlarmOccurrence.objects.exists()


def test_a_lasting_bad_span_is_an_alarm_from_its_begin_to_its_end(plant: Plant) -> None:
    """Measurements go on, as of a source that keeps sending the last value."""
    plant.run()
    plant.live([40.0] * 10)
    open_span(plant, TEMP)
    plant.live([40.0] * 29)
    assert occurrences("BAD") == []
    plant.live([40.0] * 11)
    assert occurrences("BAD") == [(10.0, None)]
    found = AlarmOccurrence.objects.get()
    assert (found.priority, cause_of(found.details)) == (
        "medium",
        "the source marks the value as bad: BadSensorFailure",
    )
    close_spans(plant)
    plant.live([40.0] * 3)
    assert occurrences("BAD") == [(10.0, 50.0)]


def test_a_tag_that_was_bad_from_the_beginning_has_an_alarm_without_any_measurement(plant: Plant) -> None:
    plant.run()
    open_span(plant, TEMP, word="")
    plant.pass_time(35)
    assert occurrences("BAD") == [(0.0, None)]
    assert cause_of(AlarmOccurrence.objects.get().details) == "the source marks the value as bad"


@pytest.mark.parametrize("quality", list(Quality))
def test_neither_short_bad_spans_nor_uncertain_ones_are_alarms(plant: Plant, quality: Quality) -> None:
    plant.run()
    plant.live([40.0] * 5)
    for _ in range(3):
        open_span(plant, TEMP, quality=quality)
        plant.live([40.0] * (25 if quality is Quality.BAD else 60))
        close_spans(plant)
        plant.live([40.0] * 3)
    assert not AlarmOccurrence.objects.exists()


def test_silence_in_a_bad_span_is_the_same_alarm_and_names_the_cause(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 10)
    open_span(plant, TEMP)
    plant.pass_time(60)
    close_spans(plant)
    plant.live([40.0] * 20)
    (found,) = AlarmOccurrence.objects.all()
    assert found.details["word"] == "BadSensorFailure"
    assert found.cleared_at is not None
    call_command("replay_alarms", "--check")


def test_a_restart_in_the_middle_changes_nothing(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 10)
    open_span(plant, TEMP)
    plant.live([40.0] * 40)
    plant.restart()
    plant.live([40.0] * 20)
    assert occurrences("BAD") == [(10.0, None)]
    close_spans(plant)
    plant.restart()
    plant.live([40.0] * 10)
    assert occurrences("BAD") == [(10.0, 70.0)]
    call_command("replay_alarms", "--check")


def test_a_source_that_fails_is_an_alarm_of_the_group_and_not_one_a_tag(plant: Plant) -> None:
    names, others = make_tags(4, "north"), make_tags(3, "south")
    plant.run()
    plant.live_all(5, dict.fromkeys([*names, *others], 5.0))
    open_span(plant, *names)
    plant.live_all(60, dict.fromkeys(others, 5.0))
    told = AlarmOccurrence.objects.filter(is_annunciated=True)
    assert list(told.values_list("definition__kind", flat=True)) == ["GROUP_BAD"]


def test_an_alarm_says_since_when_however_late_it_is_noticed(plant: Plant) -> None:
    plant.run()
    plant.live([40.0] * 3)
    open_span(plant, TEMP)
    QualitySpan.objects.update(begin=NOON - timedelta(seconds=100))
    plant.live([40.0] * 15)
    assert at(AlarmOccurrence.objects.get().active_at) == -100
