"""The way of an alarm to people: the route that matches, its steps, repetitions and digests.

Knows no database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitoring.alarms.kinds import Priority
from monitoring.notifications.local_time import instant, local_day

LATEST_DAYS = 2


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person, a schedule or a channel, by id; with none: everybody."""

    person: int | None = None
    schedule: int | None = None
    channel: int | None = None


EVERYBODY = Recipient()


@dataclass(frozen=True, slots=True)
class Step:
    """The recipients so many minutes after the alarm."""

    after_min: int
    recipients: tuple[Recipient, ...] = (EVERYBODY,)


@dataclass(frozen=True, slots=True)
class Way:
    """The steps of an alarm in order. After the last one, all recipients are notified again and again.

    ``repeat_after_min`` is the time between repetitions; None: no repetition. ``digest_at`` has local times;
    empty: each step notifies at once.
    """

    steps: tuple[Step, ...]
    repeat_after_min: int | None = None
    digest_at: tuple[time, ...] = ()

    def recipients(self, step: int) -> tuple[Recipient, ...]:
        """Return the recipients of a step, counted over all repetitions."""
        if step < len(self.steps):
            return self.steps[step].recipients
        return tuple(dict.fromkeys(each for step in self.steps for each in step.recipients))

    def next_after(self, done: int) -> timedelta | None:
        """Return the time from the alarm to the step after so many done ones; None if there is none."""
        if done < len(self.steps):
            return timedelta(minutes=self.steps[done].after_min)
        if self.repeat_after_min is None:
            return None
        repetition = done - len(self.steps) + 1
        return timedelta(minutes=self.steps[-1].after_min + repetition * self.repeat_after_min)


@dataclass(frozen=True, slots=True)
class Rule:
    """A route: alarms of this group, class and priority (each empty: any) go this way."""

    route: int
    way: Way
    group: str = ""
    alarm_class: str = ""
    priority: str = ""

    def matches(self, group: str, alarm_class: str, priority: str) -> bool:
        """Return whether the route is for such an alarm."""
        pairs = ((self.group, group), (self.alarm_class, alarm_class), (self.priority, priority))
        return all(wanted in ("", given) for wanted, given in pairs)


def way_of(*after_min: int, repeat: int | None = None, digest_at: tuple[time, ...] = ()) -> Way:
    """Return a way that notifies everybody after so many minutes each."""
    return Way(tuple(Step(each) for each in after_min), repeat, digest_at)


DIGESTS = (time(7), time(19))
# The ways of alarms that no route matches. Quiet hours are those of each person.
STANDARD = {
    Priority.CRITICAL: way_of(0, 5, 15, repeat=5),
    Priority.HIGH: way_of(0, 15),
    Priority.MEDIUM: way_of(0),
    Priority.LOW: way_of(0, digest_at=DIGESTS),
}
LATE = way_of(0, digest_at=DIGESTS)


def matching(rules: Iterable[Rule], group: str, alarm_class: str, priority: str) -> Rule | None:
    """Return the first route for such an alarm; None: the standard way of the priority."""
    return next((rule for rule in rules if rule.matches(group, alarm_class, priority)), None)


def parse_digest_times(text: str) -> tuple[time, ...]:
    """Return the times of a text as "07:00 19:00", in order.

    Raises:
        ValueError: a word is no time of a day.
    """
    return tuple(sorted(time.fromisoformat(word) for word in text.replace(",", " ").split()))


def next_digest(times: tuple[time, ...], zone: ZoneInfo, now: datetime) -> datetime:
    """Return the next of the daily times after ``now``, by the zone's wall clock; without times ``now``."""
    today = local_day(now, zone)
    days = (today + timedelta(days=offset) for offset in range(LATEST_DAYS + 1))
    coming = (instant(day, at, zone) for day in days for at in times)
    return min((moment for moment in coming if moment > now), default=now)
