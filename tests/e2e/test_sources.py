"""Sources in a browser: added by keyboard, tested, discovered; steps and status appear by themselves."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from monitoring.models import Source, SourceJob, SourceMapping, SourceStatus, Tag
from tests.e2e.test_accessible import FITS, violations
from tests.e2e.test_notifications import tab_to

pytestmark = pytest.mark.usefixtures("fake_kinds")

POINTS = [
    {
        "address": f"plant/reactor{n}/temperature",
        "raw": f"{37 + n / 10}",
        "suggestion": {"tag": f"reactor{n}.temp", "unit": "°C", "valid_min": 0.0, "valid_max": 150.0},
    }
    for n in range(1, 4)
]
STEPS = [
    {"name": "Name resolved", "is_done": True, "text": "broker.plant is 10.0.0.5"},
    {"name": "Port open", "is_done": True, "text": "10.0.0.5:1883"},
]


def end_job(state: str, **columns: Any) -> None:
    """Do the collector's work."""
    newest = SourceJob.objects.order_by("-id")[0]
    SourceJob.objects.filter(pk=newest.pk).update(state=state, **columns)


def test_a_source_is_added_tested_and_mapped_by_keyboard(
    dashboard: Any, axe_js: Path, settings: Settings
) -> None:
    settings.FERMON_DATA_DIR.mkdir(exist_ok=True)
    page = dashboard.page
    page.goto(f"{dashboard.server}/sources")
    page.get_by_role("link", name="Add a source").click()
    page.get_by_role("link", name="Fake protocol").click()
    expect(page.get_by_role("heading", name="Add: Fake protocol")).to_be_visible()
    tab_to(page, "Name")
    page.keyboard.type("broker")
    tab_to(page, "Host")
    page.keyboard.type("broker.plant")
    assert violations(dashboard, axe_js) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="broker", exact=True)).to_be_visible()
    tab_to(page, "Test connection")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Connection test begins ...")).to_be_visible()
    end_job("running", steps=[*STEPS, {"name": "Login", "is_done": None, "text": ""}])
    expect(page.locator(".steps li")).to_have_count(3)
    end_job("done", steps=[*STEPS, {"name": "Login", "is_done": True, "text": "anonymous"}])
    expect(page.get_by_text("Connection test: done.")).to_be_visible()

    tab_to(page, "Discover")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Discovery begins ...")).to_be_visible()
    end_job("done", result={"points": POINTS})
    box = page.get_by_role("checkbox", name="plant/reactor2/temperature")
    expect(box).to_be_visible()
    for width, theme in ((390, "light"), (390, "dark"), (1440, "dark"), (1440, "light")):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(FITS)
        assert violations(dashboard, axe_js) == []
        dashboard.screenshot(f"source-{width}-{theme}")
    box.focus()
    page.keyboard.press("Space")
    tab_to(page, "Make tags")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 tag was made.")).to_be_visible()
    assert (Tag.objects.get(name="reactor2.temp").unit, SourceMapping.objects.get().tag) == (
        "°C",
        "reactor2.temp",
    )
    page.get_by_role("button", name="Enable").click()
    expect(page.locator("#state-line")).to_contain_text("no collector runs")

    now = datetime.now(UTC)
    SourceStatus.objects.create(
        source=Source.objects.get(), state="connected", since=now, rate=2, updated_at=now, lag_ms=80
    )
    expect(page.locator("#state-line")).to_contain_text("connected since")
    page.goto(f"{dashboard.server}/sources")
    expect(page.locator("td", has_text="connected since")).to_be_visible()
    SourceStatus.objects.update(state="failed", error="Nobody answers.", error_at=now)
    expect(page.locator("tbody tr")).to_contain_text("Nobody answers.")
    assert violations(dashboard, axe_js) == []
    dashboard.screenshot("sources")


def test_a_draft_is_previewed_while_somebody_types(dashboard: Any, axe_js: Path) -> None:
    source = Source.objects.create(name="broker", protocol="fake", changed_at=datetime.now(UTC))
    SourceJob.objects.create(
        source=source,
        kind="listen",
        state="done",
        asked_at=datetime.now(UTC),
        result={"messages": [{"address": "r1/od", "raw": '{"od": 0.25}'}, {"address": "r1/x", "raw": "1"}]},
    )
    page = dashboard.page
    page.goto(f"{dashboard.server}/sources/{source.pk}/mapping")
    page.get_by_label("Topic").fill("{unit}/od")
    page.get_by_label("Tag").fill("{unit}.od")
    expect(page.locator("#samples")).to_contain_text("enter the JSON pointer")
    page.get_by_label("Value at").fill("/od")
    expect(page.locator("#samples")).to_contain_text("r1.od: 0.25")
    assert violations(dashboard, axe_js) == []
    dashboard.screenshot("source-mapping")
    page.get_by_role("button", name="Listen for messages").click()
    expect(page.locator("#listen-said")).to_contain_text("What arrives is shown above")
    end_job("running", result={"messages": [{"address": "r2/od", "raw": '{"od": 0.5}'}]})
    expect(page.locator("#samples")).to_contain_text("r2.od: 0.5")
