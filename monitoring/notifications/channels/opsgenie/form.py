"""The form of Opsgenie."""

from monitoring.notifications.channels.checks import matching, one_of
from monitoring.notifications.channels.kind import Field

FIELDS = (
    Field("api_key", "API key", "Of an API integration.", is_secret=True),
    Field("region", "Region", "us (the default) or eu.", is_required=False),
)

CHECKS = {
    "api_key": matching(r"[0-9A-Za-z-]{20,}", "Use the key of an API integration."),
    "region": one_of("us", "eu"),
}
