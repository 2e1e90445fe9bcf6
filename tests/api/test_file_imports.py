"""/file-imports: a file sent in pieces, mapped, checked and imported by a script."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import make_token
from monitoring.models import FileImport, Measurement, Token
from monitoring.sources.file_import import worker

pytestmark = pytest.mark.django_db

DATA = b"time,temp\n" + b"".join(b"2026-01-31 12:00:0%d,%d\n" % (each, 36 + each) for each in range(5))
TEMP = {"1": {"action": "tag", "tag": "fermenter_temp"}}


@pytest.fixture
def api(client: Client) -> Callable[..., Any]:
    """Sends JSON, or bytes as they are, and returns the answer."""

    def call(method: str, path: str, body: Any = None, **options: Any) -> Any:
        is_piece = isinstance(body, bytes)
        kind = "application/octet-stream" if is_piece else "application/json"
        data = body if is_piece else dumps(body)
        return client.generic(method, f"/file-imports{path}", data, kind, **options)

    return call


def dumps(body: Any) -> str:
    return "" if body is None else json.dumps(body)


def work() -> None:
    worker.run_waiting(should_stop=lambda: False)


def sent(api: Callable[..., Any], data: bytes = DATA, **about: Any) -> str:
    """The path of an import whose file has been sent in two pieces."""
    made = api("POST", "", {"name": "run.csv", "size": len(data), **about})
    assert made.status_code == 201, made.content
    path = f"/{made.json()['id']}"
    for start, piece in ((0, data[:20]), (20, data[20:])):
        answer = api("PUT", f"{path}/content?offset={start}", piece)
        assert answer.status_code == 200, answer.content
    return path


def test_a_script_imports_a_file(api: Callable[..., Any]) -> None:
    path = sent(api, zone="Europe/Berlin")
    assert api("GET", path).json()["state"] == "reading"
    work()
    found = api("GET", path).json()
    assert (found["state"], found["rows"], found["unsure"]) == ("ready", 5, [])
    assert (found["settings"]["separator"], found["settings"]["zone"]) == (",", "Europe/Berlin")
    assert found["series"] == [{"key": "1", "name": "temp", "unit": "", "lowest": 36, "highest": 40}]
    assert found["preview"][0] == {
        "row": 2,
        "time": "2026-01-31T11:00:00Z",
        "fault": "",
        "cells": ["2026-01-31 12:00:00", "36"],
    }
    assert api("PATCH", path, {"settings": {"zone": "UTC"}, "targets": TEMP}).json()["state"] == "reading"
    work()
    assert api("GET", path).json()["targets"]["1"]["tag"] == "fermenter_temp"
    assert api("POST", f"{path}/check").json()["state"] == "checking"
    work()
    assert api("GET", path).json()["check_result"]["new"] == 5
    assert api("POST", f"{path}/start").json()["state"] == "importing"
    work()
    found = api("GET", path).json()
    assert (found["state"], found["counts"]["new"]) == ("done", 5)
    assert found["counts"]["first"] == "2026-01-31T12:00:00Z"
    assert Measurement.objects.count() == 5
    rejected = api("GET", f"{path}/rejected")
    assert rejected["Content-Type"].startswith("text/csv")
    assert b"".join(rejected.streaming_content) == b"row,tag,reason,message\r\n"
    listed = api("GET", "").json()
    assert [each["state"] for each in listed] == ["done"]
    assert "preview" not in listed[0]


def test_wrong_requests_say_what_was_expected(api: Callable[..., Any]) -> None:
    path = sent(api)
    for method, where, body, status, said in (
        ("POST", "", {"name": "a.csv", "size": 2**26 + 1}, 400, "size"),
        ("POST", "", {"name": "a.csv", "size": 10, "zone": "Mars"}, 400, "zone: expected a name"),
        ("PUT", f"{path}/content?offset=0", b"abc", 409, "state: the import is being read"),
        ("PATCH", path, {"settings": {"decimal": ";"}}, 400, "decimal"),
        ("POST", f"{path}/check", None, 409, "state"),
        ("POST", f"{path}/start", None, 409, "state"),
        ("GET", f"{path}/rejected", None, 404, "no rejected rows"),
        ("GET", "/99", None, 404, "there is no import 99"),
        ("POST", "/99/cancel", None, 404, "there is no import 99"),
    ):
        answer = api(method, where, body)
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.content
    work()
    unknown = api("PATCH", path, {"targets": {"7": TEMP["1"]}})
    assert (unknown.status_code, unknown.json()["detail"]) == (400, "targets: the file has no series '7'")
    api("PATCH", path, {"targets": {"1": {"action": "ignore"}}})
    nothing = api("POST", f"{path}/check")
    assert "no column becomes a tag yet" in nothing.json()["detail"]
    assert api("POST", f"{path}/cancel").json()["state"] == "cancelled"


def test_a_piece_is_sent_once_and_in_order(api: Callable[..., Any]) -> None:
    made = api("POST", "", {"name": "run.csv", "size": 10}).json()
    path = f"/{made['id']}/content"
    assert (
        api("PUT", f"{path}?offset=5", b"12345").json()["detail"] == "offset: expected the piece at 0, got 5"
    )
    assert api("PUT", path, b"12345").json()["received"] == 5
    assert api("PUT", f"{path}?offset=5", b"123456").status_code == 400
    assert api("PUT", f"{path}?offset=5", b"").status_code == 400


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
def test_files_are_imported_by_engineers_and_the_trail_names_them(
    api: Callable[..., Any], client: Client, account: Callable[[str], User], settings: Settings, role: str
) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account(role))
    made = api("POST", "", {"name": "run.csv", "size": 10})
    if role != "engineer":
        assert (made.status_code, api("GET", "").status_code) == (403, 403)
        assert not FileImport.objects.exists()
        return
    assert made.json()["by"] == "engineer"
    assert LogEntry.objects.get(object_repr="run.csv").actor.username == "engineer"


def test_a_token_of_a_source_imports_nothing(api: Callable[..., Any], settings: Settings) -> None:
    settings.FERMON_OPEN = False
    header = {"authorization": f"Token {make_token(Token(name='logger'))}"}
    assert api("POST", "", {"name": "run.csv", "size": 10}, headers=header).status_code == 403
