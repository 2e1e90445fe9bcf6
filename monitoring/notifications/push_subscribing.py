"""Browsers that take web push: added to and removed from the channel of a person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Channel, Person, PushSubscription
from monitoring.notifications.channel_settings import free_name

KIND = "web_push"
SHARED = "Browsers"
MOST_BROWSERS = 20
LONGEST_ENDPOINT = 2_000
LONGEST_BROWSER = 200
KEY = re.compile(r"[A-Za-z0-9_-]{10,200}={0,2}")


class SubscriptionError(ValueError):
    """A subscription that cannot be stored; the message has the remedy."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Address and keys of a browser, to send messages to."""

    endpoint: str
    p256dh: str
    auth: str
    browser: str = ""


def read_subscription(body: Any, browser: str) -> Subscription:
    """Return the subscription in a request body, as ``PushSubscription.toJSON()`` of a browser gives it.

    Raises:
        SubscriptionError: a part is missing or invalid.
    """
    keys = body.get("keys") if isinstance(body, Mapping) else None
    if not isinstance(keys, Mapping):
        raise SubscriptionError("expected an object with endpoint and keys")
    endpoint = str(body.get("endpoint", ""))
    if len(endpoint) > LONGEST_ENDPOINT or not is_https(endpoint):
        raise SubscriptionError("endpoint: expected an https address")
    p256dh, auth = str(keys.get("p256dh", "")), str(keys.get("auth", ""))
    if not (KEY.fullmatch(p256dh) and KEY.fullmatch(auth) and len(auth) <= 64):
        raise SubscriptionError("keys: expected p256dh and auth in base64url")
    return Subscription(endpoint, p256dh, auth, browser[:LONGEST_BROWSER])


def is_https(address: str) -> bool:
    """Return whether the text is an https address with a host."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


def subscribe(subscription: Subscription, *, user: User | None, now: datetime) -> PushSubscription:
    """Store the browser in the web push channel of the user, made if missing; shared without a user.

    Raises:
        SubscriptionError: the channel has too many browsers, or is switched off.
    """
    with write_lock(), transaction.atomic():
        channel = push_channel(user)
        others = channel.subscriptions.exclude(endpoint=subscription.endpoint)
        if others.count() >= MOST_BROWSERS:
            raise SubscriptionError(f"{channel.name} has {MOST_BROWSERS} browsers already: turn one off")
        stored, _ = PushSubscription.objects.update_or_create(
            endpoint=subscription.endpoint,
            defaults={
                "channel": channel,
                "p256dh": subscription.p256dh,
                "auth": subscription.auth,
                "browser": subscription.browser,
                "added_at": now,
            },
        )
    return stored


def unsubscribe(endpoint: str) -> bool:
    """Forget the browser with this address; return whether it was known. Only the browser knows it."""
    with write_lock(), transaction.atomic():
        deleted, _ = PushSubscription.objects.filter(endpoint=endpoint).delete()
    return bool(deleted)


def push_channel(user: User | None) -> Channel:
    """Return the web push channel of the user's person, or the shared one; made if missing.

    Raises:
        SubscriptionError: the channel is switched off.
    """
    person = person_of(user) if user else None
    channel = Channel.objects.filter(kind=KIND, person=person).order_by("position", "pk").first()
    if channel is None:
        name = free_name(f"{person.name}: {SHARED.lower()}" if person else SHARED)
        last = person.channels.count() if person else 0
        return Channel.objects.create(name=name, kind=KIND, person=person, position=last + 1)
    if not channel.is_enabled:
        raise SubscriptionError(f"{channel.name} is switched off by an administrator")
    if channel.failing_since is not None:  # it has a browser again
        channel.failing_since, channel.failure = None, ""
        channel.save(update_fields=["failing_since", "failure"])
    return channel


def person_of(user: User) -> Person:
    """Return the person of an account, made if missing."""
    person = Person.objects.filter(user=user).first()
    if person is not None:
        return person
    name, number = user.get_full_name() or user.get_username(), 1
    wanted = name = name[:90]
    while Person.objects.filter(name=name).exists():
        number += 1
        name = f"{wanted} {number}"
    return Person.objects.create(name=name, user=user)
