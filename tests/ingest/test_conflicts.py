"""A reading whose timestamp is stored with another value: what its tag's *on conflict* makes of it."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db.models import QuerySet
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.ingest import open_minutes
from monitoring.ingest.outcomes import Outcome, Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.kernel.clock import to_micros
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Finding, Measurement, Refusal, Replacement, Rollup, Series, SetAsideReading, Tag
from monitoring.spool.replay import replay
from tests.ingest.plain_rule import by_the_rule, kept_last

START = datetime(2026, 1, 31, 11, 59, 30, tzinfo=UTC)  # seconds go over a minute, an hour and a half day
TAG, OTHER = "fermenter_temp", "agitator_rpm"
VALUES = st.sampled_from([34.0, 36.0, 38.0, 40.0, 46.0])

pytestmark = pytest.mark.django_db


def at(second: float, value: float, tag: str = TAG) -> dict[str, object]:
    return {"timestamp": (START + timedelta(seconds=second)).isoformat(), "tag": tag, "value": value}


def keep(mode: OnConflict, *names: str) -> None:
    """Set these tags (the usual one, if none is named) to it."""
    Tag.objects.filter(name__in=names or [TAG]).update(on_conflict=mode)


def statuses(*items: dict[str, object]) -> list[str]:
    return [outcome.status for outcome in ingest_readings(items)]


def rows(tag: str = TAG) -> QuerySet[Measurement]:
    return Measurement.objects.filter(tag__name=tag).order_by("timestamp")


def replacements() -> list[tuple[int, float, float]]:
    """Return second, old and new value of each, in order of time and arrival."""
    found = Replacement.objects.order_by("timestamp", "id").values_list("timestamp", "old_value", "new_value")
    return [(int((moment - START).total_seconds()), old, new) for moment, old, new in found]


def wrong_numbers() -> list[str]:
    """Return what a rebuild of rollups and series would correct."""
    spans = spans_of([], None, None, now=datetime(2026, 2, 2, tzinfo=UTC))
    return [str(wrong) for span in spans for _, found in rebuild(span, write=False) for wrong in found]


class TestKeepLast(TestCase):
    """Each example runs in a transaction of its own."""

    @settings(max_examples=60)
    @given(
        st.lists(st.tuples(st.integers(0, 70), VALUES), min_size=1, max_size=150),
        st.randoms(use_true_random=False),
    )
    def test_it_ends_as_if_readings_had_come_one_by_one(
        self, sent: list[tuple[int, float]], rng: random.Random
    ) -> None:
        keep(OnConflict.KEEP_LAST)
        sent += rng.sample(sent, len(sent) // 3)  # some come twice
        stored, answers, replaced = kept_last(sent)
        items = [at(second, value) for second, value in sent]
        answered: list[Outcome] = []
        while items:
            size = rng.choice([1, 2, 7, 60])
            answered += ingest_readings(items[:size])
            items = items[size:]
        values = [stored[second] for second in sorted(stored)]
        assert [outcome.status for outcome in answered] == answers
        assert list(rows().values_list("value", flat=True)) == values
        assert list(rows().values_list("is_anomaly", flat=True)) == by_the_rule(values)
        assert replacements() == sorted(replaced, key=lambda one: one[0])
        assert wrong_numbers() == []
        assert np.frombuffer(Series.objects.get(tag__name=TAG).recent_values).tolist() == values[-50:]
        explained = set(Finding.objects.values_list("measurement_id", flat=True))
        assert explained == set(rows().filter(is_anomaly=True).values_list("id", flat=True))


def test_the_new_value_is_a_new_measurement_of_that_time() -> None:
    keep(OnConflict.KEEP_LAST)
    (first,) = ingest_readings([at(0, 46.0)])
    (second,) = ingest_readings([at(0, 37.0)])
    assert (second.status, second.is_anomaly) == (Status.REPLACED, False)
    assert (second.id or 0) > (first.id or 0)  # so the stream tells it
    assert list(rows().values_list("id", "value", "is_anomaly")) == [(second.id, 37.0, False)]
    assert not Finding.objects.exists()


def test_a_batch_that_is_sent_again_changes_nothing() -> None:
    keep(OnConflict.KEEP_LAST)
    batch = [at(0, 36.0), at(0, 38.0)]
    assert statuses(*batch) == ["success", "replaced"]
    before = list(rows().values())
    assert statuses(*batch) == statuses(at(0, 36.0), at(0, 36.0)) == ["duplicate", "duplicate"]
    assert list(rows().values()) == before
    assert replacements() == [(0, 36.0, 38.0)]


def test_answers_name_the_measurement_that_stands() -> None:
    keep(OnConflict.KEEP_LAST)
    outcomes = list(ingest_readings([at(0, 36.0), at(0, 46.0), at(0, 36.0)]))
    assert {(outcome.id, outcome.is_anomaly) for outcome in outcomes} == {(rows().get().pk, True)}


def test_flags_behind_the_replaced_value_are_judged_again() -> None:
    keep(OnConflict.KEEP_LAST)
    wave = [39.0, 41.0] * 10
    ingest_readings([at(second, value) for second, value in enumerate([40.0, *wave, 43.5])])
    assert rows().last().is_anomaly is True
    assert statuses(at(0, 49.0)) == ["replaced"]
    assert list(rows().values_list("is_anomaly", flat=True)) == by_the_rule([49.0, *wave, 43.5])


def test_extremes_of_every_resolution_follow() -> None:
    keep(OnConflict.KEEP_LAST)
    ingest_readings([at(second, 40.0) for second in range(0, 7_000, 20)])
    assert statuses(at(60, 49.0)) == statuses(at(60, 36.0)) == ["replaced"]
    open_minutes.close(list(Series.objects.values_list("tag", flat=True)))
    found = Rollup.objects.filter(minimum_at=START + timedelta(seconds=60)).values_list(
        "resolution_s", "maximum"
    )
    assert sorted(found) == [(60, 40.0), (600, 40.0), (3_600, 40.0), (86_400, 40.0)]
    assert wrong_numbers() == []


def test_the_first_is_kept_and_nobody_is_told_of_a_refusal() -> None:
    keep(OnConflict.KEEP_FIRST)
    (first,) = ingest_readings([at(0, 46.0)])
    (second,) = ingest_readings([at(0, 37.0)], source="a logger")
    assert second == Outcome(TAG, Status.KEPT_FIRST, first.id, True)
    assert statuses(at(1, 36.0), at(1, 38.0), at(1, 36.0)) == ["success", "kept_first", "duplicate"]
    assert list(rows().values_list("value", flat=True)) == [46.0, 36.0]
    assert not Refusal.objects.exists()
    assert not Replacement.objects.exists()


def test_each_tag_has_its_own_way() -> None:
    keep(OnConflict.KEEP_LAST, OTHER)
    items = [at(0, 36.0), at(0, 400.0, OTHER), at(0, 38.0), at(0, 410.0, OTHER)]
    assert statuses(*items) == ["success", "success", "conflict", "replaced"]
    assert rows(OTHER).get().value == 410.0


def test_a_value_that_is_no_reading_replaces_nothing() -> None:
    keep(OnConflict.KEEP_LAST)
    assert statuses(at(0, 36.0), at(0, 99.0), at(0, float("nan"))) == ["success", "error", "error"]
    assert rows().get().value == 36.0


def test_who_replaced_what_and_when_is_recorded() -> None:
    keep(OnConflict.KEEP_LAST)
    now = datetime(2026, 1, 31, 12, 5, tzinfo=UTC)
    ingest_readings([at(0, 36.0), at(0, 38.0)], source="logger 127.0.0.1", now=now)
    row = Replacement.objects.get()
    assert (row.tag.name, row.timestamp, row.old_value, row.new_value) == (TAG, START, 36.0, 38.0)
    assert (row.replaced_at, row.source) == (now, "logger 127.0.0.1")


def test_what_waited_on_disk_goes_the_same_way(keep: Callable[..., Any]) -> None:
    Tag.objects.filter(name=TAG).update(on_conflict=OnConflict.KEEP_LAST)
    keep(at(0, 36.0), at(0, 38.0), at(0, 36.0))
    assert replay() == 3
    assert rows().get().value == 38.0
    assert Replacement.objects.get().source == "a test"
    assert not SetAsideReading.objects.exists()


def test_of_a_minute_that_is_half_deleted_the_rest_is_kept() -> None:
    keep(OnConflict.KEEP_LAST)
    ingest_readings([at(second, 40.0 + second / 10) for second in range(30)])
    moment = START + timedelta(seconds=10)
    Measurement.objects.filter(timestamp__lt=moment).delete()
    Series.objects.update(raw_from=moment, recent_values=None, measurements=20)
    assert statuses(at(20, 37.0)) == ["replaced"]
    open_minutes.close(list(Series.objects.values_list("tag", flat=True)))
    minute = Rollup.objects.get(resolution_s=60)
    expected = sum(40 + second / 10 for second in range(30)) - 42 + 37
    assert (minute.count, minute.minimum, to_micros(minute.minimum_at)) == (
        30,
        37.0,
        to_micros(START) + 20_000_000,
    )
    assert minute.total == pytest.approx(expected)
