"""Alarms over HTTP: listed, acknowledged by the occurrence that was seen, shelved, commented on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.authtoken.models import Token as UserToken

from monitoring.access.token_store import issue_token
from monitoring.alarms.definitions import create
from monitoring.alarms.state_machine import Act
from monitoring.kernel.actor import Actor
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmOccurrence, Tag
from monitoring.models.token import Scope
from tests.alarms.test_reading import NOW, define, do
from tests.api.test_data import pages

pytestmark = pytest.mark.django_db
SendAct = Callable[..., Any]


def made(kind: str, **fields: Any) -> AlarmDefinition:
    """A definition of the temperature that is in force."""
    definition = AlarmDefinition(tag=Tag.objects.get(name="fermenter_temp"), kind=kind, **fields)
    create(definition, reason="a test", actor=Actor("a test"))
    return definition


@pytest.fixture
def high() -> AlarmDefinition:
    """A high alarm of the temperature, active since noon."""
    definition = made("H", setpoint=45)
    do(definition, Act.ACTIVE, value=46.5)
    return definition


@pytest.fixture
def act(post: Callable[..., Any]) -> SendAct:
    """Posts an act on an alarm."""

    def send(alarm: AlarmDefinition, what: str, /, **body: Any) -> Any:
        return post(f"/alarms/{alarm.pk}/{what}", body)

    return send


def seen(alarm: AlarmDefinition) -> int:
    """The alarm's newest occurrence."""
    return AlarmOccurrence.objects.filter(definition=alarm).latest("pk").pk


def lines(alarm: AlarmDefinition) -> list[tuple[str, str, str]]:
    """What the journal has of the alarm since its definition: act, state before and after; oldest first."""
    rows = AlarmJournalEntry.objects.filter(definition=alarm).exclude(act="define").order_by("pk")
    return [(row.act, row.from_state, row.to_state) for row in rows]


def last_line(alarm: AlarmDefinition) -> AlarmJournalEntry:
    return AlarmJournalEntry.objects.filter(definition=alarm).latest("pk")


def test_an_active_alarm_is_listed_and_has_its_history(client: Client, high: AlarmDefinition) -> None:
    (alarm,) = client.get("/alarms").json()
    assert (alarm["tag"], alarm["class"], alarm["condition"]) == ("fermenter_temp", "process", "above 45 °C")
    assert (alarm["state"], alarm["active_at"]) == ("UNACK", "2026-01-31T12:00:00Z")
    in_full = client.get(f"/alarms/{high.pk}").json()
    assert {key: in_full[key] for key in alarm} == alarm
    assert [(each["id"], each["value"]) for each in in_full["occurrences"]] == [(seen(high), 46.5)]
    assert [(line["act"], line["from"], line["to"]) for line in in_full["journal"]] == [
        ("define", "NORM", "NORM"),
        ("active", "NORM", "UNACK"),
    ]


def test_the_list_is_chosen_by_state_priority_class_group_and_tag(
    client: Client, high: AlarmDefinition
) -> None:
    Tag.objects.filter(name="fermenter_ph").update(group="R-1")
    low = define("fermenter_ph", "L", priority="critical", alarm_class="quality")
    do(low, Act.ACTIVE, Act.SHELVE)
    do(define("agitator_rpm", "H"), Act.ACTIVE, Act.RETURN, Act.ACKNOWLEDGE)
    for query, count in {
        "": 1,
        "?state=all": 3,
        "?state=SHLVD&state=UNACK": 2,
        "?state=all&priority=critical": 1,
        "?state=all&class=quality": 1,
        "?state=all&group=R-1": 1,
        "?state=all&tag=fermenter_ph&tag=fermenter_temp": 2,
        "?state=all&tag=fermenter_ph&priority=low": 0,
    }.items():
        assert len(client.get(f"/alarms{query}").json()) == count, query


def test_what_changed_since_a_revision_is_told_whatever_its_state(
    client: Client, high: AlarmDefinition, act: SendAct
) -> None:
    revision = client.get("/alarms").json()[0]["revision"]
    assert client.get(f"/alarms?after_revision={revision}").json() == []
    do(high, Act.RETURN, Act.ACKNOWLEDGE)
    assert [each["state"] for each in client.get(f"/alarms?after_revision={revision}").json()] == ["NORM"]
    assert client.get("/alarms").json() == []


def test_the_list_comes_in_pages(client: Client) -> None:
    alarms = [define(tag, kind) for tag in ("fermenter_temp", "fermenter_ph") for kind in ("H", "L", "BAD")]
    for alarm in alarms:
        do(alarm, Act.ACTIVE)
    found = pages(client, "/alarms?limit=4")
    assert [len(page) for page in found] == [4, 2]
    assert {each["id"] for page in found for each in page} == {alarm.pk for alarm in alarms}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("state=active", "state: expected one of NORM"),
        ("priority=urgent", "priority: expected one of critical"),
        ("class=none", "class: expected one of process"),
        ("tag=no_such", "tag: unknown tag 'no_such'"),
        ("after_revision=x", "after_revision: expected the revision"),
        ("limit=0", "limit: expected a whole number"),
        ("offset=-1", "offset: expected a whole number"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told(client: Client, query: str, words: str) -> None:
    answer = client.get(f"/alarms?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(words)


def test_it_is_acknowledged_with_a_name_and_a_comment(act: SendAct, high: AlarmDefinition) -> None:
    answer = act(high, "acknowledge", occurrence=seen(high), comment="cooling on", name="Anna")
    assert (answer.status_code, answer.json()["state"]) == (200, "ACKED")
    assert answer.json()["acknowledged_by"] == "Anna (unverified)"
    line = last_line(high)
    assert (line.by, line.via, line.address) == ("Anna (unverified)", "open", "127.0.0.1")
    assert (line.act, line.comment, line.occurrence) == ("acknowledge", "cooling on", seen(high))


def test_who_was_first_stays_and_the_comment_of_the_second_is_kept(
    act: SendAct, high: AlarmDefinition
) -> None:
    act(high, "acknowledge", occurrence=seen(high), name="Anna")
    answer = act(high, "acknowledge", occurrence=seen(high), name="Ben", comment="I see it, too")
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Anna (unverified)")
    assert (last_line(high).act, last_line(high).comment) == ("comment", "I see it, too")


def test_nobody_acknowledges_what_they_have_not_seen(act: SendAct, high: AlarmDefinition) -> None:
    first = seen(high)
    do(high, Act.RETURN, at=NOW + timedelta(minutes=1))
    do(high, Act.ACTIVE, at=NOW + timedelta(minutes=2))
    answer = act(high, "acknowledge", occurrence=first)
    assert answer.status_code == 409
    assert "came again at 2026-01-31T12:02:00Z" in answer.json()["detail"]
    assert not AlarmOccurrence.objects.exclude(acknowledged_at=None).exists()
    assert act(high, "acknowledge", occurrence=seen(high)).status_code == 200
    assert AlarmOccurrence.objects.exclude(acknowledged_at=None).count() == 2  # the older one, too


def test_many_are_acknowledged_each_by_itself(post: Callable[..., Any], high: AlarmDefinition) -> None:
    low = define("fermenter_ph", "L")
    do(low, Act.ACTIVE, Act.RETURN)
    over = define("agitator_rpm", "L")
    do(over, Act.ACTIVE, Act.SHELVE)
    seen_ones = [{"id": each.pk, "occurrence": seen(each)} for each in (high, over, low)]
    answer = post("/alarms/acknowledge", {"alarms": [*seen_ones, {"id": 4711, "occurrence": 1}]})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert answer.json()["acknowledged"] == 2
    assert [each["status"] for each in results] == ["acknowledged", "error", "acknowledged", "error"]
    assert "shelved" in results[1]["error"]
    assert "no alarm 4711" in results[3]["error"]
    assert lines(low)[-1] == ("acknowledge", "RTNUN", "NORM")


def test_more_than_fifty_are_not_what_a_person_has_seen(post: Callable[..., Any]) -> None:
    answer = post("/alarms/acknowledge", {"alarms": [{"id": 1, "occurrence": 1}] * 51})
    assert (answer.status_code, answer.json()["detail"]) == (400, "alarms: expected at most 50, got 51")


@pytest.mark.parametrize("alarms", [[], "7", [7]])
def test_an_error_of_a_nested_list_names_its_field(post: Callable[..., Any], alarms: object) -> None:
    answer = post("/alarms/acknowledge", {"alarms": alarms})
    assert (answer.status_code, answer.json()["field"]) == (400, "alarms")
    assert answer.json()["detail"].startswith("alarms: ")


def test_a_shelf_has_an_end_a_reason_and_a_name(act: SendAct, high: AlarmDefinition) -> None:
    before = datetime.now(UTC)
    answer = act(high, "shelve", minutes=30, reason="probe is being cleaned", name="Anna")
    alarm = answer.json()
    assert (answer.status_code, alarm["state"], alarm["suppressed_by"]) == (200, "SHLVD", "Anna (unverified)")
    end = datetime.fromisoformat(alarm["suppressed_until"])
    assert timedelta(minutes=30) <= end - before < timedelta(minutes=31)
    line = last_line(high)
    assert (line.act, line.reason) == ("shelve", "probe is being cleaned")
    assert line.changes == {"until": [None, alarm["suppressed_until"]]}


def test_what_is_still_active_when_the_shelf_ends_annunciates(act: SendAct, high: AlarmDefinition) -> None:
    first = seen(high)
    act(high, "shelve", minutes=30, reason="x", one_shot=True)
    alarm = act(high, "unshelve", reason="done").json()
    assert (alarm["state"], alarm["suppressed_until"], alarm["suppression_reason"]) == ("UNACK", None, "")
    assert alarm["occurrence"] > first
    assert lines(high)[-1] == ("release", "SHLVD", "UNACK")


@pytest.mark.parametrize(
    ("definition", "minutes", "words"),
    [
        ({"longest_shelf_min": 15}, 16, "minutes: expected 1 to 15 minutes for this alarm, got 16"),
        ({"priority": "critical"}, 61, "minutes: expected 1 to 60 minutes for this alarm, got 61"),
        ({}, 721, "minutes: expected a whole number of minutes from 1 to 720"),
        ({}, 0, "minutes: expected a whole number of minutes from 1 to 720"),
    ],
)
def test_no_shelf_is_too_long(act: SendAct, definition: dict[str, Any], minutes: int, words: str) -> None:
    alarm = made("HH", setpoint=46, **definition)
    answer = act(alarm, "shelve", minutes=minutes, reason="x")
    assert (answer.status_code, answer.json()["detail"]) == (400, words)


def test_suppressed_and_out_of_service_until_the_return(act: SendAct, high: AlarmDefinition) -> None:
    until = "2126-01-31T12:00:00Z"
    alarm = act(high, "suppress", reason="cleaning in place", until=until).json()
    assert (alarm["state"], alarm["suppressed_until"]) == ("DSUPR", until)
    alarm = act(high, "out-of-service", reason="new probe").json()
    assert (alarm["state"], alarm["suppressed_until"]) == ("OOSRV", None)
    assert alarm["suppression_reason"] == "new probe"
    assert act(high, "return", reason="calibrated").json()["state"] == "UNACK"
    assert [line[0] for line in lines(high)] == ["active", "suppress", "out_of_service", "release"]


def test_a_latched_alarm_is_reset_once_it_is_acknowledged(act: SendAct) -> None:
    alarm = made("H", setpoint=45, is_latching=True)
    do(alarm, Act.ACTIVE, Act.RETURN)
    refused = act(alarm, "reset")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Acknowledge the alarm before the reset.")
    act(alarm, "acknowledge", occurrence=seen(alarm))
    assert act(alarm, "reset", comment="valve replaced").json()["state"] == "NORM"


def test_a_comment_and_a_rating_are_lines_of_the_journal(act: SendAct, high: AlarmDefinition) -> None:
    first = seen(high)
    do(high, Act.RETURN, at=NOW + timedelta(minutes=1))
    do(high, Act.ACTIVE, at=NOW + timedelta(minutes=2))
    assert act(high, "comment", comment="valve sticks").status_code == 200
    assert act(high, "rate", occurrence=first, rating="nuisance").status_code == 200
    line = last_line(high)
    assert (line.act, line.occurrence, line.changes) == ("rate", first, {"rating": ["", "nuisance"]})
    assert AlarmOccurrence.objects.get(pk=first).rating == "nuisance"
    assert act(high, "rate", occurrence=first, rating="").status_code == 200
    assert AlarmOccurrence.objects.get(pk=first).rating == ""


def test_an_acknowledgement_may_say_whether_the_alarm_was_of_use(act: SendAct, high: AlarmDefinition) -> None:
    first = seen(high)
    assert (
        act(high, "acknowledge", occurrence=first, comment="foam", rating="real").json()["state"] == "ACKED"
    )
    line, stored = last_line(high), AlarmOccurrence.objects.get(pk=first)
    assert (line.act, line.occurrence, line.changes) == ("rate", first, {"rating": ["", "real"]})
    assert stored.rating == "real"
    assert stored.acknowledged_at is not None  # the rating has not undone the acknowledgement
    assert act(high, "acknowledge", occurrence=first).status_code == 200
    assert AlarmOccurrence.objects.get(pk=first).rating == "real"  # not said: it stays


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("acknowledge", {"occurrence": 1, "rating": "bad"}, 400, "rating: expected 'nuisance'"),
        ("acknowledge", {}, 400, "occurrence: expected an id"),
        ("acknowledge", {"occurrence": "x"}, 400, "occurrence: expected an id"),
        ("acknowledge", {"occurrence": 4711}, 404, "occurrence: alarm"),
        ("shelve", {"minutes": 5}, 400, "reason: missing"),
        ("shelve", {"reason": "x"}, 400, "minutes: expected a whole number"),
        ("suppress", {"reason": " "}, 400, "reason: missing"),
        ("suppress", {"reason": "x", "until": "soon"}, 400, "until: expected ISO 8601"),
        ("suppress", {"reason": "x", "until": "2020-01-01"}, 400, "until: expected a time in the future"),
        ("comment", {}, 400, "comment: missing"),
        ("rate", {"occurrence": 1, "rating": "bad"}, 400, "rating: expected 'nuisance'"),
        ("unshelve", {}, 409, "There is no shelf to end: the alarm is active"),
        ("return", {}, 409, "There is nothing to end"),
        ("reset", {}, 409, "There is nothing to reset"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    act: SendAct, high: AlarmDefinition, name: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = act(high, name, **body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(words)
    assert lines(high) == [("active", "NORM", "UNACK")]


@pytest.mark.parametrize("name", ["acknowledge", "shelve", "comment", "return"])
def test_of_no_alarm_it_says_where_they_are(post: Callable[..., Any], name: str) -> None:
    body = {"occurrence": 1, "minutes": 1, "reason": "x", "comment": "x"}
    answer = post(f"/alarms/4711/{name}", body)
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "id: there is no alarm 4711; GET /alarms?state=all lists them",
    )


def test_a_body_that_is_no_object_or_no_json_is_refused(client: Client, high: AlarmDefinition) -> None:
    path = f"/alarms/{high.pk}/comment"
    assert client.post(path, "[1]", content_type="application/json").status_code == 400
    assert client.post(path, {"comment": "x"}).status_code == 415  # what a form of another site could send


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True), ("engineer", True)])
@pytest.mark.parametrize("way", ["token", "login"])
def test_closed_operators_act_by_token_or_login_under_their_own_name(
    client: Client,
    settings: Settings,
    account: Callable[[str], User],
    high: AlarmDefinition,
    role: str,
    may: bool,
    way: str,
) -> None:
    settings.FERMON_OPEN = False
    user, headers = account(role), {}
    if way == "token":
        headers = {"authorization": f"Token {UserToken.objects.create(user=user).key}"}
    else:
        client.force_login(user)
    answer = client.post(
        f"/alarms/{high.pk}/acknowledge",
        {"occurrence": seen(high), "name": "somebody else"},
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == (200 if may else 403)
    if may:
        assert (last_line(high).by, last_line(high).via) == (role, way)


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("engineer", 200)])
def test_closed_only_engineers_shelve_what_is_critical(
    client: Client, settings: Settings, account: Callable[[str], User], role: str, status: int
) -> None:
    alarm = made("HH", setpoint=46, priority="critical")
    settings.FERMON_OPEN = False
    client.force_login(account(role))
    body = {"minutes": 60, "reason": "x"}
    answer = client.post(f"/alarms/{alarm.pk}/shelve", body, content_type="application/json")
    assert answer.status_code == status


@pytest.mark.parametrize("scope", list(Scope))
def test_closed_a_sources_token_never_acts(
    client: Client, settings: Settings, high: AlarmDefinition, scope: Scope
) -> None:
    settings.FERMON_OPEN = False
    headers = {"authorization": f"Token {issue_token(name='gateway', scope=scope)}"}
    body = {"comment": "x"}
    answer = client.post(f"/alarms/{high.pk}/comment", body, content_type="application/json", headers=headers)
    assert answer.status_code == 403
    assert len(lines(high)) == 1


def test_closed_a_login_without_the_forms_secret_does_not_act(
    settings: Settings, account: Callable[[str], User], high: AlarmDefinition
) -> None:
    settings.FERMON_OPEN = False
    client = Client(enforce_csrf_checks=True)
    client.force_login(account("operator"))
    answer = client.post(f"/alarms/{high.pk}/comment", {"comment": "x"}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
