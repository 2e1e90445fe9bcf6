"""The person on duty at a time: a rotation by the wall clock, and people who stand in. Knows no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitoring.notifications.local_time import instant, local_day

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StandIn:
    """A person who is on duty from ``start`` to ``end`` in place of the rotation."""

    person: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """The person on duty until a time; ``person`` is None before the rotation starts, or without members."""

    person: int | None
    start: datetime
    until: datetime
    is_stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Rotation:
    """The members in turn, each for ``days`` days, from ``starts_on``; hand-over by the zone's wall clock.

    Of stand-ins that overlap, the one that starts last counts.
    """

    zone: ZoneInfo
    starts_on: date
    hands_over_at: time
    days: int
    members: tuple[int, ...]
    stand_ins: tuple[StandIn, ...] = ()

    def on_duty(self, now: datetime) -> Duty:
        """Return the duty at a time."""
        start, until, person = self._turn(now)
        in_place = [each for each in self.stand_ins if each.start <= now < each.end]
        if in_place:
            found = max(in_place, key=lambda each: each.start)
            later = [each.start for each in self.stand_ins if now < each.start < found.end]
            return Duty(found.person, found.start, min([found.end, *later]), is_stand_in=True)
        bounds = [bound for each in self.stand_ins for bound in (each.start, each.end)]
        return Duty(
            person,
            max([start, *(bound for bound in bounds if bound <= now)]),
            min([until, *(bound for bound in bounds if bound > now)]),
        )

    def duties(self, begin: datetime, end: datetime) -> Iterator[Duty]:
        """Yield the duties from begin to end, in order."""
        now = begin
        while now < end:
            duty = self.on_duty(now)
            yield duty
            now = duty.until

    def _turn(self, now: datetime) -> tuple[datetime, datetime, int | None]:
        """Return start and end of the turn at a time, and the member; before the first turn none."""
        day = local_day(now, self.zone)
        if now < self._hand_over(day):
            day -= DAY
        number = (day - self.starts_on).days // self.days
        first = self.starts_on + number * self.days * DAY
        person = self.members[number % len(self.members)] if self.members and number >= 0 else None
        return self._hand_over(first), self._hand_over(first + self.days * DAY), person

    def _hand_over(self, day: date) -> datetime:
        return instant(day, self.hands_over_at, self.zone)
