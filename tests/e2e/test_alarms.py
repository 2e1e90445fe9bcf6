"""Alarms in a browser: the bar, the list by keyboard alone, and the wall screen."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.alarms.notes import Draft, correct, write
from monitoring.alarms.state_machine import Act
from monitoring.models import AlarmDefinition, AlarmJournalEntry, Tag
from tests.alarming import ANNA, act, define
from tests.e2e.test_accessible import violations

SIZES = """() => [...document.querySelectorAll(".card:not([hidden])")].map((card) => {
    const size = (selector) => parseFloat(getComputedStyle(card.querySelector(selector)).fontSize);
    const state = card.querySelector(".state");
    const isCut = state.scrollHeight > state.clientHeight + 1 || card.scrollWidth > card.clientWidth;
    return { tag: card.dataset.tag, share: size(".state") / size(".number"), isCut };
})"""
SEEN_MS = 800
ORDER = "[...document.querySelectorAll('.card:not([hidden])')].map((card) => card.dataset.tag)"


@pytest.fixture
def defined(dashboard: Any) -> list[AlarmDefinition]:
    """Three alarms of different priority, none of them active."""
    kinds = (("fermenter_temp", "critical"), ("fermenter_ph", "medium"), ("agitator_rpm", "low"))
    return [define(tag, priority=priority, action="Open V-12.") for tag, priority in kinds]


def test_the_bar_shows_an_alarm_as_it_comes_and_acknowledges_it(
    dashboard: Any, defined: list[AlarmDefinition]
) -> None:
    page, (high, *_) = dashboard.page, defined
    dashboard.post_history(20)
    dashboard.open().wait_for_charts(0)
    expect(dashboard.link()).to_have_attribute("data-mode", "stream")
    expect(page.locator("#alarm-newest")).to_contain_text("No alarm waits for a person.")
    before = page.locator("#alarm-bar").bounding_box()
    act(high, Act.ACTIVE)
    expect(page.locator("#alarm-newest")).to_contain_text("fermenter_temp: High, above 45 °C")
    assert page.locator("#alarm-bar").bounding_box() == before  # nothing moves
    expect(page).to_have_title("(1) Fermon dashboard")
    expect(page.locator("#favicon")).to_have_attribute("href", re.compile("^data:image/svg"))
    expect(dashboard.card()).to_have_attribute("data-priority", "critical")
    expect(dashboard.card().locator(".state")).to_contain_text("above 45 °C; not acknowledged")
    expect(page.locator("#alarm-alert")).to_contain_text("critical alarm: fermenter_temp")
    assert page.evaluate("document.getAnimations().length") > 0
    page.get_by_role("button", name="Stop blinking").click()
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator("#alarm-sound")).to_contain_text("Sound is off")
    page.locator("#alarm-sound").click()
    expect(page.locator("#alarm-sound")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Silence").click()
    page.wait_for_timeout(SEEN_MS)  # a click just after it came would be meant for the alarm before
    page.locator("#alarm-acts").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#alarm-newest")).to_contain_text("No alarm waits for a person.")
    expect(page).to_have_title("Fermon dashboard")
    expect(dashboard.card().locator(".state")).to_contain_text("above 45 °C; acknowledged")


def test_keyboard_alone_finds_acknowledges_with_a_comment_and_shelves(
    dashboard: Any, defined: list[AlarmDefinition], axe_js: Path
) -> None:
    page, (high, low, _) = dashboard.page, defined
    act(high, Act.ACTIVE)
    act(low, Act.ACTIVE)
    page.goto(f"{dashboard.server}/alarms")
    rows = page.locator("#alarm-rows tr")
    expect(rows.first).to_have_attribute("tabindex", "0")
    assert violations(dashboard, axe_js) == []
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('tr')"):
            break
    expect(rows.first).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_label("Comment")).to_be_focused()
    assert violations(dashboard, axe_js) == []
    page.keyboard.type("valve was shut")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Real", exact=True)).to_be_checked()
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("active, acknowledged")
    expect(rows.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("s")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#alarm-refused")).to_contain_text("reason")
    page.keyboard.type("probe is cleaned")
    page.keyboard.press("Enter")
    expect(page.locator("#alarm-dialog")).to_be_hidden()
    lines = AlarmJournalEntry.objects.filter(act__in=["acknowledge", "rate", "shelve"]).order_by("id")
    assert [(line.act, line.comment + line.reason) for line in lines] == [
        ("acknowledge", "valve was shut"),
        ("rate", ""),
        ("shelve", "probe is cleaned"),
    ]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{dashboard.server}/alarms/{high.pk}")
    expect(page.locator("#alarm-detail")).to_contain_text("valve was shut")
    dashboard.expected_noise = "400"  # the browser logs the refusal without a reason


def test_nothing_moves_under_the_pointer(dashboard: Any, defined: list[AlarmDefinition]) -> None:
    page, (high, low, _) = dashboard.page, defined
    act(low, Act.ACTIVE)
    page.goto(f"{dashboard.server}/alarms")
    rows = page.locator("#alarm-rows tr")
    rows.first.hover()
    act(high, Act.ACTIVE)
    expect(page.get_by_role("button", name="1 new above")).to_be_visible()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="1 new above").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("fermenter_temp")
    page.get_by_role("button", name="Acknowledge the 2 visible").click()
    page.get_by_role("button", name="Acknowledge", exact=True).last.click()
    expect(page.locator("#alarm-rows tr[data-unseen]")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_about_alarms_keeps_people_out(
    dashboard: Any, defined: list[AlarmDefinition], axe_js: Path, theme: str
) -> None:
    page, (high, low, other) = dashboard.page, defined
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for each in (high, low, other):
        act(each, Act.ACTIVE, at=datetime.now(UTC) - timedelta(minutes=3), value=46.5)
    act(low, Act.ACKNOWLEDGE, comment="seen")
    act(other, Act.RETURN)
    dashboard.post_history(20)
    draft = Draft("Added 5 mL of antifoam.", datetime.now(UTC))
    correct(write(draft, actor=ANNA), {"text": "Added 8 mL."}, version=1, actor=ANNA)
    for path, width in (
        (f"/alarms/{high.pk}", 1440),
        ("/alarms", 390),
        ("/alarms/journal", 390),
        ("/alarms/kpis", 1440),
        ("/alarms/advisor?tag=fermenter_temp&kind=H", 390),
        ("/notes", 390),
    ):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{dashboard.server}{path}")
        expect(page.locator("#alarm-bar")).to_have_attribute("data-followed", "")
        assert violations(dashboard, axe_js) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
def test_on_the_wall_what_needs_a_person_is_always_there_and_nothing_is_cut(
    dashboard: Any, defined: list[AlarmDefinition], width: int, height: int
) -> None:
    page, names = dashboard.page, [f"vessel_{number}_temp" for number in range(1, 58)]
    page.set_viewport_size({"width": width, "height": height})
    Tag.objects.bulk_create(
        Tag(
            name=name,
            group=name[:-5],
            unit="°C",
            valid_min=0,
            valid_max=100,
            upper_limit=50,
            stale_after_s=600,
        )
        for name in names
    )
    dashboard.post(*((name, 37.5, 1.0) for name in names), (names[40], 51.0, 0))
    act(define(names[50], priority="high"), Act.ACTIVE, at=datetime.now(UTC) - timedelta(minutes=12))
    page.clock.install()
    dashboard.open("?kiosk=1")
    expect(page.locator("#rotation")).to_contain_text("60 tags in all")
    expect(page.locator("#strip li")).to_have_count(1)
    seen: set[str] = set()
    for _ in range(4):
        shown = page.evaluate(ORDER)
        assert shown[:2] == [names[50], names[40]]
        sizes = page.evaluate(SIZES)
        assert [card for card in sizes if card["isCut"] or card["share"] < 0.5] == []
        seen |= set(shown)
        page.clock.fast_forward(15000)
        page.wait_for_timeout(100)
    assert len(seen) == 60
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
