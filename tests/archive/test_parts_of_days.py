"""A day of many measurements is several files, so that a late reading brings back only a part of the day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from monitoring.archive.outage import read_outage
from monitoring.archive.place import archive_place
from monitoring.archive.reading import Decoded
from monitoring.ingest.outcomes import Status
from monitoring.kernel.clock import to_micros
from monitoring.kernel.runtime import part
from monitoring.models import ArchiveFile, Series
from monitoring.storage.archiving import due
from tests.archive.plant import (
    DAY,
    NOW,
    TAG,
    archive,
    everything,
    hourly,
    live_files,
    reading,
    send,
    without_pauses,
)

BUSY_DAY = NOW.replace(hour=0) - 4 * DAY
MINUTES = 3
ROWS = 24 * 60 // MINUTES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plant(monkeypatch) -> None:
    """A day of 480 measurements, and two days later newer ones."""
    without_pauses(monkeypatch, CHUNK=50, GROUP_ROWS=64)
    monkeypatch.setattr(due, "FILE_ROWS", 100)
    monkeypatch.setattr(due, "QUIET", timedelta(0))
    send([reading(at(number), value_of(number)) for number in range(ROWS)])
    send(hourly(2))


def value_of(number: int) -> float:
    """Every 20th is unusual, unless 44 is among the 50 before."""
    return 38.0 if number % 20 == 10 else 37 + number % 7 / 100


def at(number: float) -> datetime:
    """The time of a measurement of the busy day; between two for a broken number."""
    return BUSY_DAY + number * timedelta(minutes=MINUTES)


def rows_of_files() -> list[int]:
    return [file.rows for file in live_files()]


def as_without_archive(late: list[dict[str, object]]) -> dict[str, object]:
    """What is stored after these readings where nothing is archived."""
    with transaction.atomic():
        send(late)
        expected = everything()
        transaction.set_rollback(True)
    return expected


def test_the_files_of_a_day_follow_each_other() -> None:
    before = everything()
    assert archive(2) == ROWS
    files = live_files()
    assert rows_of_files() == [100, 100, 100, 90, 90]
    assert [file.end for file in files[:-1]] == [file.start for file in files[1:]]
    assert (files[0].start, files[-1].end) == (BUSY_DAY, BUSY_DAY + DAY)
    assert everything() == before


def test_a_late_reading_brings_back_one_file_which_moves_again_as_two_halves() -> None:
    late = [reading(at(20.5), 44.0)]
    expected = as_without_archive(late)
    archive(2)
    assert [outcome.status for outcome in send(late)] == [Status.STORED]
    assert rows_of_files() == [100, 100, 90, 90]
    assert everything() == expected
    send([reading(NOW)])
    assert archive(2) == 101
    assert rows_of_files() == [51, 50, 100, 100, 90, 90]


def test_parts_that_came_back_side_by_side_move_again_together() -> None:
    archive(2)
    send([reading(at(20.5)), reading(at(330.5))])
    send([reading(at(99.5)), reading(NOW)])
    assert rows_of_files() == [100, 90]
    archive(2)
    assert rows_of_files() == [100, 51, 51, 100, 91, 90]


@pytest.mark.parametrize("numbers", [[70.5], [20.5, 320.5], [95.5, 230.5], [0.5, 99.5, 300.5, 479.5]])
def test_followers_in_other_files_are_judged_again(numbers) -> None:
    late = [reading(at(number), 44.0) for number in numbers]
    expected = as_without_archive(late)
    archive(2)
    assert {outcome.status for outcome in send(late)} == {Status.STORED}
    assert everything() == expected


def test_a_part_that_has_just_come_back_does_not_keep_others_waiting(monkeypatch) -> None:
    archive(2)
    send([reading(at(20.5)), reading(at(330.5))])
    send([reading(NOW)])
    monkeypatch.setattr(due, "QUIET", timedelta(hours=1))
    ArchiveFile.objects.filter(start=at(300)).update(superseded_at=datetime.now(UTC) - timedelta(hours=2))
    due.note_run(due.newest_id())
    spans = due.due_spans(Series.objects.get(tag__name=TAG), due.quiet_limits(NOW))
    assert list(spans) == [(to_micros(at(300)), to_micros(at(390)))]


def test_a_reading_whose_history_is_in_a_file_that_is_away_is_refused() -> None:
    """Its own file and that of the reading before it in the same day can be read."""
    archive(2)
    archive_place().delete(live_files()[1].path)
    part(Decoded).forget()
    early, late = send([reading(at(20.5)), reading(at(210.5))])
    assert (early.reason, late.reason) == ("archive_away", "archive_away")
    read_outage().end()
    (early,) = send([reading(at(20.5))])
    assert early.status is Status.STORED
