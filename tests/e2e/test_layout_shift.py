"""What the scripts write has its place before they come."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from monitoring.alarms.state_machine import Act
from monitoring.batches.lifecycle import NewBatch, inoculate, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import make_vessel
from monitoring.kernel.actor import Actor
from tests.alarming import act, define
from tests.e2e.test_kiosk import WATCH_SHIFTS, continue_late

pytestmark = pytest.mark.once
ANN = Actor("ann", "login")


@pytest.fixture
def slow(dashboard: Any) -> Callable[[str], Page]:
    """Opens a page on a phone, whose scripts come after the first paint."""
    page: Page = dashboard.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.add_init_script(WATCH_SHIFTS)
    page.route("**/js/pages/*.js", continue_late)

    def open_page(path: str) -> Page:
        page.goto(f"{dashboard.server}{path}")
        return page

    return open_page


def test_the_list_of_alarms_keeps_a_place_for_its_button(slow: Callable[[str], Page]) -> None:
    act(define(), Act.ACTIVE)
    page = slow("/alarms")
    expect(page.get_by_role("button", name="Acknowledge the 1 visible")).to_be_enabled()
    assert page.evaluate("window.shifted") < 0.02


def test_the_time_of_a_vessel_keeps_its_line_in_the_zone_of_the_viewer(slow: Callable[[str], Page]) -> None:
    start = datetime.now(UTC) - timedelta(hours=2)
    make_vessel("v1", title="Reactor 1", actor=ANN)
    make_recipe("fed-batch", [NewPhase("growth", 8 * 3600), NewPhase("feed", 10 * 3600)], actor=ANN)
    batch = start_batch(NewBatch("v1", "run-1", recipe="fed-batch", start=start), actor=ANN)
    inoculate(batch.pk, at=start, actor=ANN)
    page = slow("/vessels/v1")
    expect(page.locator("#vessel-next")).to_contain_text("Next: phase feed in")
    expect(page.locator("#vessel-next time")).not_to_contain_text("UTC")
    assert page.evaluate("window.shifted") < 0.02
