"""GET /tags and GET /tags/<name>."""

from datetime import UTC, datetime

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.callers import grant_of
from monitoring.api import answers, schemas
from monitoring.history.ahead import times_of
from monitoring.history.counters import read_rates
from monitoring.history.number_formats import read_formats
from monitoring.history.tags import active_names, find_tag, latest, tag_names
from monitoring.ingest.validate import known_tags
from monitoring.kernel.quoting import shown

NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, description="The tag's name.")


class TagViewSet(ViewSet):
    """List and describe tags, each the named signal of one sensor."""

    tag_filter = "each"
    lookup_field = "name"
    lookup_value_regex = "[^/\\x00]+"  # not every database accepts NUL in a query

    @extend_schema(
        operation_id="getTags",
        tags=["tags"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.TagListSerializer),
    )
    def list(self, request: Request) -> Response:
        """List the names of the tags in use."""
        grant = grant_of(request)
        return Response({"tags": [name for name in active_names() if grant is None or grant.covers(name)]})

    @extend_schema(
        operation_id="getTag",
        tags=["tags"],
        auth=schemas.MAY_READ,
        parameters=[NAME, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.TagSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, name: str) -> Response:
        """Return one tag: unit, valid range, alarm limits and the newest measurement."""
        tag = find_tag(name)
        if tag is None:
            raise NotFound(f"name: unknown tag {shown(name)}; {known_tags(tag_names())}")
        now = datetime.now(UTC)
        ahead, clock_error_s = times_of(name, now)
        number, rate = read_formats([tag])[name], read_rates([tag], now).get(name)
        return Response(answers.tag(tag, latest(name, now), ahead, clock_error_s, number, rate))
