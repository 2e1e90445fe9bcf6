"""``manage.py replay_alarms``: stored alarms are those that follow from the stored measurements."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from monitoring.models import AlarmOccurrence, AlarmState, Tag
from tests.alarms.conftest import plant
from tests.alarms.plant import NOON, PH, TEMP, Plant, occurrences

__all__ = ["plant"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def lived(plant: Plant) -> Plant:
    """Alarms of all kinds of ends: by values, by the clock, while shelved, with a limit changed meanwhile."""
    plant.run()
    plant.live([40.0] * 12 + [46.0] * 15 + [40.0] * 15 + [34.0] * 14 + [44.0] * 14)
    Tag.objects.filter(name=TEMP).update(upper_limit=43)
    plant.pass_time(1)
    plant.live([44.0] * 15)
    AlarmState.objects.filter(is_active=True).update(suppression="shelved", suppressed_until=plant.now)
    plant.live([44.0] * 3)
    plant.pass_time(45)
    plant.live([40.0] * 20)
    plant.store([7.0] * 10, 40, PH)
    plant.live([46.0] * 3 + [40.0] * 3)
    return plant


def test_what_was_evaluated_live_follows_from_what_is_stored(
    lived: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(occurrences()) == 3  # two spells, of which one asked again
    assert len(occurrences("L")) == 1
    assert len(occurrences("BAD")) == 1
    call_command("replay_alarms", "--check")
    assert capsys.readouterr().out == "All alarms follow from the data.\n"


def test_each_difference_is_told_and_the_exit_code_is_1(
    lived: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    low = AlarmOccurrence.objects.get(definition__kind="L")
    AlarmOccurrence.objects.filter(pk=low.pk).update(cleared_at=NOON + timedelta(seconds=90))
    first = AlarmOccurrence.objects.filter(definition__kind="H").earliest("active_at")
    AlarmOccurrence.objects.filter(pk=first.pk).update(active_at=first.active_at + timedelta(seconds=1))
    with pytest.raises(SystemExit) as ended:
        call_command("replay_alarms", "--check", "--tag", TEMP)
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert told.count("fermenter_temp H at") == 2
    assert "is not stored" in told
    assert "does not follow from the measurements" in told
    assert "fermenter_temp L at 2026-01-31T12:00:53Z ended at 2026-01-31T12:01:30Z" in told
    call_command("replay_alarms", "--check", "--tag", PH)
