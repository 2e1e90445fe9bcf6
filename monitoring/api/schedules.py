"""GET and POST /schedules, GET and PATCH /schedules/<id>: on-call rotations."""

from datetime import UTC, datetime
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
from monitoring.api.notification_rows import ID, RIGHTS, body_as, row_of
from monitoring.api.routes import errors_as_answers
from monitoring.models import Schedule
from monitoring.notifications.plan_writing import write_schedule
from monitoring.notifications.reading import all_schedules, schedule_json


class ScheduleViewSet(ViewSet):
    """List, make and change schedules."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = RIGHTS
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getSchedules",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.ScheduleSerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the schedules, each with the person on duty now. For the role engineer."""
        return Response([schedule_json(row, datetime.now(UTC)) for row in all_schedules()])

    @extend_schema(
        operation_id="getSchedule",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.ScheduleSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one schedule. For the role engineer."""
        return answer(id)

    @extend_schema(
        operation_id="makeSchedule",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.MakeScheduleSerializer,
        responses=shapes.changes(shapes.ScheduleSerializer, created=True),
    )
    def create(self, request: Request) -> Response:
        """Make a schedule with its members, in turn. For administrators."""
        asked = body_as(request, fields.MakeScheduleSerializer, "name, starts_on and members")
        schedule = Schedule()
        with errors_as_answers():
            write_schedule(schedule, *asked.apply(schedule))
        return answer(str(schedule.pk), status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeSchedule",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.ChangeScheduleSerializer,
        responses=shapes.changes(shapes.ScheduleSerializer),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a schedule or its stand-ins. For administrators."""
        asked = body_as(request, fields.ChangeScheduleSerializer, "the fields to change")
        schedule = row_of(Schedule.objects.all(), id)
        with errors_as_answers():
            write_schedule(schedule, *asked.apply(schedule))
        return answer(id)


def answer(pk: str, code: int = status.HTTP_200_OK) -> Response:
    """Return the schedule with this id as it is now.

    Raises:
        NotFound: no schedule has this id.
    """
    return Response(schedule_json(row_of(all_schedules(), pk), datetime.now(UTC)), status=code)
