"""Restrict source tokens to a scope and a tag prefix, so that a leaked token opens nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from monitoring.access.callers import grant_of
from monitoring.access.token_secrets import Grant
from monitoring.history.tags import known_of
from monitoring.kernel.quoting import shown
from monitoring.models.token import Scope

if TYPE_CHECKING:
    from rest_framework.views import APIView


def can_read_all_tags(request: Request) -> bool:
    """Return whether the caller may read all tags at once."""
    grant = grant_of(request)
    return grant is None or not grant.prefix


class WithinScope(BasePermission):
    """Allow a source token within its scope only, and a read token with a prefix for matching tags only.

    A view declares ``scope`` (default ``read``) and, if the response is about single tags, ``tag_filter``:
    ``query`` or ``path`` names the place of the tag, and ``each`` promises to leave out tags outside the
    prefix. A view without ``tag_filter`` counts as one about all tags, so a new view is closed to tokens with
    a prefix by default.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return True if the token may call the view.

        Raises:
            PermissionDenied: scope or prefix do not match; the message states both.
        """
        grant = grant_of(request)
        if grant is None:
            return True
        scope: Scope = getattr(view, "scope", Scope.READ)
        if grant.scope is not scope:
            raise PermissionDenied(f"This token is for {grant.scope} only, and this is {scope}.")
        return scope is Scope.INGEST or not grant.prefix or names_covered_tags(request, view, grant)


def names_covered_tags(request: Request, view: "APIView", grant: Grant) -> bool:
    """Return True if the token covers every named tag; a request may name several.

    Raises:
        PermissionDenied: the request names no tag, or an uncovered or unknown one. Unknown tags get the same
            answer as uncovered ones, or the answer would reveal the names of other tags.
    """
    tag_filter = getattr(view, "tag_filter", "")
    if tag_filter == "each" and "name" not in view.kwargs:
        return True
    path, query = [view.kwargs.get("name", "")], request.query_params.getlist("tag")
    names = path if tag_filter in ("each", "path") else query if tag_filter == "query" else []
    if not all(names) or not names:
        raise PermissionDenied(f"This token reads one tag at a time, tag={grant.prefix}..., and no totals.")
    covered = {name for name in names if grant.covers(name)}
    readable = known_of(covered) if covered else set()
    for name in names:
        if name not in readable:
            raise PermissionDenied(f"tag: this token does not read {shown(name)}, only {grant.prefix}...")
    return True


def covers_of(request: Request) -> Callable[[str], bool]:
    """Return the test whether the caller may read a tag."""
    grant = grant_of(request)
    return grant.covers if grant is not None and grant.prefix else lambda _: True


def refuse_uncovered(request: Request, tag: str) -> None:
    """Refuse an item that the address names by id, and whose tag the token does not cover.

    Raises:
        PermissionDenied: the token has a prefix, and the item is of another tag or of none.
    """
    grant = grant_of(request)
    if grant is not None and grant.prefix and not (tag and grant.covers(tag)):
        raise PermissionDenied(f"This token reads only items of tags named {grant.prefix}...")
