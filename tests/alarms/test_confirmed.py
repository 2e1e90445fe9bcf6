"""A value that its source confirms is not missing, although none is sent: alarms of sources of changes."""

from datetime import timedelta

import pytest

from monitoring.alarms.replaying import replay
from monitoring.models import Quality, QualitySpan, Source, SourceStatus, SourceTag, Tag
from tests.alarming import define
from tests.alarms.plant import NOON, TEMP, Plant, occurrences

pytestmark = pytest.mark.django_db
LAG_S = 2.0  # of a status behind the clock


class ConfirmingSource:
    """A source of one tag; the test says when it confirms."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        source = Source.objects.create(name="plc", protocol="fake", changed_at=NOON)
        SourceTag.objects.create(source=source, tag=Tag.objects.get(name=TEMP))
        self.status = SourceStatus.objects.create(source=source, state="connected", since=NOON)

    def pass_time(self, seconds: int) -> None:
        """Let seconds pass in which the source confirms and sends nothing."""
        for _ in range(seconds):
            self.status.confirmed_until = self.plant.now + timedelta(seconds=1 - LAG_S)
            self.status.save()
            self.plant.pass_time(1)

    def come_back(self) -> None:
        """Connect again."""
        self.status.since = self.plant.now
        self.status.save()


@pytest.fixture
def source(plant: Plant) -> ConfirmingSource:
    return ConfirmingSource(plant)


def test_a_confirmed_value_is_not_missing_also_after_a_restart(
    plant: Plant, source: ConfirmingSource
) -> None:
    plant.run()
    plant.live([37.0, 37.5])
    source.pass_time(90)
    plant.restart()
    source.pass_time(60)
    plant.live([37.0])
    assert occurrences("BAD") == occurrences("BAD", is_late=True) == []
    assert replay() == []


def test_without_confirmations_it_is_missing_and_the_next_one_ends_that(
    plant: Plant, source: ConfirmingSource
) -> None:
    plant.run()
    plant.live([37.0, 37.5])
    source.pass_time(30)
    plant.pass_time(45)
    ((begin, end),) = occurrences("BAD")
    last_s = 2 + 30 - LAG_S
    assert (begin, end) == (last_s + 10 + 20, None)
    source.come_back()
    source.pass_time(40)
    ((_, end),) = occurrences("BAD")
    assert end is not None
    assert end >= 2 + 30 + 45 - LAG_S


def test_a_bad_tag_is_not_confirmed(plant: Plant, source: ConfirmingSource) -> None:
    plant.run()
    plant.live([37.0])
    QualitySpan.objects.create(tag=Tag.objects.get(name=TEMP), begin=NOON, quality=Quality.BAD)
    source.pass_time(60)
    assert len(occurrences("BAD")) == 1


def test_a_delay_runs_out_while_a_value_is_confirmed(plant: Plant, source: ConfirmingSource) -> None:
    """A switch says once that it is on."""
    define(kind="DISCRETE", setpoint=40.0, on_delay_s=30.0)
    plant.run()
    plant.live([37.0, 40.0])
    source.pass_time(25)
    assert occurrences("DISCRETE") == []
    source.pass_time(15)
    assert occurrences("DISCRETE") == [(32.0, None)]
    plant.live([37.0])
    Tag.objects.filter(name=TEMP).update(kind="discrete")
    assert replay() == []


def test_a_time_in_which_both_were_away_is_told_afterwards(plant: Plant, source: ConfirmingSource) -> None:
    """A power failure: nobody evaluated, and the source was not connected."""
    plant.run()
    plant.live([37.0, 37.5])
    plant.now_s += 600
    source.come_back()
    source.status.confirmed_until = plant.now
    source.status.save()
    plant.store([37.0], plant.now_s)
    plant.restart()
    plant.pass_time(30)
    assert len(occurrences("BAD", is_late=True)) == 1
