"""The Numenta Anomaly Benchmark's score: how early anomaly windows are found, and how few false detections.

A detector gives each reading a score; readings at or above a threshold, the same for all series, are
detections. Source: Lavin and Ahmad, Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly
Benchmark, 2015, arXiv:1510.03336.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
PROBATION_SHARE = 0.15
LONGEST_PROBATION = 750
BEYOND = 3.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Costs of errors, relative to 1 for a window found at its first reading.

    ``outside`` weighs detections outside windows, ``missed`` windows without a detection.
    """

    name: str
    outside: float
    missed: float


STANDARD = Profile("standard", 0.11, 1)
LOW_FP = Profile("low FP", 0.22, 1)
LOW_FN = Profile("low FN", 0.11, 2)
PROFILES = (LOW_FP, LOW_FN, STANDARD)


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """Anomaly scores of consecutive readings (n,), and the anomaly windows among them.

    A window is the indices of its first and its last reading; windows are ascending and apart.
    """

    scores: FloatArray
    windows: Sequence[tuple[int, int]]

    @property
    def probation(self) -> int:
        """Return how many readings at the beginning do not count."""
        return min(int(PROBATION_SHARE * len(self.scores)), LONGEST_PROBATION)


@dataclass(frozen=True, slots=True)
class NabScore:
    """The score at the best threshold; the threshold is infinite if no detection is best."""

    score: float
    threshold: float


def evaluate(series: Sequence[ScoredSeries], profile: Profile = STANDARD) -> NabScore:
    """Return the score: 100 for every window found at its first reading and nothing else, 0 without
    detection.

    Lowering the threshold changes the total reading by reading; the changes are summed up from the highest
    score down. A window within the probation counts as neither found nor missed. Without any window the score
    is 0.
    """
    windows = sum(len(one.windows) for one in series)
    waived = sum(last < one.probation for one in series for _, last in one.windows)
    changes = [gains(one, profile) for one in series]
    scores = np.concatenate([np.empty(0), *(at for at, _ in changes)])
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    totals = np.cumsum(np.concatenate([np.empty(0), *(change for _, change in changes)])[order])
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)[: len(scores)])
    thresholds = np.concatenate([[np.inf], scores[last]])
    totals = profile.missed * waived + np.concatenate([[0.0], totals[last]])  # 0: all windows missed
    best = int(np.argmax(totals))
    perfect = (1 + profile.missed) * windows
    return NabScore(100 * float(totals[best]) / perfect if windows else 0.0, float(thresholds[best]))


def gains(series: ScoredSeries, profile: Profile) -> tuple[FloatArray, FloatArray]:
    """Return the change of the total when the threshold falls to a score: scores and changes, each (k,)."""
    counted = np.arange(len(series.scores)) >= series.probation
    worth = profile.outside * outside_worth(len(series.scores), series.windows)
    at, change = [], []
    for first, last in series.windows:
        inside = slice(max(first, series.probation), last + 1)
        counted[first : last + 1] = False
        scores = series.scores[inside]
        order = np.argsort(-scores, kind="stable")
        best = np.maximum.accumulate(inside_worth(first, last)[inside.start - first :][order])
        at.append(scores[order])
        change.append(np.diff(best, prepend=-profile.missed))
    at.append(series.scores[counted])
    change.append(worth[counted])
    return np.concatenate(at), np.concatenate(change)


def inside_worth(first: int, last: int) -> FloatArray:
    """Return the worth of a detection at each reading of a window: 1 at the first, nearly 0 at the last."""
    width = last - first + 1
    indices = np.arange(first, last + 1)
    return squashed(-(last - indices + 1) / width) / squashed(np.array(-1.0))


def outside_worth(length: int, windows: Sequence[tuple[int, int]]) -> FloatArray:
    """Return the worth of a detection outside windows: -1, nearer to 0 just after a window."""
    worth = np.full(length, -1.0)
    for first, last in windows:
        behind = np.arange(last + 1, length)
        with np.errstate(divide="ignore"):
            distance = (behind - last) / np.float64(last - first)
        worth[last + 1 :] = np.where(distance > BEYOND, -1.0, squashed(np.minimum(distance, BEYOND)))
    return worth


def squashed(distance: FloatArray) -> FloatArray:
    """Return 2 / (1 + exp(5 y)) - 1: from 1 far before y = 0 to -1 far after; any shape."""
    answer: FloatArray = 2 / (1 + np.exp(5 * distance)) - 1
    return answer
