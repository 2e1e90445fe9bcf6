"""GET /batches/<id>/trend."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
from drf_spectacular.utils import OpenApiParameter, extend_schema
from numpy.typing import NDArray
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.callers import grant_of
from monitoring.api import batch_trend_fields as fields
from monitoring.api import schemas
from monitoring.api.errors import BadInput
from monitoring.api.fields import parameters
from monitoring.batches.batch_trend import BatchTrend, Steps, range_of, read_batch_trend
from monitoring.batches.elapsed import elapsed_h
from monitoring.batches.errors import BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_batch
from monitoring.history.trend_plan import MILLISECOND_US, means
from monitoring.models import Batch

ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The batch's id.")
DECIMALS_H = 6  # 3.6 ms


class BatchTrendView(APIView):
    """Return the data of a chart over the elapsed time of a batch."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getBatchTrend",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[ID, fields.BatchTrendSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.BatchTrendColumnsSerializer, also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    def get(self, request: Request, id: str) -> Response:
        """Return the trend of a tag or of a role in a batch, in a bounded number of buckets.

        As `/trend`, but only of the time in which the tag was bound to the vessel, within the batch, and with
        the elapsed time of each bucket. Rollups count in whole minutes.
        """
        chosen = parameters(fields.BatchTrendSerializer, request).validated_data
        with errors_as_answers():
            batch = find_batch(int(id))
            within = range_of(
                batch,
                start=chosen.get("from"),
                end=chosen.get("to"),
                points=chosen["points"],
                now=datetime.now(UTC),
            )
            found = read_batch_trend(batch, within, tag=chosen.get("tag", ""), role=chosen.get("role", ""))
        return Response(trend_json(batch, found, request))


def trend_json(batch: Batch, found: BatchTrend, request: Request) -> dict[str, Any]:
    """Return the trend as columns of equal length."""
    tag, buckets = found.binding.tag, found.buckets
    return {
        "tag": tag.name,
        "title": tag.display_name or tag.name,
        "unit": tag.unit,
        "role": found.binding.role,
        "resolution_s": found.step.seconds,
        **times(batch, buckets.start),
        "min": buckets.minimum.tolist(),
        "max": buckets.maximum.tolist(),
        "mean": means(buckets).tolist(),
        "setpoint": steps_json(batch, found.setpoint, request),
    }


def steps_json(batch: Batch, steps: Steps | None, request: Request) -> dict[str, Any] | None:
    """Return a held signal; None if there is none, or if the caller's token does not cover the tag."""
    grant = grant_of(request)
    if steps is None or (grant is not None and not grant.covers(steps.tag)):
        return None
    return {"tag": steps.tag, **times(batch, steps.time_us), "value": steps.value.tolist()}


def times(batch: Batch, time_us: NDArray[np.int64]) -> dict[str, Any]:
    """Return times in milliseconds since 1970 and as elapsed time in hours."""
    return {
        "t": (time_us // MILLISECOND_US).tolist(),
        "eft_h": elapsed_h(batch, time_us).round(DECIMALS_H).tolist(),
    }


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of batches to those of the API, by status code."""
    try:
        yield
    except UnknownBatchError as error:
        raise NotFound(f"id: {error}") from error
    except BatchInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
