"""Clients with persistent connections that send as fast as they are answered."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
LONGEST_S = 5.0  # a slow server need not take all requests


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and the p50 and p99 of their response times in ms."""

    rate: float
    p50: float
    p99: float


def measure_rate(port: int, requests: Sequence[Sequence[bytes]]) -> Rate:
    """Send whole HTTP requests to a local server, each sequence over a connection of its own.

    Raises:
        RuntimeError: a status is not 2xx.
    """
    return asyncio.run(send_all(port, requests))


async def send_all(port: int, requests: Sequence[Sequence[bytes]]) -> Rate:
    """Return the rate of all connections together."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in requests]
    began = time.perf_counter()
    times = await asyncio.gather(
        *(
            send_each(*connection, of_client, began + LONGEST_S)
            for connection, of_client in zip(connections, requests, strict=True)
        )
    )
    took = time.perf_counter() - began
    for _, writer in connections:
        writer.close()
    together = [each for of_client in times for each in of_client]
    cuts = quantiles(together, n=100)
    return Rate(len(together) / took, 1000 * cuts[49], 1000 * cuts[98])


async def send_each(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes], end: float
) -> list[float]:
    """Send one request after another until the time is over; return the response times in seconds."""
    times: list[float] = []
    for request in requests:
        began = time.perf_counter()
        if began > end and len(times) > 1:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        if head[9:10] != b"2":
            raise RuntimeError(f"{head[:100]!r} {body[:300]!r}")
        times.append(time.perf_counter() - began)
    return times
