"""Replaced values in the admin: shown, and nobody edits them."""

import pytest
from django.test import Client

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Replacement, Tag

LIST = "/admin/monitoring/replacement/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def replacement() -> Replacement:
    Tag.objects.filter(name="fermenter_temp").update(on_conflict="keep_last")
    moment = "2026-01-31T12:00:07.5Z"
    items = [{"timestamp": moment, "tag": "fermenter_temp", "value": value} for value in (36.25, 38.75)]
    ingest_readings(items, source="10.0.0.7")
    return Replacement.objects.get()


@pytest.mark.parametrize("query", ["", "?q=fermenter", "?q=2026-01-31T12:00", "?timestamp__year=2026"])
def test_old_and_new_value_are_listed_with_time_and_source(
    admin_client: Client, replacement: Replacement, query: str
) -> None:
    page = admin_client.get(LIST + query).content.decode()
    for shown in ("fermenter_temp", "2026-01-31 12:00:07.500000", "36.25", "38.75", "10.0.0.7"):
        assert shown in page


def test_nobody_adds_changes_or_deletes(admin_client: Client, replacement: Replacement) -> None:
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{replacement.pk}/change/", {"new_value": 1}).status_code == 403
    assert admin_client.post(f"{LIST}{replacement.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "36.25" in admin_client.get(f"{LIST}{replacement.pk}/change/").content.decode()
