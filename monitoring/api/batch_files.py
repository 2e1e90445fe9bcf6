"""GET /batches/<id>/report and GET /batches/<id>/export."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.access.scopes import can_read_all_tags, covers_of
from monitoring.api import batch_report_schemas as shapes
from monitoring.api import schemas
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.export import FILES, ErrorNegotiation, with_encoding
from monitoring.api.fields import FileSerializer, choices, parameters
from monitoring.batches.bound_tags import BatchExtent, BoundTag, bound_tags, extent_of
from monitoring.batches.export import batch_table, count_rows, sample_columns
from monitoring.batches.finding import find_batch
from monitoring.batches.report import hash_of, read_report
from monitoring.history.export import TooLargeError, check_rows
from monitoring.history.export_formats import FORMATS
from monitoring.history.export_intervals import AGGREGATES
from monitoring.history.export_table import Table
from monitoring.kernel.clock import iso_utc
from monitoring.sources.simulator.demo_tags import simulated_share

PLANNED = OpenApiResponse(schemas.ErrorSerializer, "The batch has not started.")


class BatchExportSerializer(FileSerializer):
    """The content and format of the table of a batch."""

    values = choices(AGGREGATES, "Which aggregates of each minute; may be repeated. mean if left out.")

    @property
    def aggregates(self) -> list[str]:
        """Return the chosen aggregates, in the order of AGGREGATES."""
        chosen = self.validated_data.get("values") or ["mean"]
        return [name for name in AGGREGATES if name in chosen]


class BatchReportView(APIView):
    """The report of a batch."""

    content_negotiation_class = ErrorNegotiation
    tag_filter = "each"

    @extend_schema(
        operation_id="getBatchReport",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.HashedReportSerializer, also={404: schemas.NOT_FOUND, 409: PLANNED}),
    )
    @reads_replica
    def get(self, request: Request, id: str) -> Response:
        """Return the report of a batch: phases, statistics, setpoints, samples, events, alarms, notes, gaps.

        The page at the same address shows the same content; print it to get a PDF. The same data give the
        same `sha256`. A batch that runs is reported up to the last whole minute.
        """
        now = datetime.now(UTC)
        with errors_as_answers():
            batch = find_batch(int(id))
            report = read_report(
                batch, now=now, covers=covers_of(request), is_whole=can_read_all_tags(request)
            )
        refuse_without_tags(request, report["tags"])
        return Response({"report": report, "sha256": hash_of(report), "made_at": iso_utc(now)})


class BatchExportView(APIView):
    """The minute values of a batch as a file."""

    content_negotiation_class = ErrorNegotiation
    tag_filter = "each"

    @extend_schema(
        operation_id="getBatchExport",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, BatchExportSerializer, schemas.RETRY_AFTER],
        responses={
            **FILES,
            **schemas.REFUSED,
            400: schemas.BAD_INPUT,
            404: schemas.NOT_FOUND,
            409: PLANNED,
        },
    )
    @reads_replica
    def get(self, request: Request, id: str) -> HttpResponseBase:
        """Return a table with a row a minute: time, elapsed hours, phase, each tag, each sample result.

        A tag has values only while it was bound to the vessel; a minute without a value has an empty cell.
        The server streams the file while reading from the database, as for `GET /export`.
        """
        query = parameters(BatchExportSerializer, request)
        ending = query.validated_data["format"]
        chosen = FORMATS[ending]
        with refusals_as_answers():
            extent = extent_of(find_batch(int(id)), datetime.now(UTC))
            check_rows(chosen.most_rows, lambda _: count_rows(extent))
            tags = bound_tags(extent, covers_of(request))
            refuse_without_tags(request, tags)
            samples = sample_columns(extent) if can_read_all_tags(request) else []
        table = opened(batch_table(extent, tags, query.aggregates, samples))
        pieces = chosen.write(table, query.file_style) if request.method == "GET" else iter(())
        response = StreamingHttpResponse(pieces, content_type=chosen.media_type)
        name = f"{file_name(extent, tags)}.{ending}"
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        return with_encoding(request, response) if chosen.plain else response


def opened(table: Table) -> Table:
    """Return the table with its first rows read, so that an error can still change the status."""
    return Table(table.columns, chain([next(table.batches)], table.batches))


def file_name(extent: BatchExtent, tags: Sequence[BoundTag]) -> str:
    """Return a file name with the batch, and whether data is simulated."""
    names = [bound.tag.name for bound in tags]
    share = simulated_share(names, extent.start) if names else ""
    return "-".join(filter(None, ("fermon", share, extent.batch.name)))


def refuse_without_tags(request: Request, tags: Sequence[Any]) -> None:
    """Refuse a batch without a tag that the caller's token covers: the header is not for that caller.

    Raises:
        PermissionDenied: the token has a prefix, and no tag of the batch begins with it.
    """
    if not tags and not can_read_all_tags(request):
        raise PermissionDenied("This token reads no tag of this batch.")


@contextmanager
def refusals_as_answers() -> Iterator[None]:
    """Convert errors of batches, and a table that is too large for the file, to answers.

    Raises:
        ValidationError: the table is too large; the other errors as ``errors_as_answers``.
    """
    try:
        with errors_as_answers():
            yield
    except TooLargeError as error:
        raise ValidationError({error.parameter: str(error)}) from error
