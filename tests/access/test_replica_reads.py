"""Which requests a replica may answer, and how they say by how much the answer may be stale."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from monitoring.access import replica_reads
from monitoring.access.replica_reads import accepted_lag_s, from_replica, reads_replica, tell_lag

LAG = "Fermon-Replica-Lag"


@pytest.fixture
def lags(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """A replica that is 1.23 s behind and answers all; the lags that callers accepted."""
    accepted: list[float | None] = []

    def read(call: Callable[[], Any], *, max_lag_s: float | None = None) -> tuple[Any, float]:
        accepted.append(max_lag_s)
        return call(), 1.23

    def read_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
        return (b"replica's " + piece for piece in pieces)

    monkeypatch.setattr(replica_reads, "read", read)
    monkeypatch.setattr(replica_reads, "read_pieces", read_pieces)
    return accepted


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=60"}, 60),
        ({"Cache-Control": 'private, Max-Age = "7"'}, 7),
        ({"Cache-Control": "max-age=0"}, 0),
        ({"Cache-Control": "no-cache"}, -1),
        ({"Cache-Control": "max-age=60, no-store"}, -1),
        ({"Cache-Control": "max-age=x"}, None),
    ],
)
def test_a_caller_says_by_how_much_the_answer_may_be_stale(
    header: dict[str, str], expected: float | None
) -> None:
    assert accepted_lag_s(RequestFactory().get("/trend", headers=header)) == expected


def test_reading_is_answered_by_the_replica_with_the_lag_and_writing_is_not(lags: Any) -> None:
    @reads_replica
    def handler(view: object, request: HttpRequest) -> HttpResponse:
        return HttpResponse("found")

    answer = handler(None, RequestFactory().get("/data", headers={"Cache-Control": "max-age=5"}))
    assert answer.headers[LAG] == "1.2"
    assert lags == [5]
    assert LAG not in handler(None, RequestFactory().post("/data")).headers


def test_the_pieces_of_a_long_answer_come_from_the_replica_too(lags: Any) -> None:
    @reads_replica
    def handler(view: object, request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(iter([b"one", b"two"]))

    assert b"".join(handler(None, RequestFactory().get("/export"))) == b"replica's onereplica's two"


def test_a_page_tells_the_lag_of_its_data(lags: Any) -> None:
    request = RequestFactory().get("/batches/1/report")
    assert LAG not in tell_lag(request, HttpResponse()).headers
    assert from_replica(request, lambda: 7) == 7
    assert tell_lag(request, HttpResponse()).headers[LAG] == "1.2"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        *("/trend?tag=fermenter_temp", "/data", "/anomalies", "/events", "/export", "/statistics"),
        *("/quality", "/gaps", "/alarms/kpis", "/alarms/journal"),
    ],
)
def test_charts_exports_and_key_figures_are_read_from_the_replica(
    client: Client, lags: Any, path: str
) -> None:
    assert client.get(path).headers[LAG] == "1.2"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/stats", "/tags", "/alarms"])
def test_what_shows_the_present_is_read_from_the_primary(client: Client, lags: Any, path: str) -> None:
    assert LAG not in client.get(path, headers={"Accept": "application/json"}).headers
