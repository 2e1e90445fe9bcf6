"""GET /trend."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import answers, schemas
from monitoring.api.fields import TrendSerializer, parameters
from monitoring.history.trend import read_trend


class TrendView(APIView):
    """The data of a chart."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getTrend",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[TrendSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.TrendColumnsSerializer, also={400: schemas.BAD_INPUT}),
    )
    def get(self, request: Request) -> Response:
        """A tag over any range of time, in a bounded number of buckets.

        No extreme and no anomaly is smoothed away. Buckets begin at multiples of their length since
        1970-01-01T00:00:00Z; the buckets at the ends of the range are whole.
        """
        query = parameters(TrendSerializer, request)
        chosen = query.validated_data
        found = read_trend(
            chosen["tag"], start=chosen.get("from"), end=chosen.get("to"), points=chosen["points"]
        )
        return Response(answers.trend(chosen["tag"], found))
