"""The mail server and the sender of an e-mail channel."""

from django.conf import settings

from monitoring.notifications.channels.kind import Target
from monitoring.notifications.transport.allowed import RefusedTargetError
from monitoring.notifications.transport.smtp import MailServer


def server_of(target: Target) -> MailServer:
    """Return the channel's own server, else the site's.

    Raises:
        RefusedTargetError: there is none.
    """
    fields = target.fields
    if fields.get("server"):
        return MailServer(
            fields["server"],
            int(fields.get("port") or 0),
            fields.get("security") or "starttls",
            fields.get("user", ""),
            fields.get("password", ""),
            target.allows_local,
        )
    if not settings.FERMON_SMTP:
        raise RefusedTargetError(
            "There is no mail server. Set FERMON_SMTP_URL, or enter one for the channel."
        )
    return MailServer(**settings.FERMON_SMTP, allows_local=True)  # the machine's administrator chose it


def sender_of(target: Target, server: MailServer) -> str:
    """Return the address that the mail comes from.

    Raises:
        RefusedTargetError: there is none.
    """
    found = target.fields.get("from") or settings.FERMON_EMAIL_FROM or server.user
    if "@" not in found:
        raise RefusedTargetError("There is no sender. Set FERMON_EMAIL_FROM, or enter one for the channel.")
    return found
