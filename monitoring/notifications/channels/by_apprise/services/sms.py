"""SMS, by Twilio."""

from collections.abc import Mapping

from monitoring.notifications.channels.by_apprise.job import Job
from monitoring.notifications.channels.checks import matching
from monitoring.notifications.channels.kind import Field
from monitoring.notifications.message import Message

NUMBER = matching(r"\+\d{8,15}", "Use a number as +491701234567.")

FIELDS = (
    Field("account_sid", "Account SID", "As AC...; Twilio's console shows it."),
    Field("auth_token", "Auth token", "", is_secret=True),
    Field("from", "From", "A number of the account, as +15005550006."),
    Field("to", "To", "As +491701234567."),
)

CHECKS = {
    "account_sid": matching(r"AC[0-9A-Za-z]{8,40}", "Use an account SID, which begins with AC."),
    "from": NUMBER,
    "to": NUMBER,
}


def job_of(message: Message, fields: Mapping[str, str]) -> Job:
    """Return the order for Apprise."""
    arguments = {
        "account_sid": fields.get("account_sid", ""),
        "auth_token": fields.get("auth_token", ""),
        "source": fields.get("from", ""),
        "targets": [fields.get("to", "")],
    }
    return Job("sms", arguments, message.short_text)
