"""GET /deliveries: the log of messages to people."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import SEE_NOTIFICATIONS
from monitoring.access.scopes import WithinScope
from monitoring.api import notification_schemas, schemas
from monitoring.api.data import with_link
from monitoring.api.fields import parameters
from monitoring.api.notification_fields import DeliveryListSerializer
from monitoring.notifications.delivery_log import deliveries


class DeliveryViewSet(ViewSet):
    """List deliveries."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("list", "metadata"), SEE_NOTIFICATIONS)

    @extend_schema(
        operation_id="getDeliveries",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[DeliveryListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(
            notification_schemas.DeliverySerializer(many=True), also={400: schemas.BAD_INPUT}
        ),
    )
    def list(self, request: Request) -> Response:
        """List messages to people in a time range, newest first. For the role engineer."""
        query = parameters(DeliveryListSerializer, request)
        chosen = query.validated_data
        page = deliveries(
            query.chosen_deliveries,
            limit=chosen["limit"],
            after=chosen.get("cursor"),
        )
        return with_link(request, Response(page.as_json()), page.next)
