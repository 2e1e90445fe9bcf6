"""Several people and programs act on a vessel at once: one act succeeds, the others are told why not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from monitoring.batches.errors import BatchConflictError
from monitoring.batches.lifecycle import NewBatch, end_batch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe, revise_recipe
from monitoring.batches.vessels import bind, make_vessel, rename_vessel
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Recipe, Tag, Vessel, VesselName, VesselTag
from tests.batches.eight_threads import AT_ONCE, at_once

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANN = Actor("ann", "login")


def conflicts(outcomes: list[Any]) -> list[str]:
    """Return the messages of the conflicts."""
    return [str(each) for each in outcomes if isinstance(each, BatchConflictError)]


def test_of_eight_starters_of_a_vessel_one_wins() -> None:
    make_vessel("v1", actor=ANN)
    outcomes = at_once(lambda number: start_batch(NewBatch("v1", f"b{number}"), actor=ANN))
    [winner] = Batch.objects.all()
    assert len(refused := conflicts(outcomes)) == AT_ONCE - 1
    assert all(f"runs batch {winner.name}" in message for message in refused)


def test_eight_starters_that_end_the_previous_follow_one_another() -> None:
    make_vessel("v1", actor=ANN)

    def act(number: int) -> Batch:
        new = NewBatch("v1", f"b{number}", start=NOON + number * SECOND, end_previous=True)
        return start_batch(new, actor=ANN)

    refused = conflicts(at_once(act))
    batches = list(Batch.objects.order_by("start"))
    assert len(batches) + len(refused) == AT_ONCE
    assert [batch.end for batch in batches] == [*(batch.start for batch in batches[1:]), None]
    assert batches[-1].name == "b7"  # a later start always ends the batch before


def test_of_eight_batches_of_a_name_on_different_vessels_one_is_stored() -> None:
    for number in range(AT_ONCE):
        make_vessel(f"v{number}", actor=ANN)
    outcomes = at_once(lambda number: start_batch(NewBatch(f"v{number}", "same"), actor=ANN))
    assert (Batch.objects.count(), len(conflicts(outcomes))) == (1, AT_ONCE - 1)


def test_a_batch_ends_once() -> None:
    make_vessel("v1", actor=ANN)
    pk = start_batch(NewBatch("v1", "b1"), actor=ANN).pk
    outcomes = at_once(lambda number: end_batch(pk, at=None, actor=ANN))
    assert len(conflicts(outcomes)) == AT_ONCE - 1


def test_a_tag_is_bound_once() -> None:
    Tag.objects.create(name="t1", valid_min=0, valid_max=1)
    for number in range(AT_ONCE):
        make_vessel(f"v{number}", actor=ANN)
    outcomes = at_once(lambda number: bind(f"v{number}", "t1", "ph", actor=ANN))
    assert (VesselTag.objects.count(), len(conflicts(outcomes))) == (1, AT_ONCE - 1)


def test_a_name_is_given_once_and_is_not_a_former_one_as_well() -> None:
    make_vessel("v1", actor=ANN)
    acts = (lambda number: rename_vessel("v1", "v2", actor=ANN), lambda number: make_vessel("v1", actor=ANN))
    at_once(lambda number: acts[number % 2](number))
    present = set(Vessel.objects.values_list("name", flat=True))
    assert present == {"v2"}
    assert list(VesselName.objects.values_list("name", flat=True)) == ["v1"]


def test_a_recipe_gets_one_next_version() -> None:
    make_vessel("v1", actor=ANN)
    make_recipe("r1", [NewPhase("a")], actor=ANN)
    start_batch(NewBatch("v1", recipe="r1"), actor=ANN)
    at_once(lambda number: revise_recipe("r1", phases=[NewPhase("b")], actor=ANN))
    assert sorted(Recipe.objects.values_list("version", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "running"},
        {"state": "complete"},
        {"state": "complete", "end": NOON - SECOND},
        {"state": "running", "start": None},
        {"state": "planned", "end": NOON},
    ],
)
def test_the_database_itself_refuses_what_no_act_makes(wrong: dict[str, Any]) -> None:
    vessel = make_vessel("v1", actor=ANN)
    Batch.objects.create(vessel=vessel, name="b1", start=NOON, changed_at=NOON)
    fields = {"vessel": vessel, "name": "b2", "start": NOON, "changed_at": NOON, **wrong}
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.create(**fields)
