"""The past is played."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import JANUARY

pytestmark = pytest.mark.once

PAST = "?from=2026-01-31T12:00:00Z&to=2026-01-31T12:10:00Z"
AT = "chart.options.plugins.playhead.at"
NOON_MS = 1769860800000


@pytest.fixture
def past(dashboard: Any) -> Any:
    """Twenty minutes of temperature, of which the first ten are shown."""
    dashboard.post_past("fermenter_temp", [36 + i / 100 for i in range(1200)])
    dashboard.open(PAST)
    dashboard.wait_until("chart.data.datasets[0].data.filter(p => p.id).length >= 600")
    return dashboard


def test_steps_go_from_reading_to_reading(past: Any) -> None:
    forward = past.page.get_by_role("button", name="Step forward")
    for _ in range(3):
        forward.click()
    past.wait_until(f"{AT} === {NOON_MS + 3000}")
    then = past.card().locator("[data-part=then-value]")
    expect(then).to_have_text("36.03 °C")
    expect(past.card("fermenter_ph").locator("[data-part=then-value]")).to_have_text("nothing measured")
    past.page.keyboard.press("ArrowLeft")
    expect(then).to_have_text("36.02 °C")
    shown = re.compile("^31 Jan( 2026)? 13:00:02$")  # with a year that is over
    expect(past.page.locator("#playhead")).to_have_text(shown)
    expect(past.page.locator("#answerer")).to_have_text(shown)


def test_the_range_moves_along_and_never_runs_empty(past: Any) -> None:
    """The page itself pauses: while a click is on its way, the range would leave the readings behind."""
    later = [37 + i / 1000 for i in range(2400)]  # for frames that come late
    past.post_past("fermenter_temp", later, start=JANUARY + timedelta(minutes=20))
    past.wait_until("chart.data.datasets[0].data.length > 100")
    past.page.evaluate(
        """(far) => {
            window.fewest = Infinity;
            const chart = Chart.getChart(document.querySelector(".card canvas"));
            const look = () => {
                window.fewest = Math.min(window.fewest, chart.data.datasets[0].data.length);
                if (chart.scales.x.min > far) document.getElementById("play").click();
                else requestAnimationFrame(look);
            };
            look();
        }""",
        NOON_MS + 120_000,
    )
    past.page.get_by_label("Speed").select_option("600")
    past.page.get_by_role("button", name="Play").click()
    past.wait_until(f"chart.scales.x.min > {NOON_MS + 120_000}")
    expect(past.page.locator("#play")).to_have_attribute("aria-label", "Play")
    assert past.page.evaluate("window.fewest") > 100
    first, last = past.range()
    assert (past.chart(AT) - first) / (last - first) == pytest.approx(0.75, abs=0.05)


def test_space_plays_where_the_focus_is(past: Any) -> None:
    past.page.keyboard.press("Space")  # of the page: it scrolls
    assert past.chart(AT) is None
    past.card().locator(".plot").focus()
    past.page.keyboard.press("Space")
    expect(past.page.get_by_role("button", name="Pause")).to_be_visible()
    past.wait_until(f"{AT} > {NOON_MS}")
    past.page.get_by_role("button", name="Pause").focus()
    past.page.keyboard.press("Space")
    expect(past.page.get_by_role("button", name="Play")).to_be_visible()


def test_little_motion_moves_in_steps(past: Any) -> None:
    past.page.emulate_media(reduced_motion="reduce")
    past.page.get_by_label("Speed").select_option("10")
    past.page.get_by_role("button", name="Play").click()
    past.wait_until(f"{AT} >= {NOON_MS + 10000}")
    past.page.get_by_role("button", name="Pause").click()


def test_it_ends_now_and_goes_on_live(dashboard: Any) -> None:
    dashboard.post_history(60)
    dashboard.open().wait_for_charts(50)
    dashboard.page.get_by_role("button", name="Zoom in").click()
    expect(dashboard.page.locator("#moment")).to_contain_text("Showing the past")
    dashboard.page.get_by_label("Speed").select_option("600")
    dashboard.page.get_by_role("button", name="Play").click()
    expect(dashboard.page.locator("#moment")).to_have_text("Following: last 5 min")
    expect(dashboard.page.locator("#play")).to_be_hidden()
