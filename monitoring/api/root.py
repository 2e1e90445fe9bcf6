"""GET /: redirect browsers to the dashboard, list the endpoints for scripts."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse as plain_reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from monitoring.access.permissions import UnauthenticatedWhileOpen
from monitoring.api import schemas
from monitoring.api.site_schema import example_tag
from monitoring.kernel.clock import iso_utc

EXPORT_SHOWN = timedelta(minutes=10)  # what a click on the link downloads

ENDPOINTS = {
    "tags": "tag-list",
    "data": "measurement-list",
    "anomalies": "anomaly-list",
    "events": "event-list",
    "exclusions": "exclusion-list",
    "alarms": "alarm-list",
    "alarms/journal": "alarm-journal",
    "alarms/kpis": "alarm-kpis",
    "alarm-definitions": "alarm-definition-list",
    "notes": "note-list",
    "vessels": "vessel-list",
    "recipes": "recipe-list",
    "batches": "batch-list",
    "views": "view-list",
    "file-imports": "file-import-list",
    "sources": "source-list",
    "deliveries": "delivery-list",
    "channels": "channel-list",
    "routes": "route-list",
    "schedules": "schedule-list",
    "windows": "window-list",
    "profiles": "profile-list",
    "statistics": "statistics",
    "quality": "quality",
    "gaps": "gaps",
    "trend": "trend",
    "stream": "stream",
    "export": "export",
    "ingest": "ingest",
    "ingest/batch": "ingest-batch",
    "stats": "stats",
    "health": "health",
    "metrics": "metrics",
    "docs": "docs",
    "schema": "schema",
    "dashboard": "dashboard",
}


class RootView(UnauthenticatedWhileOpen, APIView):
    """List the endpoints of the API."""

    @extend_schema(
        operation_id="getRoot",
        tags=["system"],
        auth=schemas.MAY_READ,
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, "The address of each endpoint by its name."),
            302: OpenApiResponse(None, "A browser is led to the dashboard."),
            **schemas.REFUSED,
            406: schemas.NOT_ACCEPTABLE,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List the endpoints; add ?format=api for the browsable API."""
        if request.accepted_renderer.format == "api" and "format" not in request.query_params:
            return redirect("dashboard")
        if request.accepted_renderer.format != "api":
            return Response({path: reverse(name, request=request) for path, name in ENDPOINTS.items()})
        # DRF's reverse would repeat the query "format=api", which not every endpoint has.
        paths = clickable({path: plain_reverse(name) for path, name in ENDPOINTS.items()})
        return Response({name: request.build_absolute_uri(path) for name, path in paths.items()})


def clickable(addresses: dict[str, str]) -> dict[str, str]:
    """Return the addresses for a page: each answers a click, also where an endpoint asks for more than that.

    Endpoints that only take readings link to the documentation, where they can be tried.
    """
    tag = example_tag()
    chosen = urlencode({"tag": tag.name if tag else ""})
    newest = urlencode({"from": iso_utc(datetime.now(UTC) - EXPORT_SHOWN)})
    return addresses | {
        "trend": f"{addresses['trend']}?{chosen}" if tag else addresses["tags"],
        "export": f"{addresses['export']}?{newest}",
        "ingest": f"{addresses['docs']}#/ingest/ingestReading",
        "ingest/batch": f"{addresses['docs']}#/ingest/ingestBatch",
        "schema": f"{addresses['schema']}?format=json",
    }
