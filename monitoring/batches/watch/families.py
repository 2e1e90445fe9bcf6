"""The families of statistics of a batch.

z is the deviation of each channel from the golden reference in standard deviations, by progress in the phase.

- E: exponential mean of z over 5 minutes: the batch is off the golden course;
- S: change of z within an hour, and L: slow change of z since the phase began; both begin anew in each phase;
- I: errors of one-step predictions of the tags, 3 x their exponential mean over 10 minutes, and half the
  minutes for which a tag has stood still: the process moves as it never did, wherever it is.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.fitting import PhaseProfile, progress_in
from monitoring.batches.golden.members import Member
from monitoring.batches.golden.references import Reference, places
from monitoring.batches.watch.changes import change, exponential_mean, long_change
from monitoring.batches.watch.prediction import Predictor
from monitoring.batches.watch.standstill import still_minutes
from monitoring.kernel.arrays import FloatArray, IntArray

OFF_COURSE, CHANGED, DRIFTED, SURPRISE = "E", "S", "L", "I"
FOREST = "F"  # by choice, see forest.py
FAMILIES = (OFF_COURSE, CHANGED, DRIFTED, SURPRISE)
MEAN_MINUTES, ERROR_MINUTES = 5.0, 10.0
ERROR_WEIGHT, STILL_WEIGHT = 3.0, 0.5

Statistics = Mapping[str, FloatArray]  # by family, shape (rows, minutes of the track)


@dataclass(frozen=True, slots=True)
class Track:
    """The minutes of a batch that lie in phases of the model, all arrays of shape (m,).

    ``minute`` is the index into the batch, ``phase`` that into the phases of the model, ``along`` the
    progress in the phase.
    """

    minute: IntArray
    phase: IntArray
    along: FloatArray

    def runs(self) -> list[tuple[int, slice]]:
        """Return each phase that the batch has, with its part of the track."""
        edges = [*np.flatnonzero(np.diff(self.phase, prepend=-1)).tolist(), len(self.phase)]
        return [(int(self.phase[begin]), slice(begin, stop)) for begin, stop in itertools.pairwise(edges)]


NO_TRACK = Track(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


def track_of(member: Member, phases: Sequence[PhaseProfile]) -> Track:
    """Return the minutes of a batch in the phases of the model, in the order of time."""
    minutes, indices, progress = [], [], []
    for index, phase in enumerate(phases):
        minute = np.flatnonzero(member.during(phase.name))
        if len(minute):
            minutes.append(minute)
            indices.append(np.full(len(minute), index))
            progress.append(progress_in(member, phase))
    if not minutes:
        return NO_TRACK
    minute = np.concatenate(minutes)
    order = np.argsort(minute, kind="stable")
    return Track(minute[order], np.concatenate(indices)[order], np.concatenate(progress)[order])


@dataclass(frozen=True)
class Comparison:
    """What a batch is compared with: the reference of each phase; predictor and usual steps of the tags."""

    references: Sequence[Reference]
    predictor: Predictor
    steps: FloatArray


def standardised(values: FloatArray, track: Track, references: Sequence[Reference]) -> FloatArray:
    """Return z of values (channels, m) along the track; NaN where a value or the reference is missing."""
    found = np.full(values.shape, np.nan)
    for phase, part in track.runs():
        found[:, part] = references[phase].standardised(values[:, part], track.along[part])
    return found


def usual_course(rows: int, track: Track, references: Sequence[Reference]) -> FloatArray:
    """Return the mean of the first ``rows`` channels along the track; shape (rows, m)."""
    found = np.full((rows, len(track.minute)), np.nan)
    for phase, part in track.runs():
        reference = references[phase]
        found[:, part] = reference.mean[:rows, places(reference.grid, track.along[part])]
    return found


def by_phase(function: Callable[[FloatArray], FloatArray], values: FloatArray, track: Track) -> FloatArray:
    """Apply a function to the minutes of each phase alone; NaN where a value is missing."""
    parts = [function(values[:, part]) for _, part in track.runs()]
    return np.where(np.isfinite(values), np.concatenate(parts, axis=1), np.nan) if parts else values


def statistics(values: FloatArray, track: Track, comparison: Comparison) -> Statistics:
    """Return the statistics of all families; the tags are the first rows of ``values`` (channels, m)."""
    z = standardised(values, track, comparison.references)
    tags = len(comparison.predictor.centre)
    usual = usual_course(tags, track, comparison.references)
    error = comparison.predictor.errors(values[:tags], usual)
    return {
        OFF_COURSE: exponential_mean(z, MEAN_MINUTES),
        CHANGED: by_phase(change, z, track),
        DRIFTED: by_phase(long_change, z, track),
        SURPRISE: np.concatenate(
            (
                error,
                ERROR_WEIGHT * exponential_mean(error, ERROR_MINUTES),
                STILL_WEIGHT * still_minutes(values[:tags], comparison.steps),
            )
        ),
    }
