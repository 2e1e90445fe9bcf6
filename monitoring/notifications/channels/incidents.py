"""Incidents at services that keep them: which one a message belongs to, and whether it ends it."""

from monitoring.notifications.message import AlarmLine, Message

OVER = "over"


def is_over(message: Message) -> bool:
    """Return whether all alarms of the message have ended."""
    return bool(message.lines) and all(line.kind == OVER for line in message.lines)


def incident_key(message: Message) -> str:
    """Return the key by which a service finds the incident again: the alarm's, else the message's."""
    only: AlarmLine | None = message.lines[0] if len(message.lines) == 1 else None
    if only is None or only.occurrence is None:
        return message.message_id
    return f"fermon-alarm-{only.occurrence}"
