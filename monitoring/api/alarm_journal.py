"""GET /alarms/journal."""

from itertools import chain
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.alarms.journal import JournalSelection, read_journal
from monitoring.alarms.journal_export import FORMATS, read_journal_pages
from monitoring.api import alarm_schemas, schemas
from monitoring.api.alarm_fields import JournalSerializer
from monitoring.api.data import with_link
from monitoring.api.export import ErrorNegotiation, with_encoding
from monitoring.api.fields import parameters

FILES: dict[Any, Any] = {
    (200, media_type): OpenApiResponse(OpenApiTypes.BINARY, "The file.") for media_type, _ in FORMATS.values()
}
PAGE: dict[Any, Any] = {(200, "application/json"): alarm_schemas.JournalLineSerializer(many=True)}


class AlarmJournalView(APIView):
    """Read the journal of alarms."""

    content_negotiation_class = ErrorNegotiation
    tag_filter = "query"

    @extend_schema(
        operation_id="getAlarmJournal",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[JournalSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses={**PAGE, **FILES, 400: schemas.BAD_INPUT, **schemas.REFUSED},
    )
    @reads_replica
    def get(self, request: Request) -> HttpResponseBase:
        """Read what alarms and people did, newest first by default; a line never changes.

        `from` and `to` are times of the server. As a file (`format`), all selected lines come, oldest first.
        """
        query = parameters(JournalSerializer, request)
        chosen = query.validated_data
        if chosen["format"] in FORMATS:
            return file_of(request, query.lines, chosen["format"])
        page = read_journal(
            query.lines,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.as_json()), page.next)


def file_of(request: Request, lines: JournalSelection, ending: str) -> HttpResponseBase:
    """Return the selected lines as a download."""
    media_type, write = FORMATS[ending]
    pages = read_journal_pages(lines)
    first = next(pages)  # read before the response starts: an error can still change the status
    pieces = write(chain([first], pages)) if request.method == "GET" else iter(())
    response = StreamingHttpResponse(pieces, content_type=media_type)
    name = f"fermon-alarm-journal.{ending}"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return with_encoding(request, response)
