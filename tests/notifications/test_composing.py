"""Texts of messages: one alarm, many, repetitions, floods, tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitoring.notifications.composing import SHORT, Framing, Subject, compose, compose_test

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
FRAMING = Framing("id", ZoneInfo("Europe/Berlin"), NOON, url="https://plant/alarms")


def alarm(number: int = 1, **fields: Any) -> Subject:
    values = {
        "kind": "active",
        "occurrence": number,
        "priority": "medium",
        "tag": f"temp_{number}",
        "group": "north",
        "condition_kind": "H",
        "condition": "above 45 °C",
        "value": 47.2,
        "unit": "°C",
        "since": NOON - timedelta(minutes=number),
        "ended_at": None,
        **fields,
    }
    return Subject(**values)


def test_one_alarm_says_what_how_much_since_when_and_what_to_do() -> None:
    message = compose(
        [alarm(action="Open the valve.", acknowledge_url="https://plant/acknowledge/x")], FRAMING
    )
    assert message.subject == "[medium] temp_1: High, above 45 °C"
    assert message.text.splitlines()[:3] == [
        "medium: temp_1: High, above 45 °C, 47.2 °C, since 12:59",
        "  What to do: Open the valve.",
        "  Acknowledge: https://plant/acknowledge/x",
    ]
    assert message.short_text == f"{message.lines[0].text} https://plant/acknowledge/x"
    assert (message.lines[0].since, message.lines[0].until) == (NOON - timedelta(minutes=1), None)


def test_many_alarms_have_a_line_each_urgent_and_lasting_ones_first() -> None:
    over = alarm(3, ended_at=NOON, priority="critical")
    yesterday = alarm(4, since=NOON - timedelta(days=1))
    message = compose([over, alarm(1), alarm(2, priority="high"), yesterday], FRAMING)
    assert message.subject == "[high] 3 alarms, 1 over: temp_2: High, above 45 °C and others"
    assert message.text.splitlines()[0] == "4 alarms: 1 high, 2 medium, 1 over"
    assert [line.tag for line in message.lines] == ["temp_2", "temp_4", "temp_1", "temp_3"]
    assert [line.kind for line in message.lines] == ["active", "active", "active", "over"]
    assert "since 2026-01-30 13:00" in message.text
    assert "12:57-13:00, over" in message.text
    assert message.priority == "critical"
    assert message.short_text == f"{message.subject} https://plant/alarms"


def test_a_flood_names_the_first_and_leaves_no_alarm_out() -> None:
    many = [alarm(number, is_first_out=number == 300) for number in range(1, 1001)]
    message = compose(many, Framing("id", ZoneInfo("UTC"), NOON, is_repeat=True, in_flood=1200))
    assert len(message.lines) == 1000
    assert all(f"temp_{number}:" in message.text for number in range(1, 1001))
    assert "Flood: 1200 alarms within 10 minutes" in message.text
    assert "First out: temp_300: High" in message.text
    assert message.subject.startswith("May be a repeat: [medium] 1000 alarms: temp_300")
    assert "may be a repeat" in message.text
    assert len(message.short_text) <= SHORT


def test_a_test_asks_for_a_click() -> None:
    message = compose_test("office", "https://plant/confirm-channel/x", FRAMING)
    assert "Confirm that it arrived: https://plant/confirm-channel/x" in message.text
    assert message.lines[0].kind == "test"
    assert compose_test("office", "", FRAMING).short_text == "Test of the channel office."
