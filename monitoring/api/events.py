"""GET /events."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.replica_reads import reads_replica
from monitoring.api import schemas
from monitoring.api.data import paged
from monitoring.api.fields import EventPageSerializer, parameters
from monitoring.history.events import read_events


class EventViewSet(ViewSet):
    """List events, that is, faults with a duration that the detectors found."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getEvents",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[EventPageSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(
            schemas.page_of(schemas.EventSerializer, schemas.EventPageSerializer),
            also={400: schemas.BAD_INPUT},
        ),
    )
    @reads_replica
    def list(self, request: Request) -> Response:
        """List events of some or all tags that overlap a time range, latest start first by default.

        An open event has no end. Score and explanation of an open event may change; the id does not.
        """
        query = parameters(EventPageSerializer, request)
        chosen = query.validated_data
        page = read_events(
            query.chosen_events,
            limit=chosen["limit"],
            ascending=chosen["order"] == "asc",
            after=chosen.get("cursor"),
        )
        return paged(request, page.as_json(), page.next, envelope=chosen["envelope"])
