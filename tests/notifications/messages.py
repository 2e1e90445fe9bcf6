"""A message, and the target of a channel."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from monitoring.notifications.channels.kind import Target
from monitoring.notifications.message import AlarmLine, Message

LINE = AlarmLine(
    kind="active",
    priority="critical",
    tag="fermenter_temp",
    group="F1",
    condition="HH",
    text="fermenter_temp 46.2 °C above 45 °C since 12:03",
    since=datetime(2026, 11, 29, 12, 3, tzinfo=UTC),
    acknowledge_url="https://plant.example/acknowledge/token",
    occurrence=7,
)
MESSAGE = Message(
    message_id="m-1",
    subject="Critical: fermenter_temp 46.2 °C",
    text="fermenter_temp 46.2 °C\n.above 45 °C",
    short_text="fermenter_temp 46.2 °C above 45 °C",
    priority="critical",
    lines=(LINE,),
    url="https://plant.example/alarms/7",
)
OVER = replace(MESSAGE, lines=(replace(LINE, kind="over"),))


def target(*secrets: str, **given: Any) -> Target:
    """The target of a channel with these fields; a local one is allowed unless the test says otherwise."""
    channel, allows_local = given.pop("channel", 0), given.pop("allows_local", True)
    fields = {name: str(value) for name, value in given.items()}
    return Target(channel, fields, allows_local, frozenset(secrets))
