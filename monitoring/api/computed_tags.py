"""/vessels/<vessel>/computed-tags: list and add; with /<tag>: read, change and delete computed tags."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DESIGN
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import soft_sensor_schemas as shapes
from monitoring.api.alarms import CHANGED, body_of
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.vessels import VESSEL
from monitoring.batches import computed_tags
from monitoring.batches.computed_tags import computed_tag_json

TAG = OpenApiParameter("tag", str, OpenApiParameter.PATH, description="The computed tag's name.")
NAME_TAKEN = OpenApiResponse(schemas.ErrorSerializer, "The name is used, or the vessel has too many.")
CHANGES = {**CHANGED, 404: schemas.NOT_FOUND, 409: NAME_TAKEN}


class ComputedTagViewSet(ViewSet):
    """List, add, change and delete the computed tags of a vessel."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update", "destroy"), DESIGN)

    @extend_schema(
        operation_id="getComputedTags",
        tags=["vessels"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.ComputedTagShape(many=True), also={404: schemas.NOT_FOUND}),
    )
    def list(self, request: Request, vessel: str) -> Response:
        """List the computed tags of a vessel. Their values: `GET /batches/<id>/soft-sensors`."""
        with errors_as_answers():
            found = computed_tags.computed_tags_of(vessel)
        return Response([computed_tag_json(tag) for tag in found])

    @extend_schema(
        operation_id="getComputedTag",
        tags=["vessels"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, TAG, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.ComputedTagShape, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, vessel: str, tag: str) -> Response:
        """Return one computed tag."""
        with errors_as_answers():
            found = computed_tags.find_computed_tag(vessel, tag)
        return Response(computed_tag_json(found))

    @extend_schema(
        operation_id="addComputedTag",
        tags=["vessels"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, schemas.RETRY_AFTER],
        request=shapes.NewComputedTag,
        responses={**schemas.reads(None, also=CHANGES), 200: None, 201: shapes.ComputedTagShape},
    )
    def create(self, request: Request, vessel: str) -> Response:
        """Add a computed tag: arithmetic on tags, computed when read. For the role engineer."""
        asked = body_of(request, shapes.NewComputedTag, "name, expression and unit")
        with errors_as_answers():
            made = computed_tags.add_computed_tag(vessel, asked)
        return Response(computed_tag_json(made), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeComputedTag",
        tags=["vessels"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, TAG, schemas.RETRY_AFTER],
        request=shapes.ChangeComputedTag,
        responses=schemas.reads(shapes.ComputedTagShape, also=CHANGES),
    )
    def partial_update(self, request: Request, vessel: str, tag: str) -> Response:
        """Change a computed tag. Earlier batches are computed by the new expression, too."""
        asked = body_of(request, shapes.ChangeComputedTag, "the fields to change")
        with errors_as_answers():
            changed = computed_tags.change_computed_tag(vessel, tag, asked)
        return Response(computed_tag_json(changed))

    @extend_schema(
        operation_id="deleteComputedTag",
        tags=["vessels"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, TAG, schemas.RETRY_AFTER],
        responses={**schemas.reads(None, also={404: schemas.NOT_FOUND}), 200: None, 204: None},
    )
    def destroy(self, request: Request, vessel: str, tag: str) -> Response:
        """Delete a computed tag."""
        with errors_as_answers():
            computed_tags.delete_computed_tag(vessel, tag)
        return Response(status=status.HTTP_204_NO_CONTENT)
