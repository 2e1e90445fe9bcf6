"""Chart.js does not come, or comes from this server."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, Route, expect
from pytest_django import Settings


def blocked(route: Route) -> None:
    route.abort()


def another_file(route: Route) -> None:
    route.fulfill(
        body="window.Chart = function () {}",
        headers={"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"},
    )


def hanging(route: Route) -> None:
    """Never answers."""


def values_go_on(dashboard: Any) -> None:
    dashboard.post(("fermenter_temp", 46.66, 0))
    expect(dashboard.card().locator(".number")).to_have_text("46.66")
    expect(dashboard.page.locator("#anomalies li").first).to_contain_text("46.66")


@pytest.mark.parametrize(
    ("handler", "noise"), [(blocked, "ERR_FAILED"), (another_file, "integrity"), (hanging, "")]
)
def test_the_page_says_why_and_goes_on(
    dashboard: Any,
    answer_cdn: Callable[[Callable[[Route], None]], None],
    handler: Callable[[Route], None],
    noise: str,
) -> None:
    dashboard.expected_noise = noise
    answer_cdn(handler)
    dashboard.post_history(20)
    dashboard.page.clock.install()
    dashboard.page.goto(f"{dashboard.server}/dashboard", wait_until="commit")
    expect(dashboard.page.locator("#zone")).to_contain_text("Europe/Berlin")  # the scripts run
    dashboard.page.clock.fast_forward(9000)  # as long as the page has patience
    words = dashboard.card().locator(".no-chart")
    expect(words).to_be_visible()
    expect(words).to_contain_text("could not be loaded from cdn.jsdelivr.net")
    expect(words).to_contain_text("manage.py install_scripts")
    assert dashboard.page.evaluate("typeof Chart") == "undefined"
    values_go_on(dashboard)
    dashboard.screenshot("chart-blocked")


@pytest.fixture
def data_files(settings: Settings, tmp_path: Path) -> Path:
    """Where this server's own copy belongs."""
    settings.FERMON_LOCAL_SCRIPTS = True
    settings.DATA_FILES = tmp_path / "static"
    settings.DATA_FILES.mkdir()
    settings.STATICFILES_DIRS = [Path(django_settings.BASE_DIR) / "static", settings.DATA_FILES]
    found: Path = settings.DATA_FILES
    return found


def test_a_local_copy_is_used(data_files: Path, dashboard: Any, chart_js: Path, settings: Settings) -> None:
    target = data_files / settings.FERMON_CHART_SCRIPT.file
    target.parent.mkdir()
    shutil.copy(chart_js, target)
    asked: list[str] = []
    dashboard.page.on("request", lambda request: asked.append(request.url))
    dashboard.post_history(20)
    dashboard.open().wait_for_charts(10)
    expect(dashboard.card().locator(".no-chart")).to_be_hidden()
    script = dashboard.page.locator("#chart-script")
    expect(script).to_have_attribute("integrity", settings.FERMON_CHART_SCRIPT.integrity)
    assert all(url.startswith(dashboard.server) for url in asked)


def test_a_missing_local_copy_is_said(data_files: Path, dashboard: Any) -> None:
    dashboard.open()
    expect(dashboard.card().locator(".no-chart")).to_be_visible()
    expect(dashboard.card().locator(".no-chart")).to_contain_text("run 'manage.py install_scripts'")
    values_go_on(dashboard)


def test_without_scripts_it_is_still_a_page(dashboard: Any, browser: Any) -> None:
    dashboard.post_history(20)
    plain: Page = browser.new_page(java_script_enabled=False)
    plain.goto(f"{dashboard.server}/dashboard")
    expect(plain.locator(".card .number").first).to_have_text("37.50")
    expect(plain.locator("noscript").first).to_be_attached()
    plain.get_by_label("Tag").select_option("fermenter_ph")
    plain.get_by_role("button", name="Show").click()
    expect(plain.locator(".card:visible")).to_have_count(1)
    plain.close()
