"""Compare the rates of writing with other stores, in one run and in turns."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.clients import Rate, measure_rate
from bench.contestants import TAGS, Contestant, Readings, all_running
from bench.ingest import raw_inserts
from bench.report import Row
from bench.workload import BEGIN, SEED

BATCH = 1000
ROUNDS = 2  # the better one counts: the first warms up, and other work on the machine only slows


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of ``size`` readings: ``requests`` of them over ``clients`` connections.

    Each client writes ``tags`` tags of its own; a request has consecutive seconds of one tag, or one reading
    each of many.
    """

    name: str
    clients: int
    requests: int
    size: int = 1
    tags: int = 1


LOADS = (
    *(Load(f"single readings x {clients}", clients, 2000) for clients in (1, 4, 16, 64)),
    *(Load(f"batches of {BATCH} x {clients}", clients, 60, BATCH) for clients in (1, 4)),
    Load(f"{TAGS:,} tags in batches x 1", 1, 40, BATCH, TAGS),
)


def measure(directory: Path) -> list[Row]:
    """Return the table's rows: for each load the rate, response times and ratio of each store."""
    with all_running(directory) as running:
        return [row for load in LOADS for row in rows_of(load, running, directory)]


def rows_of(load: Load, running: Mapping[str, Contestant], directory: Path) -> Iterator[Row]:
    """Yield the row of each store under a load, and of SQLite alone under batches."""
    rates: dict[str, list[Rate]] = {name: [] for name in running}
    for turn in range(ROUNDS):
        for name, contestant in running.items():
            rates[name].append(measure_rate(contestant.port, requests_of(load, contestant, turn)))
    best = {name: max(each, key=lambda found: found.rate) for name, each in rates.items()}
    for name, found in best.items():
        ratio = f"{best['Fermon'].rate / found.rate:8.3g} Fermon/it"
        yield Row(
            f"{load.name}: {name}",
            f"{found.rate * load.size:,.0f} readings/s",
            f"p50 {found.p50:7.1f} ms  p99 {found.p99:7.1f} ms  {ratio}",
        )
    if load.size == BATCH:
        path = directory / f"raw{LOADS.index(load)}.sqlite3"
        raw = raw_inserts(directory / "fermon" / "fermon.sqlite3", path)
        share = best["Fermon"].rate * load.size / raw
        yield Row(f"{load.name}: SQLite alone", f"{raw:,.0f} readings/s", f"{share:45.3g} Fermon/it")


def requests_of(load: Load, contestant: Contestant, turn: int) -> list[list[bytes]]:
    """Return the requests of each client; no reading of one load or turn has the time of another."""
    start = int(BEGIN.timestamp()) + (LOADS.index(load) * ROUNDS + turn) * 100_000
    chance = random.Random(SEED)  # noqa: S311 - no secret
    each = load.requests // load.clients
    return [
        [contestant.request(readings) for _, readings in zip(range(each), series, strict=False)]
        for series in (readings_of(load, client, start, chance) for client in range(load.clients))
    ]


def readings_of(load: Load, client: int, start: int, chance: random.Random) -> Iterator[Readings]:
    """Yield the readings of one request after another, without an end."""
    for number in count():
        yield [
            (f"sensor_{client * load.tags + index % load.tags:05}", start + index // load.tags, value)
            for index in range(number * load.size, (number + 1) * load.size)
            for value in [round(chance.gauss(0, 1), 2)]
        ]
