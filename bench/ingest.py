"""Measure ingested readings a second, and compare with raw SQLite and a plain endpoint."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from bench.report import Row
from bench.servers import ROOT, Server, manage, serving
from bench.workload import batches, readings, singles

BATCH = 1000
BATCHES = 200
SINGLES = 1500
WARM_UP = 10
LATER_S = 10_000_000  # so that the single readings do not repeat the batches'
TABLE_AND_INDEXES = """
    SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL AND type IN ('table', 'index')
"""
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
# Stated rates of Fermon's predecessor, on a machine where raw SQLite takes 440,000 rows/s.
DEMO_BATCH, DEMO_SINGLE, DEMO_RAW = 6_300, 390, 440_000


def measure(directory: Path) -> list[Row]:
    """Return the table's rows about ingestion."""
    manage(directory / "ingest", "migrate", "-v0")
    raw = raw_inserts(directory / "ingest" / "fermon.sqlite3", directory / "raw.sqlite3")
    with serving(directory / "ingest") as server:
        fermon_batch, fermon_single = both(server)
    plain_batch, plain_single = plain(directory / "plain")
    demo = DEMO_BATCH * raw / DEMO_RAW
    return [
        Row("raw sqlite3.executemany, 1000 rows a transaction", f"{raw:,.0f} rows/s"),
        Row(
            "POST /ingest/batch, 1000 a batch",
            f"{fermon_batch:,.0f} readings/s",
            f"{fermon_batch / raw:.0%} of raw (goal 35 %); {fermon_batch / DEMO_BATCH:.1f} times the demo's"
            f" {DEMO_BATCH:,} (goal 20), {fermon_batch / demo:.1f} times by its share of raw",
        ),
        Row(
            "plain DRF and bulk_create, 1000 a batch",
            f"{plain_batch:,.0f} readings/s",
            f"Fermon {fermon_batch / plain_batch:.1f} times",
        ),
        Row(
            "POST /ingest",
            f"{fermon_single:,.0f} requests/s",
            f"{fermon_single / DEMO_SINGLE:.1f} times the demo's {DEMO_SINGLE} (goal 2)",
        ),
        Row(
            "plain DRF, one a request",
            f"{plain_single:,.0f} requests/s",
            f"Fermon {fermon_single / plain_single:.1f} times",
        ),
    ]


def both(server: Server) -> tuple[float, float]:
    """Return readings a second in batches, and one by one."""
    many = rate(lambda body: server.post("/ingest/batch", body), batches(BATCHES * BATCH, BATCH)) * BATCH
    return many, rate(lambda body: server.post("/ingest", body), singles(SINGLES, skip=LATER_S))


def plain(data: Path) -> tuple[float, float]:
    """Return the same two rates of the plain endpoint, on the same kind of server.

    Send fewer readings, since the plain endpoint is slow.
    """
    data.mkdir()
    with serving(data, "bench.plain_drf.wsgi", cwd=ROOT) as server:
        few = batches(BATCHES * BATCH // 5, BATCH)
        many = rate(lambda body: server.post("/ingest/batch", body), few) * BATCH
        return many, rate(lambda body: server.post("/ingest", body), singles(SINGLES // 3, skip=LATER_S))


def rate(send: Callable[[bytes], None], bodies: Sequence[bytes]) -> float:
    """Return requests a second, one after another, after a few to warm up."""
    for body in bodies[:WARM_UP]:
        send(body)
    began = time.perf_counter()
    for body in bodies[WARM_UP:]:
        send(body)
    return (len(bodies) - WARM_UP) / (time.perf_counter() - began)


def raw_inserts(schema_of: Path, path: Path) -> float:
    """Return rows a second of sqlite3 alone, into the same tables and indexes, 1000 a transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for pragma in PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
        with closing(sqlite3.connect(schema_of)) as schema:
            for name in ("tags", "measurements"):
                for (sql,) in schema.execute(TABLE_AND_INDEXES, [name]):
                    raw.execute(sql)
            columns = ", ".join(["?"] * len(schema.execute("SELECT * FROM tags").fetchone()))
            raw.executemany(f"INSERT INTO tags VALUES ({columns})", schema.execute("SELECT * FROM tags"))  # noqa: S608
        tags = dict(raw.execute("SELECT name, id FROM tags"))
        rows = [
            (time_us, tags[item["tag"]], item["value"], 0)
            for time_us, item in enumerate(readings(BATCHES * BATCH))
        ]
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(
                "INSERT INTO measurements (timestamp, tag, value, is_anomaly) VALUES (?, ?, ?, ?)",
                rows[start : start + BATCH],
            )
            raw.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)
