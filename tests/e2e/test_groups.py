"""Many tags: grouped by vessel, without charts until one is chosen."""

from typing import Any

from playwright.sync_api import expect

from monitoring.models import Tag

KINDS = (("temp", "°C", 37.0), ("ph", "pH", 7.0), ("rpm", "rpm", 45.0), ("o2", "%", 30.0), ("co2", "%", 5.0))


def make_vessels(dashboard: Any, count: int = 12, seconds: int = 2) -> None:
    """So many vessels with five tags each, one of which is outside its limits; the default tags are off."""
    Tag.objects.update(active=False)
    bounds = {"valid_min": 0, "valid_max": 100, "upper_limit": 60}
    for vessel in range(1, count + 1):
        for kind, unit, _ in KINDS:
            Tag.objects.create(name=f"f{vessel}_{kind}", group=f"Fermenter {vessel}", unit=unit, **bounds)
    values = [(f"f{v}_{kind}", value) for v in range(1, count + 1) for kind, _, value in KINDS]
    for age in range(seconds, -1, -1):
        dashboard.post(*((tag, value + (age * 7 % 5) / 5, float(age)) for tag, value in values))
    dashboard.post((f"f{count}_ph", 61.0, -0.5))


def test_sixty_tags_in_twelve_groups(dashboard: Any) -> None:
    make_vessels(dashboard, seconds=60)
    dashboard.open()
    page = dashboard.page
    expect(page.locator(".card:visible")).to_have_count(60)
    expect(page.get_by_role("heading", level=2).first).to_have_text("Fermenter 12")  # it needs a person
    expect(page.locator(".group").first.locator("h3").first).to_have_text("f12_ph")
    expect(page.locator(".card canvas:visible")).to_have_count(0)
    expect(page.locator(".card .trace[d^='M']")).to_have_count(60)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dashboard.screenshot("sixty-tags")


def test_a_group_is_chosen(dashboard: Any) -> None:
    make_vessels(dashboard, count=3)
    dashboard.open()
    page = dashboard.page
    page.get_by_label("Group").select_option("Fermenter 2")
    expect(page).to_have_url(f"{dashboard.server}/dashboard?group=Fermenter+2")
    expect(page.locator(".card:visible")).to_have_count(5)
    dashboard.wait_until("chart.data.datasets[0].data.length > 0", "f2_temp")
    page.reload()
    expect(page.locator(".card:visible")).to_have_count(5)
    page.get_by_label("Tag", exact=True).select_option("f3_ph")
    expect(page).to_have_url(f"{dashboard.server}/dashboard?tag=f3_ph")
    expect(page.get_by_label("Group")).to_have_value("")
    page.go_back()
    expect(page.get_by_label("Group")).to_have_value("Fermenter 2")
    expect(page.locator(".card:visible")).to_have_count(5)


def test_a_card_without_a_chart_leads_to_it(dashboard: Any) -> None:
    make_vessels(dashboard, count=3)
    dashboard.open()
    dashboard.card("f1_ph").get_by_role("link", name="f1_ph").click()
    expect(dashboard.page).to_have_url(f"{dashboard.server}/dashboard?tag=f1_ph")
    dashboard.wait_until("chart.data.datasets[0].data.length > 0", "f1_ph")


def test_an_anomaly_leads_to_a_chart_that_was_not_shown(dashboard: Any) -> None:
    make_vessels(dashboard, count=3)
    dashboard.open()
    dashboard.page.locator("#anomalies li a").first.click()
    expect(dashboard.page.locator(".card:visible")).to_have_count(1)
    dashboard.wait_until("chart.options.plugins.ruleBand.found?.value === 61", "f3_ph")
    expect(dashboard.card("f3_ph").locator(".pointed")).to_contain_text("above the limit 60")
