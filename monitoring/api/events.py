"""GET /events."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.api import schemas
from monitoring.api.data import with_link
from monitoring.api.fields import EventPageSerializer, parameters
from monitoring.history.events import read_events


class EventViewSet(ViewSet):
    """The events: what the detectors found over some time."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getEvents",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[EventPageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.EventSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """Events of some tags, or of all, that overlap a range of time; those that began last come first.

        One that lasts has no end. While it does, its score and explanation may change; its id stays.
        """
        query = parameters(EventPageSerializer, request)
        chosen = query.validated_data
        page = read_events(
            query.chosen_events,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.as_json()), page.next)
