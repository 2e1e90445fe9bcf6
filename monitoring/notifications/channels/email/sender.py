"""Send a message by e-mail."""

import smtplib

from monitoring.notifications.channels.email.composing import mail_of
from monitoring.notifications.channels.email.servers import sender_of, server_of
from monitoring.notifications.channels.kind import Target
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.transport.allowed import RefusedTargetError
from monitoring.notifications.transport.deadline import Deadline
from monitoring.notifications.transport.http import words
from monitoring.notifications.transport.smtp import BoundedSmtp

LIMIT_S = 9.5


def send(message: Message, target: Target, limit_s: float = LIMIT_S) -> Outcome:
    """Send the message by the server of the channel, or of the site."""
    try:
        server = server_of(target)
        sender, to = sender_of(target, server), target.fields.get("to", "")
        mail = mail_of(message, sender=sender, to=to)
    except (RefusedTargetError, ValueError) as error:
        return Outcome(Result.PERMANENT, str(error))
    client = BoundedSmtp(server, Deadline(limit_s))
    try:
        return _hand_over(client, sender, to, mail)
    finally:
        client.close()


def _hand_over(client: BoundedSmtp, sender: str, to: str, mail: bytes) -> Outcome:
    try:
        client.open()
        client.sendmail(sender, [to], mail)
    except RefusedTargetError as error:
        return Outcome(Result.PERMANENT, str(error))
    except (OSError, ValueError) as error:
        return failure(error, has_sent=client.has_sent)
    client.leave()
    return Outcome(Result.OK, "the mail server took the message")


def failure(error: Exception, *, has_sent: bool) -> Outcome:
    """Return the outcome of an error: replies of 5xx are permanent, those of 4xx temporary."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return of_reply(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return of_reply(error.smtp_code, error.smtp_error)
    # A certificate that is not accepted is both: OSError and ValueError.
    if isinstance(error, smtplib.SMTPNotSupportedError) or not isinstance(error, OSError):
        return Outcome(Result.PERMANENT, str(error))
    if has_sent:
        return Outcome(Result.UNKNOWN, f"sent, but {words(error)}")
    return Outcome(Result.TEMPORARY, f"not sent: {words(error)}")


def of_reply(code: int, text: bytes | str) -> Outcome:
    """Return the outcome of a reply of the server. Code -1 stands for a reply that is none."""
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    result = Result.PERMANENT if 500 <= code < 600 else Result.TEMPORARY
    return Outcome(result, f"SMTP {code} {said}")
