"""Exclusions: whatever is taken out and let back in, all that is derived is what the rest says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.ingest import exclusions, moving
from monitoring.ingest.exclusions import (
    AlreadyRevokedError,
    Choice,
    ExclusionError,
    UnknownExclusionError,
    choice_of_ids,
    choice_of_range,
    exclude,
    revoke,
)
from monitoring.ingest.outcomes import Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.models import ExcludedMeasurement, Exclusion, Finding, Measurement, Rollup, Series, Tag
from tests.ingest.plain_rule import by_the_rule
from tests.ingest.test_rollups import assert_current

START = datetime(2026, 1, 31, 23, 50, tzinfo=UTC)  # a day, and with it every interval, ends soon
TAG = "fermenter_temp"
WHO: dict[str, Any] = {"reason": "probe in the calibration bath", "by": "eva"}

pytestmark = pytest.mark.django_db


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def reading(second: float, value: float, tag: str = TAG) -> dict[str, object]:
    return {"timestamp": at(second).isoformat(), "tag": tag, "value": value}


def seconds(first: float, last: float, tag: str = TAG) -> Choice:
    return choice_of_range(tag, at(first), at(last))


def rows() -> list[tuple[Any, ...]]:
    """All of the tag's measurements, as they are stored."""
    columns = ("id", "timestamp", "value", "is_anomaly")
    return list(Measurement.objects.filter(tag__name=TAG).order_by("timestamp").values_list(*columns))


def reasons() -> list[tuple[Any, ...]]:
    columns = ("measurement_id", "reason", "lower", "upper")
    return sorted(Finding.objects.values_list(*columns))


def assert_as_the_rule_says() -> None:
    """Flags, findings, rollups, totals: all as the measurements say that are there."""
    stored = rows()
    assert [row[3] for row in stored] == by_the_rule([row[2] for row in stored])
    flagged = {row[0] for row in stored if row[3]}
    assert {reason[0] for reason in reasons()} == flagged
    assert_current()
    spans = spans_of([TAG], None, None, now=at(0))
    wrong = [difference for span in spans for _, found in rebuild(span, write=False) for difference in found]
    assert wrong == []


VALUES = st.sampled_from([34.9, 36.0, 36.5, 37.0, 37.0, 37.5, 46.0, 50.0])
SECONDS = st.integers(540, 660)
STEPS = st.one_of(
    st.tuples(
        st.just("ingest"),
        st.builds(
            lambda first, values: [(first + place, value) for place, value in enumerate(values)],
            SECONDS,
            st.lists(VALUES, min_size=1, max_size=70),
        ),
    ),
    st.tuples(st.just("range"), st.tuples(SECONDS, st.integers(0, 90))),
    st.tuples(st.just("ids"), st.lists(st.integers(0, 200), min_size=1, max_size=9)),
    st.tuples(st.just("revoke"), st.integers(0, 5)),
)


@pytest.mark.no_cover
class TestAnySequence(TestCase):
    """Each example runs in a transaction of its own; chunks are of a few measurements."""

    @settings(max_examples=60)
    @given(
        st.lists(VALUES, min_size=12, max_size=60),
        st.lists(STEPS, min_size=1, max_size=9),
    )
    def test_all_is_as_the_rule_says_of_what_is_not_excluded(self, first, steps) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(moving, "CHUNK", 7)
            patch.setattr(moving, "FEW", 3)
            patch.setattr(exclusions, "PAUSE_S", 0)
            ingest_readings([reading(560 + place, value) for place, value in enumerate(first)])
            for what, how in steps:
                before = Measurement.objects.count() + ExcludedMeasurement.objects.count()
                take(what, how)
                after = Measurement.objects.count() + ExcludedMeasurement.objects.count()
                assert what == "ingest" or before == after
            assert_as_the_rule_says()
            for exclusion in Exclusion.objects.filter(revoked_at=None):
                revoke(exclusion.pk, **WHO)
            assert_as_the_rule_says()
            assert not ExcludedMeasurement.objects.exists()


def take(what: str, how: Any) -> None:
    """One step: readings come, measurements are taken out by time or one by one, or let back in."""
    if what == "ingest":
        ingest_readings([reading(second, value) for second, value in how])
    elif what == "revoke":
        going = list(Exclusion.objects.filter(revoked_at=None).order_by("id")[how : how + 1])
        for exclusion in going:
            revoke(exclusion.pk, **WHO)
    else:
        stored = rows()
        if what == "ids":
            ids = [stored[place % len(stored)][0] for place in how] if stored else []
        else:
            ids = [row[0] for row in stored if at(how[0]) <= row[1] <= at(sum(how))]
        if ids:
            exclude(choice_of_ids(ids) if what == "ids" else seconds(how[0], sum(how)), **WHO)


def wave(count: int = 60) -> None:
    """A quiet signal, a reading a second, in which a value of 41.2 stands out and then 45.5 does."""
    values = [37.0 + second % 5 / 10 for second in range(count)]
    values[40], values[45] = 41.2, 45.5
    ingest_readings([reading(second, value) for second, value in enumerate(values)])


def test_what_is_included_again_is_as_if_it_had_never_been_excluded() -> None:
    wave()
    before = rows(), reasons()
    exclusion = exclude(seconds(40, 45), **WHO)
    assert (exclusion.taken, exclusion.is_complete) == (6, True)
    assert [row[1] for row in rows()] == [at(second) for second in (*range(40), *range(46, 60))]
    revoked = revoke(exclusion.pk, reason="it was the other probe", by="tom")
    assert (revoked.returned, revoked.revoked_by, revoked.revoke_reason) == (
        6,
        "tom",
        "it was the other probe",
    )
    assert (rows(), reasons()) == before


def test_the_excluded_stay_stored_with_what_was_found_in_them() -> None:
    wave()
    exclude(seconds(45, 45), **WHO)
    kept = ExcludedMeasurement.objects.get()
    assert (kept.timestamp, kept.value, kept.is_anomaly) == (at(45), 45.5, True)
    assert [finding[0] for finding in kept.findings] == ["above_limit", "rolling_3sigma"]
    assert kept.exclusion.reason == WHO["reason"]


def test_a_limit_that_was_edited_meanwhile_does_not_judge_the_past_anew() -> None:
    wave()
    exclusion = exclude(seconds(45, 46), **WHO)
    Tag.objects.filter(name=TAG).update(upper_limit=37.0)
    revoke(exclusion.pk, **WHO)
    assert {row[1] for row in rows() if row[3]} == {at(40), at(45)}


def test_what_turns_when_it_leaves_turns_back_when_it_comes_back() -> None:
    """A spike hides the next one: it widens the band. Without it the second is an anomaly."""
    values = [37.0 + second % 5 / 10 for second in range(40)]
    values[20], values[21] = 44.0, 38.5
    ingest_readings([reading(second, value) for second, value in enumerate(values)])
    assert Series.objects.get().anomalies == 1
    exclusion = exclude(seconds(20, 20), **WHO)
    assert [row[1] for row in rows() if row[3]] == [at(21)]
    assert_as_the_rule_says()
    revoke(exclusion.pk, **WHO)
    assert [row[1] for row in rows() if row[3]] == [at(20)]
    assert_as_the_rule_says()


@pytest.mark.parametrize("together", [[45], [45, 100], [*range(40, 50), 100, 101]])
def test_an_excluded_reading_that_comes_again_is_a_duplicate_or_a_conflict(together: list[int]) -> None:
    wave()
    exclude(seconds(44, 46), **WHO)
    kept = ExcludedMeasurement.objects.get(timestamp=at(45))
    same = dict(zip(together, ingest_readings([reading(second, 45.5) for second in together]), strict=True))
    assert (same[45].status, same[45].id, same[45].is_anomaly) == (Status.DUPLICATE, kept.pk, True)
    (other,) = ingest_readings([reading(45, 37.0)])
    assert other.status is Status.CONFLICT
    assert "is stored as 45.5 and stays so" in other.error
    assert ExcludedMeasurement.objects.count() == 3
    assert not Measurement.objects.filter(timestamp=at(45)).exists()
    assert_as_the_rule_says()


def test_what_comes_later_within_the_range_is_stored_as_ever() -> None:
    ingest_readings([reading(0, 37.0), reading(10, 37.5)])
    exclude(seconds(0, 10), **WHO)
    (late,) = ingest_readings([reading(5, 37.2)])
    assert late.status is Status.STORED
    assert [row[2] for row in rows()] == [37.2]


def test_what_is_newest_follows_and_new_readings_append() -> None:
    wave()
    exclude(seconds(30, 59), **WHO)
    assert Series.objects.get().last == at(29)
    ingest_readings([reading(59.5, 37.0), reading(31, 37.0), reading(70, 37.1)])
    assert [row[1] for row in rows()][-2:] == [at(59.5), at(70)]
    assert_as_the_rule_says()


def test_all_of_a_tag_can_leave() -> None:
    wave()
    exclusion = exclude(seconds(0, 100), **WHO)
    assert (rows(), Rollup.objects.count()) == ([], 0)
    assert_as_the_rule_says()
    revoke(exclusion.pk, **WHO)
    assert_as_the_rule_says()
    assert len(rows()) == 60


def test_two_exclusions_do_not_take_the_same_twice() -> None:
    wave()
    first, second = exclude(seconds(0, 20), **WHO), exclude(seconds(10, 30), **WHO)
    assert (first.taken, second.taken) == (21, 10)
    revoke(first.pk, **WHO)
    assert [row[1] for row in rows()][:21] == [at(place) for place in range(21)]
    assert_as_the_rule_says()


def test_other_tags_stay_as_they_are() -> None:
    ingest_readings([reading(second, 7.0, "fermenter_ph") for second in range(20)])
    wave()
    exclude(seconds(0, 100), **WHO)
    assert Measurement.objects.filter(tag__name="fermenter_ph").count() == 20
    assert_current()


@pytest.mark.parametrize(
    ("choose", "words"),
    [
        (lambda: choice_of_range(TAG, at(1), at(0)), "no later than 'to'"),
        (lambda: choice_of_range("no_such", at(0), at(1)), "unknown tag 'no_such'"),
        (lambda: choice_of_ids([]), "expected 1 to 1000"),
        (lambda: choice_of_ids([4711]), "no measurement has the id 4711"),
        (lambda: choice_of_ids(list(Measurement.objects.values_list("pk", flat=True))), "of one tag"),
        (lambda: exclude(seconds(-9, -1), **WHO), "has no measurements from 2026-01-31T23:49:51Z"),
    ],
)
def test_what_can_not_be_excluded_is_told(choose: Callable[[], object], words: str) -> None:
    ingest_readings([reading(0, 37.0), reading(0, 7.0, "fermenter_ph")])
    with pytest.raises(ExclusionError, match=words):
        choose()
    assert not Exclusion.objects.exists()


def test_what_retention_has_cut_into_can_not_be_excluded() -> None:
    wave()
    Series.objects.update(raw_from=at(30))
    with pytest.raises(ExclusionError, match=r"before 2026-01-31T23:51:00Z were deleted"):
        seconds(20, 59)


def test_an_exclusion_is_revoked_once() -> None:
    wave()
    exclusion = exclude(seconds(0, 1), **WHO)
    revoke(exclusion.pk, **WHO)
    with pytest.raises(AlreadyRevokedError):
        revoke(exclusion.pk, **WHO)
    with pytest.raises(UnknownExclusionError):
        revoke(exclusion.pk + 1, **WHO)


@pytest.mark.parametrize("moved", [1, 3])
def test_what_is_left_unmoved_is_consistent_and_is_finished_later(
    monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    monkeypatch.setattr(moving, "CHUNK", 10)
    monkeypatch.setattr(exclusions, "PAUSE_S", 0)
    wave()
    exclusion = exclude(seconds(0, 49), **WHO, for_s=0)
    for _ in range(moved - 1):
        exclusions.move_chunk(exclusion.pk)
    exclusion.refresh_from_db()
    assert (exclusion.taken, exclusion.is_complete) == (10 * moved, False)
    assert [row[1] for row in rows()][-10:] == [at(second) for second in range(50, 60)]
    assert_as_the_rule_says()
    ingest_readings([reading(49.5, 37.0)])
    exclusions.finish_all(should_stop=lambda: False)
    exclusion.refresh_from_db()
    assert (exclusion.taken, exclusion.is_complete) == (50, True)
    assert at(49.5) in [row[1] for row in rows()]
    assert_as_the_rule_says()


def test_one_that_is_revoked_half_way_takes_out_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "CHUNK", 10)
    wave()
    before = rows()
    exclusion = exclude(seconds(0, 59), **WHO, for_s=0)
    revoke(exclusion.pk, **WHO)
    exclusion.refresh_from_db()
    assert (exclusion.taken, exclusion.returned, exclusion.is_complete) == (10, 10, True)
    assert rows() == before


def test_single_measurements_leave_from_among_thousands() -> None:
    ingest_readings([reading(second, 37.0 + second % 7 / 10) for second in range(6_000)])
    ids = [row[0] for row in rows() if int((row[1] - START).total_seconds()) % 1_000 in (0, 1)]
    exclusion = exclude(choice_of_ids(ids), **WHO)
    assert exclusion.taken == len(ids) == 12
    assert_as_the_rule_says()
    revoke(exclusion.pk, **WHO)
    assert_as_the_rule_says()
