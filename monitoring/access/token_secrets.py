"""Secrets of source tokens, and the grant of a token."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from monitoring.models.token import Scope

MARK = "fermon_"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a token: a scope, and tags whose names begin with ``prefix`` (empty: all).

    ``used_at`` is the last recorded use.
    """

    id: int
    name: str
    scope: Scope
    prefix: str
    used_at: datetime | None = None

    def covers(self, tag: str) -> bool:
        """Return whether the name of the tag begins with the prefix."""
        return tag.startswith(self.prefix)


def new_secret() -> str:
    """Return a new secret: 256 random bits after a prefix that secret scanners recognise."""
    return MARK + secrets.token_urlsafe(SECRET_BYTES)


def is_secret(text: str) -> bool:
    """Return whether the text has the form of a source's secret; the keys of users' tokens look different."""
    return text.startswith(MARK)


def digest(secret: str) -> str:
    """Return the SHA-256 of the secret in hex, the form that is stored.

    Passwords need a slow hash because people choose guessable ones. 256 random bits can't be guessed, so one
    SHA-256 is enough and adds no noticeable cost to a source that sends every second.
    """
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
