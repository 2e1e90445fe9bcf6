"""The target of a channel: its fields, with secrets taken from the environment, and masked in all texts."""

from urllib.parse import quote

from monitoring.kernel.secret_references import SecretError, from_environment
from monitoring.models import Channel
from monitoring.notifications.channels.kind import Target

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
    try:
        found = from_environment(secret, process="notifications")
    except SecretError as error:
        raise TargetError(str(error)) from error
    return secret if found is None else found


def mask(text: str, target: Target) -> str:
    """Return the text without the target's secrets, also where they are quoted as in an address."""
    forms = {form for secret in target.secrets for form in (secret, quote(secret), quote(secret, safe=""))}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= SHORTEST:
            text = text.replace(form, MASK)
    return text
