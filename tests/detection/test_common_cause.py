"""Tags that fall silent together are one event; an import of old readings is no silence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitoring.detection import detection_runner
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.event_store import key_of, write_events
from monitoring.detection.shards import WHOLE, read_rows
from monitoring.history.events import count_open_events
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.kernel.incident_event import Event
from monitoring.live.changes import newest_id
from monitoring.models import DetectorState, Lease, Tag, TagLearning
from monitoring.models import Event as EventRow

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tags() -> list[Tag]:
    return [
        Tag.objects.create(name=f"tag_{number:02}", unit="°C", valid_min=0, valid_max=100)
        for number in range(60)
    ]


def note(tags: list[Tag], *, start: float = 0, end: float | None = None, now: float = 20) -> None:
    """Store a silence of each tag, each beginning a little after the one before."""
    events = [
        Event(
            "missing",
            "missing",
            to_micros(NOON + timedelta(seconds=start + 0.05 * index)),
            None if end is None else to_micros(NOON + timedelta(seconds=end + 0.05 * index)),
            7.5,
            f"no reading of {tag.name} for 75 s",
        )
        for index, tag in enumerate(tags)
    ]
    keyed = {key_of(tag.pk, event): event for tag, event in zip(tags, events, strict=True)}
    write_events(keyed, now=NOON + timedelta(seconds=now))


def test_sixty_tags_without_a_server_are_one_event(client: Client, tags: list[Tag]) -> None:
    note(tags, end=75, now=80)
    (event,) = client.get("/events").json()
    assert (event["tag"], event["others"], event["part_of"]) == ("tag_00", 59, None)
    assert "59 other tags fell silent with it: look for one cause" in event["explanation"]
    (part,) = client.get("/events?tag=tag_30").json()
    assert (part["part_of"], part["explanation"]) == (event["id"], "no reading of tag_30 for 75 s")
    assert EventRow.objects.count() == 60


def test_events_that_come_page_by_page_join_the_first_one(client: Client, tags: list[Tag]) -> None:
    note(tags[:2], end=75, now=76)
    assert [event["others"] for event in client.get("/events").json()] == [0, 0]
    revision = max(EventRow.objects.values_list("revision", flat=True))
    note(tags[2:], end=75, now=78)
    (event,) = client.get("/events").json()
    assert event["others"] == 59
    changed = EventRow.objects.filter(revision__gt=revision)
    assert {row.tag_id for row in changed} == {tag.pk for tag in tags}  # followers of the stream hear of all


def test_a_tag_that_stays_silent_gets_an_event_of_its_own(client: Client, tags: list[Tag]) -> None:
    note(tags)
    assert count_open_events() == 1
    note(tags[:59], end=75, now=76)
    assert len(client.get("/events").json()) == 1  # it may be heard of in a moment
    note(tags[59:], start=0, now=120)
    assert {event["tag"]: event["others"] for event in client.get("/events").json()} == {
        "tag_00": 58,
        "tag_59": 0,
    }


@pytest.mark.parametrize("starts", [(0, 0), (0, 20, 40)])
def test_two_tags_or_silences_one_after_another_have_no_common_cause(
    client: Client, tags: list[Tag], starts: tuple[int, ...]
) -> None:
    for tag, start in zip(tags, starts, strict=False):
        note([tag], start=start, now=50)
    assert [event["others"] for event in client.get("/events").json()] == [0] * len(starts)


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], DetectionRunner]:
    """A runner takes in all that is stored, and looks by the clock for missing readings."""
    for name in ("SETTLED_AFTER_S", "REFRESHED_AFTER_S", "SILENCE_CHECKED_AFTER_S"):
        monkeypatch.setattr(detection_runner, name, 0)

    def work(now: datetime) -> DetectionRunner:
        Lease.objects.all().delete()
        runner = DetectionRunner.begin("me", now=now)
        assert runner
        rows, _ = read_rows(WHOLE, after=runner.position, upto=newest_id(), limit=10_000)
        runner.update(rows, newest_id(), now=now)
        runner.check_silence(now)
        runner.commit(now=now, is_caught_up=True)
        return runner

    return work


def store(first: datetime, *, count: int, received: datetime, tag: str = "fermenter_temp") -> None:
    readings: list[Any] = [
        {
            "timestamp": (first + timedelta(seconds=index)).isoformat(),
            "tag": tag,
            "value": 37 + index % 3 / 10,
        }
        for index in range(count)
    ]
    ingest_readings(readings, source="importer", now=received)


def test_an_import_of_old_readings_is_no_silence(look: Callable[[datetime], DetectionRunner]) -> None:
    store(NOON - timedelta(days=400), count=200, received=NOON)
    look(NOON + timedelta(seconds=1))
    assert not EventRow.objects.exists()
    store(NOON, count=200, received=NOON + timedelta(seconds=200))  # it goes on, live
    look(NOON + timedelta(seconds=230))
    assert [row.end for row in EventRow.objects.filter(start__gte=NOON)] == [None]


def test_the_event_of_an_import_before_this_version_ends(
    look: Callable[[datetime], DetectionRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("monitoring.detection.monitor_pool.IMPORTED_AFTER_US", 1e18)
        store(NOON - timedelta(days=400), count=200, received=NOON)
        look(NOON + timedelta(seconds=1))
    assert EventRow.objects.get().end is None
    assert DetectorState.objects.exists()
    look(NOON + timedelta(seconds=60))
    assert EventRow.objects.get().end is not None


def test_a_tag_says_how_long_it_is_still_learned(
    look: Callable[[datetime], DetectionRunner], client: Client
) -> None:
    store(NOON, count=600, received=NOON + timedelta(seconds=600))
    look(NOON + timedelta(seconds=600))
    ready = TagLearning.objects.get().ready
    assert 1800 < (ready - NOON).total_seconds() < 2200
    store(NOON + timedelta(seconds=600), count=1700, received=NOON + timedelta(seconds=2300))
    look(NOON + timedelta(seconds=2300))
    assert not TagLearning.objects.exists()


def test_health_and_page_tell_what_is_being_learned(client: Client) -> None:
    now = datetime.now(UTC)
    for name, minutes in (("fermenter_temp", 25), ("fermenter_ph", 10), ("agitator_rpm", -5)):
        TagLearning.objects.create(
            tag=Tag.objects.get(name=name), ready=now + timedelta(minutes=minutes, seconds=-5)
        )
    learning = client.get("/health").json()["learning"]
    assert learning["count"] == 3
    assert learning["text"] == "Fermon is learning what is normal: about 25 min to go"
    assert [(one["tag"], one["text"]) for one in learning["tags"]] == [
        ("fermenter_temp", "about 25 min to go"),
        ("fermenter_ph", "about 10 min to go"),
        ("agitator_rpm", "waiting for readings"),
    ]
    html = client.get("/dashboard").content.decode()
    assert "No events yet. Fermon is learning what is normal: about 25 min to go." in html
    assert "<li>fermenter_ph: about 10 min to go</li>" in html
