"""GET /alarms/kpis."""

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.alarms.kpi_reading import read_kpis
from monitoring.api import alarm_schemas, schemas
from monitoring.api.alarm_fields import KpiSerializer
from monitoring.api.fields import parameters


class AlarmKpisView(APIView):
    """Compute the key figures of the alarms."""

    @extend_schema(
        operation_id="getAlarmKpis",
        tags=["alarms"],
        auth=schemas.MAY_READ,
        parameters=[KpiSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(alarm_schemas.KpisSerializer, also={400: schemas.BAD_INPUT}),
    )
    @reads_replica
    def get(self, request: Request) -> Response:
        """Return the key figures of a period after ISA-18.2, with targets; by default of the last 30 days.

        Annunciations count; suppressed and late occurrences and tags of load tests do not.
        """
        query = parameters(KpiSerializer, request)
        start, end = query.period
        groups = query.validated_data.get("group", ())
        return Response(read_kpis(start, end, groups, now=datetime.now(UTC)))
