"""Moments of batches by the rules of vessels and recipes, on stored readings."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import Max

from monitoring.batches.corrections import mark_golden, move_moment, remove_last_phase
from monitoring.batches.lifecycle import NewBatch, end_batch, inoculate, start_batch
from monitoring.batches.reading import vessel_in_full, vessel_json
from monitoring.batches.rules import background
from monitoring.batches.rules.background import follow_rules
from monitoring.batches.rules.moments import RecomputedMoments, recompute
from monitoring.database import leases
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.actor import Actor
from monitoring.kernel.lease_names import BATCH_RULES
from monitoring.models import Batch, Recipe, RuleProblem, Tag, Vessel

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANN = Actor("ann", "login")
TAGS = {"fermenter_temp": "temperature", "fermenter_ph": "ph", "agitator_rpm": "agitation"}
WARM, COLD = 37, 31
RULES = {
    "start": {"role": "temperature", "above": 35, "for_s": 300, "recipe": "fed-batch"},
    "inoculation": {"role": "ph", "below": 7, "for_s": 120},
    "end": {"role": "agitation", "falls_percent": 20, "within_s": 600},
}


@pytest.fixture
def vessel() -> Vessel:
    made = Vessel.objects.create(name="v1", rules=RULES, made_at=NOON)
    for tag, role in TAGS.items():
        made.bindings.create(tag=Tag.objects.get(name=tag), role=role)
    return made


@pytest.fixture(autouse=True)
def recipe() -> Recipe:
    made = Recipe.objects.create(name="fed-batch", made_at=NOON, made_by="ann")
    made.phases.create(position=1, name="growth")
    made.phases.create(
        position=2, name="feed", start_rule={"role": "temperature", "below": 36, "for_s": 60, "after_s": 600}
    )
    return made


def store(tag: str, minutes: Iterable[int], value: float) -> None:
    ingest_readings(
        [{"timestamp": (NOON + each * MINUTE).isoformat(), "tag": tag, "value": value} for each in minutes]
    )


def store_run() -> None:
    """Warm from minute 5, acid from 10, cooler from 30, and empty from 50 of 60 minutes."""
    for begin, stop, value in ((0, 5, COLD), (5, 30, WARM), (30, 60, 35.5)):
        store("fermenter_temp", range(begin, stop), value)
    for begin, stop, value in ((0, 10, 7.2), (10, 60, 6.8)):
        store("fermenter_ph", range(begin, stop), value)
    for begin, stop, value in ((0, 50, 500), (50, 60, 300)):
        store("agitator_rpm", range(begin, stop), value)


def moments() -> list[tuple[str, object, object, dict[str, int], object]]:
    """Return state, start, inoculation, phases and end of the batches, in minutes after noon."""

    def minute(at: datetime | None) -> int | None:
        return None if at is None else (at - NOON) // MINUTE

    return [
        (
            batch.state,
            minute(batch.start),
            minute(batch.inoculated_at),
            {phase.name: minute(phase.start) for phase in batch.phases.all()},
            minute(batch.end),
        )
        for batch in Batch.objects.order_by("start")
    ]


WHOLE = ("complete", 5, 10, {"growth": 10, "feed": 30}, 50)


@pytest.mark.usefixtures("vessel")
def test_a_batch_from_start_to_end_by_rules() -> None:
    store_run()
    for minute in (5, 9, 20, 40, 70):
        follow_rules(now=NOON + minute * MINUTE)
    assert moments() == [WHOLE]
    batch = Batch.objects.get()
    assert (batch.name, str(batch.recipe)) == ("v1-20240131-120500", "fed-batch, version 1")
    assert {batch.start_source, batch.inoculation_source, batch.end_source} == {"rule"}
    assert (batch.started_by, batch.ended_by) == ("rule", "rule")
    feed = batch.phases.last()
    assert (feed.source, feed.by, feed.end) == ("rule", "rule", batch.end)


@pytest.mark.usefixtures("vessel")
def test_one_pass_after_an_outage_finds_the_same() -> None:
    store_run()
    assert follow_rules(now=NOON + 70 * MINUTE) == 1
    assert moments() == [WHOLE]
    revision = Batch.objects.get().revision
    assert follow_rules(now=NOON + 71 * MINUTE) == 0
    assert Batch.objects.get().revision == revision


@pytest.mark.usefixtures("vessel")
def test_late_data_move_the_moments_until_a_day_has_passed() -> None:
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    ingest_readings([{"timestamp": "2024-01-31T12:05:30Z", "tag": "fermenter_temp", "value": 30.5}])
    follow_rules(now=NOON + 71 * MINUTE)
    assert moments() == [("complete", 6, *WHOLE[2:])]
    ingest_readings([{"timestamp": "2024-01-31T12:06:30Z", "tag": "fermenter_temp", "value": 30.5}])
    follow_rules(now=NOON + timedelta(hours=24, minutes=7))
    assert moments() == [("complete", 6, *WHOLE[2:])]


@pytest.mark.usefixtures("vessel")
def test_late_data_take_an_end_and_an_inoculation_away() -> None:
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    late = [
        {"timestamp": (NOON + minute * MINUTE + MINUTE / 2).isoformat(), "tag": tag, "value": value}
        for minute in range(10, 60)
        for tag, value in (("fermenter_ph", 8.5), ("agitator_rpm", 699 if minute >= 50 else 500))
    ]
    ingest_readings(late)
    follow_rules(now=NOON + 71 * MINUTE)
    assert moments() == [("running", 5, None, {}, None)]
    batch = Batch.objects.get()
    assert (batch.inoculation_source, batch.end_source, batch.ended_by) == ("", "", "")


@pytest.mark.usefixtures("vessel")
def test_a_persons_moment_stays() -> None:
    store_run()
    follow_rules(now=NOON + 40 * MINUTE)
    inoculate(Batch.objects.get().pk, at=NOON + 12 * MINUTE, actor=ANN)
    follow_rules(now=NOON + 70 * MINUTE)
    assert moments() == [("complete", 5, 12, {"growth": 12, "feed": 30}, 50)]
    growth = Batch.objects.get().phases.first()
    assert (growth.source, growth.by) == ("person", "ann")


@pytest.mark.usefixtures("vessel")
def test_a_moment_that_a_person_took_back_stays_away_until_its_rule_was_false() -> None:
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    pk = Batch.objects.get().pk
    move_moment(pk, "end", None, actor=ANN)
    remove_last_phase(pk, actor=ANN)
    move_moment(pk, "inoculation", None, actor=ANN)
    follow_rules(now=NOON + 71 * MINUTE)
    assert moments() == [("running", 5, None, {}, None)]
    store("fermenter_ph", range(60, 65), 7.2)
    store("fermenter_ph", range(65, 80), 6.8)
    follow_rules(now=NOON + 80 * MINUTE)
    assert moments() == [("running", 5, 65, {"growth": 65}, None)]


@pytest.mark.usefixtures("vessel")
def test_the_moments_of_a_golden_batch_stay() -> None:
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    mark_golden(Batch.objects.get().pk, True, actor=ANN)
    ingest_readings([{"timestamp": "2024-01-31T12:05:30Z", "tag": "fermenter_temp", "value": 30.5}])
    assert follow_rules(now=NOON + 71 * MINUTE) == 0
    assert moments() == [WHOLE]


@pytest.mark.usefixtures("vessel")
def test_the_end_of_a_person_stays_and_the_vessel_starts_no_other_batch_while_nothing_changes() -> None:
    store_run()
    follow_rules(now=NOON + 20 * MINUTE)
    end_batch(Batch.objects.get().pk, at=NOON + 20 * MINUTE, actor=ANN)
    follow_rules(now=NOON + 70 * MINUTE)
    assert moments() == [("complete", 5, 10, {"growth": 10}, 20)]


def test_the_batch_of_a_person_follows_the_other_rules(vessel: Vessel) -> None:
    store_run()
    start_batch(NewBatch(vessel.name, "b1", recipe="fed-batch", start=NOON), actor=ANN)
    follow_rules(now=NOON + 70 * MINUTE)
    assert moments() == [("complete", 0, *WHOLE[1:][1:])]
    assert Batch.objects.get().start_source == "person"


@pytest.mark.usefixtures("vessel")
def test_a_lost_start_stays_and_the_vessel_says_so() -> None:
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    store("fermenter_temp", [-1], WARM)
    Tag.objects.filter(name="fermenter_temp").update(valid_min=-1e6)
    ingest_readings(
        [
            {
                "timestamp": (NOON + minute * MINUTE + MINUTE / 2).isoformat(),
                "tag": "fermenter_temp",
                "value": 0,
            }
            for minute in range(60)
        ]
    )
    follow_rules(now=NOON + 71 * MINUTE)
    assert moments()[0][:2] == ("complete", 5)
    assert "no longer finds the start of batch v1-20240131-120500" in RuleProblem.objects.get().text


def test_a_name_that_is_used_gets_a_number(vessel: Vessel) -> None:
    store_run()
    other = Vessel.objects.create(name="v2", made_at=NOON)
    start_batch(NewBatch(other.name, "v1-20240131-120500", start=NOON), actor=ANN)
    follow_rules(now=NOON + 70 * MINUTE)
    assert vessel.batches.get().name == "v1-20240131-120500-2"


def test_a_problem_is_stored_and_logged_once_and_goes_when_solved(
    vessel: Vessel, caplog: pytest.LogCaptureFixture
) -> None:
    vessel.rules = {"end": {"role": "weight", "below": 1, "for_s": -1}}
    vessel.save()
    with caplog.at_level(logging.INFO, "monitoring.batches.rules"):
        for _ in range(2):
            follow_rules(now=NOON)
        assert RuleProblem.objects.get().text.startswith("rules.end: expected 'for_s' to be a number from 0")
        vessel.rules = {"end": {"role": "weight", "below": 1, "for_s": 60}}
        vessel.save()
        follow_rules(now=NOON)
        assert "No tag of the vessel has the role that a rule needs: weight" in RuleProblem.objects.get().text
        vessel.rules = {}
        vessel.save()
        follow_rules(now=NOON)
    assert not RuleProblem.objects.exists()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]


def test_an_unknown_recipe_is_a_problem_that_the_vessel_shows(vessel: Vessel, recipe: Recipe) -> None:
    assert vessel_json(vessel)["rules_problem"] is None
    recipe.is_retired = True
    recipe.save()
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    assert vessel_json(vessel_in_full(vessel.pk))["rules_problem"].startswith("unknown recipe 'fed-batch'")
    assert not Batch.objects.exists()


def test_an_error_of_one_vessel_stops_no_other(
    vessel: Vessel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store_run()
    first = Vessel.objects.create(pk=vessel.pk - 1, name="v0", rules=RULES, made_at=NOON)

    def boom(*arguments: Any) -> RecomputedMoments:
        if not RuleProblem.objects.filter(vessel=first).exists():
            raise ZeroDivisionError
        return recompute(*arguments)

    monkeypatch.setattr(background, "recompute", boom)
    follow_rules(now=NOON + 70 * MINUTE)
    assert moments() == [WHOLE]
    assert "the log says more" in RuleProblem.objects.get(vessel=first).text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.usefixtures("vessel")
def test_a_pass_ends_when_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> RecomputedMoments:
        raise OperationalError

    monkeypatch.setattr(background, "recompute", away)
    with pytest.raises(OperationalError):
        follow_rules(now=NOON)
    assert not RuleProblem.objects.exists()


@pytest.mark.usefixtures("vessel")
def test_a_pass_that_dies_before_its_end_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    store_run()
    with monkeypatch.context() as patch:
        patch.setattr("monitoring.batches.rules.writing.put_phases", lambda *_: exit())
        with pytest.raises(SystemExit):
            follow_rules(now=NOON + 70 * MINUTE)
    assert not Batch.objects.exists()
    follow_rules(now=NOON + 70 * MINUTE)
    assert moments() == [WHOLE]


@pytest.mark.usefixtures("vessel")
def test_one_process_follows_while_others_stand_by() -> None:
    store_run()
    leases.hold(BATCH_RULES, "another", now=datetime.now(UTC), duration=MINUTE)
    assert follow_rules(now=NOON + 70 * MINUTE) == 0
    leases.release(BATCH_RULES, "another")
    assert follow_rules(now=NOON + 70 * MINUTE) == 1


def test_vessels_without_rules_cost_one_query(django_assert_num_queries) -> None:
    Vessel.objects.bulk_create(Vessel(name=f"t{number}", made_at=NOON) for number in range(100))
    start_batch(NewBatch("t1", "b1", start=NOON), actor=ANN)
    with django_assert_num_queries(1):
        assert follow_rules(now=NOON + 70 * MINUTE) == 0


def test_a_vessel_out_of_use_and_a_stopping_worker_follow_no_rules(vessel: Vessel) -> None:
    store_run()
    assert follow_rules(now=NOON + 70 * MINUTE, should_stop=lambda: True) == 0
    Vessel.objects.filter(pk=vessel.pk).update(is_active=False)
    assert follow_rules(now=NOON + 70 * MINUTE) == 0
    assert Batch.objects.aggregate(Max("pk")) == {"pk__max": None}
