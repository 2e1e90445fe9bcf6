"""Tokens: what a source shows to be let in, and what it may do then."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from monitoring.models.token import Scope

MARK = "fermon_"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: its scope, and only tags that begin with ``prefix`` (empty: all).

    ``used_at`` is when it was last seen in use, as far as that was written down.
    """

    id: int
    name: str
    scope: Scope
    prefix: str
    used_at: datetime | None = None

    def covers(self, tag: str) -> bool:
        """Whether the tag of this name is among those that it is for."""
        return tag.startswith(self.prefix)


def new_secret() -> str:
    """A secret that nobody guesses: 256 random bits behind a mark by which scanners know it."""
    return MARK + secrets.token_urlsafe(SECRET_BYTES)


def is_secret(text: str) -> bool:
    """Whether the text has the form of a secret; the keys of users' own tokens have another."""
    return text.startswith(MARK)


def digest(secret: str) -> str:
    """The secret as it is stored.

    Passwords are stretched as people choose guessable ones. Of 256 random bits there is nothing to
    guess, so one SHA-256 is enough, and costs a source that sends each second nothing.
    """
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
