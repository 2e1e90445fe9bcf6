"""GET and POST /profiles, GET /profiles/<id>, POST /profiles/preview, POST /batches/<id>/profile."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DESIGN
from monitoring.access.scopes import WithinScope
from monitoring.api import profile_fields as fields
from monitoring.api import schemas
from monitoring.api.alarms import CHANGED, actor_of, body_of
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.fields import parameters
from monitoring.batches.finding import find_profile
from monitoring.batches.golden import freezing
from monitoring.batches.golden.profile_reading import (
    preview_json,
    profile_in_full,
    profile_json,
    read_profiles,
)
from monitoring.batches.reading import version_json

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The profile's id.")
JUST_FROZEN = OpenApiResponse(schemas.ErrorSerializer, "Another version was frozen just now.")
ENDED = OpenApiResponse(schemas.ErrorSerializer, "The batch has ended.")


class ProfileViewSet(ViewSet):
    """List, preview and freeze golden profiles. A profile is never changed or deleted."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "preview"), DESIGN)
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getProfiles",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[fields.ProfileListSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.ProfileSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List the golden profiles, newest first; at most 1,000."""
        chosen = parameters(fields.ProfileListSerializer, request).validated_data
        rows = read_profiles(chosen.get("recipe", ""), chosen.get("profile", ""))
        return Response([profile_json(profile) for profile in rows])

    @extend_schema(
        operation_id="getProfile",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.ProfileInFullSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one profile: its batches with scores, coordinates, and whether its inputs have changed."""
        with errors_as_answers():
            return Response(profile_in_full(find_profile(int(id))))

    @extend_schema(
        operation_id="freezeProfile",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.FreezeSerializer,
        responses={
            **schemas.reads(None, also={**CHANGED, 404: schemas.NOT_FOUND, 409: JUST_FROZEN}),
            200: None,
            201: fields.ProfileInFullSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Freeze the profile of golden batches as the next version of its name. For the role engineer.

        The newest profile of a recipe is that of the recipe's next batches.
        """
        asked = body_of(request, fields.FreezeSerializer, "name and batches")
        new = freezing.NewProfile(asked["name"], asked["batches"], asked["recipe"], asked["note"])
        with errors_as_answers():
            profile = freezing.freeze(new, actor=actor_of(request, {}))
        return Response(profile_in_full(profile), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="previewProfile",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.ChooseBatchesSerializer,
        responses=schemas.reads(
            fields.ProfilePreviewSerializer, also={**CHANGED, 404: schemas.NOT_FOUND, 409: JUST_FROZEN}
        ),
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """Fit the profile of complete batches without storing it: the score of each against the others.

        For the role engineer.
        """
        asked = body_of(request, fields.ChooseBatchesSerializer, "batches")
        with errors_as_answers():
            return Response(preview_json(freezing.preview(asked["batches"], asked["recipe"])))


class BatchProfileViewSet(ViewSet):
    """Choose the profile of a batch."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = {"create": DESIGN}

    @extend_schema(
        operation_id="chooseBatchProfile",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        request=fields.ChooseProfileSerializer,
        responses=schemas.reads(
            fields.ChosenProfileSerializer, also={**CHANGED, 404: schemas.NOT_FOUND, 409: ENDED}
        ),
    )
    def create(self, request: Request, id: str) -> Response:
        """Compare a running or planned batch with another profile. For the role engineer."""
        asked = body_of(request, fields.ChooseProfileSerializer, "profile")
        with errors_as_answers():
            batch = freezing.set_profile(int(id), asked["profile"], actor=actor_of(request, {}))
        return Response({"batch": batch.pk, "profile": version_json(batch.profile)})
