"""GET /health."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import Error as DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.permissions import UnauthenticatedWhileOpen
from monitoring.access.roles import READ, allows
from monitoring.access.scopes import can_read_all_tags
from monitoring.api import schemas
from monitoring.api.queue import queued_readings
from monitoring.database.replica_monitor import ReplicaHealth
from monitoring.kernel.clock import iso_utc
from monitoring.operations.definitions import newest_digest
from monitoring.operations.health import Health, check_health
from monitoring.spool import spool_files


class HealthView(UnauthenticatedWhileOpen, APIView):
    """Report the status of the system to every caller, details only to callers with read access."""

    permission_classes = (AllowAny,)

    def perform_authentication(self, request: Request) -> None:
        """Treat a caller as anonymous if authentication fails, so that the response still has the status.

        While Fermon is closed, details need read access to all tags.
        """
        try:
            self.tells_all = settings.FERMON_OPEN or (
                allows(request.user, READ) and can_read_all_tags(request)
            )
        except (APIException, DatabaseError):
            self.tells_all = False
            request.user = AnonymousUser()

    @extend_schema(
        operation_id="getHealth",
        tags=["system"],
        responses={200: schemas.HealthSerializer, 406: schemas.NOT_ACCEPTABLE, 503: schemas.HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        """Return the health of the system: 200 while the database answers, 503 while the database is away.

        While Fermon is closed, callers without read access to all tags receive only the status.
        """
        health = check_health(
            simulator_on=settings.FERMON_SIMULATOR,
            dead_letters=spool_files.pending_count(),
            waiting_since=spool_files.pending_since(),
            queued=queued_readings,
        )
        away = health.database == "away"
        return Response(
            details(health) if self.tells_all else {"status": health.status},
            status=status.HTTP_503_SERVICE_UNAVAILABLE if away else status.HTTP_200_OK,
        )


def details(health: Health) -> dict[str, Any]:
    """Return the response with all details."""
    return {
        "status": health.status,
        "database": health.database,
        "retry_queue_size": health.dead_letters + health.queued,
        "dead_letters": health.dead_letters,
        "set_aside": health.refused.set_aside,
        "refused_last_hour": health.refused.lately,
        "worker": health.worker_age,
        "simulator": health.simulator_age,
        "detection": health.detection_age,
        "learning": health.learning.as_json(health.timestamp),
        "ahead": [one.as_json() for one in health.times.ahead],
        "clock_errors_s": health.times.clock_errors,
        "confirmed": [one.as_json() for one in health.confirmed],
        "problems": list(health.problems),
        "since": iso_utc(health.since) if health.since else None,
        "notices": list(health.refused.notices),
        "definitions": newest_digest().read() if health.database != "away" else "",
        "timestamp": iso_utc(health.timestamp),
        **replica_json(health.replica),
    }


def replica_json(replica: ReplicaHealth | None) -> dict[str, Any]:
    """Return the field with the state of the replica, if there is one."""
    return {} if replica is None else {"replica": {"state": replica.state, "lag_s": replica.lag_s}}
