"""GET and POST /batches/<id>/annotations: notes on a batch, and on its vessel in the time of the batch."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import NOTE
from monitoring.access.scopes import WithinScope
from monitoring.alarms import notes
from monitoring.alarms.note_reading import NoteSelection, read_notes
from monitoring.alarms.notes import Draft
from monitoring.api import note_fields as fields
from monitoring.api import schemas
from monitoring.api.alarms import CHANGED, actor_of, body_of
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.data import with_link
from monitoring.api.fields import parameters
from monitoring.api.notes import errors_as_answers as note_errors_as_answers
from monitoring.api.notes import in_full
from monitoring.batches.elapsed import elapsed_of
from monitoring.batches.finding import find_batch
from monitoring.history.measurements import Selection
from monitoring.kernel.clock import parse_timestamp
from monitoring.models import Batch


class AnnotationSerializer(fields.NoteSerializer):
    """A note with its times as elapsed time of the batch."""

    elapsed_h = serializers.FloatField(help_text="Of the start. Hours since the inoculation.")
    end_elapsed_h = serializers.FloatField(allow_null=True)


class AnnotationInFullSerializer(fields.NoteInFullSerializer, AnnotationSerializer):
    """The same with all versions."""


class AnnotationViewSet(ViewSet):
    """List and write the notes of a batch."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = {"create": NOTE}

    @extend_schema(
        operation_id="getAnnotations",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, fields.AnnotationListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(
            AnnotationSerializer(many=True), also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def list(self, request: Request, id: str) -> Response:
        """List the notes on a batch, and those on its vessel in the time of the batch, oldest first."""
        chosen = parameters(fields.AnnotationListSerializer, request).validated_data
        batch = batch_named(id)
        selection = NoteSelection(
            Selection(), with_withdrawn=chosen["withdrawn"], batch=batch.pk, kind=chosen.get("kind", "")
        )
        page = read_notes(
            selection,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response([timed(batch, note) for note in page.as_json()]), page.next)

    @extend_schema(
        operation_id="writeAnnotation",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        request=fields.WriteAnnotationSerializer,
        responses={
            **schemas.reads(None, also={**CHANGED, 404: schemas.NOT_FOUND}),
            200: None,
            201: AnnotationInFullSerializer,
        },
    )
    def create(self, request: Request, id: str) -> Response:
        """Write a note on the batch. Notes are corrected and withdrawn at `/notes/<id>`."""
        asked = body_of(request, fields.WriteAnnotationSerializer, "text")
        batch = batch_named(id)
        draft = Draft(
            text=asked["text"],
            start=asked.get("start") or datetime.now(UTC),
            end=asked.get("end"),
            tag=asked["tag"],
            batch=batch.pk,
            kind=asked["kind"],
        )
        with note_errors_as_answers():
            pk = notes.write(draft, actor=actor_of(request, asked))
        return Response(timed(batch, in_full(pk)), status=status.HTTP_201_CREATED)


def batch_named(id: str) -> Batch:
    """Return the batch of the address.

    Raises:
        NotFound: there is none.
    """
    with errors_as_answers():
        return find_batch(int(id))


def timed(batch: Batch, note: dict[str, Any]) -> dict[str, Any]:
    """Return the note with its times as elapsed time of the batch."""
    start, end = (
        None if time is None else round(elapsed_of(batch, parse_timestamp(time)), 6)
        for time in (note["start"], note["end"])
    )
    return {**note, "elapsed_h": start, "end_elapsed_h": end}
