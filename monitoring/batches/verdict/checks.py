"""Direct checks by setpoints, heat and noise: each names one cause, whatever the balances are like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.heat_explained import JUMP_MINUTES
from monitoring.kernel.arrays import BoolArray, FloatArray

STUCK_MINUTES, STUCK_CHANGE = 10, 1e-5
NOISE_MINUTES, MOST_STEADY = 30, 0.5  # to tell that a signal has noise
SLOW_RPM, SLOW_MINUTES = -40.0, 2  # a setpoint that steps takes a minute to follow
SLOW_SHARE = -0.4  # of the usual speed, without a setpoint
AIR_SHARE, AIR_MINUTES = -0.13, 3
JUMP_K = 0.33
WARM_JACKET_K, WARM_MINUTES = 1.0, 5
ACID_PH, FAR_ACID_PH, ACID_MINUTES = 0.02, 0.04, 3
CALM_MINUTES = 60
OFF_SETPOINT_K, SLIGHTLY_OFF_K = 0.4, 0.2


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

    A signal that rested half of the time before, as with a coarse resolution, is not called stuck.
    """
    steady = np.abs(np.diff(values, prepend=np.nan)) < STUCK_CHANGE
    minute = np.arange(len(values))
    begin = np.maximum.accumulate(np.where(steady, 0, minute))
    is_noisy = (begin >= NOISE_MINUTES) & (np.cumsum(steady)[begin] < MOST_STEADY * begin)
    return lasting(steady, STUCK_MINUTES - 1) & is_noisy


def is_slow(case: Case) -> BoolArray:
    """Return whether the agitator is slower than its setpoint.

    Without a setpoint: far slower than usual, and DO has fallen, so that no controller can have wanted that.
    """
    error = case.error("agitation")
    if "agitation" in case.batch.setpoints:
        return lasting(error < SLOW_RPM, SLOW_MINUTES)
    is_far = error < SLOW_SHARE * case.usual("agitation")
    return lasting(is_far & (case.error("dissolved_oxygen") < 0), SLOW_MINUTES)


def lacks_air(case: Case) -> BoolArray:
    """Return whether the air flow is below its setpoint."""
    return lasting(case.error("air_flow") < AIR_SHARE * case.setpoint("air_flow"), AIR_MINUTES)


def lacks_cooling(case: Case) -> BoolArray:
    """Return whether the jacket is warmer than its setpoint."""
    if "jacket_temperature" not in case.batch.setpoints:
        return np.zeros(len(case.result.hour), dtype=bool)
    return lasting(case.error("jacket_temperature") > WARM_JACKET_K, WARM_MINUTES)


def lacks_base(case: Case) -> BoolArray:
    """Return whether the pH falls below its setpoint, and below all of the hour before.

    A proportional controller holds the pH the lower the more base it doses: the hour before tells how low.
    """
    ph, error = case.measured("ph"), case.error("ph")
    before = ph[max(case.first - CALM_MINUTES, 0) : case.first]
    before = before[np.isfinite(before)]
    if len(before) < CALM_MINUTES / 2:
        return lasting(error < -FAR_ACID_PH, ACID_MINUTES)
    return lasting((ph < before.min() - ACID_PH) & (error < -ACID_PH), ACID_MINUTES)


def has_jumped(case: Case) -> BoolArray:
    """Return whether the temperature has moved, and heat does not explain it.

    A temperature that stays where heat should move it is no jump, but a fault of the jacket's probe.
    """
    moved = change_over(case.measured("temperature"), JUMP_MINUTES)
    return (np.abs(case.unexplained) > JUMP_K) & (moved * np.sign(case.unexplained) > JUMP_K / 2)


def change_over(values: FloatArray, minutes: int) -> FloatArray:
    """Return each value less that some minutes before, shape (n,); NaN at the begin."""
    found = np.full(len(values), np.nan)
    found[minutes:] = values[minutes:] - values[:-minutes]
    return found


def is_off_setpoint(case: Case, kelvin: float) -> BoolArray:
    """Return whether the temperature is off its setpoint, where the heat balance is known to explain it."""
    found: BoolArray = (np.abs(case.error("temperature")) > kelvin) & np.isfinite(case.unexplained)
    return found


CHECKS = (
    Check("stuck", 9000.0, lambda case: is_stuck(case.measured("temperature"))),
    Check("agitator", 8000.0, is_slow),
    Check("air", 7000.0, lacks_air),
    Check("jump", 6000.0, has_jumped),
    Check("cooling", 5000.0, lacks_cooling),
    Check("base", 4000.0, lacks_base),
    Check("control", 3000.0, lambda case: is_off_setpoint(case, OFF_SETPOINT_K)),
    Check("control", 20.0, lambda case: is_off_setpoint(case, SLIGHTLY_OFF_K)),
)
