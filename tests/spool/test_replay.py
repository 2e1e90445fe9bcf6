"""The replay: what waits on disk is stored once, and what can't be waits for a person."""

import errno
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, Refusal, SetAsideReading, Tag
from monitoring.spool import replay, spool_files
from monitoring.spool.spool_files import anything_waits, pending_count

GOOD = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}
LATER = {"timestamp": "2026-01-31T12:00:01Z", "tag": "fermenter_temp", "value": 46.0}
IMPOSSIBLE = {"timestamp": "2026-01-31T12:00:02Z", "tag": "fermenter_temp", "value": 99.0}

pytestmark = pytest.mark.django_db


def away(*args: object, **kwargs: object) -> None:
    raise OperationalError("database is locked")


def full(*args: object, **kwargs: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_it_stores_what_was_kept_and_empties_the_store(keep) -> None:
    keep(LATER, GOOD)
    assert replay.replay() == 2
    assert not anything_waits()
    rows = Measurement.objects.order_by("timestamp").values_list("value", "is_anomaly")
    assert list(rows) == [(37.0, False), (46.0, True)]


def test_a_timestamp_that_is_a_number_is_kept_as_it_came(keep) -> None:
    keep({**GOOD, "timestamp": 1769860800.25}, {**GOOD, "timestamp": 1769860800500})
    assert replay.replay() == 2
    times = Measurement.objects.order_by("timestamp").values_list("timestamp", flat=True)
    assert [moment.microsecond for moment in times] == [250_000, 500_000]


def test_what_is_stored_already_is_not_stored_again(keep) -> None:
    keep(GOOD, GOOD)
    replay.replay()
    keep(GOOD)
    replay.replay()
    assert Measurement.objects.count() == 1
    assert not SetAsideReading.objects.exists()


def test_while_the_database_is_away_everything_stays_on_disk(keep, monkeypatch) -> None:
    keep(GOOD)
    with monkeypatch.context() as broken:
        broken.setattr(replay, "ingest_readings", away)
        with pytest.raises(OperationalError):
            replay.replay()
    keep(LATER)
    assert pending_count() == 2
    assert replay.replay() == 2
    assert Measurement.objects.count() == 2


def test_what_is_stored_of_a_file_waits_no_longer(keep, monkeypatch) -> None:
    keep(GOOD, LATER, IMPOSSIBLE)
    monkeypatch.setattr(replay, "CHUNK", 1)
    waiting = []
    monkeypatch.setattr(replay, "failpoint", lambda name: waiting.append((name, pending_count())))
    replay.replay()
    before = [count for name, count in waiting if name == "replay.before_commit"]
    assert before == [3, 2, 1]
    assert pending_count() == 0
    keep(GOOD)
    assert pending_count() == 1


def test_a_disk_too_full_to_note_how_far_it_has_come_costs_nothing(keep, monkeypatch) -> None:
    keep(GOOD, LATER)
    monkeypatch.setattr(Path, "write_text", full)
    assert replay.replay() == 2
    assert pending_count() == 0


def test_a_torn_line_costs_nothing_else(keep) -> None:
    keep(GOOD)
    with (spool_files.directory() / "pending.jsonl").open("ab") as file:
        file.write(b'{"timestamp": "2026-01-31T12:0')
    keep(LATER)
    assert replay.replay() == 2
    assert Measurement.objects.count() == 2


def test_what_can_not_be_stored_is_set_aside_with_its_reason(keep) -> None:
    keep(IMPOSSIBLE, GOOD)
    replay.replay()
    row = SetAsideReading.objects.get()
    assert (row.reading, row.source) == (IMPOSSIBLE, "a test")
    assert "above fermenter_temp's valid range" in row.message
    assert Measurement.objects.count() == 1


def test_it_is_set_aside_once_however_often_it_is_replayed(keep) -> None:
    for _ in range(3):
        keep(IMPOSSIBLE)
        replay.replay()
    assert SetAsideReading.objects.count() == 1


def test_tried_again_it_stays_until_the_reason_is_gone(keep) -> None:
    keep(IMPOSSIBLE)
    replay.replay()
    row = SetAsideReading.objects.get()
    assert replay.retry(row).error
    Tag.objects.filter(name="fermenter_temp").update(valid_max=120)
    assert not replay.retry(row).error
    assert not SetAsideReading.objects.exists()
    assert Measurement.objects.get().value == 99.0


def test_a_letter_that_the_database_itself_can_not_take_is_parted_from_its_neighbours(
    keep, monkeypatch
) -> None:
    stored = ingest_readings

    def choke(items: list[dict], **senders: Any) -> object:
        if LATER in items:
            raise IntegrityError("can't take that")
        return stored(items, **senders)

    monkeypatch.setattr(replay, "ingest_readings", choke)
    keep(GOOD, LATER, {**GOOD, "tag": "agitator_rpm", "value": 300})
    replay.replay()
    assert Measurement.objects.count() == 2
    assert SetAsideReading.objects.get().reading == LATER


def test_what_was_refused_meanwhile_is_remembered_and_not_stored() -> None:
    now = datetime.now(UTC)
    why = {"reason": "unknown_tag", "message": "tag: unknown tag 'x'"}
    spool_files.save([spool_files.spooled(GOOD, source="plc", now=now, refused=why)])
    assert pending_count() == 0
    replay.replay()
    refusal = Refusal.objects.get()
    assert (refusal.source, refusal.reason, refusal.received_at) == ("plc", "unknown_tag", now)
    assert not Measurement.objects.exists()
    assert not anything_waits()


def test_refusals_of_several_sources_and_moments_keep_theirs() -> None:
    why = {"reason": "unknown_tag", "message": "tag: unknown tag 'x'"}
    came = [("plc", 1), ("plc", 1), ("pump", 1), ("plc", 2)]
    spool_files.save(
        spool_files.spooled(GOOD, source=source, now=datetime(2026, 1, day, tzinfo=UTC), refused=why)
        for source, day in came
    )
    replay.replay()
    assert list(Refusal.objects.order_by("id").values_list("source", "received_at__day")) == came


def test_a_reading_with_a_nan_can_be_set_aside(keep) -> None:
    keep({**GOOD, "value": float("nan")})
    replay.replay()
    assert SetAsideReading.objects.get().reading["value"] == "NaN"


def test_a_replay_cut_short_is_finished_by_the_next(keep) -> None:
    keep(GOOD)
    place: Path = spool_files.directory()
    (place / "pending.jsonl").rename(place / "replaying.jsonl")
    keep(LATER)
    assert replay.replay() == 2
    assert Measurement.objects.count() == 2
