"""Events in the page as the server renders it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from monitoring.dashboard.events import event_row
from monitoring.dashboard.words import until_text
from monitoring.history.events import StoredEvent
from monitoring.kernel.clock import iso_utc
from monitoring.models import Event, Tag
from tests.dashboard.test_dashboard import ago, card, for_scripts, names, page
from tests.page_cases import cases


def add(tag: str, kind: str, *, age: float, lasted: float | None = None, score: float = 1.5) -> Event:
    """An event that began ``age`` seconds ago; without how long it lasted it is open."""
    start = datetime.now(UTC) - timedelta(seconds=age)
    event: Event = Event.objects.create(
        tag=Tag.objects.get(name=tag),
        detector=kind,
        kind=kind,
        start=start,
        end=None if lasted is None else start + timedelta(seconds=lasted),
        score=score,
        explanation=f"{tag} is {kind}",
        revision=Event.objects.count() + 1,
    )
    return event


def rows(html: str) -> list[str]:
    """The rows of the list as text, without those that are hidden."""
    found = html.split('<ol id="events"')[1].split("</ol>")[0]
    shown = re.findall(r"<li data-open[^>]*(?<!hidden)>(.*?)</li>", found, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row.replace("<wbr>", "")).split()) for row in shown]


@pytest.fixture
def fed(post: Callable[..., Any]) -> None:
    """A reading of each tag of now."""
    for tag, value in (("fermenter_temp", 37), ("fermenter_ph", 7), ("agitator_rpm", 400)):
        post("/ingest", {"timestamp": ago(0), "tag": tag, "value": value})


@pytest.mark.parametrize("case", cases("events.json", "rows"))
def test_a_row_is_written_as_the_scripts_write_it_and_leads_to_the_same_time(case: dict[str, Any]) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    start, lasted = now - timedelta(seconds=case["ageS"]), case["lastedS"]
    end = None if lasted is None else start + timedelta(seconds=lasted)
    row = event_row(
        StoredEvent(7, "pump", "x", case["kind"], start, end, 2.0, "pump is odd"), now, "pump", ""
    )
    assert (row.kind, row.length, row.lasts) == (case["words"], case["length"], case["lasts"])
    shown_to = now + timedelta(seconds=case["shownToS"])
    assert row.address == f"?from={iso_utc(start - timedelta(minutes=1))}&to={iso_utc(shown_to)}&event=7"


def test_the_end_of_a_range_has_a_date_only_if_the_days_differ() -> None:
    now, end = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 29, 6, tzinfo=UTC)
    assert until_text(end, end - timedelta(hours=1), now) == "06:00:00 UTC"
    assert until_text(end, end - timedelta(hours=7), now) == "29 Jan 06:00:00 UTC"


@pytest.mark.django_db
def test_without_events_it_says_so(client: Client) -> None:
    html = page(client)
    assert rows(html) == []
    assert 'id="no-events">None so far.' in html


@pytest.mark.django_db
@time_machine.travel(datetime(2026, 1, 31, 12, tzinfo=UTC), tick=False)
def test_open_events_come_first_and_then_what_ended_last(client: Client) -> None:
    add("fermenter_ph", "noise", age=3000, lasted=10)
    add("agitator_rpm", "slow_drift", age=600)
    add("fermenter_temp", "spike", age=3600, lasted=1000)
    add("agitator_rpm", "stuck", age=200)
    found = rows(page(client))
    assert [row.split(" UTC")[0].rsplit(" ", 1)[0] for row in found] == [
        "Stuck agitator_rpm clear for 3 min since",
        "Slow drift agitator_rpm clear for 10 min since",
        "Spike fermenter_temp clear 16 min",
        "Noise fermenter_ph clear 10 s",
    ]
    assert found[0].endswith("agitator_rpm is stuck")
    assert "2 open" in page(client)


@pytest.mark.django_db
def test_what_is_over_at_once_has_no_length(client: Client) -> None:
    add("fermenter_ph", "spike", age=60, lasted=0)
    (row,) = rows(page(client))
    assert re.fullmatch(r"Spike fermenter_ph .*[\d:]{8} UTC fermenter_ph is spike", row)
    assert " to " not in row


@pytest.mark.django_db
def test_the_card_says_what_lasts_and_comes_first(client: Client, fed: None) -> None:
    add("agitator_rpm", "noise", age=600)
    add("agitator_rpm", "step_up", age=200)
    html = page(client)
    assert "400.0 rpm Step up 3 min ago: is step_up; 1 more Limits" in card(html, "agitator_rpm")
    assert 'data-tag="agitator_rpm" data-state="event"' in html
    assert names(html)[0] == "agitator_rpm"
    assert "Step up 3 min ago" in card(page(client, "?kiosk=1"), "agitator_rpm")


@pytest.mark.django_db
def test_a_value_outside_a_limit_outranks_the_event(
    client: Client, post: Callable[..., Any], fed: None
) -> None:
    add("agitator_rpm", "step_up", age=200)
    post("/ingest", {"timestamp": ago(-1), "tag": "agitator_rpm", "value": 680})
    html = page(client)
    assert re.search(r"out of limit (for \d+ s: )?above the limit 650; Step up", card(html, "agitator_rpm"))


@pytest.mark.django_db
@time_machine.travel(datetime(2026, 1, 31, 12, tzinfo=UTC), tick=False)
def test_a_value_that_is_old_is_stale_whatever_lasts(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": ago(60), "tag": "fermenter_temp", "value": 37})
    add("fermenter_temp", "missing", age=55)
    assert "stale for 60 s" in card(page(client), "fermenter_temp")


@pytest.mark.django_db
def test_what_only_the_3_sigma_rule_finds_moves_no_card(client: Client, post: Callable[..., Any]) -> None:
    for i in range(20):
        post("/ingest", {"timestamp": ago(20 - i), "tag": "agitator_rpm", "value": 400 + i % 2})
    post("/ingest", {"timestamp": ago(0), "tag": "agitator_rpm", "value": 420})
    html = page(client)
    assert "420 rpm unusual (3σ)" in card(html, "agitator_rpm")
    (anomaly,) = client.get("/anomalies").json()
    assert for_scripts(html)["violations"] == [{"id": anomaly["id"], "findings": anomaly["findings"]}]
    assert re.search("420 rpm normal (?!.*rolling mean)", card(page(client, "?kiosk=1"), "agitator_rpm"))
    assert names(html)[0] == "fermenter_temp"


@pytest.mark.django_db
def test_weak_events_are_hidden_until_a_person_asks_for_them(client: Client, fed: None) -> None:
    add("fermenter_temp", "stuck", age=90, score=119)
    add("fermenter_temp", "drift up", age=5, score=1.05)
    add("fermenter_ph", "noise up", age=50, lasted=20, score=1.49)
    html = page(client)
    (row,) = rows(html)
    assert row.startswith("Stuck fermenter_temp strong")
    assert "Show weak <span>(2)</span>" in html
    assert "1 open" in html
    assert "fermenter_temp is drift up" not in card(html, "fermenter_temp")
    assert [item["strength"] for item in client.get("/events?order=asc").json()] == ["strong", "weak", "weak"]
    assert [item["kind"] for item in client.get("/events?strength=clear").json()] == ["stuck"]
    assert "expected one of weak, clear, strong" in client.get("/events?strength=odd").json()["detail"]


@pytest.mark.django_db
def test_events_of_a_tag_that_is_not_in_use_do_not_last(client: Client) -> None:
    add("agitator_rpm", "stuck", age=200)
    Tag.objects.filter(name="agitator_rpm").update(active=False)
    assert rows(page(client)) == []


@pytest.mark.django_db
def test_an_event_links_to_its_time(client: Client) -> None:
    event = add("agitator_rpm", "stuck", age=0, lasted=30)
    Event.objects.update(start="2024-01-31T12:00:00Z", end="2024-01-31T12:00:30Z")
    link = re.search(r'<a data-part="link" href="([^"]*event=[^"]*)"', page(client))
    assert link
    assert unescape(link[1]) == f"?from=2024-01-31T11:59:00Z&to=2024-01-31T12:01:30Z&event={event.pk}"
    assert for_scripts(page(client, unescape(link[1])))["chosen"]["event"] == event.pk


@pytest.mark.django_db
def test_the_scripts_start_from_the_same_events(client: Client) -> None:
    add("agitator_rpm", "stuck", age=200)
    add("fermenter_ph", "noise", age=3000, lasted=10)
    html = page(client)
    assert for_scripts(html)["events"] == client.get("/events").json()
    assert for_scripts(html)["urls"]["events"] == "/events"
