"""Confirm by the link in a test that the messages of a channel arrive."""

from datetime import datetime

from django.core.signing import BadSignature, SignatureExpired
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Channel
from monitoring.notifications.acknowledging import LinkError
from monitoring.notifications.links import digest_of_target, read_verify_token

UNKNOWN = "This link is not complete, or was not made by this Fermon. Open it from the message itself."
EXPIRED = "This link is older than 24 hours. Send another test, and open the link in that."
CHANGED = "The address of this channel was changed after this test. Send another test, and open its link."
GONE = "The channel of this link no longer exists or is switched off."


def read_confirmation(token: str) -> Channel:
    """Return the channel that a link confirms.

    Raises:
        LinkError: the link is not genuine or too old, or the channel is gone or has another address now.
    """
    try:
        pk, digest = read_verify_token(token)
    except SignatureExpired as error:
        raise LinkError(EXPIRED, is_expired=True) from error
    except (BadSignature, ValueError) as error:
        raise LinkError(UNKNOWN) from error
    channel = Channel.objects.filter(pk=pk, is_enabled=True).first()
    if channel is None:
        raise LinkError(GONE, is_expired=True)
    if digest != digest_of_target(channel):
        raise LinkError(CHANGED, is_expired=True)
    return channel


def confirm(channel: Channel, *, now: datetime) -> None:
    """Mark the channel as verified: a message has arrived, so it does not fail either."""
    with write_lock(), transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(
            verified_at=now, failing_since=None, failure="", failures=0, blocked_until=None
        )
