"""WCAG 2.2 AA as far as a program can tell, the keyboard, zoom, and how little the page weighs."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Response, expect

from fermon_site.static_files import without_comments
from monitoring.models import Tag

pytestmark = pytest.mark.once

RUN = """async () => (await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
})).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).slice(0, 5).join(", ")}`)"""
FITS = "document.documentElement.scrollWidth <= innerWidth"
WEIGHT = 120_000  # as production sends the page


def violations(dashboard: Any, axe_js: Path) -> list[str]:
    if not dashboard.page.evaluate("Boolean(window.axe)"):
        dashboard.page.evaluate(axe_js.read_text())
    found: list[str] = dashboard.page.evaluate(RUN)
    return found


def fill(dashboard: Any) -> None:
    """A card in each state, and events of both kinds."""
    Tag.objects.create(name="co2", unit="%", group="Off-gas", valid_min=0, valid_max=100)
    dashboard.post_history(60)
    dashboard.post(("fermenter_temp", 46.5, 0), ("co2", 5.0, 300))
    Tag.objects.create(name="oxygen", unit="%", valid_min=0, valid_max=100)
    dashboard.add_event("agitator_rpm", "stuck", age=30)
    dashboard.add_event("fermenter_temp", "spike", age=30, lasted=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("width", "query"),
    [
        (360, ""),
        (1440, ""),
        (1440, "?compare=fermenter_temp,fermenter_ph,agitator_rpm,co2"),
        (1440, "?tag=fermenter_temp&from=2026-01-31T12:00:00Z&to=2026-01-31T12:10:00Z"),
        (360, "?kiosk=1"),
        (1920, "?kiosk=1"),
    ],
)
def test_nothing_keeps_people_out(dashboard: Any, axe_js: Path, theme: str, width: int, query: str) -> None:
    dashboard.page.emulate_media(color_scheme=theme)
    dashboard.page.set_viewport_size({"width": width, "height": 1080 if width == 1920 else 900})
    fill(dashboard)
    dashboard.open(query)
    expect(dashboard.card().locator(".state")).to_contain_text("above the limit 45")
    assert violations(dashboard, axe_js) == []


def test_what_opens_keeps_nobody_out_either(dashboard: Any, axe_js: Path) -> None:
    fill(dashboard)
    dashboard.open().wait_for_charts(0)
    dashboard.card().get_by_text("Data as table").click()
    expect(dashboard.card().locator("tbody tr").first).to_be_visible()
    dashboard.card("co2").get_by_text("Save").click()
    assert violations(dashboard, axe_js) == []
    dashboard.page.locator("#custom summary").click()
    assert violations(dashboard, axe_js) == []
    dashboard.page.locator("#custom summary").click()
    tells_its_links_apart(dashboard)
    stands_in_forced_colours(dashboard, axe_js)
    prints_what_is_shown(dashboard)
    dashboard.page.get_by_role("button", name="Views").click()
    assert violations(dashboard, axe_js) == []


def tells_its_links_apart(dashboard: Any) -> None:
    """Each link of an event has a name of its own, also once the scripts have filled it."""
    dashboard.add_event("fermenter_temp", "spike", age=20, lasted=1)
    dashboard.open().wait_for_charts(0)
    links = dashboard.page.locator("#events li:not([hidden]) a")
    expect(links).to_have_count(3)
    names = [link.get_attribute("aria-label") for link in links.all()]
    assert len(set(names)) == 3
    assert sum(name.startswith("Spike of fermenter_temp, ") for name in names) == 2


def stands_in_forced_colours(dashboard: Any, axe_js: Path) -> None:
    """States and the chosen range are told apart where the system sets the colours."""
    dashboard.page.emulate_media(forced_colors="active")
    expect(dashboard.card().locator(".state .icon")).to_be_visible()
    chosen = dashboard.page.locator(".controls input:checked + span").first
    assert chosen.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    assert violations(dashboard, axe_js) == []
    dashboard.page.emulate_media(forced_colors="none")


def prints_what_is_shown(dashboard: Any) -> None:
    """Paper has the values, and neither menu nor controls."""
    dashboard.page.emulate_media(media="print")
    expect(dashboard.card().locator(".number")).to_be_visible()
    for unused in (".site-header nav", ".controls", ".tools"):
        expect(dashboard.page.locator(unused).first).to_be_hidden()
    assert dashboard.page.evaluate(FITS)
    dashboard.page.emulate_media(media="screen")


def test_many_tags_and_no_database_keep_nobody_out(dashboard: Any, axe_js: Path, outage: Any) -> None:
    dashboard.expected_noise = "503"
    for number in range(9):
        Tag.objects.create(name=f"t{number}", group=f"F{number % 3}", valid_min=0, valid_max=1)
    dashboard.open()
    expect(dashboard.page.locator("#cards")).to_have_attribute("data-layout", "many")
    assert violations(dashboard, axe_js) == []
    with outage():
        dashboard.open()
        expect(dashboard.link()).to_have_attribute("data-state", "database")
        assert violations(dashboard, axe_js) == []


@pytest.mark.parametrize(("width", "height"), [(720, 450), (320, 512)])
def test_zoomed_to_200_and_400_percent_nothing_is_lost(dashboard: Any, width: int, height: int) -> None:
    fill(dashboard)
    dashboard.page.set_viewport_size({"width": width, "height": height})
    dashboard.open()
    dashboard.card().locator(".plot").scroll_into_view_if_needed()
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    assert dashboard.page.evaluate(FITS)
    expect(dashboard.card().get_by_text("Data as table")).to_be_visible()
    expect(dashboard.card().locator(".number")).to_be_visible()


def test_the_menu_the_table_and_the_cursor_by_keyboard(dashboard: Any) -> None:
    dashboard.post_history(30)
    dashboard.open().wait_for_charts(20)
    page, card = dashboard.page, dashboard.card()
    card.get_by_text("Save").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Picture (PNG)")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card.locator("summary").first).to_be_focused()
    expect(card.get_by_role("button", name="Picture (PNG)")).to_be_hidden()
    card.locator(".plot").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#answerer")).to_contain_text("37.50 °C")
    expect(dashboard.card("fermenter_ph").locator(".pointed")).to_have_text(re.compile(r"[\d:]+ 7.\d+ pH"))


def test_with_reduced_motion_nothing_is_animated(dashboard: Any) -> None:
    dashboard.page.emulate_media(reduced_motion="reduce")
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    assert dashboard.page.evaluate("document.getAnimations().length") == 0


def test_the_page_is_light(dashboard: Any) -> None:
    weights: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.url.startswith(dashboard.server) and response.request.resource_type in {
            "document",
            "script",
            "stylesheet",
        }:
            body = response.body()
            is_script = response.request.resource_type == "script"
            weights[response.url] = len(gzip.compress(without_comments(body) if is_script else body))

    dashboard.page.on("response", weigh)
    dashboard.open().wait_for_charts(0)
    dashboard.page.wait_for_load_state("load")
    assert len(weights) >= 30
    assert sum(weights.values()) < WEIGHT


def test_nothing_shifts_while_it_loads(dashboard: Any) -> None:
    dashboard.page.add_init_script(
        """window.shifted = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shifted += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    dashboard.post_history(60)
    dashboard.open().wait_for_charts(50)
    assert dashboard.page.evaluate("window.shifted") < 0.02
