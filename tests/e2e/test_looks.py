"""How the page looks on what people have, and with what people enter."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from monitoring.models import Tag

pytestmark = pytest.mark.once

FITS = "document.documentElement.scrollWidth <= innerWidth"
LONG = "oxygen_uptake_rate_of_the_second_seed_fermenter_in_hall_number_5"
# What stands out of its card or list, names with a letter a line, and lines without a width.
SQUEEZED = """[...document.querySelectorAll(
    ".card:not([hidden]) :is(.number, .unit, h2, .sparkline), .listing li:not([hidden]) > span"
)].filter((node) => {
    const { left, right, width, height } = node.getBoundingClientRect();
    const around = node.closest(".card, .listing").getBoundingClientRect();
    const isName = node.matches("[data-part=tag]");
    const isNarrow = node.matches(".sparkline") ? width < 64 : isName && height > 10 * width;
    return right > around.right + 1 || left < around.left - 1 || isNarrow;
}).map((node) => `${node.className || node.dataset.part}: ${node.textContent}`)"""


def test_before_the_first_reading_it_is_calm(dashboard: Any) -> None:
    dashboard.open().wait_for_charts(0)
    expect(dashboard.link()).to_have_attribute("data-state", "empty")
    expect(dashboard.card().locator(".state")).to_have_text("no data yet")
    expect(dashboard.page.locator("#no-anomalies")).to_be_visible()
    expect(dashboard.page.locator("[data-part=rate]")).to_have_text("0.00 %")
    dashboard.screenshot("no-data")


@pytest.mark.parametrize(
    ("name", "width", "height"), [("phone", 360, 740), ("tablet", 820, 1100), ("wall", 1920, 1080)]
)
def test_it_fits_every_screen(dashboard: Any, name: str, width: int, height: int) -> None:
    dashboard.page.set_viewport_size({"width": width, "height": height})
    dashboard.post_history(60)
    dashboard.post(("fermenter_temp", 46.5, 0))
    dashboard.open()
    dashboard.wait_until("chart.data.datasets[0].data.length > 50")
    expect(dashboard.card().locator(".state")).to_contain_text("above the limit 45")
    assert dashboard.page.evaluate(FITS)
    dashboard.screenshot(name)
    if name == "wall":
        assert dashboard.page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_dark_and_light_follow_the_system_without_a_reload(dashboard: Any) -> None:
    dashboard.post_history(60)
    dashboard.page.emulate_media(color_scheme="light")
    dashboard.open().wait_for_charts(50)
    background = "getComputedStyle(document.body).backgroundColor"
    line = "chart.data.datasets[0].borderColor"
    light = dashboard.page.evaluate(background), dashboard.chart(line)
    dashboard.page.emulate_media(color_scheme="dark")
    dashboard.wait_until(f"{line} !== '{light[1]}'")
    assert dashboard.page.evaluate(background) != light[0]
    dashboard.wait_until("chart.data.datasets[2].data.length > 0")
    middle = "(({x, y}) => [x * devicePixelRatio, y * devicePixelRatio])(chart.getDatasetMeta(2).data.at(-1))"
    colour = dashboard.chart(f"[...chart.ctx.getImageData(...{middle}, 1, 1).data]")
    assert colour == [255, 98, 89, 255]  # --alarm of the dark theme
    dashboard.screenshot("dark")


def test_the_theme_is_chosen_and_there_before_the_first_paint(
    dashboard: Any, context: BrowserContext
) -> None:
    context.add_init_script(
        """new MutationObserver((_, observer) => {
            if (!document.body) return;
            window.themeAtFirst = document.documentElement.dataset.theme ?? "system";
            observer.disconnect();
        }).observe(document, { childList: true, subtree: true });"""
    )
    page = dashboard.page
    page.emulate_media(color_scheme="light")
    dashboard.post_history(60)
    dashboard.open().wait_for_charts(50)
    background = "getComputedStyle(document.body).backgroundColor"
    light, line = page.evaluate(background), dashboard.chart("chart.data.datasets[0].borderColor")
    page.get_by_label("Theme").select_option("Dark")
    assert page.evaluate(background) != light
    dashboard.wait_until(f"chart.data.datasets[0].borderColor !== '{line}'")
    page.reload()
    assert (page.evaluate("window.themeAtFirst"), page.evaluate(background) != light) == ("dark", True)
    expect(page.get_by_label("Theme")).to_have_value("dark")
    page.get_by_label("Theme").select_option("System")
    page.reload()
    assert (page.evaluate("window.themeAtFirst"), page.evaluate(background)) == ("system", light)


def test_without_the_database_it_says_so(dashboard: Any, outage: Any) -> None:
    dashboard.expected_noise = "503"
    dashboard.post_history(60)
    dashboard.open().wait_for_charts(50)
    with outage():
        expect(dashboard.link()).to_have_attribute("data-state", "database")
        dashboard.screenshot("database-away")
        dashboard.open()
        expect(dashboard.card()).to_be_visible()
        expect(dashboard.link()).to_contain_text("Database away")


def test_what_people_enter_is_shown_as_text(dashboard: Any) -> None:
    attack = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    Tag.objects.create(
        name="co2", description=attack, unit="<b>%</b>&amp;", valid_min=0, valid_max=100, upper_limit=20
    )
    dashboard.post(("co2", 30.0, 1), ("co2", 5.0, 0))
    dashboard.open().wait_for_charts(0)
    card = dashboard.card("co2")
    expect(card.locator(".description")).to_have_text(attack)
    expect(card.locator(".unit")).to_have_text("<b>%</b>&amp;")
    expect(card.locator(".number")).to_have_text("5.00")
    expect(dashboard.page.locator("#anomalies li").first).to_contain_text("30.00 <b>%</b>&amp;")
    dashboard.post(("co2", 6.0, 0))
    expect(card.locator(".number")).to_have_text("6.00")
    assert dashboard.page.evaluate("typeof window.hacked") == "undefined"


def test_a_tag_may_lack_limits(dashboard: Any) -> None:
    Tag.objects.create(name="free", unit="", valid_min=-1, valid_max=1)
    Tag.objects.create(name="capped", unit="bar", valid_min=0, valid_max=4, upper_limit=3)
    Tag.objects.create(name="huge", unit="cells/mL", valid_min=-1e100, valid_max=1e100)
    Tag.objects.create(name=LONG, unit="mmol/(L·h)", valid_min=-2000, valid_max=2000, upper_limit=0)
    dashboard.post(("free", 0.25, 1), ("free", -0.25, 0), ("capped", 2.0, 1), ("capped", 3.5, 0))
    dashboard.post(("huge", 1e17, 2), ("huge", 1e17 - 16, 1), ("huge", 1e17, 0))
    dashboard.post((LONG, -302.4, 1), (LONG, 1999.5, 0))
    dashboard.page.set_viewport_size({"width": 1440, "height": 2400})  # all charts are in view
    dashboard.open().wait_for_charts(0)
    capped = dashboard.card("capped")
    capped.scroll_into_view_if_needed()
    expect(capped.locator("canvas")).to_have_attribute("aria-label", re.compile("1 anomaly"))
    expect(dashboard.card("free").locator("dd").first).to_have_text("none")
    expect(dashboard.card("capped").locator("dd").first).to_have_text("at most 3")
    assert dashboard.chart("chart.options.plugins.limitLines.limits.length", "free") == 0
    assert dashboard.chart("chart.options.plugins.limitLines.limits.length", "capped") == 1
    dashboard.wait_until("chart.data.datasets[0].data.length > 1", "huge")
    assert dashboard.chart("chart.scales.y.ticks.map(({ label }) => label).join()", "huge") == "1e17"
    expect(dashboard.card("huge").locator(".number")).to_have_text("1e17")
    expect(dashboard.card(LONG).locator(".value")).to_have_text("1,999.5 mmol/(L·h)")
    assert dashboard.pixels("free")["drawn"] > 500
    for width in (320, 390, 1440):
        dashboard.page.set_viewport_size({"width": width, "height": 900})
        dashboard.page.wait_for_function(FITS)  # charts follow a moment later
        assert dashboard.page.evaluate(SQUEEZED) == []


def test_keyboard_and_screen_reader(dashboard: Any) -> None:
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    page = dashboard.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.get_by_label("Tag", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(dashboard.card("fermenter_ph")).to_be_hidden()
    page.get_by_role("radio", name="5 min").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{dashboard.server}/dashboard?tag=fermenter_temp&range=1h")
    expect(page.get_by_role("img", name="Chart of fermenter_temp, last 1 h:")).to_be_visible()
    expect(page.get_by_role("article", name="fermenter_temp")).to_be_visible()
    expect(page.get_by_role("region", name="Recent anomalies")).to_be_visible()


def test_problems_are_said_in_words(dashboard: Any, data_dir: Any) -> None:
    (data_dir / "dead_letters").mkdir(parents=True)
    dashboard.page.clock.install()
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    expect(dashboard.link()).not_to_have_attribute("data-problems", "")
    (data_dir / "dead_letters" / "pending.jsonl").write_text('{"kept_at": "2026-01-31T12:00:00Z"}\n{}\n')
    dashboard.page.clock.fast_forward(5000)
    problems = dashboard.page.locator("#problems")
    expect(problems).to_contain_text("2 readings wait on disk, where they are safe")
    expect(problems).to_contain_text("Since")


def test_refused_readings_are_told_without_alarm(dashboard: Any) -> None:
    dashboard.page.clock.install()
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    impossible = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 87.3}
    assert dashboard.page.request.post(f"{dashboard.server}/ingest", data=impossible).status == 400
    dashboard.page.clock.fast_forward(5000)
    notices = dashboard.page.locator("#notices")
    expect(notices).to_contain_text("1 reading of fermenter_temp refused in the last hour")
    expect(notices).to_contain_text("87.3 is above fermenter_temp's valid range 30 to 50")
    expect(dashboard.page.get_by_role("link", name="All rejected readings")).to_be_visible()
    dashboard.page.get_by_role("button", name="Dismiss for an hour").click()
    expect(notices).to_be_hidden()
    dashboard.open()
    expect(notices).to_be_hidden()


@pytest.mark.usefixtures("lasting")
def test_changed_limits_reach_an_open_page_and_wall_within_5_s(dashboard: Any) -> None:
    dashboard.page.clock.install()
    dashboard.post_history(20)
    for query, limit in (("?range=15m", 44), ("?kiosk=1", 43)):
        dashboard.open(query)
        expect(dashboard.link()).to_have_attribute("data-state", "live")
        Tag.objects.filter(name="fermenter_temp").update(upper_limit=limit)
        dashboard.page.clock.fast_forward(5000)
        expect(dashboard.card()).to_contain_text(f"35 to {limit}")
        assert dashboard.page.url.endswith(query)
