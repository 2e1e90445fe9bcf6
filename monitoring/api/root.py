"""GET /: redirect browsers to the dashboard, list the endpoints for scripts."""

from django.http import HttpResponseBase
from django.shortcuts import redirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from monitoring.access.permissions import UnauthenticatedWhileOpen
from monitoring.api import schemas

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
    "views": "view-list",
    "deliveries": "delivery-list",
    "channels": "channel-list",
    "routes": "route-list",
    "schedules": "schedule-list",
    "windows": "window-list",
    "statistics": "statistics",
    "trend": "trend",
    "stream": "stream",
    "export": "export",
    "ingest": "ingest",
    "ingest/batch": "ingest-batch",
    "stats": "stats",
    "health": "health",
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
        return Response({path: reverse(name, request=request) for path, name in ENDPOINTS.items()})
