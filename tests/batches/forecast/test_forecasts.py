"""Forecasts of a running batch from stored readings, and the evidence of the batches before."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.db import OperationalError

from monitoring.batches.forecast import background, past
from monitoring.batches.forecast.background import forecast_batches
from monitoring.batches.forecast.reading import FRESH, Forecast, forecast_json, read_forecast
from monitoring.batches.golden.freezing import NewProfile, freeze
from monitoring.database import leases
from monitoring.kernel.actor import Actor
from monitoring.kernel.lease_names import BATCH_FORECAST
from monitoring.models import AlarmDefinition, Batch, BatchForecast, BatchHindcast, Tag, Vessel
from tests.batches.golden_plant import (
    GROWTH_MINUTES,
    MINUTE,
    NOON,
    courses,
    make_batch,
    make_recipe,
    make_vessel,
    store,
)

pytestmark = pytest.mark.django_db
START = NOON + timedelta(days=30)
KNOWN = 40  # minutes of the running batch
NOW = START + KNOWN * MINUTE + timedelta(seconds=5)
PAST = 11


@pytest.fixture(autouse=True)
def vessel() -> Vessel:
    """A vessel with complete batches in which the DO falls by 0.8 % a minute, through its limit."""
    vessel, recipe = make_vessel(), make_recipe()
    Tag.objects.filter(name="v_do").update(lower_limit=45)
    for number in range(1, PAST + 1):
        make_batch(vessel, number, recipe)
    return vessel


@pytest.fixture
def running(vessel: Vessel) -> Batch:
    """A batch of the same recipe, 40 minutes after the inoculation."""
    return run(vessel, courses(20, 0.0))


def run(vessel: Vessel, values: dict[str, Sequence[float]]) -> Batch:
    """A batch that runs since 40 minutes."""
    store(START, {name: column[:KNOWN] for name, column in values.items()})
    recipe = vessel.batches.latest("pk").recipe
    made = Batch.objects.create(
        vessel=vessel, recipe=recipe, name="b20", start=START, inoculated_at=START, changed_at=START
    )
    made.phases.create(position=1, name="growth", start=START)
    return made


def passes(minutes: int = 3) -> None:
    """Three passes, a minute apart: each stores the evidence of up to four batches."""
    for minute in range(minutes):
        forecast_batches(now=NOW + (minute - minutes + 1) * MINUTE)


def found(batch: Batch, now: datetime = NOW) -> Forecast:
    return read_forecast(Batch.objects.get(pk=batch.pk), now=now)


def test_a_limit_is_forecast_with_its_hit_rate(running: Batch) -> None:
    passes()
    (limit,) = found(running).limits
    assert (limit.tag, limit.side, limit.limit) == ("v_do", "low", 45)
    assert limit.minutes == pytest.approx((95 - 0.8 * KNOWN - 45) / 0.8, abs=3)
    assert limit.sentence == f"DO < 45 % in about {limit.minutes} min"
    assert (limit.hits, limit.tries) == (PAST, PAST)


def test_the_end_of_the_phase_is_forecast_with_range_and_hit_rate(running: Batch) -> None:
    passes()
    end = found(running).phase_end
    assert end is not None
    assert end.phase == "growth"
    expected = START + GROWTH_MINUTES * MINUTE
    assert abs(end.expected_end - expected) < 2 * MINUTE
    assert end.low <= end.expected_end <= end.high
    assert (end.hits, end.tries) == (PAST, PAST)
    answer = forecast_json(found(running))
    assert answer["phase_end"]["hit_rate"] == 1
    assert answer["limits"][0]["sentence"].startswith("DO < 45 %")


def test_nothing_is_shown_before_ten_batches_are_known(running: Batch) -> None:
    forecast_batches(now=NOW)
    assert BatchHindcast.objects.count() == background.MOST_EVIDENCE
    assert found(running) == Forecast()


def test_old_forecasts_and_those_of_other_phases_are_not_shown(running: Batch) -> None:
    passes()
    assert not found(running, NOW + FRESH).limits
    assert found(running, NOW + FRESH).phase_end is not None
    assert found(running, NOW + 20 * MINUTE) == Forecast()
    running.phases.update(start=START + MINUTE)
    assert found(running).phase_end is None
    Batch.objects.filter(pk=running.pk).update(state="complete", end=NOW)
    assert found(running) == Forecast()


def test_a_new_limit_counts_once_its_evidence_is_computed(running: Batch, vessel: Vessel) -> None:
    passes()
    AlarmDefinition.objects.create(tag=Tag.objects.get(name="v_do"), kind="LL", setpoint=50)
    forecast_batches(now=NOW)
    assert [each.limit for each in found(running).limits] == [45], "the other one is known of four batches"
    passes()
    assert [each.limit for each in found(running).limits] == [50, 45]
    AlarmDefinition.objects.filter(kind="LL").update(is_enabled=False)
    passes()
    assert [each.limit for each in found(running).limits] == [45]


def test_evidence_is_computed_once_until_a_batch_changes(running: Batch, vessel: Vessel) -> None:
    passes()
    evidence = BatchHindcast.objects.get(batch__name="b3")
    BatchHindcast.objects.filter(batch__name="b3").update(phases={})
    passes()
    assert BatchHindcast.objects.get(batch__name="b3").phases == {}
    Batch.objects.filter(name="b3").update(revision=7)
    passes()
    again = BatchHindcast.objects.get(batch__name="b3")
    assert again.phases == evidence.phases
    assert again.inputs != evidence.inputs


def test_excluded_batches_are_no_evidence(running: Batch) -> None:
    passes()
    Batch.objects.filter(name__in=("b1", "b2")).update(excluded_reason="probe was changed")
    forecast_batches(now=NOW + 5 * MINUTE)
    assert found(running, NOW + 5 * MINUTE) == Forecast()


def test_progress_by_a_totaliser_forecasts_a_slow_batch(vessel: Vessel) -> None:
    """At half speed, time alone would be 20 minutes wrong: the base added tells how far the batch is."""
    values = courses(20, 0.0)
    slow = run(vessel, {**values, "v_base": np.repeat(values["v_base"], 2).tolist()})
    assert slow.recipe is not None
    slow.recipe.phases.filter(name="growth").update(coordinate="total", coordinate_role="base_total")
    golden = list(vessel.batches.filter(state="complete").values_list("pk", flat=True))
    freeze(NewProfile("standard", golden), actor=Actor("ann", "login"))
    passes()
    end = found(slow).phase_end
    assert end is not None
    assert abs(end.expected_end - START - (GROWTH_MINUTES + KNOWN // 2) * MINUTE) < 3 * MINUTE


def test_a_batch_without_recipe_and_phases_is_forecast_as_a_whole(vessel: Vessel, running: Batch) -> None:
    Batch.objects.update(recipe=None)
    for batch in vessel.batches.all():
        batch.phases.all().delete()
    passes()
    end = found(running).phase_end
    assert end is not None
    assert end.phase == "whole batch"
    assert abs(end.expected_end - START - 100 * MINUTE) < 2 * MINUTE


def test_one_process_forecasts_at_a_time(running: Batch) -> None:
    leases.hold(BATCH_FORECAST, "other", now=datetime.now(NOW.tzinfo), duration=timedelta(seconds=50))
    assert forecast_batches(now=NOW) == 0
    leases.release(BATCH_FORECAST, "other")
    assert forecast_batches(now=NOW) == 1
    assert forecast_batches(now=NOW, should_stop=lambda: True) == 0
    Batch.objects.filter(pk=running.pk).update(state="complete", end=NOW)
    assert forecast_batches(now=NOW) == 0


def test_an_error_of_one_batch_is_logged_and_a_lost_database_ends_the_pass(
    running: Batch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(past, "evidence_of", fail)
    with caplog.at_level(logging.ERROR):
        assert forecast_batches(now=NOW) == 0
    assert "cannot be forecast" in caplog.text
    assert not BatchForecast.objects.exists()

    def lose(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(past, "evidence_of", lose)
    with pytest.raises(OperationalError):
        forecast_batches(now=NOW)
