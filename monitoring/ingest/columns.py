"""The column carriers of the write path: ``Batch``, ``Segments`` and ``StoredRows``.

Shapes: n measurements or readings, k tags. Rows of one tag stand together, in order of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.run_lengths import run_lengths, run_starts

NEW = 0  # the id of a row that is not stored yet
STORED = -1  # the position of a row that was stored earlier


@dataclass(frozen=True, slots=True)
class Batch:
    """Valid readings, in any order; all arrays have shape (n,).

    ``tag`` is the index of the tag among the tags of the transaction, ``position`` the index of the
    reading in the request, ``time_us`` microseconds since 1970, ``value`` in the tag's unit.
    """

    tag: IntArray
    position: IntArray
    time_us: IntArray
    value: FloatArray

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, rows: NDArray[Any] | slice) -> "Batch":
        """Return the readings that an index array, a mask or a slice selects."""
        return Batch(self.tag[rows], self.position[rows], self.time_us[rows], self.value[rows])


@dataclass(frozen=True, slots=True)
class Segments:
    """The values of several tags that the rules read: per tag the values before, then those to judge.

    ``series`` (s,) concatenates the segments; each is in order of time. Of the n values to judge,
    ``index`` (n,) is the index in ``series``, ``history_length`` (n,) the number of values of the same
    segment before it, ``tag`` (n,) the index of its tag, and ``value`` (n,) equals ``series[index]``.
    """

    series: FloatArray
    index: IntArray
    history_length: IntArray
    tag: IntArray
    value: FloatArray


def segment_of(history: FloatArray, values: FloatArray) -> Segments:
    """Return the segment of one tag: ``values`` (n,) to judge that follow ``history`` (h,) in time."""
    index = np.arange(len(history), len(history) + len(values))
    return Segments(
        np.concatenate([history, values]), index, index, np.zeros(len(values), dtype=np.int64), values
    )


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Rows of the table of measurements, stored ones and those about to be stored, of k tags.

    Per tag, shape (k,): ``tag`` is the index among the tags of the transaction, ``count`` the number of
    rows, ``history_length`` the number of values in ``history``; ``is_last`` is true if no later
    measurement of the tag is stored.

    ``history`` (h,) concatenates the values just before the first row of each tag.

    Per row, shape (n,), each time of a tag once: ``id`` is ``NEW`` until a new row is stored, ``position``
    the index of a new row's reading in the request (``STORED`` if not new), ``is_anomaly`` the stored flag
    (False until a new row is stored), ``is_new`` whether the row was not stored before the transaction.
    """

    tag: IntArray
    history_length: IntArray
    count: IntArray
    is_last: BoolArray
    history: FloatArray
    id: IntArray
    position: IntArray
    time_us: IntArray
    value: FloatArray
    is_anomaly: BoolArray
    is_new: BoolArray

    @property
    def segment(self) -> IntArray:
        """Return which of the k tags each row belongs to; shape (n,)."""
        return np.repeat(np.arange(len(self.count)), self.count)

    @property
    def within(self) -> IntArray:
        """Return how many rows of the same tag precede each row; shape (n,)."""
        return np.arange(len(self.id)) - np.repeat(np.cumsum(self.count) - self.count, self.count)

    def segments(self) -> Segments:
        """Return the rows as values to judge, with the values before."""
        size = self.history_length + self.count
        before = self.within + np.repeat(self.history_length, self.count)
        end = np.cumsum(size)
        index = before + np.repeat(end - size, self.count)
        series = np.empty(int(end[-1]) if len(end) else 0)
        series[index] = self.value
        is_history = np.ones(len(series), dtype=np.bool_)
        is_history[index] = False
        series[is_history] = self.history
        return Segments(series, index, before, np.repeat(self.tag, self.count), self.value)

    def affected(self, lookback: int) -> BoolArray:
        """Return which stored rows have a new row among the ``lookback`` before them; shape (n,)."""
        news = np.concatenate([[0], np.cumsum(self.is_new)])
        index = np.arange(len(self.is_new))
        return ~self.is_new & (news[index] > news[index - np.minimum(self.within, lookback)])

    def index_of(self, batch: Batch) -> IntArray:
        """Return the row of each reading; shape of ``batch``, whose tags stand in the same order."""
        segment = np.cumsum(run_starts(batch.tag)) - 1
        time_us = np.concatenate([self.time_us, batch.time_us])
        _, rank = np.unique(time_us, return_inverse=True)
        key = np.concatenate([self.segment, segment]) * len(time_us) + rank
        count = len(self.id)
        return np.searchsorted(key[:count], key[count:])


def rows_of_tag(id: IntArray, time_us: IntArray, value: FloatArray, is_anomaly: BoolArray) -> StoredRows:
    """Return stored measurements of the transaction's first tag, in order of time; all of shape (n,)."""
    count = len(id)
    return StoredRows(
        tag=np.zeros(1, dtype=np.int64),
        history_length=np.zeros(1, dtype=np.int64),
        count=np.array([count]),
        is_last=np.ones(1, dtype=np.bool_),
        history=np.empty(0),
        id=id,
        position=np.full(count, STORED),
        time_us=time_us,
        value=value,
        is_anomaly=is_anomaly,
        is_new=np.zeros(count, dtype=np.bool_),
    )


def merge(
    tag: int, history: FloatArray, stored: StoredRows, new: Batch, *, is_last: bool = True
) -> StoredRows:
    """Merge stored and new rows of one tag; of equal times the stored row wins, else the first reading."""
    time_us = np.concatenate([stored.time_us, new.time_us])
    _, chosen = np.unique(time_us, return_index=True)
    return StoredRows(
        tag=np.array([tag]),
        history_length=np.array([len(history)]),
        count=np.array([len(chosen)]),
        is_last=np.array([is_last]),
        history=history,
        id=np.concatenate([stored.id, np.full(new.time_us.shape, NEW)])[chosen],
        position=np.concatenate([stored.position, new.position])[chosen],
        time_us=time_us[chosen],
        value=np.concatenate([stored.value, new.value])[chosen],
        is_anomaly=np.concatenate([stored.is_anomaly, np.zeros(new.time_us.shape, np.bool_)])[chosen],
        is_new=chosen >= len(stored.id),
    )


def append(history_length: IntArray, history: FloatArray, new: Batch) -> StoredRows:
    """Return the new rows of tags (k,) that have no stored row from the first new reading on.

    ``new`` is in order of tag and time; of equal times the first reading wins.
    """
    first = run_starts(new.tag, new.time_us)
    if not first.all():
        new = new.take(first)
    start, count = run_lengths(new.tag)
    return StoredRows(
        tag=new.tag[start],
        history_length=history_length,
        count=count,
        is_last=np.ones(len(count), dtype=np.bool_),
        history=history,
        id=np.full(len(new), NEW),
        position=new.position,
        time_us=new.time_us,
        value=new.value,
        is_anomaly=np.zeros(len(new), dtype=np.bool_),
        is_new=np.ones(len(new), dtype=np.bool_),
    )


def concatenate_batches(parts: Sequence[Batch]) -> Batch:
    """Concatenate batches; at least one."""
    if len(parts) == 1:
        return parts[0]
    return Batch(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Batch)))


def concatenate_rows(parts: Sequence[StoredRows]) -> StoredRows:
    """Concatenate the rows of different tags; at least one part."""
    if len(parts) == 1:
        return parts[0]
    return StoredRows(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(StoredRows))
    )
