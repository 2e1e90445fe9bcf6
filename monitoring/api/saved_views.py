"""GET and POST /views, GET, PATCH and DELETE /views/<slug>: saved views of the dashboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.http import urlencode
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import SAVE_VIEW
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import view_fields as fields
from monitoring.api.alarms import CHANGED, actor_of, body_of
from monitoring.api.errors import Conflict
from monitoring.history import saved_views
from monitoring.history.saved_views import SavedViewError, UnknownViewError, find_view, read_views, view_json
from monitoring.models import SavedView

SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="The view's address.")
NAME_TAKEN = OpenApiResponse(schemas.ErrorSerializer, "Another view has this name.")


class SavedViewSet(ViewSet):
    """List, save, change and delete views of the dashboard."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update", "destroy"), SAVE_VIEW)
    lookup_value_regex = "[-a-z0-9_]{1,80}"
    lookup_field = "slug"

    @extend_schema(
        operation_id="getViews",
        tags=["views"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(fields.SavedViewSerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the saved views by name."""
        return Response([as_json(request, view) for view in read_views()])

    @extend_schema(
        operation_id="getView",
        tags=["views"],
        auth=schemas.MAY_READ,
        parameters=[SLUG, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.SavedViewSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, slug: str) -> Response:
        """Return one saved view."""
        view = find_view(slug)
        if view is None:
            raise unknown(slug)
        return Response(as_json(request, view))

    @extend_schema(
        operation_id="saveView",
        tags=["views"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.SaveViewSerializer,
        responses={
            **schemas.reads(None, also={**CHANGED, 409: NAME_TAKEN}),
            200: None,
            201: fields.SavedViewSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Save a view of the dashboard under a name; the address follows from the name."""
        asked = body_of(request, fields.SaveViewSerializer, "name")
        with errors_as_answers():
            view = saved_views.save_view(asked, by=actor_of(request, {}).by)
        return Response(as_json(request, view), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeView",
        tags=["views"],
        auth=schemas.MAY_READ,
        parameters=[SLUG, schemas.RETRY_AFTER],
        request=fields.ChangeViewSerializer,
        responses=schemas.reads(
            fields.SavedViewSerializer, also={**CHANGED, 404: schemas.NOT_FOUND, 409: NAME_TAKEN}
        ),
    )
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change a saved view; the address stays, also under another name."""
        asked = body_of(request, fields.ChangeViewSerializer, "the fields to change")
        with errors_as_answers():
            view = saved_views.change_view(slug, asked, by=actor_of(request, {}).by)
        return Response(as_json(request, view))

    @extend_schema(
        operation_id="deleteView",
        tags=["views"],
        auth=schemas.MAY_READ,
        parameters=[SLUG, schemas.RETRY_AFTER],
        responses={**schemas.reads(None, also={404: schemas.NOT_FOUND}), 200: None, 204: None},
    )
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete a saved view. Links to it then show the dashboard with a notice."""
        with errors_as_answers():
            saved_views.delete_view(slug)
        return Response(status=status.HTTP_204_NO_CONTENT)


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of saved views to those of the API, by status code."""
    try:
        yield
    except UnknownViewError as error:
        raise unknown(str(error)) from error
    except SavedViewError as error:
        raise Conflict(f"name: {error}") from error


def unknown(slug: str) -> NotFound:
    """Return the error of an address that no view has."""
    return NotFound(f"slug: there is no view {slug!r}; GET /views lists them")


def as_json(request: Request, view: SavedView) -> dict[str, Any]:
    """Return the view with a link to the dashboard."""
    address = f"{reverse('dashboard')}?{urlencode({'view': view.slug})}"
    return {**view_json(view), "link": request.build_absolute_uri(address)}
