"""Charts side by side: one cursor in all of them, several tags in one chart, and what can be taken along."""

import re
import struct
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.once

OVERLAY = "Chart.getChart(document.querySelector('.overlay canvas'))"


def overlay(dashboard: Any, expression: str) -> Any:
    """The expression's value, with ``chart`` as the chart of several tags."""
    dashboard.page.wait_for_function(f"window.Chart && {OVERLAY}?.data.datasets[0].data.length")
    return dashboard.page.evaluate(f"(chart => {expression})({OVERLAY})")


def test_pointing_at_one_chart_shows_the_moment_in_all(dashboard: Any) -> None:
    dashboard.post_history(200)
    dashboard.open().wait_for_charts(150)
    dashboard.page.mouse.move(*dashboard.place(0.8))
    for tag, unit in (("fermenter_temp", "°C"), ("fermenter_ph", "pH"), ("agitator_rpm", "rpm")):
        expect(dashboard.card(tag).locator(".cursor")).to_be_visible()
        expect(dashboard.card(tag).locator(".pointed")).to_have_text(
            re.compile(rf"\d\d:\d\d:\d\d: [\d.]+ {unit}")
        )
    moments = [text.split(": ")[0] for text in dashboard.page.locator(".pointed").all_inner_texts()]
    assert len(set(moments)) == 1
    dashboard.page.mouse.move(5, 5)
    expect(dashboard.card("fermenter_ph").locator(".cursor")).to_be_hidden()
    expect(dashboard.card("fermenter_ph").locator(".pointed")).to_have_text("")


def test_tags_share_a_chart_with_an_axis_each(dashboard: Any) -> None:
    dashboard.post_history(100)
    dashboard.open().wait_for_charts(80)
    page = dashboard.page
    page.get_by_label("Compare fermenter_temp").check()
    expect(page.locator("#comparison-hint")).to_contain_text("choose up to 3 more")
    page.get_by_label("Compare agitator_rpm").check()
    expect(page).to_have_url(f"{dashboard.server}/dashboard?compare=fermenter_temp,agitator_rpm")
    titles = overlay(dashboard, "['y0', 'y1'].map(axis => chart.options.scales[axis].title.text)")
    assert titles == ["fermenter_temp (°C)", "agitator_rpm (rpm)"]
    dashes = overlay(dashboard, "[0, 2].map(line => chart.data.datasets[line].borderDash.join())")
    assert len(set(dashes)) == 2
    assert overlay(dashboard, "chart.data.datasets[1].data.length") >= 1  # its anomalies
    page.mouse.move(*dashboard.place(0.9))
    expect(page.locator("#comparison-lines li").last).to_contain_text(re.compile(r"agitator_rpm.*[\d.]+ rpm"))
    dashboard.screenshot("compare")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_label("Compare fermenter_temp")).not_to_be_checked()
    expect(page.locator("#comparison")).to_be_hidden()


def test_a_comparison_can_be_linked_to_and_is_of_any_range(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.post(("fermenter_ph", 7.0, 60), ("fermenter_ph", 7.1, 0))
    dashboard.page.set_viewport_size({"width": 1440, "height": 1100})
    dashboard.open("?range=8h&tag=fermenter_ph&compare=fermenter_temp,fermenter_ph,agitator_rpm")
    dashboard.page.wait_for_function(f"window.Chart && {OVERLAY}?.data.datasets[0].data.length > 50")
    assert overlay(dashboard, "chart.scales.x.max - chart.scales.x.min") == 28_800_000
    expect(dashboard.page.locator("#comparison-lines li")).to_have_count(3)
    dashboard.page.locator(".overlay").focus()
    dashboard.page.keyboard.press("ArrowLeft")
    expect(dashboard.page.locator("#answerer")).to_contain_text("fermenter_temp ")


def test_a_chosen_anomaly_is_drawn_with_the_band_that_it_left(dashboard: Any) -> None:
    dashboard.post_history()
    dashboard.open().wait_for_charts(80)
    row = dashboard.page.locator("#anomalies li", has_text="46.20")
    row.locator("a").click()
    dashboard.wait_until("chart.options.plugins.ruleBand.found?.upper > 38")
    found = dashboard.chart("({...chart.options.plugins.ruleBand.found})")
    (anomaly,) = [
        item
        for item in dashboard.page.request.get(f"{dashboard.server}/anomalies").json()
        if item["value"] == 46.2
    ]
    band = anomaly["findings"][-1]
    assert (found["lower"], found["upper"], found["value"]) == (band["lower"], band["upper"], 46.2)
    assert 48_000 < found["at"] - found["from"] < 52_000
    pointed = dashboard.card().locator(".pointed")
    expect(pointed).to_contain_text("46.20 °C, above the limit 45; outside rolling mean ± 3σ")
    expect(dashboard.page).to_have_url(re.compile(rf"&anomaly={anomaly['id']}$"))
    dashboard.screenshot("chosen-anomaly")
    dashboard.page.get_by_role("button", name="Live").click()
    expect(pointed).to_have_text("")


def test_a_chart_is_saved_as_a_picture(dashboard: Any, tmp_path: Path) -> None:
    dashboard.post_history(60)
    dashboard.open().wait_for_charts(50)
    dashboard.card().get_by_text("Save").click()
    with dashboard.page.expect_download() as download:
        dashboard.card().get_by_role("button", name="Picture (PNG)").click()
    assert re.fullmatch(r"fermenter_temp-simulated-\d{8}T\d{6}Z\.png", download.value.suggested_filename)
    download.value.save_as(tmp_path / "chart.png")
    picture = (tmp_path / "chart.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    canvas = dashboard.card().locator("canvas").bounding_box()
    assert width > canvas["width"]
    assert height > canvas["height"] + 50  # its title and times above, the legend below


def test_the_data_shown_is_saved_as_a_file(dashboard: Any, tmp_path: Path) -> None:
    dashboard.post_past("fermenter_temp", [37.0 + i % 2 for i in range(600)])
    dashboard.open("?from=2026-01-31T12:01:00Z&to=2026-01-31T12:02:00Z")
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    dashboard.card().get_by_text("Save").click()
    with dashboard.page.expect_download() as download:
        dashboard.card().get_by_role("link", name="Data shown (CSV)").click()
    download.value.save_as(tmp_path / "data.csv")
    rows = (tmp_path / "data.csv").read_text().splitlines()
    assert len(rows) == 62
    assert "2026-01-31T12:01:00Z" in rows[1]

    page = dashboard.page
    page.get_by_role("button", name="Download", exact=True).click()
    dialog = page.get_by_role("dialog", name="Download")
    dialog.get_by_role("button", name="None").click()
    dialog.get_by_role("button", name="Download").click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose at least one tag.")
    dialog.get_by_label("fermenter_temp").check()
    dialog.get_by_label("Rows").select_option("1m")
    expect(dialog.get_by_label("reasons of anomalies")).to_be_disabled()
    dialog.get_by_label("Shape").select_option("wide")
    dialog.get_by_label("units").check()
    dialog.get_by_label("decimal comma").check()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    assert (
        download.value.suggested_filename
        == "fermon-simulated-fermenter_temp-20260131T120100Z-20260131T120200Z-1m-wide.csv"
    )
    download.value.save_as(tmp_path / "wide.csv")
    assert (tmp_path / "wide.csv").read_text().splitlines() == [
        "timestamp;fermenter_temp mean (°C);fermenter_temp min (°C);fermenter_temp max (°C)",
        "2026-01-31T13:01:00+01:00;37,5;37,0;38,0",
        "2026-01-31T13:02:00+01:00;37,5;37,0;38,0",
    ]
    expect(dialog).to_be_hidden()
    assert dashboard.noise == []


def test_the_time_shown_has_statistics_events_and_anomalies(dashboard: Any) -> None:
    dashboard.post_past("fermenter_temp", [46.0 if i < 30 else 37.0 for i in range(120)])
    dashboard.open("?from=2026-01-31T12:00:00Z&to=2026-01-31T12:00:29Z&tag=fermenter_temp")
    past = dashboard.page.get_by_role("region", name="In the time shown", exact=True)
    dashboard.page.get_by_role("link", name="In the time shown (events)").click()
    row = past.get_by_role("row", name="fermenter_temp")
    expect(row.get_by_role("cell").first).to_have_text("46 °C")
    assert past.get_by_role("row").count() == 2  # the heading, and the tag on screen
    anomalies = past.get_by_role("region", name="Anomalies in the time shown")
    expect(anomalies.get_by_role("listitem")).to_have_count(20)
    anomalies.get_by_role("button", name="Older").click()
    expect(anomalies.get_by_role("listitem")).to_have_count(10)
    expect(anomalies.get_by_text("Page 2")).to_be_visible()
    expect(anomalies.get_by_role("list")).to_be_focused()
    expect(past.get_by_role("region", name="Events in the time shown")).to_contain_text(
        "None in the time shown."
    )
    expect(dashboard.card().get_by_text("Value above is from")).to_be_visible()
    dashboard.page.get_by_role("button", name="Live").click()
    expect(anomalies).to_contain_text("None in the time shown.")
    expect(row.get_by_role("cell").nth(5)).to_have_text("0")


def test_the_data_is_a_table_too(dashboard: Any) -> None:
    dashboard.post_history(400)
    dashboard.open("?range=5m").wait_for_charts(200)
    card = dashboard.card()
    assert card.locator("table").count() == 0
    card.get_by_text("Data as table").click()
    expect(card.locator("caption")).to_contain_text("Newest first: ")
    assert 250 < card.locator("tbody tr").count() <= 300
    expect(card.locator("tr.anomalous").first).to_contain_text("▲")
    card.get_by_text("Data as table").click()
    expect(card.locator("table")).to_have_count(0)


def test_intervals_are_a_table_of_intervals(dashboard: Any) -> None:
    dashboard.post_hours()
    dashboard.open("?range=8h")
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    dashboard.card().get_by_text("Data as table").click()
    headings = ["From", "Lowest", "Mean", "Highest", "Measurements", "Anomalies"]
    expect(dashboard.card().locator("th")).to_have_text(headings)
