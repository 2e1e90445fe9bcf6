"""A file imported in a browser: dropped, mapped by keyboard, checked, imported."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.models import Measurement
from monitoring.sources.file_import import worker
from tests.e2e.test_accessible import FITS, violations

pytestmark = pytest.mark.once

HEADER = "Logger 7;;;\nZeit;Temperatur;pH;DO\n;[°C];-;%\n"
TIMES = [f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(600)]
ROWS = "".join(f"25.01.2026 {time};36,{place % 7};7,1;{40 + place % 9}\n" for place, time in enumerate(TIMES))
FILE = (HEADER + ROWS.replace("01:30:00;36", "01:30:00;warm")).encode("cp1252")


def work() -> None:
    """What the worker does."""
    worker.run_waiting(should_stop=lambda: False)


def test_a_file_is_dropped_mapped_checked_and_imported(dashboard: Any, axe_js: Path, tmp_path: Path) -> None:
    page = dashboard.page
    page.goto(f"{dashboard.server}/imports")
    assert violations(dashboard, axe_js) == []
    page.get_by_label("Choose a file, or drop one here").set_input_files(
        {"name": "run 7.csv", "mimeType": "text/csv", "buffer": FILE}
    )
    expect(page.get_by_role("heading", name="run 7.csv")).to_be_visible()
    work()
    expect(page.get_by_label("Temperatur becomes")).to_be_visible()
    expect(page.locator("#id_zone")).to_have_value("Europe/Berlin")
    assert violations(dashboard, axe_js) == []
    page.get_by_label("Temperatur becomes").select_option("this tag")
    page.get_by_label("Tag of Temperatur").fill("fermenter_temp")
    page.get_by_label("DO becomes").select_option("a new tag")
    page.get_by_label("Tag of DO").fill("r1_do")
    page.get_by_label("DO: valid to").press("Enter")
    expect(page.get_by_role("heading", name="Checking")).to_be_visible()
    work()
    check = page.locator("#check")
    expect(check).to_contain_text("Checked: nothing is stored yet")
    expect(check).to_contain_text("not a number")
    assert not Measurement.objects.exists()
    assert violations(dashboard, axe_js) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(FITS)
    page.get_by_role("button", name="new readings").click()
    expect(page.get_by_role("heading", name="Importing")).to_be_visible()
    work()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert Measurement.objects.filter(tag__name="r1_do").count() == 600
    assert page.evaluate(FITS)
    assert violations(dashboard, axe_js) == []
