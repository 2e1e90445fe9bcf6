"""What operators do about the archive, and what they are told."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from monitoring.ingest.exclusions import newest_id
from monitoring.models import ArchiveFile, Lease, Measurement, Tag
from monitoring.storage.archiving import verifying
from monitoring.storage.archiving.problems import archive_problems
from monitoring.storage.archiving.returning import bring_back
from monitoring.storage.archiving.verifying import verify
from monitoring.storage.retention import retention_lock
from tests.archive.plant import NOW, TAG, archive, hourly, reading, send, without_pauses

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    without_pauses(monkeypatch)


@pytest.fixture
def archived() -> None:
    """A week, of which five days are in the archive."""
    send(hourly(7))
    archive(2)


def test_the_list_of_files_is_not_dropped_while_measurements_are_in_them(archived) -> None:
    migration = import_module("monitoring.migrations.0054_archive_files")
    editor = connection.SchemaEditorClass(connection)
    with pytest.raises(RuntimeError, match="5 files of the archive"):
        migration.refuse_with_files(apps, editor)
    ArchiveFile.objects.update(moved_until=F("start"))
    migration.refuse_with_files(apps, editor)
    assert migration.Migration.operations[-1].reverse_code is migration.refuse_with_files


def test_health_names_the_process_for_which_the_archive_waits(archived) -> None:
    now = datetime.now(UTC)
    Lease.objects.create(source="judge.3", position=1, renewed_at=now - timedelta(hours=3))
    assert archive_problems(now) == []
    (problem,) = archive_problems(now + timedelta(hours=2))
    assert "detection (lease judge.3)" in problem
    Tag.objects.update(archive_after_days=None)
    assert archive_problems(now + timedelta(hours=2)) == []


def test_an_exclusion_covers_ids_that_are_only_in_the_archive() -> None:
    late = hourly(7)
    send(late[48:])
    send(late[:48])
    send([reading(NOW)])
    archive(2)
    Measurement.objects.filter(timestamp=NOW).delete()
    highest = max(file.last_id for file in ArchiveFile.objects.all())
    assert highest > Measurement.objects.order_by("-id").first().pk
    assert newest_id() == highest


def test_restoring_waits_for_retention(archived) -> None:
    with retention_lock(), pytest.raises(CommandError, match="applies retention now"):
        call_command("archive", "--restore", TAG, "2026-01-25", "2026-01-26")


def test_a_day_that_comes_back_during_the_check_is_no_fault(archived, monkeypatch) -> None:
    real = verifying.faults_of

    def meanwhile(file: ArchiveFile):
        list(bring_back(file.tag, file.start, file.start))
        return real(file)

    monkeypatch.setattr(verifying, "faults_of", meanwhile)
    assert [found.faults for found in verify([TAG])] == [()] * 5
