"""Events on the page: on the cards, in the list and in the charts, while they last and after that."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.models import Event
from tests.detecting import detect

BARS = """canvas => {
    const { data, height, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const isAmber = (i) => data[i] === 125 && data[i + 1] === 78 && data[i + 2] === 0;
    return Array.from({ length: width * height }, (_, i) => 4 * i).filter(isAmber).length;
}"""


def end(event: Event, *, lasted: float | None = None) -> None:
    """Ends it, as the judge does: now, or so many seconds after its beginning."""
    moment = datetime.now(UTC) if lasted is None else event.start + timedelta(seconds=lasted)
    Event.objects.filter(pk=event.pk).update(end=moment, revision=event.revision + 100)


@pytest.fixture
def fed(dashboard: Any, lasting: None) -> Any:
    """The three tags with five minutes of changing values."""
    dashboard.post_history(280)
    return dashboard


def test_an_open_event_is_on_the_card_in_the_list_and_in_the_chart(fed: Any) -> None:
    fed.add_event("agitator_rpm", "stuck", age=200)
    fed.open().wait_for_charts(80)
    card = fed.card("agitator_rpm")
    expect(card).to_have_attribute("data-state", "event")
    expect(card.locator(".state")).to_have_text(re.compile(r"Stuck for 3 min: has not changed for 14 s; it "))
    expect(card.locator(".state use")).to_have_attribute("href", "#icon-event")
    expect(card.locator(".sparkline .event")).to_have_attribute("d", re.compile(r"^M[\d.]+ [\d.]+H.+v-7$"))
    expect(fed.page.locator("#events-open")).to_have_text("1 open")
    row = fed.page.locator("#events li").first
    for text in (
        "Stuck",
        "agitator_rpm",
        "for 3 min",
        "since",
        "agitator_rpm has not changed for 14 s; it normally",
    ):
        expect(row).to_contain_text(text)
    assert card.locator("canvas").evaluate(BARS) > 1000
    expect(card.locator("canvas")).to_have_attribute("aria-label", re.compile("1 event"))


def test_events_come_and_end_by_the_stream(fed: Any) -> None:
    fed.open().wait_for_charts(80)
    expect(fed.link()).to_have_attribute("data-mode", "stream")
    expect(fed.page.locator("#no-events")).to_be_visible()
    event = fed.add_event("fermenter_ph", "step_up", age=30)
    expect(fed.card("fermenter_ph")).to_have_attribute("data-state", "event")
    expect(fed.page.locator("#announcer")).to_contain_text("Event: fermenter_ph, Step up: fermenter_ph rose")
    fed.post(("fermenter_ph", 7.05, 0))
    end(event, lasted=21)
    expect(fed.card("fermenter_ph")).to_have_attribute("data-state", "normal")
    expect(fed.page.locator("#events li").first).to_have_attribute("data-open", "false")
    expect(fed.page.locator("#events li").first).to_contain_text("21 s")
    expect(fed.page.locator("#events-open")).to_have_text("")


def test_what_ended_while_the_page_was_cut_off_is_noticed(fed: Any) -> None:
    event = fed.add_event("fermenter_ph", "stuck", age=30)
    fed.open()
    expect(fed.card("fermenter_ph")).to_have_attribute("data-state", "event")
    fed.page.context.set_offline(True)
    fed.expected_noise = "ERR_INTERNET_DISCONNECTED"
    expect(fed.link()).to_have_attribute("data-state", "offline")
    end(event)
    fed.add_event("agitator_rpm", "noise", age=5)
    fed.post(("fermenter_ph", 7.0, 0), ("agitator_rpm", 450.0, 0))
    fed.page.context.set_offline(False)
    expect(fed.card("agitator_rpm")).to_have_attribute("data-state", "event")
    expect(fed.card("fermenter_ph")).to_have_attribute("data-state", "normal")


def test_limits_come_before_events_and_those_before_the_rest(fed: Any) -> None:
    fed.add_event("agitator_rpm", "stuck", age=60)
    fed.post(("fermenter_ph", 8.5, 0))
    fed.open().wait_for_charts(80)
    order = "[...document.querySelectorAll('.card')].map(card => card.dataset.tag).join()"
    fed.page.wait_for_function(f"{order} === 'fermenter_ph,agitator_rpm,fermenter_temp'")


def test_a_click_in_the_list_shows_the_event_in_its_time(fed: Any) -> None:
    event = fed.add_event("agitator_rpm", "step_up", age=150, lasted=40)
    fed.open().wait_for_charts(80)
    fed.page.locator("#events li a").first.click()
    expect(fed.page).to_have_url(re.compile(rf"\?from=.*&to=.*&event={event.pk}$"))
    expect(fed.card("agitator_rpm").locator(".pointed")).to_contain_text("▬ Step up, ")
    expect(fed.card("agitator_rpm").locator(".pointed")).to_contain_text("rose by 20 rpm within 4 s")
    expect(fed.card("fermenter_ph").locator(".pointed")).to_have_text("")
    first, last = fed.range("agitator_rpm")
    assert last - first == pytest.approx(160_000, abs=1000)
    fed.page.reload()
    expect(fed.card("agitator_rpm").locator(".pointed")).to_contain_text("▬ Step up, ")


def test_pointing_and_clicking_in_the_chart_tell_why(fed: Any) -> None:
    fed.add_event("agitator_rpm", "step_up", age=150, lasted=60)
    fed.open().wait_for_charts(80)
    fed.page.mouse.move(*fed.place(0.6, tag="agitator_rpm"))
    fed.wait_until("chart.tooltip.afterBody?.join(' ').includes('rose by 20 rpm')", "agitator_rpm")
    expect(fed.card("agitator_rpm").locator(".pointed")).to_contain_text("▬ Step up: rose by 20 rpm")
    fed.page.mouse.down()
    fed.page.mouse.up()
    expect(fed.page).to_have_url(re.compile(r"event=\d+$"))
    fed.page.mouse.move(5, 5)
    expect(fed.card("agitator_rpm").locator(".pointed")).to_contain_text("▬ Step up, ")


def test_the_keyboard_reaches_events(fed: Any) -> None:
    fed.add_event("agitator_rpm", "step_up", age=150, lasted=60)
    fed.open().wait_for_charts(80)
    plot = fed.card("agitator_rpm").locator(".plot")
    plot.focus()
    answer = fed.page.locator("#answerer")
    for _ in range(20):
        fed.page.keyboard.press("ArrowUp")
        if "Step up" in answer.inner_text():
            break
    expect(answer).to_contain_text(re.compile(r"\d+ of \d+: Step up, .* to .*: rose by 20 rpm"))
    fed.wait_until("chart.tooltip.afterBody?.join(' ').includes('rose by 20 rpm')", "agitator_rpm")
    fed.page.keyboard.press("Enter")
    expect(fed.page).to_have_url(re.compile(r"event=\d+$"))


def test_events_of_the_past_are_read_with_their_range(fed: Any) -> None:
    event = fed.add_event("fermenter_temp", "noise", age=86_400, lasted=30)
    Event.objects.filter(pk=event.pk).update(end=event.start + timedelta(seconds=30))
    for i in range(30):  # so many that the page does not know the old one at first
        fed.add_event("fermenter_ph", "spike", age=270 - 9 * i, lasted=1)
    start = event.start - timedelta(minutes=5)
    query = f"?from={start:%Y-%m-%dT%H:%M:%SZ}&to={start + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
    fed.open(query)
    name = re.compile("Chart of fermenter_temp, .*: nothing measured, 0 anomalies, 1 event.")
    expect(fed.page.get_by_role("img", name=name)).to_be_visible()


def test_many_that_overlap_are_told_apart(fed: Any) -> None:
    fed.add_event("agitator_rpm", "stuck", age=60)
    fed.add_event("agitator_rpm", "step_up", age=200, lasted=60)
    fed.add_event("agitator_rpm", "noise", age=180, lasted=80)
    fed.add_event("fermenter_ph", "step_up", age=8)
    for i in range(12):
        fed.add_event("fermenter_temp", "spike", age=200 - 2 * i, lasted=1)
    fed.open("?compare=fermenter_ph,agitator_rpm").wait_for_charts(80)
    fed.page.evaluate("scrollTo(0, 320)")
    fed.wait_until("chart.data.datasets[0].data.length > 80", "fermenter_temp")
    expect(fed.page.locator("#events-open")).to_have_text("2 open")
    fed.screenshot("events")


def test_an_event_shows_on_the_wall(fed: Any) -> None:
    fed.add_event("agitator_rpm", "stuck", age=200)
    fed.page.set_viewport_size({"width": 1920, "height": 1080})
    fed.open("?kiosk=1")
    expect(fed.card("agitator_rpm")).to_have_attribute("data-state", "event")
    # what it is and since when; the explanation, too long for large letters, is on the dashboard
    expect(fed.card("agitator_rpm").locator(".state")).to_have_text("Stuck for 3 min")
    fed.screenshot("events-kiosk")


def test_a_stuck_sensor_from_its_first_reading_to_its_last(dashboard: Any) -> None:
    changing = [round(450 + 40 * math.sin(i / 90) + 8 * math.sin(i * i), 2) for i in range(600)]

    def found() -> Any:
        """The event, once it is detected."""
        detect()
        for _ in range(100):
            told = dashboard.page.request.get(f"{dashboard.server}/events?detector=stuck").json()
            if told:
                return told[0]
            dashboard.page.wait_for_timeout(200)
        raise AssertionError("no event")

    dashboard.post(*(("agitator_rpm", value, 680.0 - i) for i, value in enumerate(changing)))
    dashboard.open().wait_for_charts(0)
    dashboard.post(*(("agitator_rpm", 444.4, 75.0 - i) for i in range(60)))
    assert found()["end"] is None
    row = dashboard.page.locator("#events li", has_text="agitator_rpm has not changed from 444.4 rpm")
    expect(row).to_have_attribute("data-open", "true")
    dashboard.post(*(("agitator_rpm", value, 14.0 - i) for i, value in enumerate(changing[:15])))
    assert found()["end"] is not None
    expect(row).to_have_attribute("data-open", "false")
