"""Many rows with one statement, on each database."""

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from monitoring.ingest.bulk import MOST_ROWS, insert, insert_measurements
from monitoring.models import Measurement, Series, Tag

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


def test_rows_of_several_statements_are_each_inserted_once_in_order() -> None:
    tag = Tag.objects.get(name="fermenter_temp").pk
    count = MOST_ROWS + MOST_ROWS // 2 + 1
    ids = np.arange(1, count + 1)
    insert_measurements(ids, 1_000_000 * ids, np.full(count, tag), ids / 8, ids % 2 == 0)
    rows = Measurement.objects.order_by("id").values_list("id", "value", "is_anomaly")
    assert list(rows) == [(pk, pk / 8, pk % 2 == 0) for pk in range(1, count + 1)]


def test_a_row_that_exists_is_changed_as_the_clause_says() -> None:
    tag = Tag.objects.get(name="fermenter_temp").pk
    into = "series (tag, measurements, anomalies, clock_error, recent_values)"
    more = """ON CONFLICT (tag) DO UPDATE SET
        measurements = series.measurements + excluded.measurements, recent_values = excluded.recent_values"""
    for values in (None, b"\x01"):
        insert(into, [np.array([tag]), *[np.array([3])] * 3, [values]], otherwise=more)
    assert Series.objects.values_list("tag", "measurements", "recent_values").get() == (tag, 6, b"\x01")


def test_an_error_of_the_database_is_djangos_and_leaves_no_row() -> None:
    ids = np.array([1, 1])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_measurements(ids, ids, ids, ids / 2, np.zeros(2, dtype=np.bool_))
    assert not Measurement.objects.exists()
