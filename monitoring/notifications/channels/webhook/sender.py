"""Send a message to a webhook. docs/channels.md describes the JSON and the signature."""

import hashlib
import hmac
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from monitoring.notifications.channels.answers import LIMIT_S, deliver
from monitoring.notifications.channels.kind import Target
from monitoring.notifications.message import AlarmLine, Message, Outcome
from monitoring.notifications.transport.http import Request


def send(message: Message, target: Target, limit_s: float = LIMIT_S) -> Outcome:
    """POST the message."""
    body = orjson.dumps(content(message))
    headers = {"Content-Type": "application/json", "Idempotency-Key": message.message_id}
    if secret := target.fields.get("secret"):
        headers["Fermon-Signature"] = signature(secret, body, int(time.time()))
    return deliver(Request(target.fields.get("url", ""), body, headers), target, limit_s)


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the value of the header: the time (epoch seconds) and the HMAC-SHA256 of "time.body"."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def content(message: Message) -> dict[str, Any]:
    """Return the JSON of a message. Fields are only added, never renamed or removed."""
    return {
        "message_id": message.message_id,
        "is_repeat": message.is_repeat,
        "priority": message.priority,
        "subject": message.subject,
        "text": message.text,
        "url": message.url,
        "alarms": [_line(line) for line in message.lines],
    }


def _line(line: AlarmLine) -> dict[str, Any]:
    return asdict(line) | {"since": _time(line.since), "until": _time(line.until)}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
