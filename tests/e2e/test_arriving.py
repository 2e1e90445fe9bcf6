"""The page Arriving in a browser: a point becomes a tag by keyboard, in both themes and on a phone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.models import Source, SourceMapping, SourcePoint
from tests.e2e.test_accessible import FITS, violations
from tests.e2e.test_notifications import tab_to

ADDRESS = "oven,site=A temp"
SUGGESTED = {"tag": "oven.A.temp", "unit": "°C", "kind": "analog", "valid_min": -50.0, "valid_max": 200.0}


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_a_point_becomes_a_tag_by_keyboard(dashboard: Any, axe_js: Path, theme: str, width: int) -> None:
    now, page = datetime.now(UTC), dashboard.page
    source = Source.objects.create(name="plant", protocol="line_protocol", changed_at=now)
    for address in (ADDRESS, "oven,site=B temp"):
        SourcePoint.objects.create(
            source=source,
            address=address,
            first_seen=now,
            last_seen=now,
            seen=1,
            last_raw="180",
            suggestion=SUGGESTED,
        )
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{dashboard.server}/sources/arriving")
    assert violations(dashboard, axe_js) == []
    assert page.evaluate(FITS)
    page.get_by_role("checkbox", name=ADDRESS).focus()
    page.keyboard.press("Space")
    field = page.get_by_role("textbox", name=f"Valid to of {ADDRESS}")
    field.fill("much")
    tab_to(page, "Make tags")
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Expected a number.")).to_be_visible()
    assert violations(dashboard, axe_js) == []
    field.fill("250")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 point is now stored")).to_be_visible()
    assert SourceMapping.objects.get().tag == "oven.A.temp"
    dashboard.expected_noise = "status of 400"  # the browser logs the refused form
