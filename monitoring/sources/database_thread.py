"""A thread that does the collector's other work in the database, beside the writer.

A daemon, unlike the threads of an executor: a locked database must not keep the process from ending.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections

ResultT = TypeVar("ResultT")


class DatabaseThread:
    """Calls functions one after the other, until ``stop``."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="collector-database", daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[], ResultT]) -> ResultT:
        """Return the result of a function, or raise its error."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ResultT] = loop.create_future()

        def settle(result: Any, error: Exception | None) -> None:
            if future.done():  # nobody waits any more
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def do() -> None:
            result, error = None, None
            try:
                result = work()
            except Exception as found:  # noqa: BLE001 - raised where it is awaited
                error = found
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, error)

        self._calls.put(do)
        return await future

    def stop(self) -> None:
        """End the thread after the calls that wait."""
        self._calls.put(None)

    def _run(self) -> None:
        try:
            while (do := self._calls.get()) is not None:
                do()
        finally:
            connections.close_all()
