"""The content of a push, as the service worker reads it, and the headers for the push service."""

import hashlib

import orjson

from monitoring.notifications.message import Message
from monitoring.notifications.push_keys import as_text

URGENCY = {"critical": "high", "high": "high", "medium": "normal", "low": "low"}
TTL_S = 3600  # how long the push service keeps a message for a browser that is off
MOST_SUBJECT, MOST_BODY = 200, 300  # characters


def payload_of(message: Message) -> bytes:
    """Return the JSON: title, body, url, acknowledge_url (of a single alarm), tag and priority."""
    links = [line.acknowledge_url for line in message.lines if line.acknowledge_url]
    return orjson.dumps(
        {
            "title": message.subject[:MOST_SUBJECT],
            "body": message.short_text[:MOST_BODY],
            "url": message.url,
            "acknowledge_url": links[0] if len(message.lines) == 1 and links else "",
            "tag": message.message_id,
            "priority": message.priority,
        }
    )


def headers_of(message: Message) -> dict[str, str]:
    """Return the headers. A repeated message replaces the first at the push service, by its topic."""
    return {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(TTL_S),
        "Urgency": URGENCY.get(message.priority, "normal"),
        "Topic": as_text(hashlib.sha256(message.message_id.encode()).digest()[:24]),
    }
