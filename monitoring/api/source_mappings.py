"""GET, POST and PUT /sources/<id>/mappings; PATCH and DELETE /sources/<id>/mappings/<mapping>."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.permissions import MayAct
from monitoring.access.roles import MAP_SOURCES
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import source_schemas as shapes
from monitoring.api.errors import BadInput
from monitoring.api.notification_rows import ID, body_as, row_of
from monitoring.models import Source, SourceMapping
from monitoring.sources.mapping_settings import (
    MappingInput,
    MappingInputError,
    delete_mapping,
    input_of,
    replace_mappings,
    store_mapping,
)
from monitoring.sources.reading import mapping_json

MAPPING = OpenApiParameter("mapping", int, OpenApiParameter.PATH, description="The mapping's id.")
ALL = ("list", "create", "update", "retrieve", "partial_update", "destroy", "metadata")


class SourceMappingViewSet(ViewSet):
    """List, make, change, replace and delete the mappings of a source."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(ALL, MAP_SOURCES)

    @extend_schema(
        operation_id="getMappings",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.MappingShape(many=True), also={404: schemas.NOT_FOUND}),
    )
    def list(self, request: Request, id: str) -> Response:
        """List the mappings of a source. For the role engineer."""
        source = row_of(Source.objects.all(), id)
        return Response([mapping_json(mapping) for mapping in source.mappings.all()])

    @extend_schema(
        operation_id="makeMapping",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=shapes.MappingSerializer,
        responses=shapes.changes(shapes.MappingShape, created=True),
    )
    def create(self, request: Request, id: str) -> Response:
        """Map an address to a tag, which must exist unless its name is a pattern."""
        asked = body_as(request, shapes.MappingSerializer, "address and tag")
        with errors_as_answers():
            made = store_mapping(row_of(Source.objects.all(), id), asked.mapping)
        return Response(mapping_json(made), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="replaceMappings",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=shapes.MappingsSerializer,
        responses=shapes.changes(shapes.MappingShape(many=True)),
    )
    def update(self, request: Request, id: str) -> Response:
        """Replace all mappings: all rows are stored, or none and `detail` names each wrong row."""
        asked = body_as(request, shapes.MappingsSerializer, "mappings").validated_data["mappings"]
        source = row_of(Source.objects.all(), id)
        with errors_as_answers():
            rows = replace_mappings(source, [MappingInput(**row) for row in asked])
        return Response([mapping_json(row) for row in rows])

    @extend_schema(
        operation_id="changeMapping",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, MAPPING, schemas.RETRY_AFTER],
        request=shapes.ChangeMappingSerializer,
        responses=shapes.changes(shapes.MappingShape),
    )
    def partial_update(self, request: Request, id: str, mapping: str) -> Response:
        """Change a mapping."""
        asked = body_as(request, shapes.ChangeMappingSerializer, "the fields to change").validated_data
        stored = row_of(SourceMapping.objects.filter(source=int(id)).select_related("source"), mapping)
        with errors_as_answers():
            store_mapping(stored.source, replace(input_of(stored), **asked), stored)
        return Response(mapping_json(stored))

    @extend_schema(
        operation_id="deleteMapping",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, MAPPING, schemas.RETRY_AFTER],
        responses=shapes.changes(None),
    )
    def destroy(self, request: Request, id: str, mapping: str) -> Response:
        """Delete a mapping. The tag and its measurements stay."""
        delete_mapping(row_of(SourceMapping.objects.filter(source=int(id)), mapping))
        return Response(status=status.HTTP_204_NO_CONTENT)


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of mappings to an answer of the API that names each wrong row."""
    try:
        yield
    except MappingInputError as error:
        lines = [
            f"mappings[{place}].{name}: {text}"
            for place, problems in error.problems.items()
            for name, text in problems.items()
        ]
        raise BadInput(" ".join(lines), lines[0].partition(":")[0]) from error
