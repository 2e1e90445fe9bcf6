"""Totals over all stored measurements."""

import pytest

from monitoring.history.stats import Totals, totals
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, Tag

pytestmark = pytest.mark.django_db


def store(*values: float) -> None:
    """Store a reading a second."""
    ingest_readings(
        [
            {"timestamp": f"2026-01-31T12:00:{second:02}Z", "tag": "fermenter_temp", "value": value}
            for second, value in enumerate(values)
        ]
    )


def test_without_measurements_all_but_the_tags_is_zero() -> None:
    assert totals() == Totals(tags=3, measurements=0, anomalies=0, newest_id=0)
    assert totals().anomaly_rate == 0.0


def test_measurements_and_anomalies_are_counted() -> None:
    store(37.0, 37.1, 46.0)
    found = totals()
    assert (found.measurements, found.anomalies) == (3, 1)
    assert found.newest_id == Measurement.objects.latest("id").pk
    assert found.anomaly_rate == 33.33


def test_inactive_tags_do_not_count_but_their_measurements_do() -> None:
    store(37.0)
    Tag.objects.update(active=False)
    assert (totals().tags, totals().measurements) == (0, 1)
