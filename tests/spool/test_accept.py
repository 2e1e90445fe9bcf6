"""What sources send: stored, or safe on disk, and nobody waits in vain."""

import pytest
from django.db import OperationalError

from monitoring.ingest.group_commit import group_commit
from monitoring.ingest.outcomes import Status
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.outages import outages
from monitoring.models import Measurement, Refusal
from monitoring.spool import accept
from monitoring.spool.replay import replay
from monitoring.spool.replayer import SpoolReplayer
from monitoring.spool.spool_files import SpoolFullError, pending_count

GOOD = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}
IMPOSSIBLE = {"timestamp": "2026-01-31T12:00:02Z", "tag": "fermenter_temp", "value": 99.0}

pytestmark = pytest.mark.django_db


@pytest.fixture
def tries(monkeypatch) -> list[object]:
    """The database is away; what was tried to be stored."""
    tried: list[object] = []

    def refuse(items: object, source: str) -> None:
        tried.append(items)
        raise OperationalError("database is locked")

    monkeypatch.setattr(group_commit(), "ingest", refuse)
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    return tried


def test_valid_readings_are_kept_and_others_refused(tries) -> None:
    outcomes = accept.accept([GOOD, 7], source="plc")
    assert [outcome.status for outcome in outcomes] == [Status.KEPT, Status.REJECTED]
    assert pending_count() == 1


def test_the_tags_as_last_seen_serve_to_refuse_and_that_is_remembered_later(tries) -> None:
    tag_cache().read()
    (outcome,) = accept.accept([IMPOSSIBLE], source="plc")
    assert outcome.status is Status.REJECTED
    assert pending_count() == 0
    replay()
    assert (Refusal.objects.get().reason, Refusal.objects.get().source) == ("above_valid_range", "plc")
    assert Measurement.objects.count() == 0


def test_during_an_outage_readings_go_to_the_disk_without_waiting(tries, monkeypatch) -> None:
    accept.accept([GOOD], source="plc")
    monkeypatch.setattr(SpoolReplayer, "is_running", True)
    accept.accept([GOOD], source="plc")
    assert len(tries) == 1
    assert pending_count() == 2


def test_when_the_disk_is_full_the_database_is_tried_after_all(tries, monkeypatch, settings) -> None:
    outages().storing.begin("database is locked")
    monkeypatch.setattr(SpoolReplayer, "is_running", True)
    settings.FERMON_DEAD_LETTER_BYTES = 0
    with pytest.raises(SpoolFullError):
        accept.accept([GOOD], source="plc")
    assert len(tries) == 1
    assert outages().keeping.since is not None


def test_an_outage_ends_with_the_first_reading_that_is_stored(caplog) -> None:
    caplog.set_level("INFO")
    outages().storing.begin("database is locked")
    accept.accept([GOOD], source="plc")
    assert outages().storing.since is None
    assert caplog.text.count("readings are stored again") == 1
