"""GET /trend."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.api import answers, schemas
from monitoring.api.fields import TrendSerializer, parameters
from monitoring.history.trend import read_trend


class TrendView(APIView):
    """Return the data of a trend chart."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getTrend",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[TrendSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.TrendColumnsSerializer, also={400: schemas.BAD_INPUT}),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """Return the trend of one tag over any time range, in a bounded number of buckets.

        Each bucket has minimum, maximum and number of anomalies, so that no extreme and no anomaly is
        smoothed away. Buckets start at multiples of the bucket length since 1970-01-01T00:00:00Z. The
        first and the last bucket are whole, even if the time range covers only a part.
        """
        query = parameters(TrendSerializer, request)
        chosen = query.validated_data
        found = read_trend(
            chosen["tag"], start=chosen.get("from"), end=chosen.get("to"), points=chosen["points"]
        )
        return Response(answers.trend(chosen["tag"], found))
