"""The judge: the events are a function of what is stored, however it was broken off."""

import pickle
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.database import leases
from monitoring.database.leases import LeaseLostError
from monitoring.detection import detection_runner, monitor_pool, shards
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.monitor import DETECTORS, StateError
from monitoring.detection.shards import LEASE, WHOLE, read_rows
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.kernel.incident_event import Event
from monitoring.kernel.lease_names import DETECTION
from monitoring.live.changes import newest_id
from monitoring.models import DetectorState, Lease, Tag
from monitoring.models import Event as EventRow

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TEMP, PH = "fermenter_temp", "fermenter_ph"

pytestmark = pytest.mark.django_db


class LevelMonitor:
    """In the detectors' place: a value above 40 is an event until one below comes; 49 makes it fail."""

    ready_us, to_go = None, 0

    def __init__(self, name: str, unit: str = "", settings: Any = None) -> None:
        self.name, self.settings = name, settings
        self.last_us: int | None = None
        self.open_events: list[Event] = []

    def update(self, times_us: list[int], values: list[float]) -> list[Event]:
        changed = []
        for time_us, value in zip(times_us, values, strict=True):
            if self.last_us is not None and time_us <= self.last_us:
                continue
            assert value != 49.0, "a detector's fault"
            self.last_us = time_us
            changed += self._judge(time_us, value)
        return changed

    def is_silent(self, now_us: int) -> bool:
        return self.last_us is not None

    def _judge(self, time_us: int, value: float) -> list[Event]:
        is_high = value > 40 and "step" not in self.settings.off
        if is_high:
            last = self.open_events[0] if self.open_events else Event("step", "up", time_us, None, 0, "")
            self.open_events = [Event("step", "up", last.start_us, None, max(last.score, value), "high")]
            return self.open_events
        ended = [replace(event, end_us=time_us) for event in self.open_events]
        self.open_events = []
        return ended

    def check_silence(self, now_us: int) -> list[Event]:
        if self.last_us is None or now_us - self.last_us < 60_000_000:
            return []
        text = f"no readings for {(now_us - self.last_us) // 1_000_000} s"
        self.open_events = [Event("missing", "missing", self.last_us, None, 1.0, text)]
        return self.open_events

    def dump(self) -> bytes:
        return pickle.dumps((self.last_us, self.open_events))

    def restore(self, state: bytes) -> None:
        if state == b"rubbish":
            raise StateError("no state")
        self.last_us, self.open_events = pickle.loads(state)  # noqa: S301 - what dump() wrote


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are saved after a few readings; settings and silence are looked at with each step."""
    monkeypatch.setattr(monitor_pool, "SAVED_AFTER_READINGS", 7)
    for name in ("SETTLED_AFTER_S", "REFRESHED_AFTER_S", "SILENCE_CHECKED_AFTER_S"):
        monkeypatch.setattr(detection_runner, name, 0)


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_pool, "TagMonitor", LevelMonitor)


@pytest.fixture
def moments() -> Iterator[datetime]:
    """Each so much later that the lease of the one before has expired."""
    return iter(NOW + number * 2 * LEASE for number in range(10_000))


@pytest.fixture
def begin(moments: Iterator[datetime]) -> Callable[[], DetectionRunner]:
    """Another judge, after the one before was killed."""

    def take_over() -> DetectionRunner:
        now = next(moments)
        judge = DetectionRunner.begin(str(now), now=now)
        assert judge
        return judge

    return take_over


def store(values: list[float], tag: str = TEMP, first: int = 0) -> None:
    """Stores a reading a second, the first of them so many seconds after noon."""
    ingest_readings(
        [
            {"timestamp": (NOW + (first + place) * SECOND).isoformat(), "tag": tag, "value": value}
            for place, value in enumerate(values)
        ],
        now=NOW + timedelta(days=1),
    )


def take(judge: DetectionRunner, limit: int = 10_000) -> bool:
    """Judges a page; whether there was one."""
    rows, _ = read_rows(WHOLE, after=judge.position, upto=newest_id(), limit=limit)
    if rows:
        judge.update(rows, rows[-1][0])
    return bool(rows)


def commit(judge: DetectionRunner) -> None:
    judge.commit(now=leased_at(), is_caught_up=True)


def leased_at() -> datetime:
    moment = Lease.objects.get(source=DETECTION).renewed_at
    assert moment
    return moment


def judge_all(judge: DetectionRunner) -> DetectionRunner:
    """Judges and writes all that is stored."""
    take(judge)
    commit(judge)
    return judge


def events() -> list[tuple[Any, ...]]:
    """All that is written of events, but for when."""
    fields = ("tag__name", "detector", "start", "kind", "end", "score", "explanation")
    return list(EventRow.objects.order_by("tag", "detector", "start").values_list(*fields))


def spans() -> list[tuple[str, float, float | None]]:
    """Detector, start and end of each event, in seconds after noon."""
    rows = EventRow.objects.order_by("start")
    return [
        (row.detector, (row.start - NOW) / SECOND, None if row.end is None else (row.end - NOW) / SECOND)
        for row in rows
    ]


@pytest.mark.parametrize("seed", range(6))
def test_killed_anywhere_it_gives_the_events_of_an_uninterrupted_run(
    begin: Callable[[], DetectionRunner], seed: int
) -> None:
    rng = random.Random(seed)
    for first in range(0, 600, 50):  # the tags take turns, and each is stuck for a minute
        for tag, level in ((TEMP, 37.0), (PH, 7.0)):
            stuck = 300 <= first < 400
            store([level if stuck else level + rng.gauss(0, 0.2) for _ in range(50)], tag, first)
    judge_all(begin()).close(now=leased_at(), until=float("inf"))
    expected = events()
    assert {(tag, detector) for tag, detector, *_ in expected} >= {(TEMP, "stuck"), (PH, "stuck")}

    for model in (EventRow, DetectorState, Lease):
        model.objects.all().delete()
    judge = begin()
    while take(judge, rng.randint(1, 60)):
        if rng.random() < 0.8:
            commit(judge)
        if rng.random() < 0.3:
            judge = begin()
    commit(judge)
    assert events() == expected


def test_states_are_saved_by_and_by_and_the_position_is_behind_none_that_is_not(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    store([37.0] * 10)
    last = newest_id()
    store([7.0] * 3, PH)
    judge_all(begin())
    assert [(state.tag.name, state.position) for state in DetectorState.objects.all()] == [(TEMP, last)]
    assert leases.position_of(DETECTION) == last


def test_while_catching_up_states_do_not_stay_behind(
    begin: Callable[[], DetectionRunner], levels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = most = 30
    monkeypatch.setattr(monitor_pool, "SAVED_AFTER_READINGS", 1_000)
    monkeypatch.setattr(monitor_pool, "MOST_READ_AGAIN", most)
    monkeypatch.setattr(detection_runner, "STATES_A_STEP", 1)
    values = {TEMP: 37.0, PH: 7.0, "agitator_rpm": 400.0}
    ingest_readings(
        [
            {"timestamp": (NOW + second * SECOND).isoformat(), "tag": tag, "value": value}
            for second in range(100)
            for tag, value in values.items()
        ],
        now=NOW + timedelta(days=1),
    )
    judge, behind = begin(), []
    while take(judge, limit=page):
        commit(judge)
        behind.append(judge.position - leases.position_of(DETECTION))
    assert len(behind) == len(values) * 100 // page
    assert max(behind) <= most + page


def test_at_an_orderly_end_all_is_saved_and_the_lease_is_free(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    store([37.0] * 3)
    judge_all(begin()).close(now=leased_at(), until=float("inf"))
    assert DetectorState.objects.get().position == leases.position_of(DETECTION) == newest_id()
    assert leases.is_free(DETECTION, "another", now=leased_at())


def test_late_readings_change_nothing(begin: Callable[[], DetectionRunner], levels: None) -> None:
    store([37.0, 41.0, 41.0], first=10)
    judge = judge_all(begin())
    before = events()
    store([49.5, 35.0], first=5)
    judge_all(judge)
    assert events() == before


def test_an_event_stays_one_row_while_it_changes_and_its_revision_grows(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    judge, seen = begin(), list[Any]()
    for second, value in enumerate([37.0, 41.0, 43.0, 42.0, 37.0]):
        store([value], first=second)
        judge_all(judge)
        seen += EventRow.objects.values_list("pk", "score", "revision")
    assert [(pk, score) for pk, score, _ in seen] == [(seen[0][0], score) for score in (41, 43, 43, 43)]
    assert sorted({revision for *_, revision in seen}) == [revision for *_, revision in seen]
    assert spans() == [("step", 1, 4)]


def test_readings_that_stop_coming_are_noticed_by_the_clock(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    store([37.0])
    judge_all(begin()).close(now=leased_at(), until=float("inf"))
    judge = begin()  # which has seen no reading of its own
    for seconds in (59, 61):
        judge.check_silence(NOW + seconds * SECOND)
        commit(judge)
        assert spans() == ([("missing", 0, None)] if seconds > 60 else [])
    store([37.0], first=70)
    judge_all(judge)
    assert spans() == [("missing", 0, 70)]


def test_while_readings_are_missing_their_event_is_written_and_their_state_saved_only_now_and_then(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    def after(seconds: int) -> tuple[str, int]:
        judge.check_silence(NOW + seconds * SECOND)
        commit(judge)
        return EventRow.objects.get().explanation, len(judge.pool.dirty(9))

    store([37.0])
    judge = judge_all(begin())
    assert after(61) == after(62) == after(70) == ("no readings for 61 s", 0)
    assert after(71) == ("no readings for 71 s", 0)
    assert after(71 + 86_400) == ("no readings for 86471 s", 0)
    assert after(86_400 + 3600) == ("no readings for 86471 s", 0)


def silent_for(seconds: int, begin: Callable[[], DetectionRunner]) -> DetectionRunner:
    """A judge that was looking for so long after the last of 100 readings, each second."""
    store([37.0 + second % 7 / 10 for second in range(100)])
    judge = judge_all(begin())
    for second in range(100, 100 + seconds):
        judge.check_silence(NOW + second * SECOND)
        commit(judge)
    return judge


def test_what_is_told_of_a_silence_keeps_up_with_it(begin: Callable[[], DetectionRunner]) -> None:
    silent_for(115, begin)
    event = EventRow.objects.get()
    told = int(event.explanation.split(" s;")[0].split()[-1])
    assert 105 <= told <= 115
    assert event.score == pytest.approx(told / 10)


def test_readings_that_came_late_end_their_silence_also_if_the_judge_is_killed_then(
    begin: Callable[[], DetectionRunner],
) -> None:
    judge = silent_for(60, begin)
    store([37.0 + second % 7 / 10 for second in range(61)], first=100)
    judge_all(judge)
    ended = events()
    assert spans() == [("missing", 100, 159)]
    judge_all(begin())
    assert events() == ended


def test_what_others_find_is_not_told_as_of_a_detector_that_was_switched_off(
    begin: Callable[[], DetectionRunner],
) -> None:
    rng = random.Random(3)
    store([*(rng.gauss(37, 0.2) for _ in range(3000)), 40.9, *(rng.gauss(37, 0.2) for _ in range(10))])
    judge = judge_all(begin())
    off = EventRow.objects.get().detector
    Tag.objects.filter(name=TEMP).update(detectors_off=[off])
    judge.refresh()
    judge.check_silence(NOW + 3015 * SECOND)
    commit(judge)
    store([rng.gauss(38, 0.8) for _ in range(60)], first=3011)
    judge_all(judge)
    first, *others = spans()
    assert first == (off, 3000, 3015)
    assert {detector for detector, *_ in others} - {off} == {detector for detector, *_ in others} != set()


def test_after_a_pause_the_sources_are_given_time_before_readings_count_as_missing(
    begin: Callable[[], DetectionRunner], levels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store([37.0])
    monkeypatch.setattr(detection_runner, "SETTLED_AFTER_S", 60)
    judge = judge_all(begin())
    judge.check_silence(NOW + timedelta(hours=1))
    commit(judge)
    assert spans() == []
    judge.close(now=leased_at(), until=float("inf"))
    handed_over = DetectionRunner.begin("next", now=leased_at() + SECOND)
    assert handed_over
    judge_all(handed_over).check_silence(NOW + timedelta(hours=1))
    commit(handed_over)
    assert spans() == [("missing", 0, None)]


def test_a_detector_that_is_switched_off_ends_its_event_and_the_other_settings_are_handed_on(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    store([37.0, 41.0])
    judge = judge_all(begin())
    Tag.objects.filter(name=TEMP).update(detectors_off=["step"], sensitivity=2.5)
    judge.refresh()
    judge.check_silence(NOW + 30 * SECOND)
    commit(judge)
    assert spans() == [("step", 1, 30)]
    (watcher,) = judge.pool.all_sessions()
    assert watcher.monitor.settings.sensitivity == 2.5
    assert watcher.monitor.last_us == 1_000_000 + to_micros(NOW)


def test_another_kind_ends_events_of_analog_tags_and_leaves_silence(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    store([37.0, 41.0])
    judge = judge_all(begin())
    Tag.objects.filter(name=TEMP).update(kind="setpoint")
    judge.refresh()
    judge.check_silence(NOW + 30 * SECOND)
    commit(judge)
    assert spans() == [("step", 1, 30)]
    (watcher,) = judge.pool.all_sessions()
    assert watcher.monitor.settings.disabled == set(DETECTORS) - {"missing"}


def test_a_tag_that_leaves_takes_its_event_to_an_end(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    store([37.0, 41.0])
    judge = judge_all(begin())
    Tag.objects.filter(name=TEMP).update(active=False)
    judge.refresh()
    judge.check_silence(NOW + 30 * SECOND)
    commit(judge)
    assert spans() == [("step", 1, 30)]


def test_a_state_that_can_not_be_restored_is_dropped_with_a_line_in_the_log(
    begin: Callable[[], DetectionRunner], levels: None, caplog: pytest.LogCaptureFixture
) -> None:
    store([37.0] * 8)
    judge_all(begin())
    DetectorState.objects.update(data=b"rubbish")
    store([41.0], first=20)
    judge_all(begin())
    assert spans() == [("step", 20, None)]
    assert caplog.text.count("detectors begin anew") == 1


def test_a_detector_that_fails_costs_the_other_tags_nothing(
    begin: Callable[[], DetectionRunner], levels: None, caplog: pytest.LogCaptureFixture
) -> None:
    Tag.objects.filter(name=PH).update(valid_max=60)
    store([37.0, 49.0, 37.0])
    store([7.0, 41.0], PH)
    judge = judge_all(begin())
    store([41.0], first=20)
    judge_all(judge)
    assert {tag for tag, *_ in events()} == {TEMP, PH}
    assert caplog.text.count("detectors failed") == 1


def test_who_has_lost_the_lease_writes_nothing_more(
    begin: Callable[[], DetectionRunner], levels: None
) -> None:
    lost = begin()
    store([41.0])
    take(lost)
    begin()
    with pytest.raises(LeaseLostError):
        lost.commit(now=leased_at(), is_caught_up=True)
    assert events() == []


def test_while_one_judges_no_other_begins(begin: Callable[[], DetectionRunner]) -> None:
    begin()
    assert DetectionRunner.begin("another", now=leased_at() + LEASE / 2) is None


def test_the_very_first_begins_a_day_of_readings_back(
    begin: Callable[[], DetectionRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FIRST_READINGS_A_TAG", 2)
    store([37.0] * 10)
    assert begin().position == newest_id() - 3 * 2


def test_where_the_ids_begin_again_it_does_not_wait_for_them(begin: Callable[[], DetectionRunner]) -> None:
    begin()
    Lease.objects.update(position=10**12)
    store([37.0])
    assert begin().position < newest_id()


def test_it_is_told_when_all_was_judged(begin: Callable[[], DetectionRunner]) -> None:
    judge = begin()
    judge.commit(now=NOW, is_caught_up=False)
    assert Lease.objects.get().written_until is None
    judge.commit(now=NOW + SECOND, is_caught_up=True)
    assert Lease.objects.get().written_until == NOW + SECOND
