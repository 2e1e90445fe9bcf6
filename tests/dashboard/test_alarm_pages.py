"""The pages about alarms as the server renders them: bar, list, one alarm, journal, key figures."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.dashboard import alarm_bar, alarm_pages
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import AlarmDefinition, Tag
from tests.alarming import act, define

pytestmark = pytest.mark.django_db
BROWSER = {"accept": "text/html,*/*;q=0.8"}


def page(client: Client, path: str = "/alarms") -> str:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
    return answer.content.decode()


def text_of(html: str) -> str:
    """The page as text, one space between its words."""
    body = html.split("<body>")[1]
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", body, flags=re.DOTALL).split())


def listed(html: str) -> list[str]:
    """The alarms of the list, in their order."""
    return re.findall(r'<tr data-id="\d+" data-occurrence="\d*" data-name="([^"]+)"', html)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


@pytest.fixture
def high() -> AlarmDefinition:
    """An alarm that has been active for nine minutes and waits for a person."""
    definition = define(
        priority="high", consequence="The culture dies.", action="Open V-12.", respond_within_s=1200
    )
    act(definition, Act.ACTIVE, at=ago(minutes=9), value=46.5)
    return definition


def test_the_bar_is_on_every_page_and_counts_what_waits_for_a_person(
    client: Client, high: AlarmDefinition
) -> None:
    act(define("agitator_rpm"), Act.ACTIVE, Act.ACKNOWLEDGE)
    for path in ("/dashboard", "/alarms", "/alarms/journal", "/backtest", "/nothing"):
        html = client.get(path, headers=BROWSER).content.decode()
        counts = re.findall(r'class="alarm-count" data-priority="(\w+)" data-unseen="(\d+)"', html)
        assert counts == [("critical", "0"), ("high", "1"), ("medium", "0"), ("low", "0")], path
        assert f'href="/alarms/{high.pk}">fermenter_temp: High, above 45 °C</a>' in html


def test_without_an_alarm_the_bar_says_so_and_has_the_same_parts(client: Client) -> None:
    html = page(client)
    assert "No alarm waits for a person." in html
    assert "data-some" not in html.split('id="alarm-bar"')[1].split(">")[0]
    assert 'id="alarm-acts" data-idle' in html


def test_a_closed_fermon_shows_no_alarm_to_a_stranger(
    client: Client, settings: Settings, high: AlarmDefinition
) -> None:
    settings.FERMON_OPEN = False
    assert client.get("/alarms", headers=BROWSER)["Location"] == "/login?next=/alarms"
    login = client.get("/login").content.decode()
    assert "fermenter_temp" not in login
    assert 'alarm-bar"' not in login
    assert client.get("/alarms/present", headers={"accept": "application/json"}).status_code == 401


def test_who_may_not_acknowledge_is_told_so_by_the_page(
    client: Client, settings: Settings, account: Any
) -> None:
    settings.FERMON_OPEN = False
    rights = {}
    for role in ("viewer", "operator"):
        client.force_login(account(role))
        html = page(client)
        found = json.loads(re.search(r'id="alarm-settings" type="application/json">(.*?)</script>', html)[1])
        rights[role] = (found["mayAcknowledge"], found["mayShelve"], bool(found["csrf"]))
    assert rights == {"viewer": (False, False, True), "operator": (True, True, True)}


def test_scripts_get_the_api_and_browsers_the_page(client: Client, high: AlarmDefinition) -> None:
    for accept in ("*/*", "application/json"):
        assert client.get("/alarms", headers={"accept": accept}).json()[0]["id"] == high.pk
        assert client.get(f"/alarms/{high.pk}", headers={"accept": accept}).json()["tag"] == "fermenter_temp"
    download = client.get("/alarms/journal?format=csv", headers=BROWSER)
    assert download["Content-Type"].startswith("text/csv")
    assert "Accept" in client.get("/alarms", headers=BROWSER)["Vary"]
    assert client.post("/alarms", headers=BROWSER).status_code == 405


def test_the_list_has_what_waits_first_then_by_priority(client: Client, high: AlarmDefinition) -> None:
    act(define("fermenter_ph", priority="critical"), Act.ACTIVE, Act.ACKNOWLEDGE)
    act(define("agitator_rpm", priority="low"), Act.ACTIVE)
    html = page(client)
    assert listed(html) == ["fermenter_temp", "agitator_rpm", "fermenter_ph"]
    assert "high NEW fermenter_temp High, above 45 °C active, not acknowledged 46.50 °C" in text_of(html)
    assert re.search(r'for <span class="duration" data-since="[^"]+Z">9 min</span>', html)


def test_the_list_is_filtered_by_state_priority_and_group(client: Client, high: AlarmDefinition) -> None:
    Tag.objects.filter(name="agitator_rpm").update(group="Vessel 2")
    act(define("agitator_rpm", priority="low"), Act.ACTIVE, Act.ACKNOWLEDGE)
    act(define("fermenter_ph"), Act.SHELVE)
    assert listed(page(client, "/alarms?state=UNACK")) == ["fermenter_temp"]
    assert listed(page(client, "/alarms?state=SHLVD")) == ["fermenter_ph"]
    assert listed(page(client, "/alarms?priority=low")) == ["agitator_rpm"]
    assert listed(page(client, "/alarms?group=Vessel+2")) == ["agitator_rpm"]
    assert len(listed(page(client, "/alarms?state=all"))) == 3
    assert listed(page(client, "/alarms?state=x&priority=y&page=z")) == ["fermenter_temp", "agitator_rpm"]


def test_the_list_comes_in_pages(
    client: Client, high: AlarmDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_pages, "PAGE", 1)
    act(define("agitator_rpm", priority="low"), Act.ACTIVE)
    first, last = page(client), page(client, "/alarms?page=99")
    assert (listed(first), listed(last)) == (["fermenter_temp"], ["agitator_rpm"])
    assert '<a href="?page=2" rel="next">' in first
    assert "2 alarms, page 2 of 2" in last


def test_one_alarm_says_what_to_do_how_long_and_what_was(client: Client, high: AlarmDefinition) -> None:
    act(high, Act.ACKNOWLEDGE, comment="valve was shut")
    act(high, Act.RETURN)
    act(high, Act.ACTIVE)
    html = page(client, f"/alarms/{high.pk}")
    for text in (
        "high, active, not acknowledged",
        "If nobody acts The culture dies.",
        "What to do Open V-12.",
        "19 min left to respond.",
        "9 min 46.50 anna,",
        "anna: valve was shut",
        "returned to normal",
    ):
        assert text in text_of(html)
    assert re.search(r'href="/dashboard\?tag=fermenter_temp&amp;from=[^"]+Z&amp;to=[^"]+Z"', html)
    assert client.get("/alarms/999999", headers=BROWSER).status_code == 404


def test_a_shelved_alarm_says_until_when_and_why(client: Client, high: AlarmDefinition) -> None:
    act(high, Act.SHELVE, reason="probe is cleaned")
    text = text_of(page(client, f"/alarms/{high.pk}"))
    assert "End the shelf" in text
    assert "probe is cleaned" in text


def test_the_journal_is_filtered_and_leads_to_older_lines(
    client: Client, high: AlarmDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_pages, "LINES", 1)
    act(high, Act.ACKNOWLEDGE, comment="seen")
    first = page(client, "/alarms/journal?tag=fermenter_temp")
    assert "acknowledged now active, acknowledged fermenter_temp: High high anna by api seen" in text_of(
        first
    )
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    second = page(client, "/alarms/journal" + older[1].replace("&amp;", "&"))
    assert "became active" in second.split("<tbody>")[1]
    assert "No line." in page(client, "/alarms/journal?tag=fermenter_ph")
    assert "No line." in page(client, "/alarms/journal?from=2099-01-01T00:00")
    assert f"?alarm={high.pk}&amp;format=csv" in page(client, f"/alarms/journal?alarm={high.pk}")
    for number in ("99999999999999999999", "9" * 5000, "²"):  # ids that no database has
        assert "became active" in page(client, f"/alarms/journal?alarm={number}")
        assert page(client, f"/alarms/journal?cursor=2026-01-01T00:00:00Z_{number}")
    assert 'href="/alarms/journal?tag=fermenter_temp&amp;format=csv"' in first


def test_the_key_figures_have_verdicts_and_formulas(client: Client, high: AlarmDefinition) -> None:
    text = text_of(page(client, "/alarms/kpis?days=1"))
    assert "1 annunciation." in text
    assert "Alarms per 10 min, on average" in text
    assert "Chattering alarms 0 none met" in text
    # of so few annunciations, ten alarms always have more than 5 %
    assert "Share of the ten most frequent 100 % at most 5 % Annunciations of the ten" in text
    assert "fermenter_temp: High 1" in text


def test_the_key_figures_have_a_map_of_days_and_hours(client: Client, high: AlarmDefinition) -> None:
    html = page(client, "/alarms/kpis?days=1")
    at = high.occurrences.get().active_at
    assert f"Most in one hour: 1, on {at.day} {at:%b} from {at.hour}:00" in text_of(html)
    assert html.count('<td data-load="met">1</td>') == 1


def test_the_scripts_get_the_alarms_only_when_they_have_changed(
    client: Client, high: AlarmDefinition
) -> None:
    first = client.get("/alarms/present").json()
    assert (first["unacknowledged"]["high"], first["newest"]["id"]) == (1, high.pk)
    assert [alarm["tag"] for alarm in first["alarms"]] == ["fermenter_temp"]
    assert client.get(f"/alarms/present?revision={first['revision']}").json() == {
        "revision": first["revision"],
        "failing": "",
    }
    act(high, Act.ACKNOWLEDGE)
    after = client.get(f"/alarms/present?revision={first['revision']}").json()
    assert (after["unacknowledged"]["high"], after["newest"]) == (0, None)


def test_of_each_tag_the_scripts_get_the_most_urgent_alarm(client: Client, high: AlarmDefinition) -> None:
    critical = define(kind="HH", priority="critical")
    act(critical, Act.ACTIVE)
    assert [alarm["id"] for alarm in client.get("/alarms/present").json()["alarms"]] == [critical.pk]


def advised(client: Client, query: str = "") -> str:
    return page(client, f"/alarms/advisor?tag=fermenter_temp&kind=H&days=1{query}")


@pytest.fixture
def spikes(high: AlarmDefinition) -> AlarmDefinition:
    """Ten minutes with four spikes of 3 s beyond 45 °C; the alarm has no delay."""
    AlarmDefinition.objects.filter(pk=high.pk).update(on_delay_s=0, off_delay_s=0, deadband=0.1)
    beyond = {begin + second for begin in (60, 160, 260, 360) for second in range(3)}
    start = ago(minutes=10)
    ingest_readings(
        [
            {
                "timestamp": (start + timedelta(seconds=second)).isoformat(),
                "tag": "fermenter_temp",
                "value": 46.0 if second in beyond else 40.0 + second % 2 / 10,
            }
            for second in range(600)
        ]
    )
    return high


def test_the_advisor_compares_settings_and_leads_to_the_filled_form(
    client: Client, admin_client: Client, spikes: AlarmDefinition
) -> None:
    html = advised(client)
    text = text_of(html)
    assert "600 measurements from" in text
    assert "4 excursions beyond the limit, 0 of them lasting." in text
    assert "In force 45 °C 0.1 °C 0 s 0 s 4 4 0 0 0" in text
    assert re.search(r"Proposed 45 °C 0.\d+ °C 3 s 0 s 0 0 0 0 0 Use these", text)
    assert "0 s 4 1 s 4 2 s 4 3 s 0" in text
    assert "45 °C 0 0 0 Try the limit 45 °C 45.62 °C 0 0 0 Try" in text
    use = re.search(r'href="(/admin/[^"]+)">Use these', html)
    assert use
    form = admin_client.get(use[1].replace("&amp;", "&")).content.decode()
    assert "Filled in with the settings of the advisor." in form
    assert re.search(r'name="on_delay_s" value="3"', form)
    assert re.search(r'name="setpoint" value="45.0"', form)
    assert 'value="Advisor, last day: 0 alarms in place of 4"' in form


def test_the_advisor_proposes_nothing_where_no_limit_was_left(client: Client, high: AlarmDefinition) -> None:
    item = {"tag": "fermenter_temp", "value": 40.0}
    ingest_readings([{**item, "timestamp": ago(seconds=second).isoformat()} for second in range(60)])
    text = text_of(advised(client))
    assert "0 excursions beyond the limit" in text
    assert "Nothing can be proposed from that." in text
    assert "In force" in text
    assert "Use these settings" not in text


def test_the_advisor_tries_other_settings_and_tells_what_is_wrong_with_them(
    client: Client, spikes: AlarmDefinition
) -> None:
    html = advised(client, "&on_delay_s=2&setpoint=45.5")
    assert "Tried 45.5 °C 0.1 °C 2 s 0 s 4 4 0 0 0 Use these" in text_of(html)
    assert "setpoint=45.5&amp;deadband=0.1&amp;on_delay_s=2" in html
    wrong = text_of(advised(client, "&setpoint=60&on_delay_s=x"))
    assert "On-delay (s): Enter a number." in wrong
    assert "lies outside the valid range 30 to 50" in text_of(advised(client, "&setpoint=60"))
    assert "no enabled alarm Low low" in text_of(
        page(client, "/alarms/advisor?tag=fermenter_temp&kind=LL&days=1")
    )
    assert "Select a valid choice" in text_of(page(client, "/alarms/advisor?tag=none"))
    define("fermenter_ph")
    assert "Nothing is stored" in text_of(page(client, "/alarms/advisor?tag=fermenter_ph&kind=H"))


def test_engineers_are_led_to_the_advisor_and_operators_are_not(
    client: Client, settings: Settings, account: Any, high: AlarmDefinition
) -> None:
    settings.FERMON_OPEN = False
    links = {}
    for role in ("operator", "engineer"):
        client.force_login(account(role))
        address = 'href="/alarms/advisor?tag=fermenter_temp&amp;kind=H"'
        links[role] = [
            address in page(client, path) for path in (f"/alarms/{high.pk}", "/alarms/kpis?days=1")
        ]
        links[role].append(client.get("/alarms/advisor", headers=BROWSER).status_code == 200)
    assert links == {"operator": [False] * 3, "engineer": [True] * 3}


def written(html: str, name: str) -> Any:
    """What the server wrote into the page for the scripts."""
    return json.loads(re.search(rf'id="{name}" type="application/json">(.*?)</script>', html)[1])


def test_in_a_flood_the_tags_of_the_page_have_their_alarm_beyond_the_cut_list(
    client: Client, high: AlarmDefinition, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(alarm_bar, "MOST_ALARMS", 1)
    last = define("agitator_rpm", priority="low")
    act(last, Act.ACTIVE, at=ago(minutes=1))
    act(define("fermenter_ph", priority="low"), Act.ACTIVE, at=ago(minutes=2))
    names = "&".join(f"tag={tag}" for tag in ("fermenter_temp", "agitator_rpm", "nothing"))
    with django_assert_max_num_queries(9):
        found = client.get(f"/alarms/present?{names}").json()
    assert [alarm["tag"] for alarm in found["alarms"]] == ["fermenter_temp"]
    assert [(alarm["tag"], alarm["id"]) for alarm in found["ofTags"]] == [("agitator_rpm", last.pk)]
    assert found["isCut"]
    for path in ("/dashboard", "/dashboard?kiosk=1"):
        html = page(client, path)
        assert {alarm["tag"] for alarm in written(html, "alarms-of-cards")} == {
            "fermenter_temp",
            "fermenter_ph",
            "agitator_rpm",
        }
        assert written(html, "alarms-present")["isCut"]
