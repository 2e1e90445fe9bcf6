"""The page follows the stream, and does without it where it can't be had."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

READING = ("fermenter_temp", 38.12, 0)


def events(*ids: int) -> str:
    """What the stream says of measurements of the temperature, 1000 times its value being the id."""
    now = datetime.now(UTC)
    items = [
        {
            "id": i,
            "timestamp": (now + timedelta(milliseconds=place)).isoformat(),
            "tag": "fermenter_temp",
            "value": i / 1000,
            "is_anomaly": False,
        }
        for place, i in enumerate(ids)
    ]
    return "retry: 100\n\n" + "".join(f"event: measurement\ndata: {json.dumps(item)}\n\n" for item in items)


def since_of(url: str) -> str:
    """Behind which measurement the stream was asked to go on."""
    return parse_qs(urlsplit(url).query)["since"][0]


def newest_id(dashboard: Any) -> int:
    """The id of what was stored last."""
    newest: int = dashboard.page.request.get(f"{dashboard.server}/data?limit=1").json()[0]["id"]
    return newest


@pytest.fixture
def asked(dashboard: Any) -> list[str]:
    """The paths that the page has asked for."""
    paths: list[str] = dashboard.asked
    return paths


@pytest.fixture
def live(dashboard: Any, lasting: None) -> Any:
    """The page, following the stream, with some past."""
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    return dashboard


def test_all_windows_of_a_browser_share_a_stream_and_one_goes_on_when_another_is_closed(
    asked: list[str], live: Any
) -> None:
    other = live.page.context.new_page()
    other_asked: list[str] = []
    other.on("request", lambda request: other_asked.append(urlsplit(request.url).path))
    other.goto(f"{live.server}/dashboard")
    expect(other.locator("#status")).to_have_attribute("data-mode", "stream")
    live.post(READING)
    number = ".card[data-tag='fermenter_temp'] .number"
    expect(other.locator(number)).to_have_text("38.12")
    expect(live.card().locator(".number")).to_have_text("38.12")
    assert (asked.count("/stream"), other_asked.count("/stream")) == (1, 0)
    with other.expect_request("**/stream?*"):
        live.page.goto("about:blank")
    live.post(("fermenter_temp", 38.34, 0))
    expect(other.locator(number)).to_have_text("38.34")
    assert other_asked.count("/stream") == 1
    other.goto("about:blank")
    other.close()


def test_readings_come_by_the_stream_alone(asked: list[str], live: Any) -> None:
    expect(live.link().locator("strong")).to_have_text("Live")
    asked.clear()
    live.post(READING)
    expect(live.card().locator(".number")).to_have_text("38.12")
    live.wait_until("chart.data.datasets[0].data.at(-1).y === 38.12")
    assert "/data" not in asked


def test_totals_count_up_and_reasons_are_asked_for_once(asked: list[str], live: Any) -> None:
    live.wait_until_read()
    asked.clear()
    live.post(*(("agitator_rpm", 660.0 + i, 0.1 * i) for i in range(5)))
    expect(live.page.locator("[data-part=measurements]")).to_have_text("69")
    expect(live.page.locator("#anomalies li").first).to_contain_text("above the limit 650")
    assert "/stats" not in asked
    # What the charts read at first asks up to two seconds later: on a busy machine, before the readings come.
    assert asked.count("/anomalies") in (1, 2)


def test_a_cut_stream_goes_on_behind_the_last_measurement(dashboard: Any) -> None:
    since: list[str] = []

    def cut_once(route: Route) -> None:
        since.append(since_of(route.request.url))
        if len(since) == 1:
            route.fulfill(body=events(37001, 37002), content_type="text/event-stream")
        else:
            new = [37003] if len(since) == 2 else []
            route.fulfill(body=events(*new), content_type="text/event-stream")

    dashboard.page.route("**/stream?*", cut_once)
    dashboard.open()
    expect(dashboard.card().locator(".number")).to_have_text("37.00")
    # Where the second came late, the line has a gap: a point without an id.
    drawn = "chart.data.datasets[0].data.flatMap(p => p.id ?? []).join()"
    dashboard.wait_until(f"{drawn} === '37001,37002,37003'")
    assert since[:2] == ["0", "37002"]


def full(route: Route) -> None:
    route.fulfill(status=503, json={"detail": "full"}, headers={"Retry-After": "6"})


def page_of_a_proxy(route: Route) -> None:
    route.fulfill(body="<p>Please sign in.</p>", content_type="text/html")


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize(("handler", "noise"), [(full, "503"), (page_of_a_proxy, "")])
def test_without_the_stream_it_asks_and_says_so(
    dashboard: Any, handler: Callable[[Route], None], noise: str
) -> None:
    dashboard.expected_noise = noise
    dashboard.page.route("**/stream?*", handler)
    dashboard.post_history(20)
    dashboard.open()
    expect(dashboard.link()).to_contain_text("Live, renewed every 5 s")
    dashboard.post(READING)
    expect(dashboard.card().locator(".number")).to_have_text("38.12")
    dashboard.page.unroute("**/stream?*")
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    expect(dashboard.link().locator("strong")).to_have_text("Live")


def test_a_stream_that_falls_silent_is_left(dashboard: Any) -> None:
    dashboard.page.clock.install()
    dashboard.post_history(20)
    dashboard.open()
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    for _ in range(10):  # the stream's first bytes may come after the clock has gone on
        dashboard.page.clock.fast_forward(41_000)
        with suppress(AssertionError):
            expect(dashboard.link()).to_have_attribute("data-mode", "polling", timeout=3000)
            return
    pytest.fail("the stream was not left")


def test_a_page_that_was_hidden_for_an_hour_catches_up(asked: list[str], dashboard: Any) -> None:
    dashboard.page.clock.install()
    dashboard.post_history(20)
    dashboard.open().wait_for_charts()
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    dashboard.hide()
    dashboard.page.clock.fast_forward(3_600_000)
    dashboard.post(READING)
    dashboard.page.clock.run_for(2000)
    expect(dashboard.card().locator(".number")).to_have_text("37.50")  # nothing is drawn
    asked.clear()
    with dashboard.page.expect_request("**/stream?*") as stream:
        dashboard.show()
    # The windows tell what was before; on a busy machine the reading comes by the new stream alone.
    assert newest_id(dashboard) - int(since_of(stream.value.url)) in (0, 1)
    expect(dashboard.card().locator(".number")).to_have_text("38.12")
    assert {"/stats", "/data"} <= set(asked)
    expect(dashboard.page.locator("[data-part=measurements]")).to_have_text("65")
