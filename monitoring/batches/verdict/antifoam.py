"""Antifoam lowers the transfer of O2 for an hour or two: a change of rK after a dose is of the process."""

import numpy as np

from monitoring.batches.verdict.case import Case
from monitoring.kernel.arrays import FloatArray

DOSE_ML = 0.5
LASTS_MINUTES = 90
BEFORE, AFTER_FROM, AFTER_TO = 10, 3, 15  # minutes before and after a dose
LEAST_SHARE = 0.5  # of the amount
LEAST_AMOUNT = 0.2  # while the first minutes after a dose are not complete


def explains(case: Case, minute: int, amount: float) -> bool:
    """Return whether a dose within 90 minutes explains that rK has changed by ``amount`` at a minute."""
    doses = recent_doses(case.measured("antifoam_total"), minute)
    if amount <= 0 or not doses:
        return False
    if doses[-1] + AFTER_TO >= minute and amount > LEAST_AMOUNT:
        return True
    transfer = case.beyond[case.model.balances.names.index("rK")]
    steps = [step_across(transfer, dose) for dose in doses if dose + BEFORE < minute]
    return any(step > LEAST_SHARE * amount for step in steps)


def recent_doses(total: FloatArray, minute: int) -> list[int]:
    """Return the minutes of the doses in the 90 minutes up to ``minute``."""
    first = max(minute - LASTS_MINUTES, 0)
    return [first + int(place) for place in np.flatnonzero(np.diff(total[first : minute + 1]) > DOSE_ML)]


def step_across(values: FloatArray, dose: int) -> float:
    """Return the mean shortly after a dose less that before it; NaN near the begin of the batch."""
    before, after = values[max(dose - BEFORE, 0) : dose], values[dose + AFTER_FROM : dose + AFTER_TO]
    return float(after.mean() - before.mean()) if len(before) and len(after) else np.nan
