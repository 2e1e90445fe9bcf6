"""Moving through time: zoom, pan, a range that is typed in, and back to now."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

pytestmark = pytest.mark.once

HOUR_MS = 3_600_000
PAST = "?from=2026-01-31T12:00:00Z&to=2026-01-31T12:10:00Z"


def length(dashboard: Any) -> float:
    first, last = dashboard.range()
    return round(last - first)


def test_zooming_one_chart_zooms_all_and_loads_finer_data(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.open("?range=8h")
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    coarse = dashboard.chart("chart.data.datasets[0].data[1].end - chart.data.datasets[0].data[1].start")
    dashboard.drag(0.7, 0.8)
    dashboard.wait_until(f"chart.scales.x.max - chart.scales.x.min < {HOUR_MS}")
    dashboard.wait_for_range(*dashboard.range())
    dashboard.wait_until(f"(p => p.end - p.start < {coarse})(chart.data.datasets[0].data[1])")


def test_the_wheel_alone_scrolls_the_page(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open(PAST).wait_for_charts(0)
    before = dashboard.range()
    dashboard.page.mouse.move(*dashboard.place(0.25))
    dashboard.page.mouse.wheel(0, 100)
    dashboard.page.wait_for_function("scrollY > 0")
    assert dashboard.range() == before


def test_control_and_the_wheel_zoom_about_the_pointer(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open(PAST).wait_for_charts(0)
    first, last = dashboard.range()
    dashboard.page.mouse.move(*dashboard.place(0.25))
    dashboard.page.keyboard.down("Control")
    dashboard.page.mouse.wheel(0, -300)
    dashboard.wait_until(f"chart.scales.x.max - chart.scales.x.min < {0.6 * (last - first)}")
    dashboard.page.keyboard.up("Control")
    now_first, now_last = dashboard.range()
    about = first + 0.25 * (last - first)
    assert (about - now_first) / (now_last - now_first) == pytest.approx(0.25, abs=0.01)


def test_two_fingers_zoom(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open(PAST).wait_for_charts(0)
    before = length(dashboard)
    fingers = dashboard.page.context.new_cdp_session(dashboard.page)
    for kind, places in (
        ("Start", (0.4,)),
        ("Start", (0.4, 0.6)),
        ("Move", (0.3, 0.7)),
        ("Move", (0.2, 0.8)),
        ("End", ()),
    ):
        points = [dict(zip("xy", dashboard.place(x), strict=True), id=i) for i, x in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    dashboard.wait_until(f"chart.scales.x.max - chart.scales.x.min < {0.5 * before}")
    assert length(dashboard) == pytest.approx(before / 3, rel=0.05)


def test_shift_and_drag_moves(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open(PAST).wait_for_charts(0)
    first, last = dashboard.range()
    dashboard.page.keyboard.down("Shift")
    dashboard.drag(0.2, 0.7)
    dashboard.page.keyboard.up("Shift")
    dashboard.wait_until(f"Math.abs(chart.scales.x.min - {first - (last - first) / 2}) < 2000")
    assert length(dashboard) == last - first


def test_the_keys_of_a_chart(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open(PAST).wait_for_charts(0)
    first, last = dashboard.range()
    dashboard.card().locator(".plot").focus()
    dashboard.page.keyboard.press("ArrowLeft")
    dashboard.wait_until(f"chart.scales.x.min === {first - (last - first) / 4}")
    dashboard.page.keyboard.press("ArrowRight")
    dashboard.page.keyboard.press("+")
    dashboard.wait_until(f"chart.scales.x.min === {first + (last - first) / 4}")
    dashboard.page.keyboard.press("-")
    dashboard.wait_until(f"chart.scales.x.min === {first}")


def test_what_is_drawn_stays_until_there_is_more(dashboard: Any) -> None:
    held: list[Route] = []
    dashboard.post_hours(9)
    dashboard.open("?range=8h")
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    dashboard.page.route("**/trend?*", lambda route: held.append(route))
    zoom_in = dashboard.page.get_by_role("button", name="Zoom in")
    with dashboard.page.expect_request("**/trend?*"):
        zoom_in.click()
    assert dashboard.chart("chart.data.datasets[0].data.length") > 3
    with dashboard.page.expect_event("requestfailed"):  # what was asked for first is no longer wanted
        zoom_in.click()
    assert dashboard.chart("chart.data.datasets[0].data.length") > 3
    for route in held[-3:]:
        route.continue_()
    dashboard.page.unroute_all()
    dashboard.wait_until("(p => p.end - p.start === 60000)(chart.data.datasets[0].data[1])")


def test_live_leads_back_to_now(dashboard: Any) -> None:
    dashboard.post_history(60)
    dashboard.open(PAST).wait_for_charts(0)
    past = re.compile("^Showing the past: 31 Jan( 2026)? 13:00:00 to 13:10:00$")  # with a year that is over
    expect(dashboard.page.locator("#moment")).to_have_text(past)
    live = dashboard.page.get_by_role("button", name="Live")
    expect(live).to_have_attribute("aria-pressed", "false")
    dashboard.post(("fermenter_temp", 38.88, 0))
    expect(dashboard.card().locator(".number")).to_have_text("38.88")
    live.click()
    dashboard.wait_until("chart.scales.x.max > Date.now() - 5000")
    expect(live).to_have_attribute("aria-pressed", "true")
    expect(dashboard.page.locator("#moment")).to_have_text("Following: last 5 min")


def test_a_range_is_typed_in(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 600)
    dashboard.open()
    page = dashboard.page
    page.locator("#custom summary").click()
    expect(page.locator("#custom-zone")).to_contain_text("Europe/Berlin")
    refused = page.locator("#custom-refused")
    for start, end, words in (
        ("2026-01-31T13:10:00", "2026-01-31T13:00:00", "'From' must be earlier than 'to'."),
        ("", "2026-01-31T13:00:00", "Both ends are needed"),
        ("2099-01-31T13:00:00", "2099-01-31T14:00:00", "lies in the future"),
    ):
        page.get_by_label("From", exact=True).fill(start)
        page.get_by_label("To", exact=True).fill(end)
        page.get_by_role("button", name="Show this range").click()
        expect(refused).to_contain_text(words)
    page.get_by_label("From", exact=True).fill("2026-01-31T13:00:00")
    page.get_by_label("To", exact=True).fill("2026-01-31T13:10:00")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{dashboard.server}/dashboard{PAST}")
    expect(page.get_by_role("button", name="Show this range")).to_be_hidden()
