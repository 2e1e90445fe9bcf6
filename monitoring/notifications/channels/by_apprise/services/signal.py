"""Signal, by a server of the plant's own with signal-cli-rest-api."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import http_url, matching
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

FIELDS = (
    Field("server", "Server", "The address of signal-cli-rest-api, as http://signal.plant.example:8080."),
    Field("from", "From", "The registered number, as +491701234567."),
    Field("to", "To", "A number, or a group as group.ABC..."),
    Field("user", "User", "", is_required=False),
    Field("password", "Password", "", is_secret=True, is_required=False),
)

CHECKS = {
    "server": http_url,
    "from": matching(r"\+\d{8,15}", "Use a number as +491701234567."),
    "to": matching(r"\+\d{8,15}|group\.[\w=+/-]+", "Use a number as +491701234567, or group.ABC..."),
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise."""
    parts = urlsplit(fields.get("server", ""))
    arguments = {
        "source": fields.get("from", ""),
        "targets": [fields.get("to", "")],
        "host": parts.hostname,
        "port": parts.port,
        "secure": parts.scheme == "https",
        "user": fields.get("user") or None,
        "password": fields.get("password") or None,
    }
    return Job("signal", arguments, message.text, message.subject)
