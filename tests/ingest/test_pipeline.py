"""The write path: what is stored and how it is judged hangs on the readings alone."""

import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.ingest.columns import Batch
from monitoring.ingest.outcomes import Status
from monitoring.ingest.pipeline import ingest_columns, ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.models import Finding, Measurement, Series, Tag
from tests.ingest.plain_rule import by_the_rule

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = "fermenter_temp"
OTHER = "vessel.temp"

pytestmark = pytest.mark.django_db


def reading(second: float, value: float, tag: str = TAG) -> dict[str, object]:
    return {"timestamp": (START + timedelta(seconds=second)).isoformat(), "tag": tag, "value": value}


def flags(tag: str = TAG) -> list[bool]:
    rows = Measurement.objects.filter(tag__name=tag).order_by("timestamp")
    return list(rows.values_list("is_anomaly", flat=True))


def recent_values(tag: str) -> list[float]:
    """The tag's recent values as its series has them."""
    return np.frombuffer(Series.objects.get(tag__name=tag).recent_values).tolist()


class TestGrouping(TestCase):
    """Each example runs in a transaction of its own."""

    @settings(max_examples=60)
    @given(st.lists(st.floats(34, 46), min_size=1, max_size=90), st.randoms(use_true_random=False))
    def test_order_and_grouping_do_not_matter(self, values: list[float], rng: random.Random) -> None:
        items = [reading(second, value) for second, value in enumerate(values)]
        rng.shuffle(items)
        while items:
            size = rng.choice([1, 2, 7, 60])
            ingest_readings(items[:size])
            items = items[size:]
        assert flags() == by_the_rule(values)
        assert recent_values(TAG) == values[-50:]
        explained = Finding.objects.values_list("measurement_id").distinct().count()
        assert explained == Measurement.objects.filter(is_anomaly=True).count()

    @settings(max_examples=40)
    @given(
        st.lists(st.tuples(st.integers(0, 70), st.floats(36, 44), st.booleans()), min_size=1, max_size=120),
        st.randoms(use_true_random=False),
    )
    def test_tags_side_by_side_are_judged_as_each_alone(
        self, sent: list[tuple[int, float, bool]], rng: random.Random
    ) -> None:
        Tag.objects.get_or_create(name=OTHER, valid_min=0, valid_max=100)
        items = [reading(second, value, OTHER if is_other else TAG) for second, value, is_other in sent]
        stored: dict[str, dict[int, float]] = {TAG: {}, OTHER: {}}
        for second, value, is_other in sent:
            stored[OTHER if is_other else TAG].setdefault(second, value)
        while items:
            size = rng.choice([1, 3, 40])
            ingest_readings(items[:size])
            items = items[size:]
        for tag, of_tag in stored.items():
            values = [of_tag[second] for second in sorted(of_tag)]
            assert flags(tag) == by_the_rule(values, 0 if tag == OTHER else 35, 100 if tag == OTHER else 45)
            assert not values or recent_values(tag) == values[-50:]


def test_twenty_thousand_readings_in_random_batches_are_judged_by_the_rule() -> None:
    rng = np.random.default_rng(5)
    values = (40 + 2 * np.sin(np.arange(20_000) / 300) + rng.normal(0, 0.5, 20_000)).round(2)
    values[rng.integers(0, 20_000, 400)] += rng.choice([-6, 6], 400)
    values = values.clip(30, 50).tolist()
    items = [reading(second, value) for second, value in enumerate(values)]
    answered = []
    while items:
        size = int(rng.integers(1, 1500))
        answered += [outcome.is_anomaly for outcome in ingest_readings(items[:size])]
        items = items[size:]
    expected = by_the_rule(values)
    assert answered == flags() == expected
    assert 300 < sum(expected) < 2000


def test_a_late_reading_is_stored_in_its_place_and_those_behind_are_judged_anew() -> None:
    wave = [39.0, 41.0] * 10
    ingest_readings([reading(second, value) for second, value in enumerate([*wave, 43.5], start=1)])
    assert flags()[-1] is True
    ingest_readings([reading(0, 49.0)])
    assert flags()[-1] is False
    assert flags() == by_the_rule([49.0, *wave, 43.5])


def test_a_late_reading_far_back_does_not_read_all_that_came_since() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(40, 1, 3000).clip(31, 49).tolist()
    items = [reading(second, value) for second, value in enumerate(values)]
    late = [items.pop(place) for place in (2990, 1500, 700, 3)]
    ingest_readings(items)
    ingest_readings(late)
    assert flags() == by_the_rule(values)


def test_editing_a_limit_leaves_old_findings_as_they_were_judged() -> None:
    ingest_readings([reading(1, 44.0)])
    Tag.objects.filter(name=TAG).update(upper_limit=43)
    ingest_readings([reading(0, 44.0)])
    assert flags() == [True, False]


def test_one_bad_reading_costs_its_neighbours_nothing() -> None:
    outcomes = ingest_readings([reading(0, 37.0), reading(1, 99.0), reading(2, 38.0)])
    assert [outcome.status for outcome in outcomes] == [Status.STORED, Status.REJECTED, Status.STORED]
    assert Measurement.objects.count() == 2


@pytest.mark.parametrize("count", [1, 40])  # one by one, and in columns
def test_minus_zero_is_zero(count: int) -> None:
    Tag.objects.create(name=OTHER, valid_min=-1, valid_max=1)
    ingest_readings([reading(second, -0.0, OTHER) for second in range(count)])
    stored = [*Measurement.objects.values_list("value", flat=True), *recent_values(OTHER)]
    assert [math.copysign(1, value) for value in stored] == [1.0] * 2 * count
    again = ingest_readings([reading(second, 0.0, OTHER) for second in range(count)])
    assert {outcome.status for outcome in again} == {Status.DUPLICATE}
    ingest_readings([reading(count, 0.0, OTHER)])
    (outcome,) = ingest_readings([reading(count, -0.0, OTHER)])
    assert outcome.status == Status.DUPLICATE


def test_minus_zero_of_a_source_within_is_zero() -> None:
    Tag.objects.create(name=OTHER, valid_min=-1, valid_max=1)
    place, zeros = np.zeros(3, dtype=np.int64), np.full(3, -0.0)
    ingest_columns([OTHER], Batch(place, np.arange(3), np.arange(3) * 1_000_000, zeros))
    (span,) = spans_of([OTHER], None, None, now=START)
    assert [difference for _, part in rebuild(span, write=False) for difference in part] == []
    assert [math.copysign(1, value) for value in recent_values(OTHER)] == [1.0] * 3


def test_the_same_again_is_a_duplicate_and_another_value_a_conflict() -> None:
    (first,) = ingest_readings([reading(0, 46.0)])
    again, other = ingest_readings([reading(0, 46.0), reading(0, 37.0)])
    assert (again.status, again.id, again.is_anomaly) == (Status.DUPLICATE, first.id, True)
    assert other.status is Status.CONFLICT
    assert Measurement.objects.get().value == 46.0


def test_within_a_batch_the_first_of_a_time_wins() -> None:
    outcomes = ingest_readings([reading(0, 37.0), reading(0, 38.0), reading(0, 37.0)])
    assert [outcome.status for outcome in outcomes] == [Status.STORED, Status.CONFLICT, Status.DUPLICATE]
    assert Measurement.objects.get().value == 37.0


def test_tags_do_not_touch_each_other() -> None:
    items = [reading(second, 37.0 + second % 2) for second in range(20)]
    items += [reading(second, 7.0, "fermenter_ph") for second in range(20)]
    random.Random(3).shuffle(items)
    ingest_readings(items)
    assert len(flags()) == len(flags("fermenter_ph")) == 20


def test_a_finding_says_which_band_was_left() -> None:
    ingest_readings([reading(second, value) for second, value in enumerate([36.0, 38.0] * 25)])
    ingest_readings([reading(60, 46.0)])
    found = Finding.objects.order_by("reason").values_list("reason", "lower", "upper")
    assert list(found) == [("above_limit", 35.0, 45.0), ("rolling_3sigma", 34.0, 40.0)]


def test_ids_follow_time_within_a_batch() -> None:
    ingest_readings([reading(2, 37.0), reading(0, 37.0), reading(1, 37.0)])
    by_id = Measurement.objects.order_by("id").values_list("timestamp", flat=True)
    assert list(by_id) == sorted(by_id)
