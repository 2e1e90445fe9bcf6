"""The index of the admin: sections in order, one table of tokens; ISO times and reasons in words in lists."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from fermon_site.admin import SECTIONS
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement

pytestmark = pytest.mark.django_db

HOT = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 49.0}
TOO_HOT = HOT | {"value": 99.0}


def index(client: Client) -> str:
    page: str = client.get("/admin/").content.decode()
    return page[: page.index("recent-actions")]  # without the sidebar of recent actions


def test_monitoring_comes_first_and_internals_last(admin_client: Client) -> None:
    sections = re.findall(r"<caption>(.*?)</caption>", index(admin_client))
    assert sections == list(SECTIONS)


def test_tables_of_the_system_are_internals(admin_client: Client) -> None:
    page = index(admin_client)
    internals = page[page.index("<caption>Internals") :]
    for table in ("monitoring/lease", "monitoring/series", "monitoring/alarmstate", "django_q/schedule"):
        assert f'href="/admin/{table}/"' in internals


def test_there_is_one_table_of_tokens(admin_client: Client) -> None:
    assert index(admin_client).count(">Tokens</a>") == 1
    assert admin_client.get("/admin/authtoken/tokenproxy/").status_code == 404


def test_a_section_that_a_role_may_not_see_is_left_out(
    client: Client, account: Callable[[str], User]
) -> None:
    client.force_login(account("engineer"))
    sections = re.findall(r"<caption>(.*?)</caption>", index(client))
    assert "Monitoring" in sections
    assert "Access" not in sections


def test_times_are_iso_and_reasons_words(admin_client: Client) -> None:
    ingest_readings([TOO_HOT, HOT], source="10.0.0.7")
    page = admin_client.get("/admin/monitoring/refusal/").content.decode()
    assert re.search(r">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d</a>", page)
    assert '<td class="field-why">above the valid range</td>' in page
    measurement = Measurement.objects.get()
    page = admin_client.get(f"/admin/monitoring/measurement/{measurement.pk}/change/").content.decode()
    assert "above the limit" in page
    assert "above_limit" not in page


@pytest.mark.parametrize(("role", "has_link"), [("viewer", False), ("operator", False), ("engineer", True)])
def test_pages_link_to_the_admin_for_those_that_may_enter(
    client: Client, account: Callable[[str], User], role: str, has_link: bool
) -> None:
    client.force_login(account(role))
    page = client.get("/notes", headers={"accept": "text/html"}).content.decode()
    assert ('href="/admin/"' in page) == has_link
