"""Long ranges: intervals instead of single measurements, and the way down to them."""

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import expect

LINE, HIGHEST, LOWEST = 0, 3, 4  # the datasets' places
EVENING = datetime(2026, 1, 31, 18, tzinfo=UTC)
BREAKS = "chart.data.datasets[0].data.filter(p => Number.isNaN(p.y)).length"


def test_a_long_range_is_a_band_with_its_mean(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.open("?range=8h").wait_for_charts(0)
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    line, highest, lowest = (
        dashboard.chart(f"chart.data.datasets[{n}].data") for n in (LINE, HIGHEST, LOWEST)
    )
    assert all(bucket["low"] <= bucket["y"] <= bucket["high"] for bucket in line)
    assert (max(p["y"] for p in highest), min(p["y"] for p in lowest)) == (47, 36.5)
    expect(dashboard.card().locator("canvas")).to_have_attribute(
        "aria-label", "Chart of fermenter_temp, last 8 h: 36.50 to 47.00 °C, 3 anomalies."
    )


def test_short_ranges_are_single_measurements(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37 + i % 3 for i in range(60)])
    dashboard.open("?from=2026-01-31T11:55:00Z&to=2026-01-31T12:05:00Z")
    dashboard.wait_until("chart.data.datasets[0].data.filter(p => p.id).length === 60")
    assert dashboard.chart("chart.data.datasets[3].data.length") == 0


def test_a_fast_source_is_shown_in_intervals_at_once(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37 + i % 3 for i in range(6000)], every_s=0.05)
    dashboard.open("?from=2026-01-31T12:00:00Z&to=2026-01-31T12:05:00Z")
    dashboard.wait_until("chart.data.datasets[0].data.length >= 200")
    assert dashboard.chart("chart.data.datasets[0].data[9].count") > 10


def test_a_gap_stays_a_gap(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [37.0] * 1000 + [38.0] * 1000, every_s=10)
    dashboard.post_past("fermenter_ph", [7.0] * 300, every_s=10)
    dashboard.post_past("fermenter_ph", [7.1] * 300, start=EVENING, every_s=10)
    dashboard.open("?from=2026-01-31T12:00:00Z&to=2026-01-31T20:00:00Z")
    dashboard.wait_until(f"{BREAKS} === 1", "fermenter_ph")
    dashboard.wait_until(f"chart.data.datasets[0].data.length > 50 && {BREAKS} === 0")
    dashboard.screenshot("gap")


def test_a_slow_source_has_a_line_too(dashboard: Any) -> None:
    dashboard.post_past("fermenter_ph", [7.0 + i % 2 / 10 for i in range(20)], every_s=900)
    dashboard.open("?from=2026-01-31T12:00:00Z&to=2026-01-31T17:00:00Z")
    dashboard.wait_until(f"chart.data.datasets[0].data.length === 20 && {BREAKS} === 0", "fermenter_ph")


def test_anomalies_of_an_interval_are_one_triangle_that_leads_to_them(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.open("?range=8h")
    dashboard.wait_until("chart.data.datasets[2].data.length === 1")
    mark = dashboard.chart("chart.data.datasets[2].data[0]")
    assert (mark["anomalies"], mark["low"] < 39, mark["high"]) == (3, True, 47)
    dashboard.page.mouse.move(*at_mark(dashboard))
    dashboard.wait_until("chart.tooltip.body?.[0].lines[0] === '▲ 3 anomalies'")
    while mark.get("end"):
        dashboard.page.mouse.click(*at_mark(dashboard))
        length = mark["end"] - mark["start"]
        dashboard.wait_until(f"(p => p && !(p.end - p.start >= {length}))(chart.data.datasets[2].data[0])")
        mark = dashboard.chart("chart.data.datasets[2].data[0]")
    dashboard.wait_until("chart.data.datasets[2].data.filter(p => p.id).length === 3")
    expect(dashboard.page.locator("#moment")).to_contain_text("Showing the past:")


def at_mark(dashboard: Any) -> tuple[float, float]:
    """Where the temperature's first triangle is on the page."""
    box = dashboard.card().locator("canvas").bounding_box()
    mark = dashboard.chart("(({x, y}) => ({x, y}))(chart.getDatasetMeta(2).data[0])")
    return box["x"] + mark["x"], box["y"] + mark["y"]


def test_anomalies_are_reached_by_keyboard(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.open("?range=8h")
    dashboard.wait_until("chart.data.datasets[2].data.length === 1")
    before = dashboard.range()
    dashboard.card().locator(".plot").focus()
    dashboard.page.keyboard.press("ArrowDown")
    expect(dashboard.page.locator("#answerer")).to_contain_text("1 of 1: 3 anomalies, ")
    dashboard.page.keyboard.press("Enter")
    dashboard.wait_until(f"chart.scales.x.max - chart.scales.x.min < {(before[1] - before[0]) / 10}")
    dashboard.page.keyboard.press("End")
    expect(dashboard.page.locator("#moment")).to_have_text("Following: last 8 h")


def test_an_anomaly_of_the_list_leads_to_its_moment(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.open("?tag=fermenter_ph").wait_for_charts(0)
    dashboard.page.locator("#anomalies li a").first.click()
    dashboard.wait_until("chart.data.datasets[2].data.some(p => p.id)")
    expect(dashboard.card()).to_be_visible()
    first, last = dashboard.range()
    assert last - first == 120_000


def test_what_can_not_be_read_is_said_and_tried_again(dashboard: Any) -> None:
    dashboard.expected_noise = "503"
    dashboard.post_hours()
    dashboard.page.route("**/trend?*", lambda route: route.fulfill(status=503, body="{}"))
    dashboard.open("?range=8h")
    shown = dashboard.card().locator("[data-part=shown]")
    expect(shown).to_have_text("could not be read, trying again")
    dashboard.page.unroute_all()
    expect(shown).to_have_text("36.50 to 47.00")
