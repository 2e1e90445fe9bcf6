"""Batches are corrected by people: moments, phases, header, marks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.batches.corrections import (
    as_seen,
    confirm,
    edit_batch,
    mark_batch,
    mark_golden,
    move_moment,
    move_phase,
    remove_last_phase,
)
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.lifecycle import NewBatch, end_batch, enter_phase, inoculate, plan_batch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Vessel

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "login")


@pytest.fixture(autouse=True)
def vessel() -> Vessel:
    make_recipe("fed-batch", [NewPhase("growth"), NewPhase("feed")], actor=ANN)
    return Vessel.objects.create(name="v1", made_at=NOON)


@pytest.fixture
def pk(vessel: Vessel) -> int:
    """A complete batch: start 12 h, inoculation 13 h, feed 20 h, end 30 h."""
    return conducted("b1", NOON, source="person")


def conducted(name: str, start: datetime, *, source: str) -> int:
    """Conduct a batch from start to end, and return the id."""
    made = start_batch(NewBatch("v1", name, recipe="fed-batch", start=start, source=source), actor=ANN)
    inoculate(made.pk, at=start + HOUR, actor=ANN, source=source)
    enter_phase(made.pk, at=start + 8 * HOUR, actor=ANN, source=source)
    end_batch(made.pk, at=start + 18 * HOUR, actor=ANN, source=source)
    return made.pk


def spans(batch: Batch) -> list[tuple[float, float]]:
    """Return begin and end of the phases, in hours after noon."""
    return [((row.start - NOON) / HOUR, (row.end - NOON) / HOUR) for row in batch.phases.all()]


def test_moments_move_with_the_phases_at_them(pk: int) -> None:
    move_moment(pk, "start", NOON - HOUR, actor=ANN)
    move_moment(pk, "inoculation", NOON + 2 * HOUR, actor=ANN)
    batch = move_moment(pk, "end", NOON + 17 * HOUR, actor=ANN)
    assert (batch.start, batch.end, batch.revision) == (NOON - HOUR, NOON + 17 * HOUR, 7)
    assert spans(batch) == [(2, 8), (8, 17)]


@pytest.mark.parametrize(
    ("moment", "hours"), [("start", 2), ("inoculation", -1), ("inoculation", 8), ("end", 7), ("end", 1e6)]
)
def test_moments_stay_in_order(pk: int, moment: str, hours: float) -> None:
    with pytest.raises(BatchInputError, match="expected a time"):
        move_moment(pk, moment, NOON + hours * HOUR, actor=ANN)


def test_moved_moments_overlap_no_other_batch(pk: int) -> None:
    later = conducted("b2", NOON + 20 * HOUR, source="person")
    with pytest.raises(BatchConflictError, match="b2"):
        move_moment(pk, "end", NOON + 21 * HOUR, actor=ANN)
    with pytest.raises(BatchConflictError, match="b2"):
        move_moment(pk, "end", None, actor=ANN)
    with pytest.raises(BatchConflictError, match="b1"):
        move_moment(later, "start", NOON + 17 * HOUR, actor=ANN)


def test_an_end_by_mistake_is_taken_back(pk: int) -> None:
    batch = move_moment(pk, "end", None, actor=ANN)
    assert (batch.state, batch.end, batch.ended_by) == ("running", None, "")
    assert [phase.end for phase in batch.phases.all()] == [NOON + 8 * HOUR, None]
    with pytest.raises(BatchConflictError, match="running"):
        move_moment(pk, "end", NOON + 9 * HOUR, actor=ANN)


def test_phases_stay_contiguous(pk: int) -> None:
    batch = move_phase(pk, 2, NOON + 9 * HOUR, actor=ANN)
    assert spans(batch) == [(1, 9), (9, 18)]
    batch = move_phase(pk, 1, NOON, actor=ANN)
    assert (batch.inoculated_at, spans(batch)) == (NOON, [(0, 9), (9, 18)])
    for hours in (0, 18.5):
        with pytest.raises(BatchInputError, match="expected a time"):
            move_phase(pk, 2, NOON + hours * HOUR, actor=ANN)
    with pytest.raises(UnknownBatchError, match="no phase 3"):
        move_phase(pk, 3, NOON, actor=ANN)


def test_phases_are_taken_back_from_the_last(pk: int) -> None:
    with pytest.raises(BatchConflictError, match="further phases"):
        move_moment(pk, "inoculation", None, actor=ANN)
    with pytest.raises(BatchInputError, match="last phase, 2"):
        remove_last_phase(pk, 1, actor=ANN)
    assert spans(remove_last_phase(pk, 2, actor=ANN)) == [(1, 18)]
    with pytest.raises(BatchConflictError, match="withdraw the inoculation"):
        remove_last_phase(pk, actor=ANN)
    batch = move_moment(pk, "inoculation", None, actor=ANN)
    assert (batch.inoculated_at, spans(batch)) == (None, [])


def test_a_rule_moves_only_moments_of_rules() -> None:
    pk = conducted("b1", NOON, source="rule")
    move_moment(pk, "end", NOON + 19 * HOUR, actor=ANN, source="rule")
    move_phase(pk, 2, NOON + 9 * HOUR, actor=ANN, source="rule")
    confirm(pk, "end", actor=ANN)
    confirm(pk, "phase", position=2, actor=ANN)
    acts: list[Callable[[], Batch]] = [
        lambda: move_moment(pk, "end", NOON + 18 * HOUR, actor=ANN, source="rule"),
        lambda: move_phase(pk, 2, NOON + 8 * HOUR, actor=ANN, source="rule"),
    ]
    for act in acts:
        with pytest.raises(BatchConflictError, match="a person"):
            act()
    batch = confirm(pk, actor=ANN)
    sources = {batch.start_source, batch.inoculation_source, batch.end_source}
    assert sources | {phase.source for phase in batch.phases.all()} == {"person"}


def test_the_inoculation_is_confirmed_with_the_first_phase() -> None:
    pk = conducted("b1", NOON, source="rule")
    batch = confirm(pk, "inoculation", actor=ANN)
    assert [phase.source for phase in batch.phases.all()] == ["person", "rule"]
    with pytest.raises(BatchInputError, match="position"):
        confirm(pk, "phase", actor=ANN)
    with pytest.raises(BatchInputError, match="start, inoculation"):
        confirm(pk, "lunch", actor=ANN)


def test_the_header_changes_field_by_field(pk: int) -> None:
    edit_batch(pk, {"product": "GFP", "header": {"medium": "M9"}}, actor=ANN)
    batch = edit_batch(pk, {"name": "run-7"}, actor=ANN)
    assert (batch.name, batch.product, batch.header) == ("run-7", "GFP", {"medium": "M9"})
    assert edit_batch(pk, {}, actor=ANN).revision == batch.revision
    plan_batch(NewBatch("v1", "b2"), actor=ANN)
    with pytest.raises(BatchConflictError, match="b2"):
        edit_batch(pk, {"name": "b2"}, actor=ANN)


def test_a_recipe_with_the_phases_so_far_may_be_chosen(pk: int) -> None:
    make_recipe("batch", [NewPhase("growth")], actor=ANN)
    with pytest.raises(BatchConflictError, match="feed"):
        edit_batch(pk, {"recipe": "batch"}, actor=ANN)
    assert edit_batch(pk, {"recipe": ""}, actor=ANN).recipe is None
    remove_last_phase(pk, actor=ANN)
    assert str(edit_batch(pk, {"recipe": "batch"}, actor=ANN).recipe) == "batch, version 1"


def test_a_recipe_that_was_forgotten_is_chosen_after_the_inoculation() -> None:
    pk = start_batch(NewBatch("v1", "b1", start=NOON), actor=ANN).pk
    inoculate(pk, at=NOON + HOUR, actor=ANN)
    end_batch(pk, at=NOON + 9 * HOUR, actor=ANN)
    assert spans(edit_batch(pk, {"recipe": "fed-batch"}, actor=ANN)) == [(1, 9)]


def test_only_complete_batches_are_golden(pk: int) -> None:
    mark_golden(pk, True, actor=ANN)
    for act in (
        lambda: mark_batch(pk, excluded_reason="foam", actor=ANN),
        lambda: move_moment(pk, "end", None, actor=ANN),
    ):
        with pytest.raises(BatchConflictError, match="golden"):
            act()
    mark_golden(pk, False, actor=ANN)
    mark_batch(pk, excluded_reason="foam", actor=ANN)
    with pytest.raises(BatchConflictError, match="foam"):
        mark_golden(pk, True, actor=ANN)
    running = start_batch(NewBatch("v1", "b2"), actor=ANN).pk
    with pytest.raises(BatchConflictError, match="running"):
        mark_golden(running, True, actor=ANN)


def test_an_act_on_a_batch_that_has_changed_is_refused(pk: int) -> None:
    with pytest.raises(BatchConflictError, match="revision 4, not 3"), as_seen(pk, 3):
        raise AssertionError
    with as_seen(pk, 4):
        mark_golden(pk, True, actor=ANN)
