"""Alarms on the stream: a message each, and one for many at once."""

import json
from typing import Any

import pytest

from monitoring.alarms.reading import find_alarm, newest_revision
from monitoring.alarms.state_machine import Act
from monitoring.alarms.stream_changes import MOST_SINGLE, AlarmChanges
from monitoring.models import AlarmDefinition, AlarmState, Tag
from tests.alarms.test_reading import define, do

pytestmark = pytest.mark.django_db


def parsed(data: bytes) -> tuple[str, dict[str, Any]]:
    event, text = data.decode().removesuffix("\n\n").split("\n")
    found: dict[str, Any] = json.loads(text.removeprefix("data: "))
    return event.removeprefix("event: "), found


def test_each_change_is_an_item_of_the_list() -> None:
    high = define("fermenter_temp", "H", setpoint=45)
    do(high, Act.ACTIVE)
    (message,) = AlarmChanges().read_changed(after=0, limit=10)
    alarm = find_alarm(high.pk)
    assert alarm is not None
    assert (message.id, message.tag) == (newest_revision(), "fermenter_temp")
    assert parsed(message.data) == ("alarm", json.loads(json.dumps(alarm.as_json())))
    assert message.for_tags(frozenset(["fermenter_ph"])) == b""
    assert message.for_tags(frozenset(["fermenter_temp"])) == message.data
    assert AlarmChanges().read_changed(after=message.id, limit=10) == []


def test_many_at_once_are_one_message_with_counts() -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    kinds = [f"EVENT:{number}" for number in range(MOST_SINGLE + 1)]
    definitions = AlarmDefinition.objects.bulk_create(AlarmDefinition(tag=tag, kind=kind) for kind in kinds)
    AlarmState.objects.bulk_create(
        AlarmState(definition=definition, is_active=True, is_acknowledged=False, revision=10 + place)
        for place, definition in enumerate(definitions)
    )
    (message,) = AlarmChanges().read_changed(after=9, limit=10)
    event, all_of_it = parsed(message.data)
    assert (event, message.id) == ("alarms", 10 + MOST_SINGLE)
    assert (all_of_it["changed"], all_of_it["counts"]["unacknowledged"]["medium"]) == (MOST_SINGLE + 1,) * 2
    part = {"after_revision": 9, "revision": 10 + MOST_SINGLE}
    assert parsed(message.for_tags(frozenset(["fermenter_temp"]))) == ("alarms", part)
    assert message.for_tags(frozenset(["fermenter_ph"])) == b""
    assert len(AlarmChanges().read_changed(after=10, limit=10)) == MOST_SINGLE
