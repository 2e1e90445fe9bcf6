"""Tags of other kinds on the page, and times without good values."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.models import QualitySpan, Source, SourceGap, SourceTag, Tag
from monitoring.models.source import Quality

pytestmark = pytest.mark.once

STATES = {"0": "idle", "1": "feed", "2": "harvest of the broth"}


def make_plant(dashboard: Any) -> None:
    """A phase, a setpoint and a counter; the temperature had a bad span, and its source a gap."""
    now = datetime.now(UTC)
    bounds = {"valid_min": 0, "valid_max": 1e6}
    Tag.objects.create(name="phase", kind="discrete", states=STATES, **bounds)
    Tag.objects.create(name="feed_setpoint", kind="setpoint", unit="L/h", stale_after_s=600, **bounds)
    Tag.objects.create(name="feed_total", kind="counter", unit="L", **bounds)
    phases = [(0.0, 280), (1.0, 200), (2.0, 90), (1.0, 1)]
    dashboard.post(*(("phase", value, age) for value, age in phases))
    dashboard.post(("feed_setpoint", 5, 250), ("feed_setpoint", 12, 100))
    ages = range(280, 0, -5)  # the counter starts again a minute ago
    dashboard.post(*(("feed_total", (340 - age if age > 60 else 60 - age) / 9, age) for age in ages))
    measured = [age for age in range(280, 0, -1) if not 120 <= age < 200]
    dashboard.post(*(("fermenter_temp", 37.5 + age % 7 / 9, age) for age in measured))
    source = Source.objects.create(name="mfcs", protocol="opcua", changed_at=now)
    for name in ("fermenter_temp", "phase"):
        SourceTag.objects.create(source=source, tag=Tag.objects.get(name=name))

    def ago(seconds: float) -> datetime:
        return now - timedelta(seconds=seconds)

    QualitySpan.objects.create(
        tag=Tag.objects.get(name="fermenter_temp"),
        source=source,
        begin=ago(200),
        end=ago(120),
        quality=Quality.BAD,
        word="BadSensorFailure",
    )
    SourceGap.objects.create(source=source, begin=ago(60), end=ago(40), reason="the collector was stopped")


def test_states_setpoints_counters_and_times_without_good_values(dashboard: Any) -> None:
    make_plant(dashboard)
    page = dashboard.page
    page.set_viewport_size({"width": 1440, "height": 1400})
    dashboard.open("?range=5m")
    expect(dashboard.card("phase").locator("[data-part=value]")).to_have_text("feed")
    expect(dashboard.card("feed_total").locator("[data-part=rate]")).to_have_text(re.compile(r"^[\d.]+ L/h$"))
    dashboard.wait_until("chart.data.datasets[0].stepped && chart.data.datasets[0].data.length > 3", "phase")
    assert dashboard.chart("chart.scales.y.ticks.map(tick => tick.label)", "phase") == [
        "idle",
        "feed",
        "harvest…",
    ]
    assert dashboard.chart("chart.data.datasets[0].stepped", "fermenter_temp") is False
    canvas = dashboard.card("fermenter_temp").locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("2 times without good values"))
    expect(dashboard.card("phase").locator("canvas")).to_have_attribute(
        "aria-label", re.compile("1 time without good values")
    )
    page.mouse.move(*dashboard.place(1 - 160 / 300))
    pointed = dashboard.card("fermenter_temp").locator("[data-part=pointed]")
    expect(pointed).to_have_text(re.compile("nothing measured ▨ Bad: BadSensorFailure, .* to "))
    dashboard.screenshot("kinds")
    page.locator("#past summary").click()
    expect(page.locator("#past-quality li")).to_contain_text("Bad: BadSensorFailure")
    expect(page.locator("#past-gaps li")).to_contain_text("all of mfcs")


def test_a_past_time_without_a_change_has_the_state_from_before(dashboard: Any) -> None:
    Tag.objects.create(name="phase", kind="discrete", states=STATES, valid_min=0, valid_max=9)
    dashboard.post_past("phase", [0.0, 1.0, 2.0], every_s=3600)
    dashboard.open("?tag=phase&from=2026-01-31T13:20:00Z&to=2026-01-31T13:30:00Z")
    expect(dashboard.card("phase").locator("[data-part=shown]")).to_have_text("feed")
    dashboard.wait_until("chart.data.datasets[0].data.some(({ y }) => y === 1)", "phase")
    expect(dashboard.card("phase").locator("[data-part=nothing]")).to_be_hidden()
