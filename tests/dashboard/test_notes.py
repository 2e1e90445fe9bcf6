"""The page of notes as the server renders it, and the dialog of those who may write."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.alarms import notes
from monitoring.alarms.note_subjects import NoteInputError
from monitoring.alarms.notes import Draft
from monitoring.dashboard import notes as note_page
from monitoring.kernel.actor import Actor
from monitoring.models import Note, Tag, Vessel
from tests.dashboard.test_alarm_pages import BROWSER, page, text_of

pytestmark = pytest.mark.django_db
ANNA, BEN = Actor("anna", "login"), Actor("ben", "login")
DIALOG = 'id="note-dialog"'


def write(text: str, minutes_ago: float = 5, **fields: Any) -> int:
    return notes.write(Draft(text, datetime.now(UTC) - timedelta(minutes=minutes_ago), **fields), actor=ANNA)


def texts(html: str) -> list[str]:
    return re.findall(r'<p class="note-text">(.*?)</p>', html)


def test_the_list_has_subject_author_and_all_versions_of_what_was_corrected(client: Client) -> None:
    pk = write("Added 5 mL.", tag="fermenter_temp")
    notes.correct(pk, {"text": "Added 8 mL."}, version=1, actor=BEN, reason="read again")
    write("Power dip", 9, end=datetime.now(UTC) - timedelta(minutes=8))
    html = page(client, "/notes")
    assert texts(html) == ["Added 8 mL.", "Power dip"]
    text = text_of(html)
    assert "fermenter_temp corrected Added 8 mL. anna," in text
    assert re.search(r"Corrected by ben, [^,]+, because: read again Added 8 mL.", text)
    assert re.search(r"Written by anna, [\w: ]+ UTC Added 5 mL.", text)
    assert "whole plant Power dip" in text
    assert re.search(r'href="/dashboard\?tag=fermenter_temp&amp;from=[^"]+Z&amp;to=[^"]+Z"', html)


def test_the_list_is_filtered_and_leads_to_older_notes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(note_page, "PAGE", 1)
    write("new", 1, tag="fermenter_temp")
    write("old", 2, tag="fermenter_temp")
    write("other", 3, tag="agitator_rpm")
    notes.withdraw(write("wrong", 0.5), version=1, actor=ANNA, reason="other plant")
    first = page(client, "/notes?tag=fermenter_temp")
    assert texts(first) == ["new"]
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    second = page(client, "/notes" + older[1].replace("&amp;", "&"))
    assert (texts(second), 'rel="next"' in second) == (["old"], False)
    assert texts(page(client, "/notes?withdrawn=true")) == ["wrong"]
    assert "No note." in page(client, "/notes?from=2099-01-01T00:00")
    assert texts(page(client, "/notes?tag=none&from=x&cursor=y")) == ["new"]


def test_the_earliest_and_latest_notes_are_listed(client: Client) -> None:
    notes.write(Draft("first", notes.EARLIEST), actor=ANNA)
    notes.write(Draft("last", notes.LATEST, notes.LATEST), actor=ANNA)
    assert texts(page(client, "/notes")) == ["last", "first"]


def test_a_tag_that_was_deleted_meanwhile_is_an_error_of_its_field() -> None:
    with pytest.raises(NoteInputError, match="unknown tag 'gone'") as raised:
        write("said", tag="gone")
    assert (raised.value.field, Note.objects.exists()) == ("tag", False)


def test_only_those_who_may_write_get_the_dialog(client: Client, settings: Settings, account: Any) -> None:
    write("said")
    assert DIALOG in page(client, "/alarms")
    settings.FERMON_OPEN = False
    found = {}
    for role in ("viewer", "operator"):
        client.force_login(account(role))
        html = page(client, "/notes")
        found[role] = [part in html for part in (DIALOG, 'data-note="correct"', 'id="note-add"')]
        found[role].append("N writes a note" in page(client, "/dashboard"))
    assert found == {"viewer": [False] * 4, "operator": [True] * 4}
    assert DIALOG not in Client().get("/login").content.decode()


def test_a_browser_gets_the_page_and_a_script_the_api(client: Client) -> None:
    write("said")
    assert client.get("/notes", headers={"accept": "*/*"}).json()[0]["text"] == "said"
    assert "Accept" in client.get("/notes", headers=BROWSER)["Vary"]


def test_the_dialog_offers_active_tags_their_groups_and_vessels(client: Client) -> None:
    Vessel.objects.create(name="demo-1", made_at=datetime(2024, 1, 31, tzinfo=UTC))
    Tag.objects.filter(name="fermenter_temp").update(group="Vessel 1")
    Tag.objects.filter(name="agitator_rpm").update(active=False, group="Vessel 2")
    found = client.get("/notes/subjects").json()
    assert found == {
        "tags": ["fermenter_temp", "fermenter_ph"],
        "groups": ["Vessel 1"],
        "vessels": ["demo-1"],
    }
