"""A reading ahead of time: live ends at the server's now, and what is ahead is shown as ahead."""

import time
from typing import Any

from playwright.sync_api import expect


def test_a_reading_ahead_neither_moves_the_time_nor_hides_what_stops(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts(15)
    dashboard.post(("fermenter_temp", 44.44, -295), ("fermenter_temp", 38.12, 0))
    card = dashboard.card()
    expect(card.locator(".number")).to_have_text("38.12")
    expect(card.locator(".ahead")).to_contain_text("1 reading ahead of time, up to 29")
    for tag in ("fermenter_temp", "fermenter_ph"):
        first, last = dashboard.range(tag)
        assert abs(last / 1000 - time.time()) < 15
        assert last - first == 5 * 60 * 1000
    expect(dashboard.page.locator("#problems")).to_contain_text("fermenter_temp: 1 reading ahead of time")
    dashboard.screenshot("ahead-of-time")
    expect(dashboard.link()).to_have_attribute("data-state", "stale")
    expect(card).to_have_attribute("data-state", "stale")
    expect(card.locator(".number")).to_have_text("38.12")


def test_on_the_wall_it_is_told_too(dashboard: Any) -> None:
    dashboard.post(("fermenter_temp", 37.02, 1), ("fermenter_temp", 44.44, -250))
    dashboard.open("?kiosk=1")
    expect(dashboard.card().locator(".number")).to_have_text("37.02")
    expect(dashboard.card().locator(".ahead")).to_contain_text("1 reading ahead of time")
    expect(dashboard.link()).to_have_attribute("data-state", "stale")
