"""Totals over all stored measurements."""

from dataclasses import dataclass

from django.db.models import Max, Subquery, Sum

from monitoring.models import Measurement, Series, Tag

NEWEST = Measurement.objects.order_by("-id").values("id")[:1]


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of active tags, measurements and anomalies.

    ``newest_id`` is the id of the last counted measurement (0 before the first); the stream continues
    after this id.
    """

    tags: int
    measurements: int
    anomalies: int
    newest_id: int

    @property
    def anomaly_rate(self) -> float:
        """Return anomalies in percent of the measurements, 0 before the first."""
        return round(100 * self.anomalies / self.measurements, 2) if self.measurements else 0.0


def totals() -> Totals:
    """Return the present totals of measurements and anomalies, and the number of active tags."""
    # A single statement reads one state of the database, so that the id matches the counts.
    stored = Series.objects.annotate(newest=Subquery(NEWEST)).aggregate(
        measurements=Sum("measurements"), anomalies=Sum("anomalies"), newest_id=Max("newest")
    )
    return Totals(
        tags=Tag.objects.filter(active=True).count(),
        measurements=stored["measurements"] or 0,
        anomalies=stored["anomalies"] or 0,
        newest_id=stored["newest_id"] or 0,
    )
