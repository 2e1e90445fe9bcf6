"""GET /alarms, GET /alarms/<id>, and the acts of people: POST /alarms/<id>/acknowledge and others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from monitoring.access.callers import address_of
from monitoring.access.permissions import MayAct
from monitoring.access.roles import ACKNOWLEDGE, DEFINE, SHELVE, allows
from monitoring.access.scopes import WithinScope, refuse_uncovered
from monitoring.alarms import acts, suppression
from monitoring.alarms.acts import AlarmInputError, NotPermittedError, UnknownAlarmError, unknown_alarm
from monitoring.alarms.journal import JournalSelection, read_journal
from monitoring.alarms.reading import PresentAlarm, find_alarm, occurrences_of, read_alarms
from monitoring.alarms.state_machine import NotAllowedError
from monitoring.api import alarm_fields as fields
from monitoring.api import alarm_schemas, schemas
from monitoring.api.errors import BadInput, Conflict
from monitoring.api.exclusions import object_of
from monitoring.api.fields import parameters
from monitoring.kernel.actor import Actor

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The alarm's id.")
OCCURRENCES_SHOWN = 10
LINES_SHOWN = 20
CHANGED = {400: schemas.BAD_INPUT, 411: schemas.NO_LENGTH, 413: schemas.TOO_LARGE, 415: schemas.NOT_JSON}
BodyT = TypeVar("BodyT", bound=serializers.Serializer[Any])


def act_schema(name: str, body: type[BodyT]) -> Callable[[Any], Any]:
    """Return the decorator that describes an act on one alarm."""
    return extend_schema(
        operation_id=name,
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        request=body,
        responses=schemas.reads(
            alarm_schemas.AlarmSerializer,
            also={**CHANGED, 404: schemas.NOT_FOUND, 409: alarm_schemas.NOT_IN_THIS_STATE},
        ),
    )


class AlarmViewSet(ViewSet):
    """List alarms, and record the acts of people."""

    tag_filter = "query"
    permission_classes = (WithinScope, MayAct)
    lookup_value_regex = "[0-9]{1,18}"
    lookup_field = "id"
    rights: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("acknowledge", "acknowledge_many", "reset", "comment", "rate"), ACKNOWLEDGE),
        **dict.fromkeys(("shelve", "unshelve"), SHELVE),
        **dict.fromkeys(("suppress", "take_out_of_service", "return_to_service"), DEFINE),
    }

    @extend_schema(
        operation_id="getAlarms",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[fields.AlarmListSerializer, schemas.LINK, schemas.RETRY_AFTER],
        responses=schemas.reads(alarm_schemas.AlarmSerializer(many=True), also={400: schemas.BAD_INPUT}),
    )
    def list(self, request: Request) -> Response:
        """List alarms that are active or wait for a person: unacknowledged first, then by priority.

        Shelved, suppressed and normal alarms are listed on request (`state`). The id of an alarm is that of
        its definition and stays; each time that the alarm becomes active is an occurrence with an id.
        """
        query = parameters(fields.AlarmListSerializer, request)
        limit, offset = query.validated_data["limit"], query.validated_data["offset"]
        found = read_alarms(query.alarms, limit=limit + 1, offset=offset)
        response = Response([alarm.as_json() for alarm in found[:limit]])
        if len(found) > limit:
            url = replace_query_param(request.build_absolute_uri(), "offset", offset + limit)
            response["Link"] = f'<{url}>; rel="next"'
        return response

    @extend_schema(
        operation_id="getAlarm",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[ID, schemas.RETRY_AFTER],
        responses=schemas.reads(alarm_schemas.AlarmInFullSerializer, also={404: schemas.NOT_FOUND}),
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """Return one alarm with the last ten occurrences and the last lines of the journal."""
        alarm = alarm_now(int(id))
        refuse_uncovered(request, alarm.tag)
        journal = read_journal(JournalSelection(alarm=alarm.id), limit=LINES_SHOWN)
        history = {
            "occurrences": occurrences_of(alarm.id, limit=OCCURRENCES_SHOWN),
            "journal": journal.as_json(),
        }
        return Response({**alarm.as_json(), **history})

    @act_schema("acknowledgeAlarm", fields.AcknowledgeSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, id: str) -> Response:
        """Acknowledge the occurrence that was seen, and older ones of the alarm.

        If the alarm has come again since, the answer is 409 and nothing changes: nobody acknowledges what
        they have not seen. If somebody was first, the answer says who.
        """
        asked = body_of(request, fields.AcknowledgeSerializer, "occurrence")
        with errors_as_answers():
            acts.acknowledge(
                int(id),
                occurrence=asked["occurrence"],
                comment=asked["comment"],
                rating=asked["rating"],
                actor=actor_of(request, asked),
            )
        return changed(id)

    @extend_schema(
        operation_id="acknowledgeAlarms",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[schemas.RETRY_AFTER],
        request=fields.AcknowledgeManySerializer,
        responses=schemas.reads(alarm_schemas.AcknowledgedManySerializer, also=CHANGED),
    )
    @action(detail=False, methods=["post"], url_path="acknowledge", url_name="acknowledge-many")
    def acknowledge_many(self, request: Request) -> Response:
        """Acknowledge up to 50 alarms, each by the occurrence that was seen; one result each, in order."""
        asked = body_of(request, fields.AcknowledgeManySerializer, "alarms")
        outcomes = acts.acknowledge_many(
            asked["alarms"], comment=asked["comment"], actor=actor_of(request, asked)
        )
        return Response(
            {
                "acknowledged": sum(not outcome.error for outcome in outcomes),
                "results": [result_json(outcome) for outcome in outcomes],
            }
        )

    @act_schema("resetAlarm", fields.CommentedSerializer)
    @action(detail=True, methods=["post"])
    def reset(self, request: Request, id: str) -> Response:
        """Reset a latched alarm that is acknowledged, after the end of its condition."""
        asked = body_of(request, fields.CommentedSerializer, "comment")
        with errors_as_answers():
            acts.reset(int(id), comment=asked["comment"], actor=actor_of(request, asked))
        return changed(id)

    @act_schema("commentAlarm", fields.CommentSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, id: str) -> Response:
        """Add a comment to the journal of an alarm, whatever its state."""
        asked = body_of(request, fields.CommentSerializer, "comment")
        with errors_as_answers():
            acts.add_comment(int(id), comment=asked["comment"], actor=actor_of(request, asked))
        return changed(id)

    @act_schema("rateAlarm", fields.RateSerializer)
    @action(detail=True, methods=["post"])
    def rate(self, request: Request, id: str) -> Response:
        """Say whether an occurrence was a nuisance or real; the advisor uses the ratings."""
        asked = body_of(request, fields.RateSerializer, "occurrence and rating")
        with errors_as_answers():
            acts.rate(
                int(id),
                occurrence=asked["occurrence"],
                rating=asked["rating"],
                comment=asked["comment"],
                actor=actor_of(request, asked),
            )
        return changed(id)

    @act_schema("shelveAlarm", fields.ShelveSerializer)
    @action(detail=True, methods=["post"])
    def shelve(self, request: Request, id: str) -> Response:
        """Keep an alarm quiet for some minutes. If it is still active at the end, it annunciates.

        At most 12 h, or less if the definition says so. Only engineers shelve a critical alarm, at most 1 h.
        """
        asked = body_of(request, fields.ShelveSerializer, "minutes and reason")
        with errors_as_answers():
            suppression.shelve(
                int(id),
                minutes=asked["minutes"],
                reason=asked["reason"],
                is_one_shot=asked["one_shot"],
                may_shelve_critical=settings.FERMON_OPEN or allows(request.user, DEFINE),
                actor=actor_of(request, asked),
            )
        return changed(id)

    @act_schema("unshelveAlarm", fields.EndSerializer)
    @action(detail=True, methods=["post"])
    def unshelve(self, request: Request, id: str) -> Response:
        """End a shelf before its time. If the alarm is still active, it annunciates."""
        asked = body_of(request, fields.EndSerializer, "reason")
        with errors_as_answers():
            suppression.unshelve(int(id), reason=asked["reason"], actor=actor_of(request, asked))
        return changed(id)

    @act_schema("suppressAlarm", fields.SuppressSerializer)
    @action(detail=True, methods=["post"])
    def suppress(self, request: Request, id: str) -> Response:
        """Suppress an alarm by design, for example while the vessel is cleaned."""
        return self.silence(request, id, suppression.suppress)

    @act_schema("takeAlarmOutOfService", fields.SuppressSerializer)
    @action(detail=True, methods=["post"], url_path="out-of-service")
    def take_out_of_service(self, request: Request, id: str) -> Response:
        """Take an alarm out of service, for example while the sensor is repaired."""
        return self.silence(request, id, suppression.take_out_of_service)

    def silence(self, request: Request, id: str, act: Callable[..., None]) -> Response:
        """Apply an act that needs a reason and may have an end."""
        asked = body_of(request, fields.SuppressSerializer, "reason")
        with errors_as_answers():
            act(int(id), reason=asked["reason"], until=asked.get("until"), actor=actor_of(request, asked))
        return changed(id)

    @act_schema("returnAlarm", fields.EndSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def return_to_service(self, request: Request, id: str) -> Response:
        """End a suppression by design or a time out of service. If the alarm is active, it annunciates."""
        asked = body_of(request, fields.EndSerializer, "reason")
        with errors_as_answers():
            suppression.return_to_service(int(id), reason=asked["reason"], actor=actor_of(request, asked))
        return changed(id)


def body_of(request: Request, kind: type[BodyT], expected: str) -> dict[str, Any]:
    """Return the validated request body; ``expected`` names the fields.

    Raises:
        BadInput, ValidationError: the body is not an object, or a field is invalid.
    """
    asked = kind(data=object_of(request, expected))
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def actor_of(request: Request, asked: dict[str, Any]) -> Actor:
    """Return the caller for the journal: the user, or the name that somebody without a login gives."""
    address = address_of(request)
    if request.user and request.user.is_authenticated:
        return Actor(str(request.user), "token" if request.auth else "login", address)
    name = asked.get("name", "").strip()
    return Actor(f"{name} (unverified)" if name else f"somebody at {address}", "open", address)


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of an act to those of the API, by status code."""
    try:
        yield
    except UnknownAlarmError as error:
        raise NotFound(f"{error.field}: {error}") from error
    except AlarmInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
    except NotPermittedError as error:
        raise PermissionDenied(str(error)) from error
    except NotAllowedError as error:
        raise Conflict(str(error)) from error


def alarm_now(pk: int) -> PresentAlarm:
    """Return the alarm with this id.

    Raises:
        NotFound: no alarm has this id.
    """
    alarm = find_alarm(pk)
    if alarm is None:
        raise NotFound(f"id: {unknown_alarm(pk)}")
    return alarm


def changed(pk: str) -> Response:
    """Return the answer to an act: the alarm as it is now."""
    return Response(alarm_now(int(pk)).as_json())


def result_json(outcome: acts.Acknowledged) -> dict[str, Any]:
    """Return the result for one alarm of several."""
    if outcome.error:
        return {"id": outcome.alarm, "status": "error", "error": outcome.error}
    return {"id": outcome.alarm, "status": "acknowledged"}
