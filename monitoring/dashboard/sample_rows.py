"""Samples and notes of a batch as rows of the fragments ``_samples.html`` and ``_notes.html``."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.alarms.note_reading import NoteSelection, read_notes
from monitoring.batches.analytes import analyte_title
from monitoring.batches.elapsed import elapsed_of
from monitoring.batches.sample_reading import ResultInForce, SampleInFull, read_samples
from monitoring.dashboard.batch_words import elapsed_text
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.notes import NoteRow, rows_of
from monitoring.history.measurements import Selection
from monitoring.kernel.number_format import AS_TYPED
from monitoring.models import Batch, SampleResult

MOST_NOTES = 200


@dataclass(frozen=True, slots=True)
class OldValue:
    """A value that was corrected."""

    value: str
    by: str
    at: Moment


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result in words; ``history`` has the values before it, newest first."""

    id: int
    title: str
    value: str
    unit: str
    method: str
    by: str
    at: Moment
    reason: str
    history: list[OldValue]


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sample in words; ``elapsed`` is the elapsed time of the batch."""

    number: int
    at: Moment
    elapsed: str
    is_outside: bool
    comment: str
    by: str
    withdrawn_by: str
    reason: str
    results: list[ResultRow]


@dataclass(frozen=True, slots=True)
class BatchNoteRow:
    """A note of a batch in words; ``is_of_vessel``: it is on the vessel, in the time of the batch."""

    row: NoteRow
    elapsed: str
    is_of_vessel: bool


def sample_rows(batch: Batch, now: datetime, *, with_withdrawn: bool = True) -> list[SampleRow]:
    """Return the samples of the batch as rows, in the order of sampling."""
    return [sample_row(each, now) for each in read_samples(batch, with_withdrawn=with_withdrawn)]


def sample_row(found: SampleInFull, now: datetime) -> SampleRow:
    """Return a sample as a row."""
    sample = found.sample
    return SampleRow(
        number=sample.number,
        at=moment(sample.taken_at, now),
        elapsed=elapsed_text(found.elapsed_h),
        is_outside=found.is_outside,
        comment=sample.comment,
        by=sample.entered_by,
        withdrawn_by=sample.withdrawn_by if sample.withdrawn_at else "",
        reason=sample.reason,
        results=[result_row(each, now) for each in found.results],
    )


def result_row(found: ResultInForce, now: datetime) -> ResultRow:
    """Return a result as a row."""
    result = found.result
    return ResultRow(
        id=result.pk,
        title=analyte_title(result.analyte),
        value=AS_TYPED.trimmed(result.value),
        unit=result.unit,
        method=result.method,
        by=result.entered_by,
        at=moment(result.entered_at, now),
        reason=result.reason,
        history=[old_value(each, now) for each in found.history],
    )


def old_value(result: SampleResult, now: datetime) -> OldValue:
    """Return a corrected value in words."""
    return OldValue(AS_TYPED.trimmed(result.value), result.entered_by, moment(result.entered_at, now))


def note_rows(batch: Batch, now: datetime) -> list[BatchNoteRow]:
    """Return the newest notes of the batch as rows, newest first: with all versions of a corrected one."""
    selection = NoteSelection(Selection(), batch=batch.pk, with_withdrawn=True)
    page = read_notes(selection, limit=MOST_NOTES)
    return [note_row(batch, row) for row in rows_of(page.notes, now)]


def note_row(batch: Batch, row: NoteRow) -> BatchNoteRow:
    """Return a note as a row."""
    note = row.note
    return BatchNoteRow(
        row=row,
        elapsed=elapsed_text(elapsed_of(batch, note.start)),
        is_of_vessel=note.batch_id is None,
    )
