"""An engine of notifications whose clock the test moves, and whose senders the test decides on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.models import Channel, Delivery, Person
from monitoring.notifications import notifier
from monitoring.notifications.dispatcher import Dispatcher
from monitoring.notifications.floods import Flood
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.notifier import NotificationRunner
from monitoring.notifications.outbox import due_channels
from monitoring.notifications.pace import Bucket

GROUP_WAIT_S = 3
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
OK, AWAY = Outcome(Result.OK), Outcome(Result.TEMPORARY, "450 busy")
REFUSED, MAYBE = Outcome(Result.PERMANENT, "550 no such user"), Outcome(Result.UNKNOWN, "no answer")


class InPlace(Dispatcher):
    """Sends in the thread of the test."""

    def look(self, now: datetime, *, flood: Flood | None = None) -> None:
        for channel in due_channels(now):
            self.deliver(channel, flood=flood)


class Desk:
    """A runner with a clock of its own; what was sent, and how each channel answers."""

    def __init__(self) -> None:
        self.now = NOON
        self.sent: list[tuple[str, Message]] = []
        self.tried: list[tuple[str, Message]] = []
        self.answers: dict[str, Outcome] = {}
        self.bucket = Bucket()
        self.dispatcher = InPlace(self.send, bucket_of=lambda kind: self.bucket, clock=lambda: self.now)
        self.runner = self.begin()

    def begin(self) -> NotificationRunner:
        return NotificationRunner.begin("a test", self.dispatcher, self.now)

    def send(self, channel: Channel, message: Message) -> Outcome:
        outcome = self.answers.get(channel.name, OK)
        self.tried.append((channel.name, message))
        if outcome.result is Result.OK:
            self.sent.append((channel.name, message))
        return outcome

    def step(self) -> None:
        while self.runner.step(self.now):
            pass

    def pass_time(self, seconds: float, *, every: float = 0.0) -> None:
        """Lets time pass, with a step at each interval; of a second, or a twelfth of the time."""
        every = every or max(min(seconds, 1.0), seconds / 12)
        end = self.now + timedelta(seconds=seconds)
        pause = timedelta(seconds=GROUP_WAIT_S if every > GROUP_WAIT_S else 0)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=every)) - pause
            self.step()
            if pause:  # what was planned in this step is sent in the next one
                self.now += pause
                self.step()

    def take(self) -> list[tuple[str, Message]]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent

    def told(self) -> list[tuple[str, list[str]]]:
        """Channel and kinds of lines of what was sent since the last call."""
        return [(name, [line.kind for line in message.lines]) for name, message in self.take()]


@pytest.fixture
def desk(db: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(notifier.Timer, "is_due", lambda self: True)
    return Desk()


def channel(name: str, person: Person | None = None, **fields: Any) -> Channel:
    return Channel.objects.create(name=name, kind="email", person=person, **fields)


def person(name: str, *channels: str, **fields: Any) -> Person:
    """A person without quiet hours unless they are given, with channels in order."""
    fields = {"quiet_from": None, "quiet_until": None, "time_zone": "UTC", **fields}
    made = Person.objects.create(name=name, **fields)
    for position, each in enumerate(channels or (name,), start=1):
        channel(each, made, position=position)
    return made


def states(**which: Any) -> dict[str, int]:
    """How many deliveries there are in each state."""
    found: dict[str, int] = {}
    for state in Delivery.objects.filter(**which).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
