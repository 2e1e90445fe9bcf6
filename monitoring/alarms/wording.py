"""Alarms in words of the plant."""

from collections.abc import Mapping
from typing import Any

from monitoring.alarms.kinds import Kind
from monitoring.alarms.state_machine import State
from monitoring.kernel.number_format import Words

TITLES = {
    Kind.HIGH_HIGH: "High high",
    Kind.HIGH: "High",
    Kind.LOW: "Low",
    Kind.LOW_LOW: "Low low",
    Kind.DEVIATION: "Deviation",
    Kind.RISING: "Rising too fast",
    Kind.FALLING: "Falling too fast",
    Kind.BAD: "No good data",
    Kind.DISCRETE: "State",
    Kind.GROUP_BAD: "No data from the group",
    Kind.BATCH: "Batch deviates",
}
SYSTEM_TITLES = {
    "worker": "Worker does not run",
    "detection": "Detection is behind",
    "disk": "Disk is nearly full",
    "database": "Database was away",
    "backup": "Backup is overdue",
    "no_data": "No data at all",
    "notifications": "Notifications do not arrive",
    "sources": "A field source is not read",
}
STATE_WORDS = {
    State.NORMAL: "normal",
    State.UNACKNOWLEDGED: "active, not acknowledged",
    State.ACKNOWLEDGED: "active, acknowledged",
    State.RETURNED: "returned, not acknowledged",
    State.LATCHED_UNACKNOWLEDGED: "returned, latched, not acknowledged",
    State.LATCHED_ACKNOWLEDGED: "returned, latched, waits for a reset",
    State.SHELVED: "shelved",
    State.SUPPRESSED: "suppressed by design",
    State.OUT_OF_SERVICE: "out of service",
}
CONDITIONS = {
    Kind.HIGH_HIGH: "above {}",
    Kind.HIGH: "above {}",
    Kind.LOW: "below {}",
    Kind.LOW_LOW: "below {}",
    Kind.DEVIATION: "more than {} from the target",
    Kind.RISING: "rising by more than {} a minute",
    Kind.FALLING: "falling by more than {} a minute",
    Kind.DISCRETE: "equal to {}",
}
# The causes of an alarm "No good data".
REFUSED, NO_DATA, MARKED_BAD = "rejected readings", "no data", "bad quality"
CAUSES = {
    REFUSED: "3 or more readings rejected within 60 s",
    NO_DATA: "no readings come",
    MARKED_BAD: "the source marks the value as bad",
}
MOST_NAMED = 5


def title_of(kind: str) -> str:
    """Return the kind in words: "High", "Stuck", "Worker does not run"."""
    if kind in TITLES:
        return TITLES[Kind(kind)]
    name = kind.partition(":")[2]
    if kind.startswith(Kind.SYSTEM) and name in SYSTEM_TITLES:
        return SYSTEM_TITLES[name]
    words = (name or kind).replace("_", " ")
    return words[:1].upper() + words[1:]


def condition_of(kind: str, setpoint: float | None, unit: str) -> str:
    """Return the condition in words, such as "above 45 °C"; empty for a kind that compares no value."""
    if kind not in CONDITIONS or setpoint is None:
        return ""
    return CONDITIONS[Kind(kind)].format(Words("", unit).amount(setpoint))


def cause_of(details: Mapping[str, Any]) -> str:
    """Return the cause of an occurrence in words, from the details that the evaluator stored; or nothing."""
    if tags := details.get("tags"):
        named = ", ".join(tags[:MOST_NAMED])
        return f"{len(tags)} tags: {named}" + (" and others" if len(tags) > MOST_NAMED else "")
    if details.get("sentence"):
        return f"{details['batch_name']}: {details['sentence'].rstrip('.')}"
    word = f": {details['word']}" if details.get("word") else ""
    return str(details.get("text") or CAUSES.get(details.get("cause", ""), "") + word)
