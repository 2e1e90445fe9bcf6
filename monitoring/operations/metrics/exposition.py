"""Metrics as text: the format of Prometheus, or OpenMetrics for a client that accepts OpenMetrics."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from prometheus_client import exposition
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics

TEXT_TYPE = exposition.CONTENT_TYPE_PLAIN_0_0_4
OPENMETRICS_TYPE = openmetrics.CONTENT_TYPE_LATEST
OPENMETRICS = "application/openmetrics-text"


class Collected(NamedTuple):
    """Metrics that were collected before, in the form of a collector."""

    metrics: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self.metrics


def exposition_of(metrics: Sequence[Metric], accept: str) -> tuple[bytes, str]:
    """Return the text and its content type, for an Accept header."""
    if OPENMETRICS in accept.lower():
        return openmetrics.generate_latest(Collected(metrics)), OPENMETRICS_TYPE  # type: ignore[no-untyped-call]
    return exposition.generate_latest(Collected(metrics)), TEXT_TYPE
