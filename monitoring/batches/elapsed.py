"""Elapsed time of a batch: hours since the inoculation."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.models import Batch

HOUR_US = 3_600 * SECOND_US


def origin_us(batch: Batch) -> int:
    """Return the time that counts as 0 h: the inoculation; before it the start (planned: when it was stored).

    In microseconds since 1970.
    """
    return to_micros(batch.inoculated_at or batch.start or batch.changed_at)


def elapsed_h(batch: Batch, time_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the elapsed time (h) of times in microseconds since 1970, of any shape; negative before 0 h."""
    return (time_us - origin_us(batch)) / HOUR_US


def elapsed_of(batch: Batch, time: datetime) -> float:
    """Return the elapsed time (h) of one time."""
    return (to_micros(time) - origin_us(batch)) / HOUR_US


def clipped_end(batch: Batch, now: datetime) -> datetime:
    """Return the end of the batch; ``now`` while the batch runs, and never a time before its start."""
    return batch.end or max(now, batch.start or now)
