"""Stored measurements of a load test."""

from django.db.models import Count

from monitoring.kernel.clock import from_micros
from monitoring.lab.load.tags import GROUP, PREFIX
from monitoring.models import Measurement


def stored_load(since_us: int) -> dict[str, int]:
    """Return how many measurements each load tag has from this time on, in microseconds since 1970.

    The rows themselves are counted, independent of the stored totals.

    Raises:
        django.db.Error: the database is away.
    """
    rows = Measurement.objects.filter(
        tag__group=GROUP,
        tag__name__startswith=PREFIX,
        timestamp__gte=from_micros(since_us),
    )
    return dict(rows.values_list("tag__name").annotate(Count("id")).order_by())
