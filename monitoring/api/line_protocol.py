"""POST /write, POST /api/v2/write, GET /ping and /query: InfluxDB's API for clients that push readings.

Answers are those that the clients take as success or as a reason to try again. Most of them drop readings
after an answer 4xx, so 503 stands for everything that passes.
"""

import base64
import binascii
import re
import time
from collections import Counter
from collections.abc import Iterable
from typing import IO, Any, ClassVar, cast
from urllib.parse import parse_qs

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.authentication import SourceAuthentication
from monitoring.access.callers import address_of, grant_of, source_of
from monitoring.access.permissions import OpenOrAllowed
from monitoring.access.roles import INGEST, READ, allows
from monitoring.access.scopes import WithinScope
from monitoring.access.throttles import count_failure
from monitoring.api import line_protocol_schemas as shapes
from monitoring.api import schemas
from monitoring.api.errors import BadInput, Unavailable
from monitoring.api.ingest import WriteView, foreign_items, receive
from monitoring.api.parsers import read_body
from monitoring.kernel.quoting import shown
from monitoring.kernel.request_limits import MAX_ITEMS
from monitoring.sources.line_protocol.arriving import Database, Mapped, databases, map_lines
from monitoring.sources.line_protocol.grammar import PRECISIONS, Parsed, parse
from monitoring.sources.line_protocol.kind import LONGEST_DATABASE
from monitoring.sources.line_protocol.points import point_recorder

VERSION = "1.8.10-fermon"
FORM = "application/x-www-form-urlencoded"
NO_AUTH: list[Any] = [{}]
DONE = {"results": [{"statement_id": 0}]}
CODES = {400: "invalid", 401: "unauthorized", 403: "forbidden", 413: "request too large"}
CODES |= {429: "too many requests", 503: "unavailable"}
NOT_ANSWERED = "query: expected CREATE or SHOW, got {}; read measurements with GET /data or GET /trend"


class LineAuthentication(SourceAuthentication):
    """Accept the token where the clients of InfluxDB put a token or a password."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return user and credentials; None without a token.

        Raises:
            AuthenticationFailed: the token is invalid.
            Throttled: too many invalid tokens came from this address.
        """
        key = key_of(request)
        if not key:
            return None
        try:
            return self.authenticate_credentials(key)
        except AuthenticationFailed:
            count_failure(address_of(request))
            raise


def key_of(request: Request) -> str:
    """Return the token of a request: after Token or Bearer, else the password of Basic or the parameter p."""
    words = get_authorization_header(request).decode("latin-1").split(None, 1)
    if len(words) < 2:
        return str(request.query_params.get("p", ""))
    kind, text = words[0].lower(), words[1].strip()
    if kind == "basic":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "invalid"
    elif kind not in ("token", "bearer"):
        return "invalid"
    return text.rpartition(":")[2]  # clients of version 1.8 send user:password as the token


class JsonAlways(BaseContentNegotiation):
    """Answer JSON, whatever the client accepts: some ask for MessagePack, and read JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """Return the parser."""
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of JSON, and the media type."""
        first = next(iter(renderers))
        return first, str(first.media_type)


class PartialWrite(APIException):
    """Lines were rejected (400); the other lines are stored."""

    status_code = 400

    def __init__(self, line: int, message: str, dropped: int) -> None:
        super().__init__(f"partial write: line {line}: {message} dropped={dropped}")


class LineView(WriteView):
    """Base class of the views that accept lines."""

    authentication_classes = (LineAuthentication, SessionAuthentication)
    content_negotiation_class = JsonAlways
    database_parameter: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]]

    def store_lines(self, request: Request) -> Response:
        """Store the lines of a request and answer 204.

        Raises:
            PartialWrite: lines were rejected.
            BadInput: a parameter is invalid.
            PermissionDenied: the source is disabled.
            Unavailable: neither the database nor the disk can store readings.
            django.db.Error: the database is away, and this process has not read the mappings yet.
        """
        name, precision = self.database_name(request), self.precision(request)
        text = body_of(request).decode("utf-8", "replace")
        now_us = time.time_ns() // 1_000
        first, dropped, stamped = (0, ""), 0, Counter[str]()
        for part in parse(text, precision, now_us=now_us):
            rejected = self.store_part(request, databases().find(name), part, now_us, stamped)
            if rejected and not dropped:
                first = min(rejected.items())
            dropped += len(rejected)
        if dropped:
            raise PartialWrite(*first, dropped)
        return Response(status=204)

    def store_part(
        self, request: Request, database: Database, part: Parsed, now_us: int, stamped: Counter[str]
    ) -> dict[int, str]:
        """Store lines; return the message of each rejected one by number."""
        if not database.is_enabled:
            raise PermissionDenied(f"The source {database.name} is disabled. Enable it on the page Sources.")
        grant = grant_of(request)
        mapped = map_lines(
            database,
            part.lines,
            now_us=now_us,
            stamped=stamped,
            covers=lambda tag: grant is None or grant.covers(tag),
        )
        faults = part.faults + mapped.faults
        rejected = {fault.number: fault.message for fault in faults} | store(request, mapped)
        recorder = point_recorder()
        recorder.record(
            database.id,
            points=mapped.points,
            readings=len(mapped.items),
            rejected=len(rejected),
            newest_us=newest_us(mapped, now_us),
        )
        if faults:
            recorder.malformed(faults, source=source_of(request))
        return rejected

    def database_name(self, request: Request) -> str:
        """Return the database or bucket that the request names.

        Raises:
            BadInput: the name is missing or too long.
        """
        name = request.query_params.get(self.database_parameter, "").strip().replace("\x00", "")
        if not 0 < len(name) <= LONGEST_DATABASE:
            raise BadInput(
                f"{self.database_parameter}: expected a name of up to {LONGEST_DATABASE} characters, got"
                f" {shown(name)}",
                self.database_parameter,
            )
        return name

    def precision(self, request: Request) -> str:
        """Return the precision of timestamps; nanoseconds if the request names none.

        Raises:
            BadInput: the precision is unknown.
        """
        precision: str = request.query_params.get("precision", "ns")
        if precision not in self.precisions:
            raise BadInput(
                f"precision: expected one of {', '.join(self.precisions)}, got {shown(precision)}",
                "precision",
            )
        return precision


def store(request: Request, mapped: Mapped) -> dict[int, str]:
    """Store readings, ``MAX_ITEMS`` in a transaction; return the message of each rejected line by number."""
    rejected: dict[int, str] = {}
    for start in range(0, len(mapped.items), MAX_ITEMS):
        items = mapped.items[start : start + MAX_ITEMS]
        numbers = mapped.numbers[start : start + MAX_ITEMS]
        if foreign := foreign_items(request, items):
            rejected |= {numbers[place]: outcome.error for place, outcome in foreign.items()}
            own = [place for place in range(len(items)) if place not in foreign]
            items, numbers = [items[place] for place in own], [numbers[place] for place in own]
        if items:
            others = receive(request, items).others
            rejected |= {numbers[place]: outcome.error for place, outcome in others.items() if outcome.error}
    return rejected


def body_of(request: Request) -> bytes:
    """Return the body, whatever its type, decompressed if necessary.

    Raises:
        APIException: as ``read_body``.
    """
    return read_body(cast(IO[bytes], request._request), {"request": request})


def newest_us(mapped: Mapped, now_us: int) -> int:
    """Return the newest time of readings in microseconds, at most now; 0 without any."""
    newest = max((item["timestamp"] for item in mapped.items), default=0.0)
    return min(round(newest * 1e6), now_us)


class WriteV1View(LineView):
    """Accept lines as version 1 of InfluxDB does."""

    database_parameter = "db"
    precisions = tuple(PRECISIONS)

    @extend_schema(
        operation_id="writeLinesV1",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[
            shapes.DB,
            shapes.PRECISION_V1,
            shapes.USER,
            shapes.PASSWORD,
            shapes.RP,
            schemas.RETRY_AFTER,
        ],
        request=shapes.LINES,
        responses=shapes.answers(shapes.ErrorV1Serializer),
    )
    def post(self, request: Request) -> Response:
        """Store lines of InfluxDB line protocol, as version 1 of InfluxDB does.

        The token is the password: of Basic authentication, or of the parameter `p`. Fields that feed no tag
        are no error: they are listed on the page Arriving.
        """
        return self.store_lines(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error as clients of version 1 expect; 503 for 429, after which they drop readings."""
        if isinstance(exc, Throttled):
            busy = Unavailable(str(exc.detail))
            busy.wait = int(getattr(exc, "wait", None) or busy.wait)
            exc = busy
        answer = super().handle_exception(exc)
        answer.data = {"error": text_of(answer)}
        return answer


class WriteV2View(LineView):
    """Accept lines as version 2 of InfluxDB does."""

    database_parameter = "bucket"
    precisions = ("ns", "us", "ms", "s")

    @extend_schema(
        operation_id="writeLinesV2",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[shapes.ORG, shapes.BUCKET, shapes.PRECISION_V2, schemas.RETRY_AFTER],
        request=shapes.LINES,
        responses=shapes.answers(shapes.ErrorV2Serializer),
    )
    def post(self, request: Request) -> Response:
        """Store lines of InfluxDB line protocol, as version 2 of InfluxDB does.

        Fields that feed no tag are no error: they are listed on the page Arriving.
        """
        return self.store_lines(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error as clients of version 2 expect."""
        answer = super().handle_exception(exc)
        code = CODES.get(answer.status_code, "invalid")
        answer.data = {"code": code, "message": text_of(answer)}
        return answer


def text_of(answer: Response) -> str:
    """Return the text of an error."""
    return str(answer.data.get("detail", "")) if isinstance(answer.data, dict) else ""


class PingView(APIView):
    """Tell clients of InfluxDB that the server is there."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    content_negotiation_class = JsonAlways

    @extend_schema(
        operation_id="ping", tags=["ingest"], auth=NO_AUTH, parameters=[shapes.VERSION], responses={204: None}
    )
    def get(self, request: Request) -> Response:
        """Answer 204, with a version of InfluxDB whose API is spoken in X-Influxdb-Version."""
        return Response(status=204, headers={"X-Influxdb-Version": VERSION, "X-Influxdb-Build": "Fermon"})


class MayQuery(OpenOrAllowed):
    """Allow those who may read or ingest: the statements change nothing."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if super().has_permission(request, view):
            return True
        has_token = request.auth is not None
        return has_token and (allows(request.user, INGEST) or allows(request.user, READ))


class QueryView(LineView):
    """Answer the statements that clients of version 1 send before they write."""

    permission_classes = (WithinScope, MayQuery)

    @extend_schema(
        operation_id="queryV1",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[shapes.Q, schemas.RETRY_AFTER],
        responses=shapes.query_answers(),
    )
    def get(self, request: Request) -> Response:
        """Answer SHOW DATABASES, and other statements of SHOW and CREATE with no rows."""
        return self.answer(request.query_params.get("q", ""))

    @extend_schema(
        operation_id="postQueryV1",
        tags=["ingest"],
        auth=schemas.MAY_WRITE,
        parameters=[shapes.Q, schemas.RETRY_AFTER],
        request={FORM: {"type": "object", "properties": {"q": {"type": "string"}}}},
        responses=shapes.query_answers(),
    )
    def post(self, request: Request) -> Response:
        """Answer CREATE DATABASE, as the other statements of SHOW and CREATE, with no rows."""
        statement = request.query_params.get("q", "")
        if not statement and (request.content_type or "").startswith(FORM):
            body = body_of(request).decode("utf-8", "replace")
            statement = parse_qs(body).get("q", [""])[0]
        return self.answer(statement)

    def answer(self, statement: str) -> Response:
        """Return the answer to a statement.

        Raises:
            BadInput: the statement is neither CREATE nor SHOW.
        """
        if re.match(r"\s*SHOW\s+DATABASES\b", statement, re.IGNORECASE):
            values = [[name] for name in databases().names()]
            series = {"name": "databases", "columns": ["name"], "values": values}
            return Response({"results": [{"statement_id": 0, "series": [series]}]})
        if re.match(r"\s*(CREATE|SHOW)\s", statement, re.IGNORECASE):
            return Response(DONE)
        raise BadInput(NOT_ANSWERED.format(shown(statement)), "q")

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error as clients of version 1 expect."""
        answer = super().handle_exception(exc)
        answer.data = {"error": text_of(answer)}
        return answer
