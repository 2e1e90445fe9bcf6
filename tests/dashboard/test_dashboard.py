"""GET /dashboard as the server renders it, before any script has run."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.models import Event, Series, Tag
from tests.alarming import act, define


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def page(client: Client, query: str = "") -> str:
    response = client.get(f"/dashboard{query}")
    assert response.status_code == 200
    return response.content.decode()


def card(html: str, tag: str) -> str:
    """The tag's card as text, one space between its words."""
    found = re.search(rf'<article class="card" data-tag="{tag}".*?</article>', html, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[0].replace("<wbr>", "")).split())


def names(html: str) -> list[str]:
    """The tags whose cards are shown, in their order."""
    return re.findall(r'<article class="card" data-tag="([^"]+)"[^>]*"name-[^"]+">', html)


def for_scripts(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="settings" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    values: dict[str, Any] = json.loads(found[1])
    return values


@pytest.mark.django_db
def test_a_tag_with_a_range_beyond_all_sums_costs_nobody_the_page(
    client: Client, post: Callable[..., Any]
) -> None:
    Tag.objects.create(name="too_wide", valid_min=-1e308, valid_max=1e308, lower_limit=-1e300)
    assert post("/ingest", {"timestamp": ago(1), "tag": "too_wide", "value": 1e308}).status_code == 400
    assert post("/ingest", {"timestamp": ago(1), "tag": "too_wide", "value": 1e100}).status_code == 201
    assert "1e100 normal Limits at least -1e300" in card(page(client), "too_wide")


@pytest.mark.django_db
def test_a_tag_is_shown_by_the_name_and_the_decimals_that_a_person_has_set(
    client: Client, post: Callable[..., Any]
) -> None:
    Tag.objects.filter(name="fermenter_temp").update(display_name="Broth, bottom", decimals=0)
    post("/ingest", {"timestamp": ago(0), "tag": "fermenter_temp", "value": 46.5})
    html = page(client)
    assert "Broth, bottom Temperature of the broth 47 °C out of limit" in card(html, "fermenter_temp")
    assert '<option value="fermenter_temp">Broth, bottom</option>' in html
    assert '<span data-part="tag" data-tag="fermenter_temp">Broth, bottom</span>' in html
    told = next(tag for tag in for_scripts(html)["tags"] if tag["name"] == "fermenter_temp")
    assert (told["shownName"], told["decimals"], told["mostDecimals"]) == ("Broth, bottom", 0, None)
    known = client.get("/tags/fermenter_temp").json()
    assert (known["display_name"], known["decimals"], known["most_decimals"]) == ("Broth, bottom", 0, None)


@pytest.mark.django_db
@time_machine.travel(datetime(2026, 1, 31, 12, tzinfo=UTC), tick=False)
def test_values_are_in_the_page(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": ago(1), "tag": "fermenter_temp", "value": 36.5})
    post("/ingest", {"timestamp": ago(0), "tag": "fermenter_ph", "value": 8.25})
    html = page(client)
    assert "36.50 °C normal Limits 35 to 45" in card(html, "fermenter_temp")
    assert "8.25 pH out of limit above the limit 8" in card(html, "fermenter_ph")
    assert "no data yet" in card(html, "agitator_rpm")
    for text in ("Live", '<dd data-part="rate">50.00 %</dd>', '<dd data-part="measurements">2</dd>'):
        assert text in html
    assert for_scripts(html)["latest"] == [
        client.get(f"/tags/{tag}").json()["latest"] for tag in ("fermenter_temp", "fermenter_ph")
    ]


@pytest.mark.django_db
def test_old_values_are_said_to_be_stale(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": "2024-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 46.5})
    html = page(client)
    assert re.search(
        r"out of limit for \d+ years(?: \d+ months)?: above the limit 45;"
        r" no reading since 31 Jan 2024 12:00:00 UTC",
        card(html, "fermenter_temp"),
    )
    assert 'data-tag="fermenter_temp" data-state="outside"' in html
    assert "no new reading since 31 Jan 2024 12:00:00 UTC" in html


@pytest.mark.django_db
def test_each_tag_is_stale_after_a_time_of_its_own(client: Client, post: Callable[..., Any]) -> None:
    Tag.objects.filter(name="fermenter_ph").update(stale_after_s=600)
    for tag, value in (("fermenter_temp", 37), ("fermenter_ph", 7)):
        post("/ingest", {"timestamp": ago(120), "tag": tag, "value": value})
    html = page(client)
    assert "stale for 2 min" in card(html, "fermenter_temp")
    assert "normal" in card(html, "fermenter_ph")
    assert "last reading 2 min ago" in html
    assert [tag["staleAfterMs"] for tag in for_scripts(html)["tags"]] == [10_000, 600_000, 10_000]


@pytest.mark.django_db
def test_it_says_how_long_all_has_been_well(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": ago(11_530), "tag": "fermenter_temp", "value": 46.5})
    post("/ingest", {"timestamp": ago(0), "tag": "fermenter_temp", "value": 37})
    html = page(client)
    assert "normal for 3 h 12 min" in card(html, "fermenter_temp")
    newest = [tag["newestAnomaly"] is None for tag in for_scripts(html)["tags"]]
    assert newest == [False, True, True]


@pytest.mark.django_db
def test_what_needs_a_person_comes_first(client: Client, post: Callable[..., Any]) -> None:
    for tag, value in (("fermenter_temp", 37), ("fermenter_ph", 7), ("agitator_rpm", 690)):
        post("/ingest", {"timestamp": ago(0), "tag": tag, "value": value})
    assert names(page(client)) == ["agitator_rpm", "fermenter_temp", "fermenter_ph"]


@pytest.mark.django_db
def test_alarms_come_first_then_limits_then_events_then_the_rest(
    client: Client, post: Callable[..., Any]
) -> None:
    for name in ("acknowledged", "waiting", "outside", "event", "silent"):
        Tag.objects.create(name=name, valid_min=0, valid_max=100, upper_limit=50)
        post("/ingest", {"timestamp": ago(60 * (name == "silent")), "tag": name, "value": 40})
    post("/ingest", {"timestamp": ago(-1), "tag": "outside", "value": 60})
    act(define("acknowledged", priority="critical"), Act.ACTIVE, Act.ACKNOWLEDGE)
    act(define("waiting", priority="low"), Act.ACTIVE, at=datetime.now(UTC) - timedelta(minutes=9))
    Event.objects.create(
        tag=Tag.objects.get(name="event"), detector="x", kind="stuck", start=ago(60), score=2, revision=1
    )
    html = page(client)
    assert names(html)[:5] == ["waiting", "acknowledged", "outside", "event", "silent"]
    assert "Alarm: High for 9 min: above 45; not acknowledged" in card(html, "waiting")
    assert 'data-tag="waiting" data-state="alarm" data-priority="low" data-unseen' in html


@pytest.mark.django_db
def test_a_value_outside_a_limit_says_since_when(client: Client, post: Callable[..., Any]) -> None:
    for age in (7200, 3600, 0):
        value = 46.5 if age < 7200 else 37
        post("/ingest", {"timestamp": ago(age), "tag": "fermenter_temp", "value": value})
    html = page(client)
    assert "46.50 °C out of limit for 1 h: above the limit 45 Limits" in card(html, "fermenter_temp")
    assert [tag["outsideSince"] is None for tag in for_scripts(html)["tags"]] == [False, True, True]


@pytest.mark.django_db
def test_groups_are_headings_and_a_filter(client: Client) -> None:
    Tag.objects.filter(name="agitator_rpm").update(group="F 2 & 3")
    html = page(client)
    assert re.findall(r"<h2>(.*?)</h2>", html)[:2] == ["F 2 &amp; 3", "Other"]
    assert '<option value="F 2 &amp; 3">' in html
    filtered = page(client, "?group=F+2+%26+3")
    assert names(filtered) == ["agitator_rpm"]
    assert '<option value="F 2 &amp; 3" selected>' in filtered


@pytest.mark.django_db
def test_without_groups_there_is_no_heading_and_no_filter(client: Client) -> None:
    html = page(client)
    assert "Other" not in html.split("</main>")[0].split("<script")[0]
    assert 'name="group"' not in html


@pytest.mark.django_db
def test_a_wall_screen_has_values_and_nothing_to_click(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": ago(0), "tag": "fermenter_temp", "value": 36.5})
    html = page(client, "?kiosk=1&tag=fermenter_temp")
    assert "36.50 °C normal" in card(html, "fermenter_temp")
    assert names(html) == ["fermenter_temp"]
    for element in ("<a ", "<button", "<select", "<input", "<details", "<canvas"):
        assert element not in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("Dissolved oxygen", ""),
        ("Jacket temperature", " data-narrow"),
        ("Temperature of the jacket", ' data-lines="2"'),
        ("Temperature of the jacket, at its outlet", ' data-lines="3"'),
    ],
)
def test_a_wall_screen_writes_a_name_in_as_few_lines_as_it_fits(client: Client, name: str, sign: str) -> None:
    Tag.objects.create(name="long", display_name=name, group="demo-1", valid_min=0, valid_max=1)
    assert f'<h2 id="name-long"{sign}>' in page(client, "?kiosk=1")
    assert "data-narrow" not in page(client)


@pytest.mark.django_db
def test_recent_anomalies_say_when_and_why(client: Client, post: Callable[..., Any]) -> None:
    past = [{"timestamp": ago(60 - i), "tag": "agitator_rpm", "value": 400 + i % 2} for i in range(20)]
    post("/ingest/batch", [*past, {"timestamp": ago(0), "tag": "agitator_rpm", "value": 660}])
    rows = re.findall(r"<li>(.*?)</li>", page(client).split('<ol id="anomalies"')[1], re.DOTALL)
    assert len(rows) == 1
    for text in (
        "agitator_rpm",
        "660",
        "rpm",
        "above the limit 650; outside rolling mean ± 3σ (399 to 402)",
    ):
        assert text in rows[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "tag", "preset"),
    [
        ("", "", "5m"),
        ("?tag=fermenter_ph&range=8h", "fermenter_ph", "8h"),
        ("?tag=nothing&range=forever", "", "5m"),
        ("?window=10m", "", "5m"),  # as addresses were before
        ("?window=1h", "", "1h"),
    ],
)
def test_the_address_says_what_is_shown(client: Client, query: str, tag: str, preset: str) -> None:
    html = page(client, query)
    chosen = for_scripts(html)["chosen"]
    assert (chosen["tag"], chosen["range"], chosen["from"], chosen["to"]) == (tag, preset, None, None)
    assert f'value="{preset}" checked' in html
    assert f"Following: last {for_scripts(html)['presets'][preset]['label']}" in html
    assert len(re.findall(r"<article[^>]* hidden>", html)) == (2 if tag else 0)


@pytest.mark.django_db
@time_machine.travel(datetime(2026, 2, 28, tzinfo=UTC), tick=False)  # a year that is over is shown
def test_the_address_may_name_a_range_of_the_past(client: Client) -> None:
    html = page(client, "?from=2026-01-30T12:00:00Z&to=2026-01-31T14:00:00%2B02:00")
    chosen = for_scripts(html)["chosen"]
    assert (chosen["from"], chosen["to"]) == ("2026-01-30T12:00:00Z", "2026-01-31T12:00:00Z")
    shown = re.search(r'<p id="moment">(.*?)</p>', html)
    assert shown
    assert re.sub(r"<[^>]+>", "", shown[1]) == "Showing the past: 30 Jan 12:00:00 UTC to 31 Jan 12:00:00 UTC"
    controls = html.split('id="controls"')[1].split("</form>")[0]
    assert 'name="range"' in controls
    assert not re.search(r'name="range"[^>]* checked', controls)


@pytest.mark.django_db
def test_an_anomaly_links_to_what_was_measured_around_it(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": "2024-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 46.5})
    link = re.search(r'<a data-part="link" href="([^"]*)"><time[^>]*>31 Jan', page(client))
    assert link
    address = unescape(link[1])
    (anomaly,) = client.get("/anomalies").json()
    assert address == f"?from=2024-01-31T11:59:00Z&to=2024-01-31T12:01:00Z&anomaly={anomaly['id']}"
    assert "Showing the past: " in page(client, address)


@pytest.mark.django_db
def test_the_scripts_know_since_when_measurements_are_kept(client: Client, post: Callable[..., Any]) -> None:
    post("/ingest", {"timestamp": ago(1), "tag": "fermenter_temp", "value": 36.5})
    Series.objects.update(raw_from=datetime(2026, 1, 1, tzinfo=UTC))
    kept = {tag["name"]: tag["rawFrom"] for tag in for_scripts(page(client))["tags"]}
    assert kept == {"fermenter_temp": "2026-01-01T00:00:00Z", "fermenter_ph": None, "agitator_rpm": None}


@pytest.mark.django_db
def test_tags_come_from_the_database(client: Client) -> None:
    Tag.objects.filter(name="agitator_rpm").update(active=False)
    Tag.objects.create(name="co2", unit="%", valid_min=0, valid_max=100, lower_limit=2)
    html = page(client)
    assert 'data-tag="agitator_rpm"' not in html
    assert "Limits at least 2" in card(html, "co2")
    Tag.objects.update(active=False)
    assert "There is no tag to show" in page(client)


@pytest.mark.django_db
def test_no_script_is_inline_and_the_cdn_file_is_pinned(client: Client, settings: Settings) -> None:
    html = page(client)
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL):
        assert 'type="application/json"' in attributes or not content.strip()
    pinned = settings.FERMON_CHART_SCRIPT
    assert f'src="{pinned.url}" integrity="{pinned.integrity}" crossorigin="anonymous"' in html


@pytest.mark.django_db
def test_what_people_enter_can_not_leave_the_json(client: Client) -> None:
    Tag.objects.create(name="x", unit="</script>", description="<u>", valid_min=0, valid_max=1)
    html = page(client)
    assert for_scripts(html)["tags"][-1]["unit"] == "</script>"
    assert "<u>" not in html


@pytest.mark.django_db
def test_who_is_not_signed_in_is_sent_to_the_login(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    response = client.get("/dashboard?tag=fermenter_ph")
    assert response.status_code == 302
    assert response.headers["Location"] == "/login?next=/dashboard%3Ftag%3Dfermenter_ph"


@pytest.mark.parametrize("is_open", [True, False])
def test_without_the_database_there_is_still_a_page(
    client: Client, database_away: None, settings: Settings, is_open: bool
) -> None:
    settings.FERMON_OPEN = is_open
    client.cookies["sessionid"] = "somebody"
    response = client.get("/dashboard")
    assert response.status_code == 503
    assert "database is away" in response.content.decode()


@pytest.mark.django_db
def test_only_reading_is_possible(client: Client) -> None:
    assert client.post("/dashboard").status_code == 405
    assert client.head("/dashboard").status_code == 200


@pytest.mark.django_db
def test_an_error_page_looks_like_the_others(client: Client) -> None:
    response = client.get("/nowhere", headers={"Accept": "text/html"})
    html = response.content.decode()
    assert response.status_code == 404
    assert "Error 404" in html
    assert "There is nothing at /nowhere.</p>" in html
    assert client.get("/nowhere").json() == {
        "detail": "There is nothing at /nowhere. GET / lists what there is."
    }
    assert "monitoring/base.css" in html


def test_pages_that_name_no_icon_get_it_too(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/monitoring/favicon.svg")
