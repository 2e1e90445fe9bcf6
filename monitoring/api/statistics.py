"""GET /statistics."""

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.api import answers, schemas
from monitoring.api.fields import SelectionSerializer, parameters
from monitoring.history.statistics import MOST_TAGS, read_statistics
from monitoring.history.tags import active_names, definitions_of


class StatisticsView(APIView):
    """Summarise tags over a time range."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getStatistics",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[SelectionSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.StatisticsSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """Summarise each tag over a time range; without tags, all tags in use.

        A short range is read measurement by measurement. Of a long one, standard deviation, share outside the
        limits and gaps are estimates from rollups of `resolution_s` seconds and a sample of measurements;
        count, mean and extremes are always exact.
        """
        query = parameters(SelectionSerializer, request)
        names = query.selection.tags or active_names()
        if len(names) > MOST_TAGS:
            raise ValidationError(
                {"tag": f"expected at most {MOST_TAGS} tags in one request, got {len(names)}"}
            )
        found = read_statistics(
            definitions_of(names), start=query.selection.start, end=query.selection.end, now=datetime.now(UTC)
        )
        return Response([answers.statistics(each) for each in found])
