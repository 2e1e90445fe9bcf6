"""GET /metrics."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from monitoring.access.scopes import WithinScope
from monitoring.access.scraping import LocalOrAllowed, accepted_credentials, is_local
from monitoring.api import schemas
from monitoring.api.queue import queued_readings
from monitoring.api.renderers import FastJSONRenderer
from monitoring.operations.metrics.collecting import collect, database_answers
from monitoring.operations.metrics.exposition import OPENMETRICS_TYPE, TEXT_TYPE, exposition_of

TEXT = OpenApiResponse(
    OpenApiTypes.STR, "The metrics. While the database is away, those of the machine alone."
)


class OfErrors(BaseContentNegotiation):
    """Render errors as JSON, whatever format of metrics the client accepts."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """Return the first parser; no request has a body."""
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Return the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type


class MetricsView(APIView):
    """The state of Fermon for Prometheus."""

    content_negotiation_class = OfErrors
    renderer_classes = (FastJSONRenderer,)
    permission_classes = (WithinScope, LocalOrAllowed)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return no authenticators for callers who need no credentials: these would need the database."""
        request = self.request  # None while the schema is made
        needs_none = settings.FERMON_OPEN or (request is not None and is_local(request))
        return [] if needs_none else super().get_authenticators()

    def perform_authentication(self, request: Request) -> None:
        """Authenticate; while the database is away, accept a token that was valid before.

        A database that hangs would hold up the check of the token, so the metrics for such a token are
        collected first: that has a time limit.
        """
        is_known = accepted_credentials().knows(request)
        self.collected = collect(queued_readings) if is_known else None
        self.is_known_before = is_known and not database_answers()
        if self.is_known_before:
            request.user, request.auth = AnonymousUser(), None
            return
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            accepted_credentials().forget(request)
            raise

    def get_permissions(self) -> Sequence[Any]:
        """Return no permissions to check for a token that was valid before."""
        return [] if self.is_known_before else super().get_permissions()

    def check_permissions(self, request: Request) -> None:
        """Check the permissions; remember a valid token.

        Raises:
            PermissionDenied: the credentials do not read, or read some tags only.
        """
        try:
            super().check_permissions(request)
        except PermissionDenied:
            accepted_credentials().forget(request)
            raise
        accepted_credentials().remember(request)

    @extend_schema(
        operation_id="getMetrics",
        tags=["system"],
        auth=schemas.MAY_READ,
        responses={
            (200, TEXT_TYPE): TEXT,
            (200, OPENMETRICS_TYPE): TEXT,
            **schemas.REFUSED,
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the state of Fermon as metrics for Prometheus, without labels by tag.

        OpenMetrics for a client that accepts `application/openmetrics-text`, else the text format of
        Prometheus. Programs on the same machine need no token.
        """
        collected = self.collected or collect(queued_readings)
        text, content_type = exposition_of(collected, request.headers.get("Accept", ""))
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        return HttpResponse(text, content_type=content_type, headers=headers)
