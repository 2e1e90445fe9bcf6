"""GET and POST /batches/<id>/samples, and the acts on a sample: later results, corrections, withdrawal."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import CONDUCT
from monitoring.access.scopes import WithinScope
from monitoring.api import sample_fields as fields
from monitoring.api import schemas
from monitoring.api.alarms import CHANGED, actor_of, body_of
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.fields import parameters
from monitoring.batches import sampling
from monitoring.batches.finding import find_batch
from monitoring.batches.sample_reading import read_sample, read_samples

NUMBER = OpenApiParameter("number", int, OpenApiParameter.PATH, description="The sample's number.")
RESULT = OpenApiParameter("result", int, OpenApiParameter.PATH, description="The result's id.")
ADDED = OpenApiExample(
    "Two results",
    value={
        "results": [{"analyte": "od600", "value": 12.5}, {"analyte": "glucose", "value": 4.2, "unit": "g/L"}],
        "name": "M. Example",
    },
    request_only=True,
)
NOT_NOW = {
    **CHANGED,
    404: schemas.NOT_FOUND,
    409: OpenApiResponse(
        schemas.ErrorSerializer, "The batch is planned, the sample withdrawn, or the result corrected since."
    ),
}
SHAPE = schemas.reads(fields.SampleSerializer, also=NOT_NOW)
CREATED = {**schemas.reads(None, also=NOT_NOW), 200: None, 201: fields.SampleSerializer}


class SampleViewSet(ViewSet):
    """List, add, correct and withdraw the samples of a batch."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(
        ("create", "add_results", "correct", "withdraw"), CONDUCT
    )

    @extend_schema(
        operation_id="getSamples",
        tags=["samples"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, fields.SampleListSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.SampleSerializer(many=True), also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def list(self, request: Request, id: str) -> Response:
        """List the samples of a batch in the order of sampling, with results in force and their history."""
        chosen = parameters(fields.SampleListSerializer, request).validated_data
        with errors_as_answers():
            batch = find_batch(int(id))
        found = read_samples(batch, with_withdrawn=chosen["withdrawn"])
        return Response([sample.as_json() for sample in found])

    @extend_schema(
        operation_id="getSample",
        tags=["samples"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, NUMBER, schemas.RETRY_AFTER],
        responses=schemas.reads(fields.SampleSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str, number: str) -> Response:
        """Return one sample, also a withdrawn one."""
        return Response(sample_now(id, number))

    @extend_schema(
        operation_id="addSample",
        tags=["samples"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, schemas.RETRY_AFTER],
        request=fields.AddSampleSerializer,
        examples=[ADDED],
        responses=CREATED,
    )
    def create(self, request: Request, id: str) -> Response:
        """Add a sample with the next number of the batch. Results may come later.

        The same sample sent again within 2 minutes is stored once.
        """
        asked = body_of(request, fields.AddSampleSerializer, "taken_at and results")
        with errors_as_answers():
            sample = sampling.add_sample(
                int(id),
                taken_at=asked.get("taken_at") or datetime.now(UTC),
                results=fields.new_results(asked["results"]),
                actor=actor_of(request, asked),
                comment=asked["comment"],
            )
        return Response(sample_now(id, str(sample.number)), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="addResults",
        tags=["samples"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, NUMBER, schemas.RETRY_AFTER],
        request=fields.AddResultsSerializer,
        responses=CREATED,
    )
    def add_results(self, request: Request, id: str, number: str) -> Response:
        """Add results to a sample."""
        asked = body_of(request, fields.AddResultsSerializer, "results")
        results = fields.new_results(asked["results"])
        with errors_as_answers():
            sampling.add_results(int(id), int(number), results, actor=actor_of(request, asked))
        return Response(sample_now(id, number), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="correctResult",
        tags=["samples"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, NUMBER, RESULT, schemas.RETRY_AFTER],
        request=fields.CorrectResultSerializer,
        responses=SHAPE,
    )
    def correct(self, request: Request, id: str, number: str, result: str) -> Response:
        """Correct a result: a new result supersedes the old one, which stays in `history`.

        An equal value changes nothing. If the result was corrected since, the answer is 409.
        """
        asked = body_of(request, fields.CorrectResultSerializer, "value")
        with errors_as_answers():
            sampling.correct_result(
                int(id),
                int(number),
                int(result),
                asked["value"],
                actor=actor_of(request, asked),
                reason=asked["reason"],
            )
        return Response(sample_now(id, number))

    @extend_schema(
        operation_id="withdrawSample",
        tags=["samples"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, NUMBER, schemas.RETRY_AFTER],
        request=fields.WithdrawSampleSerializer,
        responses=SHAPE,
    )
    def withdraw(self, request: Request, id: str, number: str) -> Response:
        """Withdraw a sample: it leaves lists and charts. It stays readable with `withdrawn=true`."""
        asked = body_of(request, fields.WithdrawSampleSerializer, "reason")
        with errors_as_answers():
            sampling.withdraw_sample(
                int(id), int(number), actor=actor_of(request, asked), reason=asked["reason"]
            )
        return Response(sample_now(id, number))


def sample_now(id: str, number: str) -> dict[str, Any]:
    """Return the sample as a JSON object.

    Raises:
        NotFound: there is no such batch or sample.
    """
    with errors_as_answers():
        return read_sample(find_batch(int(id)), int(number)).as_json()
