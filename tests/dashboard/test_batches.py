"""The pages of batches: the list, one batch, its marks, and what people do there."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.batches.corrections import mark_golden
from monitoring.batches.lifecycle import NewBatch, end_batch, enter_phase, inoculate, plan_batch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.sampling import NewResult, add_sample, correct_result
from monitoring.batches.vessels import bind, make_vessel
from monitoring.dashboard import batches
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Event, Note, SampleResult, Tag, Vessel
from tests.alarming import act, define
from tests.dashboard.test_alarm_pages import BROWSER, page, text_of

pytestmark = pytest.mark.django_db
ANN = Actor("ann", "login")
HOUR = timedelta(hours=1)


def ago(hours: float) -> datetime:
    return datetime.now(UTC) - hours * HOUR


def rounded(found: Any) -> Any:
    """The JSON with numbers to a hundredth: a test takes a while."""
    return json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 2))


@pytest.fixture(autouse=True)
def vessel() -> Vessel:
    made = make_vessel("v1", title="Reactor 1", actor=ANN)
    bind("v1", "fermenter_temp", "temperature", actor=ANN)
    bind("v1", "agitator_rpm", "agitation", "setpoint", actor=ANN)
    make_recipe("fed-batch", [NewPhase("growth", 8 * 3600), NewPhase("feed", 10 * 3600)], actor=ANN)
    return made


@pytest.fixture
def batch() -> Batch:
    """A running batch, in its second phase, that was inoculated ten hours ago."""
    made = start_batch(NewBatch("v1", "run-1", recipe="fed-batch", product="mAb", start=ago(11)), actor=ANN)
    inoculate(made.pk, at=ago(10), actor=ANN)
    return enter_phase(made.pk, at=ago(2), actor=ANN, source="rule")


def text(client: Client, path: str) -> str:
    return unescape(text_of(page(client, path)))


def json_of(client: Client, path: str, id: str) -> Any:
    found = re.search(rf'<script id="{id}" type="application/json">(.*?)</script>', page(client, path))
    assert found
    return json.loads(found[1])


def test_the_list_tells_each_batch_and_planned_ones_first(client: Client, batch: Batch) -> None:
    plan_batch(NewBatch("v1", "run-2"), actor=ANN)
    shown = text(client, "/batches")
    assert shown.index("run-2 Reactor 1 planned") < shown.index("run-1 Reactor 1 running, feed")
    assert "10 h fed-batch v1 mAb" in shown
    html = page(client, "/batches")
    assert html.count('type="checkbox" name="batch"') == 1  # a planned batch has nothing to compare


def test_the_list_is_filtered(client: Client, batch: Batch) -> None:
    make_vessel("v2", actor=ANN)
    old = start_batch(NewBatch("v2", "early", start=ago(99)), actor=ANN)
    end_batch(old.pk, at=ago(90), actor=ANN)
    mark_golden(old.pk, is_golden=True, actor=ANN)

    def found(query: str) -> list[str]:
        return re.findall(r'<a href="/batches/\d+">([^<]+)</a>', page(client, f"/batches{query}"))

    assert found("") == ["run-1", "early"]
    assert found("?golden=yes") == ["early"]
    assert found("?golden=no&vessel=v1") == ["run-1"]
    assert found("?state=complete") == found("?name=EAR") == ["early"]
    assert found("?recipe=fed-batch") == ["run-1"]
    assert found(f"?to={ago(80):%Y-%m-%dT%H:%M}") == ["early"]
    assert found("?state=nonsense&from=nonsense&cursor=nonsense") == ["run-1", "early"]
    assert found("?vessel=none") == found("?recipe=%00a") == []
    assert "★ golden" in text(client, "/batches?golden=yes")
    assert "No batch is like that: choose other filters." in text(client, "/batches?name=zzz")


def test_the_list_goes_on_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PAGE", 2)
    for number in range(3):
        made = start_batch(NewBatch("v1", f"run-{number}", start=ago(50 - 9 * number)), actor=ANN)
        end_batch(made.pk, at=ago(49 - 9 * number), actor=ANN)
    first = page(client, "/batches?vessel=v1")
    older = re.search(r'href="(\?vessel=v1&amp;cursor=[^"]+)" rel="next"', first)
    assert older
    assert "run-0" not in first
    assert "run-0" in page(client, "/batches" + unescape(older[1]))


def test_the_page_of_a_batch_tells_its_course(client: Client, batch: Batch) -> None:
    shown = text(client, f"/batches/{batch.pk}")
    assert "run-1 Vessel Reactor 1 · recipe fed-batch, version 1 · mAb" in shown
    assert "Running, phase feed 10 h of typically 18 h" in shown
    assert "growth 8 h usually 8 h" in shown
    assert "feed 2 h usually 10 h" in shown
    assert "Next: end of the batch in 7 h 59 min" in shown
    html = page(client, f"/batches/{batch.pk}")
    assert re.findall(r'data-tag="([^"]+)"', html) == ["fermenter_temp"]  # a setpoint has no chart of its own
    assert f"/batches/{batch.pk}/report" in html
    assert f"/batches/{batch.pk}/export?format=csv" in html


def test_the_marks_are_in_hours_since_the_inoculation(client: Client, batch: Batch) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    Event.objects.create(
        tag=tag, detector="stuck", kind="stuck", start=ago(3), end=ago(2), score=5, explanation="", revision=1
    )
    act(define(), Act.ACTIVE, at=ago(1))
    Note.objects.create(batch=batch, start=ago(4), text="fed by hand", by="ben", at=ago(0))
    Note.objects.create(tag=tag, start=ago(5), end=ago(4.5), text="probe out", by="ben", at=ago(0))
    Note.objects.create(tag=tag, start=ago(50), text="of another batch", by="ben", at=ago(0))
    Note.objects.create(batch=batch, start=ago(4), text="gone", by="ben", at=ago(0), withdrawn_at=ago(0))
    add_sample(batch.pk, taken_at=ago(6), results=[NewResult("od600", 4.0), NewResult("own", 1)], actor=ANN)
    correct_result(batch.pk, 1, SampleResult.objects.get(analyte="od600").pk, 5.0, actor=ANN)
    marks = rounded(json_of(client, f"/batches/{batch.pk}", "batch-marks"))
    assert [(each["label"], each["x"], each["until"]) for each in marks["spans"]] == [
        ("Stuck", 7.0, 8.0),
        ("High", 9.0, None),
    ]
    assert [(each["label"], each["tag"], each["x"], each["until"]) for each in marks["notes"]] == [
        ("probe out (ben)", "fermenter_temp", 5.0, 5.5),
        ("fed by hand (ben)", None, 6.0, None),
    ]
    assert [(each["title"], each["value"], each["x"]) for each in marks["samples"]] == [
        ("own", 1.0, 4.0),
        ("OD600", 5.0, 4.0),
    ]
    assert marks["regions"][0] == {"from": 0.0, "to": 8.0, "label": "growth"}
    assert marks["range"] == {"from": -1.0, "to": 18.0}
    assert marks["zeroMs"] == int(batch.inoculated_at.timestamp() * 1000)
    shown = text(client, f"/batches/{batch.pk}")
    assert "fermenter_temp: Stuck event 1 h" in shown
    assert "5 h 30 min" not in shown
    assert "fed by hand ben" in shown


def test_an_ended_batch_ends_where_it_ended(client: Client, batch: Batch) -> None:
    end_batch(batch.pk, at=ago(1), actor=ANN, is_aborted=True, reason="contaminated")
    assert "Aborted: contaminated 9 h of typically 18 h" in text(client, f"/batches/{batch.pk}")
    marks = rounded(json_of(client, f"/batches/{batch.pk}", "batch-marks"))
    assert (marks["isRunning"], marks["range"], marks["now"]) == (False, {"from": -1.0, "to": 9.0}, 9.0)


def test_a_planned_batch_has_a_page_without_a_course(client: Client) -> None:
    planned = plan_batch(NewBatch("v1", "run-2"), actor=ANN)
    shown = text(client, f"/batches/{planned.pk}")
    assert "Planned" in shown
    assert "Course" not in shown


def test_a_batch_becomes_golden_and_plain_again(client: Client, batch: Batch) -> None:
    path = f"/batches/{batch.pk}"
    running = client.post(f"{path}/mark", {"act": "golden"})
    assert running.status_code == 400
    assert "run-1 is running" in unescape(text_of(running.content.decode()))
    end_batch(batch.pk, at=ago(1), actor=ANN)
    assert client.post(f"{path}/mark", {"act": "golden"})["Location"] == path
    assert "run-1 ★ golden" in text(client, path)
    client.post(f"{path}/mark", {"act": "plain"})
    assert not Batch.objects.get().is_golden
    assert client.post(f"{path}/mark", {"act": "silver"}).status_code == 404


def test_times_found_by_rules_are_confirmed(client: Client, batch: Batch) -> None:
    path = f"/batches/{batch.pk}"
    assert "by rule" in text(client, path)
    assert client.post(f"{path}/confirm-moments")["Location"] == path
    assert "Confirm the times found by rules" not in text(client, path)
    assert {phase.source for phase in batch.phases.all()} == {"person"}


def test_no_batch_has_a_number_beyond_the_database(client: Client) -> None:
    assert client.get(f"/batches/{10**30}", headers=BROWSER).status_code == 404
    assert client.get("/batches/7", headers=BROWSER).status_code == 404


def test_each_role_sees_the_acts_it_may_do(
    client: Client, settings: Settings, account: Callable[[str], User], batch: Batch
) -> None:
    settings.FERMON_OPEN = False
    found = {}
    for role in ("viewer", "operator", "engineer"):
        client.force_login(account(role))
        shown = text(client, f"/batches/{batch.pk}")
        found[role] = tuple(each in shown for each in ("Add a sample", "Add a note", "Mark as golden"))
    assert found == {"viewer": (False,) * 3, "operator": (True, True, False), "engineer": (True,) * 3}


def test_without_scripts_of_others_the_page_still_tells_where_charts_come_from(
    client: Client, batch: Batch
) -> None:
    settings_of_page = json_of(client, f"/batches/{batch.pk}", "batch-settings")
    assert settings_of_page["urls"]["trend"] == f"/batches/{batch.pk}/trend"
    assert settings_of_page["chart"]["copy"].startswith("/scripts/")
