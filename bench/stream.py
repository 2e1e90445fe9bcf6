"""Measure the time from a reading's POST to the arrival at all subscribers of the stream."""

import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import psutil

from bench.report import Row
from bench.servers import PATIENCE_S, Server, manage, serving

CLIENTS = 200
THREADS = CLIENTS + 20
TAGS = 60
SECONDS = 60
CONNECTIONS = 6  # posting connections, each for a share of the tags
LAST_S = 5.0
MAKE_TAGS = """
from monitoring.models import Tag
for number in range({count}):
    Tag.objects.create(name=f"sensor_{{number:02}}", valid_min=0, valid_max=1_000_000)
"""
EVENT = re.compile(rb"event: measurement\nid: (\d+)\ndata: [^\n]+\n\n")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
FOLLOW = b"GET /stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
POST = (
    b"POST /ingest HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
)


@dataclass(slots=True)
class Figures:
    """The send time of each measurement, and the arrival times at each client, in seconds."""

    sent: dict[int, float] = field(default_factory=dict)
    arrived: list[tuple[int, float]] = field(default_factory=list)
    followed: int = 0

    def delays(self) -> list[float]:
        """Return the seconds from each POST to each arrival."""
        return [moment - self.sent[row] for row, moment in self.arrived]

    def not_once(self) -> int:
        """Return the number of missed and of repeated deliveries, over all clients."""
        counts = Counter(row for row, _ in self.arrived)
        return sum(abs(counts[row] - CLIENTS) for row in self.sent.keys() | counts.keys())


class Client(asyncio.Protocol):
    """A subscriber of the stream."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the stream."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(FOLLOW)

    def data_received(self, data: bytes) -> None:
        """Record the arrival of each complete measurement."""
        now = time.perf_counter()
        self.figures.followed += b"retry: " in data
        data = self.rest + data
        end = 0
        for found in EVENT.finditer(data):
            self.figures.arrived.append((int(found[1]), now))
            end = found.end()
        self.rest = data[end:]


def measure(directory: Path) -> list[Row]:
    """Return the table's rows about the stream."""
    manage(directory, "migrate", "-v0")
    manage(directory, "shell", "-v0", "-c", MAKE_TAGS.format(count=TAGS))
    with serving(directory, threads=THREADS) as server:
        return rows(server)


def rows(server: Server) -> list[Row]:
    """Return the rows of delays, deliveries, processor time and memory."""
    family = [server.process, *server.process.children(recursive=True)]
    before = cpu_s(family), time.process_time()
    figures = asyncio.run(follow_and_post(server.client.port))
    server_s, own_s = cpu_s(family) - before[0], time.process_time() - before[1]
    delays = figures.delays()
    cuts = quantiles(delays, n=20)
    return [
        Row(
            f"/stream: {CLIENTS} clients, {TAGS} readings a second",
            f"p95 {1000 * cuts[18]:.0f} ms",
            f"p50 {1000 * cuts[9]:.0f} ms, max {1000 * max(delays):.0f} ms from POST to arrival (goal 1 s)",
        ),
        Row(
            "not exactly once",
            f"{figures.not_once()}",
            f"of {len(figures.sent):,} measurements to {CLIENTS} clients",
        ),
        Row(
            "processor of the web server",
            f"{100 * server_s / SECONDS:.0f} % of a core",
            f"ingestion included; {100 * own_s / SECONDS:.0f} % for all clients and the sensors",
        ),
        Row("memory of the web server", f"{server.memory_mb():.0f} MB", "its supervisor included"),
    ]


def cpu_s(family: list[psutil.Process]) -> float:
    """Return the processor time of the processes so far, in seconds."""
    return sum(sum(process.cpu_times()[:2]) for process in family)


async def follow_and_post(port: int) -> Figures:
    """Connect all clients, then send all readings; return the figures."""
    figures = Figures()
    loop = asyncio.get_running_loop()
    for _ in range(CLIENTS):
        await loop.create_connection(lambda: Client(figures), "127.0.0.1", port)
    async with asyncio.timeout(PATIENCE_S):
        while figures.followed < CLIENTS:
            await asyncio.sleep(0.1)
    began = time.perf_counter()
    await asyncio.gather(*(post_share(port, share, began, figures) for share in range(CONNECTIONS)))
    end = time.perf_counter() + LAST_S
    while len(figures.arrived) < CLIENTS * len(figures.sent) and time.perf_counter() < end:
        await asyncio.sleep(0.1)
    return figures


async def post_share(port: int, share: int, began: float, figures: Figures) -> None:
    """Send the readings of every sixth tag, spread over each second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for turn in range(SECONDS):
        for tag in range(share, TAGS, CONNECTIONS):
            await asyncio.sleep(max(0.0, began + turn + tag / TAGS - time.perf_counter()))
            reading = {
                "timestamp": datetime.now(UTC).isoformat(),
                "tag": f"sensor_{tag:02}",
                "value": turn,
            }
            body = json.dumps(reading).encode()
            sent = time.perf_counter()
            writer.write(POST % (len(body), body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(LENGTH.findall(head)[0])
            figures.sent[json.loads(await reader.readexactly(length))["id"]] = sent
    writer.close()
