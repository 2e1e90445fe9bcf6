"""The audit trail: who changed what, and who came in. django-auditlog compares and stores."""

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

from monitoring.access.throttles import address_of

HIDDEN = "(not shown)"


def hidden(value: str) -> str:
    """What stands in the place of a secret: that it changed is told, and nothing of it."""
    return HIDDEN if value not in ("", "None") else value


class AuditMiddleware(AuditlogMiddleware):  # type: ignore[misc]  # auditlog has no types
    """Tells the trail who is at work, where a person may be: sources change nothing that it records."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer; without a session, or to who only looks, at no cost."""
        changes = request.method not in SAFE_METHODS and settings.SESSION_COOKIE_NAME in request.COOKIES
        answer: HttpResponseBase = (super().__call__ if changes else self.get_response)(request)
        return answer

    def get_extra_data(self, request: HttpRequest) -> dict[str, Any]:
        """User, name and address; the name stays when the account is deleted."""
        try:
            user = self._get_actor(request)
        except DatabaseError:
            user = None  # nothing can be changed either
        name = user.get_username() if user else None
        return {"actor": user, "actor_email": name, "remote_addr": address_of(request)}


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete what is in the audit trail."""


def refuse_change(instance: LogEntry, **kwargs: Any) -> None:
    """Lets an entry be made, and never be changed.

    Raises:
        AppendOnlyError: it is there already.
    """
    if instance.pk is not None and not kwargs.get("raw"):
        raise AppendOnlyError("An entry of the audit trail stays as it is.")


def refuse_deletion(**kwargs: Any) -> None:
    """Lets no entry be deleted.

    Raises:
        AppendOnlyError: always.
    """
    raise AppendOnlyError("An entry of the audit trail is never deleted.")


def record(user: Model | None, what: str, request: HttpRequest | None, *, actor: Any = None) -> None:
    """Adds something that happened to an account, or to one that does not exist."""
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
    """Records a login."""
    record(user, "login", request, actor=user)


def logged_out(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Records a log-out."""
    if user is not None:
        record(user, "log-out", request, actor=user)


def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Records a login that failed. A name that nobody has is left out: now and then it is a password."""
    users = get_user_model()._default_manager
    user = users.filter(username=str(credentials.get("username", ""))).first()
    record(user, "login failed", request)


def group_deleted(instance: Any, **kwargs: Any) -> None:
    """Records for each of its users that they lose the role: the rows between go without a word."""
    groups = type(instance)._default_manager.filter(pk=instance.pk)
    for user in instance.user_set.order_by("pk"):
        LogEntry.objects.log_m2m_changes(groups, user, "delete", "groups")


def by_a_person(**kwargs: Any) -> bool:
    """Whether somebody is at work: the worker moves its own schedule on minute by minute."""
    return auditlog_value.get(None) is not None


def key_made(instance: Any, created: bool, raw: bool, **kwargs: Any) -> None:
    """Records that a user was given a token of their own; its key is its identity, so it is not named."""
    if created and not raw:
        record(instance.user, "token made", None)


def key_deleted(instance: Any, **kwargs: Any) -> None:
    """Records that a user's own token was deleted."""
    record(instance.user, "token deleted", None)


def key_models() -> list[type[Model]]:
    """A user's own token, and the name under which the admin knows it."""
    return [apps.get_model("authtoken", name) for name in ("Token", "TokenProxy")]
