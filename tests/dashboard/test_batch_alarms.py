"""The alarm of a vessel's batches: pages, API and report name the vessel, and lead to vessel and batch."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from monitoring.alarms.kpi_reading import read_kpis
from monitoring.alarms.state_machine import Act
from monitoring.batches.vessels import bind
from monitoring.kernel.actor import Actor
from monitoring.models import AlarmDefinition, Batch, Vessel
from tests.alarming import act, define, define_of_vessel
from tests.dashboard.test_alarm_pages import listed, page, text_of

pytestmark = pytest.mark.django_db
DETAILS = {"batch_name": "B-12", "sentence": "dissolved oxygen is 12 % higher than usual.", "deviation": 7}
VERDICT = "Only the DO probe says 23 % more."


@pytest.fixture
def vessel() -> Vessel:
    return Vessel.objects.create(name="f3", title="Fermenter 3", made_at=datetime.now(UTC))


@pytest.fixture
def batch(vessel: Vessel) -> Batch:
    start = datetime.now(UTC) - timedelta(hours=5)
    return Batch.objects.create(vessel=vessel, name="B-12", start=start, changed_at=start)


@pytest.fixture
def alarm(batch: Batch) -> AlarmDefinition:
    """An alarm that has been active for nine minutes."""
    definition = define_of_vessel(batch.vessel)
    since = datetime.now(UTC) - timedelta(minutes=9)
    details = {**DETAILS, "batch": batch.pk, "verdict": VERDICT}
    act(definition, Act.ACTIVE, at=since, value=1.84, by=Actor(), details=details)
    return definition


def test_the_list_says_vessel_batch_and_score(client: Client, alarm: AlarmDefinition, batch: Batch) -> None:
    html = page(client)
    assert listed(html) == ["Fermenter 3"]
    told = "Fermenter 3 Batch deviates, B-12: dissolved oxygen is 12 % higher than usual Batch B-12"
    assert told in text_of(html)
    assert "1.84 × limit" in text_of(html)
    assert f'href="/batches/{batch.pk}"' in html


def test_the_list_of_a_vessel_has_its_alarms_and_those_of_its_tags(
    client: Client, alarm: AlarmDefinition, vessel: Vessel
) -> None:
    other = Vessel.objects.create(name="f4", made_at=datetime.now(UTC))
    bind("f3", "fermenter_ph", "ph", actor=Actor("ann"))
    for definition in (define("fermenter_ph"), define("fermenter_temp"), define_of_vessel(other)):
        act(definition, Act.ACTIVE)
    assert set(listed(page(client, "/alarms?vessel=f3"))) == {"Fermenter 3", "fermenter_ph"}
    found = client.get("/alarms?vessel=f3").json()
    assert {(each["tag"], each["vessel"]) for each in found} == {(None, "f3"), ("fermenter_ph", None)}
    assert listed(page(client, "/alarms?group=Fermenter+3")) == ["Fermenter 3"]
    assert listed(page(client, "/alarms?group=f4")) == ["f4"]
    assert client.get("/alarms?vessel=unknown").json() == []


def test_the_page_of_the_alarm_leads_to_batch_and_vessel(
    client: Client, alarm: AlarmDefinition, batch: Batch
) -> None:
    html = page(client, f"/alarms/{alarm.pk}")
    told = text_of(html)
    assert "Fermenter 3: Batch deviates" in told
    assert f"Probe or process {VERDICT} Value 1.84 × limit If nobody acts The batch runs on" in told
    assert html.count(f'href="/batches/{batch.pk}"') == 2  # the batch, and that of the occurrence
    assert 'href="/vessels/f3"' in html
    assert 'data-note-about="f3"' in html
    assert "/alarms/advisor?" not in html


def test_the_journal_has_the_vessels_title(client: Client, alarm: AlarmDefinition) -> None:
    assert "Fermenter 3: Batch deviates" in text_of(page(client, "/alarms/journal"))
    (line,) = [each for each in client.get("/alarms/journal").json() if each["act"] == "active"]
    assert (line["tag"], line["group"], line["kind"]) == (None, "Fermenter 3", "BATCH")
    assert "Fermenter 3" in client.get("/alarms/journal?format=csv").getvalue().decode()


def test_the_api_names_vessel_and_unit(client: Client, alarm: AlarmDefinition, batch: Batch) -> None:
    (found,) = client.get("/alarms").json()
    assert (found["tag"], found["vessel"], found["group"]) == (None, "f3", "Fermenter 3")
    assert (found["title"], found["unit"], found["peak"]) == ("Batch deviates", "× limit", 1.84)
    assert found["details"]["batch"] == batch.pk
    definition = client.get(f"/alarm-definitions/{alarm.pk}").json()
    assert (definition["vessel"], definition["group"], definition["tag"]) == ("f3", "Fermenter 3", None)
    assert client.get("/alarms/advice?tag=fermenter_temp").status_code == 200


def test_key_figures_count_it_in_the_group_of_the_vessel(client: Client, alarm: AlarmDefinition) -> None:
    now = datetime.now(UTC)
    found = read_kpis(now - timedelta(days=1), now, ["Fermenter 3"], now=now)
    assert [(each["group"], each["tag"]) for each in found["top_10"]] == [("Fermenter 3", None)]
    assert "Fermenter 3: Batch deviates" in text_of(page(client, "/alarms/kpis"))


def test_tile_page_and_report_of_the_batch_have_the_alarm(
    client: Client, alarm: AlarmDefinition, batch: Batch
) -> None:
    assert "Fermenter 3: Batch deviates" in text_of(page(client, "/vessels"))
    assert "Batch deviates" in text_of(page(client, f"/batches/{batch.pk}"))
    (told,) = client.get(f"/batches/{batch.pk}/report").json()["report"]["alarms"]
    assert (told["tag"], told["kind"], told["peak"]) == (None, "BATCH", 1.84)
    assert "1.84 × limit" in text_of(page(client, f"/batches/{batch.pk}/report"))


def test_the_wall_strip_and_the_admin_name_the_vessel(admin_client: Client, alarm: AlarmDefinition) -> None:
    assert "Fermenter 3 Batch deviates" in text_of(page(admin_client, "/dashboard?kiosk=1"))
    for path in ("alarmdefinition", "alarmoccurrence", "alarmjournalentry", "alarmstate"):
        assert "Fermenter 3: Batch deviates" in page(admin_client, f"/admin/monitoring/{path}/")
    assert "BATCH" in page(admin_client, f"/admin/monitoring/alarmdefinition/{alarm.pk}/change/")
