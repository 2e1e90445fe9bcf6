"""/notes: written, corrected and withdrawn by people; nothing that was said is lost."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import transaction
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.access.token_store import issue_token
from monitoring.models import Note, NoteVersion, Tag
from monitoring.models.token import Scope

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOON, tick=False)


def write(client: Client, text: str = "Added 5 mL antifoam.", **fields: Any) -> dict[str, Any]:
    answer = client.post("/notes", {"text": text, **fields}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def change(client: Client, pk: int, **fields: Any) -> Any:
    return client.patch(f"/notes/{pk}", fields, content_type="application/json")


def withdraw(client: Client, pk: int, **fields: Any) -> Any:
    return client.post(f"/notes/{pk}/withdraw", fields, content_type="application/json")


def texts(client: Client, query: str = "") -> list[str]:
    return [note["text"] for note in client.get(f"/notes?{query}").json()]


def test_a_note_has_time_subject_author_and_version(client: Client) -> None:
    note = write(client, tag="fermenter_temp", name="Anna")
    assert (note["tag"], note["group"], note["start"], note["end"]) == (
        *("fermenter_temp", ""),
        *("2026-03-01T12:00:00Z", None),
    )
    assert (note["by"], note["at"], note["version"]) == ("Anna (unverified)", "2026-03-01T12:00:00Z", 1)
    span = write(client, "Cleaned.", start="2026-03-01T10:00:00Z", end="2026-03-01T11:00:00+00:00")
    assert (span["tag"], span["start"], span["end"]) == (None, "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z")


def test_a_correction_keeps_what_was(client: Client) -> None:
    pk = write(client, "Added 5 mL acid.")["id"]
    answer = change(client, pk, version=1, text="Added 5 mL antifoam.", reason="wrong bottle", name="Ben")
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    versions = client.get(f"/notes/{pk}").json()["versions"]
    assert [(each["act"], each["text"], each["by"], each["reason"]) for each in versions] == [
        ("correct", "Added 5 mL antifoam.", "Ben (unverified)", "wrong bottle"),
        ("write", "Added 5 mL acid.", "somebody at 127.0.0.1", ""),
    ]
    assert change(client, pk, version=2, text="Added 5 mL antifoam.").json()["version"] == 2  # nothing new
    moved = change(client, pk, version=2, start="2026-03-01T11:30:00Z", end="2026-03-01T11:40:00Z").json()
    assert (moved["start"], moved["end"], moved["version"]) == (
        *("2026-03-01T11:30:00Z", "2026-03-01T11:40:00Z"),
        3,
    )
    assert change(client, pk, version=3, end=None).json()["end"] is None


def test_nobody_corrects_what_they_have_not_seen(client: Client) -> None:
    pk = write(client)["id"]
    change(client, pk, version=1, text="Other.", name="Ben")
    answer = change(client, pk, version=1, text="Mine.")
    assert answer.status_code == 409
    assert "Ben (unverified) has corrected the note since: look at version 2" in answer.json()["detail"]
    assert withdraw(client, pk, version=1, reason="x").status_code == 409
    assert texts(client) == ["Other."]


def test_a_withdrawn_note_leaves_the_list_and_stays_readable(client: Client) -> None:
    pk = write(client, "Wrong vessel.")["id"]
    assert withdraw(client, pk, version=1, reason="").status_code == 400
    assert withdraw(client, pk, version=1, reason="wrong vessel").json()["withdrawn_at"] is not None
    assert texts(client) == []
    assert texts(client, "withdrawn=true") == ["Wrong vessel."]
    last = client.get(f"/notes/{pk}").json()["versions"][0]
    assert (last["act"], last["reason"]) == ("withdraw", "wrong vessel")
    again = change(client, pk, version=2, text="x")
    assert (again.status_code, "has withdrawn the note" in again.json()["detail"]) == (409, True)


def test_notes_are_selected_by_the_time_that_they_touch_and_come_in_pages(client: Client) -> None:
    write(client, "span", start="2026-03-01T08:00:00Z", end="2026-03-01T10:00:00Z")
    for hour in (7, 9, 11):
        write(client, f"at {hour}", start=f"2026-03-01T{hour:02}:00:00Z")
    assert texts(client) == ["at 11", "at 9", "span", "at 7"]
    assert texts(client, "from=2026-03-01T09:30:00Z&to=2026-03-01T11:00:00Z") == ["at 11", "span"]
    assert texts(client, "order=asc&to=2026-03-01T08:00:00Z") == ["at 7", "span"]
    first = client.get("/notes?limit=3")
    following = first["Link"].split(">")[0][1:]
    assert [note["text"] for note in client.get(following).json()] == ["at 7"]
    upward = client.get("/notes?limit=3&order=asc")["Link"].split(">")[0][1:]
    assert [note["text"] for note in client.get(upward).json()] == ["at 11"]


def test_with_a_tag_come_the_notes_on_its_group_and_on_the_plant(client: Client) -> None:
    Tag.objects.filter(name="fermenter_temp").update(group="Vessel 1")
    write(client, "tag", tag="fermenter_temp")
    write(client, "group", group="Vessel 1")
    write(client, "plant")
    write(client, "other", tag="agitator_rpm")
    assert sorted(texts(client, "tag=fermenter_temp")) == ["group", "plant", "tag"]
    assert sorted(texts(client, "tag=agitator_rpm")) == ["other", "plant"]
    assert sorted(texts(client, "group=Vessel+1")) == ["group", "tag"]


def test_a_token_of_one_tag_reads_only_its_notes(client: Client, settings: Settings) -> None:
    write(client, "own", tag="fermenter_temp")
    write(client, "plant")
    pk = write(client, "other", tag="agitator_rpm")["id"]
    settings.FERMON_OPEN = False
    header = {"authorization": f"Token {issue_token(name='r', scope=Scope.READ, prefix='fermenter_')}"}
    found = client.get("/notes?tag=fermenter_temp", headers=header).json()
    assert [note["text"] for note in found] == ["own"]
    assert client.get("/notes", headers=header).status_code == 403
    assert client.get(f"/notes/{pk}?tag=fermenter_temp", headers=header).status_code == 403


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": " "}, "text: missing"),
        ({"text": "x" * 2001}, "text: "),
        ({"text": "x", "tag": "no_such"}, "tag: unknown tag"),
        ({"text": "x", "group": "no_such"}, "group: no tag has this group"),
        ({"text": "x", "tag": "fermenter_temp", "group": "Vessel 1"}, "group: expected either"),
        ({"text": "x", "start": "noon"}, "start: expected"),
        ({"text": "x", "end": "2026-02-01T00:00:00Z"}, "end: expected to be no earlier than 'start'"),
        ({"text": "x", "start": "0001-01-01"}, "start: expected a time from 1970-01-02 to 9999-12-30"),
        ({"text": "x", "end": "9999-12-31"}, "end: expected a time from 1970-01-02 to 9999-12-30"),
    ],
)
def test_what_is_wrong_with_a_field_is_told(client: Client, fields: dict[str, Any], words: str) -> None:
    answer = client.post("/notes", fields, content_type="application/json")
    assert (answer.status_code, answer.json()["detail"][: len(words)]) == (400, words)
    assert not Note.objects.exists()


def test_what_is_wrong_with_a_correction_is_told(client: Client) -> None:
    pk = write(client)["id"]
    assert change(client, pk, text="x").json()["detail"].startswith("version: expected the version")
    assert change(client, pk, version=1, text="").status_code == 400
    assert change(client, pk, version=1, end="2026-02-01").status_code == 400
    assert change(client, 4711, version=1, text="x").status_code == 404
    assert client.get("/notes/4711").status_code == 404


@pytest.mark.parametrize("act", ["update", "delete"])
def test_no_version_changes_or_goes(client: Client, act: str) -> None:
    write(client, "said")
    versions = NoteVersion.objects.all()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        versions.update(text="unsaid") if act == "update" else versions._raw_delete(versions.db)
    assert versions.get().text == "said"


def test_a_note_is_recorded_under_the_login(client: Client, settings: Settings, account: Any) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account("viewer"))
    assert client.post("/notes", {"text": "x"}, content_type="application/json").status_code == 403
    client.force_login(account("operator"))
    note = write(client, name="Anna")
    assert (note["by"], note["versions"][0]["via"]) == ("operator", "login")
