"""GET and POST /notes, GET and PATCH /notes/<id>, POST /notes/<id>/withdraw."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import NOTE
from monitoring.access.scopes import WithinScope, can_read_all_tags, refuse_uncovered
from monitoring.alarms import notes
from monitoring.alarms.note_reading import find_note, note_json, read_notes, versions_of
from monitoring.alarms.note_subjects import NoteInputError, tags_by_vessel
from monitoring.alarms.notes import Draft, NoteChangedError, UnknownNoteError
from monitoring.api import note_fields as fields
from monitoring.api import schemas
from monitoring.api.alarms import CHANGED, actor_of, body_of
from monitoring.api.data import with_link
from monitoring.api.errors import BadInput, Conflict
from monitoring.api.exclusions import object_of
from monitoring.api.fields import parameters

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The note's id.")
HAS_CHANGED = OpenApiResponse(schemas.ErrorSerializer, "The note was corrected or withdrawn since.")


class NoteViewSet(ViewSet):
    """List, write, correct and withdraw notes on the process."""

    tag_filter = "query"
    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("create", "partial_update", "withdraw"), NOTE)
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getNotes",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[fields.NoteListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.NoteSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List notes that touch a time range, newest first by default.

        With `tag`, also notes on the tag's group, on its vessel and on the whole plant.
        """
        query = parameters(fields.NoteListSerializer, request)
        chosen = query.validated_data
        page = read_notes(
            query.chosen_notes(is_own_only=not can_read_all_tags(request)),
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.as_json()), page.next)

    @extend_schema(
        operation_id="getNote",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.NoteInFullSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one note with all versions: the text before each correction, its writer and time."""
        note = in_full(int(id))
        refuse_uncovered(request, note["tag"] or "")
        return Response(note)

    @extend_schema(
        operation_id="writeNote",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.WriteNoteSerializer,
        examples=[schemas.NOTE],
        responses={**schemas.reads(None, also=CHANGED), 200: None, 201: fields.NoteInFullSerializer},
    )
    def create(self, request: Request) -> Response:
        """Write a note on a moment or a span, about a tag, a group, a vessel, a batch or the whole plant."""
        asked = body_of(request, fields.WriteNoteSerializer, "text")
        draft = Draft(
            text=asked["text"],
            start=asked.get("start") or datetime.now(UTC),
            end=asked.get("end"),
            tag=asked["tag"],
            group=asked["group"],
            vessel=asked["vessel"],
            batch=asked["batch"],
            kind=asked["kind"],
        )
        with errors_as_answers():
            pk = notes.write(draft, actor=actor_of(request, asked))
        return Response(in_full(pk), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="correctNote",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.CorrectNoteSerializer,
        responses=schemas.reads(
            fields.NoteInFullSerializer, also={**CHANGED, 404: schemas.NOT_FOUND, 409: HAS_CHANGED}
        ),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Correct text, kind or time of a note. The versions before stay readable."""
        asked = fields.CorrectNoteSerializer(data=object_of(request, "version, and the fields to change"))
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        with errors_as_answers():
            notes.correct(
                int(id),
                asked.changes,
                version=given["version"],
                actor=actor_of(request, given),
                reason=given["reason"],
            )
        return Response(in_full(int(id)))

    @extend_schema(
        operation_id="withdrawNote",
        tags=["notes"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.WithdrawNoteSerializer,
        responses=schemas.reads(
            fields.NoteInFullSerializer, also={**CHANGED, 404: schemas.NOT_FOUND, 409: HAS_CHANGED}
        ),
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, id: str) -> Response:
        """Withdraw a note: it leaves lists and charts. It stays readable with `withdrawn=true`."""
        asked = body_of(request, fields.WithdrawNoteSerializer, "version and reason")
        with errors_as_answers():
            notes.withdraw(
                int(id), version=asked["version"], actor=actor_of(request, asked), reason=asked["reason"]
            )
        return Response(in_full(int(id)))


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of notes to those of the API, by status code."""
    try:
        yield
    except UnknownNoteError as error:
        raise NotFound(f"id: {error}") from error
    except NoteInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
    except NoteChangedError as error:
        raise Conflict(str(error)) from error


def in_full(pk: int) -> dict[str, Any]:
    """Return the note with its versions as a JSON object.

    Raises:
        NotFound: no note has this id.
    """
    note = find_note(pk)
    if note is None:
        raise NotFound(f"id: there is no note {pk}; GET /notes lists them")
    tags = tags_by_vessel([note]).get(note.pk, [])
    return {**note_json(note, tags), "versions": versions_of(note)}
