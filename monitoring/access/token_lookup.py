"""Look up source tokens."""

from datetime import datetime

from django.db.models import Q

from monitoring.access.token_secrets import Grant, digest
from monitoring.models import Token
from monitoring.models.token import Scope


def find_grant(secret: str, *, now: datetime) -> Grant | None:
    """Return the grant of the token with this secret; None if unknown, revoked or expired."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    row = Token.objects.filter(unexpired, digest=digest(secret), active=True).first()
    return Grant(row.pk, row.name, Scope(row.scope), row.prefix, row.used_at) if row else None
