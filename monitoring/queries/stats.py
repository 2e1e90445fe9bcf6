"""Totals over everything that is stored."""

from dataclasses import dataclass

from django.db.models import Sum

from monitoring.models import Series, Tag


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is; ``anomaly_rate`` is in percent of the measurements."""

    tags: int
    measurements: int
    anomalies: int

    @property
    def anomaly_rate(self) -> float:
        """Anomalies in percent of the measurements, 0 before the first."""
        return round(100 * self.anomalies / self.measurements, 2) if self.measurements else 0.0


def totals() -> Totals:
    """The totals now; tags count if they are active."""
    stored = Series.objects.aggregate(measurements=Sum("measurements"), anomalies=Sum("anomalies"))
    return Totals(
        tags=Tag.objects.filter(active=True).count(),
        measurements=stored["measurements"] or 0,
        anomalies=stored["anomalies"] or 0,
    )
