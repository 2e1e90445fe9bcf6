"""Faults put into simulated batches: found or not, and how soon; deviations of the same batches without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.score import alarm_minutes
from monitoring.batches.watch.watching import WatchResult, watch
from monitoring.kernel.arrays import BoolArray, FloatArray
from monitoring.lab.batch_evaluation.simulated import MINUTE_S, as_batch, clean_batch
from monitoring.lab.batch_evaluation.verdicts import Verdicts, verdicts_after
from monitoring.sources.simulator.vessel.faults import VesselFaultKind, draw_fault
from monitoring.sources.simulator.vessel.parameters import batch_rng

FIRST_TRIAL = 101  # numbers before are those of golden batches
OF_TRIALS = 900_000  # in place of a block's number, in the seed of the random numbers
FOUND_WITHIN_MINUTES = 240
KINDS = tuple(VesselFaultKind)


@dataclass(frozen=True)
class GoldenBatch:
    """A golden batch to simulate."""

    seed: int
    number: int


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
    clean = clean_batch(trial.seed, trial.number)
    faults = [
        draw_fault(kind, batch_rng(trial.seed, trial.number, OF_TRIALS + KINDS.index(kind)))
        for kind in trial.kinds
    ]
    faulty = [as_batch(clean.with_fault(fault)) for fault in faults]
    outcomes = []
    for model in trial.models:
        good = watch(model, as_batch(clean.values))
        delays, verdicts = {}, {}
        for fault, batch in zip(faults, faulty, strict=True):
            found = watch(model, batch)
            delays[fault.kind] = delay(found, good, fault.onset_s)
            alarm = first_alarm(found, good, fault.onset_s)
            verdicts[fault.kind] = verdicts_after(model, batch, found, alarm)
        outcomes.append(BatchOutcome(model.members, len(good.deviations), delays, verdicts))
    return outcomes


def delay(found: WatchResult, good: WatchResult, onset_s: int) -> float | None:
    """Return the seconds from the onset to the end of the first minute with an alarm, at most 4 h."""
    alarm = first_alarm(found, good, onset_s)
    return None if alarm is None else float((alarm + 1) * MINUTE_S - onset_s)


def first_alarm(found: WatchResult, good: WatchResult, onset_s: int) -> int | None:
    """Return the first minute with an alarm within 4 h of the onset.

    Minutes count only where the same batch without the fault has no deviation.
    """
    first = onset_s // MINUTE_S
    is_alarm = alarm_minutes(found.score) & ~in_deviation(good)
    at = np.flatnonzero(is_alarm[first : first + FOUND_WITHIN_MINUTES])
    return first + int(at[0]) if len(at) else None


def in_deviation(found: WatchResult) -> BoolArray:
    """Return the minutes within a deviation, shape (n,)."""
    is_within = np.zeros(len(found.hour), dtype=bool)
    for deviation in found.deviations:
        is_within[deviation.start : deviation.end] = True
    return is_within
