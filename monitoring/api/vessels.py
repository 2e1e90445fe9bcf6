"""GET and POST /vessels, GET and PATCH /vessels/<vessel>, POST /vessels/of-groups."""

from dataclasses import asdict
from typing import ClassVar

from django.http import HttpResponsePermanentRedirect
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DESIGN
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import vessel_fields as fields
from monitoring.api.alarms import CHANGED, body_of
from monitoring.api.batch_errors import acting, errors_as_answers
from monitoring.api.fields import parameters
from monitoring.api.notification_rows import body_as
from monitoring.batches import vessels
from monitoring.batches.finding import find_vessel
from monitoring.batches.reading import all_vessels, vessel_in_full, vessel_json
from monitoring.batches.vessels_of_groups import make_of_groups, preview_of_groups
from monitoring.models import Vessel

SLUG = "[A-Za-z][A-Za-z0-9_.-]{0,63}"
VESSEL = OpenApiParameter("vessel", str, OpenApiParameter.PATH, description="The vessel's name.")
MOVED = {301: fields.MOVED, 404: schemas.NOT_FOUND}


class VesselViewSet(ViewSet):
    """List, make, change and rename vessels."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update", "of_groups"), DESIGN)
    lookup_value_regex = SLUG
    lookup_field = "vessel"

    @extend_schema(
        operation_id="getVessels",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[fields.VesselListSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.VesselSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List the vessels by name, each with its tags and the running batch."""
        chosen = parameters(fields.VesselListSerializer, request).validated_data
        rows = all_vessels()
        rows = rows.filter(is_active=chosen["active"]) if "active" in chosen else rows
        return Response([vessel_json(vessel) for vessel in rows])

    @extend_schema(
        operation_id="getVessel",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.VesselSerializer, also=MOVED),
    )
    def retrieve(self, request: Request, vessel: str) -> HttpResponsePermanentRedirect | Response:
        """Return one vessel. A former name is answered 301, with the address now."""
        with errors_as_answers():
            found = find_vessel(vessel)
        if found.name != vessel:
            return moved_to(request, "vessel-detail", found)
        return shown(found)

    @extend_schema(
        operation_id="makeVessel",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.MakeVesselSerializer,
        examples=[fields.VESSEL],
        responses={
            **schemas.reads(None, also={**CHANGED, 409: fields.NAME_TAKEN}),
            200: None,
            201: fields.VesselSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Make a vessel; then bind tags to it. For the role engineer."""
        asked = body_as(request, fields.MakeVesselSerializer, "name").changes
        with acting(request) as actor:
            made = vessels.make_vessel(**asked, actor=actor)
        return shown(made, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeVessel",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[VESSEL, schemas.RETRY_AFTER],
        request=fields.ChangeVesselSerializer,
        responses=schemas.reads(
            fields.VesselSerializer,
            also={**CHANGED, 404: schemas.NOT_FOUND, 409: fields.NAME_TAKEN},
        ),
    )
    def partial_update(self, request: Request, vessel: str) -> Response:
        """Change or rename a vessel. For the role engineer.

        After a new name, the former one stays reserved: its addresses are answered 301, and changes sent to
        them reach the vessel.
        """
        asked = body_as(request, fields.ChangeVesselSerializer, "the fields to change").changes
        with acting(request) as actor:
            changed = vessels.change_vessel(vessel, asked, actor=actor)
        return shown(changed)

    @extend_schema(
        operation_id="makeVesselsOfGroups",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.OfGroupsSerializer,
        responses=schemas.reads(fields.OfGroupsShape, also={**CHANGED, 409: fields.ROLE_TAKEN}),
    )
    @action(detail=False, methods=["post"], url_path="of-groups", url_name="of-groups")
    def of_groups(self, request: Request) -> Response:
        """Make a vessel of each group of tags; roles are guessed by unit and name. For the role engineer.

        `dry_run` shows what would be made. Groups whose vessel exists are left alone: see `problem`.
        """
        asked = body_of(request, fields.OfGroupsSerializer, "groups and dry_run")
        groups = asked.get("groups")
        with acting(request) as actor:
            is_preview = asked["dry_run"]
            found = preview_of_groups(groups) if is_preview else make_of_groups(groups, actor=actor)
        return Response({"dry_run": asked["dry_run"], "vessels": [asdict(each) for each in found]})


def shown(vessel: Vessel, code: int = status.HTTP_200_OK) -> Response:
    """Return the answer that shows a vessel as stored now."""
    return Response(vessel_json(vessel_in_full(vessel.pk)), status=code)


def moved_to(request: Request, route: str, vessel: Vessel) -> HttpResponsePermanentRedirect:
    """Return the answer to a former name: the address now, with the same query.

    No client may store it: after a vessel gets a former name back, stored answers would lead in a circle.
    """
    query = request.META.get("QUERY_STRING", "")
    address = reverse(route, kwargs={"vessel": vessel.name})
    answer = HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
    answer["Cache-Control"] = "no-store"
    return answer
