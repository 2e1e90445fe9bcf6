"""The page of notifications as the server renders it, and what people do there."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.dashboard import notifications as notification_page
from monitoring.models import (
    Channel,
    Delivery,
    MaintenanceWindow,
    Person,
    PushSubscription,
    Route,
    RouteStep,
    Schedule,
    ScheduleMember,
    Tag,
)
from monitoring.notifications.testing import request_test
from tests.alarming import act, define
from tests.dashboard.test_alarm_pages import page, text_of
from tests.notifying import make_channel

pytestmark = pytest.mark.django_db
ADDRESS = {"field_to": "anna@plant.example", "position": "1"}
BROWSER_KEYS = {
    "endpoint": "https://push.example/send/1",
    "keys": {"p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA", "auth": "tBHItJI5svbpez7KI4CCXg"},
}


def text(client: Client, path: str = "/notifications") -> str:
    return text_of(page(client, path))


def test_a_newcomer_adds_an_address_tests_it_and_sees_what_became_of_it(
    client: Client, settings: Settings
) -> None:
    settings.FERMON_PUBLIC_URL = "https://plant.example"
    shown = text(client)
    assert "Nobody is notified yet: add an e-mail address" in shown
    assert "FERMON_SMTP_URL is not set" in shown
    wrong = client.post("/notifications/channels/add?kind=email", {**ADDRESS, "field_to": "anna"})
    assert wrong.status_code == 400
    html = wrong.content.decode()
    assert 'aria-invalid="true"' in html
    assert 'value="anna"' in html
    answer = client.post("/notifications/channels/add?kind=email", {**ADDRESS, "person": "Anna"})
    channel = Channel.objects.get()
    assert answer["Location"] == f"/notifications#channel-{channel.pk}"
    assert (channel.name, channel.settings["to"]) == ("Anna: E-mail", "anna@plant.example")
    assert Person.objects.get().name == "Anna"
    assert "not verified E-mail, anna@plant.example, Anna" in text(client)
    client.post(f"/notifications/channels/{channel.pk}/test")
    test = Delivery.objects.get()
    assert (test.kind, test.channel, test.person) == ("test", channel, channel.person)
    assert re.search(r"Test of [\w: ]+ UTC waits\.", text(client))
    Delivery.objects.update(state="sent", sent_at=datetime.now(UTC))
    assert re.search(r"Test of [\w: ]+ UTC sent: open its link\.", text(client))
    Channel.objects.update(verified_at=datetime.now(UTC))
    assert "✓ verified" in text(client)


def test_another_address_is_verified_anew_and_the_name_stays(client: Client) -> None:
    channel = make_channel(verified_at=datetime.now(UTC), failing_since=datetime.now(UTC), failure="550")
    path = f"/notifications/channels/{channel.pk}"
    same = {**ADDRESS, "person": "Anna", "name": channel.name, "is_enabled": "on"}
    client.post(path, {**same, "position": "2"})
    channel.refresh_from_db()
    assert (channel.position, channel.failure) == (2, "550")
    assert channel.verified_at
    client.post(path, {**same, "field_to": "ben@plant.example"})
    channel.refresh_from_db()
    assert (channel.verified_at, channel.failing_since, channel.failure) == (None, None, "")


def test_failing_channels_are_on_top_and_on_the_bar_of_every_page(client: Client) -> None:
    make_channel(failing_since=datetime.now(UTC) - timedelta(minutes=5), failure="550 no such user")
    html = page(client)
    assert re.search(r'id="alarm-channels"><a href="/notifications">.*1 channel failing', html)
    shown = text(client)
    assert "1 channel failing: messages do not arrive" in shown
    assert "550 no such user" in shown
    answer = client.get("/alarms/present").json()
    assert answer["failing"] == "1 channel failing"
    again = client.get(f"/alarms/present?revision={answer['revision']}").json()
    assert again == {"revision": answer["revision"], "failing": "1 channel failing"}
    Channel.objects.update(is_enabled=False)
    assert re.search(r'id="alarm-channels" hidden', page(client))


def test_routes_schedules_and_windows_are_in_words(client: Client) -> None:
    anna, ben = (Person.objects.create(name=name) for name in ("Anna", "Ben"))
    today = datetime.now(UTC).date()
    schedule = Schedule.objects.create(name="Shift", starts_on=today - timedelta(days=8), rotation_days=7)
    for place, person in enumerate((anna, ben)):
        ScheduleMember.objects.create(schedule=schedule, person=person, position=place)
    make_channel("Anna: e-mail", "Anna")
    Schedule.objects.create(name="Empty", starts_on=date(2026, 1, 1))
    route = Route.objects.create(name="Vessel", group="V1", priority="high", repeat_after_min=30)
    RouteStep.objects.create(route=route, person=anna)
    RouteStep.objects.create(route=route, schedule=schedule, after_min=10)
    now = datetime.now(UTC)
    MaintenanceWindow.objects.create(start=now, end=now + timedelta(hours=1), reason="CIP", by="eva")
    shown = text(client)
    for part in (
        *("Shift on duty now: Ben , until", "Anna, Ben; each for 7 days, hand-over at 08:00"),
        *("Empty ✗ nobody on duty", "high, group V1 at once: Anna; after 10 min: on duty: Shift;"),
        *(
            "then every 30 min",
            "critical, all others everybody at once, again after 5 and 15 min, then every 5 min until",
            "whole plant now",
        ),
        *(
            "CIP (eva)",
            "✗ has no channel: everybody is notified",
            "low, all others everybody, in a digest at 07:00 and",
        ),
    ):
        assert part in shown, shown


def test_the_log_is_filtered_and_leads_to_older_messages(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification_page, "LINES", 1)
    channel, other = make_channel(), make_channel("Chat", person="")
    definition = define()
    act(definition, Act.ACTIVE)
    now = datetime.now(UTC)
    times = {"created_at": now, "due_at": now}
    occurrence = definition.occurrences.get()
    Delivery.objects.create(
        kind="active", channel=channel, person=channel.person, occurrence=occurrence, state="sent", **times
    )
    request_test(other, by="eva", now=now - timedelta(minutes=1))
    first = page(client, "/notifications")
    assert "fermenter_temp: High active Anna by Anna: e-mail sent" in text_of(first)
    assert "asked for by eva" not in text_of(first)
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    assert "asked for by eva" in text(client, "/notifications" + older[1].replace("&amp;", "&"))
    shown = text(client, f"/notifications?channel={other.pk}&state=waiting&kind=test")
    assert "Test test Chat waiting asked for by eva" in shown
    assert "No message." in text(client, "/notifications?from=2099-01-01T00:00&state=nothing")


def test_roles_see_and_do_what_is_theirs(client: Client, settings: Settings, account: Any) -> None:
    settings.FERMON_OPEN = False
    make_channel(failing_since=datetime.now(UTC), failure="550 no such user")
    found = {}
    for role in ("viewer", "operator", "engineer", "administrator"):
        client.force_login(account(role))
        html = page(client, "/notifications")
        parts = ("channel failing", 'id="push-turn"', "anna@plant.example", "Plan a window", ">Test<")
        found[role] = [part in html for part in parts]
    assert found == {
        "viewer": [True, False, False, False, False],
        "operator": [True, True, False, False, False],
        "engineer": [True, True, True, True, False],
        "administrator": [True] * 5,
    }


def test_an_engineer_plans_a_window_and_ends_it(client: Client, settings: Settings, account: Any) -> None:
    settings.FERMON_OPEN = False
    Tag.objects.filter(name="fermenter_temp").update(group="V1")
    client.force_login(account("engineer"))
    until = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    past = client.post("/notifications/windows/add", {"end": "2020-01-01T00:00", "reason": "CIP"})
    assert (past.status_code, "Expected a time in the future" in past.content.decode()) == (400, True)
    client.post("/notifications/windows/add", {"group": "V1", "end": until, "reason": "CIP"})
    window = MaintenanceWindow.objects.get()
    assert (window.group, window.reason, window.by) == ("V1", "CIP", "engineer")
    for _ in range(2):  # the second time it is over already
        client.post(f"/notifications/windows/{window.pk}/end")
    window.refresh_from_db()
    assert window.end <= datetime.now(UTC)
    assert "None is planned." in text(client)


def test_a_browser_is_taken_into_the_channel_of_its_person(
    client: Client, settings: Settings, account: Any
) -> None:
    settings.FERMON_DATA_DIR.mkdir(exist_ok=True)
    settings.FERMON_OPEN = False
    client.force_login(account("operator"))
    assert "FERMON_PUSH_CONTACT" in client.get("/notifications/push").json()["detail"]
    settings.FERMON_PUSH_CONTACT = "mailto:eva@plant.example"
    assert len(client.get("/notifications/push").json()["key"]) == 87
    for _ in range(2):
        answer = client.post(
            "/notifications/push",
            BROWSER_KEYS,
            content_type="application/json",
            headers={"user-agent": "Firefox"},
        )
        assert (answer.status_code, answer.json()) == (201, {"channel": "operator: browsers"})
    stored = PushSubscription.objects.select_related("channel__person__user").get()
    assert (stored.browser, stored.channel.kind) == ("Firefox", "web_push")
    assert stored.channel.person
    assert stored.channel.person.user == User.objects.get(username="operator")
    wrongs: list[Any] = [
        {},
        [],
        {**BROWSER_KEYS, "endpoint": "http://10.0.0.1/"},
        {**BROWSER_KEYS, "keys": {}},
    ]
    for wrong in wrongs:
        assert client.post("/notifications/push", json.dumps(wrong), "application/json").status_code == 400
    Channel.objects.update(is_enabled=False)
    answer = client.post("/notifications/push", BROWSER_KEYS, content_type="application/json")
    assert "switched off by an administrator" in answer.json()["detail"]
    gone = client.delete("/notifications/push", BROWSER_KEYS, content_type="application/json")
    assert (gone.json(), PushSubscription.objects.count()) == ({"was_on": True}, 0)


def test_forms_and_subscriptions_need_the_csrf_token(settings: Settings, account: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(account("administrator"))
    answer = client.post("/notifications/push", BROWSER_KEYS, content_type="application/json")
    assert answer.status_code == 403
    assert client.post("/notifications/channels/add?kind=email", ADDRESS).status_code == 403
    assert not Channel.objects.exists()


def test_worker_and_manifest_are_served_at_the_top(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    worker = client.get("/push-worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in worker.content
    assert b'"fetch"' not in worker.content  # it keeps no pages
    assert client.get("/manifest.webmanifest").json()["display"] == "standalone"
    policy = client.get("/login")["Content-Security-Policy"]
    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy


def test_the_trail_names_who_changed_a_channel_without_its_address(client: Client, account: Any) -> None:
    client.force_login(account("administrator"))
    client.post("/notifications/channels/add?kind=email", {**ADDRESS, "person": "Anna"})
    entry = LogEntry.objects.get_for_model(Channel).get()
    assert entry.actor_email == "administrator"
    assert "anna@plant.example" not in json.dumps(entry.changes)
