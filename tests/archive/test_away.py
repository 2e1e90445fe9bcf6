"""While the archive is away, reads of archived time say so, and other reads answer."""

import sys

import pytest
from django.forms import BaseModelForm, model_to_dict, modelform_factory
from django.test import Client

from monitoring.admin.tag_form import TagForm
from monitoring.archive import presence
from monitoring.archive.reading import Decoded
from monitoring.kernel.runtime import part
from monitoring.models import Tag
from monitoring.storage.archiving import moving
from tests.archive.plant import DAY, NOW, TAG, archive, hourly, root_of_archive, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(monkeypatch):
    """An archive whose files can't be reached any more, and nothing decoded in memory."""
    monkeypatch.setattr(moving, "PAUSE_S", 0)
    monkeypatch.setattr(presence, "ANNOUNCED_S", 0)
    send(hourly(7))
    archive(2)
    root = root_of_archive()
    root.rename(root.with_name("elsewhere"))
    part(Decoded).forget()


@pytest.mark.parametrize("path", ["data", "export", "anomalies"])
def test_a_read_of_archived_time_is_answered_with_503_and_a_sentence(away, client: Client, path) -> None:
    span = {"tag": TAG, "from": (NOW - 5 * DAY).isoformat(), "to": (NOW - 4 * DAY).isoformat()}
    answer = client.get(f"/{path}", span)
    assert answer.status_code == 503
    assert "The archive can't be used now" in answer.json()["detail"]
    assert answer["Retry-After"]


def test_a_read_of_later_times_is_answered(away, client: Client) -> None:
    answer = client.get("/data", {"tag": TAG, "from": (NOW - DAY).isoformat()})
    assert (answer.status_code, len(answer.json())) == (200, 48)


def test_a_late_reading_is_refused_with_the_remedy(away, client: Client) -> None:
    sent = {"timestamp": (NOW - 5 * DAY).replace(second=3).isoformat(), "tag": TAG, "value": 37.0}
    answer = client.post("/ingest", sent, content_type="application/json")
    assert answer.status_code == 503
    assert "Send it again later" in answer.json()["detail"]


def test_the_form_of_a_tag_says_how_to_install_what_is_missing(admin_client: Client, monkeypatch) -> None:
    tag = Tag.objects.get(name=TAG)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    form = tag_form(tag, archive_after_days=30)
    assert "pip install -r requirements-archive.txt" in form.errors["archive_after_days"][0]
    monkeypatch.delitem(sys.modules, "pyarrow")
    assert "archive_after_days" not in tag_form(tag, archive_after_days=30).errors


def tag_form(tag: Tag, **changed: object) -> BaseModelForm:
    form_class = modelform_factory(Tag, TagForm)
    return form_class({**model_to_dict(tag), **changed}, instance=tag)
