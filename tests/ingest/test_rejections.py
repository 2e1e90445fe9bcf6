"""Refused is not forgotten: the last ones whole, and all of them counted."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.history.rejections import refused
from monitoring.ingest import rejections
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Refusal, RefusalCount

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
GOOD = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}

pytestmark = pytest.mark.django_db


def send(*changes: dict, at: datetime = NOW) -> None:
    ingest_readings([GOOD | change for change in changes], source="plc 7", now=at)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tag": ""}, "no_tag"),
        ({"tag": "nowhere"}, "unknown_tag"),
        ({"timestamp": "soon"}, "bad_timestamp"),
        ({"timestamp": "2027-01-01T00:00:00Z"}, "in_future"),
        ({"value": "warm"}, "not_a_number"),
        ({"value": 29.9}, "below_valid_range"),
        ({"value": 87.3}, "above_valid_range"),
    ],
)
def test_a_refused_reading_is_kept_as_it_came(change: dict, reason: str) -> None:
    send(change)
    row = Refusal.objects.get()
    assert (row.reason, row.source, row.received_at) == (reason, "plc 7", NOW)
    assert row.tag == (GOOD | change)["tag"]
    assert all(str(value) in row.reading for value in change.values())


def test_a_contradiction_is_a_refusal_and_a_repetition_is_not() -> None:
    send({}, {}, {"value": 38.0})
    assert Refusal.objects.get().reason == "conflict"


def test_what_no_database_could_store_is_kept_as_text() -> None:
    send({"tag": "\ud800\x00"}, {"value": float("nan")}, {"value": 10**400})
    assert Refusal.objects.count() == 3


def test_only_the_newest_are_kept(monkeypatch) -> None:
    monkeypatch.setattr(rejections, "KEPT", 3)
    send(*({"value": 50 + number} for number in range(1, 6)))
    send({"value": 56})
    assert [row.message[:9] for row in Refusal.objects.all()] == ["value: 56", "value: 55", "value: 54"]
    assert sum(RefusalCount.objects.values_list("count", flat=True)) == 6


def test_they_are_counted_by_hour_tag_and_reason() -> None:
    send({"value": 87}, {"value": 88}, {"value": 1})
    send({"value": 87}, at=NOW + timedelta(hours=1))
    counts = RefusalCount.objects.values_list("hour__hour", "tag", "reason", "count")
    assert sorted(counts) == [
        (12, "fermenter_temp", "above_valid_range", 2),
        (12, "fermenter_temp", "below_valid_range", 1),
        (13, "fermenter_temp", "above_valid_range", 1),
    ]


def test_strangers_words_make_no_counts_of_their_own() -> None:
    send(*({"tag": f"made_up_{number}"} for number in range(20)))
    assert list(RefusalCount.objects.values_list("tag", "reason", "count")) == [("", "unknown_tag", 20)]


def test_old_counts_are_pruned() -> None:
    send({"value": 87})
    assert rejections.prune_counts(now=NOW + timedelta(days=89)) == 0
    assert rejections.prune_counts(now=NOW + timedelta(days=91)) == 1


def test_the_last_hour_is_told_in_words() -> None:
    send({"value": 60}, at=NOW - timedelta(minutes=61))
    send(*[{"value": 87.3}] * 12)
    told = refused(now=NOW)
    assert told.lately == 12
    assert told.notices == (
        "12 readings of fermenter_temp refused in the last hour."
        " Last one: value: 87.3 is above fermenter_temp's valid range 30 to 50 °C",
    )


def test_each_reason_is_counted_also_beyond_those_that_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    send(*[{"value": 1}] * 3, *[{"value": 87.3}] * 2, {"tag": "made_up"})
    (ours, stranger) = refused(now=NOW).notices
    assert ours.startswith(
        "5 readings of fermenter_temp refused in the last hour (3 below the valid range, 2 above the valid"
        " range). Last one: value: 87.3 is above"
    )
    assert stranger.startswith("1 reading of made_up refused in the last hour: tag: unknown tag")
    monkeypatch.setattr(rejections, "KEPT", 2)
    send(*[{"value": 87.3}] * 4)
    (ours,) = refused(now=NOW).notices
    assert ours.startswith(
        f"9 readings of fermenter_temp refused since {NOW - timedelta(hours=1):%H:00} UTC"
        " (6 above the valid range, 3 below the valid range). Last one: "
    )
