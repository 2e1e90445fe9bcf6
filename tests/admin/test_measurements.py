"""Measurements in the admin: found quickly, and never touched."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.admin import browsed
from monitoring.admin.measurements import MeasurementAdmin
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, Tag

LIST = "/admin/monitoring/measurement/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def measurements() -> None:
    ingest_readings(
        [
            {"timestamp": "2026-01-30T12:00:00.250", "tag": "fermenter_temp", "value": 37.25},
            {"timestamp": "2026-01-31T12:00:01", "tag": "fermenter_temp", "value": 46.5},
            {"timestamp": "2026-01-31T12:00:02", "tag": "fermenter_ph", "value": 7.125},
        ]
    )


def listed(client: Client, query: str = "") -> list[float]:
    """The values on the list's first page, as they stand."""
    page = client.get(f"{LIST}?{query}")
    assert page.status_code == 200
    return [row.value for row in page.context["cl"].result_list]


def test_the_newest_comes_first_with_time_tag_value_and_anomaly(admin_client: Client) -> None:
    assert listed(admin_client) == [7.125, 46.5, 37.25]
    page = admin_client.get(LIST).content.decode()
    for shown in ("2026-01-30 12:00:00.250000", "fermenter_temp", "46.5", "▲ anomaly"):
        assert shown in page


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("tag__id__exact={temp}", [46.5, 37.25]),
        ("is_anomaly__exact=1", [46.5]),
        ("is_anomaly__exact=0&tag__id__exact={temp}", [37.25]),
        ("timestamp__year=2026&timestamp__month=1&timestamp__day=30", [37.25]),
        ("q=ph", [7.125]),
        ("q=2026-01-31", [7.125, 46.5]),
    ],
)
def test_filters_search_and_dates_narrow_it_down(admin_client: Client, query: str, values: list) -> None:
    temp = Tag.objects.get(name="fermenter_temp").pk
    assert listed(admin_client, query.format(temp=temp)) == values


def test_of_too_many_tags_the_first_and_the_chosen_one_are_offered(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsed, "MOST_TAGS_TO_CHOOSE", 1)
    temp, ph = (Tag.objects.get(name=name).pk for name in ("fermenter_temp", "fermenter_ph"))
    offered = admin_client.get(f"{LIST}?tag__id__exact={temp}").content.decode()
    assert f"tag__id__exact={temp}" in offered
    assert f"tag__id__exact={ph}" not in offered


def test_the_date_hierarchy_offers_the_days_that_there_are(admin_client: Client) -> None:
    page = admin_client.get(f"{LIST}?timestamp__year=2026&timestamp__month=1").content.decode()
    assert set(re.findall(r">\s*(01-\d\d)\s*<", page)) == {"01-30", "01-31"}


def test_one_measurement_shows_why_it_is_an_anomaly(admin_client: Client) -> None:
    anomaly = Measurement.objects.get(is_anomaly=True)
    assert "above the limit" in admin_client.get(f"{LIST}{anomaly.pk}/change/").content.decode()


@pytest.mark.parametrize("action", ["add/", "{pk}/delete/"])
def test_nobody_adds_or_deletes(admin_client: Client, action: str) -> None:
    pk = Measurement.objects.latest("id").pk
    assert admin_client.post(LIST + action.format(pk=pk), {"post": "yes"}).status_code == 403
    assert Measurement.objects.count() == 3


def test_nobody_edits(admin_client: Client) -> None:
    row = Measurement.objects.latest("id")
    assert admin_client.post(f"{LIST}{row.pk}/change/", {"value": "1"}).status_code == 403
    row.refresh_from_db()
    assert row.value == 7.125


def test_the_list_counts_and_reads_no_more_than_it_shows(admin_client: Client, monkeypatch) -> None:
    monkeypatch.setattr(MeasurementAdmin, "list_per_page", 2)
    with CaptureQueriesContext(connection) as queries:
        assert listed(admin_client) == [7.125, 46.5]
    statements = [query["sql"] for query in queries if 'FROM "measurements"' in query["sql"]]
    assert statements
    assert all("LIMIT" in sql or "MIN(" in sql or "MAX(" in sql for sql in statements)
    assert not any("MIN(" in sql and "MAX(" in sql for sql in statements)


def test_who_runs_the_simulator_can_be_looked_up(admin_client: Client) -> None:
    assert admin_client.get("/admin/monitoring/lease/").status_code == 200


def test_no_link_offers_to_count_the_whole_table(admin_client: Client) -> None:
    assert "_facets" not in admin_client.get(LIST).content.decode()
