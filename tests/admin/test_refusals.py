"""Refused readings and those set aside, in the admin."""

import pytest
from django.test import Client

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, SetAsideReading, Tag
from monitoring.spool.replay import replay

HOT = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 99.0}
ASIDE = "/admin/monitoring/setasidereading/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def set_aside(keep) -> SetAsideReading:
    keep(HOT)
    replay()
    return SetAsideReading.objects.get()


def act(client: Client, action: str, row: SetAsideReading, **more: str) -> str:
    choice = {"action": action, "_selected_action": str(row.pk), **more}
    return client.post(ASIDE, choice, follow=True).content.decode()


def test_refused_readings_are_listed_with_reason_and_source(admin_client: Client) -> None:
    ingest_readings([HOT], source="10.0.0.7")
    page = admin_client.get("/admin/monitoring/refusal/").content.decode()
    assert "99 is above fermenter_temp&#x27;s valid range" in page
    assert "10.0.0.7" in page
    assert "above the valid range" in admin_client.get("/admin/monitoring/refusalcount/").content.decode()


@pytest.mark.parametrize("model", ["refusal", "refusalcount", "setasidereading"])
def test_nobody_adds_to_them(admin_client: Client, model: str) -> None:
    assert admin_client.get(f"/admin/monitoring/{model}/add/").status_code == 403


def test_a_reading_set_aside_is_shown_with_its_reason(admin_client: Client, set_aside) -> None:
    page = admin_client.get(f"{ASIDE}{set_aside.pk}/change/").content.decode()
    assert "99.0" in page
    assert "above fermenter_temp" in page
    assert 'name="reading"' not in page


def test_it_is_stored_once_the_tag_allows_it(admin_client: Client, set_aside) -> None:
    assert "be stored still" in act(admin_client, "try_again", set_aside)
    Tag.objects.filter(name="fermenter_temp").update(valid_max=120)
    assert "1 stored" in act(admin_client, "try_again", set_aside)
    assert Measurement.objects.get().value == 99.0
    assert not SetAsideReading.objects.exists()


def test_it_can_be_dismissed_by_who_confirms_it(admin_client: Client, set_aside) -> None:
    assert "Are you sure" in act(admin_client, "delete_selected", set_aside)
    act(admin_client, "delete_selected", set_aside, post="yes")
    assert not SetAsideReading.objects.exists()
