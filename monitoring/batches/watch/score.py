"""From the score of each minute to deviations; a pure function of the whole course."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

ALARM, AT_ONCE, CLEAR = 1.0, 1.5, 0.8
CLEAR_MINUTES = 10
CAUSE_MINUTES = 10  # after the begin; later other channels follow


@dataclass(frozen=True, slots=True)
class Contribution:
    """The largest ratio of a channel to its limit about the begin of a deviation.

    ``family`` has that ratio; ``statistic`` is its value there, positive if the channel is too high or rises.
    """

    channel: str
    family: str
    ratio: float
    statistic: float


@dataclass(frozen=True, slots=True)
class Deviation:
    """Minutes in which a batch is not like golden ones: indices into the minutes of the batch.

    ``end`` is the first minute after it, None while it lasts; ``peak`` is the minute of the largest score.
    ``contributions`` are the channels with a ratio above 0.8, the largest first.
    """

    start: int
    end: int | None
    peak: int
    score: float
    contributions: tuple[Contribution, ...]


def alarm_minutes(score: FloatArray) -> BoolArray:
    """Return the minutes with an alarm: above 1 now and in the minute before, or above 1.5."""
    is_high = score > ALARM
    before = np.concatenate(([False], is_high[:-1]))[: len(score)]
    return (is_high & before) | (score > AT_ONCE)


def deviation_spans(score: FloatArray, warm_up: int) -> Iterator[tuple[int, int | None]]:
    """Yield begin and end of each deviation; minutes without a score neither begin nor end one."""
    alarms = np.flatnonzero(alarm_minutes(score))
    alarms = alarms[alarms >= warm_up]
    ends = clear_ends(score)
    while len(alarms):
        start = int(alarms[0])
        later = ends[ends >= start + CLEAR_MINUTES]
        if not len(later):
            yield start, None
            return
        yield start, int(later[0])
        alarms = alarms[alarms >= later[0]]


def clear_ends(score: FloatArray) -> IntArray:
    """Return the minutes before which the score was below 0.8 for 10 minutes without a break."""
    total = np.concatenate(([0], np.cumsum(score < CLEAR)))
    ends = np.arange(CLEAR_MINUTES, len(total))
    found: IntArray = ends[total[ends] - total[ends - CLEAR_MINUTES] == CLEAR_MINUTES]
    return found
