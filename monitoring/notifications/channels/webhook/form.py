"""The form of a webhook."""

from monitoring.notifications.channels.checks import http_url
from monitoring.notifications.channels.kind import Field

FIELDS = (
    Field("url", "Address", "https://host/path. Gets a POST of JSON for each message."),
    Field(
        "secret",
        "Signing secret",
        "Signs each request in the header Fermon-Signature.",
        is_secret=True,
        is_required=False,
    ),
)

CHECKS = {"url": http_url}
