"""The forms of rules, recipes and headers: by keyboard, on a phone, for all."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.batches.lifecycle import NewBatch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import make_vessel
from monitoring.kernel.actor import Actor
from monitoring.models import Recipe
from tests.e2e.test_accessible import FITS, violations

pytestmark = pytest.mark.once
ANN = Actor("ann", "login")
RULE = {"role": "feed_rate", "above": 0, "for_s": 180}


def test_a_recipe_is_changed_by_keyboard_on_a_phone(dashboard: Any, axe_js: Path) -> None:
    make_recipe("fed-batch", [NewPhase("growth", 8 * 3600), NewPhase("feed", start_rule=RULE)], actor=ANN)
    make_vessel("v1", rules={"start": RULE}, actor=ANN)
    batch = start_batch(NewBatch("v1", "run-1", header={"medium": "M9"}), actor=ANN)
    page = dashboard.page
    page.set_viewport_size({"width": 360, "height": 900})
    for path in ("/vessels/v1", "/vessels/v1/rules/start", f"/batches/{batch.pk}/header", "/recipes"):
        page.goto(dashboard.server + path)
        assert page.evaluate(FITS), path
        assert violations(dashboard, axe_js) == [], path

    dashboard.expected_noise = "400 (Bad Request)"  # of the form that is refused
    page.get_by_role("link", name="Change recipe fed-batch").press("Enter")
    page.get_by_role("group", name="Phase 1: growth").get_by_label("Typical duration (h)").fill("0")
    page.keyboard.press("Enter")
    wrong = page.get_by_role("group", name="Phase 1: growth").get_by_label("Typical duration (h)")
    expect(wrong).to_have_accessible_description("Enter hours up to 8784, or none.")
    expect(wrong).to_be_focused()
    assert page.evaluate(FITS)
    assert violations(dashboard, axe_js) == []
    wrong.fill("9.5")
    page.get_by_role("button", name="One more phase").press("Enter")
    page.get_by_role("group", name="Phase 4").get_by_label("Name").fill("harvest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="fed-batch")).to_contain_text("harvest")
    phases = Recipe.objects.get().phases.all()
    assert [(each.name, each.typical_duration_s) for each in phases] == [
        ("growth", 34_200),
        ("feed", None),
        ("harvest", None),
    ]
    dashboard.screenshot("recipes")
