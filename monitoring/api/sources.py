"""GET and POST /sources; GET, PATCH and DELETE /sources/<id>, and its actions; GET /source-jobs/<id>."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from monitoring.access.callers import has_by_login
from monitoring.access.permissions import MayAct
from monitoring.access.roles import MAP_SOURCES, SET_UP_SOURCES, allows
from monitoring.access.scopes import WithinScope
from monitoring.api import schemas
from monitoring.api import source_schemas as shapes
from monitoring.api.alarms import actor_of
from monitoring.api.errors import BadInput, Conflict
from monitoring.api.notification_rows import ID, body_as, row_of
from monitoring.models import Source, SourceJob
from monitoring.sources.job_requests import (
    DISCOVER,
    LISTEN,
    TEST,
    JobRefusedError,
    TooSoonError,
    request_job,
)
from monitoring.sources.reading import job_json, read_sources, source_json
from monitoring.sources.registry import KINDS
from monitoring.sources.settings import (
    Rights,
    SourceInputError,
    check_source,
    delete_source,
    fields_of,
    store_source,
    switch,
    trust,
)

MAPPERS = ("partial_update", "test", "discover", "listen", "enable", "disable")
ADMINISTRATORS = ("create", "destroy", "trust")
REFUSED_JOB = OpenApiResponse(schemas.ErrorSerializer, "The protocol has no such job, or lacks a library.")
ViewT = TypeVar("ViewT", bound=Callable[..., Any])
WHOLE = frozenset({"name", "protocol", "enabled"})  # places of an error that are no fields of the protocol


def job_schema(name: str) -> Callable[[ViewT], ViewT]:
    """Return the decorator that describes a request for a job."""
    described: Callable[[ViewT], ViewT] = extend_schema(
        operation_id=name,
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=shapes.JobSerializer,
        responses={**shapes.changes(shapes.JobShape, created=True), 409: REFUSED_JOB},
    )
    return described


def act_schema(name: str, request: Any = None) -> Callable[[ViewT], ViewT]:
    """Return the decorator that describes a change of one source."""
    described: Callable[[ViewT], ViewT] = extend_schema(
        operation_id=name,
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=request,
        responses=shapes.changes(shapes.SourceSerializer),
    )
    return described


class SourceViewSet(ViewSet):
    """List, make, change, test and delete field sources."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = {
        **dict.fromkeys(MAPPERS, MAP_SOURCES),
        **dict.fromkeys(ADMINISTRATORS, SET_UP_SOURCES),
    }
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getSources",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.SourceSerializer(many=True)),
    )
    def list(self, request: Request) -> Response:
        """List the field sources by name, with their status. Settings are for the role engineer."""
        seen = with_settings(request)
        return Response([source_json(view, with_settings=seen) for view in read_sources(datetime.now(UTC))])

    @extend_schema(
        operation_id="getSource",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.SourceSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one field source with its status."""
        return Response(shown(request, row_of(Source.objects.all(), id)))

    @extend_schema(
        operation_id="makeSource",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=shapes.MakeSourceSerializer,
        responses=shapes.changes(shapes.SourceSerializer, created=True),
    )
    def create(self, request: Request) -> Response:
        """Make a source, as `{"name": "broker", "protocol": "mqtt", "fields": {"host": "broker.plant"}}`.

        For administrators. The source is disabled: test it, map its values, then enable it.
        """
        asked = body_as(request, shapes.MakeSourceSerializer, "name, protocol and fields").validated_data
        source = Source(protocol=asked["protocol"], changed_at=datetime.now(UTC))
        store(request, source, asked)
        return Response(shown(request, source), status=status.HTTP_201_CREATED)

    @act_schema("changeSource", shapes.ChangeSourceSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a source; a secret that is left out stays.

        Host, login and trust are for administrators; after such a change type the secrets again.
        """
        asked = body_as(request, shapes.ChangeSourceSerializer, "the fields to change").validated_data
        source = row_of(Source.objects.all(), id)
        store(request, source, asked)
        return Response(shown(request, source))

    @extend_schema(
        operation_id="deleteSource",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=shapes.changes(None),
    )
    def destroy(self, request: Request, id: str) -> Response:
        """Delete a source with its mappings. Tags and measurements stay. For administrators."""
        delete_source(row_of(Source.objects.all(), id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @act_schema("enableSource")
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, id: str) -> Response:
        """Enable a source: a collector connects within seconds."""
        source = row_of(Source.objects.all(), id)
        with errors_as_answers():
            switch(source, on=True)
        return Response(shown(request, source))

    @act_schema("disableSource")
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, id: str) -> Response:
        """Disable a source: the collector disconnects within seconds."""
        source = row_of(Source.objects.all(), id)
        switch(source, on=False)
        return Response(shown(request, source))

    @act_schema("trustCertificate", shapes.TrustSerializer)
    @action(detail=True, methods=["post"])
    def trust(self, request: Request, id: str) -> Response:
        """Trust the server's certificate with this fingerprint. For administrators."""
        asked = body_as(request, shapes.TrustSerializer, "fingerprint").validated_data
        source = row_of(Source.objects.all(), id)
        with errors_as_answers():
            trust(source, asked["fingerprint"])
        return Response(shown(request, source))

    @job_schema("testSource")
    @action(detail=True, methods=["post"])
    def test(self, request: Request, id: str) -> Response:
        """Ask for a connection test; poll `/source-jobs/<id>` for the steps. One a second."""
        return asked_job(request, id, TEST)

    @job_schema("discoverPoints")
    @action(detail=True, methods=["post"])
    def discover(self, request: Request, id: str) -> Response:
        """Ask for the points that the source offers; poll `/source-jobs/<id>` for them. One a second."""
        return asked_job(request, id, DISCOVER)

    @job_schema("listenToSource")
    @action(detail=True, methods=["post"])
    def listen(self, request: Request, id: str) -> Response:
        """Ask for the messages that arrive; poll `/source-jobs/<id>` for them. One a second."""
        return asked_job(request, id, LISTEN)


class SourceJobViewSet(ViewSet):
    """Show the progress and the result of a test, of discovery or of listening."""

    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("retrieve", "metadata"), MAP_SOURCES)
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"

    @extend_schema(
        operation_id="getSourceJob",
        tags=["sources"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(shapes.JobShape, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return the steps so far, and the result. Jobs of yesterday are deleted."""
        return Response(job_json(row_of(SourceJob.objects.all(), id)))


def asked_job(request: Request, id: str, kind: str) -> Response:
    """Store a job for the collector, and return the job.

    Raises:
        Conflict: the source cannot do this.
        Throttled: another job was asked for less than a second ago.
    """
    asked = body_as(request, shapes.JobSerializer, "parameters").validated_data
    source = row_of(Source.objects.all(), id)
    by = actor_of(request, {}).by
    try:
        job = request_job(source, kind, asked.get("parameters", {}), by=by, now=datetime.now(UTC))
    except JobRefusedError as error:
        raise Conflict(str(error)) from error
    except TooSoonError as error:
        raise Throttled(1, str(error)) from error
    return Response(job_json(job), status=status.HTTP_201_CREATED)


def store(request: Request, source: Source, asked: dict[str, Any]) -> None:
    """Store the source with the changes.

    Raises:
        BadInput: a field is invalid, or not for this caller.
    """
    kind = KINDS.get(source.protocol)
    if kind is None:
        raise BadInput(f"protocol: expected one of {', '.join(KINDS) or 'none'}", "protocol")
    before = Source.objects.filter(pk=source.pk).first() if source.pk else None
    for name in ("name", "group", "uses_receive_time"):
        setattr(source, name, asked.get(name, getattr(source, name)))
    given = asked.get("fields", {})
    if unknown := set(given) - {field.name for field in kind.fields}:
        names = ", ".join(field.name for field in kind.fields)
        raise BadInput(f"fields: {min(unknown)[:80]!r} is none of {names}", "fields")
    forgotten = [name for name, text in given.items() if text is None]
    fields = fields_of(kind, {name: text or "" for name, text in given.items()}, before, forgotten)
    with errors_as_answers():
        check_source(kind, source, fields, before, rights_of(request))
        store_source(source, fields)


def rights_of(request: Request) -> Rights:
    """Return the rights of the caller; everybody may set up sources while Fermon is open."""
    by_login = has_by_login(request, SET_UP_SOURCES)
    return Rights(may_set_up=settings.FERMON_OPEN or by_login, may_refer=by_login)


def with_settings(request: Request) -> bool:
    """Return whether the caller may see settings."""
    return settings.FERMON_OPEN or allows(request.user, MAP_SOURCES)


def shown(request: Request, source: Source) -> dict[str, Any]:
    """Return the source as answered to this caller."""
    [view] = read_sources(datetime.now(UTC), [source])
    return source_json(view, with_settings=with_settings(request))


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the first error of a source's form to an answer of the API."""
    try:
        yield
    except SourceInputError as error:
        name, text = next(iter(error.problems.items()))
        field = name if name in WHOLE | {"fingerprint"} else f"fields.{name}"
        raise BadInput(f"{field}: {text}", field) from error
