"""Signing in, staying signed in, another password, and what the page says when that has ended."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from pytest_django import Settings

from monitoring.models import Tag
from tests.e2e.conftest import Dashboard

PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def closed(dashboard: Dashboard, settings: Settings, account: Callable[[str], User]) -> Dashboard:
    """The dashboard with data, closed, and a viewer who has a password."""
    Tag.objects.update(stale_after_s=600)  # signing in takes a while on a busy machine
    dashboard.post_history()
    settings.FERMON_OPEN = False
    user = account("viewer")
    user.set_password(PASSWORD)
    user.save()
    return dashboard


def sign_in(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_signing_in_and_out(closed: Dashboard) -> None:
    page = closed.open("?tag=fermenter_temp").page
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/dashboard\?tag=fermenter_temp$"))
    expect(page.get_by_text("Signed in as viewer")).to_be_visible()
    expect(closed.link()).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_login_that_has_ended_is_told_and_leads_back(closed: Dashboard) -> None:
    closed.expected_noise = "401"
    page = closed.open("?tag=fermenter_temp").page
    sign_in(page)
    expect(closed.link()).to_have_attribute("data-state", "live")
    Session.objects.all().delete()
    expect(closed.link()).to_have_attribute("data-state", "denied")
    expect(closed.link()).to_contain_text("Signed out")
    closed.link().get_by_role("link", name="Sign in").click()
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/dashboard\?tag=fermenter_temp"))
    expect(closed.link()).to_have_attribute("data-state", "live")


def test_the_login_page_is_accessible(closed: Dashboard, axe_js: Path) -> None:
    page = closed.open().page
    page.keyboard.press("Enter")  # the name has the focus; without one the browser asks for it
    page.get_by_label("Name", exact=True).fill("viewer")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.evaluate(axe_js.read_text())  # the page's policy lets no script in that it does not name
    assert [found["id"] for found in page.evaluate("axe.run().then((result) => result.violations)")] == []


def test_changing_the_password(closed: Dashboard) -> None:
    page = closed.open().page
    sign_in(page)
    page.get_by_role("link", name="Change password").click()
    page.get_by_label("Old password").fill(PASSWORD)
    for label in ("New password", "New password confirmation"):
        page.get_by_label(label, exact=True).fill("staple of the new harvest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Password changed")).to_be_visible()
    page.get_by_role("link", name="To the dashboard").click()
    expect(page.get_by_text("Signed in as viewer")).to_be_visible()


def test_the_password_page_is_accessible(closed: Dashboard, axe_js: Path) -> None:
    page = closed.open().page
    sign_in(page)
    page.get_by_role("link", name="Change password").click()
    page.get_by_label("Old password").fill("wrong")
    for label in ("New password", "New password confirmation"):
        page.get_by_label(label, exact=True).fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible()
    page.evaluate(axe_js.read_text())
    assert [found["id"] for found in page.evaluate("axe.run().then((result) => result.violations)")] == []
