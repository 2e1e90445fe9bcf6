"""The worker's part in backtests: one at a time, replaced, stopped, failed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from monitoring.detection.backtest import compare as domain
from monitoring.detection.backtest import data as queries
from monitoring.detection.backtest import requests, worker
from monitoring.detection.backtest.requests import Question, ask, last_asked, take_next
from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.incident_event import Event
from monitoring.models import Backtest

TAG, START = "fermenter_temp", datetime(2026, 1, 31, 12, tzinfo=UTC)
END = START + timedelta(seconds=99)
QUESTION = Question(TAG, DetectionSettings(sensitivity=2), days="7")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred readings, in pages of ten, each of which is told of."""
    ingest_readings(
        [
            {"timestamp": (START + timedelta(seconds=place)).isoformat(), "tag": TAG, "value": 37 + place % 3}
            for place in range(100)
        ]
    )
    monkeypatch.setattr(queries, "PAGE", 10)
    monkeypatch.setattr(worker, "REPORT_EVERY_S", 0.0)


def asked_by(asker: str, *, now: datetime | None = None) -> None:
    ask(asker, QUESTION, START, END, now=now or datetime.now(UTC))


def never() -> bool:
    return False


def run(should_stop: Callable[[], bool] = never) -> int:
    return worker.run_requests(should_stop=should_stop)


def outcome(asker: str) -> Any:
    found = last_asked(asker)
    return found and found.outcome


def test_all_that_wait_are_worked_out() -> None:
    asked_by("a")
    asked_by("b")
    assert run() == 2
    assert outcome("a") == outcome("b") == {"readings": 100, "events": 0, "present": 0, "rows": []}
    assert run() == 0


def test_while_one_is_worked_at_no_other_is_begun() -> None:
    asked_by("a")
    asked_by("b")
    now = datetime.now(UTC)
    first = take_next(now=now)
    assert first is not None
    assert take_next(now=now) is None
    assert requests.renew(first, 0.5, now=now + timedelta(seconds=10))
    assert take_next(now=now + requests.GONE_AFTER + timedelta(seconds=1)) is None


def test_what_a_killed_worker_left_is_begun_again() -> None:
    asked_by("a")
    now = datetime.now(UTC)
    assert take_next(now=now - requests.GONE_AFTER)
    assert run() == 1
    assert outcome("a")["readings"] == 100


def test_how_far_it_is_can_be_seen_meanwhile() -> None:
    asked_by("a")
    shares: list[float] = []

    def look() -> bool:
        shares.append(Backtest.objects.get().share)
        return False

    run(look)
    assert shares[2:] == [place / 10 for place in range(1, 10)] + [1.0]


def test_a_question_that_is_replaced_is_left_for_the_new_one() -> None:
    asked_by("a")
    looks = count()

    def ask_again() -> bool:
        if next(looks) == 3:
            asked_by("a", now=datetime.now(UTC) + timedelta(seconds=1))
        return False

    assert run(ask_again) == 1
    assert outcome("a")["readings"] == 100


def test_one_that_fermon_stops_says_so() -> None:
    asked_by("a")
    looks = count()
    run(lambda: next(looks) >= 3)
    assert outcome("a") == {"error": worker.STOPPED}


def test_one_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LONGEST_S", -1.0)
    asked_by("a")
    run()
    assert outcome("a") == {"error": worker.TOO_LONG}


def test_a_detector_s_fault_ends_one_and_not_those_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, times_us: object, values: object) -> None:
        raise ZeroDivisionError

    asked_by("a")
    with monkeypatch.context() as broken:
        broken.setattr(TagMonitor, "update", fail)
        assert run() == 1
    assert outcome("a") == {"error": worker.FAILED}


def test_what_is_gone_meanwhile_is_said() -> None:
    ask("a", QUESTION, START - timedelta(days=2), START - timedelta(days=1), now=START)
    Backtest.objects.update(question=QUESTION.as_json() | {"off": ["nose"]})
    ask("b", Question("nope", QUESTION.settings), START, END, now=START)
    run()
    assert "has no measurements" in outcome("a")["error"]
    assert "'nope' is no tag" in outcome("b")["error"]


def test_of_many_events_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "ROWS", 1)
    events = [Event("spike", "spike", at, at + 1, float("inf"), "it jumped") for at in (1, 2)]
    monkeypatch.setattr(domain.SettingsComparison, "finish", lambda self: [events, []])
    asked_by("a")
    run()
    assert outcome("a")["events"] == 2
    assert outcome("a")["rows"] == [[2, 3, "spike", "spike", 1e9, "it jumped"]]


def test_old_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "KEPT", 2)
    for asker in "abc":
        asked_by(asker)
    assert [last_asked(asker) is None for asker in "abc"] == [True, False, False]
