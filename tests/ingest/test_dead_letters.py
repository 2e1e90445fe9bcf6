"""Dead letters: safe on disk at once, stored later, never lost and never doubled."""

import json
from pathlib import Path

import pytest
from django.db import OperationalError

from monitoring.ingest import dead_letters, intake
from monitoring.ingest.dead_letters import DeadLettersFullError
from monitoring.ingest.pipeline import Status
from monitoring.ingest.tags import tag_definitions
from monitoring.models import Measurement

GOOD = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}
LATER = {"timestamp": "2026-01-31T12:00:01Z", "tag": "fermenter_temp", "value": 46.0}
IMPOSSIBLE = {"timestamp": "2026-01-31T12:00:02Z", "tag": "fermenter_temp", "value": 99.0}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings, tmp_path: Path) -> Path:
    settings.FERMON_DATA_DIR = tmp_path
    return tmp_path / "dead_letters"


@pytest.fixture
def database_away(monkeypatch) -> None:
    def refuse(items: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(intake, "ingest_readings", refuse)
    monkeypatch.setattr(intake.connection, "close", lambda: None)


def test_replaying_stores_what_was_kept_and_empties_the_store(store: Path) -> None:
    dead_letters.keep([LATER, GOOD])
    assert dead_letters.pending_count() == 2
    assert dead_letters.replay() == 2
    assert dead_letters.pending_count() == 0
    assert list(Measurement.objects.order_by("timestamp").values_list("value", "is_anomaly")) == [
        (37.0, False),
        (46.0, True),
    ]


def test_replaying_what_is_stored_already_does_no_harm() -> None:
    dead_letters.keep([GOOD, GOOD])
    dead_letters.replay()
    dead_letters.keep([GOOD])
    dead_letters.replay()
    assert Measurement.objects.count() == 1
    assert dead_letters.refused_count() == 0


def test_a_replay_that_fails_keeps_everything(monkeypatch) -> None:
    def refuse(items: object) -> None:
        raise OperationalError("database is locked")

    dead_letters.keep([GOOD])
    with monkeypatch.context() as broken:
        broken.setattr(dead_letters, "ingest_readings", refuse)
        with pytest.raises(OperationalError):
            dead_letters.replay()
    dead_letters.keep([LATER])
    assert dead_letters.pending_count() == 2
    dead_letters.replay()
    dead_letters.replay()
    assert Measurement.objects.count() == 2


def test_a_torn_last_line_costs_nothing_else(store: Path) -> None:
    dead_letters.keep([GOOD])
    with (store / "pending.jsonl").open("ab") as file:
        file.write(b'{"timestamp": "2026-01-31T12:0')
    dead_letters.keep([LATER])
    dead_letters.replay()
    assert Measurement.objects.count() == 2


def test_what_can_never_be_stored_is_set_aside_with_its_reason(store: Path) -> None:
    dead_letters.keep([GOOD, IMPOSSIBLE])
    dead_letters.replay()
    refused = json.loads((store / "refused.jsonl").read_text())
    assert refused["reading"] == IMPOSSIBLE
    assert "above the maximum" in refused["reason"]
    assert dead_letters.refused_count() == 1


def test_beyond_its_size_nothing_more_is_taken(settings) -> None:
    settings.FERMON_DEAD_LETTER_BYTES = 100
    dead_letters.keep([GOOD])
    with pytest.raises(DeadLettersFullError, match="FERMON_DEAD_LETTER_BYTES"):
        dead_letters.keep([LATER])
    assert dead_letters.pending_count() == 1


def test_a_store_that_can_not_be_written_says_so(store: Path) -> None:
    store.parent.mkdir(exist_ok=True)
    store.write_text("a file where the directory should be")
    with pytest.raises(DeadLettersFullError, match="can't be written"):
        dead_letters.keep([GOOD])


@pytest.mark.usefixtures("database_away")
def test_while_the_database_is_away_valid_readings_are_kept_and_others_refused() -> None:
    outcomes = intake.take_in([GOOD, 7, LATER])
    assert [outcome.status for outcome in outcomes] == [Status.KEPT, Status.REJECTED, Status.KEPT]
    assert dead_letters.pending_count() == 2


@pytest.mark.usefixtures("database_away")
def test_the_tags_as_last_seen_serve_to_refuse_what_is_impossible() -> None:
    tag_definitions()
    (outcome,) = intake.take_in([IMPOSSIBLE])
    assert outcome.status is Status.REJECTED
    assert dead_letters.pending_count() == 0
