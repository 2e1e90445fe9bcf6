"""Secrets that a form gives by reference: ``env:NAME``, the value of an environment variable."""

import os
import re

FROM_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
# Fermon's own secrets, which no form may carry away.
OWN = frozenset(
    {
        *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FERMON_SOURCE_KEY"),
        *("FERMON_SMTP_URL", "FERMON_HEARTBEAT_URL", "FERMON_EMERGENCY_URL"),
    }
)


class SecretError(Exception):
    """A secret that can't be had; the message says what to do."""


def from_environment(text: str, *, process: str) -> str | None:
    """Return the value of the environment variable that ``env:NAME`` names; None for any other text.

    ``process`` names, for the error, the work that needs the variable.

    Raises:
        SecretError: the variable is not set, or is one of Fermon's own secrets.
    """
    found = FROM_ENVIRONMENT.fullmatch(text)
    if not found:
        return None
    name = found[1]
    if name in OWN:
        raise SecretError(f"{name} is a secret of Fermon: name another environment variable.")
    value = os.environ.get(name, "").strip()
    if not value:
        raise SecretError(f"The environment variable {name} is not set where {process} run.")
    return value
