"""GET and POST /batches, GET and PATCH /batches/<id>, and the acts on a batch."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import CONDUCT, DESIGN
from monitoring.access.scopes import WithinScope
from monitoring.api import batch_fields as fields
from monitoring.api import schemas
from monitoring.api.alarms import CHANGED, body_of
from monitoring.api.batch_errors import acting, errors_as_answers, source_of
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.data import with_link
from monitoring.api.fields import parameters
from monitoring.api.notification_rows import body_as
from monitoring.batches import corrections, lifecycle
from monitoring.batches.finding import find_batch
from monitoring.batches.reading import batch_json, read_batches

ACTS = ("create", "partial_update", "start", "inoculate", "phases", "end", "abort", "moments", "confirm")


def act_schema(name: str, body: Any) -> Callable[[Any], Any]:
    """Return the decorator that describes an act on one batch."""
    return extend_schema(
        operation_id=name,
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        request=body,
        responses=schemas.reads(
            fields.ProcessBatchSerializer,
            also={**CHANGED, 404: schemas.NOT_FOUND, 409: fields.HAS_CHANGED},
        ),
    )


class BatchViewSet(ViewSet):
    """List, start, conduct and correct batches."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = {**dict.fromkeys(ACTS, CONDUCT), "golden": DESIGN}
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getBatches",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[fields.BatchListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.ProcessBatchSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List batches that touch a time range: planned ones first, then by start, newest first."""
        query = parameters(fields.BatchListSerializer, request)
        chosen = query.validated_data
        page = read_batches(query.selection, limit=chosen["limit"], after=chosen.get("cursor"))
        return with_link(request, Response(page.as_json()), page.next)

    @extend_schema(
        operation_id="getBatch",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.ProcessBatchSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one batch with its phases."""
        return shown(int(id))

    @extend_schema(
        operation_id="startBatch",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.StartBatchSerializer,
        examples=[fields.START],
        responses={
            **schemas.reads(None, also={**CHANGED, 404: schemas.NOT_FOUND, 409: fields.OVERLAPS}),
            200: None,
            201: fields.ProcessBatchSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Start a batch, plan one, or record one of the past (with `end`). For the role operator.

        No two batches of a vessel overlap: 409 names the other one. `end_previous` ends it at the start.
        """
        asked = body_as(request, fields.StartBatchSerializer, "vessel")
        new, given = asked.batch(source_of(request)), asked.validated_data
        act = lifecycle.plan_batch if given["planned"] else lifecycle.start_batch
        with acting(request, given["by"]) as actor:
            made = act(new, actor=actor)
        return shown(made.pk, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeBatch",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        request=fields.ChangeBatchSerializer,
        responses=schemas.reads(
            fields.ProcessBatchSerializer,
            also={**CHANGED, 404: schemas.NOT_FOUND, 409: fields.HAS_CHANGED},
        ),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change the header of a batch, at any time. For the role operator."""
        asked = body_of(request, fields.ChangeBatchSerializer, "the fields to change")
        changes = {name: value for name, value in asked.items() if name not in ("by", "revision")}
        return self.act(request, id, asked, corrections.edit_batch, changes)

    @act_schema("startPlannedBatch", fields.StartPlannedSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, id: str) -> Response:
        """Start a planned batch."""
        asked = body_of(request, fields.StartPlannedSerializer, "at, if not now")
        also = {"at": asked.get("at"), "end_previous_too": asked["end_previous"]}
        return self.act(request, id, asked, lifecycle.start_planned, source=source_of(request), **also)

    @act_schema("inoculateBatch", fields.TimedActSerializer)
    @action(detail=True, methods=["post"])
    def inoculate(self, request: Request, id: str) -> Response:
        """Set or correct the time of the inoculation: elapsed time counts from there.

        The first phase of the recipe begins with it.
        """
        asked = body_of(request, fields.TimedActSerializer, "at, if not now")
        return self.act(
            request, id, asked, lifecycle.inoculate, at=asked.get("at"), source=source_of(request)
        )

    @act_schema("enterPhase", fields.EnterPhaseSerializer)
    @action(detail=True, methods=["post"])
    def phases(self, request: Request, id: str) -> Response:
        """End the present phase and begin the next."""
        asked = body_of(request, fields.EnterPhaseSerializer, "phase and at")
        also = {"at": asked.get("at"), "source": source_of(request)}
        return self.act(request, id, asked, lifecycle.enter_phase, asked["phase"], **also)

    @act_schema("endBatch", fields.EndBatchSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, id: str) -> Response:
        """End a running batch as complete."""
        asked = body_of(request, fields.EndBatchSerializer, "at, if not now")
        return self.finish(request, id, asked, is_aborted=False)

    @act_schema("abortBatch", fields.AbortBatchSerializer)
    @action(detail=True, methods=["post"])
    def abort(self, request: Request, id: str) -> Response:
        """End a running batch as aborted, with the reason."""
        asked = body_of(request, fields.AbortBatchSerializer, "reason")
        return self.finish(request, id, asked, is_aborted=True)

    @act_schema("moveMoment", fields.MoveMomentSerializer)
    @action(detail=True, methods=["post"])
    def moments(self, request: Request, id: str) -> Response:
        """Correct the time of the start, the inoculation, a phase's begin or the end, also afterwards."""
        asked = body_of(request, fields.MoveMomentSerializer, "moment and at")
        source = source_of(request)
        if asked["moment"] != "phase":
            moment = (asked["moment"], asked["at"])
            return self.act(request, id, asked, corrections.move_moment, *moment, source=source)
        position = asked["position"]
        if asked["at"] is None:
            return self.act(request, id, asked, corrections.remove_last_phase, position)
        return self.act(request, id, asked, corrections.move_phase, position, asked["at"], source=source)

    @act_schema("confirmMoments", fields.ConfirmMomentsSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, id: str) -> Response:
        """Confirm moments that rules have made: late data move them no more."""
        asked = body_of(request, fields.ConfirmMomentsSerializer, "moment, or nothing for all")
        position = asked.get("position")
        return self.act(request, id, asked, corrections.confirm, asked.get("moment", ""), position=position)

    @act_schema("markGolden", fields.GoldenSerializer)
    @action(detail=True, methods=["post"])
    def golden(self, request: Request, id: str) -> Response:
        """Mark a complete batch as golden, or exclude a batch from comparison. For the role engineer."""
        asked = body_of(request, fields.GoldenSerializer, "golden")
        return self.act(
            request,
            id,
            asked,
            corrections.mark_batch,
            is_golden=asked.get("golden"),
            excluded_reason=asked.get("excluded_reason"),
        )

    def finish(self, request: Request, id: str, asked: dict[str, Any], *, is_aborted: bool) -> Response:
        """Apply the end of a batch."""
        also = {"at": asked.get("at"), "reason": asked["reason"], "source": source_of(request)}
        return self.act(request, id, asked, lifecycle.end_batch, is_aborted=is_aborted, **also)

    def act(
        self,
        request: Request,
        id: str,
        asked: dict[str, Any],
        act: Callable[..., Any],
        *arguments: Any,
        **options: Any,
    ) -> Response:
        """Apply an act to a batch that is still as the caller saw it, and return the batch."""
        with (
            acting(request, asked["by"] if "by" in asked else asked["name"]) as actor,
            corrections.as_seen(int(id), asked.get("revision")),
        ):
            act(int(id), *arguments, actor=actor, **options)
        return shown(int(id))


def shown(pk: int, code: int = status.HTTP_200_OK) -> Response:
    """Return the answer that shows a batch as stored now."""
    with errors_as_answers():
        return Response(batch_json(find_batch(pk)), status=code)
