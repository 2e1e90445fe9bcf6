"""Events follow exclusions: those of what is excluded leave, and are there again when it comes back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitoring.detection import detection_runner, rejudging
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.shards import LEASE, WHOLE, read_rows
from monitoring.ingest.exclusions import choice_of_ids, choice_of_range, exclude, revoke
from monitoring.ingest.pipeline import ingest_readings
from monitoring.live.changes import newest_id
from monitoring.models import DetectorState, Event, Exclusion, Lease, Measurement, Tag

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TAG = "fermenter_temp"
WHO: dict[str, Any] = {"reason": "probe in the calibration bath", "by": "eva"}
FAULT = (3_000, 3_060)  # a probe that is taken out and held into something else

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SETTLED_AFTER_S", "REFRESHED_AFTER_S", "SILENCE_CHECKED_AFTER_S"):
        monkeypatch.setattr(detection_runner, name, 0)


@pytest.fixture
def judge_again() -> Callable[[], None]:
    """Another judge has its say, after the one before was killed; and the one after that saves its states."""
    moments: Iterator[datetime] = iter(datetime.now(UTC) + number * 2 * LEASE for number in range(100))

    def judge() -> None:
        now = next(moments)
        judge = DetectionRunner.begin(str(now), now=now)
        assert judge
        rows, _ = read_rows(WHOLE, after=judge.position, upto=newest_id(), limit=100_000)
        if rows:
            judge.update(rows, rows[-1][0])
        judge.refresh()
        while judge.is_to_commit():
            judge.commit(now=now, is_caught_up=False)
            judge.renewed_at = float("inf")
        judge.close(now=now, until=float("inf"))

    return judge


def values(count: int, *, faulty: bool = True) -> list[float]:
    """A quiet signal a second, with a fault of a minute if it is ``faulty``."""
    signal = 37 + 0.2 * np.random.default_rng(3).normal(size=count)
    if faulty:
        signal[slice(*FAULT)] += 4
    return list(signal.round(3))


def store(signal: list[float], first: int = 0) -> None:
    ingest_readings(
        [
            {"timestamp": (NOW + (first + place) * SECOND).isoformat(), "tag": TAG, "value": value}
            for place, value in enumerate(signal)
        ]
    )


def spans() -> list[tuple[str, float, float | None]]:
    """Detector, start and end of each event, in seconds after noon."""
    return [
        (row.detector, (row.start - NOW) / SECOND, None if row.end is None else (row.end - NOW) / SECOND)
        for row in Event.objects.order_by("start", "detector")
    ]


def during_the_fault() -> list[tuple[str, float, float | None]]:
    return [span for span in spans() if FAULT[0] - 5 <= span[1] <= FAULT[1] + 5]


def the_fault() -> Exclusion:
    return exclude(choice_of_range(TAG, NOW + FAULT[0] * SECOND, NOW + (FAULT[1] - 1) * SECOND), **WHO)


def test_events_of_excluded_measurements_leave_and_come_back(judge_again: Callable[[], None]) -> None:
    store(values(4_000))
    judge_again()
    before = spans()
    assert during_the_fault()
    exclusion = the_fault()
    judge_again()
    assert during_the_fault() == []
    exclusion.refresh_from_db()
    assert exclusion.is_judged
    revoke(exclusion.pk, **WHO)
    judge_again()
    assert spans() == before


def test_the_detectors_go_on_as_if_they_had_never_seen_it(judge_again: Callable[[], None]) -> None:
    store(values(3_900))
    judge_again()
    the_fault()
    judge_again()
    store(values(4_000)[3_900:], 3_900)
    judge_again()
    after_exclusion = bytes(DetectorState.objects.get().data)
    for model in (Event, DetectorState, Lease):
        model.objects.all().delete()
    judge_again()
    assert bytes(DetectorState.objects.get().data) == after_exclusion


def test_an_event_that_lasts_is_over_when_what_began_it_is_excluded(judge_again: Callable[[], None]) -> None:
    store(values(FAULT[1] - 30))
    judge_again()
    assert [span for span in during_the_fault() if span[2] is None]
    exclude(choice_of_range(TAG, NOW + FAULT[0] * SECOND, NOW + FAULT[1] * SECOND), **WHO)
    judge_again()
    assert during_the_fault() == []


def test_of_a_past_that_is_long_over_the_detectors_of_today_know_nothing(
    judge_again: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "MOST", 3_500)
    store(values(8_000))
    judge_again()
    state = bytes(DetectorState.objects.get().data)
    later = [span for span in spans() if span[1] > FAULT[1] + 60]
    the_fault()
    judge_again()
    assert during_the_fault() == []
    assert [span for span in spans() if span[1] > FAULT[1] + 60] == later
    assert bytes(DetectorState.objects.get().data) == state


def test_single_measurements_are_judged_where_they_are(judge_again: Callable[[], None]) -> None:
    signal = values(9_000, faulty=False)
    signal[2_000], signal[8_000] = 44.0, 44.0
    store(signal)
    judge_again()
    spikes = [span for span in spans() if span[1] in (2_000, 8_000)]
    assert len(spikes) == 2
    exclude(choice_of_ids(list(Measurement.objects.filter(value=44.0).values_list("pk", flat=True))), **WHO)
    judge_again()
    assert [span for span in spans() if span[1] in (2_000, 8_000)] == []


def test_the_hole_that_an_exclusion_leaves_is_no_missing_data(judge_again: Callable[[], None]) -> None:
    store(values(4_000, faulty=False))
    judge_again()
    exclude(choice_of_range(TAG, NOW + 2_000 * SECOND, NOW + 2_900 * SECOND), **WHO)
    judge_again()
    assert [span for span in spans() if span[0] == "missing"] == []


def test_events_of_a_tag_that_is_not_in_use_leave_too(judge_again: Callable[[], None]) -> None:
    store(values(4_000))
    judge_again()
    Tag.objects.filter(name=TAG).update(active=False)
    the_fault()
    judge_again()
    assert during_the_fault() == []
    assert rejudging.unjudged() == []
