"""GET /source-points, POST /source-points/make-tags, /ignore and /restore."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import MAP_SOURCES
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api.alarms import actor_of
from monitoring.api.errors import BadInput
from monitoring.api.fields import DEFAULT_PAGE, MAX_PAGE, parameters, whole_number
from monitoring.api.notification_fields import choice
from monitoring.api.notification_rows import body_as
from monitoring.api.notification_schemas import changes
from monitoring.kernel.quoting import shown
from monitoring.kernel.tag_definition import LARGEST_VALUE, TagKind
from monitoring.models import PointState, Source
from monitoring.models.source import LONGEST_ADDRESS
from monitoring.sources.making import MOST_CHOICES, MakingError, ignore_points, make_tags, restore_points
from monitoring.sources.point_reading import point_json, read_points

BOUND: dict[str, Any] = {"min_value": -LARGEST_VALUE, "max_value": LARGEST_VALUE}


class PointListSerializer(serializers.Serializer[Any]):
    """Criteria for points, and the part of the list."""

    source = serializers.CharField(  # type: ignore[assignment]  # the serializer's own attribute
        required=False, max_length=64, help_text="Name of a source; else all."
    )
    state = choice(PointState.values, "Only points in this state.", default=str(PointState.UNMAPPED))
    limit = whole_number(DEFAULT_PAGE, MAX_PAGE, "How many at most.")
    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=10**9, help_text="How many to skip; the Link header has the next."
    )


class SuggestionSerializer(serializers.Serializer[Any]):
    """The tag that the name and the value of a point suggest."""

    tag = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    kind = serializers.CharField(required=False)
    valid_min = serializers.FloatField(required=False)
    valid_max = serializers.FloatField(required=False)
    display_name = serializers.CharField(required=False)
    states = serializers.DictField(child=serializers.CharField(), required=False)


class PointSerializer(serializers.Serializer[Any]):
    """A point of a source."""

    id = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    address = serializers.CharField()
    state = serializers.CharField(help_text="unmapped, mapped or ignored")
    value = serializers.CharField(help_text="The last value, up to 200 characters.")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    age_s = serializers.FloatField()
    values = serializers.IntegerField(help_text="How many values it has sent.")
    rate = serializers.FloatField(allow_null=True, help_text="Values a second since it was first seen.")
    suggestion = SuggestionSerializer()


class ChoiceSerializer(serializers.Serializer[Any]):
    """A point with the tag to make; fields that are left out are those of the suggestion."""

    address = serializers.CharField(max_length=LONGEST_ADDRESS, trim_whitespace=False)
    tag = serializers.CharField(required=False, max_length=64)
    unit = serializers.CharField(required=False, max_length=20, allow_blank=True)
    kind = choice(TagKind, "The kind of the tag's values.")
    valid_min = serializers.FloatField(required=False, **BOUND)
    valid_max = serializers.FloatField(required=False, **BOUND)
    display_name = serializers.CharField(required=False, max_length=64, allow_blank=True)
    states = serializers.DictField(child=serializers.CharField(max_length=64), required=False)
    factor = serializers.FloatField(required=False, **BOUND)
    offset = serializers.FloatField(required=False, **BOUND)


class OfSourceSerializer(serializers.Serializer[Any]):
    """A body that names the source; ``name`` is that of a caller without a login."""

    source = serializers.CharField(max_length=64)  # type: ignore[assignment]
    name = serializers.CharField(required=False, max_length=64, allow_blank=True, help_text="Your name.")


class MakeTagsSerializer(OfSourceSerializer):
    """The points that become tags."""

    points = serializers.ListField(child=ChoiceSerializer(), allow_empty=False, max_length=MOST_CHOICES)


class AddressesSerializer(OfSourceSerializer):
    """The points to ignore, or to show again."""

    addresses = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_ADDRESS, trim_whitespace=False),
        allow_empty=False,
        max_length=MOST_CHOICES,
    )


class MadeSerializer(serializers.Serializer[Any]):
    """The names of the tags that points feed now; ``new`` are those that were made."""

    tags = serializers.ListField(child=serializers.CharField())
    new = serializers.ListField(child=serializers.CharField())


class ChangedSerializer(serializers.Serializer[Any]):
    """How many points have changed."""

    changed = serializers.IntegerField()


class SourcePointViewSet(ViewSet):
    """List the points of sources, make tags from points, ignore points."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("make", "ignore", "restore"), MAP_SOURCES)

    @extend_schema(
        operation_id="getSourcePoints",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[PointListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(
            PointSerializer(many=True), also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def list(self, request: Request) -> Response:
        """List addresses that sources have shown, by default those that feed no tag yet."""
        asked = parameters(PointListSerializer, request).validated_data
        source = source_named(asked["source"]) if asked.get("source") else None
        limit, offset, now = asked["limit"], asked["offset"], datetime.now(UTC)
        page = read_points(source, asked["state"], limit=limit, offset=offset)
        response = Response([point_json(point, now) for point in page.points])
        if offset + limit < page.found:
            url = replace_query_param(request.build_absolute_uri(), "offset", offset + limit)
            response["Link"] = f'<{url}>; rel="next"'
        return response

    @extend_schema(
        operation_id="makeTags",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=MakeTagsSerializer,
        responses=changes(MadeSerializer),
    )
    @action(detail=False, methods=["post"], url_path="make-tags")
    def make(self, request: Request) -> Response:
        """Make tags from points, all or none, as `{"source": "plant", "points": [{"address": "oven temp"}]}`.

        A tag that exists already is fed, and stays as it is. For the role engineer.
        """
        asked = body_as(request, MakeTagsSerializer, "source and points").validated_data
        source = source_named(asked["source"])
        choices = with_suggestions(source, asked["points"])
        try:
            new = make_tags(source, choices, by=actor_of(request, asked).by, of_points=True)
        except MakingError as error:
            raise BadInput(str(error), "points") from error
        return Response({"tags": [each["tag"] for each in choices], "new": new})

    @extend_schema(
        operation_id="ignorePoints",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=AddressesSerializer,
        responses=changes(ChangedSerializer),
    )
    @action(detail=False, methods=["post"])
    def ignore(self, request: Request) -> Response:
        """Ignore unmapped points: they are listed no more, and feed no tag. For the role engineer."""
        return changed_points(request, ignore_points)

    @extend_schema(
        operation_id="restorePoints",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=AddressesSerializer,
        responses=changes(ChangedSerializer),
    )
    @action(detail=False, methods=["post"])
    def restore(self, request: Request) -> Response:
        """List ignored points again. For the role engineer."""
        return changed_points(request, restore_points)


def changed_points(request: Request, change: Callable[[Source, list[str], str], int]) -> Response:
    """Change the points that the body names, and return how many have changed."""
    asked = body_as(request, AddressesSerializer, "source and addresses").validated_data
    source = source_named(asked["source"])
    return Response({"changed": change(source, asked["addresses"], actor_of(request, asked).by)})


def source_named(name: str) -> Source:
    """Return the source of this name.

    Raises:
        NotFound: there is none.
    """
    source = Source.objects.filter(name=name).first()
    if source is None:
        raise NotFound(f"source: there is no source {shown(name)}")
    return source


def with_suggestions(source: Source, choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the choices, with fields that are left out as the points suggest.

    Raises:
        BadInput: a choice has no name for the tag, and no suggestion either.
    """
    addresses = [choice["address"] for choice in choices]
    known = dict(source.points.filter(address__in=addresses).values_list("address", "suggestion"))
    full = [{**known.get(choice["address"], {}), **choice} for choice in choices]
    for place, each in enumerate(full):
        if not each.get("tag"):
            raise BadInput(f"points[{place}].tag: expected the name of the tag", "points")
    return full
