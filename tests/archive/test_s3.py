"""The archive in S3-compatible storage: a real server on this machine (s3rver, of the npm registry)."""

import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from monitoring.archive import presence
from monitoring.archive.place import archive_place
from monitoring.archive.reading import Decoded
from monitoring.ingest.outcomes import Status
from monitoring.kernel.runtime import part
from monitoring.storage.archiving import moving, running
from monitoring.storage.archiving.due import newest_id, note_run
from monitoring.storage.archiving.running import archive_now
from monitoring.storage.archiving.verifying import verify
from tests.archive.plant import (
    DAY,
    NOW,
    TAG,
    archive,
    archive_after,
    everything,
    hourly,
    live_files,
    reading,
    send,
)
from tests.ports import free_port

PEER = Path(__file__).parent / "peer"
BUCKET = "fermon"

pytestmark = [pytest.mark.django_db, pytest.mark.once]


class S3Server:
    """The server as a process, with its objects in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = ["node", str(PEER / "s3_server.mjs"), str(self.port), str(self.directory), BUCKET]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory):
    install_packages(tmp_path_factory.getbasetemp().parent / "s3-packages.lock")
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.stop()


def install_packages(lock_file: Path) -> None:
    """Install the packages of the peer where they are missing or old; one process does, the others wait."""
    stamp, lock = PEER / "node_modules" / ".installed", PEER / "package-lock.json"
    with FileLock(lock_file):
        if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(PEER)]
            subprocess.run(command, check=True, capture_output=True)
            stamp.touch()


@pytest.fixture
def bucket(s3_server, settings, monkeypatch, tmp_path):
    """An archive in the server's bucket, under a prefix of the test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "S3RVER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S3RVER")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    monkeypatch.setattr(moving, "PAUSE_S", 0)
    monkeypatch.setattr(presence, "ANNOUNCED_S", 0)
    address = f"endpoint_override=127.0.0.1:{s3_server.port}&scheme=http&region=us-east-1"
    settings.FERMON_ARCHIVE_URL = f"s3://{BUCKET}/{tmp_path.name}?{address}"
    return s3_server


def faults() -> list[str]:
    return [fault for found in verify([]) for fault in found.faults]


def test_measurements_move_to_the_bucket_and_back(bucket) -> None:
    send(hourly(7))
    before = everything()
    archive(2)
    assert everything() == before
    assert faults() == []
    (outcome,) = send([reading(NOW - 5 * DAY + DAY / 86_400, 44.0)])
    assert outcome.status is Status.STORED
    assert faults() == []
    assert len(live_files()) == 3


def test_a_superseded_object_is_renamed_and_deleted_later(bucket) -> None:
    send(hourly(7))
    archive(5)
    place, (file, *_) = archive_place(), live_files()
    place.retire(file.path)
    place.retire(file.path)
    assert place.size(file.path) == file.bytes
    assert faults() == []
    place.delete(file.path)
    assert place.size(file.path) is None
    place.delete(file.path)
    assert faults() == ["the file is missing"]


def test_a_server_that_is_away_costs_nothing_and_comes_back(bucket, caplog, monkeypatch) -> None:
    monkeypatch.setattr("monitoring.archive.place.WRITE_TRIES", 1)
    send(hourly(7))
    before = everything()
    archive(4)
    archived = len(live_files())
    bucket.stop()
    try:
        archive_after(2)
        note_run(newest_id())
        assert running.archive_due(now=NOW) == 0
        part(Decoded).forget()
        (late,) = send([reading(NOW - 6 * DAY + DAY / 86_400)])
        assert late.status is Status.REJECTED
    finally:
        bucket.start()
    assert [record.message for record in caplog.records if "archive can" in record.message] == [
        "archive can't be used; nothing moves",
        "archive can't be read",
    ]
    archive_now([TAG], now=NOW)
    assert len(live_files()) > archived
    assert everything()["measurements"] == before["measurements"]
