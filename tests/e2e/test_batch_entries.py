"""A sample and a note at night on a phone: big inputs, a decimal comma, the viewer's time zone."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.batches.lifecycle import NewBatch, start_batch
from monitoring.batches.sampling import current_results
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Note, Sample, Vessel
from tests.e2e.test_accessible import violations

LEAST_PX = 48  # high enough for a thumb in a glove
SMALL = """(least) => [...document.querySelectorAll("main :is(input, textarea, button, .times > label)")]
    .filter((each) => each.checkVisibility() && each.type !== "radio" && each.clientHeight < least)
    .map((each) => each.outerHTML)"""
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
def batch(transactional_db: None) -> Batch:
    """A batch that was started three hours ago."""
    now = datetime.now(UTC)
    Vessel.objects.create(name="v1", made_at=now)
    return start_batch(NewBatch("v1", "b1", start=now - timedelta(hours=3)), actor=Actor("ann", "login"))


@pytest.mark.once
def test_a_sample_and_a_note_are_entered_on_a_phone(dashboard: Any, batch: Batch, axe_js: Path) -> None:
    page, main = dashboard.page, dashboard.page.locator("main")
    dashboard.expected_noise = "400"
    page.set_viewport_size({"width": 360, "height": 720})  # nothing is half below the button
    page.goto(f"{dashboard.server}/batches/{batch.pk}/sample")
    expect(page.locator("#zone")).to_contain_text("Europe/Berlin")
    assert violations(dashboard, axe_js) == []
    assert page.evaluate(SMALL, LEAST_PX) == []
    assert page.evaluate(WIDTH) == 360
    main.get_by_label("OD600").fill("12,5")
    page.keyboard.press("Enter")  # goes to the next number
    expect(main.get_by_label("Glucose")).to_be_focused()
    page.keyboard.type("4.x")
    main.get_by_label("Your name").fill("Anna")
    main.get_by_role("button", name="Save sample 1").click()
    expect(main.get_by_text("Expected a number, as 12.5 or 12,5, got '4.x'.")).to_be_visible()
    expect(page.locator("#zone")).to_contain_text("Europe/Berlin")  # the script has moved the time, too
    assert violations(dashboard, axe_js) == []
    main.get_by_label("Glucose").fill("4.2")
    # Times are those of Berlin, also the one that is typed.
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    page.evaluate(
        "(ms) => import('/static/monitoring/js/base/time-input.js').then(({ inputText }) =>"
        " { document.getElementById('at').value = inputText(ms) })",
        an_hour_ago.timestamp() * 1000,
    )
    main.get_by_role("button", name="Save sample 1").click()
    expect(main.get_by_text(re.compile("Sample 1 saved"))).to_be_visible()
    assert violations(dashboard, axe_js) == []
    assert [(each.analyte, each.value) for each in current_results(batch)] == [
        ("od600", 12.5),
        ("glucose", 4.2),
    ]
    assert Sample.objects.get().taken_at == an_hour_ago
    page.goto(f"{dashboard.server}/batches/{batch.pk}/note")
    main.get_by_label("Note", exact=True).first.fill("Foam, knocked down.")
    main.get_by_label("Intervention").check()
    main.get_by_text("5 min ago").click()
    expect(main.get_by_label("Your name")).to_have_value("Anna")
    assert violations(dashboard, axe_js) == []
    main.get_by_role("button", name="Save the note").click()
    expect(main.get_by_text("Note saved")).to_be_visible()
    note = Note.objects.get()
    assert (note.kind, note.by) == ("intervention", "Anna (unverified)")
    assert timedelta(minutes=4) < datetime.now(UTC) - note.start < timedelta(minutes=15)
    page.goto(f"{dashboard.server}/batches/{batch.pk}/sample/1")
    main.locator("summary", has_text="Correct").first.click()
    assert violations(dashboard, axe_js) == []
    assert page.evaluate(WIDTH) == 360
