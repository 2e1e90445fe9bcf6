"""The header on a phone: one line with a menu, so that the first value is in view."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from tests.e2e.test_accessible import violations

pytestmark = pytest.mark.once

FITS = "document.documentElement.scrollWidth <= innerWidth"
MOST_PX = 120


@pytest.fixture
def phone(dashboard: Any, account: Callable[[str], User]) -> Any:
    """The page of a viewer who is signed in."""
    client = Client()
    client.force_login(account("viewer"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": dashboard.server}
    dashboard.page.context.add_cookies([cookie])
    dashboard.post_history(20)
    return dashboard


@pytest.mark.parametrize(("width", "height"), [(360, 740), (390, 844)])
def test_a_value_alarms_and_account_are_in_view(phone: Any, width: int, height: int) -> None:
    page = phone.page
    page.set_viewport_size({"width": width, "height": height})
    phone.open("?show=values")
    assert page.locator(".site-header").bounding_box()["height"] <= MOST_PX
    number = page.locator(".card .number").first.bounding_box()
    assert number["y"] + number["height"] <= height
    expect(page.get_by_role("button", name="Menu and account of viewer")).to_be_in_viewport(ratio=1)
    expect(page.locator(".alarm-counts")).to_be_in_viewport(ratio=1)
    assert page.evaluate(FITS)


def test_the_menu_by_keyboard(phone: Any, axe_js: Path) -> None:
    page = phone.page
    page.set_viewport_size({"width": 360, "height": 740})
    phone.open()
    button, theme = page.get_by_role("button", name="Menu"), page.get_by_label("Theme")
    expect(theme).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    for shown in (theme, page.get_by_role("button", name="Sign out"), page.get_by_role("link", name="Docs")):
        expect(shown).to_be_in_viewport(ratio=1)
    assert page.evaluate(FITS)
    assert violations(phone, axe_js) == []
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Change password")).to_be_focused()
    page.keyboard.press("Escape")
    expect(theme).to_be_hidden()
    expect(button).to_be_focused()


def test_sound_and_blinking_are_a_tap_away(phone: Any) -> None:
    page = phone.page
    page.set_viewport_size({"width": 390, "height": 844})
    phone.open()
    expect(page.locator("#alarm-sound")).to_be_hidden()
    page.get_by_role("button", name="Sound and blinking").click()
    page.locator("#alarm-sound").click()
    expect(page.locator("#alarm-sound")).to_have_attribute("aria-pressed", "true")


def test_a_wide_screen_has_all_in_lines(phone: Any) -> None:
    page = phone.open().page
    for shown in ("Theme", "Change password", "Sign out", "Notes"):
        expect(page.locator(".site-header").get_by_text(shown, exact=True)).to_be_visible()
    expect(page.locator("#alarm-sound")).to_be_visible()
    for hidden in (".menu-button", ".alarm-more"):
        expect(page.locator(hidden)).to_be_hidden()
