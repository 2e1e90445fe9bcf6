"""The kinds of channels by name."""

from collections.abc import Mapping
from smtplib import SMTPException, SMTPResponseException

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from monitoring.notifications.channels.kind import ChannelKind, Field, Target
from monitoring.notifications.message import Message, Outcome, Result

PERMANENT = 500


def check_email(fields: Mapping[str, str], allows_local: bool) -> dict[str, str]:
    """Return the error of each field."""
    try:
        validate_email(fields.get("to", ""))
    except ValidationError:
        return {"to": "expected an e-mail address, as anna@example.com"}
    return {}


def send_email(message: Message, target: Target) -> Outcome:
    """Send a message by the mail server of the settings."""
    headers = {"Message-ID": f"<{message.message_id}@fermon>"}
    mail = EmailMessage(message.subject, message.text, to=[target.fields["to"]], headers=headers)
    try:
        mail.send()
    except SMTPResponseException as error:
        is_permanent = error.smtp_code >= PERMANENT
        return Outcome(Result.PERMANENT if is_permanent else Result.TEMPORARY, str(error.smtp_code))
    except (SMTPException, OSError) as error:
        return Outcome(Result.TEMPORARY, str(error))
    return Outcome(Result.OK)


KINDS: dict[str, ChannelKind] = {
    "email": ChannelKind("email", "E-mail", (Field("to", "E-mail address"),), send_email, check_email),
}
