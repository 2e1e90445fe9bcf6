"""Read the samples of a batch: each result in force with the results that it superseded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from monitoring.batches.analytes import ANALYTES, analyte_title
from monitoring.batches.elapsed import elapsed_of
from monitoring.batches.sampling import find_sample
from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Batch, Sample, SampleResult

MOST_OFFERED = 8
FIRST_OFFERED = ("od600", "glucose", "dry_weight", "acetate")


@dataclass(frozen=True, slots=True)
class ResultInForce:
    """A result that no other one supersedes; ``history`` has those before it, newest first."""

    result: SampleResult
    history: tuple[SampleResult, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the item of a sample's results."""
        return {
            **entry_json(self.result),
            "analyte": self.result.analyte,
            "title": analyte_title(self.result.analyte),
            "unit": self.result.unit,
            "method": self.result.method,
            "history": [entry_json(old) for old in self.history],
        }


@dataclass(frozen=True, slots=True)
class SampleInFull:
    """A sample with its results in force.

    ``is_outside``: the times of the batch were moved since, and the sample lies outside them.
    """

    sample: Sample
    elapsed_h: float
    is_outside: bool
    results: tuple[ResultInForce, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the item of ``/batches/<id>/samples``."""
        sample = self.sample
        return {
            "number": sample.number,
            "taken_at": iso_utc(sample.taken_at),
            "elapsed_h": round(self.elapsed_h, 6),
            "outside": self.is_outside,
            "comment": sample.comment,
            "entered_at": iso_utc(sample.entered_at),
            "entered_by": sample.entered_by,
            "withdrawn_at": iso_or_none(sample.withdrawn_at),
            "withdrawn_by": sample.withdrawn_by,
            "reason": sample.reason,
            "results": [result.as_json() for result in self.results],
        }


@dataclass(frozen=True, slots=True)
class OfferedAnalyte:
    """An analyte that a form offers: the unit is fixed."""

    name: str
    title: str
    unit: str


def read_samples(batch: Batch, *, with_withdrawn: bool = False) -> list[SampleInFull]:
    """Return the samples of the batch in the order of sampling."""
    rows = batch.samples.order_by("taken_at", "id")
    rows = rows if with_withdrawn else rows.filter(withdrawn_at=None)
    return [in_full(batch, sample) for sample in rows.prefetch_related("results")]


def read_sample(batch: Batch, number: int) -> SampleInFull:
    """Return one sample.

    Raises:
        UnknownBatchError: there is none of this number.
    """
    return in_full(batch, find_sample(batch, number))


def in_full(batch: Batch, sample: Sample) -> SampleInFull:
    """Return the sample with elapsed time and results."""
    return SampleInFull(
        sample, elapsed_of(batch, sample.taken_at), is_outside(batch, sample.taken_at), in_force(sample)
    )


def is_outside(batch: Batch, time: datetime) -> bool:
    """Return whether the time lies outside the batch."""
    is_before = batch.start is not None and time < batch.start
    return is_before or (batch.end is not None and time > batch.end)


def in_force(sample: Sample) -> tuple[ResultInForce, ...]:
    """Return the results in force, in the order in which the analytes were entered first."""
    rows = {row.pk: row for row in sorted(sample.results.all(), key=lambda row: row.pk)}
    superseded = {row.supersedes_id for row in rows.values()}
    chains = [tuple(chain(row, rows)) for row in rows.values() if row.pk not in superseded]
    chains.sort(key=lambda each: each[-1].pk)
    return tuple(ResultInForce(each[0], each[1:]) for each in chains)


def chain(row: SampleResult, rows: dict[int, SampleResult]) -> Iterable[SampleResult]:
    """Yield the result and those before it, newest first."""
    while True:
        yield row
        if row.supersedes_id is None:
            return
        row = rows[row.supersedes_id]


def entry_json(result: SampleResult) -> dict[str, Any]:
    """Return the value of a result with author and time."""
    return {
        "id": result.pk,
        "value": result.value,
        "entered_at": iso_utc(result.entered_at),
        "entered_by": result.entered_by,
        "reason": result.reason,
    }


def offered_analytes(batch: Batch) -> list[OfferedAnalyte]:
    """Return the analytes to offer for the next sample.

    First those of the batch's samples, the newest sample first; then those of earlier batches of the vessel;
    then the common ones.
    """
    names = [*used(SampleResult.objects.filter(sample__batch=batch))]
    if len(names) < MOST_OFFERED:
        names += used(SampleResult.objects.filter(sample__batch__vessel=batch.vessel_id))
    units = {**dict.fromkeys(FIRST_OFFERED, ""), **dict(names)}
    chosen = list(dict.fromkeys([*(name for name, _ in names), *FIRST_OFFERED]))[:MOST_OFFERED]
    return [offered(name, units[name]) for name in chosen]


def used(rows: Any) -> list[tuple[str, str]]:
    """Return analytes with unit: those of the newest sample first, in the order of their entry."""
    found = rows.values("analyte", "unit").annotate(newest=Max("sample_id"), entry=Max("id"))
    ordered = found.order_by("-newest", "entry")[:MOST_OFFERED]
    return [(row["analyte"], row["unit"]) for row in ordered]


def offered(name: str, unit: str) -> OfferedAnalyte:
    """Return the analyte with title and unit."""
    known = ANALYTES.get(name)
    return OfferedAnalyte(name, analyte_title(name), known.unit if known else unit)
