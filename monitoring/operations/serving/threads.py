"""The threads that answer, apart for each kind of request: none of one kind waits for those of another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

HEALTH, WRITES, READS, PIECES = "health", "writes", "reads", "pieces"
# Writers wait for the database one after another, while readers compute; both hold its connections.
SIZES = {HEALTH: 2, WRITES: 8, READS: 8, PIECES: 4}


class Threads:
    """The pools of one process."""

    def __init__(self) -> None:
        self.pools = {kind: ThreadPoolExecutor(size, thread_name_prefix=kind) for kind, size in SIZES.items()}

    async def run(self, kind: str, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return what the call returns in a thread of that kind."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pools[kind], partial(call, *args, **options))


def kind_of(method: str, path: str) -> str:
    """Return whose threads answer that request."""
    if path == "/health":
        return HEALTH
    if path == "/export":
        return PIECES
    return READS if method in {"GET", "HEAD", "OPTIONS"} else WRITES
