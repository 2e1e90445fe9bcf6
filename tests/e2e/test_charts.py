"""What the charts show, on the canvas itself."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.once

TAGS = ("fermenter_temp", "fermenter_ph", "agitator_rpm")


def test_each_tag_has_a_chart_with_time_axis_unit_and_limits(dashboard: Any) -> None:
    dashboard.post_history()
    dashboard.open().wait_for_charts(80)
    dashboard.screenshot("normal")
    for tag, unit, limits in zip(TAGS, ("°C", "pH", "rpm"), ((45, 35), (8, 6), (650, 250)), strict=True):
        assert dashboard.pixels(tag)["drawn"] > 1000
        assert dashboard.chart("chart.options.scales.y.title.text", tag) == unit
        lines = dashboard.chart("chart.options.plugins.limitLines.limits.map(l => l.value)", tag)
        assert tuple(lines) == limits
        ticks = dashboard.chart("chart.scales.x.ticks.map(tick => tick.label)", tag)
        assert len(ticks) >= 3
        assert all(re.fullmatch(r"\d\d:\d\d(:\d\d)?", tick) for tick in ticks)


def test_anomalies_are_red_triangles(dashboard: Any) -> None:
    dashboard.post_history()
    dashboard.open().wait_for_charts(80)
    assert dashboard.chart("chart.data.datasets[2].pointStyle") == "triangle"
    assert dashboard.chart("chart.data.datasets[2].pointRadius") >= 6
    assert dashboard.chart("chart.data.datasets[2].data.length") >= 1
    assert dashboard.pixels()["red"] > 20
    assert dashboard.pixels("fermenter_ph")["red"] == 0


def test_the_tooltip_says_why(dashboard: Any) -> None:
    dashboard.post_history()
    dashboard.open().wait_for_charts(80)
    box = dashboard.card().locator("canvas").bounding_box()
    mark = dashboard.chart("(({x, y}) => ({x, y}))(chart.getDatasetMeta(2).data.at(-1))")
    dashboard.page.mouse.move(box["x"] + mark["x"], box["y"] + mark["y"])
    dashboard.wait_until("chart.tooltip.body?.[0]?.lines.some(l => l.includes('limit'))")
    lines = " ".join(dashboard.chart("chart.tooltip.body[0].lines"))
    assert "46.20 °C" in lines
    assert "above the limit 45" in lines
    assert "outside rolling mean ± 3σ (" in lines
    dashboard.screenshot("anomaly")


def test_where_nothing_was_measured_the_line_has_a_gap(dashboard: Any) -> None:
    dashboard.post(*(("fermenter_ph", 7.0, float(age)) for age in (40, 39, 38, 20, 19, 5)))
    dashboard.open().wait_for_charts(0)
    dashboard.page.wait_for_function(
        "Chart.getChart(document.querySelectorAll('canvas')[1]).data.datasets[0].data.length === 8"
    )
    assert (
        dashboard.chart("chart.data.datasets[0].data.filter(p => Number.isNaN(p.y)).length", "fermenter_ph")
        == 2
    )
    assert dashboard.chart("chart.data.datasets[1].data.length", "fermenter_ph") == 1  # alone: drawn as a dot


def test_dragging_zooms_all_charts_and_the_zoom_outlives_refreshes(dashboard: Any) -> None:
    dashboard.post_history()
    dashboard.open().wait_for_charts(80)
    box = dashboard.card().locator("canvas").bounding_box()
    mouse = dashboard.page.mouse
    mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 70, steps=4)
    mouse.up()
    dashboard.wait_until("chart.scales.x.max < Date.now() - 20000")
    zoomed = dashboard.range()
    dashboard.wait_for_range(*zoomed)
    dashboard.post(("fermenter_temp", 38.88, 0))
    expect(dashboard.card().locator(".number")).to_have_text("38.88")
    assert dashboard.range() == zoomed

    dashboard.page.get_by_role("button", name="Live").click()
    dashboard.wait_until("chart.scales.x.max > Date.now() - 5000")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_zoom_works_by_keyboard(dashboard: Any, key: str) -> None:
    dashboard.post_history(30)
    dashboard.open().wait_for_charts(20)
    dashboard.page.get_by_role("button", name="Zoom in").focus()
    dashboard.page.keyboard.press(key)
    dashboard.wait_until("chart.scales.x.max - chart.scales.x.min < 151000")
