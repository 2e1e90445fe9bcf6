"""GET /batches/<id>/watch, /watch/contributions and /deviations; /monitor and /contributions are the same."""

from datetime import UTC, datetime

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import batch_watch_fields as fields
from monitoring.api import schemas
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.fields import parameters
from monitoring.batches.finding import find_batch
from monitoring.batches.watched.deviations import deviation_json, read_deviations
from monitoring.batches.watched.json_objects import WatchPart, read_contributions, read_watch

NOT_COMPARED = OpenApiResponse(
    schemas.ErrorSerializer, "The batch cannot be compared with golden batches; the message tells why."
)


class BatchWatchView(APIView):
    """Compare a batch with golden batches."""

    @extend_schema(
        operation_id="getBatchWatch",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, fields.WatchPartSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.WatchSerializer, also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def get(self, request: Request, id: str) -> Response:
        """Return how far a batch is from golden batches in each minute, and its deviations.

        The score is the largest share of a limit over all channels and families of statistics; above 1 in two
        minutes, or above 1.5, a deviation begins. Without a golden profile the columns are empty, and
        `message` says why.
        """
        chosen = parameters(fields.WatchPartSerializer, request).validated_data
        part = WatchPart(chosen.get("start"), chosen.get("end"), chosen["points"])
        with errors_as_answers():
            return Response(read_watch(find_batch(int(id)), part, now=datetime.now(UTC)))


class WatchContributionsView(APIView):
    """Explain the score of one minute."""

    @extend_schema(
        operation_id="getWatchContributions",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, fields.WatchedTimeSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.ContributionsSerializer,
            also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND, 409: NOT_COMPARED},
        ),
    )
    def get(self, request: Request, id: str) -> Response:
        """Return the channels of a batch that differ most from golden batches in one minute."""
        at = parameters(fields.WatchedTimeSerializer, request).validated_data["at"]
        with errors_as_answers():
            return Response(read_contributions(find_batch(int(id)), at, now=datetime.now(UTC)))


@extend_schema_view(get=extend_schema(operation_id="monitorBatch", summary="The same as /batches/<id>/watch"))
class BatchMonitorView(BatchWatchView):
    """Another address of ``BatchWatchView``."""


@extend_schema_view(
    get=extend_schema(
        operation_id="getBatchContributions", summary="The same as /batches/<id>/watch/contributions"
    )
)
class BatchContributionsView(WatchContributionsView):
    """Another address of ``WatchContributionsView``."""


class DeviationsView(APIView):
    """List the deviations of a batch."""

    @extend_schema(
        operation_id="getBatchDeviations",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.DeviationsSerializer, also={404: schemas.NOT_FOUND}),
    )
    def get(self, request: Request, id: str) -> Response:
        """List the deviations of a batch from golden batches, newest first."""
        with errors_as_answers():
            rows = read_deviations([find_batch(int(id)).pk])
        return Response({"results": [deviation_json(each) for each in rows]})
