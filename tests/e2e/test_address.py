"""The address bar carries the view."""

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.once

PAST = "?from=2026-01-31T12:00:00Z&to=2026-01-31T12:10:00Z"


def test_a_link_shows_the_same_elsewhere(dashboard: Any) -> None:
    dashboard.post_past("fermenter_ph", [7.0] * 600)
    dashboard.open("?tag=fermenter_ph&range=24h").wait_for_charts(0)
    dashboard.drag(0.3, 0.6, "fermenter_ph")
    dashboard.page.wait_for_url("**/dashboard?tag=fermenter_ph&range=24h&from=*&to=*Z")
    expect(dashboard.page.locator("#moment")).to_contain_text("Showing the past")  # drawn at the next frame
    shown = dashboard.page.locator("#moment").inner_text()
    elsewhere = dashboard.page.context.new_page()
    elsewhere.goto(dashboard.page.url)
    expect(elsewhere.locator("#moment")).to_have_text(shown)
    expect(elsewhere.locator(".card:visible")).to_have_count(1)
    elsewhere.get_by_role("button", name="Live").click()
    expect(elsewhere.get_by_role("radio", name="24 h")).to_be_checked()
    elsewhere.close()


def test_back_leads_to_what_was_chosen_before(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts(0)
    page = dashboard.page
    page.get_by_role("radio", name="8 h").check()
    expect(page).to_have_url(f"{dashboard.server}/dashboard?range=8h")
    page.get_by_label("Tag").select_option("fermenter_ph")
    page.go_back()
    expect(page).to_have_url(f"{dashboard.server}/dashboard?range=8h")
    expect(page.locator(".card:visible")).to_have_count(3)
    page.go_back()
    expect(page.get_by_role("radio", name="5 min")).to_be_checked()
    page.go_forward()
    expect(page.get_by_role("radio", name="8 h")).to_be_checked()
    dashboard.wait_until("chart.scales.x.max - chart.scales.x.min > 28000000")


def test_each_movement_by_a_button_is_a_step_back(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open().wait_for_charts(0)
    page = dashboard.page
    page.get_by_role("radio", name="1 h").check()
    entries = page.evaluate("history.length")
    for _ in range(3):
        page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#moment")).to_contain_text("Showing the past")
    page.wait_for_url("**from=*")
    assert page.evaluate("history.length") == entries + 3
    page.go_back()
    expect(page.locator("#moment")).to_contain_text("Showing the past")
    page.keyboard.press("Escape")  # undoes one, too
    page.keyboard.press("Escape")
    expect(page.locator("#moment")).to_have_text("Following: last 1 h")


def test_addresses_of_before_still_lead_somewhere(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open("?window=10m").wait_for_charts(10)
    expect(dashboard.page.get_by_role("radio", name="5 min")).to_be_checked()
