"""The alarm bar: counts by priority and the newest alarm that waits for a person, on every page."""

from typing import Any

from monitoring.alarms.reading import PresentAlarm, iso_or_none


def brief_json(alarm: PresentAlarm) -> dict[str, Any]:
    """Return the part of an alarm that the pages' scripts show; names and values as in ``/alarms``."""
    return {
        "id": alarm.id,
        "occurrence": alarm.occurrence,
        "tag": alarm.tag or None,
        "name": alarm.name,
        "kind": alarm.kind,
        "title": alarm.title,
        "condition": alarm.condition,
        "priority": alarm.priority,
        "state": alarm.state,
        "active": alarm.is_active,
        "acknowledged": alarm.is_acknowledged,
        "active_at": iso_or_none(alarm.active_at),
        "cleared_at": iso_or_none(alarm.cleared_at),
    }
