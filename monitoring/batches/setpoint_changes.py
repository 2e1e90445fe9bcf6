"""Changes of a setpoint: single steps, and ramps of many small steps as one change each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US, from_micros, iso_utc
from monitoring.kernel.rollups import Buckets

RAMP_US = 300 * SECOND_US  # changes that follow each other within that time are one ramp
MOST_CHANGES = 200


@dataclass(slots=True)
class SetpointChange:
    """A change from ``before`` (None: not known) to ``after``, in so many ``steps`` between two times.

    Of the steps within a minute at most two are counted.
    """

    start_us: int
    end_us: int
    before: float | None
    after: float
    steps: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return the change as a JSON object."""
        return {
            "start": iso_utc(from_micros(self.start_us)),
            "end": iso_utc(from_micros(self.end_us)),
            "from": self.before,
            "to": self.after,
            "steps": self.steps,
        }


def points_of(minutes: Buckets) -> tuple[IntArray, FloatArray]:
    """Return times and values of both extremes of each minute, in order of time; each of shape (2n,).

    Between two readings a setpoint is constant, so its extremes are its values, but for a third value within
    a minute.
    """
    time_us = np.concatenate([minutes.minimum_at, minutes.maximum_at])
    value = np.concatenate([minutes.minimum, minutes.maximum])
    order = np.argsort(time_us, kind="stable")
    return time_us[order], value[order]


def changes_of(windows: Iterable[Buckets], before: float | None) -> Iterator[SetpointChange]:
    """Yield the changes over windows of minutes in order; ``before`` is the value before the first."""
    present: SetpointChange | None = None
    for minutes in windows:
        time_us, value = points_of(minutes)
        known = np.concatenate([[np.nan if before is None else before], value])
        for place in np.flatnonzero(known[1:] != known[:-1]).tolist():
            time, after = int(time_us[place]), float(value[place])
            if present and present.before is not None and time - present.end_us <= RAMP_US:
                present.end_us, present.after, present.steps = time, after, present.steps + 1
            else:
                if present:
                    yield present
                present = SetpointChange(time, time, before, after)
            before = after
    if present:
        yield present
