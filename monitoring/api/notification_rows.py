"""Find and validate the rows that people set up for notifications: shared by their endpoints."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from monitoring.access.roles import SEE_NOTIFICATIONS, SET_UP_NOTIFICATIONS
from monitoring.api.exclusions import object_of

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The id.")
READING = dict.fromkeys(("list", "retrieve", "metadata"), SEE_NOTIFICATIONS)
RIGHTS = {**READING, **dict.fromkeys(("create", "partial_update", "test"), SET_UP_NOTIFICATIONS)}
RowT = TypeVar("RowT", bound=Model)
BodyT = TypeVar("BodyT", bound=serializers.Serializer[Any])


def body_as(request: Request, kind: type[BodyT], expected: str) -> BodyT:
    """Return the serializer with the validated request body; ``expected`` names the fields.

    Raises:
        BadInput, ValidationError: the body is not an object, or a field is invalid.
    """
    asked = kind(data=object_of(request, expected))
    asked.is_valid(raise_exception=True)
    return asked


def row_of(rows: "QuerySet[RowT]", pk: str) -> RowT:
    """Return the row with this id.

    Raises:
        NotFound: no row has this id.
    """
    found = rows.filter(pk=int(pk)).first()
    if found is None:
        raise NotFound(f"id: there is no {rows.model._meta.verbose_name} {pk}")
    return found
