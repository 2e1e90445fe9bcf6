"""Ends of shelves and suppressions, and alarms that ask again."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Least

from monitoring.alarms.applying import EVALUATOR, Applying
from monitoring.alarms.kinds import Priority
from monitoring.alarms.state_machine import Act, Suppression
from monitoring.alarms.suppression import LONGEST_CRITICAL_SHELF_MIN, LONGEST_SHELF_MIN
from monitoring.alarms.watched import Finding, WatchedAlarm
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.models import AlarmState

SLACK = timedelta(minutes=1)  # clocks of several hosts differ
LONGEST_MIN = Least(  # as ``longest_shelf_min`` computes it
    F("definition__longest_shelf_min"),
    Case(
        When(definition__priority=Priority.CRITICAL, then=Value(LONGEST_CRITICAL_SHELF_MIN)),
        default=Value(LONGEST_SHELF_MIN),
    ),
)
LONGEST_US = Cast(LONGEST_MIN, BigIntegerField()) * Value(60 * SECOND_US, output_field=BigIntegerField())
ENDED = {
    Suppression.SHELVED: "the shelf has ended",
    Suppression.BY_DESIGN: "the suppression has ended",
    Suppression.OUT_OF_SERVICE: "the time out of service has ended",
}


def left_us(now: datetime) -> Combinable:
    """Return the time until a suppression ends, in microseconds; a minute less, for clocks of other hosts."""
    until_us = ExpressionWrapper(F("suppressed_until"), output_field=BigIntegerField())
    return until_us - Value(to_micros(now + SLACK), output_field=BigIntegerField())


def released(now: datetime, *, at_most: int) -> list[tuple[int, datetime, str]]:
    """Return the alarms with an ended shelf or suppression: definition, end, and reason in words.

    A shelf that would last longer than the alarm allows was made while the clock was ahead, and ends now;
    so does one that a new version of the definition no longer allows.
    """
    is_over = Q(suppressed_until__lte=now)
    is_too_long = Q(suppression=Suppression.SHELVED, left_us__gt=F("longest_us"))
    rows = AlarmState.objects.exclude(suppression="").annotate(left_us=left_us(now), longest_us=LONGEST_US)
    rows = rows.filter(is_over | is_too_long)
    rows = rows.order_by("suppressed_until")
    columns = rows.values_list("definition", "suppressed_until", "suppression")[:at_most]
    return [(key, min(until, now), ENDED[Suppression(cause)]) for key, until, cause in columns if until]


def asking_again(alarms: Collection[WatchedAlarm], now: datetime) -> list[Finding]:
    """Return re-alarms of alarms that are active and acknowledged for too long.

    An acknowledgement from a time when the clock was ahead counts as too long ago: its age is not known.
    """
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
    now_us = to_micros(now)
    for key, acknowledged_at in rows.values_list("definition", "acknowledged_at"):
        if acknowledged_at is None:
            continue
        alarm, seconds = after[key]
        due_us = to_micros(acknowledged_at) + round((seconds or 0) * SECOND_US)
        if due_us <= now_us or acknowledged_at > now + SLACK:
            reason = "active and acknowledged for too long"
            found.append(Finding(alarm, Act.REALARM, min(due_us, now_us), reason=reason))
    return found


def release(applying: Applying, alarm: WatchedAlarm, at: datetime, reason: str) -> None:
    """End the shelf or suppression of an alarm."""
    row = applying.row_of(alarm)
    found = applying.writer.act(
        row, Act.RELEASE, EVALUATOR, at_us=to_micros(at), value=row.state.value, reason=reason
    )
    applying.has_annunciated |= found.annunciates
