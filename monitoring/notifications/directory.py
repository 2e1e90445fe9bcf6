"""People, channels, schedules and routes as they are now, and the channels that a step reaches."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from monitoring.alarms.kinds import Priority
from monitoring.models import Channel, Person, Route, RouteStep, Schedule
from monitoring.notifications.quiet_hours import QuietHours, never_quiet
from monitoring.notifications.rotation import Rotation, StandIn
from monitoring.notifications.routing import (
    EVERYBODY,
    LATE,
    STANDARD,
    Recipient,
    Rule,
    Step,
    Way,
    matching,
    next_digest,
    parse_digest_times,
)
from monitoring.notifications.zones import zone_of


@dataclass(frozen=True, slots=True)
class Directory:
    """A snapshot. ``channels`` are the enabled ones of enabled people, and those without a person."""

    people: dict[int, Person]
    channels: Sequence[Channel]
    rotations: dict[int, Rotation]
    rules: Sequence[Rule]

    @property
    def is_empty(self) -> bool:
        """Return whether no channel can be used."""
        return not self.channels

    def way(self, route: int | None, priority: str) -> Way:
        """Return the way of an escalation that has begun; the standard way if the route is gone."""
        found = next((rule for rule in self.rules if rule.route == route), None)
        return found.way if found else STANDARD[Priority(priority)]

    def rule(self, group: str, alarm_class: str, priority: str) -> Rule | None:
        """Return the route for such an alarm."""
        return matching(self.rules, group, alarm_class, priority)

    def reached(self, recipients: Iterable[Recipient], now: datetime) -> list[Channel]:
        """Return the channels of the recipients, each once; those of everybody if they name none."""
        found: dict[int, Channel] = {}
        for recipient in recipients:
            found |= {channel.pk: channel for channel in self._of(recipient, now)}
        return list((found or {channel.pk: channel for channel in self.of_everybody()}).values())

    def of_everybody(self) -> list[Channel]:
        """Return the first channel of each person, and the shared channels that no route names.

        A shared channel that served before there were people goes on to serve.
        """
        found = [channel for key in self.people if (channel := self.first_of(key)) is not None]
        shared = [channel for channel in self.channels if channel.person_id is None]
        named = {each.channel for rule in self.rules for step in rule.way.steps for each in step.recipients}
        return found + [channel for channel in shared if channel.pk not in named] or shared

    def first_of(self, person: int) -> Channel | None:
        """Return the person's first channel that does not fail; the first one if all fail."""
        own = self.channels_of(person)
        return next((channel for channel in own if channel.failing_since is None), own[0] if own else None)

    def channels_of(self, person: int) -> list[Channel]:
        """Return the person's channels in order."""
        return [channel for channel in self.channels if channel.person_id == person]

    def on_duty(self, schedule: int, now: datetime) -> int | None:
        """Return the person on duty who can be reached; None if there is none."""
        rotation = self.rotations.get(schedule)
        person = rotation.on_duty(now).person if rotation else None
        return person if person is not None and self.first_of(person) is not None else None

    def due(self, channel: Channel, priority: str, way: Way, at: datetime) -> datetime:
        """Return when a delivery that would be due ``at`` goes: at the digest, after the quiet hours."""
        hours = hours_of(self.people.get(channel.person_id) if channel.person_id else None)
        return hours.next_time(priority, next_digest(way.digest_at, hours.zone, at))

    def due_late(self, channel: Channel, at: datetime) -> datetime:
        """Return when an alarm that was noticed late is told: with the next digest."""
        return self.due(channel, Priority.LOW, LATE, at)

    def _of(self, recipient: Recipient, now: datetime) -> Iterator[Channel]:
        if recipient == EVERYBODY:
            yield from self.of_everybody()
        yield from (channel for channel in self.channels if channel.pk == recipient.channel)
        people = [recipient.person]
        if recipient.schedule is not None:
            people.append(self.on_duty(recipient.schedule, now))
        for person in people:
            channel = self.first_of(person) if person is not None else None
            if channel is not None:
                yield channel


def read_directory() -> Directory:
    """Read the snapshot."""
    people = {person.pk: person for person in Person.objects.filter(is_enabled=True)}
    channels = [
        channel
        for channel in Channel.objects.filter(is_enabled=True).order_by("position", "id")
        if channel.person_id is None or channel.person_id in people
    ]
    return Directory(people, channels, read_rotations(), read_rules())


def hours_of(person: Person | None) -> QuietHours:
    """Return the quiet hours of a person; none for a channel that several people read."""
    if person is None:
        return never_quiet(zone_of(""))
    return QuietHours(zone_of(person.time_zone), person.quiet_from, person.quiet_until, person.quiet_for)


def zone_of_channel(channel: Channel) -> ZoneInfo:
    """Return the zone of the channel's reader."""
    return zone_of(channel.person.time_zone if channel.person else "")


def read_rotations() -> dict[int, Rotation]:
    """Return the rotation of each schedule."""
    rows = Schedule.objects.prefetch_related("members", "overrides")
    return {schedule.pk: rotation_of(schedule) for schedule in rows}


def rotation_of(schedule: Schedule) -> Rotation:
    """Return the rotation of a schedule."""
    return Rotation(
        zone_of(schedule.time_zone),
        schedule.starts_on,
        schedule.hands_over_at,
        schedule.rotation_days,
        tuple(member.person_id for member in schedule.members.all()),
        tuple(StandIn(each.person_id, each.start, each.end) for each in schedule.overrides.all()),
    )


def read_rules() -> list[Rule]:
    """Return the enabled routes in order."""
    rows = Route.objects.filter(is_enabled=True).prefetch_related("steps")
    return [
        Rule(route.pk, way_of_route(route), route.group, route.alarm_class, route.priority) for route in rows
    ]


def way_of_route(route: Route) -> Way:
    """Return the steps of a route; rows of the same minute are one step. Without rows everybody at once."""
    rows = sorted(route.steps.all(), key=lambda row: (row.after_min, row.pk))
    steps = [
        Step(after_min, tuple(map(recipient_of, group)))
        for after_min, group in groupby(rows, key=lambda row: row.after_min)
    ]
    digest_at: tuple[time, ...] = ()
    with suppress(ValueError):  # a form checks the text; an alarm that comes at once is the safe reading
        digest_at = parse_digest_times(route.digest_at)
    repeat = route.repeat_after_min or None  # 0 would repeat without end in one moment
    return Way(tuple(steps) or (Step(0),), repeat, digest_at)


def recipient_of(row: RouteStep) -> Recipient:
    """Return the recipient of a step's row."""
    return Recipient(row.person_id, row.schedule_id, row.channel_id)
