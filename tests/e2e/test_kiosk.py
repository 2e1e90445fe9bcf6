"""The wall screen: everything at once, read from three metres, and nothing to click."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from monitoring.models import Tag

pytestmark = pytest.mark.once

FITS = "(({scrollHeight, scrollWidth}) => scrollHeight <= innerHeight && scrollWidth <= innerWidth)"
FITS += "(document.documentElement)"
CUT = "[...document.querySelectorAll('.card')].filter(card => card.scrollWidth > card.clientWidth).length"
WATCH_SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
SIZES = """selector => [...document.querySelectorAll(selector)]
    .map((node) => parseFloat(getComputedStyle(node).fontSize))"""


def make_tags(count: int) -> None:
    """So many active tags in all."""
    for number in range(count - 3):
        Tag.objects.create(
            name=f"vessel_{number + 1}_temp",
            group=f"Vessel {number + 1}",
            unit="°C",
            valid_min=0,
            valid_max=100,
        )


@pytest.mark.parametrize("count", [3, 5, 8, 12])
def test_all_cards_fit_and_can_be_read_from_afar(dashboard: Any, count: int) -> None:
    make_tags(count)
    dashboard.page.set_viewport_size({"width": 1920, "height": 1080})
    dashboard.post_history(120)
    for number in range(count - 3):
        dashboard.post((f"vessel_{number + 1}_temp", 37.5 + number / 10, 0))
    dashboard.open("?kiosk=1")
    expect(dashboard.card().locator(".trace")).to_have_attribute("d", re.compile("^M.+L"))
    expect(dashboard.page.locator(".card:visible")).to_have_count(count)
    dashboard.screenshot(f"kiosk-{count}")
    assert dashboard.page.evaluate(FITS)
    assert dashboard.page.evaluate(CUT) == 0
    assert min(dashboard.page.evaluate(SIZES, ".number")) >= 64
    assert min(dashboard.page.evaluate(SIZES, ".state, h2")) >= 20


def continue_late(route: Route) -> None:
    """Let a page that does not wait for its script be painted before it comes."""
    time.sleep(0.3)
    route.continue_()


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize(("width", "height", "columns"), [(390, 844, 1), (1440, 900, 5)])
def test_nothing_moves_when_the_script_chooses_the_grid(
    dashboard: Any, width: int, height: int, columns: int
) -> None:
    page = dashboard.page
    make_tags(20)
    dashboard.post_history(20)
    page.set_viewport_size({"width": width, "height": height})
    page.add_init_script(WATCH_SHIFTS)
    page.route("**/pages/kiosk.js", continue_late)
    dashboard.open("?kiosk=1")
    expect(dashboard.card().locator(".trace")).to_have_attribute("d", re.compile("^M.+L"))
    places = page.evaluate("[...document.querySelectorAll('.card')].map((node) => node.offsetLeft)")
    assert len(set(places)) == columns
    assert page.evaluate("window.shifted") < 0.02


@pytest.mark.usefixtures("lasting")
def test_it_follows_the_readings(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open("?kiosk=1")
    dashboard.post(("fermenter_temp", 46.66, 0))
    expect(dashboard.card().locator(".number")).to_have_text("46.66")
    expect(dashboard.card().locator(".state")).to_contain_text("above the limit 45")
    expect(dashboard.link()).to_contain_text("Live")


def test_there_is_nothing_to_click_and_no_chart_library(dashboard: Any) -> None:
    asked: list[str] = []
    dashboard.page.on("request", lambda request: asked.append(request.url))
    dashboard.post_history(20)
    dashboard.open("?kiosk=1")
    expect(dashboard.card().locator(".number")).to_have_text("37.50")
    assert dashboard.page.locator("a, button, input, select, summary").count() == 0
    assert not [url for url in asked if "jsdelivr" in url]


def test_one_screen_a_vessel(dashboard: Any) -> None:
    make_tags(5)
    dashboard.open("?kiosk=1&group=Vessel 2")
    expect(dashboard.page.locator(".card")).to_have_count(1)
    expect(dashboard.card("vessel_2_temp")).to_contain_text("Vessel 2 vessel_2_temp")


@pytest.mark.usefixtures("lasting")
def test_a_new_tag_gets_its_card(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.page.clock.install()
    dashboard.open("?kiosk=1")
    expect(dashboard.card().locator(".state")).to_contain_text("normal")
    make_tags(4)
    dashboard.page.clock.fast_forward(31000)
    expect(dashboard.card("vessel_1_temp")).to_be_visible()
