"""Propose delays and a deadband for a limit alarm, from the stored past of its tag. No database.

One pass finds the excursions beyond the setpoint; then the number of alarms for every on-delay is a count.
Deadband and off-delay are judged by an exact replay, with the same functions that evaluate the alarm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitoring.alarms.advice_outcomes import NUISANCE_S, Outcome, Rating, judged, setpoint_of
from monitoring.alarms.advice_replay import Times, Values, outside_of
from monitoring.alarms.condition import Side, side_of
from monitoring.alarms.definition import InForce
from monitoring.alarms.kinds import HIGH_KINDS
from monitoring.kernel.clock import SECOND_US

ON_DELAYS_S = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
SHARE_OF_RESPONSE = 0.1
LONGEST_OFF_DELAY_S = 300.0
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Excursions:
    """Excursions beyond a setpoint in order of time: begin, length until the first value inside, in seconds.

    ``gap_s`` is the time from the end of each to the begin of the next (infinite for the last).
    """

    start_us: Times
    span_s: Values
    gap_s: Values


@dataclass(frozen=True, slots=True)
class Advice:
    """The settings in force and those proposed, with the curve of alarms by on-delay.

    ``real`` is the number of excursions that lasted at least the time to respond.
    """

    present: Outcome
    proposed: Outcome
    curve: Sequence[tuple[float, int]]
    excursions: int
    real: int


def find_excursions(times_us: Times, values: Values, side: Side, *, stale_after_us: int) -> Excursions:
    """Return the excursions of a signal in order of time, without a deadband.

    A gap in the data longer than ``stale_after_us`` ends an excursion: afterwards nothing is known.
    """
    outside = outside_of(values, side)
    breaks = np.diff(times_us, prepend=times_us[:1]) > stale_after_us
    begins = outside & (~np.concatenate(([False], outside[:-1])) | breaks)
    start = np.flatnonzero(begins)
    ends = np.flatnonzero(~outside | breaks)
    after = np.searchsorted(ends, start, side="right")
    last = len(times_us) - 1
    end = np.where(after < len(ends), ends[np.minimum(after, len(ends) - 1)] if len(ends) else last, last)
    end_us = np.where(breaks[end], times_us[np.maximum(end - 1, 0)] + stale_after_us, times_us[end])
    gaps = np.full(len(start), math.inf)
    gaps[:-1] = (times_us[start][1:] - end_us[:-1]) / SECOND_US
    return Excursions(times_us[start], (end_us - times_us[start]) / SECOND_US, gaps)


def curve_of(excursions: Excursions) -> list[tuple[float, int]]:
    """Return the number of alarms for each of ``ON_DELAYS_S``: of excursions that outlast the delay."""
    return [(float(delay), int((excursions.span_s > delay).sum())) for delay in ON_DELAYS_S]


def deadband_for(values: Values, in_force: InForce, *, width: float) -> float:
    """Return a deadband that noise does not cross: 3σ of the noise, at least 0.5 % of the limits' width.

    σ is 1.4826 times the median of absolute differences from value to value, over √2. The deadband takes at
    most a quarter of the way from the setpoint to the normal values, so that an alarm still ends.
    """
    if in_force.setpoint is None or len(values) < 3:
        return in_force.deadband
    steps = np.diff(values)
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(steps - np.median(steps)))) / math.sqrt(2)
    is_high = in_force.kind in HIGH_KINDS
    usual = float(np.percentile(values, 95 if is_high else 5))
    room = in_force.setpoint - usual if is_high else usual - in_force.setpoint
    deadband = max(0.0, min(max(3 * sigma, 0.005 * width), 0.25 * room))
    return float(f"{deadband:.3g}")


def off_delay_for(excursions: Excursions, *, real_s: float, shortest_s: float) -> float:
    """Return an off-delay that joins the pieces of one trouble: P95 of the gaps within real excursions.

    Gaps count as within one trouble if they are shorter than ``LONGEST_OFF_DELAY_S`` and than the excursions
    on both sides, one of which lasts at least ``real_s`` seconds.
    """
    span_s, following_s = excursions.span_s, np.append(excursions.span_s[1:], 0.0)
    shorter = excursions.gap_s <= np.minimum(span_s, following_s)
    is_real = np.maximum(span_s, following_s) >= real_s
    within = excursions.gap_s[shorter & is_real & (excursions.gap_s < LONGEST_OFF_DELAY_S)]
    if not len(within):
        return shortest_s
    return min(LONGEST_OFF_DELAY_S, max(shortest_s, math.ceil(float(np.percentile(within, 95)))))


def advise(
    times_us: Times,
    values: Values,
    in_force: InForce,
    *,
    width: float,
    respond_s: float | None,
    ratings: Sequence[Rating] = (),
) -> Advice:
    """Propose settings for a limit alarm from a stretch of its tag's past, times ascending.

    The proposal has the fewest nuisances among those that miss no real excursion, with an on-delay of at most
    a tenth of the time to respond (60 s without one); among equals the fewest repeated alarms, then the
    shortest delay. Real is what lasted at least the time to respond; a rating by a person outweighs the
    length.

    Raises:
        ValueError: the definition has no setpoint.
    """
    real_s = respond_s or NUISANCE_S
    longest_on_s = SHARE_OF_RESPONSE * respond_s if respond_s else NUISANCE_S
    side = side_of(in_force.kind, setpoint_of(in_force), 0)
    found = find_excursions(times_us, values, side, stale_after_us=in_force.timing.stale_after_us)
    better = replace(
        in_force,
        deadband=deadband_for(values, in_force, width=width),
        off_delay_s=off_delay_for(found, real_s=real_s, shortest_s=in_force.off_delay_s),
    )
    tried = [
        judged(times_us, values, replace(better, on_delay_s=float(delay)), real_s=real_s, ratings=ratings)
        for delay in finalists(found, longest_on_s)
    ]
    reals = max(outcome.real for outcome in tried)
    complete = [outcome for outcome in tried if outcome.real == reals]
    return Advice(
        present=judged(times_us, values, in_force, real_s=real_s, ratings=ratings),
        proposed=min(complete, key=lambda outcome: (outcome.nuisance, outcome.repeated, outcome.on_delay_s)),
        curve=curve_of(found),
        excursions=len(found.span_s),
        real=int((found.span_s >= real_s).sum()),
    )


def finalists(excursions: Excursions, longest_on_s: float) -> list[float]:
    """Return the on-delays worth an exact replay: the shortest of those with equal numbers of alarms."""
    found: dict[int, float] = {}
    for delay, alarms in curve_of(excursions):
        if delay <= longest_on_s:
            found.setdefault(alarms, delay)
    return sorted(found.values())
