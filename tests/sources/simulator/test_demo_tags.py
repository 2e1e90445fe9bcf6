"""Demonstration tags: simulated data says so, and tags without real data leave with the simulator."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Lease, Tag
from monitoring.sources.simulator.demo_tags import unused_vessels
from monitoring.sources.simulator.demo_vessel.making import make_once

NOW = datetime.now(UTC).replace(microsecond=0)
WALL = "/dashboard?kiosk=1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def simulated() -> None:
    """Measurements of the simulator up to now."""
    ingest_readings([reading(NOW - timedelta(seconds=age)) for age in range(3)], source="simulator")
    Lease.objects.update_or_create(
        source="simulator", defaults={"owner": "w", "renewed_at": NOW, "written_until": NOW}
    )


def reading(moment: datetime, tag: str = "fermenter_temp") -> dict[str, Any]:
    return {"timestamp": moment.isoformat(), "tag": tag, "value": {"fermenter_temp": 37.0}.get(tag, 7.0)}


def cards(client: Client, path: str) -> set[str]:
    page = client.get(path).content.decode()
    return {
        name for name in ("fermenter_temp", "fermenter_ph", "agitator_rpm") if f'data-tag="{name}"' in page
    }


@pytest.mark.parametrize("path", ["/dashboard", WALL])
def test_simulated_data_says_so(client: Client, path: str) -> None:
    assert "<strong>Simulated data</strong>. No sensor" in client.get(path).content.decode()
    Tag.objects.create(name="F1_temp", valid_min=0, valid_max=9)
    page = client.get(path).content.decode()
    assert "<strong>Simulated data</strong> of fermenter_temp, fermenter_ph, agitator_rpm" in page


@pytest.mark.parametrize("path", ["/dashboard", WALL])
def test_without_the_simulator_its_tags_leave_and_come_back_with_real_data(
    client: Client, settings: Settings, simulated: None, path: str
) -> None:
    assert len(cards(client, path)) == 3
    settings.FERMON_SIMULATOR = False
    assert cards(client, path) == set()
    assert "Simulated data" not in client.get(path).content.decode()
    assert "fermenter_temp" in client.get("/tags").json()["tags"]
    ingest_readings([reading(NOW + timedelta(seconds=9))], source="10.0.0.7")
    assert cards(client, path) == {"fermenter_temp"}


def test_real_data_of_before_the_simulator_stays_on_the_page(
    client: Client, settings: Settings, simulated: None
) -> None:
    settings.FERMON_SIMULATOR = False
    ingest_readings([reading(NOW - timedelta(days=9, microseconds=1), "fermenter_ph")], source="10.0.0.7")
    assert cards(client, "/dashboard") == {"fermenter_ph"}


def test_a_page_is_told_of_tags_that_come_back(client: Client, settings: Settings, simulated: None) -> None:
    settings.FERMON_SIMULATOR = False
    before = client.get("/health").json()["definitions"]
    ingest_readings([reading(NOW + timedelta(seconds=9))], source="10.0.0.7")
    assert definitions_soon(lambda: client.get("/health").json()["definitions"], before) != before


def definitions_soon(read: Callable[[], str], before: str) -> str:
    """The definitions once they differ: after a second at most, on a machine of its own."""
    end = datetime.now(UTC) + timedelta(seconds=30)
    while (found := read()) == before and datetime.now(UTC) < end:
        pass
    return found


def test_files_say_that_they_may_have_simulated_data(client: Client, simulated: None) -> None:
    def name(query: str) -> str:
        return str(client.get(f"/export?{query}").headers["Content-Disposition"])

    later = (NOW + timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
    Tag.objects.create(name="F1_temp", valid_min=0, valid_max=9)
    assert "fermon-simulated-fermenter_temp-" in name("tag=fermenter_temp")
    assert "fermon-partly-simulated-all-" in name("")
    assert "fermon-partly-simulated-2-tags-" in name("tag=fermenter_temp&tag=F1_temp")
    assert "fermon-F1_temp-" in name("tag=F1_temp")
    assert "fermon-fermenter_temp-" in name(f"tag=fermenter_temp&from={later}")


def test_the_vessel_stands_for_its_tags_and_leaves_with_its_own_switch(
    client: Client, settings: Settings, simulated: None
) -> None:
    make_once()
    Tag.objects.create(name="F1_temp", valid_min=0, valid_max=9)
    names = "fermenter_temp, fermenter_ph, agitator_rpm, demo-1"
    assert f"<strong>Simulated data</strong> of {names}." in client.get("/dashboard").content.decode()
    settings.FERMON_DEMO_VESSEL = False
    page = client.get("/dashboard").content.decode()
    assert 'data-tag="demo1.ph"' not in page
    assert 'data-tag="fermenter_ph"' in page


def test_the_demo_vessel_comes_after_the_other_tags(client: Client, simulated: None) -> None:
    make_once()
    page = client.get("/dashboard").content.decode()
    assert re.findall(r'class="group" data-group="([^"]*)"', page) == ["", "demo-1"]
    Tag.objects.create(name="F1_temp", group="F1", valid_min=0, valid_max=9)
    page = client.get("/dashboard").content.decode()
    assert set(re.findall(r'class="group" data-group="([^"]*)"', page)) == {"F1", "demo-1", "Other"}


def wall(client: Client) -> str:
    return client.get("/vessels", headers={"Accept": "text/html"}).content.decode()


def test_a_vessel_without_real_data_leaves_with_its_tags(
    client: Client, settings: Settings, simulated: None
) -> None:
    make_once()
    assert unused_vessels() == set()
    assert "Demo vessel" in wall(client)
    settings.FERMON_SIMULATOR = False
    assert unused_vessels() == {"demo-1"}
    assert "Demo vessel" not in wall(client)
    ingest_readings([reading(NOW + timedelta(seconds=9), "demo1.ph")], source="10.0.0.7")
    assert unused_vessels() == set()


def test_the_demo_vessel_takes_no_chart_from_the_other_tags(client: Client, simulated: None) -> None:
    make_once()
    assert 'data-layout="all"' in client.get("/dashboard").content.decode()
    assert 'data-layout="stack"' in client.get("/dashboard?group=demo-1").content.decode()
