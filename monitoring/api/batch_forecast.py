"""GET /batches/<id>/forecast."""

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import schemas
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.schemas import Shape
from monitoring.batches.finding import find_batch
from monitoring.batches.forecast.crossing import HIGH, LOW
from monitoring.batches.forecast.reading import forecast_json, read_forecast


class RecordShape(Shape):
    """How often such forecasts were right in past batches."""

    hit_rate = serializers.FloatField(help_text="The share of right forecasts, 0.8 to 1.")
    tries = serializers.IntegerField(help_text="How many forecasts that is of: 10 or more.")


class PhaseEndShape(RecordShape):
    """The expected end of the phase that lasts."""

    phase = serializers.CharField()
    expected_end = serializers.DateTimeField()
    low = serializers.DateTimeField(help_text="One of ten past batches would have ended earlier.")
    high = serializers.DateTimeField(help_text="One of ten past batches would have ended later.")


class LimitForecastShape(RecordShape):
    """A limit that a tag crosses within 30 minutes if it goes on like this."""

    tag = serializers.CharField()
    title = serializers.CharField()
    side = serializers.ChoiceField(choices=[LOW, HIGH], help_text="low: the value falls below the limit.")
    limit = serializers.FloatField(help_text="In the unit of the tag.")
    minutes = serializers.IntegerField(help_text="From now.")
    sentence = serializers.CharField(help_text='"DO < 20 % in about 11 min".')


class ForecastShape(Shape):
    """The forecasts of a batch; none if the batch does not run."""

    phase_end = PhaseEndShape(allow_null=True)
    limits = LimitForecastShape(many=True, help_text="The next one first.")


class BatchForecastView(APIView):
    """Return the forecasts of a batch."""

    @extend_schema(
        operation_id="getBatchForecast",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        responses=schemas.reads(ForecastShape, also={404: schemas.NOT_FOUND}),
    )
    def get(self, request: Request, id: str) -> Response:
        """Return the expected end of the phase, and the limits that tags cross soon.

        Only forecasts that were right in past batches at least 8 times in 10, of at least 10 tries. They are
        computed once a minute.
        """
        with errors_as_answers():
            batch = find_batch(int(id))
        return Response(forecast_json(read_forecast(batch, now=datetime.now(UTC))))
