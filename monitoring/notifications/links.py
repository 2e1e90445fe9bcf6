"""Signed links in messages: acknowledge an alarm, confirm a channel. Enough for that, nothing else."""

import json
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.signing import TimestampSigner
from django.utils.crypto import salted_hmac

from monitoring.models import Channel

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """The content of an acknowledge link: the occurrence, the person and the channel of the message."""

    occurrence: int
    person: int | None
    channel: int


def public_url(path: str) -> str:
    """Return the address of a page as people outside reach it; empty if FERMON_PUBLIC_URL is not set."""
    base: str = settings.FERMON_PUBLIC_URL
    return f"{base.rstrip('/')}{path}" if base else ""


def acknowledge_url(content: Acknowledging) -> str:
    """Return the link; empty if links are off or Fermon does not know its address."""
    if not settings.FERMON_ACK_LINKS:
        return ""
    return public_url(f"/acknowledge/{acknowledge_token(content)}")


def acknowledge_token(content: Acknowledging) -> str:
    """Return the signed content."""
    person = "" if content.person is None else content.person
    return _signer("acknowledge").sign(f"{content.occurrence}.{person}.{content.channel}")


def read_acknowledge_token(token: str) -> Acknowledging:
    """Return the content of a token that is not older than VALID_FOR.

    Raises:
        BadSignature: the token is not genuine; SignatureExpired, a subclass: it is too old.
    """
    occurrence, person, channel = _signer("acknowledge").unsign(token, max_age=VALID_FOR).split(".")
    return Acknowledging(int(occurrence), int(person) if person else None, int(channel))


def verify_url(channel: Channel) -> str:
    """Return the link that confirms a channel; empty if Fermon does not know its own address."""
    signed = _signer("confirm").sign(f"{channel.pk}.{digest_of_target(channel)}")
    return public_url(f"/confirm-channel/{signed}")


def read_verify_token(token: str) -> tuple[int, str]:
    """Return the channel and the digest of its target, from a token that is not older than VALID_FOR.

    Raises:
        BadSignature: the token is not genuine, or too old.
    """
    channel, _, digest = _signer("confirm").unsign(token, max_age=VALID_FOR).partition(".")
    return int(channel), digest


def digest_of_target(channel: Channel) -> str:
    """Return a digest of the address: the link of an old test does not confirm a new address."""
    target = json.dumps([channel.kind, channel.settings, channel.secrets], sort_keys=True)
    return salted_hmac("fermon.notifications.target", target).hexdigest()[:16]


def _signer(purpose: str) -> TimestampSigner:
    return TimestampSigner(salt=f"fermon.notifications.{purpose}")
