"""GET and POST /windows, GET and PATCH /windows/<id>: maintenance windows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import MAINTAIN
from monitoring.access.scopes import WithinScope
from monitoring.api import notification_fields as fields
from monitoring.api import notification_schemas as shapes
from monitoring.api import schemas
from monitoring.api.alarms import actor_of
from monitoring.api.errors import BadInput
from monitoring.api.notification_rows import ID, READING, body_as, row_of
from monitoring.models import MaintenanceWindow
from monitoring.notifications.reading import window_json
from monitoring.notifications.window_planning import (
    WindowInputError,
    change_window,
    end_window,
    plan_window,
)

SHOWN = 1_000


class WindowViewSet(ViewSet):
    """List, plan, change and end maintenance windows."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = READING | dict.fromkeys(("create", "partial_update"), MAINTAIN)
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getWindows",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.WindowSerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the last 1000 maintenance windows, the latest first. For the role engineer."""
        rows = MaintenanceWindow.objects.select_related("tag")[:SHOWN]
        return Response([window_json(row) for row in rows])

    @extend_schema(
        operation_id="getWindow",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.WindowSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one window. For the role engineer."""
        return Response(window_json(row_of(MaintenanceWindow.objects.select_related("tag"), id)))

    @extend_schema(
        operation_id="planWindow",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.PlanWindowSerializer,
        responses=shapes.changes(shapes.WindowSerializer, created=True),
    )
    def create(self, request: Request) -> Response:
        """Plan a window in which the alarms of a tag, a group or the plant are suppressed by design.

        For the role engineer.
        """
        asked = body_as(request, fields.PlanWindowSerializer, "end and reason")
        now = datetime.now(UTC)
        window = asked.window(start=now, by=actor_of(request, {}).by)
        with errors_as_answers():
            plan_window(window, now=now)
        return Response(window_json(window), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeWindow",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.ChangeWindowSerializer,
        responses=shapes.changes(shapes.WindowSerializer),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Move the end of a window that is not over, or end it at once. For the role engineer."""
        asked = body_as(request, fields.ChangeWindowSerializer, "end, or ended").validated_data
        pk, now = row_of(MaintenanceWindow.objects.all(), id).pk, datetime.now(UTC)
        with errors_as_answers():
            if asked.get("ended"):
                end_window(pk, now=now)
            else:
                change_window(pk, now=now, end=asked.get("end"), reason=asked.get("reason", ""))
        return Response(window_json(row_of(MaintenanceWindow.objects.select_related("tag"), id)))


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of windows to those of the API."""
    try:
        yield
    except WindowInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
