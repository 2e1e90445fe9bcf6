"""Many rows with one statement, on each database."""

import numpy as np
import pytest

from monitoring.ingest.bulk import insert_measurements
from monitoring.models import Measurement, Tag

pytestmark = pytest.mark.django_db


def test_measurements_are_inserted_by_columns() -> None:
    tag = Tag.objects.get(name="fermenter_temp").pk
    ids = np.array([1, 2])
    insert_measurements(
        ids, 1_000_000 * ids, np.array([tag, tag]), np.array([37.0, 0.1 + 0.2]), np.array([False, True])
    )
    rows = Measurement.objects.order_by("id").values_list("id", "value", "is_anomaly")
    assert list(rows) == [(1, 37.0, False), (2, 0.1 + 0.2, True)]


def test_no_rows_insert_nothing() -> None:
    none = np.empty(0, dtype=np.int64)
    insert_measurements(none, none, none, np.empty(0), np.empty(0, dtype=np.bool_))
    assert not Measurement.objects.exists()
