"""Reads the numbers in collected metrics."""

from collections.abc import Iterable

from prometheus_client.core import Metric

from monitoring.operations.metrics.collecting import collect

Sample = tuple[str, frozenset[tuple[str, str]]]


def samples_of(metrics: Iterable[Metric]) -> dict[Sample, float]:
    """Every number by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in metrics
        for sample in family.samples
    }


def value_of(name: str, **labels: str) -> float | None:
    """The number of a metric now; None if there is none."""
    return samples_of(collect(lambda: 0)).get((name, frozenset(labels.items())))
