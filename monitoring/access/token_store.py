"""Tokens are made, and it is noted when they were used."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q

from monitoring.access.token_secrets import Grant, digest, new_secret
from monitoring.models import Token
from monitoring.models.token import Scope

NOTED_EVERY = timedelta(minutes=1)


def make_token(token: Token) -> str:
    """Stores a new token; the secret, which is told this once and never again.

    Raises:
        ValidationError: one of its fields is not as it should be.
    """
    secret = new_secret()
    token.digest = digest(secret)
    token.full_clean()
    token.save()
    return secret


def issue_token(*, name: str, scope: Scope, prefix: str = "", expires_at: datetime | None = None) -> str:
    """Makes a token; its secret, as ``make_token``."""
    return make_token(Token(name=name, scope=scope, prefix=prefix, expires_at=expires_at))


def note_use(grant: Grant, *, now: datetime) -> None:
    """Writes down that the token is in use, at most once a minute: a source sends each second.

    A database that can be read and not written lets nobody in or out by it: it stays unsaid.
    """
    if grant.used_at is not None and abs(now - grant.used_at) < NOTED_EVERY:
        return
    # Ahead: noted by a clock that was ahead.
    due = Q(used_at__isnull=True) | Q(used_at__lte=now - NOTED_EVERY) | Q(used_at__gte=now + NOTED_EVERY)
    with suppress(DatabaseError), transaction.atomic():
        Token.objects.filter(due, pk=grant.id).update(used_at=now)
