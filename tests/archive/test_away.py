"""While the archive is away, reads of archived time say so, and other reads answer."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.forms import BaseModelForm, model_to_dict, modelform_factory
from django.test import Client

from monitoring.admin.tag_form import TagForm
from monitoring.alarms.evaluator import Evaluator
from monitoring.alarms.loading import load
from monitoring.archive import presence
from monitoring.archive.manifest import superseded_files
from monitoring.archive.outage import read_outage
from monitoring.archive.place import ArchiveError, Directory
from monitoring.archive.reading import Decoded
from monitoring.ingest import unreachable
from monitoring.ingest.group_commit import is_outage
from monitoring.ingest.outcomes import Status
from monitoring.kernel.clock import to_micros
from monitoring.kernel.outages import outages
from monitoring.kernel.runtime import part
from monitoring.models import AlarmDefinition, Lease, Measurement, Refusal, Series, SetAsideReading, Tag
from monitoring.spool.replay import retry
from monitoring.storage import retention
from monitoring.storage.archiving import moving, running
from monitoring.storage.retention import apply_retention
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
    assert Measurement.objects.count() == 50
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

    def open_read(self: Directory, path: str) -> object:
        tried.append(path)
        return real(self, path)

    monkeypatch.setattr(Directory, "open_read", open_read)
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

    monkeypatch.setattr("monitoring.admin.measurements.MeasurementAdmin.get_queryset", fail)
    answer = admin_client.get("/admin/monitoring/measurement/")
    assert (answer.status_code, b"archive can" in answer.content) == (503, True)
    assert outages().database.since is None


def test_the_start_page_shows_what_the_database_has(away, client: Client, caplog) -> None:
    for _ in range(2):
        answer = client.get("/dashboard")
        assert b"Older ones are in the archive, which can't be read now." in answer.content
        assert len(answer.context["page"].anomalies) == len(anomalies_stored()) > 0
    assert [record.message for record in caplog.records if "archive can" in record.message] == [
        "archive can't be read"
    ]
    bring_back()
    assert len(client.get("/dashboard").context["page"].anomalies) > len(anomalies_stored())


def anomalies_stored() -> list[Measurement]:
    return list(Measurement.objects.filter(is_anomaly=True))


def test_alarms_watch_without_the_archived_past(fast) -> None:
    tag = Tag.objects.get(name=TAG)
    AlarmDefinition.objects.create(tag=tag, kind="ROC+", setpoint=6.0, window_s=5 * 86_400)
    alarms = Evaluator(dict)
    while alarms.step(NOW):
        pass
    alarms.leave()
    send(hourly(7))
    Lease.objects.all().delete()  # as if the alarms had seen all
    archive(2)
    take_away()
    newest = Measurement.objects.order_by("id").last()
    loaded = load([tag], position=newest.pk, latest_us=to_micros(NOW))
    (window,) = [alarm.window for alarm in loaded.alarms.values() if alarm.window is not None]
    assert len(window._values) == Measurement.objects.count()


def test_one_file_stops_neither_the_retention_of_other_tags_nor_other_files(away, monkeypatch) -> None:
    monkeypatch.setattr(retention, "PAUSE_S", 0)
    send([reading(NOW - number * DAY / 4, 7.0, "fermenter_ph") for number in range(28, 0, -1)])
    Tag.objects.update(retention_days=4, anomaly_retention_days=None)
    assert apply_retention(now=NOW) > 0
    assert Series.objects.get(tag__name="fermenter_ph").raw_from == NOW.replace(hour=0) - 4 * DAY
    bring_back()
    apply_retention(now=NOW)
    old = [file.path for file in superseded_files(datetime.now(UTC) + DAY)]
    real = Directory.retire
    done: list[str] = []

    def retire(self: Directory, path: str) -> None:
        if path == old[0]:
            raise PermissionError(path)
        done.append(path)
        real(self, path)

    monkeypatch.setattr(Directory, "retire", retire)
    running.delete_superseded(datetime.now(UTC) + DAY)
    assert done == old[1:] != []


def test_nothing_moves_to_another_place(fast, settings, tmp_path) -> None:
    send(hourly(7))
    archive(4)
    stored = Measurement.objects.count()
    settings.FERMON_ARCHIVE_URL = str(tmp_path / "not mounted")
    with pytest.raises(ArchiveError, match="is not the archive that the list names"):
        archive(2)
    assert Measurement.objects.count() == stored
    assert not (tmp_path / "not mounted").exists()


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
