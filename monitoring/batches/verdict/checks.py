"""Direct checks by setpoints, heat and noise: each names one cause, whatever the balances are like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.heat_explained import JUMP_MINUTES, unexplained_change
from monitoring.kernel.arrays import BoolArray, FloatArray

STUCK_MINUTES, STUCK_CHANGE = 10, 1e-5
LEAST_STEADY_SHARE = 0.5
SLOW_RPM = -40.0
SLOW_SHARE = -0.4  # of the usual speed, without a setpoint
AIR_SHARE, AIR_MINUTES = -0.13, 3
JUMP_K = 0.33
WARM_JACKET_K, WARM_MINUTES = 1.0, 5
ACID_PH, ACID_MINUTES = -0.04, 5
OFF_SETPOINT_K = 0.2


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its cause, its strength against other evidence, and the minutes (n,) in which it holds."""

    cause: str
    strength: float
    holds: Callable[[Case], BoolArray]


def lasting(holds: BoolArray, minutes: int) -> BoolArray:
    """Return the minutes at which a condition has held for this long."""
    found: BoolArray = np.convolve(holds, np.ones(minutes))[: len(holds)] > minutes - 0.5
    return found


def is_stuck(values: FloatArray) -> BoolArray:
    """Return the minutes at which a noisy signal has not moved for 10 minutes.

    A signal that rests half of the time before, as with a coarse resolution, says nothing.
    """
    steady = np.abs(np.diff(values, prepend=np.nan)) < STUCK_CHANGE
    minute = np.arange(len(values))
    begin = np.maximum.accumulate(np.where(steady, 0, minute))
    rests = np.cumsum(steady)[begin] / np.maximum(begin, 1)
    return lasting(steady, STUCK_MINUTES - 1) & (rests < LEAST_STEADY_SHARE)


def is_slow(case: Case) -> BoolArray:
    """Return whether the agitator is slower than its setpoint, or far slower than usual."""
    error = case.error("agitation")
    if "agitation" in case.batch.setpoints:
        return error < SLOW_RPM
    found: BoolArray = error < SLOW_SHARE * case.usual("agitation")
    return found


def lacks_air(case: Case) -> BoolArray:
    """Return whether the air flow is below its setpoint."""
    return lasting(case.error("air_flow") < AIR_SHARE * case.setpoint("air_flow"), AIR_MINUTES)


def lacks_cooling(case: Case) -> BoolArray:
    """Return whether the jacket is warmer than its setpoint."""
    if "jacket_temperature" not in case.batch.setpoints:
        return np.zeros(len(case.result.hour), dtype=bool)
    return lasting(case.error("jacket_temperature") > WARM_JACKET_K, WARM_MINUTES)


def lacks_base(case: Case) -> BoolArray:
    """Return whether the pH is below its setpoint though the base pump runs."""
    return lasting(case.error("ph") < ACID_PH, ACID_MINUTES)


def has_jumped(case: Case) -> BoolArray:
    """Return whether the temperature has moved, and heat does not explain it.

    A temperature that stays where heat should move it is no jump, but a fault of the jacket's probe.
    """
    unexplained = unexplained_change(case.batch.inputs)
    moved = change_over(case.measured("temperature"), JUMP_MINUTES)
    return (np.abs(unexplained) > JUMP_K) & (moved * np.sign(unexplained) > JUMP_K / 2)


def change_over(values: FloatArray, minutes: int) -> FloatArray:
    """Return each value less that some minutes before, shape (n,); NaN at the begin."""
    found = np.full(len(values), np.nan)
    found[minutes:] = values[minutes:] - values[:-minutes]
    return found


def is_off_setpoint(case: Case) -> BoolArray:
    """Return whether the temperature is off its setpoint."""
    return np.abs(case.error("temperature")) > OFF_SETPOINT_K


CHECKS = (
    Check("stuck", 9000.0, lambda case: is_stuck(case.measured("temperature"))),
    Check("agitator", 8000.0, is_slow),
    Check("air", 7000.0, lacks_air),
    Check("jump", 6000.0, has_jumped),
    Check("cooling", 5000.0, lacks_cooling),
    Check("base", 4000.0, lacks_base),
    Check("control", 3000.0, is_off_setpoint),
)
