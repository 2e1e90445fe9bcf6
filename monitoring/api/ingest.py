"""POST /ingest and POST /ingest/batch."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, cast

from django.conf import settings
from django.db import Error as DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.addresses import client_address
from monitoring.access.body_limits import PayloadTooLarge
from monitoring.access.callers import grant_of, source_of
from monitoring.access.permissions import UnauthenticatedWhileOpen
from monitoring.api import schemas
from monitoring.api.errors import BadInput, Conflict, Unavailable, exception_handler
from monitoring.api.line_parsers import CsvParser, NdjsonParser
from monitoring.api.parsers import ReadingParser, parse_json
from monitoring.api.renderers import FastJSONRenderer
from monitoring.ingest.deliveries import Delivery
from monitoring.ingest.outcomes import Outcome, Outcomes, Status
from monitoring.ingest.validate import RejectionReason, tag_of, with_receive_time
from monitoring.kernel.quoting import shown
from monitoring.kernel.request_limits import MAX_ITEMS
from monitoring.models.token import Scope
from monitoring.operations.serving.short_way import ShortAnswer, ShortRequest
from monitoring.spool.accept import accept, accept_together
from monitoring.spool.spool_files import SpoolFullError

CODES = {
    Status.STORED: status.HTTP_201_CREATED,
    Status.DUPLICATE: status.HTTP_200_OK,
    Status.KEPT_FIRST: status.HTTP_200_OK,
    Status.REPLACED: status.HTTP_200_OK,
    Status.KEPT: status.HTTP_202_ACCEPTED,
}
QUEUED = {202: schemas.QueuedSerializer}


def no_place(error: SpoolFullError) -> Unavailable:
    """Return the error for readings that neither the database nor the disk can store."""
    return Unavailable(f"Nothing can be stored now: {error}. Keep the readings and send them again.")


def receive(request: Request, items: list[Any]) -> Outcomes:
    """Store the items of a request and return their outcomes.

    Raises:
        Unavailable: neither the database nor the disk can store the items.
    """
    try:
        outcomes = accept(items, source=source_of(request))
    except SpoolFullError as error:
        raise no_place(error) from error
    if grant_of(request):
        outcomes.others |= {  # do not disclose the names of other tags to a token
            place: outcome._replace(error=f"tag: unknown tag {shown(outcome.tag)}")
            for place, outcome in outcomes.others.items()
            if outcome.reason is RejectionReason.UNKNOWN_TAG
        }
    return outcomes


def timed(request: Request, items: list[Any]) -> list[Any]:
    """Return the items; with ``?now=1``, set the present time on items without a timestamp.

    Raises:
        BadInput: ``now`` has a value other than 1.
    """
    asked = request.query_params.getlist("now")
    for value in asked:
        if value != "1":
            raise BadInput(f"now: expected 1 or no such parameter, got {shown(value)}", "now")
    return with_receive_time(items, datetime.now(UTC)) if asked else items


def foreign_items(request: Request, items: list[Any]) -> dict[int, Outcome]:
    """Return a rejection by position for each reading with a tag outside the scope of the token."""
    grant = grant_of(request)
    if grant is None or not grant.prefix:
        return {}
    return {
        place: Outcome(
            tag, Status.REJECTED, error=f"tag: this token does not write {shown(tag)}, only {grant.prefix}..."
        )
        for place, tag in enumerate(map(tag_of, items))
        if tag and not grant.covers(tag)
    }


class WriteView(UnauthenticatedWhileOpen, APIView):
    """Base class of the views that accept readings."""

    scope = Scope.INGEST


class IngestView(WriteView):
    """Accept a single reading."""

    @extend_schema(
        operation_id="ingestReading",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[schemas.NOW, schemas.RETRY_AFTER],
        examples=schemas.READINGS,
        request=schemas.ReadingSerializer,
        responses=schemas.writes(
            schemas.StoredSerializer, also={200: schemas.StoredSerializer, 409: schemas.CONFLICT, **QUEUED}
        ),
    )
    def post(self, request: Request) -> Response:
        """Store one reading. Sending the same reading again is harmless."""
        if not isinstance(request.data, dict):
            raise BadInput(
                f"reading: expected an object with timestamp, tag and value, got {shown(request.data)};"
                " lists go to /ingest/batch",
                "reading",
            )
        if foreign := foreign_items(request, [request.data]):
            raise PermissionDenied(foreign[0].error)
        (outcome,) = receive(request, timed(request, [request.data]))
        data, code = answer_of(outcome)
        return Response(data, status=code)

    @staticmethod
    def short_way(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        """Return the answers to plain requests, stored together; None for each that needs the framework.

        The callers need no identity while Fermon is open, and their addresses are the sources.
        """
        items = [plain_item(request.body) if settings.FERMON_OPEN else None for request in requests]
        deliveries = [
            Delivery([item], client_address(address, "", proxies=settings.FERMON_PROXIES), received)
            for item, (_, address, received) in zip(items, requests, strict=True)
            if item is not None
        ]
        answers = iter(short_answers(deliveries) if deliveries else [])
        return [None if item is None else next(answers) for item in items]


def plain_item(body: bytes) -> dict[str, Any] | None:
    """Return the reading in a body; None if the body is not a JSON object."""
    try:
        item = parse_json(body)
    except ParseError:
        return None
    return item if isinstance(item, dict) else None


def short_answers(deliveries: Sequence[Delivery]) -> list[ShortAnswer | None]:
    """Store deliveries of a reading each and return the answers; None for all if one makes that fail."""
    try:
        return [short_answer(outcome) for (outcome,) in accept_together(deliveries)]
    except SpoolFullError as error:
        return [error_answer(no_place(error))] * len(deliveries)
    except DatabaseError:  # each finds out for itself
        return [None] * len(deliveries)


def short_batch_answer(request: ShortRequest) -> ShortAnswer | None:
    """Store a plain batch and return the answer; None if the body is not a JSON list of bounded length."""
    try:
        items = parse_json(request.body)
    except ParseError:
        return None
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        return None
    try:
        outcomes = accept(items, source=client_address(request.address, "", proxies=settings.FERMON_PROXIES))
    except SpoolFullError as error:
        return error_answer(no_place(error))
    data, code = batch_answer_of(outcomes)
    return ShortAnswer(code, {}, FastJSONRenderer().render(data))


def short_answer(outcome: Outcome) -> ShortAnswer:
    """Return the answer to a single reading."""
    try:
        data, code = answer_of(outcome)
    except (BadInput, Conflict) as error:
        return error_answer(error)
    return ShortAnswer(code, {}, FastJSONRenderer().render(data))


def error_answer(error: APIException) -> ShortAnswer:
    """Return the answer that tells an error."""
    response = cast(Response, exception_handler(error, {}))
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    return ShortAnswer(response.status_code, headers, FastJSONRenderer().render(response.data))


class BatchIngestView(WriteView):
    """Accept a list of readings."""

    is_answered_alone = True
    parser_classes = (ReadingParser, NdjsonParser, CsvParser)

    @extend_schema(
        operation_id="ingestBatch",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[schemas.NOW, schemas.RETRY_AFTER],
        examples=[*schemas.READINGS, *schemas.READING_LINES, schemas.BATCH_ANSWER],
        request=schemas.BATCH,
        responses=schemas.writes(
            schemas.BatchSerializer, also={202: schemas.BatchSerializer, 415: schemas.NO_BATCH}
        ),
    )
    def post(self, request: Request) -> Response:
        """Store a list of readings. A bad reading yields an error result and does not affect the others.

        The body is a JSON list, or has a line for each reading: JSON objects (`application/x-ndjson`), or CSV
        (`text/csv`) with a header row that names the columns `timestamp`, `tag` and `value`.
        """
        items = request.data
        if not isinstance(items, list):
            raise BadInput(f"body: expected a list of readings, got {shown(items)}", "body")
        if len(items) > MAX_ITEMS:
            raise PayloadTooLarge(
                f"body: expected at most {MAX_ITEMS} readings, got {len(items)}; send smaller batches"
            )
        foreign = foreign_items(request, items)
        own = [item for place, item in enumerate(items) if place not in foreign] if foreign else items
        data, code = batch_answer_of(receive(request, timed(request, own)), foreign)
        return Response(data, status=code)

    @staticmethod
    def short_way(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        """Return the answer to each plain request; None for each that needs the framework.

        As that of ``IngestView``, but each request is stored by itself.
        """
        return [short_batch_answer(request) if settings.FERMON_OPEN else None for request in requests]


def answer_of(outcome: Outcome) -> tuple[dict[str, Any], int]:
    """Return body and status of the answer to a single reading.

    Raises:
        BadInput: the reading was rejected.
        Conflict: another value is stored.
    """
    if outcome.status is Status.REJECTED:
        raise BadInput(outcome.error, outcome.field)
    if outcome.status is Status.CONFLICT:
        raise Conflict(outcome.error)
    return body(outcome), CODES[outcome.status]


def batch_answer_of(
    outcomes: Outcomes, foreign: Mapping[int, Outcome] = MappingProxyType({})
) -> tuple[dict[str, Any], int]:
    """Return body and status of the answer to a batch; ``foreign`` are further rejections, by position."""
    kept = any(outcome.status is Status.KEPT for outcome in outcomes.others.values())
    status = Status.KEPT if kept else Status.STORED
    found = with_foreign(results(outcomes), foreign)
    return {"status": status, "processed": len(found), "results": found}, CODES[status]


def results(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return the result of each item, in order; stored readings, maybe thousands, take a fast path."""
    found: list[dict[str, Any]] = [
        {"tag": tag, "status": "success", "id": row, "is_anomaly": flag} for tag, row, flag in outcomes.rows()
    ]
    for position, outcome in outcomes.others.items():
        found[position] = {"tag": outcome.tag, **body(outcome)}
    return found


def with_foreign(told: list[dict[str, Any]], foreign: Mapping[int, Outcome]) -> list[dict[str, Any]]:
    """Insert the results of the rejected foreign items at the positions of these items."""
    if not foreign:
        return told
    own = iter(told)
    return [
        {"tag": foreign[place].tag, **body(foreign[place])} if place in foreign else next(own)
        for place in range(len(told) + len(foreign))
    ]


def body(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a JSON object: the error, or the status and the stored measurement."""
    if outcome.error:
        return {"status": Status.REJECTED, "error": outcome.error}
    if outcome.status is Status.KEPT:
        return {"status": outcome.status}
    return {"status": outcome.status, "id": outcome.id, "is_anomaly": outcome.is_anomaly}
