"""Measurements move to the archive exactly once, and return with ids, flags and findings when one changes."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from monitoring.archive import presence
from monitoring.archive.manifest import add_file
from monitoring.archive.outage import read_outage
from monitoring.archive.place import archive_place
from monitoring.ingest.exclusions import choice_of_range, exclude, revoke
from monitoring.ingest.outcomes import Status
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import ArchiveFile, Finding, Lease, Measurement, Series, Tag
from monitoring.storage.archiving import due, moving, running
from monitoring.storage.archiving.problems import archive_problems
from monitoring.storage.archiving.running import archive_due, archive_now
from monitoring.storage.archiving.verifying import faults_of
from tests.archive.plant import (
    DAY,
    NOW,
    TAG,
    archive,
    archive_after,
    archived_rows,
    database_rows,
    everything,
    hourly,
    live_files,
    measured,
    reading,
    root_of_archive,
    send,
    without_pauses,
)

MIDNIGHT = NOW.replace(hour=0)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    without_pauses(monkeypatch, CHUNK=7, GROUP_ROWS=20)


@pytest.fixture
def week():
    """Seven days in the database, and what is stored of them."""
    send(hourly(7))
    return everything()


def days_of(files) -> list[int]:
    """How many days old the days of the files are."""
    return [(MIDNIGHT - file.start).days for file in files]


def test_old_days_move_and_everything_stays(week) -> None:
    assert archive(2) == 4.5 * 48
    assert days_of(live_files()) == [7, 6, 5, 4, 3]
    assert everything() == week
    assert Measurement.objects.count() == 2.5 * 48
    assert Finding.objects.exclude(measurement_id__in=Measurement.objects.values("id")).count() == 0
    assert Series.objects.get(tag__name=TAG).archived_until == MIDNIGHT - 2 * DAY


def test_a_second_run_moves_nothing(week) -> None:
    archive(2)
    assert archive(2) == 0
    assert len(live_files()) == 5


def test_without_the_setting_nothing_moves(week) -> None:
    assert archive_due(now=NOW) == 0
    assert not ArchiveFile.objects.exists()


def test_the_days_of_the_newest_50_measurements_stay() -> None:
    send(hourly(3, until=NOW - 10 * DAY))
    archive(1)
    assert days_of(live_files()) == [13, 12]
    assert archive(1) == 0
    assert [row for row in database_rows() if row[1]] == database_rows() != []


@pytest.mark.parametrize("shard", ["judge", "judge.2", "alarms"])
def test_measurements_that_a_follower_has_not_seen_stay(week, shard) -> None:
    seen = Measurement.objects.order_by("timestamp")[100].pk
    Lease.objects.create(source="judge.1", position=seen + 1000)
    Lease.objects.create(source=shard, position=seen)
    archive(2)
    assert days_of(live_files()) == [7, 6, 5][: len(live_files())]
    assert max(file.last_id for file in live_files()) <= seen


def test_the_scheduled_run_leaves_days_alone_that_have_just_changed(week) -> None:
    archive_after(2)
    assert archive_due(now=NOW) == 0
    send([reading(MIDNIGHT - 3 * DAY + timedelta(seconds=1))])
    assert archive_due(now=NOW) == 4.5 * 48 - 48
    assert days_of(live_files()) == [7, 6, 5, 4]


def test_a_thawed_day_waits_for_an_hour_of_quiet(week, monkeypatch) -> None:
    archive(2)
    send([reading(MIDNIGHT - 3 * DAY + timedelta(seconds=1))])
    send([reading(NOW)])
    for _ in range(2):
        archive_due(now=NOW)
    assert days_of(live_files()) == [7, 6, 5, 4]
    monkeypatch.setattr(due, "QUIET", timedelta(0))
    archive_due(now=NOW)
    assert days_of(live_files()) == [7, 6, 5, 4, 3]


def test_the_first_file_is_known_everywhere_before_anything_moves(week, monkeypatch) -> None:
    monkeypatch.setattr(presence, "ANNOUNCED_S", 60)
    archive_after(2)
    limits = due.present_limits(NOW)
    assert running.archive_tags(limits, (), should_stop=lambda: False) == 0
    assert [(file.rows, file.moved_until == file.start) for file in live_files()] == [(24, True)]
    monkeypatch.setattr(presence, "ANNOUNCED_S", 0)
    assert running.archive_tags(limits, (), should_stop=lambda: False) == 4.5 * 48


def test_a_run_that_is_asked_to_stop_goes_on_later(week) -> None:
    archive_after(2)
    asked = iter([False] * 6 + [True] * 100)
    moved = archive_now([TAG], now=NOW, should_stop=lambda: next(asked))
    assert 0 < moved < 48
    assert everything() == week
    assert archive_now([TAG], now=NOW) == 4.5 * 48 - moved
    assert everything() == week


def test_a_late_reading_brings_its_day_back_and_changes_the_same_flags(week) -> None:
    late = [reading(MIDNIGHT - 4 * DAY + timedelta(hours=5, seconds=1), 44.0)]
    with transaction.atomic():
        send(late)
        expected = everything()
        transaction.set_rollback(True)
    assert everything() == week
    archive(2)
    assert [outcome.status for outcome in send(late)] == [Status.STORED]
    assert everything() == expected
    assert days_of(live_files()) == [7, 6, 5]  # of day 3 the first are among the next 50


def test_followers_in_the_next_day_are_judged_again(week) -> None:
    late = [reading(MIDNIGHT - 3 * DAY - timedelta(seconds=1), 44.0)]
    archive(2)
    send(late)
    assert days_of(live_files()) == [7, 6, 5]
    archived = everything()
    with transaction.atomic():
        call_command("archive", "--restore", TAG, "2026-01-01", "2026-01-31", stdout=StringIO())
        assert everything() == archived
    assert rebuilt() == []


def test_a_repeated_reading_is_a_duplicate_and_leaves_the_day_archived(week) -> None:
    archive(2)
    ids = {row[1]: row[0] for row in measured()}
    again = hourly(7)[:100]
    outcomes = send(again)
    assert {outcome.status for outcome in outcomes} == {Status.DUPLICATE}
    assert [outcome.id for outcome in outcomes] == [ids[time] for time in sorted(ids)][:100]
    assert len(live_files()) == 5


def test_another_value_at_an_archived_time_is_a_conflict(week) -> None:
    archive(2)
    (outcome,) = send([hourly(7)[3] | {"value": 38.5}])
    assert outcome.status is Status.CONFLICT
    assert len(live_files()) == 5


def test_a_batch_of_old_repeated_and_new_readings_is_as_without_archive(week) -> None:
    mixed = [
        *hourly(7)[40:60],
        reading(MIDNIGHT - 6 * DAY + timedelta(seconds=7)),
        reading(MIDNIGHT - 3 * DAY + timedelta(seconds=7), 44),
        reading(NOW),
        hourly(7)[30] | {"value": 38.5},
    ]
    with transaction.atomic():
        statuses = [outcome.status for outcome in send(mixed)]
        expected = everything()
        transaction.set_rollback(True)
    archive(2)
    assert [outcome.status for outcome in send(mixed)] == statuses
    assert everything() == expected


def test_a_replaced_value_of_archived_time(week) -> None:
    Tag.objects.filter(name=TAG).update(on_conflict=OnConflict.KEEP_LAST)
    newer = [hourly(7)[30] | {"value": 38.5}, hourly(7)[31]]
    with transaction.atomic():
        statuses = [outcome.status for outcome in send(newer)]
        expected = everything()
        transaction.set_rollback(True)
    assert statuses == [Status.REPLACED, Status.DUPLICATE]
    archive(2)
    assert [outcome.status for outcome in send(newer)] == statuses
    assert everything() == expected
    assert [outcome.status for outcome in send(newer)] == [Status.DUPLICATE, Status.DUPLICATE]


@pytest.mark.parametrize("length_days", [0.1, 2, 30])
def test_an_exclusion_of_archived_time_and_its_revocation(week, length_days, monkeypatch) -> None:
    monkeypatch.setattr("monitoring.ingest.moving.CHUNK", 30)
    monkeypatch.setattr("monitoring.ingest.exclusions.PAUSE_S", 0)
    start = MIDNIGHT - 6 * DAY + timedelta(hours=3)

    def exclude_and_revoke():
        made = exclude(
            choice_of_range(TAG, start, start + length_days * DAY), reason="probe", by="me", for_s=60
        )
        excluded = everything()
        revoke(made.pk, reason="probe again", by="me", for_s=60)
        return made.taken, excluded, everything()

    with transaction.atomic():
        expected = exclude_and_revoke()
        transaction.set_rollback(True)
    archive(2)
    assert exclude_and_revoke() == expected


def test_the_newest_50_measurements_are_always_in_the_database(week, monkeypatch) -> None:
    monkeypatch.setattr("monitoring.ingest.exclusions.PAUSE_S", 0)
    archive(2)
    exclude(choice_of_range(TAG, MIDNIGHT - 2 * DAY, NOW), reason="probe", by="me", for_s=60)
    assert days_of(live_files()) == [7, 6, 5]
    newest = Measurement.objects.order_by("-timestamp").first()
    assert Series.objects.get(tag__name=TAG).last == newest.timestamp < MIDNIGHT - 2 * DAY


def rebuilt() -> list[str]:
    """What differs between rollups, totals and measurements."""
    (span,) = spans_of([TAG], None, None, now=NOW)
    return [str(one) for _, found in rebuild(span, write=False) for one in found]


def test_rollups_and_totals_are_still_those_of_the_measurements(week) -> None:
    archive(2)
    assert rebuilt() == []


def test_a_day_that_changes_while_it_moves_is_given_up_and_moves_later(week, monkeypatch) -> None:
    real = moving.move_chunk
    chunks: list[object] = []

    def meddling(file, *rest):
        if len(chunks) == 2:  # a writer whose transaction comes between two chunks
            send([reading(file.end - timedelta(seconds=1))])
        chunks.append(file)
        return real(file, *rest)

    monkeypatch.setattr(moving, "move_chunk", meddling)
    archive(6)
    assert days_of(live_files()) == []
    assert len(measured()) == 7 * 48 + 1
    send([reading(NOW)])
    monkeypatch.setattr(moving, "move_chunk", real)
    archive(6)
    assert days_of(live_files()) == [7]
    assert len(measured()) == 7 * 48 + 2


def test_superseded_files_leave_an_hour_later_and_go_when_no_backup_names_them(week) -> None:
    archive(2)
    send([reading(MIDNIGHT - 3 * DAY + timedelta(seconds=1))])
    (old,) = ArchiveFile.objects.exclude(superseded_at=None)
    path, minute = root_of_archive() / old.path, timedelta(minutes=1)
    assert running.delete_superseded(old.superseded_at + 59 * minute) == 0
    assert path.exists()
    for _ in range(2):
        assert running.delete_superseded(old.superseded_at + 61 * minute) == 0
    assert not path.exists()
    assert archive_place().size(old.path) == old.bytes
    assert running.delete_superseded(old.superseded_at + 8 * DAY + minute) == 1
    assert archive_place().size(old.path) is None
    assert not ArchiveFile.objects.filter(pk=old.pk).exists()


def test_a_restored_backup_reads_a_file_that_was_superseded_since(week) -> None:
    archive(2)
    before = list(ArchiveFile.objects.values())
    send([reading(MIDNIGHT - 3 * DAY + timedelta(seconds=1))])
    running.delete_superseded(datetime.now(UTC) + timedelta(hours=2))
    for row in before:  # as the backup has them
        file = ArchiveFile(**row)
        assert len(archived_rows(file)) == file.rows
        assert list(faults_of(file)) == []


def test_an_incomplete_file_of_a_killed_run_is_given_up(week) -> None:
    add_file(Tag.objects.get(name=TAG).pk, MIDNIGHT - 5 * DAY, MIDNIGHT - 4 * DAY, "half.parquet")
    archive(2)
    assert everything() == week
    assert days_of(live_files()) == [7, 6, 5, 4, 3]


def test_while_the_archive_is_away_nothing_moves_and_one_line_says_so(
    week, settings, tmp_path, caplog
) -> None:
    (tmp_path / "file").write_text("no directory")
    settings.FERMON_ARCHIVE_URL = str(tmp_path / "file")
    archive_after(2)
    due.note_run(due.newest_id())
    for _ in range(3):
        assert archive_due(now=NOW) == 0
    assert archive_problems(datetime.now(UTC)) == []
    assert "the database, which grows" in archive_problems(datetime.now(UTC) + timedelta(hours=5))[0]
    assert everything() == week
    assert [record.message for record in caplog.records if "archive" in record.message] == [
        "archive can't be used; nothing moves"
    ]


def test_while_the_archive_is_away_only_late_readings_are_refused(week, tmp_path) -> None:
    archive(2)
    root = root_of_archive()
    root.rename(tmp_path / "elsewhere")
    late, fresh = send([reading(MIDNIGHT - 5 * DAY + timedelta(seconds=3)), reading(NOW)])
    assert (late.status, fresh.status) == (Status.REJECTED, Status.STORED)
    assert "in the archive, which can't be read now" in late.error
    (tmp_path / "elsewhere").rename(root)
    read_outage().end()
    (late,) = send([reading(MIDNIGHT - 5 * DAY + timedelta(seconds=3))])
    assert late.status is Status.STORED
