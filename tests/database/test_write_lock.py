"""Writers of one process take turns on SQLite."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from monitoring.database.write_lock import write_lock
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement

READING = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


def store_elsewhere() -> str:
    """What became of a reading that another thread wanted to store: the error's text, if there was one."""
    try:
        ingest_readings([READING])
    except OperationalError as error:
        return str(error)
    finally:
        connection.close()
    return ""


@pytest.mark.django_db(transaction=True)
def test_while_one_has_its_turn_another_waits_and_then_gives_up(monkeypatch) -> None:
    monkeypatch.setitem(
        connection.settings_dict, "OPTIONS", connection.settings_dict["OPTIONS"] | {"timeout": 0.2}
    )
    with ThreadPoolExecutor(1) as other:
        with write_lock():
            assert "others have been writing" in other.submit(store_elsewhere).result()
        assert other.submit(store_elsewhere).result() == ""
    assert Measurement.objects.count() == 1


def test_who_has_the_database_waits_for_nobody() -> None:
    with transaction.atomic(), write_lock(), write_lock():
        ingest_readings([READING])
    assert Measurement.objects.count() == 1
