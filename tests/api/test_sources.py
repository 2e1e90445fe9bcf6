"""/sources, their mappings and jobs: rights, secrets, checks, revisions."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.models import Source, SourceGap, SourceJob, SourceMapping, SourceStatus
from monitoring.sources.loading import load_config
from monitoring.sources.secrets import reveal
from tests.sources.fake_kind import TYPED, make_source, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_kinds")]
FIELDS = {"host": "broker.plant", "password": TYPED}
PRINT = "ab" * 32


@pytest.fixture(autouse=True)
def key(settings: Settings) -> None:
    """A key that encrypts secrets."""
    settings.FERMON_SOURCE_KEY = Fernet.generate_key().decode()


def send(client: Client, method: str, path: str, code: int, body: Any = None, **fields: Any) -> Any:
    answer = client.generic(method, path, json.dumps(body or fields), "application/json")
    assert answer.status_code == code, answer.content
    return answer.json() if answer.content else None


def make(client: Client, **changes: Any) -> Any:
    body = {"name": "broker", "protocol": "fake", "fields": FIELDS, **changes}
    return send(client, "POST", "/sources", 201, body)


def test_a_source_is_made_changed_and_deleted_and_its_secrets_are_never_answered(client: Client) -> None:
    made = make(client)
    assert (made["enabled"], made["revision"], made["status"]["state"]) == (False, 1, "off")
    assert made["fields"] == {"host": "broker.plant", "mode": "plain", "pause": "1"}
    assert made["secrets"] == {"password": "stored", "key": ""}
    path = f"/sources/{made['id']}"
    changed = send(client, "PATCH", path, 200, name="broker2", group="V1", fields={"pause": "5"})
    assert (changed["name"], changed["group"], changed["revision"]) == ("broker2", "V1", 2)
    stored = Source.objects.get()
    assert TYPED not in json.dumps(stored.secrets)
    assert reveal(stored.secrets["password"]) == TYPED
    assert load_config(stored).fields["password"] == TYPED
    trail = " ".join(str(entry.changes) for entry in LogEntry.objects.all())
    assert "broker.plant" in trail
    for text in (TYPED, stored.secrets["password"]):
        assert text not in trail
        for address in ("/sources", path, f"{path}/change", "/health", "/admin/monitoring/source/"):
            assert text not in client.get(address, headers={"accept": "text/html"}).content.decode()
    forgotten = send(client, "PATCH", path, 200, fields={"password": None})
    assert forgotten["secrets"]["password"] == ""
    assert client.delete(path).status_code == 204
    assert not Source.objects.exists()


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"protocol": "smoke"}, r"protocol: expected one of .*fake"),
        ({"fields": {}}, r"fields.host: This field is required."),
        ({"fields": {"host": "bad"}}, r"fields.host: This is no host."),
        ({"fields": {"host": "a\nb"}}, r"fields.host: This field has one line."),
        ({"fields": FIELDS | {"mode": "x"}}, r"fields.mode: Expected one of plain, tls."),
        ({"fields": FIELDS | {"colour": "red"}}, r"'colour' is none of host, mode"),
        ({"fields": FIELDS | {"password": "env:SECRET_KEY"}}, r"fields.password: Only a signed-in admin"),
        ({"fields": FIELDS | {"password": "file:/etc/shadow"}}, r"fields.password: Only a signed-in admin"),
        ({"name": "taken"}, r"name: Another source has this name."),
        ({"name": "1"}, r"name: Start with a letter"),
    ],
)
def test_a_wrong_source_is_refused_with_the_way_out(
    client: Client, changes: dict[str, Any], detail: str
) -> None:
    make_source("taken")
    answer = send(
        client, "POST", "/sources", 400, {"name": "new", "protocol": "fake", "fields": FIELDS} | changes
    )
    assert re.search(detail, answer["detail"]), answer
    assert Source.objects.count() == 1


def test_a_secret_is_typed_again_and_trust_ends_when_the_connection_leads_elsewhere(
    client: Client, account: Callable[[str], User]
) -> None:
    client.force_login(account("administrator"))
    path = f"/sources/{make(client)['id']}"
    send(client, "POST", f"{path}/trust", 200, fingerprint=":".join(["AB"] * 32))
    assert Source.objects.get().trusted_certificate == PRINT
    for field in ({"host": "elsewhere.plant"}, {"mode": "tls"}, {"user": "root"}):
        answer = send(client, "PATCH", path, 400, fields=field)
        assert answer["detail"] == "fields.password: The connection has changed: type the secret again."
    changed = send(client, "PATCH", path, 200, fields={"host": "elsewhere.plant", "password": "other"})
    assert changed["trusted_certificate"] == ""
    changed = send(client, "PATCH", path, 200, fields={"password": "env:BROKER_PASSWORD"})
    assert changed["secrets"] == {"password": "env:BROKER_PASSWORD", "key": ""}
    # Whoever may refer to the environment may send the reference elsewhere, too.
    assert send(client, "PATCH", path, 200, fields={"host": "third.plant"})["fields"]["host"] == "third.plant"
    assert send(client, "POST", f"{path}/trust", 400, fingerprint="abc")["field"] == "fingerprint"


def test_engineers_map_and_enable_and_leave_the_connection_alone(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    source = make_source(secrets={"password": "env:X"})
    path = f"/sources/{source.pk}"
    client.force_login(account("engineer"))
    for field in ({"host": "x"}, {"password": "x"}, {"mode": "tls"}):
        assert "Only an administrator" in send(client, "PATCH", path, 400, fields=field)["detail"]
    assert send(client, "PATCH", path, 200, fields={"pause": "3"})["fields"]["pause"] == "3"
    assert send(client, "POST", f"{path}/enable", 200)["enabled"]
    make_tag("a")
    send(client, "POST", f"{path}/mappings", 201, address="x", tag="a")
    send(client, "POST", f"{path}/test", 201)
    for method, act in (("DELETE", path), ("POST", f"{path}/trust"), ("POST", "/sources")):
        assert client.generic(method, act, "{}", "application/json").status_code == 403
    client.force_login(account("operator"))
    shown = client.get(path).json()
    assert (shown["fields"], shown["secrets"], shown["status"]["state"]) == (None, None, "standby")
    assert client.get(f"{path}/mappings").status_code == 403
    assert client.get(f"/source-jobs/{SourceJob.objects.get().pk}").status_code == 403


def test_each_change_raises_the_revision(client: Client) -> None:
    source = make_source()
    make_tag("a")
    path = f"/sources/{source.pk}"
    seen = []
    mapping = send(client, "POST", f"{path}/mappings", 201, address="x", tag="a")
    for method, act, code, body in (
        ("PATCH", f"/mappings/{mapping['id']}", 200, {"factor": 2.5}),
        ("PUT", "/mappings", 200, {"mappings": [{"address": "x", "tag": "a"}]}),
        ("DELETE", f"/mappings/{mapping['id']}", 204, {}),
        ("POST", "/enable", 200, {}),
        ("POST", "/disable", 200, {}),
        ("POST", "/trust", 200, {"fingerprint": PRINT}),
    ):
        seen.append(Source.objects.get().revision)
        send(client, method, path + act, code, body or {"x": 1})
    seen.append(Source.objects.get().revision)
    assert seen == [2, 3, 4, 5, 6, 7, 8]
    assert not SourceMapping.objects.exists()


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ([{"address": "x", "tag": "b"}], ["mappings[0].tag: There is no tag 'b'. Make the tag first."]),
        ([{"address": "bad", "tag": "a"}], ["mappings[0].address: This is no address."]),
        (
            [{"address": "x", "tag": "a"}, {"address": "y", "tag": "a"}],
            ["mappings[0].tag: a gets the values of y", "mappings[1].tag: a gets the values of x already"],
        ),
        (
            [{"address": "x", "tag": "a"}, {"address": "x", "tag": "c"}],
            ["mappings[0].address: Another mapping has this address"],
        ),
        (
            [{"address": "x/{u}", "tag": "{v}.t"}],
            ["mappings[0].tag: The address has no part {v}. Its parts: {u}."],
        ),
        (
            [{"address": "x/{u}", "tag": "{u}.t"}, {"address": "y/{u}", "tag": "{u}.t"}],
            [
                "mappings[0].tag: {u}.t gets the values of y/{u}",
                "mappings[1].tag: {u}.t gets the values of x/{u}",
            ],
        ),
        (
            [{"address": "x/{u}", "tag": "{u}"}, {"address": "y", "tag": "a"}],
            ["mappings[0].tag: {u} gets the values of y", "mappings[1].tag: a gets the values of x/{u}"],
        ),
        (
            [{"address": "x#/od", "tag": "a"}, {"address": "x", "tag": "c", "value_pointer": "/od"}],
            ["mappings[0].address: Another mapping has this address", "mappings[1].address: Another"],
        ),
        (
            [{"address": "x/y", "tag": "a"}, {"address": "x", "tag": "a", "value_pointer": "/y"}],
            ["mappings[0].tag: a gets the values of x/y", "mappings[1].tag: a gets the values of x/y"],
        ),
        ([{"address": "x", "tag": "a", "time_format": "min"}], ["time_format: "]),
        ([{"address": "x/{u}", "tag": "{u} t"}], ["mappings[0].tag: Start with a letter"]),
        (
            [{"address": "x", "tag": "a", "value_pointer": "od"}],
            ["value_pointer: Start a JSON pointer"],
        ),
        (
            [{"address": "x", "tag": "a", "zone": "Mars/Olympus"}],
            ["zone: There is no time zone"],
        ),
        ([{"address": "x", "tag": "a", "factor": 0}], ["factor: Expected a number other than 0."]),
        ([{"address": "x", "tag": "a", "options": {"type": "word"}}], ["type: expected one of int, float."]),
        ([{"address": "x", "tag": "a", "options": {"size": "3"}}], ["options: size is none of type."]),
    ],
)
def test_wrong_mappings_are_refused_row_by_row_and_none_is_stored(
    client: Client, rows: list[dict[str, Any]], problems: list[str]
) -> None:
    source = make_source()
    make_tag("a")
    make_tag("c")
    answer = send(client, "PUT", f"/sources/{source.pk}/mappings", 400, mappings=rows)
    for problem in problems:
        assert problem in answer["detail"]
    assert not SourceMapping.objects.exists()


def test_mappings_are_replaced_together_and_a_pattern_needs_no_tag(client: Client) -> None:
    source = make_source()
    make_tag("a")
    path = f"/sources/{source.pk}/mappings"
    first = send(client, "POST", path, 201, address="x", tag="a", options={"type": "int"})
    rows = [
        {"address": "x", "tag": "a", "offset": 1},
        {"address": "r/{u}", "tag": "{u}.od", "value_pointer": "/od"},
    ]
    replaced = send(client, "PUT", path, 200, mappings=rows)
    assert [row["tag"] for row in replaced] == ["a", "{u}.od"]
    assert (replaced[0]["id"], replaced[0]["offset"], replaced[0]["options"]) == (first["id"], 1.0, {})
    assert client.get(path).json() == replaced
    trail = [
        entry.changes["mappings"]
        for entry in LogEntry.objects.order_by("timestamp")
        if "mappings" in entry.changes
    ]
    assert trail == [
        ["", "x to a, options {'type': 'int'}"],
        ["x to a, options {'type': 'int'}", "x to a, offset 1.0; r/{u} to {u}.od, value_pointer /od"],
    ]
    assert send(client, "PATCH", f"{path}/{first['id'] + 99}", 404, tag="a")["detail"].startswith("id: there")


def test_two_enabled_sources_never_write_one_tag(client: Client) -> None:
    make_tag("a")
    one, other = make_source("one", is_enabled=True), make_source("other")
    for source in (one, other):
        send(client, "POST", f"/sources/{source.pk}/mappings", 201, address="x", tag="a")
    answer = send(client, "POST", f"/sources/{other.pk}/enable", 400)
    assert answer["detail"].startswith("enabled: The source one writes a, too")
    send(client, "POST", f"/sources/{one.pk}/disable", 200)
    send(client, "POST", f"/sources/{other.pk}/enable", 200)
    answer = send(client, "POST", f"/sources/{other.pk}/mappings", 400, address="y", tag="a")
    assert "gets the values of x already" in answer["detail"]


def test_one_test_a_second_and_a_job_is_polled(client: Client, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(datetime.now(UTC), tick=False)
    source = make_source()
    path = f"/sources/{source.pk}"
    job = send(client, "POST", f"{path}/discover", 201, parameters={"parent": "ns=2;s=Units"})
    answer = client.post(f"{path}/test", "{}", "application/json")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    SourceJob.objects.update(state="done", result={"points": [{"address": "x"}]})
    polled = client.get(f"/source-jobs/{job['id']}").json()
    assert (polled["state"], polled["result"]) == ("done", {"points": [{"address": "x"}]})
    assert SourceJob.objects.get().parameters == {"parent": "ns=2;s=Units"}
    time_machine.shift(timedelta(seconds=1))
    send(client, "POST", f"{path}/test", 201)


@pytest.mark.parametrize(
    ("protocol", "act", "detail"),
    [
        ("lacking", "test", "Lacking needs no-such-module==1.2.3. Stop Fermon and start it with './start.sh"),
        ("pushed", "test", "Pushed has no test."),
        ("pushed", "listen", "Pushed has no listen."),
        ("gone", "test", "This version of Fermon does not know the protocol gone."),
    ],
)
def test_a_job_that_cannot_be_done_is_refused_in_words(
    client: Client, protocol: str, act: str, detail: str
) -> None:
    source = make_source(protocol=protocol, settings={})
    assert send(client, "POST", f"/sources/{source.pk}/{act}", 409)["detail"].startswith(detail)


def test_the_status_is_that_of_the_collector_until_it_falls_silent(client: Client) -> None:
    source, now = make_source(is_enabled=True), datetime.now(UTC)
    SourceStatus.objects.create(
        source=source, state="failed", since=now, error="Refused.", error_at=now, rate=2.5, updated_at=now
    )
    SourceGap.objects.create(
        source=source, begin=now - timedelta(hours=30), end=now - timedelta(hours=23), reason="away"
    )
    SourceGap.objects.create(source=source, begin=now - timedelta(minutes=1), reason="away")
    SourceGap.objects.create(
        source=source, begin=now - timedelta(hours=50), end=now - timedelta(hours=25), reason="old"
    )
    [shown] = client.get("/sources").json()
    status = shown["status"]
    assert (status["state"], status["error"], status["rate"], status["gaps"]) == (
        "failed",
        "Refused.",
        2.5,
        2,
    )
    assert status["gap_s"] == pytest.approx(3660, abs=5)
    SourceStatus.objects.update(updated_at=now - timedelta(minutes=1))
    assert client.get(f"/sources/{source.pk}").json()["status"]["state"] == "standby"
