"""The pages that links in messages open: opening changes nothing, a press of the button does."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.alarms.state_machine import Act
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmOccurrence, Channel
from monitoring.notifications.links import verify_url
from tests.alarming import act, define
from tests.dashboard.test_alarm_pages import text_of
from tests.notifying import link_path, make_channel

pytestmark = pytest.mark.django_db
BUTTON = ">Acknowledge as Anna<"


@pytest.fixture(autouse=True)
def closed(settings: Settings) -> None:
    """A link works without a login while Fermon is closed."""
    settings.FERMON_OPEN = False


@pytest.fixture
def high() -> AlarmDefinition:
    """An alarm that has been active for two minutes and waits for a person."""
    definition = define(priority="high", action="Open V-12.", consequence="The culture dies.")
    now = datetime.now(UTC)
    readings = [
        {
            "tag": "fermenter_temp",
            "value": 46 - age / 60,
            "timestamp": (now - timedelta(seconds=age)).isoformat(),
        }
        for age in range(120, 0, -10)
    ]
    ingest_readings(readings, source="a test", now=now)
    act(definition, Act.ACTIVE, at=now - timedelta(minutes=2), value=46.5)
    return definition


def page(client: Client, path: str, code: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == code
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def press(client: Client, path: str, html: str, **fields: str) -> HttpResponse:
    """Presses the button of a page that was shown."""
    shown = re.search(r'name="form_token" value="([^"]+)"', html)
    assert shown
    answer: Any = client.post(path, {"form_token": shown[1], "act": "acknowledge", **fields})
    return answer


def test_the_page_says_what_is_wrong_and_the_button_acknowledges(
    client: Client, high: AlarmDefinition
) -> None:
    path = link_path(high, make_channel())
    before = list(AlarmJournalEntry.objects.values())
    html = page(client, path)
    text = text_of(html)
    for part in (
        *(
            "fermenter_temp: High",
            "high, active, not acknowledged",
            "above 45 °C",
            "Value now 45.83 °C",
            "Open V-12.",
        ),
        *("The culture dies.", "fermenter_temp in the last 30 min: from 44.00 °C to 45.83 °C"),
    ):
        assert part in text, text
    assert BUTTON in html
    assert re.search(r'<path class="line" d="M[0-9. L]+"', html)
    assert "alarm-bar" not in html
    for method in ("HEAD", "GET", "OPTIONS"):
        client.generic(method, path)
    assert client.post(path, {"act": "acknowledge"}).status_code == 409
    assert list(AlarmJournalEntry.objects.values()) == before
    answer = press(client, path, html, comment="On my way.")
    assert (answer.status_code, answer["Location"]) == (302, path)
    line = AlarmJournalEntry.objects.get(act="acknowledge")
    assert (line.by, line.via, line.comment, line.address) == ("Anna", "link", "On my way.", "127.0.0.1")
    after = page(client, path)
    assert "Acknowledged by Anna" in text_of(after)
    assert BUTTON not in after
    press(client, path, after, act="comment", comment="Valve is open.")
    assert AlarmJournalEntry.objects.get(act="comment").comment == "Valve is open."


def test_who_was_first_and_what_is_over_is_said(client: Client, high: AlarmDefinition) -> None:
    channel = make_channel()
    path = link_path(high, channel)
    html = page(client, path)
    act(high, Act.ACKNOWLEDGE, Act.RETURN)
    text = text_of(page(client, path))
    assert "Acknowledged by anna" in text
    assert re.search(r"high, normal since .* until ", text)
    answer = press(client, path, html)
    assert answer.status_code == 409
    act(high, Act.ACTIVE)
    text = text_of(page(client, path))
    assert "The alarm came again at" in text
    answer = press(client, path, html)
    assert (answer.status_code, "look at it, then acknowledge" in answer.content.decode()) == (409, True)
    assert AlarmOccurrence.objects.filter(acknowledged_at=None).count() == 1


@pytest.mark.parametrize("purpose", ["acknowledge", "confirm-channel"])
def test_a_link_that_is_forged_or_too_old_says_what_to_do(
    client: Client, high: AlarmDefinition, settings: Settings, time_machine: TimeMachineFixture, purpose: str
) -> None:
    channel = make_channel()
    settings.FERMON_PUBLIC_URL = "https://plant.example/"
    path = link_path(high, channel)
    if purpose == "confirm-channel":
        path = verify_url(channel).removeprefix("https://plant.example")
    assert "not complete" in page(client, path[:-1], 404)
    other = {"acknowledge": "confirm-channel", "confirm-channel": "acknowledge"}[purpose]
    assert "not complete" in page(client, path.replace(purpose, other), 404)
    time_machine.move_to(datetime.now(UTC) + timedelta(hours=25))
    assert "older than 24 hours" in page(client, path, 410)


def test_a_link_ends_with_its_person_or_channel_and_by_the_setting(
    client: Client, high: AlarmDefinition, settings: Settings
) -> None:
    channel = make_channel()
    path = link_path(high, channel)
    settings.FERMON_ACK_LINKS = False
    page(client, path, 404)
    settings.FERMON_ACK_LINKS = True
    assert channel.person
    channel.person.is_enabled = False
    channel.person.save()
    assert "switched off" in page(client, path, 410)
    channel.person.is_enabled = True
    channel.person.save()
    Channel.objects.update(is_enabled=False)
    assert "switched off" in page(client, path, 410)


def test_links_are_throttled_by_address(client: Client, high: AlarmDefinition, settings: Settings) -> None:
    settings.FERMON_STRANGER_RATE = 1
    path = link_path(high, make_channel())
    page(client, path)
    answer = client.get(path)
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)


def test_only_the_button_confirms_a_channel(client: Client, settings: Settings) -> None:
    settings.FERMON_PUBLIC_URL = "https://plant.example"
    channel = make_channel(failing_since=datetime.now(UTC), failure="550 no such user")
    path = verify_url(channel).removeprefix("https://plant.example")
    html = page(client, path)
    client.head(path)
    channel.refresh_from_db()
    assert channel.verified_at is None
    assert press(client, path, html).status_code == 302
    channel.refresh_from_db()
    assert channel.verified_at
    assert (channel.failing_since, channel.failure) == (None, "")
    assert "Verified" in text_of(page(client, path))


def test_the_link_of_an_earlier_test_does_not_confirm_another_address(
    client: Client, settings: Settings
) -> None:
    settings.FERMON_PUBLIC_URL = "https://plant.example"
    channel = make_channel()
    path = verify_url(channel).removeprefix("https://plant.example")
    channel.settings = {"to": "somebody.else@plant.example"}
    channel.save()
    assert "Send another test" in page(client, path, 410)
