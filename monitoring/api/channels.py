"""GET and POST /channels, GET and PATCH /channels/<id>. Secrets are write-only."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.callers import has_by_login
from monitoring.access.permissions import MayAct
from monitoring.access.roles import SET_UP_NOTIFICATIONS
from monitoring.access.scopes import WithinScope
from monitoring.api import notification_fields as fields
from monitoring.api import notification_schemas as shapes
from monitoring.api import schemas
from monitoring.api.alarms import actor_of
from monitoring.api.errors import BadInput
from monitoring.api.notification_rows import ID, RIGHTS, body_as, row_of
from monitoring.models import Channel
from monitoring.notifications.channel_settings import (
    ChannelInputError,
    address_of,
    check_address,
    free_name,
    store_channel,
)
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.delivery_log import delivery_json
from monitoring.notifications.reading import channel_json
from monitoring.notifications.testing import request_test

COLUMNS = {"name": "name", "person": "person", "position": "position", "allows_local": "allows_local"}
COLUMNS |= {"enabled": "is_enabled"}


class ChannelViewSet(ViewSet):
    """List, make and change channels."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = RIGHTS
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getChannels",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.ChannelSerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the channels. For the role engineer."""
        return Response([channel_json(row) for row in Channel.objects.select_related("person")])

    @extend_schema(
        operation_id="getChannel",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.ChannelSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one channel. For the role engineer."""
        return Response(channel_json(row_of(Channel.objects.select_related("person"), id)))

    @extend_schema(
        operation_id="makeChannel",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.MakeChannelSerializer,
        responses=shapes.changes(shapes.ChannelSerializer, created=True),
    )
    def create(self, request: Request) -> Response:
        """Make a channel, as `{"kind": "email", "fields": {"to": "anna@plant.example"}}`.

        For administrators. Then send a test: a channel is verified once somebody opens the link in it.
        """
        asked = body_as(request, fields.MakeChannelSerializer, "kind and fields").validated_data
        channel = Channel(kind=asked["kind"], name=free_name(KINDS[asked["kind"]].label))
        store(channel, asked, is_trusted=has_by_login(request, SET_UP_NOTIFICATIONS))
        return Response(channel_json(channel), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="changeChannel",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=fields.ChangeChannelSerializer,
        responses=shapes.changes(shapes.ChannelSerializer),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a channel; a secret that is left out stays. Another address has to be verified anew."""
        asked = body_as(request, fields.ChangeChannelSerializer, "the fields to change").validated_data
        channel = row_of(Channel.objects.select_related("person"), id)
        store(channel, asked, is_trusted=has_by_login(request, SET_UP_NOTIFICATIONS))
        return Response(channel_json(channel))

    @extend_schema(
        operation_id="testChannel",
        tags=["notifications"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=None,
        responses={**shapes.changes(None), 200: None, 201: shapes.DeliverySerializer},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, id: str) -> Response:
        """Send a test by a channel, the same way as an alarm goes. For administrators."""
        channel = row_of(Channel.objects.select_related("person").filter(is_enabled=True), id)
        delivery = request_test(channel, by=actor_of(request, {}).by, now=datetime.now(UTC))
        return Response(delivery_json(delivery), status=status.HTTP_201_CREATED)


def store(channel: Channel, asked: Mapping[str, Any], *, is_trusted: bool) -> None:
    """Store the channel with the changes.

    Raises:
        BadInput: a field is invalid, or not for this caller.
    """
    before = Channel.objects.filter(pk=channel.pk).first() if channel.pk else None
    for key, column in COLUMNS.items():
        if key in asked:
            setattr(channel, column, asked[key])
    if Channel.objects.filter(name=channel.name).exclude(pk=channel.pk).exists():
        raise BadInput("name: another channel has this name", "name")
    kind = KINDS.get(channel.kind)
    if kind is None:
        raise BadInput(f"kind: expected one of {', '.join(KINDS)}", "kind")
    given = asked.get("fields", {})
    if unknown := set(given) - {field.name for field in kind.fields}:
        names = ", ".join(field.name for field in kind.fields)
        raise BadInput(f"fields: {min(unknown)[:80]!r} is none of {names}", "fields")
    address = address_of(kind, given, before)
    try:
        check_address(kind, address, before, allows_local=channel.allows_local, is_trusted=is_trusted)
    except ChannelInputError as error:
        name, text = next(iter(error.problems.items()))
        field = name if name == "allows_local" else f"fields.{name}"
        raise BadInput(f"{field}: {text}", field) from error
    store_channel(channel, address)
