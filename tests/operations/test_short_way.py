"""Single readings on the short way are answered as Django answers them, header by header."""

import asyncio
import json
import re
import threading
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError

from monitoring.ingest.group_commit import group_commit
from monitoring.models import Measurement
from monitoring.operations.serving.gateway import Gateway
from monitoring.spool import spool_files
from tests import own_loop

pytestmark = pytest.mark.django_db(transaction=True)
READING = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}
BATCH = "/ingest/batch"
HEADERS = {"host": "localhost:8000", "content-type": "application/json", "accept": "*/*"}
BODIES: list[dict[str, object]] = [
    {},
    {"value": 99},
    {"value": "warm"},
    {"timestamp": "soon"},
    {"timestamp": "2099-01-01"},
    {"tag": "unknown"},
    {"tag": 7},
]


class Site:
    """A gateway to Fermon, and whether requests take the short way."""

    def __init__(self) -> None:
        self.gateway = Gateway(WSGIHandler(), on_start=lambda: None)
        self.asked_django = 0
        self.request_ids: set[bytes] = set()
        self.application = self.gateway.application
        self.gateway.application = self.asked

    def asked(self, *arguments: Any) -> Any:
        self.asked_django += 1
        return self.application(*arguments)

    def post(
        self, body: bytes, query: bytes = b"", path: str = "/ingest", **headers: str
    ) -> tuple[int, dict[bytes, bytes], Any]:
        """Status, headers and body of the answer; the id of a measurement, which is never the same, as 0."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": query,
            "http_version": "1.1",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "headers": [
                (name.encode(), value.encode())
                for name, value in {**HEADERS, "content-length": str(len(body)), **headers}.items()
            ],
        }
        sent: list[Any] = []

        def send(message: Any) -> Any:
            sent.append(message)
            return asyncio.sleep(0) if threading.current_thread().name.startswith("loop") else None

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        own_loop.run(self.gateway(scope, receive, send))
        start, end = sent
        content = re.sub(rb'"id":\d+', b'"id":0', end["body"])
        headers_sent = dict(start["headers"])
        assert int(headers_sent.pop(b"content-length", len(end["body"]))) == len(end["body"])
        request_id = headers_sent.pop(b"x-request-id")
        assert request_id not in self.request_ids, "each request has an id of its own"
        self.request_ids.add(request_id)
        return start["status"], headers_sent, content


@pytest.fixture
def sites() -> tuple[Site, Site]:
    """One that has learnt the short way, and one that has not."""
    short, long = Site(), Site()
    assert short.post(body_of(0))[0] == 201
    return short, long


def body_of(second: int, **change: object) -> bytes:
    return json.dumps(READING | {"timestamp": f"2026-01-31T12:00:{second:02}Z"} | change).encode()


def test_each_answer_is_that_of_django(sites: tuple[Site, Site]) -> None:
    short, long = sites
    for number, change in enumerate(BODIES, start=1):
        long.gateway.short_ways.known.clear()
        assert short.post(body_of(number, **change)) == long.post(body_of(number + 20, **change)), change
    again: dict[str, object] = {}
    for changed in (again, {"value": 38.0}):  # sent again, and a contradiction
        long.gateway.short_ways.known.clear()
        told = short.post(body_of(0, **changed))
        assert told == long.post(body_of(0, **changed))
        assert told[0] == (409 if changed else 200)
    assert short.asked_django == 1
    assert long.asked_django == len(BODIES) + 2
    assert Measurement.objects.count() == 3


def test_in_an_outage_too(sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(group_commit(), "ingest", away)
    monkeypatch.setattr("monitoring.spool.accept.ingest_deliveries", away)
    short, long = sites
    assert short.post(body_of(1)) == long.post(body_of(2))
    assert spool_files.pending_count() == 2
    monkeypatch.setattr(spool_files, "save", lambda _: raise_full())
    told = short.post(body_of(3))
    assert told == long.post(body_of(4))
    assert (told[0], told[1][b"retry-after"]) == (503, b"5")
    assert short.asked_django == 1


def raise_full() -> None:
    raise spool_files.SpoolFullError("the disk is full")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"cookie": "sessionid=1"}, b""),
        ({"authorization": "Token x"}, b""),
        ({"x-forwarded-for": "10.0.0.1"}, b""),
        ({"content-encoding": "gzip"}, b""),
        ({"accept": "text/html"}, b""),
        ({"accept": "application/json; indent=4"}, b""),
        ({"host": "elsewhere.example"}, b""),
        ({"content-type": "text/plain"}, b""),
        ({}, b"now=1"),
    ],
)
def test_what_is_unusual_goes_through_django(
    sites: tuple[Site, Site], headers: dict[str, str], query: bytes
) -> None:
    short, _ = sites
    for second in (1, 2):
        short.post(body_of(second), query, **headers)
    assert short.asked_django == 3


def test_other_bodies_and_a_site_with_logins_need_django(sites: tuple[Site, Site], settings: Any) -> None:
    short, _ = sites
    assert [short.post(body)[0] for body in (b"[]", b"{", b"")] == [400] * 3
    settings.FERMON_OPEN = False
    assert short.post(body_of(1))[0] == 401
    assert short.asked_django == 5


def test_what_fails_on_the_short_way_is_answered_by_django(
    sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    short, _ = sites
    monkeypatch.setattr("monitoring.api.ingest.parse_json", lambda _: 1 / 0)
    assert short.post(body_of(1))[0] == 201
    assert short.asked_django == 2


def batch_of(first: int, *changes: dict[str, object]) -> bytes:
    """A batch with a reading for each change, a second apart."""
    return b"[%s]" % b",".join(body_of(first + place, **change) for place, change in enumerate(changes))


@pytest.fixture
def batch_sites() -> tuple[Site, Site]:
    """The same two sites for batches."""
    short, long = Site(), Site()
    assert short.post(batch_of(0, {}), path=BATCH)[0] == 201
    return short, long


@pytest.mark.parametrize("repeats", [1, 30])  # below and above the size that has a thread of its own
def test_each_answer_to_a_batch_is_that_of_django(batch_sites: tuple[Site, Site], repeats: int) -> None:
    short, long = batch_sites
    told = []
    for site, hour in ((short, "12"), (long, "13")):
        body = batch_of(1, *BODIES).replace(b"T12:", b"T%s:" % hour.encode())
        body = b"[%s]" % b",".join([body[1:-1]] * repeats)
        told.append(site.post(body, path=BATCH))
    assert told[0] == told[1]
    assert told[0][0] == 201
    assert (short.asked_django, long.asked_django) == (1, 1)
    assert Measurement.objects.count() == 3


def test_a_batch_in_an_outage(batch_sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(group_commit(), "ingest", away)
    short, long = batch_sites
    told = short.post(batch_of(1, {}, {"value": "warm"}), path=BATCH)
    assert told == long.post(batch_of(11, {}, {"value": "warm"}), path=BATCH)
    assert told[0] == 202
    monkeypatch.setattr(spool_files, "save", lambda _: raise_full())
    told = short.post(batch_of(21, {}), path=BATCH)
    assert told == long.post(batch_of(31, {}), path=BATCH)
    assert (told[0], told[1][b"retry-after"]) == (503, b"5")
    assert short.asked_django == 1


def test_other_batches_need_django(
    batch_sites: tuple[Site, Site], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, _ = batch_sites
    assert [short.post(body, path=BATCH)[0] for body in (b"{}", b"{", b"")] == [400] * 3
    for second in (1, 2):  # learnt from no request of another type
        lines: dict[str, Any] = {"content-type": "application/x-ndjson"}
        assert short.post(body_of(second), path=BATCH, **lines)[0] == 201
    assert short.asked_django == 6
    monkeypatch.setattr("monitoring.api.ingest.MAX_ITEMS", 1)
    assert short.post(batch_of(3, {}, {}), path=BATCH)[0] == 413
    settings.FERMON_OPEN = False
    assert short.post(batch_of(3, {}), path=BATCH)[0] == 401
    assert short.asked_django == 8
