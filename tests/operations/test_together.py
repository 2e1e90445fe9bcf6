"""Plain requests that come during others are answered at once, each for itself."""

import asyncio
import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import DataError

from monitoring.api.ingest import IngestView
from monitoring.ingest import pipeline
from monitoring.kernel.outages import outages
from monitoring.models import Measurement
from monitoring.operations.serving.short_way import ShortAnswer, ShortRequest, ShortWay
from monitoring.operations.serving.together import Together
from monitoring.spool import accept
from tests import own_loop
from tests.patience import stretched

SCOPE = {"path": "/ingest", "client": ("127.0.0.1", 1)}


class Client:
    """What one client was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def take(self, message: Any) -> Any:
        self.sent.append(message)

    @property
    def answer(self) -> tuple[int, Any]:
        start, body = self.sent
        return start["status"], json.loads(body["body"])


def posted(view: Any, bodies: Sequence[bytes], clients: Sequence[Any], hold: threading.Event) -> list[Any]:
    """The results for each: the first is being answered while the others come."""

    async def post() -> list[Any]:
        together = Together()
        futures = [
            together.run(ShortWay(view, []), SCOPE, body, client.take)
            for body, client in zip(bodies, clients, strict=True)
        ]
        hold.set()
        return await asyncio.gather(*futures, return_exceptions=True)

    return own_loop.run(post())


@pytest.fixture
def hold() -> threading.Event:
    """Set once all have come."""
    return threading.Event()


def test_all_that_wait_are_answered_at_once(hold: threading.Event) -> None:
    sizes: list[int] = []

    def view(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        assert hold.wait(stretched(10))
        sizes.append(len(requests))
        return [ShortAnswer(201, {}, request.body) for request in requests]

    bodies = [b"%d" % number for number in range(300)]
    clients = [Client() for _ in bodies]
    assert posted(view, bodies, clients, hold) == [True] * 300
    assert [client.answer for client in clients] == [(201, number) for number in range(300)]
    assert sum(sizes) == 300
    assert max(sizes) <= 256
    assert len(sizes) <= 3  # those that came before the first were answered, up to 256, and the rest


def test_clients_that_were_answered_together_are_awaited_and_a_lone_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitoring.operations.serving.together.GATHER_S", stretched(10))
    sizes: list[int] = []

    def view(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        sizes.append(len(requests))
        return [ShortAnswer(201, {}, b"{}") for _ in requests]

    async def post() -> None:
        together = Together()
        send = partial(together.run, ShortWay(view, []), SCOPE, b"", Client().take)
        for _ in range(2):
            await asyncio.wait_for(send(), stretched(5))
        together.previous = 2
        first = send()
        while not together.queue.empty():  # until the thread has taken it
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(first, send()), stretched(5))

    own_loop.run(post())
    assert sizes == [1, 1, 2]


def test_a_client_that_has_gone_costs_no_other(hold: threading.Event) -> None:
    class Gone(Client):
        def take(self, message: Any) -> Any:
            raise OSError("gone")

    def view(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        return [None if request.body == b"1" else ShortAnswer(201, {}, b"{}") for request in requests]

    one, gone, other = posted(view, [b"0", b"1", b"2"], [Client(), Client(), Client()], hold)
    assert (one, gone, other) == (True, False, True)
    first, failed, last = posted(view, [b"0", b"2", b"3"], [Client(), Gone(), Client()], hold)
    assert (first, last) == (True, True)
    assert isinstance(failed, OSError)


def test_what_fails_around_the_view_is_an_error_of_these_requests_only(hold: threading.Event) -> None:
    def fail(**_: Any) -> None:
        request_finished.disconnect(fail)
        raise ValueError("once")

    def view(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        return [ShortAnswer(201, {}, b"{}") for _ in requests]

    async def post() -> list[Any]:
        together = Together()
        return [
            (
                await asyncio.gather(
                    asyncio.wait_for(
                        together.run(ShortWay(view, []), SCOPE, b"", Client().take), stretched(10)
                    ),
                    return_exceptions=True,
                )
            )[0]
            for _ in range(2)
        ]

    request_finished.connect(fail)
    failed, answered = own_loop.run(post())
    assert isinstance(failed, ValueError)
    assert answered is True


def test_a_thread_that_does_not_start_is_started_by_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def view(requests: Sequence[ShortRequest]) -> list[ShortAnswer | None]:
        return [ShortAnswer(201, {}, b"{}") for _ in requests]

    async def post() -> bool:
        together = Together()
        with monkeypatch.context() as without:
            without.setattr(threading.Thread, "start", lambda _: refuse_thread())
            with pytest.raises(RuntimeError):
                together.run(ShortWay(view, []), SCOPE, b"", Client().take)
        return await asyncio.wait_for(
            together.run(ShortWay(view, []), SCOPE, b"", Client().take), stretched(10)
        )

    assert own_loop.run(post()) is True


def refuse_thread() -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_leaves_each_to_its_own_request(monkeypatch: pytest.MonkeyPatch) -> None:
    store = pipeline.ingest_deliveries

    def refuse(collect: Any, **options: Any) -> Any:
        if any(item["value"] == 38.0 for delivery in collect() for item in delivery.items):
            raise DataError("out of range")
        return store(collect, **options)

    monkeypatch.setattr(accept, "ingest_deliveries", refuse)
    requests = [short_request(second, 37.0 + second) for second in range(3)]
    assert IngestView.short_way(requests) == [None] * 3
    assert not Measurement.objects.exists()
    stored = IngestView.short_way([*requests[2:], requests[2]._replace(body=b"[]"), requests[0]])
    assert [answer and answer.status for answer in stored] == [201, None, 201]
    assert Measurement.objects.count() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_lock_of_a_tag_sends_its_reading_the_whole_way_and_is_no_outage(write_lock: Any) -> None:
    with write_lock():
        assert IngestView.short_way([short_request(0, 37.0)]) == [None]
    assert outages().storing.since is None


def short_request(second: int, value: float) -> ShortRequest:
    item = {"timestamp": f"2026-01-31T12:00:{second:02}Z", "tag": "fermenter_temp", "value": value}
    return ShortRequest(json.dumps(item).encode(), "127.0.0.1", datetime.now(UTC))
