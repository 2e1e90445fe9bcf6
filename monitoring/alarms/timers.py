"""Ends of shelves and suppressions, and alarms that ask again."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from monitoring.alarms.applying import EVALUATOR, Applying
from monitoring.alarms.state_machine import Act, Suppression
from monitoring.alarms.suppression import LONGEST_SHELF_MIN
from monitoring.alarms.watched import Finding, WatchedAlarm
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.models import AlarmState

LONGEST_SHELF = timedelta(minutes=LONGEST_SHELF_MIN)
SLACK = timedelta(minutes=1)  # clocks of several hosts differ
ENDED = {
    Suppression.SHELVED: "the shelf has ended",
    Suppression.BY_DESIGN: "the suppression has ended",
    Suppression.OUT_OF_SERVICE: "the time out of service has ended",
}


def released(now: datetime, *, at_most: int) -> list[tuple[int, datetime, str]]:
    """Return the alarms whose shelf or suppression has ended: definition, end, and reason in words.

    A shelf that would last longer than any may was made while the clock was ahead, and ends now.
    """
    is_over = Q(suppressed_until__lte=now)
    is_too_long = Q(suppression=Suppression.SHELVED, suppressed_until__gt=now + LONGEST_SHELF + SLACK)
    rows = AlarmState.objects.exclude(suppression="").filter(is_over | is_too_long)
    rows = rows.order_by("suppressed_until")
    columns = rows.values_list("definition", "suppressed_until", "suppression")[:at_most]
    return [(key, min(until, now), ENDED[Suppression(cause)]) for key, until, cause in columns if until]


def asking_again(alarms: Collection[WatchedAlarm], now: datetime) -> list[Finding]:
    """Return re-alarms of alarms that are active and acknowledged for too long."""
    after = {
        alarm.definition: (alarm, alarm.in_force.realarm_after_s)
        for alarm in alarms
        if alarm.is_on and alarm.in_force.realarm_after_s is not None
    }
    if not after:
        return []
    rows = AlarmState.objects.filter(
        definition__in=list(after), is_active=True, is_acknowledged=True, suppression=""
    )
    found = []
    for key, acknowledged_at in rows.values_list("definition", "acknowledged_at"):
        alarm, seconds = after[key]
        due_us = to_micros(acknowledged_at or now) + round((seconds or 0) * 1e6)
        if acknowledged_at is not None and from_micros(due_us) <= now:
            reason = "active and acknowledged for too long"
            found.append(Finding(alarm, Act.REALARM, due_us, reason=reason))
    return found


def release(applying: Applying, alarm: WatchedAlarm, at: datetime, reason: str) -> None:
    """End the shelf or suppression of an alarm."""
    row = applying.row_of(alarm)
    found = applying.writer.act(
        row, Act.RELEASE, EVALUATOR, at_us=to_micros(at), value=row.state.value, reason=reason
    )
    applying.has_annunciated |= found.annunciates
