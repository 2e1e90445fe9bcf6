"""The common axis of compared batches: slots of phases laid one behind the other, and breaks in lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from monitoring.kernel.arrays import FloatArray, IntArray

BREAK_STEPS = 1.5  # buckets farther apart than this many steps are not joined by a line


@dataclass(frozen=True, slots=True)
class PhaseSlot:
    """The place of a phase on the common axis, in hours."""

    name: str
    start_h: float
    length_h: float


def phase_slots(
    durations_h: Sequence[Mapping[str, float]], typical_h: Mapping[str, float]
) -> list[PhaseSlot]:
    """Return the slots of all phases, in the order of the batch with the most phases.

    A slot is as long as the typical duration of the phase, or else the median of the batches; longer if a
    batch took longer, so that slots never overlap.
    """
    by_number = sorted(durations_h, key=len, reverse=True)
    names = list(dict.fromkeys(name for each in by_number for name in each))
    slots: list[PhaseSlot] = []
    start = 0.0
    for name in names:
        found = [each[name] for each in durations_h if name in each]
        length = max([typical_h.get(name) or median(found), *found])
        slots.append(PhaseSlot(name, start, length))
        start += length
    return slots


def breaks_after(start_us: IntArray, step_us: int, piece: IntArray) -> IntArray:
    """Return the places after which a line is interrupted: before a gap, and at the end of a piece.

    ``start_us`` and ``piece`` have shape (n,): begin and piece of each bucket.
    """
    is_gap = np.diff(start_us) > BREAK_STEPS * step_us
    return np.flatnonzero(is_gap | (np.diff(piece) != 0))


def with_breaks(column: FloatArray, breaks: IntArray) -> list[float | None]:
    """Return the column with None inserted after each break."""
    values: list[float | None] = [value if np.isfinite(value) else None for value in column.tolist()]
    for place in reversed(breaks.tolist()):
        values.insert(place + 1, None)
    return values


def x_with_breaks(x: FloatArray, breaks: IntArray) -> list[float]:
    """Return the abscissas, with that of the point before repeated at each break."""
    return np.insert(x, breaks + 1, x[breaks]).tolist() if len(x) else []


def maturity_percent(
    hours: Sequence[FloatArray], along: Sequence[FloatArray | None], grids: Sequence[FloatArray]
) -> list[FloatArray | None]:
    """Return the maturity in percent along each phase: golden hours done of all golden hours.

    ``hours`` has the mean golden time at each grid point of a phase, ``grids`` the progress there; ``along``
    is the progress of the batch in each minute of the phase (None: the batch lacks the phase or its values).
    100 % is the progress of the longest golden batch, and no batch has more.
    """
    total = sum(float(each[-1]) for each in hours)
    before, found = 0.0, list[FloatArray | None]()
    for hour, grid, progress in zip(hours, grids, along, strict=True):
        done = None if progress is None else before + np.interp(progress, grid, hour)
        found.append(None if done is None or not total else 100 * done / total)
        before += float(hour[-1])
    return found
