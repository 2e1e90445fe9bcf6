"""The backtest page in the browser: asked, waited for, read, and taken over into the admin."""

import random
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from monitoring import tasks
from tests.e2e.test_accessible import FITS, violations

TAG = "fermenter_temp"
CHANCE = random.Random(1)
NOISE = [round(37 + CHANCE.gauss(0, 0.1), 4) for _ in range(900)]


@pytest.fixture
def asked(dashboard: Any) -> Any:
    """A minute of a stuck sensor in a quarter of an hour, the form filled in and sent."""
    dashboard.post_past(TAG, [*NOISE[:700], *[37.0] * 60, *NOISE[760:]])
    page = dashboard.open(f"?tag={TAG}").page
    page.get_by_role("link", name="backtest").click()
    expect(page.get_by_label("Tag")).to_have_value(TAG)
    expect(page.get_by_label("From (UTC)")).to_be_hidden()
    page.get_by_label("Time", exact=True).select_option("From – to")
    page.get_by_label("From (UTC)").fill("2026-01-31T12:05:00")
    page.get_by_label("To (UTC)").fill("2026-01-31T12:15:00")
    page.get_by_label("drift").check()
    page.get_by_label("Parameters, one a line").fill("spike.threshold = 6")
    page.get_by_role("button", name="Try these settings").click()
    return dashboard


def test_it_is_asked_worked_out_and_leads_to_the_chart_and_to_the_admin(asked: Any) -> None:
    page = asked.page
    expect(page.get_by_role("status")).to_contain_text("It waits for the worker")
    asked.screenshot("backtest-waits")
    assert tasks.run_backtests() == 1
    expect(page.get_by_role("heading", level=2)).to_have_text(
        "These settings would have given 1 event; the present ones give 1."
    )
    expect(page.get_by_label("drift")).to_be_checked()
    expect(page.locator("tbody tr")).to_contain_text("fermenter_temp has not changed")
    asked.screenshot("backtest")
    page.locator("tbody a").click()
    asked.wait_for_charts(100)
    expect(page.locator("#moment")).to_contain_text("13:10:40")  # Berlin's
    page.go_back()
    User.objects.create_superuser("admin", None, "secret")
    page.get_by_role("link", name="Use these settings").click()
    page.get_by_label("Name", exact=True).fill("admin")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Save to use them")).to_be_visible()
    expect(page.get_by_label("Parameters:")).to_have_value("spike.threshold = 6")
    expect(page.get_by_label("drift")).to_be_checked()
    page.get_by_label("Parameters:").scroll_into_view_if_needed()
    asked.screenshot("backtest-admin")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_keeps_nobody_out(asked: Any, axe_js: Path, theme: str) -> None:
    page = asked.page
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 360, "height": 800})
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert violations(asked, axe_js) == []
    tasks.run_backtests()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("summary").click()
    assert violations(asked, axe_js) == []
    assert page.evaluate(FITS)
    asked.screenshot(f"backtest-360-{theme}")


def test_what_is_wrong_stands_beside_its_field(asked: Any, axe_js: Path) -> None:
    asked.expected_noise = "400"
    page = asked.page
    page.get_by_label("Parameters, one a line").fill("spike.nose = 1")
    page.get_by_role("button", name="Try these settings").click()
    wrong = page.get_by_label("Parameters, one a line")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_accessible_description(re.compile("'spike.nose' is no parameter"))
    assert violations(asked, axe_js) == []
    asked.screenshot("backtest-refused")
