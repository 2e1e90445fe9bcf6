"""The report of a batch as a page: sections, charts without script, times in a zone."""

import re

import pytest
from django.test import Client

from monitoring.models import Batch, BatchState, Sample
from tests.dashboard.test_alarm_pages import BROWSER, page, text_of
from tests.reported import NOON, PH, SETPOINT, TEMP, correct, fill, make_batch, store

pytestmark = pytest.mark.django_db
PATH = re.compile(r'<path class="(\w+)" d="([^"]*)"/>')


@pytest.fixture
def batch() -> Batch:
    """A batch with records of each kind, and a corrected result."""
    made = make_batch()
    correct(fill(made), 1.75)
    return made


def section(html: str, name: str) -> str:
    """The text of a section."""
    return text_of(f"<body>{html.split(f' id={chr(34)}{name}{chr(34)}>')[1].split('</section>')[0]}")


def test_each_section_says_what_was(client: Client, batch: Batch) -> None:
    html = page(client, f"/batches/{batch.pk}/report")
    text = text_of(html)
    assert "Vessel 1 (vessel-b1)" in text
    assert "Inoculum flask 7 State of the art State complete" in text
    assert "Inoculated 2024-01-31 12:30:00, by rule" in text
    phases = section(html, "phases")
    assert "growth 2024-01-31 12:30:00 2024-01-31 14:00:00 0.00 1 h 30 min ann, by a person" in phases
    assert "300 rpm in force at the start" in section(html, "setpoints")
    assert "2024-01-31 12:45:15 0.25 300 400 rpm" in section(html, "setpoints")
    assert "was 1.5 (ann, 2024-01-31 12:00:00), corrected: typing error" in section(html, "samples")
    assert "fermenter_temp High high 2024-01-31 13:40:00 lasts 46" in section(html, "alarms")
    assert "bob, 2024-01-31 13:41:00" in section(html, "alarms")
    assert "fermenter_temp 2024-01-31 13:40:00 1.17 lasts Spike" in section(html, "events")
    assert "5 mL antifoam" in section(html, "notes")
    assert "fermenter_temp 15 min 15 min" in section(html, "coverage")
    assert "bad Bad" in section(html, "quality")
    assert "probe not in ann" in section(html, "exclusions")
    assert re.search("SHA-256 of the content: [0-9a-f]{64} .", text)


def test_the_page_and_the_api_have_the_same_hash(client: Client, batch: Batch) -> None:
    answer = client.get(f"/batches/{batch.pk}/report", headers={"accept": "application/json"}).json()
    assert answer["sha256"] in page(client, f"/batches/{batch.pk}/report")


def test_charts_are_drawn_by_the_server(client: Client, batch: Batch) -> None:
    html = page(client, f"/batches/{batch.pk}/report")
    temp, ph, od = html.split('<svg class="report-chart"')[1:]
    paths = dict(PATH.findall(temp))
    assert {"band", "mean", "setpoint", "limit", "sample", "phase", "frame"} >= set(paths) - {"grid"}
    assert paths["mean"].count("M") == paths["band"].count("M") == 2  # one gap
    assert "setpoint" not in dict(PATH.findall(ph))
    assert od.count('<circle class="dot"') == 1
    assert f"<h3>{SETPOINT}" not in html
    assert "style=" not in html.split("<article")[1]
    assert "nan" not in html.lower().split("<article")[1]


def test_times_are_in_the_zone_of_the_address(client: Client, batch: Batch) -> None:
    html = page(client, f"/batches/{batch.pk}/report?zone=Europe/Berlin")
    assert "Started 2024-01-31 13:00:00, ann" in text_of(html)
    assert "Times: Europe/Berlin." in html
    assert "Times: UTC." in page(client, f"/batches/{batch.pk}/report?zone=Mars")


def test_a_batch_without_anything_has_a_document(client: Client) -> None:
    batch = make_batch("b3", state=BatchState.RUNNING, end=None)
    store(TEMP, {1: 37.0})
    store(PH, dict.fromkeys((1, 2), 7.0))
    Sample.objects.create(
        batch=batch,
        number=1,
        taken_at=NOON,
        entered_at=NOON,
        entered_by="ann",
        withdrawn_at=NOON,
        withdrawn_by="ann",
        reason="spilt",
    )
    html = page(client, f"/batches/{batch.pk}/report")
    assert "Provisional: the batch is running." in html
    assert "withdrawn by ann, 2024-01-31 12:00:00: spilt" in text_of(html)
    assert section(html, "events") == "Events None."


def test_what_has_no_report_is_not_found(client: Client) -> None:
    planned = make_batch(state=BatchState.PLANNED, start=None, end=None, inoculated_at=None)
    for pk in (planned.pk, 999):
        assert client.get(f"/batches/{pk}/report", headers=BROWSER).status_code == 404
