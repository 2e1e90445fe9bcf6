"""GET /trend."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.api import answers, schemas
from monitoring.api.fields import RENDERERS, ROWS_FORM, TrendSerializer, parameters
from monitoring.history.trend import read_trend


class FormNegotiation(DefaultContentNegotiation):
    """Choose the renderer by ``format`` only if it names one; otherwise it names the form of the trend."""

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> Any:
        """Return all renderers for a form, which the serializer then checks; else those of the name."""
        return super().filter_renderers(renderers, format) if format in RENDERERS else renderers


class TrendView(APIView):
    """Return the data of a trend chart."""

    content_negotiation_class = FormNegotiation
    tag_filter = "query"

    @extend_schema(
        operation_id="getTrend",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[TrendSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.TREND, also={400: schemas.BAD_INPUT}),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """Return the trend of a tag over any time range, in a bounded number of buckets; of several as rows.

        Each bucket has minimum, maximum and number of anomalies, so that no extreme and no anomaly is
        smoothed away. Buckets start at multiples of the bucket length since 1970-01-01T00:00:00Z. The
        first and the last bucket are whole, even if the time range covers only a part.
        """
        query = parameters(TrendSerializer, request)
        chosen = query.validated_data
        found = {
            name: read_trend(name, start=chosen.get("from"), end=chosen.get("to"), points=chosen["points"])
            for name in chosen["tag"]
        }
        if chosen["format"] == ROWS_FORM:
            return Response(answers.trend_rows(found))
        [(name, trend)] = found.items()
        return Response(answers.trend(name, trend))
