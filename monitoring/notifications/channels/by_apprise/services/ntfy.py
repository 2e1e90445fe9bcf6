"""ntfy, at ntfy.sh or a server of the plant's own."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import http_url, matching
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

PRIORITIES = {"critical": "max", "high": "high", "medium": "default", "low": "low"}
PUBLIC = "https://ntfy.sh"
MOST = 3000  # characters; ntfy turns more than 4,096 bytes into an attachment, or refuses them

FIELDS = (
    Field("topic", "Topic", "At ntfy.sh all who know the topic read it: choose a long one."),
    Field("server", "Server", f"Empty: {PUBLIC}.", is_required=False),
    Field("token", "Access token", "", is_secret=True, is_required=False),
)

CHECKS = {
    "topic": matching(r"[A-Za-z0-9_-]{1,64}", "Use up to 64 letters, digits, - and _."),
    "server": http_url,
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise."""
    parts = urlsplit(fields.get("server") or PUBLIC)
    token = fields.get("token") or None
    arguments = {
        "targets": [fields.get("topic", "")],
        "host": parts.hostname,
        "port": parts.port,
        "secure": parts.scheme == "https",
        "mode": "private",
        "token": token,
        "auth": "token" if token else "basic",
        "priority": PRIORITIES.get(message.priority, "default"),
        "click": message.url or None,
        "include_image": False,
    }
    return Job("ntfy", arguments, message.text, message.subject, most=MOST)
