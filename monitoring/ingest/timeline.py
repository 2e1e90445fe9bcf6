"""New readings set among stored measurements, tag behind tag, and what the rules say of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.rules.base import Rule, Runs, Verdict
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.run_lengths import begins, stretches

NEW = 0


@dataclass(frozen=True, slots=True)
class StoredColumns:
    """Stored measurements of one tag in time order; all arrays have shape (n,)."""

    id: IntArray
    time_us: IntArray
    value: FloatArray
    is_anomaly: BoolArray


@dataclass(frozen=True, slots=True)
class Timelines:
    """Measurements of several tags, one tag behind the other, of each from its first new one on.

    A number a tag, of shape (k,): ``tag`` is its place among those that the readings were read by,
    ``known`` how many of ``history`` are its own, ``count`` how many measurements are;
    ``is_last`` tells whether none is stored behind these.

    ``history`` (h,) are the values just before.

    A number a measurement, each time once, in order of time, of shape (n,): ``id`` is ``NEW`` for a
    reading that is not stored yet, ``position`` is -1 for one that is; ``was_anomaly`` is what is
    stored of it so far.
    """

    tag: IntArray
    known: IntArray
    count: IntArray
    is_last: BoolArray
    history: FloatArray
    id: IntArray
    position: IntArray
    time_us: IntArray
    value: FloatArray
    was_anomaly: BoolArray

    @property
    def is_new(self) -> BoolArray:
        """Which are not stored yet; shape (n,)."""
        return np.equal(self.id, NEW)

    @property
    def run(self) -> IntArray:
        """Which of the k tags each measurement is of; shape (n,)."""
        return np.repeat(np.arange(len(self.count)), self.count)

    @property
    def within(self) -> IntArray:
        """How many measurements of its own tag stand before each; shape (n,)."""
        return np.arange(len(self.id)) - np.repeat(np.cumsum(self.count) - self.count, self.count)

    def runs(self) -> Runs:
        """The values to judge, and those before."""
        size = self.known + self.count
        begin, end = np.cumsum(size) - size, np.cumsum(size)
        place = np.repeat(begin + self.known, self.count) + self.within
        series = np.empty(int(end[-1]) if len(end) else 0)
        series[place] = self.value
        is_known = np.ones(len(series), dtype=np.bool_)
        is_known[place] = False
        series[is_known] = self.history
        before = np.repeat(self.known, self.count) + self.within
        return Runs(series, place, before, np.repeat(self.tag, self.count))


def side_by_side(timelines: Sequence[Timelines]) -> Timelines:
    """All of them, one behind the other; at least one is given."""
    if len(timelines) == 1:
        return timelines[0]
    return Timelines(
        *(np.concatenate([getattr(part, field.name) for part in timelines]) for field in fields(Timelines))
    )


def merge(
    tag: int, history: FloatArray, stored: StoredColumns, new: ReadingColumns, *, is_last: bool = True
) -> Timelines:
    """One tag's timeline of stored and new; of equal times the stored one wins, else the first that came."""
    time_us = np.concatenate([stored.time_us, new.time_us])
    _, chosen = np.unique(time_us, return_index=True)
    return Timelines(
        tag=np.array([tag]),
        known=np.array([len(history)]),
        count=np.array([len(chosen)]),
        is_last=np.array([is_last]),
        history=history,
        id=np.concatenate([stored.id, np.full(new.time_us.shape, NEW)])[chosen],
        position=np.concatenate([np.full(stored.id.shape, -1), new.position])[chosen],
        time_us=time_us[chosen],
        value=np.concatenate([stored.value, new.value])[chosen],
        was_anomaly=np.concatenate([stored.is_anomaly, np.zeros(new.time_us.shape, np.bool_)])[chosen],
    )


def append(tag: IntArray, known: IntArray, history: FloatArray, new: ReadingColumns) -> Timelines:
    """The timelines of tags (k,) of which nothing is stored from the first new reading on.

    ``new`` stands tag behind tag in the same order, in order of time; of equal times the first wins.
    """
    first = begins(new.tag, new.time_us)
    _, count = stretches(new.tag[first])
    return Timelines(
        tag=tag,
        known=known,
        count=count,
        is_last=np.ones(len(tag), dtype=np.bool_),
        history=history,
        id=np.full(int(count.sum()), NEW),
        position=new.position[first],
        time_us=new.time_us[first],
        value=new.value[first],
        was_anomaly=np.zeros(int(count.sum()), dtype=np.bool_),
    )


def affected(timelines: Timelines, lookback: int) -> BoolArray:
    """Which stored measurements have a new one among the ``lookback`` just before them; shape (n,)."""
    is_new = timelines.is_new
    if is_new.all():
        return ~is_new
    news = np.concatenate([[0], np.cumsum(is_new)])
    place = np.arange(len(is_new))
    return ~is_new & (news[place] > news[place - np.minimum(timelines.within, lookback)])


def judge(timelines: Timelines, runs: Runs, rules: Iterable[Rule]) -> list[tuple[Verdict, BoolArray]]:
    """Each reason's verdict on the measurements, beside which of them the verdict is to be kept for.

    ``runs`` are those of the timelines. New readings are judged by every rule, stored ones again by
    those whose window has changed.
    """
    is_new = timelines.is_new
    is_appended = bool(is_new.all())
    return [
        (verdict, is_new if is_appended else is_new | affected(timelines, rule.lookback))
        for rule in rules
        for verdict in rule.score(runs)
    ]
