"""A batch compared with golden ones: its page, the tile of its vessel, and the lists."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.batches.lifecycle import NewBatch, end_batch, inoculate, start_batch
from monitoring.batches.vessels import bind, make_vessel
from monitoring.dashboard import batch_deviations
from monitoring.dashboard.profiles import expected_text
from monitoring.dashboard.verdicts import KNOWN_FROM, NOT_KNOWN, verdict_card
from monitoring.kernel.actor import Actor
from monitoring.models import Batch
from tests.dashboard.test_alarm_pages import page
from tests.dashboard.test_batches import json_of, rounded, text
from tests.deviations import PROBE, SENTENCE, add_deviation, add_profile, verdict, watched

ANN = Actor("ann", "login")
HOUR = timedelta(hours=1)


def ago(hours: float) -> datetime:
    return datetime.now(UTC) - hours * HOUR


@pytest.fixture
def batch(db: None) -> Batch:
    """A running batch without recipe that was inoculated ten hours ago."""
    make_vessel("v1", title="Reactor 1", actor=ANN)
    bind("v1", "fermenter_temp", "temperature", actor=ANN)
    made = start_batch(NewBatch("v1", "run-1", start=ago(11)), actor=ANN)
    return inoculate(made.pk, at=ago(10), actor=ANN)


@pytest.fixture
def compared(batch: Batch) -> Batch:
    """The batch, compared with a profile until a minute ago."""
    watched(batch, 1.42, upto=ago(1 / 60), profile=add_profile(ago(99)))
    return batch


def test_without_a_profile_the_page_says_what_to_do_and_shows_no_chart(client: Client, batch: Batch) -> None:
    shown = text(client, f"/batches/{batch.pk}")
    assert "No golden profile: only tags are watched by their own detectors." in shown
    assert "To begin, mark good batches as golden, then choose them under golden profiles ." in shown
    html = page(client, f"/batches/{batch.pk}")
    assert 'id="watch-figure"' not in html
    assert 'id="verdict"' not in html


def test_the_page_tells_why_a_batch_is_not_watched(client: Client, batch: Batch) -> None:
    watched(batch, None, upto=ago(0), message="Not inoculated yet.")
    assert "Not inoculated yet. To begin, mark good batches as golden" in text(client, f"/batches/{batch.pk}")


def test_a_batch_like_the_golden_ones_is_calm(client: Client, batch: Batch) -> None:
    watched(batch, 0.42, upto=ago(1 / 60), profile=add_profile(ago(99)))
    shown = text(client, f"/batches/{batch.pk}")
    assert "Like the golden batches. Score 0.42, limit 1, at" in shown
    assert "Compared with profile fed-batch, version 1 ." in shown
    assert "No deviation from the golden batches yet." in shown
    assert "▲" not in page(client, f"/batches/{batch.pk}").split('<template id="contribution-template"')[0]


def test_a_score_above_the_limit_is_told_before_a_deviation_begins(client: Client, compared: Batch) -> None:
    assert "The score is above its limit. Score 1.42" in text(client, f"/batches/{compared.pk}")


def test_a_minute_without_values_has_no_score(client: Client, batch: Batch) -> None:
    watched(batch, None, upto=ago(1 / 60), profile=add_profile(ago(99)))
    assert "No score now: values are missing." in text(client, f"/batches/{batch.pk}")
    end_batch(batch.pk, at=ago(0), actor=ANN)
    assert "Like the golden batches throughout." in text(client, f"/batches/{batch.pk}")


def test_an_open_deviation_is_told_with_verdict_estimates_and_contributions(
    client: Client, compared: Batch
) -> None:
    add_deviation(compared, ago(2))
    shown = text(client, f"/batches/{compared.pk}")
    assert f"▲ Deviation for 2 h {SENTENCE}" in shown
    assert "Deviation that lasts, since 8 h" in shown
    assert f"◇ Probe : {PROBE}" in shown
    assert "oxygen transfer DO probe ≠ differs: 23 % more" in shown
    assert "heat temperature probe ✓ agrees" in shown
    assert "weight scale – not known: needs Weight" in shown
    assert "Dissolved oxygen ▲ 2.4 × limit above golden batches" in shown
    assert "against the gas balance ▲ 1.6 × limit falls against golden batches" in shown
    assert 'width="100.0%"' in page(client, f"/batches/{compared.pk}")


@pytest.mark.parametrize("known", [None, verdict(is_shown=False)])
def test_in_the_first_minutes_there_is_no_verdict(
    client: Client, compared: Batch, known: dict[str, Any] | None
) -> None:
    add_deviation(compared, ago(0.1), verdict=known)
    shown = text(client, f"/batches/{compared.pk}")
    assert KNOWN_FROM in shown
    assert "estimates agree" not in shown


def test_a_deviation_without_a_verdict_and_a_batch_that_has_ended(client: Client, compared: Batch) -> None:
    add_deviation(compared, ago(2), ago(1), verdict=None)
    assert NOT_KNOWN in text(client, f"/batches/{compared.pk}")
    end_batch(compared.pk, at=ago(0), actor=ANN)
    shown = text(client, f"/batches/{compared.pk}")
    assert "1 deviation from the golden batches. Compared with profile" in shown
    add_deviation(compared, ago(0.5), ago(0.4), score=1.1)
    assert "Deviation of 8 h" in text(client, f"/batches/{compared.pk}")  # not the newest: the largest


def test_without_scripts_each_deviation_has_a_link_that_shows_its_verdict(
    client: Client, compared: Batch
) -> None:
    undecided = verdict("undecided", "Undecided: O2 in the off-gas would help to decide.")
    old = add_deviation(compared, ago(6), ago(5), verdict=undecided, sentence="pH below golden batches.")
    add_deviation(compared, ago(2))
    address = f"/batches/{compared.pk}?deviation={old.pk}"
    assert f'href="?deviation={old.pk}#watch"' in page(client, f"/batches/{compared.pk}")
    shown = text(client, address)
    assert "Deviation of 4 h" in shown
    assert "? Undecided : O2 in the off-gas would help to decide." in shown
    for unknown in ("", "x", "9" * 18, "9" * 30, "\0"):
        assert "since 8 h" in text(client, f"/batches/{compared.pk}?deviation={unknown}")


def test_the_charts_get_the_deviations_in_hours(client: Client, compared: Batch) -> None:
    old = add_deviation(compared, ago(6), ago(5), contributions=[])
    new = add_deviation(compared, ago(2))
    marks = rounded(json_of(client, f"/batches/{compared.pk}", "batch-marks"))
    assert marks["deviations"] == [
        {
            "id": new.pk,
            "x": 8.0,
            "until": None,
            "label": "Dissolved oxygen",
            "tags": ["fermenter_temp", "agitator_rpm"],
        },
        {"id": old.pk, "x": 4.0, "until": 5.0, "label": SENTENCE, "tags": []},
    ]
    assert marks["watchedUpto"].endswith("Z")


def test_many_deviations_are_cut(client: Client, compared: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_deviations, "MOST", 2)
    for hours in (6, 4, 2):
        add_deviation(compared, ago(hours), ago(hours - 0.5))
    html = page(client, f"/batches/{compared.pk}")
    assert html.count("data-deviation=") == 2
    assert "The newest 200." in html


def test_a_tile_has_the_score_and_tells_a_deviation_with_its_verdict(client: Client, compared: Batch) -> None:
    shown = text(client, "/vessels")
    assert "score 1.42, limit 1" in shown
    assert 'class="score-part" y="25%" width="71.0%"' in page(client, "/vessels")
    assert "data-deviates" not in page(client, "/vessels")
    add_deviation(compared, ago(2))
    for path in ("/vessels", "/vessels/v1"):
        assert f"▲ Deviation for 2 h score 1.42, limit 1 {SENTENCE} Probe: {PROBE}" in text(client, path)
    end_batch(compared.pk, at=ago(0), actor=ANN)
    assert "Deviation for" not in text(client, "/vessels")


def test_a_tile_waits_for_the_verdict(client: Client, compared: Batch) -> None:
    add_deviation(compared, ago(0.1), verdict=None)
    assert f"{SENTENCE} Probe or process? {KNOWN_FROM}" in text(client, "/vessels")


def test_lists_mark_batches_that_deviate(client: Client, compared: Batch) -> None:
    add_deviation(compared, ago(6), ago(5))
    assert "▲" not in text(client, "/batches")
    add_deviation(compared, ago(2))
    assert "running ▲ deviation" in text(client, "/batches")
    assert "running ▲ deviation" in text(client, "/vessels/v1")


def test_tiles_and_lists_cost_no_query_a_batch(client: Client, compared: Batch) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(path, headers={"accept": "text/html"})
        return len(found)

    few = [queries(path) for path in ("/vessels", "/batches")]
    for number in range(2, 5):
        make_vessel(f"v{number}", actor=ANN)
        other = start_batch(NewBatch(f"v{number}", f"run-{number}", start=ago(3)), actor=ANN)
        watched(other, 0.2, upto=ago(0))
        add_deviation(other, ago(1))
    assert [queries(path) for path in ("/vessels", "/batches")] == few


def test_an_estimate_is_told_with_its_figure_or_with_what_it_lacks() -> None:
    def told(**estimate: Any) -> str:
        card = verdict_card({"is_shown": True, "says": "process", "estimates": [estimate]}, HOUR)
        return card.estimates[0].text

    assert told(name="rW", agrees=False, sentence="Differs: 1.2 g/min less.") == "differs: 1.2 g/min less"
    assert told(name="rK", agrees=False) == "differs"
    assert told(name="rK", agrees=None, needs=["offgas_o2"]) == "not known: needs O2 in the off-gas"
    assert told(name="rK", agrees=None) == "not known"


def test_the_expectation_names_the_number_of_golden_batches() -> None:
    assert expected_text(0) == ""
    assert expected_text(1).startswith("Watching with 1 golden batch has about 0.")
    assert "More golden batches find more." in expected_text(3)
    assert "More golden batches" not in expected_text(10)
