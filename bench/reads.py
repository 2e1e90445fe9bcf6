"""Measure response times by requested range and stored rows, bytes a reading, and memory."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import psutil

from bench.report import Row
from bench.servers import ROOT, Server, environment, manage, serving
from bench.workload import BEGIN, batches

TAG = "fermenter_temp"
REQUESTS = 100
END = BEGIN + timedelta(days=366)
# Rows, and the days of history of three tags at a reading a second that yield about as many.
DAYS = {"10 thousand": 0, "1 million": 4, "10 million": 39}
RANGES = {
    "1 h": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "30 days": timedelta(days=30),
    "365 days": timedelta(days=365),
}
CALLS = {
    "/data": f"/data?tag={TAG}",
    "/data of all tags": "/data",
    "/data, 10 pages back": f"/data?tag={TAG}&to={{back}}",
    "/anomalies": "/anomalies?limit=300",
    "/stats": "/stats",
    "/tags": "/tags",
    "/tags/<name>": f"/tags/{TAG}",
    "/health": "/health",
}
WORKER_S = 15


def measure(directory: Path) -> list[Row]:
    """Return the table's rows about response times, bytes and memory."""
    for name, days in DAYS.items():
        fill(directory / name, days)
    largest = directory / list(DAYS)[-1]
    size = bytes_a_reading(largest)
    year_of_minutes(largest)
    with servers(directory) as running:
        rows = [*trends(running[list(DAYS)[-1]]), *calls(running)]
        memory = running[list(DAYS)[-1]].memory_mb()
    rows.append(size)
    rows.append(
        Row("memory of the web server (10 million rows)", f"{memory:.0f} MB", "its supervisor included")
    )
    rows.append(
        Row(
            "memory of the worker, 5 processes and a launcher",
            f"{worker_memory_mb(largest):.0f} MB",
            "shared pages counted each time",
        )
    )
    return rows


def fill(data: Path, days: int) -> None:
    """Make a database with ``days`` days of history, or with ten batches of readings if 0."""
    manage(data, "migrate", "-v0")
    if days:
        manage(data, "generate_history", "--days", str(days), "--until", END.isoformat())
        return
    with serving(data) as server:
        for body in batches(10_000, 1000):
            server.post("/ingest/batch", body)


def year_of_minutes(data: Path) -> None:
    """Add a tag with a reading a minute over a year."""
    code = """
import numpy as np
from monitoring.ingest.columns import Batch
from monitoring.ingest.pipeline import ingest_columns
from monitoring.models import Tag
Tag.objects.create(name="year", valid_min=-10, valid_max=10)
minutes = np.arange({start}, {stop}, 60) * 1_000_000
for part in np.array_split(minutes, 30):
    index = np.arange(len(part))
    ingest_columns(["year"], Batch(0 * index, index, part, np.sin(part / 1e12)))
"""
    start, stop = int((END - timedelta(days=365)).timestamp()), int(END.timestamp())
    manage(data, "shell", "-v0", "-c", code.format(start=start, stop=stop))


@contextmanager
def servers(directory: Path) -> Iterator[dict[str, Server]]:
    """Run a server for each of the databases at the same time, by the database's name."""
    small, middle, large = DAYS
    with (
        serving(directory / small) as first,
        serving(directory / middle) as second,
        serving(directory / large) as third,
    ):
        yield {small: first, middle: second, large: third}


def trends(server: Server) -> Iterator[Row]:
    """Yield the rows of /trend, one a range."""
    paths = {name: trend_path("year" if span.days == 365 else TAG, span) for name, span in RANGES.items()}
    took = in_turns(dict.fromkeys(paths, server), paths)
    shortest = median(took["1 h"])
    for name, times in took.items():
        p50, p95 = median(times), quantiles(times, n=20)[-1]
        note = f"p95 {1000 * p95:.1f} ms; {p50 / shortest:.2f} times 1 h" + (
            " (goal 2)" if "365" in name else ""
        )
        yield Row(f"/trend over {name}", f"p50 {1000 * p50:.1f} ms", f"{note}; goal 15 ms")


def trend_path(tag: str, span: timedelta) -> str:
    """Return the path that requests the last ``span`` of the tag."""
    bounds = {"from": (END - span).isoformat(), "to": END.isoformat()}
    return f"/trend?{urlencode({'tag': tag, **bounds})}"


def calls(running: Mapping[str, Server]) -> Iterator[Row]:
    """Yield the rows of the other calls, one for each call and database."""
    for name, template in CALLS.items():
        paths = {size: template.format(back=back(server)) for size, server in running.items()}
        took = in_turns(running, paths)
        smallest = median(next(iter(took.values())))
        for size, times in took.items():
            ratio = f"{median(times) / smallest:.2f} times the smallest (goal 1.3)"
            yield Row(f"{name} at {size} rows", f"p50 {1000 * median(times):.1f} ms", ratio)


def back(server: Server) -> str:
    """Return the time 1000 s before the newest measurement of the tag, in ISO 8601."""
    newest = server.get(f"/data?tag={TAG}&limit=1")[1].decode().split('"timestamp":"')[1][:19]
    return f"{(datetime.fromisoformat(newest) - timedelta(seconds=1000)).isoformat()}Z"


def in_turns(running: Mapping[str, Server], paths: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the seconds of each request, by name, with requests to the servers in turns."""
    took: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(REQUESTS):
        for name, path in paths.items():
            took[name].append(running[name].get(path)[0])
    return took


def bytes_a_reading(data: Path) -> Row:
    """Return the row of the file size divided by the number of measurements."""
    path = data / "fermon.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        count = database.execute("SELECT sum(measurements) FROM series").fetchone()[0]
    return Row(
        "bytes a reading, rollups and indexes included",
        f"{path.stat().st_size / count:.1f} B",
        f"{count:,} readings (goal 90)",
    )


def worker_memory_mb(data: Path) -> float:
    """Return the resident memory of qcluster and all its processes, in MB."""
    with subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=ROOT,
        env={**environment(data), "FERMON_SIMULATOR": "on"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            time.sleep(WORKER_S)
            found = psutil.Process(process.pid)
            return sum(one.memory_info().rss for one in [found, *found.children(recursive=True)]) / 1e6
        finally:
            process.terminate()
