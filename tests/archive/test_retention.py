"""Retention deletes archived days with their totals, and keeps their anomalies as long as those of others."""

from datetime import datetime
from functools import partial

import pytest
from django.db import transaction

from monitoring.kernel.clock import to_micros
from monitoring.models import ArchiveFile, Series, Tag
from monitoring.storage import retention
from monitoring.storage.archiving import moving, running
from monitoring.storage.archiving.returning import bring_back
from monitoring.storage.retention import apply_retention
from tests.archive.plant import (
    DAY,
    NOW,
    TAG,
    archive,
    database_rows,
    everything,
    hourly,
    live_files,
    reading,
    send,
    without_pauses,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    without_pauses(monkeypatch)
    monkeypatch.setattr(retention, "PAUSE_S", 0)


def keep_for(days: int | None, anomalies: int | None = None) -> None:
    Tag.objects.filter(name=TAG).update(retention_days=days, anomaly_retention_days=anomalies)


def without_archive(days: int, anomalies: int | None) -> dict[str, object]:
    """What retention leaves where nothing is archived."""
    with transaction.atomic():
        keep_for(days, anomalies)
        apply_retention(now=NOW)
        expected = everything()
        transaction.set_rollback(True)
    return expected


@pytest.mark.parametrize(("days", "anomalies"), [(4, None), (4, 5), (4, 4), (2, 3), (1, 30)])
def test_it_leaves_what_it_leaves_without_an_archive(days, anomalies) -> None:
    send(hourly(7))
    expected = without_archive(days, anomalies)
    archive(2)
    keep_for(days, anomalies)
    apply_retention(now=NOW)
    assert everything() == expected
    assert all(file.start >= NOW.replace(hour=0) - days * DAY for file in live_files())


def test_days_that_are_archived_only_in_part(monkeypatch) -> None:
    send(hourly(7))
    expected = without_archive(4, 6)
    monkeypatch.setattr(moving, "CHUNK", 10)
    archive(5)
    tag = Tag.objects.get(name=TAG)
    list(bring_back(tag, NOW - 6 * DAY, NOW - 6 * DAY))  # a day in the database between archived ones
    archive_until_stopped(tag, NOW.replace(hour=0) - 5 * DAY)
    assert [file.moved_until == file.end for file in live_files()] == [True, False]
    keep_for(4, 6)
    apply_retention(now=NOW)
    assert everything() == expected


def archive_until_stopped(tag: Tag, day: datetime) -> None:
    """Moves two chunks of the day."""
    asked = iter([False, False])
    moving.archive_span(tag, to_micros(day), to_micros(day + DAY), should_stop=lambda: next(asked, True))


def test_deleted_days_take_no_readings_and_their_files_go(monkeypatch) -> None:
    send(hourly(7))
    archive(2)
    keep_for(4, 4)
    apply_retention(now=NOW)
    assert Series.objects.get(tag__name=TAG).raw_from == NOW.replace(hour=0) - 4 * DAY
    (outcome,) = send([reading(NOW - 6 * DAY)])
    assert outcome.reason == "too_old"
    later = max(ArchiveFile.objects.exclude(superseded_at=None).values_list("superseded_at", flat=True))
    assert running.delete_superseded(later + 10 * DAY) == 3


def test_interrupted_retention_goes_on(monkeypatch) -> None:
    send(hourly(7))
    expected = without_archive(3, 5)
    archive(2)
    keep_for(3, 5)
    for steps in (1, 2, 3):
        asked = iter([False] * steps)
        apply_retention(now=NOW, should_stop=partial(next, asked, True))
    apply_retention(now=NOW)
    assert everything() == expected
    assert database_rows()
