"""The settings and secrets of a channel: given by people, checked by the channel's kind, stored."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Channel
from monitoring.notifications.channels.kind import ChannelKind
from monitoring.notifications.channels.registry import KINDS

FROM_ENVIRONMENT = "env:"
STORED = "stored"
ENVIRONMENT_REFUSED = (
    "Only a signed-in administrator takes a secret from the environment: type the secret itself."
)
LOCAL_REFUSED = "Only a signed-in administrator allows targets on this machine or its link."
AGAIN = "The address has changed: type the secret again."
MISSING = "This field is required."
# Columns that describe the target of before.
FORGOTTEN = ("verified_at", "failing_since", "failure", "failures", "blocked_until")


class ChannelInputError(ValueError):
    """Invalid fields of a channel; ``problems`` has an error by field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Address:
    """The fields of a channel's kind, apart by whether they are secret."""

    settings: dict[str, str]
    secrets: dict[str, str]

    @property
    def fields(self) -> dict[str, str]:
        """Return all fields by name."""
        return {**self.settings, **self.secrets}


def address_of(
    kind: ChannelKind, given: Mapping[str, str], before: Channel | None = None, cleared: Collection[str] = ()
) -> Address:
    """Return the address with the given fields; one that is not given stays as it was, an empty one goes.

    A secret is write-only, so an empty one stays, unless it is ``cleared``.
    """
    settings, secrets = (dict(before.settings), dict(before.secrets)) if before else ({}, {})
    for field in kind.fields:
        if field.is_secret:
            if field.name in cleared:
                secrets.pop(field.name, None)
            elif text := given.get(field.name, "").strip():
                secrets[field.name] = text
        elif field.name in given:
            settings[field.name] = given[field.name].strip()
    return Address({name: text for name, text in settings.items() if text}, secrets)


def check_address(
    kind: ChannelKind, address: Address, before: Channel | None, *, allows_local: bool, is_trusted: bool
) -> None:
    """Check the address by the rules of the kind.

    ``is_trusted``: a signed-in administrator asks. Only they may send to this machine, send a variable of the
    environment, or send a stored secret elsewhere: while Fermon is open, anybody could read it there.

    Raises:
        ChannelInputError: a field is missing or invalid, or not for this caller.
    """
    problems = {
        field.name: MISSING
        for field in kind.fields
        if field.is_required and not address.fields.get(field.name)
    }
    stored = before.secrets if before else {}
    for name, text in address.secrets.items():
        if text.startswith(FROM_ENVIRONMENT) and not is_trusted and stored.get(name) != text:
            problems[name] = ENVIRONMENT_REFUSED
        elif not is_trusted and stored.get(name) == text and before and before.settings != address.settings:
            problems[name] = AGAIN
    if allows_local and not is_trusted and not (before and before.allows_local):
        problems["allows_local"] = LOCAL_REFUSED
    if not problems:
        problems = kind.check(address.fields, allows_local)
    if problems:
        raise ChannelInputError(problems)


def store_channel(channel: Channel, address: Address) -> None:
    """Store the channel with its address; a new address is neither verified nor failing."""
    columns = ["name", "person", "position", "allows_local", "is_enabled"]
    if (channel.settings, channel.secrets) != (address.settings, address.secrets):
        channel.settings, channel.secrets = address.settings, address.secrets
        channel.verified_at = channel.failing_since = channel.blocked_until = None
        channel.failure, channel.failures = "", 0
        columns += ["settings", "secrets", *FORGOTTEN]
    with write_lock(), transaction.atomic():
        # The notifier writes the other columns meanwhile.
        channel.save(update_fields=columns if channel.pk else None)


def secrets_shown(channel: Channel) -> dict[str, str]:
    """Return of each secret field "stored", "env:NAME" or an empty text; never a secret."""
    kind = KINDS.get(channel.kind)
    return {
        field.name: shown_secret(channel.secrets.get(field.name, ""))
        for field in (kind.fields if kind else ())
        if field.is_secret
    }


def shown_secret(text: str) -> str:
    """Return the public part of a secret: the name of an environment variable, else "stored"."""
    if text.startswith(FROM_ENVIRONMENT):
        return text
    return STORED if text else ""


def free_name(wanted: str) -> str:
    """Return the name for a new channel, with a number if it is taken."""
    longest = 90
    taken = set(Channel.objects.filter(name__startswith=wanted[:longest]).values_list("name", flat=True))
    name, number = wanted[:longest], 1
    while name in taken:
        number += 1
        name = f"{wanted[:longest]} {number}"
    return name
