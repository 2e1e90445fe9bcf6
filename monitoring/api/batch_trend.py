"""GET /batches/<id>/trend."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.replica_reads import reads_replica
from monitoring.access.scopes import can_read_all_tags, covers_of
from monitoring.api import batch_trend_fields as fields
from monitoring.api import schemas
from monitoring.api.batch_errors import errors_as_answers
from monitoring.api.batch_fields import BATCH_ID
from monitoring.api.fields import parameters
from monitoring.batches.batch_trend import BatchTrend, Steps, range_of, read_batch_trend
from monitoring.batches.elapsed import elapsed_h
from monitoring.batches.finding import find_batch
from monitoring.batches.golden.bands import LINES, Band, read_band
from monitoring.batches.reading import version_json
from monitoring.history.trend_plan import MILLISECOND_US, means
from monitoring.kernel.arrays import IntArray, numbers_or_none
from monitoring.models import Batch

DECIMALS_H = 6  # 3.6 ms


class BatchTrendView(APIView):
    """Return the data of a chart over the elapsed time of a batch."""

    tag_filter = "query"

    @extend_schema(
        operation_id="getBatchTrend",
        tags=["batches"],
        auth=schemas.MAY_READ,
        parameters=[BATCH_ID, fields.BatchTrendSerializer, schemas.RETRY_AFTER],
        responses=schemas.reads(
            fields.BatchTrendColumnsSerializer, also={400: schemas.BAD_INPUT, 404: schemas.NOT_FOUND}
        ),
    )
    @reads_replica
    def get(self, request: Request, id: str) -> Response:
        """Return the trend of a tag or of a role in a batch, in a bounded number of buckets.

        As `/trend`, but only of the time in which the tag was bound to the vessel, within the batch, and with
        the elapsed time of each bucket. Rollups count in whole minutes.
        """
        chosen = parameters(fields.BatchTrendSerializer, request).validated_data
        points, now = chosen["points"], datetime.now(UTC)
        with errors_as_answers():
            batch = find_batch(int(id))
            within = range_of(batch, start=chosen.get("from"), end=chosen.get("to"), points=points, now=now)
            found = read_batch_trend(batch, within, tag=chosen.get("tag", ""), role=chosen.get("role", ""))
        # The band tells of tags of other batches, which a token with a prefix may not cover.
        reads_all = can_read_all_tags(request)
        band = read_band(batch, found.binding, points=points, now=now) if reads_all else None
        return Response({**trend_json(batch, found, request), "golden": band_json(band)})


def trend_json(batch: Batch, found: BatchTrend, request: Request) -> dict[str, Any]:
    """Return the trend as columns of equal length, without the golden band."""
    tag, buckets = found.binding.tag, found.buckets
    return {
        "tag": tag.name,
        "title": tag.shown_name,
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
    if steps is None or not covers_of(request)(steps.tag):
        return None
    return {"tag": steps.tag, **times(batch, steps.time_us), "value": steps.value.tolist()}


def band_json(band: Band | None) -> dict[str, Any] | None:
    """Return the golden band as columns of equal length, null where the profile has no values."""
    if band is None:
        return None
    return {
        "profile": version_json(band.profile),
        "eft_h": band.hour.round(DECIMALS_H).tolist(),
        **{name: numbers_or_none(band.lines[name]) for name in LINES},
    }


def times(batch: Batch, time_us: IntArray) -> dict[str, Any]:
    """Return times in milliseconds since 1970 and as elapsed time in hours."""
    return {
        "t": (time_us // MILLISECOND_US).tolist(),
        "eft_h": elapsed_h(batch, time_us).round(DECIMALS_H).tolist(),
    }
