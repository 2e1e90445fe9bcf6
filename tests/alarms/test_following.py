"""Standard definitions of each tag, and versions that follow the tags' limits."""

import pytest

from monitoring.live.changes import newest_id
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion, AlarmOccurrence, Tag
from tests.alarms.plant import TEMP, Plant, make_tags, occurrences

pytestmark = pytest.mark.django_db


def versions(kind: str = "H", tag: str = TEMP) -> list[AlarmDefinitionVersion]:
    rows = AlarmDefinitionVersion.objects.filter(definition__kind=kind, definition__tag__name=tag)
    return list(rows.order_by("version"))


def test_each_tag_gets_the_standard_alarms_once(plant: Plant) -> None:
    plant.run()
    plant.restart()
    plant.run()
    of_temp = AlarmDefinition.objects.filter(tag__name=TEMP).order_by("kind")
    assert list(of_temp.values_list("kind", "priority", "on_delay_s", "version")) == [
        ("BAD", "medium", 20, 1),
        ("EVENT:saturation", "low", 60, 1),
        ("EVENT:stuck", "low", 60, 1),
        ("H", "medium", 10, 1),
        ("L", "medium", 10, 1),
    ]
    (version,) = versions()
    assert (version.by, version.from_id) == ("Fermon", newest_id())
    assert (version.fields["setpoint"], version.fields["deadband"]) == (45.0, 0.2)


def test_a_tag_without_limits_gets_no_limit_alarms_until_it_has_some(plant: Plant) -> None:
    tag = Tag.objects.create(name="free", valid_min=0, valid_max=100)
    plant.run()
    assert not AlarmDefinition.objects.filter(tag=tag, kind__in=["H", "L"]).exists()
    Tag.objects.filter(pk=tag.pk).update(upper_limit=50)
    plant.pass_time(2)
    assert [version.fields["setpoint"] for version in versions(tag="free")] == [50.0]


def test_many_new_tags_are_written_in_steps(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.alarms.following.CHANGES_AT_ONCE", 7)
    make_tags(8, "many")
    plant.run()
    assert AlarmDefinition.objects.filter(tag__group="many").count() == 8 * 5
    assert AlarmDefinition.objects.filter(group="many", kind="GROUP_BAD").count() == 1
    assert AlarmDefinitionVersion.objects.count() == AlarmDefinition.objects.count()


def test_a_changed_limit_holds_from_the_next_reading_on(plant: Plant) -> None:
    plant.run()
    plant.live([44.0] * 20)
    before = newest_id()
    Tag.objects.filter(name=TEMP).update(upper_limit=43)
    plant.pass_time(1)
    plant.live([44.0] * 12)
    second = versions()[1]
    assert (second.reason, second.from_id, second.fields["setpoint"]) == (
        "limits of the tag changed",
        before,
        43.0,
    )
    assert occurrences() == [(32.0, None)]
    Tag.objects.filter(name=TEMP).update(upper_limit=None)
    plant.pass_time(1)
    plant.live([44.0] * 2)
    assert occurrences() == [(32.0, 35.0)]


def test_a_changed_stale_time_is_a_version_too(plant: Plant) -> None:
    plant.run()
    Tag.objects.filter(name=TEMP).update(stale_after_s=100)
    plant.pass_time(2)
    assert [version.reason for version in versions("BAD")][1:] == ["time until the tag is stale changed"]


def test_an_edited_definition_is_read_again_before_the_next_commit(plant: Plant) -> None:
    plant.run()
    plant.live([44.0] * 5)
    definition = AlarmDefinition.objects.get(kind="H", tag__name=TEMP)
    definition.setpoint, definition.on_delay_s, definition.version = 43.5, 2.0, 2
    definition.save()
    before = versions()[0]
    AlarmDefinitionVersion.objects.create(
        definition=definition,
        version=2,
        from_id=plant.evaluator.runner.position if plant.evaluator.runner else 0,
        at=plant.now,
        by="an engineer",
        reason="too late",
        fields=before.fields | {"setpoint": 43.5, "on_delay_s": 2.0},
    )
    plant.live([44.0] * 5)
    assert occurrences() == [(8.0, None)]
    assert len(versions()) == 2


def test_a_priority_raised_while_active_asks_again(plant: Plant) -> None:
    plant.run()
    plant.live([46.0] * 15)
    occurrence = AlarmOccurrence.objects.get()
    AlarmDefinition.objects.filter(kind="H", tag__name=TEMP).update(priority="critical")
    plant.restart()
    plant.live([46.0])
    occurrence.refresh_from_db()
    assert occurrence.priority == "critical"
    assert len(occurrences()) == 1  # it was not acknowledged yet
