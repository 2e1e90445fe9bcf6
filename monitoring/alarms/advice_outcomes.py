"""Count the alarms of settings: nuisances and real ones, by people's ratings and by length. No database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from monitoring.alarms.advice_replay import Times, Values, replayed
from monitoring.alarms.condition import side_of
from monitoring.alarms.definition import InForce
from monitoring.kernel.clock import SECOND_US

NUISANCE_S = 60.0  # an alarm that is over by itself within this time


@dataclass(frozen=True, slots=True)
class Rating:
    """The time of an occurrence that a person rated as real or as a nuisance; the end is inclusive."""

    start_us: int
    end_us: int
    is_real: bool


class AlarmVerdict(StrEnum):
    """Whether an alarm, or the rated occurrence that the alarm touches, was of use."""

    REAL = "real"
    NUISANCE = "nuisance"
    UNKNOWN = "unknown"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The alarms that settings would have given, in the period looked at.

    ``nuisance`` and ``real`` count a rated occurrence once, however many alarms touch it, and each alarm
    outside of all ratings by its length. ``repeated`` are alarms that add nothing: the occurrence that they
    touch has been counted. ``unknown`` are alarms without a rating that are neither short nor lasting.
    """

    setpoint: float
    on_delay_s: float
    off_delay_s: float
    deadband: float
    alarms: int
    nuisance: int
    real: int
    unknown: int
    repeated: int


def judged(
    times_us: Times, values: Values, settings: InForce, *, real_s: float, ratings: Sequence[Rating] = ()
) -> Outcome:
    """Return the alarms that these settings would have given."""
    setpoint = setpoint_of(settings)
    side = side_of(settings.kind, setpoint, settings.deadband)
    last_us = int(times_us[-1])
    alarms = [
        (begin, last_us if end is None else end)
        for begin, end in replayed(times_us, values, side, settings.timing)
    ]
    verdicts = list(verdicts_on(alarms, settings, real_s, ratings))
    return Outcome(
        setpoint,
        settings.on_delay_s,
        settings.off_delay_s,
        settings.deadband,
        alarms=len(alarms),
        nuisance=verdicts.count(AlarmVerdict.NUISANCE),
        real=verdicts.count(AlarmVerdict.REAL),
        unknown=verdicts.count(AlarmVerdict.UNKNOWN),
        repeated=verdicts.count(AlarmVerdict.REPEATED),
    )


def verdicts_on(
    alarms: Sequence[tuple[int, int]], settings: InForce, real_s: float, ratings: Sequence[Rating]
) -> Iterator[AlarmVerdict]:
    """Yield a verdict for each alarm (begin, end), by length, and for each rated occurrence that one touches.

    An alarm that touches an occurrence rated real is part of that one, and of no nuisance.
    """
    start = np.array([rating.start_us for rating in ratings], dtype=np.int64)
    end = np.array([rating.end_us for rating in ratings], dtype=np.int64)
    is_real = np.array([rating.is_real for rating in ratings], dtype=bool)
    is_counted = np.zeros(len(ratings), dtype=bool)
    for begin_us, end_us in alarms:
        touched = (start <= end_us) & (end >= begin_us)
        if not touched.any():
            yield verdict_by_length(begin_us, end_us, settings, real_s)
            continue
        touches_real = bool((touched & is_real).any())
        new = touched & (is_real == touches_real) & ~is_counted
        is_counted |= new
        verdict = AlarmVerdict.REAL if touches_real else AlarmVerdict.NUISANCE
        yield from [verdict] * int(new.sum()) or [AlarmVerdict.REPEATED]


def verdict_by_length(begin_us: int, end_us: int, settings: InForce, real_s: float) -> AlarmVerdict:
    """Return whether an alarm without a rating was real.

    The on-delay before and the off-delay after belong to the alarm, but not to the trouble.
    """
    lasted = (end_us - begin_us) / SECOND_US + settings.on_delay_s - settings.off_delay_s
    if lasted >= real_s:
        return AlarmVerdict.REAL
    return AlarmVerdict.NUISANCE if lasted < min(NUISANCE_S, real_s) else AlarmVerdict.UNKNOWN


def setpoint_of(in_force: InForce) -> float:
    """Return the setpoint.

    Raises:
        ValueError: the definition has none; there is nothing to advise on.
    """
    if in_force.setpoint is None:
        raise ValueError(f"the {in_force.kind} alarm has no setpoint")
    return in_force.setpoint
