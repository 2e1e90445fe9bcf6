"""GET /health."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import schemas
from monitoring.api.queue import queued_readings
from monitoring.domain.clock import iso_utc
from monitoring.ingest import dead_letters
from monitoring.queries.health import check_health


class HealthView(APIView):
    """Whether the system does its work. Asks nobody who they are: that would need the database."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="getHealth",
        tags=["system"],
        responses={200: schemas.HealthSerializer, 406: schemas.NOT_ACCEPTABLE, 503: schemas.HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        """200 while the database answers, 503 while it is away."""
        waiting = dead_letters.pending_count()
        health = check_health(
            simulator_on=settings.FERMON_SIMULATOR,
            dead_letters=waiting,
            refused=dead_letters.refused_count(),
        )
        return Response(
            {
                "status": health.status,
                "database": "connected" if health.database else "away",
                "retry_queue_size": waiting + (queued_readings() if health.database else 0),
                "dead_letters": health.dead_letters,
                "worker": health.worker_age,
                "simulator": health.simulator_age,
                "problems": list(health.problems),
                "timestamp": iso_utc(health.timestamp),
            },
            status=status.HTTP_200_OK if health.database else status.HTTP_503_SERVICE_UNAVAILABLE,
        )
