"""What the page does by itself while data comes, and when it stops."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.conftest import FOLLOWED


def test_a_new_reading_appears_by_itself(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    dashboard.post(("fermenter_temp", 38.12, 0))
    expect(dashboard.card().locator(".number")).to_have_text("38.12")
    expect(dashboard.link()).to_contain_text("Live")


def test_an_anomaly_is_told_everywhere(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    dashboard.post(("agitator_rpm", 666.6, 0))
    expect(dashboard.card("agitator_rpm")).to_have_attribute("data-state", "outside")
    expect(dashboard.card("agitator_rpm").locator(".state")).to_contain_text("above the limit 650")
    row = dashboard.page.locator("#anomalies li").first
    for text in ("agitator_rpm", "666.6", "rpm", "above the limit 650"):
        expect(row).to_contain_text(text)
    expect(dashboard.page.locator("[data-part=measurements]")).to_have_text("65")
    expect(dashboard.page.locator("#announcer")).to_contain_text("Anomaly: agitator_rpm 666.6 rpm")


def test_late_readings_find_their_place(dashboard: Any) -> None:
    dashboard.post(("fermenter_ph", 7.0, 40), ("fermenter_ph", 7.2, 0))
    dashboard.open().wait_for_charts(0)
    dashboard.post(("fermenter_ph", 7.1, 20))
    drawn = "chart.data.datasets[1].data.map(p => p.y).join() === '7,7.1,7.2'"
    dashboard.wait_until(drawn, "fermenter_ph")
    expect(dashboard.card("fermenter_ph").locator(".number")).to_have_text("7.20")


def test_selection_outlives_refreshes_and_reload(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    dashboard.page.get_by_label("Tag", exact=True).select_option("fermenter_ph")
    dashboard.page.get_by_role("radio", name="1 h").check()
    expect(dashboard.page).to_have_url(f"{dashboard.server}/dashboard?tag=fermenter_ph&range=1h")

    def only_ph_is_shown() -> None:
        expect(dashboard.page.locator(".card:visible")).to_have_count(1)
        expect(dashboard.card("fermenter_ph")).to_be_visible()
        expect(dashboard.page.get_by_label("Tag", exact=True)).to_have_value("fermenter_ph")
        expect(dashboard.page.get_by_role("radio", name="1 h")).to_be_checked()

    dashboard.post(("fermenter_ph", 7.345, 0))
    expect(dashboard.card("fermenter_ph").locator(".number")).to_have_text("7.345")
    only_ph_is_shown()
    dashboard.page.reload()
    only_ph_is_shown()
    dashboard.wait_for_charts(2)
    dashboard.screenshot("one-tag-large")


def test_stale_shows_when_data_stops(dashboard: Any) -> None:
    dashboard.open().wait_for_charts(0)
    dashboard.post(*(("fermenter_temp", 37.0, float(age)) for age in range(60)))
    expect(dashboard.link()).to_have_attribute("data-state", "live")
    expect(dashboard.link()).to_have_attribute("data-state", "stale")
    expect(dashboard.link()).to_contain_text("Stale")
    expect(dashboard.link()).to_contain_text("no new reading since")
    expect(dashboard.card()).to_have_attribute("data-state", "stale")
    expect(dashboard.card().locator(".state")).to_contain_text("no reading since")
    expect(dashboard.card("fermenter_ph")).to_have_attribute("data-state", "empty")
    dashboard.screenshot("stale")
    dashboard.post(("fermenter_temp", 37.1, 0))
    expect(dashboard.link()).to_have_attribute("data-state", "live")


@pytest.mark.usefixtures("lasting")
def test_no_connection_shows_and_heals(dashboard: Any, context: BrowserContext) -> None:
    dashboard.expected_noise = "ERR_INTERNET_DISCONNECTED"
    dashboard.post_history()
    dashboard.open().wait_for_charts(80)
    context.set_offline(True)
    expect(dashboard.link()).to_have_attribute("data-state", "offline")
    expect(dashboard.link()).to_contain_text("No connection to the server since")
    dashboard.screenshot("no-connection")
    dashboard.post(("fermenter_temp", 38.76, 0))  # not by the browser
    context.set_offline(False)
    expect(dashboard.link()).to_have_attribute("data-state", "live")
    expect(dashboard.card().locator(".number")).to_have_text("38.76")


def test_a_server_that_does_not_answer_counts_as_no_connection(dashboard: Any) -> None:
    asked: list[str] = []
    dashboard.post_history(20)
    dashboard.open().wait_for_charts(20)
    dashboard.page.route("**/*", lambda route: asked.append(urlsplit(route.request.url).path))
    expect(dashboard.link()).to_have_attribute("data-state", "offline")
    assert asked.count("/data") <= 2  # one at a time
    dashboard.page.unroute_all()


def test_a_hidden_page_asks_for_nothing_new(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    dashboard.wait_until_read()
    dashboard.hide()
    dashboard.asked.clear()
    dashboard.page.wait_for_timeout(6000)
    assert set(dashboard.asked) <= FOLLOWED
    assert len(set(dashboard.asked)) == len(dashboard.asked)
    with dashboard.page.expect_request("**/stats"):
        dashboard.show()


def test_nothing_moves_and_nothing_is_shown_in_utc(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    expect(dashboard.page.locator("#zone")).to_contain_text("Times: Europe/Berlin (UTC+")
    expect(dashboard.page.locator("#zone")).to_contain_text("The server stores UTC")
    # Times of an hour that comes twice have their offset: "UTC+2".
    assert not re.search(r"UTC(?![+-])", dashboard.page.locator("main").inner_text())
    dashboard.page.evaluate(
        """() => {
            window.shifted = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) window.shifted += entry.value;
            }).observe({ type: "layout-shift" });
        }"""
    )
    for value in (38.5, 47.0, 38.0):  # normal, anomaly, normal again
        dashboard.post(("fermenter_temp", value, 0))
        expect(dashboard.card().locator(".number")).to_have_text(f"{value:.2f}")
    expect(dashboard.page.locator("#anomalies li").first).to_contain_text("47.00")
    assert dashboard.page.evaluate("window.shifted") < 0.01
