"""GET and POST /vessels/<vessel>/tags, PATCH and DELETE /vessels/<vessel>/tags/<id>."""

from typing import ClassVar

from django.http import HttpResponsePermanentRedirect
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DESIGN
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import vessel_fields as fields
from monitoring.api.alarms import CHANGED
from monitoring.api.batch_errors import acting, errors_as_answers
from monitoring.api.notification_rows import body_as
from monitoring.api.vessels import MOVED, VESSEL, moved_to
from monitoring.batches import vessels
from monitoring.batches.finding import find_vessel
from monitoring.batches.reading import binding_json

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The binding's id.")
REFUSED = {**CHANGED, 404: schemas.NOT_FOUND, 409: fields.ROLE_TAKEN}


class VesselTagViewSet(ViewSet):
    """List, bind, change and unbind the tags of a vessel."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update", "destroy"), DESIGN)

    @extend_schema(
        operation_id="getVesselTags",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.BindingShape(many=True), also=MOVED),
    )
    def list(self, request: Request, vessel: str) -> HttpResponsePermanentRedirect | Response:
        """List the tags of a vessel, in the order in which they were bound, also those of the past."""
        with errors_as_answers():
            found = find_vessel(vessel)
        if found.name != vessel:
            return moved_to(request, "vessel-tags", found)
        rows = found.bindings.select_related("tag").order_by("id")
        return Response([binding_json(binding) for binding in rows])

    @extend_schema(
        operation_id="bindTag",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, schemas.RETRY_AFTER],
        request=fields.BindSerializer,
        examples=[fields.BINDING],
        responses={**schemas.reads(None, also=REFUSED), 200: None, 201: fields.BindingShape},
    )
    def create(self, request: Request, vessel: str) -> Response:
        """Bind a tag to a vessel in a role. For the role engineer.

        At any time a tag is on one vessel, unless all its bindings are shared; and a vessel has one tag for a
        role and function, except the role other.
        """
        asked = body_as(request, fields.BindSerializer, "tag and role").changes
        with acting(request) as actor:
            made = vessels.bind(vessel, asked.pop("tag"), **asked, actor=actor)
        return Response(binding_json(made), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeBinding",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, ID, schemas.RETRY_AFTER],
        request=fields.ChangeBindingSerializer,
        responses=schemas.reads(fields.BindingShape, also=REFUSED),
    )
    def partial_update(self, request: Request, vessel: str, id: str) -> Response:
        """Change a binding. To move a tag to another vessel, set the end here, then bind it there."""
        asked = body_as(request, fields.ChangeBindingSerializer, "the fields to change").changes
        with acting(request) as actor:
            changed = vessels.change_binding(vessel, int(id), asked, actor=actor)
        return Response(binding_json(changed))

    @extend_schema(
        operation_id="unbindTag",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, ID, schemas.RETRY_AFTER],
        responses={**schemas.reads(None, also={404: schemas.NOT_FOUND}), 200: None, 204: None},
    )
    def destroy(self, request: Request, vessel: str, id: str) -> Response:
        """Delete a binding that was a mistake: past batches lose the tag, too. For the role engineer."""
        with acting(request) as actor:
            vessels.unbind(vessel, int(id), actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)
