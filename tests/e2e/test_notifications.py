"""Notifications in a browser: an address is added by keyboard, a link acknowledges by its button alone."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.models import AlarmJournalEntry, Channel, Delivery
from monitoring.notifications.links import verify_url
from tests.alarming import act, define
from tests.e2e.test_accessible import FITS, violations
from tests.notifying import link_path
from tests.patience import stretched

FOCUSED = "document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent"

SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(
    ({ title, body, tag, actions }) => [title, body, tag, actions.map(({ action }) => action)])"""


def tab_to(page: Any, name: str) -> None:
    """Goes on by the key Tab until the element with this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"no way to {name} by keyboard")


def wait_for(page: Any, is_so: Callable[[], object]) -> None:
    """Until it is so: what the browser tells arrives while Playwright waits."""
    deadline = time.monotonic() + stretched(20)
    while not is_so():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_an_address_is_added_tested_and_confirmed_by_keyboard(
    dashboard: Any, axe_js: Path, settings: Settings
) -> None:
    page = dashboard.page
    settings.FERMON_PUBLIC_URL = dashboard.server
    page.goto(f"{dashboard.server}/notifications")
    expect(page.locator("#alarm-bar")).to_have_attribute("data-followed", "")
    assert violations(dashboard, axe_js) == []
    address = page.locator("#field_to")
    tab_to(page, page.locator("label[for=field_to]").text_content())
    page.keyboard.type("anna")
    page.keyboard.press("Enter")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field.wrong")).to_contain_text("e-mail address")
    assert violations(dashboard, axe_js) == []
    address.focus()
    page.keyboard.press("End")
    page.keyboard.type("@plant.example")
    tab_to(page, "Person")
    page.keyboard.type("Anna")
    page.keyboard.press("Enter")
    card = page.locator(".cards > li").first
    expect(card).to_contain_text("not verified")
    tab_to(page, "Test Anna: E-mail")
    page.keyboard.press("Enter")
    expect(card).to_contain_text(re.compile("Test of .* waits"))
    assert Delivery.objects.get().kind == "test"
    page.goto(verify_url(Channel.objects.get()))
    assert violations(dashboard, axe_js) == []
    tab_to(page, "Confirm")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Verified")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{dashboard.server}/notifications")
    expect(card).to_contain_text("✓ verified")
    assert page.evaluate(FITS)
    assert violations(dashboard, axe_js) == []
    dashboard.expected_noise = "status of 400"  # the browser logs the refused form


def test_a_link_acknowledges_by_its_button_alone_also_without_scripts(
    dashboard: Any, axe_js: Path, settings: Settings, browser: Any
) -> None:
    dashboard.post_history(60)
    settings.FERMON_OPEN = False
    definition = define(priority="critical", action="Open V-12.")
    act(definition, Act.ACTIVE, at=datetime.now(UTC) - timedelta(minutes=1), value=46.2)
    channel = Channel.objects.create(name="Chat", kind="email", settings={"to": "a@b.example"})
    page = dashboard.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{dashboard.server}{link_path(definition, channel)}")
    expect(page.locator("#zone")).not_to_have_text("UTC")
    expect(page.locator(".small-chart .line")).to_be_visible()
    assert page.evaluate(FITS)
    assert violations(dashboard, axe_js) == []
    assert not AlarmJournalEntry.objects.filter(act="acknowledge").exists()
    without_scripts = browser.new_context(java_script_enabled=False)
    plain = without_scripts.new_page()
    plain.goto(page.url)
    plain.get_by_label("Comment").fill("On my way.")
    plain.get_by_role("button", name="Acknowledge as Chat").click()
    expect(plain.get_by_text("Acknowledged by Chat")).to_be_visible()
    without_scripts.close()
    line = AlarmJournalEntry.objects.get(act="acknowledge")
    assert (line.by, line.via, line.comment) == ("Chat", "link", "On my way.")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Acknowledged by Chat")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_a_push_is_shown_by_the_service_worker_with_the_policy_in_force(
    browser: Any, live_server: Any, transactional_db: None
) -> None:
    context = browser.new_context(permissions=["notifications"])
    page = context.new_page()
    page.goto(f"{live_server.url}/notifications")
    page.evaluate("async () => { await navigator.serviceWorker.register('/push-worker.js'); }")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    session, registrations, displayed = context.new_cdp_session(page), [], []
    session.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"])
    )
    session.on("BackgroundService.backgroundServiceEventReceived", lambda told: displayed.append(told))
    session.send("ServiceWorker.enable")
    session.send("BackgroundService.startObserving", {"service": "notifications"})
    session.send("BackgroundService.setRecording", {"service": "notifications", "shouldRecord": True})
    message = {"title": "[critical] fermenter_temp", "body": "46.5 °C", "tag": "m1", "priority": "critical"}
    wait_for(page, lambda: registrations)
    for data in (json.dumps(message | {"acknowledge_url": f"{live_server.url}/acknowledge/x"}), "no JSON"):
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": live_server.url, "registrationId": registrations[-1]["registrationId"], "data": data},
        )
    # Only then: Chromium drops a notification from its list if the list is read while it is being displayed.
    wait_for(page, lambda: len(displayed) == 2)
    shown = page.evaluate(SHOWN)
    assert sorted(shown) == [
        ["Fermon", "Look at the alarms.", "", []],
        ["[critical] fermenter_temp", "46.5 °C", "m1", ["acknowledge"]],
    ]
    context.close()
