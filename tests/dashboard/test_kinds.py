"""Kinds of tags on the page as the server makes it, before the scripts."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Source, SourceTag, Tag

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def page_of(client: Client) -> tuple[str, dict[str, Any]]:
    """The page, and the settings for its scripts."""
    html = client.get("/dashboard").content.decode()
    found = re.search(r'<script id="settings"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found
    return html, json.loads(found[1])


def value_of(html: str, tag: str) -> tuple[str, str]:
    """The value on the card of a tag, and the digits that the card keeps free."""
    card = html[html.index(f'data-tag="{tag}"') :]
    found = re.search(r'data-part="value" data-digits="([\d.]+)">([^<]*)<', card)
    assert found
    return found[2], found[1]


def test_a_card_has_the_name_of_the_state_with_room_for_the_longest(client: Client) -> None:
    states = {"0": "idle", "1": "fed-batch"}
    Tag.objects.create(name="phase", kind="discrete", states=states, valid_min=0, valid_max=9, upper_limit=5)
    for value, text in [(0, "idle"), (7, "7.00")]:
        second = NOW.replace(microsecond=value).isoformat()
        ingest_readings([{"tag": "phase", "timestamp": second, "value": value}])
        html, settings = page_of(client)
        assert value_of(html, "phase") == (text, "9.0")
    (phase,) = (tag for tag in settings["tags"] if tag["name"] == "phase")
    assert (phase["kind"], phase["states"]) == ("discrete", states)
    anomalies = html[html.index('id="anomalies"') :]
    assert "7.00" in anomalies


def test_only_counters_have_a_place_for_a_rate(client: Client) -> None:
    assert 'class="rate"' not in page_of(client)[0]
    Tag.objects.create(name="feed_total", kind="counter", valid_min=0, valid_max=9)
    assert page_of(client)[0].count('class="rate"') == 1


def test_a_plant_without_sources_has_no_lists_of_times_without_good_values(client: Client) -> None:
    html, settings = page_of(client)
    assert not settings["hasSources"]
    assert 'id="past-quality"' not in html
    source = Source.objects.create(name="mfcs", protocol="opcua", changed_at=NOW)
    SourceTag.objects.create(source=source, tag=Tag.objects.get(name="fermenter_temp"))
    html, settings = page_of(client)
    assert settings["hasSources"]
    assert 'id="past-quality"' in html
    assert {tag["name"]: tag["sources"] for tag in settings["tags"]} == {
        "fermenter_temp": ["mfcs"],
        "fermenter_ph": [],
        "agitator_rpm": [],
    }


def test_a_changed_state_is_a_changed_definition(client: Client) -> None:
    before = page_of(client)[1]["definitions"]
    Tag.objects.filter(name="fermenter_ph").update(kind="discrete")
    kind = page_of(client)[1]["definitions"]
    Tag.objects.filter(name="fermenter_ph").update(states={"6": "acid"})
    assert len({before, kind, page_of(client)[1]["definitions"]}) == 3
