"""GET and POST /routes, GET and PATCH /routes/<id>: alarms and their receivers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.scopes import WithinScope
from monitoring.api import notification_fields as fields
from monitoring.api import notification_schemas as shapes
from monitoring.api import schemas
from monitoring.api.errors import BadInput
from monitoring.api.notification_rows import ID, RIGHTS, body_as, row_of
from monitoring.models import Route
from monitoring.notifications.plan_writing import PlanInputError, write_route
from monitoring.notifications.reading import all_routes, route_json


class RouteViewSet(ViewSet):
    """List, make and change routes."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = RIGHTS
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getRoutes",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.RouteSerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the routes in the order in which they are tried. For the role engineer."""
        return Response([route_json(row) for row in all_routes()])

    @extend_schema(
        operation_id="getRoute",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.RouteSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one route. For the role engineer."""
        return Response(route_json(row_of(all_routes(), id)))

    @extend_schema(
        operation_id="makeRoute",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.MakeRouteSerializer,
        responses=shapes.changes(shapes.RouteSerializer, created=True),
    )
    def create(self, request: Request) -> Response:
        """Make a route with its steps. For administrators."""
        asked, route = body_as(request, fields.MakeRouteSerializer, "name and steps"), Route()
        with errors_as_answers():
            write_route(route, asked.apply(route) or [])
        return Response(route_json(row_of(all_routes(), str(route.pk))), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeRoute",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.ChangeRouteSerializer,
        responses=shapes.changes(shapes.RouteSerializer),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a route. For administrators."""
        asked = body_as(request, fields.ChangeRouteSerializer, "the fields to change")
        route = row_of(Route.objects.all(), id)
        with errors_as_answers():
            write_route(route, asked.apply(route))
        return Response(route_json(row_of(all_routes(), id)))


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of routes and schedules to those of the API."""
    try:
        yield
    except PlanInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
