"""POST /ingest and POST /ingest/batch."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import schemas
from monitoring.api.errors import BadInput, Conflict, Unavailable
from monitoring.api.parsers import LengthRequired, PayloadTooLarge
from monitoring.domain.readings import shown
from monitoring.ingest.dead_letters import DeadLettersFullError
from monitoring.ingest.intake import take_in
from monitoring.ingest.outcomes import Outcome, Outcomes, Status

MAX_ITEMS = 10_000
CODES = {
    Status.STORED: status.HTTP_201_CREATED,
    Status.DUPLICATE: status.HTTP_200_OK,
    Status.KEPT: status.HTTP_202_ACCEPTED,
}
QUEUED = {202: schemas.QueuedSerializer}


def receive(request: Request, items: list[Any]) -> Outcomes:
    """The outcomes of what was sent.

    Raises:
        Unavailable: neither the database nor the disk could take it.
    """
    try:
        return take_in(items, source=source_of(request))
    except DeadLettersFullError as error:
        raise Unavailable(
            f"Nothing can be stored now: {error}. Keep the readings and send them again."
        ) from error


def source_of(request: Request) -> str:
    """Who sends: the address, and the user whose token it is."""
    user = f"{request.user} " if request.auth else ""
    return f"{user}{request.META.get('REMOTE_ADDR', '')}"


class WriteView(APIView):
    """Where readings come in."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """None while Fermon is open: to look a token up would need the database, which may be away."""
        return [] if settings.FERMON_OPEN else super().get_authenticators()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses a body of unknown length, once it is clear who sends it."""
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise LengthRequired


class IngestView(WriteView):
    """One reading."""

    @extend_schema(
        operation_id="ingestReading",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[schemas.RETRY_AFTER],
        examples=[schemas.READING],
        request=schemas.ReadingSerializer,
        responses=schemas.writes(
            schemas.StoredSerializer, also={200: schemas.StoredSerializer, 409: schemas.CONFLICT, **QUEUED}
        ),
    )
    def post(self, request: Request) -> Response:
        """Stores one reading; sending it again does no harm."""
        if not isinstance(request.data, dict):
            raise BadInput(
                f"reading: expected an object with timestamp, tag and value, got {shown(request.data)};"
                " lists go to /ingest/batch",
                "reading",
            )
        (outcome,) = receive(request, [request.data])
        if outcome.status is Status.REJECTED:
            raise BadInput(outcome.error, outcome.field)
        if outcome.status is Status.CONFLICT:
            raise Conflict(outcome.error)
        return Response(body(outcome), status=CODES[outcome.status])


class BatchIngestView(WriteView):
    """Many readings."""

    @extend_schema(
        operation_id="ingestBatch",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[schemas.RETRY_AFTER],
        examples=[schemas.READING, schemas.BATCH_ANSWER],
        request=schemas.ReadingSerializer(many=True),
        responses=schemas.writes(schemas.BatchSerializer, also={202: schemas.BatchSerializer}),
    )
    def post(self, request: Request) -> Response:
        """Stores a list of readings; a bad one is told in its result and costs the others nothing."""
        items = request.data
        if not isinstance(items, list):
            raise BadInput(f"body: expected a list of readings, got {shown(items)}", "body")
        if len(items) > MAX_ITEMS:
            raise PayloadTooLarge(
                f"body: expected at most {MAX_ITEMS} readings, got {len(items)}; send smaller batches"
            )
        outcomes = receive(request, items)
        kept = any(outcome.status is Status.KEPT for outcome in outcomes.others.values())
        return Response(
            {
                "status": Status.KEPT if kept else Status.STORED,
                "processed": len(outcomes),
                "results": results(outcomes),
            },
            status=CODES[Status.KEPT if kept else Status.STORED],
        )


def results(outcomes: Outcomes) -> list[dict[str, Any]]:
    """What became of each item; most are stored, and there may be thousands."""
    found: list[dict[str, Any]] = [
        {"tag": tag, "status": "success", "id": row, "is_anomaly": flag} for tag, row, flag in outcomes.rows()
    ]
    for position, outcome in outcomes.others.items():
        found[position] = {"tag": outcome.tag, **body(outcome)}
    return found


def body(outcome: Outcome) -> dict[str, Any]:
    """The outcome as its answer: what it is now, or what was wrong."""
    if outcome.error:
        return {"status": Status.REJECTED, "error": outcome.error}
    if outcome.status is Status.KEPT:
        return {"status": outcome.status}
    return {"status": outcome.status, "id": outcome.id, "is_anomaly": outcome.is_anomaly}
