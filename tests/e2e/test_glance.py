"""The cards at a glance: state, how long, the last minutes as a line, and what needs a person first."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.models import Tag

pytestmark = pytest.mark.once

ORDER = "[...document.querySelectorAll('.card:not([hidden])')].map(card => card.dataset.tag)"


def order(dashboard: Any) -> list[str]:
    found: list[str] = dashboard.page.evaluate(ORDER)
    return found


def is_normal(dashboard: Any, age_s: int = 0) -> None:
    """Readings of all three tags, so that nothing needs a person."""
    dashboard.post(
        ("fermenter_temp", 37.0, age_s), ("fermenter_ph", 7.0, age_s), ("agitator_rpm", 450.0, age_s)
    )


def test_the_last_minutes_are_a_line(dashboard: Any) -> None:
    dashboard.post_history()
    dashboard.open("?from=2026-01-31T12:00:00Z&to=2026-01-31T12:10:00Z").wait_for_charts(0)
    line = dashboard.card().locator(".sparkline")
    expect(line.locator(".trace")).to_have_attribute("d", re.compile(r"^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){20,}"))
    expect(line.locator(".marks")).to_have_attribute("d", re.compile(r"^(M[^M]*z)+$"))


@pytest.mark.usefixtures("lasting")
def test_how_long_it_has_been_so(dashboard: Any) -> None:
    dashboard.post(("fermenter_temp", 46.5, 200))
    dashboard.post(*(("fermenter_temp", 37.0, float(age)) for age in range(199, -1, -1)))
    dashboard.open().wait_for_charts(0)
    expect(dashboard.card().locator(".state")).to_contain_text("normal for 3 min")
    dashboard.post(("fermenter_temp", 46.5, -1))
    expect(dashboard.card().locator(".state")).to_contain_text(
        re.compile(r"out of limit for \d+ s: above the limit 45")
    )


def test_each_tag_is_stale_after_a_time_of_its_own(dashboard: Any) -> None:
    Tag.objects.filter(name="fermenter_ph").update(stale_after_s=600)
    Tag.objects.filter(name="agitator_rpm").update(stale_after_s=2)
    dashboard.open().wait_for_charts(0)
    is_normal(dashboard)  # only now: on a busy machine, loading takes a while
    expect(dashboard.card("agitator_rpm")).to_have_attribute("data-state", "stale")
    expect(dashboard.card("fermenter_temp")).to_have_attribute("data-state", "normal")
    expect(dashboard.card("fermenter_temp")).to_have_attribute("data-state", "stale")
    expect(dashboard.card("fermenter_ph")).to_have_attribute("data-state", "normal")
    expect(dashboard.card().locator(".state")).to_contain_text("no reading since")


def test_what_needs_a_person_comes_first_but_not_under_the_pointer(dashboard: Any) -> None:
    is_normal(dashboard, age_s=20)
    dashboard.page.clock.install()
    dashboard.open().wait_for_charts(0)
    page = dashboard.page
    dashboard.card("agitator_rpm").hover()
    dashboard.post(("agitator_rpm", 690.0, 12))
    expect(dashboard.card("agitator_rpm")).to_have_attribute("data-state", "outside")
    page.clock.fast_forward(5000)
    assert order(dashboard) == ["fermenter_temp", "fermenter_ph", "agitator_rpm"]
    page.mouse.move(5, 5)
    page.clock.fast_forward(5000)
    page.wait_for_function(f"{ORDER}[0] === 'agitator_rpm'")
    is_normal(dashboard)
    expect(dashboard.card("agitator_rpm")).to_have_attribute("data-state", "normal")
    page.clock.fast_forward(70000)  # the place is kept for a minute
    is_normal(dashboard)
    expect(dashboard.card("fermenter_temp")).to_have_attribute("data-state", "normal")
    page.clock.fast_forward(5000)
    page.wait_for_function(f"{ORDER}.at(-1) === 'agitator_rpm'")


def test_a_new_tag_gets_its_card_and_the_view_stays(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.page.clock.install()
    dashboard.open("?range=1h").wait_for_charts(0)
    dashboard.page.evaluate("window.stayed = true")
    Tag.objects.create(name="co2", unit="%", valid_min=0, valid_max=100)
    dashboard.post(("co2", 12.0, 1))
    dashboard.page.clock.fast_forward(31000)
    expect(dashboard.card("co2").locator(".number")).to_have_text("12.00")
    dashboard.wait_until("chart.data.datasets[0].data.length > 0", "co2")
    dashboard.page.get_by_label("Tag", exact=True).select_option("co2")
    expect(dashboard.page.locator(".card:visible")).to_have_count(1)
    assert dashboard.page.evaluate("window.stayed") is True
    expect(dashboard.page.get_by_role("radio", name="1 h")).to_be_checked()
