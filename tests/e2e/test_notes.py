"""Notes in a browser: written by keyboard alone, drawn in the charts, corrected and withdrawn on a phone."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.alarms import notes
from monitoring.kernel.actor import Actor
from monitoring.models import Note, NoteVersion
from tests.e2e.test_accessible import violations

# The notes that a card's chart draws.
DRAWN = """(tag) => import("/static/monitoring/js/charts/note-marks.js").then(({ notesAt }) => {
    const chart = Chart.getChart(document.querySelector(`.card[data-tag="${tag}"] canvas`));
    const { left, right } = chart.chartArea;
    const found = new Set();
    for (let x = left; x <= right; x += 4) for (const { text } of notesAt(chart, x)) found.add(text);
    return [...found];
})"""


def test_a_note_is_written_by_keyboard_and_stands_in_the_charts_of_its_tag(
    dashboard: Any, axe_js: Path
) -> None:
    page = dashboard.page
    dashboard.post_history(60)
    dashboard.open().wait_for_charts(50)
    dashboard.card().locator(".plot").focus()
    page.keyboard.press("n")
    expect(page.get_by_label("Note", exact=True)).to_be_focused()
    expect(page.get_by_label(re.compile("^About"))).to_have_value("fermenter_temp")
    assert violations(dashboard, axe_js) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#note-dialog")).to_be_hidden()
    expect(dashboard.card().locator(".plot")).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.type("Next: n is a letter")
    page.locator("#note-ok").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#note-dialog")).to_be_hidden()
    expect(page.locator("#alarm-said")).to_have_text("Note: Written.")
    expect(page.locator("#notes li")).to_contain_text("Next: n is a letter")
    assert violations(dashboard, axe_js) == []
    page.wait_for_function(f"async () => (await ({DRAWN})('fermenter_temp')).length === 1")
    assert page.evaluate(DRAWN, "fermenter_ph") == []
    expect(dashboard.card().locator("canvas")).to_have_attribute("aria-label", re.compile("1 note"))
    assert Note.objects.get().tag.name == "fermenter_temp"


@pytest.mark.once
def test_the_times_of_a_filter_are_the_viewers_and_are_sent_in_utc(dashboard: Any) -> None:
    page = dashboard.page
    page.goto(f"{dashboard.server}/notes?from=2026-01-31T12:00:00")
    start = page.get_by_label(re.compile(r"^From, Europe/Berlin \(UTC"))
    expect(start).to_have_value(re.compile("^2026-01-31T13:00"))
    start.fill("2026-07-31T13:30:15")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("from=2026-07-31T11%3A30%3A15&"))
    expect(start).to_have_value("2026-07-31T13:30:15")


def test_the_key_can_be_switched_off(dashboard: Any) -> None:
    page = dashboard.page
    page.goto(f"{dashboard.server}/notes")
    expect(page.locator("#alarm-bar")).to_have_attribute("data-followed", "")
    page.keyboard.press("n")
    page.get_by_label("Key N opens this form").uncheck()
    page.get_by_role("button", name="Cancel").last.click()
    page.keyboard.press("n")
    expect(page.locator("#note-dialog")).to_be_hidden()
    page.get_by_role("button", name="Write a note").click()
    expect(page.locator("#note-dialog")).to_be_visible()


def test_on_a_phone_a_note_is_written_corrected_and_withdrawn(dashboard: Any, axe_js: Path) -> None:
    page = dashboard.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{dashboard.server}/notes")
    page.get_by_role("button", name="Write a note").click()
    page.get_by_label("Note", exact=True).fill("Added 5 mL.")
    page.get_by_label(re.compile("^About")).fill("no_such_tag")
    page.locator("#note-ok").click()
    expect(page.locator("#note-refused")).to_contain_text("unknown tag")
    page.get_by_label(re.compile("^About")).fill("")
    page.get_by_label("Your name").last.fill("Anna")
    page.locator("#note-ok").click()
    row = page.locator("#notes > li").first
    expect(row).to_contain_text("Added 5 mL.")
    row.get_by_role("button", name="Correct").click()
    assert violations(dashboard, axe_js) == []
    page.get_by_label("Note", exact=True).fill("Added 8 mL.")
    page.get_by_label(re.compile("^Why")).fill("read again")
    page.locator("#note-ok").click()
    expect(row).to_contain_text("corrected")
    expect(row.get_by_role("button", name="Correct")).to_be_focused()
    row.locator("summary").click()
    expect(row).to_contain_text("Added 5 mL.")
    notes.correct(Note.objects.get().pk, {"text": "Added 9 mL."}, version=2, actor=Actor("ben", "login"))
    row.get_by_role("button", name="Withdraw").click()
    page.get_by_label(re.compile("^Why")).fill("other vessel")
    page.locator("#note-ok").click()
    expect(page.locator("#note-refused")).to_contain_text("ben has corrected the note since")
    expect(row).to_contain_text("Added 9 mL.")
    page.locator("#note-cancel").click()
    expect(row.get_by_role("button", name="Withdraw")).to_be_focused()
    row.get_by_role("button", name="Withdraw").click()
    page.locator("#note-ok").click()
    expect(page.locator("#note-refused")).to_contain_text("say why")
    page.get_by_label(re.compile("^Why")).fill("other vessel")
    page.locator("#note-ok").click()
    expect(page.locator("#notes")).to_contain_text("No note.")
    acts = NoteVersion.objects.order_by("version").values_list("act", "text", "reason", "by")
    assert list(acts) == [
        ("write", "Added 5 mL.", "", "Anna (unverified)"),
        ("correct", "Added 8 mL.", "read again", "Anna (unverified)"),
        ("correct", "Added 9 mL.", "", "ben"),
        ("withdraw", "Added 9 mL.", "other vessel", "Anna (unverified)"),
    ]
    assert len(set(NoteVersion.objects.values_list("start"))) == 1  # also microseconds stay
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dashboard.expected_noise = "status of 40"  # 400 and 409: the browser logs the refusals
