"""Antifoam lowers the transfer of O2 for an hour or two: a change of rK after a dose is of the process."""

import numpy as np

from monitoring.batches.verdict.case import Case
from monitoring.kernel.arrays import FloatArray

LASTS_MINUTES = 90
BEFORE, AFTER_FROM, AFTER_TO = 10, 3, 15  # minutes before and after a dose
LEAST_SHARE = 0.7  # of the amount


def explains(case: Case, minute: int, amount: float) -> bool:
    """Return whether a dose within 90 minutes explains that rK has changed by ``amount`` at a minute."""
    recent = [dose for dose in case.doses if minute - LASTS_MINUTES <= dose < minute]
    if amount <= 0 or not recent:
        return False
    transfer = case.beyond[case.model.balances.names.index("rK"), : minute + 1]
    return any(step_across(transfer, dose) > LEAST_SHARE * amount for dose in recent)


def step_across(values: FloatArray, dose: int) -> float:
    """Return the mean shortly after a dose less that before it; NaN without values on both sides."""
    before, after = values[max(dose - BEFORE, 0) : dose], values[dose + AFTER_FROM : dose + AFTER_TO]
    return float(after.mean() - before.mean()) if len(before) and len(after) else np.nan
