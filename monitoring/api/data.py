"""GET /data and GET /anomalies."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from monitoring.api import answers, schemas
from monitoring.api.fields import DataPageSerializer, PageSerializer, parameters
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
    query = parameters(PageSerializer if anomalies_only else DataPageSerializer, request)
    chosen = query.validated_data
    selection: Selection = replace(query.selection, anomalies_only=anomalies_only)
    page = read_page(
        selection, limit=chosen["limit"], ascending=chosen["order"] == "asc", after=chosen.get("cursor")
    )
    found = items(page)
    if chosen.get("quality"):
        add_quality(page, found)
    return with_link(request, Response(found), page.next)


def add_quality(page: MeasurementPage, items: list[dict[str, Any]]) -> None:
    """Add the quality to the items that are not good."""
    qualities = qualities_of(page)
    for item in items:
        if item["id"] in qualities:
            item["quality"] = qualities[item["id"]]


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
        responses=schemas.reads(schemas.ShownMeasurementSerializer(many=True), also=PAGED),
    )
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
        parameters=[PageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.AnomalySerializer(many=True), also=PAGED),
    )
    def list(self, request: Request) -> Response:
        """List anomalies of some or all tags in a time range, with reasons, newest first by default."""
        return page_response(request, anomalies_only=True, items=with_reasons)


def with_reasons(page: MeasurementPage) -> list[dict[str, Any]]:
    """Return the anomalies of a page, each with the violated rules."""
    reasons = reasons_of([row[:3] for row in page.rows])
    return [answers.anomaly(item, reasons[item["id"]]) for item in page.as_json()]
