"""Slack, by an incoming webhook."""

from collections.abc import Mapping

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import matching
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

FIELDS = (
    Field("webhook_url", "Webhook", "The address that Slack gives to an incoming webhook.", is_secret=True),
)

CHECKS = {
    "webhook_url": matching(
        r"https://hooks\.slack(-gov)?\.com/\S+", "Use an address as https://hooks.slack.com/services/..."
    )
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise."""
    arguments = {"include_image": False, "include_footer": False}
    return Job("slack", arguments, message.text, message.subject, fields.get("webhook_url", ""))
