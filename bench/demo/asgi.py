"""The whole application: an ASGI function, and a connection to SQLite for each thread."""

import asyncio
import json
import os
import sqlite3
import statistics
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

DATABASE = Path(os.environ["FERMON_DATA_DIR"]) / "demo.sqlite3"
SCHEMA = """
    CREATE TABLE IF NOT EXISTS measurements (id INTEGER PRIMARY KEY, timestamp TEXT, tag TEXT, value REAL,
        is_anomaly INTEGER, UNIQUE (tag, timestamp));
    CREATE INDEX IF NOT EXISTS by_time ON measurements (timestamp);
"""
WINDOW = "SELECT value FROM measurements WHERE tag = ? ORDER BY timestamp DESC LIMIT 50"
INSERT = "INSERT INTO measurements (timestamp, tag, value, is_anomaly) VALUES (?, ?, ?, ?)"
LOWER, UPPER, MINIMUM = -900, 900, 10
threads = threading.local()

Message = dict[str, Any]


def connection() -> sqlite3.Connection:
    """Return the connection of this thread."""
    if not hasattr(threads, "connection"):
        threads.connection = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            threads.connection.execute(f"PRAGMA {pragma}")
        threads.connection.executescript(SCHEMA)
    found: sqlite3.Connection = threads.connection
    return found


def is_anomaly(database: sqlite3.Connection, tag: str, value: float) -> bool:
    """Judge a value by fixed limits and by the last 50 values of its tag."""
    window = [row[0] for row in database.execute(WINDOW, [tag])]
    if len(window) >= MINIMUM:
        mean, sigma = statistics.fmean(window), statistics.pstdev(window)
        if abs(value - mean) > 3 * sigma:
            return True
    return not LOWER <= value <= UPPER


def store(readings: list[Message]) -> list[Message]:
    """Store readings in one transaction and return a result for each."""
    database = connection()
    database.execute("BEGIN IMMEDIATE")
    results = []
    for reading in readings:
        flag = is_anomaly(database, reading["tag"], reading["value"])
        row = database.execute(INSERT, [reading["timestamp"], reading["tag"], reading["value"], flag])
        results.append({"status": "success", "id": row.lastrowid, "is_anomaly": flag})
    database.execute("COMMIT")
    return results


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer a POST of one reading or of a list."""
    if scope["type"] != "http":
        return
    message = await receive()
    body: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    data = json.loads(body)
    results = await asyncio.to_thread(store, data if isinstance(data, list) else [data])
    answer = json.dumps(results if isinstance(data, list) else results[0]).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
