"""GET /stats."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import schemas
from monitoring.api.queue import queued_readings
from monitoring.history.stats import totals
from monitoring.spool import spool_files


class StatsView(APIView):
    """Return totals over all measurements."""

    @extend_schema(
        operation_id="getStats",
        tags=["system"],
        auth=schemas.MAY_READ,
        parameters=[schemas.COUNTED_TO, schemas.RETRY_AFTER],
        responses=schemas.reads(schemas.StatsSerializer),
    )
    def get(self, request: Request) -> Response:
        """Return totals over all stored measurements and the number of readings that wait to be stored."""
        total = totals()
        waiting = spool_files.pending_count() + queued_readings()
        return Response(
            {
                "total_tags": total.tags,
                "total_measurements": total.measurements,
                "total_anomalies": total.anomalies,
                "anomaly_rate": total.anomaly_rate,
                "retry_queue_size": waiting,
                "retry_queue_status": "pending" if waiting else "clear",
            },
            headers={"Last-Event-ID": str(total.newest_id)},  # start id of /stream to continue the totals
        )
