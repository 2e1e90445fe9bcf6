"""GET /: a browser is led to the dashboard, a script to the endpoints."""

from django.http import HttpResponseBase
from django.shortcuts import redirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

ENDPOINTS = (
    "tag-list",
    "measurement-list",
    "anomaly-list",
    "ingest",
    "ingest-batch",
    "stats",
    "health",
    "docs",
    "schema",
)


class RootView(APIView):
    """Where everything is."""

    permission_classes = (AllowAny,)

    @extend_schema(
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, "The address of each endpoint by its name."),
            302: OpenApiResponse(None, "A browser is led to the dashboard."),
            406: OpenApiResponse(OpenApiTypes.OBJECT, "None of the accepted media types can be answered."),
        }
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The endpoints; add ?format=api for the browsable API."""
        if request.accepted_renderer.format == "api" and "format" not in request.query_params:
            return redirect("dashboard")
        links = {name: reverse(name, request=request) for name in ENDPOINTS}
        return Response({**links, "dashboard": reverse("dashboard", request=request)})
