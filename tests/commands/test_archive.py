"""``manage.py archive``: moves old days now, compares files with the manifest, brings days back."""

import pytest
import time_machine
from django.core.management import CommandError, call_command

from monitoring.archive.place import archive_place
from monitoring.models import ArchiveFile, Measurement
from tests.archive.plant import (
    NOW,
    TAG,
    archive,
    archive_after,
    archived_rows,
    everything,
    hourly,
    live_files,
    root_of_archive,
    send,
    without_pauses,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    without_pauses(monkeypatch, CHUNK=7, GROUP_ROWS=20)


@pytest.fixture
def week():
    """Seven days in the database, and what is stored of them."""
    send(hourly(7))
    return everything()


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def run(*arguments: str, capsys) -> str:
    call_command("archive", *arguments)
    return capsys.readouterr().out


def test_archive_verify_restore(week, capsys) -> None:
    archive_after(2)
    assert run(TAG, capsys=capsys).startswith("216 measurements moved to ")
    assert run("--verify", capsys=capsys) == "5 files with 216 measurements are as the manifest says.\n"
    back = run("--restore", TAG, "2026-01-25", "2026-01-26", capsys=capsys)
    assert back.splitlines()[-1] == f"2 days with 96 measurements of {TAG} are in the database again."
    assert everything() == week


def test_what_is_wrong_is_told(week, capsys) -> None:
    archive(2)
    first, second, third, *_ = live_files()
    archive_place().delete(first.path)
    place = root_of_archive() / second.path
    place.write_bytes(place.read_bytes()[:-9] + b"123456789")
    row = archived_rows(third)[0]
    Measurement.objects.create(tag=third.tag, timestamp=third.start, value=row[2])
    ArchiveFile.objects.filter(pk=third.pk).update(rows=47, sha256="0" * 64)
    with pytest.raises(CommandError, match=r"\d faults in 5 files"):
        call_command("archive", "--verify")
    told = capsys.readouterr().out
    assert f"{first.path}: the file is missing" in told
    assert f"{second.path}: the checksum differs" in told
    assert f"{third.path}: rows 48; the manifest says 47" in told
    assert f"{third.path}: 1 measurements of its time are in the database too" in told
    assert f"totals of {TAG}: measurements 336; database and archive have 336" not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere: no such tag. Choose from: "),
        ([], "Set it in the admin, under Tags"),
        (["--restore", TAG, "2026-01-05", "2026-01-04"], "FROM is after TO"),
        (["--restore", TAG, "tomorrow", "2026-01-04"], "expected"),
    ],
)
def test_wrong_arguments_are_answered_with_the_remedy(db, arguments, told) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("archive", *arguments)
