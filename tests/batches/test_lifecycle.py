"""The acts on a batch, in their order and out of it."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.batches.errors import BatchConflictError, BatchInputError
from monitoring.batches.lifecycle import (
    NewBatch,
    end_batch,
    enter_phase,
    inoculate,
    plan_batch,
    start_batch,
    start_planned,
)
from monitoring.kernel.actor import Actor
from monitoring.models import Recipe, Vessel

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "login")


@pytest.fixture(autouse=True)
def vessel() -> Vessel:
    return Vessel.objects.create(name="v1", made_at=NOON)


@pytest.fixture
def recipe() -> Recipe:
    made = Recipe.objects.create(name="fed-batch", made_at=NOON, made_by="ann")
    for position, name in enumerate(("growth", "feed"), 1):
        made.phases.create(position=position, name=name)
    return made


def test_a_batch_from_start_to_end(recipe: Recipe) -> None:
    pk = start_batch(NewBatch("v1", "b1", recipe="fed-batch", start=NOON), actor=ANN).pk
    inoculate(pk, at=NOON + HOUR, actor=ANN)
    enter_phase(pk, at=NOON + 9 * HOUR, actor=ANN)
    batch = end_batch(pk, at=NOON + 21 * HOUR, actor=ANN)
    assert (batch.state, batch.end, batch.started_by, batch.ended_by) == (
        "complete",
        NOON + 21 * HOUR,
        "ann",
        "ann",
    )
    spans = [((phase.start - NOON) // HOUR, (phase.end - NOON) // HOUR) for phase in batch.phases.all()]
    assert [phase.name for phase in batch.phases.all()] == ["growth", "feed"]
    assert spans == [(1, 9), (9, 21)]
    assert batch.revision == 4


def test_no_two_batches_of_a_vessel_overlap() -> None:
    first = start_batch(NewBatch("v1", "b1", start=NOON), actor=ANN)
    with pytest.raises(BatchConflictError, match="b1"):
        start_batch(NewBatch("v1", "b2", start=NOON + HOUR), actor=ANN)
    start_batch(NewBatch("v1", "b2", start=NOON + HOUR, end_previous=True), actor=ANN)
    first.refresh_from_db()
    assert (first.state, first.end) == ("complete", NOON + HOUR)
    with pytest.raises(BatchConflictError):
        start_batch(NewBatch("v1", "b3", start=NOON - HOUR), actor=ANN)


def test_a_planned_batch_starts_once() -> None:
    pk = plan_batch(NewBatch("v1", "b1"), actor=ANN).pk
    with pytest.raises(BatchConflictError, match="planned"):
        inoculate(pk, at=NOON, actor=ANN)
    start_planned(pk, at=NOON, actor=ANN)
    with pytest.raises(BatchConflictError, match="running"):
        start_planned(pk, at=NOON, actor=ANN)


@pytest.mark.parametrize("at", [NOON - HOUR, datetime(9999, 1, 1, tzinfo=UTC)], ids=["before", "future"])
def test_times_outside_the_batch_are_refused(at: datetime) -> None:
    pk = start_batch(NewBatch("v1", "b1", start=NOON), actor=ANN).pk
    for act in (inoculate, end_batch):
        with pytest.raises(BatchInputError, match="expected a time"):
            act(pk, at=at, actor=ANN)


def test_the_last_phase_has_no_next(recipe: Recipe) -> None:
    pk = start_batch(NewBatch("v1", "b1", recipe="fed-batch", start=NOON), actor=ANN).pk
    inoculate(pk, at=NOON, actor=ANN)
    enter_phase(pk, at=NOON + HOUR, actor=ANN)
    with pytest.raises(BatchConflictError, match="last phase"):
        enter_phase(pk, at=NOON + 2 * HOUR, actor=ANN)
    with pytest.raises(BatchInputError, match="growth, feed"):
        enter_phase(pk, "harvest", at=NOON + 2 * HOUR, actor=ANN)


def test_an_abortion_needs_a_reason() -> None:
    pk = start_batch(NewBatch("v1", "b1", start=NOON), actor=ANN).pk
    with pytest.raises(BatchInputError, match="why"):
        end_batch(pk, at=NOON, actor=ANN, is_aborted=True)
    assert end_batch(pk, at=NOON, actor=ANN, is_aborted=True, reason="contaminated").state == "aborted"
