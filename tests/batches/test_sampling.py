"""Samples of a batch: numbers, results that come later, corrections, withdrawal."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.lifecycle import NewBatch, end_batch, plan_batch, start_batch
from monitoring.batches.sampling import (
    NewResult,
    add_results,
    add_sample,
    correct_result,
    current_results,
    withdraw_sample,
)
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Sample, SampleResult, Vessel

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN, BOB = Actor("ann", "login"), Actor("bob", "login")
OD, GLUCOSE = NewResult("od600", 12.5), NewResult("glucose", 4.25, "g/L", "HPLC")


@pytest.fixture
def batch() -> Batch:
    Vessel.objects.create(name="v1", made_at=NOON)
    return start_batch(NewBatch("v1", "b1", start=NOON), actor=ANN)


def taken(batch: Batch, *results: NewResult, at: datetime = NOON + HOUR) -> Sample:
    """Add a sample of the batch."""
    return add_sample(batch.pk, taken_at=at, results=results, actor=ANN)


def values(batch: Batch) -> list[tuple[str, float, str]]:
    """Return the results in force."""
    return [(result.analyte, result.value, result.unit) for result in current_results(batch)]


def revision(batch: Batch) -> int:
    """Return the stored revision."""
    return Batch.objects.get(pk=batch.pk).revision


def test_samples_are_numbered_within_their_batch_and_results_come_later(batch: Batch) -> None:
    assert taken(batch, at=NOON + 2 * HOUR).number == 1
    assert taken(batch, OD).number == 2
    add_results(batch.pk, 1, [GLUCOSE], actor=BOB)
    assert values(batch) == [("od600", 12.5, ""), ("glucose", 4.25, "g/L")]
    assert current_results(batch)[1].sample.number == 1
    assert revision(batch) == batch.revision + 3


def test_a_correction_keeps_the_old_value_with_its_author(batch: Batch) -> None:
    sample = taken(batch, OD)
    old = sample.results.get()
    new = correct_result(batch.pk, 1, old.pk, 11.5, actor=BOB, reason="read the wrong cuvette")
    assert values(batch) == [("od600", 11.5, "")]
    kept = SampleResult.objects.get(pk=old.pk)
    assert (kept.value, kept.entered_by, kept.superseded_by.entered_by) == (12.5, "ann", "bob")
    assert new.reason == "read the wrong cuvette"


def test_a_correction_of_a_result_that_was_corrected_since_is_refused(batch: Batch) -> None:
    old = taken(batch, OD).results.get()
    correct_result(batch.pk, 1, old.pk, 11.5, actor=BOB)
    with pytest.raises(BatchConflictError, match="bob has corrected this result to 11"):
        correct_result(batch.pk, 1, old.pk, 10, actor=ANN)


def test_an_equal_value_is_no_correction(batch: Batch) -> None:
    old, before = taken(batch, OD).results.get(), revision(batch)
    assert correct_result(batch.pk, 1, old.pk, 12.5, actor=BOB) == old
    assert revision(batch) == before


def test_a_withdrawn_sample_leaves_the_results_and_stays_readable(batch: Batch) -> None:
    taken(batch, OD)
    withdraw_sample(batch.pk, 1, actor=BOB, reason="wrong vessel")
    assert values(batch) == []
    sample = Sample.objects.get(batch=batch, number=1)
    assert (sample.withdrawn_by, sample.reason, sample.results.get().value) == ("bob", "wrong vessel", 12.5)
    for act in (
        lambda: withdraw_sample(batch.pk, 1, actor=ANN, reason="again"),
        lambda: add_results(batch.pk, 1, [OD], actor=ANN),
        lambda: correct_result(batch.pk, 1, sample.results.get().pk, 1, actor=ANN),
    ):
        with pytest.raises(BatchConflictError, match="bob has withdrawn sample 1"):
            act()
    assert taken(batch, OD).number == 2


def test_the_same_sample_sent_twice_is_stored_once(batch: Batch) -> None:
    assert taken(batch, OD, GLUCOSE).pk == taken(batch, OD, GLUCOSE).pk
    assert taken(batch, OD).number == 2


@pytest.mark.parametrize("hours", [-1, 3], ids=["before", "after"])
def test_a_sample_outside_its_batch_is_refused(batch: Batch, hours: int) -> None:
    end_batch(batch.pk, at=NOON + 2 * HOUR, actor=ANN)
    with pytest.raises(BatchInputError, match="time of the batch") as error:
        taken(batch, OD, at=NOON + hours * HOUR)
    assert error.value.field == "taken_at"
    assert not Sample.objects.exists()


def test_a_sample_is_not_taken_in_the_future_nor_before_the_start_of_a_planned_batch(batch: Batch) -> None:
    with pytest.raises(BatchInputError, match="not in the future"):
        taken(batch, at=datetime.now(UTC) + HOUR)
    with pytest.raises(BatchConflictError, match="planned"):
        taken(plan_batch(NewBatch("v1", "b2"), actor=ANN))


@pytest.mark.parametrize(
    ("result", "field"),
    [
        (NewResult("od600", float("nan")), "value"),
        (NewResult("od600", float("inf")), "value"),
        (NewResult("od600", 301), "value"),
        (NewResult("glucose", -0.1), "value"),
        (NewResult("titer", 1e300, "mg/L"), "value"),
        (NewResult("glucose", 1, "mmol/L"), "unit"),
        (NewResult("od600", 1, "g/L"), "unit"),
        (NewResult("titer", 1, "x" * 21), "unit"),
        (NewResult("Titer (mg)", 1, "mg/L"), "analyte"),
        (NewResult("", 1), "analyte"),
    ],
)
def test_an_invalid_result_stores_nothing(batch: Batch, result: NewResult, field: str) -> None:
    with pytest.raises(BatchInputError) as error:
        taken(batch, OD, result)
    assert error.value.field == field
    assert not Sample.objects.exists()


def test_free_analytes_have_a_name_and_a_unit(batch: Batch) -> None:
    taken(batch, NewResult("igg_titer", 1.5, "mg/L"), NewResult("dry_weight", 3))
    assert values(batch) == [("igg_titer", 1.5, "mg/L"), ("dry_weight", 3, "g/L")]


def test_unknown_samples_and_results_are_told(batch: Batch) -> None:
    taken(batch)
    with pytest.raises(UnknownBatchError, match="no sample 2"):
        add_results(batch.pk, 2, [OD], actor=ANN)
    with pytest.raises(UnknownBatchError, match="no result 77"):
        correct_result(batch.pk, 1, 77, 1, actor=ANN)
    with pytest.raises(BatchInputError, match="at least one"):
        add_results(batch.pk, 1, [], actor=ANN)
    with pytest.raises(BatchInputError, match="at most 50"):
        add_results(batch.pk, 1, [OD] * 51, actor=ANN)
    with pytest.raises(BatchInputError, match="why"):
        withdraw_sample(batch.pk, 1, actor=ANN, reason=" ")


@pytest.mark.parametrize("sql", ["UPDATE sample_results SET value = 1", "DELETE FROM sample_results"])
def test_the_database_forbids_to_change_results(batch: Batch, sql: str) -> None:
    taken(batch, OD)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
    ):
        connection.cursor().execute(sql)
    assert values(batch) == [("od600", 12.5, "")]
