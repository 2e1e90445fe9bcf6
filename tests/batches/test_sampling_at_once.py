"""Eight people add and correct samples of a batch at once: each number is given once."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.batches.errors import BatchConflictError
from monitoring.batches.lifecycle import NewBatch, start_batch
from monitoring.batches.sampling import NewResult, add_sample, correct_result, current_results
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Sample, Vessel
from tests.batches.eight_threads import AT_ONCE, at_once

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def batch() -> Batch:
    Vessel.objects.create(name="v1", made_at=NOON)
    return start_batch(NewBatch("v1", "b1", start=NOON), actor=Actor("ann", "login"))


def test_eight_samples_get_eight_numbers(batch: Batch) -> None:
    def act(number: int) -> Sample:
        taken_at = NOON + timedelta(minutes=number)
        result = NewResult("od600", float(number))
        return add_sample(batch.pk, taken_at=taken_at, results=[result], actor=Actor(f"p{number}", "login"))

    assert sorted(sample.number for sample in at_once(act)) == list(range(1, AT_ONCE + 1))
    assert [result.value for result in current_results(batch)] == list(map(float, range(AT_ONCE)))
    assert Batch.objects.get().revision == batch.revision + AT_ONCE


def test_a_sample_that_is_sent_eight_times_at_once_is_stored_once(batch: Batch) -> None:
    ann, results = Actor("ann", "login"), [NewResult("od600", 12)]
    found = at_once(lambda _: add_sample(batch.pk, taken_at=NOON, results=results, actor=ann))
    assert {sample.number for sample in found} == {1}


def test_of_eight_corrections_of_a_result_one_is_stored(batch: Batch) -> None:
    sample = add_sample(batch.pk, taken_at=NOON, results=[NewResult("od600", 99)], actor=Actor("ann"))
    pk = sample.results.get().pk
    outcomes = at_once(lambda number: correct_result(batch.pk, 1, pk, number, actor=Actor(f"p{number}")))
    refused = [each for each in outcomes if isinstance(each, BatchConflictError)]
    assert len(refused) == AT_ONCE - 1
    (found,) = current_results(batch)
    assert all(f"{found.entered_by} has corrected this result" in str(each) for each in refused)
