"""Troubles of the system that alarms tell of."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.kernel.lease_names import DETECTION, SIMULATOR
from monitoring.models import Lease
from monitoring.operations.troubles import current_troubles
from monitoring.storage import backups

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> None:
    """The clock stands still: a worker is silent after five seconds, and a test may take as long."""
    time_machine.move_to(datetime.now(UTC), tick=False)


def heard(source: str, seconds_ago: float) -> None:
    then = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    Lease.objects.create(source=source, renewed_at=then, written_until=then)


def test_while_all_is_well_there_are_none() -> None:
    heard(SIMULATOR, 1)
    heard(DETECTION, 1)
    assert current_troubles() == {}


def test_each_trouble_has_a_name_and_the_remedy(settings: Settings, data_dir: Path) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    settings.FERMON_DISK_RESERVE_BYTES = 2**62
    found = current_troubles()
    assert "manage.py qcluster" in found["worker"]
    assert "Make room" in found["disk"]
    heard(SIMULATOR, 1)
    heard(DETECTION, 300)
    assert current_troubles().keys() == {"detection", "disk"}


@pytest.mark.sqlite
def test_an_old_backup_is_a_trouble_and_none_at_all_is_not() -> None:
    heard(SIMULATOR, 1)
    heard(DETECTION, 1)
    place = backups.backup_directory()
    place.mkdir(parents=True, exist_ok=True)
    old = place / "fermon-20260101T000000Z.sqlite3"
    old.touch()
    assert current_troubles() == {}
    long_ago = (datetime.now(UTC) - timedelta(hours=60)).timestamp()
    os.utime(old, (long_ago, long_ago))
    assert "60 h old" in current_troubles()["backup"]
