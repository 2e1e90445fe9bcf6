"""GET /data and GET /anomalies."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from monitoring.access.replica_reads import reads_replica
from monitoring.api import answers, schemas
from monitoring.api.fields import AnomalyPageSerializer, DataPageSerializer, parameters
from monitoring.history.keyset import Cursor
from monitoring.history.measurements import MeasurementPage, Selection, read_page, reasons_of
from monitoring.history.quality import qualities_of

PAGED = {400: schemas.BAD_INPUT}


def page_response(
    request: Request, *, anomalies_only: bool, items: Callable[[MeasurementPage], list[dict[str, Any]]]
) -> Response:
    """Return the page that the query parameters select, with a Link header if a next page exists.

    ``items`` converts the page to the JSON objects of the response.
    """
    query = parameters(AnomalyPageSerializer if anomalies_only else DataPageSerializer, request)
    chosen = query.validated_data
    selection: Selection = replace(query.selection, anomalies_only=anomalies_only)
    page = read_page(
        selection, limit=chosen["limit"], ascending=chosen["order"] == "asc", after=chosen.get("cursor")
    )
    found = items(page)
    if chosen.get("quality"):
        add_quality(page, found)
    return paged(request, found, page.next, envelope=chosen["envelope"])


def add_quality(page: MeasurementPage, items: list[dict[str, Any]]) -> None:
    """Add the quality to the items that are not good."""
    qualities = qualities_of(page)
    for item in items:
        if item["id"] in qualities:
            item["quality"] = qualities[item["id"]]


def paged(
    request: Request, items: list[dict[str, Any]], following: Cursor | None, *, envelope: bool
) -> Response:
    """Return a page with its Link header: the list alone, or in an envelope with the cursor beside it.

    The key ``next`` is present on the last page, too: Grafana's Infinity data source reports a missing one
    as an error, and takes null as the end.
    """
    bare = {"items": items, "next": None if following is None else str(following)} if envelope else items
    return with_link(request, Response(bare), following)


def with_link(request: Request, response: Response, following: Cursor | None) -> Response:
    """Add a Link header with the address of the following page, if one exists."""
    if following is not None:
        url = replace_query_param(request.build_absolute_uri(), "cursor", str(following))
        response["Link"] = f'<{url}>; rel="next"'
    return response


class MeasurementViewSet(ViewSet):
    """List measurements, that is, stored readings."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getData",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[DataPageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(
            schemas.page_of(schemas.ShownMeasurementSerializer, schemas.MeasurementPageSerializer), also=PAGED
        ),
    )
    @reads_replica
    def list(self, request: Request) -> Response:
        """List measurements of some or all tags in a time range, newest first by default."""
        return page_response(
            request,
            anomalies_only=False,
            items=MeasurementPage.as_json,
        )


class AnomalyViewSet(ViewSet):
    """List anomalies, that is, measurements that violate at least one rule."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getAnomalies",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[AnomalyPageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(
            schemas.page_of(schemas.AnomalySerializer, schemas.AnomalyPageSerializer), also=PAGED
        ),
    )
    @reads_replica
    def list(self, request: Request) -> Response:
        """List anomalies of some or all tags in a time range, with reasons, newest first by default."""
        return page_response(request, anomalies_only=True, items=with_reasons)


def with_reasons(page: MeasurementPage) -> list[dict[str, Any]]:
    """Return the anomalies of a page, each with the violated rules."""
    reasons = reasons_of([row[:3] for row in page.rows])
    return [answers.anomaly(item, reasons[item["id"]]) for item in page.as_json()]
