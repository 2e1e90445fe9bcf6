"""GET /batches/<id>/forecast, and the lines of forecasts on the pages."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from monitoring.dashboard.vessel_tiles import read_tiles
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, BatchForecast, Vessel
from tests.dashboard.test_alarm_pages import page, text_of

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def batch() -> Batch:
    """A batch in its growth phase, with a stored forecast of this minute."""
    now = datetime.now(UTC)
    vessel = Vessel.objects.create(name="v1", made_at=now)
    begin = now - 5 * HOUR
    made = Batch.objects.create(vessel=vessel, name="b1", start=begin, inoculated_at=begin, changed_at=begin)
    phase = made.phases.create(position=1, name="growth", start=begin)
    end = {"phase": "growth", "began": iso_utc(phase.start), "hits": 11, "tries": 12}
    times = {"expected_end": 2 * HOUR, "low": 1.5 * HOUR, "high": 3 * HOUR}
    falls = {"tag": "v_do", "title": "DO", "unit": "%", "side": "low", "limit": 20.0, "hits": 9, "tries": 10}
    BatchForecast.objects.create(
        batch=made,
        upto=now,
        phase_end_at=now,
        phase_end=end | {name: iso_utc(now + span) for name, span in times.items()},
        limits=[falls | {"crosses_at": iso_utc(now + 11 * MINUTE + timedelta(seconds=20))}],
    )
    return made


def get(client: Client, batch: Batch) -> Any:
    answer = client.get(f"/batches/{batch.pk}/forecast")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_forecasts_of_a_running_batch(client: Client, batch: Batch) -> None:
    found = get(client, batch)
    assert found["limits"] == [
        {
            "tag": "v_do",
            "title": "DO",
            "side": "low",
            "limit": 20,
            "minutes": 11,
            "sentence": "DO < 20 % in about 11 min",
            "hit_rate": 0.9,
            "tries": 10,
        }
    ]
    end = found["phase_end"]
    assert (end["phase"], end["hit_rate"], end["tries"]) == ("growth", 0.917, 12)
    assert end["low"] < end["expected_end"] < end["high"]


def test_without_forecasts_the_answer_is_empty(client: Client, batch: Batch) -> None:
    BatchForecast.objects.all().delete()
    assert get(client, batch) == {"phase_end": None, "limits": []}
    assert client.get("/batches/999/forecast").status_code == 404


def test_the_page_of_the_batch_shows_the_forecasts_with_their_hit_rate(client: Client, batch: Batch) -> None:
    shown = unescape(text_of(page(client, f"/batches/{batch.pk}")))
    assert "DO < 20 % in about 11 min forecast, right 9 of 10 times" in " ".join(shown.split())
    assert "growth ends" in shown
    assert "forecast, right 11 of 12 times" in shown


def test_the_tile_of_the_vessel_shows_them_and_the_next_event(batch: Batch) -> None:
    (tile,) = read_tiles(datetime.now(UTC))
    html = render_to_string("vessels/_forecast.html", {"tile": tile, "vessel": tile.vessel})
    assert f'id="forecast-{batch.vessel_id}"' in html
    assert "DO &lt; 20 % in about 11 min" in html
    assert "right 11 of 12 times" in html
