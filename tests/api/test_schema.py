"""GET /schema and GET /docs."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from monitoring.models import Batch, Tag

pytestmark = pytest.mark.django_db

CALLS = {
    "getRoot": ("/", "get"),
    "getTags": ("/tags", "get"),
    "getTag": ("/tags/{name}", "get"),
    "getData": ("/data", "get"),
    "getAnomalies": ("/anomalies", "get"),
    "getEvents": ("/events", "get"),
    "getExclusions": ("/exclusions", "get"),
    "getExclusion": ("/exclusions/{id}", "get"),
    "exclude": ("/exclusions", "post"),
    "revokeExclusion": ("/exclusions/{id}/revoke", "post"),
    "getAlarms": ("/alarms", "get"),
    "getAlarm": ("/alarms/{id}", "get"),
    "acknowledgeAlarm": ("/alarms/{id}/acknowledge", "post"),
    "acknowledgeAlarms": ("/alarms/acknowledge", "post"),
    "resetAlarm": ("/alarms/{id}/reset", "post"),
    "commentAlarm": ("/alarms/{id}/comment", "post"),
    "rateAlarm": ("/alarms/{id}/rate", "post"),
    "shelveAlarm": ("/alarms/{id}/shelve", "post"),
    "unshelveAlarm": ("/alarms/{id}/unshelve", "post"),
    "suppressAlarm": ("/alarms/{id}/suppress", "post"),
    "takeAlarmOutOfService": ("/alarms/{id}/out-of-service", "post"),
    "returnAlarm": ("/alarms/{id}/return", "post"),
    "getAlarmJournal": ("/alarms/journal", "get"),
    "getAlarmAdvice": ("/alarms/advice", "get"),
    "getAlarmKpis": ("/alarms/kpis", "get"),
    "getAlarmDefinitions": ("/alarm-definitions", "get"),
    "getAlarmDefinition": ("/alarm-definitions/{id}", "get"),
    "defineAlarm": ("/alarm-definitions", "post"),
    "redefineAlarm": ("/alarm-definitions/{id}", "patch"),
    "getNotes": ("/notes", "get"),
    "getNote": ("/notes/{id}", "get"),
    "writeNote": ("/notes", "post"),
    "correctNote": ("/notes/{id}", "patch"),
    "withdrawNote": ("/notes/{id}/withdraw", "post"),
    "getVessels": ("/vessels", "get"),
    "getVessel": ("/vessels/{vessel}", "get"),
    "makeVessel": ("/vessels", "post"),
    "changeVessel": ("/vessels/{vessel}", "patch"),
    "makeVesselsOfGroups": ("/vessels/of-groups", "post"),
    "getVesselTags": ("/vessels/{vessel}/tags", "get"),
    "bindTag": ("/vessels/{vessel}/tags", "post"),
    "changeBinding": ("/vessels/{vessel}/tags/{id}", "patch"),
    "unbindTag": ("/vessels/{vessel}/tags/{id}", "delete"),
    "getRecipes": ("/recipes", "get"),
    "getRecipe": ("/recipes/{recipe}", "get"),
    "makeRecipe": ("/recipes", "post"),
    "changeRecipe": ("/recipes/{recipe}", "patch"),
    "getBatches": ("/batches", "get"),
    "getBatch": ("/batches/{id}", "get"),
    "startBatch": ("/batches", "post"),
    "changeBatch": ("/batches/{id}", "patch"),
    "startPlannedBatch": ("/batches/{id}/start", "post"),
    "inoculateBatch": ("/batches/{id}/inoculate", "post"),
    "enterPhase": ("/batches/{id}/phases", "post"),
    "endBatch": ("/batches/{id}/end", "post"),
    "abortBatch": ("/batches/{id}/abort", "post"),
    "moveMoment": ("/batches/{id}/moments", "post"),
    "confirmMoments": ("/batches/{id}/confirm", "post"),
    "markGolden": ("/batches/{id}/golden", "post"),
    "getViews": ("/views", "get"),
    "getView": ("/views/{slug}", "get"),
    "saveView": ("/views", "post"),
    "changeView": ("/views/{slug}", "patch"),
    "deleteView": ("/views/{slug}", "delete"),
    "getDeliveries": ("/deliveries", "get"),
    "getChannels": ("/channels", "get"),
    "getChannel": ("/channels/{id}", "get"),
    "makeChannel": ("/channels", "post"),
    "changeChannel": ("/channels/{id}", "patch"),
    "testChannel": ("/channels/{id}/test", "post"),
    "getRoutes": ("/routes", "get"),
    "getRoute": ("/routes/{id}", "get"),
    "makeRoute": ("/routes", "post"),
    "changeRoute": ("/routes/{id}", "patch"),
    "getSchedules": ("/schedules", "get"),
    "getSchedule": ("/schedules/{id}", "get"),
    "makeSchedule": ("/schedules", "post"),
    "changeSchedule": ("/schedules/{id}", "patch"),
    "getWindows": ("/windows", "get"),
    "getWindow": ("/windows/{id}", "get"),
    "planWindow": ("/windows", "post"),
    "changeWindow": ("/windows/{id}", "patch"),
    "getTrend": ("/trend", "get"),
    "getStream": ("/stream", "get"),
    "getExport": ("/export", "get"),
    "ingestReading": ("/ingest", "post"),
    "ingestBatch": ("/ingest/batch", "post"),
    "writeLinesV1": ("/write", "post"),
    "writeLinesV2": ("/api/v2/write", "post"),
    "ping": ("/ping", "get"),
    "queryV1": ("/query", "get"),
    "postQueryV1": ("/query", "post"),
    "getSourcePoints": ("/source-points", "get"),
    "makeTags": ("/source-points/make-tags", "post"),
    "ignorePoints": ("/source-points/ignore", "post"),
    "restorePoints": ("/source-points/restore", "post"),
    "getStats": ("/stats", "get"),
    "getHealth": ("/health", "get"),
    "getSchema": ("/schema", "get"),
    "getDocs": ("/docs", "get"),
}


@pytest.fixture
def schema(client: Client) -> Any:
    """What GET /schema answers, without a database."""
    return client.get("/schema").json()


def test_the_schema_is_openapi_3(client: Client) -> None:
    answer = client.get("/schema")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.")


def test_the_schema_is_valid_and_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert capsys.readouterr().err == ""


def test_every_call_is_in_it_by_a_name_of_its_own(schema: Any) -> None:
    found = {
        operation["operationId"]: (path, method)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    assert found.items() >= CALLS.items()


def test_every_call_but_those_of_monitors_may_come_too_often(schema: Any) -> None:
    calls = {
        path: [set(operation["responses"]) for operation in methods.values()]
        for path, methods in schema["paths"].items()
    }
    unlimited = {path for path, codes in calls.items() if any("429" not in each for each in codes)}
    assert unlimited == {"/health", "/ping"}


def test_every_call_and_every_kind_of_data_is_described(schema: Any) -> None:
    for methods in schema["paths"].values():
        assert all(operation["description"] and operation["tags"] for operation in methods.values())
    for kind in schema["components"]["schemas"].values():
        assert kind.get("description") or kind.keys() & {"enum", "oneOf"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/ingest", "/ingest/batch"])
def test_each_example_of_readings_is_taken(schema: Any, post: Callable[..., Any], path: str) -> None:
    content = schema["paths"][path]["post"]["requestBody"]["content"]
    examples = [
        (kind, example["value"]) for kind, shape in content.items() for example in shape["examples"].values()
    ]
    assert {kind for kind, _ in examples} == set(content)
    for kind, value in examples:
        answer = post(path, value, content_type=kind)
        assert answer.status_code in {200, 201}
        assert "error" not in str(answer.json())


def test_a_login_or_a_token_reads_and_a_token_writes(admin_client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    schema = admin_client.get("/schema").json()
    assert schema["components"]["securitySchemes"].keys() == {"tokenAuth", "bearerAuth", "cookieAuth"}
    assert {"cookieAuth": []} in schema["paths"]["/data"]["get"]["security"]
    assert {"tokenAuth": []} in schema["paths"]["/ingest"]["post"]["security"]
    assert {"cookieAuth": []} not in schema["paths"]["/ingest"]["post"]["security"]


@pytest.mark.parametrize("query", ["?version=%0A", "?lang=%00", "?lang=../../etc", "?version=9"])
@pytest.mark.parametrize("path", ["/schema", "/docs"])
def test_nothing_in_the_query_breaks_it(client: Client, path: str, query: str) -> None:
    assert client.get(path + query).status_code == 200


@pytest.mark.django_db  # to close an answer is to look after the connections, too
def test_the_docs_work_without_internet(client: Client) -> None:
    page = client.get("/docs", headers={"accept": "text/html"}).content.decode()
    files = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page)
    assert len(files) >= 3
    for address in files:
        assert address.startswith(("/static/", "/docs?"))
        with closing(client.get(address)) as answer:
            assert answer.status_code == 200
    assert "//cdn" not in page


def test_the_docs_read_our_own_schema(client: Client) -> None:
    assert re.search(r'url: "/schema"', client.get("/docs?script=").content.decode())


@pytest.mark.parametrize("path", ["/schema", "/docs"])
def test_both_need_no_database_where_fermon_is_open(client: Client, database_away: None, path: str) -> None:
    assert client.get(path, headers={"authorization": "Token wrong"}).status_code == 200


def examples_of(schema: Any) -> dict[str, list[tuple[str, Any]]]:
    """The media type and value of each example of a request, by the path that it is posted to."""
    return {
        path: [
            (kind, example["value"])
            for kind, body in operations["post"].get("requestBody", {}).get("content", {}).items()
            for example in body.get("examples", {}).values()
        ]
        for path, operations in schema["paths"].items()
        if "post" in operations
    }


FIRST = ["/ingest", "/ingest/batch", "/vessels", "/batches"]
# What gets a name, or a place on a vessel, is there already when the example runs again.
MADE_ONCE = {"/vessels", "/vessels/{vessel}/tags", "/recipes", "/batches"}


@pytest.mark.parametrize("used", [["fermenter_temp", "fermenter_ph", "agitator_rpm"], ["agitator_rpm"]])
def test_the_examples_run_as_they_are_and_twice(client: Client, used: list[str]) -> None:
    Tag.objects.exclude(name__in=used).update(active=False)
    examples = {path: found for path, found in examples_of(client.get("/schema").json()).items() if found}
    assert {"/ingest", "/ingest/batch", "/exclusions", "/notes"} <= examples.keys()
    client.force_login(User.objects.create_superuser("admin"))
    for path in sorted(examples, key=lambda path: FIRST.index(path) if path in FIRST else len(FIRST)):
        address = path.format(vessel="reactor-1", id=Batch.objects.values_list("pk", flat=True).first())
        for number, (kind, value) in enumerate(examples[path] * 2):
            answer = client.post(address, value, content_type=kind)
            is_made = path in MADE_ONCE and number >= len(examples[path])
            expected = {409} if is_made else {200, 201}
            assert answer.status_code in expected, (path, value, answer.content)
            results = answer.json().get("results", [])
            assert all(result.get("status") in {None, "success", "duplicate"} for result in results)


@pytest.mark.parametrize("is_open", [True, False])
def test_padlocks_are_shown_only_while_fermon_is_closed(
    client: Client, settings: Settings, account: Callable[[str], User], is_open: bool
) -> None:
    settings.FERMON_OPEN = is_open
    client.force_login(account("viewer"))
    schema = client.get("/schema").json()
    assert ("securitySchemes" in schema["components"]) != is_open
    assert bool(schema["paths"]["/data"]["get"]["security"]) != is_open
    tokens: list[dict[str, list[str]]] = [{"tokenAuth": []}, {"bearerAuth": []}]
    assert schema["paths"]["/ingest"]["post"]["security"] == ([] if is_open else tokens)
