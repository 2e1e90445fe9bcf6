"""Answer plain requests in one thread, all that have come during the previous ones at once.

A thread for each request would wake up, wait for the one that stores, and wake the event loop: with 64
clients that takes several times as long as the storing.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from queue import SimpleQueue
from typing import NamedTuple

from monitoring.operations.serving.asgi import Scope, Send
from monitoring.operations.serving.environ import client_of
from monitoring.operations.serving.short_way import ShortAnswer, ShortRequest, ShortWay, answers
from monitoring.operations.serving.threads import settle

GATHER_S = 0.002  # at most; a fraction of the time that a transaction takes
MOST = 256  # requests answered at once, so that none waits for long


class Waiting(NamedTuple):
    """A request that waits for the answer; the future's result is whether the answer was sent."""

    way: ShortWay
    path: str
    request: ShortRequest
    send: Send
    future: "asyncio.Future[bool]"


class Together:
    """The thread that answers plain requests, started on demand, and the requests that wait for it."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Waiting] = SimpleQueue()
        self.is_started = False
        self.previous = 1  # requests answered at once before
        self.have_come = threading.Condition()  # that previous - 1 requests wait

    def run(self, way: ShortWay, scope: Scope, body: bytes, send: Send) -> "asyncio.Future[bool]":
        """Return the future of a request: False if it needs Django. For the loop's thread only."""
        future = asyncio.get_running_loop().create_future()
        request = ShortRequest(body, client_of(scope), datetime.now(UTC))
        if not self.is_started:
            threading.Thread(target=self._work, name="together", daemon=True).start()
            self.is_started = True
        self.queue.put(Waiting(way, scope["path"], request, send, future))
        if self.queue.qsize() >= self.previous - 1:  # the thread holds the first
            with self.have_come:
                self.have_come.notify()
        return future

    def _work(self) -> None:
        while True:
            for _, some in groupby(self._take(), key=lambda waiting: waiting.way.view):
                group = list(some)
                try:
                    results = answer(group)
                except BaseException as error:  # noqa: BLE001 - raised where the futures are awaited
                    results = [error] * len(group)
                with suppress(RuntimeError):  # the loop is closed: the server has ended
                    group[0].future.get_loop().call_soon_threadsafe(settle_all, group, results)

    def _take(self) -> list[Waiting]:
        """Wait for a request; return it with those that have come since.

        Clients that were answered together send together: after the first of them, wait until as many have
        come, but not for long. A lone client does not wait.
        """
        taken = [self.queue.get()]
        if self.previous > 1:
            with self.have_come:
                self.have_come.wait_for(lambda: self.queue.qsize() >= self.previous - 1, GATHER_S)
        while len(taken) < MOST and not self.queue.empty():
            taken.append(self.queue.get())
        self.previous = len(taken)
        return taken


def answer(waiting: Sequence[Waiting]) -> list[bool | BaseException]:
    """Answer requests to one view; return for each whether the answer was sent, or the error."""
    found = answers(waiting[0].way.view, [each.request for each in waiting])
    return [send(each, of_view) for each, of_view in zip(waiting, found, strict=True)]


def answer_alone(way: ShortWay, scope: Scope, body: bytes, send: Send) -> bool:
    """Answer a request by itself, in the thread of the caller; return False if the request needs Django."""
    request = ShortRequest(body, client_of(scope), datetime.now(UTC))
    (found,) = answers(way.view, [request])
    if found is None:
        return False
    send_answer(way, scope["path"], found, send)
    return True


def send_answer(way: ShortWay, path: str, answer: ShortAnswer, send: Send) -> None:
    """Send an answer.

    The server's ``send`` may be called in any thread, and does not block for a whole answer.
    """
    status, headers, body = way.response(path, answer)
    send({"type": "http.response.start", "status": status, "headers": headers})
    send({"type": "http.response.body", "body": body})


def send(waiting: Waiting, answer: ShortAnswer | None) -> bool | BaseException:
    """Send the answer, if there is one; return whether, or the error."""
    if answer is None:
        return False
    try:
        send_answer(waiting.way, waiting.path, answer, waiting.send)
    except BaseException as error:  # noqa: BLE001 - raised where the future is awaited
        return error
    return True


def settle_all(waiting: Sequence[Waiting], results: Sequence[bool | BaseException]) -> None:
    """Set the results of the requests; for the loop's thread only."""
    for each, result in zip(waiting, results, strict=True):
        if isinstance(result, BaseException):
            settle(each.future, None, result)
        else:
            settle(each.future, result, None)
