"""PagerDuty, by its Events API: an incident per alarm, resolved when the alarm is over."""

from collections.abc import Mapping

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import matching, one_of
from monitoring.notifications.channels.incidents import incident_key, is_over
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}

FIELDS = (
    Field("integration_key", "Integration key", "Of an 'Events API v2' integration.", is_secret=True),
    Field("region", "Region", "us (the default) or eu.", is_required=False),
)

CHECKS = {
    "integration_key": matching(r"[0-9A-Za-z]{32}", "Use the 32 letters and digits of the key."),
    "region": one_of("us", "eu"),
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise. PagerDuty recognises a repeated message by its key."""
    key = fields.get("integration_key", "")
    arguments = {
        "apikey": key,  # Apprise asks for one, which the Events API does not
        "integrationkey": key,
        "source": "Fermon",
        "component": "alarms",
        "region_name": fields.get("region") or "us",
        "severity": SEVERITIES.get(message.priority, "warning"),
        "action": "resolve" if is_over(message) else "trigger",
        "dedup": incident_key(message),
        "click": message.url or None,
        "details": {"text": message.text},
        "include_image": False,
    }
    return Job("pagerduty", arguments, message.short_text)
