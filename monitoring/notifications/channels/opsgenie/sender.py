"""Send a message to Opsgenie: an alert per alarm, closed when the alarm is over."""

from typing import Any
from urllib.parse import quote

import orjson

from monitoring.notifications.channels.answers import LIMIT_S, deliver
from monitoring.notifications.channels.incidents import incident_key, is_over
from monitoring.notifications.channels.kind import Target
from monitoring.notifications.message import Message, Outcome
from monitoring.notifications.transport.http import Request

HOSTS = {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}
PRIORITIES = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P5"}
MOST_MESSAGE, MOST_DESCRIPTION, MOST_ALIAS = 130, 15_000, 512


def send(message: Message, target: Target, limit_s: float = LIMIT_S) -> Outcome:
    """Open the alert, or close it. Opsgenie recognises a repeated message by the alias."""
    host = HOSTS.get(target.fields.get("region") or "us", HOSTS["us"])
    return deliver(request_of(message, host, target.fields.get("api_key", "")), target, limit_s)


def request_of(message: Message, host: str, api_key: str) -> Request:
    """Return the request to Opsgenie's alert API."""
    headers = {"Authorization": f"GenieKey {api_key}", "Content-Type": "application/json"}
    alias = incident_key(message)[:MOST_ALIAS]
    if is_over(message):
        url = f"{host}/v2/alerts/{quote(alias, safe='')}/close?identifierType=alias"
        return Request(url, orjson.dumps({"source": "Fermon", "note": message.text}), headers)
    return Request(f"{host}/v2/alerts", orjson.dumps(alert(message, alias)), headers)


def alert(message: Message, alias: str) -> dict[str, Any]:
    """Return the JSON of a new alert."""
    return {
        "message": message.subject[:MOST_MESSAGE],
        "alias": alias,
        "description": message.text[:MOST_DESCRIPTION],
        "priority": PRIORITIES.get(message.priority, "P3"),
        "source": "Fermon",
        "details": {"message_id": message.message_id, "url": message.url},
    }
