"""GET /quality and GET /gaps."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.api import schemas
from monitoring.api.data import with_link
from monitoring.api.fields import PageSerializer, parameters
from monitoring.history.quality import read_gaps, read_spans


class QualityView(APIView):
    """List spans in which values of a tag are bad or uncertain."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getQuality",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[PageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.QualitySpanSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """List quality spans of some or all tags that overlap a time range, latest begin first by default.

        In a bad span the source had no value: no measurement is stored. In an uncertain span measurements
        are stored; `GET /data?quality=1` marks them.
        """
        query = parameters(PageSerializer, request)
        chosen = query.validated_data
        page = read_spans(
            query.selection,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.items), page.next)


class GapsView(APIView):
    """List spans in which readings of a source are missing, or may be."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getGaps",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[PageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.GapSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """List gaps of sources that overlap a time range, latest begin first by default.

        With `tag`: gaps of these tags, and gaps of whole sources with a mapping to one of them.
        """
        query = parameters(PageSerializer, request)
        chosen = query.validated_data
        page = read_gaps(
            query.selection,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.items), page.next)
