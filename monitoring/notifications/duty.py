"""The person on duty by a schedule, and the end of the duty: for the page and the API."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.models import Person, Schedule
from monitoring.notifications.directory import rotation_of


@dataclass(frozen=True, slots=True)
class Duty:
    """A person on duty until a time. Without ``is_reachable``, everybody is notified in their place."""

    person: Person
    until: datetime
    is_reachable: bool


def on_duty(schedule: Schedule, now: datetime) -> Duty | None:
    """Return the person on duty; None without members, before the start, or after year 9999.

    Members and overrides may be prefetched with their persons and channels.
    """
    try:
        found = rotation_of(schedule).on_duty(now)
    except OverflowError:
        return None
    people = [member.person for member in schedule.members.all()]
    people += [override.person for override in schedule.overrides.all()]
    person = next((each for each in people if each.pk == found.person), None)
    if person is None:
        return None
    has_channel = any(channel.is_enabled for channel in person.channels.all())
    return Duty(person, found.until, person.is_enabled and has_channel)
