"""Separate threads for each kind of request, so that no kind waits for another."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from django.db import connection

HEALTH, WRITES, SINGLES, BATCHES, READS, PIECES = "health", "writes", "singles", "batches", "reads", "pieces"
# Writers wait for the database one after another, while readers compute; both hold database connections.
# Plain single readings that could not be stored together may wait for the lock of a tag.
# One thread stores plain batches on SQLite: two would take turns at every statement, each with a cache of the
# database that commits of the other one empty.
# Few threads produce exports: they compute without a pause, and delay all others by the interpreter lock.
SIZES = {HEALTH: 2, WRITES: 8, SINGLES: 8, BATCHES: 1, READS: 8, PIECES: 2}
# Smaller batches wait in several threads, since the next one that stores takes all of them.
SMALL_BATCH_BYTES = 4096

Call = Callable[[], Any]
Job = tuple[Call, "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Threads:
    """The threads of one kind, started on demand.

    Equivalent to ``asyncio.to_thread`` at half the cost: a context and two futures fewer for each call.
    """

    def __init__(self, kind: str, size: int) -> None:
        self.kind, self.size = kind, size
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self.started = self.busy = 0

    def run(self, call: Call) -> "asyncio.Future[Any]":
        """Run the call in one of the threads and return its future; for the loop's thread only."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self.busy += 1
        future.add_done_callback(self._count)
        if self.started < min(self.busy, self.size):
            self.started += 1
            threading.Thread(target=self._work, name=f"{self.kind}-{self.started}", daemon=True).start()
        self.jobs.put((call, future, loop))
        return future

    def _count(self, future: "asyncio.Future[Any]") -> None:
        self.busy -= 1

    def _work(self) -> None:
        while True:
            call, future, loop = self.jobs.get()
            try:
                outcome, error = call(), None
            except BaseException as caught:  # noqa: BLE001 - raised where the outcome is awaited
                outcome, error = None, caught
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(settle, future, outcome, error)
            del call, future, outcome, error  # free them before the wait for the next job


def settle(future: "asyncio.Future[Any]", outcome: Any, error: BaseException | None) -> None:
    """Set the outcome on a future unless it was cancelled."""
    if future.cancelled():
        return
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)


def all_threads() -> dict[str, Threads]:
    """Return the threads of one process by kind."""
    return {kind: Threads(kind, size) for kind, size in SIZES.items()}


def kind_of_batch(size: int) -> str:
    """Return the kind of threads that answers a plain batch with a body of this size in bytes."""
    return BATCHES if connection.vendor == "sqlite" and size > SMALL_BATCH_BYTES else WRITES


def kind_of(method: str, path: str) -> str:
    """Return the kind of threads that answers this request."""
    if path in {"/health", "/metrics"}:
        return HEALTH
    if path == "/export":
        return PIECES
    return READS if method in {"GET", "HEAD", "OPTIONS"} else WRITES
