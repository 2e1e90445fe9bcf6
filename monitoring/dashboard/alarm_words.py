"""Alarms in words of the cards and the bar: for the templates, and finished for the scripts."""

from typing import Any

from monitoring.alarms.kinds import RANK, Priority
from monitoring.alarms.reading import PresentAlarm
from monitoring.alarms.wording import STATE_WORDS
from monitoring.dashboard import words

NOT_ACKNOWLEDGED = "not acknowledged"
# Texts in the bar and on the strip in place of alarms, and the time that is left for an alarm.
BAR_WORDS = {
    "none": "No alarm waits for a person.",
    "unknown": "Not known while the database is away.",
    "noAlarm": "No alarm",
    "unknownAlarms": "Alarms: not known while the database is away",
    "left": "{} left to respond.",
    "ranOut": "The time to respond ran out {} ago.",
}


def alarm_word(alarm: PresentAlarm) -> str:
    """Return the state of a card with the alarm, such as "Alarm: High, returned"."""
    return f"{words.CARD_WORDS['alarm']}: {alarm.title}{'' if alarm.is_active else ', returned'}"


def alarm_detail(alarm: PresentAlarm) -> str:
    """Return the condition of the alarm, and the state or the act that the alarm waits for."""
    state = STATE_WORDS[alarm.state].partition(", ")[2]
    return words.joined(alarm.condition, state if alarm.is_acknowledged else NOT_ACKNOWLEDGED)


def alarm_line(alarm: PresentAlarm) -> str:
    """Return the alarm as a line of the bar, such as "fermenter_temp: High, above 45 °C"."""
    return f"{alarm.name}: {', '.join(filter(None, (alarm.title, alarm.condition)))}"


def alarm_urgency(priority: str, *, is_acknowledged: bool) -> int:
    """Return the urgency of an alarm: not acknowledged before acknowledged, then by priority."""
    by_priority = len(RANK) - 1 - RANK[Priority(priority)]
    return words.URGENCY["alarm"] + by_priority + (0 if is_acknowledged else len(RANK))


def texts_for_scripts(alarm: PresentAlarm) -> dict[str, Any]:
    """Return the words and the urgency that the scripts show and sort by."""
    return {
        "word": alarm_word(alarm),
        "detail": alarm_detail(alarm),
        "line": alarm_line(alarm),
        "urgency": alarm_urgency(alarm.priority, is_acknowledged=alarm.is_acknowledged),
    }
