"""Tags out of view cost nothing, and those in view little."""

from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.models import Tag

pytestmark = pytest.mark.once

CHARTS = "Object.keys(Chart.instances).length"
COUNT_DRAWINGS = """chart => {
    const { update } = chart;
    window.drawings = 0;
    chart.update = (...mode) => (window.drawings++, update.apply(chart, mode));
}"""


def add_tags(count: int) -> list[str]:
    """Makes tags beside the default ones."""
    names = [f"probe_{i:02}" for i in range(count)]
    for name in names:
        Tag.objects.create(name=name, unit="°C", valid_min=0, valid_max=100, lower_limit=20, upper_limit=80)
    return names


@pytest.fixture
def eight(dashboard: Any) -> Any:
    """As many tags as have charts beside their values, in a low window."""
    dashboard.page.set_viewport_size({"width": 1000, "height": 420})
    dashboard.post(*((name, 50.0, age) for name in add_tags(5) for age in (2.0, 1.0, 0.0)))
    dashboard.post_history(20)
    dashboard.open()
    dashboard.page.wait_for_function(f"window.Chart && {CHARTS} > 0")
    return dashboard


def test_only_charts_near_the_view_exist(eight: Any) -> None:
    assert eight.page.locator(".card:visible").count() == 8
    assert 1 <= eight.page.evaluate(CHARTS) <= 4
    first = eight.page.locator(".card").first.get_attribute("data-tag")
    last = eight.page.locator(".card").last.get_attribute("data-tag")
    eight.page.locator(".card").last.scroll_into_view_if_needed()
    eight.wait_until("chart.data.datasets.some(({ data }) => data.length > 1)", last)
    assert eight.card(first).locator("canvas").evaluate("canvas => !Chart.getChart(canvas)")
    assert eight.page.evaluate(CHARTS) <= 4


def test_sixty_tags_have_charts_near_the_view_or_values_alone_and_all_are_current(dashboard: Any) -> None:
    names = add_tags(57)
    dashboard.open()
    page = dashboard.page
    expect(page.locator("#cards")).to_have_attribute("data-layout", "stack")
    dashboard.wait_until("chart.width > 0", page.locator(".card").first.get_attribute("data-tag"))
    assert page.evaluate(CHARTS) <= 16
    page.get_by_role("radio", name="Values").check()
    expect(page).to_have_url(f"{dashboard.server}/dashboard?show=values")
    dashboard.post(*((name, 40.5, 0.0) for name in names))
    expect(dashboard.card(names[0]).locator(".number")).to_have_text("40.50")
    expect(dashboard.card(names[-1]).locator(".number")).to_have_text("40.50")
    page.wait_for_function(f"({CHARTS}) === 0")
    page.locator(".card", has=page.get_by_role("link", name=names[3])).locator(".value").click(force=True)
    expect(page).to_have_url(f"{dashboard.server}/dashboard?tag={names[3]}&show=values")


def test_charts_are_chosen_ordered_and_saved_under_a_name(dashboard: Any) -> None:
    names = add_tags(10)
    dashboard.open("?range=1h")
    page = dashboard.page
    page.get_by_role("button", name="Views").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="None").click()
    for name in (names[1], names[2]):
        dialog.get_by_role("checkbox", name=name).check()
    dialog.get_by_role("button", name=f"Move {names[2]} up").click()
    dialog.get_by_label("Save this choice").fill("Start of a batch")
    dialog.get_by_role("button", name="Save as new view").click()
    expect(page).to_have_url(f"{dashboard.server}/dashboard?view=start-of-a-batch")
    expect(page.get_by_role("radio", name="1 h", exact=True)).to_be_checked()
    shown = page.locator(".card:visible").evaluate_all("cards => cards.map(({ dataset }) => dataset.tag)")
    assert shown == [names[2], names[1]]
    page.get_by_role("button", name="View: Start of a batch").click()
    dialog.get_by_role("button", name="All charts, by urgency").click()
    expect(page.locator(".card:visible")).to_have_count(13)
    page.go_back()
    expect(page.locator(".card:visible")).to_have_count(2)


def test_a_chart_is_drawn_about_once_a_second_however_many_readings_come(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    dashboard.card().locator("canvas").evaluate(f"canvas => ({COUNT_DRAWINGS})(Chart.getChart(canvas))")
    began = dashboard.page.evaluate("performance.now()")
    for i in range(30):
        dashboard.post(("fermenter_temp", 37 + i / 100, 0.0))
        dashboard.page.wait_for_timeout(70)
    dashboard.wait_until("chart.data.datasets[0].data.at(-1).y === 37.29")
    passed_s = (dashboard.page.evaluate("performance.now()") - began) / 1000
    assert 1 <= dashboard.page.evaluate("window.drawings") <= 2 * passed_s + 2


def test_of_too_many_tags_a_part_is_shown_and_the_others_are_found(dashboard: Any) -> None:
    names = [f"plant.{number:03}" for number in range(300)]
    Tag.objects.bulk_create(
        Tag(name=name, unit="°C", valid_min=0, valid_max=100, upper_limit=80) for name in names
    )
    dashboard.post(*((name, 40.5, 1.0) for name in names))
    dashboard.open()
    expect(dashboard.page.locator("#part-text")).to_contain_text("200 of 303")
    assert dashboard.page.locator(".card:visible").count() == 200
    dashboard.page.get_by_label("Find tags").fill("plant.29")
    dashboard.page.get_by_label("Find tags").press("Enter")
    expect(dashboard.page.locator(".card:visible")).to_have_count(10)
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    dashboard.post(("plant.299", 41.5, 0.0))
    expect(dashboard.card("plant.299").locator(".number")).to_have_text("41.50")
    dashboard.screenshot("part")


def test_what_happens_to_a_tag_on_another_page_is_told_and_leads_to_it(dashboard: Any) -> None:
    page, bounds = dashboard.page, {"valid_min": 0, "valid_max": 100, "upper_limit": 80}
    groups = {f"plant.{number:03}": f"Vessel {number % 2}" for number in range(300)}
    Tag.objects.bulk_create(
        Tag(name=name, group=group, unit="bar", **bounds) for name, group in groups.items()
    )
    dashboard.post(*((name, 40.5, 2.0) for name in groups))
    dashboard.open("?page=2")
    expect(page.locator(".card:visible")).to_have_count(103)
    away = "plant.000"
    expect(dashboard.card(away)).to_have_count(0)
    dashboard.post((away, 81.5, 0.0))
    row = page.locator("#anomalies li", has_text=away)
    expect(row).to_contain_text("81.5")
    expect(row).to_contain_text("bar")
    expect(page.locator("#totals [data-part=measurements]")).to_have_text("301")
    row.get_by_role("link").click()
    expect(page.locator(".card:visible")).to_have_count(1)
    dashboard.wait_until("chart.options.plugins.ruleBand.found?.value === 81.5", away)
    page.get_by_label("Tag", exact=True).select_option("")
    expect(page.locator(".card:visible")).to_have_count(200)


def test_groups_and_pages_lead_to_the_other_tags_and_back(dashboard: Any) -> None:
    page, shown = dashboard.page, dashboard.page.locator(".card:visible")
    Tag.objects.bulk_create(
        Tag(name=f"plant.{number:03}", group=f"Vessel {number % 3}", valid_min=0, valid_max=100)
        for number in range(300)
    )
    dashboard.open()
    expect(shown).to_have_count(200)
    page.get_by_role("link", name="Next").click()
    expect(shown).to_have_count(103)
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")  # the scripts run
    page.get_by_label("Group").select_option("Vessel 1")
    expect(page).to_have_url(f"{dashboard.server}/dashboard?group=Vessel+1")
    expect(shown).to_have_count(100)
    page.go_back()
    expect(shown).to_have_count(103)
    page.get_by_role("link", name="Previous").click()
    expect(shown).to_have_count(200)
