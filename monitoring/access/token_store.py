"""Create source tokens and record their use."""

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
    """Store a new token; return the secret, which can't be read again later.

    Raises:
        ValidationError: a field of the token is invalid.
    """
    secret = new_secret()
    token.digest = digest(secret)
    token.full_clean()
    token.save()
    return secret


def issue_token(*, name: str, scope: Scope, prefix: str = "", expires_at: datetime | None = None) -> str:
    """Create and store a token; return the secret, as ``make_token`` does."""
    return make_token(Token(name=name, scope=scope, prefix=prefix, expires_at=expires_at))


def record_use(grant: Grant, *, now: datetime) -> None:
    """Record that the token is in use, at most once a minute, since a source sends every second.

    A database error is ignored: a database that is readable but not writable must not deny access.
    """
    if grant.used_at is not None and abs(now - grant.used_at) < NOTED_EVERY:
        return
    # A time in the future was recorded by a clock that was ahead.
    due = Q(used_at__isnull=True) | Q(used_at__lte=now - NOTED_EVERY) | Q(used_at__gte=now + NOTED_EVERY)
    with suppress(DatabaseError), transaction.atomic():
        Token.objects.filter(due, pk=grant.id).update(used_at=now)
