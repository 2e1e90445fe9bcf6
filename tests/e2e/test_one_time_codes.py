"""An authenticator app is set up on a phone before the first login, and asked for at the next one."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.access.one_time_codes import devices
from tests.access.one_time_codes.test_codes import code_of
from tests.e2e.conftest import Dashboard

PASSWORD = "correct horse battery"  # noqa: S105


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)  # the page's policy lets no script in that it does not name
    return [found["id"] for found in page.evaluate("axe.run().then((result) => result.violations)")]


def give_password(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("engineer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


@pytest.mark.once
def test_an_app_is_set_up_on_a_phone_and_then_asked_for(
    dashboard: Dashboard,
    settings: Settings,
    account: Callable[[str], User],
    axe_js: Path,
    time_machine: TimeMachineFixture,
) -> None:
    dashboard.post_history()
    settings.FERMON_OPEN, settings.FERMON_TOTP = False, "required"
    user = account("engineer")
    user.set_password(PASSWORD)
    user.save()
    page, axe = dashboard.open("?tag=fermenter_temp").page, axe_js.read_text()
    page.set_viewport_size({"width": 360, "height": 800})
    give_password(page)
    expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    time_machine.move_to(datetime.now(UTC), tick=False)  # no step ends between a code and its check
    key = hex_of(page.locator("code.secret").inner_text())
    page.get_by_label("Six digits").fill(code_of(key, -1))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Sign out").click()
    give_password(page)
    expect(page.get_by_role("heading", name="One-time code")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_label("Six digits").fill(code_of(key))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Menu and account of engineer")).to_be_visible()
    assert devices.recovery_codes_left(user) == devices.RECOVERY_CODES


def hex_of(shown: str) -> str:
    """The secret in hex, as it is stored."""
    return base64.b32decode(shown.replace(" ", "")).hex()
