"""GET /alarms/advice."""

from datetime import UTC, datetime
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.permissions import MayAct
from monitoring.access.roles import DEFINE
from monitoring.access.scopes import WithinScope
from monitoring.alarms.advice_reading import read_advice
from monitoring.alarms.advice_turn import AdviceBusyError
from monitoring.api import alarm_schemas, schemas
from monitoring.api.alarm_fields import AdviceSerializer
from monitoring.api.errors import Unavailable
from monitoring.api.fields import parameters


class AlarmAdviceView(APIView):
    """Propose delays and deadbands from the stored past."""

    tag_filter = "query"
    permission_classes = (WithinScope, MayAct)
    rights: ClassVar[dict[str, str]] = dict.fromkeys(("get", "head", "options"), DEFINE)

    @extend_schema(
        operation_id="getAlarmAdvice",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[AdviceSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            alarm_schemas.AdviceAnswerSerializer(many=True),
            also={400: schemas.BAD_INPUT, 503: alarm_schemas.NO_ADVICE_NOW},
        ),
    )
    def get(self, request: Request) -> Response:
        """Advise on the limit alarms of a tag, from the readings of the last days.

        The curve has the number of alarms for each on-delay. The proposal has the fewest nuisance alarms
        among the settings that miss no real one. Of more than 700,000 readings the newest count:
        `is_truncated`. A server works out one advice at a time; meanwhile others get 503.
        """
        chosen = parameters(AdviceSerializer, request).validated_data
        try:
            found = read_advice(chosen["tag"], days=chosen["days"], now=datetime.now(UTC))
        except AdviceBusyError as error:
            raise Unavailable(f"{error}.") from error
        return Response(found)
