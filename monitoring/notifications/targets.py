"""The target of a channel: its fields, with secrets taken from the environment, and masked in all texts."""

import os
import re
from urllib.parse import quote

from monitoring.models import Channel
from monitoring.notifications.channels.kind import Target

FROM_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
# Fermon's own secrets, which no channel may carry away.
OWN = frozenset(
    {
        *("DATABASE_URL", "REDIS_URL", "SECRET_KEY"),
        *("FERMON_SMTP_URL", "FERMON_HEARTBEAT_URL", "FERMON_EMERGENCY_URL"),
    }
)
MASK = "***"
SHORTEST = 4  # a shorter secret would mask parts of words


class TargetError(Exception):
    """A channel whose target cannot be told; the message says what to do."""


def target_of(channel: Channel) -> Target:
    """Return the target of a channel.

    Raises:
        TargetError: a secret is to come from an environment variable that is not set.
    """
    secrets = {name: resolved(str(value)) for name, value in channel.secrets.items() if value}
    fields = {name: str(value) for name, value in channel.settings.items() if value} | secrets
    return Target(channel.pk, fields, channel.allows_local, frozenset(secrets.values()))


def resolved(secret: str) -> str:
    """Return a secret, "env:NAME" as the value of the environment variable.

    Raises:
        TargetError: the variable is not set, or is one of Fermon's own secrets.
    """
    found = FROM_ENVIRONMENT.fullmatch(secret)
    if not found:
        return secret
    name = found[1]
    if name in OWN:
        raise TargetError(f"{name} is a secret of Fermon: name another environment variable.")
    value = os.environ.get(name, "").strip()
    if not value:
        raise TargetError(f"The environment variable {name} is not set where notifications run.")
    return value


def mask(text: str, target: Target) -> str:
    """Return the text without the target's secrets, also where they are quoted as in an address."""
    forms = {form for secret in target.secrets for form in (secret, quote(secret), quote(secret, safe=""))}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= SHORTEST:
            text = text.replace(form, MASK)
    return text
