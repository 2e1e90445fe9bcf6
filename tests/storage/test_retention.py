"""Retention: old measurements go, their rollups stay, and nothing of them is counted twice."""

import logging
import os
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from filelock import FileLock

from monitoring.history.stats import totals
from monitoring.ingest.exclusions import choice_of_range, exclude, revoke
from monitoring.ingest.outcomes import Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import (
    Event,
    ExcludedMeasurement,
    Exclusion,
    Finding,
    Measurement,
    Replacement,
    Rollup,
    Series,
    Tag,
)
from monitoring.storage import retention
from monitoring.storage.retention import apply_retention

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEPT_FROM = datetime(2026, 1, 21, tzinfo=UTC)  # what is kept for 10 days
ANOMALIES_KEPT_FROM = datetime(2026, 1, 11, tzinfo=UTC)  # what is kept for 20
TAG, OTHER = "fermenter_temp", "fermenter_ph"
NORMAL, TOO_HIGH = 37.0, 46.0

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch) -> None:
    """Between chunks, as nobody else writes."""
    monkeypatch.setattr(retention, "PAUSE_S", 0)


@pytest.fixture(autouse=True)
def plant_that_sends(monkeypatch) -> None:
    """Other tags have readings of the present; what happens without is in ``test_host_clock.py``."""
    monkeypatch.setattr(retention, "newest_measured", lambda now: now)


def reading(moment: datetime, value: float = NORMAL, tag: str = TAG) -> dict[str, object]:
    return {"timestamp": moment.isoformat(), "tag": tag, "value": value}


def days_ago(*days: float, value: float = NORMAL, tag: str = TAG) -> list[dict[str, object]]:
    return [reading(NOW - timedelta(days=day), value, tag) for day in days]


def keep_for(days: int | None, anomalies: int | None = None) -> None:
    """What an administrator has set for the tag."""
    Tag.objects.filter(name=TAG).update(retention_days=days, anomaly_retention_days=anomalies)


def left(tag: str = TAG) -> list[float]:
    """How many days old the tag's measurements are, oldest first."""
    moments = (
        Measurement.objects.filter(tag__name=tag).order_by("timestamp").values_list("timestamp", flat=True)
    )
    return [(NOW - moment) / timedelta(days=1) for moment in moments]


def raw_from() -> datetime | None:
    return Series.objects.get(tag__name=TAG).raw_from


def test_events_are_kept_as_long_as_anomalies_and_while_they_last() -> None:
    def event(end: datetime | None) -> Event:
        return Event.objects.create(
            tag=Tag.objects.get(name=TAG),
            detector="step",
            kind="step up",
            start=ANOMALIES_KEPT_FROM - timedelta(days=Event.objects.count() + 1),
            end=end,
            score=1,
            explanation="",
            revision=1,
        )

    event(ANOMALIES_KEPT_FROM - timedelta(microseconds=1))
    kept = [event(ANOMALIES_KEPT_FROM), event(None)]
    keep_for(10)
    apply_retention(now=NOW)
    assert Event.objects.count() == 3
    keep_for(10, 20)
    apply_retention(now=NOW)
    assert list(Event.objects.order_by("id")) == kept


def test_what_was_replaced_is_known_as_long_as_the_measurement() -> None:
    Tag.objects.filter(name=TAG).update(on_conflict=OnConflict.KEEP_LAST)
    ingest_readings([*days_ago(30, 25, 5), *days_ago(30, value=38.0), *days_ago(25, value=TOO_HIGH)])
    ingest_readings(days_ago(5, value=38.0))
    keep_for(10)
    apply_retention(now=NOW)
    assert left() == [25, 5]  # the one is an anomaly
    assert [(NOW - row.timestamp).days for row in Replacement.objects.order_by("timestamp")] == [25, 5]
    keep_for(10, 20)
    apply_retention(now=NOW)
    assert [(NOW - row.timestamp).days for row in Replacement.objects.all()] == [5]


def test_what_is_older_goes_in_whole_days_and_what_is_younger_stays() -> None:
    keep_for(10)
    last = KEPT_FROM - timedelta(microseconds=1)
    ingest_readings([*days_ago(40, 11, 1, 0), reading(last), reading(KEPT_FROM)])
    assert apply_retention(now=NOW) == 3
    assert left() == [10.5, 1, 0]
    assert raw_from() == KEPT_FROM


def test_rollups_stay_as_they_are() -> None:
    keep_for(10, 20)
    ingest_readings([*days_ago(40, 30, 1), *days_ago(25, value=TOO_HIGH)])
    before = list(Rollup.objects.order_by("id").values())
    apply_retention(now=NOW)
    assert left() == [1]
    assert list(Rollup.objects.order_by("id").values()) == before
    assert len(before) == 4 * 4


def test_totals_go_down_by_what_went() -> None:
    keep_for(10, 20)
    ingest_readings([*days_ago(40, 30, 1), *days_ago(25, 15, value=TOO_HIGH)])
    apply_retention(now=NOW)
    assert (totals().measurements, totals().anomalies) == (2, 1)
    assert Measurement.objects.count() == 2


def test_without_retention_everything_is_for_ever() -> None:
    ingest_readings([*days_ago(4000, 1), *days_ago(4000, value=7.0, tag=OTHER)])
    keep_for(None, 20)
    assert apply_retention(now=NOW) == 0
    keep_for(10)
    assert apply_retention(now=NOW) == 1
    assert left(OTHER) == [4000]


def test_anomalies_are_kept_longer_with_their_findings() -> None:
    keep_for(10, 20)
    ingest_readings([*days_ago(30, 15), *days_ago(31, 16, value=TOO_HIGH)])
    assert apply_retention(now=NOW) == 3
    assert left() == [16]
    assert Finding.objects.get().measurement.value == TOO_HIGH
    assert apply_retention(now=NOW + timedelta(days=10)) == 1
    assert not Finding.objects.exists()


def test_anomalies_may_be_kept_for_ever() -> None:
    keep_for(10)
    ingest_readings([*days_ago(4000, value=TOO_HIGH), *days_ago(4001)])
    apply_retention(now=NOW)
    assert left() == [4000]


def test_a_deleted_reading_that_comes_again_is_refused_and_not_counted_twice() -> None:
    keep_for(10)
    ingest_readings(days_ago(40, 1))
    apply_retention(now=NOW)
    counts = list(Rollup.objects.order_by("id").values_list("count", flat=True))
    again, young = ingest_readings(days_ago(40, 1))
    assert again.status is Status.REJECTED
    assert again.error.endswith(
        "is too old: readings of fermenter_temp from before 2026-01-21T00:00:00Z"
        " were deleted, as its retention says; send newer ones"
    )
    assert young.status is Status.DUPLICATE
    assert list(Rollup.objects.order_by("id").values_list("count", flat=True)) == counts


def test_longer_retention_brings_nothing_back_and_deletes_nothing() -> None:
    keep_for(10)
    ingest_readings(days_ago(40, 1))
    apply_retention(now=NOW)
    for longer in (30, None):
        keep_for(longer)
        assert apply_retention(now=NOW) == 0
        assert raw_from() == KEPT_FROM


def test_where_nothing_was_deleted_a_late_reading_may_still_come() -> None:
    keep_for(10)
    ingest_readings(days_ago(1))
    apply_retention(now=NOW)
    (late,) = ingest_readings(days_ago(40))
    assert late.status is Status.STORED
    assert apply_retention(now=NOW) == 1


def test_more_days_than_there_have_been_delete_nothing() -> None:
    keep_for(2**31 - 1, 2**31 - 1)
    ingest_readings([reading(datetime(1, 1, 1, tzinfo=UTC))])
    assert apply_retention(now=NOW) == 0


def test_it_goes_chunk_by_chunk_and_each_one_is_complete_in_itself(monkeypatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 3)
    keep_for(10, 20)
    start = KEPT_FROM - timedelta(seconds=10)
    ingest_readings([reading(start + timedelta(seconds=place)) for place in range(10)])
    stops = iter([False, False, True])
    assert apply_retention(now=NOW, should_stop=lambda: next(stops, True)) == 6
    assert raw_from() == start + timedelta(seconds=6)
    assert totals().measurements == Measurement.objects.count() == 4
    (again,) = ingest_readings([reading(start + timedelta(seconds=5))])
    assert again.status is Status.REJECTED
    assert apply_retention(now=NOW) == 4
    assert raw_from() == KEPT_FROM


def test_anomalies_too_go_chunk_by_chunk(monkeypatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 3)
    keep_for(10, 20)
    ingest_readings(days_ago(*range(21, 29), value=TOO_HIGH))
    assert apply_retention(now=NOW) == 8
    assert (totals().measurements, totals().anomalies) == (0, 0)


def test_kept_anomalies_are_not_read_again(monkeypatch) -> None:
    keep_for(10)
    ingest_readings(days_ago(40, 30, value=TOO_HIGH))
    ingest_readings(days_ago(35))
    apply_retention(now=NOW)
    starts: list[int] = []
    delete = retention.delete_measurements
    monkeypatch.setattr(retention, "delete_measurements", lambda *how: starts.append(how[2]) or delete(*how))  # type: ignore[func-returns-value]
    apply_retention(now=NOW + timedelta(days=1))
    assert starts == [to_micros(KEPT_FROM)]


def test_what_went_is_logged_a_line_a_tag(caplog) -> None:
    caplog.set_level(logging.INFO)
    keep_for(10, 20)
    ingest_readings([*days_ago(40, 30), *days_ago(25, value=TOO_HIGH), *days_ago(40, value=7.0, tag=OTHER)])
    apply_retention(now=NOW)
    (line,) = [record for record in caplog.records if record.message == "old measurements deleted"]
    assert (line.tag, line.rows, line.anomalies, line.before) == (TAG, 3, 1, "2026-01-21T00:00:00Z")


def test_two_at_a_time_do_not_get_in_each_other_s_way(data_dir) -> None:
    keep_for(10)
    ingest_readings(days_ago(40))
    data_dir.mkdir()
    with FileLock(data_dir / "retention.lock"):
        assert apply_retention(now=NOW) == 0
    assert apply_retention(now=NOW) == 1


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_the_file_shrinks() -> None:
    keep_for(10)
    start = KEPT_FROM - timedelta(days=1)
    ingest_readings([reading(start + timedelta(seconds=place)) for place in range(20_000)])

    def size() -> int:
        retention.pragma("wal_checkpoint(TRUNCATE)")
        return os.stat(connection.settings_dict["NAME"]).st_size

    before = size()
    apply_retention(now=NOW)
    assert size() < before - 500_000
    assert retention.pragma("freelist_count") == 0
    assert retention.pragma("integrity_check") == "ok"


def excluded_left() -> list[float]:
    """How many days old the excluded measurements are, oldest first."""
    rows = ExcludedMeasurement.objects.order_by("timestamp").values_list("timestamp", flat=True)
    return [(NOW - moment) / timedelta(days=1) for moment in rows]


def exclude_days(oldest: float, newest: float) -> Exclusion:
    """Takes out what was measured so many days ago."""
    start, end = (NOW - timedelta(days=day) for day in (oldest, newest))
    return exclude(choice_of_range(TAG, start, end), reason="bath", by="eva")


@pytest.mark.parametrize("all_old_are_excluded", [True, False])
def test_excluded_measurements_go_with_the_others_anomalies_among_them(all_old_are_excluded: bool) -> None:
    keep_for(10)
    ingest_readings(days_ago(15, 13, 5, 1) + days_ago(14, value=TOO_HIGH))
    exclusion = exclude_days(15, 5)
    if not all_old_are_excluded:
        ingest_readings(days_ago(12))
    apply_retention(now=NOW)
    assert excluded_left() == [5]
    assert left() == [1]
    revoked = revoke(exclusion.pk, reason="no bath", by="eva")
    assert (revoked.returned, left(), excluded_left()) == (1, [5, 1], [])
    assert Series.objects.get().excluded_until is None


def test_what_is_included_again_too_late_does_not_come_back() -> None:
    keep_for(10)
    ingest_readings(days_ago(15, 12, 5))
    exclusion = exclude_days(12, 12)
    retention.delete_raw(TAG, NOW)
    assert revoke(exclusion.pk, reason="no bath", by="eva").returned == 0
    assert (left(), excluded_left()) == ([5], [])
