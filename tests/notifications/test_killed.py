"""Killed at its failpoints again and again: no alarm is in no message, and what is sent twice is marked."""

from collections import Counter

import pytest

from monitoring.alarms.state_machine import Act
from monitoring.models import DeliveryAttempt
from monitoring.notifications import dispatcher, notifier, outbox, settling
from monitoring.notifications.planner import ALREADY_OVER
from tests.alarming import act, define
from tests.alarms.plant import make_tags
from tests.notifications.desk import Desk, channel, states

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]
POINTS = ("planned", "claimed", "begun", "sent", "settled")


class KilledError(Exception):
    """The process is gone."""


class Killer:
    """Kills at each second pass of a failpoint."""

    def __init__(self, at: str) -> None:
        self.at, self.passes, self.kills = f"notifications.{at}", 0, 0

    def __call__(self, name: str) -> None:
        if name == self.at:
            self.passes += 1
            if self.passes % 2 == 0:
                self.kills += 1
                raise KilledError


def repetitions(desk: Desk) -> int:
    """How many messages came a second time, each marked as one that may be a repeat."""
    ids: Counter[tuple[str, str]] = Counter()
    for name, message in desk.sent:
        assert message.is_repeat or not ids[name, message.message_id]
        ids[name, message.message_id] += 1
    return ids.total() - len(ids)


@pytest.mark.parametrize("at", POINTS)
def test_killed_anywhere_none_is_lost_and_a_duplicate_is_marked_and_one_a_kill(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    killer = Killer(at)
    for module in (dispatcher, notifier, outbox, settling):
        if hasattr(module, "failpoint"):
            monkeypatch.setattr(module, "failpoint", killer)
    channel("office")
    channel("chat")
    definitions = [define(tag, priority="medium") for tag in make_tags(6, "north")]

    def live(steps: int, every: int) -> None:
        for _ in range(steps):
            try:
                desk.pass_time(every)
            except KilledError:
                desk.runner = desk.begin()

    for definition in definitions:
        act(definition, Act.ACTIVE, at=desk.now)
        live(1, 3)
    live(11, 7)
    for definition in definitions[:4]:
        act(definition, Act.RETURN, at=desk.now)
        live(1, 3)
    live(11, 7)
    killer.at = ""
    live(8, 8)

    assert killer.kills > 2
    told = {(name, line.occurrence) for name, message in desk.sent for line in message.lines}
    over = {(name, line.tag) for name, message in desk.sent for line in message.lines if line.kind == "over"}
    assert (len(told), len(over)) == (2 * 6, 2 * 4)
    assert set(states()) <= {"sent", "cancelled"}
    assert set(states(state="cancelled", reason=ALREADY_OVER)) == set(states(state="cancelled"))
    twice = repetitions(desk)
    assert (0 < twice <= killer.kills) if at in ("sent", "settled") else not twice
    assert not DeliveryAttempt.objects.filter(outcome="").exists()
