"""Each request has an id, in the answer's X-Request-ID header and in its log lines."""

import json
import logging
from pathlib import Path

import pytest
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from fermon_site.logs import ConsoleFormatter
from fermon_site.request_ids import RequestIds, add_request_id
from monitoring.kernel.request_ids import WELL_FORMED, current_request, request_id_of
from tests.site.test_logs import log_file as log_file


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/nowhere", "/dashboard", "/static/monitoring/js/live/feed.js"])
def test_every_answer_names_a_new_id(client: Client, path: str) -> None:
    answers = [client.get(path), client.get(path)]
    first, second = (answer.headers["X-Request-ID"] for answer in answers)
    for answer in answers:
        answer.close()
    assert first != second
    assert WELL_FORMED.fullmatch(first)


@pytest.mark.django_db
def test_the_id_of_a_proxy_is_taken(client: Client) -> None:
    given_id = "8f14e45f-ceea-4673-a1c5-0d9b0f1e2a33"
    assert client.get("/tags", headers={"X-Request-ID": given_id}).headers["X-Request-ID"] == given_id


@pytest.mark.parametrize("bad", ["", "a b", "a\nb", "é", "-", "x" * 129, '"><script>', "a\x00"])
def test_a_malformed_id_is_replaced(bad: str) -> None:
    assert request_id_of(bad) not in ("", bad)


@given(st.text())
def test_no_id_breaks_a_line_of_the_log(text: str) -> None:
    taken = request_id_of(text)
    assert taken.isascii()
    assert taken.isprintable()
    assert len(taken) <= 128


def test_log_lines_of_a_request_have_its_id(log_file: Path) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        logging.getLogger("monitoring.test").warning("inside", extra={"readings": 3})
        return HttpResponse()

    request = HttpRequest()
    request.META["HTTP_X_REQUEST_ID"] = "abc-1"
    assert RequestIds(view)(request).headers["X-Request-ID"] == "abc-1"
    logging.getLogger("monitoring.test").warning("outside")
    inside, outside = map(json.loads, log_file.read_text().splitlines())
    assert (inside["request_id"], inside["readings"]) == ("abc-1", 3)
    assert "request_id" not in outside


@pytest.mark.django_db
def test_so_has_the_line_about_an_answer_that_failed(
    client: Client, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django logs the status after the last middleware."""

    def fail(*_: object) -> None:
        raise ValueError("a fault in the code")

    monkeypatch.setattr("monitoring.api.stats.totals", fail)
    client.raise_request_exception = False
    answer = client.get("/stats", headers={"X-Request-ID": "abc-2"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "abc-2")
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    assert [line["request_id"] for line in lines if line["logger"] == "django.request"] == ["abc-2"]


def test_an_error_leaves_no_id_to_the_next_request_of_the_thread() -> None:
    def fail(request: HttpRequest) -> HttpResponse:
        raise DatabaseError

    with pytest.raises(DatabaseError):
        RequestIds(fail)(HttpRequest())
    assert current_request().id.get() == ""


def test_the_console_shows_the_id() -> None:
    request = HttpRequest()
    request.META["fermon.request_id"] = "abc-3"
    fields = {"levelname": "INFO", "msg": "kept", "name": "monitoring", "request": request}
    record = logging.makeLogRecord(fields)
    assert add_request_id(record)
    del record.__dict__["request"]
    line = ConsoleFormatter("{levelname} {name}: {message}", style="{").format(record)
    assert line == "INFO monitoring: kept (request_id=abc-3)"
