"""GET /batches/compare."""

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.access.scopes import can_read_all_tags, covers_of
from monitoring.api import batch_compare_fields as fields
from monitoring.api import schemas
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.fields import parameters
from monitoring.batches.compare import ComparedSignal, compare
from monitoring.batches.compare_aligning import Align
from monitoring.batches.finding import find_batches


class BatchCompareView(APIView):
    """Compare batches."""

    tag_filter = "query"

    @extend_schema(
        operation_id="compareBatches",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[fields.CompareSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.ComparisonSerializer, also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """Return the course of a tag or role in 2 to 8 batches, on a common axis.

        Extremes of each bucket are kept. A tag counts only while bound to the vessel of the batch.
        """
        chosen = parameters(fields.CompareSerializer, request).validated_data
        reads_all, covers = can_read_all_tags(request), covers_of(request)
        if chosen["align"] == Align.MATURITY and not reads_all:
            raise PermissionDenied("This token reads no golden profiles: align by elapsed or phase.")
        with errors_as_answers():
            found = compare(
                find_batches(chosen["batch"]),
                ComparedSignal(chosen.get("role", ""), chosen.get("tag", "")),
                align=Align(chosen["align"]),
                points=chosen["points"],
                now=datetime.now(UTC),
            )
        common = [each for each in found["common"] if reads_all or covers(each["tag"] or "")]
        return Response({**found, "common": common})
