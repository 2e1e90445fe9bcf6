"""An act in eight threads that begin together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from monitoring.batches.errors import BatchConflictError

AT_ONCE = 8


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """Call the act with 0 to 7 in eight threads that begin together; return results or conflicts."""
    barrier = Barrier(AT_ONCE)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return act(number)
        except BatchConflictError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(AT_ONCE)))
