"""What is ahead of time, and sources whose clocks are wrong, are told; what is not ahead counts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.dashboard import page as pages
from monitoring.dashboard import tag_page
from monitoring.history.tags import last_points
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Series, Tag

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEMP, PH = "fermenter_temp", "fermenter_ph"
JsonPost = Callable[..., Any]


@pytest.fixture(autouse=True)
def noon(time_machine: TimeMachineFixture, settings: Settings) -> TimeMachineFixture:
    settings.FERMON_SIMULATOR = False
    time_machine.move_to(NOW, tick=False)
    return time_machine


def send(post: JsonPost, value: float, *, ahead_s: float = 0, tag: str = TEMP) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=ahead_s)
    answer = post("/ingest", {"timestamp": moment.isoformat(), "tag": tag, "value": value})
    assert answer.status_code == 201


def time_problems(client: Client) -> list[str]:
    """What /health says of times, without what it says of the worker."""
    return [text for text in client.get("/health").json()["problems"] if "clock" in text]


def test_the_newest_value_is_not_one_of_times_to_come(client: Client, post: JsonPost) -> None:
    send(post, 37.0)
    send(post, 46.0, ahead_s=295)
    tag = client.get(f"/tags/{TEMP}").json()
    assert tag["latest"]["value"] == 37.0
    assert (tag["ahead"], tag["ahead_up_to_s"], tag["clock_error_s"]) == (1, 295.0, None)


def test_a_reading_a_little_ahead_is_one_of_now(client: Client, post: JsonPost) -> None:
    send(post, 38.0, ahead_s=5)
    tag = client.get(f"/tags/{TEMP}").json()
    assert (tag["latest"]["value"], tag["ahead"]) == (38.0, 0)
    assert not time_problems(client)


def test_health_tells_the_tags_and_what_to_do(client: Client, post: JsonPost) -> None:
    send(post, 37.0, ahead_s=295)
    health = client.get("/health").json()
    assert health["status"] == "degraded"
    assert health["ahead"] == [{"tag": TEMP, "readings": 1, "up_to_s": 295.0}]
    (problem,) = time_problems(client)
    assert problem.startswith("fermenter_temp: 1 reading ahead of time, up to 295 s.")
    assert "Check the clock" in problem


def test_once_their_time_has_come_nothing_is_told(
    client: Client, post: JsonPost, noon: TimeMachineFixture
) -> None:
    send(post, 37.0, ahead_s=295)
    noon.move_to(NOW + timedelta(seconds=291), tick=False)
    assert not time_problems(client)
    assert client.get(f"/tags/{TEMP}").json()["latest"]["value"] == 37.0


def test_after_the_servers_clock_was_ahead_present_readings_count(
    client: Client, post: JsonPost, noon: TimeMachineFixture
) -> None:
    noon.move_to(NOW + timedelta(days=30), tick=False)
    for second in range(3):
        send(post, 46.0, ahead_s=second)
    noon.move_to(NOW, tick=False)
    send(post, 37.5)
    assert client.get(f"/tags/{TEMP}").json()["latest"]["value"] == 37.5
    assert time_problems(client)[0].startswith("fermenter_temp: 3 readings ahead of time, up to 30 days.")
    page = client.get("/dashboard").content.decode()
    assert ">37.50</span>" in page
    assert "3 readings ahead of time, up to 30 days" in page
    assert '"ahead": {"readings": 3, "until": "2026-' in page


def test_a_reading_ahead_does_not_keep_a_dead_plant_alive(
    client: Client, post: JsonPost, noon: TimeMachineFixture
) -> None:
    send(post, 37.0)
    send(post, 37.0, ahead_s=295)
    assert 'data-state="live"' in client.get("/dashboard").content.decode()
    noon.move_to(NOW + timedelta(seconds=60), tick=False)
    page = client.get("/dashboard").content.decode()
    assert 'id="status" data-state="stale"' in page
    assert f'data-tag="{TEMP}" data-state="stale"' in page


def test_of_too_many_tags_those_count_as_stale_too(
    client: Client, post: JsonPost, noon: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (pages, tag_page):
        monkeypatch.setattr(module, "MOST_CARDS", 2)
    send(post, 46.0)
    send(post, 37.0, ahead_s=295)
    send(post, 7.0, ahead_s=295, tag=PH)
    assert last_points(NOW) == ({TEMP: NOW}, {TEMP: 46.0})
    noon.move_to(NOW + timedelta(seconds=60), tick=False)
    assert 'id="status" data-state="stale"' in client.get("/dashboard").content.decode()


@pytest.mark.parametrize(("error_s", "text"), [(293, "293 s ahead"), (-90, "90 s behind")])
def test_a_constant_clock_error_is_measured_and_told(
    client: Client, post: JsonPost, noon: TimeMachineFixture, admin_user: User, error_s: float, text: str
) -> None:
    for second in range(20):
        noon.move_to(NOW + timedelta(seconds=second), tick=False)
        send(post, 37.0, ahead_s=error_s - 0.2 * (second % 3))
    assert client.get(f"/tags/{TEMP}").json()["clock_error_s"] == error_s
    assert client.get("/health").json()["clock_errors_s"] == {TEMP: error_s}
    assert time_problems(client) == [
        f"fermenter_temp: its source's clock is {text}. Set the clock of the source, or its offset from UTC."
    ]
    client.force_login(admin_user)
    assert text in client.get("/admin/monitoring/series/").content.decode()
    pk = Tag.objects.get(name=TEMP).pk
    assert text in client.get(f"/admin/monitoring/tag/{pk}/change/").content.decode()
    noon.move_to(NOW + timedelta(hours=2), tick=False)
    assert not client.get("/health").json()["clock_errors_s"]


def test_what_is_sent_late_or_replayed_is_no_clock_error(
    client: Client, post: JsonPost, noon: TimeMachineFixture
) -> None:
    for second in range(20):
        noon.move_to(NOW + timedelta(seconds=second), tick=False)
        batch = [
            {"timestamp": (NOW + timedelta(minutes=2 * second - 100)).isoformat(), "tag": TEMP, "value": 37}
        ]
        assert post("/ingest/batch", batch).status_code == 201
        waited = {"timestamp": (NOW + timedelta(seconds=second - 90)).isoformat(), "tag": PH, "value": 7}
        ingest_readings([waited])  # as the replay of what waited on disk does
    assert not time_problems(client)
    assert Series.objects.get(tag__name=PH).arrivals is None


def test_both_are_told_in_a_few_words_however_many_tags(client: Client, post: JsonPost) -> None:
    Tag.objects.bulk_create(Tag(name=f"t{n:02}", valid_min=0, valid_max=100) for n in range(30))
    late = (NOW + timedelta(seconds=100)).isoformat()
    post("/ingest/batch", [{"timestamp": late, "tag": f"t{n:02}", "value": 1} for n in range(30)])
    health = client.get("/health").json()
    assert len(health["ahead"]) == 20
    assert "; and 27 more tags. " in time_problems(client)[0]
