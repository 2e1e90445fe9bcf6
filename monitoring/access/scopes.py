"""What a token is for: a leaked one opens nothing else."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from monitoring.access.token_secrets import Grant
from monitoring.history.tags import known_of
from monitoring.kernel.quoting import shown
from monitoring.models.token import Scope

if TYPE_CHECKING:
    from rest_framework.views import APIView


def grant_of(request: Request) -> Grant | None:
    """What the token of this request allows; None of other callers, and while anybody may do anything."""
    return request.auth if isinstance(request.auth, Grant) and not settings.FERMON_OPEN else None


def sees_all(request: Request) -> bool:
    """Whether the caller may be told of all tags at once."""
    grant = grant_of(request)
    return grant is None or not grant.prefix


class WithinScope(BasePermission):
    """A token is used for its scope only, and a reader with a prefix names tags that it covers.

    A view says what it is by ``scope`` (``read`` unless it says otherwise), and by ``told_by`` where
    it tells of one tag: ``query`` or ``path``, or ``each`` if it leaves out what is not covered. One
    that says nothing tells of all tags at once, so that a new view is closed until somebody decides.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the token may be used here.

        Raises:
            PermissionDenied: it may not; says what it is for.
        """
        grant = grant_of(request)
        if grant is None:
            return True
        scope: Scope = getattr(view, "scope", Scope.READ)
        if grant.scope is not scope:
            raise PermissionDenied(f"This token is for {grant.scope} only, and this is {scope}.")
        return scope is Scope.INGEST or not grant.prefix or tells_of_covered(request, view, grant)


def tells_of_covered(request: Request, view: "APIView", grant: Grant) -> bool:
    """True if what is asked is about tags that the token covers, each that is named: a view may follow all.

    Raises:
        PermissionDenied: it names none, or another. One that is not there is no answer either: the
            names of others would be in it.
    """
    told_by = getattr(view, "told_by", "")
    if told_by == "each" and "name" not in view.kwargs:
        return True
    path, query = [view.kwargs.get("name", "")], request.query_params.getlist("tag")
    names = path if told_by in ("each", "path") else query if told_by == "query" else []
    if not all(names) or not names:
        raise PermissionDenied(f"This token reads one tag at a time, tag={grant.prefix}..., and no totals.")
    covered = {name for name in names if grant.covers(name)}
    readable = known_of(covered) if covered else set()
    for name in names:
        if name not in readable:
            raise PermissionDenied(f"tag: this token does not read {shown(name)}, only {grant.prefix}...")
    return True
