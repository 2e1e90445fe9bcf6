"""While the archive is away, reads of archived time say so, and other reads answer."""

import sys
from datetime import timedelta

import pytest
from django.forms import BaseModelForm, model_to_dict, modelform_factory
from django.test import Client

from monitoring.admin.tag_form import TagForm
from monitoring.archive import presence
from monitoring.archive.outage import read_outage
from monitoring.archive.place import ArchiveError, Directory
from monitoring.archive.reading import Decoded
from monitoring.ingest import unreachable
from monitoring.ingest.group_commit import is_outage
from monitoring.ingest.outcomes import Status
from monitoring.kernel.outages import outages
from monitoring.kernel.runtime import part
from monitoring.models import Measurement, Refusal, Series, SetAsideReading, Tag
from monitoring.spool.replay import retry
from monitoring.storage.archiving import moving
from tests.archive.plant import DAY, NOW, TAG, archive, hourly, reading, root_of_archive, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def fast(monkeypatch) -> None:
    """No pauses, and no waiting for other processes."""
    monkeypatch.setattr(moving, "PAUSE_S", 0)
    monkeypatch.setattr(presence, "ANNOUNCED_S", 0)


@pytest.fixture
def away(fast):
    """An archive whose files can't be reached any more, and nothing decoded in memory."""
    send(hourly(7))
    archive(2)
    take_away()


def take_away() -> None:
    root = root_of_archive()
    root.rename(root.with_name("elsewhere"))
    part(Decoded).forget()


def bring_back() -> None:
    root = root_of_archive()
    root.with_name("elsewhere").rename(root)
    read_outage().end()


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


def test_a_late_reading_is_set_aside_and_stored_when_the_archive_is_back(away, client: Client) -> None:
    sent = reading((NOW - 5 * DAY).replace(second=3))
    answer = client.post("/ingest", sent, content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"status": "queued_for_retry"})
    answer = client.post("/ingest/batch", [sent, reading(NOW)], content_type="application/json")
    assert answer.status_code == 202
    assert [one["status"] for one in answer.json()["results"]] == ["queued_for_retry", "success"]
    row = SetAsideReading.objects.get()
    assert (row.reading, "can't be read now" in row.message) == (sent, True)
    assert not Refusal.objects.exists()
    assert outages().storing.since is None
    bring_back()
    assert retry(row).status is Status.STORED
    assert not SetAsideReading.objects.exists()


def test_a_slow_tag_is_stored_as_always(fast) -> None:
    send([reading(NOW - number * DAY / 4) for number in range(160, 0, -1)])
    archive(2)
    take_away()
    assert Measurement.objects.count() == 52  # of whole days, the newest 50
    Series.objects.update(recent_values=None)
    assert [one.status for one in send([reading(NOW)])] == [Status.STORED]


def test_of_readings_just_after_archived_time_only_those_with_archived_history_are_kept_out(away) -> None:
    until = Series.objects.get(tag__name=TAG).archived_until
    second = timedelta(seconds=1)
    early, late = reading(until + second), reading(until + timedelta(hours=25, seconds=1))
    assert [one.reason for one in send([early, late, reading(NOW)])] == ["archive_away", None, None]
    bring_back()
    assert [one.status for one in send([early])] == [Status.STORED]


def test_soon_after_a_failure_the_archive_is_not_tried_again(away, monkeypatch) -> None:
    tried: list[str] = []
    real = Directory.open_read
    monkeypatch.setattr(Directory, "open_read", lambda self, path: tried.append(path) or real(self, path))
    for second in range(3):
        send([reading(NOW - 5 * DAY + timedelta(seconds=second + 1))])
    assert len(tried) == 1
    monkeypatch.setattr(unreachable, "RETRY_S", 0)
    root = root_of_archive()
    root.with_name("elsewhere").rename(root)
    send([reading(NOW - 5 * DAY + timedelta(seconds=9))])
    assert read_outage().since is None


def test_an_error_of_the_archive_is_none_of_the_database(away, admin_client: Client, monkeypatch) -> None:
    error = ArchiveError("away")
    assert not is_outage(error)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("monitoring.admin.measurements.MeasurementAdmin.changelist_view", fail)
    answer = admin_client.get("/admin/monitoring/measurement/")
    assert (answer.status_code, b"archive can" in answer.content) == (503, True)
    assert outages().database.since is None


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
