"""GET and POST /file-imports; /file-imports/<id> with content, check, start, cancel, rejected rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, ClassVar

from django.http import FileResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import IMPORT
from monitoring.access.scopes import WithinScope
from monitoring.api import file_import_fields as fields
from monitoring.api import schemas
from monitoring.api.alarms import CHANGED, actor_of, body_of
from monitoring.api.errors import BadInput, Conflict
from monitoring.api.export import ErrorNegotiation
from monitoring.api.fields import parameters
from monitoring.api.parsers import read_body
from monitoring.models import FileImport
from monitoring.sources.file_import import jobs
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.files import StoredFiles
from monitoring.sources.file_import.jobs import WrongStateError
from monitoring.sources.file_import.limits import MOST_BYTES

SHOWN = 200
ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The id.")
WRONG_STATE = OpenApiResponse(schemas.ErrorSerializer, "The import is in another state.")
ACTED = {404: schemas.NOT_FOUND, 409: WRONG_STATE}
FILE: dict[Any, Any] = {(200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY, "The file.")}


class PieceParser(BaseParser):
    """Return a body as bytes."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body, decompressed if necessary.

        Raises:
            APIException: as ``read_body``.
        """
        return read_body(stream, parser_context)


class PieceSerializer(serializers.Serializer[Any]):
    """The place of a piece of a file."""

    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_BYTES, help_text="Of the first byte of the piece."
    )


class FileImportViewSet(ViewSet):
    """Upload, check and import files."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            *("list", "retrieve", "metadata", "create", "partial_update"),
            *("content", "check", "start", "cancel", "rejected"),
        ),
        IMPORT,
    )
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getFileImports",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(fields.FileImportSummarySerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the last 200 imports, the newest first. For the role engineer."""
        rows = FileImport.objects.defer("analysis", "targets", "check_result")[:SHOWN]
        return Response([summary_json(row) for row in rows])

    @extend_schema(
        operation_id="getFileImport",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.FileImportSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one import with all that was understood of the file. For the role engineer."""
        return Response(import_json(row_of(id)))

    @extend_schema(
        operation_id="createFileImport",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.CreateImportSerializer,
        responses={
            **schemas.reads(None, also=CHANGED),
            200: None,
            201: fields.FileImportSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Begin an import; then send the file in pieces to `content`. For the role engineer."""
        asked = body_of(request, fields.CreateImportSerializer, "name and size")
        with errors_as_answers(""):
            row = jobs.create(
                asked["name"], asked["size"], by=actor_of(request, {}).by, zone=asked.get("zone", "")
            )
        return Response(import_json(row), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeFileImport",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.ChangeImportSerializer,
        responses=schemas.reads(fields.FileImportSerializer, also={**CHANGED, **ACTED}),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Set how the file is read, and which tag each series becomes. For the role engineer."""
        asked = body_of(request, fields.ChangeImportSerializer, "settings or targets")
        with errors_as_answers(id):
            row = jobs.change(int(id), asked.get("settings"), asked.get("targets"))
        return Response(import_json(row))

    @extend_schema(
        operation_id="putFileImportContent",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, PieceSerializer, schemas.RETRY_AFTER],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=schemas.reads(fields.FileImportSerializer, also={**CHANGED, **ACTED}),
    )
    @action(detail=True, methods=["put"], parser_classes=[PieceParser])
    def content(self, request: Request, id: str) -> Response:
        """Send the next piece of the file, at most 8 MiB. After the last one the worker reads the file.

        For the role engineer.
        """
        offset = parameters(PieceSerializer, request).validated_data["offset"]
        piece = request.data if isinstance(request.data, bytes) else b""
        with errors_as_answers(id):
            row = jobs.receive(int(id), piece, offset)
        return Response(import_json(row))

    @extend_schema(
        operation_id="checkFileImport",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=None,
        responses=schemas.reads(fields.FileImportSerializer, also={400: schemas.BAD_INPUT, **ACTED}),
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, id: str) -> Response:
        """Have the worker do a dry run, which stores nothing. For the role engineer."""
        with errors_as_answers(id):
            return Response(import_json(jobs.request_check(int(id))))

    @extend_schema(
        operation_id="startFileImport",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=None,
        responses=schemas.reads(fields.FileImportSerializer, also={400: schemas.BAD_INPUT, **ACTED}),
    )
    @action(detail=True, methods=["post"])
    def start(self, request: Request, id: str) -> Response:
        """Make the new tags and have the worker import a checked file. For the role engineer."""
        with errors_as_answers(id):
            return Response(import_json(jobs.start(int(id), by=actor_of(request, {}).by)))

    @extend_schema(
        operation_id="cancelFileImport",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=None,
        responses=schemas.reads(fields.FileImportSerializer, also=ACTED),
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> Response:
        """Cancel an import and delete the file; readings that are stored stay. For the role engineer."""
        with errors_as_answers(id):
            return Response(import_json(jobs.cancel(int(id))))

    @extend_schema(
        operation_id="getFileImportRejected",
        tags=["imports"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses={**FILE, 404: schemas.NOT_FOUND, **schemas.REFUSED},
    )
    @action(detail=True, methods=["get"], content_negotiation_class=ErrorNegotiation)
    def rejected(self, request: Request, id: str) -> HttpResponseBase:
        """Return the rejected rows of an import as CSV: row, tag, reason, message. For the role engineer."""
        return rejected_file(row_of(id))


def rejected_file(row: FileImport) -> FileResponse:
    """Return the response with the rejected rows of an import.

    Raises:
        NotFound: the import has not begun, or its files were deleted.
    """
    try:
        file = StoredFiles(row.pk).rejected.open("rb")
    except OSError as error:
        raise NotFound(f"id: there are no rejected rows of import {row.pk}") from error
    return FileResponse(
        file, as_attachment=True, filename=f"rejected-{row.pk}.csv", content_type="text/csv; charset=utf-8"
    )


@contextmanager
def errors_as_answers(id: str) -> Iterator[None]:
    """Convert the errors of imports to those of the API, by status code."""
    try:
        yield
    except FileImport.DoesNotExist as error:
        raise unknown(id) from error
    except WrongStateError as error:
        raise Conflict(f"state: {error}") from error
    except ImportInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error


def unknown(id: str) -> NotFound:
    """Return the error of an id that no import has."""
    return NotFound(f"id: there is no import {id}")


def row_of(id: str) -> FileImport:
    """Return the import with this id.

    Raises:
        NotFound: there is none.
    """
    row = FileImport.objects.filter(pk=int(id)).first()
    if row is None:
        raise unknown(id)
    return row


def summary_json(row: FileImport) -> dict[str, Any]:
    """Return an import without settings, series and preview."""
    names = ("name", "size", "received", "state", "error", "rows", "position", "by")
    times = ("created_at", "begun_at", "ended_at")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in (*names, *times)},
        "counts": row.counts or None,
    }


def import_json(row: FileImport) -> dict[str, Any]:
    """Return an import in full."""
    settings = {name: value for name, value in row.format.items() if name != "is_workbook"}
    return {
        **summary_json(row),
        "settings": settings or None,
        **{name: row.analysis.get(name, []) for name in ("unsure", "series", "preview", "sheets")},
        "targets": row.targets,
        "check_result": row.check_result or None,
    }
