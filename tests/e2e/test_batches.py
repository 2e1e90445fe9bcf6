"""Vessels and batches in a browser: the charts of a batch, and the wall from a phone to a large screen."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from monitoring.batches.lifecycle import NewBatch, end_batch, inoculate, start_batch
from monitoring.batches.sampling import NewResult, add_sample
from monitoring.batches.vessels import bind, make_vessel
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Note
from tests.deviations import (
    SENTENCE,
    add_deviation,
    add_profile,
    contributions_answer,
    verdict,
    watch_answer,
    watched,
)
from tests.e2e.test_accessible import FITS, violations

pytestmark = pytest.mark.once
ANN = Actor("ann", "login")
HOURS = 4


@pytest.fixture
def batch(dashboard: Any) -> Batch:
    """A batch that runs for four hours, with temperature, a sample and a note."""
    start = datetime.now(UTC) - timedelta(hours=HOURS)
    make_vessel("v1", title="Reactor 1", actor=ANN)
    bind("v1", "fermenter_temp", "temperature", actor=ANN)
    made = start_batch(NewBatch("v1", "run-1", start=start), actor=ANN)
    inoculate(made.pk, at=start + timedelta(hours=1), actor=ANN)
    values = [round(37 + math.sin(i / 20), 2) for i in range(HOURS * 60)]
    dashboard.post_past("fermenter_temp", values, start=start, every_s=60)
    taken = start + timedelta(hours=2)
    add_sample(made.pk, taken_at=taken, results=[NewResult("od600", 1.5)], actor=ANN)
    Note.objects.create(batch=made, start=taken, text="fed by hand", by="ben", at=taken)
    return made


def test_a_batch_is_drawn_over_elapsed_time(dashboard: Any, axe_js: Path, batch: Batch) -> None:
    page = dashboard.page
    page.goto(f"{dashboard.server}/batches/{batch.pk}")
    figure = page.locator("#figures .batch-figure")
    page.wait_for_function(
        """() => [...document.querySelectorAll("#figures canvas, #sample-figures canvas")]
            .every((canvas) => window.Chart?.getChart(canvas)?.data.datasets[0].data.length > 0)"""
    )
    canvas = figure.locator("canvas")
    axis = "canvas => (({min, max}) => [min, max])(Chart.getChart(canvas).scales.x)"
    first, last = canvas.evaluate(axis)
    assert first == pytest.approx(-1, abs=0.01)
    assert last == pytest.approx(3, abs=0.05)
    expect(figure.locator("[data-part=text]")).to_contain_text("from 36.00 to 38.00 °C")
    expect(page.locator("#sample-1")).to_contain_text("OD600 1.5")
    figure.locator(".plot").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#answerer")).to_contain_text("Temperature: 3")
    figure.get_by_text("Values").click()
    expect(figure.locator("tbody tr").first).to_be_visible()
    page.get_by_label("Wall clock instead of elapsed time").check()
    ticks = "canvas => Chart.getChart(canvas).scales.x.ticks.map(({ text }) => text).join(' ')"
    assert ":" in canvas.evaluate(ticks)
    assert violations(dashboard, axe_js) == []
    dashboard.screenshot("batch")


def test_the_score_is_drawn_and_a_minute_and_a_deviation_are_explained(
    dashboard: Any, axe_js: Path, batch: Batch
) -> None:
    page, start = dashboard.page, batch.start
    watched(batch, 2.1, upto=datetime.now(UTC), profile=add_profile(start))
    undecided = verdict("undecided", "Undecided: no single cause explains the balances yet.")
    add_deviation(batch, start + timedelta(hours=1), start + timedelta(hours=2), verdict=undecided)
    add_deviation(batch, start + timedelta(hours=3), sentence="pH below golden batches.")
    answer, minute = watch_answer(start, 60 * HOURS, from_minute=180), contributions_answer("")
    page.route("**/watch", lambda route: route.fulfill(json=answer))
    page.route("**/watch/contributions?*", lambda route: route.fulfill(json=minute))
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(f"{dashboard.server}/batches/{batch.pk}")
    chart = "Chart.getChart(document.querySelector('#watch-figure canvas'))"
    page.wait_for_function(f"() => window.Chart && {chart}?.data.datasets[0].data.length > 0")
    expect(page.locator("#verdict")).to_contain_text("Probe: 5 of 6 independent estimates agree")
    page.locator("#watch-figure .plot").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#answerer")).to_contain_text("score: 2.")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#contributions")).to_contain_text("41 %, usually 30 %")
    expect(page.locator("#answerer")).to_have_text(SENTENCE)
    assert page.evaluate(f"{chart}.options.plugins.playhead.at") == pytest.approx(3, abs=0.1)
    page.locator("#deviation-rows a").last.click()
    expect(page.locator("#verdict")).to_contain_text("Undecided: No single cause")
    assert "?deviation=" in page.url
    page.get_by_text("T² and SPE").click()
    expect(page.locator("#watch-statistics canvas")).to_have_count(2)
    assert page.evaluate(FITS)
    assert violations(dashboard, axe_js) == []
    dashboard.screenshot("batch-score")


def test_the_wall_fits_a_phone_and_a_large_screen(dashboard: Any, axe_js: Path, batch: Batch) -> None:
    page = dashboard.page
    for width, query in ((360, ""), (2560, "?wall=1")):
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(f"{dashboard.server}/vessels{query}")
        link = page.get_by_role("link", name="run-1")
        link.focus()
        dashboard.post(("fermenter_temp", 37.5 if width == 360 else 36.5, 0))
        expect(page.locator(".tile-value b")).to_have_text("37.50" if width == 360 else "36.50")
        expect(link).to_be_focused()  # the value alone was renewed
        assert page.evaluate(FITS)
        assert violations(dashboard, axe_js) == []
    dashboard.screenshot("vessel-wall")


@pytest.mark.parametrize("page_of", ["/batches/compare?batch={0}&batch={1}", "/batches/{0}/report"])
def test_comparison_and_report_keep_nobody_out(
    dashboard: Any, axe_js: Path, batch: Batch, page_of: str
) -> None:
    end_batch(batch.pk, at=batch.start + timedelta(hours=2), actor=ANN)
    second = start_batch(NewBatch("v1", "run-2", start=batch.start + timedelta(hours=2)), actor=ANN)
    dashboard.page.goto(dashboard.server + page_of.format(batch.pk, second.pk))
    assert violations(dashboard, axe_js) == []
