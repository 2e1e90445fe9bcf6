"""Samples of a batch and their results: added, corrected, withdrawn. A result that was entered stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Max

from monitoring.batches.analytes import checked_unit, checked_value
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import locked_batch
from monitoring.batches.lifecycle import save, within
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Sample, SampleResult

MOST_RESULTS = 50  # in one act
REPEATED_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class NewResult:
    """A measured value to enter. An empty unit of a known analyte is its own (see ``analytes``)."""

    analyte: str
    value: float
    unit: str = ""
    method: str = ""


def add_sample(
    batch_pk: int, *, taken_at: datetime, results: Sequence[NewResult], actor: Actor, comment: str = ""
) -> Sample:
    """Store a sample with the next number of the batch, and the results known so far, if any.

    The same sample sent again within 2 minutes (a double tap, a retry) is stored once.

    Raises:
        UnknownBatchError: no such batch.
        BatchInputError: the sample was taken outside the batch or in the future, or a result is invalid.
        BatchConflictError: the batch has not started.
    """
    with locked_batch(batch_pk) as batch:
        within(batch, taken_at, "taken_at")
        entries = checked(results)
        sample = repeated(batch, taken_at, entries, actor, comment)
        if sample is None:
            sample = batch.samples.create(
                number=1 + (batch.samples.aggregate(last=Max("number"))["last"] or 0),
                taken_at=taken_at,
                entered_at=datetime.now(UTC),
                entered_by=actor.by,
                comment=comment,
            )
            store(sample, entries, actor)
            save(batch)
    return sample


def add_results(batch_pk: int, number: int, results: Sequence[NewResult], *, actor: Actor) -> Sample:
    """Store results that came later.

    Raises:
        UnknownBatchError: no such batch or sample.
        BatchInputError: there is no result, or one is invalid.
        BatchConflictError: the sample is withdrawn.
    """
    with locked_batch(batch_pk) as batch:
        sample = standing_sample(batch, number)
        entries = checked(results)
        if not entries:
            raise BatchInputError("expected at least one result", "results")
        store(sample, entries, actor)
        save(batch)
    return sample


def correct_result(
    batch_pk: int, number: int, result_pk: int, value: float, *, actor: Actor, reason: str = ""
) -> SampleResult:
    """Store a result that supersedes another one, which stays readable; return the result in force.

    An equal value corrects nothing.

    Raises:
        UnknownBatchError: no such batch, sample or result.
        BatchInputError: the value is not finite or not plausible.
        BatchConflictError: the sample is withdrawn, or the result has been corrected since.
    """
    with locked_batch(batch_pk) as batch:
        sample = standing_sample(batch, number)
        old = sample.results.select_related("superseded_by").filter(pk=result_pk).first()
        if old is None:
            raise UnknownBatchError(f"sample {number} of batch {batch.name} has no result {result_pk}")
        if (newer := getattr(old, "superseded_by", None)) is not None:
            raise BatchConflictError(
                f"{newer.entered_by} has corrected this result to {newer.value:g} since:"
                f" look at it, then correct result {newer.pk} if need be"
            )
        new_value = checked_value(old.analyte, value)
        if new_value == old.value:
            return old
        made = sample.results.create(
            analyte=old.analyte,
            value=new_value,
            unit=old.unit,
            method=old.method,
            entered_at=datetime.now(UTC),
            entered_by=actor.by,
            supersedes=old,
            reason=reason,
        )
        save(batch)
    return made


def withdraw_sample(batch_pk: int, number: int, *, actor: Actor, reason: str) -> Sample:
    """Withdraw a sample: its results leave charts and formulas, and stay readable.

    Raises:
        UnknownBatchError: no such batch or sample.
        BatchInputError: the reason is empty.
        BatchConflictError: the sample is withdrawn already.
    """
    if not reason.strip():
        raise BatchInputError("tell why the sample is withdrawn", "reason")
    with locked_batch(batch_pk) as batch:
        sample = standing_sample(batch, number)
        sample.withdrawn_at, sample.withdrawn_by, sample.reason = datetime.now(UTC), actor.by, reason
        sample.save()
        save(batch)
    return sample


def current_results(batch: Batch) -> list[SampleResult]:
    """Return the results in force, with their samples, in the order of sampling.

    Superseded results and withdrawn samples are left out.
    """
    rows = SampleResult.objects.filter(
        sample__batch=batch, sample__withdrawn_at=None, superseded_by=None
    ).select_related("sample")
    return list(rows.order_by("sample__taken_at", "sample_id", "id"))


def checked(results: Sequence[NewResult]) -> list[NewResult]:
    """Return the results with units.

    Raises:
        BatchInputError: one is invalid, or there are too many.
    """
    if len(results) > MOST_RESULTS:
        raise BatchInputError(f"expected at most {MOST_RESULTS} results", "results")
    return [
        NewResult(
            result.analyte,
            checked_value(result.analyte, result.value),
            checked_unit(result.analyte, result.unit.strip()),
            result.method.strip(),
        )
        for result in results
    ]


def store(sample: Sample, results: Sequence[NewResult], actor: Actor) -> None:
    """Insert the results of a sample."""
    now = datetime.now(UTC)
    for result in results:
        sample.results.create(
            analyte=result.analyte,
            value=result.value,
            unit=result.unit,
            method=result.method,
            entered_at=now,
            entered_by=actor.by,
        )


def repeated(
    batch: Batch, taken_at: datetime, results: Sequence[NewResult], actor: Actor, comment: str
) -> Sample | None:
    """Return the sample that was stored just now with the same content by the same person, if any."""
    since = datetime.now(UTC) - REPEATED_WITHIN
    found = batch.samples.filter(
        taken_at=taken_at, entered_at__gte=since, entered_by=actor.by, comment=comment, withdrawn_at=None
    ).last()
    if found is None:
        return None
    stored = [NewResult(row.analyte, row.value, row.unit, row.method) for row in found.results.order_by("id")]
    return found if stored == list(results) else None


def find_sample(batch: Batch, number: int) -> Sample:
    """Return the sample of this number.

    Raises:
        UnknownBatchError: there is none.
    """
    found = batch.samples.filter(number=number).first()
    if found is None:
        raise UnknownBatchError(f"batch {batch.name} has no sample {number}; GET its samples lists them")
    return found


def standing_sample(batch: Batch, number: int) -> Sample:
    """Return the sample, if not withdrawn.

    Raises:
        UnknownBatchError: there is none.
        BatchConflictError: it is withdrawn.
    """
    sample = find_sample(batch, number)
    if sample.withdrawn_at is not None:
        raise BatchConflictError(f"{sample.withdrawn_by} has withdrawn sample {number}: add a new one")
    return sample
