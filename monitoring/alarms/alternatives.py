"""Alarm counts of other deadbands and limits beside those proposed. No database."""

from collections.abc import Sequence
from dataclasses import replace

from monitoring.alarms.advice_outcomes import Outcome, Rating, judged
from monitoring.alarms.advice_replay import Times, Values
from monitoring.alarms.definition import InForce
from monitoring.alarms.kinds import HIGH_KINDS
from monitoring.kernel.tag_definition import TagDefinition

DEADBAND_STEPS = (0.0, 0.5, 1.0, 2.0, 4.0)  # times the proposed deadband
LIMIT_STEPS = (0.0, 0.25, 0.5, 0.75)  # of the way outward to the farthest limit
SHARE_OF_WAY = 0.5  # of the way from the setpoint to the end of the valid range


def by_deadband(
    times_us: Times, values: Values, settings: InForce, *, real_s: float, ratings: Sequence[Rating] = ()
) -> list[Outcome]:
    """Return the alarms with other deadbands, smallest first; the other settings stay."""
    tried = dict.fromkeys(settings.deadband * step for step in DEADBAND_STEPS)
    return [
        judged(times_us, values, replace(settings, deadband=deadband), real_s=real_s, ratings=ratings)
        for deadband in tried
    ]


def by_limit(
    times_us: Times,
    values: Values,
    settings: InForce,
    *,
    farthest: float,
    real_s: float,
    ratings: Sequence[Rating] = (),
) -> list[Outcome]:
    """Return the alarms with limits from the present one outward, short of the farthest limit."""
    start = settings.setpoint or 0.0
    tried = dict.fromkeys(float(f"{start + (farthest - start) * step:.4g}") for step in LIMIT_STEPS)
    return [
        judged(times_us, values, replace(settings, setpoint=limit), real_s=real_s, ratings=ratings)
        for limit in {start: None, **tried}
        if is_outward(settings.kind, start, limit)
    ]


def is_outward(kind: str, start: float, limit: float) -> bool:
    """Return whether a limit is at least as far out as ``start``: rounding may have moved it inward."""
    return limit >= start if kind in HIGH_KINDS else limit <= start


def farthest_limit(settings: InForce, tag: TagDefinition, outer: float | None) -> float:
    """Return the limit that a proposal stays short of: half the way to the end of the valid range.

    ``outer`` is the setpoint of the tag's HH or LL alarm, which a limit never passes; None: no such alarm.
    """
    start = settings.setpoint or 0.0
    end = tag.valid_max if settings.kind in HIGH_KINDS else tag.valid_min
    half = start + SHARE_OF_WAY * (end - start)
    if outer is None:
        return half
    return min(half, outer) if settings.kind in HIGH_KINDS else max(half, outer)
