"""The pages of vessels: the wall, one vessel, and what people do there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.batches.lifecycle import NewBatch, end_batch, enter_phase, inoculate, plan_batch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import bind, make_vessel, rename_vessel
from monitoring.dashboard.batch_words import rule_text
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Event, Tag, Vessel, VesselTag
from tests.alarming import act, define
from tests.dashboard.test_alarm_pages import page, text_of

pytestmark = pytest.mark.django_db
ANN = Actor("ann", "login")
HOUR = timedelta(hours=1)


def ago(hours: float) -> datetime:
    return datetime.now(UTC) - hours * HOUR


@pytest.fixture
def vessel() -> Vessel:
    made = make_vessel("v1", title="Reactor 1", constants={"ua_w_per_k": 40.0}, actor=ANN)
    bind("v1", "fermenter_temp", "temperature", actor=ANN)
    bind("v1", "fermenter_ph", "ph", actor=ANN)
    make_recipe("fed-batch", [NewPhase("growth", 8 * 3600), NewPhase("feed", 10 * 3600)], actor=ANN)
    return made


def running(*, started_h: float = 12) -> Batch:
    """A batch that was inoculated half an hour after its start."""
    batch = start_batch(NewBatch("v1", "run-1", recipe="fed-batch", start=ago(started_h)), actor=ANN)
    return inoculate(batch.pk, at=ago(started_h - 0.5), actor=ANN)


def text(client: Client, path: str) -> str:
    html = page(client, path)
    return unescape(text_of(html if "<body>" in html else f"<body>{html}"))


def refused(answer: Any) -> str:
    assert answer.status_code == 400
    return unescape(text_of(answer.content.decode()))


def test_without_a_vessel_the_wall_says_what_one_is(client: Client) -> None:
    assert "No vessel yet. A vessel groups the tags of one fermenter by role" in text(client, "/vessels")
    navigation = re.search(r"<nav aria-label=\"Fermon\">.*?</nav>", page(client, "/vessels"), re.DOTALL)
    assert navigation
    assert navigation[0].rindex("Vessels") > navigation[0].rindex("Notes")
    make_vessel("v1", actor=ANN)
    shown = page(client, "/vessels")
    assert shown.index(">Vessels</a>") < shown.index(">Notes</a>")


def test_a_tile_tells_batch_progress_values_and_what_comes_next(
    client: Client, post: Callable[..., Any], vessel: Vessel
) -> None:
    running()
    post("/ingest", {"tag": "fermenter_temp", "value": 37.2, "timestamp": datetime.now(UTC).isoformat()})
    shown = text(client, "/vessels?part=tiles")
    assert "Reactor 1 run-1 growth 11 h 30 min of typically 18 h Temperature 37.20 °C" in shown
    assert "pH – pH no data yet" in shown
    assert "Next: growth lasts 3 h 30 min longer than usual" in shown
    assert "stale" not in shown


def test_a_tile_tells_the_phase_that_is_expected(client: Client, vessel: Vessel) -> None:
    batch = running(started_h=4.5)
    assert "Next: phase feed in 3 h 59 min" in text(client, "/vessels")
    enter_phase(batch.pk, at=ago(1), actor=ANN)
    assert "Next: end of the batch in 8 h 59 min" in text(client, "/vessels")


def test_a_tile_marks_what_needs_a_person(client: Client, vessel: Vessel) -> None:
    act(define("fermenter_temp"), Act.ACTIVE)
    Event.objects.create(
        tag=Tag.objects.get(name="fermenter_ph"),
        detector="stuck",
        kind="stuck",
        start=ago(1),
        score=5,
        explanation="fermenter_ph has not changed",
        revision=1,
    )
    html = page(client, "/vessels?part=tiles")
    assert "data-priority" in html
    assert "fermenter_ph: Stuck" in text_of(f"<body>{html}")


def test_more_vessels_cost_no_more_queries(
    client: Client, vessel: Vessel, django_assert_max_num_queries: Any
) -> None:
    running()
    page(client, "/vessels?part=tiles")
    with CaptureQueriesContext(connection) as of_one:
        page(client, "/vessels?part=tiles")
    for number in range(2, 5):
        Tag.objects.create(name=f"t{number}", unit="°C", valid_min=0, valid_max=100)
        make_vessel(f"v{number}", actor=ANN)
        bind(f"v{number}", f"t{number}", "temperature", actor=ANN)
        batch = start_batch(NewBatch(f"v{number}", recipe="fed-batch", start=ago(2)), actor=ANN)
        inoculate(batch.pk, at=ago(1), actor=ANN)
    with django_assert_max_num_queries(len(of_one)):
        page(client, "/vessels?part=tiles")


def test_the_wall_for_a_screen_has_no_navigation(client: Client, vessel: Vessel) -> None:
    shown = page(client, "/vessels?wall=1")
    assert 'class="vessel-wall"' in shown
    assert "<nav" not in shown
    assert "/vessels?wall=1" in page(client, "/dashboard")


def test_a_batch_is_conducted_from_start_to_end(client: Client, vessel: Vessel) -> None:
    assert "No batch runs." in text(client, "/vessels/v1")

    def conduct(which: str, **fields: str) -> None:
        newest = Batch.objects.order_by("-id").first()
        sent = {"act": which, "batch": str(newest.pk) if newest else "", **fields}
        assert client.post("/vessels/v1/conduct", sent)["Location"] == "/vessels/v1#state"

    start = ago(5).strftime("%Y-%m-%dT%H:%M")
    conduct("start", name="run-1", recipe="fed-batch", product="mAb", at=start)
    conduct("inoculate")
    conduct("phase")
    batch = Batch.objects.get()
    assert batch.started_by.startswith("somebody at")
    assert batch.start is not None
    assert batch.start.strftime("%Y-%m-%dT%H:%M") == start
    assert [phase.name for phase in batch.phases.all()] == ["growth", "feed"]
    assert "Batch run-1 , phase feed recipe fed-batch, version 1" in text(client, "/vessels/v1")
    conduct("end")
    batch.refresh_from_db()
    assert batch.state == "complete"
    conduct("start", name="run-2")
    conduct("abort", reason="contaminated")
    assert Batch.objects.get(name="run-2").end_reason == "contaminated"
    assert "run-2 aborted contaminated" in text(client, "/vessels/v1")


def test_a_refused_act_keeps_the_entry_and_says_why(client: Client, vessel: Vessel) -> None:
    batch = running()
    fields = {"batch": str(batch.pk)}
    early = client.post("/vessels/v1/conduct", {"act": "end", "at": "2020-01-01T00:00", **fields})
    assert "Expected a time of the batch" in refused(early)
    assert 'value="2020-01-01T00:00"' in early.content.decode()
    second = client.post("/vessels/v1/conduct", {"act": "start", "name": "run-2", **fields})
    assert re.search(r"Vessel v1 runs batch run-1 since [\w ]*\d\d:\d\d:\d\d UTC: end", refused(second))
    assert "end that batch first, or tick 'End the running batch'" in refused(second)
    assert 'value="run-2"' in second.content.decode()
    nameless = client.post("/vessels/v1/conduct", {"act": "abort", **fields})
    assert "This field is required." in refused(nameless)
    wrong = client.post(
        "/vessels/v1/conduct", {"act": "start", "name": "2 b", "end_previous": "on", **fields}
    )
    assert "is part of web addresses. " in refused(wrong)


def test_an_act_on_a_page_of_an_earlier_batch_is_refused(client: Client, vessel: Vessel) -> None:
    old = running()
    end_batch(old.pk, at=ago(1), actor=ANN)
    start_batch(NewBatch("v1", "run-2"), actor=ANN)
    answer = client.post("/vessels/v1/conduct", {"act": "end", "batch": str(old.pk)})
    assert "Another batch runs by now, or none" in refused(answer)
    assert Batch.objects.get(name="run-2").end is None


def test_a_planned_batch_is_offered_and_started(client: Client, vessel: Vessel) -> None:
    planned = plan_batch(NewBatch("v1", "run-9"), actor=ANN)
    assert "run-9 planned" in text(client, "/vessels/v1")
    client.post("/vessels/v1/conduct", {"act": "start", "planned": str(planned.pk)})
    planned.refresh_from_db()
    assert planned.state == "running"


def test_tags_are_bound_ended_and_removed(client: Client, vessel: Vessel) -> None:
    fields = {"act": "bind", "tag": "agitator_rpm", "role": "agitation", "function": "measured"}
    assert client.post("/vessels/v1/design", fields)["Location"] == "/vessels/v1#tags"
    again = client.post("/vessels/v1/design", fields | {"role": "other"})
    assert "Tag agitator_rpm is bound to vessel v1" in refused(again)
    assert "Unknown tag 'nothing'." in refused(client.post("/vessels/v1/design", fields | {"tag": "nothing"}))
    binding = VesselTag.objects.get(tag__name="agitator_rpm")
    client.post("/vessels/v1/design", {"act": "unbind", "binding": str(binding.pk)})
    binding.refresh_from_db()
    assert binding.end is not None
    client.post("/vessels/v1/design", {"act": "forget", "binding": str(binding.pk)})
    assert not VesselTag.objects.filter(pk=binding.pk).exists()
    assert "has no binding" in refused(client.post("/vessels/v1/design", {"act": "forget", "binding": "x"}))


def test_missing_roles_tell_what_they_would_add(client: Client, vessel: Vessel) -> None:
    shown = text(client, "/vessels/v1")
    assert "O2 in the off-gas would add oxygen uptake (OUR), RQ, biomass and growth rate" in shown
    assert "Temperature would add" not in shown


def test_a_vessel_is_renamed_and_its_old_address_leads_on(client: Client, vessel: Vessel) -> None:
    assert client.post("/vessels/v1/design", {"act": "rename", "name": "v2"})["Location"] == (
        "/vessels/v2#settings"
    )
    moved = client.get("/vessels/v1", headers={"Accept": "text/html"})
    assert (moved.status_code, moved["Location"]) == (302, "/vessels/v2")
    assert "Start with a letter" in refused(client.post("/vessels/v2/design", {"act": "rename", "name": "2"}))


def test_constants_are_changed_as_lines(client: Client, vessel: Vessel) -> None:
    assert "heat transfer UA between jacket and broth 40 W/K ua_w_per_k" in text(client, "/vessels/v1")
    fields = {"act": "change", "title": "Big one", "is_active": "on"}
    client.post("/vessels/v1/design", fields | {"constants": "ua_w_per_k = 41\nbase_mol_l = 6.912345678\n"})
    vessel.refresh_from_db()
    assert (vessel.title, vessel.constants) == ("Big one", {"ua_w_per_k": 41.0, "base_mol_l": 6.912345678})
    assert "base_mol_l = 6.912345678" in page(client, "/vessels/v1")  # stored again unchanged
    wrong = client.post("/vessels/v1/design", fields | {"constants": "ua forty"})
    assert "Expected a line as 'ua_w_per_k = 40', not 'ua forty'." in refused(wrong)
    assert "ua forty</textarea>" in wrong.content.decode()


def test_vessels_are_made_by_name_and_of_groups(client: Client) -> None:
    assert client.post("/vessels/add", {"name": "v3", "title": "Third"})["Location"] == "/vessels/v3"
    assert "There is a vessel v3 already" in refused(client.post("/vessels/add", {"name": "v3"}))
    Tag.objects.create(name="r7.temp", unit="°C", group="R7", valid_min=0, valid_max=100)
    assert "R7 : vessel r7 with r7.temp (temperature)" in text(client, "/vessels")
    assert client.post("/vessel-groups")["Location"] == "/vessels"
    assert VesselTag.objects.get(tag__name="r7.temp").role == "temperature"
    assert "Groups without a vessel" not in text(client, "/vessels")


def test_an_unknown_vessel_or_act_is_not_found(client: Client, vessel: Vessel) -> None:
    html = {"Accept": "text/html"}
    assert client.get("/vessels/nothing", headers=html).status_code == 404
    assert client.post("/vessels/v1/conduct", {"act": "explode"}).status_code == 404
    assert client.post("/vessels/v1/design", {"act": "explode"}).status_code == 404


def test_each_role_sees_the_acts_it_may_do(
    client: Client, settings: Settings, account: Callable[[str], User], vessel: Vessel
) -> None:
    settings.FERMON_OPEN = False
    found = {}
    for role in ("viewer", "operator", "engineer"):
        client.force_login(account(role))
        shown = text(client, "/vessels/v1")
        found[role] = ("Start a batch" in shown, "Bind a tag" in shown)
    assert found == {"viewer": (False, False), "operator": (True, False), "engineer": (True, True)}


def test_a_json_client_gets_the_api_at_the_same_address(client: Client, vessel: Vessel) -> None:
    rename_vessel("v1", "v4", actor=ANN)
    assert client.get("/vessels").json()[0]["name"] == "v4"
    assert client.get("/vessels/v4").json()["title"] == "Reactor 1"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"role": "feed_rate", "above": 0.0, "for_s": 180}, "Feed rate above 0 mL/min for 3 min"),
        (
            {"role": "dissolved_oxygen", "below": 95.0, "for_s": 600, "after_s": 300},
            "Dissolved oxygen below 95 % for 10 min, not before 5 min after the moment before",
        ),
        ({"role": "weight", "falls_percent": 20, "within_s": 600}, "Weight falls by 20 % within 10 min"),
        ({"role": "ph", "function": "setpoint", "above": 7.0}, "pH, setpoint above 7 pH"),
    ],
)
def test_a_rule_is_told_in_words(rule: dict[str, Any], words: str) -> None:
    assert rule_text(rule) == words
