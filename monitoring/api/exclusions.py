"""GET and POST /exclusions, GET /exclusions/<id>, POST /exclusions/<id>/revoke."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.callers import address_of
from monitoring.access.permissions import MayAct
from monitoring.access.roles import EXCLUDE
from monitoring.access.scopes import WithinScope, refuse_uncovered
from monitoring.api import schemas
from monitoring.api.data import with_link
from monitoring.api.errors import BadInput, Conflict
from monitoring.api.fields import ExcludeSerializer, PageSerializer, RevokeSerializer, parameters
from monitoring.history.exclusions import StoredExclusion, find_exclusion, read_exclusions
from monitoring.ingest.exclusions import (
    AlreadyRevokedError,
    Choice,
    ExclusionError,
    Preview,
    UnknownExclusionError,
    choice_of_ids,
    choice_of_range,
    exclude,
    preview,
    revoke,
)
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.quoting import shown

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The exclusion's id.")
CHANGED = {400: schemas.BAD_INPUT, 411: schemas.NO_LENGTH, 413: schemas.TOO_LARGE, 415: schemas.NOT_JSON}


class ExclusionViewSet(ViewSet):
    """List, create and revoke exclusions of wrong measurements."""

    tag_filter = "query"
    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = {"create": EXCLUDE, "revoke": EXCLUDE}
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getExclusions",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[PageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.ExclusionSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List exclusions of some or all tags that overlap a time range, newest first by default."""
        query = parameters(PageSerializer, request)
        chosen = query.validated_data
        page = read_exclusions(
            query.selection,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.as_json()), page.next)

    @extend_schema(
        operation_id="getExclusion",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.ExclusionSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one exclusion and the progress of excluding or including the measurements."""
        exclusion = found(int(id))
        refuse_uncovered(request, exclusion.tag)
        return Response(exclusion.as_json())

    @extend_schema(
        operation_id="exclude",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        examples=[schemas.EXCLUSION],
        request=schemas.ExcludeShape,
        responses={
            **schemas.reads(schemas.PreviewSerializer, also=CHANGED),
            201: schemas.ExclusionSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Exclude measurements of one tag, by time range or by id, from charts, totals and rules.

        Excluded measurements stay stored and can be included again. `dry_run` counts the measurements
        and changes nothing. If an exclusion takes longer than five seconds, the worker completes the
        exclusion: see `complete`.
        """
        asked = ExcludeSerializer(data=object_of(request, "tag, from, to and reason, or ids and reason"))
        asked.is_valid(raise_exception=True)
        try:
            choice = choice_of(asked.validated_data)
            if asked.validated_data["dry_run"]:
                return Response(preview_json(preview(choice)))
            made = exclude(choice, reason=asked.validated_data["reason"], by=who(request))
        except ExclusionError as error:
            raise BadInput(f"{error.field}: {error}", error.field) from error
        return Response(found(made.pk).as_json(), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="revokeExclusion",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=schemas.RevokeShape,
        responses=schemas.reads(
            schemas.ExclusionSerializer,
            also={**CHANGED, 404: schemas.NOT_FOUND, 409: schemas.REVOKED_ALREADY},
        ),
    )
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, id: str) -> Response:
        """Revoke an exclusion: include the measurements again."""
        asked = RevokeSerializer(data=object_of(request, "reason"))
        asked.is_valid(raise_exception=True)
        try:
            revoke(int(id), reason=asked.validated_data["reason"], by=who(request))
        except UnknownExclusionError as error:
            raise unknown(id) from error
        except AlreadyRevokedError as error:
            raise Conflict("These measurements are included again already.") from error
        return Response(found(int(id)).as_json())


def object_of(request: Request, expected: str) -> dict[str, Any]:
    """Return the JSON object in the request body.

    Raises:
        BadInput: the body is not a JSON object.
    """
    if not isinstance(request.data, dict):
        raise BadInput(f"body: expected an object with {expected}, got {shown(request.data)}", "body")
    return request.data


def choice_of(asked: dict[str, Any]) -> Choice:
    """Return the measurements to exclude, selected by id or by tag and time range.

    Raises:
        ExclusionError: the measurements cannot be excluded.
    """
    if "ids" in asked:
        return choice_of_ids(asked["ids"])
    return choice_of_range(asked["tag"], asked["from"], asked["to"])


def preview_json(found: Preview) -> dict[str, Any]:
    """Return the JSON object of the response to a dry run."""
    return {
        "tag": found.choice.tag,
        "from": iso_utc(found.choice.start),
        "to": iso_utc(found.choice.end),
        "measurements": found.measurements,
        "anomalies": found.anomalies,
        "first": None if found.first is None else iso_utc(found.first),
        "last": None if found.last is None else iso_utc(found.last),
    }


def who(request: Request) -> str:
    """Return the caller to record: the user name, or the address for a caller without login."""
    user = request.user
    return str(user) if user and user.is_authenticated else f"somebody at {address_of(request)}"


def found(pk: int) -> StoredExclusion:
    """Return the exclusion with this id.

    Raises:
        NotFound: no exclusion has this id.
    """
    exclusion = find_exclusion(pk)
    if exclusion is None:
        raise unknown(str(pk))
    return exclusion


def unknown(pk: str) -> NotFound:
    """Return the error for an id without an exclusion."""
    return NotFound(f"id: there is no exclusion {pk}; GET /exclusions lists them")
