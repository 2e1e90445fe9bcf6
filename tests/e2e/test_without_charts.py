"""Chart.js does not come from the CDN, or late: the page takes this server's copy, or says why it can't."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect
from pytest_django import Settings

pytestmark = pytest.mark.once

OF_THE_CDN = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
Answer = Callable[[Route], None]
AnswerCdn = Callable[[Answer], None]

# Shifts of what was laid out already, and each word that the place of the chart ever showed.
WATCH = """() => {
    window.shifts = [];
    window.said = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value }) => value)))
        .observe({ type: "layout-shift", buffered: true });
    document.addEventListener("DOMContentLoaded", () => {
        const look = () => document.querySelectorAll(".no-chart:not([hidden])").forEach((node) =>
            node.closest("noscript") || window.said.push(node.textContent));
        new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
        look();
    });
}"""


def blocked(route: Route) -> None:
    route.abort()


def another_file(route: Route) -> None:
    route.fulfill(body="window.Chart = function () {}", headers=OF_THE_CDN)


def hanging(route: Route) -> None:
    """Never answers."""


NOT_TO_BE_HAD = [(blocked, "ERR_FAILED"), (another_file, "integrity"), (hanging, "")]


def values_go_on(dashboard: Any) -> None:
    dashboard.post(("fermenter_temp", 46.66, 0))
    expect(dashboard.card().locator(".number")).to_have_text("46.66")
    expect(dashboard.page.locator("#anomalies li").first).to_contain_text("46.66")


@pytest.fixture
def data_files(settings: Settings, tmp_path: Path) -> Path:
    """Where this server's own copy belongs; none is there."""
    settings.DATA_FILES = tmp_path / "static"
    found: Path = settings.DATA_FILES
    return found


@pytest.fixture
def put_copy(data_files: Path, chart_js: Path, settings: Settings) -> Callable[[], None]:
    """Puts the copy there, as a server or the command does it while a page may be open."""

    def put() -> None:
        target = data_files / settings.FERMON_CHART_SCRIPT.file
        target.parent.mkdir(parents=True)
        draft = shutil.copy(chart_js, target.with_suffix(".part"))
        Path(draft).replace(target)

    return put


@pytest.fixture
def asked(dashboard: Any) -> list[Request]:
    """What the page asks for, as it does so."""
    found: list[Request] = []
    dashboard.page.on("request", lambda request: found.append(request))
    return found


def copies(asked: list[Request]) -> list[str]:
    """How this server's copy was asked for."""
    return [request.method for request in asked if "/scripts/chart-" in request.url]


class LateCdn:
    """A CDN that answers when it is told to, once."""

    def __init__(self, chart_js: Path) -> None:
        self.chart_js = chart_js
        self.waiting: Route | None = None

    def __call__(self, route: Route) -> None:
        self.waiting = route

    def answer(self) -> None:
        assert self.waiting
        self.waiting.fulfill(path=self.chart_js, headers=OF_THE_CDN)


@pytest.fixture
def late_cdn(chart_js: Path, answer_cdn: AnswerCdn, dashboard: Any) -> LateCdn:
    late = LateCdn(chart_js)
    answer_cdn(late)
    return late


def open_with_clock(dashboard: Any) -> None:
    """Opens the page with a clock that only the test moves, up to where its scripts run."""
    now = datetime.now(UTC)
    dashboard.page.clock.install(time=now)
    dashboard.page.clock.pause_at(now + timedelta(seconds=1))
    dashboard.page.goto(f"{dashboard.server}/dashboard", wait_until="commit")
    expect(dashboard.page.locator("#zone")).to_contain_text("Europe/Berlin")


# The CDN answers


def test_with_the_cdn_the_copy_is_not_asked_for(
    dashboard: Any, put_copy: Callable[[], None], asked: list[Request]
) -> None:
    put_copy()
    dashboard.post_history(20)
    open_with_clock(dashboard)
    expect(dashboard.card().locator(".plot")).to_have_class("plot ready")
    dashboard.page.clock.fast_forward(10_000)  # longer than the page has patience
    dashboard.page.clock.resume()
    dashboard.wait_for_charts(10)
    assert copies(asked) == []


# The CDN fails, the server has a copy


@pytest.mark.parametrize(("handler", "noise"), NOT_TO_BE_HAD)
def test_the_page_takes_the_copy_by_itself(
    dashboard: Any,
    answer_cdn: AnswerCdn,
    put_copy: Callable[[], None],
    asked: list[Request],
    handler: Answer,
    noise: str,
) -> None:
    dashboard.expected_noise = noise  # the browser's own word for what the CDN did
    answer_cdn(handler)
    put_copy()
    dashboard.post_history(20)
    dashboard.page.add_init_script(f"({WATCH})()")
    dashboard.page.goto(f"{dashboard.server}/dashboard", wait_until="commit")
    expect(dashboard.page.locator("#zone")).to_contain_text("Europe/Berlin")  # the page is whole
    dashboard.wait_for_charts(10)
    assert copies(asked) == ["HEAD", "GET"]
    assert dashboard.page.evaluate("Chart.version") == "4.6.1"
    assert dashboard.page.evaluate("window.said") == []
    assert sum(dashboard.page.evaluate("window.shifts")) < 0.01
    assert dashboard.pixels()["red"] > 0  # the anomaly
    values_go_on(dashboard)


@pytest.mark.browser_context_args(bypass_csp=False)
def test_the_content_security_policy_allows_the_copy(
    dashboard: Any, answer_cdn: AnswerCdn, put_copy: Callable[[], None]
) -> None:
    dashboard.expected_noise = "ERR_FAILED"
    answer_cdn(blocked)
    put_copy()
    dashboard.post_history(20)
    dashboard.open()
    expect(dashboard.card().locator(".plot")).to_have_class("plot ready")


def test_a_cdn_that_answers_after_5_s_is_not_waited_for_nor_run(
    dashboard: Any, late_cdn: LateCdn, put_copy: Callable[[], None], asked: list[Request]
) -> None:
    put_copy()
    dashboard.post_history(20)
    open_with_clock(dashboard)
    dashboard.page.clock.fast_forward(1500)
    assert copies(asked) == []
    dashboard.page.clock.fast_forward(600)
    dashboard.page.clock.resume()
    dashboard.wait_for_charts(10)
    dashboard.page.evaluate("() => { window.first = window.Chart }")
    with dashboard.page.expect_request_finished(lambda request: "jsdelivr" in request.url):
        late_cdn.answer()
    dashboard.page.wait_for_timeout(500)  # for a script that runs all the same
    assert dashboard.page.evaluate("window.first === window.Chart")
    dashboard.wait_for_charts(10)
    values_go_on(dashboard)


def test_whichever_comes_first_is_the_only_one(
    dashboard: Any,
    late_cdn: LateCdn,
    put_copy: Callable[[], None],
) -> None:
    """The CDN answers while the copy is on its way."""
    put_copy()
    dashboard.post_history(20)
    slow: list[Route] = []

    def hold_the_script(route: Route) -> None:
        if route.request.method == "HEAD":
            route.continue_()
        else:
            slow.append(route)

    dashboard.page.route("**/scripts/*", hold_the_script)
    open_with_clock(dashboard)
    with dashboard.page.expect_request(
        lambda request: "/scripts/" in request.url and request.method == "GET"
    ):
        dashboard.page.clock.fast_forward(2100)
    dashboard.page.clock.resume()
    late_cdn.answer()
    dashboard.wait_for_charts(10)
    dashboard.page.evaluate("() => { window.first = window.Chart }")
    with dashboard.page.expect_request_finished(lambda request: "/scripts/" in request.url):
        slow[0].continue_()
    dashboard.page.wait_for_timeout(500)
    assert dashboard.page.evaluate("window.first === window.Chart")


# Neither is to be had


@pytest.mark.parametrize(("handler", "noise"), NOT_TO_BE_HAD)
def test_without_either_the_page_says_why_and_goes_on(
    dashboard: Any, answer_cdn: AnswerCdn, data_files: Path, handler: Answer, noise: str
) -> None:
    dashboard.expected_noise = noise
    answer_cdn(handler)
    dashboard.post_history(20)
    open_with_clock(dashboard)
    dashboard.page.clock.fast_forward(9000)  # as long as the page has patience
    dashboard.page.clock.resume()
    words = dashboard.card().locator(".no-chart")
    expect(words).to_be_visible()
    expect(words).to_contain_text("could not be loaded from cdn.jsdelivr.net")
    expect(words).to_contain_text("this server has no copy of it")
    expect(words).to_contain_text("manage.py install_scripts")
    assert dashboard.page.evaluate("typeof Chart") == "undefined"
    values_go_on(dashboard)
    dashboard.screenshot("chart-blocked")


def test_a_slow_cdn_without_a_copy_is_waited_for_in_silence(
    dashboard: Any, late_cdn: LateCdn, data_files: Path
) -> None:
    dashboard.post_history(20)
    dashboard.page.add_init_script(f"({WATCH})()")
    open_with_clock(dashboard)
    with dashboard.page.expect_response(lambda response: "/scripts/" in response.url) as answered:
        dashboard.page.clock.fast_forward(5000)
    assert answered.value.status == 204
    late_cdn.answer()
    expect(dashboard.card().locator(".plot")).to_have_class("plot ready")
    dashboard.page.clock.resume()
    dashboard.wait_for_charts(10)
    assert dashboard.page.evaluate("window.said") == []


def test_a_copy_that_comes_later_is_found_by_the_open_page(
    dashboard: Any, answer_cdn: AnswerCdn, data_files: Path, put_copy: Callable[[], None]
) -> None:
    dashboard.expected_noise = "ERR_FAILED"
    answer_cdn(blocked)
    dashboard.post_history(20)
    dashboard.open()
    expect(dashboard.card().locator(".no-chart")).to_be_visible()
    put_copy()
    dashboard.wait_for_charts(10)
    expect(dashboard.card().locator(".no-chart")).to_be_hidden()


# FERMON_LOCAL_SCRIPTS=on


@pytest.fixture
def local_alone(settings: Settings, data_files: Path) -> None:
    settings.FERMON_LOCAL_SCRIPTS = True


def test_a_local_copy_is_used(
    local_alone: None, put_copy: Callable[[], None], dashboard: Any, asked: list[Request], settings: Settings
) -> None:
    put_copy()
    dashboard.post_history(20)
    dashboard.open().wait_for_charts(10)
    expect(dashboard.card().locator(".no-chart")).to_be_hidden()
    script = dashboard.page.locator("#chart-script")
    expect(script).to_have_attribute("integrity", settings.FERMON_CHART_SCRIPT.integrity)
    assert all(request.url.startswith(dashboard.server) for request in asked)


def test_a_missing_local_copy_is_said_and_found_when_it_comes(
    local_alone: None, put_copy: Callable[[], None], dashboard: Any, asked: list[Request]
) -> None:
    dashboard.post_history(20)
    dashboard.open()
    expect(dashboard.card().locator(".no-chart")).to_be_visible()
    expect(dashboard.card().locator(".no-chart")).to_contain_text("run 'manage.py install_scripts'")
    values_go_on(dashboard)
    put_copy()
    dashboard.wait_for_charts(10)
    expect(dashboard.card().locator(".no-chart")).to_be_hidden()
    assert all(request.url.startswith(dashboard.server) for request in asked)


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
