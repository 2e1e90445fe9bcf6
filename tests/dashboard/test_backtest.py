"""/backtest: what other settings would have found, asked in the browser and worked out by the worker."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_q.models import OrmQ
from pytest_django import Settings

from monitoring import tasks
from monitoring.dashboard import backtest, backtest_form
from monitoring.dashboard.backtest import TASK_S
from monitoring.detection.backtest import requests
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Backtest, Event, Series, Tag
from tests.detection.detectors.own_forest import own_forest, without_scikit_learn

__all__ = ["own_forest", "without_scikit_learn"]

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = "fermenter_temp"
ASKED = {
    "tag": TAG,
    "days": "",
    "from": "2026-01-31T12:05:00",
    "to": "2026-01-31T12:12:59Z",
    "sensitivity": "1",
    "parameters": "",
}
BLIND = {"off": ["stuck", "saturation"]}


@pytest.fixture
def stuck_for_a_minute(transactional_db: None) -> None:
    """Ten minutes of noise, one of the same value, two of noise."""
    store([0.1] * 600 + [0.0] * 60 + [0.1] * 120)


def store(noise: list[float]) -> None:
    """A reading a second, with noise of this size."""
    chance = random.Random(1)
    ingest_readings(
        [
            {
                "timestamp": (START + timedelta(seconds=place)).isoformat(),
                "tag": TAG,
                "value": 37 + size * chance.gauss(0, 1),
            }
            for place, size in enumerate(noise)
        ]
    )


def text_of(answer: Any) -> str:
    """The page's text, one space between its words, whichever year it is."""
    html = answer.content.decode().split("<main")[1].replace("Jan 2026", "Jan")
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


@pytest.fixture
def tried(client: Client) -> Callable[..., Any]:
    """Asks, has the worker work it out, and gives the page that shows it."""

    def try_it(**change: Any) -> Any:
        answer = client.post("/backtest", ASKED | change)
        assert answer.status_code == 303, text_of(answer)
        assert tasks.run_backtests() == 1
        return client.get(answer["Location"])

    return try_it


@pytest.mark.django_db
def test_the_form_starts_from_the_settings_of_the_tag(client: Client) -> None:
    Tag.objects.filter(name=TAG).update(
        detectors_off=["drift"], sensitivity=2, detection_parameters={"spike.threshold": 6.0}
    )
    html = client.get(f"/backtest?tag={TAG}").content.decode()
    assert re.search(r'<option value="fermenter_temp" selected', html)
    assert re.findall(r'value="(\w+)"[^>]* checked', html) == ["drift"]
    assert 'name="sensitivity" value="2"' in html
    assert "spike.threshold = 6</textarea>" in html
    assert "Nothing tried yet" in html


@pytest.mark.usefixtures("stuck_for_a_minute", "own_forest")
def test_the_isolation_forest_is_tried_when_it_is_ticked(tried: Any) -> None:
    page = tried(on=["forest"])
    assert "These settings would have given 1 event" in text_of(page)
    assert Backtest.objects.get().question["on"] == ["forest"]
    assert re.search(r'name="on" value="forest"[^>]* checked', page.content.decode())
    assert "detectors_on=forest" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("without_scikit_learn")
def test_without_its_package_the_forest_is_refused(client: Client) -> None:
    answer = client.post("/backtest", ASKED | {"on": ["forest"]})
    assert "pip install -r requirements-ml.txt" in text_of(answer)
    assert not Backtest.objects.exists()


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_events_are_listed_beside_the_number_of_the_present_settings(tried: Any) -> None:
    Tag.objects.filter(name=TAG).update(detectors_off=BLIND["off"])
    text = text_of(tried())
    assert "These settings would have given 1 event; the present ones give none." in text
    assert "480 measurements of fermenter_temp, 31 Jan 12:05:00 UTC to 31 Jan 12:12:59 UTC." in text
    assert "31 Jan 12:10:00 UTC 31 Jan 12:10:59 UTC Stuck stuck" in text
    assert "fermenter_temp has not changed" in text
    assert not Event.objects.exists()


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_settings_that_find_nothing_say_so(tried: Any) -> None:
    page = tried(**BLIND)
    assert "These settings would have given no events; the present ones give 1." in text_of(page)
    assert "<table" not in page.content.decode()


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_both_settings_are_those_of_the_tag_s_kind(tried: Any) -> None:
    Tag.objects.filter(name=TAG).update(kind="setpoint")
    text = text_of(tried(sensitivity="3"))
    assert "These settings would have given no events; the present ones give none." in text


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_an_event_leads_to_its_time_in_the_chart(tried: Any) -> None:
    links = re.findall(r'<a href="([^"]*from=[^"]*)"><time', tried().content.decode())
    assert [unescape(link) for link in links] == [
        "/dashboard?tag=fermenter_temp&from=2026-01-31T12%3A09%3A00Z&to=2026-01-31T12%3A11%3A59Z"
    ]


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_the_settings_that_were_tried_are_filled_into_the_admin_s_form(
    tried: Any, admin_client: Client
) -> None:
    page = tried(**BLIND, sensitivity="0.5", parameters="spike.threshold = 6\nstep.margin = 2")
    link = re.search(r'class="use" href="([^"]+)"', page.content.decode())
    assert link
    form = admin_client.get(unescape(link[1])).content.decode()
    assert "Save to use them" in form
    assert set(re.findall(r'value="(\w+)"[^>]* checked', form)) >= set(BLIND["off"])
    assert 'name="sensitivity" value="0.5"' in form
    assert "spike.threshold = 6\nstep.margin = 2</textarea>" in form
    assert Tag.objects.get(name=TAG).sensitivity == 1


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_until_the_worker_has_come_the_page_says_what_it_waits_for(client: Client) -> None:
    page = client.post("/backtest", ASKED, follow=True)
    assert "It waits for the worker, which does not run: start manage.py qcluster." in text_of(page)
    assert client.get("/backtest/progress").json()["is_over"] is False
    Backtest.objects.update(renewed_at=datetime.now(UTC), share=0.25)
    told = client.get("/backtest/progress").json()
    assert told == {"is_over": False, "share": 0.25, "told": "Working: 25%"}
    (queued,) = OrmQ.objects.all()
    assert (queued.task["func"], queued.task["timeout"]) == ("monitoring.tasks.run_backtests", TASK_S)


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_a_second_question_takes_the_place_of_the_first(client: Client, tried: Any) -> None:
    first = client.post("/backtest", ASKED | BLIND)["Location"]
    assert "would have given 1 event" in text_of(tried())
    assert Backtest.objects.count() == 1
    assert "Nothing tried yet" in text_of(client.get(first))


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_what_one_asks_another_does_not_see(client: Client, tried: Any, admin_client: Client) -> None:
    tried()
    address = client.post("/backtest", ASKED)["Location"]
    assert "Nothing tried yet" in text_of(admin_client.get(address))
    assert Client().get("/backtest/progress").json() == {"is_over": True, "share": 1.0, "told": ""}


@pytest.mark.usefixtures("stuck_for_a_minute")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tag": "nope"}, "nope is not one of the available choices"),
        ({"sensitivity": "11"}, "less than or equal to 10"),
        ({"off": ["nose"]}, "nose is not one of the available choices"),
        ({"parameters": "spike.nose = 3"}, "'spike.nose' is no parameter; expected one of spike.threshold, "),
        ({"parameters": "spike.threshold"}, "Expected detector.parameter = value"),
        ({"parameters": "spike.threshold = 0"}, "spike.threshold must be a positive number"),
        ({"from": "yesterday"}, "Expected ISO 8601, as in 2026-01-31T12:00:00, got 'yesterday'."),
        ({"from": ""}, "Both ends are needed"),
        ({"from": "2026-02-01", "to": "2026-01-31"}, "which is not before its end"),
        ({"from": "2025-01-01", "to": "2025-01-02"}, "fermenter_temp has no measurements from"),
    ],
)
def test_what_can_not_be_tried_is_said_and_nothing_is_queued(
    client: Client, change: dict[str, Any], message: str
) -> None:
    answer = client.post("/backtest", ASKED | change)
    assert answer.status_code == 400
    assert message in text_of(answer)
    assert not Backtest.objects.exists()
    assert not OrmQ.objects.exists()


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_what_was_deleted_or_is_too_much_can_not_be_tried(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(backtest, "MOST_READINGS", 479)
    assert "has more than 479 measurements" in text_of(client.post("/backtest", ASKED))
    Series.objects.filter(tag__name=TAG).update(raw_from="2026-01-31T12:06:00Z")
    assert "before 2026-01-31T12:06:00Z were deleted" in text_of(client.post("/backtest", ASKED))


@pytest.mark.usefixtures("stuck_for_a_minute")
def test_only_a_few_wait_at_a_time(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(requests, "MOST_WAITING", 1)
    assert client.post("/backtest", ASKED).status_code == client.post("/backtest", ASKED).status_code == 303
    assert "Others wait for theirs already" in text_of(Client().post("/backtest", ASKED))


@pytest.mark.django_db
def test_an_address_that_asks_for_nonsense_says_so(client: Client) -> None:
    text = text_of(client.get("/backtest?sensitivity=much&tag=nope"))
    assert "Enter a number." in text
    assert "nope is not one of the available choices" in text


@pytest.mark.django_db
def test_without_tags_there_is_a_page_all_the_same(client: Client) -> None:
    Tag.objects.all().delete()
    assert "Nothing tried yet" in text_of(client.get("/backtest"))


@pytest.mark.django_db
def test_where_fermon_is_not_open_it_needs_a_login(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    assert client.get("/backtest")["Location"] == "/login?next=/backtest"
    assert client.post("/backtest", ASKED).status_code == 302
    assert client.get("/backtest/progress", headers={"accept": "application/json"}).status_code == 401
    client.force_login(account("viewer"))
    assert client.get("/backtest").status_code == client.get("/backtest/progress").status_code == 200


@pytest.mark.django_db
def test_another_site_can_not_ask(client: Client) -> None:
    assert Client(enforce_csrf_checks=True).post("/backtest", ASKED).status_code == 403


@pytest.mark.usefixtures("database_away")
def test_without_a_database_it_says_so(client: Client) -> None:
    client.cookies["sessionid"] = "a" * 32
    for path in ("/backtest", "/backtest/progress"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "The database is away" in answer.content.decode()


@pytest.mark.django_db
def test_the_dashboard_and_the_admin_lead_to_it(client: Client, admin_client: Client) -> None:
    assert f'href="/backtest?tag={TAG}"' in client.get(f"/dashboard?tag={TAG}").content.decode()
    tag = Tag.objects.get(name=TAG).pk
    assert (
        f'href="/backtest?tag={TAG}"'
        in admin_client.get(f"/admin/monitoring/tag/{tag}/change/").content.decode()
    )


@pytest.mark.django_db
def test_of_too_many_tags_the_name_is_typed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_form, "MOST_TO_CHOOSE", 2)
    html = client.get(f"/backtest?tag={TAG}").content.decode()
    assert re.search(rf'<input type="text" name="tag" value="{TAG}"', html)
    refused = client.post("/backtest", ASKED | {"tag": "nothing"})
    assert refused.status_code == 400
    assert "nothing is not one of the available choices" in refused.content.decode()
