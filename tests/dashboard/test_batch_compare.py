"""The page that compares batches, without scripts."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client

from monitoring.access import replica_reads
from monitoring.batches.compare import compare
from monitoring.batches.errors import BatchInputError
from monitoring.dashboard import batch_compare
from monitoring.models import Batch, BatchState
from tests.dashboard.test_alarm_pages import BROWSER, page, text_of
from tests.reported import HOUR, NOON, PH, TEMP, make_batch, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def batches() -> list[Batch]:
    """Two batches with temperature and pH; the pH of the second one has no role."""
    one, other = make_batch("b1"), make_batch("b2")
    Batch.objects.update(recipe=one.recipe)
    other.vessel.bindings.filter(role="ph").update(role="other")
    store(TEMP, {minute: 36 + minute / 100 for minute in range(180)})
    store(PH, dict.fromkeys(range(180), 7.0))
    return [one, other]


def address(batches: list[Batch], more: str = "") -> str:
    return "/batches/compare?" + "&".join(f"batch={batch.pk}" for batch in batches) + more


def test_tables_have_what_the_chart_draws(client: Client, batches: list[Batch]) -> None:
    html = page(client, address(batches))
    text = text_of(html)
    assert "Compare batches: Temperature, °C" in text
    assert "b1 vessel-b1 1 h 30 min 1 h 37.79 36.00 36.90 37.79 Remove b1" in text
    assert "-0.50 36.00 36.00" in text  # the first row of the course
    script = re.search(r'id="batch-comparison" type="application/json">(.*?)</script>', html)
    assert script
    found = json.loads(script[1])
    assert [each["name"] for each in found["batches"]] == ["b1", "b2"]
    assert (found["unit"], found["xUnit"], found["regions"]) == ("°C", "h", [])
    assert f'<a href="?batch={batches[0].pk}&amp;role=temperature&amp;align=elapsed">Remove' in html


def test_links_carry_the_whole_comparison(client: Client, batches: list[Batch]) -> None:
    html = page(client, address(batches, "&role=temperature"))
    link = re.search(r'href="([^"]+align=phase)"', html)
    assert link
    by_phase = page(client, "/batches/compare" + link[1].replace("&amp;", "&"))
    assert "Phases laid end to end, h" in text_of(by_phase)
    assert '"regions": [{"from": 0, "to": 1.5, "label": "growth"}' in by_phase.replace("0.0", "0")
    assert 'align=phase" aria-current="true">phases' in by_phase


def test_batches_that_are_not_there_are_told(client: Client, batches: list[Batch]) -> None:
    assert "1 of the batches in the address is left out" in text_of(
        page(client, address(batches, "&batch=99999"))
    )
    assert "left out" not in text_of(page(client, address(batches)))


def test_a_batch_without_the_signal_says_so(client: Client, batches: list[Batch]) -> None:
    html = page(client, address(batches, "&role=ph"))
    assert "Compare batches: pH, pH" in text_of(html)
    assert "expected a tag of role" in text_of(html)
    assert "0.49 7 0.62 7" in text_of(html)


def test_fewer_than_two_batches_are_offered_others(client: Client, batches: list[Batch]) -> None:
    make_batch("other-recipe")
    make_batch("planned", state=BatchState.PLANNED, start=None, end=None, inoculated_at=None)
    html = page(client, address(batches[:1]))
    assert "Choose 2 to 8 batches b2 Vessel 1 Compare" in text_of(html)
    assert f'type="hidden" name="batch" value="{batches[0].pk}"' in html
    assert "other-recipe" in page(client, "/batches/compare?batch=999&batch=x")


def test_before_the_first_batch_the_page_says_where_batches_start(client: Client) -> None:
    assert "No batch has started yet." in text_of(page(client, "/batches/compare"))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("&align=maturity", "No golden profile of the recipe: align by elapsed or phase."),
        ("&role=agitation", "Expected a tag of role 'agitation' to be bound"),
    ],
)
def test_what_cannot_be_compared_is_told(client: Client, batches: list[Batch], more: str, text: str) -> None:
    answer = client.get(address(batches, more), headers=BROWSER)
    assert (answer.status_code, text in answer.content.decode().replace("&#x27;", "'")) == (400, True)


def test_what_cannot_be_compared_on_the_replica_is_asked_of_the_primary(
    client: Client, batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = ["replica", "primary"]

    def compare_there(*arguments: Any, **options: Any) -> Any:
        if servers.pop(0) == "replica":
            raise BatchInputError("the tag is not there yet", "tag")
        return compare(*arguments, **options)

    def read(call: Callable[[], Any], **_: Any) -> tuple[Any, None]:
        with suppress(BatchInputError):
            return call(), None
        return call(), None

    monkeypatch.setattr(batch_compare, "compare", compare_there)
    monkeypatch.setattr(replica_reads, "read", read)
    assert client.get(address(batches), headers=BROWSER).status_code == 200
    assert servers == []


def test_batches_without_a_common_signal(client: Client, batches: list[Batch]) -> None:
    batches[1].vessel.bindings.update(role="ph", end=NOON - HOUR)
    answer = client.get(address(batches), headers=BROWSER)
    assert "no measured role and no tag in common" in answer.content.decode()


def test_a_script_gets_json(client: Client, batches: list[Batch]) -> None:
    answer = client.get(address(batches, "&role=temperature"))
    assert answer.json()["align"] == "elapsed"
