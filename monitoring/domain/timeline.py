"""One tag's new readings set among its stored measurements, and what the detectors say of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.domain.columns import ReadingColumns
from monitoring.domain.detectors import BoolArray, FloatArray, Rule, Verdict

NEW = 0


@dataclass(frozen=True, slots=True)
class StoredColumns:
    """Stored measurements of one tag in time order; all arrays have shape (n,)."""

    id: NDArray[np.int64]
    time_us: NDArray[np.int64]
    value: FloatArray
    is_anomaly: BoolArray


@dataclass(frozen=True, slots=True)
class Timeline:
    """A tag's measurements from the first new one on, each time once, all of shape (n,).

    ``id`` is ``NEW`` for a reading that is not stored yet, ``position`` is -1 for one that is.
    ``history`` (h,) are the values just before; ``was_anomaly`` is what is stored of each so far.
    """

    history: FloatArray
    id: NDArray[np.int64]
    position: NDArray[np.int64]
    time_us: NDArray[np.int64]
    value: FloatArray
    was_anomaly: BoolArray

    @property
    def is_new(self) -> BoolArray:
        """Which of the timeline are not stored yet; shape (n,)."""
        return np.equal(self.id, NEW)


def merge(history: FloatArray, stored: StoredColumns, new: ReadingColumns) -> Timeline:
    """The timeline of stored and new; of equal times the stored one wins, else the first that came."""
    time_us = np.concatenate([stored.time_us, new.time_us])
    _, chosen = np.unique(time_us, return_index=True)
    return Timeline(
        history=history,
        id=np.concatenate([stored.id, np.full(new.time_us.shape, NEW)])[chosen],
        position=np.concatenate([np.full(stored.id.shape, -1), new.position])[chosen],
        time_us=time_us[chosen],
        value=np.concatenate([stored.value, new.value])[chosen],
        was_anomaly=np.concatenate([stored.is_anomaly, np.zeros(new.time_us.shape, np.bool_)])[chosen],
    )


def affected(timeline: Timeline, lookback: int) -> BoolArray:
    """Which stored measurements have a new one among the ``lookback`` just before them; shape (n,)."""
    if timeline.is_new.all():
        return ~timeline.is_new
    news = np.concatenate([[0], np.cumsum(timeline.is_new)])
    place = np.arange(len(timeline.id))
    return ~timeline.is_new & (news[place] > news[np.maximum(0, place - lookback)])


def judge(timeline: Timeline, rules: Iterable[Rule]) -> list[tuple[Verdict, BoolArray]]:
    """Each reason's verdict on the timeline, beside which of it the verdict is to be kept for.

    New readings are judged by every rule, stored ones again by those whose window has changed.
    """
    return [
        (verdict, timeline.is_new | affected(timeline, rule.lookback))
        for rule in rules
        for verdict in rule.score(timeline.history, timeline.value)
    ]
