"""The audit trail: changes to tags, users and tokens, and logins. django-auditlog compares and stores."""

from typing import Any

from auditlog.context import auditlog_value
from auditlog.middleware import AuditlogMiddleware
from auditlog.models import LogEntry
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import Error as DatabaseError
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from monitoring.access.callers import address_of

HIDDEN = "(not shown)"


def hidden(value: str) -> str:
    """Return a placeholder for a secret: the trail records the change without the value."""
    return HIDDEN if value not in ("", "None") else value


class AuditMiddleware(AuditlogMiddleware):  # type: ignore[misc]  # auditlog has no types
    """Record the actor of requests that may change data. Token clients change nothing in the trail."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer; skip the actor, at no cost, without a session or for a safe method."""
        changes = request.method not in SAFE_METHODS and settings.SESSION_COOKIE_NAME in request.COOKIES
        answer: HttpResponseBase = (super().__call__ if changes else self.get_response)(request)
        return answer

    def get_extra_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return user, user name and address; the name outlives the account."""
        try:
            user = self._get_actor(request)
        except DatabaseError:
            user = None  # without the database, the request can change nothing
        name = user.get_username() if user else None
        return {"actor": user, "actor_email": name, "remote_addr": address_of(request)}


class AppendOnlyError(TypeError):
    """An attempt to change or delete an entry of the audit trail."""


def refuse_change(instance: LogEntry, **kwargs: Any) -> None:
    """Allow a new entry, and prevent a change to an existing one.

    Raises:
        AppendOnlyError: the entry exists already.
    """
    if instance.pk is not None and not kwargs.get("raw"):
        raise AppendOnlyError("An entry of the audit trail stays as it is.")


def refuse_deletion(**kwargs: Any) -> None:
    """Prevent the deletion of an entry.

    Raises:
        AppendOnlyError: always.
    """
    raise AppendOnlyError("An entry of the audit trail is never deleted.")


def record(user: Model | None, what: str, request: HttpRequest | None, *, actor: Any = None) -> None:
    """Add an account event; ``user`` is None for a user name without an account."""
    LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(get_user_model()),
        object_pk=str(user.pk) if user else "",
        object_id=user.pk if user else None,
        object_repr=str(user) if user else "(no such user)",
        action=LogEntry.Action.ACCESS if actor or not user else LogEntry.Action.UPDATE,
        actor=actor,
        actor_email=actor.get_username() if actor else None,
        remote_addr=address_of(request) if request else None,
        additional_data={"what": what},
    )


def logged_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    record(user, "login", request, actor=user)


def logged_out(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record a log-out of a known user."""
    if user is not None:
        record(user, "log-out", request, actor=user)


def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Record a failed login. Omit a name without an account: users sometimes type a password there."""
    users = get_user_model()._default_manager
    user = users.filter(username=str(credentials.get("username", ""))).first()
    record(user, "login failed", request)


def group_deleted(instance: Any, **kwargs: Any) -> None:
    """Record the lost role of each user of a deleted group: the deletion of the relation sends no signal."""
    groups = type(instance)._default_manager.filter(pk=instance.pk)
    for user in instance.user_set.order_by("pk"):
        LogEntry.objects.log_m2m_changes(groups, user, "delete", "groups")


def by_a_person(**kwargs: Any) -> bool:
    """Return whether a person acts: the worker updates its own schedule each minute."""
    return auditlog_value.get(None) is not None


def key_made(instance: Any, created: bool, raw: bool, **kwargs: Any) -> None:
    """Record a new token of a user, without its name: the key is the primary key."""
    if created and not raw:
        record(instance.user, "token made", None)


def key_deleted(instance: Any, **kwargs: Any) -> None:
    """Record the deletion of a user's own token."""
    record(instance.user, "token deleted", None)


def key_models() -> list[type[Model]]:
    """Return the model of users' own tokens, and the admin's proxy of that model."""
    return [apps.get_model("authtoken", name) for name in ("Token", "TokenProxy")]
