"""/deliveries, /channels, /routes, /schedules and /windows."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.models import AlarmState, Channel, Delivery, DeliveryAttempt, Person, RouteStep, Tag
from monitoring.notifications.channels.kind import ChannelKind, Field
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.message import Outcome, Result
from tests.notifying import make_channel

pytestmark = pytest.mark.django_db
PAGER = ChannelKind(
    "pager",
    "Pager",
    (Field("host", "Host"), Field("key", "Key", is_secret=True), Field("pin", "PIN", "", True, False)),
    lambda message, target: Outcome(Result.OK),
    lambda fields, allows_local: {} if fields["host"] != "bad" else {"host": "This is no host."},
)
SECRETS = {"host": "pager.example", "key": "s3cret-key", "pin": "4711"}


@pytest.fixture(autouse=True)
def pager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of channel with a secret that is needed, and one that is not."""
    monkeypatch.setitem(KINDS, "pager", PAGER)


def send(client: Client, method: str, path: str, code: int, **body: Any) -> Any:
    answer = client.generic(method, path, json.dumps(body), "application/json")
    assert answer.status_code == code, answer.content
    return answer.json()


def test_a_channel_is_made_and_changed_and_its_secrets_are_never_answered(client: Client) -> None:
    made = send(client, "POST", "/channels", 201, kind="pager", fields=SECRETS)
    assert (made["name"], made["fields"]) == ("Pager", {"host": "pager.example"})
    assert made["secrets"] == {"key": "stored", "pin": "stored"}
    path = f"/channels/{made['id']}"
    Person.objects.create(name="Anna")
    changed = send(client, "PATCH", path, 200, person="Anna", enabled=False, fields={"pin": "0815"})
    assert (changed["person"], changed["enabled"]) == ("Anna", False)
    stored = Channel.objects.get()
    assert stored.secrets == {"key": "s3cret-key", "pin": "0815"}
    for address in ("/channels", path, "/notifications", f"/notifications{path}", "/admin/"):
        shown = client.get(address, headers={"accept": "text/html"}).content
        assert not re.search(rb"s3cret|0815", shown), address


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"kind": "pigeon"}, r"kind: expected one of email, .*pager"),
        ({"kind": "pager"}, r"fields.host: This field is required."),
        ({"kind": "pager", "fields": {**SECRETS, "host": "bad"}}, r"fields.host: This is no host."),
        ({"kind": "pager", "fields": {**SECRETS, "colour": "red"}}, r"'colour' is none of host, key, pin"),
        ({"kind": "pager", "fields": SECRETS, "name": "taken"}, r"another channel has this name"),
        ({"kind": "pager", "fields": SECRETS, "person": "Zoe"}, r"person: there is no person with this name"),
        ({"kind": "pager", "fields": SECRETS, "allows_local": True}, r"signed-in administrator"),
        ({"kind": "pager", "fields": {**SECRETS, "key": "env:SECRET_KEY"}}, r"fields.key: .*administrator"),
    ],
)
def test_a_wrong_channel_is_refused_with_the_way_out(
    client: Client, body: dict[str, Any], detail: str
) -> None:
    make_channel("taken")
    answer = send(client, "POST", "/channels", 400, **body)
    assert re.search(detail, answer["detail"]), answer
    assert Channel.objects.count() == 1


def test_only_a_signed_in_administrator_takes_secrets_from_the_environment_or_sends_them_elsewhere(
    client: Client, account: Any
) -> None:
    made = send(client, "POST", "/channels", 201, kind="pager", fields=SECRETS)
    path = f"/channels/{made['id']}"
    answer = send(client, "PATCH", path, 400, fields={"host": "evil.example"})
    assert answer["detail"] == "fields.key: The address has changed: type the secret again."
    client.force_login(account("administrator"))
    fields = {"host": "other.example", "key": "env:PAGER_KEY"}
    changed = send(client, "PATCH", path, 200, fields=fields, allows_local=True)
    assert changed["secrets"] == {"key": "env:PAGER_KEY", "pin": "stored"}
    assert changed["allows_local"]
    client.logout()
    assert send(client, "PATCH", path, 200, position=2)["allows_local"]  # it stays


def test_the_log_goes_by_pages_and_criteria(client: Client, settings: Settings) -> None:
    channel, other = make_channel(), make_channel("Chat", person="")
    now = datetime.now(UTC)
    attempt = DeliveryAttempt.objects.create(
        channel=channel, message_id="m1", began_at=now, outcome="permanent", detail="550 no such user"
    )
    for age, to in enumerate((channel, other, other)):
        at = now - timedelta(minutes=age)
        failed = {"state": "failed", "attempt": attempt, "person": channel.person} if to == channel else {}
        Delivery.objects.create(kind="test", channel=to, created_at=at, due_at=at, **failed)
    first = client.get("/deliveries?limit=2")
    assert [(each["channel_name"], each["state"]) for each in first.json()] == [
        ("Anna: e-mail", "failed"),
        ("Chat", "waiting"),
    ]
    newest = first.json()[0]
    assert (newest["person_name"], newest["message_id"], newest["detail"], newest["text"]) == (
        *("Anna", "m1", "550 no such user"),
        "",
    )
    following = re.search(r"<http://testserver(/[^>]+)>", first["Link"])
    assert following
    assert len(client.get(following[1]).json()) == 1
    assert len(client.get(f"/deliveries?channel={other.pk}&state=waiting&kind=test").json()) == 2
    assert client.get("/deliveries?state=lost").status_code == 400


def test_a_test_is_sent_by_an_enabled_channel(client: Client) -> None:
    channel = make_channel()
    answer = send(client, "POST", f"/channels/{channel.pk}/test", 201)
    assert (answer["kind"], answer["channel"]) == ("test", channel.pk)
    Channel.objects.update(is_enabled=False)
    send(client, "POST", f"/channels/{channel.pk}/test", 404)


def test_a_route_is_made_and_its_steps_are_replaced_as_a_whole(client: Client) -> None:
    make_channel()
    steps = [{"after_min": 5, "person": "Anna"}, {"channel": "Anna: e-mail"}]
    fields = {"class": "process", "repeat_after_min": 10}
    made = send(client, "POST", "/routes", 201, name="Vessel", priority="high", steps=steps, **fields)
    assert (made["priority"], made["class"], made["repeat_after_min"]) == ("high", "process", 10)
    assert [(step["after_min"], step["person"], step["channel"]) for step in made["steps"]] == [
        (0, None, "Anna: e-mail"),
        (5, "Anna", None),
    ]
    path = f"/routes/{made['id']}"
    assert len(send(client, "PATCH", path, 200, enabled=False)["steps"]) == 2
    assert send(client, "PATCH", path, 200, steps=[])["steps"] == []
    assert not RouteStep.objects.exists()
    both = [{"person": "Anna", "channel": "Anna: e-mail"}]
    for wrong, detail in (
        ({"name": "Vessel"}, "another route has this name"),
        ({"name": "x", "digest_at": "7 o'clock"}, "expected times as 07:00 19:00"),
        ({"name": "x", "steps": both}, "not several"),
        ({"name": "x", "steps": [{"schedule": "Shift"}]}, "there is no schedule with this name"),
    ):
        assert detail in send(client, "POST", "/routes", 400, **wrong)["detail"]


def test_a_schedule_tells_who_is_on_duty(client: Client) -> None:
    for name in ("Anna", "Ben", "Eva"):
        Person.objects.create(name=name)
    now = datetime.now(UTC)
    starts_on = (now - timedelta(days=10)).date().isoformat()
    fields: dict[str, Any] = {"starts_on": starts_on, "members": ["Anna", "Ben"], "time_zone": "UTC"}
    made = send(client, "POST", "/schedules", 201, name="Shift", **fields)
    assert made["on_duty"]["person"] == "Ben"
    path = f"/schedules/{made['id']}"
    stands_in = {
        "person": "Eva",
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(hours=1)).isoformat(),
    }
    changed = send(client, "PATCH", path, 200, overrides=[stands_in])
    assert (changed["on_duty"]["person"], changed["members"]) == ("Eva", ["Anna", "Ben"])
    assert send(client, "PATCH", path, 200, members=[], overrides=[])["on_duty"] is None
    assert "Europe/Berlin" in send(client, "PATCH", path, 400, time_zone="Mars")["detail"]


def test_a_window_is_planned_moved_and_ended(client: Client) -> None:
    Tag.objects.filter(name="fermenter_temp").update(group="V1")
    now = datetime.now(UTC)
    end = (now + timedelta(hours=1)).isoformat()
    made = send(client, "POST", "/windows", 201, group="V1", end=end, reason="CIP")
    assert (made["group"], made["tag"], made["by"]) == ("V1", None, "somebody at 127.0.0.1")
    path = f"/windows/{made['id']}"
    later = now + timedelta(hours=2)
    moved = send(client, "PATCH", path, 200, end=later.isoformat())
    assert datetime.fromisoformat(moved["end"]) == later
    assert datetime.fromisoformat(send(client, "PATCH", path, 200, ended=True)["end"]) <= datetime.now(UTC)
    assert "the window is over" in send(client, "PATCH", path, 400, end=end)["detail"]
    for wrong, detail in (
        ({"group": "none"}, "no tag has this group"),
        ({"tag": "fermenter_temp", "group": "V1"}, "either a tag or a group"),
        ({"end": now.isoformat()}, "in the future"),
        ({"end": "2099-01-01"}, "at most 31 days"),
    ):
        body = {"end": end, "reason": "CIP", **wrong}
        assert detail in send(client, "POST", "/windows", 400, **body)["detail"]
    assert not AlarmState.objects.exclude(suppression="").exists()  # the notifier suppresses, not the plan
