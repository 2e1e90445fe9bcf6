"""Microsoft Teams, by the webhook of a workflow."""

from collections.abc import Mapping

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import matching
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

FIELDS = (
    Field(
        "webhook_url",
        "Workflow",
        "The address of a workflow 'Post to a channel when a webhook request is received'.",
        is_secret=True,
    ),
)

CHECKS = {
    "webhook_url": matching(
        r"https://\S+/workflows/\S+\?\S+", "Use the address of a workflow: https://.../workflows/...?..."
    )
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise."""
    url = fields.get("webhook_url", "")
    return Job("teams", {"include_image": False}, message.text, message.subject, url)
