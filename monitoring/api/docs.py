"""GET /schema and GET /docs."""

from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from monitoring.access.permissions import UnauthenticatedWhileOpen
from monitoring.api import schemas
from monitoring.api.site_schema import fit_to_site


class SchemaView(UnauthenticatedWhileOpen, APIView):
    """Serve the OpenAPI description of the API."""

    renderer_classes = (OpenApiJsonRenderer2, OpenApiJsonRenderer)

    @extend_schema(
        operation_id="getSchema",
        tags=["system"],
        auth=schemas.MAY_READ,
        responses={
            (200, "application/json"): OpenApiResponse(OpenApiTypes.OBJECT, "OpenAPI 3."),
            (200, "application/vnd.oai.openapi+json"): OpenApiResponse(OpenApiTypes.OBJECT, "OpenAPI 3."),
            **schemas.REFUSED,
            406: schemas.NOT_ACCEPTABLE,
        },
    )
    def get(self, request: Request) -> Response:
        """Return this description as OpenAPI 3."""
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        schema = generator.get_schema(request=request, public=True)  # type: ignore[no-untyped-call]
        fit_to_site(schema, is_open=settings.FERMON_OPEN)
        return Response(schema)


class DocsView(UnauthenticatedWhileOpen, SpectacularSwaggerSplitView):
    """Serve Swagger UI from local files, so that the page works without internet access."""

    authentication_classes = api_settings.DEFAULT_AUTHENTICATION_CLASSES  # type: ignore[assignment]  # by their names
    permission_classes = api_settings.DEFAULT_PERMISSION_CLASSES  # type: ignore[assignment]
    metadata_class = None  # metadata for OPTIONS would need an HTML page
    url_name = "schema"

    @extend_schema(
        operation_id="getDocs",
        tags=["system"],
        auth=schemas.MAY_READ,
        responses={
            (200, "text/html"): OpenApiTypes.STR,
            302: schemas.TO_LOGIN,
            **schemas.REFUSED,
            406: schemas.NOT_ACCEPTABLE,
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return the Swagger UI page for this API."""
        return super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]

    def handle_exception(self, exc: Exception) -> Response:
        """Render errors as JSON, since the view has no HTML page for errors."""
        response = super().handle_exception(exc)
        if not isinstance(response, Response):
            return response
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return response
