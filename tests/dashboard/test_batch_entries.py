"""The forms of samples and notes of a batch, as a browser without scripts uses them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.batches.lifecycle import NewBatch, end_batch, plan_batch, start_batch
from monitoring.batches.sampling import (
    NewResult,
    add_sample,
    correct_result,
    current_results,
    withdraw_sample,
)
from monitoring.dashboard.quick_times import quick_times
from monitoring.dashboard.sample_rows import note_rows, sample_rows
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Note, Sample, Vessel
from tests.dashboard import test_alarm_pages

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 2, 3, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "login")
NOW = "2026-03-02T03:07:00Z"


@pytest.fixture(autouse=True)
def batch(time_machine: TimeMachineFixture) -> Batch:
    """A batch that was started three hours ago."""
    time_machine.move_to(NIGHT, tick=False)
    Vessel.objects.create(name="v1", title="Vessel 1", made_at=NIGHT)
    return start_batch(NewBatch("v1", "b1", start=NIGHT - 3 * HOUR), actor=ANN)


def text_of(page: str) -> str:
    """Return the words of a page, or of a part of one."""
    return unescape(test_alarm_pages.text_of(page if "<body>" in page else f"<body>{page}"))


def html(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content
    found: str = answer.content.decode()
    return found


def values(batch: Batch) -> list[tuple[str, float, str]]:
    return [(result.analyte, result.value, result.unit) for result in current_results(batch)]


def save(client: Client, batch: Batch, **fields: Any) -> Any:
    return client.post(f"/batches/{batch.pk}/sample", {"when": NOW, "opened": NOW, **fields})


def test_a_sample_is_two_numbers_and_save(client: Client, batch: Batch) -> None:
    page = html(client.get(f"/batches/{batch.pk}/sample"))
    assert "Sample 1 of Vessel 1" in text_of(page)
    assert re.findall(r'name="when" value="([^"]+)"( checked)?', page) == [
        (NOW, " checked"),
        ("2026-03-02T03:02:00Z", ""),
        ("2026-03-02T02:57:00Z", ""),
        ("2026-03-02T02:37:00Z", ""),
    ]
    assert re.findall(r'name="(value_\w+)"[^>]*inputmode="decimal"', page)[:2] == [
        "value_od600",
        "value_glucose",
    ]
    answer = save(client, batch, value_od600="12,5", value_glucose=" 4.25 ", name="Anna")
    assert answer["Location"] == f"/batches/{batch.pk}/sample?saved=1"
    assert values(batch) == [("od600", 12.5, ""), ("glucose", 4.25, "g/L")]
    sample = Sample.objects.get()
    assert (sample.taken_at, sample.entered_by) == (NIGHT, "Anna (unverified)")
    after = text_of(html(client.get(answer["Location"])))
    assert "Sample 1 saved , 03:07:00 UTC , OD600 12.5, Glucose 4.25 g/L." in after
    assert "Back to the batch" in after
    assert "Sample 2 of Vessel 1" in after


def test_the_analytes_of_the_last_sample_come_first(client: Client, batch: Batch) -> None:
    results = [NewResult("igg_titer", 1.5, "mg/L"), NewResult("acetate", 0.5)]
    add_sample(batch.pk, taken_at=NIGHT - HOUR, results=results, actor=ANN)
    page = html(client.get(f"/batches/{batch.pk}/sample"))
    assert re.findall(r'name="value_(\w+)"', page)[:3] == ["igg_titer", "acetate", "od600"]
    assert save(client, batch, value_igg_titer="2", unit_igg_titer="mg/L").status_code == 302
    assert values(batch)[-1] == ("igg_titer", 2.0, "mg/L")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"value_od600": "12.5.1"}, "Expected a number, as 12.5 or 12,5, got '12.5.1'."),
        ({"value_od600": "nan"}, "Expected a number, as 12.5 or 12,5, got 'nan'."),
        ({"value_od600": "1e999"}, "Expected a finite number."),
        ({"value_od600": "1200"}, "Expected OD600 from 0 to 300, got 1200."),
        (
            {"value_od600": "1", "at": "2026-03-01T03:07"},
            "Expected a time of the batch: from ",
        ),
        ({"value_od600": "1", "at": "yesterday"}, "Expected a time as 2026-01-31T12:30."),
        ({"value_od600": "1", "when": ""}, "Choose the time, or enter another one."),
        ({"other_name": "Lactate"}, "Enter the value."),
        ({"other_value": "3"}, "Name the analyte"),
        ({"other_name": "Lactate", "other_value": "900"}, "Expected Lactate from 0 to 200 g/L, got 900."),
        ({"other_name": "Lactate", "other_value": "x"}, "Expected a number"),
        (
            {"other_name": "Lactate", "other_value": "3", "other_unit": "mM"},
            "Expected Lactate in g/L, got 'mM'",
        ),
    ],
)
def test_an_error_stands_beside_its_field_and_the_entry_stays(
    client: Client, batch: Batch, fields: dict[str, str], error: str
) -> None:
    page = html(save(client, batch, **{"value_glucose": "4,2", "comment": "foam", **fields}), 400)
    assert error in text_of(page)
    assert re.search(r'name="value_glucose" value="4,2"', page)
    assert re.search(r'name="comment" value="foam"', page)
    for name, value in fields.items():
        assert name in ("when", "at") or re.search(rf'name="{name}" value="{re.escape(value)}"', page)
    assert not Sample.objects.exists()


def test_a_free_analyte_is_found_by_its_title_or_named_anew(client: Client, batch: Batch) -> None:
    save(client, batch, other_name="Dry weight", other_value="3,1")
    save(client, batch, other_name="IgG titer", other_value="80", other_unit="mg/L")
    assert values(batch) == [("dry_weight", 3.1, "g/L"), ("igg_titer", 80.0, "mg/L")]


def test_another_time_wins_over_the_quick_ones(client: Client, batch: Batch) -> None:
    assert save(client, batch, at="2026-03-02T01:30:15").status_code == 302
    assert Sample.objects.get().taken_at == datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC)


def test_a_double_tap_is_one_sample_and_one_note(client: Client, batch: Batch) -> None:
    first, second = (save(client, batch, value_od600="12")["Location"] for _ in range(2))
    assert first == second
    for _ in range(2):
        client.post(f"/batches/{batch.pk}/note", {"when": NOW, "text": "Foam.", "kind": "deviation"})
    assert (Sample.objects.count(), Note.objects.count()) == (1, 1)


def test_a_page_that_was_open_for_an_hour_asks_whether_the_time_is_meant(
    client: Client, batch: Batch
) -> None:
    before = {"when": "2026-03-02T02:07:00Z", "opened": "2026-03-02T02:07:00Z", "value_od600": "12"}
    page = html(save(client, batch, **before), 400)
    assert "open for a while" in text_of(page)
    assert f'name="opened" value="{NOW}"' in page
    assert re.findall(r'name="when" value="([^"]+)"( checked)?', page)[0] == (before["when"], " checked")
    assert save(client, batch, **{**before, "opened": NOW}).status_code == 302


def test_no_quick_time_lies_before_the_start() -> None:
    started = Batch(start=NIGHT - timedelta(minutes=7, microseconds=1))
    assert [each.label for each in quick_times(started, NIGHT)] == ["now", "5 min ago"]
    just_now = Batch(start=NIGHT + timedelta(milliseconds=500))
    (only,) = quick_times(just_now, NIGHT)
    assert only.value == "2026-03-02T03:07:00.500000Z"


def test_after_the_end_a_sample_has_the_time_of_the_end_at_first(client: Client, batch: Batch) -> None:
    end_batch(batch.pk, at=NIGHT - HOUR, actor=ANN)
    page = html(client.get(f"/batches/{batch.pk}/sample"))
    assert 'name="when"' not in page
    assert 'name="at" value="2026-03-02T02:07:00"' in page


def test_a_batch_that_has_not_started_takes_no_sample(client: Client, batch: Batch) -> None:
    planned = plan_batch(NewBatch("v1", "b2"), actor=ANN)
    assert "is planned: start it first" in text_of(html(client.get(f"/batches/{planned.pk}/sample")))
    assert "start the batch first" in text_of(html(save(client, planned, value_od600="1"), 400))
    assert client.get("/batches/999/sample").status_code == 404


def test_results_are_added_corrected_and_the_sample_withdrawn(client: Client, batch: Batch) -> None:
    sample = add_sample(batch.pk, taken_at=NIGHT, results=[NewResult("od600", 12)], actor=ANN)
    path, pk = f"/batches/{batch.pk}/sample/1", sample.results.get().pk
    wrong = html(client.post(path, {"act": "correct", "result": pk, "value": "12OO"}), 400)
    assert 'value="12OO"' in wrong
    done = client.post(path, {"act": "correct", "result": pk, "value": "11,5", "reason": "typing error"})
    assert "Corrected." in text_of(html(client.get(done["Location"])))
    client.post(path, {"act": "results", "value_glucose": "4"})
    assert values(batch) == [("od600", 11.5, ""), ("glucose", 4.0, "g/L")]
    text = text_of(html(client.get(path)))
    assert re.search(r"11.5 by somebody at 127.0.0.1, .*, because: typing error 12 by ann", text)
    assert "Expected at least one result" in text_of(html(client.post(path, {"act": "results"}), 400))
    assert client.post(path, {"act": "withdraw", "reason": ""}).status_code == 400
    assert client.post(path, {"act": "withdraw", "reason": "wrong vessel"}).status_code == 302
    page = html(client.get(path))
    assert "Withdrawn by somebody at 127.0.0.1: wrong vessel" in text_of(page)
    assert "<form" not in page[page.index("<main") :]
    assert client.post(path, {"act": "burn"}).status_code == 404
    assert client.get(f"/batches/{batch.pk}/sample/9").status_code == 404


def test_a_note_has_kind_time_and_text(client: Client, batch: Batch) -> None:
    path = f"/batches/{batch.pk}/note"
    page = html(client.get(path))
    assert re.findall(r'name="kind" value="(\w+)"( checked)?', page)[0] == ("note", " checked")
    empty = html(client.post(path, {"when": NOW, "opened": NOW, "text": " ", "kind": "calibration"}), 400)
    assert "Write what is to be known." in text_of(empty)
    assert 'value="calibration" checked' in empty
    answer = client.post(path, {"when": NOW, "opened": NOW, "text": "pH probe", "kind": "calibration"})
    note = Note.objects.get()
    assert (note.batch, note.vessel, note.kind, note.start) == (batch, batch.vessel, "calibration", NIGHT)
    assert "Note saved , 03:07:00 UTC : pH probe" in text_of(html(client.get(answer["Location"])))


def test_operators_enter_under_their_own_name(
    client: Client, batch: Batch, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account("viewer"))
    assert save(client, batch).status_code == 403
    operator = account("operator")
    client.force_login(operator)
    assert 'id="name"' not in html(client.get(f"/batches/{batch.pk}/sample"))
    save(client, batch, value_od600="12", name="somebody else")
    assert Sample.objects.get().entered_by == str(operator)


def test_a_form_of_another_page_is_refused(batch: Batch) -> None:
    assert save(Client(enforce_csrf_checks=True), batch, value_od600="12").status_code == 403


def test_the_lists_of_a_batch_show_what_was_corrected_and_withdrawn(client: Client, batch: Batch) -> None:
    sample = add_sample(batch.pk, taken_at=NIGHT - HOUR, results=[NewResult("glucose", 12)], actor=ANN)
    correct_result(batch.pk, 1, sample.results.get().pk, 11, actor=Actor("bob", "login"))
    add_sample(batch.pk, taken_at=NIGHT, results=[], actor=ANN, comment="cloudy")
    withdraw_sample(batch.pk, 2, actor=ANN, reason="wrong vessel")
    rows = {"batch": batch, "samples": sample_rows(batch, NIGHT), "may_conduct": True}
    text = text_of(render_to_string("batches/_samples.html", rows))
    assert re.search(r"1 2 h 02:07:00 UTC Change .*Glucose 11 g/L corrected .*11 by bob, .* 12 by ann", text)
    assert re.search(r"2 3 h 03:07:00 UTC withdrawn no result yet cloudy ann; withdrawn by ann: wrong", text)
    client.post(f"/batches/{batch.pk}/note", {"when": NOW, "text": "Foam.", "kind": "deviation"})
    notes = {"batch": batch, "notes": note_rows(batch, NIGHT)}
    assert re.search(
        r"3 h 03:07:00 UTC deviation Foam. somebody",
        text_of(render_to_string("batches/_notes.html", notes)),
    )
    listed = text_of(html(client.get("/notes?search=foam&kind=deviation", headers={"accept": "text/html"})))
    assert "Vessel 1, batch b1 deviation Foam." in listed
    other = {"vessel": "v1", "batch": str(batch.pk), "kind": "note"}
    assert "No note." in text_of(html(client.get("/notes", other, headers={"accept": "text/html"})))
    ignored = {"vessel": "none", "batch": "x", "kind": "y", "search": "\0"}
    assert "Foam." in text_of(html(client.get("/notes", ignored, headers={"accept": "text/html"})))


def test_a_unit_that_no_database_can_hold_is_cut(client: Client, batch: Batch) -> None:
    sent = {"value_titer": "1", "unit_titer": "m\0g/L" + "x" * 40, "value_od600": "2"}
    assert save(client, batch, **sent).status_code == 302
    assert ("titer", 1.0, "mg/L" + "x" * 16) in values(batch)
