"""Faults put into simulated batches: found or not, and how soon; deviations of the same batches without."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.score import alarm_minutes
from monitoring.batches.watch.watching import WatchResult, watch
from monitoring.kernel.arrays import BoolArray, FloatArray
from monitoring.lab.batch_evaluation.simulated import MINUTE_S, as_batch, clean_batch
from monitoring.lab.batch_evaluation.verdicts import Verdicts, verdicts_after
from monitoring.sources.simulator.vessel.faults import VesselFaultKind, draw_fault
from monitoring.sources.simulator.vessel.parameters import batch_rng

FIRST_TRIAL, FIRST_TUNING = 101, 100_001  # numbers before are those of golden batches
OF_TRIALS = 900_000  # in place of a block's number, in the seed of the random numbers
FOUND_WITHIN_MINUTES = 240
KINDS = tuple(VesselFaultKind)


@dataclass(frozen=True)
class GoldenBatch:
    """A golden batch to simulate."""

    seed: int
    number: int


@dataclass(frozen=True)
class FaultJob:
    """A good batch to simulate, and the faults to put into it."""

    seed: int
    number: int
    kinds: Sequence[VesselFaultKind]


@dataclass(frozen=True)
class FaultyBatches:
    """A good batch, and the same with faults; ``faulty`` has the onset in s with each."""

    good: BatchMinutes
    faulty: Sequence[tuple[int, BatchMinutes]]


@dataclass(frozen=True)
class BatchTrial:
    """A good batch and the same with each of some faults, watched by models of golden batches."""

    seed: int
    number: int
    kinds: Sequence[VesselFaultKind]
    models: Sequence[WatchModel]


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The result of one batch and model.

    ``golden`` is the number of golden batches, ``false_alarms`` that of deviations without a fault.
    ``delays`` are those of faults in s, None of those that were not found within 4 h; ``verdicts`` say
    whether they are of a probe or of the process.
    """

    golden: int
    false_alarms: int
    delays: Mapping[VesselFaultKind, float | None]
    verdicts: Mapping[VesselFaultKind, Verdicts] = field(default_factory=dict)


def simulate_golden(job: GoldenBatch) -> FloatArray:
    """Return the minute values of a golden batch."""
    return clean_batch(job.seed, job.number).values


def fit_models(golden: Sequence[FloatArray], sizes: Sequence[int]) -> list[WatchModel]:
    """Return the models of the first golden batches, for each number of them."""
    batches = [as_batch(values) for values in golden]
    return [fit_watch(batches[:size]) for size in sizes]


def run_batch_trial(trial: BatchTrial) -> list[BatchOutcome]:
    """Return the outcomes of a batch, one a model."""
    made = simulate_faults(FaultJob(trial.seed, trial.number, trial.kinds))
    outcomes = []
    for model in trial.models:
        good = watch(model, made.good)
        delays, verdicts = {}, {}
        for kind, (onset_s, batch) in zip(trial.kinds, made.faulty, strict=True):
            found = watch(model, batch)
            delays[kind] = delay(found, good, onset_s)
            alarm = first_alarm(found.score, in_deviation(good), onset_s)
            verdicts[kind] = verdicts_after(model, batch, found, alarm)
        outcomes.append(BatchOutcome(model.members, len(good.deviations), delays, verdicts))
    return outcomes


def simulate_faults(job: FaultJob) -> FaultyBatches:
    """Return a good batch, and the same with each fault."""
    clean = clean_batch(job.seed, job.number)
    faults = [
        draw_fault(kind, batch_rng(job.seed, job.number, OF_TRIALS + KINDS.index(kind))) for kind in job.kinds
    ]
    faulty = [(fault.onset_s, as_batch(clean.with_fault(fault))) for fault in faults]
    return FaultyBatches(as_batch(clean.values), faulty)


def delay(found: WatchResult, good: WatchResult, onset_s: int) -> float | None:
    """Return the delay of the first alarm where the same batch without the fault has no deviation."""
    return delay_of(found.score, in_deviation(good), onset_s)


def delay_of(score: FloatArray, is_false: BoolArray, onset_s: int) -> float | None:
    """Return the seconds from the onset to the end of the first minute with an alarm, at most 4 h."""
    alarm = first_alarm(score, is_false, onset_s)
    return None if alarm is None else float((alarm + 1) * MINUTE_S - onset_s)


def first_alarm(score: FloatArray, is_false: BoolArray, onset_s: int) -> int | None:
    """Return the first minute with an alarm within 4 h of the onset.

    Minutes with ``is_false`` do not count.
    """
    first = onset_s // MINUTE_S
    is_alarm = alarm_minutes(score) & ~is_false
    at = np.flatnonzero(is_alarm[first : first + FOUND_WITHIN_MINUTES])
    return first + int(at[0]) if len(at) else None


def in_deviation(found: WatchResult) -> BoolArray:
    """Return the minutes within a deviation, shape (n,)."""
    return within([(each.start, each.end) for each in found.deviations], len(found.hour))


def within(spans: Iterable[tuple[int, int | None]], minutes: int) -> BoolArray:
    """Return the minutes within any span, shape (n,)."""
    found = np.zeros(minutes, dtype=bool)
    for start, end in spans:
        found[start:end] = True
    return found
