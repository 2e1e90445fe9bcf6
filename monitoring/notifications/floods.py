"""Floods of alarms, as the limits of messages need them."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.alarms.applying import FLOOD, FLOOD_WITHIN
from monitoring.models import AlarmOccurrence


@dataclass(frozen=True, slots=True)
class Flood:
    """A flood that lasts: the number of alarms within ten minutes, and the time at which it was noticed."""

    alarms: int
    since: datetime


def flood_at(now: datetime, before: Flood | None) -> Flood | None:
    """Return the flood that lasts now; None if there is none. ``before`` is that of the last look."""
    alarms = alarms_in_flood(now)
    if not alarms:
        return None
    return Flood(alarms, before.since if before is not None and before.since <= now else now)


def alarms_in_flood(now: datetime) -> int:
    """Return the number of alarms annunciated within ten minutes if that is a flood, else 0."""
    lately = AlarmOccurrence.objects.filter(is_annunciated=True, noticed_at__gt=now - FLOOD_WITHIN)
    # The index is on the begin; an alarm with a longer on-delay than that is rare, and only not counted.
    number = lately.filter(active_at__gt=now - 2 * FLOOD_WITHIN).count()
    return number if number > FLOOD else 0
