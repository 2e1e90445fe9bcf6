"""The person on duty by a schedule, and the end of the duty: for the page and the API."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from monitoring.models import Person, Schedule


@dataclass(frozen=True, slots=True)
class Duty:
    """A person on duty until a time; an override names the person instead of the rotation."""

    person: Person
    until: datetime
    is_override: bool = False


def on_duty(schedule: Schedule, now: datetime) -> Duty | None:
    """Return the person on duty; None without an enabled member, before the rotation starts or after the
    last day of the calendar.

    Members and overrides may be prefetched with their persons.
    """
    for override in sorted(schedule.overrides.all(), key=lambda each: each.start, reverse=True):
        if override.start <= now < override.end and override.person.is_enabled:
            return Duty(override.person, override.end, is_override=True)
    people = [member.person for member in schedule.members.all() if member.person.is_enabled]
    zone = ZoneInfo(schedule.time_zone or settings.TIME_ZONE)
    turn = turn_at(schedule.starts_on, schedule.hands_over_at, schedule.rotation_days, zone, now)
    if not people or turn < 0:
        return None
    until = hand_over(schedule.starts_on, schedule.hands_over_at, schedule.rotation_days, zone, turn + 1)
    coming = [each.start for each in schedule.overrides.all() if now < each.start < until]
    return Duty(people[turn % len(people)], min([until, *coming]))


def turn_at(starts_on: date, at: time, days: int, zone: ZoneInfo, now: datetime) -> int:
    """Return the number of hand-overs since the first; negative before the first."""
    turn = (now.astimezone(zone).date() - starts_on).days // days
    return turn if hand_over(starts_on, at, days, zone, turn) <= now else turn - 1


def hand_over(starts_on: date, at: time, days: int, zone: ZoneInfo, turn: int) -> datetime:
    """Return the time in UTC of a hand-over, which is at the same wall time over a change of DST."""
    day = starts_on + timedelta(days=days * turn)
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
