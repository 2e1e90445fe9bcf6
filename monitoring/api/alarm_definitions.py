"""GET and POST /alarm-definitions, GET and PATCH /alarm-definitions/<id>."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DEFINE
from monitoring.access.scopes import WithinScope, refuse_uncovered
from monitoring.alarms.acts import UnknownAlarmError
from monitoring.alarms.definition_reading import (
    API_NAMES,
    definition_json,
    find_definition,
    read_definitions,
    versions_of,
)
from monitoring.alarms.definition_rules import DefinitionError
from monitoring.alarms.definitions import DefinitionExistsError, change, create
from monitoring.api import alarm_schemas, schemas
from monitoring.api.alarms import CHANGED, actor_of
from monitoring.api.data import with_link
from monitoring.api.definition_fields import ChangeSerializer, DefineSerializer, DefinitionListSerializer
from monitoring.api.errors import BadInput, Conflict
from monitoring.api.exclusions import object_of
from monitoring.api.fields import parameters
from monitoring.models import AlarmDefinition

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The definition's id: that of the alarm.")
VERSIONS_SHOWN = 100


class AlarmDefinitionViewSet(ViewSet):
    """List, create and change alarm definitions."""

    tag_filter = "query"
    permission_classes = (WithinScope, MayAct)
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update"), DEFINE)

    @extend_schema(
        operation_id="getAlarmDefinitions",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[DefinitionListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(alarm_schemas.DefinitionSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List the alarm definitions of some or all tags, of groups and of Fermon itself, by id."""
        chosen = parameters(DefinitionListSerializer, request).validated_data
        page = read_definitions(
            tags=chosen.get("tag", ()),
            kind=chosen.get("kind"),
            limit=chosen["limit"],
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.as_json()), page.next)

    @extend_schema(
        operation_id="getAlarmDefinition",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(alarm_schemas.DefinitionInFullSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one definition with its versions: who changed it, when and why."""
        definition = in_full(int(id))
        refuse_uncovered(request, definition["tag"] or "")
        return Response(definition)

    @extend_schema(
        operation_id="defineAlarm",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=DefineSerializer,
        responses={
            **schemas.reads(None, also={**CHANGED, 409: alarm_schemas.EXISTS_ALREADY}),
            200: None,
            201: alarm_schemas.DefinitionInFullSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Define an alarm of a tag. It judges measurements that are stored from now on."""
        asked = DefineSerializer(data=object_of(request, "tag, kind and reason"))
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        definition = AlarmDefinition(tag=given["tag"], kind=given["kind"], **asked.wanted)
        with errors_as_answers():
            create(definition, reason=given["reason"], actor=actor_of(request, given))
        return Response(in_full(definition.pk), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="redefineAlarm",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=ChangeSerializer,
        responses=schemas.reads(
            alarm_schemas.DefinitionInFullSerializer, also={**CHANGED, 404: schemas.NOT_FOUND}
        ),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a definition, or disable it. The versions before stay readable.

        An active alarm is judged by the new version from the next measurement on. A higher priority asks for
        an acknowledgement anew; disabling ends the alarm.
        """
        asked = ChangeSerializer(data=object_of(request, "reason, and the fields to change"))
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        with errors_as_answers():
            change(int(id), asked.wanted, reason=given["reason"], actor=actor_of(request, given))
        return Response(in_full(int(id)))


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of definitions to those of the API, with the API's names of the fields."""
    try:
        yield
    except UnknownAlarmError as error:
        raise NotFound(f"id: {error}") from error
    except DefinitionError as error:
        field = API_NAMES.get(error.field, error.field)
        raise BadInput(f"{field}: {error}", field) from error
    except DefinitionExistsError as error:
        raise Conflict(str(error)) from error


def in_full(pk: int) -> dict[str, Any]:
    """Return the definition with its versions as a JSON object.

    Raises:
        NotFound: no definition has this id.
    """
    definition = find_definition(pk)
    if definition is None:
        raise NotFound(f"id: there is no alarm definition {pk}; GET /alarm-definitions lists them")
    return {**definition_json(definition), "versions": versions_of(definition, limit=VERSIONS_SHOWN)}
