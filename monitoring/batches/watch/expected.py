"""Expected figures of Watch by the number of golden batches, as measured on simulated plants.

docs/batches.md says how; ``manage.py evaluate_batches`` measures anew.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Figures:
    """Share of faults found within 4 h, their median delay in minutes, and false alarms a batch."""

    found: float
    median_minutes: float
    false_alarms: float


MEASURED: dict[int, Figures] = {
    1: Figures(found=0.73, median_minutes=26, false_alarms=0.7),
    3: Figures(found=0.89, median_minutes=6, false_alarms=0.57),
    5: Figures(found=0.92, median_minutes=2.5, false_alarms=0.39),
    10: Figures(found=0.98, median_minutes=1.8, false_alarms=0.38),
}


def expected_found(members: int) -> float:
    """Return the share of faults that a profile of so many golden batches finds, 0 to 1."""
    return interpolated(members, [each.found for each in MEASURED.values()])


def expected_false_alarms(members: int) -> float:
    """Return the false alarms a batch of a profile of so many golden batches."""
    return interpolated(members, [each.false_alarms for each in MEASURED.values()])


def interpolated(members: int, figures: list[float]) -> float:
    """Return a figure between those of the measured numbers of golden batches; beyond, that of the nearest.

    Raises:
        ValueError: there is no golden batch.
    """
    if members < 1:
        raise ValueError(f"a profile has 1 golden batch or more, not {members}")
    return float(np.interp(members, list(MEASURED), figures))
