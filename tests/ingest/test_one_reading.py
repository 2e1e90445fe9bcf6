"""A reading that is stored by scalars leaves the rows that the whole write path leaves."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitoring.ingest import pipeline
from monitoring.ingest.deliveries import Delivery
from monitoring.ingest.one_reading import store_one
from monitoring.models import Measurement, Tag
from tests.ingest.test_grouping import tables, told

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
START = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
SETTINGS = settings(
    max_examples=6,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
signals = st.one_of(
    st.lists(st.floats(-60, 60), min_size=12, max_size=64),
    st.lists(st.sampled_from([1.0, 1.0, 1.0, 1.5, -0.0]), min_size=12, max_size=64),
    st.lists(st.sampled_from([2.0] * 30 + [2.25]), min_size=52, max_size=64),
)


def delivery(number: int, value: float) -> Delivery:
    moment = START + timedelta(seconds=number)
    return Delivery([{"tag": "probe", "timestamp": moment.isoformat(), "value": value}], "plc", moment)


def stored(values: list[float]) -> object:
    """The outcomes and what is in the tables; all of it is undone."""
    with transaction.atomic():
        Tag.objects.create(name="probe", valid_min=-50, valid_max=50, lower_limit=-9, upper_limit=40)
        outcomes = [
            told(outcome)
            for number, value in enumerate(values)
            for outcomes_of_one in pipeline.store_deliveries([delivery(number, value)])
            for outcome in outcomes_of_one
        ]
        found = outcomes, tables(), list(map(str, Measurement.objects.values_list("value", flat=True)))
        transaction.set_rollback(True)
    return found


@SETTINGS
@given(signals)
def test_the_rows_are_those_of_the_whole_path(values: list[float]) -> None:
    by_scalars = stored(values)
    with patch.object(pipeline, "store_one", lambda *_: None):
        assert by_scalars == stored(values)


@pytest.mark.parametrize(
    ("number", "value", "is_taken"),
    [
        (1, 37.0, True),
        (1, 45.0, True),
        (0, 37.0, False),
        (0, 38.0, False),
        (1, 51.0, False),
        (-1, 37.0, False),
    ],
    ids=["new", "out of limit", "repeated", "contradicts", "impossible", "late"],
)
def test_only_what_is_plainly_new_is_taken(number: int, value: float, is_taken: bool) -> None:
    Tag.objects.create(name="probe", valid_min=-50, valid_max=50, upper_limit=40)
    pipeline.store_deliveries([delivery(0, 37.0)])
    found = store_one(delivery(number, value))
    assert (found is not None) is is_taken
    assert Measurement.objects.count() == 1 + is_taken


@pytest.mark.parametrize(
    "item", [{}, {"tag": "nowhere"}, {"tag": ["probe"]}, {"tag": "Ünknown"}, [], None, "probe"]
)
def test_what_names_no_tag_takes_the_whole_path(item: object) -> None:
    assert store_one(Delivery([item], "plc", START)) is None


def test_a_reading_ahead_of_the_clock_takes_the_whole_path() -> None:
    Tag.objects.create(name="probe", valid_min=-50, valid_max=50)
    ahead = delivery(0, 37.0)
    item = {**ahead.items[0], "timestamp": (START + timedelta(seconds=6)).isoformat()}  # type: ignore[dict-item]  # it is an object
    assert store_one(Delivery([item], "plc", START)) is None
