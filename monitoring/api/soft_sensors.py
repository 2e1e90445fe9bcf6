"""GET /batches/<id>/soft-sensors."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import schemas
from monitoring.api import soft_sensor_schemas as shapes
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.fields import parameters
from monitoring.batches.finding import find_batch
from monitoring.batches.sensor_series import sensors_json
from monitoring.batches.soft_sensor_series import read_soft_sensors


class SoftSensorsView(APIView):
    """Return the soft sensors and computed tags of a batch."""

    @extend_schema(
        operation_id="getSoftSensors",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, shapes.SoftSensorsQuery, schemas.RETRY_AFTER],
        responses=schemas.reads(
            shapes.SoftSensorsShape, also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def get(self, request: Request, id: str) -> Response:
        """Return the soft sensors of a batch (OUR, RQ, biomass, µ ...) and the computed tags of its vessel.

        They are computed from minute values on request. Of long batches, each bucket of minutes gives its
        smallest and largest value. `missing` lists the inputs that a series lacks.
        """
        chosen = parameters(shapes.SoftSensorsQuery, request).validated_data
        with errors_as_answers():
            batch = find_batch(int(id))
            found = read_soft_sensors(batch, chosen.get("sensor", ()))
        return Response({"batch": batch.pk, "sensors": sensors_json(found, chosen["points"])})
