"""Readings as columns take the one write path: same rows, rejections and outcomes as objects."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest.deliveries import Delivery, items_of
from monitoring.ingest.parse import named_tags, validate
from monitoring.ingest.pipeline import ingest_deliveries
from monitoring.ingest.reading_columns import ReadingColumns
from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.models import Measurement, Refusal

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW_US = 1_769_860_800_000_000
TAGS = {each.definition.name: each.definition for each in DEFAULT_TAGS}
readings = st.tuples(
    st.sampled_from([*TAGS, "unknown", ""]),
    st.integers(NOW_US - 10**12, NOW_US + 10**9) | st.integers(-(2**63), 2**63 - 1),
    st.floats(30, 50) | st.floats(),
)


def columns(rows: list[tuple[str, int, float]]) -> ReadingColumns:
    return ReadingColumns(
        [tag for tag, _, _ in rows],
        np.array([time_us for _, time_us, _ in rows], dtype=np.int64),
        np.array([value for _, _, value in rows], dtype=np.float64),
    )


@given(st.lists(readings, max_size=40))
def test_columns_and_objects_are_judged_alike(rows: list[tuple[str, int, float]]) -> None:
    given_columns = columns(rows)
    objects = list(given_columns)
    assert named_tags(given_columns) == named_tags(objects)
    batch, rejections = validate(given_columns, TAGS, now=NOW)
    expected, expected_rejections = validate(objects, TAGS, now=NOW)
    assert rejections == expected_rejections
    for field in ("tag", "position", "time_us", "value"):
        assert np.array_equal(getattr(batch, field), getattr(expected, field))


def test_microseconds_are_kept() -> None:
    batch, _ = validate(columns([("fermenter_temp", NOW_US - 1, 37.0)] * 20), TAGS, now=NOW)
    assert set(batch.time_us.tolist()) == {NOW_US - 1}


def test_deliveries_of_columns_are_joined_as_columns() -> None:
    one, two = columns([("a", 1, 1.0)]), columns([("b", 2, 2.0), ("c", 3, 3.0)])
    found = items_of([Delivery(one, "x", NOW), Delivery(two, "y", NOW)])
    assert isinstance(found, ReadingColumns)
    assert list(found) == [*one, *two]
    assert list(found[1:]) == list(two)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3, 30])
def test_they_are_stored_and_rejected_as_others(count: int) -> None:
    good = [("fermenter_temp", NOW_US - number, 37.0) for number in range(count)]
    bad = [("nobody", NOW_US, 1.0), ("fermenter_ph", NOW_US, float("nan"))]
    deliveries = [Delivery(columns(good), "plc", NOW), Delivery(columns(bad), "broker", NOW)]
    for _ in range(2):
        stored, rejected = ingest_deliveries(lambda: deliveries)
        assert len(stored) == count
        assert sorted(rejected.others) == [0, 1]
    assert set(Measurement.objects.values_list("value", flat=True)) == {37.0}
    assert Measurement.objects.count() == count
    assert set(Refusal.objects.values_list("source", "reason")) == {
        ("broker", "unknown_tag"),
        ("broker", "not_a_number"),
    }
