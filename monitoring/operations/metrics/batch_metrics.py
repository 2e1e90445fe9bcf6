"""Metrics of batches."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from monitoring.models import Batch, Deviation
from monitoring.models.batch import BatchState
from monitoring.operations.metrics.families import gauge


def batch_metrics() -> Iterator[Metric]:
    """Yield the families."""
    yield gauge(
        "fermon_batches_running", "Batches that run.", Batch.objects.filter(state=BatchState.RUNNING).count()
    )
    yield gauge(
        "fermon_batch_deviations",
        "Running batches that differ from golden ones now.",
        Deviation.objects.filter(end=None).count(),
    )
