"""GET /export."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAcceptable, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.api import schemas
from monitoring.api.fields import ExportSerializer, parameters
from monitoring.history.export import RAW, Download, TooLargeError, open_table
from monitoring.history.export_formats import FORMATS
from monitoring.history.measurements import Selection
from monitoring.sources.simulator.demo_tags import simulated_share

FILES: dict[Any, Any] = {
    (200, each.media_type): OpenApiResponse(OpenApiTypes.BINARY, "The file.") for each in FORMATS.values()
}
ERRORS = {400: schemas.BAD_INPUT, **schemas.REFUSED}


class ErrorNegotiation(DefaultContentNegotiation):
    """Choose the renderer of an error response.

    ``format`` selects the format of the file, so the query parameter is ignored here; an Accept header
    that no renderer matches is no error.
    """

    class settings:  # noqa: N801 - the name that DRF looks up
        URL_FORMAT_OVERRIDE = None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Return the page renderer for a browser, else JSON, also if Accept matches neither."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            first = next(iter(renderers))
            return first, first.media_type


class ExportView(APIView):
    """Export measurements as a file."""

    content_negotiation_class = ErrorNegotiation
    tag_filter = "query"

    @extend_schema(
        operation_id="getExport",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[ExportSerializer, schemas.RETRY_AFTER],
        responses={**FILES, **ERRORS},
    )
    @reads_replica
    def get(self, request: Request) -> HttpResponseBase:
        """Export measurements of some or all tags in a time range as a file, oldest first.

        With an interval, the file has aggregates: mean, minimum, maximum, count and number of anomalies.
        Intervals start at multiples of their length since 1970-01-01T00:00:00Z; the first and the last are
        whole, even if the time range covers only a part.

        The server streams the file while reading from the database. If reading fails midway, the server
        closes the connection before the end of the response; a response that ends regularly is complete.
        """
        query = parameters(ExportSerializer, request)
        ending, download = query.validated_data["format"], query.download.decided()
        chosen = FORMATS[ending]
        try:  # the first rows are read before the response starts: an error can still change the status
            table = open_table(download, size=chosen.rows, most_rows=chosen.most_rows)
        except TooLargeError as error:
            raise ValidationError({error.parameter: str(error)}) from error
        pieces = chosen.write(table, query.file_style) if request.method == "GET" else iter(())
        response = StreamingHttpResponse(pieces, content_type=chosen.media_type)
        name = f"{file_name(download)}.{ending}"
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        return with_encoding(request, response) if chosen.plain else response


def with_encoding(request: Request, response: HttpResponseBase) -> HttpResponseBase:
    """Compress the streamed response with gzip if the client accepts gzip."""
    return GZipMiddleware(lambda _: response).process_response(request, response)


def file_name(download: Download) -> str:
    """Return a file name with tags, times, interval, shape, and whether data is simulated."""
    selection = download.selection
    kind = "" if download.interval == RAW else f"-{download.interval}"
    shape = "-wide" if download.is_wide else ""
    start, end = (
        stamp(moment) if moment else otherwise
        for moment, otherwise in ((selection.start, "oldest"), (selection.end, "newest"))
    )
    share = simulated_share(selection.tags, selection.start)
    return "-".join(filter(None, ("fermon", share, tags_in(selection), start, end))) + kind + shape


def tags_in(selection: Selection) -> str:
    """Return the tag for a file name, or the number of tags if several names would be too long."""
    if len(selection.tags) == 1:
        return selection.tags[0]
    return f"{len(selection.tags)}-tags" if selection.tags else "all"


def stamp(moment: datetime) -> str:
    """Return the time in ISO 8601 basic format, to the second, without characters invalid in file names."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z").replace("-", "").replace(":", "")
