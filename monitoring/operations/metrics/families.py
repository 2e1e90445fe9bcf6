"""Build families of metrics from numbers."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

# Values by the values of the labels, in the order of the labels.
Labelled = Mapping[tuple[str, ...], float]


def gauge(name: str, text: str, value: float | None) -> Metric:
    """Return a gauge without labels; without a sample for None."""
    return gauges(name, text, (), {} if value is None else {(): value})


def gauges(name: str, text: str, labels: Iterable[str], values: Labelled) -> Metric:
    """Return a gauge with labels."""
    family = GaugeMetricFamily(name, text, labels=tuple(labels))
    for named, value in values.items():
        family.add_metric(named, value)
    return family


def counter(name: str, text: str, value: float) -> Metric:
    """Return a counter without labels; the name ends in ``_total``."""
    return counters(name, text, (), {(): value})


def counters(name: str, text: str, labels: Iterable[str], values: Labelled) -> Metric:
    """Return a counter with labels; the name ends in ``_total``."""
    family = CounterMetricFamily(name, text, labels=tuple(labels))
    for named, value in values.items():
        family.add_metric(named, value)
    return family
